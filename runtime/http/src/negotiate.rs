//! What of HTTP's negotiation an operation heeds before its own input is looked at: `Accept`, `Content-Encoding`,
//! and a body where the contract has none.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::document::OperationSchema;
use crate::problem::Problem;

/// Refuses what the contract's media types don't meet (RFC 9110 sections 8.4, 12.5.1 and 15.5).
pub(crate) fn check(schema: &OperationSchema, headers: &HeaderMap) -> Result<(), Problem> {
    if !schema.produces.is_empty()
        && !schema.produces.iter().any(|media_type| is_accepted(media_type, headers))
    {
        let produced = schema.produces.join("` or `");
        return Err(Problem::new(
            StatusCode::NOT_ACCEPTABLE,
            "NOT_ACCEPTABLE",
            format!("the answer is `{produced}`, which `Accept` leaves out"),
        ));
    }
    if schema.body.is_none() {
        if has_body(headers) {
            let detail = "expected no body, found one; the contract has none for this operation";
            return Err(Problem::malformed(detail));
        }
        return Ok(());
    }
    let coding = headers.get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap_or("?"));
    match coding {
        None => Ok(()),
        Some(coding) if coding.trim().eq_ignore_ascii_case("identity") => Ok(()),
        Some(coding) => Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UNSUPPORTED_MEDIA_TYPE",
            format!("expected a body without `Content-Encoding`, found `{coding}`"),
        )
        .header(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"))),
    }
}

/// Whether the head says that a body follows (RFC 9112 section 6.3); an empty one is none.
fn has_body(headers: &HeaderMap) -> bool {
    let length = headers.get(header::CONTENT_LENGTH);
    length.is_some_and(|length| length != "0") || headers.contains_key(header::TRANSFER_ENCODING)
}

/// Whether `Accept` takes this media type (RFC 9110 section 12.5.1): the weight of the most specific range that
/// covers it is not zero. Parameters of a range but for its weight are not looked at: the types here have none.
fn is_accepted(media_type: &str, headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(header::ACCEPT).iter().peekable();
    if values.peek().is_none() {
        return true;
    }
    let kind = media_type.split('/').next().unwrap_or_default();
    let mut best: Option<(u8, f32)> = None;
    let ranges = values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    for text in ranges {
        let mut parts = text.split(';').map(str::trim);
        let range = parts.next().unwrap_or_default();
        let specificity = if range.eq_ignore_ascii_case(media_type) {
            2
        } else if range
            .strip_suffix("/*")
            .is_some_and(|of| of != "*" && of.eq_ignore_ascii_case(kind))
        {
            1
        } else if range == "*/*" {
            0
        } else {
            continue;
        };
        let weight = parts
            .find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")))
            .map_or(1.0, |weight| weight.parse().unwrap_or(0.0));
        if best.is_none_or(|(found, _)| specificity > found) {
            best = Some((specificity, weight));
        }
    }
    best.is_some_and(|(_, weight)| weight > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in values {
            headers.append(*name, value.parse().expect("a header"));
        }
        headers
    }

    #[test]
    fn the_most_specific_range_counts() {
        for (accept, accepted) in [
            ("*/*", true),
            ("application/json", true),
            ("Application/*;q=0.1", true),
            ("text/html, application/xhtml+xml, */*;q=0.8", true),
            ("application/json; charset=utf-8; q=0.3", true),
            ("text/html", false),
            ("application/json;q=0, */*", false),
            ("application/*;q=0, application/json", true),
            ("", false),
        ] {
            let found = is_accepted("application/json", &headers(&[("accept", accept)]));
            assert_eq!(found, accepted, "{accept}");
        }
        assert!(is_accepted("application/json", &HeaderMap::new()));
        let two = headers(&[("accept", "text/html"), ("accept", "application/json")]);
        assert!(is_accepted("application/json", &two));
    }

    #[test]
    fn an_empty_body_is_none() {
        assert!(!has_body(&HeaderMap::new()));
        assert!(!has_body(&headers(&[("content-length", "0")])));
        assert!(has_body(&headers(&[("content-length", "2")])));
        assert!(has_body(&headers(&[("transfer-encoding", "chunked")])));
    }
}
