//! What no store takes: messages that are too large, and texts with U+0000 (PostgreSQL's TEXT refuses it).

use std::collections::HashMap;

use charter_avro::schema::{Kind, NodeId, Schema};
use charter_avro::wire::{Blocks, DecodeError, Reader};
use charter_domain::{Message, MessageType};

use super::failure::{Failure, FailureCode};

/// Checks envelopes before they are committed.
#[derive(Debug)]
pub(super) struct TextCheck {
    schemas: HashMap<&'static str, Schema>,
}

impl TextCheck {
    /// A check for the messages of `M`. A schema that can't be parsed is left out; the messages of that type
    /// then fail, each by itself.
    pub(super) fn of<M: Message>() -> Self {
        let parse = |known: &&'static MessageType| {
            Some((known.wire_type, Schema::parse(known.envelope_schema).ok()?))
        };
        Self { schemas: M::TYPES.iter().filter_map(parse).collect() }
    }

    /// Refuses an envelope of more than `max_bytes`, or with U+0000 in a text.
    pub(super) fn check(
        &self,
        message_type: &MessageType,
        envelope: &[u8],
        max_bytes: usize,
    ) -> Result<(), Failure> {
        let wire_type = message_type.wire_type;
        if envelope.len() > max_bytes {
            return Err(Failure::new(
                FailureCode::TooLarge,
                format!("`{wire_type}` has {} bytes, at most {max_bytes} are kept", envelope.len()),
            ));
        }
        // Without a zero byte there is no such text, and no schema has to be walked.
        if !envelope.contains(&0) {
            return Ok(());
        }
        let invalid = |reason: String| {
            Failure::new(FailureCode::InvalidText, format!("`{wire_type}`: {reason}"))
        };
        let schema = self
            .schemas
            .get(wire_type)
            .ok_or_else(|| invalid("its schema can't be parsed".to_owned()))?;
        let found = Reader::new(envelope)
            .and_then(|mut reader| has_nul(schema, schema.root(), &mut reader))
            .map_err(|error| invalid(error.to_string()))?;
        if found { Err(invalid("a text holds U+0000".to_owned())) } else { Ok(()) }
    }
}

fn has_nul(schema: &Schema, node: NodeId, reader: &mut Reader<'_>) -> Result<bool, DecodeError> {
    match &schema.node(node).kind {
        Kind::Null => {}
        Kind::Boolean => drop(reader.boolean()?),
        Kind::Int => drop(reader.int()?),
        Kind::Long => drop(reader.long()?),
        Kind::Float => drop(reader.float()?),
        Kind::Double => drop(reader.double()?),
        Kind::Bytes => drop(reader.bytes()?),
        Kind::String => return Ok(reader.string()?.contains('\0')),
        Kind::Array { items } => {
            let mut blocks = Blocks::new(1);
            while let Some(count) = blocks.next(reader)? {
                for _ in 0..count {
                    if has_nul(schema, *items, reader)? {
                        return Ok(true);
                    }
                }
            }
        }
        Kind::Map { values } => {
            let mut blocks = Blocks::new(1);
            while let Some(count) = blocks.next(reader)? {
                for _ in 0..count {
                    if reader.string()?.contains('\0') || has_nul(schema, *values, reader)? {
                        return Ok(true);
                    }
                }
            }
        }
        Kind::Union { branches } => {
            let branch = reader.union_branch(branches.len())?;
            return has_nul(schema, branches[branch], reader);
        }
        Kind::Record(record) => {
            reader.enter()?;
            for field in &record.fields {
                if has_nul(schema, field.schema, reader)? {
                    return Ok(true);
                }
            }
            reader.leave();
        }
        Kind::Enum(known) => drop(reader.enum_symbol(known.symbols.len())?),
        Kind::Fixed(fixed) => drop(reader.fixed(fixed.size)?),
    }
    Ok(false)
}
