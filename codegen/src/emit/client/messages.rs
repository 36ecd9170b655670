//! The types of messages as JSON has them, without their private fields; each is declared once in a context's file.

use std::collections::BTreeMap;

use heck::ToUpperCamelCase;
use proc_macro2::TokenStream;
use quote::quote;

use super::symbols;
use crate::emit::scope::Scope;
use crate::emit::text::parsed;
use crate::emit::{docs, names};
use crate::ir::{Contracts, Field, Logical, Shape, Type, TypeId};
use crate::types::innermost;

/// The types of messages by their names in one file.
pub(super) struct Types<'a> {
    contracts: &'a Contracts,
    names: BTreeMap<TypeId, String>,
    /// In the order in which they are declared.
    ids: Vec<TypeId>,
}

impl<'a> Types<'a> {
    /// Those that are reached from `roots`. Where the file or another namespace has the same name, the namespace goes in
    /// front.
    pub(super) fn reached(contracts: &'a Contracts, roots: &[TypeId], own: &[String]) -> Self {
        let mut types = Self { contracts, names: BTreeMap::new(), ids: Vec::new() };
        for root in roots {
            types.add(*root, own);
        }
        let mut next = 0;
        while let Some(id) = types.ids.get(next).copied() {
            next += 1;
            if let Shape::Record(record) = &contracts.type_of(id).shape {
                let seen = record.fields.iter().filter(|field| !field.private);
                for id in seen.filter_map(|field| innermost(&field.ty)) {
                    types.add(id, own);
                }
            }
        }
        types
    }

    fn add(&mut self, id: TypeId, own: &[String]) {
        if self.names.contains_key(&id) {
            return;
        }
        let def = self.contracts.type_of(id);
        let name = &def.rust.name;
        let is_taken = self.names.values().any(|known| known == name)
            || own.contains(name)
            || PRELUDE.contains(&name.as_str());
        let name = if is_taken {
            format!("{}{name}", def.namespace.to_upper_camel_case())
        } else {
            name.clone()
        };
        self.names.insert(id, name);
        self.ids.push(id);
    }

    /// The names that are declared.
    pub(super) fn declared(&self) -> impl Iterator<Item = &str> {
        self.names.values().map(String::as_str)
    }

    /// The name of a type that was reached.
    pub(super) fn name(&self, id: TypeId) -> &str {
        &self.names[&id]
    }

    /// All types, in the order in which they were reached.
    pub(super) fn declarations(&self, scope: &mut Scope<'_>) -> TokenStream {
        let mut items = TokenStream::new();
        for id in &self.ids {
            let def = self.contracts.type_of(*id);
            let (text, name) = (docs::of_type(def), self.name(*id));
            let (doc, ident) = (docs::attributes(&text), parsed(name));
            items.extend(match &def.shape {
                Shape::Record(record) => {
                    let fields: Vec<&Field> =
                        record.fields.iter().filter(|field| !field.private).collect();
                    let camel =
                        fields.iter().all(|field| names::is_camel(&field.rust, &field.name));
                    let rename_all = (camel && !fields.is_empty())
                        .then(|| quote!(#[serde(rename_all = "camelCase")]));
                    let (serialize, deserialize) =
                        (scope.path("serde", "Serialize"), scope.path("serde", "Deserialize"));
                    let fields = fields.iter().map(|field| self.field(scope, field, camel));
                    let fields: Vec<_> = fields.collect();
                    quote! {
                        #doc
                        #[derive(Clone, Debug, PartialEq, #serialize, #deserialize)]
                        #rename_all
                        pub struct #ident { #(#fields,)* }
                    }
                }
                Shape::Enum(def) => symbols(scope, name, &text, &def.variants),
                Shape::Fixed { .. } => {
                    let string = scope.prelude_path("String");
                    quote!(#doc pub type #ident = #string;)
                }
                Shape::Union(_) => {
                    let value = scope.path("serde_json", "Value");
                    quote!(#doc pub type #ident = #value;)
                }
            });
        }
        items
    }

    fn field(&self, scope: &mut Scope<'_>, field: &Field, camel: bool) -> TokenStream {
        let doc = docs::attributes(&said(field));
        let (rust, name) = (parsed(&field.rust), &field.name);
        let rename = (!camel).then(|| quote!(#[serde(rename = #name)]));
        let ty = parsed(&self.type_of(scope, &field.ty));
        quote!(#doc #rename pub #rust: #ty)
    }

    fn type_of(&self, scope: &mut Scope<'_>, ty: &Type) -> String {
        match ty {
            Type::Null => "()".to_owned(),
            Type::Boolean => "bool".to_owned(),
            Type::Int => "i32".to_owned(),
            Type::Long => "i64".to_owned(),
            Type::Float => "f32".to_owned(),
            Type::Double => "f64".to_owned(),
            Type::Bytes | Type::String => scope.prelude("String"),
            Type::Logical(logical) => self::logical(scope, *logical),
            Type::Array(items) => {
                format!("{}<{}>", scope.prelude("Vec"), self.type_of(scope, items))
            }
            Type::Map(values) => {
                let map = scope.name("std::collections", "BTreeMap");
                let values = self.type_of(scope, values);
                format!("{map}<{}, {values}>", scope.prelude("String"))
            }
            Type::Optional { inner, .. } => {
                format!("{}<{}>", scope.prelude("Option"), self.type_of(scope, inner))
            }
            Type::Named { id, boxed: false } => self.name(*id).to_owned(),
            Type::Named { id, boxed: true } => {
                format!("{}<{}>", scope.prelude("Box"), self.name(*id))
            }
        }
    }
}

/// What has no type of its own in a light crate is text, as JSON has it.
fn logical(scope: &mut Scope<'_>, logical: Logical) -> String {
    match logical {
        Logical::Decimal { .. } => scope.name("rust_decimal", "Decimal"),
        Logical::Uuid { .. } => scope.name("uuid", "Uuid"),
        Logical::Date => scope.name("crate::value", "Date"),
        Logical::TimestampMillis | Logical::TimestampMicros | Logical::TimestampNanos => {
            scope.name("crate::value", "DateTime")
        }
        Logical::TimeMillis
        | Logical::TimeMicros
        | Logical::LocalTimestampMillis
        | Logical::LocalTimestampMicros
        | Logical::LocalTimestampNanos
        | Logical::Duration => scope.prelude("String"),
    }
}

/// What a field's comment says. The unit is that of Avro's number, which a value with a meaning is not in JSON.
fn said(field: &Field) -> String {
    if matches!(field.ty, Type::Int | Type::Long | Type::Float | Type::Double) {
        return docs::of_field(field);
    }
    docs::of_field(&Field { unit: None, ..field.clone() })
}

/// Names of Rust's prelude that the file uses.
const PRELUDE: [&str; 9] =
    ["Box", "Default", "Err", "None", "Ok", "Option", "Result", "Some", "Vec"];
