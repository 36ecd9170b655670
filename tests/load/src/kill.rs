//! Load while the platform, or a service of it, is killed again and again, and the check afterwards.

#[cfg(all(feature = "kafka", feature = "postgres"))]
mod apart;
mod embedded;
#[cfg(all(feature = "kafka", feature = "postgres"))]
mod engines;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::runtime::Runtime;

use crate::check::{Verdict, check};
use crate::client::{Ask, Connection};
use crate::drive::{self, DriveSettings, Progress};
use crate::evidence::Evidence;
use crate::history::{self, Record, Writer};
use crate::measure::Report;
use crate::plan::{Plan, PlanSettings};

#[cfg(all(feature = "kafka", feature = "postgres"))]
pub use apart::Apart;
pub use embedded::Embedded;

/// How long holds may take to end.
const PATIENCE: Duration = Duration::from_mins(2);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);

/// What is driven and killed.
pub trait Place {
    /// Addresses of the gateways, `host:port`.
    fn gateways(&self) -> Vec<String>;

    /// Kills what the `number`th kill is for, from 1, and starts it again; says what it was.
    ///
    /// # Errors
    /// Where it does not start again.
    fn kill(&mut self, number: u64) -> anyhow::Result<String>;

    /// Ends all in good order, with all that was sent decided and projected.
    ///
    /// # Errors
    /// Where it ends otherwise.
    fn stop(&mut self) -> anyhow::Result<()>;

    /// Reads all there is, however it ended.
    ///
    /// # Errors
    /// Where it can't be read.
    fn evidence(&mut self, history: Vec<Record>) -> anyhow::Result<Evidence>;
}

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Killing {
    /// File that the history is written to, which is not there yet.
    pub history: PathBuf,
    /// What is sent.
    pub plan: PlanSettings,
    /// How it is sent; addresses and history are filled in.
    pub drive: DriveSettings,
    /// How often something is killed, evenly over the commands.
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

/// Sends the commands to what runs, kills and starts meanwhile, ends it and checks.
///
/// # Errors
/// Where it could not be done; what the platform does wrong is told in [`Killed`].
pub fn run(killing: Killing, place: &mut dyn Place) -> anyhow::Result<Killed> {
    let Killing { history: path, plan, drive, kills } = killing;
    anyhow::ensure!(!path.exists(), "`{}` is there already", path.display());
    let mut notes = Writer::open(&path)?;
    let progress = Arc::new(Progress::default());
    let commands = drive.commands.context("a number of commands")?;
    let gateways = place.gateways();
    let settings =
        DriveSettings { gateways: gateways.clone(), history: Some(path.clone()), ..drive };
    let plan = Plan::new(plan);
    let driving = {
        let (plan, progress) = (plan.clone(), Arc::clone(&progress));
        std::thread::spawn(move || Runtime::new()?.block_on(drive::run(plan, settings, progress)))
    };
    let killed = (|| {
        for kill in 1..=kills {
            let after = commands * kill / (kills + 1);
            while progress.done.load(Ordering::Relaxed) < after && !driving.is_finished() {
                std::thread::sleep(Duration::from_millis(1));
            }
            notes.note(format!("kill {kill} of {kills}"))?;
            let killed = place.kill(kill)?;
            notes.note(format!("{killed} runs again"))?;
        }
        anyhow::Ok(())
    })();
    if killed.is_err() {
        progress.stop.cancel();
    }
    let report = driving.join().map_err(|_| anyhow::anyhow!("the clients panicked"))?;
    let ended = killed.and_then(|()| {
        Runtime::new()?.block_on(settled(&gateways, &plan))?;
        place.stop()
    });
    let trouble = ended.err().map(|error| format!("{error:#}"));
    let verdict = check(&place.evidence(history::read(&path)?)?);
    let report = if trouble.is_none() { Some(report?) } else { report.ok() };
    Ok(Killed { report, verdict, trouble })
}

/// Waits until no seat is held, and nothing waits to be decided or shown: what events lead to comes after them.
async fn settled(gateways: &[String], plan: &Plan) -> anyhow::Result<()> {
    let mut connection = Connection::new(gateways, 0)?;
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
    loop {
        let answer =
            connection.ask(&Ask::get("/operations/status"), Duration::from_secs(10)).await?;
        let status: serde_json::Value = serde_json::from_slice(&answer.body)?;
        let contexts = status["contexts"].as_array().context("a status without contexts")?;
        if contexts.iter().all(|it| it["undecided"] == 0 && it["unprojected"] == 0) {
            return Ok(());
        }
        anyhow::ensure!(begun.elapsed() < PATIENCE, "work does not end: {status}");
        tokio::time::sleep(LOOK).await;
    }
}
