//! A bounded set of connections, and what their errors mean.
//!
//! `sqlx`'s own pool asks a connection whether it lives each time it is taken and each time it is given back:
//! two more round trips for every statement. Here one is asked only after it has been idle for a while, or
//! since another one was lost. One whose last call did not end in good order is closed.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::postgres::{
    PgArguments, PgConnectOptions, PgConnection, PgDatabaseError, PgRow, PgSeverity,
};
use sqlx::query::Query;
use sqlx::{Connection as _, Postgres};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::PostgresSettings;
use super::tables::{EVERY_TENANT, SEEN_TENANT};
use crate::store::{PoolUse, StoreError};

/// How long a connection may be idle before it is asked whether it lives.
const UNASKED: Duration = Duration::from_secs(1);
/// How long it has for the answer.
const ANSWER: Duration = Duration::from_secs(2);

/// At most so many connections to one database.
#[derive(Debug)]
pub(super) struct Connections {
    options: PgConnectOptions,
    permits: Arc<Semaphore>,
    most: u32,
    state: Arc<Mutex<State>>,
    connect_timeout: Duration,
    acquire_timeout: Duration,
    answer_timeout: Duration,
}

#[derive(Debug)]
struct State {
    idle: Vec<(PgConnection, Instant)>,
    /// When a connection was lost.
    lost: Option<Instant>,
}

/// A connection in use. Dropped without [`Held::give_back`], it is closed, and with it its transaction.
pub(super) struct Held {
    connection: Option<PgConnection>,
    state: Arc<Mutex<State>>,
    answer_timeout: Duration,
    _permit: OwnedSemaphorePermit,
}

impl Connections {
    /// For statements that are about every tenant's rows.
    pub(super) fn of_writers(settings: &PostgresSettings) -> Result<Self, StoreError> {
        let options = settings.options()?.options([(SEEN_TENANT, EVERY_TENANT)]);
        Ok(Self::new(settings, options, settings.write_connections))
    }

    /// For statements that see the rows of the tenant that each one names, and else none.
    pub(super) fn of_readers(settings: &PostgresSettings) -> Result<Self, StoreError> {
        Ok(Self::new(settings, settings.options()?, settings.read_connections))
    }

    fn new(settings: &PostgresSettings, options: PgConnectOptions, most: u32) -> Self {
        Self {
            options,
            permits: Arc::new(Semaphore::new(most.max(1) as usize)),
            most: most.max(1),
            state: Arc::new(Mutex::new(State { idle: Vec::new(), lost: None })),
            connect_timeout: settings.connect_timeout,
            acquire_timeout: settings.acquire_timeout,
            answer_timeout: settings.answer_timeout(),
        }
    }

    /// How many are in use now.
    pub(super) fn in_use(&self, name: &'static str) -> PoolUse {
        let idle = self.state.lock().unwrap_or_else(PoisonError::into_inner).idle.len();
        let free = u32::try_from(self.permits.available_permits()).unwrap_or(u32::MAX);
        PoolUse {
            name,
            idle: u32::try_from(idle).unwrap_or(u32::MAX),
            in_use: self.most.saturating_sub(free),
            most: self.most,
        }
    }

    /// A connection that was good a moment ago.
    pub(super) async fn take(&self) -> Result<Held, StoreError> {
        let permit = timeout(self.acquire_timeout, self.permits.clone().acquire_owned())
            .await
            .map_err(|_| {
                let wait = self.acquire_timeout.as_secs();
                StoreError::unavailable(format!("no connection was free within {wait} s"))
            })?
            .map_err(|_| StoreError::unavailable("the store is closed"))?;
        let connection = match self.idle().await {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        Ok(Held {
            connection: Some(connection),
            state: self.state.clone(),
            answer_timeout: self.answer_timeout,
            _permit: permit,
        })
    }

    /// A new connection beside the others, for what takes long.
    pub(super) async fn connect(&self) -> Result<PgConnection, StoreError> {
        timeout(self.connect_timeout, PgConnection::connect_with(&self.options))
            .await
            .map_err(|_| {
                let (host, port) = (self.options.get_host(), self.options.get_port());
                StoreError::unavailable(format!(
                    "no connection to `{host}:{port}` within {} s",
                    self.connect_timeout.as_secs()
                ))
            })?
            .map_err(StoreError::unavailable)
    }

    async fn idle(&self) -> Option<PgConnection> {
        loop {
            let (mut connection, since, lost) = {
                let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
                let (connection, since) = state.idle.pop()?;
                (connection, since, state.lost)
            };
            if since.elapsed() < UNASKED && lost.is_none_or(|lost| lost < since) {
                return Some(connection);
            }
            if matches!(timeout(ANSWER, connection.ping()).await, Ok(Ok(()))) {
                return Some(connection);
            }
        }
    }

    /// The rows of a query that writes nothing.
    pub(super) async fn fetch_all(
        &self,
        query: Query<'_, Postgres, PgArguments>,
    ) -> Result<Vec<PgRow>, StoreError> {
        self.call(query).await?.map_err(StoreError::unavailable)
    }

    /// As [`Connections::fetch_all`], the first row.
    pub(super) async fn fetch_first(
        &self,
        query: Query<'_, Postgres, PgArguments>,
    ) -> Result<Option<PgRow>, StoreError> {
        Ok(self.fetch_all(query).await?.into_iter().next())
    }

    /// The rows of a statement that writes, a transaction of its own.
    pub(super) async fn write(
        &self,
        query: Query<'_, Postgres, PgArguments>,
    ) -> Result<Vec<PgRow>, StoreError> {
        self.call(query).await?.map_err(after_write)
    }

    /// What a statement was answered. The outer error is that of a statement that was never sent.
    pub(super) async fn call(
        &self,
        query: Query<'_, Postgres, PgArguments>,
    ) -> Result<Result<Vec<PgRow>, sqlx::Error>, StoreError> {
        let mut held = self.take().await?;
        let answer = held.call(query).await;
        if keeps_connection(&answer) {
            held.give_back();
        }
        Ok(answer)
    }

    /// Lets nobody in any more, waits for those in hand for as long as they may take, and closes all.
    pub(super) async fn close(&self) {
        let everyone = self.permits.clone().acquire_many_owned(self.most);
        let waited = timeout(self.answer_timeout, everyone).await;
        self.permits.close();
        drop(waited);
        let idle =
            std::mem::take(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner).idle);
        for (connection, _) in idle {
            // One that does not answer is closed all the same.
            let _ = timeout(ANSWER, connection.close()).await;
        }
    }
}

impl Held {
    /// The rows of a statement, within the time that an answer may take. After an error of the server the
    /// connection is good still; after another one it is given up.
    pub(super) async fn call(
        &mut self,
        query: Query<'_, Postgres, PgArguments>,
    ) -> Result<Vec<PgRow>, sqlx::Error> {
        let Some(mut connection) = self.connection.take() else {
            return Err(lost("the connection was given up"));
        };
        // Held here: where this future is dropped before the answer is there, so is the connection.
        let answer = timeout(self.answer_timeout, query.fetch_all(&mut connection))
            .await
            .unwrap_or_else(|_| Err(lost("the server did not answer in time")));
        if keeps_connection(&answer) {
            self.connection = Some(connection);
        } else {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.lost = Some(Instant::now());
        }
        answer
    }

    /// Lets others have the connection. No transaction must be open on it.
    pub(super) fn give_back(mut self) {
        if let Some(connection) = self.connection.take() {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.idle.push((connection, Instant::now()));
        }
    }
}

fn lost(reason: &'static str) -> sqlx::Error {
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, reason))
}

fn keeps_connection<T>(answer: &Result<T, sqlx::Error>) -> bool {
    answer.as_ref().err().is_none_or(|error| server_error(error).is_some())
}

/// The server's word that the statement, and the transaction it was part of, did nothing.
///
/// A session that the server ends (`FATAL`, class 57P), a server that fails (`PANIC`) and what stands between
/// may say so after the commit.
pub(super) fn server_error(error: &sqlx::Error) -> Option<&PgDatabaseError> {
    let error = error.as_database_error()?.try_downcast_ref::<PgDatabaseError>()?;
    let code = error.code();
    let ends = ["57P", "08", "40003"].iter().any(|class| code.starts_with(class));
    (error.severity() == PgSeverity::Error && !ends).then_some(error)
}

/// What the error of a statement that writes means.
pub(super) fn after_write(error: sqlx::Error) -> StoreError {
    if server_error(&error).is_some() || matches!(error, sqlx::Error::Encode(_)) {
        StoreError::unavailable(error)
    } else {
        StoreError::FateUnknown { source: error.into() }
    }
}
