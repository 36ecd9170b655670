//! Services as processes of their own, two of each, on Apache Kafka and PostgreSQL.

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use charter_domain::Contract;
use charter_engine::store::Store;
use contract_reservation::Reservation;
use contract_seat::Seat;
use tokio::runtime::Runtime;

use super::Place;
use super::engines::Engine;
use crate::evidence::{Engines, Evidence};
use crate::history::Record;
use crate::launch::{Launch, Running, free_addresses};

/// The services in the order in which they are killed.
const SERVICES: [&str; 6] =
    ["seats", "gateway", "reservations", "housekeeping", "core", "registry"];
/// Those of them that decide and project.
const DECIDERS: [&str; 3] = ["seats", "reservations", "housekeeping"];
/// What reading outside of a process's memory ends it with.
const SIGSEGV: i32 = 11;
/// How long the views may take to come to the end.
const PATIENCE: Duration = Duration::from_mins(1);

/// All services, each in its own processes.
#[derive(Debug)]
pub struct Apart {
    instances: Vec<Instance>,
    gateways: Vec<String>,
    engines: Engines,
    /// Engines that are killed after all services were.
    away: Vec<Engine>,
}

#[derive(Debug)]
struct Instance {
    name: String,
    address: String,
    launch: Launch,
    running: Option<Running>,
    /// The registry says nothing: who needs it waits for it.
    tells: bool,
}

impl Apart {
    /// Starts as many processes of each service as `count` says, of the binaries in the directory `binaries`,
    /// with their logs in `directory`.
    ///
    /// # Errors
    /// Where one does not start.
    pub fn start(
        binaries: &Path,
        directory: &Path,
        engines: Engines,
        count: usize,
    ) -> anyhow::Result<Self> {
        std::fs::create_dir_all(directory)?;
        let addresses = free_addresses(count * SERVICES.len())?;
        let of = |service: &str| -> &[String] {
            let index = SERVICES.iter().position(|it| *it == service).unwrap_or_default();
            &addresses[index * count..][..count]
        };
        let urls = |addresses: &[String]| {
            addresses.iter().map(|it| format!("http://{it}")).collect::<Vec<_>>().join(",")
        };
        let mut instances = Vec::new();
        for number in 0..count {
            for service in SERVICES {
                let name = format!("{service}-{number}");
                let log = directory.join(format!("{name}.log"));
                let mut launch = Launch::new(&binaries.join(service), log)
                    .env("LISTEN", &of(service)[number])
                    .env("DATABASE_URL", &engines.database_url);
                if !matches!(service, "core" | "registry") {
                    launch = launch
                        .env("KAFKA_BROKERS", &engines.brokers)
                        .env("KAFKA_TOPIC_PREFIX", &engines.topic_prefix)
                        .env("SCHEMA_REGISTRY_URL", urls(&of("registry")[number..=number]));
                }
                if service == "gateway" {
                    launch = launch
                        .env("CORE_URL", urls(of("core")))
                        .env("RESERVATIONS_URL", urls(of("reservations")));
                }
                let running = Some(launch.spawn()?);
                let address = of(service)[number].clone();
                let tells = service != "registry";
                instances.push(Instance { name, address, launch, running, tells });
            }
        }
        let gateways = of("gateway").to_vec();
        let mut apart = Self { instances, gateways, engines, away: Vec::new() };
        for instance in &mut apart.instances {
            instance.wait_ready()?;
        }
        Ok(apart)
    }

    /// The same, whose engines are killed too; `tests/kafka/start` and `tests/postgres/start` started them in the
    /// folders `kafka` and `postgres` of `directory`.
    #[must_use]
    pub fn with_engines(mut self, directory: &Path) -> Self {
        let of = |names: &[&str]| -> Vec<String> {
            let needs = |it: &&Instance| names.iter().any(|name| it.name.starts_with(name));
            self.instances.iter().filter(needs).map(|it| it.address.clone()).collect()
        };
        self.away = vec![
            Engine::of("kafka", directory, of(&[&["gateway"][..], &DECIDERS].concat())),
            Engine::of("postgres", directory, of(&[&["gateway", "core"][..], &DECIDERS].concat())),
        ];
        self
    }

    /// The processes that run: name, as `seats-0`, and id.
    #[must_use]
    pub fn processes(&self) -> Vec<(String, u32)> {
        let running = self.instances.iter();
        running.filter_map(|it| Some((it.name.clone(), it.running.as_ref()?.id()))).collect()
    }

    /// Addresses of the services that decide and project, which count what they do.
    #[must_use]
    pub fn deciders(&self) -> Vec<String> {
        let is_decider = |it: &&Instance| DECIDERS.iter().any(|name| it.name.starts_with(name));
        self.instances.iter().filter(is_decider).map(|it| it.address.clone()).collect()
    }
}

impl Instance {
    /// Starts it again, as a supervisor would, where it ended with SIGSEGV; says whether it did. Kafka's answers just
    /// after its start can make librdkafka 2.12.1 read partitions that it did not fill in (`rd_kafka_metadata_update_op`,
    /// confluentinc/librdkafka#5280, open). It is another kill, and nothing may be lost of it either; any other end is a
    /// fault.
    fn revive(&mut self) -> anyhow::Result<bool> {
        let Some(running) = &mut self.running else { return Ok(false) };
        let Some(status) = running.ended()? else { return Ok(false) };
        anyhow::ensure!(
            status.signal() == Some(SIGSEGV),
            "{} ended by itself: {status}",
            self.name
        );
        eprintln!("{} ended with {status} (librdkafka#5280) and is started again", self.name);
        self.running = Some(self.launch.spawn()?);
        Ok(true)
    }

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
        let Self { instances, away, .. } = self;
        let count = instances.len();
        let index = usize::try_from(number - 1).unwrap_or_default() % (count + away.len());
        if let Some(engine) = index.checked_sub(count).and_then(|index| away.get(index)) {
            engine.kill(|| {
                let mut has_revived = false;
                for instance in instances.iter_mut() {
                    has_revived |= instance.revive()?;
                }
                Ok(has_revived)
            })?;
            return Ok(engine.name().to_owned());
        }
        let instance = &mut instances[index];
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
            if let Some(mut running) = instance.running.take() {
                // One that ended by itself is what a run that was broken off is about.
                if let Some(status) = running.ended()? {
                    eprintln!("{} had ended by itself: {status}", instance.name);
                }
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
