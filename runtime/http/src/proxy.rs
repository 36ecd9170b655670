//! Forwarding operations to the service that has them: `dispatch: proxy`, and reads where the gateway
//! runs apart from the core.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use reqwest::Url;

use crate::input::{MAX_BODY_BYTES, too_large};
use crate::operation::Operation;
use crate::problem::Problem;
use crate::server::answer;

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long an answer may take: the longest `Prefer: wait` and some more.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(40);

/// Headers that belong to one connection (RFC 9110 section 7.6.1), and those that are made anew.
const NOT_FORWARDED: [HeaderName; 9] = [
    header::CONNECTION,
    header::HOST,
    header::CONTENT_LENGTH,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Another service that has some of the operations.
#[derive(Clone, Debug)]
pub struct Upstream {
    name: Arc<str>,
    base: Url,
    client: reqwest::Client,
}

/// A service that can't be forwarded to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpstreamError {
    /// The address is none.
    #[error("the address of service `{name}` should be `http://host:port`, found `{found}`")]
    Address {
        /// The service.
        name: String,
        /// What was given.
        found: String,
    },
    /// No HTTP client can be made.
    #[error("no HTTP client can be made")]
    Client(#[from] reqwest::Error),
}

impl Upstream {
    /// The service `name` at `base`: `http://host:port`.
    ///
    /// # Errors
    /// Where `base` is no such address.
    pub fn new(name: &str, base: &str) -> Result<Self, UpstreamError> {
        let address = || UpstreamError::Address { name: name.to_owned(), found: base.to_owned() };
        let base = Url::parse(base).map_err(|_| address())?;
        if !matches!(base.scheme(), "http" | "https") || base.path() != "/" {
            return Err(address());
        }
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(ANSWER_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        Ok(Self { name: name.into(), base, client })
    }

    async fn forward(&self, request: Request) -> Response {
        answer(request, async |request| self.send(request).await).await
    }

    async fn send(&self, request: Request) -> Result<Response, Problem> {
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, MAX_BODY_BYTES).await.map_err(|_| too_large())?;
        let mut url = self.base.clone();
        url.set_path(parts.uri.path());
        url.set_query(parts.uri.query());
        let answer = self
            .client
            .request(parts.method, url)
            .headers(forwarded(&parts.headers))
            .body(body)
            .send()
            .await
            .map_err(|error| self.problem(&error))?;
        let mut response = Response::new(Body::empty());
        *response.status_mut() = answer.status();
        *response.headers_mut() = forwarded(answer.headers());
        *response.body_mut() = Body::from_stream(answer.bytes_stream());
        Ok(response)
    }

    fn problem(&self, error: &reqwest::Error) -> Problem {
        tracing::warn!(
            service = &*self.name,
            error = error as &dyn std::error::Error,
            "a request could not be forwarded"
        );
        if error.is_connect() {
            return Problem::unavailable(format!(
                "the service `{}` can't be reached; try again",
                self.name
            ));
        }
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "APPEND_UNKNOWN",
            format!(
                "the service `{}` did not answer, so whether the request took effect is not known; send it again with the same Idempotency-Key",
                self.name
            ),
        )
        .retry_after_s(1)
    }
}

/// `router` with some of its operations forwarded instead of served here.
pub fn forwarding(
    router: Router,
    elsewhere: impl IntoIterator<Item = (&'static Operation, Upstream)>,
) -> Router {
    let table: HashMap<_, _> = elsewhere
        .into_iter()
        .map(|(operation, upstream)| ((operation.method, operation.path), upstream))
        .collect();
    router.route_layer(middleware::from_fn_with_state(Arc::new(table), forward_some))
}

async fn forward_some(
    State(table): State<Arc<HashMap<(&'static str, &'static str), Upstream>>>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    match table.get(&(request.method().as_str(), path)).cloned() {
        Some(upstream) => upstream.forward(request).await,
        None => next.run(request).await,
    }
}

fn forwarded(headers: &HeaderMap) -> HeaderMap {
    let mut kept = headers.clone();
    for name in NOT_FORWARDED {
        kept.remove(name);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_scheme_a_host_and_a_port() {
        assert!(Upstream::new("core", "http://127.0.0.1:8082").is_ok());
        for bad in ["127.0.0.1:8082", "ftp://host", "http://host/path", ""] {
            assert!(
                matches!(Upstream::new("core", bad), Err(UpstreamError::Address { .. })),
                "{bad}"
            );
        }
    }

    #[test]
    fn headers_of_a_connection_stay_behind() {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "a".parse().expect("a header"));
        headers.insert("prefer", "wait=1".parse().expect("a header"));
        let kept = forwarded(&headers);
        assert!(kept.get("host").is_none());
        assert_eq!(kept["prefer"], "wait=1");
    }
}
