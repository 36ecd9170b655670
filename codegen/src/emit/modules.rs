//! The maps of generated crates: `lib.rs`, `types/mod.rs`, `views/mod.rs`.

use proc_macro2::TokenStream;
use quote::quote;

use super::text::{RustFile, parsed};
use super::{borrowed, names, rooms};
use crate::ir::{Context, Contracts, Role, TypeDef, TypeId};

/// `mod` and `pub use` lines of types that have a file each. Messages also bring their envelopes, views
/// their keys, what is lent its borrowing form.
pub(super) fn of_types(
    contracts: &Contracts,
    ids: impl Iterator<Item = TypeId>,
    enveloped: bool,
) -> TokenStream {
    let mut types: Vec<_> = ids
        .map(|id| {
            let def = contracts.type_of(id);
            (names::module(&def.rust.name), def)
        })
        .collect();
    types.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mods = types.iter().map(|(module, _)| {
        let module = parsed(module);
        quote!(mod #module;)
    });
    let uses = types.iter().map(|(module, def)| {
        let module = parsed(module);
        let name = parsed(&def.rust.name);
        let beside = beside(def, enveloped);
        let beside: Vec<_> = beside.iter().map(|name| parsed(name)).collect();
        if beside.is_empty() {
            quote!(pub use #module::#name;)
        } else {
            quote!(pub use #module::{#name, #(#beside),*};)
        }
    });
    quote!(#(#mods)* #(#uses)*)
}

/// The names of what stands in a type's file beside it.
pub(super) fn beside(def: &TypeDef, enveloped: bool) -> Vec<String> {
    let name = &def.rust.name;
    let mut names = Vec::new();
    if enveloped && matches!(def.role, Role::Command | Role::Event) {
        names.push(format!("{name}Envelope"));
    }
    if enveloped && def.role == Role::Event {
        names.push(format!("{name}EnvelopeRef"));
    }
    if def.role == Role::View {
        names.push(format!("{name}Key"));
    }
    if def.is_lent {
        names.push(borrowed::name(def));
    }
    names
}

/// The file of a folder of types: `types/mod.rs`, `views/mod.rs`.
pub(super) fn folder(contracts: &Contracts, source: &str, doc: &str, ids: &[TypeId]) -> RustFile {
    let mut file = RustFile::from_source(source);
    file.docs(doc).items(of_types(contracts, ids.iter().copied(), true));
    file
}

/// What a contract's names and words may do that hand-written ones may not.
pub(super) const ALLOWED: &str = "#![allow(
    clippy::doc_markdown,
    clippy::enum_variant_names,
    clippy::large_enum_variant,
    clippy::module_inception,
    clippy::module_name_repetitions,
    clippy::struct_excessive_bools,
    clippy::struct_field_names,
    clippy::too_many_lines,
    reason = \"names, docs and sizes are the contract's\"
)]";

/// `lib.rs` of `contract-shared`.
pub(super) fn shared_lib() -> RustFile {
    let mut file = RustFile::from_source("schemas/shared");
    file.docs(
        "What every context's messages share: types of the namespace `shared`.\n\n\
         | module | what is in it |\n|---|---|\n| [`types`] | a type for each file of `schemas/shared` |",
    );
    file.text(ALLOWED);
    file.items(quote!(
        pub mod types;
        pub use types::*;
    ));
    file
}

/// `lib.rs` of a context's crate.
pub(super) fn context_lib(contracts: &Contracts, context: &Context) -> RustFile {
    let name = &context.name;
    let rust = &context.rust;
    let mut file = RustFile::from_source(&format!("schemas/{name}"));
    let has_rooms = rooms::is_needed(contracts, context);
    let rooms =
        if has_rooms { "| [`rooms`] | who sees which events as they happen |\n" } else { "" };
    file.docs(&format!(
        "The contracts of the context `{name}`.\n\n\
         | module | what is in it |\n|---|---|\n\
         | [`commands`] | requests to change, and all of them as one [`{rust}Command`] |\n\
         | [`events`] | facts, and all of them as one [`{rust}Event`] |\n{rooms}\
         | [`types`] | what messages and views are made of |\n\
         | [`views`] | rows of the read model and their tables |\n\n\
         [`{rust}`] names the context, [`{rust}Rejection`] is every refusal by business rule."
    ));
    file.text(ALLOWED);
    let marker = parsed(rust);
    let rejection = parsed(&format!("{rust}Rejection"));
    let module = has_rooms.then(|| {
        quote!(
            pub mod rooms;
        )
    });
    file.items(quote! {
        pub mod commands;
        mod context;
        pub mod events;
        mod rejections;
        #module
        pub mod types;
        pub mod views;
    });
    file.items(quote! {
        pub use commands::*;
        pub use context::#marker;
        pub use events::*;
        pub use rejections::#rejection;
        pub use types::*;
        pub use views::*;
    });
    file
}
