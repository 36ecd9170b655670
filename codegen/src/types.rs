//! Named Avro types as the representation holds them: ids, Rust names, field types, what they need on
//! the wire.

mod graph;
mod lower;
mod parse;

use std::collections::BTreeMap;

use charter_avro::schema::NodeId;

use crate::attribute::Attribute;
use crate::ir::{Field, Origin, Record, Shape, Type, TypeDef, TypeId};

pub(crate) use graph::innermost;
pub(crate) use lower::lower;
pub(crate) use parse::{METADATA, Parsed, parse};

/// The namespace whose types every context may use.
pub(crate) const SHARED: &str = "shared";

/// All types of the contracts.
#[derive(Default)]
pub(crate) struct Types {
    /// What the representation gets; a [`TypeId`] is an index into it.
    pub(crate) defs: Vec<TypeDef>,
    /// The attribute `charter` of the types that have one.
    pub(crate) attributes: BTreeMap<TypeId, Attribute>,
    /// Contracts that a problem of their own keeps out of [`Types::defs`].
    broken: parse::Broken,
    ids: BTreeMap<String, TypeId>,
    unions: BTreeMap<NodeId, TypeId>,
}

impl Types {
    /// The named type with this full name.
    pub(crate) fn find(&self, full_name: &str) -> Option<TypeId> {
        self.ids.get(full_name).copied()
    }

    /// Whether a contract of this name is there but broken, so that nothing more should be said of it.
    pub(crate) fn is_broken(&self, full_name: &str) -> bool {
        self.broken.holds(full_name)
    }

    /// The type with this id.
    pub(crate) fn def(&self, id: TypeId) -> &TypeDef {
        &self.defs[id.0]
    }

    /// The first byte of a type's declaration: an excerpt of a whole file helps nobody.
    pub(crate) fn head(&self, id: TypeId) -> Origin {
        let origin = &self.def(id).origin;
        Origin { end: origin.start + 1, ..origin.clone() }
    }

    /// The record with this id, if it is one.
    pub(crate) fn record(&self, id: TypeId) -> Option<&Record> {
        match &self.def(id).shape {
            Shape::Record(record) => Some(record),
            Shape::Enum(_) | Shape::Fixed { .. } | Shape::Union(_) => None,
        }
    }

    /// The fields of a record; none of any other type.
    pub(crate) fn fields(&self, id: TypeId) -> &[Field] {
        self.record(id).map_or(&[], |record| &record.fields)
    }

    /// All ids, in order.
    pub(crate) fn all(&self) -> impl Iterator<Item = TypeId> + use<> {
        (0..self.defs.len()).map(TypeId)
    }

    /// Whether null is a value of `ty`.
    pub(crate) fn allows_null(&self, ty: &Type) -> bool {
        match ty {
            Type::Null | Type::Optional { .. } => true,
            Type::Named { id, .. } => match &self.def(*id).shape {
                Shape::Union(union) => union.branches.iter().any(|branch| branch.ty == Type::Null),
                Shape::Record(_) | Shape::Enum(_) | Shape::Fixed { .. } => false,
            },
            Type::Boolean
            | Type::Int
            | Type::Long
            | Type::Float
            | Type::Double
            | Type::Bytes
            | Type::String
            | Type::Logical(_)
            | Type::Array(_)
            | Type::Map(_) => false,
        }
    }

    /// A type as messages name it: `["null", string]`, `seat.SeatStatus`, `long (timestamp-micros)`.
    pub(crate) fn describe(&self, ty: &Type) -> String {
        ty.words(&|id| match &self.def(id).shape {
            Shape::Union(union) => {
                let names: Vec<_> =
                    union.branches.iter().map(|branch| branch.name.as_str()).collect();
                format!("union of {}", names.join(", "))
            }
            Shape::Record(_) => format!("record {}", self.def(id).full_name),
            Shape::Enum(_) => format!("enum {}", self.def(id).full_name),
            Shape::Fixed { .. } => format!("fixed {}", self.def(id).full_name),
        })
    }
}

/// The field `name` of `fields`, with its index.
pub(crate) fn field<'a>(fields: &'a [Field], name: &str) -> Option<(usize, &'a Field)> {
    fields.iter().enumerate().find(|(_, field)| field.name == name)
}

/// The type within an optional, else the type itself.
pub(crate) fn inner(ty: &Type) -> &Type {
    if let Type::Optional { inner, .. } = ty { inner } else { ty }
}
