//! What a parsed schema consists of: plain data, every piece with its place in the source.

use super::FullName;
use crate::source::{Member, Span, Tree};

/// Which node of a schema's arena. Ids of one [`super::Schema`] or [`super::SchemaSet`] mean nothing in another.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct NodeId(pub u32);

/// One schema inside a larger one. A named type is one node however often it is used, so recursion is an id.
#[derive(Clone, Debug)]
pub struct Node {
    /// The type.
    pub kind: Kind,
    /// The logical type, where it is known and fits; an unknown or unfit one stays in `attributes`.
    pub logical: Option<Logical>,
    /// Where the type is written; of a named type, its definition.
    pub span: Span,
    /// Which of the files given to the parser holds it, from 0.
    pub file: u32,
    /// Attributes that Avro does not define, for example `charter`, in source order.
    pub attributes: Vec<Member>,
}

/// An Avro type.
#[derive(Clone, Debug)]
pub enum Kind {
    /// No value.
    Null,
    /// True or false.
    Boolean,
    /// 32-bit signed integer.
    Int,
    /// 64-bit signed integer.
    Long,
    /// 32-bit IEEE 754.
    Float,
    /// 64-bit IEEE 754.
    Double,
    /// A sequence of bytes.
    Bytes,
    /// Unicode text.
    String,
    /// A sequence.
    Array {
        /// The type of each item.
        items: NodeId,
    },
    /// Values by string keys.
    Map {
        /// The type of each value.
        values: NodeId,
    },
    /// One of several types.
    Union {
        /// The types in order; none is a union.
        branches: Vec<NodeId>,
    },
    /// A record or an error.
    Record(Record),
    /// An enum.
    Enum(Enum),
    /// A fixed number of bytes.
    Fixed(Fixed),
}

/// A record type.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its full name.
    pub name: FullName,
    /// What it means.
    pub doc: Option<String>,
    /// Other full names that a reader accepts for it.
    pub aliases: Vec<FullName>,
    /// Its fields in wire order, names unique.
    pub fields: Vec<Field>,
    /// Whether it was declared with `"type": "error"`.
    pub is_error: bool,
}

/// A field of a record.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Where the name is written.
    pub name_span: Span,
    /// What it means.
    pub doc: Option<String>,
    /// Its type.
    pub schema: NodeId,
    /// The value that a reader takes where the writer has no such field; valid for the type.
    pub default: Option<Tree>,
    /// Other names that a reader accepts for it.
    pub aliases: Vec<String>,
    /// How it counts when records are ordered.
    pub order: Order,
    /// Attributes that Avro does not define, in source order.
    pub attributes: Vec<Member>,
    /// The whole field.
    pub span: Span,
}

/// How a field counts in the order of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Order {
    /// Smaller values first.
    #[default]
    Ascending,
    /// Greater values first.
    Descending,
    /// Not at all.
    Ignore,
}

/// An enum type.
#[derive(Clone, Debug)]
pub struct Enum {
    /// Its full name.
    pub name: FullName,
    /// What it means.
    pub doc: Option<String>,
    /// Other full names that a reader accepts for it.
    pub aliases: Vec<FullName>,
    /// The symbols in wire order, unique.
    pub symbols: Vec<String>,
    /// The symbol that a reader takes for one it does not know.
    pub default: Option<String>,
}

/// A fixed type.
#[derive(Clone, Debug)]
pub struct Fixed {
    /// Its full name.
    pub name: FullName,
    /// What it means.
    pub doc: Option<String>,
    /// Other full names that a reader accepts for it.
    pub aliases: Vec<FullName>,
    /// Its length in bytes, 0..2³¹.
    pub size: usize,
}

/// What an underlying type stands for (Avro specification, "Logical Types").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Logical {
    /// A decimal number on bytes or fixed: a big-endian two's-complement unscaled value.
    Decimal {
        /// Digits of the unscaled value, from 1.
        precision: u32,
        /// Digits behind the point, 0..=precision.
        scale: u32,
    },
    /// A UUID on string (RFC 9562 text) or fixed(16) (network order).
    Uuid,
    /// Days since 1970-01-01 on int.
    Date,
    /// Milliseconds after midnight on int.
    TimeMillis,
    /// Microseconds after midnight on long.
    TimeMicros,
    /// Milliseconds since 1970-01-01T00:00Z on long.
    TimestampMillis,
    /// Microseconds since 1970-01-01T00:00Z on long.
    TimestampMicros,
    /// Nanoseconds since 1970-01-01T00:00Z on long.
    TimestampNanos,
    /// Milliseconds since 1970-01-01T00:00 in a zone that the reader knows, on long.
    LocalTimestampMillis,
    /// Microseconds since 1970-01-01T00:00 in a zone that the reader knows, on long.
    LocalTimestampMicros,
    /// Nanoseconds since 1970-01-01T00:00 in a zone that the reader knows, on long.
    LocalTimestampNanos,
    /// Months, days and milliseconds, each a little-endian unsigned 32-bit integer, on fixed(12).
    Duration,
}

impl Kind {
    /// The type's name in a schema: `int`, `record`, … An error record is a `record` here.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Int => "int",
            Self::Long => "long",
            Self::Float => "float",
            Self::Double => "double",
            Self::Bytes => "bytes",
            Self::String => "string",
            Self::Array { .. } => "array",
            Self::Map { .. } => "map",
            Self::Union { .. } => "union",
            Self::Record(_) => "record",
            Self::Enum(_) => "enum",
            Self::Fixed(_) => "fixed",
        }
    }

    /// The full name, for a record, an enum or a fixed.
    #[must_use]
    pub fn name(&self) -> Option<&FullName> {
        self.header().map(|(name, ..)| name)
    }

    /// The aliases of a record, an enum or a fixed; empty for all others.
    #[must_use]
    pub fn aliases(&self) -> &[FullName] {
        self.header().map_or(&[], |(_, aliases, _)| aliases)
    }

    /// The doc text of a record, an enum or a fixed.
    #[must_use]
    pub fn doc(&self) -> Option<&str> {
        self.header().and_then(|(.., doc)| doc)
    }

    /// The types that this one directly holds, in order.
    #[must_use]
    pub fn children(&self) -> Vec<NodeId> {
        match self {
            Self::Array { items: child } | Self::Map { values: child } => vec![*child],
            Self::Union { branches } => branches.clone(),
            Self::Record(record) => record.fields.iter().map(|field| field.schema).collect(),
            Self::Null
            | Self::Boolean
            | Self::Int
            | Self::Long
            | Self::Float
            | Self::Double
            | Self::Bytes
            | Self::String
            | Self::Enum(_)
            | Self::Fixed(_) => Vec::new(),
        }
    }

    fn header(&self) -> Option<(&FullName, &[FullName], Option<&str>)> {
        if let Self::Record(record) = self {
            Some((&record.name, &record.aliases, record.doc.as_deref()))
        } else if let Self::Enum(symbols) = self {
            Some((&symbols.name, &symbols.aliases, symbols.doc.as_deref()))
        } else if let Self::Fixed(fixed) = self {
            Some((&fixed.name, &fixed.aliases, fixed.doc.as_deref()))
        } else {
            None
        }
    }
}

impl Order {
    /// The word for it in a schema.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ascending => "ascending",
            Self::Descending => "descending",
            Self::Ignore => "ignore",
        }
    }
}

impl Logical {
    /// The value of `logicalType`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Decimal { .. } => "decimal",
            Self::Uuid => "uuid",
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
        }
    }
}

impl Node {
    /// The unknown attribute `key`.
    #[must_use]
    pub fn attribute(&self, key: &str) -> Option<&Tree> {
        attribute(&self.attributes, key)
    }
}

impl Field {
    /// The unknown attribute `key`.
    #[must_use]
    pub fn attribute(&self, key: &str) -> Option<&Tree> {
        attribute(&self.attributes, key)
    }
}

fn attribute<'a>(attributes: &'a [Member], key: &str) -> Option<&'a Tree> {
    attributes.iter().find(|member| member.key == key).map(|member| &member.value)
}
