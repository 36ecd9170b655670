//! Apache Kafka and PostgreSQL.

use anyhow::Context as _;
use charter_engine::log::Log as _;
use charter_engine::log::kafka::{KafkaLog, KafkaSettings};
use charter_engine::store::Store as _;
use charter_engine::store::postgres::{PostgresSettings, PostgresStore};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, Row as _};
use uuid::Uuid;

use super::{Evidence, gather};
use crate::history::Record;

/// Where the engines are, as `tests/kafka/start` and `tests/postgres/start` print it.
#[derive(Clone, Debug, clap::Args)]
pub struct Engines {
    /// Brokers of a Kafka that is this run's own
    #[arg(long = "kafka-brokers", env = "KAFKA_BROKERS")]
    pub brokers: String,
    /// A PostgreSQL database that is this run's own
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: String,
    /// What the names of topics and groups begin with
    #[arg(skip)]
    pub topic_prefix: String,
}

impl Engines {
    /// The store, for reading.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn store(&self) -> anyhow::Result<PostgresStore> {
        Ok(PostgresStore::open_to_read(PostgresSettings::new(&self.database_url)).await?)
    }

    /// Reads all that log and store hold.
    ///
    /// # Errors
    /// Where they can't be read; what they hold is not judged here.
    pub async fn read(&self, history: Vec<Record>) -> anyhow::Result<Evidence> {
        let mut settings = KafkaSettings::new(&self.brokers);
        settings.topic_prefix.clone_from(&self.topic_prefix);
        let log = KafkaLog::open(settings).await?;
        let store = self.store().await?;
        let inbox = self.inbox().await.context("listing outcomes")?;
        let evidence = gather::gather(&log, &store, inbox, history).await;
        store.close().await;
        log.close().await;
        evidence
    }

    /// The same engines with a database and topics of their own, named after `name`: nothing is in them yet.
    ///
    /// # Errors
    /// Where the database can't be made.
    pub async fn apart(&self, name: &str) -> anyhow::Result<Self> {
        let (server, _) = self.database_url.rsplit_once('/').context("a database in the URL")?;
        let mut connection = PgConnection::connect(&self.database_url).await?;
        connection.execute(AssertSqlSafe(format!("CREATE DATABASE \"{name}\""))).await?;
        connection.close().await?;
        Ok(Self {
            brokers: self.brokers.clone(),
            database_url: format!("{server}/{name}"),
            topic_prefix: format!("{name}."),
        })
    }

    async fn inbox(&self) -> anyhow::Result<Vec<(String, Uuid, Option<u64>)>> {
        let mut connection = PgConnection::connect(&self.database_url).await?;
        let rows = sqlx::query("SELECT tenant, command_id, command_offset FROM outcomes")
            .fetch_all(&mut connection)
            .await?;
        let named = rows.iter().map(|row| {
            let offset: Option<i64> = row.try_get(2)?;
            Ok((row.try_get(0)?, row.try_get(1)?, offset.map(u64::try_from).transpose()?))
        });
        named.collect()
    }
}
