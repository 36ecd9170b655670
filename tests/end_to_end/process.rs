//! The process itself: how it starts, what it refuses, how it ends.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use crate::support::{Platform, binary, command};

/// Runs a start that is refused; gives the one line that says why.
fn refused(mut command: Command) -> String {
    let Output { status, stderr, .. } = command.output().expect("the platform runs");
    let said = String::from_utf8(stderr).expect("text");
    assert_eq!(status.code(), Some(1), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    said
}

#[test]
fn a_taken_port_is_named_with_what_to_do() {
    let data = tempfile::tempdir().expect("a directory");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    for flag in ["--listen", "--registry-listen"] {
        let mut start = Command::new(env!("CARGO_BIN_EXE_platform"));
        let other = if flag == "--listen" { "--registry-listen" } else { "--listen" };
        start.args([flag, &address, other, "127.0.0.1:0", "--data-dir"]).arg(data.path());
        let said = refused(start);
        assert!(said.contains(&address) && said.contains(flag), "{said}");
    }
}

#[test]
fn a_locked_data_directory_is_named_with_what_to_do() {
    let data = tempfile::tempdir().expect("a directory");
    let _running = Platform::start(data.path());
    let said = refused(command(data.path()));
    assert!(
        said.contains(data.path().to_str().expect("text")) && said.contains("--data-dir"),
        "{said}"
    );
}

#[test]
fn a_full_disk_is_named_with_what_to_do() {
    let data = tempfile::tempdir().expect("a directory");
    let Some(_disk) = SmallDisk::mount(data.path()) else {
        println!(
            "skipped: a small disk can't be mounted here (it takes root and the right to mount)"
        );
        return;
    };
    let said = refused(command(&data.path().join("data")));
    assert!(said.contains("space"), "{said}");
}

/// A tmpfs of 64 KiB.
struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    fn mount(at: &'a Path) -> Option<Self> {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=64k", "charter-test"])
            .arg(at)
            .output()
            .is_ok_and(|output| output.status.success());
        mounted.then_some(Self(at))
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}

#[test]
fn a_wrong_flag_is_refused() {
    let output = Command::new(env!("CARGO_BIN_EXE_platform"))
        .args(["--listen", "nowhere"])
        .output()
        .expect("the platform runs");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).expect("text");
    assert!(said.contains("--listen") && said.contains("nowhere"), "{said}");
}

#[test]
fn sigterm_ends_it_cleanly_within_ten_seconds() {
    let data = tempfile::tempdir().expect("a directory");
    let platform = Platform::start(data.path());
    let (status, took) = platform.terminate();
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[test]
fn nothing_is_made_outside_the_data_directory() {
    let home = tempfile::tempdir().expect("a directory");
    let mut start = Command::new(env!("CARGO_BIN_EXE_platform"));
    start
        .args(["--listen", "127.0.0.1:0", "--registry-listen", "127.0.0.1:0"])
        .current_dir(home.path())
        .env("HOME", home.path())
        .env("TMPDIR", home.path());
    let platform = Platform::start_with(start);
    platform.terminate();
    let found: Vec<_> = std::fs::read_dir(home.path())
        .expect("a directory")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert_eq!(found, ["data"]);
}

#[test]
fn the_printed_curl_lines_work_as_pasted() {
    let data = tempfile::tempdir().expect("a directory");
    let platform = Platform::start(data.path());
    let lines: Vec<_> = platform
        .greeting
        .iter()
        .map(|line| line.trim())
        .filter(|line| line.starts_with("curl "))
        .collect();
    assert_eq!(lines.len(), 3, "{:#?}", platform.greeting);
    let answers: Vec<String> = lines
        .iter()
        .map(|line| {
            let output = Command::new("sh").args(["-c", line]).output().expect("a shell");
            assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).expect("text")
        })
        .collect();
    assert!(answers[0].contains(r#""status":"APPLIED""#), "{}", answers[0]);
    assert!(answers[1].contains(r#""status":"APPLIED""#), "{}", answers[1]);
    assert!(answers[2].contains(r#""code":"SEAT_TAKEN""#), "{}", answers[2]);
}

/// What a service says on its own without being told where its engines are.
fn alone(service: &str) -> (Option<i32>, String) {
    let mut start = Command::new(binary(service));
    for name in ["KAFKA_BROKERS", "DATABASE_URL", "SCHEMA_REGISTRY_URL"] {
        start.env_remove(name);
    }
    let Output { status, stderr, .. } = start.output().expect("it runs");
    (status.code(), String::from_utf8(stderr).expect("text"))
}

#[test]
fn a_service_alone_names_the_platform() {
    for service in ["gateway", "core", "seats", "reservations"] {
        let (code, said) = alone(service);
        assert_eq!(code, Some(2), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(
            said.starts_with(&format!("{service}: ")) && said.contains("run `platform`"),
            "{said}"
        );
    }
}

#[test]
fn sigterm_ends_a_start_that_waits_for_a_registry() {
    let data = tempfile::tempdir().expect("a directory");
    // Takes connections and never answers.
    let registry = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", registry.local_addr().expect("an address"));
    let mut start = command(data.path());
    let mut starting =
        start.args(["--schema-registry-url", &url]).spawn().expect("the platform starts");
    // It has come to the registry once it connects.
    let _asked = registry.accept().expect("a connection");
    let begun = std::time::Instant::now();
    let sent = Command::new("kill")
        .args(["-TERM", &starting.id().to_string()])
        .status()
        .expect("kill runs");
    assert!(sent.success());
    assert_eq!(starting.wait().expect("its end").code(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}
