//! The log's time, as the brokers give it: what is known of it between two records.
//!
//! Kafka has no request for a broker's time. Every record has the time of its append, though, and from the
//! moment at which a record is here on, the broker's clock has at least moved on as far as this process's
//! own clock has: a lower bound, which never lies ahead of the broker's. Where no record is young enough,
//! one is appended to a topic of its own.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use charter_domain::Timestamp;

use crate::log::Appended;

/// The topic of records that are only there for their time.
pub(super) const CLOCK_TOPIC: &str = "charter.clock";
/// How long its records are kept.
pub(super) const CLOCK_RETENTION: Duration = Duration::from_hours(1);
/// How long an end that was seen is the end without asking.
const FRESH: Duration = Duration::from_millis(50);
/// How long an end that was seen will do where more lies behind it.
const BEHIND: Duration = Duration::from_secs(1);
/// How long a bound is moved on by this process's clock before another record is asked for.
const YOUNG: Duration = Duration::from_secs(10);
/// How close to this process's own time a partition's last record lets its bound be; a record that was
/// old when it came leaves it further behind.
const CLOSE: Duration = Duration::from_millis(500);
/// How much slower than this process's clock a broker's may go: 1 in 1,000, twice what a clock that is
/// being set right is allowed.
const SLOWEST: f64 = 0.999;

/// A time that a clock has shown, and when it was heard of here.
#[derive(Clone, Copy, Debug)]
struct Shown {
    time: Timestamp,
    at: Instant,
}

impl Shown {
    /// The earliest time that the clock may show now, in whole milliseconds as records have it.
    fn bound(&self, now: Instant) -> Timestamp {
        let gone = now.saturating_duration_since(self.at).mul_f64(SLOWEST);
        self.time + Duration::from_millis(u64::try_from(gone.as_millis()).unwrap_or(u64::MAX))
    }

    fn young_bound(&self, now: Instant) -> Option<Timestamp> {
        (now.saturating_duration_since(self.at) < YOUNG).then(|| self.bound(now))
    }
}

/// What is known of a partition's end: all records before it, and no others, are no later than the time.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    pub(super) appended: Appended,
    at: Instant,
}

impl End {
    /// Whether it will do as the partition's end.
    pub(super) fn is_fresh(&self) -> bool {
        self.at.elapsed() < FRESH
    }

    /// Whether it will do where more records lie behind it.
    pub(super) fn is_recent(&self) -> bool {
        self.at.elapsed() < BEHIND
    }
}

/// What a log knows of its partitions' time.
#[derive(Debug, Default)]
pub(super) struct Clock {
    ends: Mutex<HashMap<String, HashMap<u32, Partition>>>,
    /// By broker.
    leaders: Mutex<HashMap<i32, Shown>>,
    /// The latest time that was told as a partition's end.
    told: Mutex<HashMap<String, HashMap<u32, Timestamp>>>,
}

#[derive(Clone, Copy, Debug)]
struct Partition {
    end: End,
    shown: Shown,
}

impl Clock {
    /// A record has come here, appended or fetched: the next one's offset and the record's time.
    pub(super) fn seen(&self, topic: &str, partition: u32, next: u64, time: Timestamp) {
        let at = Instant::now();
        let seen = Partition {
            end: End { appended: Appended { offset: next, time }, at },
            shown: Shown { time, at },
        };
        let mut ends = lock(&self.ends);
        if !ends.contains_key(topic) {
            ends.insert(topic.to_owned(), HashMap::new());
        }
        let Some(partitions) = ends.get_mut(topic) else { return };
        let known = partitions.entry(partition).or_insert(seen);
        if known.end.appended.offset <= next {
            known.end = seen.end;
        }
        if known.shown.bound(at) <= time {
            known.shown = seen.shown;
        }
    }

    /// The last end that was seen.
    pub(super) fn end(&self, topic: &str, partition: u32) -> Option<End> {
        lock(&self.ends).get(topic)?.get(&partition).map(|known| known.end)
    }

    /// The earliest time that the partition's next record may have, where a record has told it so
    /// lately that it is close to `wall`, this process's own time.
    pub(super) fn bound(&self, topic: &str, partition: u32, wall: Timestamp) -> Option<Timestamp> {
        let shown = lock(&self.ends).get(topic)?.get(&partition)?.shown;
        let bound = shown.young_bound(Instant::now())?;
        (wall.since(bound) < CLOSE).then_some(bound)
    }

    /// The earliest time of the next record on a broker, where one has told it lately.
    pub(super) fn leader_bound(&self, leader: i32) -> Option<Timestamp> {
        lock(&self.leaders).get(&leader)?.young_bound(Instant::now())
    }

    /// A record was appended on a broker.
    pub(super) fn shown(&self, leader: i32, time: Timestamp) {
        lock(&self.leaders).insert(leader, Shown { time, at: Instant::now() });
    }

    /// What is told of a partition's end: never an earlier time than was told before.
    pub(super) fn told(&self, topic: &str, partition: u32, end: Appended) -> Appended {
        let mut told = lock(&self.told);
        if !told.contains_key(topic) {
            told.insert(topic.to_owned(), HashMap::new());
        }
        let Some(partitions) = told.get_mut(topic) else { return end };
        let before = partitions.entry(partition).or_insert(end.time);
        *before = end.time.max(*before);
        Appended { time: *before, ..end }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPIC: &str = "lamp.commands";

    fn ms(millis: i64) -> Timestamp {
        Timestamp::from_micros(millis * 1_000)
    }

    #[test]
    fn a_bound_moves_on_a_little_slower_than_this_processs_clock() {
        let at = Instant::now();
        let shown = Shown { time: ms(1_000), at };
        assert_eq!(shown.bound(at), ms(1_000));
        assert_eq!(shown.bound(at + Duration::from_secs(5)), ms(5_995));
        assert_eq!(shown.young_bound(at + Duration::from_secs(9)), Some(ms(9_991)));
        assert_eq!(shown.young_bound(at + Duration::from_secs(11)), None, "it is asked again");
    }

    #[test]
    fn an_end_is_the_furthest_that_was_seen() {
        let clock = Clock::default();
        assert!(clock.end(TOPIC, 0).is_none());
        clock.seen(TOPIC, 0, 7, ms(70));
        clock.seen(TOPIC, 0, 3, ms(30));
        let end = clock.end(TOPIC, 0).expect("seen");
        assert_eq!(end.appended, Appended { offset: 7, time: ms(70) });
        assert!(clock.end(TOPIC, 1).is_none());
    }

    #[test]
    fn a_record_that_was_old_when_it_came_is_no_clock() {
        let clock = Clock::default();
        clock.seen(TOPIC, 0, 1, ms(10_000));
        let bound = clock.bound(TOPIC, 0, ms(10_010)).expect("close");
        assert!(bound >= ms(10_000));
        assert_eq!(clock.bound(TOPIC, 0, ms(20_000)), None);
    }

    #[test]
    fn what_is_told_never_falls() {
        let clock = Clock::default();
        let end = |offset, time| Appended { offset, time: ms(time) };
        assert_eq!(clock.told(TOPIC, 0, end(1, 50)), end(1, 50));
        assert_eq!(clock.told(TOPIC, 0, end(1, 40)), end(1, 50));
        assert_eq!(clock.told(TOPIC, 0, end(2, 60)), end(2, 60));
        assert_eq!(clock.told(TOPIC, 1, end(2, 10)), end(2, 10));
    }
}
