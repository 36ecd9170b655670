//! Records: a struct, and the lines of data that its codec is made of.
//!
//! One record has a second struct beside it that borrows its texts from the message: `shared.Metadata`, which stands in
//! front of every message and is mostly looked at and let go (`docs/adr/0025`). Payloads are handed to the domain, which
//! owns them, so that a second form of them would have no reader.

use proc_macro2::TokenStream;
use quote::quote;

use super::scope::Scope;
use super::text::parsed;
use super::{docs, names};
use crate::ir::{Constant, Field, Record, Type, TypeDef};

/// The struct of a record.
pub(super) fn structure(scope: &mut Scope<'_>, def: &TypeDef, record: &Record) -> TokenStream {
    let doc = docs::attributes(&docs::of_type(def));
    let name = parsed(&def.rust.name);
    let camel = record.fields.iter().all(|field| names::is_camel(&field.rust, &field.name));
    let rename_all =
        (camel && !record.fields.is_empty()).then(|| quote!(#[serde(rename_all = "camelCase")]));
    let fields = record.fields.iter().map(|field| {
        let doc = docs::attributes(&docs::of_field(field));
        let rename = (!camel).then(|| {
            let name = &field.name;
            quote!(#[serde(rename = #name)])
        });
        let rust = parsed(&field.rust);
        let ty = parsed(&scope.ty(&field.ty));
        quote!(#doc #rename pub #rust: #ty)
    });
    let fields: Vec<_> = fields.collect();
    let eq = def.is_eq.then(|| quote!(Eq,));
    let serialize = scope.path("serde", "Serialize");
    let deserialize = scope.path("serde", "Deserialize");
    quote! {
        #doc
        #[derive(Clone, Debug, PartialEq, #eq #serialize, #deserialize)]
        #rename_all
        pub struct #name { #(#fields,)* }
    }
}

/// The struct that borrows from the message.
pub(super) fn borrowing(scope: &mut Scope<'_>, def: &TypeDef, record: &Record) -> TokenStream {
    let owned = &def.rust.name;
    let doc =
        format!(" [`{owned}`] as it is looked at and let go: its texts are slices of the message.");
    let name = parsed(&format!("{owned}Ref"));
    let fields = record.fields.iter().map(|field| {
        let doc = format!(" As [`{owned}::{}`].", field.rust.trim_start_matches("r#"));
        let rust = parsed(&field.rust);
        let ty = parsed(&borrowed(scope, &field.ty));
        quote!(#[doc = #doc] pub #rust: #ty)
    });
    let fields: Vec<_> = fields.collect();
    quote! {
        #[doc = #doc]
        #[derive(Clone, Debug, PartialEq)]
        pub struct #name<'a> { #(#fields,)* }
    }
}

/// The Rust type of a field in a struct that borrows. What has no text, and what a contract names, is as it is
/// elsewhere.
fn borrowed(scope: &mut Scope<'_>, ty: &Type) -> String {
    match ty {
        Type::String => "&'a str".to_owned(),
        Type::Bytes => "&'a [u8]".to_owned(),
        Type::Array(items) => format!("{}<{}>", scope.prelude("Vec"), borrowed(scope, items)),
        Type::Map(values) => {
            let map = scope.name("std::collections", "BTreeMap");
            format!("{map}<&'a str, {}>", borrowed(scope, values))
        }
        Type::Optional { inner, null_first: true } => {
            format!("{}<{}>", scope.prelude("Option"), borrowed(scope, inner))
        }
        Type::Optional { inner, null_first: false } => {
            let last = scope.name("charter_avro::codec", "NullLast");
            format!("{last}<{}>", borrowed(scope, inner))
        }
        Type::Null
        | Type::Boolean
        | Type::Int
        | Type::Long
        | Type::Float
        | Type::Double
        | Type::Logical(_)
        | Type::Named { .. } => scope.ty(ty),
    }
}

/// An expression of that type.
fn borrowed_constant(scope: &mut Scope<'_>, ty: &Type, constant: &Constant) -> String {
    match (ty, constant) {
        (Type::String, Constant::String(text)) => format!("{text:?}"),
        (Type::Bytes, Constant::Bytes(bytes)) => format!("&{bytes:?}"),
        (Type::Array(items), Constant::Array(values)) => {
            let values: Vec<_> =
                values.iter().map(|value| borrowed_constant(scope, items, value)).collect();
            format!("vec![{}]", values.join(", "))
        }
        (Type::Map(values), Constant::Map(entries)) => {
            let map = scope.name("std::collections", "BTreeMap");
            let entry = |(key, value): &(String, Constant)| {
                format!("({key:?}, {})", borrowed_constant(scope, values, value))
            };
            let entries: Vec<_> = entries.iter().map(entry).collect();
            format!("{map}::from([{}])", entries.join(", "))
        }
        (Type::Optional { inner, null_first }, value) if *value != Constant::Null => {
            let value = if let Constant::Some(value) = value { value } else { value };
            let value = format!("Some({})", borrowed_constant(scope, inner, value));
            if *null_first { value } else { format!("NullLast({value})") }
        }
        _ => scope.constant(ty, constant),
    }
}

/// The lines of `charter_avro::record!`, which writes the codec.
pub(super) fn codec(scope: &mut Scope<'_>, def: &TypeDef, record: &Record) -> String {
    let lines = record.fields.iter().map(|field| {
        let ty = scope.ty(&field.ty);
        let default = field.default.as_ref().map(|default| scope.constant(&field.ty, default));
        codec_line(field, &ty, default)
    });
    codec_lines("record", &def.rust.name, lines)
}

/// The lines of `charter_avro::record_ref!`, which does so for the struct that borrows.
pub(super) fn borrowing_codec(scope: &mut Scope<'_>, def: &TypeDef, record: &Record) -> String {
    let lines = record.fields.iter().map(|field| {
        let ty = borrowed(scope, &field.ty);
        let default =
            field.default.as_ref().map(|default| borrowed_constant(scope, &field.ty, default));
        codec_line(field, &ty, default)
    });
    codec_lines("record_ref", &format!("{}Ref<'a>", def.rust.name), lines)
}

fn codec_lines(name: &str, ty: &str, lines: impl Iterator<Item = String>) -> String {
    let lines: String = lines.collect();
    format!("charter_avro::{name}! {{\n    {ty} {{\n{lines}    }}\n}}")
}

fn codec_line(field: &Field, ty: &str, default: Option<String>) -> String {
    let default = default.map(|default| format!(" = {default}")).unwrap_or_default();
    format!("        {:?} => {}: {ty}{default},\n", field.name, field.rust)
}
