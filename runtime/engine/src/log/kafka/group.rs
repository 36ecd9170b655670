//! Groups: a member of a real consumer group that takes the assignment and fetches nothing.
//!
//! The protocol is cooperative: a rebalance revokes only what moves, and nobody else is given it before
//! the member has said that it is given up. The member says so when the [`Release`] is dropped.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rdkafka::TopicPartitionList;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaRespErr;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::connection::{Connection, Told};
use super::settings::KafkaSettings;
use super::{blocking, unavailable};
use crate::log::{Change, LogError, Membership, Release};

/// How long an owner may take to give partitions up before the group goes on without it. Beyond this
/// its commits fail by the epoch of the next owner's claim. Less than the members' `max.poll.interval.ms`,
/// after which the group would go on by itself.
const GIVING_UP: Duration = Duration::from_secs(30);
/// How often a member's events are served where nothing wakes it.
const SERVE: Duration = Duration::from_secs(1);
/// Events served at a time: a rebalance, and what was logged on the way.
const EVENTS: usize = 32;
/// Changes that the owner has not taken. A rebalance that moves something waits for the owner, so there
/// are never many.
const CHANGES: usize = 256;

/// What the group says.
enum Said {
    Assigned(Vec<u32>),
    Revoked(Vec<u32>),
}

/// Hears the group, on the task that serves the consumer.
struct Hearing {
    told: Told,
    said: Mutex<VecDeque<Said>>,
    /// Nobody is to be told any more: what is revoked is given up at once.
    is_closing: AtomicBool,
}

impl ClientContext for Hearing {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        self.told.log(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.told.error(error, reason);
    }
}

impl ConsumerContext for Hearing {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        code: RDKafkaRespErr,
        list: &mut TopicPartitionList,
    ) {
        let partitions: Vec<u32> = list
            .elements()
            .iter()
            .filter_map(|element| u32::try_from(element.partition()).ok())
            .collect();
        let is_closing = self.is_closing.load(Ordering::Acquire);
        if code == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            // The consumer itself is given nothing, so that it fetches nothing.
            settled(consumer.incremental_assign(&TopicPartitionList::new()));
            if !is_closing && !partitions.is_empty() {
                lock(&self.said).push_back(Said::Assigned(partitions));
            }
        } else if is_closing || partitions.is_empty() {
            give_up(consumer);
        } else {
            lock(&self.said).push_back(Said::Revoked(partitions));
        }
    }
}

/// Tells the group that what was revoked is given up.
fn give_up(consumer: &BaseConsumer<Hearing>) {
    settled(consumer.incremental_unassign(&TopicPartitionList::new()));
}

fn settled(result: Result<(), KafkaError>) {
    if let Err(error) = result {
        // The member has left the group meanwhile, by its session or for good.
        tracing::debug!(%error, "a rebalance was over before it was answered");
    }
}

/// The memberships of a log, for what they have in common.
#[derive(Debug)]
pub(super) struct Groups {
    settings: KafkaSettings,
    connection: Arc<Connection>,
    closed: CancellationToken,
    /// The numbers of this process's members, by group, where members have names.
    numbers: Arc<Mutex<HashMap<String, BTreeSet<u32>>>>,
    /// Each member's task holds one; the receiver ends when all tasks have.
    alive: Mutex<Option<mpsc::Sender<()>>>,
    ended: tokio::sync::Mutex<mpsc::Receiver<()>>,
}

impl Groups {
    pub(super) fn new(
        settings: KafkaSettings,
        connection: Arc<Connection>,
        closed: CancellationToken,
    ) -> Self {
        let (alive, ended) = mpsc::channel(1);
        Self {
            settings,
            connection,
            closed,
            numbers: Arc::default(),
            alive: Mutex::new(Some(alive)),
            ended: tokio::sync::Mutex::new(ended),
        }
    }

    /// Joins `group` on the topic of this full name.
    pub(super) async fn join(
        &self,
        group: &str,
        topic: String,
    ) -> Result<Box<dyn Membership>, LogError> {
        let alive = lock(&self.alive).clone().ok_or_else(super::closed)?;
        let number = self.settings.instance.as_ref().map(|_| Number::take(&self.numbers, group));
        let instance = self.settings.instance.as_ref().zip(number.as_ref());
        let instance = instance.map(|(name, number)| match number.value {
            0 => name.clone(),
            other => format!("{name}-{other}"),
        });
        let config = self.settings.member(group, instance.as_deref());
        let hearing = Hearing {
            told: Told(self.connection.clone()),
            said: Mutex::default(),
            is_closing: AtomicBool::new(false),
        };
        let ready = Arc::new(Notify::new());
        let wakes = ready.clone();
        let consumer = blocking(move || {
            let mut consumer: BaseConsumer<Hearing> = config
                .create_with_context(hearing)
                .map_err(|error| unavailable("no member of the group could be made", error))?;
            consumer.set_nonempty_callback(move || wakes.notify_one());
            consumer
                .subscribe(&[&topic])
                .map_err(|error| unavailable("the group can't be joined", error))?;
            Ok(Arc::new(consumer))
        })
        .await?;
        let (changes, told) = mpsc::channel(CHANGES);
        let serving = Serving {
            group: group.to_owned(),
            consumer,
            ready,
            changes: Some(changes),
            closed: self.closed.clone(),
            giving_up: None,
            is_revoking: false,
            _number: number,
            _alive: alive,
        };
        tokio::spawn(serving.run());
        Ok(Box::new(Member { told, closed: self.closed.clone() }))
    }

    /// Waits until all members have left, for at most `patience`. The log is closed already.
    pub(super) async fn close(&self, patience: Duration) {
        lock(&self.alive).take();
        let mut ended = self.ended.lock().await;
        if tokio::time::timeout(patience, ended.recv()).await.is_err() {
            tracing::warn!(?patience, "a member has not left its group; its session will end");
        }
    }
}

/// A member as its owner has it. The task sees that it is dropped, and leaves.
struct Member {
    told: mpsc::Receiver<Change>,
    closed: CancellationToken,
}

impl fmt::Debug for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Member").finish_non_exhaustive()
    }
}

#[async_trait]
impl Membership for Member {
    async fn next(&mut self) -> Option<Change> {
        tokio::select! {
            biased;
            () = self.closed.cancelled() => None,
            change = self.told.recv() => change,
        }
    }
}

/// Serves a member's consumer.
struct Serving {
    group: String,
    consumer: Arc<BaseConsumer<Hearing>>,
    ready: Arc<Notify>,
    /// `None` when the membership is over, which the owner then hears.
    changes: Option<mpsc::Sender<Change>>,
    closed: CancellationToken,
    /// Ends when the owner has given up what was revoked; the group waits for it until then.
    giving_up: Option<(oneshot::Receiver<()>, Instant)>,
    /// The group waits for an answer.
    is_revoking: bool,
    _number: Option<Number>,
    _alive: mpsc::Sender<()>,
}

impl Serving {
    async fn run(mut self) {
        let mut is_member = true;
        while is_member {
            let Some(changes) = &self.changes else { break };
            tokio::select! {
                () = self.ready.notified() => {}
                () = tokio::time::sleep(SERVE) => {}
                () = given_up(&mut self.giving_up), if self.giving_up.is_some() => {
                    self.giving_up = None;
                    self.is_revoking = false;
                    give_up(&self.consumer);
                }
                () = changes.closed() => break,
                () = self.closed.cancelled() => break,
            }
            is_member = self.serve();
        }
        self.leave().await;
    }

    /// Hears what the group says and passes it on; `false` where the membership is over.
    fn serve(&mut self) -> bool {
        // Each call serves one event, and doesn't tell whether there was one.
        for _ in 0..EVENTS {
            match self.consumer.poll(Duration::ZERO) {
                None | Some(Ok(_)) => {}
                Some(Err(error @ KafkaError::MessageConsumptionFatal(_))) => {
                    let group = self.group.as_str();
                    tracing::warn!(group, %error, "the membership has ended");
                    return false;
                }
                // The next event tells what comes of other failures.
                Some(Err(error)) => {
                    tracing::debug!(group = self.group, %error, "a member's trouble");
                }
            }
        }
        let said = std::mem::take(&mut *lock(&self.consumer.context().said));
        for said in said {
            let change = match said {
                Said::Assigned(partitions) => Change::Assigned(partitions),
                Said::Revoked(partitions) => {
                    let (given, gone) = oneshot::channel();
                    self.giving_up = Some((gone, Instant::now() + GIVING_UP));
                    self.is_revoking = true;
                    Change::Revoked { partitions, done: Release::new(move || drop(given)) }
                }
            };
            let sent = self.changes.as_ref().map(|changes| changes.try_send(change));
            if !matches!(sent, Some(Ok(()))) {
                tracing::warn!(
                    group = self.group,
                    "the member doesn't take its changes; it leaves"
                );
                return false;
            }
        }
        true
    }

    /// Leaves the group, once what is being given up is.
    async fn leave(mut self) {
        self.changes = None;
        given_up(&mut self.giving_up).await;
        // Leaving waits for the coordinator.
        let left = tokio::task::spawn_blocking(move || drop(self)).await;
        if let Err(error) = left {
            tracing::warn!(%error, "a member could not leave its group");
        }
    }
}

/// The consumer's end waits for all that it has asked to be answered, so nothing may be left open.
impl Drop for Serving {
    fn drop(&mut self) {
        let hearing = self.consumer.context();
        hearing.is_closing.store(true, Ordering::Release);
        let said = std::mem::take(&mut *lock(&hearing.said));
        let is_unanswered = said.iter().any(|said| matches!(said, Said::Revoked(_)));
        if is_unanswered || self.is_revoking {
            give_up(&self.consumer);
        }
    }
}

/// Waits until the owner has given up what was revoked, or has taken too long.
async fn given_up(giving_up: &mut Option<(oneshot::Receiver<()>, Instant)>) {
    let Some((gone, until)) = giving_up else { return };
    tokio::select! {
        _ = gone => {}
        () = sleep_until(*until) => {
            tracing::warn!(patience = ?GIVING_UP, "partitions were not given up in time; the group goes on");
        }
    }
}

/// A number that tells this process's members of a group apart.
#[derive(Debug)]
struct Number {
    numbers: Arc<Mutex<HashMap<String, BTreeSet<u32>>>>,
    group: String,
    value: u32,
}

impl Number {
    fn take(numbers: &Arc<Mutex<HashMap<String, BTreeSet<u32>>>>, group: &str) -> Self {
        let mut taken = lock(numbers);
        let known = taken.entry(group.to_owned()).or_default();
        // The first gap, or one more than all that are taken.
        let gap = (0..).zip(known.iter()).find(|(expected, taken)| *expected != **taken);
        let value =
            gap.map_or_else(|| known.last().map_or(0, |last| last + 1), |(expected, _)| expected);
        known.insert(value);
        Self { numbers: numbers.clone(), group: group.to_owned(), value }
    }
}

impl Drop for Number {
    fn drop(&mut self) {
        let mut taken = lock(&self.numbers);
        if let Some(known) = taken.get_mut(&self.group) {
            known.remove(&self.value);
        }
    }
}

/// No code panics while it holds one of these locks half-way through a change.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
