//! What the platform consists of, in the order in which it starts and ends.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use charter_engine::directory::{DataDirectory, DirectoryError};
use charter_engine::log::embedded::{Durability, EmbeddedLog, EmbeddedSettings};
use charter_engine::log::{Log, LogError};
use charter_engine::operate::Operator;
use charter_engine::outcomes::OutcomeHints;
use charter_engine::schemas::{
    ConfluentRegistry, Registration, RegistryError, RegistrySettings, SchemaCatalog,
};
use charter_engine::store::{SqliteStore, Store, StoreError};
use charter_engine::{Runtime, Service, ServiceError, ServiceStatus, Settings};
use charter_http::access::{AccessError, AccessFlags, warn_of_development};
use charter_http::document::DocumentError;
use charter_http::flags::RetentionFlags;
use charter_http::gateway::{self, Contract, Elsewhere};
use charter_http::health::{self, Health, LogPart, Part, ServicePart, StorePart};
use charter_http::push::Push;
use charter_http::server::{self, ListenError};
use charter_http::settings::{HttpFlags, HttpSettings};
use charter_http::{Api, ApiBuilder, operations, telemetry};
use charter_portal::Portal;
use registry_service::{OpenError, RegistryConfig};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::composition::{Composition, Member};

/// The reply partition of the one gateway.
const REPLY_PARTITION: u32 = 0;
/// How often readiness is looked at while the platform starts.
const READY_LOOK: Duration = Duration::from_millis(5);

/// How the platform is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// Directory that holds everything.
    pub data_dir: PathBuf,
    /// Address of the gateway, `host:port`.
    pub listen: String,
    /// Address of the schema registry, `host:port`.
    pub registry_listen: String,
    /// Another registry to use; then none is started here.
    pub schema_registry_url: Option<String>,
    /// Schemas are looked up only.
    pub schema_registry_read_only: bool,
    /// What was accepted survives the end of the process, not the loss of power.
    pub relaxed_durability: bool,
    /// How long what was decided is remembered.
    pub retention: RetentionFlags,
    /// Who is let in.
    pub access: AccessFlags,
    /// How requests are taken.
    pub http: HttpFlags,
}

/// Where the parts are.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// The gateway's URL.
    pub gateway: String,
    /// The registry's URL.
    pub registry: String,
    /// The data directory.
    pub data_dir: String,
    /// What was accepted survives what.
    pub durability: &'static str,
}

/// A platform that has started.
#[derive(Debug)]
pub struct Platform {
    addresses: Addresses,
    contract: &'static Contract,
    /// The portal's pages.
    pages: Router,
    api: Api,
    listener: TcpListener,
    log: Arc<EmbeddedLog>,
    store: Arc<SqliteStore>,
    runtime: Runtime,
    /// Hints of outcomes; without a context there are none.
    hints: Option<Arc<OutcomeHints>>,
    push: Push,
    services: Vec<Arc<dyn Service>>,
    working: JoinSet<Result<(), ServiceError>>,
    registry: JoinSet<()>,
    /// Ends the registry, after those who need it.
    registry_shutdown: CancellationToken,
    shutdown: CancellationToken,
    /// Cancelled first: no longer ready.
    draining: CancellationToken,
    http: HttpSettings,
    _directory: DataDirectory,
}

impl Platform {
    /// Starts all parts of `composition`; `draining` ends them, `options.http.drain_delay` later.
    ///
    /// # Errors
    /// Where a part can't start, as one line that says what to do.
    pub async fn start(
        composition: Composition,
        options: Options,
        draining: CancellationToken,
    ) -> Result<Self, StartError> {
        let Composition { contract, contexts, portal, .. } = composition;
        let shutdown = server::after(&draining, options.http.drain_delay);
        // What is most likely refused comes first, before anything is written.
        let listener = server::listen(&options.listen, "--listen").await?;
        if options.access.is_open() {
            server::only_here(&listener, "--listen")?;
        }
        let registry_url = options.schema_registry_url.filter(|url| !url.is_empty());
        let registry_listener = match &registry_url {
            None => Some(server::listen(&options.registry_listen, "--registry-listen").await?),
            Some(_) => None,
        };
        let access = options.access.control(contract.json)?;
        let access = access.limited(options.http.limits());
        let directory = DataDirectory::open(&options.data_dir)?;

        let registry_shutdown = CancellationToken::new();
        let mut registry = JoinSet::new();
        let registry_url = match (registry_url, registry_listener) {
            (None, Some(listener)) => {
                let opened =
                    registry_service::open(RegistryConfig::new(directory.join("registry"))).await?;
                let url = server::url_of(listener.local_addr()?);
                registry.spawn(registry_service::run(listener, opened, registry_shutdown.clone()));
                url
            }
            (other, _) => other.unwrap_or_default(),
        };

        let durability =
            if options.relaxed_durability { Durability::Process } else { Durability::Power };
        let log = Arc::new(open_log(directory.join("log"), durability).await?);
        let store = Arc::new(SqliteStore::open(directory.path(), durability).await?);
        let runtime = runtime(
            Arc::clone(&log),
            Arc::clone(&store),
            &registry_url,
            options.schema_registry_read_only,
            options.retention.settings(),
        )?
        .with_stop(shutdown.clone());
        runtime.pair().await?;

        let (api, hints) = api(contract, &contexts, &runtime, &shutdown).await?;
        let api = api.access(Arc::new(access)).max_lag(options.http.max_lag).build();

        let pushing = options.http.push.settings();
        let mut push = Push::builder(pushing, contract.rooms, shutdown.clone());
        for context in &contexts {
            push = context.rooms(push, &runtime).await?;
        }
        let push = push.start();

        let mut working = JoinSet::new();
        let services: Vec<_> = contexts.iter().map(|context| context.service()).collect();
        for service in &services {
            let (service, runtime, shutdown) =
                (Arc::clone(service), runtime.clone(), shutdown.clone());
            working.spawn(async move { service.run(runtime, shutdown).await });
        }
        if options.access.is_open() {
            warn_of_development();
        }
        let addresses = Addresses {
            gateway: server::url_of(listener.local_addr()?),
            registry: registry_url,
            data_dir: options.data_dir.display().to_string(),
            durability: match durability {
                Durability::Power => "what is accepted survives the loss of power",
                Durability::Process => {
                    "DURABILITY=process: what is accepted does not survive the loss of power"
                }
            },
        };
        Ok(Self {
            addresses,
            contract,
            pages: portal.map_or_else(Router::new, Portal::routes),
            api,
            listener,
            log,
            store,
            runtime,
            hints,
            push,
            services,
            working,
            registry,
            registry_shutdown,
            shutdown,
            draining,
            http: options.http.settings(),
            _directory: directory,
        })
    }

    /// Where the parts are.
    #[must_use]
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// What the gateway's routes rest on.
    #[must_use]
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// The rooms that are served.
    #[must_use]
    pub fn push(&self) -> &Push {
        &self.push
    }

    /// Serves until the shutdown, then ends every part in order: requests, services, log and store, registry.
    /// `ready` is called once all services do their work.
    ///
    /// # Errors
    /// Where a part broke off.
    pub async fn run(mut self, ready: impl FnOnce()) -> Result<(), StartError> {
        let router = self.router();
        let mut serving = JoinSet::new();
        serving.spawn(server::serve(self.listener, move || router.clone(), self.shutdown.clone()));

        let mut ended = Ok(());
        tokio::select! {
            () = all_ready(&self.services) => ready(),
            broken = self.working.join_next(), if !self.working.is_empty() => {
                ended = broken_off(broken);
            }
            () = self.shutdown.cancelled() => {}
        }
        if ended.is_ok() {
            ended = tokio::select! {
                broken = self.working.join_next(), if !self.working.is_empty() => {
                    broken_off(broken)
                }
                served = serving.join_next() => served.unwrap_or(Ok(())).map_err(StartError::from),
                served = self.registry.join_next(), if !self.registry.is_empty() => {
                    served.unwrap_or(Ok(())).map_err(StartError::from)
                }
            };
        }
        self.draining.cancel();
        self.shutdown.cancel();
        while serving.join_next().await.is_some() {}
        while let Some(worked) = self.working.join_next().await {
            ended = ended.and(worked.map_err(StartError::from).and_then(|worked| Ok(worked?)));
        }
        if let Some(hints) = &self.hints {
            hints.stop().await;
        }
        self.push.stopped().await;
        self.store.close().await;
        self.log.close().await;
        self.registry_shutdown.cancel();
        while self.registry.join_next().await.is_some() {}
        ended
    }

    fn router(&self) -> Router {
        let mut parts: Vec<Arc<dyn Part>> = vec![
            Arc::new(LogPart(Arc::clone(&self.log) as Arc<dyn Log>)),
            Arc::new(StorePart(Arc::clone(&self.store) as Arc<dyn Store>)),
        ];
        for service in &self.services {
            parts.push(Arc::new(ServicePart(Arc::clone(service))));
        }
        let health =
            Health { parts, draining: self.draining.clone(), mode: self.api.access().mode() };
        let operate = operations::routes(Operator::new(&self.runtime), &self.api);
        let (api, push) = (self.api.clone(), self.push.clone());
        let routes = gateway::router(self.contract, api, &Elsewhere::default(), push)
            .merge(self.pages.clone())
            .merge(operate)
            .merge(health::routes(health, telemetry::metrics()));
        server::with_middleware(routes, &self.http)
    }
}

/// What the gateway's routes rest on, with a sender for each context, and the hints that requests wait for.
async fn api(
    contract: &Contract,
    contexts: &[Box<dyn Member>],
    runtime: &Runtime,
    shutdown: &CancellationToken,
) -> Result<(ApiBuilder, Option<Arc<OutcomeHints>>), StartError> {
    let store = Arc::clone(&runtime.store);
    let mut api = Api::builder(contract.json, &contract.all_operations(), store)?;
    for context in contexts {
        api = context.sender(api, runtime, contract).await?;
    }
    let api = api.stop(shutdown.clone());
    if contexts.is_empty() {
        // Topics come with the first context.
        return Ok((api, None));
    }
    let hints = Arc::new(runtime.hints(REPLY_PARTITION, shutdown).await?);
    Ok((api.hints(Arc::clone(&hints)), Some(hints)))
}

async fn open_log(path: PathBuf, durability: Durability) -> Result<EmbeddedLog, StartError> {
    let settings = EmbeddedSettings { durability, ..EmbeddedSettings::default() };
    Ok(tokio::task::spawn_blocking(move || EmbeddedLog::open(path, settings)).await??)
}

fn runtime(
    log: Arc<EmbeddedLog>,
    store: Arc<SqliteStore>,
    registry_url: &str,
    read_only: bool,
    settings: Settings,
) -> Result<Runtime, StartError> {
    let registry = ConfluentRegistry::new(RegistrySettings::new(registry_url))?;
    let registration = if read_only { Registration::LookUp } else { Registration::Register };
    let schemas = SchemaCatalog::new(Arc::new(registry), registration);
    Ok(Runtime::new(log, store, schemas, settings))
}

async fn all_ready(services: &[Arc<dyn Service>]) {
    while !services.iter().all(|service| service.status() == ServiceStatus::Ready) {
        tokio::time::sleep(READY_LOOK).await;
    }
}

/// A service ends by itself only where it can't go on, or because it was told to.
fn broken_off(
    ended: Option<Result<Result<(), ServiceError>, tokio::task::JoinError>>,
) -> Result<(), StartError> {
    ended.map_or(Ok(()), |ended| Ok(ended??))
}

/// Why the platform did not start, or broke off: one line with what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// An address.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The data directory.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The registry's data.
    #[error(transparent)]
    RegistryData(#[from] OpenError),
    /// The registry as the services reach it.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A service.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The contract in this build.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// Who is let in.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The system.
    #[error("the system refuses what the platform needs to run: {0}")]
    System(#[from] std::io::Error),
    /// A part panicked, and said so itself.
    #[error("a part of the platform panicked: {0}")]
    Panicked(#[from] tokio::task::JoinError),
}
