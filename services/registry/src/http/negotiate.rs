//! Content types in and out, and the time a request may take.

use std::time::Duration;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::page;
use crate::error::ApiError;

/// What answers are written in, the one preferred first.
pub(super) const PRODUCED: [&str; 3] = [
    "application/vnd.schemaregistry.v1+json",
    "application/vnd.schemaregistry+json",
    "application/json",
];

/// What bodies are read in, whatever the header says of them beside the type.
pub(super) const CONSUMED: [&str; 4] = [
    "application/vnd.schemaregistry.v1+json",
    "application/vnd.schemaregistry+json",
    "application/json",
    "application/octet-stream",
];

/// How long a request may take, its body included: longer than any registration, short enough to
/// free what a stalled client holds.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Gives a browser the page at `/`; else refuses types that are not spoken here, and writes the
/// answer's type on it.
pub(super) async fn negotiate(request: Request, next: Next) -> Response {
    if request.uri().path() == "/" && page::is_wanted(request.headers()) {
        return page::page();
    }
    let Some(produced) = produced(request.headers()) else {
        return labelled(ApiError::NotAcceptable.into_response(), PRODUCED[0]);
    };
    if let Some(refusal) = refuse_body(request.headers()) {
        return labelled(refusal.into_response(), produced);
    }
    let response = match tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ApiError::TimedOut(REQUEST_TIMEOUT.as_secs()).into_response(),
    };
    labelled(response, produced)
}

fn labelled(mut response: Response, produced: &'static str) -> Response {
    if response.status() == StatusCode::NOT_MODIFIED {
        return response;
    }
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(produced));
    response
}

/// The type of the answer: of those the client takes the one it weighs highest, and of equals the
/// first of [`PRODUCED`]. None when it takes none of them.
fn produced(headers: &HeaderMap) -> Option<&'static str> {
    let ranges: Vec<(&str, f32)> = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(range)
        .collect();
    if ranges.is_empty() {
        return Some(PRODUCED[0]);
    }
    let mut best: Option<(&'static str, f32)> = None;
    for produced in PRODUCED {
        let weight = weight_of(produced, &ranges);
        if weight > best.map_or(0.0, |(_, weight)| weight) {
            best = Some((produced, weight));
        }
    }
    best.map(|(produced, _)| produced)
}

/// One range of an `Accept` header with its weight, 0 to 1 (RFC 9110, section 12.5.1).
fn range(text: &str) -> Option<(&str, f32)> {
    let mut parts = text.split(';').map(str::trim);
    let range = parts.next().filter(|range| !range.is_empty())?;
    let weight = parts
        .find_map(|parameter| parameter.strip_prefix("q="))
        .map_or(1.0, |weight| weight.parse().unwrap_or(0.0));
    Some((range, weight))
}

/// The weight of the most specific range that covers a type.
fn weight_of(produced: &str, ranges: &[(&str, f32)]) -> f32 {
    ["exact", "application/*", "*/*"]
        .into_iter()
        .map(|level| if level == "exact" { produced } else { level })
        .find_map(|wanted| {
            ranges
                .iter()
                .find(|(range, _)| range.eq_ignore_ascii_case(wanted))
                .map(|(_, weight)| *weight)
        })
        .unwrap_or(0.0)
}

/// Why the type of the body is not read here. A body without a type is taken as JSON.
fn refuse_body(headers: &HeaderMap) -> Option<ApiError> {
    let value = headers.get(header::CONTENT_TYPE)?;
    let value = String::from_utf8_lossy(value.as_bytes());
    let essence = value.split(';').next().unwrap_or_default().trim();
    let is_read = CONSUMED.iter().any(|consumed| consumed.eq_ignore_ascii_case(essence));
    (!is_read).then(|| ApiError::UnsupportedMediaType(value.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(value: &'static str) -> Option<&'static str> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static(value));
        produced(&headers)
    }

    #[test]
    fn the_answer_has_the_type_that_the_client_weighs_highest() {
        assert_eq!(produced(&HeaderMap::new()), Some(PRODUCED[0]));
        assert_eq!(accept("*/*"), Some(PRODUCED[0]));
        assert_eq!(accept("text/html, application/*;q=0.5"), Some(PRODUCED[0]));
        assert_eq!(accept("application/json"), Some(PRODUCED[2]));
        assert_eq!(accept("application/json, */*;q=0.1"), Some(PRODUCED[2]));
        let confluent = "application/vnd.schemaregistry.v1+json, application/vnd.schemaregistry+json; q=0.9, application/json; q=0.5";
        assert_eq!(accept(confluent), Some(PRODUCED[0]));
        assert_eq!(accept("text/html"), None);
        assert_eq!(accept("application/json;q=0"), None);
    }

    #[test]
    fn a_body_is_json_by_one_of_four_names() {
        let mut headers = HeaderMap::new();
        assert!(refuse_body(&headers).is_none());
        for value in ["application/json; charset=utf-8", "Application/VND.schemaregistry.v1+json"] {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(value));
            assert!(refuse_body(&headers).is_none(), "{value}");
        }
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        assert_eq!(refuse_body(&headers).expect("refused").code(), 415);
    }
}
