//! Committing batches: one statement, one round trip, for all batches that wait.
//!
//! The statement first compares and sets the checkpoints under their epochs. Its other parts read the gate
//! that follows, so where a checkpoint is not the one expected nothing else happens, and the error undoes
//! all.

use std::sync::Arc;
use std::time::Duration;

use super::connections::{Connections, after_write, server_error};
use super::statement::{NOT_OWNED, Statement, together};
use super::values::{Kind, Rows};
use crate::store::columns::{events_text, signed, status_text};
use crate::store::lane::Work;
use crate::store::{
    Batch, DeadlineId, Lease, StoreError, StoredDeadline, StoredEvent, StoredOutcome,
};

/// The rows with which a statement is full.
const FULL: usize = 2_000;
/// Bytes that weigh as much as a row.
const ROW_BYTES: usize = 4 << 10;

const CHECKPOINT: [Kind; 8] = [
    Kind::Text,
    Kind::Int8,
    Kind::Int8,
    Kind::Int8,
    Kind::Int8,
    Kind::Timestamp,
    Kind::Int8,
    Kind::Int8,
];

const OUTCOME: [Kind; 16] = [
    Kind::Text,
    Kind::Uuid,
    Kind::Text,
    Kind::Int8,
    Kind::Int8,
    Kind::Text,
    Kind::Text,
    Kind::Text,
    Kind::Text,
    Kind::Text,
    Kind::Text,
    Kind::Text,
    Kind::Int8,
    Kind::Timestamp,
    Kind::Timestamp,
    Kind::Bytes,
];

const REACTION: [Kind; 6] =
    [Kind::Uuid, Kind::Text, Kind::Text, Kind::Text, Kind::Int8, Kind::Int8];

const EVENT: [Kind; 11] = [
    Kind::Text,
    Kind::Int8,
    Kind::Int8,
    Kind::Text,
    Kind::Text,
    Kind::Int8,
    Kind::Uuid,
    Kind::Text,
    Kind::Timestamp,
    Kind::Bytes,
    Kind::Bytes,
];

const DEADLINE: [Kind; 9] = [
    Kind::Text,
    Kind::Int8,
    Kind::Timestamp,
    Kind::Int8,
    Kind::Uuid,
    Kind::Int8,
    Kind::Text,
    Kind::Bytes,
    Kind::Bytes,
];

const RESOLVED: [Kind; 2] = [Kind::Uuid, Kind::Int8];

/// A batch as rows.
#[derive(Debug)]
pub(super) struct Job {
    lease: Lease,
    rows: Batches,
}

/// The rows of one batch or of several.
#[derive(Clone, Debug)]
struct Batches {
    checkpoints: Rows,
    outcomes: Rows,
    reactions: Rows,
    events: Rows,
    deadlines: Rows,
    resolved: Rows,
}

impl Job {
    pub(super) fn of(batch: &Batch) -> Self {
        let lease = &batch.lease;
        let mut checkpoints = Rows::of(CHECKPOINT);
        checkpoints
            .row()
            .text(&lease.context)
            .int8(lease.partition)
            .int8(lease.epoch)
            .int8(signed(batch.expected_offset))
            .int8(signed(batch.checkpoint.offset))
            .timestamp(batch.checkpoint.decision_time)
            .int8(batch.checkpoint.next_position)
            .int8(batch.checkpoint.published);
        Self {
            lease: lease.clone(),
            rows: Batches {
                checkpoints,
                outcomes: outcomes(&batch.outcomes),
                reactions: reactions(&batch.outcomes),
                events: events(lease, &batch.events),
                deadlines: deadlines(lease, &batch.deadlines),
                resolved: resolved(&batch.resolved),
            },
        }
    }
}

fn outcomes(outcomes: &[StoredOutcome]) -> Rows {
    let mut rows = Rows::of(OUTCOME);
    for stored in outcomes {
        let outcome = &stored.outcome;
        rows.row()
            .text(&outcome.tenant_id)
            .uuid(outcome.command_id)
            .text(&outcome.context)
            .int8(outcome.partition)
            .optional(stored.offset, |row, offset| {
                row.int8(signed(offset));
            })
            .text(&outcome.r#type)
            .text(&outcome.key)
            .text(status_text(outcome.status))
            .optional(outcome.code.as_deref(), |row, text| {
                row.text(text);
            })
            .optional(outcome.detail.as_deref(), |row, text| {
                row.text(text);
            })
            .optional(outcome.details.as_deref(), |row, text| {
                row.text(text);
            })
            .text(&events_text(&outcome.events))
            .int8(outcome.position)
            .timestamp(outcome.accepted_at)
            .timestamp(outcome.decided_at)
            .optional(outcome.request_hash.as_ref(), |row, hash| {
                row.bytes(&hash.0);
            });
    }
    rows
}

fn reactions(outcomes: &[StoredOutcome]) -> Rows {
    let mut rows = Rows::of(REACTION);
    for stored in outcomes {
        let Some(reaction) = &stored.reaction else { continue };
        rows.row()
            .uuid(stored.outcome.command_id)
            .text(&stored.outcome.tenant_id)
            .text(&reaction.part.reactor)
            .text(&reaction.part.context)
            .int8(reaction.part.partition)
            .int8(reaction.position);
    }
    rows
}

fn events(lease: &Lease, events: &[StoredEvent]) -> Rows {
    let mut rows = Rows::of(EVENT);
    for event in events {
        rows.row()
            .text(&lease.context)
            .int8(lease.partition)
            .int8(event.position)
            .text(&event.aggregate.tenant)
            .text(&event.aggregate.key)
            .int8(event.sequence)
            .uuid(event.id)
            .text(&event.wire_type)
            .timestamp(event.time)
            .bytes(&event.schema.0)
            .bytes(&event.envelope);
    }
    rows
}

fn deadlines(lease: &Lease, deadlines: &[StoredDeadline]) -> Rows {
    let mut rows = Rows::of(DEADLINE);
    for deadline in deadlines {
        rows.row()
            .text(&lease.context)
            .int8(lease.partition)
            .timestamp(deadline.due)
            .int8(deadline.position)
            .uuid(deadline.id.event_id)
            .int8(deadline.id.index)
            .text(&deadline.wire_type)
            .bytes(&deadline.schema.0)
            .bytes(&deadline.envelope);
    }
    rows
}

fn resolved(resolved: &[DeadlineId]) -> Rows {
    let mut rows = Rows::of(RESOLVED);
    for id in resolved {
        rows.row().uuid(id.event_id).int8(id.index);
    }
    rows
}

impl Batches {
    fn none() -> Self {
        Self {
            checkpoints: Rows::of(CHECKPOINT),
            outcomes: Rows::of(OUTCOME),
            reactions: Rows::of(REACTION),
            events: Rows::of(EVENT),
            deadlines: Rows::of(DEADLINE),
            resolved: Rows::of(RESOLVED),
        }
    }

    fn append(&mut self, other: &Self) {
        self.checkpoints.append(&other.checkpoints);
        self.outcomes.append(&other.outcomes);
        self.reactions.append(&other.reactions);
        self.events.append(&other.events);
        self.deadlines.append(&other.deadlines);
        self.resolved.append(&other.resolved);
    }
}

/// The statement that commits these batches.
fn statement(jobs: &[Job]) -> Statement {
    let mut rows = Batches::none();
    for job in jobs {
        rows.append(&job.rows);
    }
    let mut statement = Statement::new();
    let count = rows.checkpoints.len();
    let table = statement.rows(rows.checkpoints);
    statement.part(
        "owned",
        &format!(
            "UPDATE checkpoints AS c SET next_offset = b.next_offset,
                     decision_time = b.decision_time, next_position = b.next_position,
                     published = greatest(c.published, b.published), attempt_command = NULL,
                     attempt_count = 0
                 FROM {table} AS b (context, partition, epoch, expected_offset, next_offset,
                     decision_time, next_position, published)
                 WHERE c.context = b.context AND c.partition = b.partition AND c.epoch = b.epoch
                     AND c.next_offset = b.expected_offset RETURNING 1"
        ),
    );
    statement.gate("owned", count);
    for (name, into, new) in [
        (
            "outcome",
            "outcomes (tenant, command_id, context, partition, command_offset, wire_type,
                     aggregate_key, status, code, detail, details, events, position, accepted_at,
                     decided_at, request_hash)",
            rows.outcomes,
        ),
        (
            "reaction",
            "reactions (command_id, tenant, reactor, context, partition, position)",
            rows.reactions,
        ),
        (
            "event",
            "events (context, partition, position, tenant, aggregate_key, sequence, id,
                     wire_type, time, schema_hash, envelope)",
            rows.events,
        ),
        (
            "deadline",
            "deadlines (context, partition, due, position, event_id, event_index, wire_type,
                     schema_hash, envelope)",
            rows.deadlines,
        ),
    ] {
        if !new.is_empty() {
            let table = statement.rows(new);
            statement.part(name, &format!("INSERT INTO {into} SELECT w.* FROM gate, {table} AS w"));
        }
    }
    if !rows.resolved.is_empty() {
        let table = statement.rows(rows.resolved);
        statement.part(
            "resolved",
            &format!(
                "DELETE FROM deadlines AS d USING gate, {table} AS w (event_id, event_index)
                     WHERE d.event_id = w.event_id AND d.event_index = w.event_index"
            ),
        );
    }
    statement
}

/// Commits batches.
pub(super) struct Commits {
    pub(super) connections: Arc<Connections>,
}

impl Work for Commits {
    type Job = Job;
    type Answer = ();
    const FULL: usize = FULL;
    const PACE: Duration = Duration::from_millis(10);
    const ENOUGH: usize = 500;

    fn weight(job: &Job) -> usize {
        let rows = &job.rows;
        let all = [&rows.outcomes, &rows.reactions, &rows.events, &rows.deadlines, &rows.resolved];
        1 + all.iter().map(|rows| rows.len() + rows.bytes() / ROW_BYTES).sum::<usize>()
    }

    async fn run(&self, jobs: Vec<Job>) -> Vec<Result<(), StoreError>> {
        together(&self.connections, &jobs, statement, |job, error| refused(&job.lease, error)).await
    }
}

/// What it means that a batch alone was refused.
fn refused(lease: &Lease, error: sqlx::Error) -> StoreError {
    let (context, partition) = (lease.context.clone(), lease.partition);
    let Some(server) = server_error(&error) else { return after_write(error) };
    let taken = match (server.code(), server.constraint()) {
        (NOT_OWNED, _) => {
            return StoreError::Fenced { context, partition, epoch: lease.epoch };
        }
        ("23505", Some("outcomes_by_command")) => "command id",
        ("23505", Some("events_by_position" | "events_by_sequence")) => {
            "sequence or position of an event"
        }
        ("23505", Some("deadlines_by_event")) => "deadline",
        _ => return after_write(error),
    };
    StoreError::Conflict { what: taken, context, partition }
}
