//! What members of rooms get.

use heck::{ToSnakeCase, ToUpperCamelCase};
use proc_macro2::TokenStream;
use quote::quote;

use super::messages::Types;
use super::{operations, unlike};
use crate::emit::docs;
use crate::emit::scope::Scope;
use crate::emit::text::parsed;
use crate::ir::{Context, KeyedPart, Load, RoomType, TypeId};
use crate::names;

/// The types that a kind of room declares: its messages, its rows, its rows that come again.
pub(super) fn own(room: &RoomType) -> Vec<String> {
    let name = room.rust.to_upper_camel_case();
    let mut own = vec![format!("{name}Message"), format!("{name}Load")];
    own.extend(live(room).map(|load| updated(room, load)));
    own
}

/// The types of messages that a kind of room shows.
pub(super) fn shown(context: &Context, room: &RoomType) -> Vec<TypeId> {
    let rows = room.loads.iter().map(|load| context.views[load.view].id);
    rows.chain(room.events.iter().map(|event| context.events[*event].id)).collect()
}

fn live(room: &RoomType) -> impl Iterator<Item = &Load> {
    room.loads.iter().filter(|load| load.is_live)
}

fn updated(room: &RoomType, load: &Load) -> String {
    format!("{}{}Updated", room.rust.to_upper_camel_case(), load.name.to_upper_camel_case())
}

/// The method that joins a kind of room.
pub(super) fn join(scope: &mut Scope<'_>, room: &RoomType) -> TokenStream {
    let name = room.rust.to_upper_camel_case();
    let join_type = scope.path("crate::room", "Join");
    let text = operations::template(&room.template, names::field);
    let holes = room.template.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
    let keys = room.parts.iter().filter_map(|part| match part {
        KeyedPart::Text(_) => None,
        KeyedPart::Key { is_uuid, .. } => Some(*is_uuid),
    });
    let mut arguments = Vec::new();
    for ((hole, _), is_uuid) in holes.zip(keys) {
        let rust = parsed(&names::field(hole));
        let ty = if is_uuid { scope.path("uuid", "Uuid") } else { quote!(&str) };
        arguments.push(quote!(#rust: #ty));
    }
    let room_name =
        if arguments.is_empty() { quote!(#text.to_owned()) } else { quote!(format!(#text)) };
    let doc = docs::attributes(&format!(
        "The room `{}`: its rows, then every event after them, once and in order, over as many connections as it takes.",
        room.template
    ));
    let (method, message) =
        (parsed(&format!("join_{}", name.to_snake_case())), parsed(&format!("{name}Message")));
    quote! {
        #doc
        pub fn #method(&self, #(#arguments),*) -> #join_type<#message> {
            #join_type::new(&self.on, #room_name)
        }
    }
}

/// The types of what members of a kind of room get.
pub(super) fn types(
    scope: &mut Scope<'_>,
    types: &Types<'_>,
    context: &Context,
    room: &RoomType,
) -> TokenStream {
    let load = self::load(scope, types, context, room);
    let again: Vec<_> =
        live(room).map(|load| self::again(scope, types, context, room, load)).collect();
    let message = message(scope, types, context, room);
    quote!(#message #load #(#again)*)
}

fn derives(scope: &mut Scope<'_>) -> TokenStream {
    let (serialize, deserialize) =
        (scope.path("serde", "Serialize"), scope.path("serde", "Deserialize"));
    quote!(#[derive(Clone, Debug, PartialEq, #serialize, #deserialize)])
}

fn load(
    scope: &mut Scope<'_>,
    types: &Types<'_>,
    context: &Context,
    room: &RoomType,
) -> TokenStream {
    let derives = derives(scope);
    let doc = docs::attributes(&format!(
        "The rows of a room `{}`, of one snapshot; a large room's come in parts.",
        room.template
    ));
    let name = parsed(&format!("{}Load", room.rust.to_upper_camel_case()));
    let rows: Vec<_> = room.loads.iter().map(|load| rows(scope, types, context, load)).collect();
    let (string, reason) = (scope.prelude_path("String"), scope.path("crate::room", "Reason"));
    quote! {
        #doc
        #derives
        pub struct #name {
            /// The room.
            pub room: #string,
            /// What the rows have seen.
            pub cursor: #string,
            /// Why the rows come: also in place of events that a cursor was too old for.
            pub reason: #reason,
            /// From 1; part 1 starts afresh.
            pub part: u32,
            /// How many parts there are.
            pub parts: u32,
            #(#rows,)*
        }
    }
}

fn rows(scope: &mut Scope<'_>, types: &Types<'_>, context: &Context, load: &Load) -> TokenStream {
    let row = parsed(types.name(context.views[load.view].id));
    let (name, rust) = (&load.name, names::field(&load.name));
    let rename = (rust != *name).then(|| quote!(rename = #name,));
    let doc = docs::attributes(&format!("The rows of `{}`.", context.views[load.view].table));
    let (rust, vec) = (parsed(&rust), scope.prelude_path("Vec"));
    quote!(#doc #[serde(#rename default)] pub #rust: #vec<#row>)
}

fn again(
    scope: &mut Scope<'_>,
    types: &Types<'_>,
    context: &Context,
    room: &RoomType,
    load: &Load,
) -> TokenStream {
    let derives = derives(scope);
    let doc = docs::attributes(&format!(
        "All rows `{}` of a room `{}` again, after they have changed.",
        load.name, room.template
    ));
    let (name, rows) = (parsed(&updated(room, load)), rows(scope, types, context, load));
    let string = scope.prelude_path("String");
    quote! {
        #doc
        #derives
        pub struct #name {
            /// The room.
            pub room: #string,
            /// What the rows have seen.
            pub cursor: #string,
            #rows,
        }
    }
}

fn message(
    scope: &mut Scope<'_>,
    types: &Types<'_>,
    context: &Context,
    room: &RoomType,
) -> TokenStream {
    let room_name = room.rust.to_upper_camel_case();
    // Wire name, variant, what it holds, its doc.
    let mut messages = vec![(
        "initial-load".to_owned(),
        "InitialLoad".to_owned(),
        format!("{room_name}Load"),
        "The rows.".to_owned(),
    )];
    let event_type = scope.name("crate::room", "RoomEvent");
    for event in &room.events {
        let event = &context.events[*event];
        let payload = types.name(event.id);
        messages.push((
            event.wire_type.clone(),
            event.variant.clone(),
            format!("{event_type}<{payload}>"),
            format!("`{}`.", event.wire_type),
        ));
    }
    for load in live(room) {
        messages.push((
            format!("{}-updated", load.name),
            format!("{}Updated", load.name.to_upper_camel_case()),
            updated(room, load),
            format!("All rows `{}` again.", load.name),
        ));
    }
    let dropped = scope.name("crate::room", "Dropped");
    let doc = "Nothing more comes on this connection; another is opened.".to_owned();
    messages.push(("dropped".to_owned(), "Dropped".to_owned(), dropped, doc));
    for index in 0..messages.len() {
        let before = messages[..index].iter().map(|(_, variant, ..)| variant.as_str());
        messages[index].1 = unlike(&messages[index].1, before);
    }
    let other = unlike("Unrecognized", messages.iter().map(|(_, variant, ..)| variant.as_str()));

    let (name, other) = (parsed(&format!("{room_name}Message")), parsed(&other));
    let variants = messages.iter().map(|(_, variant, holds, doc)| {
        let (doc, variant, holds) = (docs::attributes(doc), parsed(variant), parsed(holds));
        quote!(#doc #variant(#holds))
    });
    let read = messages.iter().map(|(wire, variant, ..)| {
        let variant = parsed(variant);
        quote!(#wire => Self::#variant(serde_json::from_value(body)?))
    });
    let room_message = scope.path("crate::room", "RoomMessage");
    let (value, result) = (scope.path("serde_json", "Value"), scope.prelude_path("Result"));
    let doc = docs::attributes(&format!("What members of a room `{}` get.", room.template));
    quote! {
        #doc
        #[derive(Clone, Debug, PartialEq)]
        pub enum #name {
            #(#variants,)*
            /// One that this client's contract does not know.
            #other(#value),
        }
        impl #room_message for #name {
            fn of(name: &str, body: #value) -> #result<Self, serde_json::Error> {
                Ok(match name {
                    #(#read,)*
                    _ => Self::#other(body),
                })
            }
        }
    }
}
