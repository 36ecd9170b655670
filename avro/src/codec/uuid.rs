use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Codec;
use crate::plan::{Plan, StepId};
use crate::wire::{DecodeError, DecodeErrorKind, Reader};

/// Characters of a hyphenated UUID.
const TEXT: usize = 36;
/// The length of that text as Avro writes it: zig-zag.
const TEXT_PREFIX: u8 = 72;

/// `uuid` on `string`: hyphenated, written in lower case, read in either (RFC 9562 §4).
impl Codec for Uuid {
    const MIN_WIRE_LEN: usize = 1 + TEXT;

    #[inline]
    fn encode(&self, out: &mut Vec<u8>) {
        let mut text = [0; 1 + TEXT];
        text[0] = TEXT_PREFIX;
        text[1..].copy_from_slice(&format(self.as_bytes()));
        out.extend_from_slice(&text);
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
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0.as_bytes());
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

/// Where the groups of the text start, and which bytes of the UUID they show.
const GROUPS: [(usize, usize, usize); 5] =
    [(0, 0, 4), (9, 4, 6), (14, 6, 8), (19, 8, 10), (24, 10, 16)];

/// The loops have no branches and fixed bounds, so that the compiler turns them into a few vector instructions.
#[inline]
fn format(bytes: &[u8; 16]) -> [u8; TEXT] {
    let mut digits = [0; 32];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
        pair[0] = byte >> 4;
        pair[1] = byte & 0x0f;
    }
    for digit in &mut digits {
        *digit += if *digit < 10 { b'0' } else { b'a' - 10 };
    }
    let mut text = [b'-'; TEXT];
    for (at, from, to) in GROUPS {
        text[at..at + 2 * (to - from)].copy_from_slice(&digits[2 * from..2 * to]);
    }
    text
}

#[inline]
fn parse(text: &[u8; TEXT]) -> Option<[u8; 16]> {
    let mut digits = [0; 32];
    for (at, from, to) in GROUPS {
        digits[2 * from..2 * to].copy_from_slice(&text[at..at + 2 * (to - from)]);
    }
    let hyphens = text[8] == b'-' && text[13] == b'-' && text[18] == b'-' && text[23] == b'-';
    let mut bad = 0_u8;
    for digit in &mut digits {
        let decimal = digit.wrapping_sub(b'0');
        // Setting bit 5 makes a letter lower case, and no other character a letter from a to f.
        let letter = (*digit | 0x20).wrapping_sub(b'a');
        bad |= u8::from(decimal > 9) & u8::from(letter > 5);
        *digit = if decimal <= 9 { decimal } else { letter.wrapping_add(10) };
    }
    let mut bytes = [0; 16];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = pair[0] << 4 | pair[1] & 0x0f;
    }
    (hyphens && bad == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

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
