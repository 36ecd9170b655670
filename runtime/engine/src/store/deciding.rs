//! What deciding reads and writes.

use charter_domain::{AggregateId, Timestamp};
use contract_shared::Outcome;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::Reaction;

/// The right to write for a partition, until another owner claims it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The context.
    pub context: String,
    /// The partition of its topics.
    pub partition: u32,
    /// The fencing number, from 1.
    pub epoch: i64,
}

/// Where a partition stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The next offset of the command topic to be decided.
    pub offset: u64,
    /// The last decision's time, UTC; 1970 before the first one.
    pub decision_time: Timestamp,
    /// The position that the next event gets, from 0.
    pub next_position: i64,
    /// The last position that is known to be published, -1 for none.
    pub published: i64,
}

/// A claimed partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The right to write.
    pub lease: Lease,
    /// Where the partition stands.
    pub checkpoint: Checkpoint,
    /// Whether the owner before ended in good order, or there was none.
    pub clean: bool,
    /// What the owner before said that it was trying, and did not commit.
    pub trial: Option<Trial>,
}

/// What an owner says, before it goes on to decide, that it is trying: were the process to end over it, the
/// next owner would know where to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trial {
    /// So many commands and deadlines from the checkpoint on, at least one, in one batch.
    Together(u32),
    /// One command by itself.
    Alone(Attempt),
}

/// A try at deciding one command alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The command.
    pub command_id: Uuid,
    /// How often it was tried, this time included.
    pub count: u32,
}

/// What one transaction writes.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Under whose right.
    pub lease: Lease,
    /// The checkpoint's offset before.
    pub expected_offset: u64,
    /// The checkpoint after.
    pub checkpoint: Checkpoint,
    /// One for each command decided, in order.
    pub outcomes: Vec<StoredOutcome>,
    /// The events, in position order.
    pub events: Vec<StoredEvent>,
    /// Deadlines that the events set and that are not decided in this batch.
    pub deadlines: Vec<StoredDeadline>,
    /// Deadlines of earlier batches that this one decided.
    pub resolved: Vec<DeadlineId>,
}

/// An outcome and where its command stood.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredOutcome {
    /// How it ended.
    pub outcome: Outcome,
    /// The command's offset; `None` for a deadline's.
    pub offset: Option<u64>,
    /// The event that a reactor sent the command for, which keeps the outcome while it may be sent again.
    pub reaction: Option<Reaction>,
}

/// An event of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// `UUIDv5` of (tenant, context, key, sequence).
    pub id: Uuid,
    /// The aggregate.
    pub aggregate: AggregateId,
    /// The place in the aggregate's history, from 1.
    pub sequence: i64,
    /// The place in the context's partition, from 0.
    pub position: i64,
    /// The name on the wire.
    pub wire_type: String,
    /// The decision's time, UTC.
    pub time: Timestamp,
    /// The schema that the envelope was written with.
    pub schema: SchemaHash,
    /// The envelope's Avro bytes, without a registry's id.
    pub envelope: Vec<u8>,
}

/// A deadline's name: the event that set it, and its place among that event's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeadlineId {
    /// The event.
    pub event_id: Uuid,
    /// From 0.
    pub index: u32,
}

/// A command that the partition's owner decides when its time has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDeadline {
    /// Its name.
    pub id: DeadlineId,
    /// When it is due, UTC.
    pub due: Timestamp,
    /// The position of the event that set it; orders those of one instant.
    pub position: i64,
    /// The command's name on the wire.
    pub wire_type: String,
    /// The schema that the command's envelope was written with.
    pub schema: SchemaHash,
    /// The command's envelope, Avro bytes without a registry's id.
    pub envelope: Vec<u8>,
}

/// What a purge did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purged {
    /// How many outcomes were forgotten.
    pub outcomes: u32,
    /// The highest offset among their commands: that one and all before are past the window.
    pub offset: Option<u64>,
}

/// SHA-256 of a schema's JSON text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SchemaHash(pub [u8; 32]);

impl SchemaHash {
    /// The hash of this text.
    #[must_use]
    pub fn of(json: &str) -> Self {
        Self(Sha256::digest(json.as_bytes()).into())
    }
}

impl std::fmt::Display for SchemaHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A schema to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSchema {
    /// The hash of `json`.
    pub hash: SchemaHash,
    /// The schema, self-contained.
    pub json: String,
}

impl StoredSchema {
    /// The schema of this text.
    #[must_use]
    pub fn new(json: impl Into<String>) -> Self {
        let json = json.into();
        Self { hash: SchemaHash::of(&json), json }
    }
}
