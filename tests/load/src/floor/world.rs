//! The service over topics and a database of its own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use charter_domain::Contract as _;
use charter_engine::log::Log;
use charter_engine::log::kafka::{KafkaLog, KafkaSettings};
use charter_engine::schemas::{MemoryRegistry, Registration, SchemaCatalog};
use charter_engine::store::Store;
use charter_engine::store::postgres::{PostgresSettings, PostgresStore};
use charter_engine::submit::{CommandSender, NewCommand};
use charter_engine::{Roles, Runtime, Service, Settings};
use contract_seat::{Seat, SeatCommand};
use futures_util::future::try_join_all;
use sqlx::{Connection as _, PgConnection};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{FloorSettings, Measured, Meter};
use crate::evidence::Engines;

/// Commands that are sent at a time.
const SENT_AT_ONCE: usize = 2_000;
/// Between two looks.
const LOOK: Duration = Duration::from_millis(10);
/// Longer than anything measured takes.
const PATIENCE: Duration = Duration::from_mins(3);

/// A log, a store, and what works with them.
pub(super) struct World {
    pub(super) log: Arc<dyn Log>,
    pub(super) store: Arc<dyn Store>,
    pub(super) partitions: u32,
    runtime: Runtime,
    sender: CommandSender<Seat>,
    /// Looks at how far it is: one statement for all partitions.
    look: PgConnection,
}

/// How far all partitions together are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Reached {
    commands: i64,
    events: i64,
}

impl World {
    pub(super) async fn open(engines: &Engines) -> anyhow::Result<Self> {
        let mut kafka = KafkaSettings::new(&engines.brokers);
        kafka.topic_prefix.clone_from(&engines.topic_prefix);
        let log: Arc<dyn Log> = Arc::new(KafkaLog::open(kafka).await?);
        let postgres = PostgresSettings::new(&engines.database_url);
        let store: Arc<dyn Store> = Arc::new(PostgresStore::open(postgres).await?);
        let schemas = SchemaCatalog::new(Arc::new(MemoryRegistry::new()), Registration::Register);
        let settings = Settings { roles: Roles::Decide, ..Settings::default() };
        let runtime = Runtime::new(log.clone(), store.clone(), schemas, settings);
        runtime.pair().await?;
        let sender = runtime.sender("charter://floor").await?;
        let look = PgConnection::connect(&engines.database_url).await?;
        Ok(Self { log, store, partitions: settings.partitions, runtime, sender, look })
    }

    pub(super) async fn close(self) -> anyhow::Result<()> {
        self.look.close().await?;
        self.store.close().await;
        self.log.close().await;
        Ok(())
    }

    /// Appends commands, in this order within a partition.
    pub(super) async fn send(
        &self,
        commands: impl Iterator<Item = SeatCommand>,
    ) -> anyhow::Result<()> {
        let commands: Vec<_> = commands.collect();
        for chunk in commands.chunks(SENT_AT_ONCE) {
            let sends = chunk.iter().map(|command| {
                self.sender.send(NewCommand {
                    request_hash: Some([7; 32]),
                    // As of a client with an idempotency key: an id in no order.
                    ..NewCommand::new(Uuid::new_v4(), "default", command.clone())
                })
            });
            try_join_all(sends).await?;
        }
        Ok(())
    }

    /// The offset and the position that come next, by partition.
    pub(super) async fn ends(&self) -> anyhow::Result<Vec<(u64, i64)>> {
        let mut ends = Vec::new();
        for partition in 0..self.partitions {
            let checkpoint = self.store.checkpoint(Seat::NAME, partition).await?;
            ends.push(checkpoint.map_or((0, 0), |it| (it.offset, it.next_position)));
        }
        Ok(ends)
    }

    /// Lets the service decide all that waits and publish it, and ends it.
    pub(super) async fn decide(&mut self, settings: &FloorSettings) -> anyhow::Result<Measured> {
        let mut wanted = 0;
        for partition in 0..self.partitions {
            wanted += self.log.bounds(&Seat::commands_topic(), partition).await?.end;
        }
        let wanted = i64::try_from(wanted)?;
        let before = self.reached().await?;
        let shutdown = CancellationToken::new();
        let service = {
            let (runtime, shutdown) = (self.runtime.clone(), shutdown.clone());
            tokio::spawn(async move { seats_service::service().run(runtime, shutdown).await })
        };
        let begun = Instant::now();
        let (mut meter, mut first) = (None, before);
        loop {
            let now = self.reached().await?;
            if meter.is_none() && now.commands > before.commands {
                (meter, first) = (Some(Meter::start(settings)), now);
            }
            if now.commands == wanted && self.published().await? == now.events {
                break;
            }
            anyhow::ensure!(begun.elapsed() < PATIENCE, "it stands at {now:?} of {wanted}");
            tokio::time::sleep(LOOK).await;
        }
        let meter = meter.unwrap_or_else(|| Meter::start(settings));
        let measured = meter.stop(settings, usize::try_from(wanted - first.commands)?);
        shutdown.cancel();
        service.await??;
        Ok(measured)
    }

    async fn reached(&mut self) -> anyhow::Result<Reached> {
        let sql =
            "SELECT coalesce(sum(next_offset), 0)::bigint, coalesce(sum(next_position), 0)::bigint
                   FROM checkpoints";
        let (commands, events) = sqlx::query_as(sql).fetch_one(&mut self.look).await?;
        Ok(Reached { commands, events })
    }

    async fn published(&self) -> anyhow::Result<i64> {
        let mut published = 0;
        for partition in 0..self.partitions {
            published += self.log.bounds(&Seat::events_topic(), partition).await?.end;
        }
        Ok(i64::try_from(published)?)
    }
}
