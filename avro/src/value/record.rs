//! Pieces that reading and writing share.

use super::{Value, ValueError};
use crate::schema::{Field, Kind, NodeId, Record, Schema};

/// The fields of `record` in its order, each with its value. Names decide, not places.
pub(super) fn matched<'r>(
    record: &'r Record,
    fields: &'r [(String, Value)],
) -> Result<Vec<(&'r Field, &'r Value)>, ValueError> {
    let alike = record.fields.iter().zip(fields).all(|(field, (name, _))| field.name == *name);
    if alike && record.fields.len() == fields.len() {
        return Ok(record.fields.iter().zip(fields.iter().map(|(_, value)| value)).collect());
    }
    if let Some((name, _)) =
        fields.iter().find(|(name, _)| !record.fields.iter().any(|field| field.name == *name))
    {
        return Err(ValueError::new(format!(
            "expected fields of `{}`, found `{name}`",
            record.name
        )));
    }
    let mut pairs = Vec::with_capacity(record.fields.len());
    for field in &record.fields {
        let mut found =
            fields.iter().filter(|(name, _)| field.name == *name).map(|(_, value)| value);
        match (found.next(), found.next()) {
            (Some(value), None) => pairs.push((field, value)),
            (None, _) => {
                return Err(ValueError::new(format!(
                    "expected a field `{}`, found none",
                    field.name
                )));
            }
            (Some(_), Some(_)) => {
                return Err(ValueError::new(format!(
                    "expected one field `{}`, found two",
                    field.name
                )));
            }
        }
    }
    Ok(pairs)
}

/// What a type expects, for messages: `an int`, `a record seat.Show`, …
pub(super) fn described(kind: &Kind) -> String {
    let name = kind.type_name();
    let article =
        if matches!(kind, Kind::Int | Kind::Array { .. } | Kind::Enum(_)) { "an" } else { "a" };
    match kind {
        Kind::Null | Kind::Bytes => name.to_owned(),
        Kind::Fixed(fixed) => format!("{} bytes of fixed `{}`", fixed.size, fixed.name),
        Kind::Boolean
        | Kind::Int
        | Kind::Long
        | Kind::Float
        | Kind::Double
        | Kind::String
        | Kind::Array { .. }
        | Kind::Map { .. }
        | Kind::Union { .. }
        | Kind::Record(_)
        | Kind::Enum(_) => match kind.name() {
            Some(full) => format!("{article} {name} `{full}`"),
            None => format!("{article} {name}"),
        },
    }
}

/// The name under which a union's branch stands in the JSON encoding: the full name, or that of the type.
pub(super) fn branch_name(schema: &Schema, branch: NodeId) -> &str {
    let kind = &schema.node(branch).kind;
    kind.name().map_or(kind.type_name(), crate::schema::FullName::as_str)
}

/// The one branch that is not null, if there is just one: such unions are bare in the plain form.
pub(super) fn bare_branch(schema: &Schema, branches: &[NodeId]) -> Option<usize> {
    let mut others = branches
        .iter()
        .enumerate()
        .filter(|(_, branch)| !matches!(schema.node(**branch).kind, Kind::Null));
    match (others.next(), others.next()) {
        (Some((index, _)), None) => Some(index),
        _ => None,
    }
}

/// The null branch, if there is one.
pub(super) fn null_branch(schema: &Schema, branches: &[NodeId]) -> Option<usize> {
    branches.iter().position(|branch| matches!(schema.node(*branch).kind, Kind::Null))
}

/// A value in the branch with this index.
pub(super) fn in_branch(index: usize, value: Value) -> Value {
    Value::Union(u32::try_from(index).unwrap_or(u32::MAX), Box::new(value))
}
