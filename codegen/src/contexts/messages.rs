//! Commands and events.

use std::collections::BTreeMap;

use super::keys;
use crate::ir::{
    Command, Context, Envelope, Event, Logical, Origin, Rejection, Room, RoomPart, Type, TypeId,
};
use crate::names;
use crate::problem::{Problem, Problems};
use crate::rules;
use crate::types::{self, Parsed, Types};

/// Builds the commands of a context.
pub(super) fn commands(
    ids: &[TypeId],
    rejections: &[Rejection],
    parsed: &Parsed,
    types: &Types,
    problems: &mut Problems,
) -> Vec<Command> {
    ids.iter()
        .map(|id| {
            let declared = &types.attributes[id].rejections;
            let position =
                |code: &str| rejections.iter().position(|rejection| rejection.code == code);
            let mut declared: Vec<usize> =
                declared.iter().filter_map(|rejection| position(&rejection.code.value)).collect();
            declared.sort_unstable();
            Command {
                id: *id,
                wire_type: wire_type(*id, types, problems),
                key: keys::resolve(*id, types, problems),
                rejections: declared,
                socket: types.attributes[id].socket,
                from: types.attributes[id].from.iter().map(|from| from.value.clone()).collect(),
                envelope: envelope(*id, parsed, types),
                variant: types.def(*id).rust.name.clone(),
            }
        })
        .collect()
}

/// Builds the events of a context, without deadlines.
pub(super) fn events(
    ids: &[TypeId],
    parsed: &Parsed,
    types: &Types,
    problems: &mut Problems,
) -> Vec<Event> {
    ids.iter()
        .map(|id| Event {
            id: *id,
            wire_type: wire_type(*id, types, problems),
            key: keys::resolve(*id, types, problems),
            broadcast: room(*id, types, problems),
            deadlines: Vec::new(),
            envelope: envelope(*id, parsed, types),
            variant: types.def(*id).rust.name.clone(),
        })
        .collect()
}

/// Two messages, of whatever contexts, never share a name on the wire.
pub(super) fn check_wire_types(contexts: &[Context], types: &Types, problems: &mut Problems) {
    let mut seen: BTreeMap<&str, TypeId> = BTreeMap::new();
    let messages = contexts.iter().flat_map(|context| {
        let commands =
            context.commands.iter().map(|command| (command.id, command.wire_type.as_str()));
        commands.chain(context.events.iter().map(|event| (event.id, event.wire_type.as_str())))
    });
    for (id, wire_type) in messages {
        if let Some(other) = seen.insert(wire_type, id) {
            let other_name = &types.def(other).full_name;
            let message = format!(
                "expected a name on the wire of its own, found `{wire_type}` of `{other_name}`"
            );
            let problem =
                Problem::new(&rules::WIRE_TYPE_REPEATED, &wire_type_at(id, types), message);
            problems.push(
                problem.related(&wire_type_at(other, types), format!("`{other_name}` has it too")),
            );
        }
    }
}

fn wire_type_at(id: TypeId, types: &Types) -> Origin {
    let declared = types.attributes[&id].wire_type.as_ref();
    declared.map_or_else(|| types.head(id), |declared| declared.origin.clone())
}

fn wire_type(id: TypeId, types: &Types, problems: &mut Problems) -> String {
    let def = types.def(id);
    let Some(declared) = &types.attributes[&id].wire_type else {
        return format!("{}.{}", def.namespace, names::lower_first(&def.name));
    };
    let local = declared.value.strip_prefix(&def.namespace).and_then(|rest| rest.strip_prefix('.'));
    if !local.is_some_and(names::is_lower_camel) {
        let message = format!(
            "expected a name on the wire like `{}.{}`, found `{}`",
            def.namespace,
            names::lower_first(&def.name),
            declared.value
        );
        problems.push(Problem::new(&rules::WIRE_TYPE_FORM, &declared.origin, message));
    }
    declared.value.clone()
}

fn envelope(id: TypeId, parsed: &Parsed, types: &Types) -> Envelope {
    let full_name = format!("{}Envelope", types.def(id).full_name);
    Envelope { schema: parsed.schema_text(&full_name), full_name }
}

fn room(id: TypeId, types: &Types, problems: &mut Problems) -> Option<Room> {
    let template = types.attributes[&id].broadcast.as_ref()?;
    let mut parts = Vec::new();
    let mut rest = template.value.as_str();
    while let Some((text, behind)) = rest.split_once('{') {
        let (hole, behind) = behind.split_once('}').unwrap_or((behind, ""));
        if !text.is_empty() {
            parts.push(RoomPart::Text(text.to_owned()));
        }
        let field = types::field(types.fields(id), hole);
        match field {
            Some((index, field)) if is_room_type(&field.ty) && !field.private => {
                parts.push(RoomPart::Field(index));
            }
            Some(_) | None => {
                let found = match field {
                    Some((_, field)) if field.private => "a private field".to_owned(),
                    Some((_, field)) => types.describe(&field.ty),
                    None => "no such field".to_owned(),
                };
                let message = format!(
                    "expected `{{{hole}}}` to be a string field that all may see, found {found}"
                );
                problems.push(Problem::new(&rules::BROADCAST_UNKNOWN, &template.origin, message));
            }
        }
        rest = behind;
    }
    if !rest.is_empty() {
        parts.push(RoomPart::Text(rest.to_owned()));
    }
    Some(Room { template: template.value.clone(), parts })
}

fn is_room_type(ty: &Type) -> bool {
    matches!(ty, Type::String | Type::Logical(Logical::Uuid { .. }))
}
