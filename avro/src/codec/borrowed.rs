//! Types that borrow their text from the message.

use uuid::Uuid;

use super::{Bytes, Codec, Decimal, Fixed, FixedDecimal, FixedUuid};
use crate::logical::{
    CalendarDuration, Date, LocalTimestampMicros, LocalTimestampMillis, LocalTimestampNanos,
    TimeMicros, TimeMillis, TimestampMicros, TimestampMillis, TimestampNanos,
};
use crate::plan::{Plan, StepId};
use crate::wire::{DecodeError, Reader};

/// A type that is read as a [`Codec`](super::Codec) is, but may borrow strings and bytes from the message that it is
/// taken out of.
///
/// Reading one allocates for arrays, maps and boxes alone, so that it is for the places where a message is looked at and
/// let go. [`record_ref!`](crate::record_ref) implements it.
pub trait CodecRef<'a>: Sized {
    /// The type that owns its text, and reads the same messages.
    type Owned: Codec;

    /// As [`Codec::MIN_WIRE_LEN`](super::Codec::MIN_WIRE_LEN).
    const MIN_WIRE_LEN: usize;

    /// As [`Codec::decode`](super::Codec::decode).
    ///
    /// # Errors
    /// As there.
    fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError>;

    /// As [`Codec::decode_resolved`](super::Codec::decode_resolved); call [`plan::resolve_ref`](crate::plan::resolve_ref) instead.
    ///
    /// # Errors
    /// As there.
    fn decode_resolved(
        reader: &mut Reader<'a>,
        plan: &Plan,
        at: StepId,
    ) -> Result<Self, DecodeError>;

    /// The same value with text of its own.
    fn into_owned(self) -> Self::Owned;
}

impl<'a> CodecRef<'a> for &'a str {
    type Owned = String;

    const MIN_WIRE_LEN: usize = 1;

    #[inline]
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        r.string()
    }

    // `bytes` and `string` look alike on the wire, so that their promotion is the fast path.
    fn decode_resolved(r: &mut Reader<'a>, plan: &Plan, at: StepId) -> Result<Self, DecodeError> {
        Err(plan.mismatch(r, at, "expected a string"))
    }

    #[inline]
    fn into_owned(self) -> String {
        self.to_owned()
    }
}

impl<'a> CodecRef<'a> for &'a [u8] {
    type Owned = Bytes;

    const MIN_WIRE_LEN: usize = 1;

    #[inline]
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        r.bytes()
    }

    // As with strings.
    fn decode_resolved(r: &mut Reader<'a>, plan: &Plan, at: StepId) -> Result<Self, DecodeError> {
        Err(plan.mismatch(r, at, "expected bytes"))
    }

    #[inline]
    fn into_owned(self) -> Bytes {
        Bytes(self.to_vec())
    }
}

/// Lets a type that has nothing to borrow, or does not wish to, stand in one that borrows.
#[doc(hidden)]
#[macro_export]
macro_rules! owned_ref {
    (impl [ $( $generic:tt )* ] $type:ty) => {
        impl<'a, $( $generic )*> $crate::codec::CodecRef<'a> for $type {
            type Owned = Self;

            const MIN_WIRE_LEN: usize = <Self as $crate::codec::Codec>::MIN_WIRE_LEN;

            #[inline]
            fn decode(
                reader: &mut $crate::wire::Reader<'a>,
            ) -> ::core::result::Result<Self, $crate::wire::DecodeError> {
                <Self as $crate::codec::Codec>::decode(reader)
            }

            fn decode_resolved(
                reader: &mut $crate::wire::Reader<'a>,
                plan: &$crate::plan::Plan,
                at: $crate::plan::StepId,
            ) -> ::core::result::Result<Self, $crate::wire::DecodeError> {
                <Self as $crate::codec::Codec>::decode_resolved(reader, plan, at)
            }

            #[inline]
            fn into_owned(self) -> Self {
                self
            }
        }
    };
    ($type:ty) => {
        $crate::owned_ref!(impl [] $type);
    };
}

owned_ref!(());
owned_ref!(bool);
owned_ref!(i32);
owned_ref!(i64);
owned_ref!(f32);
owned_ref!(f64);
owned_ref!(Uuid);
owned_ref!(FixedUuid);
owned_ref!(impl [const N: usize] Fixed<N>);
owned_ref!(impl [const P: u32, const S: u32] Decimal<P, S>);
owned_ref!(impl [const N: usize, const P: u32, const S: u32] FixedDecimal<N, P, S>);
owned_ref!(CalendarDuration);
owned_ref!(Date);
owned_ref!(TimeMillis);
owned_ref!(TimeMicros);
owned_ref!(TimestampMillis);
owned_ref!(TimestampMicros);
owned_ref!(TimestampNanos);
owned_ref!(LocalTimestampMillis);
owned_ref!(LocalTimestampMicros);
owned_ref!(LocalTimestampNanos);

/// A value from the whole of a message that was written with the type's own schema.
///
/// # Errors
/// As [`Codec::decode`](super::Codec::decode), and when bytes are left.
pub fn decode_ref<'a, T: CodecRef<'a>>(bytes: &'a [u8]) -> Result<T, DecodeError> {
    let mut reader = Reader::new(bytes)?;
    let value = T::decode(&mut reader)?;
    reader.finish()?;
    Ok(value)
}

/// A value from the whole of a message that was written with the plan's writer schema.
///
/// # Errors
/// As [`Codec::decode_resolved`](super::Codec::decode_resolved), and when bytes are left.
pub fn decode_ref_with_plan<'a, T: CodecRef<'a>>(
    bytes: &'a [u8],
    plan: &Plan,
) -> Result<T, DecodeError> {
    let mut reader = Reader::new(bytes)?;
    let value = crate::plan::resolve_ref(&mut reader, plan, plan.root())?;
    reader.finish()?;
    Ok(value)
}

/// As [`field`](super::field).
///
/// # Errors
/// As there.
#[inline]
pub fn field_ref<'a, T: CodecRef<'a>>(
    reader: &mut Reader<'a>,
    name: &'static str,
) -> Result<T, DecodeError> {
    match T::decode(reader) {
        Ok(value) => Ok(value),
        Err(error) => Err(error.in_field(name)),
    }
}

/// As [`resolved_field`](super::resolved_field).
///
/// # Errors
/// As there.
#[inline]
pub fn resolved_field_ref<'a, T: CodecRef<'a>>(
    reader: &mut Reader<'a>,
    plan: &Plan,
    at: StepId,
    name: &'static str,
) -> Result<T, DecodeError> {
    match crate::plan::resolve_ref(reader, plan, at) {
        Ok(value) => Ok(value),
        Err(error) => Err(error.in_field(name)),
    }
}
