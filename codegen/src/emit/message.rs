//! A file for each command and each event: `commands/<name>.rs`, `events/<name>.rs`.

use std::fmt::Write as _;

use proc_macro2::TokenStream;
use quote::quote;

use super::named::Body;
use super::scope::Scope;
use super::text::{RustFile, parsed};
use super::{borrowed, docs, record, schema};
use crate::ir::{
    Command, Context, Contracts, Envelope, Event, Field, Rejection, Role, Shape, Type, TypeDef,
    TypeId,
};

/// The file of a command.
pub(super) fn command(scope: &mut Scope<'_>, context: &Context, command: &Command) -> RustFile {
    let rejections: Vec<_> =
        command.rejections.iter().map(|index| &context.rejections[*index]).collect();
    let message = Message {
        id: command.id,
        kind: "Command",
        wire_type: &command.wire_type,
        key: &command.key,
        envelope: &command.envelope,
        rejections,
    };
    file(scope, &message)
}

/// The file of an event.
pub(super) fn event(scope: &mut Scope<'_>, event: &Event) -> RustFile {
    let message = Message {
        id: event.id,
        kind: "Event",
        wire_type: &event.wire_type,
        key: &event.key,
        envelope: &event.envelope,
        rejections: Vec::new(),
    };
    file(scope, &message)
}

/// What commands and events have in common.
struct Message<'a> {
    id: TypeId,
    kind: &'static str,
    wire_type: &'a str,
    key: &'a [usize],
    envelope: &'a Envelope,
    rejections: Vec<&'a Rejection>,
}

fn file(scope: &mut Scope<'_>, message: &Message<'_>) -> RustFile {
    let contracts = scope.contracts();
    let def = contracts.type_of(message.id);
    let fields = contracts.record(message.id);
    let mut body = Body::default();
    body.items.extend(record::structure(scope, def, fields));
    body.items.extend(envelope(scope, message.id));
    body.items.extend(payload(scope, def, message));
    body.codec = record::codec(scope, def, fields);
    body.lend(scope, def);
    body.into_file(scope, &def.origin.file)
}

fn envelope(scope: &mut Scope<'_>, id: TypeId) -> TokenStream {
    let def = scope.contracts().type_of(id);
    let name = parsed(&def.rust.name);
    let alias = parsed(&format!("{}Envelope", def.rust.name));
    let doc = format!(" [`{}`] with its metadata, as it travels.", def.rust.name);
    let envelope = scope.domain("Envelope");
    let lent = (def.role == Role::Event).then(|| {
        let doc = format!(" [`{alias}`] with texts that are slices of the message.");
        let envelope = scope.domain("EnvelopeRef");
        let name = parsed(&borrowed::named(scope, id));
        let alias = parsed(&format!("{}EnvelopeRef", def.rust.name));
        quote! {
            #[doc = #doc]
            pub type #alias<'a> = #envelope<'a, #name>;
        }
    });
    quote! {
        #[doc = #doc]
        pub type #alias = #envelope<#name>;
        #lent
    }
}

fn payload(scope: &mut Scope<'_>, def: &TypeDef, message: &Message<'_>) -> TokenStream {
    let fields = &scope.contracts().record(message.id).fields;
    let name = parsed(&def.rust.name);
    let payload = scope.domain("Payload");
    let message_type = scope.domain("MessageType");
    let message_kind = scope.domain("MessageKind");
    let kind = parsed(message.kind);
    let wire_type = message.wire_type;
    let full_name = &def.full_name;
    let envelope_name = &message.envelope.full_name;
    let schema = format!("../../schemas/{}", schema::envelope_file(message.envelope));
    let rejections: Vec<_> = message
        .rejections
        .iter()
        .map(|rejection| {
            let rejection_type = scope.domain("RejectionType");
            let (code, doc) = (&rejection.code, &rejection.doc);
            let status = parsed(&rejection.status.to_string());
            quote!(#rejection_type { code: #code, status: #status, doc: #doc })
        })
        .collect();
    let key: Vec<_> = message.key.iter().map(|index| &fields[*index]).collect();
    let key = key_expression(scope, &key);
    let string = scope.prelude_path("String");
    quote! {
        impl #payload for #name {
            const TYPE: &'static #message_type = &#message_type {
                kind: #message_kind::#kind,
                wire_type: #wire_type,
                full_name: #full_name,
                envelope_name: #envelope_name,
                envelope_schema: include_str!(#schema),
                rejections: &[#(#rejections),*],
            };

            fn key(&self) -> #string {
                #key
            }
        }
    }
}

/// The aggregate's key of a message's key fields.
fn key_expression(scope: &mut Scope<'_>, fields: &[&Field]) -> TokenStream {
    if let [field] = fields {
        let rust = parsed(&field.rust);
        return if field.ty == Type::String {
            quote!(self.#rust.clone())
        } else {
            quote!(self.#rust.to_string())
        };
    }
    let composite_key = scope.domain("composite_key");
    let values = fields.iter().map(|field| {
        let rust = parsed(&field.rust);
        if field.ty == Type::String {
            quote!(&self.#rust)
        } else if is_enum(scope.contracts(), &field.ty) {
            quote!(self.#rust.as_str())
        } else {
            quote!(&self.#rust.to_string())
        }
    });
    quote!(#composite_key(&[#(#values),*]))
}

/// The file of all commands of a context: `commands/mod.rs`.
pub(super) fn commands(scope: &mut Scope<'_>, context: &Context) -> RustFile {
    let members: Vec<_> =
        context.commands.iter().map(|command| (command.variant.as_str(), command.id)).collect();
    let name = format!("{}Command", context.rust);
    let doc = format!("Every command of the context `{}`.", context.name);
    enumeration(scope, context, "commands", &name, &doc, &members, &TokenStream::new())
}

/// The file of all events of a context: `events/mod.rs`.
pub(super) fn events(scope: &mut Scope<'_>, context: &Context) -> RustFile {
    let members: Vec<_> =
        context.events.iter().map(|event| (event.variant.as_str(), event.id)).collect();
    let name = format!("{}Event", context.rust);
    let doc = format!("Every event of the context `{}`.", context.name);
    let deadlines = deadlines(scope, context, &name);
    enumeration(scope, context, "events", &name, &doc, &members, &deadlines)
}

fn enumeration(
    scope: &mut Scope<'_>,
    context: &Context,
    folder: &str,
    name: &str,
    doc: &str,
    members: &[(&str, TypeId)],
    more: &TokenStream,
) -> RustFile {
    let contracts = scope.contracts();
    let ident = parsed(name);
    let doc = docs::attributes(doc);
    let variants = members.iter().map(|(variant, id)| {
        let def = contracts.type_of(*id);
        let doc = docs::attributes(&docs::of_type(def));
        let (variant, ty) = (parsed(variant), parsed(&def.rust.name));
        quote!(#doc #variant(#ty))
    });
    let items = quote! {
        #doc
        #[derive(Clone, Debug, PartialEq)]
        pub enum #ident { #(#variants,)* }
        #more
    };
    let mut codec = format!("charter_domain::messages! {{\n    {name} {{\n");
    for (variant, id) in members {
        let _ = writeln!(codec, "        {variant}({}),", contracts.type_of(*id).rust.name);
    }
    codec.push_str("    }\n}");

    let mut file = RustFile::from_source(&format!("schemas/{}/{folder}", context.name));
    file.docs(&format!("The {folder} of the context `{}`.", context.name));
    file.items(super::modules::of_types(contracts, members.iter().map(|(_, id)| *id), true));
    file.items(scope.uses()).items(items).text(&codec);
    file
}

fn deadlines(scope: &mut Scope<'_>, context: &Context, name: &str) -> TokenStream {
    let contracts = scope.contracts();
    let ident = parsed(name);
    let vec = scope.prelude_path("Vec");
    let event_trait = scope.domain("Event");
    let deadline = scope.domain("Deadline");
    let commands = scope.path("crate::commands", &format!("{}Command", context.rust));
    let (setting, quiet): (Vec<_>, Vec<_>) =
        context.events.iter().partition(|event| !event.deadlines.is_empty());
    let arms: Vec<_> = setting
        .into_iter()
        .map(|event| {
            let variant = parsed(&event.variant);
            let record = contracts.record(event.id);
            let optional = event.deadlines.iter().any(|timer| timer.at_optional);
            let values: Vec<_> = event
                .deadlines
                .iter()
                .map(|timer| {
                    let at = parsed(&record.fields[timer.at].rust);
                    let command = deadline_command(scope, context, event, timer);
                    match (optional, timer.at_optional) {
                        (false, _) => quote!(#deadline { due: event.#at, command: #command }),
                        (true, false) => {
                            quote!(Some(#deadline { due: event.#at, command: #command }))
                        }
                        (true, true) => {
                            quote!(event.#at.map(|due| #deadline { due, command: #command }))
                        }
                    }
                })
                .collect();
            if optional {
                quote!(Self::#variant(event) => [#(#values),*].into_iter().flatten().collect(),)
            } else {
                quote!(Self::#variant(event) => #vec::from([#(#values),*]),)
            }
        })
        .collect();
    let quiet: Vec<_> = quiet.iter().map(|event| parsed(&event.variant)).collect();
    let body = if arms.is_empty() {
        quote!(#vec::new())
    } else {
        let quiet = (!quiet.is_empty()).then(|| quote!(#(Self::#quiet(_))|* => #vec::new(),));
        quote!(match self { #(#arms)* #quiet })
    };
    let broadcast = broadcast(scope, context);
    quote! {
        impl #event_trait for #ident {
            type Command = #commands;

            fn deadlines(&self) -> #vec<#deadline<#commands>> {
                #body
            }

            #broadcast
        }
    }
}

/// What rooms get of each event, where there are rooms.
fn broadcast(scope: &mut Scope<'_>, context: &Context) -> Option<TokenStream> {
    if context.rooms.is_empty() {
        return None;
    }
    let option = scope.prelude_path("Option");
    let broadcast = scope.path("charter_domain::room", "Broadcast");
    let (sent, kept): (Vec<_>, Vec<_>) =
        context.events.iter().partition(|event| event.broadcast.is_some());
    let arms: Vec<_> = sent
        .into_iter()
        .filter_map(|event| {
            let template = &event.broadcast.as_ref()?.template;
            let room = context.rooms.iter().find(|room| room.template == *template)?;
            let (variant, room) = (parsed(&event.variant), parsed(&room.rust));
            let hidden = super::rooms::hidden(scope, event.id);
            Some(quote!(Self::#variant(event) => #broadcast::new(&crate::rooms::#room, event, #hidden),))
        })
        .collect();
    let kept: Vec<_> = kept.iter().map(|event| parsed(&event.variant)).collect();
    let kept = (!kept.is_empty()).then(|| quote!(#(Self::#kept(_))|* => return None,));
    Some(quote! {
        fn broadcast(&self) -> #option<#broadcast> {
            Some(match self { #(#arms)* #kept })
        }
    })
}

fn deadline_command(
    scope: &mut Scope<'_>,
    context: &Context,
    event: &Event,
    timer: &crate::ir::Deadline,
) -> TokenStream {
    let contracts = scope.contracts();
    let command = &context.commands[timer.command];
    let name = parsed(&scope.named(command.id));
    let from = &contracts.record(event.id).fields;
    let fields: Vec<_> = contracts
        .record(command.id)
        .fields
        .iter()
        .zip(&timer.fields)
        .map(|(field, source)| {
            let rust = parsed(&field.rust);
            match source {
                crate::ir::DeadlineField::Copy(index) => {
                    let copied = parsed(&from[*index].rust);
                    let clone = (!is_copy(contracts, &field.ty)).then(|| quote!(.clone()));
                    quote!(#rust: event.#copied #clone)
                }
                crate::ir::DeadlineField::Default(constant) => {
                    let value = parsed(&scope.constant(&field.ty, constant));
                    quote!(#rust: #value)
                }
            }
        })
        .collect();
    quote!(#name { #(#fields),* }.into())
}

/// Whether a field's type is an enum.
pub(super) fn is_enum(contracts: &Contracts, ty: &Type) -> bool {
    if let Type::Named { id, .. } = ty {
        matches!(contracts.type_of(*id).shape, Shape::Enum(_))
    } else {
        false
    }
}

/// Whether the Rust type of a field is `Copy`.
pub(super) fn is_copy(contracts: &Contracts, ty: &Type) -> bool {
    match ty {
        Type::Null
        | Type::Boolean
        | Type::Int
        | Type::Long
        | Type::Float
        | Type::Double
        | Type::Logical(_) => true,
        Type::Bytes | Type::String | Type::Array(_) | Type::Map(_) => false,
        Type::Optional { inner, .. } => is_copy(contracts, inner),
        Type::Named { id, boxed } => !boxed && contracts.type_of(*id).is_copy,
    }
}
