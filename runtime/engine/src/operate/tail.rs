//! Records of a topic as they come.

use std::collections::BTreeMap;
use std::time::Duration;

use charter_domain::Timestamp;
use futures_util::future::join_all;
use serde::Serialize;

use super::{Decoded, OperateError, Operator};
use crate::log::{LogError, LogRecord};
use crate::outcomes::OUTCOMES_TOPIC;

/// Bytes of a partition in one answer, 256 KiB.
const PARTITION_BYTES: usize = 256 << 10;
/// The most records of an answer.
const MOST: usize = 500;
/// How long an answer waits for records where there are none.
const WAIT: Duration = Duration::from_millis(500);

/// Records, and where to go on.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TailPage {
    /// In the order of each partition.
    pub records: Vec<TailRecord>,
    /// The next offset of each partition.
    pub next: BTreeMap<u32, u64>,
}

/// A record of the log.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TailRecord {
    /// The partition.
    pub partition: u32,
    /// The offset.
    pub offset: u64,
    /// When the log took it, UTC.
    pub time: Timestamp,
    /// The key.
    pub key: String,
    /// The headers that are text.
    pub headers: BTreeMap<String, String>,
    /// The message, as far as it can be read.
    pub message: Decoded,
}

impl Operator {
    /// The records of `topic` from the offsets `from` on. A partition that `from` doesn't name begins at its end,
    /// or, with `earliest`, at its first kept record; so does one whose offset is not kept any more.
    ///
    /// # Errors
    /// [`OperateError::UnknownTopic`].
    pub async fn tail(
        &self,
        topic: &str,
        from: &BTreeMap<u32, u64>,
        earliest: bool,
    ) -> Result<TailPage, OperateError> {
        let is_known = topic == OUTCOMES_TOPIC
            || topic
                .rsplit_once('.')
                .is_some_and(|(_, kind)| ["commands", "events", "dead-letters"].contains(&kind));
        if !is_known {
            return Err(OperateError::UnknownTopic(topic.to_owned()));
        }
        let partitions = self.log.partitions(topic).await.map_err(|error| {
            if let LogError::UnknownTopic(topic) = error {
                OperateError::UnknownTopic(topic)
            } else {
                OperateError::Log(error)
            }
        })?;
        let mut next = BTreeMap::new();
        for partition in 0..partitions {
            let bounds = self.log.bounds(topic, partition).await?;
            let begin = if earliest { bounds.start } else { bounds.end };
            let at =
                from.get(&partition).copied().filter(|at| (bounds.start..=bounds.end).contains(at));
            next.insert(partition, at.unwrap_or(begin));
        }
        let mut found = self.fetch(topic, &next, Duration::ZERO).await?;
        // Where it begins at the end there is nothing to wait for: the caller has to know where it began.
        if found.is_empty() && !from.is_empty() {
            found = self.fetch(topic, &next, WAIT).await?;
        }
        let mut records = Vec::new();
        for (partition, record) in found.into_iter().take(MOST) {
            next.insert(partition, record.offset + 1);
            records.push(self.shown(partition, &record).await);
        }
        Ok(TailPage { records, next })
    }

    async fn fetch(
        &self,
        topic: &str,
        from: &BTreeMap<u32, u64>,
        wait: Duration,
    ) -> Result<Vec<(u32, LogRecord)>, OperateError> {
        let fetches = from.iter().map(async |(partition, from)| {
            let fetched = self.log.fetch(topic, *partition, *from, PARTITION_BYTES, wait).await;
            match fetched {
                Ok(records) => {
                    Ok(records.into_iter().map(|record| (*partition, record)).collect::<Vec<_>>())
                }
                // Cut in the meantime: the next answer begins anew.
                Err(LogError::OutOfRange { .. }) => Ok(Vec::new()),
                Err(error) => Err(error),
            }
        });
        let mut all = Vec::new();
        for fetched in join_all(fetches).await {
            all.extend(fetched?);
        }
        Ok(all)
    }

    async fn shown(&self, partition: u32, record: &LogRecord) -> TailRecord {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let headers = record.record.headers.iter();
        TailRecord {
            partition,
            offset: record.offset,
            time: record.time,
            key: text(&record.record.key),
            headers: headers
                .filter(|(_, value)| std::str::from_utf8(value).is_ok())
                .map(|(name, value)| (name.to_string(), text(value)))
                .collect(),
            message: self.framed(&record.record.value).await,
        }
    }
}
