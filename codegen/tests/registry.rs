//! `charter check --against registry:URL` and `charter impact --registry URL`: against a small registry of the test's own, and
//! against this repository's, where its binary is built.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use assert_cmd::Command;
use serde_json::{Value, json};
use support::copy;
use tempfile::TempDir;

/// A registry that answers from a table, and refuses who does not say `ci:secret`.
struct Table {
    url: String,
    over: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Table {
    fn new(answers: BTreeMap<String, Value>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let over = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if ends.load(Ordering::SeqCst) {
                    return;
                }
                // A client that went away is its own affair.
                let _ = answer(&stream.unwrap(), &answers);
            }
        });
        Self { url, over, thread: Some(thread) }
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.url.trim_start_matches("http://"));
        let _ = self.thread.take().unwrap().join();
    }
}

fn answer(mut stream: &TcpStream, answers: &BTreeMap<String, Value>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut known = false;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        // `ci:secret` in base64.
        known |= line.to_ascii_lowercase().starts_with("authorization: basic")
            && line.contains("Y2k6c2VjcmV0");
    }
    let path = first.split(' ').nth(1).unwrap_or_default();
    let (status, body) = match answers.get(path) {
        _ if !known => (401, json!({ "error_code": 40101, "message": "who are you?" })),
        Some(body) => (200, body.clone()),
        None => (404, json!({ "error_code": 40401, "message": "not found" })),
    };
    let body = body.to_string();
    write!(
        stream,
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn event(fields: &Value) -> String {
    json!({
        "type": "record", "namespace": "shop", "name": "OrderPlaced", "doc": "An order was placed.",
        "charter": { "kind": "event", "key": ["orderId"] }, "fields": fields,
    })
    .to_string()
}

/// A repository with one event.
fn repository(fields: &Value) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("schemas/shop/events");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("order_placed.avsc"), event(fields)).unwrap();
    root
}

fn charter(arguments: &[&str], root: &Path, user: Option<&str>) -> Output {
    let mut command = Command::cargo_bin("charter").unwrap();
    command.env_remove("SCHEMA_REGISTRY_URL").env_remove("SCHEMA_REGISTRY_USER_INFO");
    if let Some(user) = user {
        command.env("SCHEMA_REGISTRY_USER_INFO", user);
    }
    command.args(arguments).current_dir(root).timeout(Duration::from_mins(1)).output().unwrap()
}

fn changes(output: &Output) -> Vec<(String, String)> {
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let text = |change: &Value, key: &str| change[key].as_str().unwrap().to_owned();
    let changes = report["changes"].as_array().unwrap();
    changes.iter().map(|change| (text(change, "severity"), text(change, "rule"))).collect()
}

fn string(name: &str) -> Value {
    json!({ "name": name, "type": "string", "doc": "A value." })
}

/// Versions 1 and 2 of the event, the second in an envelope by way of a reference; and somebody else's subject.
fn shop() -> Table {
    let placed = |fields: &Value| event(fields);
    let first = placed(&json!([string("orderId"), string("customer")]));
    let second = placed(&json!([string("orderId"), string("customer"), string("note")]));
    let envelope = json!({
        "type": "record", "namespace": "shop", "name": "OrderPlacedEnvelope",
        "fields": [{ "name": "payload", "type": "shop.OrderPlaced" }],
    });
    let version = |subject: &str, number: u64, schema: &str, references: Value| json!({ "subject": subject, "version": number, "id": number, "schema": schema, "references": references });
    let outer = "shop.events-shop.OrderPlacedEnvelope";
    let answers = [
        ("/subjects".to_owned(), json!(["other.Thing", "shop.OrderPlaced", outer])),
        ("/subjects/shop.OrderPlaced/versions".to_owned(), json!([2, 1])),
        (
            "/subjects/shop.OrderPlaced/versions/1".to_owned(),
            version("shop.OrderPlaced", 1, &first, json!([])),
        ),
        (
            "/subjects/shop.OrderPlaced/versions/2".to_owned(),
            version("shop.OrderPlaced", 2, &second, json!([])),
        ),
        (format!("/subjects/{outer}/versions"), json!([1])),
        (
            format!("/subjects/{outer}/versions/1"),
            version(
                outer,
                1,
                &envelope.to_string(),
                json!([{ "name": "shop.OrderPlaced", "subject": "shop.OrderPlaced", "version": 2 }]),
            ),
        ),
        ("/subjects/other.Thing/versions".to_owned(), json!([1])),
        (
            "/subjects/other.Thing/versions/1".to_owned(),
            version(
                "other.Thing",
                1,
                r#"{"type": "record", "name": "other.Thing", "fields": []}"#,
                json!([]),
            ),
        ),
    ];
    Table::new(answers.into_iter().collect())
}

#[test]
fn contracts_are_held_against_every_registered_version() {
    let table = shop();
    let against = format!("registry:{}", table.url);
    let arguments = ["check", "--against", against.as_str(), "--format", "json"];
    // As version 2 is, and as version 1 was: the field `note` comes and goes, which readers don't mind.
    let same = repository(&json!([string("orderId"), string("customer"), string("note")]));
    let output = charter(&arguments, same.path(), Some("ci:secret"));
    // What reads version 1 has no `note` to read: that broke when version 2 was registered.
    let of_first: Vec<(String, String)> = changes(&output);
    assert_eq!(of_first, [("error".to_owned(), "avro-backward-field-without-default".to_owned())]);
    assert_eq!(output.status.code(), Some(1));
    // Another type of a field breaks with both subjects.
    let mut customer = string("customer");
    customer["type"] = json!("int");
    let other = repository(&json!([string("orderId"), customer]));
    let output = charter(&arguments, other.path(), Some("ci:secret"));
    let found = changes(&output);
    let errors = found.iter().filter(|(severity, _)| severity == "error").count();
    assert!(errors >= 1, "{found:?}");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("registry:shop.OrderPlaced/2"), "{text}");
}

#[test]
fn who_is_not_let_in_is_told_so() {
    let table = shop();
    let root = repository(&json!([string("orderId")]));
    let against = format!("registry:{}", table.url);
    let output = charter(&["check", "--against", &against], root.path(), Some("ci:wrong"));
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("401") && said.contains("who are you?"), "{said}");
    assert!(!said.contains("wrong"), "a secret is told: {said}");
    // Nobody there; no address at all.
    drop(table);
    let output = charter(&["check", "--against", &against], root.path(), None);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("no answer from"), "{said}");
    let output = charter(&["check", "--against", "registry"], root.path(), None);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("SCHEMA_REGISTRY_URL"), "{said}");
}

#[test]
fn impact_names_the_subjects_that_hold_a_type() {
    let table = shop();
    let root = repository(&json!([string("orderId")]));
    let arguments = ["impact", "shop.OrderPlaced", "--registry", table.url.as_str()];
    let output = charter(&arguments, root.path(), Some("ci:secret"));
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let subjects: Vec<&str> = said.lines().filter(|line| line.starts_with("subject")).collect();
    assert_eq!(
        subjects,
        [
            "subject shop.OrderPlaced version 2",
            "subject shop.events-shop.OrderPlacedEnvelope version 1"
        ]
    );
}

/// Of this repository: the service that decides and projects a context compiles against its contracts.
#[test]
fn impact_names_the_crates_that_compile_against_a_type() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let output = charter(&["impact", "seat.SeatsHeld"], &root, None);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let uses = |line: &&str| line.starts_with("crate seats-service services/seats/src/");
    assert!(said.lines().any(|line| uses(&line)), "{said}");
    assert!(!said.contains("crate reservations-service"), "{said}");
    assert!(!said.contains(" generated/"), "{said}");
    // The compiler says the name in texts and comments only; its test of the client says it in code.
    assert!(!said.contains("crate charter-codegen codegen/"), "{said}");
    assert!(said.contains("crate charter-codegen tests/client/main.rs:"), "{said}");
}

/// Of a field, the lines that say it, in files that use its type; what is private reaches no room.
#[test]
fn impact_of_a_field_names_what_touches_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let of = |name: &str| charter(&["impact", name], &root, None);
    let lines = |output: &Output| -> Vec<String> {
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
    };
    let expires = lines(&of("seat.SeatsHeld.expiresAt"));
    assert!(expires.contains(&"room show:{showId}".to_owned()), "{expires:?}");
    assert!(expires.contains(&"projection of seat.SeatView".to_owned()), "{expires:?}");
    let place = expires.iter().find_map(|line| {
        line.strip_prefix("crate seats-service ").and_then(|place| place.rsplit_once(':'))
    });
    let (path, line) = place.unwrap();
    let text = std::fs::read_to_string(root.join(path)).unwrap();
    let line = text.lines().nth(line.parse::<usize>().unwrap() - 1).unwrap();
    assert!(line.contains("expires_at"), "{line}");
    let holder = lines(&of("seat.SeatsHeld.holderId"));
    assert!(!holder.contains(&"room show:{showId}".to_owned()), "{holder:?}");
    // A view's rows are shown in the room that loads them.
    let shown = lines(&of("seat.SeatView.heldUntil"));
    assert!(shown.contains(&"room show:{showId}".to_owned()), "{shown:?}");
    let nothing = of("seat.SeatsHeld.colour");
    assert_eq!(nothing.status.code(), Some(2));
    let said = String::from_utf8_lossy(&nothing.stderr).into_owned();
    assert!(said.contains("expected a field of `seat.SeatsHeld` (expiresAt, "), "{said}");
}

/// This repository's registry, killed at the end.
struct Running(Child, String);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Beside `charter`, where the workspace was built; a CI that builds it sets `CHARTER_SERVICES_BUILT`.
fn registry(directory: &Path) -> Option<Running> {
    let named = std::env::var_os("CHARTER_REGISTRY_BINARY").map(PathBuf::from);
    let binary =
        named.unwrap_or_else(|| assert_cmd::cargo::cargo_bin("charter").with_file_name("registry"));
    if !binary.exists() {
        assert!(
            std::env::var_os("CHARTER_SERVICES_BUILT").is_none(),
            "CHARTER_SERVICES_BUILT is set, and `{}` is not there",
            binary.display()
        );
        eprintln!("SKIPPED: no registry; build it with `cargo build -p registry-service`");
        return None;
    }
    let mut child = std::process::Command::new(binary)
        .env_clear()
        .arg("--data-dir")
        .arg(directory)
        .args(["--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let stdout = child.stdout.take().unwrap();
    let mut reader = BufReader::new(stdout);
    reader.read_line(&mut line).unwrap();
    // What it says later is read, too, so that it can go on saying it.
    std::thread::spawn(move || reader.read_to_end(&mut Vec::new()));
    let url = line.trim().strip_prefix("schema registry: ").unwrap_or_default().to_owned();
    assert!(url.starts_with("http://127.0.0.1:"), "printed {line:?}");
    Some(Running(child, url))
}

#[test]
fn contracts_are_held_against_our_own_registry() {
    let directory = tempfile::tempdir().unwrap();
    let Some(running) = registry(directory.path()) else { return };
    let root = tempfile::tempdir().unwrap();
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/base");
    copy(&cases, root.path());
    let url = running.1.as_str();
    let pushed = charter(&["registry", "push", "--url", url], root.path(), None);
    assert_eq!(pushed.status.code(), Some(0), "{}", String::from_utf8_lossy(&pushed.stderr));
    let against = format!("registry:{url}");
    let arguments = ["check", "--against", against.as_str(), "--format", "json"];
    let output = charter(&arguments, root.path(), None);
    assert_eq!(changes(&output), []);
    assert_eq!(output.status.code(), Some(0));
    // A change that breaks is seen from there, too.
    let (path, text) = event_of(root.path());
    let broken = text.replacen("\"string\"", "\"double\"", 1);
    assert_ne!(broken, text);
    std::fs::write(&path, broken).unwrap();
    let output = charter(&arguments, root.path(), None);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let found = changes(&output);
    assert!(
        found.iter().any(|(severity, rule)| severity == "error" && rule.starts_with("avro-")),
        "{found:?}"
    );
}

/// The first event of the contracts.
fn event_of(root: &Path) -> (PathBuf, String) {
    let mut open = vec![root.join("schemas")];
    let mut found = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.parent().unwrap().ends_with("events") {
                let text = std::fs::read_to_string(&path).unwrap();
                if text.contains("\"string\"") {
                    found.push((path, text));
                }
            }
        }
    }
    found.sort();
    found.into_iter().next().expect("an event with a string")
}
