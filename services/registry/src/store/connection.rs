//! One connection type for both databases, and the macro that runs a statement on either.

use std::ops::{Deref, DerefMut};

use sqlx::Sqlite;
use sqlx::pool::PoolConnection;
#[cfg(feature = "postgres")]
use sqlx::{PgConnection, Postgres};
use sqlx::{SqliteConnection, Transaction as SqlxTransaction};

use super::StoreError;

/// A connection to the database, in a transaction or not.
#[derive(Debug)]
pub(crate) struct Connection(Inner);

#[derive(Debug)]
enum Inner {
    Sqlite(PoolConnection<Sqlite>),
    SqliteWriter(SqlxTransaction<'static, Sqlite>),
    #[cfg(feature = "postgres")]
    Postgres(PoolConnection<Postgres>),
    #[cfg(feature = "postgres")]
    PostgresWriter(SqlxTransaction<'static, Postgres>),
}

/// The connection as its driver has it.
pub(super) enum Driver<'a> {
    Sqlite(&'a mut SqliteConnection),
    #[cfg(feature = "postgres")]
    Postgres(&'a mut PgConnection),
}

impl Connection {
    pub(super) fn driver(&mut self) -> Driver<'_> {
        match &mut self.0 {
            Inner::Sqlite(connection) => Driver::Sqlite(connection),
            Inner::SqliteWriter(transaction) => Driver::Sqlite(transaction),
            #[cfg(feature = "postgres")]
            Inner::Postgres(connection) => Driver::Postgres(connection),
            #[cfg(feature = "postgres")]
            Inner::PostgresWriter(transaction) => Driver::Postgres(transaction),
        }
    }
}

impl From<PoolConnection<Sqlite>> for Connection {
    fn from(connection: PoolConnection<Sqlite>) -> Self {
        Self(Inner::Sqlite(connection))
    }
}

#[cfg(feature = "postgres")]
impl From<PoolConnection<Postgres>> for Connection {
    fn from(connection: PoolConnection<Postgres>) -> Self {
        Self(Inner::Postgres(connection))
    }
}

/// The right to write, which one request in the whole registry has at a time. Dropped without a
/// commit it leaves nothing.
#[derive(Debug)]
pub(crate) struct Transaction {
    connection: Connection,
    /// This process's place among its writers, where the database does not keep it.
    _turn: Option<tokio::sync::OwnedMutexGuard<()>>,
}

impl Transaction {
    pub(super) fn sqlite(transaction: SqlxTransaction<'static, Sqlite>) -> Self {
        Self { connection: Connection(Inner::SqliteWriter(transaction)), _turn: None }
    }

    #[cfg(feature = "postgres")]
    pub(super) fn postgres(
        transaction: SqlxTransaction<'static, Postgres>,
        turn: tokio::sync::OwnedMutexGuard<()>,
    ) -> Self {
        Self { connection: Connection(Inner::PostgresWriter(transaction)), _turn: Some(turn) }
    }

    /// Makes the changes durable, then visible.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`] when the connection broke on the way: whether the changes were
    /// made is then not known.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        match self.connection.0 {
            Inner::SqliteWriter(transaction) => transaction.commit().await?,
            #[cfg(feature = "postgres")]
            Inner::PostgresWriter(transaction) => transaction.commit().await?,
            // Outside a transaction each statement was committed when it ended.
            #[cfg(feature = "postgres")]
            Inner::Postgres(_) => {}
            Inner::Sqlite(_) => {}
        }
        Ok(())
    }
}

impl Deref for Transaction {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }
}

/// `run!(connection, fetch_all, query)`: runs a query on whichever database the connection is to;
/// with `execute` it gives the number of rows changed. The query is written once and must read the
/// same on both: `$1` placeholders, `ON CONFLICT`, `RETURNING`, flags as integers of 0 and 1.
macro_rules! run {
    ($connection:expr, execute, $query:expr) => {
        match $crate::store::connection::Connection::driver($connection) {
            $crate::store::connection::Driver::Sqlite(connection) => {
                $query.execute(connection).await.map(|done| done.rows_affected())
            }
            #[cfg(feature = "postgres")]
            $crate::store::connection::Driver::Postgres(connection) => {
                $query.execute(connection).await.map(|done| done.rows_affected())
            }
        }
    };
    ($connection:expr, $fetch:ident, $query:expr) => {
        match $crate::store::connection::Connection::driver($connection) {
            $crate::store::connection::Driver::Sqlite(connection) => {
                $query.$fetch(connection).await
            }
            #[cfg(feature = "postgres")]
            $crate::store::connection::Driver::Postgres(connection) => {
                $query.$fetch(connection).await
            }
        }
    };
}
pub(super) use run;
