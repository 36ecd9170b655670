//! Requests of operators.

use charter_domain::{AggregateId, Timestamp};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::files::{Files, uuid};
use crate::store::columns::damaged;
use crate::store::{Action, OperatorRequest, RequestEnd, StoreError};

const COLUMNS: &str = "id, action, context, tenant, aggregate_key, partition, position, actor,
     reason, requested_at, ended_at, is_done, result, reactor";

pub(super) async fn put(files: &Files, request: &OperatorRequest) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO operator_requests (id, action, context, tenant, aggregate_key, partition,
             position, actor, reason, requested_at, reactor)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(request.id.as_bytes().as_slice())
    .bind(request.action.as_str())
    .bind(&request.context)
    .bind(&request.aggregate.tenant)
    .bind(&request.aggregate.key)
    .bind(request.partition)
    .bind(request.position)
    .bind(&request.actor)
    .bind(&request.reason)
    .bind(request.time.micros())
    .bind(&request.reactor)
    .execute(&files.writer)
    .await
    .map_err(StoreError::unavailable)?;
    files.log.sync().await
}

pub(super) async fn end(files: &Files, id: Uuid, end: &RequestEnd) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE operator_requests SET ended_at = $2, is_done = $3, result = $4
         WHERE id = $1 AND ended_at IS NULL",
    )
    .bind(id.as_bytes().as_slice())
    .bind(end.time.micros())
    .bind(end.is_done)
    .bind(&end.result)
    .execute(&files.writer)
    .await
    .map_err(StoreError::unavailable)?;
    files.log.sync().await
}

pub(super) async fn waiting(
    files: &Files,
    context: &str,
    reactor: Option<&str>,
    limit: u32,
) -> Result<Vec<OperatorRequest>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM operator_requests WHERE context = $1 AND reactor IS $3 AND ended_at IS NULL
         ORDER BY requested_at LIMIT $2"
    );
    let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(context).bind(limit).bind(reactor);
    read_all(&query.fetch_all(&files.readers).await.map_err(StoreError::unavailable)?)
}

pub(super) async fn newest(files: &Files, limit: u32) -> Result<Vec<OperatorRequest>, StoreError> {
    let sql =
        format!("SELECT {COLUMNS} FROM operator_requests ORDER BY requested_at DESC LIMIT $1");
    let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(limit);
    read_all(&query.fetch_all(&files.readers).await.map_err(StoreError::unavailable)?)
}

pub(super) async fn one(files: &Files, id: Uuid) -> Result<Option<OperatorRequest>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM operator_requests WHERE id = $1");
    let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.as_bytes().to_vec());
    let row = query.fetch_optional(&files.readers).await.map_err(StoreError::unavailable)?;
    row.as_ref().map(read).transpose()
}

fn read_all(rows: &[SqliteRow]) -> Result<Vec<OperatorRequest>, StoreError> {
    rows.iter().map(read).collect()
}

fn read(row: &SqliteRow) -> Result<OperatorRequest, StoreError> {
    let text = |index: usize| row.try_get::<String, _>(index).map_err(StoreError::unavailable);
    let id: Vec<u8> = row.try_get(0).map_err(StoreError::unavailable)?;
    let action = text(1)?;
    let ended: Option<i64> = row.try_get(10).map_err(StoreError::unavailable)?;
    let end = match ended {
        None => None,
        Some(time) => Some(RequestEnd {
            time: Timestamp::from_micros(time),
            is_done: row.try_get(11).map_err(StoreError::unavailable)?,
            result: text(12)?,
        }),
    };
    Ok(OperatorRequest {
        id: uuid("a request's id", &id)?,
        action: Action::of(&action)
            .ok_or_else(|| damaged("a request's action", format!("found `{action}`")))?,
        context: text(2)?,
        reactor: row.try_get(13).map_err(StoreError::unavailable)?,
        aggregate: AggregateId { tenant: text(3)?, key: text(4)? },
        partition: row.try_get(5).map_err(StoreError::unavailable)?,
        position: row.try_get(6).map_err(StoreError::unavailable)?,
        actor: text(7)?,
        reason: text(8)?,
        time: Timestamp::from_micros(row.try_get(9).map_err(StoreError::unavailable)?),
        end,
    })
}
