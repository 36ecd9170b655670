//! Contexts: the messages, rejections, deadlines and views that the attribute `charter` declares.

mod deadlines;
mod keys;
mod messages;
mod names;
mod place;
mod rejections;
mod rooms;
mod views;

use std::collections::BTreeSet;

use crate::ir::{Context, Role, TypeId};
use crate::problem::{Problem, Problems};
use crate::types::{METADATA, Parsed, SHARED, Types};
use crate::{names as casing, rules};

/// Builds the contexts: one for each namespace that has a message or a view. `version` is that of the contracts.
pub(crate) fn build(
    parsed: &Parsed,
    types: &Types,
    version: u32,
    problems: &mut Problems,
) -> Vec<Context> {
    place::check(types, problems);
    names::check(types, problems);
    let namespaces: BTreeSet<&str> = types
        .defs
        .iter()
        .filter(|def| def.role != Role::Type && def.namespace != SHARED)
        .map(|def| def.namespace.as_str())
        .collect();
    let mut contexts: Vec<Context> = namespaces
        .into_iter()
        .map(|namespace| context((namespace, version), parsed, types, problems))
        .collect();
    messages::check_wire_types(&contexts, types, problems);
    views::check_sources(&contexts, types, problems);
    views::check_held(types, problems);
    rooms::check_names(&contexts, types, problems);
    if types.find(METADATA).is_none() && !types.is_broken(METADATA) {
        let first = contexts.iter().flat_map(|context| {
            let commands = context.commands.iter().map(|command| command.id);
            commands.chain(context.events.iter().map(|event| event.id))
        });
        if let Some(id) = first.min() {
            let message = format!(
                "expected the record `{METADATA}`, which every message travels with, found none"
            );
            problems.push(Problem::new(&rules::METADATA_MISSING, &types.head(id), message));
        }
    }
    contexts.sort_by(|a, b| a.name.cmp(&b.name));
    contexts
}

fn context(
    (name, version): (&str, u32),
    parsed: &Parsed,
    types: &Types,
    problems: &mut Problems,
) -> Context {
    let of_role = |role: Role| -> Vec<TypeId> {
        types
            .all()
            .filter(|id| types.def(*id).namespace == name && types.def(*id).role == role)
            .collect()
    };
    let named = |role: Role| -> Vec<TypeId> {
        of_role(role)
            .into_iter()
            .filter(|id| types.attributes.contains_key(id) && types.record(*id).is_some())
            .collect()
    };
    let rejections = rejections::collect(&named(Role::Command), types, problems);
    let commands = messages::commands(&named(Role::Command), &rejections, parsed, types, problems);
    let mut events = messages::events(&named(Role::Event), parsed, types, problems);
    deadlines::attach(&commands, &mut events, types, problems);
    keys::check_same(&commands, &events, types, problems);
    let views = views::build(&named(Role::View), types, problems);
    let rooms = rooms::build(&events, &views, types, problems);
    let package = format!("contract-{}", casing::column(name).replace('_', "-"));
    Context {
        name: name.to_owned(),
        rust: casing::upper(name),
        krate: package.replace('-', "_"),
        package,
        version,
        types: of_role(Role::Type),
        views,
        rooms,
        commands,
        events,
        rejections,
    }
}
