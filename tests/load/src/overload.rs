//! Three times what a platform can do, for a minute: what it refuses, whether it does what it took, what memory it takes,
//! and how soon it is as it was.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;

use crate::bench::one;
use crate::check::{Verdict, check};
use crate::drive::DriveSettings;
use crate::history::{self, Record};
use crate::kill::{Embedded, Place as _};
use crate::measure::Report;
use crate::plan::PlanSettings;
use crate::process;

/// How a platform is overloaded.
#[derive(Clone, Debug, clap::Args)]
pub struct OverloadSettings {
    /// The platform's binary; build it with `--release`
    #[arg(long, default_value = "target/release/platform")]
    pub platform: PathBuf,
    /// A new directory for data, history and the platform's log
    #[arg(long)]
    pub directory: PathBuf,
    /// How many times what it decides at full speed is due
    #[arg(long, default_value_t = 3.0)]
    pub times: f64,
    /// For how many seconds
    #[arg(long, default_value_t = 60.0)]
    pub seconds: f64,
    /// Connections that the overload comes on
    #[arg(long, default_value_t = 1_024)]
    pub connections: usize,
    /// Connections of the closed loop that finds out what it can do
    #[arg(long, default_value_t = 256)]
    pub full: usize,
}

/// Seconds that what it can do, and what is normal, are measured for.
const MEASURED: f64 = 10.0;
/// Seconds within which all has to be as it was.
const RECOVERY: f64 = 10.0;
/// The numbers of the overload's commands.
const OVERLOAD: Range<u64> = 20_000_000..30_000_000;
/// How many times the usual p99 is usual still: short windows on a machine with other work differ by as much.
const USUAL: f64 = 1.5;
/// How much more memory than after a third of the time is flat still.
const FLAT: f64 = 1.15;

/// What came of it.
#[derive(Debug)]
pub struct Overloaded {
    /// Outcomes a second in a closed loop.
    pub capacity: f64,
    /// Half of that, before.
    pub before: Report,
    /// The overload.
    pub during: Report,
    /// Half of the capacity again, from ten seconds after the overload's end on.
    pub after: Report,
    /// Answers to commands during the overload, by status.
    pub answers: BTreeMap<u16, u64>,
    /// Requests that no answer came to.
    pub broken: u64,
    /// Resident memory after a third of the overload and at its end, in bytes.
    pub memory: (u64, u64),
    /// What is wrong with what was stored.
    pub verdict: Verdict,
}

impl Overloaded {
    /// What was promised and is not so.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let others: Vec<_> =
            self.answers.keys().filter(|status| ![202, 429, 503].contains(*status)).collect();
        if !others.is_empty() {
            faults.push(format!("expected 202, 429 and 503 only, found {others:?}"));
        }
        if self.broken > 0 {
            faults
                .push(format!("expected an answer to each request, found none to {}", self.broken));
        }
        let p99 = |report: &Report| report.to_outcome.map_or(f64::INFINITY, |it| it.p99_ms);
        let (before, after) = (p99(&self.before), p99(&self.after));
        if after > before * USUAL {
            faults.push(format!(
                "expected a p99 of {before:.0} ms to an outcome again after {RECOVERY} s, found {after:.0} ms"
            ));
        }
        let (third, end) = self.memory;
        #[expect(clippy::cast_precision_loss, reason = "less than 2^52 bytes")]
        if end as f64 > third as f64 * FLAT {
            let (third, end) = (third >> 20, end >> 20);
            faults.push(format!("expected flat memory, found {third} MB and then {end} MB"));
        }
        if !self.verdict.violations.is_empty() {
            faults.push("expected each accepted command to be decided once".to_owned());
        }
        faults
    }
}

impl fmt::Display for Overloaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "capacity {:.0} outcomes/s", self.capacity)?;
        write!(f, "before: {}during: {}after: {}", self.before, self.during, self.after)?;
        for (status, count) in &self.answers {
            writeln!(f, "  {count:>10}  {status} during the overload")?;
        }
        let (third, end) = self.memory;
        writeln!(f, "  {} MB after a third, {} MB at the end", third >> 20, end >> 20)
    }
}

/// Overloads a platform of its own.
///
/// # Errors
/// Where it could not be done; what the platform does wrong is told in [`Overloaded`].
pub fn run(settings: &OverloadSettings) -> anyhow::Result<Overloaded> {
    let mut place = Embedded::start(&settings.platform, &settings.directory)?;
    let pid = place.id().context("the platform does not run")?;
    let history = settings.directory.join("history");
    let plan = PlanSettings {
        seed: 1,
        run: None,
        shows: 20,
        seats: 2_000,
        hold_seconds: 300,
        hot_seats: 5,
        hot_show: 0,
        reservations: 0,
        properties: 1,
        rooms: 1,
        keyless: 0,
    };
    let usual = DriveSettings {
        gateways: place.gateways(),
        connections: settings.full,
        rate: None,
        seconds: MEASURED + 2.0,
        commands: None,
        warmup: 2.0,
        first: 0,
        wait: 10,
        follow: 100,
        repeats: 0,
        visible: 0,
        time_out: 60,
        patience: 60,
        history: Some(history.clone()),
        metrics: Vec::new(),
        pids: vec![pid],
        opened: false,
    };
    let full = one(&plan, usual.clone())?;
    let capacity = full.outcomes_per_s;
    let half = DriveSettings { rate: Some(capacity / 2.0), opened: true, ..usual };
    // Numbers that those before can't have come to.
    let before = one(&plan, DriveSettings { first: OVERLOAD.start / 2, ..half.clone() })?;

    // Each is sent once and not waited for: who is refused goes away.
    let overload = DriveSettings {
        rate: Some(capacity * settings.times),
        connections: settings.connections,
        seconds: settings.seconds,
        warmup: 0.0,
        first: OVERLOAD.start,
        wait: 0,
        follow: 0,
        patience: 0,
        ..half.clone()
    };
    let sampled = std::thread::spawn({
        let (third, rest) = (settings.seconds / 3.0, settings.seconds * 2.0 / 3.0 - 1.0);
        move || {
            let sample = |seconds: f64| {
                std::thread::sleep(Duration::from_secs_f64(seconds.max(0.0)));
                process::memory(&pid.to_string()).map_or(0, |(now, _)| now)
            };
            (sample(third), sample(rest))
        }
    });
    let during = one(&plan, overload)?;
    let memory = sampled.join().map_err(|_| anyhow::anyhow!("the sampling panicked"))?;
    let recovered = DriveSettings {
        first: OVERLOAD.end,
        warmup: RECOVERY,
        seconds: RECOVERY + MEASURED,
        ..half
    };
    let after = one(&plan, recovered)?;
    place.stop()?;

    let records = history::read(&history)?;
    let (answers, broken) = answers(&records);
    let verdict = check(&place.evidence(records)?);
    Ok(Overloaded { capacity, before, during, after, answers, broken, memory, verdict })
}

/// Answers to commands of the overload by status, and how many got none.
fn answers(records: &[Record]) -> (BTreeMap<u16, u64>, u64) {
    let (mut by_status, mut broken) = (BTreeMap::new(), 0);
    let mut of_overload = HashSet::new();
    let is_of_overload = |command: &str| {
        let number = command.rsplit('-').next().and_then(|number| number.parse().ok());
        number.is_some_and(|number| OVERLOAD.contains(&number))
    };
    for record in records {
        match record {
            Record::Sent(sent) if is_of_overload(&sent.command) => {
                of_overload.insert(sent.attempt);
            }
            Record::Answered(answered) if of_overload.contains(&answered.attempt) => {
                *by_status.entry(answered.status).or_default() += 1;
            }
            Record::Broken { attempt, .. } if of_overload.contains(attempt) => broken += 1,
            Record::Sent(_) | Record::Answered(_) | Record::Broken { .. } | Record::Note { .. } => {
            }
        }
    }
    (by_status, broken)
}
