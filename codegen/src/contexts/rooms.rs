//! Rooms: one kind for each template that events are sent to, and the views whose rows they show first.

use crate::attribute::{DeclaredLoad, list};
use crate::ir::{
    Context, Event, Field, KeyedPart, Load, Logical, Origin, Room, RoomPart, RoomType, Type, View,
};
use crate::problem::{Problem, Problems};
use crate::types::{self, Types};
use crate::{names, rules};

/// What stands in the messages that show rows beside the rows themselves.
const RESERVED: [&str; 5] = ["room", "cursor", "reason", "part", "parts"];

/// Builds the rooms of a context.
pub(super) fn build(
    events: &[Event],
    views: &[View],
    types: &Types,
    problems: &mut Problems,
) -> Vec<RoomType> {
    let mut rooms: Vec<RoomType> = Vec::new();
    for (index, event) in events.iter().enumerate() {
        let Some(room) = &event.broadcast else { continue };
        let Some(parts) = keyed(event, room, types, problems) else { continue };
        match rooms.iter_mut().find(|known| known.template == room.template) {
            Some(known) => known.events.push(index),
            None => rooms.push(RoomType {
                template: room.template.clone(),
                rust: String::new(),
                parts,
                events: vec![index],
                loads: Vec::new(),
            }),
        }
    }
    rooms.sort_by(|one, other| one.template.cmp(&other.template));
    for index in 0..rooms.len() {
        let name = constant(lead(&rooms[index]));
        let same = rooms[..index].iter().filter(|room| constant(lead(room)) == name).count();
        rooms[index].rust = if same == 0 { name } else { format!("{name}_{}", same + 1) };
    }
    for (index, view) in views.iter().enumerate() {
        if let Some(declared) = &types.attributes[&view.id].load {
            load(index, view, declared, &mut rooms, types, problems);
        }
    }
    for room in &mut rooms {
        room.loads.sort_by(|one, other| one.name.cmp(&other.name));
    }
    rooms
}

/// Checks that a room's name tells which room it is.
pub(super) fn check_names(contexts: &[Context], types: &Types, problems: &mut Problems) {
    let rooms: Vec<(&Context, &RoomType)> = contexts
        .iter()
        .flat_map(|context| context.rooms.iter().map(move |room| (context, room)))
        .collect();
    let at = |(context, room): (&Context, &RoomType)| -> Origin {
        let id = context.events[room.events[0]].id;
        types.attributes[&id]
            .broadcast
            .as_ref()
            .map_or_else(|| types.head(id), |template| template.origin.clone())
    };
    for (index, one) in rooms.iter().enumerate() {
        let text = lead(one.1);
        if text.is_empty() {
            let message =
                format!("expected a room's name to begin with a text, found `{}`", one.1.template);
            problems.push(Problem::new(&rules::ROOM_NAME, &at(*one), message));
            continue;
        }
        for other in &rooms[..index] {
            let known = lead(other.1);
            if !known.is_empty() && (text.starts_with(known) || known.starts_with(text)) {
                let message = format!(
                    "expected the name to begin with a text of its own, found `{text}`, and `{known}` of `{}`",
                    other.1.template
                );
                let problem = Problem::new(&rules::ROOM_NAME, &at(*one), message);
                problems.push(problem.related(&at(*other), format!("`{}`", other.1.template)));
            }
        }
    }
}

/// The text that a room's name begins with.
fn lead(room: &RoomType) -> &str {
    match room.parts.first() {
        Some(KeyedPart::Text(text)) => text,
        Some(KeyedPart::Key { .. }) | None => "",
    }
}

/// `show:` is `SHOW`.
fn constant(text: &str) -> String {
    let word: String = text
        .chars()
        .map(|found| if found.is_ascii_alphanumeric() { found.to_ascii_uppercase() } else { '_' })
        .collect();
    let word = word.trim_matches('_');
    match word.chars().next() {
        None => "ROOM".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("ROOM_{word}"),
        Some(_) => word.to_owned(),
    }
}

/// The room's parts in terms of the event's key; `None` where they are not the key.
fn keyed(
    event: &Event,
    room: &Room,
    types: &Types,
    problems: &mut Problems,
) -> Option<Vec<KeyedPart>> {
    let fields = types.fields(event.id);
    let mut holes: Vec<usize> = Vec::new();
    let mut parts = Vec::new();
    for part in &room.parts {
        match part {
            RoomPart::Text(text) => parts.push(KeyedPart::Text(text.clone())),
            RoomPart::Field(field) => {
                holes.push(*field);
                let index = event.key.iter().position(|key| key == field).unwrap_or(usize::MAX);
                parts.push(KeyedPart::Key { index, is_uuid: fields[*field].ty != Type::String });
            }
        }
    }
    let (mut found, mut expected) = (holes.clone(), event.key.clone());
    found.sort_unstable();
    expected.sort_unstable();
    if found == expected {
        return Some(parts);
    }
    // A hole that is no field has its own problem.
    if room.template.matches('{').count() == holes.len() {
        let names = |indexes: &[usize]| {
            list(&indexes.iter().map(|index| &fields[*index].name).collect::<Vec<_>>())
        };
        let message = format!(
            "expected the holes of the room to be the event's key, {}, found {}",
            names(&event.key),
            names(&holes)
        );
        let at = types.attributes[&event.id].broadcast.as_ref()?;
        problems.push(Problem::new(&rules::ROOM_KEY, &at.origin, message));
    }
    None
}

fn load(
    index: usize,
    view: &View,
    declared: &DeclaredLoad,
    rooms: &mut [RoomType],
    types: &Types,
    problems: &mut Problems,
) {
    let context = &types.def(view.id).namespace;
    let templates: Vec<String> = rooms.iter().map(|room| room.template.clone()).collect();
    let Some(room) = rooms.iter_mut().find(|room| room.template == declared.room.value) else {
        let message = format!(
            "expected a room that events of `{context}` are sent to, found `{}`",
            declared.room.value
        );
        let help = match templates.as_slice() {
            [] => "no event of the context is broadcast".to_owned(),
            some => format!("its rooms are {}", list(some)),
        };
        let problem = Problem::new(&rules::LOAD_ROOM, &declared.room.origin, message);
        problems.push(problem.help(help));
        return;
    };
    if view.from.iter().any(|from| from != context) {
        let message =
            format!("expected the view to fold `{context}` alone, found {}", list(&view.from));
        problems.push(Problem::new(&rules::LOAD_ROOM, &declared.room.origin, message));
        return;
    }
    let Some(key) = rows(view, room, types) else {
        let holes = holes(&room.template);
        let message = format!(
            "expected {} to lead the view's key or one of its indexes, with the types that the events have",
            list(&holes)
        );
        problems.push(Problem::new(&rules::LOAD_ROWS, &declared.room.origin, message));
        return;
    };
    let name = &declared.name.value;
    let is_taken =
        room.loads.iter().any(|load| load.name == *name) || RESERVED.contains(&name.as_str());
    if is_taken || !names::is_lower_camel(name) {
        let found = if is_taken { "a name that is taken" } else { "another one" };
        let message =
            format!("expected a lowerCamel name of its own in the room, found {found}: `{name}`");
        problems.push(Problem::new(&rules::LOAD_NAME, &declared.name.origin, message));
        return;
    }
    room.loads.push(Load { name: name.clone(), view: index, key, is_live: declared.updates });
}

/// The names of a template's holes, in order.
fn holes(template: &str) -> Vec<&str> {
    template
        .split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(hole, _)| hole)
        .collect()
}

/// The fields of the view that the room's rows are found by, in the order of the aggregate's key.
fn rows(view: &View, room: &RoomType, types: &Types) -> Option<Vec<usize>> {
    let fields = types.fields(view.id);
    let keyed = room.parts.iter().filter_map(|part| match part {
        KeyedPart::Key { index, is_uuid } => Some((*index, *is_uuid)),
        KeyedPart::Text(_) => None,
    });
    let mut found: Vec<(usize, usize)> = keyed
        .zip(holes(&room.template))
        .map(|((place, is_uuid), hole)| {
            let (index, field) = types::field(fields, hole)?;
            is_of(field, is_uuid).then_some((place, index))
        })
        .collect::<Option<_>>()?;
    found.sort_unstable();
    let key: Vec<usize> = found.into_iter().map(|(_, index)| index).collect();
    let leads = |order: &[usize]| {
        order.len() >= key.len() && order[..key.len()].iter().all(|field| key.contains(field))
    };
    let is_found = leads(&view.key) || view.indexes.iter().any(|index| leads(index));
    is_found.then_some(key)
}

fn is_of(field: &Field, is_uuid: bool) -> bool {
    match &field.ty {
        Type::String => !is_uuid,
        Type::Logical(Logical::Uuid { .. }) => is_uuid,
        Type::Null
        | Type::Boolean
        | Type::Int
        | Type::Long
        | Type::Float
        | Type::Double
        | Type::Bytes
        | Type::Logical(_)
        | Type::Array(_)
        | Type::Map(_)
        | Type::Optional { .. }
        | Type::Named { .. } => false,
    }
}
