//! The inbox: how each command ended.

use charter_domain::Timestamp;
use contract_shared::Outcome;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, QueryBuilder, Row as _, Sqlite, SqlitePool};
use uuid::Uuid;

use super::files::{Connection, Files, commit, parts, uuid};
use super::{offset, signed};
use crate::store::columns::{OUTCOME, events_of, events_text, status_of, status_text};
use crate::store::reactions::NOT_SENT_AGAIN;
use crate::store::{Purged, StoreError, StoredOutcome};

const COLUMNS: usize = 16;
/// The columns that [`read`] reads, in its order.
const READ: &str =
    "tenant, command_id, context, partition, wire_type, aggregate_key, status, code, detail,
    details, events, position, accepted_at, decided_at, request_hash";

pub(super) async fn insert(
    connection: &mut Connection,
    outcomes: &[&StoredOutcome],
) -> Result<(), sqlx::Error> {
    for part in parts(outcomes, COLUMNS) {
        let mut query = QueryBuilder::<Sqlite>::new(
            "INSERT INTO outcomes (tenant, command_id, context, partition, command_offset, wire_type,
                 aggregate_key, status, code, detail, details, events, position, accepted_at,
                 decided_at, request_hash) ",
        );
        query.push_values(part, |mut row, stored| {
            let outcome = &stored.outcome;
            row.push_bind(&outcome.tenant_id)
                .push_bind(outcome.command_id.as_bytes().as_slice())
                .push_bind(&outcome.context)
                .push_bind(outcome.partition)
                .push_bind(stored.offset.map(signed))
                .push_bind(&outcome.r#type)
                .push_bind(&outcome.key)
                .push_bind(status_text(outcome.status))
                .push_bind(outcome.code.as_ref())
                .push_bind(outcome.detail.as_ref())
                .push_bind(outcome.details.as_ref())
                .push_bind(events_text(&outcome.events))
                .push_bind(outcome.position)
                .push_bind(outcome.accepted_at.micros())
                .push_bind(outcome.decided_at.micros())
                .push_bind(outcome.request_hash.as_ref().map(|hash| hash.0.as_slice()));
        });
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
}

pub(super) async fn find(
    readers: &SqlitePool,
    jobs: &[Vec<(String, Uuid)>],
) -> Result<Vec<Vec<Outcome>>, StoreError> {
    let wanted: Vec<(u32, &String, &Uuid)> = (0..)
        .zip(jobs)
        .flat_map(|(job, commands)| commands.iter().map(move |(tenant, id)| (job, tenant, id)))
        .collect();
    let mut found: Vec<_> = jobs.iter().map(|_| Vec::new()).collect();
    for part in parts(&wanted, 3) {
        let mut query = QueryBuilder::<Sqlite>::new("WITH wanted (job, tenant, command_id) AS (");
        query.push_values(part, |mut row, (job, tenant, command_id)| {
            row.push_bind(*job).push_bind(*tenant).push_bind(command_id.as_bytes().as_slice());
        });
        query.push(format_args!(
            ") SELECT {READ}, job FROM wanted CROSS JOIN outcomes USING (tenant, command_id)"
        ));
        let rows = query.build().fetch_all(readers).await.map_err(StoreError::unavailable)?;
        for row in &rows {
            let job: u32 = row.try_get(15).map_err(StoreError::unavailable)?;
            if let Some(found) = found.get_mut(job as usize) {
                found.push(read(row)?);
            }
        }
    }
    Ok(found)
}

pub(super) async fn of_any_tenant(
    files: &Files,
    command_id: Uuid,
) -> Result<Option<Outcome>, StoreError> {
    let mut query =
        QueryBuilder::<Sqlite>::new(format!("SELECT {READ} FROM outcomes WHERE command_id = "));
    query.push_bind(command_id.as_bytes().as_slice());
    let row =
        query.build().fetch_optional(&files.readers).await.map_err(StoreError::unavailable)?;
    row.as_ref().map(read).transpose()
}

pub(super) async fn purge(
    files: &Files,
    context: &str,
    partition: u32,
    decided_before: Timestamp,
    limit: u32,
) -> Result<Purged, StoreError> {
    let mut transaction = files.write().await?;
    let gone: Vec<(Vec<u8>, String, Option<i64>)> = sqlx::query_as(AssertSqlSafe(format!(
        "DELETE FROM outcomes WHERE (tenant, command_id) IN (
             SELECT tenant, command_id FROM outcomes AS o
             WHERE context = $1 AND partition = $2 AND decided_at < $3 AND {NOT_SENT_AGAIN}
             ORDER BY decided_at LIMIT $4)
         RETURNING command_id, tenant, command_offset"
    )))
    .bind(context)
    .bind(partition)
    .bind(decided_before.micros())
    .bind(limit)
    .fetch_all(&mut *transaction)
    .await
    .map_err(StoreError::unavailable)?;
    for part in parts(&gone, 2) {
        let mut query = QueryBuilder::<Sqlite>::new("WITH gone (command_id, tenant) AS (");
        query.push_values(part, |mut row, (command_id, tenant, _)| {
            row.push_bind(command_id).push_bind(tenant);
        });
        query.push(
            ") DELETE FROM reactions WHERE (command_id, tenant) IN (SELECT command_id, tenant FROM gone)",
        );
        query.build().execute(&mut *transaction).await.map_err(StoreError::unavailable)?;
    }
    commit(transaction).await?;
    Ok(Purged {
        outcomes: u32::try_from(gone.len()).unwrap_or(limit),
        offset: gone
            .into_iter()
            .filter_map(|(.., offset)| offset)
            .max()
            .map(|value| offset(OUTCOME, value))
            .transpose()?,
    })
}

fn read(row: &SqliteRow) -> Result<Outcome, StoreError> {
    read_columns(row).map_err(StoreError::unavailable)?
}

fn read_columns(row: &SqliteRow) -> Result<Result<Outcome, StoreError>, sqlx::Error> {
    let command_id: Vec<u8> = row.try_get(1)?;
    let status: String = row.try_get(6)?;
    let events: String = row.try_get(10)?;
    let (tenant_id, context, partition) = (row.try_get(0)?, row.try_get(2)?, row.try_get(3)?);
    let (wire_type, key, code): (String, String, Option<String>) =
        (row.try_get(4)?, row.try_get(5)?, row.try_get(7)?);
    let (detail, details, position) = (row.try_get(8)?, row.try_get(9)?, row.try_get(11)?);
    let (accepted_at, decided_at) = (row.try_get(12)?, row.try_get(13)?);
    let request_hash: Option<Vec<u8>> = row.try_get(14)?;
    Ok(uuid(OUTCOME, &command_id).and_then(|command_id| {
        Ok(Outcome {
            command_id,
            tenant_id,
            context,
            r#type: wire_type,
            key,
            status: status_of(&status)?,
            code,
            detail,
            details,
            events: events_of(&events)?,
            partition,
            position,
            accepted_at: Timestamp::from_micros(accepted_at),
            decided_at: Timestamp::from_micros(decided_at),
            request_hash: request_hash.map(charter_avro::codec::Bytes),
        })
    }))
}
