//! Forwarding operations to the service that has them: `dispatch: proxy`, and reads where the gateway
//! runs apart from the core.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::Response;
use reqwest::Url;
use uuid::Uuid;

use crate::access::{AdmittedRequest, Serve};
use crate::idempotency::IDEMPOTENCY_KEY;
use crate::ids;
use crate::input::read_bytes;
use crate::operation::{Operation, OperationKind};
use crate::problem::Problem;

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long an answer may take: the longest `Prefer: wait` and some more.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(40);

/// Names the id of a forwarded command. Only a service behind a gateway heeds it; a client's own is
/// dropped.
pub(crate) const COMMAND_ID: HeaderName = HeaderName::from_static("charter-command-id");

/// Headers that belong to one connection (RFC 9110 section 7.6.1), and those that are made anew.
const NOT_FORWARDED: [HeaderName; 10] = [
    COMMAND_ID,
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

/// Another service that has some of the operations, at one address or at several, each of which has them
/// all.
#[derive(Clone, Debug)]
pub struct Upstream {
    name: Arc<str>,
    addresses: Arc<[Url]>,
    /// Whose turn it is.
    next: Arc<AtomicUsize>,
    client: reqwest::Client,
}

/// A service that can't be forwarded to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpstreamError {
    /// The address is none.
    #[error(
        "the address of service `{name}` should be `http://host:port`, several separated by commas, found `{found}`"
    )]
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
    /// The service `name` at `addresses`: `http://host:port`, several separated by commas. They take turns;
    /// where one can't be connected to, the next one is asked.
    ///
    /// # Errors
    /// Where one is no such address.
    pub fn new(name: &str, addresses: &str) -> Result<Self, UpstreamError> {
        let address = |found: &str| {
            let found = found.trim();
            Url::parse(found)
                .ok()
                .filter(|url| matches!(url.scheme(), "http" | "https") && url.path() == "/")
                .ok_or_else(|| UpstreamError::Address {
                    name: name.to_owned(),
                    found: found.to_owned(),
                })
        };
        let addresses = addresses.split(',').map(address).collect::<Result<_, _>>()?;
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(ANSWER_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        Ok(Self { name: name.into(), addresses, next: Arc::default(), client })
    }

    async fn send(&self, operation: &Operation, request: Request) -> Result<Response, Problem> {
        let (parts, body) = request.into_parts();
        let body = Bytes::from(read_bytes(body).await?);
        let mut headers = forwarded(&parts.headers);
        let command_id = own_command_id(operation, &parts.headers);
        if let Some(id) = command_id
            && let Ok(value) = HeaderValue::try_from(id.to_string())
        {
            headers.insert(COMMAND_ID, value);
        }
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let mut tries = 0;
        let answer = loop {
            let mut url = self.addresses[(turn + tries) % self.addresses.len()].clone();
            url.set_path(parts.uri.path());
            url.set_query(parts.uri.query());
            let request = self.client.request(parts.method.clone(), url);
            tries += 1;
            match request.headers(headers.clone()).body(body.clone()).send().await {
                Ok(answer) => break answer,
                // Nobody has seen the request.
                Err(error) if error.is_connect() && tries < self.addresses.len() => {}
                Err(error) => return Err(self.problem(operation, command_id, &error)),
            }
        };
        let mut response = Response::new(Body::empty());
        *response.status_mut() = answer.status();
        *response.headers_mut() = forwarded(answer.headers());
        // The body goes through as it is; without its length a HEAD would claim an empty one, and an answer that is
        // too small to be compressed would be.
        if let Some(length) = answer.headers().get(header::CONTENT_LENGTH) {
            response.headers_mut().insert(header::CONTENT_LENGTH, length.clone());
        }
        *response.body_mut() = Body::from_stream(answer.bytes_stream());
        Ok(response)
    }

    fn problem(
        &self,
        operation: &Operation,
        command_id: Option<Uuid>,
        error: &reqwest::Error,
    ) -> Problem {
        tracing::warn!(
            service = &*self.name,
            error = error as &dyn std::error::Error,
            "a request could not be forwarded"
        );
        let is_command = matches!(operation.kind, OperationKind::Command { .. });
        if error.is_connect() || !is_command {
            return Problem::unavailable(format!(
                "the service `{}` can't be reached or does not answer; try again",
                self.name
            ));
        }
        let what_to_do = match command_id {
            Some(_) => "ask for its status by its id",
            None => "send it again with the same Idempotency-Key",
        };
        let why = format_args!("the service `{}` did not answer", self.name);
        let problem = Problem::append_unknown(why, what_to_do);
        match command_id {
            Some(id) => problem.command_id(id),
            None => problem,
        }
    }
}

/// The id that a forwarded command gets here, so that the client learns it whatever becomes of the
/// request. With an idempotency key the id follows from the key.
fn own_command_id(operation: &Operation, headers: &HeaderMap) -> Option<Uuid> {
    let is_command = matches!(operation.kind, OperationKind::Command { .. });
    (is_command && !headers.contains_key(IDEMPOTENCY_KEY)).then(ids::now_v7)
}

/// An operation that another service has.
pub(crate) struct Forwarded {
    pub(crate) operation: &'static Operation,
    pub(crate) upstream: Upstream,
}

impl Serve for Forwarded {
    fn serve(
        &self,
        AdmittedRequest { request, .. }: AdmittedRequest,
    ) -> impl Future<Output = Result<Response, Problem>> + Send {
        self.upstream.send(self.operation, request)
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
        assert!(Upstream::new("core", "http://a:1, http://b:2").is_ok());
        for bad in ["127.0.0.1:8082", "ftp://host", "http://host/path", "", "http://a:1,"] {
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
