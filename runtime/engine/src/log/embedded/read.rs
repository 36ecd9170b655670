//! Reading rows that are no longer in memory.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use super::topic::{Bucket, Topic};
use super::{failure, row};
use crate::log::{LogError, LogRecord};

/// The records at `offsets` of a partition, at least the first and at most about `max_bytes`. `None`
/// where the first is no longer there.
pub(super) async fn rows(
    topic: &Arc<Topic>,
    partition: u32,
    offsets: Range<u64>,
    max_bytes: usize,
) -> Result<Option<Vec<LogRecord>>, LogError> {
    let topic = Arc::clone(topic);
    // Tables are read from disk, which would hold up the tasks of this thread.
    let read = tokio::task::spawn_blocking(move || {
        let buckets = topic.buckets_from(partition, offsets.start);
        scan(&topic.name, &buckets, partition, offsets, max_bytes)
    });
    read.await.map_err(|error| LogError::Unavailable {
        reason: "reading was cut short".to_owned(),
        source: Some(Box::new(error)),
    })?
}

fn scan(
    topic: &str,
    buckets: &[Arc<Bucket>],
    partition: u32,
    offsets: Range<u64>,
    max_bytes: usize,
) -> Result<Option<Vec<LogRecord>>, LogError> {
    let damaged = |offset, reason: &str| LogError::Damaged {
        topic: topic.to_owned(),
        partition,
        offset,
        reason: reason.to_owned(),
    };
    let mut records: Vec<LogRecord> = Vec::new();
    let mut bytes = 0;
    for bucket in buckets {
        let range = row::key(partition, offsets.start)..row::key(partition, offsets.end);
        for found in bucket.keyspace.range(range) {
            let (key, value) = found.into_inner().map_err(failure::unavailable)?;
            let expected = offsets.start + records.len() as u64;
            let offset = row::offset(&key).unwrap_or_default();
            if offset != expected {
                if records.is_empty() {
                    return Ok(None);
                }
                return Err(damaged(expected, &format!("the next record has offset {offset}")));
            }
            let record = row::decode(offset, Bytes::copy_from_slice(&value))
                .ok_or_else(|| damaged(offset, "its row can't be read"))?;
            bytes += record.record.size();
            if bytes > max_bytes && !records.is_empty() {
                return Ok(Some(records));
            }
            records.push(record);
            if bytes >= max_bytes {
                return Ok(Some(records));
            }
        }
    }
    Ok((!records.is_empty()).then_some(records))
}
