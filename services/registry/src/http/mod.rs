//! The REST API: Confluent's routes, content types and errors over [`Registry`].

mod answer;
mod authorize;
mod caching;
mod compatibility;
mod document;
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
use axum::routing::{any, get};
use axum::{Router, middleware};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Registry;
use crate::error::{ApiError, MAX_BODY_BYTES};

impl Registry {
    /// The routes of the API, of `/openapi.json`, `/health/live`, `/health/ready` and `/metrics`, to serve alone or beside
    /// others.
    pub fn router(&self) -> Router {
        let (api, mut document) = api().split_for_parts();
        let (around, more) = around().split_for_parts();
        document.merge(more);
        let document = document::rendered(&document);
        refused(api)
            .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
            .fallback(async || ApiError::NoSuchPath)
            .layer(middleware::from_fn(caching::tag))
            .layer(middleware::from_fn_with_state(self.clone(), authorize::authorize))
            .layer(middleware::from_fn(negotiate::negotiate))
            .merge(around)
            .route("/openapi.json", get(async move || document::answer(&document)))
            .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
            .route("/ui/page.css", get(page::style))
            .route("/ui/page.js", get(page::script))
            .layer(CatchPanicLayer::custom(panicked))
            .layer(middleware::from_fn_with_state(observe::places(), observe::observe))
            .with_state(self.clone())
    }
}

/// Confluent's routes, each with what the document says of it.
fn api() -> OpenApiRouter<Registry> {
    OpenApiRouter::with_openapi(document::Frame::openapi())
        .routes(routes!(server::root))
        .routes(routes!(server::cluster_id))
        .routes(routes!(server::version))
        .routes(routes!(server::contexts))
        .routes(routes!(schemas::list))
        .routes(routes!(schemas::types))
        .routes(routes!(schemas::by_id))
        .routes(routes!(schemas::text_by_id))
        .routes(routes!(schemas::subjects_of_id))
        .routes(routes!(schemas::versions_of_id))
        .routes(routes!(subjects::list))
        .routes(routes!(subjects::look_up, subjects::delete))
        .routes(routes!(subjects::versions, subjects::register))
        .routes(routes!(subjects::version, subjects::delete_version))
        .routes(routes!(subjects::version_text))
        .routes(routes!(subjects::referenced_by))
        .routes(routes!(compatibility::with_subject))
        .routes(routes!(compatibility::with_version))
        .routes(routes!(
            scopes::global_config,
            scopes::put_global_config,
            scopes::delete_global_config
        ))
        .routes(routes!(scopes::config, scopes::put_config, scopes::delete_config))
        .routes(routes!(scopes::global_mode, scopes::put_global_mode, scopes::delete_global_mode))
        .routes(routes!(scopes::mode, scopes::put_mode, scopes::delete_mode))
}

/// What supervisors ask, which needs no key and is not Confluent's.
fn around() -> OpenApiRouter<Registry> {
    OpenApiRouter::new()
        .routes(routes!(server::live))
        .routes(routes!(server::ready))
        .routes(routes!(server::metrics))
}

/// Routes of Confluent's registry that are refused by name. They are not in the document: they do nothing.
fn refused(api: Router<Registry>) -> Router<Registry> {
    api.route("/contexts/{*rest}", any(server::no_contexts))
        .route("/subjects/{subject}/metadata", any(server::no_metadata))
        .route("/subjects/{subject}/versions/{version}/tags", any(server::no_metadata))
        .route("/schemas/guids/{*rest}", any(server::no_guids))
        .route("/associations", any(server::no_associations))
        .route("/associations/{*rest}", any(server::no_associations))
}

/// The answer to a request whose handler panicked; the panic itself is on stderr.
fn panicked(_panic: Box<dyn Any + Send>) -> Response {
    ApiError::Internal.into_response()
}
