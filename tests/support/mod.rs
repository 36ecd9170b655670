//! The platform as a process, driven through HTTP as a client drives it.

#![allow(dead_code, unreachable_pub, reason = "each test target uses its part")]

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use reqwest::blocking::{Client, RequestBuilder, Response};
use serde_json::Value;

/// How long a start or an end may take before the test gives up.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running platform with its data in a directory of the test's.
#[derive(Debug)]
pub struct Platform {
    child: Child,
    /// The gateway: `http://127.0.0.1:port`.
    pub gateway: String,
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
        .stdin(Stdio::null());
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
        let client = Client::builder().timeout(PATIENCE).no_proxy().build().expect("a client");
        Self { child, gateway, registry, greeting, client }
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().expect("a running process");
        self.child.wait().expect("its end");
    }

    /// SIGTERM; gives how it ended and how long that took.
    pub fn terminate(mut self) -> (ExitStatus, Duration) {
        let started = Instant::now();
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().expect("kill runs");
        assert!(sent.success());
        let status = self.child.wait().expect("its end");
        (status, started.elapsed())
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("{}{path}", self.gateway))
    }

    pub fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.client.post(format!("{}{path}", self.gateway)).json(body)
    }

    pub fn request(&self, method: reqwest::Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.gateway))
    }

    /// Sends the request and waits for its outcome.
    pub fn decide(&self, request: RequestBuilder) -> Answer {
        let request = request.header("Prefer", "wait=30").build().expect("a request");
        Answer::of(self.client.execute(request).expect("an answer"))
    }

    /// Reads `path` once the view has come to `cursor`.
    pub fn read(&self, path: &str, cursor: &str) -> Answer {
        Answer::of(self.get(path).header("Consistent-With", cursor).send().expect("an answer"))
    }
}

/// A platform that a test forgot ends with it.
impl Drop for Platform {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
    pub json: Value,
}

impl Answer {
    pub fn of(response: Response) -> Self {
        Self::try_of(response).expect("a body")
    }

    /// `None` where the answer breaks off.
    pub fn try_of(mut response: Response) -> Option<Self> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut text = String::new();
        response.read_to_string(&mut text).ok()?;
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        Some(Self { status, headers, text, json })
    }

    pub fn send(request: RequestBuilder) -> Self {
        Self::of(request.send().expect("an answer"))
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// The text of a member.
    #[track_caller]
    pub fn str(&self, member: &str) -> &str {
        self.json[member].as_str().unwrap_or_else(|| panic!("no `{member}` in {}", self.text))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}
