//! What a gateway serves of a contract: every operation, here or at the service that has it, the rooms, and the
//! contract itself. `charter generate` says what there is in `contract_gateway::CONTRACT`.

use std::future::Future;
use std::sync::Arc;

use axum::Router;
use axum::response::Response;

use crate::access::{AdmittedRequest, Guard, Serve};
use crate::api::Api;
use crate::document;
use crate::operation::{Dispatch, Endpoint, Operation, OperationKind, Serving};
use crate::problem::Problem;
use crate::proxy::{Forwarded, Upstream};
use crate::push::{self, Push, RoomAccess, SocketCommand};

/// An HTTP contract, as `charter generate` writes it.
#[derive(Clone, Copy, Debug)]
pub struct Contract {
    /// The OpenAPI document as JSON.
    pub json: &'static str,
    /// The same as its authors wrote it.
    pub yaml: &'static str,
    /// The messages behind it as JSON (AsyncAPI).
    pub asyncapi: &'static str,
    /// Commands, events and views for people: parts of pages by file name.
    pub catalogue: &'static [(&'static str, &'static str)],
    /// The operations and what serves them, in the groups that a process mounts together.
    pub operations: &'static [&'static [Endpoint]],
    /// The rooms, each with what joining it asks for.
    pub rooms: &'static [RoomAccess],
    /// The commands that sockets may send.
    pub socket_commands: &'static [SocketCommand],
}

impl Contract {
    /// All operations.
    #[must_use]
    pub fn all_operations(&self) -> Vec<&'static Operation> {
        self.endpoints().map(|endpoint| endpoint.operation).collect()
    }

    fn endpoints(&self) -> impl Iterator<Item = Endpoint> {
        self.operations.iter().copied().flatten().copied()
    }
}

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

/// The routes of `contract` and its rooms, as streams and on sockets, guarded, and the contract itself under
/// `/openapi.json` and `/openapi.yaml`, the messages behind it under `/asyncapi.json`.
pub fn router(contract: &Contract, api: Api, elsewhere: &Elsewhere, push: Push) -> Router {
    let rooms = push::routes(push.clone(), Arc::clone(api.access()));
    let guarded = operations(&api, contract.endpoints(), elsewhere);
    // What sockets send are requests like others.
    let sockets = push::sockets(push, api, guarded.clone(), contract.socket_commands);
    let shown = document::routes(contract.json, contract.yaml, contract.asyncapi);
    guarded.merge(rooms).merge(sockets).merge(shown)
}

/// The routes of `endpoints`, each behind the guard, and forwarded where it is `elsewhere`.
pub fn operations(
    api: &Api,
    endpoints: impl IntoIterator<Item = Endpoint>,
    elsewhere: &Elsewhere,
) -> Router {
    let guard = Guard::new(Arc::clone(api.access()));
    endpoints.into_iter().fold(Router::new(), |router, Endpoint { operation, serve }| {
        match elsewhere.of(operation) {
            Some(upstream) => {
                guard.route(router, operation, Forwarded { operation, upstream: upstream.clone() })
            }
            None => guard.route(router, operation, Here { api: api.clone(), serve }),
        }
    })
}

/// An operation that this process has itself.
struct Here {
    api: Api,
    serve: for<'a> fn(&'a Api, AdmittedRequest) -> Serving<'a>,
}

impl Serve for Here {
    fn serve(
        &self,
        request: AdmittedRequest,
    ) -> impl Future<Output = Result<Response, Problem>> + Send {
        (self.serve)(&self.api, request)
    }
}
