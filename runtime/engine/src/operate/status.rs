//! Where everything stands.

use std::collections::HashMap;

use charter_domain::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::{OperateError, Operator};
use crate::store::Standing;

/// Where everything stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// The pairing ids of log and store; they are the same where they belong together.
    pub log_pairing: Option<Uuid>,
    /// The store's.
    pub store_pairing: Option<Uuid>,
    /// The contexts.
    pub contexts: Vec<ContextStatus>,
}

/// Where a context stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ContextStatus {
    /// Its name.
    pub context: String,
    /// Commands that are not decided.
    pub undecided: u64,
    /// Events that the views don't hold.
    pub unprojected: u64,
    /// Dead letters that are kept.
    pub dead_letters: u64,
    /// Aggregates that are set aside.
    pub parked: u64,
    /// Its partitions that were ever claimed.
    pub partitions: Vec<PartitionStatus>,
}

/// Where a partition stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PartitionStatus {
    /// Its number.
    pub partition: u32,
    /// Whether somebody has claimed it and not given it up.
    pub is_held: bool,
    /// Who that is, `HOST:PID`: also a process that was killed, until another one claims the partition. `None` where
    /// nobody holds it, or a release does that had no names.
    pub owner: Option<String>,
    /// The fencing number of the last claim.
    pub epoch: i64,
    /// The version of the contract that the last owner knew.
    pub contract_version: u32,
    /// The next offset to be decided.
    pub offset: u64,
    /// The end of the command topic.
    pub end: u64,
    /// Commands in between.
    pub undecided: u64,
    /// The last decision's time, UTC; `None` before the first one.
    pub decided_at: Option<Timestamp>,
    /// The last event's position, -1 for none.
    pub position: i64,
    /// The last position that is known to be published: the mark is written with the next batch, so that it is
    /// behind on an idle partition.
    pub published: i64,
    /// The last position that the views hold.
    pub projected: i64,
    /// Events in between.
    pub unprojected: u64,
    /// Aggregates that are set aside.
    pub parked: u64,
}

impl Operator {
    /// Where everything stands.
    ///
    /// # Errors
    /// [`OperateError`] where log or store don't answer.
    pub async fn status(&self) -> Result<Status, OperateError> {
        let mut contexts = Vec::new();
        for context in self.contexts(None).await? {
            contexts.push(self.context(context).await?);
        }
        Ok(Status {
            log_pairing: self.log.pairing_id().await?,
            store_pairing: self.store.pairing_id().await?,
            contexts,
        })
    }

    async fn context(&self, context: String) -> Result<ContextStatus, OperateError> {
        let (log, store) = (&self.log, &self.store);
        let standings = store.standings(&context).await?;
        let projected: HashMap<_, _> = store.view_positions(&context).await?.into_iter().collect();
        let parked: HashMap<_, _> = store.parked_counts(&context).await?.into_iter().collect();
        let (commands, letters) =
            (format!("{context}.commands"), format!("{context}.dead-letters"));
        let mut partitions = Vec::with_capacity(standings.len());
        let mut dead_letters = 0;
        for Standing { partition, epoch, is_released, contract_version, owner, checkpoint } in
            standings
        {
            let end = log.bounds(&commands, partition).await?.end;
            let kept = log.bounds(&letters, partition).await?;
            dead_letters += kept.end.saturating_sub(kept.start);
            let position = checkpoint.next_position - 1;
            let projected = projected.get(&partition).copied().unwrap_or(-1);
            partitions.push(PartitionStatus {
                partition,
                is_held: !is_released,
                owner: owner.filter(|_| !is_released),
                epoch,
                contract_version,
                offset: checkpoint.offset,
                end,
                undecided: end.saturating_sub(checkpoint.offset),
                decided_at: Some(checkpoint.decision_time).filter(|time| time.micros() != 0),
                position,
                published: checkpoint.published,
                projected,
                unprojected: u64::try_from(position - projected).unwrap_or_default(),
                parked: parked.get(&partition).copied().unwrap_or_default(),
            });
        }
        Ok(ContextStatus {
            context,
            undecided: partitions.iter().map(|one| one.undecided).sum(),
            unprojected: partitions.iter().map(|one| one.unprojected).sum(),
            dead_letters,
            parked: partitions.iter().map(|one| one.parked).sum(),
            partitions,
        })
    }
}
