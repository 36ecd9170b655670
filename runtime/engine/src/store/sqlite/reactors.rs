//! Reactors: how far they are, what they have set aside, and which outcomes they may still ask for.

use charter_domain::{AggregateId, Begin, Timestamp};
use sqlx::{QueryBuilder, Row as _, Sqlite};

use super::files::{Connection, Files, commit, parts};
use crate::store::{Parked, ReactorPart, ReactorStep, StoreError, StoredOutcome};

pub(super) async fn prepare(
    files: &Files,
    reactor: &str,
    context: &str,
    partitions: u32,
    begin: Begin,
) -> Result<(), StoreError> {
    let mut transaction = files.write().await?;
    for partition in 0..partitions {
        sqlx::query(
            "INSERT INTO reactor_positions (reactor, context, partition, position)
             VALUES ($1, $2, $3, CASE WHEN $4 THEN -1 ELSE coalesce(
                 (SELECT next_position - 1 FROM checkpoints WHERE context = $2 AND partition = $3), -1)
             END) ON CONFLICT DO NOTHING",
        )
        .bind(reactor)
        .bind(context)
        .bind(partition)
        .bind(begin == Begin::History)
        .execute(&mut *transaction)
        .await
        .map_err(StoreError::unavailable)?;
    }
    commit(transaction).await?;
    // What it begins with must not be another event after a loss of power.
    files.log.sync().await
}

pub(super) async fn position(files: &Files, part: &ReactorPart) -> Result<i64, StoreError> {
    let found: Option<i64> = sqlx::query_scalar(
        "SELECT position FROM reactor_positions WHERE reactor = $1 AND context = $2 AND partition = $3",
    )
    .bind(&part.reactor)
    .bind(&part.context)
    .bind(part.partition)
    .fetch_optional(&files.readers)
    .await
    .map_err(StoreError::unavailable)?;
    Ok(found.unwrap_or(-1))
}

pub(super) async fn parked(files: &Files, part: &ReactorPart) -> Result<Vec<Parked>, StoreError> {
    let rows = sqlx::query(
        "SELECT tenant, aggregate_key, position, reason, time FROM reactor_parked
         WHERE reactor = $1 AND context = $2 AND partition = $3 ORDER BY position",
    )
    .bind(&part.reactor)
    .bind(&part.context)
    .bind(part.partition)
    .fetch_all(&files.readers)
    .await
    .map_err(StoreError::unavailable)?;
    let read = |row: &sqlx::sqlite::SqliteRow| -> Result<Parked, sqlx::Error> {
        Ok(Parked {
            aggregate: AggregateId { tenant: row.try_get(0)?, key: row.try_get(1)? },
            partition: part.partition,
            position: row.try_get(2)?,
            reason: row.try_get(3)?,
            time: Timestamp::from_micros(row.try_get(4)?),
        })
    };
    rows.iter().map(|row| read(row).map_err(StoreError::unavailable)).collect()
}

pub(super) async fn with_parked(
    files: &Files,
    context: &str,
) -> Result<Vec<ReactorPart>, StoreError> {
    let rows: Vec<(String, u32)> = sqlx::query_as(
        "SELECT DISTINCT reactor, partition FROM reactor_parked WHERE context = $1
         ORDER BY reactor, partition",
    )
    .bind(context)
    .fetch_all(&files.readers)
    .await
    .map_err(StoreError::unavailable)?;
    let part =
        |(reactor, partition)| ReactorPart { reactor, context: context.to_owned(), partition };
    Ok(rows.into_iter().map(part).collect())
}

/// Not synced: after a loss of power the reactor sends again what it sent, under the same ids, and outcomes that
/// were forgotten on the strength of this step are there again too.
pub(super) async fn step(files: &Files, step: &ReactorStep) -> Result<(), StoreError> {
    let part = &step.part;
    let mut transaction = files.write().await?;
    let moved = sqlx::query(
        "UPDATE reactor_positions SET position = $1
         WHERE reactor = $2 AND context = $3 AND partition = $4 AND position = $5",
    )
    .bind(step.to)
    .bind(&part.reactor)
    .bind(&part.context)
    .bind(part.partition)
    .bind(step.from)
    .execute(&mut *transaction)
    .await
    .map_err(StoreError::unavailable)?;
    if moved.rows_affected() == 0 {
        let (context, partition) = (part.context.clone(), part.partition);
        return Err(StoreError::Fenced { context, partition, epoch: 0 });
    }
    for parked in &step.parked {
        sqlx::query(
            "INSERT INTO reactor_parked (reactor, context, tenant, aggregate_key, partition, position,
                 reason, time)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        )
        .bind(&part.reactor)
        .bind(&part.context)
        .bind(&parked.aggregate.tenant)
        .bind(&parked.aggregate.key)
        .bind(part.partition)
        .bind(parked.position)
        .bind(&parked.reason)
        .bind(parked.time.micros())
        .execute(&mut *transaction)
        .await
        .map_err(StoreError::unavailable)?;
    }
    if let Some(aggregate) = &step.resumed {
        sqlx::query(
            "DELETE FROM reactor_parked
             WHERE reactor = $1 AND context = $2 AND tenant = $3 AND aggregate_key = $4",
        )
        .bind(&part.reactor)
        .bind(&part.context)
        .bind(&aggregate.tenant)
        .bind(&aggregate.key)
        .execute(&mut *transaction)
        .await
        .map_err(StoreError::unavailable)?;
    }
    commit(transaction).await
}

pub(super) async fn insert(
    connection: &mut Connection,
    outcomes: &[&StoredOutcome],
) -> Result<(), sqlx::Error> {
    let sent: Vec<_> = outcomes
        .iter()
        .filter_map(|stored| Some((&stored.outcome, stored.reaction.as_ref()?)))
        .collect();
    for part in parts(&sent, 6) {
        let mut query = QueryBuilder::<Sqlite>::new(
            "INSERT INTO reactions (command_id, tenant, reactor, context, partition, position) ",
        );
        query.push_values(part, |mut row, (outcome, reaction)| {
            row.push_bind(outcome.command_id.as_bytes().as_slice())
                .push_bind(&outcome.tenant_id)
                .push_bind(&reaction.part.reactor)
                .push_bind(&reaction.part.context)
                .push_bind(reaction.part.partition)
                .push_bind(reaction.position);
        });
        // Left behind where only the outcome was forgotten.
        query.push(" ON CONFLICT DO NOTHING");
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
}
