//! Serving an operation that sends a command: validate, append, answer 202, or wait for the outcome.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use axum::Json;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use charter_domain::{Contract, Message};
use charter_engine::outcomes::{OutcomeHints, Waiter};
use charter_engine::submit::{NewCommand, SendError};
use charter_engine::trace::{self, Kind, Span, SpanContext};
use contract_shared::Outcome;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use crate::access::AdmittedRequest;
use crate::api::Api;
use crate::cursor::At;
use crate::document::OperationSchema;
use crate::idempotency;
use crate::input::Input;
use crate::log_lines;
use crate::middleware::correlation_id;
use crate::operation::{CommandOperation, Fill};
use crate::precondition;
use crate::preferences;
use crate::problem::{Problem, Violation};
use crate::status;
use crate::trace_context::TRACEPARENT;

/// How long a waiting request waits for the outcome's row when no hint has come.
const ROW_WAIT: Duration = Duration::from_secs(2);

/// How long a `Location` is at most for nearly all, in bytes.
const USUAL_LOCATION: usize = 384;

/// The answer to a command that was taken and is not decided yet.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Pending<'a> {
    command_id: Uuid,
    correlation_id: &'a str,
    status: &'static str,
}

/// Serves one request of the operation `O`.
///
/// Thousands of commands wait for the log at once, and what they hold is what they cost: reading is over by then, and so
/// is the request with all but what is named here.
///
/// # Errors
/// What is wrong with the request, or why the command was not taken.
pub fn serve<O: CommandOperation>(
    api: &Api,
    request: AdmittedRequest,
) -> impl Future<Output = Result<Response, Problem>> + Send + use<'_, O> {
    let correlation = correlation_id(&request.request);
    let schema = api.schema(O::OPERATION);
    let read_key = move |headers: &HeaderMap| idempotency::key(headers, schema.needs_key);
    let reading = Box::pin(Input::read(O::OPERATION, schema, request, read_key));
    async move { send::<O>(api, schema, reading, &correlation).await }
}

async fn send<O: CommandOperation>(
    api: &Api,
    schema: &OperationSchema,
    reading: Pin<Box<impl Future<Output = Result<(Input, Option<String>), Problem>> + Send>>,
    correlation: &str,
) -> Result<Response, Problem> {
    let operation = O::OPERATION;
    let (input, key) = reading.await?;
    let Input { parameters, body, headers, path, query, tenant, principal } = input;
    let key = key.as_deref();
    let expected_sequence = precondition::expected_sequence(&headers, schema.if_match)?;
    let wait = preferences::wait(&headers);

    let command_id = match (key, api.named_command_id(&headers)) {
        (None, Some(named)) => named,
        _ => idempotency::command_id(&tenant, principal.id(), operation.id, key),
    };
    log_lines::sends(command_id);
    // Only what has a key can be repeated under the same id.
    let hash =
        key.map(|_| idempotency::request_hash(&path, &query, body.as_ref(), expected_sequence));
    if hash.is_some()
        && let Some(first) = Box::pin(status::outcome(api, Some(&tenant), command_id)).await?
    {
        return decided(api, &first, hash.as_ref(), &path);
    }

    let parameters = typed(Value::Object(parameters))?;
    let body = typed(body.unwrap_or_else(|| Value::Object(serde_json::Map::default())))?;
    let command = O::command(parameters, body, &Fill::new(command_id));
    let wire_type = command.message_type().wire_type;

    let sender = api.sender::<O::Contract>().ok_or_else(|| {
        Problem::unavailable(format!("this process takes no commands of `{}`", O::Contract::NAME))
    })?;
    let waiter = match (wait, api.hints()) {
        (Some(wait), Some(hints)) if !wait.is_zero() => {
            hints.expect(command_id).ok().map(|waiter| (wait, waiter))
        }
        _ => None,
    };
    let traceparent = headers.get(TRACEPARENT).and_then(|value| value.to_str().ok());
    let traceparent = traceparent.map(str::to_owned);
    let request = waiter.as_ref().and(traceparent.as_deref());
    let request = request.and_then(|text| SpanContext::sampled(text.as_bytes()));
    let subject = Some(principal.subject()).filter(|subject| !subject.is_empty());
    let command = NewCommand {
        command_id,
        tenant: tenant.clone(),
        correlation_id: correlation.to_owned(),
        causation_id: None,
        actor: subject.map(str::to_owned),
        reply_to: waiter.as_ref().and(api.hints()).map(OutcomeHints::reply_to),
        request_hash: hash,
        traceparent,
        expected_sequence,
        command,
    };
    let command = sender.prepare(command);
    drop((headers, principal, query));
    let (lag, context) = (api.lag(), O::Contract::NAME);
    let admitted = lag.admit(&**api.store(), context, command.partition()).await;
    admitted.map_err(|problem| problem.command_id(command_id))?;
    let accepted = sender.append(command).await.map_err(|error| refused(&error, command_id))?;

    lag.appended(context, accepted.partition, accepted.offset);

    // From here on nothing may fail: the command is taken, and the client must learn its id.
    if let Some((wait, waiter)) = waiter {
        let asked = Asked { begun: SystemTime::now(), request, command_id };
        let waiting = Box::pin(await_outcome(api, &tenant, command_id, wait, waiter));
        if let Some(outcome) = waiting.await {
            asked.answered(&outcome);
            return Ok(applied_preference(wait, decided(api, &outcome, hash.as_ref(), &path)?));
        }
    }
    let at = At {
        command_id,
        context: context.into(),
        wire_type: wire_type.into(),
        tenant,
        partition: accepted.partition,
        offset: accepted.offset,
        accepted_us: accepted.time.micros(),
        hash: hash.as_ref().map(|hash| At::hash_text(hash)),
    };
    Ok(pending(command_id, correlation, &at))
}

/// A command whose outcome is waited for.
struct Asked {
    begun: SystemTime,
    /// The span of the request, where it is recorded.
    request: Option<SpanContext>,
    command_id: Uuid,
}

impl Asked {
    /// The outcome is there: a span of the wait, where the request is recorded.
    fn answered(self, outcome: &Outcome) {
        let Some(request) = self.request else { return };
        trace::end(Span {
            name: "await outcome".into(),
            kind: Kind::Internal,
            context: request.child(),
            parent: Some(request.span),
            begun: self.begun,
            ended: SystemTime::now(),
            attributes: vec![
                ("charter.command.id", self.command_id.to_string().into()),
                ("charter.outcome", outcome.status.as_str().into()),
            ],
            links: Vec::new(),
            error: None,
        });
    }
}

/// The value in the contract's Rust form. It was validated before, so what fails here is a number's form
/// (`1.0` for an integer) at most.
pub(crate) fn typed<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    serde_json::from_value(value).map_err(|error| {
        Problem::validation(vec![Violation { pointer: String::new(), detail: error.to_string() }])
    })
}

fn refused(error: &SendError, command_id: Uuid) -> Problem {
    match error {
        SendError::FateUnknown { .. } => Problem::append_unknown(
            "the log did not confirm it",
            "send it again with the same Idempotency-Key, or read its status",
        ),
        SendError::TooLarge { .. } => Problem::too_large(error.to_string()),
        SendError::Unavailable { .. } | SendError::Log(_) => {
            Problem::unavailable(error.to_string())
        }
        _ => Problem::internal(error),
    }
    .command_id(command_id)
}

async fn await_outcome(
    api: &Api,
    tenant: &str,
    command_id: Uuid,
    wait: Duration,
    waiter: Waiter,
) -> Option<Outcome> {
    if let Some(outcome) = api.bounded(wait, waiter.wait(wait)).await.flatten() {
        return Some(outcome);
    }
    // A hint may be lost; the row is the outcome. Where it can't be read, the client asks later.
    let row = api.store().outcome(Some(tenant), command_id);
    match tokio::time::timeout(ROW_WAIT, row).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(error)) => {
            tracing::warn!(error = &error as &dyn std::error::Error, %command_id, "an outcome can't be read");
            None
        }
        Err(_) => {
            tracing::warn!(%command_id, "an outcome could not be read in time");
            None
        }
    }
}

fn pending(command_id: Uuid, correlation: &str, at: &At) -> Response {
    let body = Pending { command_id, correlation_id: correlation, status: "PENDING" };
    let mut location = String::with_capacity(USUAL_LOCATION);
    location.push_str("/v1/commands/");
    location.push_str(command_id.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
    location.push_str("?at=");
    at.push_to(&mut location);
    let mut response = (StatusCode::ACCEPTED, Json(body)).into_response();
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// The answer to a command that is decided. Where the request has an idempotency key, its hash must be
/// the first request's.
fn decided(
    api: &Api,
    outcome: &Outcome,
    hash: Option<&[u8; 32]>,
    instance: &str,
) -> Result<Response, Problem> {
    if let Some(hash) = hash {
        status::check_hash(outcome, hash)?;
    }
    Ok(status::respond(api, outcome, instance))
}

fn applied_preference(wait: Duration, mut response: Response) -> Response {
    if let Ok(value) = HeaderValue::try_from(format!("wait={}", wait.as_secs())) {
        response.headers_mut().insert(HeaderName::from_static("preference-applied"), value);
    }
    response
}
