//! Hints that a command was decided, from its partition's owner to the gateway that waits.
//!
//! A hint may be lost, late or doubled: the inbox row is the outcome, and whoever waits in vain reads
//! it. So a publisher never fails, and is never held up for long.

mod place;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use contract_shared::Outcome;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::log::{Log, LogError, LogRecord, MAX_RECORD_BYTES, Record, TopicSpec};
use crate::schemas::RecordCodec;

/// The topic that hints travel on.
pub const OUTCOMES_TOPIC: &str = "outcomes";

/// How long a hint is kept on Kafka: nobody waits longer than 30 s, and an hour of them helps to find out why
/// somebody did in vain.
pub const OUTCOMES_RETENTION: Duration = Duration::from_hours(1);

/// The most waiters of one gateway; each is a request that is being held.
pub const MOST_WAITERS: usize = 10_000;

/// How long a publisher waits for the log before it gives its hints up.
const PUBLISH_TIMEOUT: Duration = Duration::from_secs(2);

/// How long one fetch waits at the end of the partition.
const FETCH_WAIT: Duration = Duration::from_secs(5);

/// The most bytes of one fetch.
const FETCH_BYTES: usize = 1 << 20;

/// The pause after a fetch failed.
const FAILURE_PAUSE: Duration = Duration::from_millis(200);

/// The topic of hints with this many partitions: as many as gateways may wait apart. It is volatile: on the
/// embedded log a hint is there at once, and nothing is written.
#[must_use]
pub fn outcomes_topic(partitions: u32) -> TopicSpec {
    let name = OUTCOMES_TOPIC.to_owned();
    TopicSpec { name, partitions, retention: Some(OUTCOMES_RETENTION), volatile: true }
}

/// What a gateway puts into `replyTo`, so that hints reach its own partition.
fn reply_to(partition: u32) -> String {
    format!("{OUTCOMES_TOPIC}/{partition}")
}

fn reply_partition(reply_to: &str) -> Option<u32> {
    reply_to.strip_prefix(OUTCOMES_TOPIC)?.strip_prefix('/')?.parse().ok()
}

/// Follows a gateway's own partition of hints and wakes those who wait for a command.
#[derive(Debug)]
pub struct OutcomeHints {
    waiters: Arc<Waiters>,
    partition: Arc<AtomicU32>,
    stop: CancellationToken,
    follower: Mutex<Option<JoinHandle<()>>>,
}

impl OutcomeHints {
    /// Follows `partition` from its end on: a hint that is published after this returned is seen. Ends
    /// with `shutdown`, or when the value is dropped.
    ///
    /// # Errors
    /// Where the log doesn't tell where the partition ends.
    pub async fn start(
        log: Arc<dyn Log>,
        codec: Arc<RecordCodec<Outcome>>,
        partition: u32,
        shutdown: &CancellationToken,
    ) -> Result<Self, LogError> {
        let next = log.bounds(OUTCOMES_TOPIC, partition).await?.end;
        let waiters = Arc::new(Waiters::default());
        let stop = shutdown.child_token();
        let follower =
            Follower { log, codec, partition, waiters: Arc::clone(&waiters), stop: stop.clone() };
        let follower = Mutex::new(Some(tokio::spawn(follower.run(next))));
        let partition = Arc::new(AtomicU32::new(partition));
        Ok(Self { waiters, partition, stop, follower })
    }

    /// Shares the topic's partitions with every other process that does so, each with one of its own as
    /// far as they go round. Until it is given one, and where there are more processes than partitions, it
    /// follows one that another process may follow too: hints are told apart by their commands.
    ///
    /// Ends as with [`OutcomeHints::start`].
    ///
    /// # Errors
    /// Where the log doesn't tell the partitions, or where one ends.
    pub async fn share(
        log: Arc<dyn Log>,
        codec: Arc<RecordCodec<Outcome>>,
        shutdown: &CancellationToken,
    ) -> Result<Self, LogError> {
        let waiters = Arc::new(Waiters::default());
        let stop = shutdown.child_token();
        let sharing = place::Sharing::begin(log, codec, Arc::clone(&waiters), &stop).await?;
        let partition = sharing.partition();
        let follower = Mutex::new(Some(tokio::spawn(sharing.run(stop.clone()))));
        Ok(Self { waiters, partition, stop, follower })
    }

    /// What commands carry as `replyTo`. It may change, so it is asked for each command.
    #[must_use]
    pub fn reply_to(&self) -> String {
        reply_to(self.partition.load(Ordering::Acquire))
    }

    /// Waits for the outcome of a command from now on: to be called before the command is appended.
    ///
    /// # Errors
    /// [`TooManyWaiters`] at [`MOST_WAITERS`]: the command can be sent all the same, and its outcome
    /// asked for later.
    pub fn expect(&self, command_id: Uuid) -> Result<Waiter, TooManyWaiters> {
        let (sender, outcome) = oneshot::channel();
        let number = self.waiters.add(command_id, sender)?;
        let (waiters, stop) = (Arc::clone(&self.waiters), self.stop.clone());
        Ok(Waiter { command_id, number, outcome, waiters, stop })
    }

    /// Ends and waits until it has.
    pub async fn stop(&self) {
        self.stop.cancel();
        let follower = self.follower.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(follower) = follower {
            // It panicked where this fails, and said so itself.
            let _ = follower.await;
        }
    }
}

impl Drop for OutcomeHints {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// There is no room for another waiter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{MOST_WAITERS} requests wait for outcomes already")]
pub struct TooManyWaiters;

/// One who waits for a command's outcome; stops when dropped.
#[derive(Debug)]
pub struct Waiter {
    command_id: Uuid,
    number: u64,
    outcome: oneshot::Receiver<Arc<Outcome>>,
    waiters: Arc<Waiters>,
    stop: CancellationToken,
}

impl Waiter {
    /// The outcome, where a hint of it comes within `timeout` and before hints are no longer followed:
    /// a request that is being held must not hold up the end of its process.
    pub async fn wait(mut self, timeout: Duration) -> Option<Outcome> {
        let outcome = tokio::select! {
            biased;
            outcome = &mut self.outcome => outcome.ok()?,
            () = self.stop.cancelled() => return None,
            () = tokio::time::sleep(timeout) => return None,
        };
        Some(Arc::unwrap_or_clone(outcome))
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.waiters.remove(self.command_id, self.number);
    }
}

/// Those who wait, by command. Several may wait for one: repeats of a request.
#[derive(Debug, Default)]
struct Waiters {
    state: Mutex<WaiterState>,
}

#[derive(Debug, Default)]
struct WaiterState {
    by_command: HashMap<Uuid, Vec<Waiting>>,
    count: usize,
    next: u64,
}

/// A waiter's number, and how it is woken.
type Waiting = (u64, oneshot::Sender<Arc<Outcome>>);

impl Waiters {
    fn add(
        &self,
        command_id: Uuid,
        sender: oneshot::Sender<Arc<Outcome>>,
    ) -> Result<u64, TooManyWaiters> {
        let mut state = self.lock();
        if state.count >= MOST_WAITERS {
            return Err(TooManyWaiters);
        }
        let number = state.next;
        state.next += 1;
        state.count += 1;
        state.by_command.entry(command_id).or_default().push((number, sender));
        metrics::gauge!("charter_outcome_waiters").increment(1.0);
        Ok(number)
    }

    fn remove(&self, command_id: Uuid, number: u64) {
        let mut state = self.lock();
        let Some(waiting) = state.by_command.get_mut(&command_id) else { return };
        let before = waiting.len();
        waiting.retain(|(other, _)| *other != number);
        let removed = before - waiting.len();
        if waiting.is_empty() {
            state.by_command.remove(&command_id);
        }
        state.forget(removed);
    }

    fn is_awaited(&self, command_id: Uuid) -> bool {
        self.lock().by_command.contains_key(&command_id)
    }

    fn wake(&self, outcome: Outcome) {
        let waiting = {
            let mut state = self.lock();
            let waiting = state.by_command.remove(&outcome.command_id).unwrap_or_default();
            state.forget(waiting.len());
            waiting
        };
        let outcome = Arc::new(outcome);
        for (_, sender) in waiting {
            // Its waiter went away meanwhile where this fails.
            let _ = sender.send(Arc::clone(&outcome));
        }
    }

    fn lock(&self) -> MutexGuard<'_, WaiterState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WaiterState {
    fn forget(&mut self, count: usize) {
        self.count -= count;
        for _ in 0..count {
            metrics::gauge!("charter_outcome_waiters").decrement(1.0);
        }
    }
}

/// Reads the partition and wakes.
struct Follower {
    log: Arc<dyn Log>,
    codec: Arc<RecordCodec<Outcome>>,
    partition: u32,
    waiters: Arc<Waiters>,
    stop: CancellationToken,
}

impl Follower {
    async fn run(self, mut next: u64) {
        let stop = self.stop.clone();
        let following = async {
            loop {
                next = self.step(next).await;
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = following => {}
        }
    }

    /// Handles what there is from `next` on; gives the next offset.
    async fn step(&self, next: u64) -> u64 {
        let fetched =
            self.log.fetch(OUTCOMES_TOPIC, self.partition, next, FETCH_BYTES, FETCH_WAIT).await;
        match fetched {
            Ok(records) => {
                for record in &records {
                    self.handle(record).await;
                }
                records.last().map_or(next, |last| last.offset + 1)
            }
            // Behind, where more hints came than are kept, or ahead, where the log was made anew.
            Err(LogError::OutOfRange { start, end, .. }) => next.clamp(start, end),
            Err(error) => {
                tracing::warn!(partition = self.partition, %error, "hints can't be read");
                tokio::time::sleep(FAILURE_PAUSE).await;
                next
            }
        }
    }

    async fn handle(&self, record: &LogRecord) {
        // Most hints are for nobody by the time they come; their key says so without decoding.
        let key = std::str::from_utf8(&record.record.key).ok().and_then(|key| key.parse().ok());
        if key.is_some_and(|command_id| !self.waiters.is_awaited(command_id)) {
            return;
        }
        match self.codec.decode(&record.record.value).await {
            Ok(outcome) => self.waiters.wake(outcome),
            Err(error) => {
                metrics::counter!("charter_outcome_hints_unread_total").increment(1);
                tracing::debug!(offset = record.offset, %error, "a hint can't be read");
            }
        }
    }
}

/// Sends hints to the gateways that wait.
#[derive(Clone, Debug)]
pub struct OutcomePublisher {
    log: Arc<dyn Log>,
    codec: Arc<RecordCodec<Outcome>>,
}

impl OutcomePublisher {
    /// A publisher to [`OUTCOMES_TOPIC`], which is there already.
    pub fn new(log: Arc<dyn Log>, codec: Arc<RecordCodec<Outcome>>) -> Self {
        Self { log, codec }
    }

    /// Sends each outcome to whom its command's `replyTo` names. Best effort: a hint that can't be sent
    /// within 2 s, or is larger than the log takes, is given up and counted.
    pub async fn publish<'a>(&self, outcomes: impl IntoIterator<Item = (&'a str, &'a Outcome)>) {
        let mut by_partition: BTreeMap<u32, Vec<Record>> = BTreeMap::new();
        for (reply_to, outcome) in outcomes {
            let Some(partition) = reply_partition(reply_to) else {
                give_up(1, &format!("`{reply_to}` is no place for replies"));
                continue;
            };
            let record = Record {
                key: Bytes::from(outcome.command_id.to_string()),
                value: self.codec.encode(outcome),
                headers: Vec::new(),
            };
            if record.size() > MAX_RECORD_BYTES {
                // The log would refuse it, and the hints beside it too.
                give_up(1, "an outcome is larger than a record may be");
                continue;
            }
            by_partition.entry(partition).or_default().push(record);
        }
        let appends = by_partition.into_iter().map(|(partition, records)| async move {
            let count = records.len();
            let append = self.log.append(OUTCOMES_TOPIC, partition, records);
            match tokio::time::timeout(PUBLISH_TIMEOUT, append).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => give_up(count, &error.to_string()),
                Err(_) => give_up(count, "the log didn't answer in time"),
            }
        });
        futures_util::future::join_all(appends).await;
    }
}

fn give_up(count: usize, reason: &str) {
    metrics::counter!("charter_outcome_hints_lost_total").increment(count as u64);
    tracing::debug!(count, reason, "hints are given up");
}

#[cfg(test)]
mod tests;
