//! What a PostgreSQL store is opened with.

use std::fmt;
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;

use crate::store::{Durability, StoreError};

/// How long a server waits for a dead client to be heard of, in seconds: until then the client's locks stay.
const KEEPALIVE_SECONDS: u32 = 5;

/// What a PostgreSQL store is opened with. [`PostgresSettings::new`] has the defaults.
#[derive(Clone)]
pub struct PostgresSettings {
    /// `postgres://user:password@host:port/database`, with libpq's parameters, such as `sslmode=verify-full`,
    /// `sslrootcert` or `options=-c search_path=…`.
    pub url: String,
    /// What a committed transaction survives; [`Durability::Process`] turns `synchronous_commit` off, and then
    /// a crash of the server may take the last transactions, never half of one.
    pub durability: Durability,
    /// The most connections that write, from 1. One process that owns all partitions keeps about seven busy.
    pub write_connections: u32,
    /// The most connections that read, from 1; a read beyond waits for a place.
    pub read_connections: u32,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long a call waits for a connection to be free.
    pub acquire_timeout: Duration,
    /// How long a statement may run on the server, which then ends it; the client waits a little longer, and
    /// then gives the connection up.
    pub statement_timeout: Duration,
    /// How long a statement waits for another one's lock.
    pub lock_timeout: Duration,
    /// How long a transaction may be idle: one of a paused process holds up others no longer.
    pub idle_transaction_timeout: Duration,
}

impl PostgresSettings {
    /// The defaults, which suit a server with the usual 100 connections and up to seven processes.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            durability: Durability::Power,
            write_connections: 8,
            read_connections: 4,
            connect_timeout: Duration::from_secs(10),
            acquire_timeout: Duration::from_secs(10),
            statement_timeout: Duration::from_secs(30),
            lock_timeout: Duration::from_secs(10),
            idle_transaction_timeout: Duration::from_secs(10),
        }
    }

    /// Makes sure that a connection can be tried.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where the URL can't be read.
    pub fn check(&self) -> Result<(), StoreError> {
        self.options().map(drop)
    }

    /// What each connection is made with.
    pub(super) fn options(&self) -> Result<PgConnectOptions, StoreError> {
        // Neither error quotes the URL, which holds a password.
        let unreadable = || {
            StoreError::unavailable(
                "the database's URL can't be read; expected `postgres://user:password@host:port/database`",
            )
        };
        let is_known = ["postgres://", "postgresql://"].iter().any(|way| self.url.starts_with(way));
        let options = PgConnectOptions::from_str(&self.url).ok().filter(|_| is_known);
        let options = options.ok_or_else(unreadable)?;
        let millis = |time: Duration| time.as_millis().to_string();
        let keepalive = KEEPALIVE_SECONDS.to_string();
        Ok(options
            .application_name("charter")
            .statement_cache_capacity(500)
            .options([
                ("statement_timeout", millis(self.statement_timeout)),
                ("lock_timeout", millis(self.lock_timeout)),
                ("idle_in_transaction_session_timeout", millis(self.idle_transaction_timeout)),
                // Said and not assumed: a server may have another default.
                ("synchronous_commit", self.synchronous_commit().to_owned()),
                ("tcp_keepalives_idle", keepalive.clone()),
                ("tcp_keepalives_interval", keepalive),
                ("tcp_keepalives_count", "3".to_owned()),
                // Every statement looks rows up by an index. The planner can't know: the tables were empty when
                // it was asked first, and a plan is kept.
                ("plan_cache_mode", "force_generic_plan".to_owned()),
                ("enable_seqscan", "off".to_owned()),
                ("enable_hashjoin", "off".to_owned()),
                ("enable_mergejoin", "off".to_owned()),
                ("enable_bitmapscan", "off".to_owned()),
                // And every list is in an index's order.
                ("enable_sort", "off".to_owned()),
                ("jit", "off".to_owned()),
            ])
            .disable_statement_logging())
    }

    fn synchronous_commit(&self) -> &'static str {
        match self.durability {
            Durability::Power => "on",
            Durability::Process => "off",
        }
    }

    /// How long the client waits for an answer: the server's own time-outs come first.
    pub(super) fn answer_timeout(&self) -> Duration {
        self.statement_timeout + Duration::from_secs(5)
    }
}

impl fmt::Debug for PostgresSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the URL, which holds a password.
        f.debug_struct("PostgresSettings")
            .field("durability", &self.durability)
            .field("write_connections", &self.write_connections)
            .field("read_connections", &self.read_connections)
            .finish_non_exhaustive()
    }
}
