//! What others notice of poison: commands that can't be read, or lead to events that are too large or hold what no store
//! takes, an aggregate whose decider panics, and one whose projection fails on a row.
//!
//! The service `seats` decides and projects in this process, on an embedded log and SQLite with all syncs, first among
//! good commands alone, then among as many good ones and the battery. What is measured is the good ones' time from when
//! they were due to their outcome. Then the projection is mended, what was set aside is folded again, and all is checked.

mod battered;
mod rush;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use charter_domain::{AggregateId, Contract as _};
use charter_engine::directory::DataDirectory;
use charter_engine::log::embedded::{Durability, EmbeddedLog, EmbeddedSettings};
use charter_engine::operate::{Operator, Order, RequestState};
use charter_engine::schemas::{MemoryRegistry, Registration, SchemaCatalog};
use charter_engine::store::{Action, SqliteStore, Store as _};
use charter_engine::{Runtime, Service as _, Settings};
use contract_seat::Seat;
use tokio_util::sync::CancellationToken;

use crate::check::{Code, Verdict, check};
use crate::evidence::read_embedded;
use crate::measure::Latency;
use crate::takeover::settled;
use battered::SPOILT;
use rush::Rush;

/// What the battery has that is no command: of a schema that nobody has registered, and without headers.
pub(crate) const NO_COMMAND: [u8; 8] = [0, 0, 0, 0, 200, 1, 2, 3];
/// Of each phase, before it is measured.
const WARMUP: Duration = Duration::from_secs(2);
/// The most bytes of an event here; what is too large has more.
const EVENT_BYTES: usize = 64 << 10;
/// How many times the p99 may be what it was.
const TWICE: f64 = 2.0;
/// How long a redrive may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How it is measured.
#[derive(Clone, Debug, clap::Args)]
pub struct PoisonSettings {
    /// A new directory for the data
    #[arg(long)]
    pub directory: PathBuf,
    /// Good commands a second
    #[arg(long, default_value_t = 1_000.0)]
    pub rate: f64,
    /// Seconds that each of the two phases is measured for
    #[arg(long, default_value_t = 12)]
    pub seconds: u64,
    /// Shows of each phase
    #[arg(long, default_value_t = 48)]
    pub shows: u32,
    /// What is poison of each of the five kinds, in percent of the good commands
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=20))]
    pub percent: u64,
}

/// What came of it.
#[derive(Debug)]
pub struct Poisoned {
    /// Good commands alone.
    pub before: Latency,
    /// Good commands among the battery.
    pub among: Latency,
    /// Good commands that failed, or whose outcome was not heard of.
    pub harmed: u64,
    /// Records of the battery that must end as dead letters, and dead letters.
    pub letters: (u64, u64),
    /// Aggregates that were set aside before the redrive, and what that said.
    pub parked: (u64, String),
    /// Aggregates that still are set aside.
    pub left: u64,
    /// What is wrong with what was stored.
    pub verdict: Verdict,
}

impl Poisoned {
    /// What was promised and is not so.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let (before, among) = (self.before.p99_ms, self.among.p99_ms);
        if among > before * TWICE {
            faults.push(format!(
                "expected a p99 of at most twice {before:.1} ms among poison, found {among:.1} ms"
            ));
        }
        if self.harmed > 0 {
            faults.push(format!(
                "expected each good command to be decided, found {} that were not",
                self.harmed
            ));
        }
        let (sent, found) = self.letters;
        if sent != found {
            faults.push(format!("expected {sent} dead letters, found {found}"));
        }
        if self.parked.0 != 1 || self.left != 0 {
            faults.push(format!(
                "expected one aggregate to be set aside and none after its redrive, found {} and {}",
                self.parked.0, self.left
            ));
        }
        if !self.verdict.violations.is_empty() {
            faults.push("expected no violation after the redrive".to_owned());
        }
        faults
    }
}

impl fmt::Display for Poisoned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "  {:<14} {:>10} {:>10} {:>10} {:>10}",
            "ms to outcome", "p50", "p95", "p99", "max"
        )?;
        for (name, it) in [("alone", self.before), ("among poison", self.among)] {
            writeln!(
                f,
                "  {name:<14} {:>10.2} {:>10.2} {:>10.2} {:>10.2}   ({} commands)",
                it.p50_ms, it.p95_ms, it.p99_ms, it.max_ms, it.count
            )?;
        }
        writeln!(f, "  {} dead letters; the redrive: {}", self.letters.1, self.parked.1)
    }
}

/// Measures without and with the battery.
///
/// # Errors
/// Where it could not be done; what the platform does wrong is told in [`Poisoned`].
pub async fn run(settings: &PoisonSettings) -> anyhow::Result<Poisoned> {
    let held = DataDirectory::open(&settings.directory)?;
    let embedded =
        EmbeddedSettings { durability: Durability::Power, ..EmbeddedSettings::default() };
    let log = Arc::new(EmbeddedLog::open(held.join("log"), embedded)?);
    let store = Arc::new(SqliteStore::open(&settings.directory, Durability::Power).await?);
    let schemas = SchemaCatalog::new(Arc::new(MemoryRegistry::new()), Registration::Register);
    let engine = Settings { max_event_bytes: EVENT_BYTES, ..Settings::default() };
    let runtime = Runtime::new(log.clone(), store.clone(), schemas, engine);
    let shutdown = CancellationToken::new();
    let rush = Rush::new(&runtime, log.clone(), &shutdown, settings).await?;
    let rush = Arc::new(rush);
    let service = {
        let (runtime, shutdown) = (runtime.clone(), shutdown.clone());
        tokio::spawn(async move { battered::service().run(runtime, shutdown).await })
    };
    rush.open().await?;
    let (before, harmed_before) = rush.phase("alone", false).await?;
    let (among, harmed_among) = rush.phase("among", true).await?;
    // What is set aside takes no part in what is waited for.
    settled(&*log, &*store).await?;

    let operator = Operator::new(&runtime);
    let letters = operator.status().await?.contexts.iter().map(|it| it.dead_letters).sum();
    let parked = operator.parked(None, 10).await?.len() as u64;
    battered::mend();
    let redriven = redriven(&operator).await?;
    let left = operator.parked(None, 10).await?.len() as u64;
    shutdown.cancel();
    service.await?.context("the service broke off")?;
    let evidence = read_embedded(&*log, &*store, &held.join("store.db"), Vec::new()).await;
    store.close().await;
    log.close().await;
    let mut verdict = check(&evidence?);
    // What was sent to fail has failed, and each is told of above: as many as letters of commands that could be read.
    let all = verdict.violations.len();
    verdict.violations.retain(|it| it.code != Code::CommandFailed);
    let failed = (all - verdict.violations.len()) as u64;
    anyhow::ensure!(
        failed == rush.failing(),
        "expected {} commands to fail, found {failed}",
        rush.failing()
    );
    Ok(Poisoned {
        before,
        among,
        harmed: harmed_before + harmed_among,
        letters: (rush.letters(), letters),
        parked: (parked, redriven.result.unwrap_or_else(|| redriven.state.to_owned())),
        left,
        verdict,
    })
}

/// Asks for what was set aside to be folded again, and waits until it is.
async fn redriven(operator: &Operator) -> anyhow::Result<RequestState> {
    let order = Order {
        action: Action::Redrive,
        context: Seat::NAME.to_owned(),
        reactor: None,
        aggregate: AggregateId::new(rush::TENANT, SPOILT),
        actor: "load".to_owned(),
        reason: "mended".to_owned(),
    };
    let asked = operator.ask(order).await?;
    let begun = Instant::now();
    loop {
        let state = operator.request(asked.id).await?;
        if state.state != "WAITING" {
            return Ok(state);
        }
        anyhow::ensure!(begun.elapsed() < PATIENCE, "the redrive waits still");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
