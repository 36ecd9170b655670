//! The REST API: Confluent's routes, content types and errors over [`Registry`].

mod answer;
mod authorize;
mod caching;
mod compatibility;
mod extract;
mod negotiate;
mod observe;
mod page;
mod schemas;
mod scopes;
mod server;
mod subjects;

use std::any::Any;

use axum::extract::DefaultBodyLimit;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, delete, get, post};
use axum::{Router, middleware};
use tower_http::catch_panic::CatchPanicLayer;

use crate::Registry;
use crate::error::{ApiError, MAX_BODY_BYTES};

impl Registry {
    /// The routes of the API, of `/health/live`, `/health/ready` and `/metrics`, to serve alone or beside
    /// others.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/", get(server::root))
            .route("/v1/metadata/id", get(server::cluster_id))
            .route("/v1/metadata/version", get(server::version))
            .route("/contexts", get(server::contexts))
            .route("/schemas", get(schemas::list))
            .route("/schemas/types", get(schemas::types))
            .route("/schemas/ids/{id}", get(schemas::by_id))
            .route("/schemas/ids/{id}/schema", get(schemas::text_by_id))
            .route("/schemas/ids/{id}/subjects", get(schemas::subjects_of_id))
            .route("/schemas/ids/{id}/versions", get(schemas::versions_of_id))
            .route("/subjects", get(subjects::list))
            .route("/subjects/{subject}", post(subjects::look_up).delete(subjects::delete))
            .route("/subjects/{subject}/versions", get(subjects::versions).post(subjects::register))
            .route(
                "/subjects/{subject}/versions/{version}",
                get(subjects::version).merge(delete(subjects::delete_version)),
            )
            .route("/subjects/{subject}/versions/{version}/schema", get(subjects::version_text))
            .route(
                "/subjects/{subject}/versions/{version}/referencedby",
                get(subjects::referenced_by),
            )
            .route("/compatibility/subjects/{subject}/versions", post(compatibility::with_subject))
            .route(
                "/compatibility/subjects/{subject}/versions/{version}",
                post(compatibility::with_version),
            )
            .route(
                "/config",
                get(scopes::global_config)
                    .put(scopes::put_global_config)
                    .delete(scopes::delete_global_config),
            )
            .route(
                "/config/{subject}",
                get(scopes::config).put(scopes::put_config).delete(scopes::delete_config),
            )
            .route(
                "/mode",
                get(scopes::global_mode)
                    .put(scopes::put_global_mode)
                    .delete(scopes::delete_global_mode),
            )
            .route(
                "/mode/{subject}",
                get(scopes::mode).put(scopes::put_mode).delete(scopes::delete_mode),
            )
            .route("/contexts/{*rest}", any(server::no_contexts))
            .route("/subjects/{subject}/metadata", any(server::no_metadata))
            .route("/subjects/{subject}/versions/{version}/tags", any(server::no_metadata))
            .route("/schemas/guids/{*rest}", any(server::no_guids))
            .route("/associations", any(server::no_associations))
            .route("/associations/{*rest}", any(server::no_associations))
            .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
            .fallback(async || ApiError::NoSuchPath)
            .layer(middleware::from_fn(caching::tag))
            .layer(middleware::from_fn_with_state(self.clone(), authorize::authorize))
            .layer(middleware::from_fn(negotiate::negotiate))
            .route("/health/live", get(server::live))
            .route("/health/ready", get(server::ready))
            .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
            .route("/ui/page.css", get(page::style))
            .route("/ui/page.js", get(page::script))
            .route("/metrics", get(server::metrics))
            .layer(CatchPanicLayer::custom(panicked))
            .layer(middleware::from_fn_with_state(observe::places(), observe::observe))
            .with_state(self.clone())
    }
}

/// The answer to a request whose handler panicked; the panic itself is on stderr.
fn panicked(_panic: Box<dyn Any + Send>) -> Response {
    ApiError::Internal.into_response()
}
