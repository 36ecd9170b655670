//! Sockets: what they send of a room, and the commands of a context, each with what it is acknowledged with.

use serde_json::{Map, Value as Json, json};

use super::Parts;
use super::rooms::{channel_of, insert, object, text};
use crate::emit::docs;
use crate::ir::{Command, Context, Gateway, Operation, OperationKind, Place};

/// The path of sockets.
const ADDRESS: &str = "/socket.io/";

/// What holds for commands of sockets.
const COMMANDS: &str = "\
What a socket sends over Socket.IO, several at a time. A command is held to the rules of its operation: guard, limits, validation, \
idempotency. It is acknowledged to its sender alone; others see what became of it as events of rooms.";

/// Adds the channel of the commands that sockets may send.
pub(super) fn commands(parts: &mut Parts<'_>, gateway: &Gateway, index: usize, context: &Context) {
    let mut sent = Vec::new();
    for (number, command) in context.commands.iter().enumerate() {
        let is_sent = |operation: &&Operation| match &operation.kind {
            OperationKind::Command(sent) => sent.context == index && sent.command == number,
            OperationKind::Query(_) | OperationKind::Outcome => false,
        };
        let operation = gateway.operations.iter().find(is_sent);
        if let Some(operation) = operation.filter(|_| command.socket) {
            sent.push(message(parts, context, command, operation));
        }
    }
    if sent.is_empty() {
        return;
    }
    let answer = insert(parts, "acknowledged", acknowledged());
    let channel = format!("{}.socket", context.name);
    let all: Vec<String> = sent.iter().chain([&answer]).cloned().collect();
    channel_of(parts, &channel, ADDRESS, COMMANDS, &Map::new(), &all);
    asked(parts, &channel, "Commands that sockets send.", &sent, &answer);
}

/// Adds to a room's channel what lets a socket in and out; gives the keys of the messages.
pub(super) fn membership(parts: &mut Parts<'_>) -> [String; 3] {
    let optional = |about: &str| json!({ "type": "string", "description": about });
    let join = object(
        &[
            ("room", text()),
            (
                "cursor",
                optional("Of the last message that was seen: what came after it comes first."),
            ),
            ("tenant", optional("Whose room it is, for principals of every tenant.")),
        ],
        &["room"],
    );
    let leave = object(&[("room", text())], &["room"]);
    let answer = object(
        &[("ok", json!({ "type": "boolean" })), ("room", text()), ("problem", problem())],
        &["ok", "room"],
    );
    [
        ("event.join", "Join", "Lets a socket into the room.", join),
        ("event.leave", "Leave", "Lets a socket out of the room.", leave),
        (
            "answered",
            "Answered",
            "What joining and leaving are acknowledged with, before the room's first message.",
            answer,
        ),
    ]
    .map(|(name, title, summary, payload)| {
        let message = json!({
            "name": name,
            "title": title,
            "summary": summary,
            "contentType": "application/json",
            "payload": payload,
        });
        insert(parts, name, message)
    })
}

/// Adds the operation of what a socket asks for on a channel, and is acknowledged.
pub(super) fn asked(
    parts: &mut Parts<'_>,
    channel: &str,
    about: &str,
    messages: &[String],
    answer: &str,
) {
    let on_channel =
        |name: &str| json!({ "$ref": format!("#/channels/{channel}/messages/{name}") });
    let made = json!({
        "action": "receive",
        "channel": { "$ref": format!("#/channels/{channel}") },
        "summary": about,
        "messages": messages.iter().map(|name| on_channel(name)).collect::<Vec<_>>(),
        "reply": {
            "channel": { "$ref": format!("#/channels/{channel}") },
            "messages": [on_channel(answer)],
        },
    });
    parts.operations.insert(format!("{channel}.receive"), made);
}

/// A command as a socket sends it.
fn message(
    parts: &mut Parts<'_>,
    context: &Context,
    command: &Command,
    operation: &Operation,
) -> String {
    let def = parts.contracts.type_of(command.id);
    let of_path: Vec<&str> = operation
        .parameters
        .iter()
        .filter(|parameter| parameter.place == Place::Path)
        .map(|parameter| parameter.name.as_str())
        .collect();
    let mut members: Vec<(&str, Json)> = of_path.iter().map(|name| (*name, text())).collect();
    members.push((
        "idempotencyKey",
        json!({ "type": "string", "pattern": "^[A-Za-z0-9_:-]{8,128}$", "description": "As the header `Idempotency-Key`." }),
    ));
    let mut payload = object(&members, &of_path);
    payload["description"] = format!(
        "Path and body of `{}` in `/openapi.json` as one object: `{} {}`.",
        operation.id,
        operation.method.as_str(),
        operation.path
    )
    .into();
    let message = json!({
        "name": command.wire_type,
        "title": def.name,
        "summary": docs::of_type(def),
        "contentType": "application/json",
        "payload": payload,
        "tags": [{ "name": context.name }],
    });
    insert(parts, &command.wire_type, message)
}

fn acknowledged() -> Json {
    json!({
        "name": "acknowledged",
        "title": "Acknowledged",
        "summary": "What a command is acknowledged with.",
        "contentType": "application/json",
        "payload": object(
            &[
                ("commandId", json!({ "type": "string", "format": "uuid" })),
                ("status", json!({
                    "type": "string",
                    "enum": ["APPLIED", "REJECTED", "FAILED", "PENDING", "REFUSED"],
                    "description": "`REFUSED` where it never became a command, or whether it did is not known.",
                })),
                ("cursor", text()),
                ("location", json!({ "type": "string", "description": "Where to ask for the outcome of a command that is `PENDING`." })),
                ("problem", problem()),
            ],
            &["status"],
        ),
    })
}

fn problem() -> Json {
    json!({ "type": "object", "description": "Problem details (RFC 9457), as operations answer with them." })
}
