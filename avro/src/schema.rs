//! Avro schemas with source positions.
//!
//! [`Schema::parse`] reads one schema as Avro implementations read it; [`SchemaSet::parse`] reads contract files, many
//! at a time with names that resolve across files, and is stricter: what a reader would quietly ignore is a problem there.

mod ast;
mod error;
mod name;

use std::sync::Arc;

pub use ast::{Enum, Field, Fixed, Kind, Logical, Node, NodeId, Order, Record};
pub use error::{SchemaError, SchemaErrors};
pub use name::FullName;

/// A schema: a node and everything it refers to. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Schema {
    arena: Arc<Vec<Node>>,
    root: NodeId,
}

impl Schema {
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
}
