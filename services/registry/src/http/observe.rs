//! What every request passes: a bound on those in hand, a line in the log, a count and a time.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use crate::error::ApiError;

/// How many requests may be in hand at once. Each may hold a body of 1 MiB.
const MAX_IN_HAND: usize = 256;

/// Places for requests.
pub(super) fn places() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(MAX_IN_HAND))
}

/// Refuses a request where too many are in hand; logs, counts and times the others.
pub(super) async fn observe(
    State(places): State<Arc<Semaphore>>,
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let path = tracing::enabled!(target: "registry_service::access", tracing::Level::INFO)
        .then(|| request.uri().to_string());
    let response = match places.try_acquire() {
        Ok(_place) => next.run(request).await,
        Err(_) => ApiError::Overloaded(MAX_IN_HAND).into_response(),
    };
    let status = response.status().as_u16();
    let elapsed = started.elapsed();
    if let Some(path) = path {
        let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        tracing::info!(
            target: "registry_service::access", %method, path, status, duration_us = micros, "request"
        );
    }
    let route = route.as_ref().map_or("(none)", MatchedPath::as_str).to_owned();
    let method = method.to_string();
    metrics::histogram!(
        "charter_registry_request_duration_seconds", "method" => method.clone(), "route" => route.clone()
    )
    .record(elapsed.as_secs_f64());
    metrics::counter!(
        "charter_registry_requests_total",
        "method" => method, "route" => route, "status" => status.to_string()
    )
    .increment(1);
    response
}
