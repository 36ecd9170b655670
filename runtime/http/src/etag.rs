//! Entity tags of views (RFC 9110 section 8.8.3): a client that has the rows already gets a 304.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// The tag of what a view says. It is weak: the same rows in another coding, or with a cursor that has moved on,
/// are the same to a client. Sixteen bytes of a SHA-256 tell any two apart.
pub(crate) fn of(representation: &[u8]) -> String {
    let hash = Sha256::digest(representation);
    format!("W/\"{}\"", URL_SAFE_NO_PAD.encode(&hash[..16]))
}

/// The response with its tag, or 304 where the client has it: `If-None-Match` (RFC 9110 section 13.1.2). The 304
/// has the headers of the 200, its cursor too, but none that speak of a body.
pub(crate) fn tagged(tag: &str, request: &HeaderMap, mut response: Response) -> Response {
    if let Ok(value) = HeaderValue::try_from(tag) {
        response.headers_mut().insert(header::ETAG, value);
    }
    // What one principal may read another may not, and a copy is asked about each time.
    let control = HeaderValue::from_static("private, no-cache");
    response.headers_mut().insert(header::CACHE_CONTROL, control);
    if is_known(tag, request) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
        response.headers_mut().remove(header::CONTENT_TYPE);
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    response
}

/// Whether one of the client's tags is this one, compared weakly (RFC 9110 section 8.8.3.2).
fn is_known(tag: &str, request: &HeaderMap) -> bool {
    let values = request.get_all(header::IF_NONE_MATCH).into_iter();
    let mut tags =
        values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let ours = opaque(tag);
    tags.any(|theirs| theirs.trim() == "*" || opaque(theirs) == ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_compared_weakly() {
        let tag = of(b"rows");
        assert!(tag.starts_with("W/\"") && tag.len() == 26, "{tag}");
        assert_ne!(tag, of(b"other rows"));
        let strong = tag.trim_start_matches("W/").to_owned();
        for (value, known) in [
            (tag.clone(), true),
            (strong.clone(), true),
            (format!("\"x\", {strong}"), true),
            ("*".to_owned(), true),
            ("\"x\"".to_owned(), false),
            (String::new(), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, value.parse().expect("a header"));
            assert_eq!(is_known(&tag, &headers), known, "{value}");
        }
        assert!(!is_known(&tag, &HeaderMap::new()));
    }
}
