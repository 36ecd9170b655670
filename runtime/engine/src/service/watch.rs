//! How far a context's partitions are, told as metrics.
//!
//! Every process of the service tells of all partitions, also of those that nobody owns now: what is not decided
//! must be seen most of all then. Who adds them up takes the highest of each partition.

use std::collections::HashMap;
use std::ops::Range;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use charter_domain::Contract;
use futures_util::future::try_join_all;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::{Runtime, ServiceError};
use crate::store::Standing;

/// How often partitions are looked at: as often as metrics usually are.
const PAUSE: Duration = Duration::from_secs(5);
/// How long a look may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Looks at the context's partitions again and again until `stop`.
pub(super) async fn watch<C: Contract>(
    runtime: &Runtime,
    partitions: u32,
    stop: &CancellationToken,
) {
    loop {
        let look = tokio::time::timeout(PATIENCE, look::<C>(runtime, partitions));
        let failed = tokio::select! {
            () = stop.cancelled() => return,
            looked = look => match looked {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(error.to_string()),
                Err(_) => Some(format!("no answer within {} s", PATIENCE.as_secs())),
            },
        };
        if let Some(reason) = failed {
            debug!(context = C::NAME, reason, "partitions could not be looked at");
            metrics::counter!("charter_watch_failures_total", "context" => C::NAME).increment(1);
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

async fn look<C: Contract>(runtime: &Runtime, partitions: u32) -> Result<(), ServiceError> {
    let (log, store, context) = (&runtime.log, &runtime.store, C::NAME);
    let standings = store.standings(context).await?;
    let projected: HashMap<_, _> = store.view_positions(context).await?.into_iter().collect();
    let parked: HashMap<_, _> = store.parked_counts(context).await?.into_iter().collect();
    // After the checkpoints: a lag may be told too large by what came in between, never too small.
    let (commands, letters) = (C::commands_topic(), C::dead_letters_topic());
    let of = async |topic: &str| {
        try_join_all((0..partitions).map(|partition| log.bounds(topic, partition))).await
    };
    let (commands, letters) = (of(&commands).await?, of(&letters).await?);
    let standings: HashMap<_, _> =
        standings.into_iter().map(|standing| (standing.partition, standing)).collect();
    let mut kept = 0;
    for (partition, bounds) in (0..).zip(&commands) {
        let standing = standings.get(&partition);
        kept += standing.map_or(0, |standing| decided(standing, bounds));
        let seen = projected.get(&partition).copied().unwrap_or(-1);
        tell(context, partition, standing, bounds, seen);
        let parked = parked.get(&partition).copied().unwrap_or_default();
        gauge("charter_parked_aggregates", context, partition).set(as_f64(parked));
    }
    let letters = letters.iter().map(|bounds| bounds.end.saturating_sub(bounds.start)).sum();
    metrics::gauge!("charter_dead_letters", "context" => context).set(as_f64(letters));
    metrics::gauge!("charter_inbox_outcomes", "context" => context).set(as_f64(kept));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    metrics::gauge!("charter_watch_timestamp_seconds", "context" => context).set(now.as_secs_f64());
    Ok(())
}

/// Commands of the log that are decided: their outcomes are kept as long as they are.
fn decided(standing: &Standing, commands: &Range<u64>) -> u64 {
    standing.checkpoint.offset.saturating_sub(commands.start)
}

fn tell(
    context: &'static str,
    partition: u32,
    standing: Option<&Standing>,
    commands: &Range<u64>,
    projected: i64,
) {
    let next = standing.map_or(commands.start, |standing| standing.checkpoint.offset);
    let undecided = commands.end.saturating_sub(next);
    gauge("charter_commands_undecided", context, partition).set(as_f64(undecided));
    let Some(standing) = standing else { return };
    let unprojected = (standing.checkpoint.next_position - 1 - projected).max(0);
    let unprojected = u64::try_from(unprojected).unwrap_or_default();
    gauge("charter_events_unprojected", context, partition).set(as_f64(unprojected));
    let epoch = u64::try_from(standing.epoch).unwrap_or_default();
    gauge("charter_partition_epoch", context, partition).set(as_f64(epoch));
}

/// Says whether this process does `work` on a partition.
pub(crate) fn owned(context: &'static str, partition: u32, work: &'static str, is_owned: bool) {
    metrics::gauge!("charter_partition_owned", "context" => context, "partition" => partition.to_string(), "work" => work)
        .set(if is_owned { 1.0 } else { 0.0 });
}

fn gauge(name: &'static str, context: &'static str, partition: u32) -> metrics::Gauge {
    metrics::gauge!(name, "context" => context, "partition" => partition.to_string())
}

/// Exact up to 2⁵³, far more than any of these come to.
#[expect(clippy::cast_precision_loss, reason = "see above")]
fn as_f64(count: u64) -> f64 {
    count as f64
}
