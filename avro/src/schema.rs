//! Avro schemas with source positions.
//!
//! [`Schema::parse`] reads one schema as Avro implementations read it; [`SchemaSet::parse`] reads contract files, many
//! at a time with names that resolve across files, and is stricter: what a reader would quietly ignore is a problem there.

mod ast;
mod default;
mod error;
mod graph;
mod json;
mod link;
mod logical;
mod name;
mod named;
mod parse;
mod set;

use std::sync::Arc;

pub(crate) use default::Checker;

pub use ast::{Enum, Field, Fixed, Kind, Logical, Node, NodeId, Order, Record};
pub use error::{SchemaError, SchemaErrors};
pub use name::FullName;
pub use set::{NamedType, SchemaSet, SourceFile};

use parse::{Parser, Strictness};

/// A schema: a node and everything it refers to. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Schema {
    arena: Arc<Vec<Node>>,
    root: NodeId,
}

impl Schema {
    /// Reads a self-contained schema as Avro implementations do: a logical type that is unknown or does not fit is
    /// ignored (its attributes are kept as unknown ones), a default may be of any branch of a union (Avro 1.12), names
    /// may be used before they are defined.
    ///
    /// # Errors
    /// All problems, with line and column.
    pub fn parse(json: &str) -> Result<Self, SchemaErrors> {
        Self::parse_with_references(json, &[])
    }

    /// As [`Schema::parse`], with the types that `references` define at hand, in any order.
    ///
    /// # Errors
    /// All problems: file 0 is `json`, the references count from 1.
    pub fn parse_with_references(json: &str, references: &[&str]) -> Result<Self, SchemaErrors> {
        let mut parser = Parser::new(Strictness::Reader);
        let mut roots = [parser.file(0, json)];
        for (index, reference) in references.iter().enumerate() {
            parser.file(index + 1, reference);
        }
        parser.link(&mut roots);
        if !parser.errors.is_empty() {
            return Err(SchemaErrors(parser.errors));
        }
        let [root] = roots;
        Ok(Self { arena: Arc::new(parser.nodes), root })
    }

    /// The id of the schema's outermost node.
    #[must_use]
    pub fn root(&self) -> NodeId {
        self.root
    }

    /// A node.
    ///
    /// # Panics
    /// If `id` comes from another schema with more nodes.
    #[must_use]
    pub fn node(&self, id: NodeId) -> &Node {
        &self.arena[id.0 as usize]
    }

    /// The schema that starts at `id`, on the same nodes.
    #[must_use]
    pub fn at(&self, id: NodeId) -> Self {
        Self { arena: Arc::clone(&self.arena), root: id }
    }

    /// The schema with one field alone in a record of it; itself where there is no such field.
    pub(crate) fn with_field(&self, record: NodeId, field: usize) -> Self {
        let mut arena = self.arena.as_ref().clone();
        if let Kind::Record(record) = &mut arena[record.0 as usize].kind
            && let Some(field) = record.fields.get(field)
        {
            record.fields = vec![field.clone()];
        }
        Self { arena: Arc::new(arena), root: self.root }
    }

    pub(crate) fn nodes(&self) -> &[Node] {
        &self.arena
    }

    /// How many nodes the arena holds: every [`NodeId`] of it is below this.
    #[must_use]
    pub fn node_count(&self) -> usize {
        self.arena.len()
    }
}

impl std::str::FromStr for Schema {
    type Err = SchemaErrors;

    fn from_str(json: &str) -> Result<Self, SchemaErrors> {
        Self::parse(json)
    }
}
