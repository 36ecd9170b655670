//! Reactors: how far they are, what they have set aside, and which outcomes they may still ask for.

use charter_domain::{AggregateId, Begin};
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use super::connections::{Connections, after_write, server_error};
use super::statement::{NOT_OWNED, Statement};
use super::values::{At, Kind, Rows};
use super::{number, small};
use crate::store::{Parked, ReactorPart, ReactorStep, StoreError};

pub(super) async fn prepare(
    connections: &Connections,
    reactor: &str,
    context: &str,
    partitions: u32,
    begin: Begin,
) -> Result<(), StoreError> {
    let query = sqlx::query(
        "INSERT INTO reactor_positions (reactor, context, partition, position)
         SELECT $1, $2, g.partition, CASE WHEN $4 THEN -1 ELSE coalesce(c.next_position - 1, -1) END
         FROM generate_series(0, $3 - 1) AS g (partition)
         LEFT JOIN checkpoints AS c ON c.context = $2 AND c.partition = g.partition
         ON CONFLICT DO NOTHING",
    )
    .bind(reactor)
    .bind(context)
    .bind(i64::from(partitions))
    .bind(begin == Begin::History);
    connections.write(query).await.map(drop)
}

pub(super) async fn position(
    connections: &Connections,
    part: &ReactorPart,
) -> Result<i64, StoreError> {
    let query = sqlx::query(
        "SELECT position FROM reactor_positions WHERE reactor = $1 AND context = $2 AND partition = $3",
    )
    .bind(&part.reactor)
    .bind(&part.context)
    .bind(i64::from(part.partition));
    connections.fetch_first(query).await?.map_or(Ok(-1), |row| number(&row, 0))
}

pub(super) async fn parked(
    connections: &Connections,
    part: &ReactorPart,
) -> Result<Vec<Parked>, StoreError> {
    let query = sqlx::query(
        "SELECT tenant, aggregate_key, position, reason, time FROM reactor_parked
         WHERE reactor = $1 AND context = $2 AND partition = $3 ORDER BY position",
    )
    .bind(&part.reactor)
    .bind(&part.context)
    .bind(i64::from(part.partition));
    let rows = connections.fetch_all(query).await?;
    rows.iter()
        .map(|row| read_parked(row, part.partition).map_err(StoreError::unavailable))
        .collect()
}

pub(super) async fn with_parked(
    connections: &Connections,
    context: &str,
) -> Result<Vec<ReactorPart>, StoreError> {
    let query = sqlx::query(
        "SELECT DISTINCT reactor, partition FROM reactor_parked WHERE context = $1
         ORDER BY reactor, partition",
    )
    .bind(context);
    let rows = connections.fetch_all(query).await?;
    let part = |row: &PgRow| {
        Ok(ReactorPart {
            reactor: row.try_get(0).map_err(StoreError::unavailable)?,
            context: context.to_owned(),
            partition: small("a partition", number(row, 1)?)?,
        })
    };
    rows.iter().map(part).collect()
}

/// A parked aggregate of the columns tenant, key, position, reason and time.
pub(super) fn read_parked(row: &PgRow, partition: u32) -> Result<Parked, sqlx::Error> {
    let time: At = row.try_get(4)?;
    Ok(Parked {
        aggregate: AggregateId { tenant: row.try_get(0)?, key: row.try_get(1)? },
        partition,
        position: row.try_get(2)?,
        reason: row.try_get(3)?,
        time: time.0,
    })
}

const STEP: [Kind; 5] = [Kind::Text, Kind::Text, Kind::Int8, Kind::Int8, Kind::Int8];
const PARKED: [Kind; 8] = [
    Kind::Text,
    Kind::Text,
    Kind::Text,
    Kind::Text,
    Kind::Int8,
    Kind::Int8,
    Kind::Text,
    Kind::Timestamp,
];

pub(super) async fn step(connections: &Connections, step: &ReactorStep) -> Result<(), StoreError> {
    let statement = statement(step);
    let sql = statement.sql();
    match connections.call(statement.query(sql)).await? {
        Ok(_) => Ok(()),
        Err(error) if server_error(&error).is_some_and(|error| error.code() == NOT_OWNED) => {
            let (context, partition) = (step.part.context.clone(), step.part.partition);
            Err(StoreError::Fenced { context, partition, epoch: 0 })
        }
        Err(error) => Err(after_write(error)),
    }
}

/// The checkpoint first; the rest reads the gate behind it.
fn statement(step: &ReactorStep) -> Statement {
    let part = &step.part;
    let mut rows = Rows::of(STEP);
    rows.row()
        .text(&part.reactor)
        .text(&part.context)
        .int8(part.partition)
        .int8(step.from)
        .int8(step.to);
    let mut statement = Statement::new();
    let table = statement.rows(rows);
    statement.part(
        "moved",
        &format!(
            "UPDATE reactor_positions AS p SET position = s.to_position
                 FROM {table} AS s (reactor, context, partition, from_position, to_position)
                 WHERE p.reactor = s.reactor AND p.context = s.context
                     AND p.partition = s.partition AND p.position = s.from_position RETURNING 1"
        ),
    );
    statement.gate("moved", 1);
    if !step.parked.is_empty() {
        let mut rows = Rows::of(PARKED);
        for parked in &step.parked {
            rows.row()
                .text(&part.reactor)
                .text(&part.context)
                .text(&parked.aggregate.tenant)
                .text(&parked.aggregate.key)
                .int8(part.partition)
                .int8(parked.position)
                .text(&parked.reason)
                .timestamp(parked.time);
        }
        let table = statement.rows(rows);
        statement.part(
            "parked_now",
            &format!(
                "INSERT INTO reactor_parked (reactor, context, tenant, aggregate_key, partition,
                     position, reason, time)
                 SELECT w.* FROM gate, {table} AS w ON CONFLICT DO NOTHING"
            ),
        );
    }
    if let Some(aggregate) = &step.resumed {
        let mut rows = Rows::of([Kind::Text; 4]);
        rows.row()
            .text(&part.reactor)
            .text(&part.context)
            .text(&aggregate.tenant)
            .text(&aggregate.key);
        let table = statement.rows(rows);
        statement.part(
            "resumed",
            &format!(
                "DELETE FROM reactor_parked AS k
                     USING gate, {table} AS w (reactor, context, tenant, aggregate_key)
                     WHERE k.reactor = w.reactor AND k.context = w.context AND k.tenant = w.tenant
                         AND k.aggregate_key = w.aggregate_key"
            ),
        );
    }
    statement
}
