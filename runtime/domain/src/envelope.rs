//! A message with its metadata, as it travels: the Avro record
//! `MEnvelope { metadata: shared.Metadata, payload: M }`.

use charter_avro::{Codec, DecodeError, Plan, Reader};
use contract_shared::Metadata;

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
            None => charter_avro::decode(bytes),
            Some(plan) => charter_avro::decode_with_plan(bytes, plan),
        }
    }
}
