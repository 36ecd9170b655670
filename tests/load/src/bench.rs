//! Figures of the platform in one process: what it takes through HTTP, how soon it is ready, what memory it
//! takes, and how all that grows.

#[cfg(all(feature = "kafka", feature = "postgres"))]
mod apart;
mod plot;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use serde::Serialize;
use tokio::runtime::Runtime;

use crate::drive::{self, DriveSettings, Progress};
use crate::kill::{Embedded, Place as _};
use crate::measure::Report;
use crate::plan::{Plan, PlanSettings};
use crate::{fill, process};

#[cfg(all(feature = "kafka", feature = "postgres"))]
pub use apart::{ApartSettings, run as run_apart};

/// What is measured, and how.
#[derive(Clone, Debug, clap::Args)]
pub struct BenchSettings {
    /// The platform's binary; build it with `--release`
    #[arg(long, default_value = "target/release/platform")]
    pub platform: PathBuf,
    /// A new directory for data, and for `bench.json`, `bench.md` and `bench.svg`
    #[arg(long)]
    pub directory: PathBuf,
    /// Seconds of each run that are measured, after two that are not
    #[arg(long, default_value_t = 15.0)]
    pub measured: f64,
    /// Connections of the closed loop
    #[arg(long, default_value_t = 384)]
    pub connections: usize,
    /// Events in the store in the steps of the growth
    #[arg(long, value_delimiter = ',', default_value = "0,100000,1000000")]
    pub events: Vec<u64>,
    /// Shows in the steps of the growth
    #[arg(long, value_delimiter = ',', default_value = "20,200,2000")]
    pub shows: Vec<u32>,
}

/// One measured step.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// What was varied.
    pub what: String,
    /// Its size in this step.
    pub size: u64,
    /// From the start to `ready`, in milliseconds.
    pub ready_ms: u128,
    /// Closed loop, each command waited for: as fast as it goes.
    pub full: Report,
    /// Open loop, at half of what was decided at full speed.
    pub half: Report,
    /// Resident memory once it had started, in bytes.
    pub started_bytes: Option<u64>,
}

/// Warm-up, in seconds.
const WARM_UP: f64 = 2.0;
/// Percent of the commands whose effect is looked for in the read model.
const VISIBLE: u8 = 2;

/// Measures all steps and writes the table and the plot.
///
/// # Errors
/// Where it could not be done.
pub fn run(settings: &BenchSettings) -> anyhow::Result<()> {
    std::fs::create_dir_all(&settings.directory)?;
    let mut steps = Vec::new();
    let usual = Shape { what: "", size: 0, shows: 20, seats: 2_000, events: 0 };
    for events in &settings.events {
        let shape = Shape { what: "events in the store", size: *events, events: *events, ..usual };
        steps.push(step(settings, &shape)?);
    }
    for shows in &settings.shows {
        let shape = Shape { what: "shows", size: u64::from(*shows), shows: *shows, ..usual };
        steps.push(step(settings, &shape)?);
    }
    let hot =
        Shape { what: "seats of one hot show", size: 100_000, shows: 1, seats: 100_000, ..usual };
    steps.push(step(settings, &hot)?);
    let table = table(&steps);
    print!("{table}");
    let at = |name: &str| settings.directory.join(name);
    std::fs::write(at("bench.json"), serde_json::to_string_pretty(&steps)?)?;
    std::fs::write(at("bench.md"), table)?;
    std::fs::write(at("bench.svg"), plot::svg(&steps))?;
    Ok(())
}

/// What a step is measured with.
#[derive(Clone, Copy, Debug)]
struct Shape {
    what: &'static str,
    size: u64,
    shows: u32,
    seats: u32,
    events: u64,
}

/// What is sent in every step: holds of which some want the same seats, `reservations` percent about hotels.
fn plan(shows: u32, reservations: u8) -> PlanSettings {
    PlanSettings {
        seed: 1,
        run: None,
        shows,
        seats: 2_000,
        hold_seconds: 300,
        hot_seats: 5,
        hot_show: 0,
        reservations,
        properties: 20,
        rooms: 40,
        keyless: 0,
    }
}

/// As fast as it goes over `connections`, for `measured` seconds after the warm-up.
fn closed(gateways: Vec<String>, connections: usize, measured: f64) -> DriveSettings {
    DriveSettings {
        gateways,
        connections,
        rate: None,
        seconds: WARM_UP + measured,
        commands: None,
        warmup: WARM_UP,
        first: 0,
        wait: 10,
        follow: 100,
        repeats: 0,
        visible: 0,
        time_out: 20,
        patience: 60,
        history: None,
        metrics: Vec::new(),
        pids: Vec::new(),
        opened: false,
    }
}

fn step(settings: &BenchSettings, shape: &Shape) -> anyhow::Result<Step> {
    let Shape { what, size, shows, seats, events } = *shape;
    let directory = settings.directory.join(format!("{}-{size}", what.replace(' ', "-")));
    let data_dir = directory.join("data");
    anyhow::ensure!(!data_dir.exists(), "`{}` is there already", data_dir.display());
    std::fs::create_dir_all(&data_dir)?;
    if events > 0 {
        let took = Runtime::new()?.block_on(fill::run(&data_dir, events))?;
        eprintln!("{events} events in {:.1} s", took.as_secs_f64());
    }
    let mut platform = Embedded::start(&settings.platform, &directory)?;
    let ready_ms = platform.started_in().as_millis();
    let pid = platform.id().context("the platform does not run")?;
    let started_bytes = process::memory(&pid.to_string()).map(|(now, _)| now);
    let plan = PlanSettings { seats, ..plan(shows, 25) };
    let drive = DriveSettings {
        visible: VISIBLE,
        pids: vec![pid],
        ..closed(platform.gateways(), settings.connections, settings.measured)
    };
    let full = one(&plan, drive.clone())?;
    let half = DriveSettings {
        rate: Some(full.outcomes_per_s / 2.0),
        // Numbers that the closed loop can't have come to.
        first: 10_000_000,
        opened: true,
        ..drive
    };
    let half = one(&plan, half)?;
    platform.stop()?;
    let step = Step { what: what.to_owned(), size, ready_ms, full, half, started_bytes };
    eprintln!("{what} {size}\n{}{}", step.full, step.half);
    Ok(step)
}

/// One run, on one thread: what the generator takes, the platform lacks.
pub(crate) fn one(plan: &PlanSettings, settings: DriveSettings) -> anyhow::Result<Report> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let plan = Plan::new(plan.clone());
    runtime.block_on(drive::run(plan, settings, Arc::new(Progress::default())))
}

/// The steps as Markdown.
fn table(steps: &[Step]) -> String {
    let mut text = String::from(
        "| what | size | ready ms | outcomes/s | decided/s | projected/s | p99 ms to outcome at half | p99 ms to visible at half | MB at start | MB at most | generator cores |\n|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for step in steps {
        let number =
            |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.0}"));
        let tenth =
            |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.1}"));
        let bytes =
            |value: Option<u64>| value.map_or("–".to_owned(), |value| (value >> 20).to_string());
        let cells = [
            step.what.clone(),
            step.size.to_string(),
            step.ready_ms.to_string(),
            number(Some(step.full.outcomes_per_s)),
            number(step.full.decided_per_s),
            number(step.full.projected_per_s),
            tenth(step.half.to_outcome.map(|it| it.p99_ms)),
            tenth(step.half.to_visible.map(|it| it.p99_ms)),
            bytes(step.started_bytes),
            bytes(step.half.platform_most_bytes),
            step.full.generator_cores.map_or("–".to_owned(), |cores| format!("{cores:.2}")),
        ];
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text
}
