//! Passing over values of the writer that the reader does not take.

use std::sync::Arc;

use crate::wire::{Blocks, DecodeError, Reader};

/// A writer's type, as far as passing over it needs.
#[derive(Clone, Debug)]
pub(super) enum Skip {
    Null,
    Boolean,
    Int,
    Long,
    /// `float`, `double` and `fixed`: a number of bytes.
    Fixed(usize),
    Bytes,
    String,
    /// The number of symbols.
    Enum(usize),
    Array {
        items: SkipId,
        /// The fewest bytes an item takes.
        least: usize,
    },
    Map {
        values: SkipId,
        least: usize,
    },
    Record(Box<[(Arc<str>, SkipId)]>),
    Union(Box<[SkipId]>),
}

/// An index into the plan's [`Skip`]s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SkipId(pub(super) u32);

/// Passes over one value. Everything is checked as in decoding: a block is walked, not jumped over, so that a wrong
/// block size is found.
pub(super) fn skip(reader: &mut Reader<'_>, skips: &[Skip], at: SkipId) -> Result<(), DecodeError> {
    match &skips[at.0 as usize] {
        Skip::Null => Ok(()),
        Skip::Boolean => reader.boolean().map(drop),
        Skip::Int => reader.int().map(drop),
        Skip::Long => reader.long().map(drop),
        Skip::Fixed(size) => reader.fixed(*size).map(drop),
        Skip::Bytes => reader.bytes().map(drop),
        Skip::String => reader.string().map(drop),
        Skip::Enum(symbols) => reader.enum_symbol(*symbols).map(drop),
        Skip::Array { items, least } => {
            let mut blocks = Blocks::new(*least);
            let mut index = 0;
            while let Some(count) = blocks.next(reader)? {
                for _ in 0..count {
                    skip(reader, skips, *items).map_err(|error| error.in_item(index))?;
                    index += 1;
                }
            }
            Ok(())
        }
        Skip::Map { values, least } => {
            let mut blocks = Blocks::new(1 + least);
            while let Some(count) = blocks.next(reader)? {
                for _ in 0..count {
                    let key = reader.string()?;
                    skip(reader, skips, *values).map_err(|error| error.in_key(key))?;
                }
            }
            Ok(())
        }
        Skip::Record(fields) => {
            reader.enter()?;
            for (name, field) in fields {
                skip(reader, skips, *field).map_err(|error| error.in_named_field(name))?;
            }
            reader.leave();
            Ok(())
        }
        Skip::Union(branches) => {
            let branch = reader.union_branch(branches.len())?;
            skip(reader, skips, branches[branch])
        }
    }
}
