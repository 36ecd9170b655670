//! A file of the store: one connection that writes, several that read beside it, and what every statement
//! on them goes by.

use std::path::Path;
use std::time::Duration;

use sqlx::error::DatabaseError;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection as _, Sqlite, SqlitePool, Transaction};
use uuid::Uuid;

use super::sync::WriteAheadLog;
use crate::store::StoreError;
use crate::store::columns::damaged;

/// How long a writer waits for another one, also for one in another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Reading connections of a file: reads are short, and more would only wait for the two usual cores.
const READERS: u32 = 4;
/// The most values that one statement binds: SQLite's own limit (`SQLITE_MAX_VARIABLE_NUMBER`).
const MAX_BINDS: usize = 32_766;
/// Rows of one statement, the most first. A statement names each of its rows, so that any number of rows
/// would be as many statements, each compiled anew; those of these sizes, and of fewer rows, are compiled
/// once and kept.
const STATEMENT_ROWS: [usize; 3] = [256, 64, 16];
/// Compiled statements that a connection keeps: some for each table of the views, of each size.
const STATEMENTS_KEPT: usize = 1_024;
/// Memory for a file's pages at its writer, in KiB, negative as SQLite wants it.
const WRITER_CACHE: &str = "-16384";

/// A connection within a transaction.
pub(super) type Connection = SqliteConnection;

/// One file's connections.
#[derive(Clone, Debug)]
pub(super) struct Files {
    pub(super) writer: SqlitePool,
    pub(super) readers: SqlitePool,
    pub(super) log: WriteAheadLog,
}

impl Files {
    pub(super) async fn open(
        path: &Path,
        log: WriteAheadLog,
        checkpoint_pages: &'static str,
        migrator: &Migrator,
    ) -> Result<Self, StoreError> {
        let refused = |source: Box<dyn std::error::Error + Send + Sync>| StoreError::Open {
            path: path.to_owned(),
            source,
        };
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(BUSY_TIMEOUT)
            .statement_cache_capacity(STATEMENTS_KEPT);
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            // A connection to a file is not lost while nobody looks.
            .test_before_acquire(false)
            // SQLite ends a transaction by itself where the disk is full or fails. sqlx then still counts it,
            // and would refuse every later one: such a connection is given up for a new one.
            .before_acquire(|connection, _| {
                Box::pin(async move { Ok(!connection.is_in_transaction()) })
            })
            .acquire_timeout(3 * BUSY_TIMEOUT)
            .connect_with(
                options
                    .clone()
                    .pragma("wal_autocheckpoint", checkpoint_pages)
                    .pragma("cache_size", WRITER_CACHE),
            )
            .await
            .map_err(|error| refused(error.into()))?;
        migrator.run(&writer).await.map_err(|error| refused(error.into()))?;
        // Lazily: the file is known to be good, and a reader that is not needed costs nothing.
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .test_before_acquire(false)
            .acquire_timeout(3 * BUSY_TIMEOUT)
            .connect_lazy_with(options);
        Ok(Self { writer, readers, log })
    }

    /// Begins a transaction that has the write lock from the start, so that it never fails half way for
    /// another writer.
    pub(super) async fn write(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(StoreError::unavailable)
    }

    /// Begins a transaction that reads one snapshot.
    pub(super) async fn snapshot(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.readers.begin().await.map_err(StoreError::unavailable)
    }

    pub(super) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// The rows in parts of [`STATEMENT_ROWS`], of so many binds each.
pub(super) fn parts<T>(rows: &[T], binds: usize) -> impl Iterator<Item = &[T]> {
    let mut rest = rows;
    std::iter::from_fn(move || {
        let most = rest.len().min(MAX_BINDS / binds);
        let size = STATEMENT_ROWS.into_iter().find(|size| *size <= most).unwrap_or(most);
        let (these, fewer) = rest.split_at(size);
        rest = fewer;
        (size > 0).then_some(these)
    })
}

/// Commits. SQLite refuses a commit whole where another has the lock; after any other error only reading
/// tells.
pub(super) async fn commit(transaction: Transaction<'static, Sqlite>) -> Result<(), StoreError> {
    transaction.commit().await.map_err(|error| {
        if is_busy(&error) {
            StoreError::unavailable(error)
        } else {
            StoreError::FateUnknown { source: error.into() }
        }
    })
}

fn is_busy(error: &sqlx::Error) -> bool {
    // The primary result code is the low byte; 5 is SQLITE_BUSY.
    error
        .as_database_error()
        .and_then(|error| error.code()?.parse::<u32>().ok())
        .is_some_and(|code| code & 0xff == 5)
}

pub(super) fn is_taken(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(DatabaseError::is_unique_violation)
}

pub(super) fn uuid(what: &'static str, bytes: &[u8]) -> Result<Uuid, StoreError> {
    Uuid::from_slice(bytes).map_err(|error| damaged(what, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_go_in_parts_of_few_sizes_and_in_order() {
        let rows: Vec<usize> = (0..500).collect();
        let sizes = |binds| parts(&rows, binds).map(<[usize]>::len).collect::<Vec<_>>();
        assert_eq!(sizes(3), [256, 64, 64, 64, 16, 16, 16, 4]);
        assert_eq!(sizes(200).first(), Some(&64), "256 rows would bind too much");
        assert_eq!(parts(&rows, 3).collect::<Vec<_>>().concat(), rows);
        assert_eq!(parts(&rows[..0], 3).count(), 0);
    }
}
