//! Claims, checkpoints, events and deadlines.

use std::sync::Arc;
use std::time::Duration;

use charter_domain::{AggregateId, Timestamp};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Row as _};

use super::connections::Connections;
use super::values::{At, Kind, Rows, unnest};
use super::{number, small};
use crate::instance;
use crate::store::columns::{damaged, offset, trial, trial_columns};
use crate::store::lane::{self, Work};
use crate::store::{
    Checkpoint, Claim, DeadlineId, Lease, PAGE_BYTES, SchemaHash, StoreError, StoredDeadline,
    StoredEvent, Trial,
};

pub(super) async fn checkpoint(
    connections: &Connections,
    context: &str,
    partition: u32,
) -> Result<Option<Checkpoint>, StoreError> {
    let query = sqlx::query(
        "SELECT next_offset, decision_time, next_position, published FROM checkpoints
         WHERE context = $1 AND partition = $2",
    )
    .bind(context)
    .bind(i64::from(partition));
    connections.fetch_first(query).await?.as_ref().map(read_checkpoint).transpose()
}

/// The columns of a claim, after those of a checkpoint.
const CLAIMED: &str = "c.next_offset, c.decision_time, c.next_position, c.published, c.epoch,
    c.clean_epoch = c.epoch - 1, c.attempt_command, c.attempt_count";

pub(super) async fn claim(
    connections: &Connections,
    context: &str,
    partition: u32,
    contract_version: u32,
) -> Result<Claim, StoreError> {
    let sql = format!(
        "INSERT INTO checkpoints AS c (context, partition, epoch, clean_epoch, contract_version,
             next_offset, decision_time, next_position, published, owner, owner_epoch)
         VALUES ($1, $2, 1, 0, $3, 0, $4, 0, -1, $5, 1)
         ON CONFLICT (context, partition) DO UPDATE
             SET epoch = c.epoch + 1, contract_version = $3, owner = $5, owner_epoch = c.epoch + 1
             WHERE c.contract_version <= $3
         RETURNING {CLAIMED}"
    );
    let query = sqlx::query(AssertSqlSafe(sql))
        .bind(context)
        .bind(i64::from(partition))
        .bind(i64::from(contract_version))
        .bind(At(Timestamp::from_micros(0)))
        .bind(instance::name());
    match connections.write(query).await?.first() {
        Some(row) => read_claim(context, partition, row),
        None => Err(not_claimed(connections, context, partition, contract_version, 0).await),
    }
}

pub(super) async fn claim_again(
    connections: &Connections,
    held: &Lease,
    contract_version: u32,
) -> Result<Claim, StoreError> {
    let sql = format!(
        "UPDATE checkpoints AS c SET epoch = c.epoch + 1, contract_version = $3,
             owner = $5, owner_epoch = c.epoch + 1
         WHERE c.context = $1 AND c.partition = $2 AND c.contract_version <= $3 AND c.epoch = $4
         RETURNING {CLAIMED}"
    );
    let (context, partition) = (held.context.as_str(), held.partition);
    let query = sqlx::query(AssertSqlSafe(sql))
        .bind(context)
        .bind(i64::from(partition))
        .bind(i64::from(contract_version))
        .bind(held.epoch)
        .bind(instance::name());
    match connections.write(query).await?.first() {
        Some(row) => read_claim(context, partition, row),
        None => {
            Err(not_claimed(connections, context, partition, contract_version, held.epoch).await)
        }
    }
}

/// Why a claim found no row that it may raise.
async fn not_claimed(
    connections: &Connections,
    context: &str,
    partition: u32,
    own: u32,
    epoch: i64,
) -> StoreError {
    let query = sqlx::query(
        "SELECT contract_version FROM checkpoints WHERE context = $1 AND partition = $2",
    )
    .bind(context)
    .bind(i64::from(partition));
    let found = match connections.fetch_first(query).await {
        Ok(row) => row.map(|row| number(&row, 0).and_then(|found| small("a checkpoint", found))),
        Err(error) => return error,
    };
    let context = context.to_owned();
    match found {
        Some(Ok(found)) if found > own => {
            StoreError::NewerContract { context, partition, own, found }
        }
        Some(Err(error)) => error,
        Some(Ok(_)) | None => StoreError::Fenced { context, partition, epoch },
    }
}

fn read_claim(context: &str, partition: u32, row: &PgRow) -> Result<Claim, StoreError> {
    let command_id = row.try_get(6).map_err(StoreError::unavailable)?;
    let count = small("an attempt", number(row, 7)?)?;
    Ok(Claim {
        lease: Lease { context: context.to_owned(), partition, epoch: number(row, 4)? },
        checkpoint: read_checkpoint(row)?,
        clean: row.try_get(5).map_err(StoreError::unavailable)?,
        trial: trial(command_id, count),
    })
}

pub(super) fn read_checkpoint(row: &PgRow) -> Result<Checkpoint, StoreError> {
    let time: At = row.try_get(1).map_err(StoreError::unavailable)?;
    Ok(Checkpoint {
        offset: offset("a checkpoint", number(row, 0)?)?,
        decision_time: time.0,
        next_position: number(row, 2)?,
        published: number(row, 3)?,
    })
}

pub(super) async fn release(
    connections: &Connections,
    lease: &Lease,
    published: i64,
) -> Result<(), StoreError> {
    let query = sqlx::query(
        "UPDATE checkpoints SET clean_epoch = epoch, published = greatest(published, $4)
         WHERE context = $1 AND partition = $2 AND epoch = $3 RETURNING 1",
    )
    .bind(&lease.context)
    .bind(i64::from(lease.partition))
    .bind(lease.epoch)
    .bind(published);
    owned(lease, &connections.write(query).await?)
}

pub(super) async fn record_trial(
    connections: &Connections,
    lease: &Lease,
    trial: Trial,
) -> Result<(), StoreError> {
    let (command, count) = trial_columns(&trial);
    let query = sqlx::query(
        "UPDATE checkpoints SET attempt_command = $4, attempt_count = $5
         WHERE context = $1 AND partition = $2 AND epoch = $3 RETURNING 1",
    )
    .bind(&lease.context)
    .bind(i64::from(lease.partition))
    .bind(lease.epoch)
    .bind(command)
    .bind(i64::from(count));
    owned(lease, &connections.write(query).await?)
}

fn owned(lease: &Lease, rows: &[PgRow]) -> Result<(), StoreError> {
    if rows.len() == 1 {
        return Ok(());
    }
    Err(StoreError::Fenced {
        context: lease.context.clone(),
        partition: lease.partition,
        epoch: lease.epoch,
    })
}

/// The columns that [`read_event`] reads, in its order.
const EVENT: &str =
    "id, tenant, aggregate_key, sequence, position, wire_type, time, schema_hash, envelope";

/// Events in the order of a column, up to the one that brings them to [`PAGE_BYTES`]. The server cuts the page,
/// so that what is not wanted is not sent.
fn page(order: &str, condition: &str) -> String {
    format!(
        "SELECT {EVENT} FROM (
             SELECT first.*, sum(octet_length(envelope)) OVER (ORDER BY {order})
                 - octet_length(envelope) AS before
             FROM (SELECT {EVENT} FROM events WHERE {condition} ORDER BY {order} LIMIT $1) AS first
         ) AS page WHERE before < $2 ORDER BY {order}"
    )
}

fn page_bytes() -> i64 {
    i64::try_from(PAGE_BYTES).unwrap_or(i64::MAX)
}

pub(super) async fn of_aggregate(
    connections: &Connections,
    context: &str,
    aggregate: &AggregateId,
    after: i64,
    limit: u32,
) -> Result<Vec<StoredEvent>, StoreError> {
    // By the names first, which the index has.
    let condition = "charter_name(tenant) = charter_name($3) AND context = $4
        AND charter_name(aggregate_key) = charter_name($5) AND sequence > $6
        AND tenant = $3 AND aggregate_key = $5";
    let query = sqlx::query(AssertSqlSafe(page("sequence", condition)))
        .bind(i64::from(limit))
        .bind(page_bytes())
        .bind(&aggregate.tenant)
        .bind(context)
        .bind(&aggregate.key)
        .bind(after);
    connections.fetch_all(query).await?.iter().map(read_event).collect()
}

pub(super) async fn of_partition(
    connections: &Connections,
    context: &str,
    partition: u32,
    after: i64,
    limit: u32,
) -> Result<Vec<StoredEvent>, StoreError> {
    let condition = "context = $3 AND partition = $4 AND position > $5";
    let query = sqlx::query(AssertSqlSafe(page("position", condition)))
        .bind(i64::from(limit))
        .bind(page_bytes())
        .bind(context)
        .bind(i64::from(partition))
        .bind(after);
    connections.fetch_all(query).await?.iter().map(read_event).collect()
}

fn read_event(row: &PgRow) -> Result<StoredEvent, StoreError> {
    let read = || -> Result<_, sqlx::Error> {
        let aggregate = AggregateId { tenant: row.try_get(1)?, key: row.try_get(2)? };
        let (time, hash): (At, &[u8]) = (row.try_get(6)?, row.try_get(7)?);
        let (sequence, position) = (row.try_get(3)?, row.try_get(4)?);
        Ok((row.try_get(0)?, aggregate, sequence, position, row.try_get(5)?, time, hash))
    };
    let (id, aggregate, sequence, position, wire_type, time, hash) =
        read().map_err(StoreError::unavailable)?;
    Ok(StoredEvent {
        id,
        aggregate,
        sequence,
        position,
        wire_type,
        time: time.0,
        schema: schema_hash("an event", hash)?,
        envelope: row.try_get(8).map_err(StoreError::unavailable)?,
    })
}

fn schema_hash(what: &'static str, bytes: &[u8]) -> Result<SchemaHash, StoreError> {
    bytes.try_into().map(SchemaHash).map_err(|error| damaged(what, error))
}

pub(super) async fn deadlines(
    connections: &Connections,
    context: &str,
    partition: u32,
    until: Timestamp,
    limit: u32,
) -> Result<Vec<StoredDeadline>, StoreError> {
    let query = sqlx::query(
        "SELECT due, position, event_id, event_index, wire_type, schema_hash, envelope
         FROM deadlines WHERE context = $1 AND partition = $2 AND due <= $3
         ORDER BY due, position, event_index LIMIT $4",
    )
    .bind(context)
    .bind(i64::from(partition))
    .bind(At(until))
    .bind(i64::from(limit));
    connections.fetch_all(query).await?.iter().map(read_deadline).collect()
}

fn read_deadline(row: &PgRow) -> Result<StoredDeadline, StoreError> {
    let read = || -> Result<_, sqlx::Error> {
        let (due, hash): (At, &[u8]) = (row.try_get(0)?, row.try_get(5)?);
        Ok((due, row.try_get(1)?, row.try_get(2)?, row.try_get(4)?, hash, row.try_get(6)?))
    };
    let (due, position, event_id, wire_type, hash, envelope) =
        read().map_err(StoreError::unavailable)?;
    Ok(StoredDeadline {
        id: DeadlineId { event_id, index: small("a deadline", number(row, 3)?)? },
        due: due.0,
        position,
        wire_type,
        schema: schema_hash("a deadline", hash)?,
        envelope,
    })
}

/// Looks for partitions' earliest deadlines, which every batch that sets one asks for.
pub(super) struct NextDeadlines {
    pub(super) connections: Arc<Connections>,
}

impl Work for NextDeadlines {
    type Job = (String, u32);
    type Answer = Option<Timestamp>;
    const FULL: usize = 100;
    const PACE: Duration = Duration::from_millis(5);
    const ENOUGH: usize = 100;

    fn weight(_: &Self::Job) -> usize {
        1
    }

    async fn run(&self, jobs: Vec<Self::Job>) -> Vec<Result<Self::Answer, StoreError>> {
        lane::answers(jobs.len(), self.find(&jobs).await)
    }
}

impl NextDeadlines {
    async fn find(&self, jobs: &[(String, u32)]) -> Result<Vec<Option<Timestamp>>, StoreError> {
        let mut wanted = Rows::of([Kind::Int8, Kind::Text, Kind::Int8]);
        for (job, (context, partition)) in (0_i64..).zip(jobs) {
            wanted.row().int8(job).text(context).int8(*partition);
        }
        let sql = format!(
            "SELECT w.job, d.due FROM {} AS w (job, context, partition) CROSS JOIN LATERAL (
                 SELECT due FROM deadlines
                 WHERE deadlines.context = w.context AND deadlines.partition = w.partition
                 ORDER BY due LIMIT 1) AS d",
            unnest(1, wanted.width())
        );
        let query = wanted.bind(sqlx::query(AssertSqlSafe(sql)));
        let mut found = vec![None; jobs.len()];
        for row in self.connections.fetch_all(query).await? {
            let due: At = row.try_get(1).map_err(StoreError::unavailable)?;
            let job = usize::try_from(number(&row, 0)?).unwrap_or(usize::MAX);
            if let Some(found) = found.get_mut(job) {
                *found = Some(due.0);
            }
        }
        Ok(found)
    }
}
