//! What the server says of itself, and the routes it refuses by name.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::document::Failures;
use crate::Registry;
use crate::error::{ApiError, ErrorMessage};

/// An empty object, by which clients see that something is there; a page for browsers.
#[utoipa::path(
    get, path = "/", tag = "Server", operation_id = "getRoot",
    responses((status = 200, description = "An empty object.", body = serde_json::Value), Failures),
)]
pub(super) async fn root() -> Json<Value> {
    Json(json!({}))
}

/// Who the server is. There is no Kafka cluster behind this registry.
#[utoipa::path(
    get, path = "/v1/metadata/id", tag = "Server", operation_id = "getClusterId",
    responses((status = 200, description = "Its id and scope.", body = serde_json::Value), Failures),
)]
pub(super) async fn cluster_id() -> Json<Value> {
    Json(json!({
        "id": "",
        "scope": { "path": [], "clusters": { "schema-registry-cluster": "charter" } },
    }))
}

/// The version of the server.
#[utoipa::path(
    get, path = "/v1/metadata/version", tag = "Server", operation_id = "getServerVersion",
    responses((status = 200, description = "Its version.", body = serde_json::Value), Failures),
)]
pub(super) async fn version() -> Json<Value> {
    Json(json!({ "version": env!("CARGO_PKG_VERSION"), "commitId": "" }))
}

/// The default context, which is the only one.
#[utoipa::path(
    get, path = "/contexts", tag = "Server", operation_id = "listContexts",
    responses((status = 200, description = "`.`", body = Vec<String>), Failures),
)]
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

/// The process serves.
#[utoipa::path(
    get, path = "/health/live", tag = "Server", operation_id = "getLiveness", security(()),
    responses((status = 200, description = "It serves.", body = Health)),
)]
pub(super) async fn live() -> Json<Health> {
    Json(Health { status: "UP", database: None })
}

/// How the server is.
#[derive(Serialize, ToSchema)]
pub(super) struct Health {
    /// `UP` or `DOWN`.
    status: &'static str,
    /// `UP`, or why the database doesn't answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    database: Option<String>,
}

/// How long the database may take to say that it is there.
const READY_TIMEOUT: Duration = Duration::from_secs(2);

/// The database answers, or why it does not.
#[utoipa::path(
    get, path = "/health/ready", tag = "Server", operation_id = "getReadiness", security(()),
    responses(
        (status = 200, description = "It is ready.", body = Health),
        (status = 503, description = "The database doesn't answer, or has not been there yet.", body = Health),
    ),
)]
pub(super) async fn ready(State(registry): State<Registry>) -> (StatusCode, Json<Health>) {
    let (status, word, database) = match tokio::time::timeout(READY_TIMEOUT, registry.ping()).await
    {
        Ok(Ok(())) => (StatusCode::OK, "UP", "UP".to_owned()),
        Ok(Err(error)) => (StatusCode::SERVICE_UNAVAILABLE, "DOWN", error.to_string()),
        Err(_) => {
            let why = format!("it did not answer within {} s", READY_TIMEOUT.as_secs());
            (StatusCode::SERVICE_UNAVAILABLE, "DOWN", why)
        }
    };
    (status, Json(Health { status: word, database: Some(database) }))
}

/// Counts and times in Prometheus' text format 0.0.4, where the registry is a process of its own.
#[utoipa::path(
    get, path = "/metrics", tag = "Server", operation_id = "getMetrics", security(()),
    responses(
        (status = 200, description = "Counts and times.", body = String, content_type = "text/plain"),
        (status = 404, description = "The registry is part of another process.", body = ErrorMessage),
    ),
)]
pub(super) async fn metrics(State(registry): State<Registry>) -> Response {
    match registry.rendered_metrics() {
        Some(text) => {
            let kind = "text/plain; version=0.0.4; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], text).into_response()
        }
        None => ApiError::NoSuchPath.into_response(),
    }
}
