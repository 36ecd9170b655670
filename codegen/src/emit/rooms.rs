//! The rooms of a context, and what is not shown in them: `rooms.rs`.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::quote;

use super::scope::Scope;
use super::text::{RustFile, parsed};
use super::{docs, names};
use crate::ir::{Context, Contracts, Field, KeyedPart, Load, RoomType, Shape, Type, TypeId};

/// The file of a context's rooms.
pub(super) fn file(scope: &mut Scope<'_>, context: &Context) -> RustFile {
    let mut items = TokenStream::new();
    for room in &context.rooms {
        items.extend(one(scope, context, room));
    }
    for id in concealing(scope.contracts(), context) {
        items.extend(hiding(scope, id));
    }
    let mut file = RustFile::from_source(&format!("schemas/{}", context.name));
    file.docs(&format!("Who sees which events of the context `{}` as they happen.", context.name));
    file.items(scope.uses()).items(items);
    file
}

fn one(scope: &mut Scope<'_>, context: &Context, room: &RoomType) -> TokenStream {
    let module = "charter_domain::room";
    let (room_type, part_type) = (scope.path(module, "Room"), scope.path(module, "RoomPart"));
    let parts = room.parts.iter().map(|part| match part {
        KeyedPart::Text(text) => quote!(#part_type::Text(#text)),
        KeyedPart::Key { index, is_uuid: false } => {
            let index = parsed(&index.to_string());
            quote!(#part_type::Key(#index))
        }
        KeyedPart::Key { index, is_uuid: true } => {
            let index = parsed(&index.to_string());
            quote!(#part_type::Uuid(#index))
        }
    });
    let parts: Vec<_> = parts.collect();
    let events: Vec<_> =
        room.events.iter().map(|event| context.events[*event].wire_type.as_str()).collect();
    let loads: Vec<_> = room.loads.iter().map(|load| loaded(scope, context, load)).collect();
    let (name, template) = (parsed(&room.rust), &room.template);
    let sent = crate::attribute::list(&events);
    let doc = docs::attributes(&format!("The rooms `{template}`: {sent}."));
    quote! {
        #doc
        pub static #name: #room_type = #room_type {
            template: #template,
            parts: &[#(#parts),*],
            events: &[#(#events),*],
            loads: &[#(#loads),*],
        };
    }
}

fn loaded(scope: &mut Scope<'_>, context: &Context, load: &Load) -> TokenStream {
    let view = &context.views[load.view];
    let load_type = scope.path("charter_domain::room", "Load");
    let item = scope.path("charter_domain::room", "item");
    let view_trait = scope.domain("View");
    let row = parsed(&scope.named(view.id));
    let columns = load.key.iter().map(|index| view.columns[*index].name.as_str());
    let columns: Vec<_> = columns.collect();
    let hidden = hidden_here(scope, view.id);
    let (name, is_live) = (&load.name, load.is_live);
    quote! {
        #load_type {
            name: #name,
            is_live: #is_live,
            table: <#row as #view_trait>::TABLE,
            key: &[#(#columns),*],
            item: #item::<#row>,
            hidden: #hidden,
        }
    }
}

/// What is not shown of a record, named from another file of the crate.
pub(super) fn hidden(scope: &mut Scope<'_>, id: TypeId) -> TokenStream {
    if conceals(scope.contracts(), id) {
        let name = constant(scope.contracts(), id);
        quote!(&crate::rooms::#name)
    } else {
        nothing(scope)
    }
}

fn hidden_here(scope: &mut Scope<'_>, id: TypeId) -> TokenStream {
    if conceals(scope.contracts(), id) {
        let name = constant(scope.contracts(), id);
        quote!(&#name)
    } else {
        nothing(scope)
    }
}

fn nothing(scope: &mut Scope<'_>) -> TokenStream {
    let hidden = scope.path("charter_domain::room", "Hidden");
    quote!(&#hidden::NOTHING)
}

fn constant(contracts: &Contracts, id: TypeId) -> TokenStream {
    let full_name = &contracts.type_of(id).full_name;
    let words: Vec<String> =
        full_name.split('.').map(|part| names::module(part).to_uppercase()).collect();
    parsed(&format!("HIDDEN_{}", words.join("_")))
}

/// Whether there is something to say: rooms, or what is not shown of events.
pub(super) fn is_needed(contracts: &Contracts, context: &Context) -> bool {
    !context.rooms.is_empty() || context.events.iter().any(|event| conceals(contracts, event.id))
}

/// What is private of a context's events, as `Contract::PRIVATE`; `None` where that is nothing.
pub(super) fn private(scope: &mut Scope<'_>, context: &Context) -> Option<TokenStream> {
    let contracts = scope.contracts();
    let private: Vec<_> = context
        .events
        .iter()
        .filter(|event| conceals(contracts, event.id))
        .map(|event| {
            let (wire_type, name) = (&event.wire_type, constant(contracts, event.id));
            quote!((#wire_type, &crate::rooms::#name))
        })
        .collect();
    (!private.is_empty()).then(|| {
        let hidden = scope.path("charter_domain::room", "Hidden");
        quote!(const PRIVATE: &'static [(&'static str, &'static #hidden)] = &[#(#private),*];)
    })
}

/// The records of which something is not shown: events, what rooms load, and what they are made of.
fn concealing(contracts: &Contracts, context: &Context) -> BTreeSet<TypeId> {
    // Of all events: operators look on at those too that are sent to no room.
    let sent = context.events.iter().map(|event| event.id);
    let loads = context.rooms.iter().flat_map(|room| &room.loads);
    let loaded = loads.map(|load| context.views[load.view].id);
    let mut found = BTreeSet::new();
    for id in sent.chain(loaded) {
        found.extend(reached(contracts, id));
    }
    found.retain(|id| conceals(contracts, *id));
    found
}

/// Whether a record, or one within it, has a field that is not shown.
fn conceals(contracts: &Contracts, id: TypeId) -> bool {
    reached(contracts, id)
        .into_iter()
        .any(|id| fields(contracts, id).iter().any(|field| field.private))
}

/// A record, and those within it.
fn reached(contracts: &Contracts, id: TypeId) -> BTreeSet<TypeId> {
    let (mut seen, mut next) = (BTreeSet::new(), vec![id]);
    while let Some(id) = next.pop() {
        if seen.insert(id) {
            let within =
                fields(contracts, id).iter().flat_map(|field| records(contracts, &field.ty));
            next.extend(within.map(|(_, id)| id));
        }
    }
    seen
}

fn fields(contracts: &Contracts, id: TypeId) -> &[Field] {
    match &contracts.type_of(id).shape {
        Shape::Record(record) => &record.fields,
        Shape::Enum(_) | Shape::Fixed { .. } | Shape::Union(_) => &[],
    }
}

/// The records that a value holds, each with what is around it. Of a union's value it is not known which it is: what
/// one branch hides is shown of none.
fn records(contracts: &Contracts, ty: &Type) -> Vec<(Vec<&'static str>, TypeId)> {
    let around = |word: &'static str, inner: &Type| {
        let mut found = records(contracts, inner);
        for (through, _) in &mut found {
            through.insert(0, word);
        }
        found
    };
    match ty {
        Type::Array(items) => around("List", items),
        Type::Map(values) => around("Map", values),
        Type::Optional { inner, .. } => records(contracts, inner),
        Type::Named { id, .. } => match &contracts.type_of(*id).shape {
            Shape::Record(_) => vec![(Vec::new(), *id)],
            Shape::Union(union) => {
                union.branches.iter().flat_map(|branch| records(contracts, &branch.ty)).collect()
            }
            Shape::Enum(_) | Shape::Fixed { .. } => Vec::new(),
        },
        Type::Null
        | Type::Boolean
        | Type::Int
        | Type::Long
        | Type::Float
        | Type::Double
        | Type::Bytes
        | Type::String
        | Type::Logical(_) => Vec::new(),
    }
}

fn hiding(scope: &mut Scope<'_>, id: TypeId) -> TokenStream {
    let contracts = scope.contracts();
    let module = "charter_domain::room";
    let hidden_type = scope.path(module, "Hidden");
    let all = fields(contracts, id);
    let private: Vec<_> =
        all.iter().filter(|field| field.private).map(|field| field.name.as_str()).collect();
    let mut within = Vec::new();
    for field in all.iter().filter(|field| !field.private) {
        for (through, inner) in records(contracts, &field.ty) {
            if !conceals(contracts, inner) {
                continue;
            }
            let within_type = scope.path(module, "Within");
            let around = scope.path(module, "Around");
            let words = through.iter().map(|word| parsed(word));
            let (name, hidden) = (&field.name, constant(contracts, inner));
            within.push(quote! {
                #within_type { field: #name, through: &[#(#around::#words),*], hidden: &#hidden }
            });
        }
    }
    let name = constant(contracts, id);
    let full_name = &contracts.type_of(id).full_name;
    let doc = docs::attributes(&format!("What is not shown of a `{full_name}`."));
    quote! {
        #doc
        pub(crate) static #name: #hidden_type = #hidden_type {
            fields: &[#(#private),*],
            within: &[#(#within),*],
        };
    }
}
