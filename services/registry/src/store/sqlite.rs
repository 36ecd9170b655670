//! The embedded database: one SQLite file in the data directory, one writer, several readers.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use super::connection::{Connection, Transaction};
use super::lock::DirectoryLock;
use super::{OpenError, StoreError};

/// How long a statement waits for another process's lock on the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a request waits for a free connection. Writers queue here.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(20);

/// The pages that a connection keeps, in KiB (negative, as the pragma has it): what is asked for
/// most is in memory as it is served, and the system keeps the file's pages too.
const PAGE_CACHE: &str = "-512";

/// Readers at once: look-ups are short, and two cores are served by few.
const READERS: u32 = 4;

/// A file that no other process can open.
#[derive(Debug)]
pub(crate) struct SqliteStore {
    /// A pool of one: whoever holds the connection is the writer.
    writer: SqlitePool,
    readers: SqlitePool,
    _lock: DirectoryLock,
}

impl SqliteStore {
    /// Locks `directory`, which is made when absent, and opens or creates `registry.db` in it.
    pub(super) async fn open(directory: &Path) -> Result<Self, OpenError> {
        std::fs::create_dir_all(directory)
            .map_err(|source| OpenError::directory(directory, source))?;
        let lock = DirectoryLock::acquire(directory)?;
        let file = directory.join("registry.db");
        let database = |source: sqlx::Error| OpenError::database(directory, &file, source);
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .pragma("cache_size", PAGE_CACHE)
            .busy_timeout(BUSY_TIMEOUT);
        let pool = || SqlitePoolOptions::new().acquire_timeout(ACQUIRE_TIMEOUT);
        let writer =
            pool().max_connections(1).connect_with(options.clone()).await.map_err(database)?;
        sqlx::migrate!("migrations/sqlite")
            .run(&writer)
            .await
            .map_err(|error| OpenError::migration(directory, &file, error))?;
        let readers = pool()
            .max_connections(READERS)
            .connect_with(options.create_if_missing(false).read_only(true))
            .await
            .map_err(database)?;
        Ok(Self { writer, readers, _lock: lock })
    }

    pub(super) async fn read(&self) -> Result<Connection, StoreError> {
        Ok(self.readers.acquire().await?.into())
    }

    pub(super) async fn write(&self) -> Result<Transaction, StoreError> {
        Ok(Transaction::sqlite(self.writer.begin_with("BEGIN IMMEDIATE").await?))
    }

    /// Closes the connections, which folds the write-ahead log into the file.
    pub(super) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}
