//! What a platform holds.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use charter_domain::{Contract as _, Decider};
use charter_engine::{ContextService, Runtime, Service, ServiceError};
use charter_http::gateway::Contract;
use charter_http::push::PushBuilder;
use charter_http::{ApiBuilder, Dispatch, OperationKind};
use charter_portal::Portal;

/// What a platform holds: the HTTP contract, a service for each context, and pages.
///
/// ```ignore
/// Composition::new(&contract_gateway::CONTRACT)
///     .context(orders_service::service())
///     .portal(Portal::new("Shop").catalogue(contract_gateway::CONTRACT.catalogue))
/// ```
#[derive(Debug)]
pub struct Composition {
    pub(crate) contract: &'static Contract,
    pub(crate) contexts: Vec<Box<dyn Member>>,
    pub(crate) portal: Option<Portal>,
    pub(crate) trials: fn(gateway: &str) -> String,
}

impl Composition {
    /// A platform that serves `contract` and has no service yet.
    #[must_use]
    pub fn new(contract: &'static Contract) -> Self {
        Self { contract, contexts: Vec::new(), portal: None, trials: |_| String::new() }
    }

    /// The same with the service of one more context: it decides and projects in this process, and the gateway sends
    /// the context's commands and shows its rooms.
    #[must_use]
    pub fn context<D: Decider>(mut self, service: ContextService<D>) -> Self {
        self.contexts.push(Box::new(Held { service: Arc::new(service) }));
        self
    }

    /// The same with pages for browsers, beside the API.
    #[must_use]
    pub fn portal(mut self, portal: Portal) -> Self {
        self.portal = Some(portal);
        self
    }

    /// The same with lines to try once it has started, made from the gateway's URL.
    #[must_use]
    pub fn trials(mut self, lines: fn(gateway: &str) -> String) -> Self {
        self.trials = lines;
        self
    }
}

/// A context that a platform holds, whatever its types are.
#[async_trait]
pub(crate) trait Member: Debug + Send + Sync {
    /// The service that decides and projects.
    fn service(&self) -> Arc<dyn Service>;

    /// Lets the gateway send the context's commands.
    async fn sender(
        &self,
        api: ApiBuilder,
        runtime: &Runtime,
        contract: &Contract,
    ) -> Result<ApiBuilder, ServiceError>;

    /// Lets clients see its events, where it has rooms.
    async fn rooms(
        &self,
        push: PushBuilder,
        runtime: &Runtime,
    ) -> Result<PushBuilder, ServiceError>;
}

struct Held<D: Decider> {
    service: Arc<ContextService<D>>,
}

impl<D: Decider> Debug for Held<D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.service.fmt(f)
    }
}

#[async_trait]
impl<D: Decider> Member for Held<D> {
    fn service(&self) -> Arc<dyn Service> {
        Arc::clone(&self.service) as Arc<dyn Service>
    }

    async fn sender(
        &self,
        api: ApiBuilder,
        runtime: &Runtime,
        contract: &Contract,
    ) -> Result<ApiBuilder, ServiceError> {
        let source = source(contract, D::Contract::NAME);
        Ok(api.sender(runtime.sender::<D::Contract>(&source).await?))
    }

    async fn rooms(
        &self,
        push: PushBuilder,
        runtime: &Runtime,
    ) -> Result<PushBuilder, ServiceError> {
        push.context::<D::Contract>(runtime).await
    }
}

/// Who sends the commands of `context`: the service that the contract forwards them to, as where it runs apart, or
/// the gateway.
fn source(contract: &Contract, context: &str) -> String {
    let service =
        contract.all_operations().into_iter().find_map(|operation| match operation.kind {
            OperationKind::Command {
                context: sent, dispatch: Dispatch::Proxy { service }, ..
            } if sent == context => Some(service),
            OperationKind::Command { .. }
            | OperationKind::Query
            | OperationKind::Outcome
            | OperationKind::Stream => None,
        });
    format!("charter://{}", service.unwrap_or("gateway"))
}
