//! The page for people at `/`: subjects, versions side by side, who references what. It asks the
//! API for all it shows, and loads nothing from elsewhere.

use axum::http::{HeaderMap, HeaderName, header};
use axum::response::{IntoResponse, Response};

const HTML: &str = include_str!("../../ui/index.html");
const STYLE: &str = include_str!("../../ui/page.css");
const SCRIPT: &str = include_str!("../../ui/page.js");

/// Nothing but what this registry serves, in no other page.
const POLICY: &str = "default-src 'none'; connect-src 'self'; script-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Whether a browser asks, by the type it wants; clients want JSON or anything.
pub(super) fn is_wanted(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

/// The page itself.
pub(super) fn page() -> Response {
    part("text/html; charset=utf-8", HTML)
}

/// `GET /ui/page.css`.
pub(super) async fn style() -> Response {
    part("text/css; charset=utf-8", STYLE)
}

/// `GET /ui/page.js`.
pub(super) async fn script() -> Response {
    part("text/javascript; charset=utf-8", SCRIPT)
}

fn part(kind: &'static str, text: &'static str) -> Response {
    let policy: (HeaderName, &str) = (header::CONTENT_SECURITY_POLICY, POLICY);
    let sniff = (header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    let cache = (header::CACHE_CONTROL, "no-cache");
    ([(header::CONTENT_TYPE, kind), policy, sniff, cache, (header::VARY, "accept")], text)
        .into_response()
}
