//! The binary `registry`: what it prints, and how it ends.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A started registry, killed when the test ends before it does.
struct Running {
    child: Child,
    url: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn registry(directory: &Path, listen: &str) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("registry"));
    command.env_clear().arg("--data-dir").arg(directory).args(["--listen", listen]);
    command
}

fn start(directory: &Path) -> Running {
    let mut child = registry(directory, "127.0.0.1:0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("stdout")).read_line(&mut line).expect("a line");
    let url = line.trim().strip_prefix("schema registry: ").unwrap_or_default().to_owned();
    let running = Running { child, url };
    assert!(running.url.starts_with("http://127.0.0.1:"), "printed {line:?}");
    assert!(!running.url.ends_with(":0"), "printed {line:?}");
    running
}

/// Asserts the exit code and gives the one line on stderr.
#[track_caller]
fn only_line(output: &Output, code: i32) -> String {
    let stderr = String::from_utf8(output.stderr.clone()).expect("text");
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    stderr.trim_end().to_owned()
}

#[test]
fn a_taken_port_is_one_line_that_says_what_to_do() {
    let directory = TempDir::new().expect("directory");
    let taken = TcpListener::bind("127.0.0.1:0").expect("binds");
    let address = taken.local_addr().expect("address").to_string();
    let output = registry(directory.path(), &address).output().expect("runs");
    assert_eq!(
        only_line(&output, 1),
        format!(
            "registry: address `{address}` is in use by another process: stop it, or give another one with `--listen` (port 0 takes a free one)"
        )
    );
}

#[test]
fn a_locked_data_directory_is_one_line_that_says_what_to_do() {
    let directory = TempDir::new().expect("directory");
    let _running = start(directory.path());
    let output = registry(directory.path(), "127.0.0.1:0").output().expect("runs");
    assert_eq!(
        only_line(&output, 1),
        format!(
            "registry: data directory `{}` is in use by another process: stop it, or give another one with `--data-dir`",
            directory.path().display()
        )
    );
}

#[test]
fn a_directory_that_is_a_file_is_one_line_that_says_what_to_do() {
    let directory = TempDir::new().expect("directory");
    let file = directory.path().join("file");
    std::fs::write(&file, "").expect("writes");
    let output = registry(&file, "127.0.0.1:0").output().expect("runs");
    let line = only_line(&output, 1);
    assert!(
        line.starts_with(&format!(
            "registry: data directory `{}` cannot be used: ",
            file.display()
        )),
        "{line}"
    );
    assert!(line.ends_with("give a writable one with `--data-dir`"), "{line}");
}

#[test]
fn a_file_that_is_no_database_is_one_line_that_says_what_to_do() {
    let directory = TempDir::new().expect("directory");
    std::fs::write(directory.path().join("registry.db"), "not a database, whatever it is called")
        .expect("writes");
    let output = registry(directory.path(), "127.0.0.1:0").output().expect("runs");
    let line = only_line(&output, 1);
    assert!(line.contains("registry.db` cannot be opened: "), "{line}");
    assert!(
        line.ends_with("restore it from a backup or give another data directory with `--data-dir`"),
        "{line}"
    );
}

#[test]
fn a_wrong_value_is_one_line_and_exit_code_2() {
    let directory = TempDir::new().expect("directory");
    let line = only_line(&registry(directory.path(), "nowhere").output().expect("runs"), 2);
    assert!(
        line.starts_with("registry: invalid value 'nowhere' for '--listen <LISTEN>'"),
        "{line}"
    );
    assert!(line.ends_with("`registry --help` lists the flags"), "{line}");
    let output =
        registry(directory.path(), "127.0.0.1:0").args(["--log", "=="]).output().expect("runs");
    assert!(only_line(&output, 2).starts_with("registry: log filter `==` cannot be read"));
}

#[test]
fn signals_end_it_cleanly_and_let_go_of_the_directory() {
    let directory = TempDir::new().expect("directory");
    for name in ["TERM", "INT"] {
        let mut running = start(directory.path());
        let started = Instant::now();
        let kill = format!("kill -{name} {}", running.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().expect("kill").success());
        let status = running.child.wait().expect("ends");
        assert_eq!(status.code(), Some(0), "after SIG{name}");
        assert!(started.elapsed() < Duration::from_secs(10), "after SIG{name}");
        // SQLite folds its log into the file when it is closed in order.
        assert!(!directory.path().join("registry.db-wal").exists(), "after SIG{name}");
    }
}

#[test]
fn flags_may_come_from_the_environment() {
    let directory = TempDir::new().expect("directory");
    let taken = TcpListener::bind("127.0.0.1:0").expect("binds");
    let address = taken.local_addr().expect("address").to_string();
    let output = Command::new(assert_cmd::cargo::cargo_bin!("registry"))
        .env_clear()
        .env("DATA_DIR", directory.path().join("made"))
        .env("LISTEN", &address)
        .output()
        .expect("runs");
    assert!(only_line(&output, 1).contains(&address));
    assert!(directory.path().join("made/registry.db").exists());
}

/// A file system of a few kilobytes, gone when the test ends.
struct SmallDisk(TempDir);

impl SmallDisk {
    /// None where the system does not let the test mount one.
    fn mount(kilobytes: u32) -> Option<Self> {
        let directory = TempDir::new().expect("directory");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={kilobytes}k"), "tmpfs"])
            .arg(directory.path())
            .stderr(Stdio::null())
            .status();
        mounted.is_ok_and(|status| status.success()).then_some(Self(directory))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_at_the_start_is_one_line_that_says_what_to_do() {
    let Some(disk) = SmallDisk::mount(64) else {
        let _ = writeln!(std::io::stderr(), "SKIPPED: mounting a file system needs root");
        return;
    };
    let directory = disk.0.path().join("data");
    let output = registry(&directory, "127.0.0.1:0").output().expect("runs");
    assert_eq!(
        only_line(&output, 1),
        format!(
            "registry: no space left for data directory `{}`: free some or give another one with `--data-dir`",
            directory.display()
        )
    );
}

#[tokio::test]
async fn a_disk_that_fills_up_refuses_writes_and_serves_reads() {
    let Some(disk) = SmallDisk::mount(512) else {
        let _ = writeln!(std::io::stderr(), "SKIPPED: mounting a file system needs root");
        return;
    };
    let running = start(disk.0.path());
    let client = reqwest::Client::builder().no_proxy().build().expect("client");
    let mut refusal = serde_json::Value::Null;
    for number in 0..20 {
        let schema = serde_json::json!({
            "type": "fixed", "name": format!("F{number}"), "size": 1, "doc": "x".repeat(60_000),
        });
        let url = format!("{}/subjects/s{number}/versions", running.url);
        let body = serde_json::json!({ "schema": schema.to_string() });
        let answer = client.post(url).json(&body).send().await.expect("answers");
        if answer.status() != 200 {
            assert_eq!(answer.status(), 500);
            refusal = answer.json().await.expect("json");
            break;
        }
    }
    assert_eq!(refusal["error_code"], 50001, "{refusal}");
    assert_eq!(
        refusal["message"],
        "Error in the backend data store: the disk is full, nothing was written: free some space and try again"
    );
    let answer =
        client.get(format!("{}/schemas/ids/1", running.url)).send().await.expect("answers");
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn metrics_count_and_time_requests_by_route() {
    let directory = TempDir::new().expect("directory");
    let running = start(directory.path());
    let client = reqwest::Client::builder().no_proxy().build().expect("client");
    for path in ["/schemas/ids/1", "/schemas/ids/2", "/subjects"] {
        client.get(format!("{}{path}", running.url)).send().await.expect("answers");
    }
    let answer = client.get(format!("{}/metrics", running.url)).send().await.expect("answers");
    assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let text = answer.text().await.expect("body");
    for line in [
        r#"charter_registry_requests_total{method="GET",route="/schemas/ids/{id}",status="404"} 2"#,
        r#"charter_registry_requests_total{method="GET",route="/subjects",status="200"} 1"#,
        r#"charter_registry_request_duration_seconds_count{method="GET",route="/subjects"} 1"#,
        "charter_registry_schema_cache_misses_total 2",
    ] {
        assert!(text.lines().any(|found| found == line), "no `{line}` in\n{text}");
    }
}

#[tokio::test]
async fn an_id_that_was_answered_survives_kill() {
    let directory = TempDir::new().expect("directory");
    let mut running = start(directory.path());
    let client = reqwest::Client::builder().no_proxy().build().expect("client");
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..200 {
        let (client, url) =
            (client.clone(), format!("{}/subjects/s{number}/versions", running.url));
        tasks.spawn(async move {
            let schema = format!(r#"{{"type":"fixed","name":"F{number}","size":1}}"#);
            let body = serde_json::json!({ "schema": schema });
            let answer = client.post(url).json(&body).send().await.ok()?;
            let answer: serde_json::Value = answer.json().await.ok()?;
            Some((answer["id"].as_i64()?, schema))
        });
    }
    // The process is killed in the midst of the answers.
    let mut given = Vec::new();
    while let Some(answer) = tasks.join_next().await {
        given.extend(answer.expect("joins"));
        if given.len() == 60 {
            running.child.kill().expect("kills");
        }
    }
    assert!(given.len() >= 60, "{} answers", given.len());
    drop(running);
    let running = start(directory.path());
    for (id, schema) in &given {
        let url = format!("{}/schemas/ids/{id}", running.url);
        let answer = client.get(url).send().await.expect("answers");
        let answer: serde_json::Value = answer.json().await.expect("json");
        let canonical = answer["schema"].as_str().expect("schema");
        let same: serde_json::Value = serde_json::from_str(schema).expect("json");
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(canonical).expect("json"),
            same,
            "id {id}"
        );
    }
}
