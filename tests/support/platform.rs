//! The platform as a process.

use std::io::{BufRead, BufReader};
use std::ops::Deref;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::collector::Collector;
use super::{Client, until};

/// How long an end may take before the test gives up.
const PATIENCE: Duration = Duration::from_mins(2);

/// A running platform with its data in a directory of the test's.
#[derive(Debug)]
pub struct Platform {
    child: Child,
    /// The registry: `http://127.0.0.1:port`.
    pub registry: String,
    /// All lines up to readiness.
    pub greeting: Vec<String>,
    client: Client,
}

/// A command for the platform's binary on free ports of this machine.
pub fn command(data_dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_platform"));
    command
        .args(["--listen", "127.0.0.1:0", "--registry-listen", "127.0.0.1:0", "--data-dir"])
        .arg(data_dir)
        // Tests ask more often than one client may.
        .env("RATE_LIMIT_PER_MINUTE", "0")
        .stdin(Stdio::null());
    Collector::shared().follow(&mut command);
    command
}

impl Platform {
    /// Starts the platform and waits until it says that it is ready.
    pub fn start(data_dir: &Path) -> Self {
        Self::start_with(command(data_dir))
    }

    /// Starts the platform of this command.
    pub fn start_with(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the platform starts");
        let stdout = child.stdout.take().expect("a pipe");
        let mut greeting = Vec::new();
        let mut lines = BufReader::new(stdout).lines();
        for line in lines.by_ref() {
            let line = line.expect("a line of text");
            let ready = line.trim() == "ready";
            greeting.push(line);
            if ready {
                break;
            }
        }
        // Whatever comes later is read, so that the pipe never fills.
        std::thread::spawn(move || lines.for_each(drop));
        let url = |name: &str| {
            greeting
                .iter()
                .filter_map(|line| line.trim().strip_prefix(name))
                .find_map(|rest| rest.split_whitespace().next())
                .unwrap_or_else(|| panic!("no `{name}` in {greeting:#?}"))
                .to_owned()
        };
        let (gateway, registry) = (url("gateway "), url("registry "));
        Self { child, registry, greeting, client: Client::new(vec![gateway]) }
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().expect("a running process");
        self.child.wait().expect("its end");
    }

    /// The process's id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end.
    pub fn ended(mut self) -> ExitStatus {
        let ended = until(PATIENCE, || self.child.try_wait().expect("its state").ok_or(()));
        ended.expect("an end")
    }

    /// SIGTERM; gives how it ended and how long that took.
    pub fn terminate(self) -> (ExitStatus, Duration) {
        let started = Instant::now();
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().expect("kill runs");
        assert!(sent.success());
        (self.ended(), started.elapsed())
    }
}

impl Deref for Platform {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// A platform that a test forgot ends with it.
impl Drop for Platform {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
