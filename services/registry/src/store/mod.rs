//! The database: one SQLite file in the data directory, one writer, several readers.

mod lock;
mod schemas;
mod scopes;
mod versions;

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::error::DatabaseError;
use sqlx::migrate::MigrateError;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Sqlite, Transaction};

use lock::DirectoryLock;
pub(crate) use lock::LockError;
pub(crate) use schemas::{NewSchema, Reference, StoredSchema};
pub(crate) use versions::{Deleted, SubjectVersion};

/// How long a statement waits for another process's lock on the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a request waits for a free connection. Writers queue here.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(20);

/// Readers at once: look-ups are short, and two cores are served by few.
const READERS: u32 = 4;

/// The database of a running registry, which no other process can open.
#[derive(Debug)]
pub(crate) struct Store {
    /// A pool of one: whoever holds the connection is the writer.
    writer: SqlitePool,
    readers: SqlitePool,
    _lock: DirectoryLock,
}

impl Store {
    /// Locks `directory`, which is made when absent, and opens or creates `registry.db` in it.
    ///
    /// # Errors
    /// [`OpenError`], each with what to do.
    pub(crate) async fn open(directory: &Path) -> Result<Self, OpenError> {
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
            .busy_timeout(BUSY_TIMEOUT);
        let pool = || SqlitePoolOptions::new().acquire_timeout(ACQUIRE_TIMEOUT);
        let writer =
            pool().max_connections(1).connect_with(options.clone()).await.map_err(database)?;
        sqlx::migrate!()
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

    /// A connection that sees what was committed, and cannot write.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when all readers stay busy for 20 s.
    pub(crate) async fn read(&self) -> Result<PoolConnection<Sqlite>, StoreError> {
        Ok(self.readers.acquire().await?)
    }

    /// The one write transaction there can be. Dropped without a commit it leaves nothing.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when the writers before this one take longer than 20 s.
    pub(crate) async fn write(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// Closes the connections, which folds the write-ahead log into the file.
    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// Why the database could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file system has no room left.
    #[error("the disk is full, nothing was written: free some space and try again")]
    Full,
    /// Other work held the database for too long.
    #[error("the database was busy for too long, nothing was written: try again")]
    Busy,
    /// Anything else, as SQLite says it.
    #[error("{0}")]
    Database(#[source] sqlx::Error),
    /// A row that no version of this program writes.
    #[error("the database holds a {what} that cannot be read: `{value}`")]
    Corrupt {
        /// What kind of value.
        what: &'static str,
        /// As stored.
        value: String,
    },
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if matches!(error, sqlx::Error::PoolTimedOut) {
            return Self::Busy;
        }
        let code = error.as_database_error().and_then(DatabaseError::code);
        // The low byte of an extended result code is the primary one (SQLite, "Result Codes").
        match code.and_then(|code| code.parse::<u32>().ok()).map(|code| code & 0xff) {
            Some(5 | 6) => Self::Busy,
            Some(13) => Self::Full,
            _ => Self::Database(error),
        }
    }
}

/// Why the data directory could not be opened. One line each, with what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The directory cannot be made or used.
    #[error("data directory `{}` cannot be used: {source}; give a writable one with `--data-dir`", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file system of the directory has no room left.
    #[error("no space left for data directory `{}`: free some or give another one with `--data-dir`", .0.display())]
    Full(PathBuf),
    /// Another process works in the directory.
    #[error("data directory `{}` is in use by another process: stop it, or give another one with `--data-dir`", .0.display())]
    Locked(PathBuf),
    /// A later version of this program has worked on the file.
    #[error("database `{}` was written by a newer registry: run that one, or give another data directory with `--data-dir`", .0.display())]
    Newer(PathBuf),
    /// SQLite refuses the file.
    #[error("database `{}` cannot be opened: {source}; restore it from a backup or give another data directory with `--data-dir`", file.display())]
    Database {
        /// The file.
        file: PathBuf,
        /// What SQLite said.
        source: StoreError,
    },
}

impl OpenError {
    fn directory(path: &Path, source: std::io::Error) -> Self {
        use std::io::ErrorKind::{QuotaExceeded, StorageFull};
        if matches!(source.kind(), StorageFull | QuotaExceeded) {
            return Self::Full(path.to_owned());
        }
        Self::Directory { path: path.to_owned(), source }
    }

    fn migration(directory: &Path, file: &Path, error: MigrateError) -> Self {
        if let MigrateError::VersionMissing(_) = error {
            return Self::Newer(file.to_owned());
        }
        if let MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) = error {
            return Self::database(directory, file, source);
        }
        Self::database(directory, file, sqlx::Error::Migrate(Box::new(error)))
    }

    fn database(directory: &Path, file: &Path, source: sqlx::Error) -> Self {
        match StoreError::from(source) {
            StoreError::Full => Self::Full(directory.to_owned()),
            source @ (StoreError::Busy | StoreError::Database(_) | StoreError::Corrupt { .. }) => {
                Self::Database { file: file.to_owned(), source }
            }
        }
    }
}

impl From<LockError> for OpenError {
    fn from(error: LockError) -> Self {
        match error {
            LockError::Held(path) => Self::Locked(path),
            LockError::Io(path, source) => Self::directory(&path, source),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_disk_is_told_from_other_faults_and_leaves_nothing() {
        let directory = tempfile::TempDir::new().expect("directory");
        let store = Store::open(directory.path()).await.expect("opens");
        let mut transaction = store.write().await.expect("begins");
        // SQLite answers a reached page limit as it answers a full file system.
        sqlx::query("PRAGMA max_page_count = 1").execute(&mut *transaction).await.expect("pragma");
        let text = "x".repeat(1 << 20);
        let schema = NewSchema { identity: &[1], resolved: &[2], text: &text, references: &[] };
        let refusal = schema.insert(&mut transaction).await.expect_err("full");
        assert!(matches!(refusal, StoreError::Full), "{refusal}");
        drop(transaction);
        let mut connection = store.read().await.expect("reads");
        assert_eq!(StoredSchema::max_id(&mut connection).await.expect("reads"), 0);
    }

    #[tokio::test]
    async fn a_newer_database_is_refused() {
        let directory = tempfile::TempDir::new().expect("directory");
        let store = Store::open(directory.path()).await.expect("opens");
        let mut transaction = store.write().await.expect("begins");
        sqlx::query(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES (9999, 'later', 1, x'00', 0)",
        )
        .execute(&mut *transaction)
        .await
        .expect("inserts");
        transaction.commit().await.expect("commits");
        store.close().await;
        drop(store);
        let refusal = Store::open(directory.path()).await.expect_err("newer");
        assert!(matches!(refusal, OpenError::Newer(_)), "{refusal}");
    }
}
