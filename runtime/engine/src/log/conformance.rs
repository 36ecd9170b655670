//! What every implementation of [`Log`] must do, as tests. The next implementation gives a [`Harness`]
//! and adds one line: `charter_engine::log_conformance!(its_harness());`
//!
//! Every test makes topics of its own, so that a log shared by all of them serves too.

mod members;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use uuid::Uuid;

pub use self::members::{
    a_closed_log_says_so_and_its_members_leave, a_guard_outlives_its_membership,
    partitions_are_shared_and_move_when_given_up, processes_share_partitions_and_hand_them_over,
};
use super::{Appended, Log, LogError, LogRecord, MAX_RECORD_BYTES, Record, TopicSpec};

/// Longer than anything that should happen takes; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// Short enough to wait for when nothing should happen.
const MOMENT: Duration = Duration::from_millis(50);

const NO_LIMIT: usize = usize::MAX;

/// How a test gets at an implementation.
#[async_trait]
pub trait Harness: Send + Sync {
    /// Whether there is nothing to test against: the test then ends at once. It has been told why.
    fn is_missing(&self) -> bool {
        false
    }

    /// A running log.
    async fn log(&self) -> Arc<dyn Log>;

    /// The same log after all that held it in memory has ended.
    async fn restart(&self, log: Arc<dyn Log>) -> Arc<dyn Log>;

    /// The same log as another process has it, beside `log`; `None` where one process has it alone. What
    /// rests on it is then not tested.
    async fn beside(&self, _log: &Arc<dyn Log>) -> Option<Arc<dyn Log>> {
        None
    }

    /// Lets `time` pass for the log and has it drop what is too old. `false` where a test can't have
    /// that; what rests on it is then not tested.
    async fn pass(&self, log: &Arc<dyn Log>, time: Duration) -> bool;
}

/// Makes a `#[tokio::test]` of every function here, each with a harness of its own.
#[macro_export]
macro_rules! log_conformance {
    ($harness:expr) => {
        $crate::log_conformance!($harness,
            offsets_are_dense_and_in_order
            partitions_and_topics_are_apart
            records_come_back_whole
            volatile_records_are_fetched
            an_empty_append_is_fine
            times_never_fall
            an_end_holds_all_that_is_earlier
            a_fetch_is_bounded_but_gives_one
            a_fetch_at_the_end_waits_and_wakes
            a_fetch_outside_is_refused
            topics_are_made_once
            what_is_missing_is_named
            a_large_record_is_refused_and_a_full_one_taken
            acknowledged_records_survive_a_restart
            a_trimmed_partition_goes_on_where_it_was
            expired_records_go_and_offsets_go_on
            many_producers_lose_nothing
            partitions_are_shared_and_move_when_given_up
            a_guard_outlives_its_membership
            processes_see_each_others_records
            processes_share_partitions_and_hand_them_over
            a_closed_log_says_so_and_its_members_leave
            the_pairing_id_is_kept
        );
    };
    ($harness:expr, $($test:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                let harness = $harness;
                if !$crate::log::conformance::Harness::is_missing(&harness) {
                    $crate::log::conformance::$test(&harness).await;
                }
            }
        )*
    };
}

fn record(key: &str, value: impl Into<Bytes>) -> Record {
    let key = Bytes::copy_from_slice(key.as_bytes());
    Record { key, value: value.into(), headers: Vec::new() }
}

fn numbered(range: std::ops::Range<u64>) -> Vec<Record> {
    range.map(|number| record("k", number.to_be_bytes().to_vec())).collect()
}

async fn topic_of(log: &Arc<dyn Log>, partitions: u32, retention: Option<Duration>) -> String {
    let name = format!("conformance.{}", Uuid::new_v4().simple());
    let spec = TopicSpec { name: name.clone(), partitions, retention, volatile: false };
    log.ensure_topic(&spec).await.expect("the topic is made");
    name
}

async fn append(
    log: &Arc<dyn Log>,
    topic: &str,
    partition: u32,
    records: Vec<Record>,
) -> Vec<Appended> {
    log.append(topic, partition, records).await.expect("the log takes the records")
}

/// All records from `from` to the end.
async fn read_all(log: &Arc<dyn Log>, topic: &str, partition: u32, from: u64) -> Vec<LogRecord> {
    let end = log.bounds(topic, partition).await.expect("the partition is there").end;
    let mut records: Vec<LogRecord> = Vec::new();
    let mut next = from;
    while next < end {
        let fetched = log.fetch(topic, partition, next, 64 << 10, PATIENCE).await.expect("fetches");
        assert!(!fetched.is_empty(), "there are records before the end");
        next = fetched.last().map_or(next, |last| last.offset + 1);
        records.extend(fetched);
    }
    records
}

fn offsets(records: &[LogRecord]) -> Vec<u64> {
    records.iter().map(|record| record.offset).collect()
}

/// Offsets begin at 0, have no gaps, and follow the order of appends and of the records in each.
pub async fn offsets_are_dense_and_in_order(harness: &dyn Harness) {
    let log = harness.log().await;
    let topic = topic_of(&log, 1, None).await;
    let first = append(&log, &topic, 0, numbered(0..3)).await;
    let second = append(&log, &topic, 0, numbered(3..4)).await;
    let given: Vec<u64> = first.iter().chain(&second).map(|appended| appended.offset).collect();
    assert_eq!(given, [0, 1, 2, 3]);
    let read = read_all(&log, &topic, 0, 0).await;
    assert_eq!(offsets(&read), [0, 1, 2, 3]);
    for (number, record) in (0_u64..).zip(&read) {
        assert_eq!(record.record.value, number.to_be_bytes().as_slice());
    }
    let times: Vec<_> = first.iter().chain(&second).map(|appended| appended.time).collect();
    assert_eq!(read.iter().map(|record| record.time).collect::<Vec<_>>(), times);
}

/// What is appended to one partition is seen in no other.
pub async fn partitions_and_topics_are_apart(harness: &dyn Harness) {
    let log = harness.log().await;
    let one = topic_of(&log, 3, None).await;
    let other = topic_of(&log, 3, None).await;
    append(&log, &one, 0, numbered(0..2)).await;
    append(&log, &one, 2, numbered(7..8)).await;
    append(&log, &other, 1, numbered(9..10)).await;
    for (topic, partition, end) in
        [(&one, 0, 2), (&one, 1, 0), (&one, 2, 1), (&other, 0, 0), (&other, 1, 1), (&other, 2, 0)]
    {
        assert_eq!(log.bounds(topic, partition).await.expect("there"), 0..end);
    }
    assert_eq!(read_all(&log, &one, 2, 0).await[0].record.value, 7_u64.to_be_bytes().as_slice());
}

/// Key, value and headers come back as they were, empty ones and repeated names too.
pub async fn records_come_back_whole(harness: &dyn Harness) {
    let log = harness.log().await;
    let topic = topic_of(&log, 1, None).await;
    let headers = vec![
        ("ce_id".into(), Bytes::from_static(b"1")),
        ("trace".into(), Bytes::from_static(&[0, 255, 128])),
        ("ce_id".into(), Bytes::from_static(b"2")),
        ("empty".into(), Bytes::new()),
    ];
    let whole = Record { key: "ключ".into(), value: vec![0, 1, 2].into(), headers };
    let bare = record("", Bytes::new());
    append(&log, &topic, 0, vec![whole.clone(), bare.clone()]).await;
    let read = log.fetch(&topic, 0, 0, NO_LIMIT, PATIENCE).await.expect("fetches");
    assert_eq!(read.len(), 2);
    assert_eq!(read[0].record, whole);
    assert_eq!(read[1].record, bare);
    assert_eq!(read[0].record.header("ce_id"), Some(&Bytes::from_static(b"1")));
    assert_eq!(read[0].record.header("missing"), None);
}

/// Nothing is appended and nothing is wrong.
pub async fn an_empty_append_is_fine(harness: &dyn Harness) {
    let log = harness.log().await;
    let topic = topic_of(&log, 1, None).await;
    assert_eq!(append(&log, &topic, 0, Vec::new()).await, []);
    assert_eq!(log.bounds(&topic, 0).await.expect("there"), 0..0);
}

/// Append times never fall within a partition, and are no earlier than times given before.
pub async fn times_never_fall(harness: &dyn Harness) {
    let log = harness.log().await;
    let topic = topic_of(&log, 1, None).await;
    let mut latest = log.end_and_time(&topic, 0).await.expect("gives its time").time;
    for number in 0..50 {
        for appended in append(&log, &topic, 0, numbered(number..number + 2)).await {
            assert!(appended.time >= latest, "{:?} before {latest:?}", appended.time);
            latest = appended.time;
        }
        let now = log.end_and_time(&topic, 0).await.expect("gives its time");
        assert!(now.time >= latest, "{:?} before {latest:?}", now.time);
        latest = now.time;
    }
    let times: Vec<_> = read_all(&log, &topic, 0, 0).await.iter().map(|it| it.time).collect();
    assert!(times.is_sorted());
}

/// With producers at work, every record before a given end is no later than the time given with it,
/// and every record from it on no earlier.
pub async fn an_end_holds_all_that_is_earlier(harness: &dyn Harness) {
    let log = harness.log().await;
    let topic = topic_of(&log, 1, None).await;
    let producers: Vec<_> = (0..4)
        .map(|_| {
            let (log, topic) = (Arc::clone(&log), topic.clone());
            tokio::spawn(async move {
                for number in 0..50 {
                    append(&log, &topic, 0, numbered(number..number + 1)).await;
                }
            })
        })
        .collect();
    let mut ends = Vec::new();
    for _ in 0..40 {
        ends.push(log.end_and_time(&topic, 0).await.expect("gives its end"));
    }
    for producer in producers {
        producer.await.expect("produces");
    }
    let records = read_all(&log, &topic, 0, 0).await;
    assert_eq!(records.len(), 200);
    for end in ends {
        for record in &records {
            if record.offset < end.offset {
                assert!(record.time <= end.time, "{record:?} lies before {end:?}");
            } else {
                assert!(record.time >= end.time, "{record:?} lies behind {end:?}");
            }
        }
    }
}

/// A fetch gives about what was asked for, and at least one record.
pub async fn a_fetch_is_bounded_but_gives_one(harness: &dyn Harness) {
    let log = harness.log().await;
    let topic = topic_of(&log, 1, None).await;
    let records = (0..10).map(|_| record("k", vec![7; 1_000])).collect();
    append(&log, &topic, 0, records).await;
    let one = log.fetch(&topic, 0, 4, 1, PATIENCE).await.expect("fetches");
    assert_eq!(one.first().map(|record| record.offset), Some(4));
    let some = log.fetch(&topic, 0, 0, 3_500, PATIENCE).await.expect("fetches");
    assert!((1..10).contains(&some.len()), "{} of 10 records of 1,001 bytes", some.len());
}

/// At the end a fetch waits, gives nothing when its time is up, and wakes for a new record.
pub async fn a_fetch_at_the_end_waits_and_wakes(harness: &dyn Harness) {
    let log = harness.log().await;
    let topic = topic_of(&log, 2, None).await;
    append(&log, &topic, 0, numbered(0..1)).await;
    assert_eq!(log.fetch(&topic, 0, 1, NO_LIMIT, Duration::ZERO).await.expect("fetches"), []);
    assert_eq!(log.fetch(&topic, 0, 1, NO_LIMIT, MOMENT).await.expect("fetches"), []);
    let waiting = {
        let (log, topic) = (Arc::clone(&log), topic.clone());
        tokio::spawn(async move { log.fetch(&topic, 0, 1, NO_LIMIT, PATIENCE).await })
    };
    append(&log, &topic, 1, numbered(5..6)).await;
    append(&log, &topic, 0, numbered(1..2)).await;
    let woken = waiting.await.expect("no panic").expect("fetches");
    assert_eq!(offsets(&woken), [1]);
}

/// Offsets that were trimmed or lie behind the end are refused with the bounds.
pub async fn a_fetch_outside_is_refused(harness: &dyn Harness) {
    let log = harness.log().await;
    let topic = topic_of(&log, 1, None).await;
    append(&log, &topic, 0, numbered(0..4)).await;
    log.trim(&topic, 0, 2).await.expect("trims");
    for outside in [0, 1, 5, u64::MAX] {
        match log.fetch(&topic, 0, outside, NO_LIMIT, Duration::ZERO).await {
            Err(LogError::OutOfRange { offset, start, end, .. }) => {
                assert_eq!((offset, start, end), (outside, 2, 4));
            }
            other => panic!("expected a refusal of {outside}, found {other:?}"),
        }
    }
    assert_eq!(offsets(&read_all(&log, &topic, 0, 2).await), [2, 3]);
    let behind = log.trim(&topic, 0, 5).await.expect_err("behind the end");
    assert!(matches!(behind, LogError::OutOfRange { .. }), "{behind}");
}

/// Records that may be lost have offsets, wake who waits for them and come back, as all do.
pub async fn volatile_records_are_fetched(harness: &dyn Harness) {
    let log = harness.log().await;
    let name = format!("conformance.{}", Uuid::new_v4().simple());
    let spec = TopicSpec { name, partitions: 2, retention: None, volatile: true };
    log.ensure_topic(&spec).await.expect("the topic is made");
    let waiting = {
        let (log, name) = (log.clone(), spec.name.clone());
        tokio::spawn(async move { log.fetch(&name, 1, 0, 1 << 20, PATIENCE).await })
    };
    let first = append(&log, &spec.name, 1, numbered(0..2)).await;
    let fetched = waiting.await.expect("no panic").expect("fetches");
    assert_eq!(fetched[0].offset, 0);
    log.ensure_topic(&spec).await.expect("it is there");
    let second = append(&log, &spec.name, 1, numbered(2..3)).await;
    let given: Vec<_> = first.iter().chain(&second).map(|appended| appended.offset).collect();
    assert_eq!(given, [0, 1, 2]);
    let records = read_all(&log, &spec.name, 1, 0).await;
    let values: Vec<_> = records.into_iter().map(|record| record.record).collect();
    assert_eq!(values, numbered(0..3));
    assert_eq!(log.bounds(&spec.name, 1).await.expect("there"), 0..3);
    assert_eq!(log.bounds(&spec.name, 0).await.expect("there"), 0..0);
}

/// A topic can be asked for again, but not with another partition count.
pub async fn topics_are_made_once(harness: &dyn Harness) {
    let log = harness.log().await;
    let name = topic_of(&log, 3, None).await;
    append(&log, &name, 0, numbered(0..1)).await;
    let mut spec = TopicSpec { name, partitions: 3, retention: None, volatile: false };
    log.ensure_topic(&spec).await.expect("it is there");
    assert_eq!(log.partitions(&spec.name).await.expect("there"), 3);
    assert_eq!(log.bounds(&spec.name, 0).await.expect("there"), 0..1);
    spec.partitions = 4;
    match log.ensure_topic(&spec).await {
        Err(LogError::TopicDiffers { expected: 4, found: 3, .. }) => {}
        other => panic!("expected a refusal, found {other:?}"),
    }
    for (name, partitions) in [("", 1), ("a b", 1), ("a/b", 1), ("zero", 0)] {
        let invalid =
            TopicSpec { name: name.to_owned(), partitions, retention: None, volatile: false };
        let error = log.ensure_topic(&invalid).await.expect_err("no topic can be so");
        assert!(matches!(error, LogError::InvalidTopic { .. }), "{error}");
    }
}

/// A topic or partition that is not there is named as such by every operation.
pub async fn what_is_missing_is_named(harness: &dyn Harness) {
    let log = harness.log().await;
    let topic = topic_of(&log, 2, None).await;
    let missing = format!("{topic}.missing");
    let unknown_topic =
        |error: LogError| assert!(matches!(error, LogError::UnknownTopic(_)), "{error}");
    unknown_topic(log.partitions(&missing).await.expect_err("missing"));
    unknown_topic(log.append(&missing, 0, numbered(0..1)).await.expect_err("missing"));
    unknown_topic(log.fetch(&missing, 0, 0, 1, Duration::ZERO).await.expect_err("missing"));
    unknown_topic(log.bounds(&missing, 0).await.expect_err("missing"));
    unknown_topic(log.trim(&missing, 0, 0).await.expect_err("missing"));
    unknown_topic(log.join("g", &missing).await.expect_err("missing"));
    let unknown_partition = |error: LogError| {
        assert!(
            matches!(error, LogError::UnknownPartition { partition: 2, partitions: 2, .. }),
            "{error}"
        );
    };
    unknown_partition(log.append(&topic, 2, numbered(0..1)).await.expect_err("missing"));
    unknown_partition(log.fetch(&topic, 2, 0, 1, Duration::ZERO).await.expect_err("missing"));
    unknown_partition(log.bounds(&topic, 2).await.expect_err("missing"));
    unknown_partition(log.end_and_time(&topic, 2).await.expect_err("missing"));
    unknown_partition(log.trim(&topic, 2, 0).await.expect_err("missing"));
}

/// A record at the limit is taken; one beyond is refused and appends nothing of its list.
pub async fn a_large_record_is_refused_and_a_full_one_taken(harness: &dyn Harness) {
    let log = harness.log().await;
    let topic = topic_of(&log, 1, None).await;
    append(&log, &topic, 0, vec![record("", vec![1; MAX_RECORD_BYTES])]).await;
    let list = vec![record("k", "fits"), record("", vec![1; MAX_RECORD_BYTES + 1])];
    match log.append(&topic, 0, list).await {
        Err(LogError::TooLarge { size, .. }) => assert_eq!(size, MAX_RECORD_BYTES + 1),
        other => panic!("expected a refusal, found {other:?}"),
    }
    assert_eq!(log.bounds(&topic, 0).await.expect("there"), 0..1);
    let read = log.fetch(&topic, 0, 0, 1, PATIENCE).await.expect("fetches");
    assert_eq!(read[0].record.value.len(), MAX_RECORD_BYTES);
}

/// Records, bounds, topics and times are the same after a restart, and offsets go on.
pub async fn acknowledged_records_survive_a_restart(harness: &dyn Harness) {
    let log = harness.log().await;
    let topic = topic_of(&log, 3, None).await;
    append(&log, &topic, 0, numbered(0..5)).await;
    append(&log, &topic, 2, numbered(5..6)).await;
    let before = read_all(&log, &topic, 0, 0).await;
    let time = log.end_and_time(&topic, 0).await.expect("gives its time").time;

    let log = harness.restart(log).await;
    assert_eq!(log.partitions(&topic).await.expect("there"), 3);
    assert_eq!(read_all(&log, &topic, 0, 0).await, before);
    assert_eq!(log.bounds(&topic, 1).await.expect("there"), 0..0);
    assert_eq!(log.bounds(&topic, 2).await.expect("there"), 0..1);
    let next = append(&log, &topic, 0, numbered(5..6)).await;
    assert_eq!(next[0].offset, 5);
    assert!(next[0].time >= time, "{next:?} is before {time:?}");
}

/// A partition that was trimmed empty gives the next offset, also after a restart.
pub async fn a_trimmed_partition_goes_on_where_it_was(harness: &dyn Harness) {
    let log = harness.log().await;
    let topic = topic_of(&log, 2, None).await;
    append(&log, &topic, 0, numbered(0..3)).await;
    append(&log, &topic, 1, numbered(0..3)).await;
    log.trim(&topic, 0, 3).await.expect("trims");
    log.trim(&topic, 0, 1).await.expect("an earlier trim changes nothing");
    assert_eq!(log.bounds(&topic, 0).await.expect("there"), 3..3);
    assert_eq!(log.bounds(&topic, 1).await.expect("there"), 0..3);

    let log = harness.restart(log).await;
    assert_eq!(log.bounds(&topic, 0).await.expect("there"), 3..3);
    assert_eq!(append(&log, &topic, 0, numbered(3..4)).await[0].offset, 3);
    assert_eq!(offsets(&read_all(&log, &topic, 0, 3).await), [3]);
}

/// Records younger than the retention stay, those twice as old go; the partition's offsets go on, also after a restart.
pub async fn expired_records_go_and_offsets_go_on(harness: &dyn Harness) {
    let hour = Duration::from_hours(1);
    let log = harness.log().await;
    let topic = topic_of(&log, 2, Some(hour)).await;
    let kept = topic_of(&log, 1, None).await;
    append(&log, &topic, 0, numbered(0..3)).await;
    append(&log, &kept, 0, numbered(0..3)).await;
    if !harness.pass(&log, hour / 2).await {
        return;
    }
    append(&log, &topic, 0, numbered(3..5)).await;
    assert_eq!(log.bounds(&topic, 0).await.expect("there"), 0..5, "nothing is an hour old");
    assert!(harness.pass(&log, hour * 3 / 4).await);
    let bounds = log.bounds(&topic, 0).await.expect("there");
    assert!(bounds.start <= 3 && bounds.end == 5, "{bounds:?}: only the first are");
    assert_eq!(offsets(&read_all(&log, &topic, 0, 3).await), [3, 4]);
    assert!(harness.pass(&log, hour * 2).await);
    assert_eq!(log.bounds(&topic, 0).await.expect("there"), 5..5);
    assert_eq!(log.bounds(&kept, 0).await.expect("there"), 0..3);

    let log = harness.restart(log).await;
    assert_eq!(log.bounds(&topic, 0).await.expect("there"), 5..5);
    assert_eq!(append(&log, &topic, 0, numbered(5..6)).await[0].offset, 5);
    assert_eq!(append(&log, &topic, 1, numbered(0..1)).await[0].offset, 0);
}

/// Every record of many producers is there once, in each producer's order.
pub async fn many_producers_lose_nothing(harness: &dyn Harness) {
    const PRODUCERS: u64 = 16;
    const APPENDS: u64 = 25;
    let log = harness.log().await;
    let topic = topic_of(&log, 2, None).await;
    let producers: Vec<_> = (0..PRODUCERS)
        .map(|producer| {
            let (log, topic) = (Arc::clone(&log), topic.clone());
            tokio::spawn(async move {
                for number in 0..APPENDS {
                    let name = producer.to_string();
                    let records = vec![
                        record(&name, (2 * number).to_be_bytes().to_vec()),
                        record(&name, (2 * number + 1).to_be_bytes().to_vec()),
                    ];
                    let appended =
                        append(&log, &topic, u32::from(producer % 2 == 1), records).await;
                    assert_eq!(appended[1].offset, appended[0].offset + 1, "together");
                }
            })
        })
        .collect();
    for producer in producers {
        producer.await.expect("produces");
    }
    for partition in 0..2 {
        let records = read_all(&log, &topic, partition, 0).await;
        assert_eq!(records.len() as u64, PRODUCERS * APPENDS);
        let dense: Vec<u64> = (0..PRODUCERS * APPENDS).collect();
        assert_eq!(offsets(&records), dense);
        for producer in (u64::from(partition)..PRODUCERS).step_by(2) {
            let name = producer.to_string();
            let numbers: Vec<Bytes> = records
                .iter()
                .filter(|record| record.record.key == name)
                .map(|record| record.record.value.clone())
                .collect();
            let expected: Vec<Bytes> = (0..2 * APPENDS)
                .map(|number| Bytes::copy_from_slice(&number.to_be_bytes()))
                .collect();
            assert_eq!(numbers, expected, "producer {name}");
        }
    }
}

/// What one process appends wakes and reaches another, and what it trims is gone there too.
pub async fn processes_see_each_others_records(harness: &dyn Harness) {
    let one = harness.log().await;
    let Some(other) = harness.beside(&one).await else { return };
    let topic = topic_of(&one, 2, None).await;
    assert_eq!(other.partitions(&topic).await.expect("there"), 2);
    let waiting = {
        let (other, topic) = (Arc::clone(&other), topic.clone());
        tokio::spawn(async move { other.fetch(&topic, 1, 0, NO_LIMIT, PATIENCE).await })
    };
    let first = append(&one, &topic, 1, numbered(0..1)).await;
    let woken = waiting.await.expect("no panic").expect("fetches");
    assert_eq!(offsets(&woken), [0]);
    assert_eq!(woken[0].time, first[0].time);
    let second = append(&other, &topic, 1, numbered(1..3)).await;
    assert_eq!(second.iter().map(|it| it.offset).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(offsets(&read_all(&one, &topic, 1, 0).await), [0, 1, 2]);
    let end = one.end_and_time(&topic, 1).await.expect("gives its end");
    assert!(end.time >= second[1].time || end.offset < 3, "{end:?} and {second:?}");
    one.trim(&topic, 1, 2).await.expect("trims");
    assert_eq!(other.bounds(&topic, 1).await.expect("there"), 2..3);
    let id = Uuid::new_v4();
    one.set_pairing_id(id).await.expect("is set");
    assert_eq!(other.pairing_id().await.expect("is read"), Some(id));
}

/// The pairing id is what it was set to, also after a restart.
pub async fn the_pairing_id_is_kept(harness: &dyn Harness) {
    let log = harness.log().await;
    let id = Uuid::new_v4();
    log.set_pairing_id(id).await.expect("is set");
    assert_eq!(log.pairing_id().await.expect("is read"), Some(id));
    let log = harness.restart(log).await;
    assert_eq!(log.pairing_id().await.expect("is read"), Some(id));
    log.check().await.expect("takes appends");
}
