//! A file for each type that messages and views are made of: `types/<name>.rs`.

use std::fmt::Write as _;

use proc_macro2::TokenStream;
use quote::quote;

use super::scope::Scope;
use super::text::{RustFile, parsed};
use super::{borrowed, docs, names, record, schema};
use crate::ir::{EnumDef, Shape, Type, TypeDef, UnionDef};

/// The file of a type of the crate `krate`.
pub(super) fn file(scope: &mut Scope<'_>, def: &TypeDef) -> RustFile {
    let mut body = Body::default();
    match &def.shape {
        Shape::Record(fields) => {
            body.items.extend(record::structure(scope, def, fields));
            if def.namespace == "shared" {
                body.items.extend(schema::constants(def));
            }
            body.codec = record::codec(scope, def, fields);
            body.lend(scope, def);
        }
        Shape::Enum(symbols) => {
            body.items.extend(enumeration(scope, def, symbols));
            body.codec = enumeration_codec(def, symbols);
        }
        Shape::Fixed { size } => body.items.extend(fixed(scope, def, *size)),
        Shape::Union(branches) => {
            body.items.extend(union(scope, def, branches));
            body.codec = union_codec(scope, def, branches);
            body.lend(scope, def);
        }
    }
    body.into_file(scope, &def.origin.file)
}

/// Items and codec lines of a file, before the `use` lines are known.
#[derive(Debug, Default)]
pub(super) struct Body {
    pub(super) items: TokenStream,
    pub(super) codec: String,
}

impl Body {
    /// Adds the form that borrows, where the type has one.
    pub(super) fn lend(&mut self, scope: &mut Scope<'_>, def: &TypeDef) {
        let (items, codec) = match &def.shape {
            Shape::Record(record) if def.is_lent => (
                borrowed::structure(scope, def, record),
                borrowed::record_codec(scope, def, record),
            ),
            Shape::Union(union) if def.is_lent => {
                (borrowed::union(scope, def, union), borrowed::union_codec(scope, def, union))
            }
            Shape::Record(_) | Shape::Union(_) | Shape::Enum(_) | Shape::Fixed { .. } => return,
        };
        self.items.extend(items);
        self.codec.push_str("\n\n");
        self.codec.push_str(&codec);
    }

    /// The file with its `use` lines first and its codec last.
    pub(super) fn into_file(self, scope: &Scope<'_>, source: &str) -> RustFile {
        let mut file = RustFile::from_source(source);
        file.items(scope.uses()).items(self.items);
        if !self.codec.is_empty() {
            file.text(&self.codec);
        }
        file
    }
}

fn enumeration(scope: &mut Scope<'_>, def: &TypeDef, symbols: &EnumDef) -> TokenStream {
    let doc = docs::attributes(&docs::of_type(def));
    let name = parsed(&def.rust.name);
    let screaming =
        symbols.variants.iter().all(|variant| names::is_screaming(&variant.rust, &variant.symbol));
    let rename_all = screaming.then(|| quote!(#[serde(rename_all = "SCREAMING_SNAKE_CASE")]));
    let variants = symbols.variants.iter().map(|variant| {
        let doc = docs::attributes(&docs::of_symbol(variant));
        let rename = (!screaming).then(|| {
            let symbol = &variant.symbol;
            quote!(#[serde(rename = #symbol)])
        });
        let rust = parsed(&variant.rust);
        quote!(#doc #rename #rust)
    });
    let serialize = scope.path("serde", "Serialize");
    let deserialize = scope.path("serde", "Deserialize");
    quote! {
        #doc
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, #serialize, #deserialize)]
        #rename_all
        pub enum #name { #(#variants,)* }
    }
}

fn enumeration_codec(def: &TypeDef, symbols: &EnumDef) -> String {
    let mut text = format!("charter_avro::enumeration! {{\n    {} {{\n", def.rust.name);
    for variant in &symbols.variants {
        let _ = writeln!(text, "        {} = {:?},", variant.rust, variant.symbol);
    }
    text.push_str("    }\n}");
    text
}

fn fixed(scope: &mut Scope<'_>, def: &TypeDef, size: usize) -> TokenStream {
    let doc = docs::attributes(&docs::of_type(def));
    let name = parsed(&def.rust.name);
    let fixed = scope.path("charter_avro::codec", "Fixed");
    let size = parsed(&size.to_string());
    quote!(#doc pub type #name = #fixed<#size>;)
}

fn union(scope: &mut Scope<'_>, def: &TypeDef, union: &UnionDef) -> TokenStream {
    let doc = docs::attributes(&docs::of_type(def));
    let name = parsed(&def.rust.name);
    let variants: Vec<_> = union
        .branches
        .iter()
        .map(|branch| {
            let doc = docs::attributes(&format!("`{}`", branch.name));
            let branch_name = &branch.name;
            let rust = parsed(&branch.rust);
            let value = (branch.ty != Type::Null).then(|| {
                let ty = parsed(&scope.ty(&branch.ty));
                quote!((#ty))
            });
            quote!(#doc #[serde(rename = #branch_name)] #rust #value)
        })
        .collect();
    let eq = def.is_eq.then(|| quote!(Eq,));
    let serialize = scope.path("serde", "Serialize");
    let deserialize = scope.path("serde", "Deserialize");
    quote! {
        #doc
        #[derive(Clone, Debug, PartialEq, #eq #serialize, #deserialize)]
        pub enum #name { #(#variants,)* }
    }
}

fn union_codec(scope: &mut Scope<'_>, def: &TypeDef, union: &UnionDef) -> String {
    let mut text = format!("charter_avro::union! {{\n    {} {{\n", def.rust.name);
    for branch in &union.branches {
        let value = if branch.ty == Type::Null {
            String::new()
        } else {
            format!("({})", scope.ty(&branch.ty))
        };
        let _ = writeln!(text, "        {}{value},", branch.rust);
    }
    text.push_str("    }\n}");
    text
}
