//! Entity tags and cache headers (RFC 9110, section 8.8.3; RFC 9111).

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use crate::error::ApiError;

/// Of what an id means: that never changes. A day, since a schema may be deleted for good.
pub(super) const IMMUTABLE: (HeaderName, HeaderValue) =
    (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400, immutable"));

/// Of everything else: it may be kept, but is to be asked for each time.
const REVALIDATED: HeaderValue = HeaderValue::from_static("no-cache");

/// The tag of a body: the first half of its SHA-256, in quotes.
pub(super) fn entity_tag(body: &[u8]) -> HeaderValue {
    let digest = Sha256::digest(body);
    let mut tag = String::with_capacity(34);
    tag.push('"');
    for byte in digest.iter().take(16) {
        for half in [byte >> 4, byte & 0xf] {
            tag.push(char::from_digit(half.into(), 16).unwrap_or_default());
        }
    }
    tag.push('"');
    HeaderValue::try_from(tag).expect("quotes and hexadecimal digits")
}

/// Tags what is read, and answers 304 to those who have it already.
pub(super) async fn tag(request: Request, next: Next) -> Response {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return next.run(request).await;
    }
    let known = request.headers().get(header::IF_NONE_MATCH).cloned();
    let response = next.run(request).await;
    if response.status() != StatusCode::OK {
        return response;
    }
    let (mut parts, mut body) = response.into_parts();
    let tag = match parts.headers.get(header::ETAG) {
        Some(tag) => tag.clone(),
        None => match axum::body::to_bytes(body, usize::MAX).await {
            Ok(bytes) => {
                let tag = entity_tag(&bytes);
                body = Body::from(bytes);
                parts.headers.insert(header::ETAG, tag.clone());
                tag
            }
            Err(_) => return ApiError::Internal.into_response(),
        },
    };
    parts.headers.entry(header::CACHE_CONTROL).or_insert(REVALIDATED);
    parts.headers.insert(header::VARY, HeaderValue::from_static("accept"));
    if known.is_some_and(|known| matches(&known, &tag)) {
        parts.status = StatusCode::NOT_MODIFIED;
        remove_content_headers(&mut parts.headers);
        body = Body::from(Bytes::new());
    }
    Response::from_parts(parts, body)
}

fn remove_content_headers(headers: &mut HeaderMap) {
    headers.remove(header::CONTENT_TYPE);
    headers.remove(header::CONTENT_LENGTH);
}

/// Whether `If-None-Match` names the tag. Comparison is weak (RFC 9110, section 13.1.2).
fn matches(known: &HeaderValue, tag: &HeaderValue) -> bool {
    let (Ok(known), Ok(tag)) = (known.to_str(), tag.to_str()) else { return false };
    known.split(',').map(str::trim).any(|one| one == "*" || one.trim_start_matches("W/") == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_of_the_body_and_compared_weakly() {
        let tag = entity_tag(b"{}");
        assert_eq!(tag, "\"44136fa355b3678a1146ad16f7e8649e\"");
        for known in
            [tag.to_str().expect("text"), "\"x\", W/\"44136fa355b3678a1146ad16f7e8649e\"", "*"]
        {
            assert!(matches(&HeaderValue::from_str(known).expect("value"), &tag), "{known}");
        }
        assert!(!matches(&HeaderValue::from_static("\"x\""), &tag));
    }
}
