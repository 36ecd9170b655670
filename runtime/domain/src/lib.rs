//! The vocabulary that generated contracts and hand-written domains share: a [`Contract`] names a
//! context's messages, a [`Decider`] decides commands and folds events, a [`Projection`] turns events
//! into rows of a [`View`], a [`Reactor`] turns them into commands, an [`Envelope`] carries a message with its metadata.
//!
//! Nothing in this crate does I/O, reads a clock or draws a random number: time and ids reach a
//! decision through its [`Context`], so that a decision can be made again with the same answer.

mod aggregate;
mod context;
mod contract;
mod decider;
mod envelope;
mod messages;
mod partition;
mod reactor;
pub mod room;
pub mod row;
pub mod testing;
mod view;

pub use aggregate::{AggregateId, composite_key, record_key};
pub use charter_avro::logical::{Date, Timestamp};
pub use context::Context;
pub use contract::{
    Contract, Deadline, Event, Message, MessageKind, MessageType, Payload, Rejection, RejectionType,
};
pub use contract_shared::Metadata;
pub use decider::{CommandOf, Decider, EventOf, Projection, RejectionOf};
pub use envelope::{Envelope, EnvelopeRef};
pub use partition::partition_of;
pub use reactor::{Begin, Reactor};
pub use testing::given;
pub use view::{Column, ColumnError, ColumnType, ColumnValue, Index, Table, View};

/// What [`messages!`] names.
#[doc(hidden)]
pub mod codec {
    pub use charter_avro::codec::Codec;
    pub use charter_avro::plan::Plan;
    pub use charter_avro::wire::DecodeError;

    pub use crate::messages::unknown;
}
