//! The one thread that writes: it takes what waits, commits it as one batch, then acknowledges.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use charter_domain::Timestamp;
use fjall::{OwnedWriteBatch, PersistMode};
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use uuid::Uuid;

use super::catalog::{Catalog, Mark};
use super::settings::Durability;
use super::topic::{Bucket, Partition, Topic};
use super::{Shared, failure, row};
use crate::log::{Appended, LogError, LogRecord, Record, TopicSpec};

/// The most appends of one batch: enough that the cost of an `fdatasync` is shared, few enough that
/// the first of them needn't wait long.
const BATCH_APPENDS: usize = 8_192;

/// The most bytes of one batch, beyond which the next append begins another: a batch is held in memory.
const BATCH_BYTES: usize = 16 << 20;

/// What the writer is asked for.
#[derive(Debug)]
pub(super) enum Request {
    Append(Append),
    EnsureTopic { spec: TopicSpec, reply: Reply<()> },
    Trim { topic: Arc<Topic>, partition: u32, before: u64, reply: Reply<()> },
    SetPairing { id: Uuid, reply: Reply<()> },
    Housekeep { reply: Reply<()> },
    Close,
}

/// Records for one partition.
#[derive(Debug)]
pub(super) struct Append {
    pub(super) topic: Arc<Topic>,
    pub(super) partition: u32,
    /// Each record with its row, whose time the writer sets.
    pub(super) records: Vec<(Record, Vec<u8>)>,
    pub(super) bytes: usize,
    pub(super) reply: Reply<Vec<Appended>>,
    /// The place in the queue, given back when the append is done.
    pub(super) place: OwnedSemaphorePermit,
}

impl Append {
    /// Appends to a topic that is kept in memory alone.
    fn keep(self, now: Timestamp) {
        let records = self.records.into_iter().map(|(record, _)| record).collect();
        let appended = self.topic.partitions[self.partition as usize].keep(records, now);
        let _ = self.reply.send(Ok(appended));
    }
}

pub(super) type Reply<T> = oneshot::Sender<Result<T, LogError>>;

/// How full the newest bucket of a topic is.
#[derive(Clone, Copy, Debug)]
struct Fill {
    bytes: u64,
    /// The last append's time.
    time: Timestamp,
}

pub(super) struct Writer {
    shared: Arc<Shared>,
    catalog: Catalog,
    fills: HashMap<u32, Fill>,
    next_topic: u32,
    persist: PersistMode,
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>, catalog: Catalog) -> Self {
        let mut fills = HashMap::new();
        let mut next_topic = 1;
        for topic in shared.all_topics() {
            let bytes = topic.newest_bucket().map_or(0, |bucket| bucket.keyspace.disk_space());
            let times = topic.partitions.iter().map(|partition| partition.lock().time);
            let time = times.max().unwrap_or(Timestamp::from_micros(0));
            fills.insert(topic.id, Fill { bytes, time });
            next_topic = next_topic.max(topic.id + 1);
        }
        let persist = match shared.settings.durability {
            Durability::Power => PersistMode::SyncData,
            Durability::Process => PersistMode::Buffer,
        };
        Self { shared, catalog, fills, next_topic, persist }
    }

    /// Serves requests until it is told to close or nobody can ask any more.
    pub(super) fn run(mut self, requests: &Receiver<Request>) {
        let interval = self.shared.settings.housekeeping;
        let mut due = Instant::now() + interval;
        loop {
            match requests.recv_timeout(due.saturating_duration_since(Instant::now())) {
                Ok(request) => {
                    if self.serve(request, requests).is_break() {
                        break;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if Instant::now() >= due {
                if let Err(error) = self.housekeep() {
                    tracing::warn!(%error, "old records of the log could not be removed");
                }
                due = Instant::now() + interval;
            }
        }
        self.finish();
    }

    /// Serves `first` and the appends that wait behind it.
    fn serve(&mut self, first: Request, requests: &Receiver<Request>) -> std::ops::ControlFlow<()> {
        let mut next = Some(first);
        let mut appends = Vec::new();
        let mut bytes = 0;
        while let Some(request) = next.take() {
            match request {
                Request::Append(append) => {
                    bytes += append.bytes;
                    appends.push(append);
                    if appends.len() < BATCH_APPENDS && bytes < BATCH_BYTES {
                        next = requests.try_recv().ok();
                    }
                }
                other @ (Request::EnsureTopic { .. }
                | Request::Trim { .. }
                | Request::SetPairing { .. }
                | Request::Housekeep { .. }
                | Request::Close) => {
                    self.commit_appends(std::mem::take(&mut appends));
                    return self.serve_other(other);
                }
            }
        }
        self.commit_appends(appends);
        std::ops::ControlFlow::Continue(())
    }

    /// A caller that went away doesn't hear of it; what it asked for is done all the same.
    fn serve_other(&mut self, request: Request) -> std::ops::ControlFlow<()> {
        match request {
            Request::Append(append) => self.commit_appends(vec![append]),
            Request::EnsureTopic { spec, reply } => {
                let _ = reply.send(self.ensure_topic(&spec));
            }
            Request::Trim { topic, partition, before, reply } => {
                let _ = reply.send(self.trim(&topic, partition, before));
            }
            Request::SetPairing { id, reply } => {
                let _ = reply.send(self.set_pairing(id));
            }
            Request::Housekeep { reply } => {
                let _ = reply.send(self.housekeep());
            }
            Request::Close => return std::ops::ControlFlow::Break(()),
        }
        std::ops::ControlFlow::Continue(())
    }

    fn commit_appends(&mut self, appends: Vec<Append>) {
        if appends.is_empty() {
            return;
        }
        let begun = Instant::now();
        let mut batch = self.catalog.batch().durability(Some(self.persist));
        let mut written = Vec::with_capacity(appends.len());
        for append in appends {
            // It has become so since this append was handed over.
            if append.topic.is_volatile() {
                append.keep(self.shared.now());
                continue;
            }
            match self.place(&mut batch, &append.topic, append.bytes) {
                Ok(bucket) => written.push(write(&mut batch, &bucket, append, &self.shared)),
                Err(error) => {
                    let _ = append.reply.send(Err(error));
                }
            }
        }
        let outcome = self.commit(batch);
        let records: usize = written.iter().map(|append| append.records.len()).sum();
        metrics::histogram!("charter_log_commit_seconds").record(begun.elapsed().as_secs_f64());
        metrics::histogram!("charter_log_commit_appends").record(as_f64(written.len()));
        match outcome {
            Ok(()) => {
                metrics::counter!("charter_log_appended_records_total").increment(records as u64);
                for append in written {
                    append.acknowledge();
                }
            }
            Err(error) => {
                for append in written {
                    append.refuse(&error);
                }
            }
        }
    }

    /// The bucket that the topic's next rows go to; a new one where the newest is full or old.
    fn place(
        &mut self,
        batch: &mut OwnedWriteBatch,
        topic: &Arc<Topic>,
        bytes: usize,
    ) -> Result<Arc<Bucket>, LogError> {
        self.shared.check()?;
        let now = self.shared.now();
        let fill = self.fills.entry(topic.id).or_insert(Fill { bytes: 0, time: now });
        let span = topic
            .retention()
            .map(|retention| micros(self.shared.settings.bucket_span.max(retention / 4)));
        let newest = topic.newest_bucket();
        let number = match newest {
            Some(bucket) => {
                let is_full = fill.bytes >= self.shared.settings.bucket_bytes;
                let age = now.micros().saturating_sub(bucket.begun.micros());
                if !is_full && span.is_none_or(|span| age < span) {
                    fill.bytes += bytes as u64;
                    fill.time = fill.time.max(now);
                    return Ok(bucket);
                }
                bucket.number + 1
            }
            None => 0,
        };
        let keyspace =
            self.catalog.make_keyspace(topic.id, number).map_err(failure::unavailable)?;
        let firsts = topic.partitions.iter().map(|partition| partition.lock().next).collect();
        let bucket = Arc::new(Bucket { number, keyspace, firsts, begun: now });
        self.catalog.put_bucket(batch, topic.id, &bucket);
        topic
            .buckets
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .push_back(Arc::clone(&bucket));
        *fill = Fill { bytes: bytes as u64, time: now };
        Ok(bucket)
    }

    fn ensure_topic(&mut self, spec: &TopicSpec) -> Result<(), LogError> {
        let mut batch = self.catalog.batch().durability(Some(PersistMode::SyncAll));
        if let Some(topic) = self.shared.find(&spec.name) {
            let found = u32::try_from(topic.partitions.len()).unwrap_or(u32::MAX);
            if found != spec.partitions {
                let topic = spec.name.clone();
                return Err(LogError::TopicDiffers { topic, expected: spec.partitions, found });
            }
            if spec.volatile {
                topic.become_volatile();
            }
            if topic.retention() != spec.retention {
                self.catalog.put_topic(&mut batch, topic.id, spec);
                self.commit(batch)?;
                *topic.retention.write().unwrap_or_else(PoisonError::into_inner) = spec.retention;
            }
            return Ok(());
        }
        let id = self.next_topic;
        self.catalog.put_topic(&mut batch, id, spec);
        self.commit(batch)?;
        self.next_topic += 1;
        let tail_bytes = self.shared.settings.tail_bytes;
        let topic = Topic {
            name: spec.name.clone(),
            id,
            retention: spec.retention.into(),
            volatile: AtomicBool::new(false),
            partitions: (0..spec.partitions)
                .map(|_| Partition::new(0, 0, Timestamp::from_micros(0), tail_bytes))
                .collect(),
            buckets: std::sync::RwLock::default(),
        };
        if spec.volatile {
            topic.become_volatile();
        }
        self.shared.add(topic);
        Ok(())
    }

    fn trim(&mut self, topic: &Arc<Topic>, partition: u32, before: u64) -> Result<(), LogError> {
        let Some(trimmed) = topic.partitions.get(partition as usize) else {
            return Err(super::unknown_partition(topic, partition));
        };
        let mark = {
            let state = trimmed.lock();
            if before > state.next {
                let (start, end) = (state.start, state.next);
                let topic = topic.name.clone();
                return Err(LogError::OutOfRange { topic, partition, offset: before, start, end });
            }
            if before <= state.start {
                return Ok(());
            }
            Mark { start: before, next: state.next, time_micros: state.time.micros() }
        };
        let mut batch = self.catalog.batch().durability(Some(self.persist));
        self.catalog.put_mark(&mut batch, topic.id, partition, &mark);
        self.commit(batch)?;
        trimmed.lock().forget(before);
        let trimmed = {
            let starts: Vec<u64> = topic.partitions.iter().map(|it| it.lock().start).collect();
            let buckets = topic.buckets.read().unwrap_or_else(PoisonError::into_inner);
            let is_past = |bucket: &Arc<Bucket>| {
                bucket.firsts.iter().zip(&starts).all(|(first, start)| first <= start)
            };
            buckets.iter().skip(1).take_while(|bucket| is_past(bucket)).count()
        };
        self.drop_buckets(topic, trimmed)
    }

    fn set_pairing(&mut self, id: Uuid) -> Result<(), LogError> {
        let mut batch = self.catalog.batch().durability(Some(PersistMode::SyncAll));
        self.catalog.put_pairing(&mut batch, id);
        self.commit(batch)?;
        *self.shared.pairing.lock().unwrap_or_else(PoisonError::into_inner) = Some(id);
        Ok(())
    }

    /// Drops the buckets whose newest record is older than their topic's retention.
    fn housekeep(&mut self) -> Result<(), LogError> {
        let now = self.shared.now().micros();
        for topic in self.shared.all_topics() {
            let Some(retention) = topic.retention().map(micros) else { continue };
            let expired = {
                let buckets = topic.buckets.read().unwrap_or_else(PoisonError::into_inner);
                // A bucket's records are not younger than the beginning of the next.
                let ends = buckets.iter().skip(1).map(|next| next.begun);
                let last = self.fills.get(&topic.id).map(|fill| fill.time);
                ends.chain(last)
                    .take(buckets.len())
                    .take_while(|end| end.micros().saturating_add(retention) < now)
                    .count()
            };
            self.drop_buckets(&topic, expired)?;
        }
        Ok(())
    }

    /// Drops the oldest `count` buckets. Where the partitions stand is made durable first, so that an
    /// emptied partition goes on where it was; rows before keyspaces, so that a bucket whose removal is
    /// cut short is no bucket any more.
    fn drop_buckets(&mut self, topic: &Arc<Topic>, count: usize) -> Result<(), LogError> {
        if count == 0 {
            return Ok(());
        }
        let (dropped, next) = {
            let buckets = topic.buckets.read().unwrap_or_else(PoisonError::into_inner);
            let dropped: Vec<Arc<Bucket>> = buckets.iter().take(count).cloned().collect();
            (dropped, buckets.get(count).cloned())
        };
        let mut batch = self.catalog.batch().durability(Some(PersistMode::SyncAll));
        let mut starts = Vec::new();
        for (number, partition) in (0..).zip(&topic.partitions) {
            let state = partition.lock();
            let first = next.as_ref().map_or(state.next, |next| next.first(number));
            let start = state.start.max(first);
            let mark = Mark { start, next: state.next, time_micros: state.time.micros() };
            self.catalog.put_mark(&mut batch, topic.id, number, &mark);
            starts.push(start);
        }
        for bucket in &dropped {
            self.catalog.remove_bucket(&mut batch, topic.id, bucket.number);
        }
        self.commit(batch)?;
        for (partition, start) in topic.partitions.iter().zip(starts) {
            partition.lock().forget(start);
        }
        topic.buckets.write().unwrap_or_else(PoisonError::into_inner).drain(..count);
        for bucket in dropped {
            // Without its row it is no bucket any more: opening removes it where this fails.
            if let Err(error) = self.catalog.remove_keyspace(bucket.keyspace.clone()) {
                tracing::warn!(topic = topic.name, %error, "a dropped bucket could not be removed");
            }
        }
        metrics::counter!("charter_log_dropped_buckets_total").increment(count as u64);
        Ok(())
    }

    /// Commits, or poisons the log: after a failed write nobody knows what the disk holds, so nothing
    /// is tried again before a restart has read it.
    fn commit(&self, batch: OwnedWriteBatch) -> Result<(), LogError> {
        self.shared.check()?;
        #[cfg(test)]
        if let Some(error) = self.shared.fault() {
            self.shared.poison(&failure::reason(&error));
            let reason = failure::reason(&error);
            return Err(LogError::FateUnknown { reason, source: Some(Box::new(error)) });
        }
        match batch.commit() {
            Ok(()) => Ok(()),
            // A flush failed in the background before this batch was begun.
            Err(error @ fjall::Error::Poisoned) => {
                self.shared.poison("the data directory can't be written; see the log above for why, mend it and restart");
                Err(failure::unavailable(error))
            }
            Err(error) => {
                let reason = failure::reason(&error);
                self.shared.poison(&reason);
                Err(LogError::FateUnknown { reason, source: Some(Box::new(error)) })
            }
        }
    }

    /// Writes where the partitions stand, times given to askers too, and leaves all on disk.
    fn finish(self) {
        if self.shared.check().is_err() {
            return;
        }
        let mut batch = self.catalog.batch().durability(Some(PersistMode::SyncAll));
        for topic in self.shared.all_topics() {
            for (number, partition) in (0..).zip(&topic.partitions) {
                let state = partition.lock();
                let time_micros = state.time.micros();
                // What is in memory alone ends with the process.
                let start = if topic.is_volatile() { state.next } else { state.start };
                let mark = Mark { start, next: state.next, time_micros };
                self.catalog.put_mark(&mut batch, topic.id, number, &mark);
            }
        }
        if let Err(error) = self.commit(batch) {
            tracing::warn!(%error, "the log was not closed cleanly");
        }
    }
}

/// An append whose rows are in a batch.
struct Written {
    topic: Arc<Topic>,
    partition: u32,
    records: Vec<LogRecord>,
    reply: Reply<Vec<Appended>>,
    _place: OwnedSemaphorePermit,
}

/// Gives an append's records their offsets and their time, and puts their rows into the batch.
fn write(batch: &mut OwnedWriteBatch, bucket: &Bucket, append: Append, shared: &Shared) -> Written {
    let Append { topic, partition, records, reply, place, .. } = append;
    let (first, time) = {
        let mut state = topic.partitions[partition as usize].lock();
        let first = state.next;
        state.next += records.len() as u64;
        state.time = state.time.max(shared.now());
        (first, state.time)
    };
    let mut placed = Vec::with_capacity(records.len());
    for (offset, (record, mut bytes)) in (first..).zip(records) {
        row::set_time(&mut bytes, time);
        batch.insert(&bucket.keyspace, row::key(partition, offset), bytes);
        placed.push(LogRecord { offset, time, record });
    }
    Written { topic, partition, records: placed, reply, _place: place }
}

impl Written {
    fn acknowledge(self) {
        let partition = &self.topic.partitions[self.partition as usize];
        let appended: Vec<Appended> = self
            .records
            .iter()
            .map(|record| Appended { offset: record.offset, time: record.time })
            .collect();
        if let Some(last) = appended.last() {
            let end = last.offset + 1;
            let mut state = partition.lock();
            for record in self.records {
                state.tail.push(record);
            }
            drop(state);
            partition.end.send_replace(end);
        }
        let _ = self.reply.send(Ok(appended));
    }

    fn refuse(self, error: &LogError) {
        let refusal = if let LogError::FateUnknown { reason, .. } = error {
            LogError::FateUnknown { reason: reason.clone(), source: None }
        } else if let LogError::Unavailable { reason, .. } = error {
            LogError::unavailable(reason.clone())
        } else {
            LogError::unavailable(error.to_string())
        };
        let _ = self.reply.send(Err(refusal));
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// A count for a histogram; precise up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "a count of appends is far below 2^53")]
fn as_f64(count: usize) -> f64 {
    count as f64
}
