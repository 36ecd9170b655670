//! Outcomes: a command's status as a client reads it, and as a waiting client gets it.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use charter_engine::store::StoreError;
use charter_engine::submit::SEQUENCE_MISMATCH;
use contract_shared::{Outcome, OutcomeStatus};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use charter_domain::Timestamp;

use crate::access::AdmittedRequest;
use crate::api::Api;
use crate::command::typed;
use crate::cursor::{At, Cursor};
use crate::input::Input;
use crate::operation::Operation;
use crate::problem::{Problem, Violation};

/// The header that carries a cursor.
pub(crate) const CURSOR_HEADER: &str = "charter-cursor";

/// A command's status. `status` is PENDING until it is decided, then final.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CommandStatus<'a> {
    command_id: Uuid,
    #[serde(rename = "type")]
    wire_type: &'a str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Value>,
    events: Vec<EventReference<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
    accepted_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_at: Option<Timestamp>,
}

#[derive(Debug, Serialize)]
struct EventReference<'a> {
    id: Uuid,
    #[serde(rename = "type")]
    wire_type: &'a str,
    sequence: i64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    command_id: Uuid,
    #[serde(default)]
    at: Option<String>,
}

/// Serves `GET /v1/commands/{commandId}`.
///
/// # Errors
/// What is wrong with the request, or why it can't be served.
pub async fn serve(
    api: &Api,
    operation: &'static Operation,
    request: AdmittedRequest,
) -> Result<Response, Problem> {
    let (input, ()) = Input::read(operation, api.schema(operation), request, |_| Ok(())).await?;
    let Parameters { command_id, at } = typed(Value::Object(input.parameters))?;
    let at = match at {
        None => None,
        Some(token) => {
            Some(At::parse(&token).filter(|at| at.command_id == command_id).ok_or_else(|| {
                let detail =
                    "expected the `at` of the `Location` that this API gave for this command";
                Problem::validation(vec![Violation::of_parameter("query", "at", detail)])
            })?)
        }
    };
    // A principal of one tenant sees that tenant's commands, whatever the token says.
    let own = input.principal.only_tenant();
    if own.is_some_and(|own| at.as_ref().is_some_and(|at| at.tenant != own)) {
        return Err(unknown(command_id));
    }
    let tenant = own.or_else(|| at.as_ref().map(|at| at.tenant.as_str()));
    if let Some(outcome) = outcome(api, tenant, command_id).await? {
        return found(api, &outcome, at.as_ref());
    }
    let Some(at) = at.filter(|at| is_of_contract(api, at)) else { return Err(unknown(command_id)) };
    let next = api.store().checkpoint(&at.context, at.partition).await.map_err(store_problem)?;
    if next.is_none_or(|next| next.offset <= at.offset) {
        return Ok(Json(pending(command_id, &at)).into_response());
    }
    // Decided between the two looks, or never there.
    match outcome(api, Some(&at.tenant), command_id).await? {
        Some(outcome) => found(api, &outcome, Some(&at)),
        None => Err(unknown(command_id)),
    }
}

/// Whether such a command can be there at all. A token is not signed.
fn is_of_contract(api: &Api, at: &At) -> bool {
    let context = at.wire_type.split('.').next();
    context == Some(&*at.context) && api.command_type(&at.wire_type).is_some()
}

fn found(api: &Api, outcome: &Outcome, at: Option<&At>) -> Result<Response, Problem> {
    if let Some(hash) = at.and_then(|at| at.hash.as_deref()) {
        let first = outcome.request_hash.as_ref().map(|hash| At::hash_text(hash.as_ref()));
        if first.as_deref() != Some(hash) {
            return Err(reused(outcome.command_id));
        }
    }
    let mut response = Json(status_of(api, outcome)).into_response();
    set_cursor(&mut response, outcome);
    Ok(response)
}

fn pending(command_id: Uuid, at: &At) -> CommandStatus<'_> {
    CommandStatus {
        command_id,
        wire_type: &at.wire_type,
        status: "PENDING",
        code: None,
        detail: None,
        details: None,
        events: Vec::new(),
        cursor: None,
        accepted_at: Timestamp::from_micros(at.accepted_us),
        decided_at: None,
    }
}

fn unknown(command_id: Uuid) -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "COMMAND_UNKNOWN",
        "no decided command has this id; with the `at` of its `Location` one that waits is found too",
    )
    .command_id(command_id)
}

/// The outcome of a command, from its inbox row.
pub(crate) async fn outcome(
    api: &Api,
    tenant: Option<&str>,
    command_id: Uuid,
) -> Result<Option<Outcome>, Problem> {
    api.store().outcome(tenant, command_id).await.map_err(store_problem)
}

/// The answer to a waiting client: 200 where it was applied, its rejection's status as problem details,
/// 500 `COMMAND_FAILED`. It depends on the outcome and the path alone, so a repeat gets the same bytes.
pub(crate) fn respond(api: &Api, outcome: &Outcome, instance: &str) -> Response {
    let mut response = match outcome.status {
        OutcomeStatus::Applied => Json(status_of(api, outcome)).into_response(),
        OutcomeStatus::Rejected => rejection(api, outcome).instance(instance).into_response(),
        OutcomeStatus::Failed => failure(outcome).instance(instance).into_response(),
    };
    set_cursor(&mut response, outcome);
    response
}

fn failure(outcome: &Outcome) -> Problem {
    let detail = outcome.detail.as_deref().unwrap_or("the command could not be processed");
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "COMMAND_FAILED", detail)
        .command_id(outcome.command_id)
}

fn rejection(api: &Api, outcome: &Outcome) -> Problem {
    let code = outcome.code.clone().unwrap_or_default();
    let declared = api.command_type(&outcome.r#type).and_then(|message| message.rejection(&code));
    // A code of an older contract, declared no more, still is a refusal.
    let other = if code == SEQUENCE_MISMATCH { 412 } else { 409 };
    let status = declared.map_or(other, |declared| declared.status);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::CONFLICT);
    let detail =
        outcome.detail.clone().or_else(|| declared.map(|declared| declared.doc.to_owned()));
    let detail = detail.unwrap_or_else(|| "a business rule refused the command".to_owned());
    Problem::new(status, code, detail).command_id(outcome.command_id).details(details(outcome))
}

fn status_of<'a>(api: &Api, outcome: &'a Outcome) -> CommandStatus<'a> {
    let declared = outcome.code.as_deref().and_then(|code| {
        api.command_type(&outcome.r#type).and_then(|message| message.rejection(code))
    });
    CommandStatus {
        command_id: outcome.command_id,
        wire_type: &outcome.r#type,
        status: match outcome.status {
            OutcomeStatus::Applied => "APPLIED",
            OutcomeStatus::Rejected => "REJECTED",
            OutcomeStatus::Failed => "FAILED",
        },
        code: outcome.code.as_deref(),
        detail: outcome.detail.as_deref().or_else(|| declared.map(|declared| declared.doc)),
        details: details(outcome),
        events: outcome
            .events
            .iter()
            .map(|event| EventReference {
                id: event.id,
                wire_type: &event.r#type,
                sequence: event.sequence,
            })
            .collect(),
        cursor: Some(cursor(outcome).to_string()),
        accepted_at: outcome.accepted_at,
        decided_at: Some(outcome.decided_at),
    }
}

fn details(outcome: &Outcome) -> Option<Value> {
    outcome.details.as_deref().and_then(|text| serde_json::from_str(text).ok())
}

fn cursor(outcome: &Outcome) -> Cursor {
    let partition = u32::try_from(outcome.partition).unwrap_or_default();
    Cursor::of(&outcome.context, [(partition, outcome.position)])
}

fn set_cursor(response: &mut Response, outcome: &Outcome) {
    if let Ok(value) = cursor(outcome).to_string().parse() {
        response.headers_mut().insert(CURSOR_HEADER, value);
    }
}

/// Refuses an idempotency key that came with another request before.
pub(crate) fn check_hash(outcome: &Outcome, hash: &[u8; 32]) -> Result<(), Problem> {
    let first: Option<&[u8]> = outcome.request_hash.as_ref().map(AsRef::as_ref);
    if first == Some(&hash[..]) { Ok(()) } else { Err(reused(outcome.command_id)) }
}

fn reused(command_id: Uuid) -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "IDEMPOTENCY_KEY_REUSED",
        "this Idempotency-Key came with another request before; use a new key for a new request",
    )
    .command_id(command_id)
}

/// What a client learns of a store that doesn't answer.
#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
pub(crate) fn store_problem(error: StoreError) -> Problem {
    if error.is_transient() {
        tracing::warn!(error = &error as &dyn std::error::Error, "the store is away");
        let building = matches!(error, StoreError::ViewBuilding { .. });
        Problem::unavailable(if building {
            "the view is being built; try again"
        } else {
            "the store does not answer; try again"
        })
    } else {
        Problem::internal(&error)
    }
}
