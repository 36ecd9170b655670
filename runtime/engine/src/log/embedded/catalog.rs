//! The log's own rows: which topics and buckets there are, where partitions start and end, the pairing
//! id. They lie in one keyspace beside the buckets, as JSON under readable keys.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use charter_domain::Timestamp;
use fjall::config::{CompressionPolicy, FilterPolicy};
use fjall::{Database, Keyspace, KeyspaceCreateOptions, OwnedWriteBatch};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::settings::EmbeddedSettings;
use super::topic::{Bucket, Partition, Topic};
use super::{failure, row};
use crate::directory::DirectoryError;
use crate::log::TopicSpec;

/// The layout of rows and keyspaces; another number is refused.
const FORMAT: u32 = 1;

const CATALOG: &str = "catalog";
const FORMAT_KEY: &str = "format";
const PAIRING_KEY: &str = "pairing";

#[derive(Serialize, Deserialize)]
struct TopicRow {
    id: u32,
    partitions: u32,
    retention_ms: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct BucketRow {
    begun_micros: i64,
    firsts: Vec<u64>,
}

/// Where a partition stands, kept when its rows no longer say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    pub(super) start: u64,
    pub(super) next: u64,
    pub(super) time_micros: i64,
}

/// The database and its catalog.
pub(super) struct Catalog {
    db: Database,
    rows: Keyspace,
    path: PathBuf,
    memtable_bytes: u64,
}

/// What the catalog held when it was opened.
pub(super) struct Recovered {
    pub(super) topics: Vec<Arc<Topic>>,
    pub(super) pairing: Option<Uuid>,
}

impl Catalog {
    /// Opens or makes the database at `path`.
    pub(super) fn open(
        path: &Path,
        settings: &EmbeddedSettings,
    ) -> Result<(Self, Recovered), DirectoryError> {
        let refused = |error| failure::directory(path, error);
        let db = Database::builder(path)
            .cache_size(settings.block_cache_bytes)
            .max_journaling_size(settings.journal_bytes)
            .max_cached_files(Some(settings.open_files))
            .worker_threads(2)
            .manual_journal_persist(true)
            .open()
            .map_err(refused)?;
        let rows = db
            .keyspace(CATALOG, || KeyspaceCreateOptions::default().max_memtable_size(1 << 20))
            .map_err(refused)?;
        let path = path.to_owned();
        let catalog = Self { db, rows, path, memtable_bytes: settings.memtable_bytes };
        let recovered = catalog.recover(settings)?;
        Ok((catalog, recovered))
    }

    /// A batch that [`OwnedWriteBatch::commit`] applies whole or not at all.
    pub(super) fn batch(&self) -> OwnedWriteBatch {
        self.db.batch()
    }

    /// Makes the keyspace of a bucket, which counts only when its row is committed.
    pub(super) fn make_keyspace(&self, topic: u32, number: u64) -> fjall::Result<Keyspace> {
        self.db.keyspace(&keyspace_name(topic, number), || self.row_options())
    }

    /// Removes the keyspace of a bucket whose row is gone.
    pub(super) fn remove_keyspace(&self, keyspace: Keyspace) -> fjall::Result<()> {
        self.db.delete_keyspace(keyspace)
    }

    pub(super) fn put_topic(&self, batch: &mut OwnedWriteBatch, id: u32, spec: &TopicSpec) {
        let retention_ms = spec
            .retention
            .map(|retention| u64::try_from(retention.as_millis()).unwrap_or(u64::MAX));
        let row = TopicRow { id, partitions: spec.partitions, retention_ms };
        self.put(batch, topic_key(&spec.name), &row);
    }

    pub(super) fn put_bucket(&self, batch: &mut OwnedWriteBatch, topic: u32, bucket: &Bucket) {
        let row = BucketRow { begun_micros: bucket.begun.micros(), firsts: bucket.firsts.clone() };
        self.put(batch, bucket_key(topic, bucket.number), &row);
    }

    pub(super) fn remove_bucket(&self, batch: &mut OwnedWriteBatch, topic: u32, number: u64) {
        batch.remove(&self.rows, bucket_key(topic, number));
    }

    pub(super) fn put_mark(
        &self,
        batch: &mut OwnedWriteBatch,
        topic: u32,
        partition: u32,
        mark: &Mark,
    ) {
        self.put(batch, mark_key(topic, partition), mark);
    }

    pub(super) fn put_pairing(&self, batch: &mut OwnedWriteBatch, id: Uuid) {
        self.put(batch, PAIRING_KEY.to_owned(), &id);
    }

    fn put<T: Serialize>(&self, batch: &mut OwnedWriteBatch, key: String, row: &T) {
        let json =
            serde_json::to_vec(row).expect("rows are plain structures, which always serialise");
        batch.insert(&self.rows, key, json);
    }

    /// Rows are never looked up by whole keys, so filters would only take memory.
    fn row_options(&self) -> KeyspaceCreateOptions {
        KeyspaceCreateOptions::default()
            .max_memtable_size(self.memtable_bytes)
            .filter_policy(FilterPolicy::disabled())
            .data_block_compression_policy(CompressionPolicy::all(fjall::CompressionType::Lz4))
    }

    fn recover(&self, settings: &EmbeddedSettings) -> Result<Recovered, DirectoryError> {
        match self.get::<u32>(FORMAT_KEY)? {
            Some(FORMAT) => {}
            Some(other) => {
                return Err(
                    self.unreadable(format!("log format {FORMAT} is expected, found {other}"))
                );
            }
            None => {
                let mut batch = self.batch().durability(Some(fjall::PersistMode::SyncAll));
                self.put(&mut batch, FORMAT_KEY.to_owned(), &FORMAT);
                batch.commit().map_err(|error| failure::directory(&self.path, error))?;
            }
        }
        let pairing = self.get::<Uuid>(PAIRING_KEY)?;
        let mut topics = Vec::new();
        let mut used = HashSet::from([CATALOG.to_owned()]);
        for (name, row) in self.scan::<TopicRow>(&topic_key(""))? {
            let topic = self.recover_topic(name, &row, settings)?;
            for bucket in topic.buckets.read().iter().flat_map(|buckets| buckets.iter()) {
                used.insert(keyspace_name(topic.id, bucket.number));
            }
            topics.push(Arc::new(topic));
        }
        self.remove_unused(&used)?;
        Ok(Recovered { topics, pairing })
    }

    fn recover_topic(
        &self,
        name: String,
        row: &TopicRow,
        settings: &EmbeddedSettings,
    ) -> Result<Topic, DirectoryError> {
        let buckets = self.recover_buckets(row)?;
        let marks: BTreeMap<String, Mark> =
            self.scan::<Mark>(&format!("mark/{:010}/", row.id))?.into_iter().collect();
        let mut partitions = Vec::new();
        for partition in 0..row.partitions {
            let mark = marks.get(&format!("{partition:010}")).copied();
            partitions.push(self.recover_partition(partition, mark, &buckets, settings)?);
        }
        Ok(Topic {
            name,
            id: row.id,
            retention: RwLock::new(row.retention_ms.map(Duration::from_millis)),
            volatile: AtomicBool::new(false),
            partitions,
            buckets: RwLock::new(buckets),
        })
    }

    fn recover_buckets(&self, row: &TopicRow) -> Result<VecDeque<Arc<Bucket>>, DirectoryError> {
        let mut buckets = VecDeque::new();
        for (number, bucket) in self.scan::<BucketRow>(&format!("bucket/{:010}/", row.id))? {
            let number: u64 = number
                .parse()
                .map_err(|_| self.unreadable(format!("bucket number `{number}` is no number")))?;
            let name = keyspace_name(row.id, number);
            if !self.db.keyspace_exists(&name) {
                return Err(self.unreadable(format!("bucket `{name}` is missing")));
            }
            let keyspace = self
                .db
                .keyspace(&name, || self.row_options())
                .map_err(|error| failure::directory(&self.path, error))?;
            let begun = Timestamp::from_micros(bucket.begun_micros);
            buckets.push_back(Arc::new(Bucket { number, keyspace, firsts: bucket.firsts, begun }));
        }
        Ok(buckets)
    }

    /// A partition's end is the end of its newest row, or what was marked when rows were dropped.
    fn recover_partition(
        &self,
        partition: u32,
        mark: Option<Mark>,
        buckets: &VecDeque<Arc<Bucket>>,
        settings: &EmbeddedSettings,
    ) -> Result<Partition, DirectoryError> {
        let mark = mark.unwrap_or(Mark { start: 0, next: 0, time_micros: 0 });
        let mut next = mark.next;
        let mut time = Timestamp::from_micros(mark.time_micros);
        for bucket in buckets.iter().rev() {
            next = next.max(bucket.first(partition));
            let rows = row::key(partition, 0)..=row::key(partition, u64::MAX);
            let Some(last) = bucket.keyspace.range(rows).next_back() else { continue };
            let (key, value) =
                last.into_inner().map_err(|error| failure::directory(&self.path, error))?;
            let (Some(offset), Some(last_time)) = (row::offset(&key), row::time(&value)) else {
                return Err(self.unreadable(format!("partition {partition} ends in a damaged row")));
            };
            next = next.max(offset + 1);
            time = time.max(last_time);
            break;
        }
        let oldest = buckets.front().map_or(0, |bucket| bucket.first(partition));
        Ok(Partition::new(mark.start.max(oldest).min(next), next, time, settings.tail_bytes))
    }

    /// A keyspace without a row is a bucket that was never begun, or one whose removal was cut short.
    fn remove_unused(&self, used: &HashSet<String>) -> Result<(), DirectoryError> {
        for name in self.db.list_keyspace_names() {
            if used.contains(&*name) {
                continue;
            }
            tracing::info!(keyspace = &*name, "removing what an unclean end left behind");
            let removed = self
                .db
                .keyspace(&name, KeyspaceCreateOptions::default)
                .and_then(|keyspace| self.db.delete_keyspace(keyspace));
            removed.map_err(|error| failure::directory(&self.path, error))?;
        }
        Ok(())
    }

    fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, DirectoryError> {
        let row = self.rows.get(key).map_err(|error| failure::directory(&self.path, error))?;
        row.map(|row| self.parse(key, &row)).transpose()
    }

    /// The rows whose keys begin with `prefix`, in order, under what follows it.
    fn scan<T: DeserializeOwned>(&self, prefix: &str) -> Result<Vec<(String, T)>, DirectoryError> {
        let mut rows = Vec::new();
        for guard in self.rows.prefix(prefix) {
            let (key, row) =
                guard.into_inner().map_err(|error| failure::directory(&self.path, error))?;
            let key = String::from_utf8_lossy(&key);
            let parsed = self.parse(&key, &row)?;
            rows.push((key.strip_prefix(prefix).unwrap_or(&key).to_owned(), parsed));
        }
        Ok(rows)
    }

    fn parse<T: DeserializeOwned>(&self, key: &str, row: &[u8]) -> Result<T, DirectoryError> {
        serde_json::from_slice(row)
            .map_err(|error| self.unreadable(format!("row `{key}` of the log is damaged: {error}")))
    }

    fn unreadable(&self, reason: String) -> DirectoryError {
        DirectoryError::Unreadable { path: self.path.clone(), reason }
    }
}

impl std::fmt::Debug for Catalog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Catalog").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Numbers are padded so that keys order as they do.
fn bucket_key(topic: u32, number: u64) -> String {
    format!("bucket/{topic:010}/{number:020}")
}

fn mark_key(topic: u32, partition: u32) -> String {
    format!("mark/{topic:010}/{partition:010}")
}

fn topic_key(name: &str) -> String {
    format!("topic/{name}")
}

fn keyspace_name(topic: u32, number: u64) -> String {
    format!("bucket-{topic}-{number}")
}
