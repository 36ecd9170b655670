//! The gateway: every operation of the contract, served in this process or forwarded to the service that
//! has it.

mod contexts;
mod pages;

use std::sync::Arc;

use axum::Router;
use charter_http::proxy::{Upstream, forwarding};
use charter_http::push::{self, Push};
use charter_http::{Api, Dispatch, Operation, OperationKind, access, document};
use contract_gateway::{
    document::{ASYNCAPI, JSON, YAML},
    push::SOCKET_COMMANDS,
    routes,
};

pub use contexts::{rooms, senders};

/// The services that run apart from this process.
#[derive(Clone, Debug, Default)]
pub struct Elsewhere {
    /// The query service; `None` where this process reads itself.
    pub core: Option<Upstream>,
    /// Services that take commands with `dispatch: proxy`, by name; the others' are taken here.
    pub services: Vec<(String, Upstream)>,
}

impl Elsewhere {
    /// The service that `operation` is forwarded to.
    fn of(&self, operation: &Operation) -> Option<&Upstream> {
        match operation.kind {
            OperationKind::Query | OperationKind::Outcome => self.core.as_ref(),
            OperationKind::Command { dispatch: Dispatch::Queue, .. } | OperationKind::Stream => {
                None
            }
            OperationKind::Command { dispatch: Dispatch::Proxy { service }, .. } => {
                self.services.iter().find(|(name, _)| name == service).map(|(_, upstream)| upstream)
            }
        }
    }
}

/// The operations of the contract.
#[must_use]
pub fn operations() -> Vec<&'static Operation> {
    routes::ALL.concat()
}

/// The routes of the contract and its rooms, as streams and on sockets, guarded, and the contract itself under `/openapi.json` and
/// `/openapi.yaml`, the messages behind it under `/asyncapi.json`, and the portal at `/`.
pub fn router(api: Api, elsewhere: &Elsewhere, push: Push) -> Router {
    let access = Arc::clone(api.access());
    let served = routes::seat_commands()
        .merge(routes::reservation_commands())
        .merge(routes::housekeeping_commands())
        .merge(routes::queries())
        .merge(routes::outcomes())
        .with_state(api.clone());
    let forwarded = operations()
        .into_iter()
        .filter_map(|operation| Some((operation, elsewhere.of(operation)?.clone())));
    let rooms = push::routes(push.clone(), Arc::clone(&access));
    let guarded = access::guarded(forwarding(served, forwarded), operations(), access);
    // What sockets send are requests like others.
    let sockets = push::sockets(push, api, guarded.clone(), SOCKET_COMMANDS);
    let shown = document::routes(JSON, YAML, ASYNCAPI).merge(pages::portal().routes());
    guarded.merge(rooms).merge(sockets).merge(shown)
}
