//! Requests of operators.

use charter_domain::AggregateId;
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::connections::Connections;
use super::values::At;
use super::{number, small};
use crate::store::columns::damaged;
use crate::store::{Action, OperatorRequest, RequestEnd, StoreError};

const COLUMNS: &str = "id, action, context, tenant, aggregate_key, partition, position, actor,
     reason, requested_at, ended_at, is_done, result, reactor";

pub(super) async fn put(
    connections: &Connections,
    request: &OperatorRequest,
) -> Result<(), StoreError> {
    let query = sqlx::query(
        "INSERT INTO operator_requests (id, action, context, tenant, aggregate_key, partition,
             position, actor, reason, requested_at, reactor)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(request.id)
    .bind(request.action.as_str())
    .bind(&request.context)
    .bind(&request.aggregate.tenant)
    .bind(&request.aggregate.key)
    .bind(i64::from(request.partition))
    .bind(request.position)
    .bind(&request.actor)
    .bind(&request.reason)
    .bind(At(request.time))
    .bind(&request.reactor);
    connections.write(query).await.map(drop)
}

pub(super) async fn end(
    connections: &Connections,
    id: Uuid,
    end: &RequestEnd,
) -> Result<(), StoreError> {
    let query = sqlx::query(
        "UPDATE operator_requests SET ended_at = $2, is_done = $3, result = $4
         WHERE id = $1 AND ended_at IS NULL",
    )
    .bind(id)
    .bind(At(end.time))
    .bind(end.is_done)
    .bind(&end.result);
    connections.write(query).await.map(drop)
}

pub(super) async fn waiting(
    connections: &Connections,
    context: &str,
    reactor: Option<&str>,
    limit: u32,
) -> Result<Vec<OperatorRequest>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM operator_requests WHERE context = $1 AND reactor IS NOT DISTINCT FROM $3
             AND ended_at IS NULL ORDER BY requested_at LIMIT $2"
    );
    let query =
        sqlx::query(sqlx::AssertSqlSafe(sql)).bind(context).bind(i64::from(limit)).bind(reactor);
    connections.fetch_all(query).await?.iter().map(read).collect()
}

pub(super) async fn newest(
    connections: &Connections,
    limit: u32,
) -> Result<Vec<OperatorRequest>, StoreError> {
    let sql =
        format!("SELECT {COLUMNS} FROM operator_requests ORDER BY requested_at DESC LIMIT $1");
    let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(i64::from(limit));
    connections.fetch_all(query).await?.iter().map(read).collect()
}

pub(super) async fn one(
    connections: &Connections,
    id: Uuid,
) -> Result<Option<OperatorRequest>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM operator_requests WHERE id = $1");
    let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id);
    connections.fetch_first(query).await?.as_ref().map(read).transpose()
}

fn read(row: &PgRow) -> Result<OperatorRequest, StoreError> {
    let text = |index: usize| row.try_get::<String, _>(index).map_err(StoreError::unavailable);
    let action = text(1)?;
    let time: At = row.try_get(9).map_err(StoreError::unavailable)?;
    let ended: Option<At> = row.try_get(10).map_err(StoreError::unavailable)?;
    let end = match ended {
        None => None,
        Some(time) => Some(RequestEnd {
            time: time.0,
            is_done: row.try_get(11).map_err(StoreError::unavailable)?,
            result: text(12)?,
        }),
    };
    Ok(OperatorRequest {
        id: row.try_get(0).map_err(StoreError::unavailable)?,
        action: Action::of(&action)
            .ok_or_else(|| damaged("a request's action", format!("found `{action}`")))?,
        context: text(2)?,
        reactor: row.try_get(13).map_err(StoreError::unavailable)?,
        aggregate: AggregateId { tenant: text(3)?, key: text(4)? },
        partition: small("a partition", number(row, 5)?)?,
        position: number(row, 6)?,
        actor: text(7)?,
        reason: text(8)?,
        time: time.0,
        end,
    })
}
