//! Commands that fail by themselves.

use std::any::Any;

use charter_avro::codec::Bytes;
use charter_domain::{CommandOf, Contract as _, Decider, Timestamp};
use contract_shared::DeadLetter;

use super::draft::Rules;
use super::ids::dead_letter_id;
use super::work::Unit;

/// The longest reason that is kept, in characters: a panic may say anything.
const MOST_REASON: usize = 2_000;

/// Why a command can never be decided.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) code: FailureCode,
    pub(super) reason: String,
}

/// What went wrong, as a stable code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FailureCode {
    /// The record is no command of the contract.
    DecodeFailed,
    /// The aggregate's history can't be read.
    HistoryUnreadable,
    /// The domain panicked.
    Panicked,
    /// The domain refused with a code that the command doesn't declare.
    UndeclaredRejection,
    /// An event or deadline is about another aggregate.
    OtherAggregate,
    /// An event is larger than is kept.
    TooLarge,
    /// A text that no store takes.
    InvalidText,
    /// Deciding it has ended the process again and again.
    Crashed,
}

impl FailureCode {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::DecodeFailed => "DECODE_FAILED",
            Self::HistoryUnreadable => "HISTORY_UNREADABLE",
            Self::Panicked => "DECISION_PANICKED",
            Self::UndeclaredRejection => "UNDECLARED_REJECTION",
            Self::OtherAggregate => "OTHER_AGGREGATE",
            Self::TooLarge => "EVENT_TOO_LARGE",
            Self::InvalidText => "INVALID_TEXT",
            Self::Crashed => "CRASHED",
        }
    }
}

impl Failure {
    pub(super) fn new(code: FailureCode, mut reason: String) -> Self {
        if let Some((end, _)) = reason.char_indices().nth(MOST_REASON) {
            reason.truncate(end);
        }
        Self { code, reason }
    }

    /// The dead letter of a unit that failed so.
    pub(super) fn dead_letter<D: Decider>(
        &self,
        rules: &Rules<D>,
        unit: &Unit<CommandOf<D>>,
        time: Timestamp,
        attempts: u32,
    ) -> DeadLetter {
        let topic = D::Contract::commands_topic();
        let partition = rules.lease.partition;
        let (place, offset, envelope) = match unit {
            Unit::Command { offset, record, .. } => {
                (offset.to_be_bytes().to_vec(), offset.cast_signed(), record.record.value.to_vec())
            }
            // A deadline stands in no topic: its event's id names it.
            Unit::Deadline { id, envelope, .. } => (
                [id.event_id.as_bytes().as_slice(), &id.index.to_be_bytes()].concat(),
                -1,
                envelope.clone(),
            ),
        };
        let (wire_type, tenant_id) = match unit.read() {
            Ok(work) => (Some(work.metadata.r#type.clone()), Some(work.metadata.tenant_id.clone())),
            Err(unreadable) => (unreadable.wire_type.clone(), unreadable.tenant.clone()),
        };
        DeadLetter {
            id: dead_letter_id(&topic, partition, &place),
            context: rules.lease.context.clone(),
            topic,
            partition: partition.cast_signed(),
            offset,
            reason: self.reason.clone(),
            code: self.code.as_str().to_owned(),
            envelope: Bytes(envelope),
            r#type: wire_type,
            command_id: unit.command_id().map(|(_, id)| id),
            tenant_id,
            failed_at: time,
            attempts: attempts.cast_signed(),
        }
    }
}

/// What a panic said.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> String {
    let said = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    said.map_or_else(
        || "the domain panicked".to_owned(),
        |said| format!("the domain panicked: {said}"),
    )
}
