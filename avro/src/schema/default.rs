//! Whether a JSON value can be the default of a type (Avro specification, "Complex Types", Records).

use std::collections::HashSet;

use super::named::listed;
use super::parse::Strictness;
use super::{Kind, Node, NodeId};
use crate::source::{Span, Tree};

/// Why a value does not fit a type.
#[derive(Debug)]
pub(crate) struct Fit {
    pub(super) rule: &'static str,
    pub(super) message: String,
    pub(super) span: Span,
    pub(super) help: Option<String>,
}

/// Whether `value` fits the node `id`. A default of a union is one of the first branch in a contract; a reader takes any
/// branch, as Avro 1.12 does.
pub(super) fn check(
    nodes: &[Node],
    holes: &HashSet<NodeId>,
    id: NodeId,
    value: &Tree,
    strictness: Strictness,
) -> Result<(), Fit> {
    Checker { nodes, holes, strictness, refused: HashSet::new() }.check(id, value)
}

/// Judges values of one document; see [`check`].
pub(crate) struct Checker<'a> {
    nodes: &'a [Node],
    holes: &'a HashSet<NodeId>,
    strictness: Strictness,
    /// Union branches known not to fit the value that starts at a byte offset. Without it, unions within unions
    /// would be tried again and again, exponentially often.
    refused: HashSet<(NodeId, u32)>,
}

impl<'a> Checker<'a> {
    /// A checker of values that a reader gets to see, in a schema without problems.
    pub(crate) fn of_reader(nodes: &'a [Node], holes: &'a HashSet<NodeId>) -> Self {
        Self { nodes, holes, strictness: Strictness::Reader, refused: HashSet::new() }
    }

    pub(crate) fn check(&mut self, id: NodeId, value: &Tree) -> Result<(), Fit> {
        if self.holes.contains(&id) {
            return Ok(());
        }
        let nodes = self.nodes;
        match &nodes[id.0 as usize].kind {
            Kind::Null => fits(value.is_null(), "null", value),
            Kind::Boolean => fits(value.as_bool().is_some(), "a boolean", value),
            Kind::Int => {
                let found = value.as_i64().is_some_and(|number| i32::try_from(number).is_ok());
                fits(found, "an integer of 32 bits", value)
            }
            Kind::Long => fits(value.as_i64().is_some(), "an integer of 64 bits", value),
            Kind::Float | Kind::Double => fits(self.is_floating(value), "a number", value),
            Kind::Bytes => fits(
                byte_length(value).is_some(),
                "a string of characters up to U+00FF, one a byte",
                value,
            ),
            Kind::String => fits(value.as_str().is_some(), "a string", value),
            Kind::Fixed(fixed) => {
                let expected =
                    format!("a string of {} characters up to U+00FF, one a byte", fixed.size);
                fits(byte_length(value) == Some(fixed.size), &expected, value)
            }
            Kind::Enum(kind) => {
                let known = value
                    .as_str()
                    .is_some_and(|symbol| kind.symbols.iter().any(|known| known == symbol));
                fits(known, &format!("one of the symbols {}", listed(&kind.symbols)), value)
            }
            Kind::Array { items } => match value.as_array() {
                Some(values) => values.iter().try_for_each(|value| self.check(*items, value)),
                None => fits(false, "an array", value),
            },
            Kind::Map { values } => match value.as_object() {
                Some(members) => {
                    members.iter().try_for_each(|member| self.check(*values, &member.value))
                }
                None => fits(false, "an object", value),
            },
            Kind::Union { branches } => self.union(branches, value),
            Kind::Record(record) => {
                if value.as_object().is_none() {
                    return fits(false, "an object", value);
                }
                for field in &record.fields {
                    match value.get(&field.name) {
                        Some(value) => self.check(field.schema, value)?,
                        None if field.default.is_some() => {}
                        None => {
                            return fits(
                                false,
                                &format!("a value for the field `{}`", field.name),
                                value,
                            );
                        }
                    }
                }
                Ok(())
            }
        }
    }

    fn union(&mut self, branches: &[NodeId], value: &Tree) -> Result<(), Fit> {
        let Some((first, others)) = branches.split_first() else {
            return fits(false, "a value of the union, which has no types", value);
        };
        let Err(reason) = self.branch(*first, value) else {
            return Ok(());
        };
        if !others.iter().any(|branch| self.branch(*branch, value).is_ok()) {
            return Err(reason);
        }
        match self.strictness {
            Strictness::Reader => Ok(()),
            Strictness::Contract => Err(Fit {
                rule: "AVRO_DEFAULT_BRANCH",
                message: format!("expected a value of the union's first type, found {}", shown(value)),
                span: value.span,
                help: Some("put the default's type first in the union: readers before Avro 1.12 take no other".to_owned()),
            }),
        }
    }

    fn branch(&mut self, branch: NodeId, value: &Tree) -> Result<(), Fit> {
        let key = (branch, value.span.start);
        if self.refused.contains(&key) {
            return fits(false, "a value of the union", value);
        }
        let result = self.check(branch, value);
        if result.is_err() {
            self.refused.insert(key);
        }
        result
    }

    /// Avro Java also takes a string that reads as a number, such as `"NaN"`.
    fn is_floating(&self, value: &Tree) -> bool {
        let spelled = value.as_str().is_some_and(|text| text.parse::<f64>().is_ok());
        value.as_number().is_some() || (spelled && self.strictness == Strictness::Reader)
    }
}

fn fits(fits: bool, expected: &str, value: &Tree) -> Result<(), Fit> {
    if fits {
        return Ok(());
    }
    let message = format!("expected {expected}, found {}", shown(value));
    Err(Fit { rule: "AVRO_INVALID_DEFAULT", message, span: value.span, help: None })
}

fn shown(value: &Tree) -> String {
    match (value.as_str(), value.as_number()) {
        (Some(text), _) if text.chars().count() <= 40 => {
            format!("`{}`", serde_json::Value::from(text))
        }
        (_, Some(number)) => format!("`{number}`"),
        _ => value.describe().to_owned(),
    }
}

/// How many bytes a default of bytes or fixed stands for: one a character, each up to U+00FF.
fn byte_length(value: &Tree) -> Option<usize> {
    let text = value.as_str()?;
    text.chars().all(|character| u32::from(character) <= 0xff).then(|| text.chars().count())
}
