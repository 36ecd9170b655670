//! The inbox: how each command ended.

use std::sync::Arc;
use std::time::Duration;

use charter_domain::Timestamp;
use contract_shared::Outcome;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Row as _};
use uuid::Uuid;

use super::connections::Connections;
use super::values::{At, Kind, Rows, unnest};
use super::{number, small};
use crate::store::columns::{OUTCOME, events_of, offset, status_of};
use crate::store::lane::{self, Work};
use crate::store::reactions::NOT_SENT_AGAIN;
use crate::store::{Purged, StoreError};

/// The columns that [`read`] reads, in its order.
const READ: &str = "tenant, command_id, context, partition, wire_type, aggregate_key, status, code,
    detail, details, events, position, accepted_at, decided_at, request_hash";

/// Looks outcomes up for the batches that are about to be decided.
pub(super) struct Lookups {
    pub(super) connections: Arc<Connections>,
}

impl Work for Lookups {
    type Job = Vec<(String, Uuid)>;
    type Answer = Vec<Outcome>;
    const FULL: usize = 5_000;
    const PACE: Duration = Duration::from_millis(5);
    const ENOUGH: usize = 200;
    const WAITING: usize = 4_096;

    fn weight(job: &Self::Job) -> usize {
        job.len()
    }

    async fn run(&self, jobs: Vec<Self::Job>) -> Vec<Result<Vec<Outcome>, StoreError>> {
        lane::answers(jobs.len(), self.find(&jobs).await)
    }
}

impl Lookups {
    async fn find(&self, jobs: &[Vec<(String, Uuid)>]) -> Result<Vec<Vec<Outcome>>, StoreError> {
        let mut wanted = Rows::of([Kind::Int8, Kind::Text, Kind::Uuid]);
        for (job, commands) in (0_i64..).zip(jobs) {
            for (tenant, command_id) in commands {
                wanted.row().int8(job).text(tenant).uuid(*command_id);
            }
        }
        let sql = format!(
            "SELECT {READ}, job FROM {} AS w (job, tenant, command_id)
             JOIN outcomes USING (tenant, command_id)",
            unnest(1, wanted.width())
        );
        let query = wanted.bind(sqlx::query(AssertSqlSafe(sql)));
        let mut found: Vec<_> = jobs.iter().map(|_| Vec::new()).collect();
        for row in self.connections.fetch_all(query).await? {
            let job = usize::try_from(number(&row, 15)?).unwrap_or(usize::MAX);
            if let Some(found) = found.get_mut(job) {
                found.push(read(&row)?);
            }
        }
        Ok(found)
    }
}

pub(super) async fn find_one(
    connections: &Connections,
    command_id: Uuid,
) -> Result<Option<Outcome>, StoreError> {
    let sql = format!("SELECT {READ} FROM outcomes WHERE command_id = $1 LIMIT 1");
    let query = sqlx::query(AssertSqlSafe(sql)).bind(command_id);
    connections.fetch_first(query).await?.as_ref().map(read).transpose()
}

pub(super) async fn purge(
    connections: &Connections,
    context: &str,
    partition: u32,
    decided_before: Timestamp,
    limit: u32,
) -> Result<Purged, StoreError> {
    let query = sqlx::query(AssertSqlSafe(format!(
        "WITH gone AS (
             DELETE FROM outcomes WHERE ctid = ANY (ARRAY (
                 SELECT o.ctid FROM outcomes AS o
                 WHERE context = $1 AND partition = $2 AND decided_at < $3 AND {NOT_SENT_AGAIN}
                 ORDER BY decided_at LIMIT $4))
             RETURNING command_id, tenant, command_offset),
         unsent AS (
             DELETE FROM reactions AS r USING gone
             WHERE r.command_id = gone.command_id AND r.tenant = gone.tenant)
         SELECT count(*), max(command_offset) FROM gone"
    )))
    .bind(context)
    .bind(i64::from(partition))
    .bind(At(decided_before))
    .bind(i64::from(limit));
    let rows = connections.write(query).await?;
    let Some(row) = rows.first() else { return Ok(Purged { outcomes: 0, offset: None }) };
    let last: Option<i64> = row.try_get(1).map_err(StoreError::unavailable)?;
    Ok(Purged {
        outcomes: small(OUTCOME, number(row, 0)?)?,
        offset: last.map(|value| offset(OUTCOME, value)).transpose()?,
    })
}

fn read(row: &PgRow) -> Result<Outcome, StoreError> {
    let columns = || -> Result<_, sqlx::Error> {
        let status: String = row.try_get(6)?;
        let events: String = row.try_get(10)?;
        let request_hash: Option<Vec<u8>> = row.try_get(14)?;
        let (accepted_at, decided_at): (At, At) = (row.try_get(12)?, row.try_get(13)?);
        let partition: i64 = row.try_get(3)?;
        Ok((status, events, request_hash, accepted_at, decided_at, partition))
    };
    let text = |index: usize| row.try_get::<String, _>(index).map_err(StoreError::unavailable);
    let optional =
        |index: usize| row.try_get::<Option<String>, _>(index).map_err(StoreError::unavailable);
    let (status, events, request_hash, accepted_at, decided_at, partition) =
        columns().map_err(StoreError::unavailable)?;
    Ok(Outcome {
        command_id: row.try_get(1).map_err(StoreError::unavailable)?,
        tenant_id: text(0)?,
        context: text(2)?,
        r#type: text(4)?,
        key: text(5)?,
        status: status_of(&status)?,
        code: optional(7)?,
        detail: optional(8)?,
        details: optional(9)?,
        events: events_of(&events)?,
        partition: small(OUTCOME, partition)?,
        position: number(row, 11)?,
        accepted_at: accepted_at.0,
        decided_at: decided_at.0,
        request_hash: request_hash.map(charter_avro::codec::Bytes),
    })
}
