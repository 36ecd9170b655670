//! A process whose parts are there: what it serves, what it does, and the order in which it ends.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use charter_engine::log::Log;
use charter_engine::outcomes::OutcomeHints;
use charter_engine::store::Store;
use charter_engine::{Runtime, Service, ServiceError};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::StartError;
use crate::health::{self, Health, LogPart, Part, ServicePart, StorePart};
use crate::push::Push;
use crate::settings::HttpSettings;
use crate::{server, telemetry};

/// How often readiness is looked at until `ready` is said.
const READY_LOOK: Duration = Duration::from_millis(20);

/// How long log and store may take to end, each. With the 6 s that services have at the most it is less than
/// the 10 s that a process has.
const CLOSING: Duration = Duration::from_millis(1_500);

/// The parts of a process.
#[derive(Debug)]
pub struct Running {
    store: Arc<dyn Store>,
    /// What services work with; `None` in a process that only reads.
    runtime: Option<Runtime>,
    hints: Option<Arc<OutcomeHints>>,
    push: Option<Push>,
    services: Vec<Arc<dyn Service>>,
    parts: Vec<Arc<dyn Part>>,
    routes: Router,
}

impl Running {
    /// A process with log and store.
    #[must_use]
    pub fn new(runtime: &Runtime) -> Self {
        let mut running = Self::reading(Arc::clone(&runtime.store));
        running.parts.insert(0, Arc::new(LogPart(Arc::clone(&runtime.log))));
        running.runtime = Some(runtime.clone());
        running
    }

    /// A process that only reads the store.
    #[must_use]
    pub fn reading(store: Arc<dyn Store>) -> Self {
        let parts: Vec<Arc<dyn Part>> = vec![Arc::new(StorePart(Arc::clone(&store)))];
        let (runtime, hints, push) = (None, None, None);
        Self { store, runtime, hints, push, services: Vec::new(), parts, routes: Router::new() }
    }

    /// The same, which serves `routes` too.
    #[must_use]
    pub fn routes(mut self, routes: Router) -> Self {
        self.routes = self.routes.merge(routes);
        self
    }

    /// The same, which is not ready where `part` is not.
    #[must_use]
    pub fn part(mut self, part: impl Part) -> Self {
        self.parts.push(Arc::new(part));
        self
    }

    /// The same, which follows `hints`, and ends them.
    #[must_use]
    pub fn hints(mut self, hints: Arc<OutcomeHints>) -> Self {
        self.hints = Some(hints);
        self
    }

    /// The same, which waits for `push` to end.
    #[must_use]
    pub fn push(mut self, push: Push) -> Self {
        self.push = Some(push);
        self
    }

    /// The same, which does the work of `service`.
    #[must_use]
    pub fn service(mut self, service: impl Service) -> Self {
        let service: Arc<dyn Service> = Arc::new(service);
        self.parts.push(Arc::new(ServicePart(Arc::clone(&service))));
        self.services.push(service);
        self
    }

    /// All that is served; not ready any more once `draining` is cancelled.
    pub(super) fn router(
        &self,
        draining: &CancellationToken,
        mode: Option<&'static str>,
        settings: &HttpSettings,
    ) -> Router {
        let (parts, draining) = (self.parts.clone(), draining.clone());
        let health = health::routes(Health { parts, draining, mode }, telemetry::metrics());
        server::with_middleware(self.routes.clone().merge(health), settings)
    }

    /// Works until `stop`, then ends: services and requests, hints, store and log. `ready` is called once all
    /// parts are.
    pub(super) async fn run(
        self,
        serving: &mut JoinSet<()>,
        stop: &CancellationToken,
        ready: impl FnOnce(),
    ) -> Result<(), StartError> {
        let mut working = JoinSet::new();
        if let Some(runtime) = &self.runtime {
            for service in &self.services {
                let (service, runtime, stop) = (Arc::clone(service), runtime.clone(), stop.clone());
                working.spawn(async move { service.run(runtime, stop).await });
            }
        }
        let mut ended = tokio::select! {
            () = all_ready(&self.parts) => {
                ready();
                Ok(())
            }
            Some(broken) = working.join_next() => broken_off(broken),
            () = stop.cancelled() => Ok(()),
        };
        if ended.is_ok() {
            ended = tokio::select! {
                Some(broken) = working.join_next() => broken_off(broken),
                Some(served) = serving.join_next() => served.map_err(StartError::from),
                () = stop.cancelled() => Ok(()),
            };
        }
        stop.cancel();
        while let Some(worked) = working.join_next().await {
            ended = ended.and(broken_off(worked));
        }
        while serving.join_next().await.is_some() {}
        if let Some(hints) = &self.hints {
            hints.stop().await;
        }
        if let Some(push) = &self.push {
            push.stopped().await;
        }
        let log = self.runtime.as_ref().map(|runtime| Arc::clone(&runtime.log));
        close(&*self.store, log.as_deref()).await;
        ended
    }
}

/// Ends store and log; what does not end in time ends with the process.
async fn close(store: &dyn Store, log: Option<&dyn Log>) {
    if tokio::time::timeout(CLOSING, store.close()).await.is_err() {
        tracing::warn!("the store did not end in time");
    }
    if let Some(log) = log
        && tokio::time::timeout(CLOSING, log.close()).await.is_err()
    {
        tracing::warn!("the log did not end in time");
    }
}

async fn all_ready(parts: &[Arc<dyn Part>]) {
    for part in parts {
        while part.ready().await.is_err() {
            tokio::time::sleep(READY_LOOK).await;
        }
    }
}

/// A service ends by itself only where it can't go on, or because it was told to.
fn broken_off(ended: Result<Result<(), ServiceError>, JoinError>) -> Result<(), StartError> {
    Ok(ended??)
}
