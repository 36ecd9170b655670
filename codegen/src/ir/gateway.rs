//! The HTTP contract: the document and its schemas.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{Context, Contracts, Conversion, Operation, Origin, Parameter, Response, Variant};

/// The HTTP contract.
#[derive(Clone, Debug, PartialEq)]
pub struct Gateway {
    /// `info.title`.
    pub title: String,
    /// `info.version`.
    pub version: String,
    /// `info.description`.
    pub description: Option<String>,
    /// The file's path from the repository's root: `openapi/gateway.yaml`.
    pub file: String,
    /// The document as JSON, in the order of the file, `x-` extensions of the compiler left out.
    pub document: Json,
    /// The document's text as it stands in the file.
    pub document_text: String,
    /// The tags with their descriptions, in the order of the document.
    pub tags: Vec<(String, Option<String>)>,
    /// `components.schemas` and the inline objects, enums and oneOfs, named; a [`SchemaId`] is an index
    /// into it. In the order of names.
    pub schemas: Vec<SchemaDef>,
    /// The operations, in the order of path and method.
    pub operations: Vec<Operation>,
    /// Every pair of a schema and an Avro type that values cross, in the order of names.
    pub conversions: Vec<Conversion>,
}

impl Gateway {
    /// The operations of a context, in their order.
    pub fn operations_of<'a>(
        &'a self,
        contracts: &'a Contracts,
        context: &'a Context,
    ) -> impl Iterator<Item = &'a Operation> {
        self.operations.iter().filter(move |operation| {
            operation.context().is_some_and(|index| contracts.contexts[index].name == context.name)
        })
    }

    /// The schema with this id.
    ///
    /// # Panics
    /// Where the id belongs to another document.
    #[must_use]
    pub fn schema(&self, id: SchemaId) -> &SchemaDef {
        &self.schemas[id.0]
    }

    /// The parameters of `components` that operations have, by the names of their Rust types. What an
    /// operation does with one is its own.
    #[must_use]
    pub fn shared_parameters(&self) -> BTreeMap<&str, &Parameter> {
        let parameters = self.operations.iter().flat_map(|operation| &operation.parameters);
        parameters
            .filter_map(|parameter| Some((parameter.component.as_ref()?.rust.as_str(), parameter)))
            .collect()
    }

    /// The responses of `components` that operations have, by the names of their Rust types. The status is an
    /// operation's own.
    #[must_use]
    pub fn shared_responses(&self) -> BTreeMap<&str, &Response> {
        let responses = self.operations.iter().flat_map(|operation| &operation.responses);
        responses
            .filter_map(|response| Some((response.component.as_ref()?.rust.as_str(), response)))
            .collect()
    }
}

/// An index into [`Gateway::schemas`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SchemaId(pub usize);

/// A named schema of the document: a type that JSON bodies are made of.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, and they combine freely"
)]
pub struct SchemaDef {
    /// The name in the document, or of an inline schema the name it would have: `OpenShowSections`.
    pub name: String,
    /// The Rust type's name.
    pub rust: String,
    /// `description`.
    pub doc: Option<String>,
    /// Where it is declared.
    pub origin: Origin,
    /// Whether it stands under `components.schemas`.
    pub is_component: bool,
    /// Whether request bodies hold it.
    pub in_requests: bool,
    /// Whether responses hold it.
    pub in_responses: bool,
    /// Whether it is the body of a merge patch: a nullable property then says absent (keep), null
    /// (clear) or a value.
    pub is_merge_patch: bool,
    /// What it is made of.
    pub shape: SchemaShape,
    /// The document's `example`.
    pub example: Option<Json>,
}

/// What a [`SchemaDef`] is made of.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "there are few, and a box would show in every match")]
pub enum SchemaShape {
    /// `type: object` with `properties`.
    Object(Object),
    /// `type: string` with `enum`.
    Enum(Vec<Variant>),
    /// `oneOf` with `discriminator`.
    OneOf(OneOf),
    /// Any other schema with a name.
    Alias(SchemaUse),
}

impl SchemaShape {
    /// The named schemas that values of this shape hold, in their order.
    #[must_use]
    pub fn held(&self) -> Vec<SchemaId> {
        match self {
            Self::Object(object) => {
                object.properties.iter().filter_map(|property| property.schema.held()).collect()
            }
            Self::OneOf(one_of) => one_of.branches.iter().map(|branch| branch.schema).collect(),
            Self::Alias(schema) => schema.held().into_iter().collect(),
            Self::Enum(_) => Vec::new(),
        }
    }
}

/// An object.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Object {
    /// The properties in the order of the document.
    pub properties: Vec<Property>,
    /// `additionalProperties: false`: an unknown property is refused.
    pub closed: bool,
    /// `minProperties`.
    pub min_properties: Option<usize>,
    /// Where its schema stands.
    pub origin: Origin,
}

/// A property of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Property {
    /// The name in the document: `showId`.
    pub name: String,
    /// The Rust name, escaped where it is a keyword.
    pub rust: String,
    /// `description`.
    pub doc: Option<String>,
    /// Whether it must be there.
    pub required: bool,
    /// What it holds.
    pub schema: SchemaUse,
    /// Where it is declared.
    pub origin: Origin,
}

/// A `oneOf` with a discriminator.
#[derive(Clone, Debug, PartialEq)]
pub struct OneOf {
    /// `discriminator.propertyName`.
    pub property: String,
    /// The branches in the order of the document.
    pub branches: Vec<OneOfBranch>,
}

/// A branch of a `oneOf`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneOfBranch {
    /// The discriminator's value.
    pub value: String,
    /// The Rust variant.
    pub rust: String,
    /// The object.
    pub schema: SchemaId,
}

/// A schema where it is used: a type with its constraints.
#[derive(Clone, Debug, PartialEq)]
pub struct SchemaUse {
    /// The type.
    pub ty: SchemaType,
    /// Whether null is a value: `type: [T, "null"]`.
    pub nullable: bool,
    /// What values must hold beside their type.
    pub constraints: Constraints,
    /// `default`.
    pub default: Option<Json>,
    /// `example`, or the first of `examples`.
    pub example: Option<Json>,
    /// Where it is declared.
    pub origin: Origin,
}

impl SchemaUse {
    /// The named schema that values hold, in items and map values too.
    #[must_use]
    pub fn held(&self) -> Option<SchemaId> {
        match &self.ty {
            SchemaType::Ref(id) => Some(*id),
            SchemaType::Array(inner) | SchemaType::Map(inner) => inner.held(),
            SchemaType::Boolean
            | SchemaType::Int32
            | SchemaType::Int64
            | SchemaType::Float
            | SchemaType::Double
            | SchemaType::String
            | SchemaType::Uuid
            | SchemaType::Date
            | SchemaType::DateTime
            | SchemaType::Decimal { .. }
            | SchemaType::Base64
            | SchemaType::FreeObject => None,
        }
    }
}

/// The type of a JSON value, with the Rust type that carries it.
#[derive(Clone, Debug, PartialEq)]
pub enum SchemaType {
    /// `bool`
    Boolean,
    /// `integer` with `format: int32`: `i32`
    Int32,
    /// `integer` with `format: int64` or none: `i64`
    Int64,
    /// `number` with `format: float`: `f32`
    Float,
    /// `number` with `format: double` or none: `f64`
    Double,
    /// `string`
    String,
    /// `string` with `format: uuid`
    Uuid,
    /// `string` with `format: date`
    Date,
    /// `string` with `format: date-time`, UTC
    DateTime,
    /// `string` with `format: decimal`
    Decimal {
        /// The Avro type's digits after the point, where the schema meets one; more are refused.
        scale: Option<u32>,
        /// The Avro type's digits.
        precision: Option<u32>,
    },
    /// `string` with `contentEncoding: base64` or `format: byte`
    Base64,
    /// `array`
    Array(Box<SchemaUse>),
    /// `object` with `additionalProperties: T`
    Map(Box<SchemaUse>),
    /// A named schema.
    Ref(SchemaId),
    /// Any JSON object (`additionalProperties: true`), in responses only.
    FreeObject,
}

impl SchemaType {
    /// The named schema, if it is one.
    #[must_use]
    pub fn reference(&self) -> Option<SchemaId> {
        if let Self::Ref(id) = self { Some(*id) } else { None }
    }
}

/// What values must hold beside their type. `None` and `false` say nothing.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Constraints {
    /// Characters, inclusive.
    pub min_length: Option<u64>,
    /// Characters, inclusive.
    pub max_length: Option<u64>,
    /// A regular expression that `regex` accepts; searched, not anchored.
    pub pattern: Option<String>,
    /// `uri` or `uri-reference`, of a plain string.
    pub format: Option<String>,
    /// Inclusive.
    pub minimum: Option<serde_json::Number>,
    /// Inclusive.
    pub maximum: Option<serde_json::Number>,
    /// Exclusive.
    pub exclusive_minimum: Option<serde_json::Number>,
    /// Exclusive.
    pub exclusive_maximum: Option<serde_json::Number>,
    /// The divisor, above 0.
    pub multiple_of: Option<serde_json::Number>,
    /// Items, inclusive.
    pub min_items: Option<u64>,
    /// Items, inclusive.
    pub max_items: Option<u64>,
    /// No item twice.
    pub unique_items: bool,
}
