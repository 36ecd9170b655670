//! Topics: made with explicit settings, held to them where they are there, trimmed.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use rdkafka::TopicPartitionList;
use rdkafka::admin::{
    AdminClient, AdminOptions, AlterConfig, ConfigResource, ConfigSource, NewTopic,
    ResourceSpecifier, TopicReplication,
};
use rdkafka::error::KafkaError;
use rdkafka::metadata::MetadataTopic;
use rdkafka::topic_partition_list::{Offset, TopicPartitionListElem};
use rdkafka::types::RDKafkaErrorCode;

use super::connection::Told;
use super::settings::BATCH_BYTES;
use super::{REQUEST, blocking, unavailable};
use crate::log::LogError;

/// How long a new topic may take until every partition has a leader.
const ELECTION: Duration = Duration::from_secs(15);
/// The pause between two looks at a topic that is being made or moved.
const LOOK: Duration = Duration::from_millis(20);
/// A segment is the least that is dropped, so it has to be small beside what is kept.
const SEGMENT_BYTES: &str = "134217728";
/// The longest span of a segment, 7 days, Kafka's default.
const LONGEST_SEGMENT: Duration = Duration::from_hours(7 * 24);

/// Looks after topics by their full names.
pub(super) struct Topics {
    admin: AdminClient<Told>,
    replication: u16,
    in_sync: u16,
    counts: RwLock<HashMap<String, u32>>,
}

impl Topics {
    pub(super) fn new(admin: AdminClient<Told>, replication: u16, in_sync: u16) -> Self {
        Self { admin, replication, in_sync, counts: RwLock::default() }
    }

    /// The partition count, where it is known already: it is fixed for the topic's life.
    pub(super) fn known(&self, topic: &str) -> Option<u32> {
        self.counts.read().unwrap_or_else(PoisonError::into_inner).get(topic).copied()
    }

    /// Forgets a topic that turned out not to be there.
    pub(super) fn forget(&self, topic: &str) {
        self.counts.write().unwrap_or_else(PoisonError::into_inner).remove(topic);
    }

    /// Asks for the partition count. It blocks, for at most [`REQUEST`].
    pub(super) fn ask(&self, topic: &str) -> Result<u32, LogError> {
        let leaders = self.leaders(topic)?;
        Ok(self.learn(topic, leaders.len()))
    }

    /// The broker that leads each partition, -1 for none. It blocks, for at most [`REQUEST`].
    pub(super) fn leaders(&self, topic: &str) -> Result<Vec<i32>, LogError> {
        let metadata = self
            .admin
            .inner()
            .fetch_metadata(Some(topic), REQUEST)
            .map_err(|error| unavailable("the topic's metadata can't be read", error))?;
        let found = metadata.topics().first();
        let code = found.and_then(MetadataTopic::error).map(RDKafkaErrorCode::from);
        match (found, code) {
            (Some(found), None) if !found.partitions().is_empty() => {
                let mut leaders: Vec<(i32, i32)> =
                    found.partitions().iter().map(|it| (it.id(), it.leader())).collect();
                leaders.sort_unstable();
                Ok(leaders.into_iter().map(|(_, leader)| leader).collect())
            }
            (
                Some(_),
                Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic),
            ) => Err(LogError::UnknownTopic(topic.to_owned())),
            (_, code) => Err(LogError::unavailable(format!(
                "the brokers don't tell the partitions of `{topic}`: {}",
                code.map_or_else(|| "no answer".to_owned(), |code| code.to_string())
            ))),
        }
    }

    /// Whether a broker answers within `patience`. It blocks.
    pub(super) fn probe(&self, topic: &str, patience: Duration) -> Result<(), KafkaError> {
        self.admin.inner().fetch_metadata(Some(topic), patience).map(|_| ())
    }

    /// The first kept offset and the next one, of a partition that is there. It blocks, for about
    /// [`REQUEST`] at most. Not asked by the consumer that fetches: a broker answers one request of a
    /// connection after the other, and a fetch waits there for records.
    pub(super) fn bounds(&self, topic: &str, partition: u32) -> Result<Range<u64>, LogError> {
        let number = i32::try_from(partition).unwrap_or(i32::MAX);
        let client = self.admin.inner();
        let begun = Instant::now();
        let (low, high) = loop {
            match client.fetch_watermarks(topic, number, REQUEST) {
                Ok(bounds) => break bounds,
                // The topic was made, or its leader moved, a moment ago.
                Err(error) if is_unsettled(&error) && begun.elapsed() < REQUEST => {
                    client.fetch_metadata(Some(topic), REQUEST).map_err(|error| {
                        unavailable("the topic's metadata can't be read", error)
                    })?;
                    std::thread::sleep(LOOK);
                }
                Err(error) => {
                    return Err(unavailable("the partition's bounds can't be read", error));
                }
            }
        };
        let high = u64::try_from(high).unwrap_or_default();
        Ok(u64::try_from(low).unwrap_or_default().min(high)..high)
    }

    /// Makes the topic, or makes sure that the one that is there is as it must be.
    pub(super) async fn ensure(
        self: &Arc<Self>,
        topic: &str,
        partitions: u32,
        retention: Option<Duration>,
    ) -> Result<(), LogError> {
        let wanted = self.wanted(retention);
        let mut new = NewTopic::new(
            topic,
            i32::try_from(partitions).unwrap_or(i32::MAX),
            TopicReplication::Fixed(i32::from(self.replication)),
        );
        for (name, value) in &wanted {
            new = new.set(name, value);
        }
        let made = self
            .admin
            .create_topics([&new], &options())
            .await
            .map_err(|error| unavailable("the topic can't be made", error))?;
        match made.into_iter().next() {
            Some(Ok(_)) => tracing::info!(topic, partitions, "topic made"),
            Some(Err((_, RDKafkaErrorCode::TopicAlreadyExists))) => {}
            Some(Err((
                _,
                RDKafkaErrorCode::InvalidTopic | RDKafkaErrorCode::InvalidPartitions,
            ))) => {
                return Err(LogError::InvalidTopic { topic: topic.to_owned(), partitions });
            }
            Some(Err((_, RDKafkaErrorCode::InvalidReplicationFactor))) => {
                return Err(LogError::TopicSetting {
                    topic: topic.to_owned(),
                    setting: "replication factor".to_owned(),
                    expected: self.replication.to_string(),
                    found: "fewer brokers than that: start more, or lower `KAFKA_REPLICATION`"
                        .to_owned(),
                });
            }
            Some(Err((_, code))) => {
                return Err(LogError::unavailable(format!("`{topic}` can't be made: {code}")));
            }
            None => return Err(LogError::unavailable(format!("`{topic}` can't be made"))),
        }
        let found = self.settle(topic).await?;
        if found != partitions {
            let topic = topic.to_owned();
            return Err(LogError::TopicDiffers { topic, expected: partitions, found });
        }
        self.hold(topic, &wanted).await
    }

    /// Waits until each partition has a leader, and gives their count.
    async fn settle(self: &Arc<Self>, topic: &str) -> Result<u32, LogError> {
        let begun = Instant::now();
        loop {
            let (topics, name) = (Arc::clone(self), topic.to_owned());
            match blocking(move || topics.leaders(&name)).await {
                Ok(leaders) if leaders.iter().all(|leader| *leader >= 0) => {
                    return Ok(self.learn(topic, leaders.len()));
                }
                Ok(_) | Err(LogError::UnknownTopic(_)) if begun.elapsed() < ELECTION => {
                    tokio::time::sleep(LOOK).await;
                }
                Ok(_) => {
                    return Err(LogError::unavailable(format!(
                        "a partition of `{topic}` has had no leader for {ELECTION:?}"
                    )));
                }
                // It was made a moment ago: a broker that is behind has not heard of it.
                Err(LogError::UnknownTopic(_)) => {
                    return Err(LogError::unavailable(format!(
                        "`{topic}` was made and is not there after {ELECTION:?}"
                    )));
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Holds a topic to what the log's promises rest on, and gives it the retention asked for last.
    async fn hold(
        &self,
        topic: &str,
        wanted: &BTreeMap<&'static str, String>,
    ) -> Result<(), LogError> {
        let resource = ResourceSpecifier::Topic(topic);
        let described = self
            .admin
            .describe_configs([&resource], &options())
            .await
            .map_err(|error| unavailable("the topic's settings can't be read", error))?;
        let found = match described.into_iter().next() {
            Some(Ok(found)) => found,
            Some(Err(code)) => {
                return Err(LogError::unavailable(format!(
                    "the settings of `{topic}` can't be read: {code}"
                )));
            }
            None => return Err(LogError::unavailable(format!("`{topic}` has no settings"))),
        };
        if let Some((setting, expected, found)) = differing(&found, wanted) {
            let topic = topic.to_owned();
            return Err(LogError::TopicSetting { topic, setting, expected, found });
        }
        let is_kept =
            ADJUSTED.iter().all(|name| value(&found, name) == wanted.get(name).map(String::as_str));
        if is_kept {
            return Ok(());
        }
        // What is not said again is reset, so an operator's own settings are.
        let mut all: BTreeMap<&str, &str> = BTreeMap::new();
        for entry in &found.entries {
            if let (ConfigSource::DynamicTopic, Some(value)) = (&entry.source, &entry.value) {
                all.insert(&entry.name, value);
            }
        }
        for name in ADJUSTED {
            if let Some(value) = wanted.get(name) {
                all.insert(name, value);
            }
        }
        let mut change = AlterConfig::new(ResourceSpecifier::Topic(topic));
        for (name, value) in all {
            change = change.set(name, value);
        }
        let changed = self
            .admin
            .alter_configs([&change], &options())
            .await
            .map_err(|error| unavailable("the topic's retention can't be set", error))?;
        match changed.into_iter().next() {
            Some(Ok(_)) => {
                tracing::info!(topic, retention_ms = wanted.get(RETENTION), "retention set");
                Ok(())
            }
            Some(Err((_, code))) => Err(LogError::unavailable(format!(
                "the retention of `{topic}` can't be set: {code}"
            ))),
            None => Err(LogError::unavailable(format!("the retention of `{topic}` is as it was"))),
        }
    }

    /// Forgets the records before an offset.
    pub(super) async fn trim(
        &self,
        topic: &str,
        partition: u32,
        before: u64,
    ) -> Result<Trimmed, LogError> {
        let offset = i64::try_from(before).unwrap_or(i64::MAX);
        let number = i32::try_from(partition).unwrap_or(i32::MAX);
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, number, Offset::Offset(offset))
            .map_err(|error| unavailable("the records can't be named", error))?;
        let deleted = self
            .admin
            .delete_records(&list, &options())
            .await
            .map_err(|error| unavailable("records can't be trimmed", error))?;
        let result = deleted.elements().first().map_or(Ok(()), TopicPartitionListElem::error);
        match result {
            Ok(()) => Ok(Trimmed::Done),
            Err(error) => match error.rdkafka_error_code() {
                Some(RDKafkaErrorCode::OffsetOutOfRange) => Ok(Trimmed::Outside),
                Some(RDKafkaErrorCode::UnknownTopicOrPartition) => {
                    self.forget(topic);
                    Err(LogError::UnknownTopic(topic.to_owned()))
                }
                Some(_) | None => Err(unavailable("records can't be trimmed", error)),
            },
        }
    }

    fn learn(&self, topic: &str, partitions: usize) -> u32 {
        let count = u32::try_from(partitions).unwrap_or(u32::MAX);
        let mut counts = self.counts.write().unwrap_or_else(PoisonError::into_inner);
        counts.insert(topic.to_owned(), count);
        count
    }

    /// The settings that a topic is made with.
    fn wanted(&self, retention: Option<Duration>) -> BTreeMap<&'static str, String> {
        let segment = retention.map_or(LONGEST_SEGMENT, |kept| (kept / 4).min(LONGEST_SEGMENT));
        BTreeMap::from([
            // The time that counts is the log's, and not a sender's.
            (TIMESTAMP, "LogAppendTime".to_owned()),
            (CLEANUP, "delete".to_owned()),
            (MESSAGE_BYTES, BATCH_BYTES.to_string()),
            (IN_SYNC, self.in_sync.to_string()),
            (UNCLEAN, "false".to_owned()),
            (COMPRESSION, "producer".to_owned()),
            (RETENTION, retention.map_or("-1".to_owned(), |kept| kept.as_millis().to_string())),
            (RETENTION_BYTES, "-1".to_owned()),
            (SEGMENT_TIME, segment.max(Duration::from_mins(1)).as_millis().to_string()),
            ("segment.bytes", SEGMENT_BYTES.to_owned()),
        ])
    }
}

const TIMESTAMP: &str = "message.timestamp.type";
const CLEANUP: &str = "cleanup.policy";
const MESSAGE_BYTES: &str = "max.message.bytes";
const IN_SYNC: &str = "min.insync.replicas";
const UNCLEAN: &str = "unclean.leader.election.enable";
const COMPRESSION: &str = "compression.type";
const RETENTION: &str = "retention.ms";
const RETENTION_BYTES: &str = "retention.bytes";
const SEGMENT_TIME: &str = "segment.ms";
/// What a topic that is there is given.
const ADJUSTED: [&str; 2] = [RETENTION, SEGMENT_TIME];
/// What it must have already, or at least as much of.
const EQUAL: [&str; 4] = [TIMESTAMP, CLEANUP, UNCLEAN, RETENTION_BYTES];
const AT_LEAST: [&str; 2] = [MESSAGE_BYTES, IN_SYNC];

/// The first setting that is not as it must be: its name, what is expected, what was found.
fn differing(
    found: &ConfigResource,
    wanted: &BTreeMap<&'static str, String>,
) -> Option<(String, String, String)> {
    let number = |text: &str| text.parse::<i64>().unwrap_or_default();
    for (name, expected) in wanted {
        let value = value(found, name).unwrap_or_default();
        if EQUAL.contains(name) && value != expected {
            return Some(((*name).to_owned(), expected.clone(), value.to_owned()));
        }
        if AT_LEAST.contains(name) && number(value) < number(expected) {
            return Some(((*name).to_owned(), format!("{expected} or more"), value.to_owned()));
        }
    }
    None
}

fn value<'a>(found: &'a ConfigResource, name: &str) -> Option<&'a str> {
    found.get(name).and_then(|entry| entry.value.as_deref())
}

/// Whether the partition, which is there, is not where the client believes it to be.
fn is_unsettled(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::UnknownPartition
                | RDKafkaErrorCode::UnknownTopic
                | RDKafkaErrorCode::UnknownTopicOrPartition
                | RDKafkaErrorCode::LeaderNotAvailable
                | RDKafkaErrorCode::NotLeaderForPartition
                | RDKafkaErrorCode::FencedLeaderEpoch
                | RDKafkaErrorCode::UnknownLeaderEpoch
        )
    )
}

/// What became of a trim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trimmed {
    Done,
    /// The offset lies behind the end.
    Outside,
}

fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(REQUEST)).operation_timeout(Some(REQUEST))
}
