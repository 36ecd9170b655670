//! Backup and restore of the embedded default, as docs/operations.md and the README tell it.

use std::path::Path;
use std::process::{Command, Output};

use reqwest::blocking::RequestBuilder;
use serde_json::json;

use crate::seat::{ask, open_show};
use crate::support::{Answer, Platform, binary, command};

const SHOW: &str = "spring-concert";

/// Copies a directory, whole.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory");
    for entry in std::fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("it can be copied");
        }
    }
}

fn keyed(platform: &Platform) -> RequestBuilder {
    let body = json!({"seatIds": ["a-row-1-seat-1"], "holderId": "buyer-1"});
    platform.post(&format!("/v1/shows/{SHOW}/holds"), &body).header("Idempotency-Key", "order-4711")
}

fn end(platform: Platform) {
    let (status, _) = platform.terminate();
    assert!(status.success(), "{status}");
}

#[test]
fn a_copy_of_a_stopped_directory_is_a_backup() {
    let directory = tempfile::tempdir().expect("a directory");
    let (data, backup) = (directory.path().join("data"), directory.path().join("backup"));
    let platform = Platform::start(&data);
    open_show(&platform, SHOW);
    let first = platform.decide(keyed(&platform)).expect(200);
    end(platform);
    copy(&data, &backup);
    let later = Platform::start(&data);
    ask(&later, SHOW, "holds", &["a-row-1-seat-2"], "buyer-2").expect(200);
    end(later);

    let restored = Platform::start(&backup);
    let repeated = restored.decide(keyed(&restored)).expect(200);
    assert_eq!(repeated.text, first.text, "the outcome is remembered");
    let seat = |seat: &str| -> Answer {
        restored.read(&format!("/v1/shows/{SHOW}/seats/{seat}"), first.str("cursor")).expect(200)
    };
    assert_eq!(seat("a-row-1-seat-1").str("status"), "HELD");
    assert_eq!(seat("a-row-1-seat-2").str("status"), "AVAILABLE", "that came after the backup");
    let held = ask(&restored, SHOW, "holds", &["a-row-1-seat-2"], "buyer-3").expect(200);
    assert_eq!(held.json["events"][0]["sequence"], 3, "history goes on where the backup ends");
    end(restored);
}

#[test]
fn a_store_and_a_log_of_different_moments_are_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let at = |name: &str| directory.path().join(name);
    let platform = Platform::start(&at("later"));
    open_show(&platform, SHOW);
    end(platform);
    copy(&at("later"), &at("earlier"));
    let platform = Platform::start(&at("later"));
    ask(&platform, SHOW, "holds", &["a-row-1-seat-1"], "buyer-1").expect(200);
    end(platform);

    for (store, log, reason) in [
        ("earlier", "later", "the store is older than the log"),
        ("later", "earlier", "log and store are not of one time"),
    ] {
        let mixed = at(&format!("{store}-store-{log}-log"));
        copy(&at(store), &mixed);
        std::fs::remove_dir_all(mixed.join("log")).expect("it was copied");
        copy(&at(log).join("log"), &mixed.join("log"));
        let Output { status, stderr, .. } = command(&mixed).output().expect("it runs");
        let said = String::from_utf8(stderr).expect("text");
        assert_eq!(status.code(), Some(1), "{said}");
        let reasons: Vec<_> = said.lines().filter(|line| line.starts_with("platform: ")).collect();
        assert!(reasons.len() == 1 && reasons[0].contains(reason), "{store}, {log}: {said}");
    }
}

#[test]
fn a_store_goes_on_where_the_log_is_lost_and_an_operator_says_so() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let platform = Platform::start(&data);
    open_show(&platform, SHOW);
    let first = platform.decide(keyed(&platform)).expect(200);
    end(platform);
    std::fs::remove_dir_all(data.join("log")).expect("it was there");
    let Output { status, stderr, .. } = command(&data).output().expect("it runs");
    let said = String::from_utf8(stderr).expect("text");
    assert!(status.code() == Some(1) && said.contains("the log was made anew"), "{said}");

    let pair = || {
        let mut pair = Command::new(binary("charterctl"));
        pair.arg("--data-dir").arg(&data).args(["pair", "--yes", "--log-lost"]);
        pair.output().expect("it runs")
    };
    let paired = pair();
    assert!(paired.status.success(), "{paired:?}");
    let again = pair();
    let said = String::from_utf8(again.stderr).expect("text");
    assert!(again.status.code() == Some(1) && said.contains("so it is not new"), "{said}");
    let platform = Platform::start(&data);
    let repeated = platform.decide(keyed(&platform)).expect(200);
    assert_eq!(repeated.text, first.text, "the outcome is remembered");
    let held = ask(&platform, SHOW, "holds", &["a-row-1-seat-2"], "buyer-2").expect(200);
    assert_eq!(held.json["events"][0]["sequence"], 3, "the history goes on");
    let stats = platform.read(&format!("/v1/shows/{SHOW}/stats"), held.str("cursor")).expect(200);
    assert_eq!(stats.json["held"], 2, "and so do the views");
    end(platform);
}
