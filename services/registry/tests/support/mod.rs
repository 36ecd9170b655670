//! A registry of its own for each test, on a free port and a temporary directory. Built with
//! `postgres` and with `DATABASE_URL` set, the same tests run on a PostgreSQL schema each.
#![allow(dead_code, reason = "each test binary uses what it needs")]

pub(crate) mod database;

use std::io::Write;
use std::sync::LazyLock;

use database::Home;
use registry_service::RegistryConfig;
use registry_service::access::Keys;
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// One client for all tests, since reading the system's certificates takes longest. It keeps no
/// connection: one would outlive the runtime of the test that made it.
static CLIENT: LazyLock<Client> = LazyLock::new(|| {
    Client::builder().no_proxy().pool_max_idle_per_host(0).build().expect("client")
});

/// A running registry.
pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) client: Client,
    home: Home,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

/// What a request came back with.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) content_type: String,
    pub(crate) text: String,
    /// Null where the text is not JSON.
    pub(crate) json: Value,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_in(Home::new()).await
    }

    /// On SQLite, whatever database there is.
    pub(crate) async fn start_embedded() -> Self {
        Self::start_in(Home::directory()).await
    }

    pub(crate) async fn start_in(home: Home) -> Self {
        Self::start_with(home, None).await
    }

    /// One that takes these keys only.
    pub(crate) async fn start_with(home: Home, keys: Option<Keys>) -> Self {
        let config: RegistryConfig = home.config();
        let mut registry = registry_service::open(config).await.expect("opens");
        if let Some(keys) = keys {
            registry = registry.with_keys(keys);
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let url = format!("http://{}", listener.local_addr().expect("address"));
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(registry_service::run(listener, registry, shutdown.clone()));
        let client = CLIENT.clone();
        Self { url, client, home, shutdown, task }
    }

    /// Stops the server and gives its data back.
    pub(crate) async fn stop(self) -> Home {
        self.shutdown.cancel();
        self.task.await.expect("joins");
        self.home
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: Option<String>) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).expect("method");
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        if let Some(body) = body {
            request =
                request.header("content-type", "application/vnd.schemaregistry.v1+json").body(body);
        }
        Answer::of(request.send().await.expect("answers")).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, Some(body.to_string())).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.send("PUT", path, Some(body.to_string())).await
    }

    /// Registers a schema and gives its id.
    pub(crate) async fn register(&self, subject: &str, schema: &str) -> i64 {
        let answer =
            self.post(&format!("/subjects/{subject}/versions"), json!({ "schema": schema })).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json["id"].as_i64().expect("id")
    }
}

impl Answer {
    pub(crate) async fn of(response: Response) -> Self {
        let status = response.status();
        let content_type = response
            .headers()
            .get("content-type")
            .map(|value| value.to_str().expect("text").to_owned())
            .unwrap_or_default();
        let text = response.text().await.expect("body");
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        Self { status, content_type, text, json }
    }

    /// Asserts an error and gives its message.
    #[track_caller]
    pub(crate) fn error(&self, status: u16, code: u32) -> &str {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.json["error_code"], code, "{}", self.text);
        self.json["message"].as_str().expect("message")
    }

    /// Asserts success and gives the body.
    #[track_caller]
    pub(crate) fn ok(&self) -> &Value {
        assert_eq!(self.status, 200, "{}", self.text);
        &self.json
    }
}

/// A record with one field.
pub(crate) fn record(name: &str, field: &str, kind: &str) -> String {
    json!({ "type": "record", "name": name, "fields": [{ "name": field, "type": kind }] })
        .to_string()
}

/// Says something past the test harness, which keeps what passing tests print to itself.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
