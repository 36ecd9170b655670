//! Avro schemas that generated crates carry: `schemas/<name>.avsc`, one named type with all that it names.

use proc_macro2::TokenStream;
use quote::quote;

use super::text::parsed;
use crate::ir::{Envelope, TypeDef};

/// The text of a schema's file.
///
/// # Panics
/// Where `compact` is not JSON, which the IR never holds.
pub(super) fn text(compact: &str) -> String {
    let schema: serde_json::Value =
        serde_json::from_str(compact).expect("the IR holds schemas as JSON");
    let mut text = serde_json::to_string_pretty(&schema).expect("JSON stays JSON");
    text.push('\n');
    text
}

/// The name of the file of an envelope's schema: `HoldSeatsEnvelope.avsc`.
pub(super) fn envelope_file(envelope: &Envelope) -> String {
    let name = envelope.full_name.rsplit('.').next().unwrap_or(&envelope.full_name);
    format!("{name}.avsc")
}

/// The constants of a type that travels by itself.
pub(super) fn constants(def: &TypeDef) -> TokenStream {
    let name = parsed(&def.rust.name);
    let full_name = &def.full_name;
    let file = format!("../../schemas/{}.avsc", def.name);
    quote! {
        impl #name {
            /// The Avro full name.
            pub const FULL_NAME: &'static str = #full_name;
            /// The Avro schema as JSON, with all types that it names.
            pub const SCHEMA: &'static str = include_str!(#file);
        }
    }
}
