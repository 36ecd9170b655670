//! A registry over HTTP.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use reqwest::blocking::{Client as Http, Response};
use reqwest::{Method, StatusCode, Url};
use serde_json::{Value, json};

/// How long a request may take: the registry's own limit, and some way.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(40);

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The most schemas that one refers to by way of others.
const MAX_REFERENCES: usize = 1_000;

/// A Confluent-compatible registry.
pub(crate) struct Client {
    http: Http,
    base: Url,
    user: Option<(String, String)>,
}

/// A version of a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Registered {
    pub(super) id: u64,
    pub(super) version: u64,
    pub(super) schema: String,
}

/// What a schema takes from another subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reference {
    pub(super) name: String,
    pub(super) version: u64,
}

/// A schema and the texts of all that it refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Whole {
    pub(crate) schema: String,
    pub(crate) references: Vec<String>,
}

/// Whether a schema would be let in.
pub(super) enum Verdict {
    /// The subject has no versions.
    New,
    Compatible,
    /// Every reason.
    Refused(Vec<String>),
}

impl Client {
    pub(crate) fn new(url: &str, user: Option<&str>) -> anyhow::Result<Self> {
        let expected = "expected an address such as `https://registry.example.com`, in `--url`";
        let base = Url::parse(url).with_context(|| format!("`{url}`: {expected}"))?;
        if base.cannot_be_a_base() || !["http", "https"].contains(&base.scheme()) {
            bail!("`{url}`: {expected}");
        }
        let user = user
            .map(|user| user.split_once(':').context("expected `NAME:SECRET` in `--user`"))
            .transpose()?
            .map(|(name, secret)| (name.to_owned(), secret.to_owned()));
        let http =
            Http::builder().timeout(REQUEST_TIMEOUT).connect_timeout(CONNECT_TIMEOUT).build()?;
        Ok(Self { http, base, user })
    }

    /// The subjects that begin with `prefix`, in order.
    pub(crate) fn subjects(&self, prefix: &str) -> anyhow::Result<Vec<String>> {
        let all = self.ok(Method::GET, &["subjects"], "", None)?;
        let all = all.as_array().context("expected a list of subjects")?;
        let names = all.iter().filter_map(Value::as_str).filter(|name| name.starts_with(prefix));
        Ok(names.map(str::to_owned).collect())
    }

    /// The latest version of a subject; none where the subject has no versions.
    pub(super) fn latest(&self, subject: &str) -> anyhow::Result<Option<Registered>> {
        let path = ["subjects", subject, "versions", "latest"];
        self.found(Method::GET, &path, "", None)?.as_ref().map(registered).transpose()
    }

    /// The numbers of a subject's versions, oldest first; none where it has none.
    pub(crate) fn versions(&self, subject: &str) -> anyhow::Result<Vec<u64>> {
        let path = ["subjects", subject, "versions"];
        let found = self.found(Method::GET, &path, "", None)?;
        let numbers = found.as_ref().and_then(Value::as_array).map(Vec::as_slice);
        let mut numbers: Vec<u64> =
            numbers.unwrap_or_default().iter().filter_map(Value::as_u64).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// A version of a subject with all that it refers to. `None` where it is no Avro schema.
    pub(crate) fn whole(&self, subject: &str, version: u64) -> anyhow::Result<Option<Whole>> {
        let mut open = vec![(subject.to_owned(), version)];
        let mut seen = HashSet::new();
        let mut texts = Vec::new();
        while let Some((subject, version)) = open.pop() {
            if !seen.insert((subject.clone(), version)) {
                continue;
            }
            if seen.len() > MAX_REFERENCES {
                bail!("`{subject}` refers to more than {MAX_REFERENCES} schemas");
            }
            let number = version.to_string();
            let answer =
                self.ok(Method::GET, &["subjects", &subject, "versions", &number], "", None)?;
            if answer["schemaType"].as_str().is_some_and(|kind| kind != "AVRO") {
                return Ok(None);
            }
            let text = answer["schema"].as_str();
            texts.push(text.context("the registry's answer lacks `schema`")?.to_owned());
            let references = answer["references"].as_array().map(Vec::as_slice).unwrap_or_default();
            for reference in references {
                let subject = reference["subject"].as_str().unwrap_or_default().to_owned();
                open.push((subject, reference["version"].as_u64().unwrap_or_default()));
            }
        }
        let references = texts.split_off(1);
        Ok(texts.pop().map(|schema| Whole { schema, references }))
    }

    /// The version of a subject that holds a schema.
    pub(super) fn find(
        &self,
        subject: &str,
        schema: &str,
        references: &[Reference],
    ) -> anyhow::Result<Option<Registered>> {
        let body = body(schema, references);
        self.found(Method::POST, &["subjects", subject], "", Some(&body))?
            .as_ref()
            .map(registered)
            .transpose()
    }

    /// Registers a schema. The inner error is the registry's refusal.
    pub(super) fn register(
        &self,
        subject: &str,
        schema: &str,
        references: &[Reference],
    ) -> anyhow::Result<Result<(), String>> {
        let body = body(schema, references);
        let path = ["subjects", subject, "versions"];
        let response = self.send(Method::POST, &path, "", Some(&body))?;
        match response.status() {
            StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY => Ok(Err(message(response))),
            _ => answer(response).map(|_| Ok(())),
        }
    }

    /// Whether a schema without references would be let in.
    pub(super) fn check(&self, subject: &str, schema: &str) -> anyhow::Result<Verdict> {
        if self.latest(subject)?.is_none() {
            return Ok(Verdict::New);
        }
        let path = ["compatibility", "subjects", subject, "versions"];
        let verdict = self.ok(Method::POST, &path, "verbose=true", Some(&body(schema, &[])))?;
        if verdict["is_compatible"] == true {
            return Ok(Verdict::Compatible);
        }
        let messages = verdict["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
        Ok(Verdict::Refused(messages.iter().filter_map(Value::as_str).map(str::to_owned).collect()))
    }

    /// The compatibility level in force for a subject.
    pub(super) fn level(&self, subject: &str) -> anyhow::Result<String> {
        let config = self.ok(Method::GET, &["config", subject], "defaultToGlobal=true", None)?;
        let level = config["compatibilityLevel"].as_str();
        Ok(level.context("expected a `compatibilityLevel`")?.to_owned())
    }

    fn ok(
        &self,
        method: Method,
        path: &[&str],
        query: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        answer(self.send(method, path, query, body)?)
    }

    /// As [`Self::ok`], with none for what the registry does not have.
    fn found(
        &self,
        method: Method,
        path: &[&str],
        query: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Option<Value>> {
        let response = self.send(method, path, query, body)?;
        if response.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        answer(response).map(Some)
    }

    fn send(
        &self,
        method: Method,
        path: &[&str],
        query: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Response> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| anyhow!("`{}` is no address of a registry", self.base))?
            .pop_if_empty()
            .extend(path);
        url.set_query(Some(query).filter(|query| !query.is_empty()));
        let mut request = self.http.request(method, url.clone());
        if let Some((name, secret)) = &self.user {
            request = request.basic_auth(name, Some(secret));
        }
        if let Some(body) = body {
            request = request
                .header("content-type", "application/vnd.schemaregistry.v1+json")
                .body(body.to_string());
        }
        request.send().map_err(|error| {
            let reason = anyhow::Error::from(error.without_url());
            reason.context(format!("no answer from `{url}`; check `--url` and that it runs"))
        })
    }
}

fn body(schema: &str, references: &[Reference]) -> Value {
    let references: Vec<Value> = references
        .iter()
        .map(|Reference { name, version }| {
            json!({ "name": name, "subject": name, "version": version })
        })
        .collect();
    json!({ "schema": schema, "schemaType": "AVRO", "references": references })
}

fn registered(answer: &Value) -> anyhow::Result<Registered> {
    let number = |key: &str| {
        answer[key].as_u64().with_context(|| format!("the registry's answer lacks `{key}`"))
    };
    let schema = answer["schema"].as_str().context("the registry's answer lacks `schema`")?;
    Ok(Registered { id: number("id")?, version: number("version")?, schema: schema.to_owned() })
}

fn answer(response: Response) -> anyhow::Result<Value> {
    let status = response.status();
    if status.is_success() {
        return Ok(serde_json::from_str(&response.text()?)?);
    }
    let url = response.url().clone();
    bail!("`{url}` answers {status}: {}", message(response))
}

/// The `message` of an error, or what came instead.
fn message(response: Response) -> String {
    let text = response.text().unwrap_or_default();
    let json: Option<Value> = serde_json::from_str(&text).ok();
    let message = json.as_ref().and_then(|json| json["message"].as_str()).map(str::to_owned);
    message.unwrap_or_else(|| text.chars().take(500).collect())
}
