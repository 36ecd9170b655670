//! Avro types, their fields, and defaults.

use serde_json::Value as Json;

use super::Origin;

/// An index into [`Contracts::types`](super::Contracts::types).
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
    /// Whether a second Rust type stands beside it whose text is borrowed from the message, `HoldSeatsRef`: events, what
    /// they are made of, and the metadata have one, where they hold text.
    pub is_lent: bool,
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

impl Type {
    /// The named type, if it is one.
    #[must_use]
    pub fn named(&self) -> Option<TypeId> {
        if let Self::Named { id, .. } = self { Some(*id) } else { None }
    }

    /// The type in words, with `named` for those of a named type: `array of optional string`, `long (timestamp-micros)`.
    pub(crate) fn words(&self, named: &impl Fn(TypeId) -> String) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Boolean => "boolean".to_owned(),
            Self::Int => "int".to_owned(),
            Self::Long => "long".to_owned(),
            Self::Float => "float".to_owned(),
            Self::Double => "double".to_owned(),
            Self::Bytes => "bytes".to_owned(),
            Self::String => "string".to_owned(),
            Self::Logical(logical) => logical.to_string(),
            Self::Array(items) => format!("array of {}", items.words(named)),
            Self::Map(values) => format!("map of {}", values.words(named)),
            Self::Optional { inner, .. } => format!("optional {}", inner.words(named)),
            Self::Named { id, .. } => named(*id),
        }
    }
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
