//! Waiting for outcomes: thousands of requests that wait cost no thread each, and each gets its own outcome.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use sqlx::{Connection as _, SqliteConnection};
use tokio::task::JoinSet;

use crate::support::{Answer, Platform, until};

/// Requests that wait at the same time.
const WAITING: usize = 2_000;
/// Shows that they are about, so that several partitions have to decide.
const SHOWS: usize = 4;
/// How long what the platform does beside may take.
const PATIENCE: Duration = Duration::from_mins(1);
/// Threads that may come whoever waits: the store's connections are made where they are needed (four that read, of each
/// of two files), and tokio keeps some for files.
const OTHER_THREADS: usize = 16;
/// Files that the test has open, and the platform: a connection each, and room for what else they need.
const FILES: usize = WAITING + 500;

/// Lets this process, and those it starts, have enough files: many systems begin with 1,024, and allow more.
fn allow_files() {
    let limits = std::fs::read_to_string("/proc/self/limits").expect("the limits");
    let files = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let soft = files.and_then(|line| line.split_whitespace().next()).expect("a limit");
    if soft.parse().is_ok_and(|soft: usize| soft < FILES) {
        let own = std::process::id().to_string();
        let raised =
            Command::new("prlimit").args(["--pid", &own, &format!("--nofile={FILES}:")]).status();
        assert!(
            raised.expect("prlimit runs").success(),
            "expected {FILES} open files to be allowed, found {soft}"
        );
    }
}

/// Threads of a process.
fn threads(process: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("Threads:")).expect("a line");
    line.trim().parse().expect("a number")
}

/// Requests that wait for outcomes now, as the platform measures it.
fn waiters(platform: &Platform) -> usize {
    let text = Answer::send(platform.get("/metrics")).expect(200).text;
    let line = text.lines().find_map(|line| line.strip_prefix("charter_outcome_waiters "));
    line.map_or(0, |count| count.parse().expect("a number"))
}

/// Commands that are taken and not decided.
fn undecided(platform: &Platform) -> u64 {
    let status = Answer::send(platform.get("/operations/status")).expect(200);
    let contexts = status.json["contexts"].as_array().expect("contexts");
    contexts.iter().map(|context| context["undecided"].as_u64().expect("a number")).sum()
}

#[test]
fn who_waits_for_an_outcome_costs_no_thread() {
    allow_files();
    let data = tempfile::tempdir().expect("a directory");
    let platform = Platform::start(data.path());
    for show in 0..SHOWS {
        let sections = json!([{"sectionId": "a", "rows": 1, "seatsPerRow": WAITING / SHOWS}]);
        let show = json!({"showId": format!("s{show}"), "title": "A show", "sections": sections});
        platform.decide(platform.post("/v1/shows", &show)).expect(200);
    }
    assert_eq!((undecided(&platform), waiters(&platform)), (0, 0));
    let before = threads(platform.id());

    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let answers = runtime.block_on(async {
        // Whoever has the store's only place for a writer keeps every decision from being committed.
        let store = format!("sqlite://{}", data.path().join("store.db").display());
        let mut store = SqliteConnection::connect(&store).await.expect("the store");
        let held = store.begin_with("BEGIN IMMEDIATE").await.expect("the writer's place");

        let client = reqwest::Client::builder().timeout(PATIENCE).no_proxy().build();
        let client = client.expect("a client");
        let mut asked = JoinSet::new();
        for number in 0..WAITING {
            let (show, seat) = (number % SHOWS, number / SHOWS + 1);
            let body = json!({"seatIds": [format!("a-row-1-seat-{seat}")], "holderId": "buyer"});
            let request = client.post(platform.url(&format!("/v1/shows/s{show}/holds")));
            let request = request.json(&body).header("Prefer", "wait=30");
            asked.spawn(async move {
                let answer = request.send().await.expect("an answer");
                let status = answer.status().as_u16();
                (show, status, answer.json::<Value>().await.expect("JSON"))
            });
        }
        let all = tokio::task::block_in_place(|| {
            until(PATIENCE, || match (undecided(&platform), waiters(&platform)) {
                (2_000, WAITING) => Ok(()),
                other => Err(other),
            })
        });
        assert_eq!(all, Ok(()), "expected all to wait, found so many undecided, and waiting");
        let now = threads(platform.id());
        assert!(
            now <= before + OTHER_THREADS,
            "{before} threads before, {now} while {WAITING} wait"
        );
        assert!(asked.try_join_next().is_none(), "nothing can be decided yet");

        held.rollback().await.expect("the writer's place is free");
        asked.join_all().await
    });

    // Each was decided once: the events of a show are numbered one after the other, from the show's own on.
    let mut commands = BTreeSet::new();
    let mut sequences = vec![BTreeSet::new(); SHOWS];
    for (show, status, outcome) in &answers {
        assert_eq!((*status, outcome["status"].as_str()), (200, Some("APPLIED")), "{outcome}");
        commands.insert(outcome["commandId"].as_str().expect("an id"));
        let events = outcome["events"].as_array().expect("events");
        sequences[*show]
            .extend(events.iter().map(|event| event["sequence"].as_u64().expect("a number")));
    }
    assert_eq!(commands.len(), WAITING);
    for sequences in sequences {
        let held = u64::try_from(WAITING / SHOWS).expect("it is small");
        assert_eq!(sequences, (2..2 + held).collect());
    }
    assert_eq!((undecided(&platform), waiters(&platform)), (0, 0));
}
