use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal as Number;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Codec;
use crate::plan::{Plan, Promotion, StepId};
use crate::wire::{self, DecodeError, DecodeErrorKind, Reader};

/// `decimal` on `bytes`: an exact number with at most `P` digits, `S` of them behind the point (0 ≤ S ≤ P ≤ 28).
///
/// Every value of the type fits, so that encoding cannot fail. Arithmetic is done with [`rust_decimal::Decimal`]:
/// [`Self::get`] takes it out, [`Self::new`] checks the result. In JSON it is a string with `S` digits behind the
/// point; a string with fewer is accepted, one with more is refused unless they are zeros.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal<const P: u32, const S: u32> {
    unscaled: i128,
}

/// Why a number is not a [`Decimal`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecimalError {
    /// Digits other than zero stand behind the last place of the scale.
    #[error("expected at most {scale} digits behind the point, found `{found}`")]
    Scale {
        /// Digits allowed behind the point.
        scale: u32,
        /// The number.
        found: String,
    },
    /// The number is too large.
    #[error(
        "expected at most {precision} digits, {scale} of them behind the point, found `{found}`"
    )]
    Precision {
        /// Digits allowed.
        precision: u32,
        /// Digits of them behind the point.
        scale: u32,
        /// The number.
        found: String,
    },
    /// The text is not a number.
    #[error("expected a decimal number, found `{found}`")]
    Text {
        /// The text.
        found: String,
    },
}

impl<const P: u32, const S: u32> Decimal<P, S> {
    /// One more than the largest unscaled value.
    const BOUND: i128 = {
        // 28 is what `rust_decimal` can hold for every digit.
        assert!(P >= 1 && P <= 28, "a decimal's precision is from 1 to 28 digits");
        assert!(S <= P, "a decimal's scale is at most its precision");
        10_i128.pow(P)
    };

    /// The value zero.
    pub const ZERO: Self = Self { unscaled: 0 };

    /// The number, if it fits without loss.
    ///
    /// # Errors
    /// When it has more digits than `P`, or digits other than zero behind the `S`-th place.
    pub fn new(number: Number) -> Result<Self, DecimalError> {
        let scale = number.scale();
        let mantissa = number.mantissa();
        // Both powers are at most 10^28, and a mantissa stays below 2^96: the product may overflow, which is checked.
        let unscaled = if scale <= S {
            mantissa.checked_mul(10_i128.pow(S - scale))
        } else {
            let unit = 10_i128.pow(scale - S);
            if mantissa % unit != 0 {
                return Err(DecimalError::Scale { scale: S, found: number.to_string() });
            }
            Some(mantissa / unit)
        };
        unscaled.and_then(Self::from_unscaled).ok_or_else(|| DecimalError::Precision {
            precision: P,
            scale: S,
            found: number.to_string(),
        })
    }

    /// The value `unscaled` × 10⁻ˢ; none if it has more than `P` digits.
    #[must_use]
    pub const fn from_unscaled(unscaled: i128) -> Option<Self> {
        if unscaled < Self::BOUND && unscaled > -Self::BOUND {
            Some(Self { unscaled })
        } else {
            None
        }
    }

    /// The value in units of its last place: 12.50 at scale 2 is 1,250.
    #[must_use]
    pub const fn unscaled(self) -> i128 {
        self.unscaled
    }

    /// The number, at scale `S`.
    #[must_use]
    pub fn get(self) -> Number {
        Number::from_i128_with_scale(self.unscaled, S)
    }

    fn of_bytes(bytes: &[u8], start: usize) -> Result<Self, DecodeError> {
        signed(bytes)
            .and_then(Self::from_unscaled)
            .ok_or_else(|| DecodeError::new(DecodeErrorKind::Decimal { precision: P }, start))
    }

    fn rescaled(bytes: &[u8], from: u32, start: usize) -> Result<Self, DecodeError> {
        let value = signed(bytes)
            .ok_or_else(|| DecodeError::new(DecodeErrorKind::Decimal { precision: P }, start))?;
        rescale(value, from, S)
            .and_then(Self::from_unscaled)
            .ok_or_else(|| DecodeError::new(DecodeErrorKind::Inexact(value), start))
    }
}

/// An unscaled value at another scale, if that can say it exactly.
fn rescale(value: i128, from: u32, to: u32) -> Option<i128> {
    if from <= to {
        10_i128.checked_pow(to - from).and_then(|unit| value.checked_mul(unit))
    } else {
        match 10_i128.checked_pow(from - to) {
            Some(unit) => (value % unit == 0).then(|| value / unit),
            // The unit is larger than any value.
            None => (value == 0).then_some(0),
        }
    }
}

/// The bytes of a decimal at another scale: the shortest, or as many as `size` says.
///
/// # Errors
/// The unscaled value, if the other scale or size cannot say it; 0 if the bytes are none that a decimal has.
pub(crate) fn rescale_bytes(
    bytes: &[u8],
    from: u32,
    to: u32,
    size: Option<usize>,
) -> Result<Vec<u8>, i128> {
    let value = signed(bytes).ok_or(0)?;
    let scaled = rescale(value, from, to).ok_or(value)?;
    let least = shortest(scaled);
    let size = size.unwrap_or(least);
    if size < least {
        return Err(value);
    }
    let mut out = vec![if scaled < 0 { 0xff } else { 0 }; size.saturating_sub(16)];
    out.extend_from_slice(&scaled.to_be_bytes()[16_usize.saturating_sub(size)..]);
    Ok(out)
}

/// A two's-complement, big-endian number; none if there are no bytes or it has more than 128 bits.
#[inline]
fn signed(bytes: &[u8]) -> Option<i128> {
    let negative = bytes.first()? & 0x80 != 0;
    let fill = if negative { 0xff } else { 0 };
    let (padding, used) = bytes.split_at(bytes.len().saturating_sub(16));
    let mut wide = [fill; 16];
    wide[16 - used.len()..].copy_from_slice(used);
    let value = i128::from_be_bytes(wide);
    (padding.iter().all(|&byte| byte == fill) && (value < 0) == negative).then_some(value)
}

/// How many bytes the shortest two's-complement form has: 1 to 16.
#[inline]
fn shortest(value: i128) -> usize {
    let sign_bits = value.leading_zeros().max(value.leading_ones());
    // One sign bit stays.
    16 - (sign_bits as usize - 1) / 8
}

impl<const P: u32, const S: u32> Codec for Decimal<P, S> {
    /// Its length, and one byte at least.
    const MIN_WIRE_LEN: usize = 2;

    #[inline]
    fn room(&self) -> usize {
        17
    }

    #[inline]
    fn put<'b>(&self, out: &'b mut [u8]) -> &'b mut [u8] {
        // At most 12 bytes for 28 digits, so the zig-zag length is one byte. All 16 bytes are written at once.
        let length = shortest(self.unscaled);
        let out = wire::put_byte(out, 2 * length.to_le_bytes()[0]);
        if let Some(digits) = out.first_chunk_mut() {
            *digits = (self.unscaled << (8 * (16 - length))).to_be_bytes();
        }
        &mut out[length..]
    }

    #[inline]
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.position();
        Self::of_bytes(r.bytes()?, start)
    }

    fn decode_resolved(r: &mut Reader<'_>, plan: &Plan, at: StepId) -> Result<Self, DecodeError> {
        match plan.promotion(at) {
            Some(Promotion::Decimal { scale, .. }) => {
                let start = r.position();
                Self::rescaled(r.bytes()?, scale, start)
            }
            Some(
                Promotion::Int | Promotion::Long | Promotion::Float | Promotion::TimeUnit { .. },
            )
            | None => Err(plan.mismatch(r, at, "expected a decimal")),
        }
    }
}

impl<const P: u32, const S: u32> TryFrom<Number> for Decimal<P, S> {
    type Error = DecimalError;

    fn try_from(number: Number) -> Result<Self, DecimalError> {
        Self::new(number)
    }
}

impl<const P: u32, const S: u32> From<Decimal<P, S>> for Number {
    fn from(decimal: Decimal<P, S>) -> Self {
        decimal.get()
    }
}

impl<const P: u32, const S: u32> FromStr for Decimal<P, S> {
    type Err = DecimalError;

    /// Plain notation only, `-12.50`: no exponent, no sign `+`, no underscores.
    fn from_str(text: &str) -> Result<Self, DecimalError> {
        let plain = text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'.' | b'-'))
            && text.ends_with(|c: char| c.is_ascii_digit())
            && text.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit());
        let number = if plain { Number::from_str_exact(text).ok() } else { None };
        number.map_or_else(
            || Err(DecimalError::Text { found: text.chars().take(64).collect() }),
            Self::new,
        )
    }
}

impl<const P: u32, const S: u32> fmt::Display for Decimal<P, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

impl<const P: u32, const S: u32> fmt::Debug for Decimal<P, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

impl<const P: u32, const S: u32> Serialize for Decimal<P, S> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, const P: u32, const S: u32> Deserialize<'de> for Decimal<P, S> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// `decimal` on `fixed` of `N` bytes; otherwise as [`Decimal`].
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FixedDecimal<const N: usize, const P: u32, const S: u32>(pub Decimal<P, S>);

impl<const N: usize, const P: u32, const S: u32> FixedDecimal<N, P, S> {
    /// The size, once it is proven that every value fits: the largest has P digits.
    const SIZE: usize = {
        assert!(
            N >= 16 || 10_i128.pow(P) <= 1 << (8 * N - 1),
            "a fixed of this size cannot hold the decimal's precision"
        );
        N
    };
}

impl<const N: usize, const P: u32, const S: u32> Codec for FixedDecimal<N, P, S> {
    const MIN_WIRE_LEN: usize = Self::SIZE;

    #[inline]
    fn room(&self) -> usize {
        Self::SIZE
    }

    #[inline]
    fn put<'b>(&self, out: &'b mut [u8]) -> &'b mut [u8] {
        let fill = if self.0.unscaled < 0 { 0xff } else { 0 };
        let wide = self.0.unscaled.to_be_bytes();
        let mut bytes = [fill; N];
        let (at, from) = (N.saturating_sub(16), 16_usize.saturating_sub(N));
        bytes[at..].copy_from_slice(&wide[from..]);
        wire::put_array(out, bytes)
    }

    #[inline]
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.position();
        let bytes = r.array::<N>()?;
        Decimal::of_bytes(&bytes, start).map(Self)
    }

    fn decode_resolved(r: &mut Reader<'_>, plan: &Plan, at: StepId) -> Result<Self, DecodeError> {
        match plan.promotion(at) {
            Some(Promotion::Decimal { scale, .. }) => {
                let start = r.position();
                let bytes = r.array::<N>()?;
                Decimal::rescaled(&bytes, scale, start).map(Self)
            }
            Some(
                Promotion::Int | Promotion::Long | Promotion::Float | Promotion::TimeUnit { .. },
            )
            | None => Err(plan.mismatch(r, at, "expected a decimal")),
        }
    }
}

impl<const N: usize, const P: u32, const S: u32> From<Decimal<P, S>> for FixedDecimal<N, P, S> {
    fn from(decimal: Decimal<P, S>) -> Self {
        Self(decimal)
    }
}

impl<const N: usize, const P: u32, const S: u32> fmt::Display for FixedDecimal<N, P, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<const N: usize, const P: u32, const S: u32> fmt::Debug for FixedDecimal<N, P, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
