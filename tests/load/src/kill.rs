//! Load while the whole platform is killed again and again, and the check afterwards.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::runtime::Runtime;

use crate::check::{Verdict, check};
use crate::client::{Ask, Connection};
use crate::drive::{self, DriveSettings, Progress};
use crate::evidence::read_directory;
use crate::history::{self, Writer};
use crate::measure::Report;
use crate::plan::{Plan, PlanSettings};
use crate::platform::{Launch, Running};

/// How long holds may take to end, and the read model to come to the end.
const PATIENCE: Duration = Duration::from_mins(2);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Killing {
    /// The platform's binary.
    pub platform: PathBuf,
    /// A directory for data, log and history; made where it is missing.
    pub directory: PathBuf,
    /// What is sent.
    pub plan: PlanSettings,
    /// How it is sent; addresses and history are filled in.
    pub drive: DriveSettings,
    /// How often the platform is killed, evenly over the commands.
    pub kills: u64,
}

/// What came of it.
#[derive(Debug)]
pub struct Killed {
    /// What the clients measured; `None` where the platform did not start again.
    pub report: Option<Report>,
    /// What is wrong.
    pub verdict: Verdict,
    /// Why the platform did not start again, or did not end in good order.
    pub trouble: Option<String>,
}

impl Killed {
    /// Whether nothing was lost and everything went its way.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.trouble.is_none()
            && self.verdict.violations.is_empty()
            && self.report.as_ref().is_some_and(|report| report.unanswered == 0)
    }
}

/// Starts the platform, sends the commands, kills and starts it meanwhile, ends it and checks.
///
/// # Errors
/// Where it could not be done; what the platform does wrong is told in [`Killed`].
pub fn run(killing: Killing) -> anyhow::Result<Killed> {
    std::fs::create_dir_all(&killing.directory)?;
    let data_dir = killing.directory.join("data");
    let path = killing.directory.join("history");
    anyhow::ensure!(!path.exists(), "`{}` holds a run already", killing.directory.display());
    let launch = Launch::new(&killing.platform, &data_dir)?;
    let (running, _) = launch.start()?;

    let mut notes = Writer::open(&path)?;
    let progress = Arc::new(Progress::default());
    let commands = killing.drive.commands.context("a number of commands")?;
    let settings = DriveSettings {
        gateways: vec![launch.gateway.clone()],
        history: Some(path.clone()),
        ..killing.drive
    };
    let plan = Plan::new(killing.plan);
    let driving = {
        let (plan, progress) = (plan.clone(), Arc::clone(&progress));
        std::thread::spawn(move || Runtime::new()?.block_on(drive::run(plan, settings, progress)))
    };
    let killed = (|| {
        let mut running = running;
        for kill in 1..=killing.kills {
            let after = commands * kill / (killing.kills + 1);
            while progress.done.load(Ordering::Relaxed) < after && !driving.is_finished() {
                std::thread::sleep(Duration::from_millis(1));
            }
            notes.note(format!("kill {kill} of {}", killing.kills))?;
            running.kill()?;
            running = launch.start()?.0;
            notes.note("started")?;
        }
        anyhow::Ok(running)
    })();
    if killed.is_err() {
        progress.stop.cancel();
    }
    let report = driving.join().map_err(|_| anyhow::anyhow!("the clients panicked"))?;
    let ended = killed.and_then(|running| end(&launch, running, &plan));
    let trouble = ended.err().map(|error| format!("{error:#}"));

    let evidence = Runtime::new()?.block_on(read_directory(&data_dir, history::read(&path)?))?;
    let verdict = check(&evidence);
    let report = if trouble.is_none() { Some(report?) } else { report.ok() };
    Ok(Killed { report, verdict, trouble })
}

/// Waits until all holds are over and the views have come to the end, ends the platform in good order, and
/// sees that it starts from what it left.
fn end(launch: &Launch, running: Running, plan: &Plan) -> anyhow::Result<()> {
    Runtime::new()?.block_on(settled(&launch.gateway, plan))?;
    let status = running.terminate()?;
    anyhow::ensure!(status.success(), "the platform ended with {status}");
    let status = launch.start()?.0.terminate()?;
    anyhow::ensure!(status.success(), "the platform ended with {status} after its last start");
    Ok(())
}

/// Waits until no seat is held.
async fn settled(gateway: &str, plan: &Plan) -> anyhow::Result<()> {
    let mut connection = Connection::new(gateway)?;
    let begun = Instant::now();
    let shows = if plan.settings().reservations < 100 { plan.settings().shows } else { 0 };
    for show in 0..shows {
        let path = format!("/v1/shows/{}/stats", plan.show_id(show));
        loop {
            let answer = connection.ask(&Ask::get(&path), Duration::from_secs(10)).await?;
            let stats: serde_json::Value = serde_json::from_slice(&answer.body)?;
            if stats["held"] == 0 {
                break;
            }
            anyhow::ensure!(begun.elapsed() < PATIENCE, "holds do not end: {stats}");
            tokio::time::sleep(LOOK).await;
        }
    }
    Ok(())
}
