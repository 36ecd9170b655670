//! Records: a struct, and the lines of data that its codec is made of.

use proc_macro2::TokenStream;
use quote::quote;

use super::scope::Scope;
use super::text::parsed;
use super::{docs, names};
use crate::ir::{Field, Record, TypeDef};

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

/// The lines of `charter_avro::record!`, which writes the codec.
pub(super) fn codec(scope: &mut Scope<'_>, def: &TypeDef, record: &Record) -> String {
    let lines = record.fields.iter().map(|field| {
        let ty = scope.ty(&field.ty);
        let default = field.default.as_ref().map(|default| scope.constant(&field.ty, default));
        codec_line(field, &ty, default)
    });
    codec_lines("record", &def.rust.name, lines)
}

/// The lines of a macro that writes the codec of a record's type.
pub(super) fn codec_lines(name: &str, ty: &str, lines: impl Iterator<Item = String>) -> String {
    let lines: String = lines.collect();
    format!("charter_avro::{name}! {{\n    {ty} {{\n{lines}    }}\n}}")
}

/// The line of a field.
pub(super) fn codec_line(field: &Field, ty: &str, default: Option<String>) -> String {
    let default = default.map(|default| format!(" = {default}")).unwrap_or_default();
    format!("        {:?} => {}: {ty}{default},\n", field.name, field.rust)
}
