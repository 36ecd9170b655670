//! What operators see and ask for, by `charterctl` as they run it.

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use charter_engine::log::embedded::{EmbeddedLog, EmbeddedSettings};
use charter_engine::log::{Log, Record};
use serde_json::{Value, json};

use crate::access::made;
use crate::push::{Event, Stream};
use crate::support::{Answer, Client, Platform, binary, command, until};

/// How long what the platform does beside may take.
const PATIENCE: Duration = Duration::from_mins(1);

fn charterctl(arguments: &[&str]) -> Command {
    let mut command = Command::new(binary("charterctl"));
    command.args(arguments).env_remove("CHARTER_URL").env_remove("CHARTER_API_KEY");
    command
}

fn of(platform: &Client, arguments: &[&str]) -> Command {
    let mut command = charterctl(arguments);
    command.args(["--url", &platform.url("")]);
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What it prints as JSON.
fn json_of(mut command: Command) -> Value {
    let output = command.args(["--format", "json"]).output().expect("it runs");
    assert!(output.status.success(), "{}", said(&output));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// How it is refused: the exit code, and what it says.
fn refused(mut command: Command) -> (Option<i32>, String) {
    let output = command.output().expect("it runs");
    (output.status.code(), said(&output))
}

/// Appends what is no command to a stopped platform's log.
fn poison(data: &Path) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let settings = EmbeddedSettings::default();
        let log = EmbeddedLog::open(data.join("log"), settings).expect("nobody holds it");
        let record = Record {
            key: "default/s".into(),
            value: vec![0, 0, 0, 0, 1, 255].into(),
            headers: Vec::new(),
        };
        let partition = charter_domain::partition_of(&record.key, 12);
        log.append("seat.commands", partition, vec![record]).await.expect("appended");
        log.close().await;
    });
}

#[test]
fn views_are_built_again_beside_those_that_are_read() {
    let data = tempfile::tempdir().expect("a directory");
    let platform = Platform::start(data.path());
    let show = json!({"showId": "s", "title": "A show", "sections": [{"sectionId": "a", "rows": 2, "seatsPerRow": 3}]});
    platform.decide(platform.post("/v1/shows", &show)).expect(200);
    let builds = |of_it: Command| {
        let items = json_of(of_it)["items"].as_array().cloned().unwrap_or_default();
        let told = items.iter().map(|it| {
            let state = it["state"].as_str().unwrap_or_default().to_owned();
            (it["number"].as_u64(), state, it["lag"].as_u64(), it["rows"].as_u64())
        });
        told.collect::<Vec<_>>()
    };
    // The show, its seats, and their counts for the section and the show.
    let rows = until(PATIENCE, || {
        let found = builds(of(&platform, &["projection", "status", "seat"]));
        if found[0].2 == Some(0) && found[0].3 >= Some(8) { Ok(found[0].3) } else { Err(found) }
    })
    .expect("rows");
    let read = |number, state: &str| (Some(number), state.to_owned(), Some(0), rows);
    assert_eq!(builds(of(&platform, &["projection", "status", "seat"])), [read(1, "READ")]);
    let (code, why) = refused(of(&platform, &["projection", "switch", "seat"]));
    assert!(why.contains("no build beside"), "{why}");
    assert_eq!(code, Some(1));
    let asked = of(&platform, &["projection", "rebuild", "seat", "--reason", "a fault"]).output();
    let asked = asked.expect("it runs");
    assert_eq!(
        String::from_utf8_lossy(&asked.stdout),
        "build 2 of the views of `seat` is asked for\n",
        "{}",
        said(&asked)
    );
    until(PATIENCE, || {
        let found = builds(of(&platform, &["projection", "status", "seat"]));
        if found == [read(1, "READ"), read(2, "BUILT")] { Ok(()) } else { Err(found) }
    })
    .expect("it is built");
    let (code, why) = refused(of(&platform, &["projection", "drop", "seat", "1"]));
    assert!(why.contains("is the one that is read"), "{why}");
    assert_eq!(code, Some(1));
    json_of(of(&platform, &["projection", "switch", "seat"]));
    // What is decided from now on is in it, and reads that saw it wait for it.
    let hold = json!({"seatIds": ["a-row-1-seat-1"], "holderId": "h"});
    let taken = platform.decide(platform.post("/v1/shows/s/holds", &hold)).expect(200);
    let seats = platform.read("/v1/shows/s/seats?status=HELD", taken.str("cursor")).expect(200);
    assert_eq!(seats.json["items"].as_array().map(Vec::len), Some(1), "{seats:?}");
    platform.terminate();

    // The same of a stopped platform.
    let stopped = |arguments: &[&str]| {
        let mut command = charterctl(arguments);
        command.arg("--data-dir").arg(data.path());
        command
    };
    let found = builds(stopped(&["projection", "status", "seat"]));
    assert_eq!(found, [(Some(1), "BUILT".to_owned(), Some(1), rows), read(2, "READ")]);
    json_of(stopped(&["projection", "drop", "seat", "1"]));
    assert_eq!(builds(stopped(&["projection", "status", "seat"])), [read(2, "READ")]);
}

#[test]
fn what_is_set_aside_is_listed_shown_and_counted() {
    let data = tempfile::tempdir().expect("a directory");
    let platform = Platform::start(data.path());
    let show = json!({"showId": "s", "title": "A show", "sections": [{"sectionId": "a", "rows": 1, "seatsPerRow": 2}]});
    platform.decide(platform.post("/v1/shows", &show)).expect(200);
    platform.terminate();
    poison(data.path());

    let platform = Platform::start(data.path());
    let letters = until(PATIENCE, || {
        let list = json_of(of(&platform, &["dead-letters", "list", "--context", "seat"]));
        let items = list["items"].as_array().cloned().unwrap_or_default();
        if items.len() == 1 { Ok(items) } else { Err(list) }
    })
    .expect("a dead letter");
    assert_eq!(letters[0]["code"], "DECODE_FAILED");
    assert_eq!(letters[0]["tenantId"], "default");
    let id = letters[0]["id"].as_str().expect("an id");
    let letter = json_of(of(&platform, &["dead-letters", "show", id]));
    assert_eq!((&letter["id"], &letter["message"]["bytes"]), (&json!(id), &json!(6)));
    assert_eq!(letter["message"]["hex"], "0000000001ff");
    assert!(letter["message"]["problem"].is_string(), "{letter}");

    let tail = ["tail", "seat.events", "--earliest", "--count", "1"];
    let event = json_of(of(&platform, &tail));
    assert_eq!(event["message"]["value"]["payload"]["showId"], "s");
    assert_eq!(event["headers"]["ce_type"], "seat.showOpened");
    let status = json_of(of(&platform, &["status"]));
    let seat = status["contexts"].as_array().expect("contexts").iter();
    let seat = seat.clone().find(|one| one["context"] == "seat").expect("it has worked");
    let counts =
        ["undecided", "unprojected", "deadLetters", "parked"].map(|name| seat[name].as_u64());
    assert_eq!(counts, [Some(0), Some(0), Some(1), Some(0)]);
    let partitions = seat["partitions"].as_array().expect("partitions");
    let process = format!(":{}", platform.id());
    for partition in partitions {
        let owner = partition["owner"].as_str().expect("who holds it");
        assert!(owner.ends_with(&process) && owner.len() > process.len(), "{owner}");
        // Where nothing was decided there is no time of it.
        assert_eq!(partition["decidedAt"].is_null(), partition["offset"] == 0, "{partition}");
    }
    assert!(partitions.iter().any(|partition| partition["decidedAt"].is_string()), "{seat}");
    let text = of(&platform, &["parked", "list"]).output().expect("it runs");
    assert_eq!(String::from_utf8_lossy(&text.stdout), "nothing is set aside\n");

    let of_reactor =
        ["parked", "discard", "reservation", "r", "--reactor", "housekeeping", "--reason", "none"];
    let (code, why) = refused(of(&platform, &of_reactor));
    assert!(code == Some(1) && why.contains("`housekeeping` has not set"), "{code:?} {why}");
    let (code, why) = refused(of(&platform, &["parked", "redrive", "seat", "s"]));
    assert_eq!(code, Some(1), "{why}");
    assert!(why.starts_with("charterctl: `seat` has not set `default/s` aside"), "{why}");
    let (code, why) = refused(of(&platform, &["dead-letters", "list", "--context", "none"]));
    assert_eq!((code, why.contains("no context `none`")), (Some(1), true), "{why}");
    let (code, why) = refused(of(&platform, &["tail", "nothing"]));
    assert_eq!((code, why.contains("no topic `nothing`")), (Some(1), true), "{why}");
}

#[test]
fn a_stopped_platform_is_looked_at_by_its_directory_and_paired_anew() {
    let data = tempfile::tempdir().expect("a directory");
    let path = data.path().to_str().expect("a path");
    let platform = Platform::start(data.path());
    let (code, why) = refused(charterctl(&["status", "--data-dir", path]));
    assert_eq!((code, why.contains("is in use by another process")), (Some(2), true), "{why}");
    platform.terminate();

    let before = json_of(charterctl(&["status", "--data-dir", path]));
    assert_eq!(before["logPairing"], before["storePairing"]);
    let partition = &before["contexts"][0]["partitions"][0];
    assert_eq!((&partition["isHeld"], &partition["owner"]), (&json!(false), &Value::Null));
    let (code, why) = refused(charterctl(&["pair", "--data-dir", path]));
    assert_eq!((code, why.contains("say `--yes`")), (Some(2), true), "{why}");
    let paired = json_of(charterctl(&["pair", "--yes", "--data-dir", path]));
    assert_ne!(paired["pairing"], before["logPairing"]);
    let after = json_of(charterctl(&["status", "--data-dir", path]));
    let ids = (&after["logPairing"], &after["storePairing"]);
    assert_eq!(ids, (&paired["pairing"], &paired["pairing"]));
    let platform = Platform::start(data.path());
    Answer::send(platform.get("/health/ready")).expect(200);

    let empty = tempfile::tempdir().expect("a directory");
    let none = empty.path().to_str().expect("a path");
    let (code, why) = refused(charterctl(&["status", "--data-dir", none]));
    assert_eq!((code, why.contains("is no data directory")), (Some(2), true), "{why}");
    assert_eq!(std::fs::read_dir(empty.path()).expect("it is there").count(), 0, "nothing is made");
    let (code, why) = refused(charterctl(&["status", "--url", "http://127.0.0.1:1"]));
    assert_eq!((code, why.contains("doesn't answer")), (Some(2), true), "{why}");
}

#[test]
fn only_operators_of_all_tenants_are_let_in() {
    let data = tempfile::tempdir().expect("a directory");
    let keys = [("ops", "*", "operator"), ("one", "acme", "operator"), ("buyer", "*", "buyer")];
    let made = keys.map(|(name, tenant, grants)| made(&["key", name, grants, "--tenant", tenant]));
    let file = data.path().join("keys");
    let lines: String = made.iter().map(|(line, _)| line.as_str()).collect();
    std::fs::write(&file, lines).expect("a file");
    let mut start = command(&data.path().join("data"));
    start.env("API_KEYS", &file);
    let platform = Platform::start_with(start);
    let ask =
        |secret: &str| Answer::send(platform.get("/operations/status").header("X-API-Key", secret));
    let [operator, bound, buyer] = made.map(|(_, secret)| secret);
    assert_eq!(ask(&operator).status, 200);
    assert_eq!(ask(&bound).status, 403, "an operator sees all tenants' data");
    assert_eq!(ask(&buyer).status, 403);
    assert_eq!(Answer::send(platform.get("/operations/status")).status, 401);
    let paths = [
        "/operations/dead-letters",
        "/operations/parked",
        "/operations/parked/seat?tenant=t&key=k",
        "/operations/requests",
        "/operations/tail/seat.events",
        "/operations/events",
    ];
    for path in paths {
        for secret in [&buyer, &bound] {
            let answer = Answer::send(platform.get(path).header("X-API-Key", secret));
            assert_eq!(answer.status, 403, "{path}");
        }
    }
    let mut feed = platform.get("/operations/events").header("X-API-Key", &operator);
    feed = feed.timeout(PATIENCE);
    drop(Stream::of(feed));
    let asked = json!({"action": "REDRIVE", "context": "seat", "tenantId": "t", "key": "k"});
    let post = || platform.post("/operations/requests", &asked);
    assert_eq!(Answer::send(post().header("X-API-Key", &buyer)).status, 403);
    assert_eq!(Answer::send(post().header("X-API-Key", &operator)).status, 404, "nothing waits");
    // What a page of another origin can send without being asked for leave.
    let plain = platform.request(reqwest::Method::POST, "/operations/requests");
    let plain = plain.header("X-API-Key", &operator).header("Content-Type", "text/plain");
    assert_eq!(Answer::send(plain.body(asked.to_string())).status, 415);
    let (code, why) = refused(of(&platform, &["status"]));
    assert_eq!((code, why.contains("`CHARTER_API_KEY`")), (Some(2), true), "{why}");
    let mut let_in = of(&platform, &["status"]);
    let_in.env("CHARTER_API_KEY", &operator);
    assert!(json_of(let_in)["contexts"].is_array());
}

/// The operators' stream of all events, from after the message with this id on.
fn looking_on(platform: &Client, last: Option<&str>) -> Stream {
    let request = platform.get("/operations/events").timeout(PATIENCE);
    Stream::of(match last {
        Some(id) => request.header("Last-Event-ID", id),
        None => request,
    })
}

/// The next event of this name on the wire.
#[track_caller]
fn seen(stream: &mut Stream, wire_type: &str) -> Event {
    loop {
        let event = stream.next().expect("another message");
        assert_eq!(event.name, "event", "{event:?}");
        if event.data["type"] == wire_type {
            return event;
        }
    }
}

#[test]
fn operators_see_the_events_of_all_contexts_without_what_is_private() {
    let data = tempfile::tempdir().expect("a directory");
    let platform = Platform::start(data.path());
    let show = json!({"showId": "s", "title": "A show", "sections": [{"sectionId": "a", "rows": 1, "seatsPerRow": 3}]});
    platform.decide(platform.post("/v1/shows", &show)).expect(200);
    let buy = |seat: u32| {
        let body =
            json!({"seatIds": [format!("a-row-1-seat-{seat}")], "holderId": "nobodys-business"});
        platform.decide(platform.post("/v1/shows/s/holds", &body)).expect(200);
    };
    let mut stream = looking_on(&platform, None);
    // What happened a moment before is shown too.
    let opened = seen(&mut stream, "seat.showOpened");
    assert_eq!(
        (&opened.data["context"], &opened.data["key"]),
        (&json!("seat"), &json!("default/s"))
    );
    buy(1);
    let held = seen(&mut stream, "seat.held");
    let value = &held.data["message"]["value"];
    assert_eq!(value["metadata"]["sequence"], 2);
    assert_eq!(value["payload"]["seatIds"], json!(["a-row-1-seat-1"]));
    assert!(!held.data.to_string().contains("nobodys-business"), "{held:?}");
    let property = json!({"propertyId": "inn", "name": "Inn", "roomTypes": [{"roomTypeId": "double", "rooms": 1}]});
    platform.decide(platform.post("/v1/tenants/acme/properties", &property)).expect(200);
    let other = seen(&mut stream, "reservation.propertyOpened");
    assert_eq!(
        (&other.data["context"], &other.data["key"]),
        (&json!("reservation"), &json!("acme/inn"))
    );

    // Who comes back gets what it missed, and nothing twice; who was somewhere else gets what is kept.
    drop(stream);
    buy(2);
    let mut back = looking_on(&platform, held.id.as_deref());
    assert_eq!(seen(&mut back, "reservation.propertyOpened").id, other.id);
    let next = seen(&mut back, "seat.held");
    assert_eq!(next.data["message"]["value"]["payload"]["seatIds"], json!(["a-row-1-seat-2"]));
    let mut stranger = looking_on(&platform, Some("another-7"));
    assert_eq!(seen(&mut stranger, "seat.showOpened").id, opened.id);

    // Two who look on at once see the same.
    buy(3);
    let both = [&mut back, &mut stranger].map(|stream| {
        loop {
            let event = seen(stream, "seat.held");
            if event.data["message"]["value"]["metadata"]["sequence"] == 4 {
                break event.id;
            }
        }
    });
    assert_eq!(both[0], both[1]);
    let (status, took) = platform.terminate();
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(5), "{took:?}");
    let last = loop {
        let event = back.next().expect("a last message");
        if event.name == "dropped" {
            break event;
        }
    };
    assert_eq!(last.data["code"], "SHUTTING_DOWN");
}
