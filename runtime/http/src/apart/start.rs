//! What a service's parts are put together with, waiting for what is not there yet.

use std::sync::Arc;

use charter_engine::outcomes::OutcomeHints;
use charter_engine::standalone::Waiting;
use charter_engine::store::Store;
use charter_engine::{Runtime, ServiceError, Settings};
use tokio_util::sync::CancellationToken;

use super::{DatabaseSettings, EngineSettings, StartError};
use crate::access::AccessControl;
use crate::api::{Api, ApiBuilder};
use crate::document::Document;
use crate::operation::Operation;
use crate::push::{Push, PushBuilder, PushSettings, RoomAccess};

/// The start of a process.
#[derive(Debug)]
pub struct Start {
    name: &'static str,
    waiting: Waiting,
    stop: CancellationToken,
}

impl Start {
    pub(super) fn new(name: &'static str, stop: CancellationToken) -> Self {
        Self { name, waiting: Waiting::default(), stop }
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn waiting(&self) -> &Waiting {
        &self.waiting
    }

    /// Makes what `senders` adds to the state of routes that send commands: one sender for each context.
    /// `access` says who is let in, `max_lag` how many commands may wait for a
    /// partition's decisions. Requests can wait for hints of outcomes, on a reply partition that is given to this process.
    ///
    /// # Errors
    /// What waiting can't mend; [`ServiceError::Stopping`] where the process is told to end.
    pub async fn api(
        &self,
        runtime: &Runtime,
        document: &str,
        operations: &[&Operation],
        access: AccessControl,
        max_lag: u64,
        senders: impl AsyncFn(ApiBuilder, &Runtime) -> Result<ApiBuilder, ServiceError>,
    ) -> Result<(Api, Arc<OutcomeHints>), StartError> {
        let document = Arc::new(Document::compile(document, operations)?);
        let access = Arc::new(access);
        let (api, hints) = self
            .waiting
            .patiently("the log, the store and the schema registry", &self.stop, async || {
                let api = Api::over(Arc::clone(&document), Arc::clone(&runtime.store));
                let api = senders(api, runtime).await?;
                Ok((api, runtime.shared_hints(&self.stop).await?))
            })
            .await?;
        let hints = Arc::new(hints);
        let api =
            api.hints(Arc::clone(&hints)).stop(self.stop.clone()).access(access).max_lag(max_lag);
        Ok((api.build(), hints))
    }

    /// Follows the events of the contexts whose rooms `rooms` adds; `access` says who may join which.
    ///
    /// # Errors
    /// What waiting can't mend; [`ServiceError::Stopping`] where the process is told to end.
    pub async fn push(
        &self,
        runtime: &Runtime,
        settings: PushSettings,
        access: &'static [RoomAccess],
        rooms: impl AsyncFn(PushBuilder, &Runtime) -> Result<PushBuilder, ServiceError>,
    ) -> Result<Push, StartError> {
        let followed = self
            .waiting
            .patiently("the log, the store and the schema registry", &self.stop, async || {
                rooms(Push::builder(settings, access, self.stop.clone()), runtime).await
            })
            .await?;
        Ok(followed.start())
    }
}

#[cfg(not(all(feature = "kafka", feature = "postgres")))]
impl Start {
    /// Never called: a build without engines has no settings for them.
    ///
    /// # Errors
    /// None.
    #[expect(clippy::unused_async, reason = "as in a build with the engines")]
    pub async fn store(&self, database: DatabaseSettings) -> Result<Arc<dyn Store>, StartError> {
        match database.none {}
    }

    /// Never called: a build without engines has no settings for them.
    ///
    /// # Errors
    /// None.
    #[expect(clippy::unused_async, reason = "as in a build with the engines")]
    pub async fn runtime(
        &self,
        engines: EngineSettings,
        _settings: Settings,
    ) -> Result<Runtime, StartError> {
        match engines.database.none {}
    }
}

#[cfg(all(feature = "kafka", feature = "postgres"))]
mod engines {
    use charter_engine::log::Log;
    use charter_engine::log::kafka::KafkaLog;
    use charter_engine::schemas::{ConfluentRegistry, RegistrySettings, SchemaCatalog};
    use charter_engine::standalone;
    use charter_engine::store::postgres::PostgresStore;

    use super::super::Tables;
    use super::{
        Arc, DatabaseSettings, EngineSettings, Runtime, ServiceError, Settings, Start, StartError,
        Store,
    };

    impl Start {
        /// The store on PostgreSQL, once it answers.
        ///
        /// # Errors
        /// Where it refuses this process for good.
        pub async fn store(
            &self,
            database: DatabaseSettings,
        ) -> Result<Arc<dyn Store>, StartError> {
            let DatabaseSettings { postgres, tables } = database;
            if postgres.durability == charter_engine::store::Durability::Process {
                println!(
                    "DURABILITY=process: what was decided last does not survive the loss of power"
                );
            }
            let mut refused = None;
            let opened = self
                .waiting
                .patiently("PostgreSQL", &self.stop, async || {
                    let settings = postgres.clone();
                    let opened = match tables {
                        Tables::Own => PostgresStore::open(settings).await,
                        Tables::Others => PostgresStore::open_to_read(settings).await,
                    };
                    match opened {
                        Ok(store) => Ok(Some(store)),
                        Err(error) => match standalone::refusal(&error) {
                            Some(reason) => {
                                refused = Some(reason);
                                Ok(None)
                            }
                            None => Err(error.into()),
                        },
                    }
                })
                .await?;
            match opened {
                Some(store) => Ok(Arc::new(store)),
                None => Err(StartError::DatabaseRefused { reason: refused.unwrap_or_default() }),
            }
        }

        /// Log, store and schemas, once log and store are there and belong together.
        ///
        /// # Errors
        /// Where one refuses this process for good.
        pub async fn runtime(
            &self,
            engines: EngineSettings,
            settings: Settings,
        ) -> Result<Runtime, StartError> {
            let EngineSettings { database, kafka, registry: (url, registration) } = engines;
            let registry = ConfluentRegistry::new(RegistrySettings::new(url))
                .map_err(|error| ServiceError::Schemas(error.into()))?;
            let log: Arc<dyn Log> = Arc::new(KafkaLog::open(kafka).await?);
            let store = self.store(database).await?;
            let schemas = SchemaCatalog::new(Arc::new(registry), registration);
            let runtime = Runtime::new(log, store, schemas, settings).with_stop(self.stop.clone());
            self.waiting
                .patiently("Kafka and the store's tables", &self.stop, async || {
                    runtime.pair().await
                })
                .await?;
            Ok(runtime)
        }
    }
}
