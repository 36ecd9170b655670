//! Checkpoints, batches, events and deadlines.

use charter_domain::{AggregateId, Timestamp};
use futures_util::{Stream, TryStreamExt as _};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite, Transaction};

use super::files::{Connection, Files, commit, parts, uuid};
use super::{offset, signed};
use crate::instance;
use crate::store::columns::{trial, trial_columns};
use crate::store::{
    Batch, Checkpoint, Claim, DeadlineId, Lease, PAGE_BYTES, SchemaHash, StoreError,
    StoredDeadline, StoredEvent, Trial,
};

pub(super) async fn checkpoint(
    files: &Files,
    context: &str,
    partition: u32,
) -> Result<Option<Checkpoint>, StoreError> {
    sqlx::query(
        "SELECT next_offset, decision_time, next_position, published FROM checkpoints
         WHERE context = $1 AND partition = $2",
    )
    .bind(context)
    .bind(partition)
    .fetch_optional(&files.readers)
    .await
    .map_err(StoreError::unavailable)?
    .map(|row| read_checkpoint(&row))
    .transpose()
}

pub(super) async fn claim(
    files: &Files,
    context: &str,
    partition: u32,
    contract_version: u32,
) -> Result<Claim, StoreError> {
    let mut transaction = files.write().await?;
    sqlx::query(
        "INSERT INTO checkpoints (context, partition, epoch, clean_epoch, contract_version,
             next_offset, decision_time, next_position, published)
         VALUES ($1, $2, 0, 0, $3, 0, 0, 0, -1) ON CONFLICT DO NOTHING",
    )
    .bind(context)
    .bind(partition)
    .bind(contract_version)
    .execute(&mut *transaction)
    .await
    .map_err(StoreError::unavailable)?;
    raise(transaction, context, partition, contract_version, None).await
}

pub(super) async fn claim_again(
    files: &Files,
    held: &Lease,
    contract_version: u32,
) -> Result<Claim, StoreError> {
    let transaction = files.write().await?;
    raise(transaction, &held.context, held.partition, contract_version, Some(held.epoch)).await
}

/// Raises the epoch, where it is `held` still.
async fn raise(
    mut transaction: Transaction<'static, Sqlite>,
    context: &str,
    partition: u32,
    contract_version: u32,
    held: Option<i64>,
) -> Result<Claim, StoreError> {
    let claimed = sqlx::query(
        "UPDATE checkpoints SET epoch = epoch + 1, contract_version = $3,
             owner = $5, owner_epoch = epoch + 1
         WHERE context = $1 AND partition = $2 AND contract_version <= $3
             AND ($4 IS NULL OR epoch = $4)
         RETURNING next_offset, decision_time, next_position, published, epoch,
             clean_epoch = epoch - 1 AS clean, attempt_command, attempt_count",
    )
    .bind(context)
    .bind(partition)
    .bind(contract_version)
    .bind(held)
    .bind(instance::name())
    .fetch_optional(&mut *transaction)
    .await
    .map_err(StoreError::unavailable)?;
    let Some(row) = claimed else {
        let found: u32 = sqlx::query_scalar(
            "SELECT contract_version FROM checkpoints WHERE context = $1 AND partition = $2",
        )
        .bind(context)
        .bind(partition)
        .fetch_one(&mut *transaction)
        .await
        .map_err(StoreError::unavailable)?;
        if found <= contract_version {
            return Err(StoreError::Fenced {
                context: context.to_owned(),
                partition,
                epoch: held.unwrap_or_default(),
            });
        }
        return Err(StoreError::NewerContract {
            context: context.to_owned(),
            partition,
            own: contract_version,
            found,
        });
    };
    commit(transaction).await?;
    let command: Option<Vec<u8>> = row.try_get(6).map_err(StoreError::unavailable)?;
    let command = command.map(|bytes| uuid("an attempt", &bytes)).transpose()?;
    let count = row.try_get(7).map_err(StoreError::unavailable)?;
    Ok(Claim {
        lease: Lease {
            context: context.to_owned(),
            partition,
            epoch: row.try_get(4).map_err(StoreError::unavailable)?,
        },
        checkpoint: read_checkpoint(&row)?,
        clean: row.try_get(5).map_err(StoreError::unavailable)?,
        trial: trial(command, count),
    })
}

pub(super) fn read_checkpoint(row: &SqliteRow) -> Result<Checkpoint, StoreError> {
    let number = |index: usize| row.try_get::<i64, _>(index).map_err(StoreError::unavailable);
    Ok(Checkpoint {
        offset: offset("a checkpoint", number(0)?)?,
        decision_time: Timestamp::from_micros(number(1)?),
        next_position: number(2)?,
        published: number(3)?,
    })
}

pub(super) async fn release(
    files: &Files,
    lease: &Lease,
    published: i64,
) -> Result<(), StoreError> {
    let done = sqlx::query(
        "UPDATE checkpoints SET clean_epoch = epoch, published = max(published, $4)
         WHERE context = $1 AND partition = $2 AND epoch = $3",
    )
    .bind(&lease.context)
    .bind(lease.partition)
    .bind(lease.epoch)
    .bind(published)
    .execute(&files.writer)
    .await
    .map_err(StoreError::unavailable)?;
    owned(lease, done.rows_affected())
}

pub(super) async fn record_trial(
    files: &Files,
    lease: &Lease,
    trial: Trial,
) -> Result<(), StoreError> {
    let (command, count) = trial_columns(&trial);
    let done = sqlx::query(
        "UPDATE checkpoints SET attempt_command = $4, attempt_count = $5
         WHERE context = $1 AND partition = $2 AND epoch = $3",
    )
    .bind(&lease.context)
    .bind(lease.partition)
    .bind(lease.epoch)
    .bind(command.as_ref().map(|id| id.as_bytes().as_slice()))
    .bind(count)
    .execute(&files.writer)
    .await
    .map_err(StoreError::unavailable)?;
    owned(lease, done.rows_affected())
}

fn owned(lease: &Lease, rows: u64) -> Result<(), StoreError> {
    if rows == 1 {
        return Ok(());
    }
    Err(StoreError::Fenced {
        context: lease.context.clone(),
        partition: lease.partition,
        epoch: lease.epoch,
    })
}

/// Compares the batches' checkpoints and sets them, each under the epoch of its lease; gives those batches
/// whose checkpoint was theirs, and those whose it was not.
pub(super) async fn set_checkpoints<B: AsRef<Batch>>(
    connection: &mut Connection,
    batches: Vec<B>,
) -> Result<(Vec<B>, Vec<B>), (Vec<B>, sqlx::Error)> {
    // All in one, since each statement costs a way to the thread of the connection and back.
    let mut query = QueryBuilder::<Sqlite>::new("");
    for batch in &batches {
        let Batch { lease, checkpoint, .. } = batch.as_ref();
        query
            .push("UPDATE checkpoints SET next_offset = ")
            .push_bind(signed(checkpoint.offset))
            .push(", decision_time = ")
            .push_bind(checkpoint.decision_time.micros())
            .push(", next_position = ")
            .push_bind(checkpoint.next_position)
            .push(", published = max(published, ")
            .push_bind(checkpoint.published)
            .push("), attempt_command = NULL, attempt_count = 0 WHERE context = ")
            .push_bind(&lease.context)
            .push(" AND partition = ")
            .push_bind(lease.partition)
            .push(" AND epoch = ")
            .push_bind(lease.epoch)
            .push(" AND next_offset = ")
            .push_bind(signed(batch.as_ref().expected_offset))
            .push(" RETURNING context, partition, epoch;");
    }
    let set: Result<Vec<(String, u32, i64)>, _> =
        query.build_query_as().fetch_all(connection).await;
    match set {
        Ok(set) => Ok(batches.into_iter().partition(|batch| {
            let lease = &batch.as_ref().lease;
            set.iter().any(|(context, partition, epoch)| {
                (context, *partition, *epoch) == (&lease.context, lease.partition, lease.epoch)
            })
        })),
        Err(error) => Err((batches, error)),
    }
}

pub(super) async fn insert_events(
    connection: &mut Connection,
    events: &[(&Lease, &StoredEvent)],
) -> Result<(), sqlx::Error> {
    for part in parts(events, 11) {
        let mut query = QueryBuilder::<Sqlite>::new(
            "INSERT INTO events (context, partition, position, tenant, aggregate_key, sequence, id,
                 wire_type, time, schema_hash, envelope) ",
        );
        query.push_values(part, |mut row, (lease, event)| {
            row.push_bind(&lease.context)
                .push_bind(lease.partition)
                .push_bind(event.position)
                .push_bind(&event.aggregate.tenant)
                .push_bind(&event.aggregate.key)
                .push_bind(event.sequence)
                .push_bind(event.id.as_bytes().as_slice())
                .push_bind(&event.wire_type)
                .push_bind(event.time.micros())
                .push_bind(event.schema.0.as_slice())
                .push_bind(event.envelope.as_slice());
        });
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
}

pub(super) async fn insert_deadlines(
    connection: &mut Connection,
    deadlines: &[(&Lease, &StoredDeadline)],
) -> Result<(), sqlx::Error> {
    for part in parts(deadlines, 9) {
        let mut query = QueryBuilder::<Sqlite>::new(
            "INSERT INTO deadlines (context, partition, due, position, event_id, event_index,
                 wire_type, schema_hash, envelope) ",
        );
        query.push_values(part, |mut row, (lease, deadline)| {
            row.push_bind(&lease.context)
                .push_bind(lease.partition)
                .push_bind(deadline.due.micros())
                .push_bind(deadline.position)
                .push_bind(deadline.id.event_id.as_bytes().as_slice())
                .push_bind(deadline.id.index)
                .push_bind(&deadline.wire_type)
                .push_bind(deadline.schema.0.as_slice())
                .push_bind(deadline.envelope.as_slice());
        });
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
}

pub(super) async fn resolve(
    connection: &mut Connection,
    resolved: &[DeadlineId],
) -> Result<(), sqlx::Error> {
    for part in parts(resolved, 2) {
        // Against a list of values itself SQLite scans the whole table; against a query it looks each row up.
        let mut query = QueryBuilder::<Sqlite>::new("WITH wanted AS (");
        query.push_values(part, |mut row, id| {
            row.push_bind(id.event_id.as_bytes().as_slice()).push_bind(id.index);
        });
        query.push(
            ") DELETE FROM deadlines WHERE (event_id, event_index) IN (SELECT * FROM wanted)",
        );
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
}

const EVENT_COLUMNS: &str =
    "id, tenant, aggregate_key, sequence, position, wire_type, time, schema_hash, envelope";

pub(super) async fn of_aggregate(
    files: &Files,
    context: &str,
    aggregate: &AggregateId,
    after: i64,
    limit: u32,
) -> Result<Vec<StoredEvent>, StoreError> {
    let sql = format!(
        "SELECT {EVENT_COLUMNS} FROM events
         WHERE tenant = $1 AND context = $2 AND aggregate_key = $3 AND sequence > $4
         ORDER BY sequence LIMIT $5"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(&aggregate.tenant)
        .bind(context)
        .bind(&aggregate.key)
        .bind(after)
        .bind(limit)
        .fetch(&files.readers);
    page(rows).await
}

pub(super) async fn of_partition(
    files: &Files,
    context: &str,
    partition: u32,
    after: i64,
    limit: u32,
) -> Result<Vec<StoredEvent>, StoreError> {
    let sql = format!(
        "SELECT {EVENT_COLUMNS} FROM events
         WHERE context = $1 AND partition = $2 AND position > $3 ORDER BY position LIMIT $4"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(context)
        .bind(partition)
        .bind(after)
        .bind(limit)
        .fetch(&files.readers);
    page(rows).await
}

/// The events of these rows, up to the first one with which they have [`PAGE_BYTES`].
async fn page(
    rows: impl Stream<Item = Result<SqliteRow, sqlx::Error>>,
) -> Result<Vec<StoredEvent>, StoreError> {
    let mut rows = std::pin::pin!(rows);
    let mut events = Vec::new();
    let mut bytes = 0;
    while bytes < PAGE_BYTES
        && let Some(row) = rows.try_next().await.map_err(StoreError::unavailable)?
    {
        let event = read_event(&row)?;
        bytes += event.envelope.len();
        events.push(event);
    }
    Ok(events)
}

fn read_event(row: &SqliteRow) -> Result<StoredEvent, StoreError> {
    let read = || -> Result<_, sqlx::Error> {
        let aggregate = AggregateId { tenant: row.try_get(1)?, key: row.try_get(2)? };
        let hash: Vec<u8> = row.try_get(7)?;
        let id: Vec<u8> = row.try_get(0)?;
        Ok((
            id,
            hash,
            aggregate,
            row.try_get(3)?,
            row.try_get(4)?,
            row.try_get(5)?,
            row.try_get(6)?,
            row.try_get(8)?,
        ))
    };
    let (id, hash, aggregate, sequence, position, wire_type, time, envelope) =
        read().map_err(StoreError::unavailable)?;
    Ok(StoredEvent {
        id: uuid("an event", &id)?,
        aggregate,
        sequence,
        position,
        wire_type,
        time: Timestamp::from_micros(time),
        schema: schema_hash("an event", &hash)?,
        envelope,
    })
}

fn schema_hash(what: &'static str, bytes: &[u8]) -> Result<SchemaHash, StoreError> {
    bytes.try_into().map(SchemaHash).map_err(|error| super::damaged(what, error))
}

pub(super) async fn deadlines(
    files: &Files,
    context: &str,
    partition: u32,
    until: Timestamp,
    limit: u32,
) -> Result<Vec<StoredDeadline>, StoreError> {
    sqlx::query(
        "SELECT due, position, event_id, event_index, wire_type, schema_hash, envelope FROM deadlines
         WHERE context = $1 AND partition = $2 AND due <= $3
         ORDER BY due, position, event_index LIMIT $4",
    )
    .bind(context)
    .bind(partition)
    .bind(until.micros())
    .bind(limit)
    .fetch_all(&files.readers)
    .await
    .map_err(StoreError::unavailable)?
    .iter()
    .map(read_deadline)
    .collect()
}

fn read_deadline(row: &SqliteRow) -> Result<StoredDeadline, StoreError> {
    let read = || -> Result<_, sqlx::Error> {
        let event_id: Vec<u8> = row.try_get(2)?;
        let hash: Vec<u8> = row.try_get(5)?;
        Ok((
            row.try_get(0)?,
            row.try_get(1)?,
            event_id,
            row.try_get(3)?,
            row.try_get(4)?,
            hash,
            row.try_get(6)?,
        ))
    };
    let (due, position, event_id, index, wire_type, hash, envelope) =
        read().map_err(StoreError::unavailable)?;
    Ok(StoredDeadline {
        id: DeadlineId { event_id: uuid("a deadline", &event_id)?, index },
        due: Timestamp::from_micros(due),
        position,
        wire_type,
        schema: schema_hash("a deadline", &hash)?,
        envelope,
    })
}
