//! How a platform is reached.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use charter_domain::AggregateId;
use charter_engine::directory::DataDirectory;
use charter_engine::log::Log;
use charter_engine::log::embedded::{Durability, EmbeddedLog, EmbeddedSettings};
use charter_engine::operate::{OperateError, Operator};
use charter_engine::store::{SqliteStore, Store, StoreError};
use reqwest::{Method, StatusCode, Url};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::act;
use crate::flags::Flags;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
const CONNECT: Duration = Duration::from_secs(5);

/// Why it was not done.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It was asked, and refused.
    Refused(String),
    /// It could not be asked.
    Unable(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(reason) | Self::Unable(reason) => f.write_str(reason),
        }
    }
}

impl From<OperateError> for Failure {
    fn from(error: OperateError) -> Self {
        let is_refusal = matches!(
            error,
            OperateError::Store(
                StoreError::NoBuild { .. }
                    | StoreError::BuildIsRead { .. }
                    | StoreError::BuildBehind { .. }
            )
        );
        let is_unable =
            !is_refusal && matches!(error, OperateError::Log(_) | OperateError::Store(_));
        let reason = error.to_string();
        if is_unable { Self::Unable(reason) } else { Self::Refused(reason) }
    }
}

/// What is looked at.
#[derive(Debug)]
pub(crate) enum Look {
    Status,
    Letters { context: Option<String>, limit: usize },
    Letter(Uuid),
    Parked { context: Option<String>, limit: usize },
    ParkedAggregate { context: String, tenant: String, key: String, reactor: Option<String> },
    Projections { context: Option<String> },
    Requests { limit: usize },
    Request(Uuid),
    Tail { topic: String, from: String, earliest: bool },
}

/// A platform.
#[derive(Debug)]
pub(crate) enum Reach {
    /// It runs.
    Running(Client),
    /// It is stopped, and this process holds its directory.
    Stopped(Stopped),
}

impl Reach {
    pub(crate) async fn of(flags: &Flags) -> Result<Self, Failure> {
        match &flags.data_dir {
            Some(path) => Stopped::open(path).await.map(Self::Stopped),
            None => Client::new(&flags.url, flags.api_key.clone()).map(Self::Running),
        }
    }

    pub(crate) async fn look(&self, look: Look) -> Result<Value, Failure> {
        match self {
            Self::Running(client) => client.look(look).await,
            Self::Stopped(stopped) => stopped.look(look).await,
        }
    }

    /// Asks for a repair.
    pub(crate) async fn ask(&self, request: &Value) -> Result<Value, Failure> {
        match self {
            Self::Running(client) => {
                client.send(Method::POST, client.url(&["requests"], &[])?, Some(request)).await
            }
            Self::Stopped(_) => Err(Failure::Unable(
                "only a running platform can fold events; start it, and give its `--url`"
                    .to_owned(),
            )),
        }
    }

    /// Asks for something to be done with builds of a context's views.
    pub(crate) async fn projection(
        &self,
        context: &str,
        mut request: Value,
    ) -> Result<Value, Failure> {
        let actor = act::user();
        match self {
            Self::Running(client) => {
                if let Some(members) = request.as_object_mut() {
                    members.insert("actor".to_owned(), json!(actor));
                }
                let url = client.url(&["projections", context], &[])?;
                client.send(Method::POST, url, Some(&request)).await
            }
            Self::Stopped(stopped) => {
                stopped.projection(context, &request, &actor.unwrap_or_default()).await
            }
        }
    }

    /// Ends in good order.
    pub(crate) async fn close(self) {
        if let Self::Stopped(stopped) = self {
            stopped.close().await;
        }
    }
}

/// A client of `/operations`.
#[derive(Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: Url,
    api_key: Option<String>,
}

impl Client {
    fn new(url: &str, api_key: Option<String>) -> Result<Self, Failure> {
        let base: Url = url.parse().map_err(|error| {
            Failure::Unable(format!("`--url` should be `http://host:port`, found `{url}`: {error}"))
        })?;
        if base.cannot_be_a_base() {
            return Err(Failure::Unable(format!(
                "`--url` should be `http://host:port`, found `{url}`"
            )));
        }
        let http = reqwest::Client::builder().connect_timeout(CONNECT).timeout(PATIENCE);
        let http = http.build().map_err(|error| Failure::Unable(error.to_string()))?;
        let api_key = api_key.filter(|key| !key.is_empty());
        Ok(Self { http, base, api_key })
    }

    fn url(&self, path: &[&str], query: &[(&str, Option<String>)]) -> Result<Url, Failure> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| Failure::Unable("`--url` should be `http://host:port`".to_owned()))?
            .pop_if_empty()
            .push("operations")
            .extend(path);
        for (name, value) in query {
            if let Some(value) = value {
                url.query_pairs_mut().append_pair(name, value);
            }
        }
        Ok(url)
    }

    async fn look(&self, look: Look) -> Result<Value, Failure> {
        let some = |limit: usize| Some(limit.to_string());
        let url = match look {
            Look::Status => self.url(&["status"], &[])?,
            Look::Letters { context, limit } => {
                self.url(&["dead-letters"], &[("context", context), ("limit", some(limit))])?
            }
            Look::Letter(id) => self.url(&["dead-letters", &id.to_string()], &[])?,
            Look::Parked { context, limit } => {
                self.url(&["parked"], &[("context", context), ("limit", some(limit))])?
            }
            Look::ParkedAggregate { context, tenant, key, reactor } => {
                let named = [("tenant", Some(tenant)), ("key", Some(key)), ("reactor", reactor)];
                self.url(&["parked", &context], &named)?
            }
            Look::Projections { context } => self.url(&["projections"], &[("context", context)])?,
            Look::Requests { limit } => self.url(&["requests"], &[("limit", some(limit))])?,
            Look::Request(id) => self.url(&["requests", &id.to_string()], &[])?,
            Look::Tail { topic, from, earliest } => {
                let earliest = Some(earliest.to_string());
                self.url(&["tail", &topic], &[("from", Some(from)), ("earliest", earliest)])?
            }
        };
        self.send(Method::GET, url, None).await
    }

    async fn send(&self, method: Method, url: Url, body: Option<&Value>) -> Result<Value, Failure> {
        let mut request = self.http.request(method, url);
        if let Some(key) = &self.api_key {
            request = request.header("X-API-Key", key);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let base = &self.base;
        let unable = |error: reqwest::Error| {
            let cause =
                std::error::Error::source(&error).map_or(String::new(), |it| format!(": {it}"));
            Failure::Unable(format!(
                "`{base}` doesn't answer: {}{cause}; is a platform or gateway there? Give its `--url`, or the `--data-dir` of one that is stopped",
                error.without_url()
            ))
        };
        let response = request.send().await.map_err(unable)?;
        let status = response.status();
        let bytes = response.bytes().await.map_err(unable)?;
        let answer: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        if status.is_success() {
            return Ok(answer);
        }
        let said = answer.get("detail").and_then(Value::as_str).unwrap_or("it gave no reason");
        Err(match status {
            StatusCode::UNAUTHORIZED => Failure::Unable(format!(
                "`{base}` doesn't let this in: {said}; give a key with the role `operator` in `CHARTER_API_KEY`"
            )),
            StatusCode::FORBIDDEN => Failure::Unable(format!("`{base}` forbids it: {said}")),
            // A platform says so of what it lacks in a problem; whatever else listens there doesn't.
            StatusCode::NOT_FOUND if answer.get("code").is_none() => Failure::Unable(format!(
                "`{base}` knows no `/operations`; give the `--url` of a platform or gateway"
            )),
            status if status.is_server_error() => {
                Failure::Unable(format!("`{base}` answers {status}: {said}"))
            }
            _ => Failure::Refused(said.to_owned()),
        })
    }
}

/// A stopped platform, whose directory this process holds as long as it looks.
#[derive(Debug)]
pub(crate) struct Stopped {
    operator: Operator,
    log: Arc<EmbeddedLog>,
    store: Arc<SqliteStore>,
    _directory: DataDirectory,
}

impl Stopped {
    pub(crate) async fn open(path: &Path) -> Result<Self, Failure> {
        let shown = path.display();
        // Opening would make one.
        if !path.join("store.db").is_file() || !path.join("log").is_dir() {
            return Err(Failure::Unable(format!(
                "`{shown}` is no data directory of a platform: it has no `store.db` beside a `log`"
            )));
        }
        let unable = |error: &dyn fmt::Display| Failure::Unable(error.to_string());
        let directory = DataDirectory::open(path).map_err(|error| {
            Failure::Unable(format!("{error}; of a running platform give the `--url`"))
        })?;
        let (settings, place) = (EmbeddedSettings::default(), directory.join("log"));
        let log = tokio::task::spawn_blocking(move || EmbeddedLog::open(place, settings)).await;
        let log = log.map_err(|error| unable(&error))?.map_err(|error| unable(&error))?;
        let store = SqliteStore::open(directory.path(), Durability::Power).await;
        let (log, store) = (Arc::new(log), Arc::new(store.map_err(|error| unable(&error))?));
        let operator = Operator::over(
            Arc::clone(&log) as Arc<dyn Log>,
            Arc::clone(&store) as Arc<dyn Store>,
            None,
        );
        Ok(Self { operator, log, store, _directory: directory })
    }

    pub(crate) fn operator(&self) -> &Operator {
        &self.operator
    }

    async fn look(&self, look: Look) -> Result<Value, Failure> {
        let operator = &self.operator;
        Ok(match look {
            Look::Status => json!(operator.status().await?),
            Look::Letters { context, limit } => {
                json!({ "items": operator.dead_letters(context.as_deref(), limit).await? })
            }
            Look::Letter(id) => json!(operator.dead_letter(id).await?),
            Look::Parked { context, limit } => {
                json!({ "items": operator.parked(context.as_deref(), limit).await? })
            }
            Look::ParkedAggregate { context, tenant, key, reactor } => {
                let aggregate = AggregateId::new(tenant, key);
                let found = operator.parked_aggregate(&context, reactor.as_deref(), &aggregate);
                json!(found.await?)
            }
            Look::Projections { context } => {
                json!({ "items": operator.projections(context.as_deref()).await? })
            }
            Look::Requests { limit } => json!({ "items": operator.requests(limit).await? }),
            Look::Request(id) => json!(operator.request(id).await?),
            Look::Tail { .. } => {
                return Err(Failure::Unable(
                    "nothing comes while the platform is stopped; give the `--url` of a running one"
                        .to_owned(),
                ));
            }
        })
    }

    async fn projection(
        &self,
        context: &str,
        request: &Value,
        actor: &str,
    ) -> Result<Value, Failure> {
        let number = request.get("number").and_then(Value::as_u64);
        let number = number.and_then(|number| u32::try_from(number).ok());
        let text = |name| request.get(name).and_then(Value::as_str).unwrap_or_default();
        let operator = &self.operator;
        Ok(json!(match (text("action"), number) {
            ("REBUILD", _) => operator.rebuild_projection(context, actor, text("reason")).await?,
            ("DROP", Some(number)) => operator.drop_projection(context, number, actor).await?,
            (_, number) => operator.switch_projection(context, number, actor).await?,
        }))
    }

    pub(crate) async fn close(self) {
        self.store.close().await;
        self.log.close().await;
    }
}
