//! Defaults: JSON in a form of their own, where a union's value stands bare (Avro specification, "Complex Types", Records).

use std::collections::HashSet;

use super::record::{in_branch, null_branch};
use super::{MAX_LEVELS, Value, ValueError};
use crate::schema::{Checker, Kind, NodeId, Schema};
use crate::source::Tree;

/// The value that `tree`, a default that the parser has accepted for the node `id`, stands for.
pub(super) fn read(schema: &Schema, id: NodeId, tree: &Tree) -> Result<Value, ValueError> {
    let holes = HashSet::new();
    Defaults { schema, checker: Checker::of_reader(schema.nodes(), &holes), level: 0 }
        .read(id, tree)
}

struct Defaults<'s> {
    schema: &'s Schema,
    checker: Checker<'s>,
    level: usize,
}

impl Defaults<'_> {
    fn read(&mut self, id: NodeId, tree: &Tree) -> Result<Value, ValueError> {
        if self.level == MAX_LEVELS {
            return Err(ValueError::too_deep());
        }
        self.level += 1;
        let value = self.value(id, tree)?;
        self.level -= 1;
        Ok(value)
    }

    fn value(&mut self, id: NodeId, tree: &Tree) -> Result<Value, ValueError> {
        let schema = self.schema;
        let found = match &schema.node(id).kind {
            Kind::Null => tree.is_null().then_some(Value::Null),
            Kind::Boolean => tree.as_bool().map(Value::Boolean),
            Kind::Int => {
                tree.as_i64().and_then(|number| i32::try_from(number).ok()).map(Value::Int)
            }
            Kind::Long => tree.as_i64().map(Value::Long),
            // Through text, so that a float is rounded once and not by way of a double.
            Kind::Float => floating(tree).and_then(|text| text.parse().ok()).map(Value::Float),
            Kind::Double => floating(tree).and_then(|text| text.parse().ok()).map(Value::Double),
            Kind::Bytes => tree.as_str().and_then(bytes).map(Value::Bytes),
            Kind::Fixed(_) => tree.as_str().and_then(bytes).map(Value::Fixed),
            Kind::String => tree.as_str().map(|text| Value::String(text.to_owned())),
            Kind::Enum(_) => tree.as_str().map(|text| Value::Enum(text.to_owned())),
            Kind::Array { items } => {
                let values = tree.as_array().unwrap_or_default().iter();
                Some(Value::Array(
                    values.map(|value| self.read(*items, value)).collect::<Result<_, _>>()?,
                ))
            }
            Kind::Map { values } => {
                let mut entries = Vec::new();
                for member in tree.as_object().unwrap_or_default() {
                    entries.push((member.key.clone(), self.read(*values, &member.value)?));
                }
                Some(Value::Map(entries))
            }
            Kind::Union { branches } => {
                let fitting =
                    branches.iter().position(|branch| self.checker.check(*branch, tree).is_ok());
                match fitting.or_else(|| null_branch(schema, branches)) {
                    Some(index) => Some(in_branch(index, self.read(branches[index], tree)?)),
                    None => None,
                }
            }
            Kind::Record(record) => {
                let mut fields = Vec::with_capacity(record.fields.len());
                for field in &record.fields {
                    let tree = tree.get(&field.name).or(field.default.as_ref());
                    let tree = tree.ok_or_else(|| {
                        ValueError::new(format!("expected a field `{}`, found none", field.name))
                    })?;
                    fields.push((field.name.clone(), self.read(field.schema, tree)?));
                }
                Some(Value::Record(fields))
            }
        };
        found.ok_or_else(|| {
            ValueError::expected(&super::record::described(&schema.node(id).kind), tree.describe())
        })
    }
}

/// The text of a number; Avro Java also takes one in a string, such as `"NaN"`.
fn floating(tree: &Tree) -> Option<&str> {
    tree.as_number().map(crate::source::Number::as_str).or(tree.as_str())
}

/// One byte for each character.
pub(super) fn bytes(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|character| u8::try_from(u32::from(character)).ok()).collect()
}
