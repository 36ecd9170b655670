//! The gateway: every operation of the contract, served in this process or forwarded to the service that
//! has it.

mod contexts;
mod pages;

use axum::Router;
use charter_http::gateway;
use charter_http::push::Push;
use charter_http::{Api, Operation};
use contract_gateway::CONTRACT;

pub use charter_http::gateway::Elsewhere;
pub use contexts::{rooms, senders};
pub use pages::portal;

/// The operations of the contract.
#[must_use]
pub fn operations() -> Vec<&'static Operation> {
    CONTRACT.all_operations()
}

/// The routes of the contract and its rooms, as streams and on sockets, guarded, and the contract itself under `/openapi.json` and
/// `/openapi.yaml`, the messages behind it under `/asyncapi.json`, and the portal at `/`.
pub fn router(api: Api, elsewhere: &Elsewhere, push: Push) -> Router {
    gateway::router(&CONTRACT, api, elsewhere, push).merge(pages::portal().routes())
}
