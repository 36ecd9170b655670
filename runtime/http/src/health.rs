//! Liveness, readiness and metrics.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::http::{StatusCode, header};
use axum::routing::get;
use axum::{Json, Router};
use charter_engine::log::Log;
use charter_engine::store::Store;
use charter_engine::{Service, ServiceStatus};
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::telemetry;

/// How long one part may take to say whether it is ready.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// A part of the process that can be not ready.
#[async_trait]
pub trait Part: Debug + Send + Sync + 'static {
    /// The part's name: `store`, `seats`.
    fn name(&self) -> &str;

    /// Whether the part can do its work now.
    ///
    /// # Errors
    /// What it waits for, in a sentence.
    async fn ready(&self) -> Result<(), String>;

    /// Brings gauges up to date that only it knows, before metrics are shown.
    fn measure(&self) {}
}

/// The log, ready where it would take an append.
#[derive(Debug)]
pub struct LogPart(pub Arc<dyn Log>);

#[async_trait]
impl Part for LogPart {
    fn name(&self) -> &'static str {
        "log"
    }

    async fn ready(&self) -> Result<(), String> {
        self.0.check().await.map_err(|error| error.to_string())
    }
}

/// The store, ready where it answers.
#[derive(Debug)]
pub struct StorePart(pub Arc<dyn Store>);

#[async_trait]
impl Part for StorePart {
    fn name(&self) -> &'static str {
        "store"
    }

    fn measure(&self) {
        telemetry::tell_of_pools(&self.0.pools());
    }

    async fn ready(&self) -> Result<(), String> {
        self.0.check().await.map_err(|error| error.to_string())
    }
}

/// A context's service, ready where it does all its work.
#[derive(Debug)]
pub struct ServicePart(pub Arc<dyn Service>);

#[async_trait]
impl Part for ServicePart {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    async fn ready(&self) -> Result<(), String> {
        match self.0.status() {
            ServiceStatus::Ready => Ok(()),
            ServiceStatus::Starting { part } => Err(format!("it starts: `{part}`")),
            ServiceStatus::NotReady { part, reason } => Err(format!("`{part}`: {reason}")),
        }
    }
}

/// What health is told of.
#[derive(Clone, Debug, Default)]
pub struct Health {
    /// What must be ready.
    pub parts: Vec<Arc<dyn Part>>,
    /// Cancelled once the process is told to end: from then on it is not ready, whatever its parts say.
    pub draining: CancellationToken,
    /// What everybody should know of how the process runs: `development`.
    pub mode: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct Readiness {
    status: &'static str,
    parts: Vec<PartReadiness>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct PartReadiness {
    name: String,
    ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// `GET /health/live` (200 while the process answers), `GET /health/ready` (200, or 503 with the parts that
/// are not ready and why) and `GET /metrics` (Prometheus text format 0.0.4).
pub fn routes(health: Health, metrics: PrometheusHandle) -> Router {
    let health = Arc::new(health);
    let measured = Arc::clone(&health);
    Router::new()
        .route(
            "/health/live",
            get(async || Json(Readiness { status: "UP", parts: Vec::new(), mode: None })),
        )
        .route("/health/ready", get(move || ready(Arc::clone(&health))))
        .route(
            "/metrics",
            get(async move || {
                measured.parts.iter().for_each(|part| part.measure());
                (
                    [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
                    telemetry::render(&metrics),
                )
            }),
        )
}

async fn ready(health: Arc<Health>) -> (StatusCode, Json<Readiness>) {
    let checks = health.parts.iter().map(async |part| {
        let reason = match tokio::time::timeout(CHECK_TIMEOUT, part.ready()).await {
            Ok(Ok(())) => None,
            Ok(Err(reason)) => Some(reason),
            Err(_) => Some(format!("it did not answer within {} s", CHECK_TIMEOUT.as_secs())),
        };
        PartReadiness { name: part.name().to_owned(), ready: reason.is_none(), reason }
    });
    let mut parts = futures_util::future::join_all(checks).await;
    if health.draining.is_cancelled() {
        let reason = Some("the process ends; send nothing more here".to_owned());
        parts.push(PartReadiness { name: "drain".to_owned(), ready: false, reason });
    }
    let mode = health.mode;
    if parts.iter().all(|part| part.ready) {
        (StatusCode::OK, Json(Readiness { status: "UP", parts, mode }))
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, Json(Readiness { status: "DOWN", parts, mode }))
    }
}
