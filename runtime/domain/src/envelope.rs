//! A message with its metadata, as it travels: the Avro record
//! `MEnvelope { metadata: shared.Metadata, payload: M }`.

use charter_avro::codec::{self, Codec};
use charter_avro::plan::{Plan, StepId};
use charter_avro::wire::{DecodeError, DecodeErrorKind, Reader};
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
            None => codec::decode(bytes),
            Some(plan) => codec::decode_with_plan(bytes, plan),
        }
    }
}

/// The Avro record `MEnvelope { metadata: shared.Metadata, payload: M }`.
impl<P: Codec> Codec for Envelope<P> {
    const MIN_WIRE_LEN: usize = Metadata::MIN_WIRE_LEN + P::MIN_WIRE_LEN;

    fn encode(&self, out: &mut Vec<u8>) {
        self.metadata.encode(out);
        self.payload.encode(out);
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        reader.enter()?;
        let metadata = codec::field(reader, "metadata")?;
        let payload = codec::field(reader, "payload")?;
        reader.leave();
        Ok(Self { metadata, payload })
    }

    fn decode_resolved(
        reader: &mut Reader<'_>,
        plan: &Plan,
        at: StepId,
    ) -> Result<Self, DecodeError> {
        let (mut metadata, mut payload) = (None, None);
        let actions = plan.record(reader, at)?;
        reader.enter()?;
        for action in actions {
            match action.field() {
                0 => {
                    metadata =
                        Some(codec::resolved_field(reader, plan, action.step(), "metadata")?);
                }
                1 => payload = Some(codec::resolved_field(reader, plan, action.step(), "payload")?),
                _ => plan.skip(reader, action)?,
            }
        }
        reader.leave();
        let missing = |name| reader.error(DecodeErrorKind::MissingField(name));
        Ok(Self {
            metadata: metadata.ok_or_else(|| missing("metadata"))?,
            payload: payload.ok_or_else(|| missing("payload"))?,
        })
    }
}
