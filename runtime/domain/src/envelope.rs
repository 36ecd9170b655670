//! A message with its metadata, as it travels: the Avro record
//! `MEnvelope { metadata: shared.Metadata, payload: M }`.

use charter_avro::codec::{self, Codec, CodecRef};
use charter_avro::plan::Plan;
use charter_avro::wire::DecodeError;
use contract_shared::{Metadata, MetadataRef};

use crate::AggregateId;

/// Metadata and payload. For a generated record `M`, this is the type of the Avro record `MEnvelope`;
/// for a context's enum it is any of its messages.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope<P> {
    /// Who sent what, when, about which aggregate, and where it stands in order.
    pub metadata: Metadata,
    /// The message itself.
    pub payload: P,
}

impl<P> Envelope<P> {
    /// The same metadata around another form of the payload.
    pub fn map<Q>(self, into: impl FnOnce(P) -> Q) -> Envelope<Q> {
        Envelope { metadata: self.metadata, payload: into(self.payload) }
    }

    /// The aggregate that the message is about.
    #[must_use]
    pub fn aggregate(&self) -> AggregateId {
        AggregateId::new(self.metadata.tenant_id.clone(), self.metadata.key.clone())
    }
}

impl<P: Codec> Envelope<P> {
    /// Reads a whole envelope: by its own schema where `plan` is `None`, else by the plan.
    ///
    /// # Errors
    /// Where the bytes don't hold the envelope or bytes are left over.
    pub fn read(bytes: &[u8], plan: Option<&Plan>) -> Result<Self, DecodeError> {
        match plan {
            None => codec::decode(bytes),
            Some(plan) => codec::decode_with_plan(bytes, plan),
        }
    }
}

charter_avro::record! {
    Envelope<P> {
        "metadata" => metadata: Metadata,
        "payload" => payload: P,
    }
}

/// An envelope whose metadata is looked at and let go: its texts are slices of the message. The payload is what the
/// domain takes, and so owns what it holds.
#[derive(Clone, Debug, PartialEq)]
pub struct EnvelopeRef<'a, P> {
    /// As [`Envelope::metadata`].
    pub metadata: MetadataRef<'a>,
    /// As [`Envelope::payload`].
    pub payload: P,
}

impl<'a, P: CodecRef<'a>> EnvelopeRef<'a, P> {
    /// As [`Envelope::read`].
    ///
    /// # Errors
    /// As there.
    pub fn read(bytes: &'a [u8], plan: Option<&Plan>) -> Result<Self, DecodeError> {
        match plan {
            None => codec::decode_ref(bytes),
            Some(plan) => codec::decode_ref_with_plan(bytes, plan),
        }
    }
}

charter_avro::record_ref! {
    EnvelopeRef<'a, P> => Envelope<P> {
        "metadata" => metadata: MetadataRef<'a>,
        "payload" => payload: P,
    }
}
