//! Refusing commands that would only wait: where the decisions are far behind, a partition takes no more for a while.
//!
//! All partitions of a context share one bound, so that whoever is accepted waits for some seconds at most however many
//! partitions are busy. One may have at most [`WEIGHT`] times what is free of it, as tenants have places (ADR 42): a hot one
//! leaves room for the others.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use charter_engine::store::Store;

use crate::problem::Problem;

/// How many commands of a context may wait for their decisions, unless an operator says otherwise: some seconds' work.
pub const DEFAULT_MOST: u64 = 20_000;
/// How many times what is free of the bound one partition may have.
const WEIGHT: u64 = 4;
/// The shortest time between two looks at how far a context's partitions are.
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
    /// By context.
    known: Mutex<HashMap<&'static str, Known>>,
}

/// A context's partitions, by number.
#[derive(Debug, Default)]
struct Known {
    partitions: Vec<Seen>,
    /// How many commands wait in all of them.
    waiting: u64,
    /// When they were looked at last.
    looked: Option<Instant>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// The offset after the last command that was appended here.
    appended: u64,
    /// The next offset to be decided when it was looked at last.
    decided: u64,
}

impl Seen {
    fn waiting(&self) -> u64 {
        self.appended.saturating_sub(self.decided)
    }
}

/// A partition's place in a list.
fn index(partition: u32) -> usize {
    usize::try_from(partition).unwrap_or(usize::MAX)
}

impl Default for Lag {
    fn default() -> Self {
        Self::new(DEFAULT_MOST)
    }
}

impl Lag {
    pub(crate) fn new(most: u64) -> Self {
        Self { most, known: Mutex::default() }
    }

    /// Refuses where too many commands wait in the partition for what is free of the bound: 503 with `Retry-After`.
    pub(crate) async fn admit(
        &self,
        store: &dyn Store,
        context: &'static str,
        partition: u32,
    ) -> Result<(), Problem> {
        match self.refused(context, partition) {
            None => Ok(()),
            // Rare, and so it is no part of what every request holds.
            Some(_) => Box::pin(self.look_again(store, context, partition)).await,
        }
    }

    /// Refuses where too many commands wait still, as far as can be known now.
    async fn look_again(
        &self,
        store: &dyn Store,
        context: &'static str,
        partition: u32,
    ) -> Result<(), Problem> {
        if self.is_look_due(context) {
            // What was not answered in time stays as it was known.
            let look = tokio::time::timeout(LOOK_TIMEOUT, store.standings(context));
            for standing in look.await.ok().and_then(Result::ok).into_iter().flatten() {
                self.change(context, standing.partition, |seen| {
                    seen.decided = seen.decided.max(standing.checkpoint.offset);
                });
            }
        }
        let Some(waiting) = self.refused(context, partition) else { return Ok(()) };
        metrics::counter!("charter_commands_refused_by_lag_total", "context" => context)
            .increment(1);
        let detail = format!(
            "{waiting} commands wait to be decided before this one, and `MAX_LAG` ({}) is for all partitions; try again",
            self.most
        );
        Err(Problem::unavailable(detail).retry_after_s(RETRY_AFTER_S))
    }

    /// Takes note of a command that was appended.
    pub(crate) fn appended(&self, context: &'static str, partition: u32, offset: u64) {
        if self.most > 0 {
            self.change(context, partition, |seen| seen.appended = seen.appended.max(offset + 1));
        }
    }

    /// How many wait in the partition, where that is more than its share.
    fn refused(&self, context: &'static str, partition: u32) -> Option<u64> {
        if self.most == 0 {
            return None;
        }
        let contexts = self.known();
        let known = contexts.get(context)?;
        let own = known.partitions.get(index(partition)).map_or(0, Seen::waiting);
        let free = self.most.saturating_sub(known.waiting);
        (own > 0 && own >= WEIGHT * free).then_some(own)
    }

    /// Who comes meanwhile is refused by what was known: one look is enough for all.
    fn is_look_due(&self, context: &'static str) -> bool {
        let mut contexts = self.known();
        let looked = &mut contexts.entry(context).or_default().looked;
        let is_due = looked.is_none_or(|at| at.elapsed() >= LOOK_PAUSE);
        if is_due {
            *looked = Some(Instant::now());
        }
        is_due
    }

    fn change(&self, context: &'static str, partition: u32, change: impl FnOnce(&mut Seen)) {
        let mut contexts = self.known();
        let known = contexts.entry(context).or_default();
        let index = index(partition);
        if known.partitions.len() <= index {
            known.partitions.resize_with(index + 1, Seen::default);
        }
        let seen = &mut known.partitions[index];
        let before = seen.waiting();
        change(seen);
        known.waiting = known.waiting + seen.waiting() - before;
    }

    fn known(&self) -> MutexGuard<'_, HashMap<&'static str, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
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
        let lag = Lag::new(10);
        for offset in 0..8 {
            assert!(lag.admit(&store, "seat", 0).await.is_ok(), "{offset}");
            lag.appended("seat", 0, offset);
        }
        let refused = lag.admit(&store, "seat", 0).await.expect_err("eight wait");
        assert_eq!(refused.status(), 503);
        // The others go on, each within its share of what is left.
        assert!(lag.admit(&store, "reservation", 0).await.is_ok());
        for offset in 0..2 {
            assert!(lag.admit(&store, "seat", 1).await.is_ok(), "{offset}");
            lag.appended("seat", 1, offset);
        }
        assert!(lag.admit(&store, "seat", 1).await.is_err());
        assert!(lag.admit(&store, "seat", 2).await.is_ok());
        // The owner caught up.
        lag.change("seat", 0, |seen| seen.decided = 5);
        assert!(lag.admit(&store, "seat", 0).await.is_ok());
        assert!(lag.admit(&store, "seat", 1).await.is_ok());
        let unbounded = Lag::new(0);
        unbounded.appended("seat", 0, 1_000_000);
        assert!(unbounded.admit(&store, "seat", 0).await.is_ok());
    }
}
