//! Where partitions stand.

use sqlx::Row as _;

use super::connections::Connections;
use super::history::read_checkpoint;
use super::{number, small};
use crate::store::{Standing, StoreError};

pub(super) async fn contexts(connections: &Connections) -> Result<Vec<String>, StoreError> {
    let query = sqlx::query("SELECT DISTINCT context FROM checkpoints ORDER BY context");
    let rows = connections.fetch_all(query).await?;
    rows.iter().map(|row| row.try_get(0).map_err(StoreError::unavailable)).collect()
}

pub(super) async fn of_context(
    connections: &Connections,
    context: &str,
) -> Result<Vec<Standing>, StoreError> {
    let query = sqlx::query(
        "SELECT next_offset, decision_time, next_position, published, partition, epoch,
             clean_epoch = epoch, contract_version,
             CASE WHEN owner_epoch = epoch THEN owner END
         FROM checkpoints WHERE context = $1 ORDER BY partition",
    )
    .bind(context);
    let rows = connections.fetch_all(query).await?;
    rows.iter()
        .map(|row| {
            Ok(Standing {
                partition: small("a partition", number(row, 4)?)?,
                epoch: number(row, 5)?,
                is_released: row.try_get(6).map_err(StoreError::unavailable)?,
                contract_version: small("a contract version", number(row, 7)?)?,
                owner: row.try_get(8).map_err(StoreError::unavailable)?,
                checkpoint: read_checkpoint(row)?,
            })
        })
        .collect()
}

pub(super) async fn parked_counts(
    connections: &Connections,
    context: &str,
) -> Result<Vec<(u32, u64)>, StoreError> {
    let query = sqlx::query(
        "SELECT partition, COUNT(*) FROM parked WHERE context = $1 GROUP BY partition
         ORDER BY partition",
    )
    .bind(context);
    let rows = connections.fetch_all(query).await?;
    rows.iter()
        .map(|row| Ok((small("a partition", number(row, 0)?)?, small("a count", number(row, 1)?)?)))
        .collect()
}
