//! Counts and times of a run, within its window.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::platform::Sample;
use super::{DriveSettings, Run};
use crate::measure::{Report, Times};
use crate::process;

/// What the clients of a run count.
#[derive(Debug)]
pub(super) struct Meter {
    from: Instant,
    counts: Mutex<Counts>,
}

#[derive(Debug)]
struct Counts {
    cpu: Option<Duration>,
    last: Instant,
    accepted: Times,
    decided: Times,
    visible: Times,
    /// Until the window's end, which the drain of the last commands is not part of.
    accepted_within: u64,
    decided_within: u64,
    answers: BTreeMap<String, u64>,
    retries: u64,
    repeats: u64,
    unanswered: u64,
    lost: u64,
}

impl Meter {
    /// Measures from `warmup` seconds from now on.
    pub(super) fn new(warmup: f64) -> Self {
        let now = Instant::now();
        let counts = Counts {
            cpu: process::cpu("self"),
            last: now,
            accepted: Times::new(),
            decided: Times::new(),
            visible: Times::new(),
            accepted_within: 0,
            decided_within: 0,
            answers: BTreeMap::new(),
            retries: 0,
            repeats: 0,
            unanswered: 0,
            lost: 0,
        };
        Self { from: now + Duration::from_secs_f64(warmup), counts: Mutex::new(counts) }
    }

    /// The counts, where the window has begun.
    fn counts(&self) -> Option<MutexGuard<'_, Counts>> {
        let now = Instant::now();
        if now < self.from {
            return None;
        }
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.last = now;
        Some(counts)
    }

    pub(super) fn accepted(&self, time: Duration) {
        if let Some(mut counts) = self.counts() {
            counts.accepted.record(time);
            counts.accepted_within += 1;
        }
    }

    pub(super) fn decided(&self, time: Duration) {
        if let Some(mut counts) = self.counts() {
            counts.decided.record(time);
            counts.decided_within += 1;
        }
    }

    pub(super) fn visible(&self, time: Duration) {
        if let Some(mut counts) = self.counts() {
            counts.visible.record(time);
        }
    }

    pub(super) fn answered(&self, status: u16, code: Option<&str>) {
        if let Some(mut counts) = self.counts() {
            let name = format!("{status} {}", code.unwrap_or_default());
            *counts.answers.entry(name.trim_end().to_owned()).or_default() += 1;
        }
    }

    pub(super) fn retried(&self) {
        if let Some(mut counts) = self.counts() {
            counts.retries += 1;
        }
    }

    pub(super) fn repeated(&self) {
        if let Some(mut counts) = self.counts() {
            counts.repeats += 1;
        }
    }

    pub(super) fn unanswered(&self) {
        if let Some(mut counts) = self.counts() {
            counts.unanswered += 1;
        }
    }

    pub(super) fn lost(&self) {
        if let Some(mut counts) = self.counts() {
            counts.lost += 1;
        }
    }

    /// From the window's beginning to its last answer.
    pub(super) fn window(&self, settings: &DriveSettings) -> Duration {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let measured = counts.last.saturating_duration_since(self.from);
        // Answers may come after the last command was due; without them the window has its full length.
        let asked = Duration::from_secs_f64((settings.seconds - settings.warmup).max(0.0));
        if settings.commands.is_some() { measured } else { measured.max(asked) }
    }

    pub(super) fn report(
        &self,
        run: &Run,
        window: Duration,
        before: &Sample,
        after: &Sample,
    ) -> Report {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let seconds = window.as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
        let per_s = |count: u64| if seconds > 0.0 { count as f64 / seconds } else { 0.0 };
        let since = run.begun.elapsed().as_secs_f64();
        let own = process::cpu("self").zip(counts.cpu);
        let settings = &run.settings;
        let how = match settings.rate {
            Some(rate) => format!("open loop, {rate} commands/s due"),
            None => "closed loop".to_owned(),
        };
        Report {
            settings: format!(
                "{how}, {} connections, wait {} s, seed {}, {} shows of {} seats, {} % reservations",
                settings.connections,
                settings.wait,
                run.plan.settings().seed,
                run.plan.settings().shows,
                run.plan.settings().seats,
                run.plan.settings().reservations,
            ),
            seconds,
            accepted: counts.accepted_within,
            accepted_per_s: per_s(counts.accepted_within),
            outcomes: counts.decided_within,
            outcomes_per_s: per_s(counts.decided_within),
            decided_per_s: after.rate_since(before, |sample| sample.decided),
            published_per_s: after.rate_since(before, |sample| sample.published),
            projected_per_s: after.rate_since(before, |sample| sample.projected),
            to_accepted: counts.accepted.latency(),
            to_outcome: counts.decided.latency(),
            to_visible: counts.visible.latency(),
            answers: counts.answers.clone(),
            retries: counts.retries,
            repeats: counts.repeats,
            unanswered: counts.unanswered,
            lost: counts.lost,
            generator_cores: own.map(|(now, then)| now.saturating_sub(then).as_secs_f64() / since),
            platform_cores: after.cores_since(before),
            others_cores: after.others_since(before),
            platform_bytes: after.memory.map(|(now, _)| now),
            platform_most_bytes: after.memory.map(|(_, most)| most),
        }
    }
}
