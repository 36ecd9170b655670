//! How values cross between the HTTP contract and Avro.

use super::{Constant, SchemaId, TypeId};

/// A schema and an Avro type whose values become one another, property by property.
#[derive(Clone, Debug, PartialEq)]
pub struct Conversion {
    /// The schema.
    pub schema: SchemaId,
    /// The Avro type.
    pub id: TypeId,
    /// Request: from the schema to the Avro type; response: from the Avro type to the schema.
    pub direction: Direction,
    /// How its parts meet.
    pub parts: ConversionParts,
}

/// Which way values go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// From JSON to Avro.
    Request,
    /// From Avro to JSON.
    Response,
}

/// How the parts of a schema and an Avro type meet.
#[derive(Clone, Debug, PartialEq)]
pub enum ConversionParts {
    /// Object and record. Request: one for each field of the record. Response: one for each property
    /// of the object. In their order.
    Fields(Vec<PartSource>),
    /// Enums. Pairs of indexes (from, to) for each variant of the side it comes from.
    Variants(Vec<(usize, usize)>),
    /// `oneOf` and union. Pairs of indexes (from, to) for each branch of the side it comes from.
    Branches(Vec<(usize, usize)>),
}

/// Where a field or a property of a conversion comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum PartSource {
    /// Request: from the property with this index; `absent` for an optional property that is absent.
    Property {
        /// An index into the object's properties.
        property: usize,
        /// The field's default, or null.
        absent: Option<Constant>,
    },
    /// Response: from the field with this index.
    Field(usize),
    /// Request: no property names it.
    Constant(Constant),
    /// Response: the discriminator's value, which tells the branch of a `oneOf`.
    Tag(String),
    /// Response: no field names it, the property is left out.
    Absent,
}
