//! What bodies are made of: `schemas.rs`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use proc_macro2::TokenStream;
use quote::quote;

use super::{CRATE, symbols, unlike};
use crate::emit::scope::Scope;
use crate::emit::text::{RustFile, parsed};
use crate::emit::{docs, names};
use crate::ir::{
    Contracts, Gateway, Object, OneOf, OperationKind, Property, QueryResult, SchemaDef, SchemaId,
    SchemaShape, SchemaType, SchemaUse,
};

/// The module that holds the schemas' types.
const SCHEMAS: &str = "crate::schemas";

/// The file of all schemas.
pub(super) fn file(contracts: &Contracts, gateway: &Gateway) -> RustFile {
    let own: Vec<&str> = gateway.schemas.iter().map(|def| def.rust.as_str()).collect();
    let mut scope = Scope::new(contracts, CRATE, &own);
    let mut items = TokenStream::new();
    for def in &gateway.schemas {
        items.extend(match &def.shape {
            SchemaShape::Object(object) => structure(&mut scope, gateway, def, object),
            SchemaShape::Enum(variants) => {
                symbols(&mut scope, &def.rust, &described(def), variants)
            }
            SchemaShape::OneOf(one_of) => branches(&mut scope, gateway, def, one_of),
            SchemaShape::Alias(schema) => {
                let (doc, name) = (docs::attributes(&described(def)), parsed(&def.rust));
                let ty = parsed(&here(&mut scope, gateway, schema));
                quote!(#doc pub type #name = #ty;)
            }
        });
    }
    for (page, row) in pages(gateway) {
        items.extend(self::page(&mut scope, gateway, page, row));
    }
    let mut file = RustFile::from_source(&gateway.file);
    file.docs("What bodies are made of.").items(scope.uses()).items(items);
    file
}

fn described(def: &SchemaDef) -> String {
    docs::described(def.doc.as_deref(), &def.name)
}

fn pages(gateway: &Gateway) -> BTreeSet<(SchemaId, SchemaId)> {
    let results = gateway.operations.iter().filter_map(|operation| match &operation.kind {
        OperationKind::Query(query) => Some(&query.result),
        OperationKind::Command(_) | OperationKind::Outcome => None,
    });
    results
        .filter_map(|result| match result {
            QueryResult::Page { page, row, .. } => Some((*page, *row)),
            QueryResult::One { .. } => None,
        })
        .collect()
}

fn page(scope: &mut Scope<'_>, gateway: &Gateway, page: SchemaId, row: SchemaId) -> TokenStream {
    let name = parsed(&gateway.schema(page).rust);
    let row = parsed(&gateway.schema(row).rust);
    let page_trait = scope.path("crate::calls", "Page");
    let (vec, option, string) =
        (scope.prelude_path("Vec"), scope.prelude_path("Option"), scope.prelude_path("String"));
    quote! {
        impl #page_trait for #name {
            type Item = #row;
            fn into_parts(self) -> (#vec<#row>, #option<#string>) {
                (self.items, self.next_page_token)
            }
        }
    }
}

fn structure(
    scope: &mut Scope<'_>,
    gateway: &Gateway,
    def: &SchemaDef,
    object: &Object,
) -> TokenStream {
    let (doc, name) = (docs::attributes(&described(def)), parsed(&def.rust));
    if object.properties.is_empty() && !object.closed {
        let ty = parsed(&base(scope, gateway, &SchemaType::FreeObject, ""));
        return quote!(#doc pub type #name = #ty;);
    }
    let (serialize, deserialize) =
        (scope.path("serde", "Serialize"), scope.path("serde", "Deserialize"));
    let camel =
        object.properties.iter().all(|property| names::is_camel(&property.rust, &property.name));
    let rename_all = (camel && !object.properties.is_empty())
        .then(|| quote!(#[serde(rename_all = "camelCase")]));
    let is_open = object.properties.iter().all(|property| !property.required);
    let default = is_open.then(|| quote!(Default,));
    let fields: Vec<_> = object
        .properties
        .iter()
        .map(|property| field(scope, gateway, property, camel, def.is_merge_patch))
        .collect();
    let new =
        (def.in_requests && !is_open).then(|| constructor(scope, gateway, def, object)).flatten();
    quote! {
        #doc
        #[derive(Clone, Debug, #default PartialEq, #serialize, #deserialize)]
        #rename_all
        pub struct #name { #(#fields,)* }
        #new
    }
}

/// The type of a property, and what `serde` has to know of one that may be absent.
fn typed(
    scope: &mut Scope<'_>,
    gateway: &Gateway,
    property: &Property,
    is_merge_patch: bool,
) -> (String, Option<String>) {
    let base = base(scope, gateway, &property.schema.ty, "");
    if is_merge_patch && property.schema.nullable {
        let patch = scope.name("crate::value", "Patch");
        (format!("{patch}<{base}>"), Some(format!("{patch}::is_keep")))
    } else if property.required && !property.schema.nullable {
        (base, None)
    } else {
        let option = scope.prelude("Option");
        let absent = (!property.required).then(|| format!("{option}::is_none"));
        (format!("{option}<{base}>"), absent)
    }
}

fn field(
    scope: &mut Scope<'_>,
    gateway: &Gateway,
    property: &Property,
    camel: bool,
    is_merge_patch: bool,
) -> TokenStream {
    let mut text = docs::described(property.doc.as_deref(), &property.name);
    if let Some(example) = &property.schema.example {
        let _ = write!(text, " Example: `{}`.", docs::plain(example));
    }
    let doc = docs::attributes(&text);
    let (ty, absent) = typed(scope, gateway, property, is_merge_patch);
    let (rust, ty, name) = (parsed(&property.rust), parsed(&ty), &property.name);
    let rename = (!camel).then(|| quote!(#[serde(rename = #name)]));
    let skip = absent.map(|absent| quote!(#[serde(default, skip_serializing_if = #absent)]));
    quote!(#doc #rename #skip pub #rust: #ty)
}

/// `new` with what must be there; the rest is absent. A property that a later contract adds breaks nobody who makes the
/// type by it. `None` where nothing may be absent.
fn constructor(
    scope: &mut Scope<'_>,
    gateway: &Gateway,
    def: &SchemaDef,
    object: &Object,
) -> Option<TokenStream> {
    let name = parsed(&def.rust);
    let string = scope.prelude("String");
    let (mut given, mut made, mut may_be_absent) = (Vec::new(), Vec::new(), false);
    for property in &object.properties {
        let rust = parsed(&property.rust);
        let (ty, absent) = typed(scope, gateway, property, def.is_merge_patch);
        if let Some(is_absent) = absent {
            may_be_absent = true;
            let none = if is_absent.ends_with("::is_none") {
                quote!(None)
            } else {
                let patch = scope.path("crate::value", "Patch");
                quote!(#patch::Keep)
            };
            made.push(quote!(#rust: #none));
        } else if ty == string {
            let string = parsed(&string);
            given.push(quote!(#rust: impl Into<#string>));
            made.push(quote!(#rust: #rust.into()));
        } else {
            let ty = parsed(&ty);
            given.push(quote!(#rust: #ty));
            made.push(quote!(#rust));
        }
    }
    may_be_absent.then(|| {
        quote! {
            impl #name {
                /// What must be there; everything else is absent.
                #[must_use]
                pub fn new(#(#given),*) -> Self {
                    Self { #(#made),* }
                }
            }
        }
    })
}

/// A value of one of several types, which one of its members names.
fn branches(
    scope: &mut Scope<'_>,
    gateway: &Gateway,
    def: &SchemaDef,
    one_of: &OneOf,
) -> TokenStream {
    let (doc, name) = (docs::attributes(&described(def)), parsed(&def.rust));
    let other = unlike("Unrecognized", one_of.branches.iter().map(|branch| branch.rust.as_str()));
    let other = parsed(&other);
    let (serialize, deserialize, deserializer) = (
        scope.path("serde", "Serialize"),
        scope.path("serde", "Deserialize"),
        scope.path("serde", "Deserializer"),
    );
    let (value, result) = (scope.path("serde_json", "Value"), scope.prelude_path("Result"));
    let variants = one_of.branches.iter().map(|branch| {
        let doc = docs::attributes(&format!("`{}`", branch.value));
        let (rust, ty) = (parsed(&branch.rust), parsed(&gateway.schema(branch.schema).rust));
        quote!(#doc #rust(#ty))
    });
    let read = one_of.branches.iter().map(|branch| {
        let (tag, rust) = (&branch.value, parsed(&branch.rust));
        quote!(Some(#tag) => serde_json::from_value(value).map(Self::#rust))
    });
    let property = &one_of.property;
    quote! {
        #doc
        #[derive(Clone, Debug, PartialEq, #serialize)]
        #[serde(untagged)]
        pub enum #name {
            #(#variants,)*
            /// One that this client's contract does not know.
            #other(#value),
        }
        impl<'de> #deserialize<'de> for #name {
            fn deserialize<D: #deserializer<'de>>(deserializer: D) -> #result<Self, D::Error> {
                let value = <#value as #deserialize>::deserialize(deserializer)?;
                match value[#property].as_str() {
                    #(#read,)*
                    _ => Ok(Self::#other(value)),
                }
                .map_err(serde::de::Error::custom)
            }
        }
    }
}

/// The Rust type of a value, where the schemas themselves are.
fn here(scope: &mut Scope<'_>, gateway: &Gateway, schema: &SchemaUse) -> String {
    nullable(scope, gateway, schema, "")
}

/// The Rust type of a value in another module.
pub(super) fn named(scope: &mut Scope<'_>, gateway: &Gateway, schema: &SchemaUse) -> String {
    nullable(scope, gateway, schema, SCHEMAS)
}

/// The Rust type of a named schema in another module.
pub(super) fn reference(scope: &mut Scope<'_>, gateway: &Gateway, id: SchemaId) -> String {
    base(scope, gateway, &SchemaType::Ref(id), SCHEMAS)
}

fn nullable(scope: &mut Scope<'_>, gateway: &Gateway, schema: &SchemaUse, module: &str) -> String {
    let base = base(scope, gateway, &schema.ty, module);
    if schema.nullable { format!("{}<{base}>", scope.prelude("Option")) } else { base }
}

/// The Rust type of a value without regard to null; `module` is where the schemas are, empty for here.
pub(super) fn base(
    scope: &mut Scope<'_>,
    gateway: &Gateway,
    ty: &SchemaType,
    module: &str,
) -> String {
    match ty {
        SchemaType::Boolean => "bool".to_owned(),
        SchemaType::Int32 => "i32".to_owned(),
        SchemaType::Int64 => "i64".to_owned(),
        SchemaType::Float => "f32".to_owned(),
        SchemaType::Double => "f64".to_owned(),
        SchemaType::String
        | SchemaType::Base64
        | SchemaType::Decimal { scale: None, .. }
        | SchemaType::Decimal { precision: None, .. } => scope.prelude("String"),
        SchemaType::Uuid => scope.name("uuid", "Uuid"),
        SchemaType::Date => scope.name("crate::value", "Date"),
        SchemaType::DateTime => scope.name("crate::value", "DateTime"),
        SchemaType::Decimal { .. } => scope.name("rust_decimal", "Decimal"),
        SchemaType::Array(items) => {
            format!("{}<{}>", scope.prelude("Vec"), nullable(scope, gateway, items, module))
        }
        SchemaType::Map(values) => {
            let map = scope.name("std::collections", "BTreeMap");
            let values = nullable(scope, gateway, values, module);
            format!("{map}<{}, {values}>", scope.prelude("String"))
        }
        SchemaType::Ref(id) => {
            let name = &gateway.schema(*id).rust;
            if module.is_empty() { name.clone() } else { scope.name(module, name) }
        }
        SchemaType::FreeObject => {
            let (map, value) = (scope.name("serde_json", "Map"), scope.name("serde_json", "Value"));
            format!("{map}<{}, {value}>", scope.prelude("String"))
        }
    }
}
