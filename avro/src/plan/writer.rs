//! What a plan needs of the writer's schema alone: how to skip a type, and the fewest bytes it takes.

use std::collections::HashMap;
use std::sync::Arc;

use super::skip::{Skip, SkipId};
use crate::schema::{Kind, NodeId, Schema};

pub(super) struct Writer<'s> {
    pub(super) schema: &'s Schema,
    skips: Vec<Skip>,
    skip_ids: HashMap<NodeId, SkipId>,
    least: HashMap<NodeId, usize>,
}

impl<'s> Writer<'s> {
    pub(super) fn new(schema: &'s Schema) -> Self {
        Self { schema, skips: Vec::new(), skip_ids: HashMap::new(), least: HashMap::new() }
    }

    pub(super) fn into_skips(self) -> Vec<Skip> {
        self.skips
    }

    /// The fewest bytes a value takes; 0 only if every value takes none.
    pub(super) fn least(&mut self, node: NodeId) -> usize {
        if let Some(&known) = self.least.get(&node) {
            return known;
        }
        // A record that holds itself directly has no values; any number is right for it.
        self.least.insert(node, 0);
        let schema = self.schema;
        let least = match &schema.node(node).kind {
            Kind::Null => 0,
            Kind::Boolean
            | Kind::Int
            | Kind::Long
            | Kind::Bytes
            | Kind::String
            | Kind::Array { .. }
            | Kind::Map { .. }
            | Kind::Union { .. }
            | Kind::Enum(_) => 1,
            Kind::Float => 4,
            Kind::Double => 8,
            Kind::Fixed(fixed) => fixed.size,
            Kind::Record(record) => record
                .fields
                .iter()
                .fold(0_usize, |sum, field| sum.saturating_add(self.least(field.schema))),
        };
        self.least.insert(node, least);
        least
    }

    pub(super) fn skip(&mut self, node: NodeId) -> SkipId {
        if let Some(&known) = self.skip_ids.get(&node) {
            return known;
        }
        let id = SkipId(u32::try_from(self.skips.len()).expect("a plan has fewer than 2^32 skips"));
        self.skips.push(Skip::Null);
        self.skip_ids.insert(node, id);
        self.skips[id.0 as usize] = self.skip_of(node);
        id
    }

    fn skip_of(&mut self, node: NodeId) -> Skip {
        // Records of records of nothing would take exponential time to walk.
        if self.least(node) == 0 {
            return Skip::Null;
        }
        let schema = self.schema;
        match &schema.node(node).kind {
            Kind::Null => Skip::Null,
            Kind::Boolean => Skip::Boolean,
            Kind::Int => Skip::Int,
            Kind::Long => Skip::Long,
            Kind::Float => Skip::Fixed(4),
            Kind::Double => Skip::Fixed(8),
            Kind::Bytes => Skip::Bytes,
            Kind::String => Skip::String,
            Kind::Array { items } => {
                Skip::Array { least: self.least(*items), items: self.skip(*items) }
            }
            Kind::Map { values } => {
                Skip::Map { least: self.least(*values), values: self.skip(*values) }
            }
            Kind::Union { branches } => {
                Skip::Union(branches.iter().map(|branch| self.skip(*branch)).collect())
            }
            Kind::Record(record) => {
                let field = |field: &crate::schema::Field| {
                    (Arc::from(field.name.as_str()), self.skip(field.schema))
                };
                Skip::Record(record.fields.iter().map(field).collect())
            }
            Kind::Enum(symbols) => Skip::Enum(symbols.symbols.len()),
            Kind::Fixed(fixed) => Skip::Fixed(fixed.size),
        }
    }
}
