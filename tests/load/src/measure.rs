//! What a run measured.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// The longest time that is told apart: ten minutes.
const MOST_US: u64 = 600_000_000;

/// Times of one kind.
#[derive(Debug)]
pub(crate) struct Times(Histogram<u64>);

impl Times {
    pub(crate) fn new() -> Self {
        // The bounds are constants, and 3 significant digits are allowed.
        Self(Histogram::new_with_bounds(1, MOST_US, 3).expect("valid bounds"))
    }

    pub(crate) fn record(&mut self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(MOST_US);
        self.0.saturating_record(micros.clamp(1, MOST_US));
    }

    pub(crate) fn latency(&self) -> Option<Latency> {
        let at = |quantile| Latency::ms(self.0.value_at_quantile(quantile));
        (!self.0.is_empty()).then(|| Latency {
            count: self.0.len(),
            p50_ms: at(0.5),
            p95_ms: at(0.95),
            p99_ms: at(0.99),
            max_ms: Latency::ms(self.0.max()),
        })
    }
}

/// How long something took, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Latency {
    /// Of how many.
    pub count: u64,
    /// Half were as fast.
    pub p50_ms: f64,
    /// 95 % were as fast.
    pub p95_ms: f64,
    /// 99 % were as fast.
    pub p99_ms: f64,
    /// The slowest.
    pub max_ms: f64,
}

impl Latency {
    #[expect(clippy::cast_precision_loss, reason = "at most ten minutes")]
    fn ms(micros: u64) -> f64 {
        micros as f64 / 1_000.0
    }
}

/// What a run measured. Counts and latencies are of the measured window; a latency begins when the command
/// was due, not when a connection was free for it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// How it was driven.
    pub settings: String,
    /// The window, in seconds.
    pub seconds: f64,
    /// Commands that were accepted: 202, or decided at once.
    pub accepted: u64,
    /// Accepted commands a second.
    pub accepted_per_s: f64,
    /// Commands whose outcome a client has seen.
    pub outcomes: u64,
    /// Those a second.
    pub outcomes_per_s: f64,
    /// By the platform's own count, a second of the window and of the time until all was decided.
    pub decided_per_s: Option<f64>,
    /// Events published by the platform's own count, likewise: refused commands lead to none.
    #[serde(default)]
    pub published_per_s: Option<f64>,
    /// Events projected by the platform's own count, likewise until all were projected.
    pub projected_per_s: Option<f64>,
    /// From due to the first answer.
    pub to_accepted: Option<Latency>,
    /// From due to the outcome.
    pub to_outcome: Option<Latency>,
    /// From due until the read model shows it, of a sample.
    pub to_visible: Option<Latency>,
    /// Answers by status and code.
    pub answers: BTreeMap<String, u64>,
    /// Attempts after a failed one.
    pub retries: u64,
    /// Commands sent twice at the same time.
    pub repeats: u64,
    /// Commands of unknown fate after all attempts.
    pub unanswered: u64,
    /// Commands of unknown fate after their one attempt: those without an idempotency key.
    pub lost: u64,
    /// Processor time of this generator, in cores.
    pub generator_cores: Option<f64>,
    /// Processor time of the platform, in cores.
    pub platform_cores: Option<f64>,
    /// Processor time of all else on this machine, in cores: where that is much, times tell little of the platform.
    #[serde(default)]
    pub others_cores: Option<f64>,
    /// The platform's resident memory at the end, in bytes.
    pub platform_bytes: Option<u64>,
    /// The most that it was.
    pub platform_most_bytes: Option<u64>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.settings)?;
        writeln!(f, "  window         {:>10.1} s", self.seconds)?;
        rate(f, "accepted", self.accepted, Some(self.accepted_per_s))?;
        rate(f, "outcomes", self.outcomes, Some(self.outcomes_per_s))?;
        let counted = [
            ("decided", self.decided_per_s),
            ("published", self.published_per_s),
            ("projected", self.projected_per_s),
        ];
        for (name, per_s) in counted {
            if let Some(per_s) = per_s {
                writeln!(f, "  {name:<14} {:>10} {per_s:>10.0}/s", "")?;
            }
        }
        writeln!(f, "  {:<14} {:>10} {:>10} {:>10} {:>10}", "ms", "p50", "p95", "p99", "max")?;
        let times = [
            ("to accepted", self.to_accepted),
            ("to outcome", self.to_outcome),
            ("to visible", self.to_visible),
        ];
        for (name, latency) in times {
            if let Some(Latency { p50_ms, p95_ms, p99_ms, max_ms, .. }) = latency {
                writeln!(
                    f,
                    "  {name:<14} {p50_ms:>10.2} {p95_ms:>10.2} {p99_ms:>10.2} {max_ms:>10.2}"
                )?;
            }
        }
        for (answer, count) in &self.answers {
            writeln!(f, "  {count:>10}  {answer}")?;
        }
        writeln!(
            f,
            "  {} retries, {} repeats, {} unanswered, {} lost without a key",
            self.retries, self.repeats, self.unanswered, self.lost
        )?;
        if let Some(cores) = self.generator_cores {
            write!(f, "  generator {cores:.2} cores")?;
        }
        if let Some(cores) = self.platform_cores {
            write!(f, ", platform {cores:.2} cores")?;
        }
        if let Some(cores) = self.others_cores {
            write!(f, ", others {cores:.2} cores")?;
        }
        if let (Some(now), Some(most)) = (self.platform_bytes, self.platform_most_bytes) {
            write!(f, ", platform {} MB, {} MB at most", now >> 20, most >> 20)?;
        }
        writeln!(f)
    }
}

fn rate(f: &mut fmt::Formatter<'_>, name: &str, count: u64, per_s: Option<f64>) -> fmt::Result {
    writeln!(f, "  {name:<14} {count:>10} {:>10.0}/s", per_s.unwrap_or_default())
}
