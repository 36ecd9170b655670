//! How an embedded log is tuned.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use charter_domain::Timestamp;

use crate::log::{MAX_RECORD_BYTES, system_time};

/// What an acknowledged append survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The loss of power: a group of appends is written with one `fdatasync`.
    #[default]
    Power,
    /// The end of the process, `kill -9` too, but not the loss of power.
    Process,
}

/// How an embedded log is tuned. The defaults suit one process of a platform on a small machine.
#[derive(Clone)]
pub struct EmbeddedSettings {
    /// What an acknowledged append survives.
    pub durability: Durability,
    /// The most bytes of a record's key, value and headers together.
    pub record_bytes: usize,
    /// The most bytes that wait to be appended, at most `u32::MAX`. An append beyond waits for a place.
    pub queue_bytes: usize,
    /// How long an append waits for a place before it is refused as unavailable.
    pub queue_wait: Duration,
    /// The most bytes of a partition's newest records kept in memory for readers.
    pub tail_bytes: usize,
    /// Rows in memory before they are written to a table, in bytes for each bucket that is written to.
    pub memtable_bytes: u64,
    /// Blocks of tables kept in memory, in bytes for the whole log.
    pub block_cache_bytes: u64,
    /// The most bytes of journals, from 64 MiB: they bound what opening replays.
    pub journal_bytes: u64,
    /// Table files kept open, from 10.
    pub open_files: usize,
    /// A bucket that has this many bytes is followed by a new one.
    pub bucket_bytes: u64,
    /// Where a topic has a retention, a bucket spans a quarter of it, but not less than this.
    pub bucket_span: Duration,
    /// How often what is too old is looked for.
    pub housekeeping: Duration,
    /// The clock, UTC.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl Default for EmbeddedSettings {
    fn default() -> Self {
        Self {
            durability: Durability::Power,
            record_bytes: MAX_RECORD_BYTES,
            queue_bytes: 32 << 20,
            queue_wait: Duration::from_secs(5),
            tail_bytes: 256 << 10,
            memtable_bytes: 8 << 20,
            block_cache_bytes: 16 << 20,
            journal_bytes: 128 << 20,
            open_files: 256,
            bucket_bytes: 256 << 20,
            bucket_span: Duration::from_mins(1),
            housekeeping: Duration::from_secs(30),
            clock: Arc::new(system_time),
        }
    }
}

impl fmt::Debug for EmbeddedSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddedSettings")
            .field("durability", &self.durability)
            .field("record_bytes", &self.record_bytes)
            .field("queue_bytes", &self.queue_bytes)
            .field("queue_wait", &self.queue_wait)
            .finish_non_exhaustive()
    }
}
