//! Which partition of hints is a process's own: given out by the group of all who wait for outcomes.
//!
//! A partition is followed, not consumed: nothing breaks where two processes follow one, or where one
//! follows a partition that was given to another meanwhile. So a revocation is granted at once, and the
//! partition that is left is followed until whoever was told of it has given up waiting.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use contract_shared::Outcome;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{FAILURE_PAUSE, Follower, OUTCOMES_TOPIC, Waiters};
use crate::log::{Change, Log, LogError, Membership};
use crate::schemas::RecordCodec;

/// The group of all processes that wait for outcomes.
const GROUP: &str = "outcomes";

/// How long a partition is followed after another one took its place: the longest `Prefer: wait` of 30 s,
/// 10 s to append the command, and some more.
const RETIREMENT: Duration = Duration::from_mins(1);

/// The longest pause before the group is joined again.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A process's share of the topic, and what it follows.
pub(super) struct Sharing {
    log: Arc<dyn Log>,
    codec: Arc<RecordCodec<Outcome>>,
    waiters: Arc<Waiters>,
    /// The partition that commands carry.
    partition: Arc<AtomicU32>,
    assigned: BTreeSet<u32>,
    followed: HashMap<u32, Followed>,
    followers: JoinSet<()>,
    stop: CancellationToken,
}

struct Followed {
    stop: CancellationToken,
    /// When it is followed no longer; `None` for the one that commands carry.
    until: Option<Instant>,
}

impl Sharing {
    /// Follows some partition, so that hints arrive before the group has met.
    pub(super) async fn begin(
        log: Arc<dyn Log>,
        codec: Arc<RecordCodec<Outcome>>,
        waiters: Arc<Waiters>,
        stop: &CancellationToken,
    ) -> Result<Self, LogError> {
        let partitions = log.partitions(OUTCOMES_TOPIC).await?;
        // Processes that start together begin on different ones, as a rule.
        let partition = Uuid::new_v4().as_fields().0 % partitions.max(1);
        let mut sharing = Self {
            log,
            codec,
            waiters,
            partition: Arc::new(AtomicU32::new(partition)),
            assigned: BTreeSet::new(),
            followed: HashMap::new(),
            followers: JoinSet::new(),
            stop: stop.clone(),
        };
        sharing.follow(partition).await?;
        metrics::gauge!("charter_reply_partition").set(f64::from(partition));
        Ok(sharing)
    }

    /// The partition that commands carry, as it changes.
    pub(super) fn partition(&self) -> Arc<AtomicU32> {
        Arc::clone(&self.partition)
    }

    /// Takes part in the group until `stop`.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut pause = FAILURE_PAUSE;
        while !stop.is_cancelled() {
            let log = Arc::clone(&self.log);
            let joined = tokio::select! {
                joined = log.join(GROUP, OUTCOMES_TOPIC) => joined,
                () = stop.cancelled() => break,
            };
            match joined {
                Ok(membership) => {
                    pause = FAILURE_PAUSE;
                    self.keep(membership, &stop).await;
                    self.assigned.clear();
                }
                Err(error) => tracing::warn!(
                    %error,
                    "no partition of hints is given out; one is shared until then"
                ),
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => {}
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        while self.followers.join_next().await.is_some() {}
    }

    /// Follows the member's share until the log ends the membership, or `stop`.
    async fn keep(&mut self, mut membership: Box<dyn Membership>, stop: &CancellationToken) {
        let mut unsettled = None;
        loop {
            let wake =
                self.followed.values().filter_map(|followed| followed.until).chain(unsettled);
            let wake = wake.min();
            tokio::select! {
                () = stop.cancelled() => return,
                change = membership.next() => match change {
                    None => return,
                    Some(Change::Assigned(partitions)) => self.assigned.extend(partitions),
                    Some(Change::Revoked { partitions, done }) => {
                        drop(done);
                        for partition in partitions {
                            self.assigned.remove(&partition);
                        }
                    }
                },
                () = tokio::time::sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => {
                    self.retire();
                }
            }
            unsettled = match self.settle().await {
                Ok(()) => None,
                Err(error) => {
                    tracing::warn!(%error, "the partition of hints can't be changed yet");
                    Some(Instant::now() + FAILURE_PAUSE)
                }
            };
        }
    }

    /// Takes one of the share for the one that commands carry, where that is none of it.
    async fn settle(&mut self) -> Result<(), LogError> {
        let current = self.partition.load(Ordering::Acquire);
        let Some(&next) = self.assigned.first().filter(|_| !self.assigned.contains(&current))
        else {
            return Ok(());
        };
        self.follow(next).await?;
        // Followed before the first command carries it.
        self.partition.store(next, Ordering::Release);
        metrics::gauge!("charter_reply_partition").set(f64::from(next));
        if let Some(left) = self.followed.get_mut(&current) {
            left.until = Some(Instant::now() + RETIREMENT);
        }
        tracing::debug!(partition = next, left = current, "hints come on another partition");
        Ok(())
    }

    /// Follows a partition from its end on, and until it is retired.
    async fn follow(&mut self, partition: u32) -> Result<(), LogError> {
        if let Some(followed) = self.followed.get_mut(&partition) {
            followed.until = None;
            return Ok(());
        }
        let next = self.log.bounds(OUTCOMES_TOPIC, partition).await?.end;
        let stop = self.stop.child_token();
        let follower = Follower {
            log: Arc::clone(&self.log),
            codec: Arc::clone(&self.codec),
            partition,
            waiters: Arc::clone(&self.waiters),
            stop: stop.clone(),
        };
        self.followers.spawn(follower.run(next));
        self.followed.insert(partition, Followed { stop, until: None });
        Ok(())
    }

    /// Follows no longer what is overdue.
    fn retire(&mut self) {
        let now = Instant::now();
        self.followed.retain(|_, followed| {
            let keep = followed.until.is_none_or(|until| until > now);
            if !keep {
                followed.stop.cancel();
            }
            keep
        });
        while self.followers.try_join_next().is_some() {}
    }
}

impl Drop for Sharing {
    fn drop(&mut self) {
        for followed in self.followed.values() {
            followed.stop.cancel();
        }
    }
}
