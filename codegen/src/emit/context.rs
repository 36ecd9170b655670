//! The marker type of a context: `context.rs`.

use quote::quote;

use super::scope::Scope;
use super::text::{RustFile, parsed};
use super::{docs, rooms};
use crate::ir::Context;

/// The file of a context's marker type.
pub(super) fn file(scope: &mut Scope<'_>, context: &Context) -> RustFile {
    let name = parsed(&context.rust);
    let doc = docs::attributes(&format!("The context `{}`.", context.name));
    let contract = scope.domain("Contract");
    let table = scope.domain("Table");
    let context_name = &context.name;
    let version = parsed(&context.version.to_string());
    let tables: Vec<_> = context
        .views
        .iter()
        .map(|view| {
            let view_trait = scope.domain("View");
            let view = parsed(&scope.named(view.id));
            quote!(<#view as #view_trait>::TABLE)
        })
        .collect();
    let command = scope.path("crate::commands", &format!("{}Command", context.rust));
    let event = scope.path("crate::events", &format!("{}Event", context.rust));
    let rejection = scope.path("crate::rejections", &format!("{}Rejection", context.rust));
    let rooms = (!context.rooms.is_empty()).then(|| {
        let room = scope.path("charter_domain::room", "Room");
        let names = context.rooms.iter().map(|room| parsed(&room.rust));
        quote!(const ROOMS: &'static [&'static #room] = &[#(&crate::rooms::#names),*];)
    });
    let private = rooms::private(scope, context);
    let items = quote! {
        #doc
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct #name;

        impl #contract for #name {
            const NAME: &'static str = #context_name;
            const VERSION: u32 = #version;
            const TABLES: &'static [&'static #table] = &[#(#tables),*];
            #rooms
            #private
            type Command = #command;
            type Event = #event;
            type Rejection = #rejection;
        }
    };
    let mut file = RustFile::from_source(&format!("schemas/{}", context.name));
    file.items(scope.uses()).items(items);
    file
}
