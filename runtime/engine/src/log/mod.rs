//! The partitioned log: what the runtime needs of Apache Kafka, and of the embedded log that stands in
//! for it in one process.
//!
//! An implementation is held to the suite in [`conformance`].

#[doc(hidden)]
pub mod conformance;
pub mod embedded;
mod group;
#[cfg(feature = "kafka")]
pub mod kafka;

use std::borrow::Cow;
use std::fmt::{self, Debug};
use std::future::Future;
use std::ops::Range;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use charter_domain::Timestamp;

/// The partitions of every topic of a new installation.
pub const DEFAULT_PARTITIONS: u32 = 12;

/// The most partitions of a topic: each costs memory in every process that holds the log.
pub const MAX_PARTITIONS: u32 = 1_024;

/// The most bytes of a record's key, value and headers together, 1 MiB and 64 KiB: the gateway's body
/// limit, with room for the envelope and for Avro being longer than JSON in places.
pub const MAX_RECORD_BYTES: usize = (1 << 20) + (64 << 10);

/// A topic and its settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSpec {
    /// The topic's name: letters, digits, `.`, `_` and `-`, at most 249.
    pub name: String,
    /// The partition count, from 1; fixed for the topic's life.
    pub partitions: u32,
    /// How long records are kept at least after their append; `None` keeps them until trimmed.
    pub retention: Option<Duration>,
    /// Whether records may be lost, since whoever misses one finds out otherwise. A log in this process then
    /// keeps the newest of them, in memory alone; offsets may be given again after an unclean end.
    pub volatile: bool,
}

/// The name of a record's header; those that are Charter's own are known at compile time.
pub type HeaderName = Cow<'static, str>;

/// What is appended: an opaque value under a key, with headers.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Record {
    /// The key's bytes.
    pub key: Bytes,
    /// The value's bytes.
    pub value: Bytes,
    /// Names and values, in order; a name may come again.
    pub headers: Vec<(HeaderName, Bytes)>,
}

impl Record {
    /// The value of the first header with this name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&Bytes> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The bytes of key, value and headers together, which the log limits.
    #[must_use]
    pub fn size(&self) -> usize {
        let headers: usize =
            self.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        self.key.len() + self.value.len() + headers
    }
}

/// A record with its place in a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRecord {
    /// The record's offset, from 0, rising within the partition.
    pub offset: u64,
    /// When the log took it, UTC. It never falls within a partition, as far as the clock that gives it
    /// doesn't go back: the process's own for the embedded log, which keeps it from going back, that of
    /// the partition's leader on Kafka, which doesn't.
    pub time: Timestamp,
    /// The record.
    pub record: Record,
}

/// Where an appended record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The record's offset.
    pub offset: u64,
    /// When the log took it, UTC.
    pub time: Timestamp,
}

/// A log gives records up sooner by itself (Kafka's producer within 9 s); it has failed at that where this passes.
const APPEND_PATIENCE: Duration = Duration::from_secs(20);

/// An append, given up where the log doesn't answer; for callers that have no shorter time of their own.
pub(crate) async fn bounded<T>(
    append: impl Future<Output = Result<T, LogError>>,
) -> Result<T, LogError> {
    tokio::time::timeout(APPEND_PATIENCE, append).await.unwrap_or_else(|_| {
        let reason = format!("the log didn't answer within {} s", APPEND_PATIENCE.as_secs());
        Err(LogError::FateUnknown { reason, source: None })
    })
}

/// The log.
#[async_trait]
pub trait Log: Debug + Send + Sync + 'static {
    /// Makes the topic where it is missing.
    ///
    /// Where it is there, the retention asked for last is the one that holds.
    ///
    /// # Errors
    /// [`LogError::InvalidTopic`] for a name or a partition count that no topic can have;
    /// [`LogError::TopicDiffers`] where it is there with another partition count;
    /// [`LogError::TopicSetting`] where it is there with a setting that can't be worked with.
    async fn ensure_topic(&self, topic: &TopicSpec) -> Result<(), LogError>;

    /// The topic's partition count.
    ///
    /// # Errors
    /// [`LogError::UnknownTopic`].
    async fn partitions(&self, topic: &str) -> Result<u32, LogError>;

    /// Appends `records` to a partition, in order: when it returns, all are durable and fetchable. No
    /// other append of this process comes between them. An empty list is fine.
    ///
    /// Where more is waiting to be appended than the log has room for, it waits for a place, bounded in
    /// time, and then is [`LogError::Unavailable`]. How long it may take from then on is its caller's to say. An append
    /// that has begun goes on when the future is dropped.
    ///
    /// # Errors
    /// [`LogError::Unavailable`] where nothing was appended and it may be tried again;
    /// [`LogError::FateUnknown`] where some may have been appended, or still may be;
    /// [`LogError::TooLarge`] where a record can never be.
    async fn append(
        &self,
        topic: &str,
        partition: u32,
        records: Vec<Record>,
    ) -> Result<Vec<Appended>, LogError>;

    /// The records from offset `from` on: at least one where there is any, at most about `max_bytes`.
    /// At the end of the partition it waits up to `wait` for the next one, then gives an empty list.
    ///
    /// # Errors
    /// [`LogError::OutOfRange`] where `from` was trimmed or lies behind the end.
    async fn fetch(
        &self,
        topic: &str,
        partition: u32,
        from: u64,
        max_bytes: usize,
        wait: Duration,
    ) -> Result<Vec<LogRecord>, LogError>;

    /// The first kept offset and the next one to be given.
    ///
    /// # Errors
    /// [`LogError::UnknownTopic`], [`LogError::UnknownPartition`], [`LogError::Unavailable`].
    async fn bounds(&self, topic: &str, partition: u32) -> Result<Range<u64>, LogError>;

    /// The log's own time now for this partition: not before the last append's, and no later append gets
    /// an earlier one. With the partition's end at this time, for deadlines on an idle partition: every
    /// record with an earlier time lies before that offset.
    ///
    /// On Kafka it lies back: a moment while records are coming, up to a second where not all of them have
    /// been fetched, and on an idle partition as long as a record may be in the log unseen, 1 s with one
    /// replica and 30 s with several. Deadlines there are late by as much, and never early.
    ///
    /// Over an unclean end of the process this holds as far as the clock doesn't go back, and so it does
    /// on Kafka over a change of a partition's leader.
    ///
    /// # Errors
    /// As [`Log::bounds`].
    async fn end_and_time(&self, topic: &str, partition: u32) -> Result<Appended, LogError>;

    /// Forgets the records before offset `before`; earlier trims stay. The next offset never falls.
    ///
    /// # Errors
    /// As [`Log::bounds`]; [`LogError::OutOfRange`] where `before` lies behind the end.
    async fn trim(&self, topic: &str, partition: u32, before: u64) -> Result<(), LogError>;

    /// Joins the group of consumers that share the topic's partitions: each partition belongs to one
    /// member at a time. Leaves when the membership is dropped.
    ///
    /// # Errors
    /// As [`Log::bounds`].
    async fn join(&self, group: &str, topic: &str) -> Result<Box<dyn Membership>, LogError>;

    /// The id that pairs this log with its store: new after a re-creation.
    ///
    /// # Errors
    /// [`LogError::Unavailable`].
    async fn pairing_id(&self) -> Result<Option<uuid::Uuid>, LogError>;

    /// Sets the pairing id.
    ///
    /// # Errors
    /// [`LogError::Unavailable`].
    async fn set_pairing_id(&self, id: uuid::Uuid) -> Result<(), LogError>;

    /// Whether the log would take an append now, for readiness.
    ///
    /// # Errors
    /// [`LogError::Unavailable`] with the reason why not.
    async fn check(&self) -> Result<(), LogError>;

    /// What traces call the log, by OpenTelemetry's names where it has one.
    fn system(&self) -> &'static str {
        "charter"
    }

    /// Ends all work in good order: appends that have begun are acknowledged, members leave their groups.
    /// Whoever waits is told, and every later call is [`LogError::Unavailable`].
    async fn close(&self);
}

/// A member's share of a topic's partitions.
#[async_trait]
pub trait Membership: Debug + Send + 'static {
    /// Waits for the next change. `None` when the log is closed.
    async fn next(&mut self) -> Option<Change>;
}

/// A change of a member's share. A revoked partition goes to another member only when the
/// [`Change::Revoked`] is dropped, so its owner can finish first: a member of another process waits for
/// it for 30 s. Where a process was not heard of for the session's time, others have its partitions
/// before it is told; the epoch keeps it from committing then.
#[derive(Debug)]
pub enum Change {
    /// These partitions are the member's from now on.
    Assigned(Vec<u32>),
    /// These are to be given up; dropping `done` says that they are.
    Revoked {
        /// The partitions.
        partitions: Vec<u32>,
        /// Drop it when work on them has stopped.
        done: Release,
    },
}

/// Held by the owner of revoked partitions for as long as it works on them. Dropping it gives them up,
/// also where the membership is gone by then.
#[must_use = "dropping it gives the partitions up"]
pub struct Release(Option<Box<dyn FnOnce() + Send>>);

impl Release {
    /// A guard that does `on_drop` once, when it is dropped.
    pub fn new(on_drop: impl FnOnce() + Send + 'static) -> Self {
        Self(Some(Box::new(on_drop)))
    }
}

impl Drop for Release {
    fn drop(&mut self) {
        if let Some(on_drop) = self.0.take() {
            on_drop();
        }
    }
}

impl Debug for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Release").finish()
    }
}

/// Why the log refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// No such topic.
    #[error("topic `{0}` does not exist")]
    UnknownTopic(String),
    /// No such partition.
    #[error("topic `{topic}` has {partitions} partitions, found `{partition}`")]
    UnknownPartition {
        /// The topic.
        topic: String,
        /// The partition asked for.
        partition: u32,
        /// The partitions there are.
        partitions: u32,
    },
    /// The topic's name or partition count can't be.
    #[error("a topic has 1–249 of `A-Z a-z 0-9 . _ -` as name and 1 to {most} partitions, found `{topic}` with {partitions}", most = MAX_PARTITIONS)]
    InvalidTopic {
        /// The name asked for.
        topic: String,
        /// Partitions asked for.
        partitions: u32,
    },
    /// The topic is there with other settings.
    #[error("topic `{topic}` should have {expected} partitions, found {found}")]
    TopicDiffers {
        /// The topic.
        topic: String,
        /// Partitions asked for.
        expected: u32,
        /// Partitions there are.
        found: u32,
    },
    /// The topic is there with a setting that the log's promises can't rest on.
    #[error(
        "topic `{topic}` should have `{setting}` {expected}, found `{found}`: change it, or name another `KAFKA_TOPIC_PREFIX`"
    )]
    TopicSetting {
        /// The topic.
        topic: String,
        /// The setting's name.
        setting: String,
        /// What it should be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// The offset is not in the partition.
    #[error("offset {offset} of `{topic}`/{partition} should be within {start}..={end}")]
    OutOfRange {
        /// The topic.
        topic: String,
        /// The partition.
        partition: u32,
        /// The offset asked for.
        offset: u64,
        /// The first kept offset.
        start: u64,
        /// The next offset.
        end: u64,
    },
    /// A record is larger than the log takes.
    #[error("a record of {size} bytes is larger than the {limit} that the log takes")]
    TooLarge {
        /// The record's bytes.
        size: usize,
        /// The most that is taken.
        limit: usize,
    },
    /// Nothing was done; it may be tried again.
    #[error("the log is not available: {reason}")]
    Unavailable {
        /// What went wrong.
        reason: String,
        /// What lies under it.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// It may have been done or not.
    #[error("whether the records were appended is not known: {reason}")]
    FateUnknown {
        /// What went wrong.
        reason: String,
        /// What lies under it.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// What is stored is not what was written.
    #[error("`{topic}`/{partition} is damaged at offset {offset}: {reason}")]
    Damaged {
        /// The topic.
        topic: String,
        /// The partition.
        partition: u32,
        /// The first offset that can't be read.
        offset: u64,
        /// What was found.
        reason: String,
    },
    /// The data directory can't be used.
    #[error(transparent)]
    Directory(#[from] crate::directory::DirectoryError),
}

impl LogError {
    /// Nothing was done, because of `reason`.
    #[must_use]
    pub fn unavailable(reason: impl Into<String>) -> Self {
        Self::Unavailable { reason: reason.into(), source: None }
    }

    /// Whether trying again may help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::FateUnknown { .. })
    }
}

/// The system's time. Before 1970 it is 1970.
pub(crate) fn system_time() -> Timestamp {
    let since =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
