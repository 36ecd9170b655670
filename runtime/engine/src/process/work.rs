//! What a partition has to decide: commands of the log and due deadlines, in the order of their time.

use std::sync::Arc;

use charter_avro::codec::Bytes;
use charter_domain::{AggregateId, Timestamp};
use contract_shared::Metadata;
use uuid::Uuid;

use crate::log::LogRecord;
use crate::store::{DeadlineId, Reaction, StoredDeadline};
use crate::submit;
use crate::trace::Handled;

/// One thing to decide.
#[derive(Clone, Debug)]
pub(super) enum Unit<C> {
    /// A command of the log.
    Command {
        /// Its offset.
        offset: u64,
        /// When the log took it.
        time: Timestamp,
        /// The command, or why it can't be read.
        read: Result<Work<C>, Unreadable>,
        /// As it was found.
        record: Arc<LogRecord>,
    },
    /// A deadline.
    Deadline {
        /// Its name.
        id: DeadlineId,
        /// When it was due.
        due: Timestamp,
        /// Whether the store has it; one that was set in the same batch it has not.
        stored: bool,
        /// The command's envelope.
        envelope: Vec<u8>,
        /// The command, or why it can't be read.
        read: Result<Work<C>, Unreadable>,
    },
}

/// A command to be decided.
#[derive(Clone, Debug)]
pub(super) struct Work<C> {
    /// The command.
    pub(super) command: C,
    /// Whom it is about, by the metadata.
    pub(super) aggregate: AggregateId,
    /// Its metadata.
    pub(super) metadata: Metadata,
    /// The hash of the client's request.
    pub(super) request_hash: Option<Bytes>,
    /// The W3C trace context of the request, which its events carry on.
    pub(super) traceparent: Option<Arc<str>>,
    /// Where it stands in its trace, if that is recorded.
    pub(super) handled: Option<Handled>,
    /// The sequence that the aggregate must be at.
    pub(super) expected_sequence: Option<i64>,
}

/// A command that can't be read, with what is known of it all the same.
#[derive(Clone, Debug)]
pub(super) struct Unreadable {
    /// Why.
    pub(super) reason: String,
    /// The tenant, by the record's key.
    pub(super) tenant: Option<String>,
    /// The aggregate's key, by the record's key.
    pub(super) key: Option<String>,
    /// The command's id, by the headers.
    pub(super) command_id: Option<Uuid>,
    /// The command's name on the wire, by the headers.
    pub(super) wire_type: Option<String>,
    /// The hash of the client's request, by the headers.
    pub(super) request_hash: Option<Bytes>,
}

impl Unreadable {
    /// A stored deadline that can't be read. Its tenant is in the
    /// bytes that can't be read, so it ends with a dead letter and no outcome.
    pub(super) fn deadline(stored: &StoredDeadline, reason: String) -> Self {
        Self {
            reason,
            tenant: None,
            key: None,
            command_id: None,
            wire_type: Some(stored.wire_type.clone()),
            request_hash: None,
        }
    }
}

impl<C> Unit<C> {
    /// When it happens: a command when the log took it, a deadline when it is due.
    pub(super) fn time(&self) -> Timestamp {
        match self {
            Self::Command { time, .. } => *time,
            Self::Deadline { due, .. } => *due,
        }
    }

    pub(super) fn read(&self) -> &Result<Work<C>, Unreadable> {
        match self {
            Self::Command { read, .. } | Self::Deadline { read, .. } => read,
        }
    }

    /// The command's offset; a deadline has none.
    pub(super) fn offset(&self) -> Option<u64> {
        match self {
            Self::Command { offset, .. } => Some(*offset),
            Self::Deadline { .. } => None,
        }
    }

    /// The event that a reactor sent the command for.
    pub(super) fn reaction(&self) -> Option<Reaction> {
        match self {
            Self::Command { record, .. } => submit::reaction(&record.record),
            Self::Deadline { .. } => None,
        }
    }

    /// Tenant and id, by which a repeat is known.
    pub(super) fn command_id(&self) -> Option<(String, Uuid)> {
        match self.read() {
            Ok(work) => Some((work.metadata.tenant_id.clone(), work.metadata.id)),
            Err(unreadable) => Some((unreadable.tenant.clone()?, unreadable.command_id?)),
        }
    }

    /// Who waits for the outcome.
    pub(super) fn reply_to(&self) -> Option<&str> {
        self.read().as_ref().ok()?.metadata.reply_to.as_deref()
    }
}
