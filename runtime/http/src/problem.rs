//! Problem details (RFC 9457): the only form in which this API reports an error.

use std::borrow::Cow;
use std::fmt;

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

/// The media type of problem details.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// The most violations that one answer names.
pub(crate) const MAX_VIOLATIONS: usize = 100;
/// The longest path that an answer repeats, in characters.
const MAX_INSTANCE: usize = 1_024;

/// An error as a client gets it. Its code is stable; title and detail are for people.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem(Box<Body>);

/// The document, boxed, so that a result with a problem stays small.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    /// `urn:charter:problem:` and the code.
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    /// The HTTP status, 400–599.
    status: u16,
    detail: String,
    /// The path of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    code: Cow<'static, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Violation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Value>,
    #[serde(skip)]
    retry_after_s: Option<u32>,
    #[serde(skip)]
    header: Option<(HeaderName, HeaderValue)>,
}

/// One violation of the contract by a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// The value: a JSON pointer (RFC 6901) into the body, or `path/`, `query/` or `header/` and the
    /// parameter's name.
    pub pointer: String,
    /// What was expected and what was found.
    pub detail: String,
}

impl Violation {
    /// A violation of the parameter or header `name`.
    pub fn of_parameter(place: &str, name: &str, detail: impl Into<String>) -> Self {
        Self { pointer: format!("{place}/{name}"), detail: detail.into() }
    }
}

impl Problem {
    /// A problem with this status, stable code, and a sentence for a person.
    #[must_use]
    pub fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<String>,
    ) -> Self {
        let code = code.into();
        Self(Box::new(Body {
            kind: format!("urn:charter:problem:{code}"),
            title: title_of(status),
            status: status.as_u16(),
            detail: detail.into(),
            instance: None,
            code,
            correlation_id: None,
            command_id: None,
            errors: Vec::new(),
            details: None,
            retry_after_s: None,
            header: None,
        }))
    }

    /// The request breaks the contract: 422 `VALIDATION_FAILED` with every violation.
    #[must_use]
    pub fn validation(errors: Vec<Violation>) -> Self {
        let detail = match errors.len() {
            1 => "one value breaks the contract".to_owned(),
            MAX_VIOLATIONS.. => {
                format!("{MAX_VIOLATIONS} values or more break the contract; these are the first")
            }
            count => format!("{count} values break the contract"),
        };
        let mut problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "VALIDATION_FAILED", detail);
        problem.0.errors = errors;
        problem
    }

    /// The request can't be read: 400 `MALFORMED`.
    #[must_use]
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "MALFORMED", detail)
    }

    /// Something that a client can't mend failed here: 500 `INTERNAL`. The cause goes to the log.
    pub fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error, "a request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "INTERNAL",
            "the service failed on this request; its log names the cause under the correlation id",
        )
    }

    /// A part is away for a while: 503 `UNAVAILABLE`, to be tried again in a second.
    #[must_use]
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", detail).retry_after_s(1)
    }

    /// Whether the command was taken is not known, and why: 503 `APPEND_UNKNOWN`.
    #[must_use]
    pub fn append_unknown(why: impl fmt::Display, what_to_do: &str) -> Self {
        let detail = format!("{why}, so whether the command was taken is not known; {what_to_do}");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "APPEND_UNKNOWN", detail).retry_after_s(1)
    }

    /// The body or what is appended is too large: 413 `BODY_TOO_LARGE`.
    #[must_use]
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", detail)
    }

    /// The same with the command that it is about.
    #[must_use]
    pub fn command_id(mut self, id: Uuid) -> Self {
        self.0.command_id = Some(id);
        self
    }

    /// The same with the details that the contract names.
    #[must_use]
    pub fn details(mut self, details: Option<Value>) -> Self {
        self.0.details = details;
        self
    }

    /// The same with the path of the request.
    #[must_use]
    pub fn instance(mut self, path: impl Into<String>) -> Self {
        let path: String = path.into();
        self.0.instance = Some(path.chars().take(MAX_INSTANCE).collect());
        self
    }

    /// The same with the request's correlation id.
    #[must_use]
    pub fn correlation_id(mut self, id: impl Into<String>) -> Self {
        self.0.correlation_id = Some(id.into());
        self
    }

    /// The same with a `Retry-After` in seconds.
    #[must_use]
    pub fn retry_after_s(mut self, seconds: u32) -> Self {
        self.0.retry_after_s = Some(seconds);
        self
    }

    /// The same with a header of its own.
    #[must_use]
    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.header = Some((name, value));
        self
    }

    /// The document, for who is not answered over HTTP.
    pub(crate) fn to_json(&self) -> Value {
        serde_json::to_value(&self.0).unwrap_or_default()
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// The status in the words of RFC 9110, where those of the `http` crate are older.
fn title_of(status: StatusCode) -> &'static str {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => "Content Too Large",
        StatusCode::UNPROCESSABLE_ENTITY => "Unprocessable Content",
        other => other.canonical_reason().unwrap_or("Error"),
    }
}

impl IntoResponse for Problem {
    fn into_response(mut self) -> Response {
        let status = self.status();
        let (retry_after_s, own) = (self.0.retry_after_s, self.0.header.take());
        let mut response = (status, Json(self.0)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if let Some(seconds) = retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some((name, value)) = own {
            headers.insert(name, value);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_has_the_members_of_rfc_9457() {
        let problem =
            Problem::validation(vec![Violation::of_parameter("query", "limit", "expected x")])
                .instance("/v1/shows");
        assert_eq!(
            serde_json::to_value(problem.0).expect("JSON"),
            serde_json::json!({
                "type": "urn:charter:problem:VALIDATION_FAILED", "title": "Unprocessable Content", "status": 422,
                "detail": "one value breaks the contract",
                "instance": "/v1/shows", "code": "VALIDATION_FAILED",
                "errors": [{"pointer": "query/limit", "detail": "expected x"}],
            })
        );
    }

    #[test]
    fn a_wait_is_told_in_the_header() {
        let response = Problem::unavailable("the log is away").into_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()["retry-after"], "1");
        assert_eq!(response.headers()["content-type"], MEDIA_TYPE);
    }
}
