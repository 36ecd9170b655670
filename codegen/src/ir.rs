//! What a run of the compiler knows, as plain data: the output of `resolve` and `check`, the input of
//! `emit`. Everything is decided here (names, sources of fields, order), so that emission reads and
//! never patches. All lists are in the order in which they are emitted.

mod context;
mod conversion;
mod gateway;
mod operation;
mod types;

pub use context::{
    Column, ColumnKind, Command, Context, Deadline, DeadlineField, Envelope, Event, KeyedPart,
    Load, Rejection, Room, RoomPart, RoomType, View,
};
pub use conversion::{Conversion, ConversionParts, Direction, PartSource};
pub use gateway::{
    Constraints, Gateway, Object, OneOf, OneOfBranch, Property, SchemaDef, SchemaId, SchemaShape,
    SchemaType, SchemaUse,
};
pub use operation::{
    Access, Acting, Alternative, Body, CommandOperation, Comparison, Component, Condition,
    Dispatch, FieldSource, Method, Operation, OperationKind, OrderTerm, Parameter, Place, Purpose,
    QueryOperation, QueryResult, Response,
};
pub use types::{
    Branch, Constant, EnumDef, Field, Logical, Record, Role, RustPath, Shape, Type, TypeDef,
    TypeId, UnionDef, Variant,
};

/// The contracts of one repository.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Contracts {
    /// Whether they are a project's: then `contract-shared` is the platform's crate, and not made.
    pub is_project: bool,
    /// Every named Avro type and every union of several branches; a [`TypeId`] is an index into it.
    /// In the order of full names; a union follows the record that holds it.
    pub types: Vec<TypeDef>,
    /// The types of the namespace `shared`, in the order of names: what `contract-shared` holds.
    pub shared: Vec<TypeId>,
    /// The record `shared.Metadata`, where the contracts have one.
    pub metadata: Option<TypeId>,
    /// The contexts, in the order of names.
    pub contexts: Vec<Context>,
    /// The HTTP contract, where there is one.
    pub gateway: Option<Gateway>,
}

impl Contracts {
    /// The type with this id.
    ///
    /// # Panics
    /// Where the id belongs to other contracts.
    #[must_use]
    pub fn type_of(&self, id: TypeId) -> &TypeDef {
        &self.types[id.0]
    }

    /// The record with this id.
    ///
    /// # Panics
    /// Where the id belongs to other contracts or to a type that is no record. Messages, views and
    /// rejection details always are records.
    #[must_use]
    pub fn record(&self, id: TypeId) -> &Record {
        match &self.type_of(id).shape {
            Shape::Record(record) => record,
            Shape::Enum(_) | Shape::Fixed { .. } | Shape::Union(_) => {
                panic!("`{}` is no record", self.type_of(id).full_name)
            }
        }
    }

    /// The fewest bytes that a value of `ty` takes on the wire.
    #[must_use]
    pub fn min_wire_len(&self, ty: &Type) -> usize {
        match ty {
            Type::Null => 0,
            Type::Boolean
            | Type::Int
            | Type::Long
            | Type::Bytes
            | Type::String
            | Type::Array(_)
            | Type::Map(_)
            | Type::Optional { .. } => 1,
            Type::Float => 4,
            Type::Double => 8,
            Type::Logical(logical) => logical.min_wire_len(),
            Type::Named { id, .. } => self.type_of(*id).min_wire_len,
        }
    }
}

/// Where something stands in the contracts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Origin {
    /// The file's path from the repository's root, with `/`: `schemas/seat/commands/HoldSeats.avsc`.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
    /// The offset of the first byte.
    pub start: u32,
    /// The offset behind the last byte.
    pub end: u32,
}
