//! What can be asked of a context, what it shows in its rooms, and what its rejections are about: `contexts/seat.ts`.

use std::collections::BTreeMap;

use heck::ToUpperCamelCase;

use super::operations;
use super::schemas::alternatives;
use super::sockets;
use super::text::{TsFile, list_of, member, quoted};
use crate::emit::docs;
use crate::ir::{Context, Contracts, Field, Gateway, RoomType, Shape, Type, TypeId};

/// The file of a context; `None` where it has nothing that a client could ask or be told.
pub(super) fn file(gateway: &Gateway, contracts: &Contracts, context: &Context) -> Option<TsFile> {
    let operations = operations::of_context(gateway, contracts, context);
    if operations.is_none() && context.rejections.is_empty() {
        return None;
    }
    let mut types = Types { contracts, names: BTreeMap::new(), open: Vec::new() };
    let mut body = TsFile::part();
    for class in [operations, sockets::of_context(gateway, contracts, context)].iter().flatten() {
        body.line(&class.finish());
    }
    for room in &context.rooms {
        self::room(&mut body, &mut types, context, room);
    }
    rejections(&mut body, &mut types, context);
    types.declare(&mut body);

    let mut file = TsFile::from_source(&format!("schemas/{}", context.name));
    operations::import_types(&mut file, &body, "../");
    if !context.rejections.is_empty() {
        file.line("import { Problem } from \"../transport.js\";");
    }
    file.line("").line(&body.finish());
    Some(file)
}

fn room(file: &mut TsFile, types: &mut Types<'_>, context: &Context, room: &RoomType) {
    let name = room.rust.to_upper_camel_case();
    let template = &room.template;
    let mut messages = vec![format!("Message<\"initial-load\", {name}Load>")];
    file.doc(
        "",
        &format!("The rows of a room `{template}`, of one snapshot; a large room's come in parts."),
    );
    file.line(&format!("export interface {name}Load {{"));
    file.line("  room: string;\n  /** What the rows have seen. */\n  cursor: string;");
    file.line("  /** Why the rows come: also in place of events that a cursor was too old for. */");
    file.line("  reason: \"JOINED\" | \"CURSOR_TOO_OLD\" | \"CURSOR_UNKNOWN\";");
    file.line("  /** From 1; part 1 starts afresh. */\n  part: number;\n  parts: number;");
    for load in &room.loads {
        let row = types.name(context.views[load.view].id);
        file.line(&format!("  {}?: {row}[];", member(&load.name)));
    }
    file.line("}\n");
    for event in &room.events {
        let event = &context.events[*event];
        let payload = types.name(event.id);
        let wire_type = quoted(&event.wire_type);
        messages.push(format!("Message<{wire_type}, RoomEvent<{wire_type}, {payload}>>"));
    }
    for load in room.loads.iter().filter(|load| load.is_live) {
        let row = types.name(context.views[load.view].id);
        let key = member(&load.name);
        messages.push(format!(
            "Message<{}, {{ room: string; cursor: string; {key}: {row}[] }}>",
            quoted(&format!("{}-updated", load.name))
        ));
    }
    messages
        .push("Message<\"dropped\", { room: string; code: string; detail: string }>".to_owned());
    file.doc("", &format!("What members of a room `{template}` get."));
    file.line(&format!("export type {name}Message =\n  | {};\n", messages.join("\n  | ")));
    room_event(file);
}

fn rejections(file: &mut TsFile, types: &mut Types<'_>, context: &Context) {
    if context.rejections.is_empty() {
        return;
    }
    file.doc("", "The refusals by business rule, each with what it is about.");
    file.line("export interface Rejections {");
    for rejection in &context.rejections {
        let details = rejection
            .details
            .map_or_else(|| "Record<string, never>".to_owned(), |id| types.name(id));
        file.doc("  ", &docs::described(Some(&rejection.doc), &rejection.code));
        file.line(&format!("  {}: {details};", member(&rejection.code)));
    }
    file.line("}\n");
    file.doc("", "Whether `error` is the refusal `code`; its `details` are typed then.");
    file.line("export function isRejection<Code extends keyof Rejections>(")
        .line("  error: unknown,")
        .line("  code: Code,")
        .line("): error is Problem & { code: Code; details: Rejections[Code] } {")
        .line("  return error instanceof Problem && error.code === code;")
        .line("}\n");
}

/// The types of messages as JSON has them, without their private fields; each is declared once.
struct Types<'a> {
    contracts: &'a Contracts,
    names: BTreeMap<TypeId, String>,
    /// Named and not declared yet.
    open: Vec<TypeId>,
}

impl Types<'_> {
    /// The name of a type, which is declared in the end. Where another namespace has the same name, it goes in front.
    fn name(&mut self, id: TypeId) -> String {
        if let Some(name) = self.names.get(&id) {
            return name.clone();
        }
        let def = self.contracts.type_of(id);
        let is_taken =
            self.names.values().any(|name| *name == def.name) || OWN.contains(&def.name.as_str());
        let name = if is_taken {
            format!("{}{}", def.namespace.to_upper_camel_case(), def.name)
        } else {
            def.name.clone()
        };
        self.names.insert(id, name.clone());
        self.open.push(id);
        name
    }

    fn declare(&mut self, file: &mut TsFile) {
        let mut next = 0;
        while let Some(id) = self.open.get(next).copied() {
            next += 1;
            let def = self.contracts.type_of(id);
            let name = self.name(id);
            file.doc("", &docs::of_type(def));
            match &def.shape {
                Shape::Record(record) => {
                    file.line(&format!("export interface {name} {{"));
                    for field in record.fields.iter().filter(|field| !field.private) {
                        let ty = self.type_of(&field.ty);
                        file.doc("  ", &said(field));
                        file.line(&format!("  {}: {ty};", member(&field.name)));
                    }
                    file.line("}\n");
                }
                Shape::Enum(symbols) => {
                    let symbols = alternatives(&symbols.variants);
                    file.line(&format!("export type {name} = {symbols};\n"));
                }
                Shape::Fixed { .. } => {
                    file.line(&format!("export type {name} = string;\n"));
                }
                Shape::Union(_) => {
                    file.line(&format!("export type {name} = unknown;\n"));
                }
            }
        }
    }

    fn type_of(&mut self, ty: &Type) -> String {
        match ty {
            Type::Null => "null".to_owned(),
            Type::Boolean => "boolean".to_owned(),
            Type::Int | Type::Long | Type::Float | Type::Double => "number".to_owned(),
            // What has a meaning is text: times RFC 3339, amounts decimal, ids UUIDs.
            Type::Bytes | Type::String | Type::Logical(_) => "string".to_owned(),
            Type::Array(items) => list_of(&self.type_of(items)),
            Type::Map(values) => format!("Record<string, {}>", self.type_of(values)),
            Type::Optional { inner, .. } => format!("{} | null", self.type_of(inner)),
            Type::Named { id, .. } => self.name(*id),
        }
    }
}

/// The shape that all events of rooms share, once in a file.
fn room_event(file: &mut TsFile) {
    if file.has("export interface RoomEvent<") {
        return;
    }
    file.doc("", "An event as a room gets it.")
        .line("export interface RoomEvent<Type extends string, Payload> {")
        .line("  room: string;\n  /** Opaque; good for joining, and for reads. */\n  cursor: string;\n  type: Type;\n  id: string;")
        .line("  /** When it happened, RFC 3339. */\n  time: string;\n  key: string;")
        .line("  /** Its place in the history of its aggregate, from 1. */\n  sequence: number;\n  payload: Payload;")
        .line("}\n");
}

/// What a field's comment says. The unit is that of Avro's number, which a value with a meaning is not in JSON.
fn said(field: &Field) -> String {
    if matches!(field.ty, Type::Int | Type::Long | Type::Float | Type::Double) {
        return docs::of_field(field);
    }
    docs::of_field(&Field { unit: None, ..field.clone() })
}

/// Names that the file has for itself.
const OWN: [&str; 16] = [
    "Applied",
    "CallOptions",
    "CommandOptions",
    "ConditionalOptions",
    "JoinOptions",
    "Message",
    "Operations",
    "Problem",
    "ReadOptions",
    "Rejections",
    "RoomEvent",
    "SendOptions",
    "SocketOperations",
    "Sockets",
    "Streams",
    "Unawaited",
];
