//! The conformance suite on the embedded log, and what only it promises.

mod crash;
mod model;

use std::sync::atomic::{AtomicI64, Ordering};

use futures_util::FutureExt;

use super::*;
use crate::log::conformance::Harness;

/// A log in a temporary directory under a clock that the test moves.
struct Embedded {
    directory: tempfile::TempDir,
    clock: Arc<AtomicI64>,
    logs: Mutex<Vec<Arc<EmbeddedLog>>>,
}

impl Embedded {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("temporary directory");
        let clock = Arc::new(AtomicI64::new(1_000_000_000));
        Self { directory, clock, logs: Mutex::default() }
    }

    fn settings(&self) -> EmbeddedSettings {
        let clock = Arc::clone(&self.clock);
        EmbeddedSettings {
            durability: Durability::Process,
            housekeeping: Duration::from_hours(1),
            clock: Arc::new(move || Timestamp::from_micros(clock.fetch_add(1, Ordering::Relaxed))),
            ..EmbeddedSettings::default()
        }
    }

    fn open(&self, settings: EmbeddedSettings) -> Arc<EmbeddedLog> {
        let log = EmbeddedLog::open(self.directory.path().join("log"), settings).expect("opens");
        let log = Arc::new(log);
        self.logs.lock().expect("not poisoned").push(Arc::clone(&log));
        log
    }

    fn current(&self) -> Arc<EmbeddedLog> {
        self.logs.lock().expect("not poisoned").last().cloned().expect("a log is open")
    }
}

#[async_trait]
impl Harness for Embedded {
    async fn log(&self) -> Arc<dyn Log> {
        self.open(self.settings())
    }

    async fn restart(&self, log: Arc<dyn Log>) -> Arc<dyn Log> {
        self.current().close().await;
        drop(log);
        self.open(self.settings())
    }

    async fn pass(&self, _log: &Arc<dyn Log>, time: Duration) -> bool {
        let micros = i64::try_from(time.as_micros()).expect("fits");
        self.clock.fetch_add(micros, Ordering::Relaxed);
        self.current().housekeep().await.expect("drops what is too old");
        true
    }
}

mod suite {
    crate::log_conformance!(super::Embedded::new());
}

fn record(size: usize) -> Record {
    Record { key: "k".into(), value: vec![7; size].into(), headers: Vec::new() }
}

fn spec(partitions: u32) -> TopicSpec {
    TopicSpec { name: "t".to_owned(), partitions, retention: None, volatile: false }
}

#[tokio::test]
async fn full_buckets_are_followed_by_new_ones_and_trimmed_away() {
    let embedded = Embedded::new();
    let settings = EmbeddedSettings { bucket_bytes: 10_000, ..embedded.settings() };
    let log = embedded.open(settings.clone());
    log.ensure_topic(&spec(2)).await.expect("makes");
    for _ in 0..40 {
        log.append("t", 0, vec![record(1_000)]).await.expect("appends");
    }
    log.append("t", 1, vec![record(1_000)]).await.expect("appends");
    let buckets = |log: &EmbeddedLog| {
        let topic = log.shared.find("t").expect("is there");
        let buckets = topic.buckets.read().expect("not poisoned");
        buckets.iter().map(|bucket| bucket.number).collect::<Vec<_>>()
    };
    let made = buckets(&log);
    assert!(made.len() >= 4, "{made:?}");

    log.trim("t", 0, 30).await.expect("trims");
    let kept = buckets(&log);
    assert!(kept.len() < made.len() && kept.last() == made.last(), "{made:?} became {kept:?}");
    assert_eq!(
        log.bounds("t", 1).await.expect("there"),
        0..1,
        "an empty partition holds nothing up"
    );

    log.close().await;
    let log = embedded.open(settings);
    assert_eq!(buckets(&log), kept);
    assert_eq!(log.bounds("t", 0).await.expect("there"), 30..40);
    let mut next = 30;
    while next < 40 {
        let records = log.fetch("t", 0, next, 2_500, Duration::ZERO).await.expect("fetches");
        assert_eq!(records[0].offset, next, "across buckets");
        next += records.len() as u64;
    }
    let error = log.fetch("t", 0, 29, 1, Duration::ZERO).await.expect_err("trimmed");
    assert!(matches!(error, LogError::OutOfRange { start: 30, end: 40, .. }), "{error}");
}

#[tokio::test]
async fn a_volatile_topic_is_in_memory_alone() {
    let embedded = Embedded::new();
    let log = embedded.open(embedded.settings());
    let volatile = TopicSpec { volatile: true, ..spec(1) };
    // What an earlier release wrote is forgotten.
    log.ensure_topic(&spec(1)).await.expect("makes");
    log.append("t", 0, vec![record(10); 3]).await.expect("appends");
    log.ensure_topic(&volatile).await.expect("changes");
    assert_eq!(log.bounds("t", 0).await.expect("there"), 3..3);

    let large = 1 << 20;
    for offset in 3..10 {
        let appended = log.append("t", 0, vec![record(large)]).await.expect("appends");
        assert_eq!(appended[0].offset, offset);
    }
    assert_eq!(log.bounds("t", 0).await.expect("there"), 7..10, "what 4 MiB hold");
    let error = log.fetch("t", 0, 6, 1, Duration::ZERO).await.expect_err("forgotten");
    assert!(matches!(error, LogError::OutOfRange { start: 7, end: 10, .. }), "{error}");
    let records = log.fetch("t", 0, 7, 1, Duration::ZERO).await.expect("fetches");
    assert_eq!(records[0].offset, 7);

    log.close().await;
    let log = embedded.open(embedded.settings());
    assert_eq!(log.bounds("t", 0).await.expect("there"), 10..10, "after an end in good order");
    log.ensure_topic(&volatile).await.expect("is there");
    log.append("t", 0, vec![record(10)]).await.expect("appends");
    log.shared.poison("a test ends it");
    log.close().await;
    let log = embedded.open(embedded.settings());
    assert_eq!(log.bounds("t", 0).await.expect("there"), 10..10, "after one without a word");
}

#[tokio::test]
async fn a_bucket_goes_when_its_last_record_is_too_old() {
    let embedded = Embedded::new();
    let log = embedded.open(embedded.settings());
    let retention = Some(Duration::from_hours(1));
    log.ensure_topic(&TopicSpec { retention, ..spec(1) }).await.expect("makes");
    let minutes = |count: i64| embedded.clock.fetch_add(count * 60_000_000, Ordering::Relaxed);
    // A bucket spans a quarter of the retention, so the first two share one.
    for pause in [0, 10, 20, 30] {
        minutes(pause);
        log.append("t", 0, vec![record(1)]).await.expect("appends");
    }
    for (pause, start) in [(29, 0), (2, 2), (28, 2), (2, 4)] {
        minutes(pause);
        log.housekeep().await.expect("drops");
        assert_eq!(
            log.bounds("t", 0).await.expect("there"),
            start..4,
            "after {pause} more minutes"
        );
    }
}

#[tokio::test]
async fn reads_beyond_memory_come_from_disk() {
    let embedded = Embedded::new();
    let settings = EmbeddedSettings { tail_bytes: 2_000, ..embedded.settings() };
    let log = embedded.open(settings);
    log.ensure_topic(&spec(1)).await.expect("makes");
    log.append("t", 0, (0..20).map(|_| record(500)).collect()).await.expect("appends");
    let old = log.fetch("t", 0, 3, 1_200, Duration::ZERO).await.expect("fetches");
    assert_eq!(old.iter().map(|record| record.offset).collect::<Vec<_>>(), [3, 4]);
    let new = log.fetch("t", 0, 18, 10_000, Duration::ZERO).await.expect("fetches");
    assert_eq!(new.iter().map(|record| record.offset).collect::<Vec<_>>(), [18, 19]);
}

#[tokio::test]
async fn the_clock_may_go_back_but_append_times_do_not() {
    let embedded = Embedded::new();
    let log = embedded.open(embedded.settings());
    log.ensure_topic(&spec(1)).await.expect("makes");
    let given = log.end_and_time("t", 0).await.expect("gives").time;
    embedded.clock.fetch_sub(500_000, Ordering::Relaxed);
    let appended = log.append("t", 0, vec![record(1)]).await.expect("appends");
    assert_eq!(appended[0].time, given);
    log.close().await;
    let log = embedded.open(embedded.settings());
    let appended = log.append("t", 0, vec![record(1)]).await.expect("appends");
    assert_eq!(appended[0].time, given, "after a restart too");
}

#[tokio::test]
async fn an_end_waits_for_the_records_under_way() {
    let embedded = Embedded::new();
    let log = embedded.open(embedded.settings());
    log.ensure_topic(&spec(1)).await.expect("makes");
    let gate = log.shared.gate.lock().expect("not poisoned");
    let append = log.append("t", 0, vec![record(1)]);
    tokio::pin!(append);
    let topic = log.shared.find("t").expect("is there");
    while topic.partitions[0].lock().next == 0 {
        assert!(append.as_mut().now_or_never().is_none());
        std::thread::yield_now();
    }
    let end = log.end_and_time("t", 0);
    tokio::pin!(end);
    assert!(end.as_mut().now_or_never().is_none(), "its time is given, its end is not");
    assert_eq!(*topic.partitions[0].end.borrow(), 0, "it is not durable yet");
    drop(gate);
    let (appended, end) = (append.await.expect("appends"), end.await.expect("gives"));
    assert_eq!(end.offset, 1);
    assert!(appended[0].time <= end.time);
}

#[tokio::test]
async fn an_append_waits_for_a_place_then_is_refused() {
    let embedded = Embedded::new();
    let queue_bytes = 10_000;
    let settings = EmbeddedSettings {
        queue_bytes,
        queue_wait: Duration::from_millis(20),
        ..embedded.settings()
    };
    let log = embedded.open(settings);
    log.ensure_topic(&spec(1)).await.expect("makes");
    let held = log.place(queue_bytes).await.expect("the queue is empty");
    let error = log.append("t", 0, vec![record(1)]).await.expect_err("no place");
    assert_eq!(
        error.to_string(),
        "the log is not available: more than 10000 bytes have waited to be appended for 20ms"
    );
    drop(held);
    log.append("t", 0, vec![record(1)]).await.expect("there is a place again");
    log.append("t", 0, vec![record(50_000)]).await.expect("a larger one has the queue to itself");
}

#[tokio::test]
async fn a_failed_write_poisons_the_log() {
    let embedded = Embedded::new();
    let log = embedded.open(embedded.settings());
    log.ensure_topic(&spec(1)).await.expect("makes");
    log.append("t", 0, vec![record(1)]).await.expect("appends");
    let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
    *log.shared.fault.lock().expect("not poisoned") = Some(fjall::Error::Io(full));
    let error = log.append("t", 0, vec![record(1)]).await.expect_err("the write fails");
    assert_eq!(
        error.to_string(),
        "whether the records were appended is not known: no space is left for the data directory; free some and restart"
    );
    let refusal =
        "the log is not available: no space is left for the data directory; free some and restart";
    for error in [
        log.append("t", 0, vec![record(1)]).await.expect_err("poisoned"),
        log.end_and_time("t", 0).await.expect_err("poisoned"),
        log.check().await.expect_err("poisoned"),
        log.trim("t", 0, 1).await.expect_err("poisoned"),
    ] {
        assert_eq!(error.to_string(), refusal);
    }
    let read = log.fetch("t", 0, 0, 100, Duration::ZERO).await.expect("reads go on");
    assert_eq!(read.len(), 1);
    log.close().await;
    let log = embedded.open(embedded.settings());
    assert_eq!(log.bounds("t", 0).await.expect("there"), 0..1);
    log.append("t", 0, vec![record(1)]).await.expect("a restart mends it");
}

#[tokio::test]
async fn closing_ends_those_who_wait() {
    let embedded = Embedded::new();
    let log = embedded.open(embedded.settings());
    log.ensure_topic(&spec(1)).await.expect("makes");
    let mut member = log.join("g", "t").await.expect("joins");
    assert!(member.next().await.is_some());
    let waiting = {
        let log = Arc::clone(&log);
        tokio::spawn(async move { log.fetch("t", 0, 0, 1, Duration::from_mins(1)).await })
    };
    tokio::task::yield_now().await;
    log.close().await;
    assert!(waiting.await.expect("no panic").is_err());
    assert!(member.next().await.is_none());
    let error = log.append("t", 0, vec![record(1)]).await.expect_err("closed");
    assert_eq!(error.to_string(), "the log is not available: it is closed");
    log.close().await;
}

#[tokio::test]
async fn a_log_in_use_is_refused() {
    let embedded = Embedded::new();
    let _log = embedded.open(embedded.settings());
    let path = embedded.directory.path().join("log");
    let error = EmbeddedLog::open(&path, embedded.settings()).expect_err("in use");
    assert!(matches!(error, DirectoryError::Locked { .. }), "{error:?}");
}

#[tokio::test]
async fn a_bucket_without_a_row_is_removed() {
    let embedded = Embedded::new();
    let log = embedded.open(embedded.settings());
    log.ensure_topic(&spec(1)).await.expect("makes");
    log.append("t", 0, vec![record(1)]).await.expect("appends");
    log.close().await;
    let path = embedded.directory.path().join("log");
    {
        let db = fjall::Database::builder(&path).open().expect("opens");
        let left = db.keyspace("bucket-1-7", fjall::KeyspaceCreateOptions::default).expect("makes");
        left.insert("k", "v").expect("inserts");
    }
    let log = embedded.open(embedded.settings());
    assert_eq!(log.bounds("t", 0).await.expect("there"), 0..1);
    log.close().await;
    let db = fjall::Database::builder(&path).open().expect("opens");
    assert!(!db.keyspace_exists("bucket-1-7"));
}
