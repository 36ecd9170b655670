//! Arrays, maps and optional values.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Codec, CodecRef};
use crate::plan::{self, Plan, Shape, StepId};
use crate::wire::{self, Blocks, DecodeError, Reader};

/// Room for the number of items and for the end of an array or a map.
const COUNT_ROOM: usize = wire::LONG_ROOM + 1;

impl<T: Codec> Codec for Vec<T> {
    const MIN_WIRE_LEN: usize = 1;

    #[inline]
    fn room(&self) -> usize {
        COUNT_ROOM + self.iter().map(T::room).sum::<usize>()
    }

    #[inline]
    fn put<'b>(&self, mut out: &'b mut [u8]) -> &'b mut [u8] {
        if !self.is_empty() {
            out = wire::put_long(out, length(self.len()));
            for item in self {
                out = item.put(out);
            }
        }
        wire::put_byte(out, 0)
    }

    #[inline]
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        items(r, T::MIN_WIRE_LEN, T::decode)
    }

    fn decode_resolved(r: &mut Reader<'_>, plan: &Plan, at: StepId) -> Result<Self, DecodeError> {
        match plan.shape(at) {
            Shape::Array { items: item, least } => {
                items(r, least, |r| plan::resolve(r, plan, item))
            }
            Shape::Map { .. } | Shape::Other => Err(plan.mismatch(r, at, "expected an array")),
        }
    }
}

impl<'a, T: CodecRef<'a>> CodecRef<'a> for Vec<T> {
    type Owned = Vec<T::Owned>;

    const MIN_WIRE_LEN: usize = 1;

    #[inline]
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        items(r, T::MIN_WIRE_LEN, T::decode)
    }

    fn decode_resolved(r: &mut Reader<'a>, plan: &Plan, at: StepId) -> Result<Self, DecodeError> {
        match plan.shape(at) {
            Shape::Array { items: item, least } => {
                items(r, least, |r| plan::resolve_ref(r, plan, item))
            }
            Shape::Map { .. } | Shape::Other => Err(plan.mismatch(r, at, "expected an array")),
        }
    }

    fn into_owned(self) -> Self::Owned {
        self.into_iter().map(T::into_owned).collect()
    }
}

#[inline]
fn items<'a, T>(
    r: &mut Reader<'a>,
    least: usize,
    mut item: impl FnMut(&mut Reader<'a>) -> Result<T, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    let mut blocks = Blocks::new(least);
    let mut values = Vec::new();
    while let Some(count) = blocks.next(r)? {
        values.reserve_exact(r.reservation::<T>(count));
        for _ in 0..count {
            match item(r) {
                Ok(value) => values.push(value),
                Err(error) => return Err(error.in_item(values.len())),
            }
        }
    }
    Ok(values)
}

/// Keys come in their order, so that equal maps have equal bytes. Of two entries with one key the later one counts.
impl<T: Codec> Codec for BTreeMap<String, T> {
    const MIN_WIRE_LEN: usize = 1;

    fn room(&self) -> usize {
        let entry = |(key, value): (&String, &T)| wire::bytes_room(key.len()) + value.room();
        COUNT_ROOM + self.iter().map(entry).sum::<usize>()
    }

    fn put<'b>(&self, mut out: &'b mut [u8]) -> &'b mut [u8] {
        if !self.is_empty() {
            out = wire::put_long(out, length(self.len()));
            for (key, value) in self {
                out = wire::put_string(out, key);
                out = value.put(out);
            }
        }
        wire::put_byte(out, 0)
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        entries(r, T::MIN_WIRE_LEN, T::decode)
    }

    fn decode_resolved(r: &mut Reader<'_>, plan: &Plan, at: StepId) -> Result<Self, DecodeError> {
        match plan.shape(at) {
            Shape::Map { values, least } => entries(r, least, |r| plan::resolve(r, plan, values)),
            Shape::Array { .. } | Shape::Other => Err(plan.mismatch(r, at, "expected a map")),
        }
    }
}

impl<'a, T: CodecRef<'a>> CodecRef<'a> for BTreeMap<&'a str, T> {
    type Owned = BTreeMap<String, T::Owned>;

    const MIN_WIRE_LEN: usize = 1;

    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        entries(r, T::MIN_WIRE_LEN, T::decode)
    }

    fn decode_resolved(r: &mut Reader<'a>, plan: &Plan, at: StepId) -> Result<Self, DecodeError> {
        match plan.shape(at) {
            Shape::Map { values, least } => {
                entries(r, least, |r| plan::resolve_ref(r, plan, values))
            }
            Shape::Array { .. } | Shape::Other => Err(plan.mismatch(r, at, "expected a map")),
        }
    }

    fn into_owned(self) -> Self::Owned {
        self.into_iter().map(|(key, value)| (key.to_owned(), value.into_owned())).collect()
    }
}

fn entries<'a, K: From<&'a str> + Ord, T>(
    r: &mut Reader<'a>,
    least: usize,
    mut value: impl FnMut(&mut Reader<'a>) -> Result<T, DecodeError>,
) -> Result<BTreeMap<K, T>, DecodeError> {
    // A key takes a byte at least: its length.
    let mut blocks = Blocks::new(1 + least);
    let mut entries = BTreeMap::new();
    while let Some(count) = blocks.next(r)? {
        for _ in 0..count {
            let key = r.string()?;
            match value(r) {
                Ok(value) => entries.insert(K::from(key), value),
                Err(error) => return Err(error.in_key(key)),
            };
        }
    }
    Ok(entries)
}

/// `["null", T]`.
impl<T: Codec> Codec for Option<T> {
    const MIN_WIRE_LEN: usize = 1;

    #[inline]
    fn room(&self) -> usize {
        1 + self.as_ref().map_or(0, T::room)
    }

    #[inline]
    fn put<'b>(&self, out: &'b mut [u8]) -> &'b mut [u8] {
        match self {
            None => wire::put_byte(out, 0),
            Some(value) => value.put(wire::put_byte(out, 2)),
        }
    }

    #[inline]
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match r.union_branch(2)? {
            0 => Ok(None),
            _ => T::decode(r).map(Some),
        }
    }

    fn decode_resolved(r: &mut Reader<'_>, plan: &Plan, at: StepId) -> Result<Self, DecodeError> {
        match plan.branch(r, at)? {
            (0, _) => Ok(None),
            (_, at) => plan::resolve(r, plan, at).map(Some),
        }
    }
}

impl<'a, T: CodecRef<'a>> CodecRef<'a> for Option<T> {
    type Owned = Option<T::Owned>;

    const MIN_WIRE_LEN: usize = 1;

    #[inline]
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        match r.union_branch(2)? {
            0 => Ok(None),
            _ => T::decode(r).map(Some),
        }
    }

    fn decode_resolved(r: &mut Reader<'a>, plan: &Plan, at: StepId) -> Result<Self, DecodeError> {
        match plan.branch(r, at)? {
            (0, _) => Ok(None),
            (_, at) => plan::resolve_ref(r, plan, at).map(Some),
        }
    }

    fn into_owned(self) -> Self::Owned {
        self.map(T::into_owned)
    }
}

/// `[T, "null"]`: an optional value whose default is not `null`. In JSON it looks like an [`Option`].
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct NullLast<T>(pub Option<T>);

impl<T> From<Option<T>> for NullLast<T> {
    fn from(value: Option<T>) -> Self {
        Self(value)
    }
}

impl<T: Codec> Codec for NullLast<T> {
    const MIN_WIRE_LEN: usize = 1;

    #[inline]
    fn room(&self) -> usize {
        1 + self.0.as_ref().map_or(0, T::room)
    }

    #[inline]
    fn put<'b>(&self, out: &'b mut [u8]) -> &'b mut [u8] {
        match &self.0 {
            None => wire::put_byte(out, 2),
            Some(value) => value.put(wire::put_byte(out, 0)),
        }
    }

    #[inline]
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match r.union_branch(2)? {
            0 => T::decode(r).map(|value| Self(Some(value))),
            _ => Ok(Self(None)),
        }
    }

    fn decode_resolved(r: &mut Reader<'_>, plan: &Plan, at: StepId) -> Result<Self, DecodeError> {
        match plan.branch(r, at)? {
            (0, at) => plan::resolve(r, plan, at).map(|value| Self(Some(value))),
            (_, _) => Ok(Self(None)),
        }
    }
}

impl<'a, T: CodecRef<'a>> CodecRef<'a> for NullLast<T> {
    type Owned = NullLast<T::Owned>;

    const MIN_WIRE_LEN: usize = 1;

    #[inline]
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        match r.union_branch(2)? {
            0 => T::decode(r).map(|value| Self(Some(value))),
            _ => Ok(Self(None)),
        }
    }

    fn decode_resolved(r: &mut Reader<'a>, plan: &Plan, at: StepId) -> Result<Self, DecodeError> {
        match plan.branch(r, at)? {
            (0, at) => plan::resolve_ref(r, plan, at).map(|value| Self(Some(value))),
            (_, _) => Ok(Self(None)),
        }
    }

    fn into_owned(self) -> Self::Owned {
        NullLast(self.0.map(T::into_owned))
    }
}

impl<T: Codec> Codec for Box<T> {
    const MIN_WIRE_LEN: usize = T::MIN_WIRE_LEN;

    #[inline]
    fn room(&self) -> usize {
        T::room(self)
    }

    #[inline]
    fn put<'b>(&self, out: &'b mut [u8]) -> &'b mut [u8] {
        T::put(self, out)
    }

    #[inline]
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        T::decode(r).map(Self::new)
    }

    fn decode_resolved(r: &mut Reader<'_>, plan: &Plan, at: StepId) -> Result<Self, DecodeError> {
        T::decode_resolved(r, plan, at).map(Self::new)
    }
}

impl<'a, T: CodecRef<'a>> CodecRef<'a> for Box<T> {
    type Owned = Box<T::Owned>;

    const MIN_WIRE_LEN: usize = T::MIN_WIRE_LEN;

    #[inline]
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        T::decode(r).map(Self::new)
    }

    fn decode_resolved(r: &mut Reader<'a>, plan: &Plan, at: StepId) -> Result<Self, DecodeError> {
        T::decode_resolved(r, plan, at).map(Self::new)
    }

    fn into_owned(self) -> Self::Owned {
        Box::new((*self).into_owned())
    }
}

#[inline]
fn length(items: usize) -> i64 {
    i64::try_from(items).expect("no collection holds more than i64::MAX items")
}
