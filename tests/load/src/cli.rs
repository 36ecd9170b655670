//! The binary `load`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};

use crate::drive::{self, DriveSettings, Progress};
use crate::plan::{Plan, PlanSettings};

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
