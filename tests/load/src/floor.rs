//! What deciding costs on Kafka and PostgreSQL without HTTP, and the floor under it: a bare loop that consumes
//! the same commands, writes the same rows and produces the same bytes, with `rdkafka` and `sqlx` alone.
//!
//! Both are measured in one run, one after the other, each from its first committed batch on: what a consumer
//! takes to begin is neither's.

mod bare;
mod commands;
mod recorded;
mod world;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::evidence::Engines;
use crate::process;
use commands::Buyers;
use recorded::Recorded;
use world::World;

/// What is measured, and how.
#[derive(Clone, Debug, clap::Args)]
pub struct FloorSettings {
    #[command(flatten)]
    engines: Engines,
    /// Processes of the engines, `NAME=PID`, to see what they and those that they have started take
    #[arg(long = "engine", value_parser = process::named)]
    pub processes: Vec<(String, u32)>,
    /// How many commands
    #[arg(long, default_value_t = 40_000)]
    pub commands: usize,
    /// How many shows they are about
    #[arg(long, default_value_t = 120)]
    pub shows: u32,
    /// How many bare loops share the partitions, each with a consumer and a connection of its own
    #[arg(long, default_value_t = 2)]
    pub loops: u32,
    /// Prints the processor time that the service alone takes, with nothing measured of the floor
    #[arg(long)]
    pub service_only: bool,
}

/// Measures the service, then the floor, and prints both.
///
/// # Errors
/// Where it could not be done.
pub async fn run(settings: &FloorSettings) -> anyhow::Result<()> {
    let name = format!("floor{:08x}", fastrand::u32(..));
    let engines = settings.engines.apart(&name).await?;
    let mut world = World::open(&engines).await?;
    world.send((0..settings.shows).map(commands::open)).await?;
    world.decide(settings).await?;
    let from = world.ends().await?;
    world.send(Buyers::new(settings.shows).take(settings.commands)).await?;
    let decided = world.decide(settings).await?;
    let recorded = Arc::new(Recorded::of(&world, &engines, &from).await?);
    world.close().await?;

    println!("| measured | commands | events | commands/s | CPU µs a command |");
    println!("|---|---|---|---|---|");
    println!("{}", decided.row("the service, decided and published", &recorded));
    if settings.service_only {
        return Ok(());
    }
    let engines = settings.engines.apart(&format!("{name}_bare")).await?;
    let world = World::open(&engines).await?;
    recorded.prepare(&world).await?;
    let bare = bare::run(&recorded, &engines, settings).await?;
    println!("{}", bare.row("the floor of the same", &recorded));
    println!("\n{:.0} % of the floor", 100.0 * decided.rate() / bare.rate());
    world.close().await
}

/// Measures from the first committed batch on.
pub(crate) struct Meter {
    begun: Instant,
    cpu: Vec<(String, Duration)>,
}

/// What was measured.
pub(crate) struct Measured {
    commands: usize,
    elapsed: Duration,
    cpu: Vec<(String, Duration)>,
}

impl Meter {
    pub(crate) fn start(settings: &FloorSettings) -> Self {
        Self { begun: Instant::now(), cpu: taken(settings) }
    }

    /// Ends it, with so many commands since the start.
    pub(crate) fn stop(self, settings: &FloorSettings, commands: usize) -> Measured {
        let elapsed = self.begun.elapsed();
        let taken = taken(settings).into_iter().zip(self.cpu);
        let cpu = taken.map(|((name, now), (_, then))| (name, now.saturating_sub(then)));
        Measured { commands, elapsed, cpu: cpu.collect() }
    }
}

fn taken(settings: &FloorSettings) -> Vec<(String, Duration)> {
    let own = ("own".to_owned(), process::cpu("self").unwrap_or_default());
    let engines = settings.processes.iter();
    let engines =
        engines.map(|(name, id)| (name.clone(), process::cpu_of_all(*id).unwrap_or_default()));
    std::iter::once(own).chain(engines).collect()
}

impl Measured {
    /// Commands a second.
    fn rate(&self) -> f64 {
        self.count() / self.elapsed.as_secs_f64()
    }

    fn count(&self) -> f64 {
        f64::from(u32::try_from(self.commands).unwrap_or(u32::MAX))
    }

    fn row(&self, name: &str, recorded: &Recorded) -> String {
        let cpu = self
            .cpu
            .iter()
            .map(|(name, taken)| format!("{name} {:.0}", taken.as_secs_f64() * 1e6 / self.count()));
        let cpu: Vec<_> = cpu.collect();
        let (commands, events) = (self.commands, recorded.events());
        format!("| {name} | {commands} | {events} | {:.0} | {} |", self.rate(), cpu.join(", "))
    }
}
