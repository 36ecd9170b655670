//! Refusing commands that would only wait: a partition whose owner is far behind takes no more for a while.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use charter_engine::store::Store;

use crate::problem::Problem;

/// How many commands may wait for a partition's decisions, unless an operator says otherwise: some seconds' work.
pub const DEFAULT_MOST: u64 = 20_000;
/// The shortest time between two looks at how far a partition is.
const LOOK_PAUSE: Duration = Duration::from_millis(250);
/// How long a look may take.
const LOOK_TIMEOUT: Duration = Duration::from_secs(1);
/// When a refused client may come again, in seconds.
const RETRY_AFTER_S: u32 = 2;

/// How far behind partitions are, as far as is known here. Only one that seems to lag is looked at.
#[derive(Debug)]
pub(crate) struct Lag {
    /// 0 for any number.
    most: u64,
    partitions: Mutex<HashMap<(&'static str, u32), Seen>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// The offset after the last command that was appended here.
    appended: u64,
    /// The next offset to be decided when it was looked at last.
    decided: u64,
    looked: Option<Instant>,
}

impl Default for Lag {
    fn default() -> Self {
        Self::new(DEFAULT_MOST)
    }
}

impl Lag {
    pub(crate) fn new(most: u64) -> Self {
        Self { most, partitions: Mutex::default() }
    }

    /// Refuses where too many commands wait in the partition: 503 with `Retry-After`.
    pub(crate) async fn admit(
        &self,
        store: &dyn Store,
        context: &'static str,
        partition: u32,
    ) -> Result<(), Problem> {
        let seen = self.seen(context, partition);
        if !self.is_far(seen) {
            return Ok(());
        }
        if seen.looked.is_none_or(|at| at.elapsed() >= LOOK_PAUSE) {
            // Who comes meanwhile is refused by what was known: one look is enough for all.
            self.change(context, partition, |seen| seen.looked = Some(Instant::now()));
            let look = tokio::time::timeout(LOOK_TIMEOUT, store.checkpoint(context, partition));
            if let Ok(Ok(Some(checkpoint))) = look.await {
                self.change(context, partition, |seen| {
                    seen.decided = seen.decided.max(checkpoint.offset);
                });
            }
        }
        let seen = self.seen(context, partition);
        if !self.is_far(seen) {
            return Ok(());
        }
        metrics::counter!("charter_commands_refused_by_lag_total", "context" => context)
            .increment(1);
        let waiting = seen.appended.saturating_sub(seen.decided);
        let detail = format!(
            "{waiting} commands wait to be decided before this one, more than the {} of `MAX_LAG`; try again",
            self.most
        );
        Err(Problem::unavailable(detail).retry_after_s(RETRY_AFTER_S))
    }

    /// Takes note of a command that was appended.
    pub(crate) fn appended(&self, context: &'static str, partition: u32, offset: u64) {
        self.change(context, partition, |seen| seen.appended = seen.appended.max(offset + 1));
    }

    fn is_far(&self, seen: Seen) -> bool {
        self.most > 0 && seen.appended.saturating_sub(seen.decided) > self.most
    }

    fn seen(&self, context: &'static str, partition: u32) -> Seen {
        let known = self.partitions.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&(context, partition)).copied().unwrap_or_default()
    }

    fn change(&self, context: &'static str, partition: u32, change: impl FnOnce(&mut Seen)) {
        let mut known = self.partitions.lock().unwrap_or_else(PoisonError::into_inner);
        change(known.entry((context, partition)).or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_partition_that_is_far_behind_takes_no_more() {
        let directory = tempfile::tempdir().expect("a directory");
        let durability = charter_engine::store::Durability::Process;
        let store = charter_engine::store::SqliteStore::open(directory.path(), durability).await;
        let store = store.expect("a store");
        let lag = Lag::new(2);
        for offset in 0..3 {
            assert!(lag.admit(&store, "seat", 0).await.is_ok(), "{offset}");
            lag.appended("seat", 0, offset);
        }
        let refused = lag.admit(&store, "seat", 0).await.expect_err("three wait");
        assert_eq!(refused.status(), 503);
        // Judged by partition.
        assert!(lag.admit(&store, "seat", 1).await.is_ok());
        assert!(lag.admit(&store, "reservation", 0).await.is_ok());
        // The owner caught up.
        lag.change("seat", 0, |seen| seen.decided = 1);
        assert!(lag.admit(&store, "seat", 0).await.is_ok());
        let unbounded = Lag::new(0);
        unbounded.appended("seat", 0, 1_000_000);
        assert!(unbounded.admit(&store, "seat", 0).await.is_ok());
    }
}
