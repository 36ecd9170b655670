//! Keys: the fields that name an aggregate or a row.

use crate::attribute::Spanned;
use crate::ir::{Command, Event, Shape, Type, TypeId};
use crate::problem::{Problem, Problems};
use crate::rules;
use crate::types::{self, Types};

/// The indexes of the key fields of a message or view.
pub(super) fn resolve(id: TypeId, types: &Types, problems: &mut Problems) -> Vec<usize> {
    let attribute = &types.attributes[&id];
    if !attribute.has_key {
        let message = format!("expected `{}` to have a `key`, found none", types.def(id).full_name);
        let at = attribute.kind.as_ref().map_or_else(|| types.head(id), |kind| kind.origin.clone());
        problems.push(Problem::new(&rules::KEY_MISSING, &at, message));
    }
    let key = fields(id, &attribute.key, &rules::KEY_UNKNOWN, "key", types, problems);
    for (index, name) in key.iter().zip(&attribute.key) {
        let field = &types.fields(id)[*index];
        if !is_key_type(&field.ty, types) {
            let found = types.describe(&field.ty);
            let message = format!(
                "expected the key field `{}` to be a plain value, found {found}",
                field.name
            );
            let problem = Problem::new(&rules::KEY_TYPE, &name.origin, message);
            problems.push(problem.related(&field.origin, format!("`{}` is {found}", field.name)));
        }
    }
    key
}

/// The indexes of the fields that an attribute names; a breach of `rule` for each that is none, and for
/// each that comes twice.
pub(super) fn fields(
    id: TypeId,
    names: &[Spanned<String>],
    rule: &'static rules::Rule,
    attribute: &str,
    types: &Types,
    problems: &mut Problems,
) -> Vec<usize> {
    let mut found = Vec::new();
    for name in names {
        let field = types::field(types.fields(id), &name.value);
        match field {
            Some((index, _)) if !found.contains(&index) => found.push(index),
            Some(_) => {
                let message = format!(
                    "expected each field once in `{attribute}`, found `{}` twice",
                    name.value
                );
                problems.push(Problem::new(rule, &name.origin, message));
            }
            None => {
                let record = &types.def(id).full_name;
                let message = format!(
                    "expected `{attribute}` to name a field of `{record}`, found `{}`",
                    name.value
                );
                let known: Vec<_> = types.fields(id).iter().map(|field| &field.name).collect();
                let help = format!("its fields are {}", crate::attribute::list(&known));
                problems.push(Problem::new(rule, &name.origin, message).help(help));
            }
        }
    }
    found
}

/// Whether values of `ty` can name something: they have one text form each, and an order.
pub(super) fn is_key_type(ty: &Type, types: &Types) -> bool {
    match ty {
        Type::String | Type::Int | Type::Long => true,
        Type::Logical(logical) => {
            matches!(logical, crate::ir::Logical::Uuid { .. } | crate::ir::Logical::Date)
        }
        Type::Named { id, .. } => matches!(types.def(*id).shape, Shape::Enum(_)),
        Type::Null
        | Type::Boolean
        | Type::Float
        | Type::Double
        | Type::Bytes
        | Type::Array(_)
        | Type::Map(_)
        | Type::Optional { .. } => false,
    }
}

/// All messages of a context are about one aggregate kind, and so have keys of the same types.
pub(super) fn check_same(
    commands: &[Command],
    events: &[Event],
    types: &Types,
    problems: &mut Problems,
) {
    let key_types = |id: TypeId, key: &[usize]| -> Vec<String> {
        key.iter().map(|index| types.describe(&types.fields(id)[*index].ty)).collect()
    };
    let mut messages = events
        .iter()
        .map(|event| (event.id, &event.key))
        .chain(commands.iter().map(|command| (command.id, &command.key)));
    let Some((first, first_key)) = messages.find(|(_, key)| !key.is_empty()) else { return };
    let expected = key_types(first, first_key);
    for (id, key) in messages.filter(|(_, key)| !key.is_empty()) {
        let found = key_types(id, key);
        if found != expected {
            let (expected, found) = (expected.join(", "), found.join(", "));
            let message = format!(
                "expected a key of {expected} as all messages of the context have, found {found}"
            );
            let at = types.attributes[&id]
                .key
                .first()
                .map_or_else(|| types.head(id), |name| name.origin.clone());
            let first_at = types.attributes[&first]
                .key
                .first()
                .map_or_else(|| types.head(first), |name| name.origin.clone());
            let problem = Problem::new(&rules::KEY_DIFFERS, &at, message);
            problems.push(
                problem
                    .related(&first_at, format!("`{}` has this key", types.def(first).full_name)),
            );
        }
    }
}
