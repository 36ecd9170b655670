//! The log of one process: rows in fjall, written by one thread that commits what waits as one batch
//! with one `fdatasync`.
//!
//! A topic's rows lie in buckets, one keyspace each, under (partition, offset); what is too old is
//! dropped with its bucket. After a failed write the log is poisoned: it goes on serving reads and
//! refuses every append until a restart has read what the disk holds.

mod catalog;
mod failure;
mod read;
mod row;
mod settings;
#[cfg(test)]
mod tests;
mod topic;
mod writer;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use charter_domain::Timestamp;
use tokio::sync::{Semaphore, oneshot};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::group::Groups;
use super::{Appended, Log, LogError, LogRecord, MAX_PARTITIONS, Membership, Record, TopicSpec};
use crate::directory::DirectoryError;
use catalog::Catalog;
pub use settings::{Durability, EmbeddedSettings};
use topic::{Partition, Topic};
use writer::{Append, Request, Writer};

/// What an append costs of the queue beside its records' bytes.
const APPEND_OVERHEAD_BYTES: usize = 512;

/// The log of one process. It is closed when the last handle is dropped.
#[derive(Debug)]
pub struct EmbeddedLog {
    shared: Arc<Shared>,
    requests: mpsc::Sender<Request>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

/// What the writer and the log's callers share.
#[derive(Debug)]
struct Shared {
    settings: EmbeddedSettings,
    topics: RwLock<BTreeMap<String, Arc<Topic>>>,
    pairing: Mutex<Option<Uuid>>,
    groups: Groups,
    queue: Arc<Semaphore>,
    closed: CancellationToken,
    poisoned: OnceLock<String>,
    poison_wakes: CancellationToken,
    /// Makes the next commit fail.
    #[cfg(test)]
    fault: Mutex<Option<fjall::Error>>,
    /// Held by a test, it holds up the next commit.
    #[cfg(test)]
    gate: Mutex<()>,
}

impl EmbeddedLog {
    /// Opens the log in the directory `path`, which is made where it is missing. Nobody else may use
    /// it; hold a [`crate::directory::DataDirectory`] above it.
    ///
    /// # Errors
    /// [`DirectoryError`], with what to do.
    pub fn open(
        path: impl AsRef<Path>,
        settings: EmbeddedSettings,
    ) -> Result<Self, DirectoryError> {
        let path = path.as_ref();
        if settings.durability == Durability::Process {
            tracing::warn!(
                "durability is `process`: what was acknowledged survives the end of the process, not the loss of power"
            );
        }
        let begun = std::time::Instant::now();
        let (catalog, recovered) = Catalog::open(path, &settings)?;
        let topics = recovered.topics.into_iter().map(|topic| (topic.name.clone(), topic));
        let shared = Arc::new(Shared {
            topics: RwLock::new(topics.collect()),
            pairing: Mutex::new(recovered.pairing),
            groups: Groups::default(),
            queue: Arc::new(Semaphore::new(settings.queue_bytes.min(u32::MAX as usize))),
            closed: CancellationToken::new(),
            poisoned: OnceLock::new(),
            poison_wakes: CancellationToken::new(),
            #[cfg(test)]
            fault: Mutex::new(None),
            #[cfg(test)]
            gate: Mutex::new(()),
            settings,
        });
        let (requests, received) = mpsc::channel();
        let writer = Writer::new(Arc::clone(&shared), catalog);
        let thread = std::thread::Builder::new()
            .name("charter-log".to_owned())
            .spawn(move || writer.run(&received))
            .map_err(|error| DirectoryError::from_io(path, error))?;
        tracing::debug!(path = %path.display(), elapsed = ?begun.elapsed(), "log opened");
        Ok(Self { shared, requests, writer: Mutex::new(Some(thread)) })
    }

    /// Appends what waits, leaves all on disk and ends. Whoever waits for records or assignments is
    /// told that the log is closed. A second call does nothing.
    pub async fn close(&self) {
        let writer = self.begin_close();
        if let Some(writer) = writer {
            // It panicked where this fails, and said so itself.
            let _ = tokio::task::spawn_blocking(move || writer.join()).await;
        }
        self.shared.forget_topics();
    }

    /// Drops what is older than its topic's retention now, instead of at the next interval.
    ///
    /// # Errors
    /// [`LogError::Unavailable`] and [`LogError::FateUnknown`].
    pub async fn housekeep(&self) -> Result<(), LogError> {
        self.ask(|reply| Request::Housekeep { reply }).await
    }

    fn begin_close(&self) -> Option<JoinHandle<()>> {
        self.shared.closed.cancel();
        self.shared.queue.close();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if writer.is_some() {
            // The writer ended by itself where this fails.
            let _ = self.requests.send(Request::Close);
        }
        writer
    }

    /// Asks the writer and waits for its answer.
    async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<Result<T, LogError>>) -> Request,
    ) -> Result<T, LogError> {
        self.shared.check()?;
        let (reply, answer) = oneshot::channel();
        self.requests.send(request(reply)).map_err(|_| closed())?;
        answer.await.map_err(|_| LogError::FateUnknown {
            reason: "the log was closed before it answered".to_owned(),
            source: None,
        })?
    }

    /// Waits for a place in the queue.
    async fn place(&self, bytes: usize) -> Result<tokio::sync::OwnedSemaphorePermit, LogError> {
        let whole = self.shared.settings.queue_bytes.min(u32::MAX as usize);
        // An append larger than the queue has the queue to itself.
        let bytes = u32::try_from(bytes.min(whole)).unwrap_or(u32::MAX);
        let waiting = Arc::clone(&self.shared.queue).acquire_many_owned(bytes);
        match tokio::time::timeout(self.shared.settings.queue_wait, waiting).await {
            Ok(place) => place.map_err(|_| closed()),
            Err(_) => Err(LogError::unavailable(format!(
                "more than {whole} bytes have waited to be appended for {:?}",
                self.shared.settings.queue_wait
            ))),
        }
    }
}

impl Drop for EmbeddedLog {
    fn drop(&mut self) {
        if let Some(writer) = self.begin_close() {
            let _ = writer.join();
        }
        self.shared.forget_topics();
    }
}

#[async_trait]
impl Log for EmbeddedLog {
    async fn ensure_topic(&self, topic: &TopicSpec) -> Result<(), LogError> {
        let is_named = (1..=249).contains(&topic.name.len())
            && topic
                .name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        if !is_named || !(1..=MAX_PARTITIONS).contains(&topic.partitions) {
            let (topic, partitions) = (topic.name.clone(), topic.partitions);
            return Err(LogError::InvalidTopic { topic, partitions });
        }
        let spec = topic.clone();
        self.ask(|reply| Request::EnsureTopic { spec, reply }).await
    }

    async fn partitions(&self, topic: &str) -> Result<u32, LogError> {
        let topic = self.shared.topic(topic)?;
        Ok(partition_count(&topic))
    }

    async fn append(
        &self,
        topic: &str,
        partition: u32,
        records: Vec<Record>,
    ) -> Result<Vec<Appended>, LogError> {
        self.shared.check()?;
        let topic = self.shared.topic(topic)?;
        partition_of(&topic, partition)?;
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let limit = self.shared.settings.record_bytes;
        let mut bytes = APPEND_OVERHEAD_BYTES;
        for record in &records {
            let size = record.size();
            if size > limit {
                return Err(LogError::TooLarge { size, limit });
            }
            bytes += size;
        }
        if topic.is_volatile() {
            return Ok(partition_of(&topic, partition)?.keep(records, self.shared.now()));
        }
        let place = self.place(bytes).await?;
        let mut rows = Vec::with_capacity(records.len());
        for record in records {
            let row = row::encode(&record)
                .ok_or_else(|| LogError::TooLarge { size: record.size(), limit })?;
            rows.push((record, row));
        }
        self.ask(|reply| {
            Request::Append(Append { topic, partition, records: rows, bytes, reply, place })
        })
        .await
    }

    async fn fetch(
        &self,
        topic: &str,
        partition: u32,
        from: u64,
        max_bytes: usize,
        wait: Duration,
    ) -> Result<Vec<LogRecord>, LogError> {
        let topic = self.shared.topic(topic)?;
        let number = partition;
        let partition = partition_of(&topic, number)?;
        let mut ends = partition.end.subscribe();
        let deadline = tokio::time::Instant::now() + wait;
        loop {
            let end = *ends.borrow_and_update();
            let start = {
                let state = partition.lock();
                if let Some(records) = state.tail.read(from, end, max_bytes) {
                    return Ok(records);
                }
                state.start
            };
            if !(start..=end).contains(&from) {
                let topic = topic.name.clone();
                return Err(LogError::OutOfRange {
                    topic,
                    partition: number,
                    offset: from,
                    start,
                    end,
                });
            }
            if from < end {
                // Forgotten since its start was read.
                if topic.is_volatile() {
                    continue;
                }
                if let Some(records) = read::rows(&topic, number, from..end, max_bytes).await? {
                    return Ok(records);
                }
                // Its bucket was dropped meanwhile, and the next round finds it out of range.
                if from < partition.lock().start {
                    continue;
                }
                let (topic, reason) = (topic.name.clone(), "its row is missing".to_owned());
                return Err(LogError::Damaged { topic, partition: number, offset: from, reason });
            }
            tokio::select! {
                _ = ends.changed() => {}
                () = tokio::time::sleep_until(deadline) => return Ok(Vec::new()),
                () = self.shared.closed.cancelled() => return Err(closed()),
            }
        }
    }

    async fn bounds(&self, topic: &str, partition: u32) -> Result<Range<u64>, LogError> {
        let topic = self.shared.topic(topic)?;
        let partition = partition_of(&topic, partition)?;
        let start = partition.lock().start;
        let end = *partition.end.borrow();
        Ok(start.min(end)..end)
    }

    async fn end_and_time(&self, topic: &str, partition: u32) -> Result<Appended, LogError> {
        self.shared.check()?;
        let topic = self.shared.topic(topic)?;
        let partition = partition_of(&topic, partition)?;
        let mut ends = partition.end.subscribe();
        let (offset, time) = {
            let mut state = partition.lock();
            state.time = state.time.max(self.shared.now());
            (state.next, state.time)
        };
        // Records under way have their time already, so they belong before this end.
        while *ends.borrow_and_update() < offset {
            tokio::select! {
                _ = ends.changed() => {}
                () = self.shared.poison_wakes.cancelled() => self.shared.check()?,
                () = self.shared.closed.cancelled() => return Err(closed()),
            }
        }
        Ok(Appended { offset, time })
    }

    async fn trim(&self, topic: &str, partition: u32, before: u64) -> Result<(), LogError> {
        let topic = self.shared.topic(topic)?;
        partition_of(&topic, partition)?;
        self.ask(|reply| Request::Trim { topic, partition, before, reply }).await
    }

    async fn join(&self, group: &str, topic: &str) -> Result<Box<dyn Membership>, LogError> {
        let known = self.shared.topic(topic)?;
        let partitions = partition_count(&known);
        Ok(self.shared.groups.join(group, topic, partitions, &self.shared.closed))
    }

    async fn pairing_id(&self) -> Result<Option<Uuid>, LogError> {
        Ok(*self.shared.pairing.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn set_pairing_id(&self, id: Uuid) -> Result<(), LogError> {
        self.ask(|reply| Request::SetPairing { id, reply }).await
    }

    async fn check(&self) -> Result<(), LogError> {
        self.shared.check()?;
        if self.shared.closed.is_cancelled() { Err(closed()) } else { Ok(()) }
    }

    async fn close(&self) {
        Self::close(self).await;
    }
}

impl Shared {
    fn now(&self) -> Timestamp {
        (self.settings.clock)()
    }

    /// Refuses where a write has failed.
    fn check(&self) -> Result<(), LogError> {
        self.poisoned.get().map_or(Ok(()), |reason| Err(LogError::unavailable(reason.clone())))
    }

    fn poison(&self, reason: &str) {
        if self.poisoned.set(reason.to_owned()).is_ok() {
            tracing::error!(reason, "a write failed: the log takes no appends until a restart");
            metrics::gauge!("charter_log_poisoned").set(1.0);
        }
        self.poison_wakes.cancel();
    }

    #[cfg(test)]
    fn fault(&self) -> Option<fjall::Error> {
        drop(self.gate.lock());
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn find(&self, name: &str) -> Option<Arc<Topic>> {
        self.topics.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    fn add(&self, topic: Topic) {
        let mut topics = self.topics.write().unwrap_or_else(PoisonError::into_inner);
        topics.insert(topic.name.clone(), Arc::new(topic));
    }

    fn all_topics(&self) -> Vec<Arc<Topic>> {
        self.topics.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Lets go of the keyspaces, which hold the lock of the directory.
    fn forget_topics(&self) {
        self.topics.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn topic(&self, name: &str) -> Result<Arc<Topic>, LogError> {
        if self.closed.is_cancelled() {
            return Err(closed());
        }
        self.find(name).ok_or_else(|| LogError::UnknownTopic(name.to_owned()))
    }
}

fn partition_of(topic: &Topic, partition: u32) -> Result<&Partition, LogError> {
    let found = topic.partitions.get(partition as usize);
    found.ok_or_else(|| unknown_partition(topic, partition))
}

fn unknown_partition(topic: &Topic, partition: u32) -> LogError {
    let partitions = partition_count(topic);
    LogError::UnknownPartition { topic: topic.name.clone(), partition, partitions }
}

fn partition_count(topic: &Topic) -> u32 {
    u32::try_from(topic.partitions.len()).unwrap_or(u32::MAX)
}

fn closed() -> LogError {
    LogError::unavailable("it is closed")
}
