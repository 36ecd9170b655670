//! From an HTTP request to values that the contract allows.

use std::pin::pin;

use axum::body::Body;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use futures_util::future::poll_immediate;
use http_body_util::BodyExt as _;
use serde_json::{Map, Value};

use crate::access::{Admitted, AdmittedRequest, Principal, forbidden};
use crate::document::{BodySchema, OperationSchema, Place};
use crate::json;
use crate::middleware::BODY_TIMEOUT;
use crate::negotiate;
use crate::operation::Operation;
use crate::problem::{Problem, Violation};

/// The largest body, in bytes.
pub(crate) const MAX_BODY_BYTES: usize = 1024 * 1024;
/// How much of a body is read at most, kept or not.
const MAX_DROPPED_BYTES: usize = 16 * MAX_BODY_BYTES;
/// The deepest nesting of a body.
const MAX_DEPTH: usize = 32;

/// A request that keeps the contract.
#[derive(Debug)]
pub(crate) struct Input {
    /// Path and query parameters with their defaults, by name.
    pub(crate) parameters: Map<String, Value>,
    /// The body as it came.
    pub(crate) body: Option<Value>,
    /// The request's headers.
    pub(crate) headers: HeaderMap,
    /// The path as it came.
    pub(crate) path: String,
    /// The query as it came.
    pub(crate) query: String,
    /// The tenant.
    pub(crate) tenant: String,
    /// Who asks.
    pub(crate) principal: Principal,
}

impl Input {
    /// Reads the request, all of its violations at once, and with `header` what the operation's own header
    /// says.
    pub(crate) async fn read<T>(
        operation: &Operation,
        schema: &OperationSchema,
        AdmittedRequest { admitted, request }: AdmittedRequest,
        header: impl FnOnce(&HeaderMap) -> Result<T, Violation>,
    ) -> Result<(Self, T), Problem> {
        let Admitted { principal, tenant } = admitted;
        let (mut parts, body) = request.into_parts();
        negotiate::check(schema, &parts.headers)?;
        let mut violations = Vec::new();
        let header = header(&parts.headers).map_err(|violation| violations.push(violation));
        check_headers(schema, &parts.headers, &mut violations);
        let parameters = read_parameters(schema, &mut parts, &mut violations).await?;
        let body = match &schema.body {
            Some(expected) => {
                let bytes = read_bytes(body).await?;
                read_body(expected, &parts.headers, &bytes, &mut violations)?
            }
            None => None,
        };
        let Ok(header) = header else { return Err(Problem::validation(violations)) };
        if !violations.is_empty() {
            return Err(Problem::validation(violations));
        }
        check_acting(operation, &principal, body.as_ref())?;
        let input = Self {
            parameters,
            body,
            headers: parts.headers,
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            tenant,
            principal,
        };
        Ok((input, header))
    }
}

/// Whom the body names as the one who acts must be who asks, unless the contract lets them act for others.
fn check_acting(
    operation: &Operation,
    principal: &Principal,
    body: Option<&Value>,
) -> Result<(), Problem> {
    let Some(acting) = operation.access.acting else { return Ok(()) };
    if principal.is_anybody() || acting.unless.is_some_and(|scope| principal.has(scope)) {
        return Ok(());
    }
    let named = body.and_then(|body| body.get(acting.member)).and_then(Value::as_str);
    if named == Some(principal.subject()) {
        return Ok(());
    }
    let mut detail =
        format!("expected `{}` to be the principal, `{}`", acting.member, principal.subject());
    if let Some(scope) = acting.unless {
        detail = format!("{detail}; the scope `{scope}` lets it be another");
    }
    Err(forbidden(detail))
}

/// The whole body, 1 MiB at most.
pub(crate) async fn read_bytes(body: Body) -> Result<Vec<u8>, Problem> {
    let mut reading = pin!(collect(body));
    // Most come with their heads and need no clock.
    if let Some(read) = poll_immediate(&mut reading).await {
        return read;
    }
    match tokio::time::timeout(BODY_TIMEOUT, reading).await {
        Ok(read) => read,
        Err(_) => Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "BODY_TIMED_OUT",
            format!("expected the whole body within {} s", BODY_TIMEOUT.as_secs()),
        )),
    }
}

/// A body that is too large is read on for a while and dropped: a client that still writes when the connection
/// ends may never see the answer.
async fn collect(mut body: Body) -> Result<Vec<u8>, Problem> {
    let (mut kept, mut read) = (Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Problem::malformed("the body did not arrive whole"))?;
        let Ok(data) = frame.into_data() else { continue };
        read += data.len();
        if read <= MAX_BODY_BYTES {
            kept.extend_from_slice(&data);
        } else if read > MAX_DROPPED_BYTES {
            break;
        }
    }
    if read <= MAX_BODY_BYTES {
        return Ok(kept);
    }
    Err(Problem::too_large(format!("expected a body of at most {MAX_BODY_BYTES} bytes")))
}

/// Holds headers against the contract. One in several lines is their values with commas (RFC 9110 section 5.2).
fn check_headers(schema: &OperationSchema, headers: &HeaderMap, violations: &mut Vec<Violation>) {
    for (name, parameter) in &schema.headers {
        let wrong =
            |detail| Violation::of_parameter(parameter.place.name(), &parameter.name, detail);
        let values = headers.get_all(name);
        let values: Result<Vec<&str>, _> = values.iter().map(HeaderValue::to_str).collect();
        match values.as_deref() {
            // Where one is required, its absence has an answer of its own.
            Ok([]) => {}
            Ok([one]) => drop(parameter.read(one, violations)),
            Ok(several) => drop(parameter.read(&several.join(", "), violations)),
            Err(_) => violations.push(wrong("expected visible ASCII characters")),
        }
    }
}

async fn read_parameters(
    schema: &OperationSchema,
    parts: &mut Parts,
    violations: &mut Vec<Violation>,
) -> Result<Map<String, Value>, Problem> {
    let path = RawPathParams::from_request_parts(parts, &())
        .await
        .map_err(|rejection| Problem::malformed(rejection.to_string()))?;
    let in_path = path.iter().map(|(name, value)| (Place::Path, name.to_owned(), value.to_owned()));
    let query = parts.uri.query().unwrap_or_default();
    let in_query = form_urlencoded::parse(query.as_bytes())
        .map(|(name, value)| (Place::Query, name.into_owned(), value.into_owned()));

    // Decoding puts U+FFFD where bytes are no UTF-8.
    let is_utf8 = query.to_ascii_uppercase().contains("%EF%BF%BD");
    let mut found = Map::new();
    for (place, name, text) in in_path.chain(in_query) {
        if !is_utf8 && text.contains('\u{FFFD}') {
            violations.push(Violation::of_parameter(place.name(), &name, "expected UTF-8"));
        }
        let known = schema
            .parameters
            .iter()
            .find(|parameter| parameter.place == place && parameter.name == name);
        let Some(parameter) = known else {
            violations.push(Violation::of_parameter(
                place.name(),
                &name,
                "the contract has no such parameter",
            ));
            continue;
        };
        if found.contains_key(&name) {
            violations.push(Violation::of_parameter(
                place.name(),
                &name,
                "expected one value, found more",
            ));
            continue;
        }
        let value = parameter.read(&text, violations).unwrap_or(Value::Null);
        found.insert(name, value);
    }
    for parameter in &schema.parameters {
        if found.contains_key(&parameter.name) {
            continue;
        }
        if let Some(default) = &parameter.default {
            found.insert(parameter.name.clone(), default.clone());
        } else if parameter.required {
            let detail = "expected a value, found none";
            violations.push(Violation::of_parameter(
                parameter.place.name(),
                &parameter.name,
                detail,
            ));
        }
    }
    Ok(found)
}

fn read_body(
    schema: &BodySchema,
    headers: &HeaderMap,
    bytes: &[u8],
    violations: &mut Vec<Violation>,
) -> Result<Option<Value>, Problem> {
    if bytes.is_empty() && !schema.required {
        return Ok(None);
    }
    check_media_type(schema, headers)?;
    let malformed = |detail: String| Err(Problem::malformed(detail));
    if nesting(bytes) > MAX_DEPTH {
        return malformed(format!("expected JSON nested at most {MAX_DEPTH} deep"));
    }
    match json::parse(bytes) {
        Ok(mut body) => {
            schema.check(&body, violations);
            json::check_texts(&body, violations);
            json::whole_numbers(&mut body);
            Ok(Some(body))
        }
        Err(error) => malformed(format!("expected JSON: {error}")),
    }
}

fn check_media_type(schema: &BodySchema, headers: &HeaderMap) -> Result<(), Problem> {
    let found =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = found.split(';').next().unwrap_or_default().trim();
    let known = schema.media_types.iter().any(|known| known.eq_ignore_ascii_case(essence));
    if known {
        return Ok(());
    }
    let expected = schema.media_types.join("` or `");
    Err(Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "UNSUPPORTED_MEDIA_TYPE",
        format!("expected `Content-Type: {expected}`, found `{essence}`"),
    ))
}

/// How deep arrays and objects nest, told from the bytes, so that a deep body is never built.
fn nesting(json: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                while let Some(byte) = bytes.next() {
                    match byte {
                        b'\\' => {
                            bytes.next();
                        }
                        b'"' => break,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_is_told_from_the_bytes() {
        assert_eq!(nesting(b"1"), 0);
        assert_eq!(nesting(br#"{"a": [1, {"b": 2}], "c": {}}"#), 3);
        assert_eq!(nesting(br#"["[[[", "\"[["]"#), 1);
        assert_eq!(nesting(&[b'['; 1000]), 1000);
    }
}
