//! What the log holds in memory of a topic: its partitions, and the buckets their rows lie in.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use charter_domain::Timestamp;
use fjall::Keyspace;
use tokio::sync::watch;

use crate::log::{Appended, LogRecord, Record};

/// The most bytes of a partition's records where they are in memory alone: what readers may lag.
const VOLATILE_TAIL_BYTES: usize = 4 << 20;

/// A topic.
#[derive(Debug)]
pub(super) struct Topic {
    pub(super) name: String,
    /// Its number in row keys and keyspace names.
    pub(super) id: u32,
    pub(super) retention: RwLock<Option<Duration>>,
    /// Whether its records are kept in memory alone.
    pub(super) volatile: AtomicBool,
    pub(super) partitions: Vec<Partition>,
    /// Oldest first. Only the writer changes them.
    pub(super) buckets: RwLock<VecDeque<Arc<Bucket>>>,
}

impl Topic {
    pub(super) fn is_volatile(&self) -> bool {
        self.volatile.load(Ordering::Acquire)
    }

    /// Keeps records in memory from now on; those on disk are forgotten.
    pub(super) fn become_volatile(&self) {
        if self.volatile.swap(true, Ordering::AcqRel) {
            return;
        }
        for partition in &self.partitions {
            let mut state = partition.lock();
            let next = state.next;
            state.forget(next);
            state.tail.limit = VOLATILE_TAIL_BYTES;
        }
    }

    pub(super) fn retention(&self) -> Option<Duration> {
        *self.retention.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The buckets that may hold records of `partition` from `offset` on, oldest first.
    pub(super) fn buckets_from(&self, partition: u32, offset: u64) -> Vec<Arc<Bucket>> {
        let buckets = self.buckets.read().unwrap_or_else(PoisonError::into_inner);
        let behind = buckets.partition_point(|bucket| bucket.first(partition) <= offset);
        buckets.iter().skip(behind.saturating_sub(1)).cloned().collect()
    }

    pub(super) fn newest_bucket(&self) -> Option<Arc<Bucket>> {
        self.buckets.read().unwrap_or_else(PoisonError::into_inner).back().cloned()
    }
}

/// A keyspace of rows: those of a stretch of time or size, dropped together.
pub(super) struct Bucket {
    pub(super) number: u64,
    pub(super) keyspace: Keyspace,
    /// The next offset of each partition when the bucket was begun.
    pub(super) firsts: Vec<u64>,
    /// When it was begun, UTC.
    pub(super) begun: Timestamp,
}

impl Bucket {
    /// The first offset of `partition` that may lie here.
    pub(super) fn first(&self, partition: u32) -> u64 {
        self.firsts.get(partition as usize).copied().unwrap_or(u64::MAX)
    }
}

impl std::fmt::Debug for Bucket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bucket")
            .field("number", &self.number)
            .field("firsts", &self.firsts)
            .field("begun", &self.begun)
            .finish_non_exhaustive()
    }
}

/// A partition.
#[derive(Debug)]
pub(super) struct Partition {
    state: Mutex<State>,
    /// The end that readers may see: what lies before it is durable. Readers wait on it.
    pub(super) end: watch::Sender<u64>,
}

/// What the writer changes of a partition.
#[derive(Debug)]
pub(super) struct State {
    /// The first kept offset.
    pub(super) start: u64,
    /// The next offset to be given; ahead of `end` while a commit is under way.
    pub(super) next: u64,
    /// The latest time given to a record or to an asker.
    pub(super) time: Timestamp,
    /// The newest records.
    pub(super) tail: Tail,
}

impl Partition {
    pub(super) fn new(start: u64, next: u64, time: Timestamp, tail_bytes: usize) -> Self {
        let tail = Tail { records: VecDeque::new(), bytes: 0, limit: tail_bytes };
        Self { state: Mutex::new(State { start, next, time, tail }), end: watch::Sender::new(next) }
    }

    /// No code panics while it holds this lock half-way through a change.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Partition {
    /// Appends records that are kept in memory alone.
    pub(super) fn keep(&self, records: Vec<Record>, now: Timestamp) -> Vec<Appended> {
        let mut state = self.lock();
        state.time = state.time.max(now);
        let time = state.time;
        let mut appended = Vec::with_capacity(records.len());
        for record in records {
            let offset = state.next;
            state.next += 1;
            state.tail.push(LogRecord { offset, time, record });
            appended.push(Appended { offset, time });
        }
        state.start = state.tail.records.front().map_or(state.next, |oldest| oldest.offset);
        // Under the lock, so that the end never falls.
        self.end.send_replace(state.next);
        appended
    }
}

impl State {
    /// Nothing before `start` is kept any more.
    pub(super) fn forget(&mut self, start: u64) {
        self.start = self.start.max(start);
        self.tail.forget(start);
    }
}

/// The newest records of a partition, so that readers at the end touch neither disk nor row decoding.
#[derive(Debug)]
pub(super) struct Tail {
    records: VecDeque<LogRecord>,
    bytes: usize,
    limit: usize,
}

/// What a kept record costs beside its bytes: itself, its header list, the shared buffers' counts.
const RECORD_OVERHEAD_BYTES: usize = 256;

impl Tail {
    pub(super) fn push(&mut self, record: LogRecord) {
        self.bytes += cost(&record);
        self.records.push_back(record);
        while self.bytes > self.limit {
            let Some(oldest) = self.records.pop_front() else { break };
            self.bytes -= cost(&oldest);
        }
    }

    fn forget(&mut self, start: u64) {
        while let Some(oldest) = self.records.pop_front_if(|oldest| oldest.offset < start) {
            self.bytes -= cost(&oldest);
        }
    }

    /// The records from `from` on, at least one and at most about `max_bytes`. `None` where `from` is
    /// no longer here.
    pub(super) fn read(&self, from: u64, end: u64, max_bytes: usize) -> Option<Vec<LogRecord>> {
        let first = self.records.front()?.offset;
        let skipped = usize::try_from(from.checked_sub(first)?).ok()?;
        let mut bytes = 0;
        let mut read = Vec::new();
        for record in self.records.range(skipped.min(self.records.len())..) {
            if record.offset >= end
                || (!read.is_empty() && bytes + record.record.size() > max_bytes)
            {
                break;
            }
            bytes += record.record.size();
            read.push(record.clone());
        }
        (!read.is_empty()).then_some(read)
    }
}

fn cost(record: &LogRecord) -> usize {
    record.record.size() + RECORD_OVERHEAD_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Record;

    fn record(offset: u64, size: usize) -> LogRecord {
        let record = Record { value: vec![0; size].into(), ..Record::default() };
        LogRecord { offset, time: Timestamp::from_micros(0), record }
    }

    fn tail(limit: usize, offsets: std::ops::Range<u64>) -> Tail {
        let mut tail = Tail { records: VecDeque::new(), bytes: 0, limit };
        for offset in offsets {
            tail.push(record(offset, 100));
        }
        tail
    }

    fn offsets(read: Option<Vec<LogRecord>>) -> Option<Vec<u64>> {
        read.map(|records| records.iter().map(|record| record.offset).collect())
    }

    #[test]
    fn a_tail_keeps_the_newest_within_its_limit() {
        let tail = tail(3 * 356, 10..20);
        assert_eq!(offsets(tail.read(16, 20, 1_000)), None);
        assert_eq!(offsets(tail.read(17, 20, 1_000)), Some(vec![17, 18, 19]));
        assert_eq!(offsets(tail.read(20, 20, 1_000)), None);
    }

    #[test]
    fn a_read_is_bounded_but_gives_one() {
        let tail = tail(10_000, 0..10);
        assert_eq!(offsets(tail.read(2, 10, 250)), Some(vec![2, 3]));
        assert_eq!(offsets(tail.read(2, 10, 1)), Some(vec![2]));
        assert_eq!(offsets(tail.read(2, 4, 10_000)), Some(vec![2, 3]));
    }

    #[test]
    fn a_record_larger_than_the_limit_is_not_kept() {
        let mut tail = tail(1_000, 0..2);
        tail.push(record(2, 5_000));
        assert_eq!(offsets(tail.read(2, 3, 10_000)), None);
    }
}
