//! What goes wrong with the database, and what to do.

use std::path::{Path, PathBuf};

use sqlx::migrate::MigrateError;

use super::lock::LockError;

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
    /// PostgreSQL gave no connection in time: it is down, out of reach, or all are in use.
    #[error("the database gave no connection within {0} s: try again when it is back")]
    Silent(u64),
    /// PostgreSQL has not been there since the start.
    #[error("waiting for PostgreSQL database `{place}`: {reason}")]
    Waiting {
        /// Host, port and database.
        place: String,
        /// What the last attempt met.
        reason: String,
    },
    /// The connection broke.
    #[error("the connection to the database broke: {0}; try again, what was done before stands")]
    Unreachable(#[source] sqlx::Error),
    /// An import used up the numbers.
    #[error(
        "every schema id up to 2147483647 was given: start a registry of its own for new schemas"
    )]
    IdsExhausted,
    /// Anything else, as the database says it.
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
        if matches!(
            error,
            sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed
        ) {
            return Self::Unreachable(error);
        }
        let Some(refusal) = error.as_database_error() else { return Self::Database(error) };
        let code = refusal.code().unwrap_or_default().into_owned();
        #[cfg(feature = "postgres")]
        if refusal.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().is_some() {
            return Self::postgres(&code, error);
        }
        // The low byte of an extended result code is the primary one (SQLite, "Result Codes").
        match code.parse::<u32>().map(|code| code & 0xff) {
            Ok(5 | 6) => Self::Busy,
            Ok(13) => Self::Full,
            Ok(_) | Err(_) => Self::Database(error),
        }
    }
}

#[cfg(feature = "postgres")]
impl StoreError {
    /// Whether it may pass by waiting.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Busy | Self::Silent(_) | Self::Unreachable(_) | Self::Waiting { .. } => true,
            Self::Full | Self::IdsExhausted | Self::Database(_) | Self::Corrupt { .. } => false,
        }
    }

    /// By the SQLSTATE (PostgreSQL manual, "Error Codes").
    fn postgres(code: &str, error: sqlx::Error) -> Self {
        match code {
            // disk_full
            "53100" => Self::Full,
            // serialization_failure, deadlock_detected, lock_not_available, query_canceled (also
            // by a time-out), too_many_connections
            "40001" | "40P01" | "55P03" | "57014" | "53300" => Self::Busy,
            // admin_shutdown, crash_shutdown, cannot_connect_now, connection exceptions
            "57P01" | "57P02" | "57P03" => Self::Unreachable(error),
            code if code.starts_with("08") => Self::Unreachable(error),
            _ => Self::Database(error),
        }
    }
}

/// Why the registry's data could not be opened. One line each, with what to do.
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
    /// PostgreSQL is out of reach or refuses.
    #[cfg(feature = "postgres")]
    #[error(
        "PostgreSQL database `{place}` cannot be opened: {source}; check that it runs, and user, password and rights in `--database-url`"
    )]
    Postgres {
        /// Host, port and database.
        place: String,
        /// What it said.
        source: StoreError,
    },
    /// The URL cannot be read.
    #[cfg(feature = "postgres")]
    #[error(
        "the URL of the database cannot be read: {0}; expected `postgres://user:password@host:5432/database` in `--database-url`"
    )]
    Url(#[source] Box<sqlx::Error>),
    /// The name would need quotes.
    #[cfg(feature = "postgres")]
    #[error(
        "schema name `{0}` is not taken: expected a lower-case letter or `_`, then up to 49 of those and digits, in `--database-schema`"
    )]
    SchemaName(String),
    /// A later version of this program has worked on the tables.
    #[cfg(feature = "postgres")]
    #[error(
        "schema `{0}` of the database was written by a newer registry: run that one, or give another schema with `--database-schema`"
    )]
    NewerSchema(String),
    /// The URL of a database was given to a program that was built without PostgreSQL.
    #[cfg(not(feature = "postgres"))]
    #[error(
        "this registry was built without PostgreSQL: build it with `--features postgres`, or leave `--database-url` (`DATABASE_URL`) away to keep its data in `--data-dir`"
    )]
    NoPostgres,
}

impl OpenError {
    pub(super) fn directory(path: &Path, source: std::io::Error) -> Self {
        use std::io::ErrorKind::{QuotaExceeded, StorageFull};
        if matches!(source.kind(), StorageFull | QuotaExceeded) {
            return Self::Full(path.to_owned());
        }
        Self::Directory { path: path.to_owned(), source }
    }

    pub(super) fn migration(directory: &Path, file: &Path, error: MigrateError) -> Self {
        match error.into() {
            MigrationFault::Newer => Self::Newer(file.to_owned()),
            MigrationFault::Database(source) => Self::database(directory, file, source),
        }
    }

    pub(super) fn database(directory: &Path, file: &Path, source: sqlx::Error) -> Self {
        match StoreError::from(source) {
            StoreError::Full => Self::Full(directory.to_owned()),
            source @ (StoreError::Busy
            | StoreError::Silent(_)
            | StoreError::Unreachable(_)
            | StoreError::IdsExhausted
            | StoreError::Database(_)
            | StoreError::Waiting { .. }
            | StoreError::Corrupt { .. }) => Self::Database { file: file.to_owned(), source },
        }
    }
}

/// Why a migration stopped.
pub(super) enum MigrationFault {
    /// There are migrations that this program does not know.
    Newer,
    /// The database refused.
    Database(sqlx::Error),
}

impl From<MigrateError> for MigrationFault {
    fn from(error: MigrateError) -> Self {
        if let MigrateError::VersionMissing(_) = error {
            return Self::Newer;
        }
        if let MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) = error {
            return Self::Database(source);
        }
        Self::Database(sqlx::Error::Migrate(Box::new(error)))
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
    use crate::store::{NewSchema, Store, StoredSchema, run};

    #[tokio::test]
    async fn a_full_disk_is_told_from_other_faults_and_leaves_nothing() {
        let directory = tempfile::TempDir::new().expect("directory");
        let store = Store::open(directory.path()).await.expect("opens");
        let mut transaction = store.write().await.expect("begins");
        // SQLite answers a reached page limit as it answers a full file system.
        run!(&mut transaction, execute, sqlx::query("PRAGMA max_page_count = 1")).expect("pragma");
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
        run!(&mut transaction, execute, sqlx::query(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES (9999, 'later', 1, x'00', 0)",
        ))
        .expect("inserts");
        transaction.commit().await.expect("commits");
        store.close().await;
        drop(store);
        let refusal = Store::open(directory.path()).await.expect_err("newer");
        assert!(matches!(refusal, OpenError::Newer(_)), "{refusal}");
    }
}
