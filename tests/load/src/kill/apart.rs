//! Services as processes of their own, two of each, on Apache Kafka and PostgreSQL.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use charter_domain::Contract;
use charter_engine::store::Store;
use contract_reservation::Reservation;
use contract_seat::Seat;
use tokio::runtime::Runtime;

use super::Place;
use crate::evidence::{Engines, Evidence};
use crate::history::Record;
use crate::launch::{Launch, Running, free_addresses};

/// How many processes of each service.
const INSTANCES: usize = 2;
/// The services in the order in which they are killed.
const SERVICES: [&str; 5] = ["seats", "gateway", "reservations", "core", "registry"];
/// How long the views may take to come to the end.
const PATIENCE: Duration = Duration::from_mins(1);

/// All services, each in its own processes.
#[derive(Debug)]
pub struct Apart {
    instances: Vec<Instance>,
    gateways: Vec<String>,
    engines: Engines,
}

#[derive(Debug)]
struct Instance {
    name: String,
    launch: Launch,
    running: Option<Running>,
    /// The registry says nothing: who needs it waits for it.
    tells: bool,
}

impl Apart {
    /// Starts the services of the binaries in the directory `binaries`, with their logs in `directory`.
    ///
    /// # Errors
    /// Where one does not start.
    pub fn start(binaries: &Path, directory: &Path, engines: Engines) -> anyhow::Result<Self> {
        std::fs::create_dir_all(directory)?;
        let addresses = free_addresses(INSTANCES * SERVICES.len())?;
        let of = |service: &str| -> &[String] {
            let index = SERVICES.iter().position(|it| *it == service).unwrap_or_default();
            &addresses[index * INSTANCES..][..INSTANCES]
        };
        let urls = |addresses: &[String]| {
            addresses.iter().map(|it| format!("http://{it}")).collect::<Vec<_>>().join(",")
        };
        let mut instances = Vec::new();
        for number in 0..INSTANCES {
            for service in SERVICES {
                let name = format!("{service}-{number}");
                let log = directory.join(format!("{name}.log"));
                let mut launch = Launch::new(&binaries.join(service), log)
                    .env("LISTEN", &of(service)[number])
                    .env("DATABASE_URL", &engines.database_url);
                if !matches!(service, "core" | "registry") {
                    launch = launch
                        .env("KAFKA_BROKERS", &engines.brokers)
                        .env("SCHEMA_REGISTRY_URL", urls(&of("registry")[number..=number]));
                }
                if service == "gateway" {
                    launch = launch
                        .env("CORE_URL", urls(of("core")))
                        .env("RESERVATIONS_URL", urls(of("reservations")));
                }
                let running = Some(launch.spawn()?);
                instances.push(Instance { name, launch, running, tells: service != "registry" });
            }
        }
        let gateways = of("gateway").to_vec();
        let mut apart = Self { instances, gateways, engines };
        for instance in &mut apart.instances {
            instance.wait_ready()?;
        }
        Ok(apart)
    }
}

impl Instance {
    fn wait_ready(&mut self) -> anyhow::Result<()> {
        match &mut self.running {
            Some(running) if self.tells => running.wait_ready().with_context(|| self.name.clone()),
            Some(_) | None => Ok(()),
        }
    }
}

impl Place for Apart {
    fn gateways(&self) -> Vec<String> {
        self.gateways.clone()
    }

    fn kill(&mut self, number: u64) -> anyhow::Result<String> {
        let count = self.instances.len();
        let index = usize::try_from(number - 1).unwrap_or_default() % count;
        let instance = &mut self.instances[index];
        instance.running.take().context("it does not run")?.kill()?;
        instance.running = Some(instance.launch.spawn()?);
        instance.wait_ready()?;
        Ok(instance.name.clone())
    }

    fn stop(&mut self) -> anyhow::Result<()> {
        Runtime::new()?.block_on(async {
            let store = self.engines.store().await?;
            let projected = async {
                projected::<Seat>(&store).await?;
                projected::<Reservation>(&store).await
            };
            let projected = projected.await;
            store.close().await;
            projected
        })?;
        for instance in &mut self.instances {
            let running = instance
                .running
                .take()
                .with_context(|| format!("{} does not run", instance.name))?;
            let status = running.terminate().with_context(|| instance.name.clone())?;
            anyhow::ensure!(status.success(), "{} ended with {status}", instance.name);
        }
        Ok(())
    }

    fn evidence(&mut self, history: Vec<Record>) -> anyhow::Result<Evidence> {
        for instance in &mut self.instances {
            if let Some(running) = instance.running.take() {
                running.kill()?;
            }
        }
        Runtime::new()?.block_on(self.engines.read(history))
    }
}

/// Waits until the views have come to where the history is.
async fn projected<C: Contract>(store: &dyn Store) -> anyhow::Result<()> {
    let begun = Instant::now();
    loop {
        let mut ends = Vec::new();
        for partition in 0..charter_engine::log::DEFAULT_PARTITIONS {
            if let Some(checkpoint) = store.checkpoint(C::NAME, partition).await? {
                ends.push((partition, checkpoint.next_position - 1));
            }
        }
        let shown = store.view_positions(C::NAME).await?;
        let is_there =
            |(partition, end): &(u32, i64)| *end < 0 || shown.contains(&(*partition, *end));
        if ends.iter().all(is_there) {
            return Ok(());
        }
        anyhow::ensure!(
            begun.elapsed() < PATIENCE,
            "the views of `{}` do not come to the end",
            C::NAME
        );
        tokio::time::sleep(super::LOOK).await;
    }
}
