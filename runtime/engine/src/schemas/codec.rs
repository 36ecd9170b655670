//! Records of the log from and to messages.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::Arc;

use bytes::{BufMut, Bytes};
use charter_avro::codec::{self, Codec, CodecRef as _, Uuid};
use charter_avro::schema::Schema;
use charter_avro::wire::{DecodeError, Reader};
use charter_domain::{Envelope, Message, MessageType, Metadata, record_key};
use contract_shared::{DeadLetter, MetadataRef, Outcome};

use super::registry::{RegistryError, SchemaRegistry};
use super::resolve::{Meaning, Resolver};
use crate::log::Record;

/// The header with the version of `CloudEvents`, as its Kafka protocol binding names it (§3.2.3).
pub const CE_SPECVERSION: &str = "ce_specversion";
/// The header with the message's id.
pub const CE_ID: &str = "ce_id";
/// The header with the message's source.
pub const CE_SOURCE: &str = "ce_source";
/// The header with the message's name on the wire.
pub const CE_TYPE: &str = "ce_type";
/// The header with the W3C trace context.
pub const TRACEPARENT: &str = "traceparent";

/// The version of `CloudEvents` that is written, and the only one that is read.
const SPECVERSION: &str = "1.0";

/// The first byte of Confluent's framing; the schema's id follows in four bytes, big-endian.
const MAGIC: u8 = 0;

/// The bytes before the Avro ones.
const FRAME_BYTES: usize = 5;

/// What a message's bytes are expected to be at most: a vector of this size needn't grow for most.
const USUAL_BYTES: usize = 512;

/// A record type that has a topic to itself, or shares it with none of the same name.
pub trait WireRecord: Codec + Send + Sync + 'static {
    /// The Avro full name.
    const FULL_NAME: &'static str;
    /// The Avro schema as JSON, self-contained.
    const SCHEMA: &'static str;
}

impl WireRecord for Outcome {
    const FULL_NAME: &'static str = Outcome::FULL_NAME;
    const SCHEMA: &'static str = Outcome::SCHEMA;
}

impl WireRecord for DeadLetter {
    const FULL_NAME: &'static str = DeadLetter::FULL_NAME;
    const SCHEMA: &'static str = DeadLetter::SCHEMA;
}

/// The messages of one topic: Avro envelopes in Confluent's framing, with `CloudEvents` headers.
#[derive(Debug)]
pub struct MessageCodec<M> {
    topic: String,
    resolver: Resolver,
    /// Own ids by the payload's full name.
    ids: HashMap<&'static str, u32>,
    marker: PhantomData<fn() -> M>,
}

impl<M: Message> MessageCodec<M> {
    /// The codec for `M::TYPES`, whose envelopes' names and schemas, and whose ids, are given in order.
    pub(super) fn new(
        registry: Arc<dyn SchemaRegistry>,
        topic: &str,
        targets: Vec<(String, Schema)>,
        ids: Vec<u32>,
    ) -> Self {
        let resolver = Resolver::new(registry, targets, &ids);
        let ids = M::TYPES.iter().map(|known| known.full_name).zip(ids).collect();
        Self { topic: topic.to_owned(), resolver, ids, marker: PhantomData }
    }

    /// The topic that the messages travel on.
    #[must_use]
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// The bytes of an envelope.
    ///
    /// # Panics
    /// As [`MessageCodec::encode_parts`].
    #[must_use]
    pub fn encode(&self, envelope: &Envelope<M>) -> Bytes {
        self.encode_parts(&envelope.metadata, &envelope.payload)
    }

    /// The bytes of the envelope of these parts.
    ///
    /// # Panics
    /// Where the message's type is none of `M::TYPES`, which no generated message's is.
    #[must_use]
    pub fn encode_parts(&self, metadata: &Metadata, message: &M) -> Bytes {
        let id = self.ids.get(message.message_type().full_name).copied();
        let mut bytes = frame(id.expect("every type of `M` was prepared"));
        metadata.encode(&mut bytes);
        message.encode(&mut bytes);
        bytes.into()
    }

    /// The record of an envelope: under its aggregate's key, with the headers of `CloudEvents` and, where
    /// one is given, the trace context.
    ///
    /// # Panics
    /// As [`MessageCodec::encode_parts`].
    #[must_use]
    pub fn record(&self, metadata: &Metadata, message: &M, traceparent: Option<&str>) -> Record {
        let text = |value: &str| Bytes::copy_from_slice(value.as_bytes());
        let fixed = |value: &'static str| Bytes::from_static(value.as_bytes());
        let id = text(metadata.id.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
        // A sender adds two at most.
        let mut headers = Vec::with_capacity(7);
        headers.push((CE_SPECVERSION.into(), fixed(SPECVERSION)));
        headers.push((CE_ID.into(), id));
        headers.push((CE_SOURCE.into(), text(&metadata.source)));
        headers.push((CE_TYPE.into(), fixed(message.message_type().wire_type)));
        if let Some(traceparent) = traceparent {
            headers.push((TRACEPARENT.into(), text(traceparent)));
        }
        let key = record_key(&metadata.tenant_id, &metadata.key).into();
        Record { key, value: self.encode_parts(metadata, message), headers }
    }

    /// The size of the record that [`MessageCodec::record`] makes of an envelope of so many bytes.
    pub(crate) fn record_size(
        metadata: &Metadata,
        wire_type: &str,
        envelope_bytes: usize,
        traceparent: Option<&str>,
    ) -> usize {
        let headers = [
            (CE_SPECVERSION, SPECVERSION.len()),
            (CE_ID, uuid::fmt::Hyphenated::LENGTH),
            (CE_SOURCE, metadata.source.len()),
            (CE_TYPE, wire_type.len()),
        ];
        let trace = traceparent.map(|value| (TRACEPARENT, value.len()));
        let headers = headers.into_iter().chain(trace).map(|(name, value)| name.len() + value);
        let key = record_key(&metadata.tenant_id, &metadata.key);
        key.len() + FRAME_BYTES + envelope_bytes + headers.sum::<usize>()
    }

    /// Reads a record whose schema id is known; `None` where it has to be fetched, by
    /// [`MessageCodec::decode`].
    ///
    /// # Errors
    /// As [`MessageCodec::decode`].
    pub fn decode_known(&self, record: &Record) -> Result<Option<Envelope<M>>, WireError> {
        let (id, body) = unframe(&record.value)?;
        let Some(meaning) = self.resolver.known(id) else { return Ok(None) };
        read(record, id, &meaning, body).map(Some)
    }

    /// The position of an event that was written with this build's own schema, without a look at its payload; `None`
    /// where only [`MessageCodec::decode`] tells.
    pub(crate) fn position(&self, record: &Record) -> Option<i64> {
        let (id, body) = unframe(&record.value).ok()?;
        let Some(Meaning::Type { plan: None, .. }) = self.resolver.known(id) else { return None };
        // The metadata stands in front of the payload, and a record has no bytes of its own.
        let metadata = MetadataRef::decode(&mut Reader::new(body).ok()?).ok()?;
        Some(metadata.position)
    }

    /// Reads a record. A schema id that was not seen before is asked of the registry, once.
    ///
    /// # Errors
    /// [`WireError`]: poison, another type, or a registry that doesn't answer.
    pub async fn decode(&self, record: &Record) -> Result<Envelope<M>, WireError> {
        let (id, body) = unframe(&record.value)?;
        let meaning = self.resolver.resolve(id).await?.ok_or(WireError::UnknownSchema { id })?;
        read(record, id, &meaning, body)
    }
}

/// The records of one type on a topic, in Confluent's framing.
#[derive(Debug)]
pub struct RecordCodec<T> {
    resolver: Resolver,
    id: u32,
    marker: PhantomData<fn() -> T>,
}

impl<T: WireRecord> RecordCodec<T> {
    pub(super) fn new(
        registry: Arc<dyn SchemaRegistry>,
        target: (String, Schema),
        id: u32,
    ) -> Self {
        let resolver = Resolver::new(registry, vec![target], &[id]);
        Self { resolver, id, marker: PhantomData }
    }

    /// The bytes of a value.
    #[must_use]
    pub fn encode(&self, value: &T) -> Bytes {
        let mut bytes = frame(self.id);
        value.encode(&mut bytes);
        bytes.into()
    }

    /// Reads a record's value. A schema id that was not seen before is asked of the registry, once.
    ///
    /// # Errors
    /// [`WireError`]: poison, another type, or a registry that doesn't answer.
    pub async fn decode(&self, value: &[u8]) -> Result<T, WireError> {
        let (id, body) = unframe(value)?;
        let meaning = self.resolver.resolve(id).await?.ok_or(WireError::UnknownSchema { id })?;
        let decoded = match meaning {
            Meaning::Type { plan: None, .. } => codec::decode(body),
            Meaning::Type { plan: Some(plan), .. } => codec::decode_with_plan(body, &plan),
            Meaning::Other { name } => {
                return Err(WireError::OtherType { id, name: name.as_ref().to_owned() });
            }
            Meaning::Unreadable { reason } => {
                return Err(WireError::Unreadable { id, reason: reason.as_ref().to_owned() });
            }
        };
        decoded.map_err(|source| WireError::Decode { name: T::FULL_NAME, source })
    }
}

/// Why a record is not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// It doesn't begin with a schema id.
    #[error("a record begins with byte 0 and a schema id of 4 bytes, found {found}")]
    NotFramed {
        /// What it begins with.
        found: String,
    },
    /// The registry has no such schema.
    #[error("the registry has no schema {id}")]
    UnknownSchema {
        /// The id.
        id: u32,
    },
    /// It is of a type that this contract doesn't have. An outside consumer skips and counts it.
    #[error("schema {id} is `{name}`, which is none of this contract's messages")]
    OtherType {
        /// The id.
        id: u32,
        /// The type's Avro full name.
        name: String,
    },
    /// This build can't read the writer's schema.
    #[error("schema {id} can't be read: {reason}")]
    Unreadable {
        /// The id.
        id: u32,
        /// Why not.
        reason: String,
    },
    /// The bytes are not what the schema says.
    #[error("`{name}` can't be decoded: {source}")]
    Decode {
        /// The Avro full name.
        name: &'static str,
        /// Where and why.
        #[source]
        source: DecodeError,
    },
    /// A header says otherwise than the message.
    #[error("header `{header}` says `{found}`, the message `{expected}`")]
    HeaderContradicts {
        /// The header's name.
        header: &'static str,
        /// What the message says.
        expected: String,
        /// What the header says.
        found: String,
    },
    /// The metadata names another aggregate than the payload.
    #[error("the metadata's key is `{found}`, the payload's `{expected}`")]
    KeyContradicts {
        /// The payload's key.
        expected: String,
        /// The metadata's key.
        found: String,
    },
    /// The registry didn't answer; the record may be fine.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

impl WireError {
    /// Whether the record itself is at fault, so that trying again can't help. Whatever goes wrong with
    /// the registry is not the record's fault.
    #[must_use]
    pub fn is_poison(&self) -> bool {
        !matches!(self, Self::Registry(_))
    }

    /// The error as a stable code, for dead letters and metrics.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFramed { .. } => "NOT_FRAMED",
            Self::UnknownSchema { .. } => "SCHEMA_UNKNOWN",
            Self::OtherType { .. } => "TYPE_UNKNOWN",
            Self::Unreadable { .. } => "SCHEMA_UNREADABLE",
            Self::Decode { .. } => "DECODE_FAILED",
            Self::HeaderContradicts { .. } => "HEADER_CONTRADICTS",
            Self::KeyContradicts { .. } => "KEY_CONTRADICTS",
            Self::Registry(_) => "REGISTRY_FAILED",
        }
    }
}

fn frame(id: u32) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(USUAL_BYTES);
    bytes.put_u8(MAGIC);
    bytes.put_u32(id);
    bytes
}

/// The schema id and the Avro bytes.
fn unframe(value: &[u8]) -> Result<(u32, &[u8]), WireError> {
    match value.split_first_chunk::<FRAME_BYTES>() {
        Some(([MAGIC, id @ ..], body)) => Ok((u32::from_be_bytes(*id), body)),
        Some(([magic, ..], _)) => Err(WireError::NotFramed { found: format!("byte {magic}") }),
        None => Err(WireError::NotFramed { found: format!("{} bytes in all", value.len()) }),
    }
}

fn read<M: Message>(
    record: &Record,
    id: u32,
    meaning: &Meaning,
    body: &[u8],
) -> Result<Envelope<M>, WireError> {
    let (message_type, plan) = match meaning {
        Meaning::Type { index, plan } => {
            let message_type = M::TYPES.get(*index).expect("an index is one of `M::TYPES`");
            (*message_type, plan.as_deref())
        }
        Meaning::Other { name } => {
            return Err(WireError::OtherType { id, name: name.as_ref().to_owned() });
        }
        Meaning::Unreadable { reason } => {
            return Err(WireError::Unreadable { id, reason: reason.as_ref().to_owned() });
        }
    };
    agree(record, CE_TYPE, message_type.wire_type)?;
    agree(record, CE_SPECVERSION, SPECVERSION)?;
    let envelope = M::decode_envelope(message_type, body, plan)
        .map_err(|source| WireError::Decode { name: message_type.envelope_name, source })?;
    check(record, message_type, envelope)
}

/// What only the decoded envelope shows.
fn check<M: Message>(
    record: &Record,
    message_type: &MessageType,
    envelope: Envelope<M>,
) -> Result<Envelope<M>, WireError> {
    debug_assert_eq!(envelope.payload.message_type(), message_type);
    let mut id = Uuid::encode_buffer();
    agree(record, CE_ID, envelope.metadata.id.hyphenated().encode_lower(&mut id))?;
    agree(record, CE_SOURCE, &envelope.metadata.source)?;
    let key = envelope.payload.key();
    if key != envelope.metadata.key {
        return Err(WireError::KeyContradicts { expected: key, found: envelope.metadata.key });
    }
    Ok(envelope)
}

/// A header may be missing, but not say something else.
fn agree(record: &Record, header: &'static str, expected: &str) -> Result<(), WireError> {
    match record.header(header) {
        Some(found) if found != expected.as_bytes() => Err(WireError::HeaderContradicts {
            header,
            expected: expected.to_owned(),
            found: String::from_utf8_lossy(found).into_owned(),
        }),
        _ => Ok(()),
    }
}
