//! The query service: views and outcomes.

use axum::Router;
use charter_http::Api;
use contract_gateway::routes;

/// The routes that read.
pub fn router(api: Api) -> Router {
    routes::queries().merge(routes::outcomes()).with_state(api)
}
