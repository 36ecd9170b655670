//! The binary `load`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};

use crate::drive::{self, DriveSettings, Progress};
use crate::kill::{self, Killing};
use crate::plan::{Plan, PlanSettings};
use crate::{check, evidence, history};

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
    /// How often the platform is killed
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
    let killed = kill::run(Killing {
        platform: flags.platform,
        directory: flags.directory,
        plan: flags.plan,
        drive: flags.settings,
        kills: flags.kills,
    })?;
    if let Some(report) = &killed.report {
        print!("{report}");
    }
    print!("{}", killed.verdict.report(MOST));
    if let Some(trouble) = &killed.trouble {
        println!("{trouble}");
    }
    let as_expected = match flags.expect {
        None => killed.is_good(),
        Some(code) => {
            let mut found = killed.verdict.violations.iter();
            let is_found = found.any(|violation| violation.code.as_str() == code);
            println!("{code} was {}", if is_found { "found" } else { "not found" });
            is_found
        }
    };
    Ok(if as_expected { ExitCode::SUCCESS } else { ExitCode::from(1) })
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
