//! What generated code says of a context. Only `generated/` implements these traits.

use std::fmt::Debug;

use charter_avro::{codec::Codec, logical::Timestamp, plan::Plan, wire::DecodeError};

use crate::room::{Broadcast, Hidden, Room};
use crate::{Envelope, Table};

/// A context: a folder of contracts with one aggregate kind. Implemented by a marker type.
pub trait Contract: Sized + Send + Sync + 'static {
    /// The context's name, as in topics and wire types: `seat`.
    const NAME: &'static str;
    /// The version that `charter release` raises; an older instance may not claim a partition that a
    /// newer one has held.
    const VERSION: u32;
    /// The view tables of the context.
    const TABLES: &'static [&'static Table];
    /// The rooms that events of the context are sent to.
    const ROOMS: &'static [&'static Room] = &[];
    /// What is private of events, by their names on the wire; of the others, nothing.
    const PRIVATE: &'static [(&'static str, &'static Hidden)] = &[];
    /// Every command of the context.
    type Command: Message;
    /// Every event of the context.
    type Event: Event<Command = Self::Command>;
    /// Every rejection of the context.
    type Rejection: Rejection;

    /// The topic that commands are appended to: `<context>.commands`.
    #[must_use]
    fn commands_topic() -> String {
        format!("{}.commands", Self::NAME)
    }

    /// The topic that events are published on: `<context>.events`.
    #[must_use]
    fn events_topic() -> String {
        format!("{}.events", Self::NAME)
    }

    /// The topic for messages that cannot be processed: `<context>.dead-letters`.
    #[must_use]
    fn dead_letters_topic() -> String {
        format!("{}.dead-letters", Self::NAME)
    }
}

/// Whether a message asks or tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// A request to change, may be refused.
    Command,
    /// A fact.
    Event,
}

/// What the contract says of one message type.
#[derive(Debug, PartialEq, Eq)]
pub struct MessageType {
    /// Command or event.
    pub kind: MessageKind,
    /// The name on the wire: `seat.holdRequest`.
    pub wire_type: &'static str,
    /// The Avro full name of the payload: `seat.HoldSeats`.
    pub full_name: &'static str,
    /// The Avro full name of the envelope: `seat.HoldSeatsEnvelope`.
    pub envelope_name: &'static str,
    /// The envelope's Avro schema as JSON, self-contained.
    pub envelope_schema: &'static str,
    /// The rejections that a command declares; empty for an event.
    pub rejections: &'static [RejectionType],
}

impl MessageType {
    /// The declared rejection with this code.
    #[must_use]
    pub fn rejection(&self, code: &str) -> Option<&'static RejectionType> {
        self.rejections.iter().find(|rejection| rejection.code == code)
    }
}

/// What the contract says of one rejection of a command.
#[derive(Debug, PartialEq, Eq)]
pub struct RejectionType {
    /// The stable code: `SEAT_TAKEN`.
    pub code: &'static str,
    /// The HTTP status that a waiting client gets, 400–499.
    pub status: u16,
    /// The sentence that a person reads.
    pub doc: &'static str,
}

/// The payload of one message type: a generated record.
pub trait Payload: Codec + Clone + Debug + PartialEq + Send + Sync + 'static {
    /// What the contract says of this message.
    const TYPE: &'static MessageType;

    /// The aggregate's key within its tenant, of the contract's key fields.
    fn key(&self) -> String;
}

/// All commands or all events of a context, as one enum.
pub trait Message: Sized + Clone + Debug + PartialEq + Send + Sync + 'static {
    /// The variants' types, in the order of their full names.
    const TYPES: &'static [&'static MessageType];

    /// The type of this message.
    fn message_type(&self) -> &'static MessageType;

    /// The aggregate's key within its tenant.
    fn key(&self) -> String;

    /// Appends the payload's Avro bytes.
    fn encode(&self, out: &mut Vec<u8>);

    /// Reads the envelope of a message of `message_type`: by its own schema where `plan` is `None`,
    /// else by a plan compiled from the writer's envelope schema to [`MessageType::envelope_schema`].
    ///
    /// # Errors
    /// Where the bytes don't hold the envelope, or bytes are left over, or `message_type` is not one
    /// of [`Message::TYPES`].
    fn decode_envelope(
        message_type: &MessageType,
        bytes: &[u8],
        plan: Option<&Plan>,
    ) -> Result<Envelope<Self>, DecodeError>;

    /// As [`Message::decode_envelope`], for who has no use for the metadata: it is read, and so checked, but nothing of
    /// it is copied.
    ///
    /// # Errors
    /// As there.
    fn decode_payload(
        message_type: &MessageType,
        bytes: &[u8],
        plan: Option<&Plan>,
    ) -> Result<Self, DecodeError>;

    /// The type with this name on the wire.
    #[must_use]
    fn type_named(wire_type: &str) -> Option<&'static MessageType> {
        Self::TYPES.iter().copied().find(|known| known.wire_type == wire_type)
    }
}

/// All events of a context.
pub trait Event: Message {
    /// The commands that deadlines of these events send.
    type Command: Message;

    /// The deadlines that this event sets.
    fn deadlines(&self) -> Vec<Deadline<Self::Command>>;

    /// What a room gets of this event; `None` where it is sent to none.
    #[must_use]
    fn broadcast(&self) -> Option<Broadcast> {
        None
    }
}

/// A durable timer: the runtime decides `command` when `due` has come.
#[derive(Clone, Debug, PartialEq)]
pub struct Deadline<C> {
    /// When the command is due, UTC.
    pub due: Timestamp,
    /// The command that the runtime then decides.
    pub command: C,
}

/// A refusal by business rule.
pub trait Rejection: Clone + Debug + PartialEq + Send + Sync + 'static {
    /// The stable code of the contract: `SEAT_TAKEN`.
    fn code(&self) -> &'static str;

    /// What the contract says of the refusal beyond its code, as JSON text in the contract's field
    /// names; `None` where the contract names no details.
    fn details(&self) -> Option<String>;
}
