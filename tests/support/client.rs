//! A client of the API, as a program of somebody else's is one.

use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::blocking::{RequestBuilder, Response};
use serde_json::Value;

/// How long an answer may take before the test gives up.
const PATIENCE: Duration = Duration::from_mins(1);

/// Asks gateways in turn.
#[derive(Debug)]
pub struct Client {
    gateways: Vec<String>,
    next: AtomicUsize,
    http: reqwest::blocking::Client,
}

impl Client {
    /// A client of these, each `http://127.0.0.1:port`.
    pub fn new(gateways: Vec<String>) -> Self {
        let http = reqwest::blocking::Client::builder().timeout(PATIENCE).no_proxy().build();
        Self { gateways, next: AtomicUsize::new(0), http: http.expect("a client") }
    }

    /// Where `path` is.
    pub fn url(&self, path: &str) -> String {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        format!("{}{path}", self.gateways[turn % self.gateways.len()])
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(self.url(path))
    }

    pub fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.http.post(self.url(path)).json(body)
    }

    pub fn request(&self, method: reqwest::Method, path: &str) -> RequestBuilder {
        self.http.request(method, self.url(path))
    }

    /// Sends the request and waits for its outcome.
    pub fn decide(&self, request: RequestBuilder) -> Answer {
        let request = request.header("Prefer", "wait=30").build().expect("a request");
        Answer::of(self.http.execute(request).expect("an answer"))
    }

    /// Reads `path` once the view has come to `cursor`.
    pub fn read(&self, path: &str, cursor: &str) -> Answer {
        let request = self.get(path).header("Consistent-With", cursor).header("Prefer", "wait=30");
        Answer::of(request.send().expect("an answer"))
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
