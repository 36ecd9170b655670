//! The smallest value of each type of a schema.

use crate::schema::{Kind, Logical, Node, NodeId, Schema};
use crate::value::Value;

/// The largest value that is made: a larger one shows nothing to anyone.
const MOST: u32 = 20_000;

/// How deep records may stand in one another; a message that is deeper is refused as such.
const MOST_LEVELS: u32 = 64;

/// For each node how large its smallest value is: about the number of values in it, itself included. None where it has no
/// finite one, such as a record that holds itself in every value.
#[derive(Debug)]
pub(super) struct Least(Vec<Option<u32>>);

impl Least {
    /// Counts for every node of the schema.
    pub(super) fn new(schema: &Schema) -> Self {
        let nodes = schema.nodes();
        let mut holders: Vec<Vec<u32>> = vec![Vec::new(); nodes.len()];
        let mut waiting: Vec<u32> = Vec::new();
        for (index, node) in (0..).zip(nodes) {
            // An array or a map may be empty, so that what it holds does not count.
            if !matches!(node.kind, Kind::Array { .. } | Kind::Map { .. }) {
                for child in node.kind.children() {
                    holders[child.0 as usize].push(index);
                }
            }
            waiting.push(index);
        }
        let mut least = Self(vec![None; nodes.len()]);
        while let Some(index) = waiting.pop() {
            let counted = least.count(&nodes[index as usize].kind);
            let known = &mut least.0[index as usize];
            if counted.is_some() && known.is_none_or(|known| counted < Some(known)) {
                *known = counted;
                waiting.extend(&holders[index as usize]);
            }
        }
        least
    }

    fn of(&self, id: NodeId) -> Option<u32> {
        self.0[id.0 as usize]
    }

    fn count(&self, kind: &Kind) -> Option<u32> {
        match kind {
            Kind::Record(record) => record
                .fields
                .iter()
                .try_fold(1_u32, |sum, field| Some(sum.saturating_add(self.of(field.schema)?))),
            Kind::Union { branches } => branches.iter().filter_map(|branch| self.of(*branch)).min(),
            Kind::Enum(kind) => (!kind.symbols.is_empty()).then_some(1),
            Kind::Null
            | Kind::Boolean
            | Kind::Int
            | Kind::Long
            | Kind::Float
            | Kind::Double
            | Kind::Bytes
            | Kind::String
            | Kind::Array { .. }
            | Kind::Map { .. } => Some(1),
            Kind::Fixed(fixed) => Some(u32::try_from(fixed.size / 16).unwrap_or(MOST) + 1),
        }
    }

    /// The smallest value of a node: numbers are 0, texts and lists empty, a union is the smallest of its branches. None where
    /// there is no finite one, or where it is larger than a message for people may be.
    pub(super) fn value(&self, schema: &Schema, id: NodeId) -> Option<Value> {
        (self.of(id)? <= MOST).then(|| self.made(schema, id, 0)).flatten()
    }

    fn made(&self, schema: &Schema, id: NodeId, level: u32) -> Option<Value> {
        let node = schema.node(id);
        Some(match &node.kind {
            Kind::Null => Value::Null,
            Kind::Boolean => Value::Boolean(false),
            Kind::Int => Value::Int(0),
            Kind::Long => Value::Long(0),
            Kind::Float => Value::Float(0.0),
            Kind::Double => Value::Double(0.0),
            Kind::Bytes => Value::Bytes(vec![0; usize::from(is_decimal(node))]),
            Kind::String => Value::String(match node.logical {
                Some(Logical::Uuid) => uuid::Uuid::nil().to_string(),
                _ => String::new(),
            }),
            Kind::Fixed(fixed) => Value::Fixed(vec![0; fixed.size]),
            Kind::Enum(kind) => Value::Enum(kind.symbols.first()?.clone()),
            Kind::Array { .. } => Value::Array(Vec::new()),
            Kind::Map { .. } => Value::Map(Vec::new()),
            Kind::Record(record) => {
                if level == MOST_LEVELS {
                    return None;
                }
                let mut fields = Vec::with_capacity(record.fields.len());
                for field in &record.fields {
                    fields.push((field.name.clone(), self.made(schema, field.schema, level + 1)?));
                }
                Value::Record(fields)
            }
            Kind::Union { branches } => {
                let (index, branch) = (0..)
                    .zip(branches)
                    .filter(|(_, branch)| self.of(**branch).is_some())
                    .min_by_key(|(_, branch)| self.of(**branch))?;
                Value::Union(index, Box::new(self.made(schema, *branch, level)?))
            }
        })
    }
}

fn is_decimal(node: &Node) -> bool {
    matches!(node.logical, Some(Logical::Decimal { .. }))
}
