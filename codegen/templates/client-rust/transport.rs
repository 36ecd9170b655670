//! Requests with retries and cursors.

use std::collections::VecDeque;
use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep, timeout_at};

use crate::problem::Problem;
use crate::settings::{Credentials, Settings};

/// The most cursors that one request may carry.
pub(crate) const MOST_CURSORS: usize = 16;
/// The most cursors that are kept; who writes this much and reads nothing sees all but the oldest at once.
const KEPT_CURSORS: usize = 256;
/// The first and the longest pause before a request is sent again.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// Sends requests; the client has a method for each operation. Clones share connections and cursors.
#[derive(Clone)]
pub struct Transport(Arc<Shared>);

struct Shared {
    settings: Settings,
    base: Url,
    http: reqwest::Client,
    /// What was written and read; opaque, the oldest first.
    cursors: Mutex<VecDeque<String>>,
}

/// A request as an operation makes it.
#[derive(Clone, Debug)]
#[must_use]
pub struct Ask {
    method: Method,
    path: Vec<String>,
    query: Vec<(&'static str, String)>,
    headers: Vec<(&'static str, String)>,
    body: Option<(&'static str, Vec<u8>)>,
    /// Why it cannot be sent.
    unsendable: Option<String>,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// When a call's time is over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit(Instant);

impl Ask {
    /// A request for the resource at these parts of a path.
    pub fn new(method: Method, path: &[&str]) -> Self {
        // URLs leave them out or go up by them, however they are written: another resource would be asked for.
        let is_lost = |part: &str| matches!(part, "." | "..") || part.contains(['\t', '\n', '\r']);
        let unsendable = path.iter().find(|part| is_lost(part)).map(|part| {
            format!("expected a part of a path, found `{}`, which no URL can carry", part.escape_debug())
        });
        let path = path.iter().map(|part| (*part).to_owned()).collect();
        Self { method, path, query: Vec::new(), headers: Vec::new(), body: None, unsendable }
    }

    /// With a parameter of the query.
    pub fn query(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.query.push((name, value.to_string()));
        self
    }

    /// With a parameter of the query, where there is a value.
    pub fn query_if(self, name: &'static str, value: Option<&impl fmt::Display>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// The same request with another value of a parameter.
    pub(crate) fn query_now(mut self, name: &'static str, value: String) -> Self {
        self.query.retain(|(known, _)| *known != name);
        self.query(name, value)
    }

    /// With a header.
    pub fn header(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    /// With a header, where there is a value.
    pub fn header_if(self, name: &'static str, value: Option<&impl fmt::Display>) -> Self {
        match value {
            Some(value) => self.header(name, value),
            None => self,
        }
    }

    /// With a body as JSON of this media type.
    pub fn body(mut self, media_type: &'static str, value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => self.body = Some((media_type, body)),
            Err(error) => self.unsendable = Some(format!("expected a body as JSON: {error}")),
        }
        self
    }

    /// With a body, where there is one.
    pub fn body_if(self, media_type: &'static str, value: Option<&impl Serialize>) -> Self {
        match value {
            Some(value) => self.body(media_type, value),
            None => self,
        }
    }
}

impl Answer {
    /// What it says.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let body = if self.body.is_empty() { b"null" } else { self.body.as_slice() };
        serde_json::from_slice(body).map_err(|error| Problem::unreadable(self.status, error))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl Limit {
    /// The end of a time that begins now.
    pub(crate) fn after(time: Duration) -> Self {
        let now = Instant::now();
        // What no clock can tell is as good as never.
        Self(now.checked_add(time).unwrap_or(now + Duration::from_hours(24 * 365)))
    }

    /// Waits; false, at once, where the time would be over.
    pub(crate) async fn pause(self, time: Duration) -> bool {
        let fits = Instant::now().checked_add(time).is_some_and(|then| then < self.0);
        if fits {
            sleep(time).await;
        }
        fits
    }
}

impl Transport {
    /// A transport to where the settings say.
    ///
    /// # Errors
    /// Where the base URL is no URL of HTTP, or TLS cannot be set up.
    pub fn new(settings: Settings) -> Result<Self, Problem> {
        let unsendable = |error: &dyn fmt::Display| {
            Problem::unsendable(format!(
                "expected a base URL like `https://api.example.com`, found `{}`: {error}",
                settings.base_url
            ))
        };
        let base = Url::parse(&settings.base_url).map_err(|error| unsendable(&error))?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(unsendable(&format!("the scheme is `{}`", base.scheme())));
        }
        let http = match &settings.http {
            Some(http) => http.clone(),
            // Who asks goes to where the settings say and nowhere else.
            None => reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .map_err(|error| Problem::unsendable(format!("expected TLS: {error}")))?,
        };
        Ok(Self(Arc::new(Shared { settings, base, http, cursors: Mutex::default() })))
    }

    /// What this client has written and read, to be given to another one's [`see`](Self::see).
    #[must_use]
    pub fn seen(&self) -> Vec<String> {
        self.cursors().iter().cloned().collect()
    }

    /// Remembers what somebody else has seen: reads wait for it from now on.
    pub fn see<C: Into<String>>(&self, cursors: impl IntoIterator<Item = C>) {
        let mut known = self.cursors();
        for cursor in cursors {
            let cursor = cursor.into();
            if !known.contains(&cursor) {
                known.push_back(cursor);
            }
        }
        while known.len() > KEPT_CURSORS {
            known.pop_front();
        }
    }

    /// Remembers a cursor that is the sum of others.
    pub(crate) fn merge(&self, merged: &[String], cursor: &str) {
        self.cursors().retain(|known| !merged.contains(known));
        self.see([cursor]);
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    fn cursors(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.0.cursors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first answer that is no failure of the moment, in the 200s or not modified.
    pub(crate) async fn answered(&self, ask: &Ask, limit: Limit) -> Result<Answer, Problem> {
        self.tried(ask, limit, |_| ()).await
    }

    /// As [`answered`](Self::answered); `failed` is told of every try that was not.
    pub(crate) async fn tried(
        &self,
        ask: &Ask,
        limit: Limit,
        mut failed: impl FnMut(&Problem) + Send,
    ) -> Result<Answer, Problem> {
        let (mut again, mut is_known) = (0, false);
        loop {
            let problem = match self.once(ask, limit).await {
                Ok(answer) if matches!(answer.status, 200..=299 | 304) => return Ok(answer),
                Ok(answer) => problem_of(answer.status, &answer.headers, &answer.body),
                Err(problem) => problem,
            };
            failed(&problem);
            if problem.status() == 401 && !is_known && self.settings().may_ask_again(&problem).await
            {
                is_known = true;
                continue;
            }
            let pause = problem.retry_after().unwrap_or_else(|| delay(again));
            if !problem.is_momentary() || !limit.pause(pause).await {
                return Err(problem);
            }
            again += 1;
        }
    }

    async fn once(&self, ask: &Ask, limit: Limit) -> Result<Answer, Problem> {
        let unanswered = |detail: &dyn fmt::Display| {
            format!("{} /{} was not answered: {detail}", ask.method, ask.path.join("/"))
        };
        let answer = async {
            let request = self.request(ask, &[("accept", "application/json")]).await?;
            let failed = |error: reqwest::Error| {
                Problem::no_answer(unanswered(&Causes(&error)), Arc::new(error))
            };
            let response = self.http().execute(request).await.map_err(failed)?;
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            let body = response.bytes().await.map_err(failed)?.to_vec();
            Ok(Answer { status, headers, body })
        };
        match timeout_at(limit.0, answer).await {
            Ok(answer) => answer,
            Err(over) => {
                Err(Problem::no_answer(unanswered(&"the call's time is over"), Arc::new(over)))
            }
        }
    }

    /// What sends.
    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.0.http
    }

    /// The request with who asks and `more` headers.
    pub(crate) async fn request(
        &self,
        ask: &Ask,
        more: &[(&str, &str)],
    ) -> Result<reqwest::Request, Problem> {
        if let Some(why) = &ask.unsendable {
            return Err(Problem::unsendable(why.clone()));
        }
        let mut url = self.0.base.clone();
        url.path_segments_mut()
            .map_err(|()| Problem::unsendable("expected a base URL with a host".to_owned()))?
            .pop_if_empty()
            .extend(&ask.path);
        if !ask.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&ask.query);
        }
        let mut request = reqwest::Request::new(ask.method.clone(), url);
        let headers = request.headers_mut();
        let who = match self.settings().who().await {
            Credentials::None => None,
            Credentials::ApiKey(key) => Some(("x-api-key", key)),
            Credentials::Token(token) => Some(("authorization", format!("Bearer {token}"))),
        };
        if let Some((name, secret)) = who {
            set(headers, name, &secret)?.set_sensitive(true);
        }
        for (name, value) in more {
            set(headers, name, value)?;
        }
        for (name, value) in &ask.headers {
            set(headers, name, value)?;
        }
        if let Some((media_type, body)) = &ask.body {
            set(headers, "content-type", media_type)?;
            *request.body_mut() = Some(body.clone().into());
        }
        Ok(request)
    }
}

fn set<'a>(
    headers: &'a mut HeaderMap,
    name: &str,
    value: &str,
) -> Result<&'a mut HeaderValue, Problem> {
    let unsendable =
        || Problem::unsendable(format!("expected a header `{name}` of visible characters"));
    let key = HeaderName::try_from(name).map_err(|_| unsendable())?;
    let value = HeaderValue::try_from(value).map_err(|_| unsendable())?;
    headers.insert(key.clone(), value);
    headers.get_mut(&key).ok_or_else(unsendable)
}

/// An error and what it comes from: the first alone says that sending failed, and not why.
pub(crate) struct Causes<'a>(pub(crate) &'a dyn Error);

impl fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut next = self.0.source();
        while let Some(error) = next {
            write!(f, ": {error}")?;
            next = error.source();
        }
        Ok(())
    }
}

/// The problem that an answer is.
pub(crate) fn problem_of(status: u16, headers: &HeaderMap, body: &[u8]) -> Problem {
    let seconds = headers.get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
    let retry_after = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    Problem::of(status, body, retry_after)
}

/// How long to wait before the next try: longer each time, and not all clients at once.
pub(crate) fn delay(again: u32) -> Duration {
    let (first, longest) = PAUSES;
    let pause = first.saturating_mul(2_u32.saturating_pow(again)).min(longest);
    pause.mul_f64(0.5 + fastrand::f64() / 2.0)
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Transport").field(self.settings()).finish()
    }
}
