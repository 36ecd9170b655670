//! A file of the portal as HTTP shows it.

use std::borrow::Cow;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use crate::page::Styles;

/// A browser keeps a file and asks each time whether it is still the same: a new release shows at once.
const CACHING: &str = "no-cache";

/// A file with its path, type and tag.
#[derive(Clone, Debug)]
pub struct Asset {
    path: Cow<'static, str>,
    content_type: &'static str,
    bytes: Bytes,
    tag: HeaderValue,
    policy: Option<&'static str>,
}

impl Asset {
    /// The file `bytes`, served at `path`; its type is told by the path's end.
    ///
    /// # Panics
    /// Where the path ends otherwise than in `.css`, `.js`, `.svg` or `.png`.
    #[must_use]
    pub fn new(path: &'static str, bytes: impl Into<Bytes>) -> Self {
        let end = path.rsplit('.').next().unwrap_or_default();
        let content_type = match end {
            "css" => "text/css; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "svg" => "image/svg+xml",
            "png" => "image/png",
            other => panic!("`{path}`: expected .css, .js, .svg or .png, found `{other}`"),
        };
        Self::of(path.into(), content_type, bytes.into(), None)
    }

    /// A whole page.
    pub(crate) fn html(path: Cow<'static, str>, html: String, styles: Styles) -> Self {
        Self::of(path, "text/html; charset=utf-8", html.into(), Some(policy(styles)))
    }

    fn of(
        path: Cow<'static, str>,
        content_type: &'static str,
        bytes: Bytes,
        policy: Option<&'static str>,
    ) -> Self {
        // Weak, since it may be compressed on its way; sixteen bytes tell any two apart.
        let hash = URL_SAFE_NO_PAD.encode(&Sha256::digest(&bytes)[..16]);
        let tag = HeaderValue::try_from(format!("W/\"{hash}\"")).expect("base64 fits a header");
        Self { path, content_type, bytes, tag, policy }
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The file, or 304 where the browser has it.
    pub(crate) fn answer(&self, request: &HeaderMap) -> Response {
        let values = request.get_all(header::IF_NONE_MATCH).into_iter();
        let mut tags =
            values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
        let is_known = tags.any(|tag| matches(tag.trim(), &self.tag));
        let mut response = if is_known {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            let kind = HeaderValue::from_static(self.content_type);
            ([(header::CONTENT_TYPE, kind)], Body::from(self.bytes.clone())).into_response()
        };
        let headers = response.headers_mut();
        headers.insert(header::ETAG, self.tag.clone());
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(CACHING));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if let Some(policy) = self.policy {
            headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
            headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
            // No page of another origin gets a handle on this one.
            let opener = HeaderName::from_static("cross-origin-opener-policy");
            headers.insert(opener, HeaderValue::from_static("same-origin"));
        }
        response
    }
}

/// Weak comparison (RFC 9110 section 8.8.3.2).
fn matches(theirs: &str, ours: &HeaderValue) -> bool {
    let opaque = |tag: &[u8]| tag.strip_prefix(b"W/").unwrap_or(tag).to_vec();
    theirs == "*" || opaque(theirs.as_bytes()) == opaque(ours.as_bytes())
}

/// What a page may load: nothing but what this host serves, and no script that stands in the page.
fn policy(styles: Styles) -> &'static str {
    match styles {
        Styles::Files => {
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        }
        Styles::Inline => {
            "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_tag_is_answered_without_a_body() {
        let asset = Asset::new("/a.css", "a {}");
        let first = asset.answer(&HeaderMap::new());
        assert_eq!(first.status(), StatusCode::OK);
        let tag = first.headers()[header::ETAG].clone();
        for (theirs, status) in [
            (tag.to_str().expect("text").to_owned(), StatusCode::NOT_MODIFIED),
            (tag.to_str().expect("text").replace("W/", ""), StatusCode::NOT_MODIFIED),
            ("\"x\", *".to_owned(), StatusCode::NOT_MODIFIED),
            ("\"x\"".to_owned(), StatusCode::OK),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, theirs.parse().expect("a header"));
            let answer = asset.answer(&headers);
            assert_eq!(answer.status(), status, "{theirs}");
            assert_eq!(answer.headers()[header::ETAG], tag);
            let is_whole = answer.headers().contains_key(header::CONTENT_TYPE);
            assert_eq!(is_whole, status == StatusCode::OK);
        }
    }

    #[test]
    fn no_page_may_run_a_script_that_stands_in_it() {
        for styles in [Styles::Files, Styles::Inline] {
            let rules: Vec<&str> = policy(styles).split("; ").collect();
            assert!(rules.contains(&"default-src 'none'") && rules.contains(&"script-src 'self'"));
            assert!(rules.contains(&"frame-ancestors 'none'"));
        }
        assert!(!policy(Styles::Files).contains("unsafe"));
    }
}
