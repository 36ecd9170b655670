//! The primitive types, and the promotions between them (Avro 1.12, "Schema Resolution").

use super::Codec;
use crate::plan::{Plan, Promotion, StepId};
use crate::wire::{self, DecodeError, Reader};

impl Codec for () {
    const MIN_WIRE_LEN: usize = 0;

    #[inline]
    fn room(&self) -> usize {
        0
    }

    #[inline]
    fn put<'b>(&self, out: &'b mut [u8]) -> &'b mut [u8] {
        out
    }

    #[inline]
    fn decode(_: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(())
    }

    fn decode_resolved(r: &mut Reader<'_>, plan: &Plan, at: StepId) -> Result<Self, DecodeError> {
        Err(plan.mismatch(r, at, "expected null"))
    }
}

impl Codec for bool {
    const MIN_WIRE_LEN: usize = 1;

    #[inline]
    fn room(&self) -> usize {
        1
    }

    #[inline]
    fn put<'b>(&self, out: &'b mut [u8]) -> &'b mut [u8] {
        wire::put_byte(out, u8::from(*self))
    }

    #[inline]
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.boolean()
    }

    fn decode_resolved(r: &mut Reader<'_>, plan: &Plan, at: StepId) -> Result<Self, DecodeError> {
        Err(plan.mismatch(r, at, "expected a boolean"))
    }
}

impl Codec for i32 {
    const MIN_WIRE_LEN: usize = 1;

    #[inline]
    fn room(&self) -> usize {
        wire::INT_ROOM
    }

    #[inline]
    fn put<'b>(&self, out: &'b mut [u8]) -> &'b mut [u8] {
        wire::put_int(out, *self)
    }

    #[inline]
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.int()
    }

    fn decode_resolved(r: &mut Reader<'_>, plan: &Plan, at: StepId) -> Result<Self, DecodeError> {
        Err(plan.mismatch(r, at, "expected an int"))
    }
}

impl Codec for i64 {
    const MIN_WIRE_LEN: usize = 1;

    #[inline]
    fn room(&self) -> usize {
        wire::LONG_ROOM
    }

    #[inline]
    fn put<'b>(&self, out: &'b mut [u8]) -> &'b mut [u8] {
        wire::put_long(out, *self)
    }

    #[inline]
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.long()
    }

    fn decode_resolved(r: &mut Reader<'_>, plan: &Plan, at: StepId) -> Result<Self, DecodeError> {
        match plan.promotion(at) {
            Some(Promotion::Int) => r.int().map(Self::from),
            Some(Promotion::TimeUnit { from, to }) => {
                let start = r.position();
                let value = i128::from(r.long()?) * i128::from(to);
                let value = value.div_euclid(i128::from(from));
                Self::try_from(value)
                    .map_err(|_| DecodeError::new(wire::DecodeErrorKind::Inexact(value), start))
            }
            Some(Promotion::Long | Promotion::Float | Promotion::Decimal { .. }) | None => {
                Err(plan.mismatch(r, at, "expected a long"))
            }
        }
    }
}

impl Codec for f32 {
    const MIN_WIRE_LEN: usize = 4;

    #[inline]
    fn room(&self) -> usize {
        size_of::<Self>()
    }

    #[inline]
    fn put<'b>(&self, out: &'b mut [u8]) -> &'b mut [u8] {
        wire::put_array(out, self.to_le_bytes())
    }

    #[inline]
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.float()
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "the promotion of int and long to float is lossy by specification"
    )]
    fn decode_resolved(r: &mut Reader<'_>, plan: &Plan, at: StepId) -> Result<Self, DecodeError> {
        match plan.promotion(at) {
            Some(Promotion::Int) => r.int().map(|value| value as Self),
            Some(Promotion::Long) => r.long().map(|value| value as Self),
            Some(Promotion::Float | Promotion::Decimal { .. } | Promotion::TimeUnit { .. })
            | None => Err(plan.mismatch(r, at, "expected a float")),
        }
    }
}

impl Codec for f64 {
    const MIN_WIRE_LEN: usize = 8;

    #[inline]
    fn room(&self) -> usize {
        size_of::<Self>()
    }

    #[inline]
    fn put<'b>(&self, out: &'b mut [u8]) -> &'b mut [u8] {
        wire::put_array(out, self.to_le_bytes())
    }

    #[inline]
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.double()
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "the promotion of long to double is lossy by specification"
    )]
    fn decode_resolved(r: &mut Reader<'_>, plan: &Plan, at: StepId) -> Result<Self, DecodeError> {
        match plan.promotion(at) {
            Some(Promotion::Int) => r.int().map(Self::from),
            Some(Promotion::Long) => r.long().map(|value| value as Self),
            Some(Promotion::Float) => r.float().map(Self::from),
            Some(Promotion::Decimal { .. } | Promotion::TimeUnit { .. }) | None => {
                Err(plan.mismatch(r, at, "expected a double"))
            }
        }
    }
}

impl Codec for String {
    const MIN_WIRE_LEN: usize = 1;

    #[inline]
    fn room(&self) -> usize {
        wire::bytes_room(self.len())
    }

    #[inline]
    fn put<'b>(&self, out: &'b mut [u8]) -> &'b mut [u8] {
        wire::put_string(out, self)
    }

    #[inline]
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.string().map(str::to_owned)
    }

    // `bytes` and `string` look alike on the wire, so that their promotion is the fast path.
    fn decode_resolved(r: &mut Reader<'_>, plan: &Plan, at: StepId) -> Result<Self, DecodeError> {
        Err(plan.mismatch(r, at, "expected a string"))
    }
}
