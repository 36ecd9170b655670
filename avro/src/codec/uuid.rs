use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Codec, hex};
use crate::plan::{Plan, StepId};
use crate::wire::{self, DecodeError, DecodeErrorKind, Reader};

/// Characters of a hyphenated UUID.
const TEXT: usize = 36;
/// The length of that text as Avro writes it: zig-zag.
const TEXT_PREFIX: u8 = 72;

/// `uuid` on `string`: hyphenated, written in lower case, read in either (RFC 9562 §4).
impl Codec for Uuid {
    const MIN_WIRE_LEN: usize = 1 + TEXT;

    #[inline]
    fn room(&self) -> usize {
        1 + TEXT
    }

    #[inline]
    fn put<'b>(&self, out: &'b mut [u8]) -> &'b mut [u8] {
        let (text, rest) = out.split_at_mut(1 + TEXT);
        if let Some(text) = text.first_chunk_mut() {
            put_text(text, self.as_bytes());
        }
        rest
    }

    #[inline]
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.position();
        match r.bytes()?.first_chunk().map(parse) {
            Some(Some(bytes)) if r.position() - start == 1 + TEXT => Ok(Self::from_bytes(bytes)),
            _ => Err(DecodeError::new(DecodeErrorKind::Uuid, start)),
        }
    }

    // `bytes` and `string` look alike on the wire, so that their promotion is the fast path.
    fn decode_resolved(r: &mut Reader<'_>, plan: &Plan, at: StepId) -> Result<Self, DecodeError> {
        Err(plan.mismatch(r, at, "expected a uuid"))
    }
}

/// `uuid` on `fixed` of 16 bytes, big-endian.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct FixedUuid(pub Uuid);

impl Codec for FixedUuid {
    const MIN_WIRE_LEN: usize = 16;

    #[inline]
    fn room(&self) -> usize {
        16
    }

    #[inline]
    fn put<'b>(&self, out: &'b mut [u8]) -> &'b mut [u8] {
        wire::put_array(out, self.0.into_bytes())
    }

    #[inline]
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.array().map(|bytes| Self(Uuid::from_bytes(bytes)))
    }

    fn decode_resolved(r: &mut Reader<'_>, plan: &Plan, at: StepId) -> Result<Self, DecodeError> {
        Err(plan.mismatch(r, at, "expected a uuid of 16 bytes"))
    }
}

impl From<Uuid> for FixedUuid {
    fn from(uuid: Uuid) -> Self {
        Self(uuid)
    }
}

impl fmt::Display for FixedUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for FixedUuid {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// Writes the text after its length.
#[inline]
fn put_text(text: &mut [u8; 1 + TEXT], bytes: &[u8; 16]) {
    let digits = hex::digits(bytes);
    let digits = digits.as_flattened();
    text[0] = TEXT_PREFIX;
    text[1..9].copy_from_slice(&digits[..8]);
    text[9] = b'-';
    text[10..14].copy_from_slice(&digits[8..12]);
    text[14] = b'-';
    text[15..19].copy_from_slice(&digits[12..16]);
    text[19] = b'-';
    text[20..24].copy_from_slice(&digits[16..20]);
    text[24] = b'-';
    text[25..].copy_from_slice(&digits[20..]);
}

#[inline]
fn parse(text: &[u8; TEXT]) -> Option<[u8; 16]> {
    let mut digits = [0; 32];
    digits[..8].copy_from_slice(&text[..8]);
    digits[8..12].copy_from_slice(&text[9..13]);
    digits[12..16].copy_from_slice(&text[14..18]);
    digits[16..20].copy_from_slice(&text[19..23]);
    digits[20..].copy_from_slice(&text[24..]);
    let hyphens = text[8] == b'-' && text[13] == b'-' && text[18] == b'-' && text[23] == b'-';
    hex::bytes(&digits).filter(|_| hyphens)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(bytes: &[u8; 16]) -> [u8; TEXT] {
        let mut out = Vec::new();
        Uuid::from_bytes(*bytes).encode(&mut out);
        assert_eq!((out[0], out.len()), (TEXT_PREFIX, 1 + TEXT));
        out[1..].first_chunk().copied().expect("36 bytes")
    }

    #[test]
    fn text_form_agrees_with_the_uuid_crate() {
        let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..1000 {
            seed = seed.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            let uuid = Uuid::from_u64_pair(seed.rotate_left(17), seed ^ (seed >> 21));
            let text = format(uuid.as_bytes());
            assert_eq!(std::str::from_utf8(&text), Ok(uuid.to_string().as_str()));
            assert_eq!(parse(&text), Some(uuid.into_bytes()));
            assert_eq!(
                parse(&text.to_ascii_uppercase().try_into().expect("36 bytes")),
                Some(uuid.into_bytes())
            );
        }
    }

    #[test]
    fn every_other_character_is_refused_at_every_place() {
        let good = format(Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef).as_bytes());
        for place in 0..TEXT {
            for character in 0..=u8::MAX {
                let mut text = good;
                text[place] = character;
                let fits = if good[place] == b'-' {
                    character == b'-'
                } else {
                    character.is_ascii_hexdigit()
                };
                assert_eq!(parse(&text).is_some(), fits, "{character:#x} at {place}");
            }
        }
    }
}
