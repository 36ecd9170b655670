//! The events of all contexts as they are published.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use charter_domain::Timestamp;
use charter_domain::room::Hidden;
use futures_util::future::try_join_all;
use serde::Serialize;

use super::{Decoded, OperateError, Operator};
use crate::log::{LogError, LogRecord};

/// Bytes of a partition that are looked at at once, 64 KiB.
const LOOK_BYTES: usize = 64 << 10;
/// The most events that one look shows; of more the last.
const MOST: usize = 500;
/// How long a look waits where there is nothing new.
const WAIT: Duration = Duration::from_millis(250);
/// How far before its end a partition is looked at first, in records.
const RECENT: u64 = 20;
/// Records that a partition may have more than were looked at, before the rest is passed over.
const FAR: u64 = 2_000;
/// After so long without a look it is found out anew where the partitions stand.
const STALE: Duration = Duration::from_secs(10);

/// Somebody who looks on. One for all who are shown something: a log has few places to read a partition at.
#[derive(Debug)]
pub struct Watch {
    operator: Arc<Operator>,
    private: Vec<(&'static str, &'static Hidden)>,
    next: BTreeMap<(String, u32), u64>,
    looked: Option<Instant>,
}

/// What a look has found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// In the order of time.
    pub events: Vec<SeenEvent>,
    /// How many events were passed over, because there were more than are shown.
    pub passed: u64,
}

/// An event as operators see it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SeenEvent {
    /// The context.
    pub context: String,
    /// The partition.
    pub partition: u32,
    /// The offset in the topic of the context's events.
    pub offset: u64,
    /// When the log took it, UTC.
    pub time: Timestamp,
    /// Its name on the wire; empty where the record doesn't say.
    #[serde(rename = "type")]
    pub wire_type: String,
    /// The record's key: tenant and aggregate.
    pub key: String,
    /// Envelope and payload as far as they can be read, without the payload's private fields.
    pub message: Decoded,
}

impl Watch {
    /// Of what `operator` can see, without the fields that are `private`: by names on the wire, what is hidden.
    #[must_use]
    pub fn new(operator: Arc<Operator>, private: Vec<(&'static str, &'static Hidden)>) -> Self {
        Self { operator, private, next: BTreeMap::new(), looked: None }
    }

    /// The events since the last look, waiting a moment where there are none. The first look begins with the
    /// last few of each partition. Whoever gives it up half way loses nothing.
    ///
    /// # Errors
    /// [`OperateError::Log`], [`OperateError::Store`].
    pub async fn look(&mut self) -> Result<Seen, OperateError> {
        let mut next = self.next.clone();
        let mut passed = 0;
        if self.looked.is_none_or(|looked| looked.elapsed() > STALE) {
            for context in self.operator.contexts(None).await? {
                let topic = topic(&context);
                let partitions = match self.operator.log.partitions(&topic).await {
                    Ok(partitions) => partitions,
                    // It has not published anything yet.
                    Err(LogError::UnknownTopic(_)) => 0,
                    Err(error) => return Err(error.into()),
                };
                for partition in 0..partitions {
                    let bounds = self.operator.log.bounds(&topic, partition).await?;
                    let known = next.get(&(context.clone(), partition)).copied();
                    let (begin, missed) = begin(&bounds, known);
                    passed += missed;
                    next.insert((context.clone(), partition), begin);
                }
            }
        }
        let fetches = next.iter().map(async |((context, partition), from)| {
            let found = self.fetch(context, *partition, *from).await?;
            Ok::<_, OperateError>((context.clone(), *partition, found))
        });
        let mut found = Vec::new();
        for (context, partition, fetched) in try_join_all(fetches).await? {
            let Fetched { records, next: at, passed: missed } = fetched;
            passed += missed;
            next.insert((context.clone(), partition), at);
            found.extend(records.into_iter().map(|record| (context.clone(), partition, record)));
        }
        found.sort_by_key(|(_, _, record)| record.time);
        let surplus = found.len().saturating_sub(MOST);
        passed += surplus as u64;
        let mut events = Vec::new();
        for (context, partition, record) in found.into_iter().skip(surplus) {
            events.push(self.seen(context, partition, &record).await);
        }
        self.next = next;
        self.looked = Some(Instant::now());
        Ok(Seen { events, passed })
    }

    async fn fetch(
        &self,
        context: &str,
        partition: u32,
        from: u64,
    ) -> Result<Fetched, OperateError> {
        let (log, topic) = (&self.operator.log, topic(context));
        let records = match log.fetch(&topic, partition, from, LOOK_BYTES, WAIT).await {
            Ok(records) => records,
            // Cut in the meantime.
            Err(LogError::OutOfRange { start, end, .. }) => {
                let (next, passed) = begin(&(start..end), Some(from));
                return Ok(Fetched { records: Vec::new(), next, passed });
            }
            Err(error) => return Err(error.into()),
        };
        let mut next = records.last().map_or(from, |last| last.offset + 1);
        let mut passed = 0;
        if records.len() > MOST {
            // There may be much more than anybody reads.
            (next, passed) = begin(&log.bounds(&topic, partition).await?, Some(next));
        }
        Ok(Fetched { records, next, passed })
    }

    async fn seen(&self, context: String, partition: u32, record: &LogRecord) -> SeenEvent {
        let mut message = self.operator.framed(&record.record.value).await;
        let header = record.record.headers.iter().find(|(name, _)| name == "ce_type");
        let named = header.map(|(_, value)| String::from_utf8_lossy(value).into_owned());
        let said = message.value.as_ref().and_then(|value| value["metadata"]["type"].as_str());
        // The message decides what is hidden, not what a header says of it.
        let wire_type = said.map(str::to_owned).or(named).unwrap_or_default();
        let hidden = self.private.iter().find(|(name, _)| *name == wire_type);
        let payload = message.value.as_mut().and_then(|value| value.get_mut("payload"));
        if let (Some((_, hidden)), Some(payload)) = (hidden, payload) {
            hidden.leave_out(payload);
        }
        // Of what can't be read nobody knows what of it is private.
        message.hex = None;
        SeenEvent {
            context,
            partition,
            offset: record.offset,
            time: record.time,
            wire_type,
            key: String::from_utf8_lossy(&record.record.key).into_owned(),
            message,
        }
    }
}

struct Fetched {
    records: Vec<LogRecord>,
    next: u64,
    passed: u64,
}

fn topic(context: &str) -> String {
    format!("{context}.events")
}

/// Where a partition with these records is looked at next, and how many are passed over by that.
fn begin(bounds: &Range<u64>, known: Option<u64>) -> (u64, u64) {
    let recent = bounds.start.max(bounds.end.saturating_sub(RECENT));
    match known {
        Some(known) if known > bounds.end => (bounds.end, 0),
        Some(known) if known >= bounds.start && bounds.end - known <= FAR => (known, 0),
        Some(known) => (recent, recent - known),
        None => (recent, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_far_behind_is_passed_over_and_counted() {
        assert_eq!(begin(&(0..5), None), (0, 0));
        assert_eq!(begin(&(0..100), None), (80, 0));
        assert_eq!(begin(&(95..100), None), (95, 0));
        assert_eq!(begin(&(0..100), Some(3)), (3, 0));
        assert_eq!(begin(&(0..100), Some(100)), (100, 0));
        assert_eq!(begin(&(0..5_000), Some(3)), (4_980, 4_977));
        assert_eq!(begin(&(50..100), Some(3)), (80, 77), "cut off meanwhile");
        assert_eq!(begin(&(0..100), Some(200)), (100, 0), "a log that begins anew");
    }
}
