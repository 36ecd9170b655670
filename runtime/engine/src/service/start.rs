//! What is made sure of before a service works: log and store belong together.

use std::time::{Duration, Instant};

use charter_domain::{Contract, Decider};
use tracing::info;
use uuid::Uuid;

use super::{Ports, Runtime, ServiceError};
use crate::log::{LogError, TopicSpec};
use crate::outcomes::outcomes_topic;

/// For how long log and store that were of one pair need not be asked again.
const PAIRED: Duration = Duration::from_secs(5);

/// Fixes the partition count and makes the context's topics; gives the count.
pub(crate) async fn topics<C: Contract>(runtime: &Runtime) -> Result<u32, ServiceError> {
    let partitions = runtime.store.fix_partitions(runtime.settings.partitions).await?;
    for (name, retention) in [
        (C::commands_topic(), None),
        (C::events_topic(), runtime.settings.event_retention),
        (C::dead_letters_topic(), None),
    ] {
        runtime
            .log
            .ensure_topic(&TopicSpec { name, partitions, retention, volatile: false })
            .await?;
    }
    runtime.log.ensure_topic(&outcomes_topic(partitions)).await?;
    Ok(partitions)
}

/// Makes sure that log and store belong together; pairs them where both are new.
pub(super) async fn pair(runtime: &Runtime) -> Result<(), ServiceError> {
    // Services of one process start side by side.
    let _one = runtime.pairing.lock().await;
    let log = runtime.log.pairing_id().await?;
    let store = runtime.store.pairing_id().await?;
    match (log, store) {
        (Some(log), Some(store)) if log == store => Ok(()),
        (Some(log), Some(store)) => Err(ServiceError::OtherPair { log, store }),
        (Some(log), None) => Err(ServiceError::StoreUnpaired { log }),
        // The store first: an end of the process between the two leaves an id that an empty store keeps.
        // Other processes may do the same at the same time, and the store gives all of them one id.
        (None, _) if runtime.store.is_empty().await? => {
            let id = runtime.store.fix_pairing_id(Uuid::now_v7()).await?;
            runtime.log.set_pairing_id(id).await?;
            info!(%id, "log and store are new and paired");
            Ok(())
        }
        // Or they have, and work already: what they claimed came after the log's id.
        (None, _) => {
            let log = runtime.log.pairing_id().await?;
            let store = runtime.store.pairing_id().await?;
            match log {
                Some(_) if log == store => Ok(()),
                Some(_) | None => Err(ServiceError::LogUnpaired { store }),
            }
        }
    }
}

/// Makes sure that log and store are of one pair and, of a partition that was just claimed, of one time: a service
/// that works on while one of the two is restored must not go on with the other.
pub(crate) async fn check_claimed<D: Decider>(
    ports: &Ports<D>,
    partition: u32,
) -> Result<(), ServiceError> {
    let (log, store) = (&ports.runtime.log, &ports.runtime.store);
    {
        // All partitions of a share are claimed at once: one of them looks.
        let mut looked = ports.runtime.pairing.lock().await;
        if looked.is_none_or(|looked| looked.elapsed() >= PAIRED) {
            match (log.pairing_id().await?, store.pairing_id().await?) {
                (Some(log), Some(store)) if log == store => *looked = Some(Instant::now()),
                (Some(log), Some(store)) => return Err(ServiceError::OtherPair { log, store }),
                (Some(log), None) => return Err(ServiceError::StoreUnpaired { log }),
                (None, store) => return Err(ServiceError::LogUnpaired { store }),
            }
        }
    }
    check_partition(ports, partition).await
}

/// Makes sure that every checkpoint lies within the log, and that no event was published that the store
/// doesn't have.
pub(super) async fn check<D: Decider>(
    ports: &Ports<D>,
    partitions: u32,
) -> Result<(), ServiceError> {
    for partition in 0..partitions {
        check_partition(ports, partition).await?;
    }
    Ok(())
}

/// The same for one partition.
async fn check_partition<D: Decider>(ports: &Ports<D>, partition: u32) -> Result<(), ServiceError> {
    let (log, store) = (&ports.runtime.log, &ports.runtime.store);
    let (commands, events) = (D::Contract::commands_topic(), D::Contract::events_topic());
    // Another process may be at work, or have taken over meanwhile: the checkpoint is read after the log's start and
    // what was published, and before the log's end, so that each only moves away from being refused.
    let start = log.bounds(&commands, partition).await?.start;
    let published = last_position(ports, &events, partition).await?;
    let checkpoint = store.checkpoint(D::Contract::NAME, partition).await?;
    let end = log.bounds(&commands, partition).await?.end;
    let offset = checkpoint.map_or(0, |checkpoint| checkpoint.offset);
    if offset < start || offset > end {
        return Err(ServiceError::CheckpointOutside {
            topic: commands,
            partition,
            offset,
            start,
            end,
        });
    }
    let stored = checkpoint.map_or(-1, |checkpoint| checkpoint.next_position - 1);
    if let Some(published) = published.filter(|published| *published > stored) {
        return Err(ServiceError::EventsAhead { topic: events, partition, published, stored });
    }
    Ok(())
}

/// The position of the last published event that can be read.
async fn last_position<D: Decider>(
    ports: &Ports<D>,
    topic: &str,
    partition: u32,
) -> Result<Option<i64>, ServiceError> {
    let log = &ports.runtime.log;
    let bounds = log.bounds(topic, partition).await?;
    if bounds.is_empty() {
        return Ok(None);
    }
    let records = match log.fetch(topic, partition, bounds.end - 1, 1, Duration::ZERO).await {
        Ok(records) => records,
        // Cut in the meantime.
        Err(LogError::OutOfRange { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let Some(record) = records.last() else { return Ok(None) };
    match ports.events.decode(&record.record).await {
        Ok(envelope) => Ok(Some(envelope.metadata.position)),
        // Another build wrote it. Its position can't be judged, and projections read the store.
        Err(error) if error.is_poison() => Ok(None),
        Err(error) => Err(ServiceError::Wire(error)),
    }
}
