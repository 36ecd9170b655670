use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Codec;
use crate::plan::{Plan, StepId};
use crate::wire::{self, DecodeError, Reader};

/// An Avro `bytes` value. In JSON it is a base64 string (RFC 4648 §4, with padding).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub Vec<u8>);

impl Codec for Bytes {
    const MIN_WIRE_LEN: usize = 1;

    #[inline]
    fn room(&self) -> usize {
        wire::bytes_room(self.0.len())
    }

    #[inline]
    fn put<'b>(&self, out: &'b mut [u8]) -> &'b mut [u8] {
        wire::put_bytes(out, &self.0)
    }

    #[inline]
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.bytes().map(|bytes| Self(bytes.to_owned()))
    }

    // `string` and `bytes` look alike on the wire, so that their promotion is the fast path.
    fn decode_resolved(r: &mut Reader<'_>, plan: &Plan, at: StepId) -> Result<Self, DecodeError> {
        Err(plan.mismatch(r, at, "expected bytes"))
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        base64_text(deserializer).map(Self)
    }
}

/// An Avro `fixed` of `N` bytes. In JSON it is a base64 string (RFC 4648 §4, with padding).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fixed<const N: usize>(pub [u8; N]);

impl<const N: usize> Codec for Fixed<N> {
    const MIN_WIRE_LEN: usize = N;

    #[inline]
    fn room(&self) -> usize {
        N
    }

    #[inline]
    fn put<'b>(&self, out: &'b mut [u8]) -> &'b mut [u8] {
        wire::put_array(out, self.0)
    }

    #[inline]
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.array().map(Self)
    }

    fn decode_resolved(r: &mut Reader<'_>, plan: &Plan, at: StepId) -> Result<Self, DecodeError> {
        Err(plan.mismatch(r, at, "expected a fixed"))
    }
}

impl<const N: usize> Default for Fixed<N> {
    fn default() -> Self {
        Self([0; N])
    }
}

impl<const N: usize> From<[u8; N]> for Fixed<N> {
    fn from(bytes: [u8; N]) -> Self {
        Self(bytes)
    }
}

impl<const N: usize> AsRef<[u8]> for Fixed<N> {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl<const N: usize> Serialize for Fixed<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(self.0))
    }
}

impl<'de, const N: usize> Deserialize<'de> for Fixed<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = base64_text(deserializer)?;
        <[u8; N]>::try_from(bytes).map(Self).map_err(|bytes| {
            serde::de::Error::custom(format_args!(
                "expected {N} bytes in base64, found {}",
                bytes.len()
            ))
        })
    }
}

fn base64_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
    STANDARD
        .decode(text.as_bytes())
        .map_err(|error| serde::de::Error::custom(format_args!("expected base64: {error}")))
}
