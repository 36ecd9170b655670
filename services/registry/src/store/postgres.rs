//! PostgreSQL: a schema of the registry's own in a database that any number of instances share.

use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection};
use tokio::sync::{Mutex, watch};

use super::connection::{Connection, Transaction};
use super::error::MigrationFault;
use super::{OpenError, StoreError};

/// How long a request waits for a connection, a new one included: a database that starts anew is
/// back by then, and no client has given up.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the database may be silent at one attempt to open it.
const OPEN_TIMEOUT: Duration = Duration::from_secs(15);

/// How long nothing is tried after an attempt that failed: the first time, and at most.
const OPEN_PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(2)];

/// How long a connection may lie idle: a pooler or a firewall in between cuts it off sooner or
/// later, and then without a word.
const IDLE_TIMEOUT: Duration = Duration::from_mins(5);

/// What every session sets. A commit is durable when it is answered, whatever the server's default
/// is; no statement, wait or forgotten transaction holds up others for long.
const SESSION: [(&str, &str); 6] = [
    ("synchronous_commit", "on"),
    ("statement_timeout", "10s"),
    ("lock_timeout", "10s"),
    ("idle_in_transaction_session_timeout", "30s"),
    ("default_transaction_isolation", "read committed"),
    ("client_min_messages", "warning"),
];

/// A PostgreSQL database to keep a registry in.
#[derive(Clone)]
#[non_exhaustive]
pub struct PostgresConfig {
    /// `postgres://user:password@host:port/database?sslmode=…`.
    pub url: String,
    schema: String,
    /// The most connections of this instance, from 2 on.
    pub max_connections: u32,
}

impl PostgresConfig {
    /// A registry in the schema `charter_registry` of a database, with at most 8 connections.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), schema: "charter_registry".to_owned(), max_connections: 8 }
    }

    /// The same in another schema, made when absent: a lower-case letter or `_`, then up to 49 of
    /// those and digits.
    ///
    /// # Errors
    /// [`OpenError::SchemaName`] for a name that would need quotes.
    pub fn in_schema(self, name: &str) -> Result<Self, OpenError> {
        if !is_schema_name(name) {
            return Err(OpenError::SchemaName(name.to_owned()));
        }
        Ok(Self { schema: name.to_owned(), ..self })
    }
}

impl std::fmt::Debug for PostgresConfig {
    /// Without the URL, which holds a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresConfig")
            .field("schema", &self.schema)
            .field("max_connections", &self.max_connections)
            .finish_non_exhaustive()
    }
}

/// A pool of connections, and this process's place among the writers.
#[derive(Debug)]
pub(crate) struct PostgresStore {
    pool: PgPool,
    /// Writers of this process queue here, so that one connection at most waits for the lock.
    turn: Arc<Mutex<()>>,
    schema: String,
    /// Key of the advisory lock that makes writers of all instances take turns.
    writer_key: i64,
    options: PgConnectOptions,
    /// Host, port and database.
    place: String,
    /// Why the tables are not known to be there yet; empty once they are.
    waiting: watch::Sender<Option<Arc<str>>>,
}

impl PostgresStore {
    /// Gets ready to connect: nothing can be read before [`Self::opened`] ended well.
    ///
    /// # Errors
    /// [`OpenError::Url`].
    pub(super) fn begin(config: &PostgresConfig) -> Result<Self, OpenError> {
        let schema = config.schema.as_str();
        let options = PgConnectOptions::from_str(&config.url)
            .map_err(|source| OpenError::Url(Box::new(source)))?
            .application_name("charter-registry")
            .options(SESSION)
            .options([("search_path", schema)]);
        let place = format!(
            "{}:{}/{}",
            options.get_host(),
            options.get_port(),
            options.get_database().unwrap_or_default()
        );
        let pool = PgPoolOptions::new()
            // One listens all the time.
            .max_connections(config.max_connections.max(2))
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .idle_timeout(IDLE_TIMEOUT)
            .connect_lazy_with(options.clone());
        Ok(Self {
            pool,
            turn: Arc::default(),
            schema: schema.to_owned(),
            writer_key: key("write", schema),
            options,
            place,
            waiting: watch::Sender::new(Some("it has not answered yet".into())),
        })
    }

    /// Connects, makes the schema and brings its tables up to date, at the first attempt. Instances
    /// that start at once take turns.
    ///
    /// # Errors
    /// [`OpenError`].
    pub(super) async fn open(&self) -> Result<(), OpenError> {
        let refused =
            |source: StoreError| OpenError::Postgres { place: self.place.clone(), source };
        let migrated = migrate(&self.options, &self.schema);
        match tokio::time::timeout(OPEN_TIMEOUT, migrated).await {
            Ok(result) => result.map_err(|error| match error {
                MigrationError::Newer => OpenError::NewerSchema(self.schema.clone()),
                MigrationError::Store(source) => refused(source),
            })?,
            Err(_) => return Err(refused(StoreError::Silent(OPEN_TIMEOUT.as_secs()))),
        }
        self.waiting.send_replace(None);
        Ok(())
    }

    /// The same, at as many attempts as it takes. Until then what is read and written fails with
    /// [`StoreError::Waiting`].
    ///
    /// # Errors
    /// [`OpenError`] for what does not pass by waiting, such as a wrong password.
    pub(super) async fn opened(&self) -> Result<(), OpenError> {
        let [mut pause, longest] = OPEN_PAUSES;
        loop {
            let reason = match self.open().await {
                Err(OpenError::Postgres { source, .. }) if source.is_passing() => {
                    source.to_string()
                }
                other => return other,
            };
            let is_new = self.waiting.send_if_modified(|waiting| {
                let is_new = waiting.as_deref() != Some(reason.as_str());
                *waiting = Some(reason.as_str().into());
                is_new
            });
            if is_new {
                tracing::warn!(reason, "waiting for PostgreSQL database `{}`", self.place);
            }
            tokio::time::sleep(pause).await;
            pause = longest.min(pause * 2);
        }
    }

    /// Refuses where the tables are not there yet.
    fn require_open(&self) -> Result<(), StoreError> {
        match self.waiting.borrow().as_ref() {
            None => Ok(()),
            Some(reason) => Err(StoreError::Waiting {
                place: self.place.clone(),
                reason: reason.as_ref().to_owned(),
            }),
        }
    }

    pub(super) async fn read(&self) -> Result<Connection, StoreError> {
        self.require_open()?;
        Ok(self.pool.acquire().await.map_err(unreachable_in_time)?.into())
    }

    /// The lock is the transaction's: it goes with it, also when this process dies. Statements
    /// after it see all that earlier holders committed (read committed).
    pub(super) async fn write(&self) -> Result<Transaction, StoreError> {
        self.require_open()?;
        let turn = Arc::clone(&self.turn).lock_owned().await;
        let mut transaction = self.pool.begin().await.map_err(unreachable_in_time)?;
        sqlx::query("SELECT pg_advisory_xact_lock($1)")
            .bind(self.writer_key)
            .execute(&mut *transaction)
            .await?;
        Ok(Transaction::postgres(transaction, turn))
    }

    /// To hear of schemas that any instance deleted for good.
    pub(crate) fn watch_deletions(&self) -> DeletionWatch {
        DeletionWatch { pool: self.pool.clone(), channel: format!("{}_schemas", self.schema) }
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }
}

/// Listens to what `migrations/postgres/0002_deleted.sql` notifies of.
#[derive(Debug)]
pub(crate) struct DeletionWatch {
    pool: PgPool,
    channel: String,
}

/// How long nothing is tried after the listening connection was lost.
const LISTEN_PAUSE: Duration = Duration::from_secs(1);

impl DeletionWatch {
    /// Calls `deleted` after each deletion, and where some may have gone unheard. Runs until it is
    /// dropped.
    pub(crate) async fn run(self, deleted: impl Fn()) {
        loop {
            if let Err(error) = self.listen(&deleted).await {
                tracing::warn!(%error, "deletions of other instances are not heard for a moment");
            }
            tokio::time::sleep(LISTEN_PAUSE).await;
        }
    }

    async fn listen(&self, deleted: &impl Fn()) -> Result<(), sqlx::Error> {
        let mut listener = PgListener::connect_with(&self.pool).await?;
        listener.listen(&self.channel).await?;
        loop {
            deleted();
            // Nothing comes where the connection was lost and made anew.
            listener.try_recv().await?;
        }
    }
}

fn unreachable_in_time(error: sqlx::Error) -> StoreError {
    if matches!(error, sqlx::Error::PoolTimedOut) {
        return StoreError::Silent(ACQUIRE_TIMEOUT.as_secs());
    }
    error.into()
}

/// The name goes into statements as it is, so it is held to what needs no quotes.
fn is_schema_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    let first = bytes.next().is_some_and(|byte| byte == b'_' || byte.is_ascii_lowercase());
    let rest = bytes.all(|byte| byte == b'_' || byte.is_ascii_lowercase() || byte.is_ascii_digit());
    first && rest && name.len() <= 50 && !name.starts_with("pg_")
}

enum MigrationError {
    Newer,
    Store(StoreError),
}

impl From<sqlx::Error> for MigrationError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

async fn migrate(options: &PgConnectOptions, schema: &str) -> Result<(), MigrationError> {
    let mut connection = options.connect().await?;
    let result = migrate_with(&mut connection, schema).await;
    // Closing gives the lock back, also when a statement failed.
    let _ = connection.close().await;
    result
}

async fn migrate_with(connection: &mut PgConnection, schema: &str) -> Result<(), MigrationError> {
    sqlx::query("SELECT pg_advisory_lock($1)")
        .bind(key("migrate", schema))
        .execute(&mut *connection)
        .await?;
    // Looked for first: whoever may only use the schema may start an instance too.
    let exists: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)")
            .bind(schema)
            .fetch_one(&mut *connection)
            .await?;
    if !exists {
        sqlx::query(AssertSqlSafe(format!("CREATE SCHEMA {schema}")))
            .execute(&mut *connection)
            .await?;
    }
    // sqlx's own lock is one for the whole database; the one above is the registry's.
    let mut migrator = sqlx::migrate!("migrations/postgres");
    migrator.set_locking(false);
    migrator.run(&mut *connection).await.map_err(|error| match error.into() {
        MigrationFault::Newer => MigrationError::Newer,
        MigrationFault::Database(source) => source.into(),
    })
}

/// A key of an advisory lock: keys are one space in a database, so that they are hashes of what
/// they are for.
fn key(purpose: &str, schema: &str) -> i64 {
    use sha2::{Digest as _, Sha256};
    let hash = Sha256::digest(format!("charter registry {purpose} {schema}"));
    let (head, _) = hash.split_at(8);
    head.iter().fold(0, |key, byte| (key << 8) | i64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schema_names_need_no_quotes() {
        for name in ["charter_registry", "_r1", "a"] {
            assert!(is_schema_name(name), "{name}");
        }
        for name in ["", "Registry", "1a", "a-b", "a\"b", "pg_registry", &"a".repeat(51)] {
            assert!(!is_schema_name(name), "{name}");
        }
    }

    #[test]
    fn a_configuration_does_not_show_its_password() {
        let config = PostgresConfig::new("postgres://user:secret@localhost/registry");
        assert!(!format!("{config:?}").contains("secret"), "{config:?}");
    }
}
