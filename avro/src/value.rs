//! Values whose schema is known at run time only: for tools that decode, show, make and compare messages. Generated code
//! never goes this way.
//!
//! A [`Value`] does not know its schema; each function takes the schema and refuses what does not fit it.

mod binary;
mod decimal;
mod default;
mod error;
mod json;
mod plain;
mod read;
mod record;

pub use error::ValueError;

use crate::schema::{Field, Schema};
use crate::wire::{DecodeError, DecodeErrorKind, Limits, Reader};

/// How deep values may nest in one another, of any type. Generous: the reader's limit of 64 records is met first,
/// unless each of them holds unions of arrays of maps.
pub(crate) const MAX_LEVELS: usize = 256;

/// An Avro value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`.
    Null,
    /// A boolean.
    Boolean(bool),
    /// An `int`, of whatever logical type.
    Int(i32),
    /// A `long`, of whatever logical type.
    Long(i64),
    /// A `float`.
    Float(f32),
    /// A `double`.
    Double(f64),
    /// `bytes`, of whatever logical type.
    Bytes(Vec<u8>),
    /// A `string`, of whatever logical type.
    String(String),
    /// A `fixed`, of whatever logical type.
    Fixed(Vec<u8>),
    /// An enum's symbol.
    Enum(String),
    /// An array.
    Array(Vec<Value>),
    /// A map, in the order of the message, which may hold a key twice.
    Map(Vec<(String, Value)>),
    /// A record: all its fields by name, in the schema's order when decoded.
    Record(Vec<(String, Value)>),
    /// A union's branch, by its index, and the value in it.
    Union(u32, Box<Value>),
}

/// How a value is written as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonForm {
    /// The Avro specification's JSON encoding: a union's value stands in an object under its type's name, bytes are strings of
    /// characters up to U+00FF, logical types show what they rest on.
    Avro,
    /// For people and for HTTP, as the contracts' JSON has it: `["null", T]` is `null` or a T, bytes are base64, dates and times
    /// are ISO 8601, decimals are strings. Unions of several types keep the Avro form. What a logical type cannot say (a time
    /// behind midnight, a decimal that is not in its shortest form) is shown as what it rests on.
    Plain,
}

impl Value {
    /// Reads a whole message under the default [`Limits`].
    ///
    /// In memory a value takes some ten times the bytes of its message; records of many small fields with long names take up
    /// to a hundred times, since each field brings its name along.
    ///
    /// # Errors
    /// The first byte that does not fit the schema, or what a limit forbids; bytes left behind the value too.
    pub fn decode(schema: &Schema, bytes: &[u8]) -> Result<Self, DecodeError> {
        Self::decode_with_limits(schema, bytes, Limits::default())
    }

    /// As [`Value::decode`], under other limits.
    ///
    /// # Errors
    /// As [`Value::decode`].
    pub fn decode_with_limits(
        schema: &Schema,
        bytes: &[u8],
        limits: Limits,
    ) -> Result<Self, DecodeError> {
        let mut reader = Reader::with_limits(bytes, limits)?;
        let value = binary::Decoder::new(schema, limits.zero_width_items)
            .decode(schema.root(), &mut reader)?;
        reader.finish()?;
        Ok(value)
    }

    /// Reads one value and leaves the reader behind it.
    ///
    /// # Errors
    /// As [`Value::decode`].
    pub fn read(schema: &Schema, reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        binary::Decoder::new(schema, Limits::ZERO_WIDTH_ITEMS).decode(schema.root(), reader)
    }

    /// The value in binary.
    ///
    /// # Errors
    /// The first place where it does not fit the schema.
    pub fn encode(&self, schema: &Schema) -> Result<Vec<u8>, ValueError> {
        let mut out = Vec::new();
        self.encode_into(schema, &mut out)?;
        Ok(out)
    }

    /// Appends the value in binary. After an error, `out` holds a part of it.
    ///
    /// # Errors
    /// As [`Value::encode`].
    pub fn encode_into(&self, schema: &Schema, out: &mut Vec<u8>) -> Result<(), ValueError> {
        binary::encode(schema, schema.root(), self, out)
    }

    /// The value as JSON.
    ///
    /// # Errors
    /// The first place where it does not fit the schema.
    pub fn to_json(
        &self,
        schema: &Schema,
        form: JsonForm,
    ) -> Result<serde_json::Value, ValueError> {
        json::write(schema, schema.root(), self, form)
    }

    /// The value that a JSON text says.
    ///
    /// In [`JsonForm::Plain`], fields left out take their defaults. Keys that are no fields are refused in both forms.
    ///
    /// # Errors
    /// The first place where it does not fit the schema.
    pub fn from_json(
        schema: &Schema,
        json: &serde_json::Value,
        form: JsonForm,
    ) -> Result<Self, ValueError> {
        read::Input::new(schema, form).read(schema.root(), json)
    }

    /// The default of a field of a record in `schema`; `None` when it has none.
    ///
    /// # Errors
    /// When the default takes in others without end (a recursive record whose default is itself).
    pub fn default_of(schema: &Schema, field: &Field) -> Result<Option<Self>, ValueError> {
        let Some(tree) = &field.default else {
            return Ok(None);
        };
        default::read(schema, field.schema, tree).map(Some)
    }

    /// The field `name` of a record.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        let Self::Record(fields) = self else {
            return None;
        };
        fields.iter().find(|(field, _)| field == name).map(|(_, value)| value)
    }

    /// What kind of value this is, for messages.
    fn describe(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean(_) => "a boolean",
            Self::Int(_) => "an int",
            Self::Long(_) => "a long",
            Self::Float(_) => "a float",
            Self::Double(_) => "a double",
            Self::Bytes(_) => "bytes",
            Self::String(_) => "a string",
            Self::Fixed(_) => "a fixed",
            Self::Enum(_) => "a symbol",
            Self::Array(_) => "an array",
            Self::Map(_) => "a map",
            Self::Record(_) => "a record",
            Self::Union(..) => "a union's value",
        }
    }
}

/// The error that values nest too deep, at the reader's place.
fn too_deep(reader: &Reader<'_>) -> DecodeError {
    reader.error(DecodeErrorKind::TooDeep { limit: u32::try_from(MAX_LEVELS).unwrap_or(u32::MAX) })
}
