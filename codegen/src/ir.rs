//! What a run of the compiler knows, as plain data: the output of `resolve` and `check`, the input of
//! `emit`. Everything is decided here (names, sources of fields, order), so that emission reads and
//! never patches. All lists are in the order in which they are emitted.

use serde_json::Value as Json;

/// The contracts of one repository.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Contracts {
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

/// An index into [`Contracts::types`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeId(pub usize);

/// A named Avro type, or a union of several branches, which Avro leaves without a name.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeDef {
    /// The Avro full name, `seat.HoldSeats`; of a union, the full name it would have.
    pub full_name: String,
    /// The Avro namespace, which is also the context's name: `seat`, `shared`.
    pub namespace: String,
    /// The Avro name: `HoldSeats`.
    pub name: String,
    /// The contract's `doc`.
    pub doc: Option<String>,
    /// Where it is declared.
    pub origin: Origin,
    /// Where its Rust type lives.
    pub rust: RustPath,
    /// What it is for.
    pub role: Role,
    /// What it is made of.
    pub shape: Shape,
    /// The fewest bytes on the wire; 0 for a record without fields.
    pub min_wire_len: usize,
    /// The self-contained schema as compact JSON text, docs kept, `charter` attributes left out.
    /// Empty for a union.
    pub schema: String,
    /// Whether its Rust type can derive `Eq` and `Hash`: nothing within is a float.
    pub is_eq: bool,
    /// Whether its Rust type can derive `Copy`: an enum.
    pub is_copy: bool,
}

/// The place of a Rust type: `contract_seat::commands::HoldSeats`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RustPath {
    /// The crate as Rust writes it: `contract_seat`.
    pub krate: String,
    /// The module within the crate, one for each [`Role`]: `commands`. The type is also re-exported at
    /// the crate's root, where its name is unique.
    pub module: String,
    /// The type's name.
    pub name: String,
}

/// What a type is for, and so which file of its crate holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// A type that messages and views are made of: module `types`.
    Type,
    /// Module `commands`.
    Command,
    /// Module `events`.
    Event,
    /// Module `views`.
    View,
}

impl Role {
    /// The module that holds types of this role.
    #[must_use]
    pub fn module(self) -> &'static str {
        match self {
            Self::Type => "types",
            Self::Command => "commands",
            Self::Event => "events",
            Self::View => "views",
        }
    }
}

/// What a [`TypeDef`] is made of.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A record.
    Record(Record),
    /// An enum.
    Enum(EnumDef),
    /// Bytes of a fixed length.
    Fixed {
        /// The length in bytes.
        size: usize,
    },
    /// A union that is not `["null", T]`.
    Union(UnionDef),
}

/// A record.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Record {
    /// The fields in the order of the schema, which is the order on the wire.
    pub fields: Vec<Field>,
    /// Full names it also answers to when written data are read.
    pub aliases: Vec<String>,
}

/// A field of a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// The name in the contract: `showId`.
    pub name: String,
    /// The Rust name, escaped where it is a keyword: `show_id`, `r#type`.
    pub rust: String,
    /// The contract's `doc`.
    pub doc: Option<String>,
    /// The unit that the contract gives: `s`, `EUR`.
    pub unit: Option<String>,
    /// An example value that the contract gives.
    pub example: Option<Json>,
    /// Never sent to browsers.
    pub private: bool,
    /// The type of its values.
    pub ty: Type,
    /// The value for readers of data without the field, and for makers who leave it out.
    pub default: Option<Constant>,
    /// Names it also answers to.
    pub aliases: Vec<String>,
    /// Where it is declared.
    pub origin: Origin,
}

/// An enum.
#[derive(Clone, Debug, PartialEq)]
pub struct EnumDef {
    /// The symbols in the order of the schema, which gives their numbers on the wire.
    pub variants: Vec<Variant>,
    /// The index of the variant that stands for symbols a reader doesn't know.
    pub default: Option<usize>,
    /// Full names it also answers to.
    pub aliases: Vec<String>,
}

/// A value of an enum, or of a `type: string` with `enum` in OpenAPI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// The symbol in the contract: `CHECKED_IN`.
    pub symbol: String,
    /// The Rust name: `CheckedIn`.
    pub rust: String,
    /// What the contract says of it; Avro has no place for it.
    pub doc: Option<String>,
}

/// A union of several branches. In Rust an enum with a variant a branch.
#[derive(Clone, Debug, PartialEq)]
pub struct UnionDef {
    /// The branches in the order of the schema, which gives their numbers on the wire.
    pub branches: Vec<Branch>,
}

/// A branch of a union.
#[derive(Clone, Debug, PartialEq)]
pub struct Branch {
    /// The branch's name as in Avro's JSON encoding: a full name, or a primitive's name.
    pub name: String,
    /// The Rust name of the variant: `Text`, `SeatHeld`; `Null` holds nothing.
    pub rust: String,
    /// The type of its values.
    pub ty: Type,
}

/// A type as it stands in a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// Only as a branch of a union.
    Null,
    /// `bool`
    Boolean,
    /// `i32`
    Int,
    /// `i64`
    Long,
    /// `f32`
    Float,
    /// `f64`
    Double,
    /// Bytes.
    Bytes,
    /// UTF-8 text.
    String,
    /// A primitive with a meaning.
    Logical(Logical),
    /// A list.
    Array(Box<Type>),
    /// A map from strings.
    Map(Box<Type>),
    /// `["null", T]` or `[T, "null"]`.
    Optional {
        /// T.
        inner: Box<Type>,
        /// Whether null is branch 0, as the compiler recommends.
        null_first: bool,
    },
    /// A record, enum, fixed or union.
    Named {
        /// Which.
        id: TypeId,
        /// The Rust type holds it in a `Box`, because it holds itself.
        boxed: bool,
    },
}

/// A logical type, proven to stand on a primitive that Avro allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logical {
    /// A decimal number of at most 28 digits.
    Decimal {
        /// All digits, 1–28.
        precision: u32,
        /// Digits after the point, 0–precision.
        scale: u32,
        /// The length of the fixed it stands on; `None` for bytes.
        fixed: Option<usize>,
    },
    /// A UUID.
    Uuid {
        /// Whether it stands on a fixed of 16 bytes instead of a string.
        fixed: bool,
    },
    /// Days since 1970.
    Date,
    /// Milliseconds since midnight.
    TimeMillis,
    /// Microseconds since midnight.
    TimeMicros,
    /// Milliseconds since 1970, UTC.
    TimestampMillis,
    /// Microseconds since 1970, UTC.
    TimestampMicros,
    /// Nanoseconds since 1970, UTC.
    TimestampNanos,
    /// Milliseconds since 1970 in an unnamed zone.
    LocalTimestampMillis,
    /// Microseconds since 1970 in an unnamed zone.
    LocalTimestampMicros,
    /// Nanoseconds since 1970 in an unnamed zone.
    LocalTimestampNanos,
    /// Months, days and milliseconds, on a fixed of 12 bytes.
    Duration,
}

impl Logical {
    /// The fewest bytes that a value takes on the wire.
    #[must_use]
    pub fn min_wire_len(self) -> usize {
        match self {
            Self::Decimal { fixed: Some(size), .. } => size,
            Self::Uuid { fixed: true } => 16,
            Self::Duration => 12,
            // A UUID as a string has a length of one byte and always 36 characters.
            Self::Uuid { fixed: false } => 37,
            Self::Decimal { fixed: None, .. }
            | Self::Date
            | Self::TimeMillis
            | Self::TimeMicros
            | Self::TimestampMillis
            | Self::TimestampMicros
            | Self::TimestampNanos
            | Self::LocalTimestampMillis
            | Self::LocalTimestampMicros
            | Self::LocalTimestampNanos => 1,
        }
    }
}

impl std::fmt::Display for Logical {
    /// `decimal(14, 2)`, `timestamp-micros`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = match self {
            Self::Decimal { precision, scale, .. } => {
                return write!(f, "decimal({precision}, {scale})");
            }
            Self::Uuid { .. } => "uuid",
            Self::Date => "date",
            Self::TimeMillis => "time-millis",
            Self::TimeMicros => "time-micros",
            Self::TimestampMillis => "timestamp-millis",
            Self::TimestampMicros => "timestamp-micros",
            Self::TimestampNanos => "timestamp-nanos",
            Self::LocalTimestampMillis => "local-timestamp-millis",
            Self::LocalTimestampMicros => "local-timestamp-micros",
            Self::LocalTimestampNanos => "local-timestamp-nanos",
            Self::Duration => "duration",
        };
        f.write_str(name)
    }
}

/// A default, proven to fit the type of its field.
#[derive(Clone, Debug, PartialEq)]
pub enum Constant {
    /// Null: of an optional `None`, of a union its variant `Null`.
    Null,
    /// Of a boolean.
    Boolean(bool),
    /// Of an int, and of the logical types on it.
    Int(i32),
    /// Of a long, and of the logical types on it.
    Long(i64),
    /// Of a float.
    Float(f32),
    /// Of a double.
    Double(f64),
    /// Of bytes and fixed.
    Bytes(Vec<u8>),
    /// Of a string.
    String(String),
    /// Of a uuid: lower case with hyphens.
    Uuid(String),
    /// Of a decimal: `unscaled` × 10^-`scale`.
    Decimal {
        /// All digits.
        unscaled: i128,
        /// Digits after the point.
        scale: u32,
    },
    /// Of an enum.
    Enum {
        /// The enum.
        id: TypeId,
        /// The index of its variant.
        variant: usize,
    },
    /// Of an array.
    Array(Vec<Constant>),
    /// Of a map, in the order of the contract.
    Map(Vec<(String, Constant)>),
    /// Of a record: a value for each field, in the order of its fields.
    Record {
        /// The record.
        id: TypeId,
        /// The values.
        fields: Vec<Constant>,
    },
    /// A value of an optional.
    Some(Box<Constant>),
    /// Of a union.
    Union {
        /// The union.
        id: TypeId,
        /// The index of the branch.
        branch: usize,
        /// The branch's value.
        value: Box<Constant>,
    },
}

/// A context: a folder of contracts with one aggregate kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Context {
    /// The name: `seat`.
    pub name: String,
    /// The Rust name of its marker type and the stem of its enums: `Seat`.
    pub rust: String,
    /// The package of its crate: `contract-seat`.
    pub package: String,
    /// The crate as Rust writes it: `contract_seat`.
    pub krate: String,
    /// The contract version, from 1; raised by `charter release`.
    pub version: u32,
    /// The types of its namespace that are neither message nor view, unions included. Its types name
    /// others of its own namespace and of `shared` only.
    pub types: Vec<TypeId>,
    /// The commands, in the order of full names.
    pub commands: Vec<Command>,
    /// The events, in the order of full names.
    pub events: Vec<Event>,
    /// The views, in the order of full names.
    pub views: Vec<View>,
    /// All rejections of its commands, each code once, in the order of codes.
    pub rejections: Vec<Rejection>,
}

/// A request to change.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// Its record.
    pub id: TypeId,
    /// The name on the wire: `seat.holdRequest`.
    pub wire_type: String,
    /// The fields that name the aggregate: indexes into the record's fields.
    pub key: Vec<usize>,
    /// The rejections it declares: indexes into [`Context::rejections`], in the order of codes.
    pub rejections: Vec<usize>,
    /// Whether a browser may send it on its socket.
    pub socket: bool,
    /// What it travels in.
    pub envelope: Envelope,
    /// The Rust variant in the enum of the context's commands.
    pub variant: String,
}

/// A fact.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its record.
    pub id: TypeId,
    /// The name on the wire: `seat.held`.
    pub wire_type: String,
    /// The fields that name the aggregate: indexes into the record's fields.
    pub key: Vec<usize>,
    /// The room that browsers join to get it.
    pub broadcast: Option<Room>,
    /// The deadlines that it sets.
    pub deadlines: Vec<Deadline>,
    /// What it travels in.
    pub envelope: Envelope,
    /// The Rust variant in the enum of the context's events.
    pub variant: String,
}

/// The Avro record `MEnvelope { metadata: shared.Metadata, payload: M }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Its full name: `seat.HoldSeatsEnvelope`.
    pub full_name: String,
    /// Its self-contained schema as compact JSON text, docs kept, `charter` attributes left out.
    pub schema: String,
}

/// A room's name with holes: `show:{showId}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// As the contract has it.
    pub template: String,
    /// Its parts in order.
    pub parts: Vec<RoomPart>,
}

/// A part of a room's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomPart {
    /// Text.
    Text(String),
    /// A string field of the event: an index into the record's fields.
    Field(usize),
}

/// A durable timer that an event sets.
#[derive(Clone, Debug, PartialEq)]
pub struct Deadline {
    /// The command that is then decided: an index into [`Context::commands`].
    pub command: usize,
    /// The event's field that says when: an index into the event's fields. Of `timestamp-micros`.
    pub at: usize,
    /// Whether that field is optional; where it is null, no deadline is set.
    pub at_optional: bool,
    /// What each field of the command gets, in the order of the command's fields.
    pub fields: Vec<DeadlineField>,
}

/// What a field of a deadline's command gets.
#[derive(Clone, Debug, PartialEq)]
pub enum DeadlineField {
    /// The event's field with this index, of the same type.
    Copy(usize),
    /// The field's default.
    Default(Constant),
}

/// A refusal by business rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Rejection {
    /// The stable code: `SEAT_TAKEN`.
    pub code: String,
    /// The Rust variant: `SeatTaken`.
    pub rust: String,
    /// The HTTP status, 400–499.
    pub status: u16,
    /// The sentence that a person reads.
    pub doc: String,
    /// The record with more about it.
    pub details: Option<TypeId>,
    /// Where it is first declared.
    pub origin: Origin,
}

/// A row type of the read model.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// Its record.
    pub id: TypeId,
    /// The table's name: `seat_seat_view`.
    pub table: String,
    /// The fields that name a row within its tenant: indexes into the record's fields, and so into
    /// the columns.
    pub key: Vec<usize>,
    /// A column for each field of the record, in the same order.
    pub columns: Vec<Column>,
    /// The columns of each index, after the tenant: indexes into the columns.
    pub indexes: Vec<Vec<usize>>,
    /// The contexts whose events are folded.
    pub from: Vec<String>,
    /// A CRC-64-AVRO fingerprint of columns, key and indexes, as 16 lower case hexadecimal digits.
    pub fingerprint: String,
}

/// A column of a view's table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The name in the database: `show_id`.
    pub name: String,
    /// The type of its values.
    pub kind: ColumnKind,
    /// Whether a row may have no value here.
    pub nullable: bool,
}

/// The types of `charter_domain::ColumnType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ColumnKind {
    /// Avro boolean.
    Boolean,
    /// Avro int, long, times of day, and timestamps other than micros.
    Integer,
    /// Avro float and double.
    Real,
    /// Avro string and enum.
    Text,
    /// Avro bytes and fixed.
    Bytes,
    /// Logical type uuid.
    Uuid,
    /// Logical type decimal.
    Decimal,
    /// Logical type timestamp-micros.
    Timestamp,
    /// Logical type date.
    Date,
    /// A record, array, map or union, as JSON.
    Json,
}

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
    /// The schema with this id.
    ///
    /// # Panics
    /// Where the id belongs to another document.
    #[must_use]
    pub fn schema(&self, id: SchemaId) -> &SchemaDef {
        &self.schemas[id.0]
    }
}

/// An index into [`Gateway::schemas`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SchemaId(pub usize);

/// A named schema of the document: a type that JSON bodies are made of.
#[derive(Clone, Debug, PartialEq)]
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

/// An object.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Object {
    /// The properties in the order of the document.
    pub properties: Vec<Property>,
    /// `additionalProperties: false`: an unknown property is refused.
    pub closed: bool,
    /// `minProperties`.
    pub min_properties: Option<usize>,
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

/// What values must hold beside their type. `None` and `false` say nothing.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Constraints {
    /// Characters, inclusive.
    pub min_length: Option<u64>,
    /// Characters, inclusive.
    pub max_length: Option<u64>,
    /// A regular expression that `regex` accepts; searched, not anchored.
    pub pattern: Option<String>,
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

/// An HTTP method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// GET
    Get,
    /// PUT
    Put,
    /// POST
    Post,
    /// DELETE
    Delete,
    /// PATCH
    Patch,
}

/// An operation of the document.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// `operationId`: `holdSeats`.
    pub id: String,
    /// The Rust function's name: `hold_seats`.
    pub rust: String,
    /// The Rust stem of its types: `HoldSeats`.
    pub rust_type: String,
    /// The method.
    pub method: Method,
    /// The whole path as the document has it: `/v1/shows/{showId}/holds`.
    pub path: String,
    /// `summary`.
    pub summary: Option<String>,
    /// `description`.
    pub description: Option<String>,
    /// `tags`.
    pub tags: Vec<String>,
    /// The parameters, of the path in its order, then of query and headers in the document's order.
    pub parameters: Vec<Parameter>,
    /// The request's body.
    pub body: Option<Body>,
    /// The path parameter that gives the tenant: an index into the parameters; else `default`.
    pub tenant: Option<usize>,
    /// What it does.
    pub kind: OperationKind,
    /// The responses, in the order of statuses.
    pub responses: Vec<Response>,
    /// Where it is declared.
    pub origin: Origin,
}

/// A parameter of an operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// The name in the document.
    pub name: String,
    /// The Rust name.
    pub rust: String,
    /// Where it stands in a request.
    pub place: Place,
    /// `description`.
    pub doc: Option<String>,
    /// Whether it must be there; always in paths.
    pub required: bool,
    /// What it holds.
    pub schema: SchemaUse,
    /// What the operation does with it.
    pub purpose: Purpose,
    /// Where it is declared.
    pub origin: Origin,
}

/// Where a parameter stands in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// In the path.
    Path,
    /// In the query.
    Query,
    /// In a header.
    Header,
}

/// What an operation does with a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Gives the tenant.
    Tenant,
    /// Gives a field of the command.
    Field,
    /// A condition of the query.
    Condition,
    /// `limit`: the most rows of a page.
    Limit,
    /// `pageToken`.
    PageToken,
    /// `commandId` of an outcome.
    CommandId,
    /// `at` of an outcome.
    At,
    /// A header that the runtime answers for itself: `Prefer`, `Idempotency-Key`, `X-Correlation-Id`,
    /// `Consistent-With`.
    Runtime,
}

/// The body of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Body {
    /// The schema of the JSON value, an object.
    pub schema: SchemaId,
    /// The media types that it may have, in the document's order: `application/json`.
    pub media_types: Vec<String>,
    /// Whether it must be there.
    pub required: bool,
    /// RFC 7396 (`x-cleared`): absent keeps, null clears.
    pub merge_patch: bool,
    /// `description`.
    pub doc: Option<String>,
}

/// What an operation does.
#[derive(Clone, Debug, PartialEq)]
pub enum OperationKind {
    /// Sends a command.
    Command(CommandOperation),
    /// Reads a view.
    Query(QueryOperation),
    /// Reads the outcome of a command.
    Outcome,
}

/// An operation that sends a command.
#[derive(Clone, Debug, PartialEq)]
pub struct CommandOperation {
    /// An index into [`Contracts::contexts`].
    pub context: usize,
    /// An index into [`Context::commands`].
    pub command: usize,
    /// What each field of the command gets, in the order of its fields.
    pub fields: Vec<FieldSource>,
    /// How the command reaches its context.
    pub dispatch: Dispatch,
}

/// What a field of a command gets.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldSource {
    /// A parameter's value: an index into [`Operation::parameters`]. Where the parameter is optional
    /// and absent, the default, or null of an optional field.
    Parameter {
        /// The parameter.
        parameter: usize,
        /// For an absent parameter; `None` where it is required.
        absent: Option<Constant>,
    },
    /// A property of the body: an index into the object's properties.
    Body {
        /// The property.
        property: usize,
        /// For a property that is absent, or null; `None` where it is required or filled.
        absent: Option<Constant>,
        /// `x-fill: uuid`: where it is absent, UUIDv5(command id, field name).
        fill: bool,
    },
    /// The field that `x-cleared` names, an array of strings: the names of those properties that came as null, in the
    /// order of the body's properties. Indexes into the object's properties: the nullable ones.
    Cleared {
        /// The properties.
        properties: Vec<usize>,
    },
    /// No part of the request names it.
    Constant(Constant),
}

/// How a command reaches its context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dispatch {
    /// Appended to the log at the gateway.
    Queue,
    /// Forwarded to the context's service, which validates and appends.
    Proxy {
        /// The service's name: `reservations`.
        service: String,
    },
}

/// An operation that reads a view.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryOperation {
    /// An index into [`Contracts::contexts`].
    pub context: usize,
    /// An index into [`Context::views`].
    pub view: usize,
    /// The conditions, all ANDed, in the order of the document.
    pub conditions: Vec<Condition>,
    /// The order of a list, the key's missing columns added at its end; empty for one row.
    pub order: Vec<OrderTerm>,
    /// One row or a page of rows.
    pub result: QueryResult,
}

/// A condition of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// An index into [`Operation::parameters`].
    pub parameter: usize,
    /// An index into [`View::columns`].
    pub column: usize,
    /// How they are compared: column operator parameter.
    pub operator: Comparison,
}

/// How a column is compared, as `charter_engine`'s `Operator`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `eq`
    Equal,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

/// A column of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderTerm {
    /// An index into [`View::columns`].
    pub column: usize,
    /// Largest first.
    pub descending: bool,
}

/// What a query answers with.
#[derive(Clone, Debug, PartialEq)]
pub enum QueryResult {
    /// One row, or 404: the schema of the 200 response is the row's.
    One {
        /// The row's schema.
        row: SchemaId,
    },
    /// `{items, nextPageToken, cursor}`.
    Page {
        /// The page's schema.
        page: SchemaId,
        /// The schema of an item.
        row: SchemaId,
        /// The rows of a page where the request doesn't say.
        default_limit: u32,
        /// The most rows of a page.
        max_limit: u32,
    },
}

/// A response of an operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    /// The status, 100–599.
    pub status: u16,
    /// `description`.
    pub description: String,
    /// The media type of its body.
    pub media_type: Option<String>,
    /// The schema of its body.
    pub schema: Option<SchemaUse>,
    /// Names and descriptions of its headers.
    pub headers: Vec<(String, Option<String>)>,
}

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
    /// Response: no field names it, the property is left out.
    Absent,
}
