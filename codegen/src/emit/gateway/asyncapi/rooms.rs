//! Rooms: a channel for each kind of room with what its members get.

use serde_json::{Map, Value as Json, json};

use super::{Parts, sockets};
use crate::emit::docs;
use crate::ir::{
    Context, Event, Field, KeyedPart, Load, Logical, RoomType, Shape, Type, TypeId, View,
};

/// What holds for rooms, said to who joins one.
const DELIVERY: &str = "\
Who joins is shown rows in `initial-load`, then gets every later event once and in order; `cursor` is a position. Who comes back with a \
cursor gets what came after it, on whichever gateway; where that is too much, or the cursor is none of here, another `initial-load` \
says so in `reason`. Who reads too slowly is sent `dropped` with a code, and comes back with the last cursor. As server-sent events: \
`GET /v1/streams/{room}`, where an event's id is its cursor and `Last-Event-ID` goes on from there. Over Socket.IO: `event.join` and \
`event.leave` on a socket of `/socket.io/`, where a message's name is the event's; credentials are `auth: {key}` or `auth: {token}`.";

/// Adds the channels of a context's rooms.
pub(super) fn add(parts: &mut Parts<'_>, context: &Context) {
    for room in &context.rooms {
        self::room(parts, context, room);
    }
}

fn room(parts: &mut Parts<'_>, context: &Context, room: &RoomType) {
    let mut messages = vec![load(parts, context, room)];
    for event in &room.events {
        messages.push(self::event(parts, context, &context.events[*event]));
    }
    for load in room.loads.iter().filter(|load| load.is_live) {
        messages.push(updated(parts, context, load));
    }
    messages.push(insert(
        parts,
        "dropped",
        json!({
            "name": "dropped",
            "title": "Dropped",
            "summary": "Nothing more comes.",
            "contentType": "application/json",
            "payload": object(&[
                ("room", text()),
                ("code", json!({ "type": "string", "enum": ["SLOW_READER", "SHUTTING_DOWN", "UNAVAILABLE", "UNAUTHENTICATED"] })),
                ("detail", text()),
            ], &["room", "code", "detail"]),
        }),
    ));
    let holes = room.template.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
    let parameters: Map<String, Json> = holes
        .map(|(hole, _)| {
            (hole.to_owned(), json!({ "description": "A value of the aggregate's key." }))
        })
        .collect();
    let word = match room.parts.first() {
        Some(KeyedPart::Text(text)) => {
            text.trim_end_matches(|end: char| !end.is_ascii_alphanumeric())
        }
        Some(KeyedPart::Key { .. }) | None => "",
    };
    let channel = format!("{}.rooms.{word}", context.name);
    let [join, leave, answered] = sockets::membership(parts);
    let asked = [join, leave];
    let all: Vec<String> = messages.iter().chain(&asked).chain([&answered]).cloned().collect();
    channel_of(parts, &channel, &room.template, DELIVERY, &parameters, &all);
    let about = format!("What members of `{}` get.", room.template);
    told(parts, &channel, &about, &messages);
    let about = format!("Joining and leaving `{}` on a socket.", room.template);
    sockets::asked(parts, &channel, &about, &asked, &answered);
}

pub(super) fn channel_of(
    parts: &mut Parts<'_>,
    channel: &str,
    address: &str,
    about: &str,
    parameters: &Map<String, Json>,
    messages: &[String],
) {
    let listed: Map<String, Json> = messages
        .iter()
        .map(|name| (name.clone(), json!({ "$ref": format!("#/components/messages/{name}") })))
        .collect();
    let mut made = json!({ "address": address, "description": about, "messages": listed });
    if !parameters.is_empty() {
        made["parameters"] = parameters.clone().into();
    }
    parts.channels.insert(channel.to_owned(), made);
}

/// Adds the operation of what members are told.
fn told(parts: &mut Parts<'_>, channel: &str, about: &str, messages: &[String]) {
    let on_channel =
        |name: &String| json!({ "$ref": format!("#/channels/{channel}/messages/{name}") });
    let made = json!({
        "action": "send",
        "channel": { "$ref": format!("#/channels/{channel}") },
        "summary": about,
        "messages": messages.iter().map(on_channel).collect::<Vec<_>>(),
    });
    parts.operations.insert(format!("{channel}.send"), made);
}

/// Puts a message beside those of topics; gives its key.
pub(super) fn insert(parts: &mut Parts<'_>, name: &str, message: Json) -> String {
    let key = format!("push.{name}");
    parts.messages.insert(key.clone(), message);
    key
}

fn load(parts: &mut Parts<'_>, context: &Context, room: &RoomType) -> String {
    let mut members = vec![
        ("room", text()),
        ("cursor", text()),
        (
            "reason",
            json!({ "type": "string", "enum": ["JOINED", "CURSOR_TOO_OLD", "CURSOR_UNKNOWN"] }),
        ),
        (
            "part",
            json!({ "type": "integer", "minimum": 1, "description": "Part 1 starts afresh." }),
        ),
        ("parts", json!({ "type": "integer", "minimum": 1 })),
    ];
    for load in &room.loads {
        members.push((&load.name, rows(parts, &context.views[load.view])));
    }
    let message = json!({
        "name": "initial-load",
        "title": "InitialLoad",
        "summary": "The room's rows, of one snapshot.",
        "contentType": "application/json",
        "payload": object(&members, &["room", "cursor", "reason", "part", "parts"]),
        "tags": [{ "name": context.name }],
    });
    insert(parts, &format!("{}.initial-load", context.name), message)
}

fn updated(parts: &mut Parts<'_>, context: &Context, load: &Load) -> String {
    let name = format!("{}-updated", load.name);
    let rows = rows(parts, &context.views[load.view]);
    let message = json!({
        "name": name,
        "title": name,
        "summary": "Rows that have changed, all of them; at most 4 times a second.",
        "contentType": "application/json",
        "payload": object(&[("room", text()), ("cursor", text()), (&load.name, rows)], &["room", "cursor", &load.name]),
        "tags": [{ "name": context.name }],
    });
    insert(parts, &format!("{}.{name}", context.name), message)
}

fn event(parts: &mut Parts<'_>, context: &Context, event: &Event) -> String {
    let def = parts.contracts.type_of(event.id);
    let members = [
        ("room", text()),
        ("cursor", text()),
        ("type", json!({ "type": "string", "const": event.wire_type })),
        ("id", json!({ "type": "string", "format": "uuid" })),
        ("time", json!({ "type": "string", "format": "date-time" })),
        ("key", text()),
        ("sequence", json!({ "type": "integer", "minimum": 1 })),
        ("payload", record(parts, event.id, &mut Vec::new())),
    ];
    let names: Vec<&str> = members.iter().map(|(name, _)| *name).collect();
    let message = json!({
        "name": event.wire_type,
        "title": def.name,
        "summary": docs::of_type(def),
        "contentType": "application/json",
        "payload": object(&members, &names),
        "tags": [{ "name": context.name }],
    });
    insert(parts, &event.wire_type, message)
}

pub(super) fn text() -> Json {
    json!({ "type": "string" })
}

pub(super) fn object(members: &[(&str, Json)], required: &[&str]) -> Json {
    let properties: Map<String, Json> =
        members.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

fn rows(parts: &Parts<'_>, view: &View) -> Json {
    json!({ "type": "array", "items": record(parts, view.id, &mut Vec::new()) })
}

/// The JSON schema of a record without its private fields. What is within itself is any object the second time.
fn record(parts: &Parts<'_>, id: TypeId, within: &mut Vec<TypeId>) -> Json {
    let def = parts.contracts.type_of(id);
    let Shape::Record(record) = &def.shape else { return json!({}) };
    if within.contains(&id) {
        return json!({ "type": "object" });
    }
    within.push(id);
    let shown: Vec<&Field> = record.fields.iter().filter(|field| !field.private).collect();
    let members: Vec<(&str, Json)> = shown
        .iter()
        .map(|field| {
            let mut schema = value(parts, &field.ty, within);
            if let Some(members) = schema.as_object_mut() {
                members.insert("description".to_owned(), docs::of_field(field).into());
            }
            (field.name.as_str(), schema)
        })
        .collect();
    within.pop();
    let names: Vec<&str> = shown.iter().map(|field| field.name.as_str()).collect();
    object(&members, &names)
}

fn value(parts: &Parts<'_>, ty: &Type, within: &mut Vec<TypeId>) -> Json {
    match ty {
        Type::Null => json!({ "type": "null" }),
        Type::Boolean => json!({ "type": "boolean" }),
        Type::Int | Type::Long => json!({ "type": "integer" }),
        Type::Float | Type::Double => json!({ "type": "number" }),
        Type::Bytes | Type::String => text(),
        Type::Logical(logical) => match logical {
            Logical::Uuid { .. } => json!({ "type": "string", "format": "uuid" }),
            Logical::Date => json!({ "type": "string", "format": "date" }),
            Logical::TimestampMillis | Logical::TimestampMicros | Logical::TimestampNanos => {
                json!({ "type": "string", "format": "date-time" })
            }
            Logical::Decimal { .. }
            | Logical::TimeMillis
            | Logical::TimeMicros
            | Logical::LocalTimestampMillis
            | Logical::LocalTimestampMicros
            | Logical::LocalTimestampNanos
            | Logical::Duration => text(),
        },
        Type::Array(items) => json!({ "type": "array", "items": value(parts, items, within) }),
        Type::Map(values) => {
            json!({ "type": "object", "additionalProperties": value(parts, values, within) })
        }
        Type::Optional { inner, .. } => {
            json!({ "oneOf": [value(parts, inner, within), { "type": "null" }] })
        }
        Type::Named { id, .. } => match &parts.contracts.type_of(*id).shape {
            Shape::Record(_) => record(parts, *id, within),
            Shape::Enum(symbols) => {
                let symbols: Vec<_> =
                    symbols.variants.iter().map(|variant| variant.symbol.as_str()).collect();
                json!({ "type": "string", "enum": symbols })
            }
            Shape::Fixed { .. } => text(),
            Shape::Union(_) => json!({}),
        },
    }
}
