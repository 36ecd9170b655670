//! Where partitions stand, and what the connections do.

use sqlx::{Row as _, SqlitePool};

use super::files::Files;
use super::history::read_checkpoint;
use crate::store::columns::damaged;
use crate::store::{PoolUse, Standing, StoreError};

pub(super) async fn contexts(files: &Files) -> Result<Vec<String>, StoreError> {
    sqlx::query_scalar("SELECT DISTINCT context FROM checkpoints ORDER BY context")
        .fetch_all(&files.readers)
        .await
        .map_err(StoreError::unavailable)
}

pub(super) async fn of_context(files: &Files, context: &str) -> Result<Vec<Standing>, StoreError> {
    let rows = sqlx::query(
        "SELECT next_offset, decision_time, next_position, published, partition, epoch,
             clean_epoch = epoch, contract_version,
             CASE WHEN owner_epoch = epoch THEN owner END
         FROM checkpoints WHERE context = $1 ORDER BY partition",
    )
    .bind(context)
    .fetch_all(&files.readers)
    .await
    .map_err(StoreError::unavailable)?;
    rows.iter()
        .map(|row| {
            Ok(Standing {
                partition: row.try_get(4).map_err(StoreError::unavailable)?,
                epoch: row.try_get(5).map_err(StoreError::unavailable)?,
                is_released: row.try_get(6).map_err(StoreError::unavailable)?,
                contract_version: row.try_get(7).map_err(StoreError::unavailable)?,
                owner: row.try_get(8).map_err(StoreError::unavailable)?,
                checkpoint: read_checkpoint(row)?,
            })
        })
        .collect()
}

pub(super) async fn parked_counts(
    files: &Files,
    context: &str,
) -> Result<Vec<(u32, u64)>, StoreError> {
    let counts: Vec<(u32, i64)> = sqlx::query_as(
        "SELECT partition, COUNT(*) FROM parked WHERE context = $1 GROUP BY partition
         ORDER BY partition",
    )
    .bind(context)
    .fetch_all(&files.readers)
    .await
    .map_err(StoreError::unavailable)?;
    let counted = |(partition, count): (u32, i64)| {
        Ok((partition, u64::try_from(count).map_err(|error| damaged("a count", error))?))
    };
    counts.into_iter().map(counted).collect()
}

pub(super) fn pool(name: &'static str, pool: &SqlitePool) -> PoolUse {
    let idle = u32::try_from(pool.num_idle()).unwrap_or(u32::MAX);
    let most = pool.options().get_max_connections();
    PoolUse { name, idle, in_use: pool.size().saturating_sub(idle), most }
}
