//! The query service: views and outcomes.

mod views;

use std::sync::Arc;

use axum::Router;
use charter_engine::store::Store;
use charter_http::access::AccessControl;
use charter_http::document::DocumentError;
use charter_http::gateway::{self, Elsewhere};
use charter_http::{Api, Endpoint, Operation};
use contract_gateway::{document, routes};
use contract_housekeeping::Housekeeping;
use contract_reservation::Reservation;
use contract_seat::Seat;

pub use views::{ViewsPart, tables};

/// The operations that read.
#[must_use]
pub fn operations() -> Vec<&'static Operation> {
    endpoints().map(|endpoint| endpoint.operation).collect()
}

/// What the routes rest on where nothing else runs in the process: outcomes of each context are shown,
/// to those whom `access` lets in.
///
/// # Errors
/// Where the contract in this build can't be compiled.
pub fn api(store: Arc<dyn Store>, access: AccessControl) -> Result<Api, DocumentError> {
    let api = Api::builder(document::JSON, &operations(), store)?;
    Ok(api
        .context::<Seat>()
        .context::<Reservation>()
        .context::<Housekeeping>()
        .access(Arc::new(access))
        .build())
}

/// The routes that read, guarded.
pub fn router(api: &Api) -> Router {
    gateway::operations(api, endpoints(), &Elsewhere::default())
}

fn endpoints() -> impl Iterator<Item = Endpoint> {
    routes::QUERIES.iter().chain(routes::OUTCOMES).copied()
}
