//! Deadlines: declared on the command that is sent, kept with the event that sets them.

use super::keys;
use crate::attribute::DeclaredDeadline;
use crate::ir::{Command, Deadline, DeadlineField, Event, Logical, Type, TypeId};
use crate::problem::{Problem, Problems};
use crate::rules;
use crate::types::{self, Types};

/// Gives each event the deadlines that it sets, in the order of their commands.
pub(super) fn attach(
    commands: &[Command],
    events: &mut [Event],
    types: &Types,
    problems: &mut Problems,
) {
    for (index, command) in commands.iter().enumerate() {
        let Some(declared) = &types.attributes[&command.id].deadline else { continue };
        let set = &declared.set;
        let event = events.iter_mut().find(|event| types.def(event.id).full_name == set.value);
        let Some(event) = event else {
            if !types.is_broken(&set.value) {
                let message = format!(
                    "expected `set` to name an event of this context, found `{}`",
                    set.value
                );
                problems.push(Problem::new(&rules::DEADLINE_EVENT, &set.origin, message));
            }
            continue;
        };
        if let Some(deadline) = resolve(index, command.id, event.id, declared, types, problems) {
            event.deadlines.push(deadline);
        }
    }
}

fn resolve(
    index: usize,
    command: TypeId,
    event: TypeId,
    declared: &DeclaredDeadline,
    types: &Types,
    problems: &mut Problems,
) -> Option<Deadline> {
    let before = problems.errors();
    let event_name = &types.def(event).full_name;
    let timestamp = Type::Logical(Logical::TimestampMicros);
    let at = types::field(types.fields(event), &declared.at.value);
    let at = at.filter(|(_, field)| *types::inner(&field.ty) == timestamp);
    if at.is_none() {
        let found = &declared.at.value;
        let message = format!(
            "expected `at` to name a timestamp-micros field of `{event_name}`, found `{found}`"
        );
        problems.push(Problem::new(&rules::DEADLINE_AT, &declared.at.origin, message));
    }
    keys::fields(command, &declared.copy, &rules::DEADLINE_COPY, "copy", types, problems);
    let mut fields = Vec::new();
    for field in types.fields(command) {
        let copied = declared.copy.iter().find(|name| name.value == field.name);
        let source = types::field(types.fields(event), &field.name);
        match (copied, source, &field.default) {
            (Some(_), Some((source, of_event)), _) if of_event.ty == field.ty => {
                fields.push(DeadlineField::Copy(source));
            }
            (Some(name), source, _) => {
                let found = source.map_or_else(
                    || "no such field".to_owned(),
                    |(_, field)| types.describe(&field.ty),
                );
                let expected = types.describe(&field.ty);
                let message = format!(
                    "expected `{}` of `{event_name}` to be {expected} too, found {found}",
                    field.name
                );
                let problem = Problem::new(&rules::DEADLINE_COPY, &name.origin, message);
                problems.push(problem.related(
                    &field.origin,
                    format!("the command's `{}` is {expected}", field.name),
                ));
            }
            (None, _, Some(default)) => fields.push(DeadlineField::Default(default.clone())),
            (None, _, None) => {
                let message = format!(
                    "expected `{}` to be copied or to have a default, found neither",
                    field.name
                );
                let problem = Problem::new(&rules::DEADLINE_FIELD, &declared.origin, message);
                problems.push(
                    problem.related(&field.origin, format!("`{}` has no default", field.name)),
                );
            }
        }
    }
    let (at, field) = at?;
    let at_optional = matches!(field.ty, Type::Optional { .. });
    (problems.errors() == before).then_some(Deadline { command: index, at, at_optional, fields })
}
