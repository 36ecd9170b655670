//! What the server says of itself, and the routes it refuses by name.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::Registry;
use crate::error::ApiError;

/// `GET /`: an empty object, by which clients see that something is there.
pub(super) async fn root() -> Json<Value> {
    Json(json!({}))
}

/// `GET /v1/metadata/id`. There is no Kafka cluster behind this registry.
pub(super) async fn cluster_id() -> Json<Value> {
    Json(json!({
        "id": "",
        "scope": { "path": [], "clusters": { "schema-registry-cluster": "charter" } },
    }))
}

/// `GET /v1/metadata/version`.
pub(super) async fn version() -> Json<Value> {
    Json(json!({ "version": env!("CARGO_PKG_VERSION"), "commitId": "" }))
}

/// `GET /contexts`: the default context, which is the only one.
pub(super) async fn contexts() -> Json<[&'static str; 1]> {
    Json(["."])
}

/// Anything below `/contexts`.
pub(super) async fn no_contexts(Path(rest): Path<String>) -> ApiError {
    ApiError::ContextUnsupported(rest)
}

/// Look-ups by metadata, and tags.
pub(super) async fn no_metadata() -> ApiError {
    ApiError::UnsupportedRoute("metadata and tags", "keep them as attributes in the schema")
}

/// Look-ups by GUID.
pub(super) async fn no_guids() -> ApiError {
    ApiError::UnsupportedRoute("schema GUIDs", "look the schema up by its id")
}

/// Associations of subjects with topics.
pub(super) async fn no_associations() -> ApiError {
    ApiError::UnsupportedRoute(
        "associations",
        "a subject is joined to a topic by its name (the subject name strategy)",
    )
}

/// `GET /health/live`: the process serves.
pub(super) async fn live() -> Json<Value> {
    Json(json!({ "status": "UP" }))
}

/// How long the database may take to say that it is there.
const READY_TIMEOUT: Duration = Duration::from_secs(2);

/// `GET /health/ready`: the database answers, or why it does not.
pub(super) async fn ready(State(registry): State<Registry>) -> Response {
    let reason = match tokio::time::timeout(READY_TIMEOUT, registry.ping()).await {
        Ok(Ok(())) => return Json(json!({ "status": "UP", "database": "UP" })).into_response(),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("it did not answer within {} s", READY_TIMEOUT.as_secs()),
    };
    let body = json!({ "status": "DOWN", "database": reason });
    (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
}

/// `GET /metrics`, in Prometheus' text format 0.0.4, where the registry is a process of its own.
pub(super) async fn metrics(State(registry): State<Registry>) -> Response {
    match registry.rendered_metrics() {
        Some(text) => {
            let kind = "text/plain; version=0.0.4; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], text).into_response()
        }
        None => ApiError::NoSuchPath.into_response(),
    }
}
