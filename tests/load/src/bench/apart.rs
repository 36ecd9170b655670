//! Figures of services as processes of their own, on Kafka and PostgreSQL, with one, two and four of each, and
//! whose processor time a command takes.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use serde::Serialize;
use tokio::runtime::Runtime;

use super::plot::draw;
use super::{WARM_UP, closed, one, plan};
use crate::drive::DriveSettings;
use crate::evidence::Engines;
use crate::kill::{Apart, Place as _};
use crate::measure::Report;
use crate::plan::PlanSettings;
use crate::process;

/// What is measured, and how.
#[derive(Clone, Debug, clap::Args)]
pub struct ApartSettings {
    /// Directory of the services' binaries, built with the features kafka and postgres
    #[arg(long, default_value = "target/release")]
    pub binaries: PathBuf,
    /// A new directory for the services' logs, and for `apart.json`, `apart.md` and `apart.svg`
    #[arg(long)]
    pub directory: PathBuf,
    #[command(flatten)]
    engines: Engines,
    /// Processes of the engines, `NAME=PID`, to see what they and those that they have started take
    #[arg(long = "engine", value_parser = process::named)]
    pub processes: Vec<(String, u32)>,
    /// How many of each service in the steps
    #[arg(long, value_delimiter = ',', default_value = "1,2,4")]
    pub instances: Vec<usize>,
    /// Seconds of each run that are measured, after two that are not
    #[arg(long, default_value_t = 10.0)]
    pub measured: f64,
    /// Connections of the closed loop
    #[arg(long, default_value_t = 512)]
    pub connections: usize,
    /// Commands a second of the open loop; without it half of what the closed loop decided
    #[arg(long)]
    pub rate: Option<f64>,
    /// Percent of the commands that are about reservations
    #[arg(long, default_value_t = 0)]
    pub reservations: u8,
    /// How many shows
    #[arg(long, default_value_t = 50)]
    pub shows: u32,
    /// Whether the closed loop is left out
    #[arg(long)]
    pub open_only: bool,
}

/// One measured step.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Step {
    instances: usize,
    /// Closed loop, each command waited for: as fast as it goes.
    full: Option<Run>,
    /// Open loop, at the rate that was asked for, or half of the closed one's.
    open: Run,
}

/// One run, and what it took of whom.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    report: Report,
    /// Processor time by service and engine, in microseconds a command, warm-up and drain with it.
    cpu_us: Vec<(String, f64)>,
    /// Resident memory of the largest process of each service, in bytes.
    most_bytes: Vec<(String, u64)>,
}

/// Percent of the commands whose effect is looked for in the read model.
const VISIBLE: u8 = 1;

/// Measures all steps and writes the table.
///
/// # Errors
/// Where it could not be done.
pub fn run(settings: &ApartSettings) -> anyhow::Result<()> {
    std::fs::create_dir_all(&settings.directory)?;
    let mut steps = Vec::new();
    for instances in &settings.instances {
        steps.push(step(settings, *instances)?);
    }
    let table = table(&steps);
    print!("{table}");
    let at = |name: &str| settings.directory.join(name);
    std::fs::write(at("apart.json"), serde_json::to_string_pretty(&steps)?)?;
    std::fs::write(at("apart.md"), table)?;
    std::fs::write(at("apart.svg"), drawing(&steps))?;
    Ok(())
}

fn drawing(steps: &[Step]) -> String {
    let panel = |figure: &dyn Fn(&Step) -> Option<f64>| -> Vec<(u64, f64)> {
        steps.iter().filter_map(|step| Some((step.instances as u64, figure(step)?))).collect()
    };
    #[expect(clippy::cast_precision_loss, reason = "for a drawing")]
    let most = |step: &Step| {
        step.open.most_bytes.iter().map(|(_, bytes)| (bytes >> 20) as f64).reduce(f64::max)
    };
    let panels = vec![
        ("outcomes a second", panel(&|step| Some(step.full.as_ref()?.report.outcomes_per_s))),
        ("p99 to outcome, open loop, ms", panel(&|step| Some(step.open.report.to_outcome?.p99_ms))),
        (
            "CPU µs a command, of all",
            panel(&|step| Some(step.open.cpu_us.iter().map(|(_, taken)| taken).sum())),
        ),
        ("MB of the largest process", panel(&most)),
    ];
    draw(&[("of each service", panels)])
}

fn step(settings: &ApartSettings, instances: usize) -> anyhow::Result<Step> {
    let name = format!("bench{:08x}_{instances}", fastrand::u32(..));
    let directory = settings.directory.join(&name);
    let engines = Runtime::new()?.block_on(settings.engines.apart(&name))?;
    let mut services = Apart::start(&settings.binaries, &directory, engines, instances)?;
    let plan = plan(settings.shows, settings.reservations);
    let drive = DriveSettings {
        visible: VISIBLE,
        metrics: services.deciders(),
        pids: services.processes().into_iter().map(|(_, id)| id).collect(),
        ..closed(services.gateways(), settings.connections, settings.measured)
    };
    let full = if settings.open_only {
        None
    } else {
        Some(measured(settings, &services, &plan, drive.clone())?)
    };
    let half = full.as_ref().map(|full| full.report.outcomes_per_s / 2.0);
    let rate = settings.rate.or(half).context("`--open-only` needs a `--rate`")?;
    let opened = full.is_some();
    // Numbers that the closed loop can't have come to.
    let drive = DriveSettings { rate: Some(rate), first: 10_000_000, opened, ..drive };
    let open = measured(settings, &services, &plan, drive)?;
    services.stop()?;
    let step = Step { instances, full, open };
    for run in step.full.iter().chain([&step.open]) {
        eprintln!("{instances} of each service\n{}", run.report);
        eprintln!("  CPU µs a command: {:?}\n  bytes: {:?}", run.cpu_us, run.most_bytes);
    }
    Ok(step)
}

fn measured(
    settings: &ApartSettings,
    services: &Apart,
    plan: &PlanSettings,
    drive: DriveSettings,
) -> anyhow::Result<Run> {
    let mut processes: Vec<(String, u32)> = services.processes();
    for (name, _) in &mut processes {
        let service = name.split('-').next().unwrap_or_default().to_owned();
        *name = service;
    }
    let most_of = |processes: &[(String, u32)]| {
        let mut most: Vec<(String, u64)> = Vec::new();
        for (name, id) in processes {
            let bytes = process::memory(&id.to_string()).map_or(0, |(_, most)| most);
            match most.iter_mut().find(|(known, _)| known == name) {
                Some((_, known)) => *known = bytes.max(*known),
                None => most.push((name.clone(), bytes)),
            }
        }
        most
    };
    let all: Vec<_> = processes.iter().chain(&settings.processes).cloned().collect();
    let taken = || -> Vec<Duration> {
        all.iter().map(|(_, id)| process::cpu_of_all(*id).unwrap_or_default()).collect()
    };
    let (before, own) = (taken(), process::cpu("self"));
    let report = one(plan, drive)?;
    let (after, own_after) = (taken(), process::cpu("self"));
    // The window's share of the whole run is not known better than by its length.
    let commands = report.outcomes_per_s * (WARM_UP + settings.measured);
    let mut cpu_us: Vec<(String, f64)> = Vec::new();
    let mut add = |name: &str, taken: Duration| {
        let taken = taken.as_secs_f64() * 1e6 / commands;
        match cpu_us.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known += taken,
            None => cpu_us.push((name.to_owned(), taken)),
        }
    };
    for ((name, _), (before, after)) in all.iter().zip(before.iter().zip(&after)) {
        add(name, after.saturating_sub(*before));
    }
    add("generator", own_after.unwrap_or_default().saturating_sub(own.unwrap_or_default()));
    Ok(Run { report, cpu_us, most_bytes: most_of(&processes) })
}

/// The steps as Markdown.
fn table(steps: &[Step]) -> String {
    let mut text = String::from(
        "| of each service | loop | accepted/s | outcomes/s | decided/s | projected/s | ms to outcome: p50, p99 | ms to visible: p50, p99 | CPU µs a command |\n|---|---|---|---|---|---|---|---|---|\n",
    );
    for step in steps {
        for (name, run) in step.full.iter().map(|run| ("closed", run)).chain([("open", &step.open)])
        {
            let report = &run.report;
            let number =
                |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.0}"));
            let times = |times: Option<crate::measure::Latency>| {
                times.map_or("–".to_owned(), |it| format!("{:.0}, {:.0}", it.p50_ms, it.p99_ms))
            };
            let cpu: Vec<_> =
                run.cpu_us.iter().map(|(name, taken)| format!("{name} {taken:.0}")).collect();
            let cells = [
                step.instances.to_string(),
                name.to_owned(),
                number(Some(report.accepted_per_s)),
                number(Some(report.outcomes_per_s)),
                number(report.decided_per_s),
                number(report.projected_per_s),
                times(report.to_outcome),
                times(report.to_visible),
                cpu.join(", "),
            ];
            let _ = writeln!(text, "| {} |", cells.join(" | "));
        }
    }
    text
}
