//! A registry over HTTP, as Confluent's API describes it.

use std::collections::HashSet;
use std::error::Error;
use std::future::Future;
use std::time::Duration;

use async_trait::async_trait;
use schema_registry_converter::async_impl::schema_registry::{
    SrSettings, get_referenced_schema, get_schema_by_id, perform_sr_call, post_schema,
};
use schema_registry_converter::error::SRCError;
use schema_registry_converter::schema_registry_common::{
    RawError, RegisteredReference, SchemaType, SrCall, SuppliedSchema,
};
use tokio::time::Instant;

use super::registry::{RegisteredSchema, RegistryError, SchemaRegistry};

/// The pause after the first failed try; each next one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// The longest pause between tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How deep and how many references of one schema are followed: beyond is a loop or an attack.
const MOST_REFERENCES: usize = 256;

/// How a registry is asked.
#[derive(Clone, Debug)]
pub struct RegistrySettings {
    /// Where it is: `http://localhost:8081`.
    pub url: String,
    /// How long one try may take.
    pub timeout: Duration,
    /// How long a registry that is not available is tried again before the caller hears of it. Long
    /// enough for one that starts at the same time.
    pub patience: Duration,
}

impl RegistrySettings {
    /// The registry at `url`, with 5 s for a try and 30 s of patience.
    pub fn new(url: impl Into<String>) -> Self {
        let (timeout, patience) = (Duration::from_secs(5), Duration::from_secs(30));
        Self { url: url.into(), timeout, patience }
    }
}

/// A Confluent-compatible registry over HTTP.
#[derive(Debug)]
pub struct ConfluentRegistry {
    settings: RegistrySettings,
    client: SrSettings,
}

impl ConfluentRegistry {
    /// A client of the registry; nothing is asked yet.
    ///
    /// # Errors
    /// [`RegistryError::Unavailable`] where no client for such a URL can be made.
    pub fn new(settings: RegistrySettings) -> Result<Self, RegistryError> {
        let RegistrySettings { url, timeout, patience } = settings;
        let url = url.trim_end_matches('/').to_owned();
        let unusable = |reason: String| RegistryError::Unavailable { url: url.clone(), reason };
        let parsed = reqwest::Url::parse(&url).map_err(|error| {
            unusable(format!(
                "a URL such as `http://localhost:8081` is expected, found `{url}` ({error})"
            ))
        })?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(unusable(format!(
                "a URL with `http` or `https` is expected, found `{}`",
                parsed.scheme()
            )));
        }
        let client = SrSettings::new_builder(url.clone())
            .set_timeout(timeout)
            .build()
            .map_err(|error| unusable(cause(&error)))?;
        Ok(Self { settings: RegistrySettings { url, timeout, patience }, client })
    }

    /// Does `ask` until it answers, is refused, or the patience has run out.
    async fn patiently<T, F>(&self, ask: impl Fn() -> F + Send) -> Result<T, SRCError>
    where
        F: Future<Output = Result<T, SRCError>> + Send,
        T: Send,
    {
        let deadline = Instant::now() + self.settings.patience;
        let mut pause = FIRST_PAUSE;
        loop {
            let error = match ask().await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if !may_pass(&error) || Instant::now() + pause > deadline {
                return Err(error);
            }
            tracing::debug!(
                url = self.settings.url,
                error = cause(&error),
                ?pause,
                "the schema registry is asked again"
            );
            metrics::counter!("charter_registry_retries_total").increment(1);
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn failed(&self, error: &SRCError) -> RegistryError {
        if may_pass(error) {
            return self.unavailable(error);
        }
        let (url, reason) = (self.settings.url.clone(), cause(error));
        RegistryError::Refused { url, code: code(error), reason }
    }

    /// What a reader is told of any failure that is not surely the schema's: a password that expired or
    /// a proxy that has lost its way must not make messages unreadable forever.
    fn unavailable(&self, error: &SRCError) -> RegistryError {
        RegistryError::Unavailable { url: self.settings.url.clone(), reason: cause(error) }
    }

    /// The schemas that `references` of schema `id` name, each after those that it names itself.
    async fn references(
        &self,
        id: u32,
        references: Vec<RegisteredReference>,
    ) -> Result<Vec<String>, RegistryError> {
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        // What is still to do: to fetch a reference, or to give a fetched one after its own.
        let mut open: Vec<Result<String, RegisteredReference>> =
            references.into_iter().rev().map(Err).collect();
        while let Some(next) = open.pop() {
            match next {
                Ok(schema) => found.push(schema),
                Err(reference) => {
                    if !seen.insert((reference.subject.clone(), reference.version)) {
                        continue;
                    }
                    if seen.len() > MOST_REFERENCES {
                        return Err(RegistryError::Unusable {
                            id,
                            reason: format!("it has more than {MOST_REFERENCES} references"),
                        });
                    }
                    let fetched = self
                        .patiently(|| get_referenced_schema(&self.client, &reference))
                        .await
                        .map_err(|error| self.unavailable(&error))?;
                    open.push(Ok(fetched.schema));
                    open.extend(fetched.references.into_iter().rev().map(Err));
                }
            }
        }
        Ok(found)
    }
}

#[async_trait]
impl SchemaRegistry for ConfluentRegistry {
    async fn register(&self, subject: &str, schema: &str) -> Result<u32, RegistryError> {
        let registered = self
            .patiently(|| {
                let supplied = SuppliedSchema::new(None, SchemaType::Avro, schema.to_owned());
                post_schema(&self.client, subject.to_owned(), supplied)
            })
            .await;
        registered.map(|registered| registered.id).map_err(|error| {
            let (subject, reason) = (subject.to_owned(), cause(&error));
            match code(&error) {
                // Confluent's registry answers 409 for a schema that is incompatible with an earlier one.
                409 | 40_901 => RegistryError::Incompatible { subject, reason },
                // 42201: invalid schema; 422: the same from older registries.
                422 | 42_201 => RegistryError::Invalid { subject, reason },
                _ => self.failed(&error),
            }
        })
    }

    async fn look_up(&self, subject: &str, schema: &str) -> Result<Option<u32>, RegistryError> {
        let body = serde_json::json!({ "schema": schema, "schemaType": "AVRO" }).to_string();
        let call = SrCall::PostForVersion(subject, &body);
        match self.patiently(|| perform_sr_call(&self.client, call)).await {
            Ok(found) => Ok(found.id),
            // 40401: no such subject; 40403: the subject has no such schema.
            Err(error) if matches!(code(&error), 404 | 40_401 | 40_403) => Ok(None),
            Err(error) => Err(self.failed(&error)),
        }
    }

    async fn schema(&self, id: u32) -> Result<Option<RegisteredSchema>, RegistryError> {
        match self.patiently(|| get_schema_by_id(id, &self.client)).await {
            Ok(found) if found.schema_type == SchemaType::Avro => {
                let references = self.references(id, found.references).await?;
                Ok(Some(RegisteredSchema { schema: found.schema, references }))
            }
            Ok(found) => Err(RegistryError::Unusable {
                id,
                reason: format!("it is {:?}, expected Avro", found.schema_type),
            }),
            // 40403: no such schema.
            Err(error) if matches!(code(&error), 404 | 40_403) => Ok(None),
            Err(error) => Err(self.unavailable(&error)),
        }
    }
}

/// Whether the registry may answer another time: it wasn't reached, said that it is out of order or too
/// busy, or it wasn't the registry that answered, whose errors have a code.
fn may_pass(error: &SRCError) -> bool {
    let status = status(error);
    if error.retriable || status.is_some_and(is_passing) {
        return true;
    }
    match code(error) {
        // A proxy that asks for a password answers without a code, too.
        0 => !matches!(status, Some(401 | 403)),
        code @ 10_000.. => is_passing(code / 100),
        code => is_passing(code),
    }
}

/// Whether a request that is answered with this HTTP status may be answered otherwise another time.
fn is_passing(status: u32) -> bool {
    matches!(status, 408 | 429 | 500..=599)
}

/// The HTTP status of the answer. The client keeps it only in its message.
fn status(error: &SRCError) -> Option<u32> {
    let (_, said) = error.error.split_once(" failed with status ")?;
    said.split_whitespace().next()?.parse().ok()
}

/// The registry's error code; 0 where it gave none.
fn code(error: &SRCError) -> u32 {
    raw(error).map_or(0, |raw| raw.error_code)
}

/// What a person reads: what the registry said, or else the innermost cause, without the client's own
/// notes about retrying.
fn cause(error: &SRCError) -> String {
    if let Some(raw) = raw(error).filter(|raw| raw.error_code != 0) {
        return raw.message.clone();
    }
    let mut innermost: &dyn Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    if std::ptr::addr_eq(innermost, error) || raw(error).is_some() {
        return error.error.clone();
    }
    innermost.to_string()
}

fn raw(error: &SRCError) -> Option<&RawError> {
    error.source()?.downcast_ref()
}
