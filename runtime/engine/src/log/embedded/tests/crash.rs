//! What processes that end in the middle of their work, or can't write any more, leave behind.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use super::*;

/// Where a child process appends, given to it in the environment.
const CHILD_DIRECTORY: &str = "CHARTER_LOG_TEST_CHILD";

/// Not a test by itself: the process that [`every_acknowledged_record_survives_kill_9`] kills. It
/// appends until then and prints what was acknowledged.
#[tokio::test(flavor = "multi_thread")]
async fn child_that_appends() {
    let Some(path) = std::env::var_os(CHILD_DIRECTORY) else { return };
    let settings = EmbeddedSettings {
        bucket_bytes: 200_000,
        housekeeping: Duration::from_millis(5),
        bucket_span: Duration::from_millis(50),
        ..EmbeddedSettings::default()
    };
    let log = Arc::new(EmbeddedLog::open(path, settings).expect("opens"));
    log.ensure_topic(&spec(4)).await.expect("makes");
    let expiring = TopicSpec {
        name: "expiring".to_owned(),
        partitions: 1,
        retention: Some(Duration::from_millis(200)),
        volatile: false,
    };
    log.ensure_topic(&expiring).await.expect("makes");
    let producers: Vec<_> = (0..8)
        .map(|producer| {
            let log = Arc::clone(&log);
            tokio::spawn(async move {
                let partition = producer % 4;
                loop {
                    let appended =
                        log.append("t", partition, vec![record(300)]).await.expect("appends");
                    let expiring =
                        log.append("expiring", 0, vec![record(300)]).await.expect("appends");
                    println!("acknowledged {partition} {}", appended[0].offset);
                    println!("acknowledged 4 {}", expiring[0].offset);
                    if log.bounds("expiring", 0).await.expect("there").start > 0 {
                        println!("dropped");
                    }
                }
            })
        })
        .collect();
    futures_util::future::join_all(producers).await;
}

#[tokio::test]
async fn every_acknowledged_record_survives_kill_9() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let path = directory.path().join("log");
    // Four partitions of one topic, and that of a topic whose buckets are dropped all the while.
    let mut ends = [0_u64; 5];
    for round in 1..=4_u64 {
        let mut child = Command::new(std::env::current_exe().expect("has a path"))
            .args(["--exact", "log::embedded::tests::crash::child_that_appends", "--nocapture"])
            .env(CHILD_DIRECTORY, &path)
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        // The last one goes on until a bucket is older than its retention, however fast the machine is.
        let (mut seen, mut is_dropped, mut is_killed) = (0, round < 4, false);
        for line in BufReader::new(child.stdout.take().expect("piped")).lines() {
            let line = line.expect("text");
            is_dropped |= line.contains("dropped");
            let Some(acknowledged) = line.split("acknowledged ").nth(1) else { continue };
            let Some((partition, offset)) = acknowledged.split_once(' ') else { continue };
            let (Ok(partition), Ok(offset)) = (partition.parse::<usize>(), offset.parse::<u64>())
            else {
                continue;
            };
            ends[partition] = ends[partition].max(offset + 1);
            seen += 1;
            if seen >= 100 * round && is_dropped && !is_killed {
                child.kill().expect("kill -9");
                is_killed = true;
            }
        }
        child.wait().expect("ended");
        assert!(seen >= 100 * round, "the child ended by itself after {seen} records");

        let log = EmbeddedLog::open(&path, EmbeddedSettings::default()).expect("opens");
        for (partition, end) in (0..4).zip(ends) {
            let bounds = log.bounds("t", partition).await.expect("there");
            assert!(bounds.start == 0 && bounds.end >= end, "{bounds:?} lacks some before {end}");
            let mut next = 0;
            while next < bounds.end {
                let records = log
                    .fetch("t", partition, next, 1 << 20, Duration::ZERO)
                    .await
                    .expect("fetches");
                for record in records {
                    assert_eq!(record.offset, next);
                    assert_eq!(record.record.value.len(), 300);
                    next += 1;
                }
            }
        }
        let expiring = log.bounds("expiring", 0).await.expect("there");
        assert!(expiring.end >= ends[4], "{expiring:?} after {ends:?}");
        assert!(round < 4 || expiring.start > 0, "{expiring:?}: no bucket was dropped");
        log.close().await;
    }
}

/// Where a child process appends under a limit of the size of files, given to it in the environment.
const LIMITED_DIRECTORY: &str = "CHARTER_LOG_TEST_LIMITED";

/// Not a test by itself: the process of [`a_write_that_the_system_refuses_loses_nothing_acknowledged`].
/// It appends until a write fails.
#[tokio::test]
async fn child_whose_writes_fail() {
    let Some(path) = std::env::var_os(LIMITED_DIRECTORY) else { return };
    let log = EmbeddedLog::open(path, EmbeddedSettings::default()).expect("opens");
    let error = loop {
        match log.append("t", 0, vec![record(1_000)]).await {
            Ok(appended) => println!("acknowledged {}", appended[0].offset),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, LogError::FateUnknown { .. }), "{error:?}");
    let error = log.append("t", 0, vec![record(1)]).await.expect_err("is poisoned");
    assert!(matches!(error, LogError::Unavailable { .. }), "{error:?}");
    let read = log.fetch("t", 0, 0, 1, Duration::ZERO).await.expect("reads go on");
    assert_eq!(read[0].offset, 0);
    println!("refused");
}

/// A limit of the size of files refuses writes as a full disk does, without a disk to fill.
#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_write_that_the_system_refuses_loses_nothing_acknowledged() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let path = directory.path().join("log");
    let log = EmbeddedLog::open(&path, EmbeddedSettings::default()).expect("opens");
    log.ensure_topic(&spec(1)).await.expect("makes");
    log.close().await;
    // 200 blocks of 512 or 1,024 bytes, as the shell counts them; the signal would end the process.
    let output = Command::new("sh")
        .args(["-c", r#"trap "" XFSZ; ulimit -f 200; exec "$0" "$@""#])
        .arg(std::env::current_exe().expect("has a path"))
        .args(["--exact", "log::embedded::tests::crash::child_whose_writes_fail", "--nocapture"])
        .env(LIMITED_DIRECTORY, &path)
        .output()
        .expect("runs");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && printed.contains("refused"), "{output:?}");
    let acknowledged = printed.matches("acknowledged ").count() as u64;
    assert!(acknowledged > 10, "{printed}");

    let log = EmbeddedLog::open(&path, EmbeddedSettings::default()).expect("opens");
    let bounds = log.bounds("t", 0).await.expect("there");
    assert!((acknowledged..=acknowledged + 1).contains(&bounds.end), "{bounds:?}");
    let next = log.append("t", 0, vec![record(1)]).await.expect("a restart mends it");
    assert_eq!(next[0].offset, bounds.end);
}
