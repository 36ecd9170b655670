//! The binary `load`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};

#[cfg(feature = "kafka")]
use crate::bare;
use crate::bench::{self, BenchSettings};
use crate::drive::{self, DriveSettings, Progress};
#[cfg(all(feature = "kafka", feature = "postgres"))]
use crate::floor;
use crate::front::{self, ReadsSettings};
use crate::kill::{self, Embedded, Killing, Place};
use crate::overload::{self, OverloadSettings};
use crate::plan::{Plan, PlanSettings};
use crate::poison::{self, PoisonSettings};
use crate::push::{self, PushSettings};
use crate::{check, evidence, fill, history, takeover};

/// How many processes of each service are killed in turn.
#[cfg(all(feature = "kafka", feature = "postgres"))]
const INSTANCES: usize = 2;
/// How many violations of one code are printed.
const MOST: usize = 10;

/// Load for Charter, and proof that nothing of it is lost.
#[derive(Debug, Parser)]
#[command(name = "load", version)]
struct Flags {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Send commands to running gateways and say how fast they were decided
    Drive(Drive),
    /// Start a platform, send commands while it is killed again and again, and check that nothing was lost
    Kill(Kill),
    /// Start services as processes of their own, two of each, on Kafka and PostgreSQL, send commands while
    /// one after the other is killed, and check that nothing was lost
    #[cfg(all(feature = "kafka", feature = "postgres"))]
    KillApart(KillApart),
    /// Let two owners work on the same partitions, again and again, and check that nothing was lost
    Takeover(Takeover),
    /// Add events to a stopped platform's data directory, through everything but HTTP
    Fill(Fill),
    /// Measure a platform: throughput, latency, start, memory, and how they grow
    Bench(BenchSettings),
    /// Measure services as processes of their own, on Kafka and PostgreSQL: one, two and four of each
    #[cfg(all(feature = "kafka", feature = "postgres"))]
    BenchApart(bench::ApartSettings),
    /// Measure deciding on Kafka and PostgreSQL without HTTP, and a bare loop that writes and produces the same
    #[cfg(all(feature = "kafka", feature = "postgres"))]
    Floor(floor::FloorSettings),
    /// Serve a handler that parses the body of a command, produces it to Kafka and answers 202, and nothing else
    #[cfg(feature = "kafka")]
    Bare(bare::BareSettings),
    /// Measure reads: pages of seats and single seats
    Reads(ReadsSettings),
    /// Measure push: sockets in one room, and how soon each is told of what happens there
    Push(PushSettings),
    /// Send three times what a platform can do for a minute, and check what it refused, did, took and how soon it was
    /// as before
    Overload(OverloadSettings),
    /// Measure good commands without poison and among it, redrive what it has set aside, and check that nothing was lost
    Poison(PoisonSettings),
    /// Check that nothing was lost, after the platform was stopped
    Check(Check),
}

#[derive(Debug, Args)]
struct Kill {
    /// The platform's binary
    #[arg(long, default_value = "target/release/platform")]
    platform: PathBuf,
    /// A new directory for data, history and the platform's log
    #[arg(long)]
    directory: PathBuf,
    #[command(flatten)]
    load: KillLoad,
}

#[cfg(all(feature = "kafka", feature = "postgres"))]
#[derive(Debug, Args)]
struct KillApart {
    /// Directory of the services' binaries, built with the features kafka and postgres
    #[arg(long, default_value = "target/release")]
    binaries: PathBuf,
    /// A new directory for the history and the services' logs
    #[arg(long)]
    directory: PathBuf,
    #[command(flatten)]
    engines: evidence::Engines,
    /// Where `tests/kafka/start` and `tests/postgres/start` have started the engines, in the folders `kafka` and
    /// `postgres`: these are killed too, after all services were
    #[arg(long)]
    engines_directory: Option<PathBuf>,
    #[command(flatten)]
    load: KillLoad,
}

#[derive(Debug, Args)]
struct KillLoad {
    /// How often something is killed
    #[arg(long, default_value_t = 10)]
    kills: u64,
    /// A code of which the check has to find a violation; then finding none is a failure
    #[arg(long)]
    expect: Option<String>,
    #[command(flatten)]
    plan: PlanSettings,
    #[command(flatten)]
    settings: DriveSettings,
}

#[derive(Debug, Args)]
struct Takeover {
    /// A new directory for the data
    #[arg(long)]
    directory: PathBuf,
    /// How often the partitions change hands
    #[arg(long, default_value_t = 50)]
    rounds: u32,
    /// A code of which the check has to find a violation; then finding none is a failure
    #[arg(long)]
    expect: Option<String>,
}

#[derive(Debug, Args)]
struct Fill {
    /// The data directory; made when absent
    #[arg(long)]
    data_dir: PathBuf,
    /// About how many events
    #[arg(long, default_value_t = 1_000_000)]
    events: u64,
}

#[derive(Debug, Args)]
struct Check {
    /// The stopped platform's data directory
    #[arg(long)]
    data_dir: PathBuf,
    /// What `drive --history` wrote; without it what clients were answered is not checked
    #[arg(long)]
    history: Option<PathBuf>,
    /// How many violations of one code are printed
    #[arg(long, default_value_t = MOST)]
    most: usize,
}

#[derive(Debug, Args)]
struct Drive {
    #[command(flatten)]
    plan: PlanSettings,
    #[command(flatten)]
    settings: DriveSettings,
    /// File that the report is written to as JSON; it is printed for people anyway
    #[arg(long)]
    json: Option<PathBuf>,
}

/// Reads the command line and does what it says.
///
/// Exit codes: 0 when all is well, 1 when it is not, 2 when it could not be done.
#[must_use]
pub fn main() -> ExitCode {
    let done = match Flags::parse().action {
        Action::Drive(flags) => drive_gateways(flags),
        Action::Kill(flags) => kill_platform(flags),
        #[cfg(all(feature = "kafka", feature = "postgres"))]
        Action::KillApart(flags) => kill_services(flags),
        Action::Takeover(flags) => take_over(&flags),
        Action::Fill(flags) => fill_directory(&flags),
        Action::Bench(settings) => bench::run(&settings).map(|()| ExitCode::SUCCESS),
        #[cfg(all(feature = "kafka", feature = "postgres"))]
        Action::BenchApart(settings) => bench::run_apart(&settings).map(|()| ExitCode::SUCCESS),
        #[cfg(all(feature = "kafka", feature = "postgres"))]
        Action::Floor(settings) => {
            let runtime = tokio::runtime::Runtime::new();
            runtime
                .map_err(Into::into)
                .and_then(|it| it.block_on(floor::run(&settings)))
                .map(|()| ExitCode::SUCCESS)
        }
        #[cfg(feature = "kafka")]
        Action::Bare(settings) => bare::run(&settings).map(|()| ExitCode::SUCCESS),
        Action::Reads(settings) => front::reads(&settings).map(|reads| {
            print!("{}", front::lines(&reads));
            ExitCode::SUCCESS
        }),
        Action::Push(settings) => push::run(&settings).map(|pushed| {
            print!("{pushed}");
            ExitCode::SUCCESS
        }),
        Action::Overload(settings) => overload_platform(&settings),
        Action::Poison(settings) => poison_service(&settings),
        Action::Check(flags) => check_directory(&flags),
    };
    done.unwrap_or_else(|error| {
        eprintln!("load: {error:#}");
        ExitCode::from(2)
    })
}

fn drive_gateways(flags: Drive) -> anyhow::Result<ExitCode> {
    // One thread: what the generator takes, the platform lacks.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let plan = Plan::new(flags.plan);
    let run = drive::run(plan, flags.settings, Arc::new(Progress::default()));
    let report = runtime.block_on(run)?;
    print!("{report}");
    if let Some(path) = flags.json {
        let text = serde_json::to_string_pretty(&report)?;
        std::fs::write(&path, text).with_context(|| format!("writing `{}`", path.display()))?;
    }
    Ok(if report.unanswered == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn kill_platform(flags: Kill) -> anyhow::Result<ExitCode> {
    let mut place = Embedded::start(&flags.platform, &flags.directory)?;
    kill_place(flags.load, &flags.directory, &mut place)
}

#[cfg(all(feature = "kafka", feature = "postgres"))]
fn kill_services(flags: KillApart) -> anyhow::Result<ExitCode> {
    let mut place =
        kill::Apart::start(&flags.binaries, &flags.directory, flags.engines, INSTANCES)?;
    if let Some(directory) = &flags.engines_directory {
        place = place.with_engines(directory);
    }
    kill_place(flags.load, &flags.directory, &mut place)
}

fn kill_place(load: KillLoad, directory: &Path, place: &mut dyn Place) -> anyhow::Result<ExitCode> {
    let killing = Killing {
        history: directory.join("history"),
        plan: load.plan,
        drive: load.settings,
        kills: load.kills,
    };
    let killed = kill::run(killing, place)?;
    if let Some(report) = &killed.report {
        print!("{report}");
    }
    print!("{}", killed.verdict.report(MOST));
    if let Some(trouble) = &killed.trouble {
        println!("{trouble}");
    }
    Ok(judge(load.expect.as_deref(), &killed.verdict, killed.is_good()))
}

fn take_over(flags: &Takeover) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Runtime::new()?;
    let verdict = runtime.block_on(takeover::run(&flags.directory, flags.rounds))?;
    print!("{}", verdict.report(MOST));
    Ok(judge(flags.expect.as_deref(), &verdict, verdict.violations.is_empty()))
}

fn fill_directory(flags: &Fill) -> anyhow::Result<ExitCode> {
    std::fs::create_dir_all(&flags.data_dir)?;
    let runtime = tokio::runtime::Runtime::new()?;
    let took = runtime.block_on(fill::run(&flags.data_dir, flags.events))?;
    println!("{} events in {:.1} s", flags.events, took.as_secs_f64());
    Ok(ExitCode::SUCCESS)
}

fn overload_platform(settings: &OverloadSettings) -> anyhow::Result<ExitCode> {
    let overloaded = overload::run(settings)?;
    print!("{overloaded}{}", overloaded.verdict.report(MOST));
    let faults = overloaded.faults();
    for fault in &faults {
        println!("{fault}");
    }
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn poison_service(settings: &PoisonSettings) -> anyhow::Result<ExitCode> {
    // What is told to panic says nothing; what is not, does.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let told =
            panic.payload().downcast_ref::<String>().is_some_and(|it| it.contains("told to"));
        if !told {
            hook(panic);
        }
    }));
    std::fs::create_dir_all(&settings.directory)?;
    let poisoned = tokio::runtime::Runtime::new()?.block_on(poison::run(settings))?;
    print!("{poisoned}{}", poisoned.verdict.report(MOST));
    let faults = poisoned.faults();
    for fault in &faults {
        println!("{fault}");
    }
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Success where all is good, or where the code that was expected was found.
fn judge(expected: Option<&str>, verdict: &check::Verdict, is_good: bool) -> ExitCode {
    let as_expected = match expected {
        None => is_good,
        Some(code) => {
            let is_found = verdict.violations.iter().any(|it| it.code.as_str() == code);
            println!("{code} was {}", if is_found { "found" } else { "not found" });
            is_found
        }
    };
    if as_expected { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

fn check_directory(flags: &Check) -> anyhow::Result<ExitCode> {
    let history = match &flags.history {
        Some(path) => history::read(path)?,
        None => Vec::new(),
    };
    let runtime = tokio::runtime::Runtime::new()?;
    let read = evidence::read_directory(&flags.data_dir, history);
    let verdict = check::check(&runtime.block_on(read)?);
    print!("{}", verdict.report(flags.most));
    Ok(if verdict.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
