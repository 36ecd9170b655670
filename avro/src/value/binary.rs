//! Values to and from Avro's binary encoding.

use std::collections::HashMap;

use super::record::{described, matched};
use super::{MAX_LEVELS, Value, ValueError, too_deep};
use crate::schema::{Kind, NodeId, Record, Schema};
use crate::wire::{
    Blocks, DecodeError, DecodeErrorKind, Reader, write_bytes, write_int, write_long, write_string,
};

/// Reads values of one schema.
pub(super) struct Decoder<'s> {
    schema: &'s Schema,
    least: HashMap<NodeId, usize>,
    level: usize,
    /// How many more values may take no bytes. Records of records of nothing could hold exponentially many.
    empty_left: u32,
    empty_limit: u32,
}

impl<'s> Decoder<'s> {
    pub(super) fn new(schema: &'s Schema, empty_limit: u32) -> Self {
        Self { schema, least: HashMap::new(), level: 0, empty_left: empty_limit, empty_limit }
    }

    pub(super) fn decode(
        &mut self,
        id: NodeId,
        reader: &mut Reader<'_>,
    ) -> Result<Value, DecodeError> {
        if self.level == MAX_LEVELS {
            return Err(too_deep(reader));
        }
        if self.least(id) == 0 {
            self.empty_left = self.empty_left.checked_sub(1).ok_or_else(|| {
                reader.error(DecodeErrorKind::ZeroWidthItems { limit: self.empty_limit })
            })?;
        }
        self.level += 1;
        let value = self.value(id, reader)?;
        self.level -= 1;
        Ok(value)
    }

    fn value(&mut self, id: NodeId, reader: &mut Reader<'_>) -> Result<Value, DecodeError> {
        let schema = self.schema;
        Ok(match &schema.node(id).kind {
            Kind::Null => Value::Null,
            Kind::Boolean => Value::Boolean(reader.boolean()?),
            Kind::Int => Value::Int(reader.int()?),
            Kind::Long => Value::Long(reader.long()?),
            Kind::Float => Value::Float(reader.float()?),
            Kind::Double => Value::Double(reader.double()?),
            Kind::Bytes => Value::Bytes(reader.bytes()?.to_vec()),
            Kind::String => Value::String(reader.string()?.to_owned()),
            Kind::Fixed(fixed) => Value::Fixed(reader.fixed(fixed.size)?.to_vec()),
            Kind::Enum(kind) => {
                Value::Enum(kind.symbols[reader.enum_symbol(kind.symbols.len())?].clone())
            }
            Kind::Array { items } => Value::Array(self.array(*items, reader)?),
            Kind::Map { values } => Value::Map(self.map(*values, reader)?),
            Kind::Union { branches } => {
                let branch = reader.union_branch(branches.len())?;
                let value = self.decode(branches[branch], reader)?;
                Value::Union(u32::try_from(branch).unwrap_or(u32::MAX), Box::new(value))
            }
            Kind::Record(record) => Value::Record(self.record(record, reader)?),
        })
    }

    fn array(&mut self, items: NodeId, reader: &mut Reader<'_>) -> Result<Vec<Value>, DecodeError> {
        let mut blocks = Blocks::new(self.least(items));
        let mut values = Vec::new();
        while let Some(count) = blocks.next(reader)? {
            values.reserve(reader.reservation::<Value>(count));
            for _ in 0..count {
                let value = self.decode(items, reader);
                values.push(value.map_err(|error| error.in_item(values.len()))?);
            }
        }
        Ok(values)
    }

    fn map(
        &mut self,
        values: NodeId,
        reader: &mut Reader<'_>,
    ) -> Result<Vec<(String, Value)>, DecodeError> {
        let mut blocks = Blocks::new(1 + self.least(values));
        let mut entries = Vec::new();
        while let Some(count) = blocks.next(reader)? {
            entries.reserve(reader.reservation::<(String, Value)>(count));
            for _ in 0..count {
                let key = reader.string()?.to_owned();
                let value = self.decode(values, reader).map_err(|error| error.in_key(&key))?;
                entries.push((key, value));
            }
        }
        Ok(entries)
    }

    fn record(
        &mut self,
        record: &Record,
        reader: &mut Reader<'_>,
    ) -> Result<Vec<(String, Value)>, DecodeError> {
        reader.enter()?;
        let mut fields = Vec::new();
        for field in &record.fields {
            let value = self
                .decode(field.schema, reader)
                .map_err(|error| error.in_named_field(&field.name))?;
            fields.push((field.name.clone(), value));
        }
        reader.leave();
        Ok(fields)
    }

    /// The fewest bytes a value of a type takes; 0 only if every value takes none.
    fn least(&mut self, id: NodeId) -> usize {
        if let Some(known) = self.least.get(&id) {
            return *known;
        }
        // A record that holds itself directly has no values; any number is right for it.
        self.least.insert(id, 0);
        let schema = self.schema;
        let least = match &schema.node(id).kind {
            Kind::Null => 0,
            Kind::Float => 4,
            Kind::Double => 8,
            Kind::Fixed(fixed) => fixed.size,
            Kind::Record(record) => record
                .fields
                .iter()
                .fold(0, |sum: usize, field| sum.saturating_add(self.least(field.schema))),
            Kind::Boolean
            | Kind::Int
            | Kind::Long
            | Kind::Bytes
            | Kind::String
            | Kind::Array { .. }
            | Kind::Map { .. }
            | Kind::Union { .. }
            | Kind::Enum(_) => 1,
        };
        self.least.insert(id, least);
        least
    }
}

/// Appends `value` as the node `id` writes it. Arrays and maps are one block, without its size.
pub(super) fn encode(
    schema: &Schema,
    id: NodeId,
    value: &Value,
    out: &mut Vec<u8>,
) -> Result<(), ValueError> {
    let kind = &schema.node(id).kind;
    match (kind, value) {
        (Kind::Null, Value::Null) => {}
        (Kind::Boolean, Value::Boolean(flag)) => out.push(u8::from(*flag)),
        (Kind::Int, Value::Int(number)) => write_int(out, *number),
        (Kind::Long, Value::Long(number)) => write_long(out, *number),
        (Kind::Float, Value::Float(number)) => out.extend_from_slice(&number.to_le_bytes()),
        (Kind::Double, Value::Double(number)) => out.extend_from_slice(&number.to_le_bytes()),
        (Kind::Bytes, Value::Bytes(bytes)) => write_bytes(out, bytes),
        (Kind::String, Value::String(text)) => write_string(out, text),
        (Kind::Fixed(fixed), Value::Fixed(bytes)) if bytes.len() == fixed.size => {
            out.extend_from_slice(bytes);
        }
        (Kind::Enum(kind), Value::Enum(symbol)) => {
            let index = kind.symbols.iter().position(|known| known == symbol);
            let index = index.ok_or_else(|| {
                ValueError::new(format!("expected a symbol of `{}`, found `{symbol}`", kind.name))
            })?;
            write_long(out, count(index));
        }
        (Kind::Array { items }, Value::Array(values)) => {
            if !values.is_empty() {
                write_long(out, count(values.len()));
            }
            for (index, value) in values.iter().enumerate() {
                encode(schema, *items, value, out)
                    .map_err(|error| error.within(&index.to_string()))?;
            }
            out.push(0);
        }
        (Kind::Map { values }, Value::Map(entries)) => {
            if !entries.is_empty() {
                write_long(out, count(entries.len()));
            }
            for (key, value) in entries {
                write_string(out, key);
                encode(schema, *values, value, out).map_err(|error| error.within(key))?;
            }
            out.push(0);
        }
        (Kind::Union { branches }, Value::Union(index, value)) => {
            let branch = branches.get(*index as usize).ok_or_else(|| {
                ValueError::new(format!(
                    "expected a branch within 0..{}, found `{index}`",
                    branches.len()
                ))
            })?;
            write_long(out, i64::from(*index));
            encode(schema, *branch, value, out)?;
        }
        (Kind::Record(record), Value::Record(fields)) => {
            for (field, value) in matched(record, fields)? {
                encode(schema, field.schema, value, out)
                    .map_err(|error| error.within(&field.name))?;
            }
        }
        _ => return Err(ValueError::expected(&described(kind), value.describe())),
    }
    Ok(())
}

/// A count as Avro writes it. No slice has more items than an `i64` can say.
fn count(items: usize) -> i64 {
    i64::try_from(items).unwrap_or(i64::MAX)
}
