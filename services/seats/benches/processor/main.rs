//! What deciding costs without HTTP: commands wait in the embedded log, the service decides, commits,
//! publishes and projects them, with every promise of durability kept.
//!
//! `cargo bench -p seats-service --bench processor -- [COMMANDS] [hot] [hot-views] [many] [many-views]`, all of
//! them with 40,000 commands without arguments. How to read the table: docs/benchmarks.md.

mod commands;
mod floor;
mod gate;
mod world;

use std::time::{Duration, Instant};

use anyhow::Result;

use floor::Recorded;
use world::World;

/// As in the services' binaries.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Commands of a measurement.
const COMMANDS: usize = 40_000;

/// Shows that buyers want seats of.
#[derive(Clone, Copy)]
struct Shows {
    name: &'static str,
    count: usize,
    /// Of 10,000 seats each.
    sections: i32,
}

/// One aggregate decides everything; 100,000 seats are the most that a show may have.
const HOT: Shows = Shows { name: "one hot show", count: 1, sections: 10 };
/// Every partition has some.
const MANY: Shows = Shows { name: "50 shows", count: 50, sections: 1 };

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<()> {
    let (mut commands, mut wanted) = (COMMANDS, Vec::new());
    for argument in std::env::args().skip(1).filter(|argument| !argument.starts_with("--")) {
        match argument.parse() {
            Ok(count) => commands = count,
            Err(_) => wanted.push(argument),
        }
    }
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|wanted| wanted == name);
    println!("| measured | commands | events | seconds | commands/s | CPU µs a command |");
    println!("|---|---|---|---|---|---|");
    if is_wanted("hot") {
        let world = decide(HOT, commands).await?;
        let recorded = Recorded::of(&world, 1).await?;
        drop(world);
        let meter = Meter::start();
        let elapsed = recorded.replay().await?;
        meter.row_of("the floor of the same", commands, recorded.events(), elapsed);
    }
    if is_wanted("hot-views") {
        decide_and_project(HOT, commands).await?;
    }
    if is_wanted("many") {
        decide(MANY, commands).await?;
    }
    if is_wanted("many-views") {
        decide_and_project(MANY, commands).await?;
    }
    Ok(())
}

/// Opens shows, then measures from the first command read to the last event published.
async fn decide(shows: Shows, commands: usize) -> Result<World> {
    let world = World::new().await?;
    world.send((0..shows.count).map(|show| commands::open(show, shows.sections))).await?;
    let running = world.start(false).await?;
    running.gate.open();
    world.decided().await?;
    world.published().await?;
    running.stop().await?;
    let opened = world.events().await?;

    world.send(commands::Buyers::new(shows.count, shows.sections).take(commands)).await?;
    let running = world.start(false).await?;
    let meter = Meter::start();
    running.gate.open();
    world.decided().await?;
    world.published().await?;
    let name = format!("{}, decided and published", shows.name);
    meter.row(&name, commands, world.events().await? - opened);
    running.stop().await?;
    Ok(world)
}

/// The same to the last row of the views, and what opening the shows takes, to their last rows.
async fn decide_and_project(shows: Shows, commands: usize) -> Result<()> {
    let world = World::new().await?;
    world.send((0..shows.count).map(|show| commands::open(show, shows.sections))).await?;
    let running = world.start(true).await?;
    let meter = Meter::start();
    running.gate.open();
    world.decided().await?;
    world.projected().await?;
    let opened = world.events().await?;
    meter.row(&format!("{}, opened and projected", shows.name), shows.count, opened);
    running.stop().await?;

    world.send(commands::Buyers::new(shows.count, shows.sections).take(commands)).await?;
    let running = world.start(true).await?;
    let meter = Meter::start();
    running.gate.open();
    world.decided().await?;
    world.projected().await?;
    let name = format!("{}, projected too", shows.name);
    meter.row(&name, commands, world.events().await? - opened);
    running.stop().await
}

/// Time and CPU time since a start.
struct Meter {
    begun: Instant,
    cpu: Duration,
}

impl Meter {
    fn start() -> Self {
        Self { begun: Instant::now(), cpu: cpu_time() }
    }

    fn row(&self, name: &str, commands: usize, events: i64) {
        self.row_of(name, commands, events, self.begun.elapsed());
    }

    fn row_of(&self, name: &str, commands: usize, events: i64, elapsed: Duration) {
        let count = f64::from(u32::try_from(commands).unwrap_or(u32::MAX));
        let seconds = elapsed.as_secs_f64();
        let cpu = cpu_time().saturating_sub(self.cpu).as_secs_f64() * 1e6 / count;
        println!(
            "| {name} | {commands} | {events} | {seconds:.2} | {:.0} | {cpu:.0} |",
            count / seconds
        );
    }
}

/// The CPU time of this process, from `/proc` (Linux, clock ticks of 10 ms); zero elsewhere.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default();
    // After the name come state (field 3) and so on: utime and stime are fields 14 and 15 of proc(5).
    let ticks =
        fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok());
    Duration::from_millis(ticks.sum::<u64>() * 10)
}
