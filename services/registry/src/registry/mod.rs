//! What the registry does, apart from HTTP: each operation is one read or one transaction.

mod cache;
mod check;
mod delete;
mod list;
mod lookup;
mod references;
mod register;
mod scopes;

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use cache::SchemaCache;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

pub(crate) use cache::ServedSchema;
pub(crate) use check::{CheckedAgainst, Verdict};
pub(crate) use delete::Deletion;
pub(crate) use list::SchemaFilter;
pub(crate) use lookup::{Format, Submission};
pub(crate) use references::RequestedReference;
pub(crate) use register::{Registration, RequestedVersion};
pub(crate) use scopes::{Force, Inheritance};

use crate::access::Keys;
use crate::error::ApiError;
use crate::settings::{Config, Level, Mode};
use crate::store::{Connection, OpenError, Patience, Store, StoreError};
use crate::subject::{Scope, Subject};

/// Where a registry keeps its data.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RegistryConfig {
    /// The kind of database and its place.
    pub storage: Storage,
}

/// A database for a registry.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Storage {
    /// SQLite in a directory of the registry's own, made when absent. It holds `registry.db`,
    /// SQLite's two files beside it, and `registry.lock`.
    Directory(PathBuf),
    /// PostgreSQL, shared with any number of other instances.
    #[cfg(feature = "postgres")]
    Postgres(crate::PostgresConfig),
}

impl RegistryConfig {
    /// A registry in a directory.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self { storage: Storage::Directory(data_dir.into()) }
    }

    /// An instance of the registry in a PostgreSQL database.
    #[cfg(feature = "postgres")]
    #[must_use]
    pub fn postgres(database: crate::PostgresConfig) -> Self {
        Self { storage: Storage::Postgres(database) }
    }
}

/// A running registry. Cheap to clone; every clone is the same registry.
#[derive(Clone, Debug)]
pub struct Registry {
    store: Arc<Store>,
    cache: Arc<SchemaCache>,
    /// Ends what runs in the background.
    closing: CancellationToken,
    metrics: Option<PrometheusHandle>,
    keys: Option<Arc<Keys>>,
}

/// Opens the registry. A data directory no other process can open until this one ends or
/// [`Registry::close`] is called and every clone is dropped; a PostgreSQL database is shared.
///
/// # Errors
/// [`OpenError`]: the directory is in use, cannot be written, has no space left, or holds a
/// database that cannot be read; PostgreSQL is out of reach or refuses.
pub async fn open(config: RegistryConfig) -> Result<Registry, OpenError> {
    let registry = begin(config).await?;
    registry.finish(Patience::None).await?;
    Ok(registry)
}

/// Opens a data directory as [`open`] does, but leaves PostgreSQL, which may be away, to
/// [`Registry::opened`]: until that is done every request is answered with 50002, and
/// `/health/ready` says what is waited for.
///
/// # Errors
/// [`OpenError`] of the directory; a URL that cannot be read.
pub async fn begin(config: RegistryConfig) -> Result<Registry, OpenError> {
    let store = match &config.storage {
        Storage::Directory(directory) => Store::open(directory).await?,
        #[cfg(feature = "postgres")]
        Storage::Postgres(database) => Store::begin(database)?,
    };
    Ok(Registry {
        store: Arc::new(store),
        cache: Arc::default(),
        closing: CancellationToken::new(),
        metrics: None,
        keys: None,
    })
}

impl Registry {
    /// Waits for PostgreSQL as long as it takes and opens the registry there.
    ///
    /// # Errors
    /// [`OpenError`] for what does not pass by waiting: a wrong password, no such database, tables
    /// of a newer registry.
    pub async fn opened(&self) -> Result<(), OpenError> {
        self.finish(Patience::Endless).await
    }

    async fn finish(&self, patience: Patience) -> Result<(), OpenError> {
        self.store.opened(patience).await?;
        #[cfg(feature = "postgres")]
        self.watch_deletions();
        Ok(())
    }
}

impl Registry {
    /// The same registry, which also serves the process's metrics at `/metrics`.
    #[must_use]
    pub fn with_metrics(self, metrics: PrometheusHandle) -> Self {
        Self { metrics: Some(metrics), ..self }
    }

    /// The same registry, which takes requests with one of these keys only.
    #[must_use]
    pub fn with_keys(self, keys: Keys) -> Self {
        Self { keys: Some(Arc::new(keys)), ..self }
    }

    /// The keys that requests must have one of; none where they need no key.
    pub(crate) fn keys(&self) -> Option<&Keys> {
        self.keys.as_deref()
    }

    /// What `/metrics` shows, where it is served.
    pub(crate) fn rendered_metrics(&self) -> Option<String> {
        self.metrics.as_ref().map(PrometheusHandle::render)
    }

    /// Forgets schemas when another instance deleted some for good.
    #[cfg(feature = "postgres")]
    fn watch_deletions(&self) {
        if let Store::Postgres(store) = self.store.as_ref() {
            let (watch, cache) = (store.watch_deletions(), Arc::clone(&self.cache));
            let closing = self.closing.clone();
            // It ends with `closing`, which `close` cancels, or with its last connection.
            tokio::spawn(closing.run_until_cancelled_owned(watch.run(move || cache.clear())));
        }
    }

    /// Waits for the work under way and closes the database.
    pub async fn close(&self) {
        self.closing.cancel();
        self.store.close().await;
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        self.store.ping().await
    }

    /// The subject that requests for `subject` are answered from: its alias, where it has one.
    pub(crate) async fn resolve_alias(&self, subject: Subject) -> Result<Subject, ApiError> {
        let mut connection = self.store.read().await?;
        let config = Config::find(&mut connection, &Scope::Subject(subject.clone())).await?;
        match config.and_then(|config| config.alias) {
            Some(alias) => Subject::parse(&alias),
            None => Ok(subject),
        }
    }
}

/// The settings in force for a subject: its own, else the registry's, else the defaults.
#[derive(Clone, Copy, Debug)]
struct InForce {
    level: Level,
    normalize: bool,
    validate_fields: bool,
    mode: Mode,
}

impl InForce {
    async fn of(connection: &mut Connection, scope: &Scope) -> Result<Self, StoreError> {
        let config = merged(connection, scope).await?;
        Ok(Self {
            level: config.level.unwrap_or_default(),
            normalize: config.normalize.unwrap_or_default(),
            validate_fields: config.validate_fields.unwrap_or_default(),
            mode: mode_in_force(connection, scope).await?,
        })
    }
}

/// The settings of a scope over those of the registry. An alias is never inherited.
async fn merged(connection: &mut Connection, scope: &Scope) -> Result<Config, StoreError> {
    let global = Config::find(connection, &Scope::Global).await?.unwrap_or_default();
    let own = match scope {
        Scope::Global => return Ok(global),
        Scope::Subject(_) => Config::find(connection, scope).await?.unwrap_or_default(),
    };
    Ok(Config {
        level: own.level.or(global.level),
        normalize: own.normalize.or(global.normalize),
        validate_fields: own.validate_fields.or(global.validate_fields),
        alias: own.alias,
    })
}

/// The mode of a scope, else the registry's, else read-write; before all of them the registry's
/// read-only override.
async fn mode_in_force(connection: &mut Connection, scope: &Scope) -> Result<Mode, StoreError> {
    let global = Mode::find(connection, &Scope::Global).await?.unwrap_or_default();
    if global == Mode::ReadOnlyOverride {
        return Ok(global);
    }
    Ok(Mode::find(connection, scope).await?.unwrap_or(global))
}

/// Refuses a change where the mode in force is read-only.
async fn require_writable(connection: &mut Connection, scope: &Scope) -> Result<(), ApiError> {
    if !mode_in_force(connection, scope).await?.is_read_only() {
        return Ok(());
    }
    Err(ApiError::ReadOnly(match scope {
        Scope::Global => "The registry".to_owned(),
        Scope::Subject(subject) => format!("Subject {subject}"),
    }))
}

/// Runs work that takes the processor for long, such as parsing 1 MiB of schema, off the threads
/// that serve requests, and as much at once as there are processors.
async fn compute<T, F>(work: F) -> Result<T, ApiError>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, ApiError> + Send + 'static,
{
    static PLACES: LazyLock<Semaphore> = LazyLock::new(|| {
        Semaphore::new(std::thread::available_parallelism().map_or(1, usize::from))
    });
    // Work that nobody waits for any more still takes its place until it ends.
    let place = PLACES.acquire().await.map_err(|_| ApiError::Internal)?;
    let work = move || {
        let _place = place;
        work()
    };
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(ApiError::Internal))
}
