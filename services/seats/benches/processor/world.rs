//! The service over an embedded log and a SQLite store in a directory of its own.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use charter_domain::Contract as _;
use charter_engine::log::Log;
use charter_engine::log::embedded::{EmbeddedLog, EmbeddedSettings};
use charter_engine::schemas::{MemoryRegistry, Registration, SchemaCatalog};
use charter_engine::store::{Durability, SqliteStore, Store};
use charter_engine::submit::{CommandSender, NewCommand};
use charter_engine::{Runtime, Service, ServiceStatus, Settings};
use contract_seat::{Seat, SeatCommand};
use futures_util::future::try_join_all;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::gate::Gate;

/// Commands that are sent at a time.
const SENT_AT_ONCE: usize = 2_000;
/// How often progress is looked at: seldom enough that looking costs nothing.
const LOOK: Duration = Duration::from_millis(10);
/// Longer than anything measured takes.
const PATIENCE: Duration = Duration::from_mins(5);

/// A log with commands that wait, and a store.
pub(crate) struct World {
    directory: TempDir,
    pub(crate) log: Arc<EmbeddedLog>,
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) partitions: u32,
    runtime: Runtime,
    sender: CommandSender<Seat>,
}

impl World {
    pub(crate) async fn new() -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let log =
            Arc::new(EmbeddedLog::open(directory.path().join("log"), EmbeddedSettings::default())?);
        let store = Arc::new(SqliteStore::open(directory.path(), Durability::Power).await?);
        let schemas = SchemaCatalog::new(Arc::new(MemoryRegistry::new()), Registration::Register);
        let settings = Settings::default();
        let runtime = Runtime::new(log.clone(), store.clone(), schemas, settings);
        runtime.pair().await?;
        let sender = runtime.sender("charter://bench").await?;
        let partitions = settings.partitions;
        Ok(Self { directory, log, store, partitions, runtime, sender })
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Appends commands, in this order within a partition.
    pub(crate) async fn send(&self, commands: impl Iterator<Item = SeatCommand>) -> Result<()> {
        let commands: Vec<_> = commands.collect();
        for chunk in commands.chunks(SENT_AT_ONCE) {
            let sends = chunk.iter().map(|command| {
                self.sender.send(NewCommand {
                    request_hash: Some([7; 32]),
                    ..NewCommand::new(Uuid::now_v7(), "default", command.clone())
                })
            });
            try_join_all(sends).await?;
        }
        Ok(())
    }

    /// Starts the service; commands that are sent from then on wait at the gate.
    pub(crate) async fn start(&self, has_viewers: bool) -> Result<Running> {
        let gate = Arc::new(Gate::new(self.log.clone(), has_viewers));
        let mut runtime = self.runtime.clone();
        runtime.log = gate.clone();
        let service: Arc<dyn Service> = Arc::new(seats_service::service());
        let shutdown = CancellationToken::new();
        let (running, token) = (service.clone(), shutdown.clone());
        let task = tokio::spawn(async move { Ok(running.run(runtime, token).await?) });
        let ready = async || Ok(service.status() == ServiceStatus::Ready);
        until("the service to be ready", ready).await?;
        Ok(Running { gate, shutdown, task })
    }

    /// Waits until all commands are decided.
    pub(crate) async fn decided(&self) -> Result<()> {
        for partition in 0..self.partitions {
            let end = self.log.bounds(&Seat::commands_topic(), partition).await?.end;
            until("decisions", async || {
                let checkpoint = self.store.checkpoint(Seat::NAME, partition).await?;
                Ok(checkpoint.is_some_and(|checkpoint| checkpoint.offset == end))
            })
            .await?;
        }
        Ok(())
    }

    /// The last position of each partition that has one.
    async fn ends(&self) -> Result<Vec<(u32, i64)>> {
        let mut ends = Vec::new();
        for partition in 0..self.partitions {
            let checkpoint = self.store.checkpoint(Seat::NAME, partition).await?;
            let checkpoint = checkpoint.context("a checkpoint")?;
            ends.push((partition, checkpoint.next_position - 1));
        }
        Ok(ends)
    }

    /// How many events there are.
    pub(crate) async fn events(&self) -> Result<i64> {
        Ok(self.ends().await?.iter().map(|(_, last)| last + 1).sum())
    }

    /// Waits until all events are published.
    pub(crate) async fn published(&self) -> Result<()> {
        for (partition, last) in self.ends().await? {
            until("publication", async || {
                let end = self.log.bounds(&Seat::events_topic(), partition).await?.end;
                Ok(i64::try_from(end)? > last)
            })
            .await?;
        }
        Ok(())
    }

    /// Waits until the views hold all events.
    pub(crate) async fn projected(&self) -> Result<()> {
        let ends = self.ends().await?;
        tokio::time::timeout(PATIENCE, self.store.wait_projected(Seat::NAME, &ends)).await??;
        Ok(())
    }
}

/// A service that runs.
pub(crate) struct Running {
    pub(crate) gate: Arc<Gate>,
    shutdown: CancellationToken,
    task: JoinHandle<Result<()>>,
}

impl Running {
    pub(crate) async fn stop(self) -> Result<()> {
        self.shutdown.cancel();
        self.task.await?
    }
}

async fn until(what: &str, mut probe: impl AsyncFnMut() -> Result<bool>) -> Result<()> {
    let begun = Instant::now();
    while !probe().await? {
        ensure!(begun.elapsed() < PATIENCE, "waited in vain for {what}");
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}
