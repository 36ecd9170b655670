//! Listening: what every request passes before and after its route.

use std::any::Any;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument as _;
use uuid::Uuid;

use crate::problem::{Problem, Violation};
use crate::telemetry;

const CORRELATION: HeaderName = HeaderName::from_static("x-correlation-id");
/// The longest correlation id that is taken from a client, in characters.
const MAX_CORRELATION: usize = 128;
/// How long a request may take: reading its body, the look for a first outcome, 10 s to append, the longest
/// `Prefer: wait` of 30 s and 2 s for the outcome's row. A command that was taken is answered before.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(90);
/// How long a request's body may take to arrive.
pub(crate) const BODY_TIMEOUT: Duration = Duration::from_secs(20);
/// How many requests may be in hand at once; most of them wait for an outcome.
const MAX_IN_HAND: usize = 8_192;
/// How many connections there may be at once.
const MAX_CONNECTIONS: usize = 10_000;
/// How long a connection may take for the head of its next request.
const HEAD_TIMEOUT: Duration = Duration::from_mins(1);
/// How long nothing is accepted after the system refused to.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long requests in hand may take after the shutdown began.
const DRAIN: Duration = Duration::from_secs(5);

/// The id that joins all that one request set in motion.
#[derive(Clone, Debug)]
struct CorrelationId(String);

/// The request's correlation id: the client's `X-Correlation-Id`, or one that was made.
pub(crate) fn correlation_id(request: &Request) -> String {
    request.extensions().get::<CorrelationId>().map_or_else(new_correlation_id, |id| id.0.clone())
}

/// Answers with what `serve` gives; a problem also says which request it is about.
pub(crate) async fn answer(
    request: Request,
    serve: impl AsyncFnOnce(Request) -> Result<Response, Problem>,
) -> Response {
    let instance = request.uri().path().to_owned();
    let correlation = correlation_id(&request);
    match serve(request).await {
        Ok(response) => response,
        Err(problem) => problem.instance(instance).correlation_id(correlation).into_response(),
    }
}

fn new_correlation_id() -> String {
    Uuid::now_v7().to_string()
}

/// The router with what every service does: correlation ids, request metrics and spans, a limit on
/// time (90 s) and on requests in hand (8,192), problem details for unknown routes and for panics.
pub fn with_middleware(router: Router) -> Router {
    router
        .fallback(async |request: Request| {
            let detail = "the contract has no such path; see /openapi.json";
            Problem::new(StatusCode::NOT_FOUND, "ROUTE_UNKNOWN", detail)
                .instance(request.uri().path())
                .correlation_id(correlation_id(&request))
        })
        .method_not_allowed_fallback(async |request: Request| {
            let detail = format!("the contract has no `{}` on this path", request.method());
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", detail)
                .instance(request.uri().path())
                .correlation_id(correlation_id(&request))
        })
        .layer(middleware::from_fn(time_limit))
        .layer(CatchPanicLayer::custom(after_panic))
        .layer(middleware::from_fn_with_state(Arc::new(Semaphore::new(MAX_IN_HAND)), bound))
        .layer(middleware::from_fn(observe))
}

/// Refuses a request where too many are in hand, before anything of it is read.
async fn bound(State(places): State<Arc<Semaphore>>, request: Request, next: Next) -> Response {
    answer(request, async |request| match places.try_acquire() {
        Ok(_place) => Ok(next.run(request).await),
        Err(_) => Err(Problem::unavailable(format!("{MAX_IN_HAND} requests are in hand already"))),
    })
    .await
}

async fn time_limit(request: Request, next: Next) -> Response {
    answer(request, async |request| {
        tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await.map_err(|_| {
            Problem::unavailable(format!(
                "the request took more than {} s",
                REQUEST_TIMEOUT.as_secs()
            ))
        })
    })
    .await
}

#[expect(clippy::needless_pass_by_value, reason = "the layer's signature")]
fn after_panic(panic: Box<dyn Any + Send + 'static>) -> Response {
    let said = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    tracing::error!(panic = said, "a request panicked");
    let detail = "the service failed on this request; its log names the cause";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", detail).into_response()
}

/// Whether the contract allows this `X-Correlation-Id`.
fn is_correlation_id(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
    (1..=MAX_CORRELATION).contains(&text.len()) && text.bytes().all(allowed)
}

async fn observe(mut request: Request, next: Next) -> Response {
    let given = request.headers().get(&CORRELATION).and_then(|value| value.to_str().ok());
    let id = match given {
        Some(id) if is_correlation_id(id) => id.to_owned(),
        _ => new_correlation_id(),
    };
    let refused = request.headers().contains_key(&CORRELATION) && given != Some(id.as_str());
    // A proxied request carries the id on.
    let header = HeaderValue::try_from(id.as_str()).ok();
    if let Some(header) = &header {
        request.headers_mut().insert(CORRELATION, header.clone());
    }
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "(none)".to_owned(), |path| path.as_str().to_owned());
    let span = tracing::info_span!("request", %method, route, correlation_id = id);
    request.extensions_mut().insert(CorrelationId(id));

    let started = Instant::now();
    let served = answer(request, async |request| {
        if refused {
            return Err(Problem::validation(vec![Violation::of_parameter(
                "header",
                "X-Correlation-Id",
                format!("expected 1 to {MAX_CORRELATION} characters of `A-Za-z0-9_.:-`"),
            )]));
        }
        Ok(next.run(request).await)
    });
    let mut response = served.instrument(span).await;
    if let Some(header) = header {
        response.headers_mut().insert(CORRELATION, header);
    }
    let status = response.status().as_u16().to_string();
    metrics::counter!("charter_http_requests_total", "method" => method.to_string(), "route" => route.clone(), "status" => status)
        .increment(1);
    metrics::histogram!("charter_http_request_duration_seconds", "method" => method.to_string(), "route" => route)
        .record(started.elapsed().as_secs_f64());
    response
}

/// Serves `router` until `shutdown`, then lets requests in hand end, 5 s at most. A connection has 60 s for
/// the head of its next request; there are 10,000 at most, and whoever comes then waits to be accepted.
///
/// # Errors
/// Where the listener fails.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: CancellationToken,
) -> std::io::Result<()> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(HEAD_TIMEOUT);
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    // Dropped, and ended, with this function.
    let mut upkeep = JoinSet::new();
    upkeep.spawn(telemetry::upkeep());
    loop {
        let place = tokio::select! {
            place = Arc::clone(&places).acquire_owned() => place.map_err(std::io::Error::other)?,
            () = shutdown.cancelled() => break,
        };
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // The peer went away, or the process has no file left for a while.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
            () = shutdown.cancelled() => break,
        };
        // An answer is small, and its last segment must not wait for an acknowledgement.
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(router.clone());
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
        let connection = graceful.watch(connection.into_owned());
        connections.spawn(async move {
            // What ends a connection is its peer's affair.
            let _ = connection.await;
            drop(place);
        });
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    if tokio::time::timeout(DRAIN, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests still in hand after {} s were cut off", DRAIN.as_secs());
    }
    connections.shutdown().await;
    Ok(())
}

/// Binds `address`, `host:port`; port 0 takes a free one.
///
/// # Errors
/// Where the address can't be had, with what to do.
pub async fn listen(address: &str, flag: &'static str) -> Result<TcpListener, ListenError> {
    TcpListener::bind(address).await.map_err(|source| {
        let address = address.to_owned();
        if source.kind() == std::io::ErrorKind::AddrInUse {
            ListenError::Taken { address, flag }
        } else {
            ListenError::Refused { address, flag, source }
        }
    })
}

/// The URL of who listens on `address`, for whoever is on this machine.
#[must_use]
pub fn url_of(address: SocketAddr) -> String {
    // Whoever listens everywhere is found here.
    let host = if address.ip().is_unspecified() {
        "localhost".to_owned()
    } else {
        match address {
            SocketAddr::V4(address) => address.ip().to_string(),
            SocketAddr::V6(address) => format!("[{}]", address.ip()),
        }
    };
    format!("http://{host}:{}", address.port())
}

/// An address that can't be listened on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// Another process has it.
    #[error(
        "`{address}` is taken by another process; stop it or give another address with `{flag}` (port 0 takes a free one)"
    )]
    Taken {
        /// The address.
        address: String,
        /// The flag that sets it.
        flag: &'static str,
    },
    /// It isn't this machine's, or not allowed.
    #[error(
        "`{address}` can't be listened on: {source}; give `host:port` of this machine with `{flag}`"
    )]
    Refused {
        /// The address.
        address: String,
        /// The flag that sets it.
        flag: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
}
