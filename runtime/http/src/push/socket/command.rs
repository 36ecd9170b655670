//! A command of a socket as the request of its operation, and the answer as an acknowledgement.

use std::fmt;

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use serde_json::{Map, Value, json};
use tower::ServiceExt as _;

use super::Sockets;
use super::client::Client;
use crate::idempotency::IDEMPOTENCY_KEY;
use crate::middleware::{REQUEST_TIMEOUT, took_too_long};
use crate::operation::Operation;
use crate::preferences::PREFER;
use crate::problem::{Problem, Violation};
use crate::push::SocketCommand;

/// The largest answer that is taken from an operation, in bytes.
const MAX_ANSWER: usize = 4 << 20;
/// How long an outcome is waited for before the acknowledgement says `PENDING`, as `Prefer` asks for it.
const WAIT: &str = "wait=30";

impl Sockets {
    /// Sends a command as its operation does; gives what the client is acknowledged with.
    pub(super) async fn command(
        &self,
        client: &Client,
        command: &SocketCommand,
        payload: Option<Value>,
    ) -> Value {
        let answer = match self.sent(client, command, payload).await {
            Ok(answer) => answer,
            Err(problem) => json!({"status": "REFUSED", "problem": problem.to_json()}),
        };
        let status = answer["status"].as_str().unwrap_or_default().to_owned();
        let labels = [("command", command.wire_type.to_owned()), ("status", status)];
        metrics::counter!("charter_push_commands_total", &labels).increment(1);
        answer
    }

    async fn sent(
        &self,
        client: &Client,
        command: &SocketCommand,
        payload: Option<Value>,
    ) -> Result<Value, Problem> {
        let request = request(client, command.operation, payload)?;
        let answered = async {
            let response = match self.operations.clone().oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            };
            let (parts, body) = response.into_parts();
            let read = Limited::new(body, MAX_ANSWER).collect().await;
            let bytes = read.map_err(|_| fate_unknown("the answer broke off"))?.to_bytes();
            let answer = serde_json::from_slice(&bytes).unwrap_or_default();
            Ok(self.acknowledged(command, parts.status, &parts.headers, answer))
        };
        let answer = tokio::time::timeout(REQUEST_TIMEOUT, answered).await;
        answer.map_err(|_| fate_unknown(took_too_long(REQUEST_TIMEOUT)))?
    }

    /// What an answer over HTTP is on a socket.
    fn acknowledged(
        &self,
        command: &SocketCommand,
        status: StatusCode,
        headers: &HeaderMap,
        answer: Value,
    ) -> Value {
        let mut acknowledged = Map::new();
        if let Some(id) = answer.get("commandId") {
            acknowledged.insert("commandId".to_owned(), id.clone());
        }
        let header = |name: header::HeaderName| {
            let value = headers.get(name).and_then(|value| value.to_str().ok());
            value.map(Value::from)
        };
        if status.is_success() {
            let status = answer.get("status").cloned().unwrap_or_else(|| "PENDING".into());
            acknowledged.insert("status".to_owned(), status);
            if let Some(cursor) = answer.get("cursor") {
                acknowledged.insert("cursor".to_owned(), cursor.clone());
            }
            if let Some(at) = header(header::LOCATION) {
                acknowledged.insert("location".to_owned(), at);
            }
            return acknowledged.into();
        }
        let code = answer.get("code").and_then(Value::as_str).unwrap_or_default();
        let declared =
            self.api.command_type(command.wire_type).and_then(|known| known.rejection(code));
        let outcome = match declared {
            _ if code == "COMMAND_FAILED" => "FAILED",
            Some(_) if answer.get("commandId").is_some() => "REJECTED",
            // It was never a command, or whether it is one is not known.
            Some(_) | None => "REFUSED",
        };
        acknowledged.insert("status".to_owned(), outcome.into());
        if let Some(cursor) = header(header::HeaderName::from_static("charter-cursor")) {
            acknowledged.insert("cursor".to_owned(), cursor);
        }
        acknowledged.insert("problem".to_owned(), answer);
        acknowledged.into()
    }
}

fn fate_unknown(why: impl fmt::Display) -> Problem {
    Problem::append_unknown(why, "send it again with the same `idempotencyKey`")
}

/// The request of an operation: what its path names is taken from the payload, the rest is its body.
fn request(
    client: &Client,
    operation: &Operation,
    payload: Option<Value>,
) -> Result<Request<Body>, Problem> {
    let (path, key, body) = parts(operation, payload)?;
    let method = Method::from_bytes(operation.method.as_bytes())
        .map_err(|error| Problem::internal(&error))?;
    let kind =
        if method == Method::PATCH { "application/merge-patch+json" } else { "application/json" };
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::CONTENT_TYPE, kind)
        .header(PREFER, WAIT);
    if let Some(key) = key {
        request = request.header(IDEMPOTENCY_KEY, key);
    }
    let mut request = request
        .body(Body::from(Value::Object(body).to_string()))
        .map_err(|_| wrong("/idempotencyKey", "expected 8 to 128 characters of `A-Za-z0-9_:-`"))?;
    for (name, value) in &client.headers {
        request.headers_mut().append(name, value.clone());
    }
    if let Some(peer) = client.connection {
        request.extensions_mut().insert(peer);
    }
    Ok(request)
}

fn wrong(pointer: &str, detail: &str) -> Problem {
    Problem::validation(vec![Violation { pointer: pointer.to_owned(), detail: detail.to_owned() }])
}

/// Path, idempotency key and body.
type Parts = (String, Option<String>, Map<String, Value>);

/// The parts of a request that a payload stands for.
fn parts(operation: &Operation, payload: Option<Value>) -> Result<Parts, Problem> {
    let Some(Value::Object(mut members)) = payload else {
        return Err(wrong("", "expected an object"));
    };
    let key = match members.shift_remove("idempotencyKey") {
        None | Some(Value::Null) => None,
        Some(Value::String(key)) => Some(key),
        Some(_) => return Err(wrong("/idempotencyKey", "expected a text")),
    };
    let mut path = String::new();
    for segment in operation.path.split('/').skip(1) {
        path.push('/');
        let Some(name) = segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) else {
            path.push_str(segment);
            continue;
        };
        match members.shift_remove(name) {
            // Neither is a segment of its own (RFC 3986 section 5.2.4), nor any value that contracts allow.
            Some(Value::String(value)) if !matches!(value.as_str(), "" | "." | "..") => {
                // Spaces are `+` in forms and `%20` in paths.
                let encoded: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
                path.push_str(&encoded.replace('+', "%20"));
            }
            Some(_) | None => return Err(wrong(&format!("/{name}"), "expected a text")),
        }
    }
    Ok((path, key, members))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::{Access, Dispatch, OperationKind};

    const HOLD: &Operation = &Operation {
        id: "holdSeats",
        method: "POST",
        path: "/v1/shows/{showId}/holds",
        tenant: None,
        kind: OperationKind::Command {
            context: "seat",
            wire_type: "seat.holdRequest",
            dispatch: Dispatch::Queue,
        },
        access: Access::KNOWN,
    };

    #[test]
    fn a_payload_is_path_key_and_body() {
        let payload = json!({"showId": "a b/c", "seatIds": ["x"], "idempotencyKey": "key-4711"});
        let (path, key, body) = parts(HOLD, Some(payload)).expect("a request");
        assert_eq!(path, "/v1/shows/a%20b%2Fc/holds");
        assert_eq!(key.as_deref(), Some("key-4711"));
        assert_eq!(Value::Object(body), json!({"seatIds": ["x"]}));
    }

    #[test]
    fn what_no_request_can_be_made_of_is_named() {
        for (payload, pointer) in [
            (None, ""),
            (Some(json!([1])), ""),
            (Some(json!({"seatIds": []})), "/showId"),
            (Some(json!({"showId": 7})), "/showId"),
            (Some(json!({"showId": ".."})), "/showId"),
            (Some(json!({"showId": "a", "idempotencyKey": 7})), "/idempotencyKey"),
        ] {
            let problem = parts(HOLD, payload).expect_err("no request").to_json();
            assert_eq!(problem["code"], "VALIDATION_FAILED");
            assert_eq!(problem["errors"][0]["pointer"], pointer);
        }
    }
}
