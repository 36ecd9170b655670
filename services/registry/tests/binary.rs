//! The binary `registry`: what it prints, and how it ends.

use std::io::{BufRead, BufReader};
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
    let mut child =
        registry(directory, "127.0.0.1:0").stdout(Stdio::piped()).spawn().expect("starts");
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
