//! The database: SQLite embedded, or PostgreSQL shared by any number of instances. One request
//! writes at a time, in the whole registry; statements are the same on both.

mod connection;
mod error;
mod lock;
#[cfg(feature = "postgres")]
mod postgres;
mod schemas;
mod scopes;
mod sqlite;
mod versions;

use std::path::Path;

pub(crate) use connection::{Connection, Transaction};
pub use error::{OpenError, StoreError};
#[cfg(feature = "postgres")]
pub use postgres::PostgresConfig;
pub(crate) use schemas::{NewSchema, Reference, StoredSchema};
pub(crate) use versions::{Deleted, SubjectVersion};

use connection::run;
use sqlite::SqliteStore;

/// How long a database that is away is waited for at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Not at all.
    None,
    /// Until it is there, or refuses.
    Endless,
}

/// The database of a running registry.
#[derive(Debug)]
pub(crate) enum Store {
    /// A file that no other process can open.
    Sqlite(SqliteStore),
    /// A database that other instances use too.
    #[cfg(feature = "postgres")]
    Postgres(Box<postgres::PostgresStore>),
}

impl Store {
    /// Locks `directory`, which is made when absent, and opens or creates `registry.db` in it.
    ///
    /// # Errors
    /// [`OpenError`], each with what to do.
    pub(crate) async fn open(directory: &Path) -> Result<Self, OpenError> {
        SqliteStore::open(directory).await.map(Self::Sqlite)
    }

    /// Gets ready to connect to a database, which [`Self::opened`] does.
    ///
    /// # Errors
    /// [`OpenError::Url`].
    #[cfg(feature = "postgres")]
    pub(crate) fn begin(config: &PostgresConfig) -> Result<Self, OpenError> {
        postgres::PostgresStore::begin(config).map(|store| Self::Postgres(Box::new(store)))
    }

    /// Connects to a database and makes or updates the registry's tables there: with `patience` as
    /// soon as it is there, else now or never. A file is open already.
    ///
    /// # Errors
    /// [`OpenError`], each with what to do.
    #[cfg_attr(
        not(feature = "postgres"),
        allow(clippy::unused_async, reason = "a file alone needs no waiting")
    )]
    pub(crate) async fn opened(&self, patience: Patience) -> Result<(), OpenError> {
        match (self, patience) {
            (Self::Sqlite(_), _) => Ok(()),
            #[cfg(feature = "postgres")]
            (Self::Postgres(store), Patience::None) => store.open().await,
            #[cfg(feature = "postgres")]
            (Self::Postgres(store), Patience::Endless) => store.opened().await,
        }
    }

    /// A connection that sees what was committed. It is for reading only.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when all readers stay busy for 20 s on SQLite,
    /// [`StoreError::Silent`] when no connection is to be had for 10 s on PostgreSQL.
    pub(crate) async fn read(&self) -> Result<Connection, StoreError> {
        match self {
            Self::Sqlite(store) => store.read().await,
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => store.read().await,
        }
    }

    /// The one write transaction there can be, which sees all that was committed before. Dropped
    /// without a commit it leaves nothing.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when the writers before this one take longer than 20 s on SQLite and
    /// 10 s on PostgreSQL; else as [`Self::read`].
    pub(crate) async fn write(&self) -> Result<Transaction, StoreError> {
        match self {
            Self::Sqlite(store) => store.write().await,
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => store.write().await,
        }
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        let mut connection = self.read().await?;
        run!(&mut connection, execute, sqlx::query("SELECT 1"))?;
        Ok(())
    }

    /// Closes the connections when those under way are given back.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(store) => store.close().await,
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => store.close().await,
        }
    }
}
