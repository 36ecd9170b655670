//! The event topic: the history in order, without loss; repeats are allowed.

use std::collections::HashMap;

use charter_domain::Contract;

use super::{Code, Findings};
use crate::evidence::Partition;

pub(super) fn check<C: Contract>(partition: &Partition<C>, found: &mut Findings) {
    let topic = format!("{}/{}", C::events_topic(), partition.number);
    let stored: HashMap<i64, &[u8]> = partition
        .events
        .iter()
        .map(|event| (event.row.position, event.row.envelope.as_slice()))
        .collect();
    let mut last: Option<i64> = None;
    for record in &partition.published {
        let place =
            || [format!("{topic}@{}", record.offset), format!("position {}", record.position)];
        match stored.get(&record.position) {
            None => found.add(
                Code::PublishedNotStored,
                place(),
                "expected events of the history alone, found one that it doesn't have",
            ),
            Some(bytes) if *bytes != record.bytes => found.add(
                Code::PublishedNotStored,
                place(),
                "expected the history's bytes, found others",
            ),
            Some(_) => {}
        }
        // A consumer takes the position after its last; lower ones are repeats.
        let next = match last {
            Some(last) => last + 1,
            None if partition.published_from_start => 0,
            None => record.position,
        };
        if record.position > next {
            found.add(
                Code::PublishedOrder,
                place(),
                format!("expected position {next} or a lower one, found {}", record.position),
            );
        }
        last = last.max(Some(record.position));
    }
    let end = partition.events.last().map(|event| event.row.position);
    if let Some(end) = end
        && last < Some(end)
    {
        found.add(
            Code::PublishedMissing,
            [topic],
            format!(
                "expected events up to position {end}, found them up to {}",
                last.unwrap_or(-1)
            ),
        );
    }
}
