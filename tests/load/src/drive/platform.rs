//! What the platform counts itself, and what its processes take.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::client::{Ask, Connection};
use crate::process;

/// How long the platform may take to decide and project what was sent.
const DRAIN_PATIENCE: Duration = Duration::from_mins(2);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);
/// How long nothing may move before all is done.
const STILL: Duration = Duration::from_millis(500);

/// Where the platform's counters are read.
#[derive(Debug)]
pub(super) struct Counters {
    connections: Vec<Connection>,
    pids: Vec<String>,
}

/// The counters at one time.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    at: Instant,
    pub(super) decided: Option<f64>,
    pub(super) published: Option<f64>,
    pub(super) projected: Option<f64>,
    cpu: Option<Duration>,
    /// What neither the platform nor this process took.
    others: Option<Duration>,
    /// Resident bytes, now and at most.
    pub(super) memory: Option<(u64, u64)>,
}

impl Sample {
    /// How much a counter has grown in a second.
    pub(super) fn rate_since(
        &self,
        before: &Self,
        counter: impl Fn(&Self) -> Option<f64>,
    ) -> Option<f64> {
        let seconds = (self.at - before.at).as_secs_f64();
        let grown = counter(self)? - counter(before)?;
        // A process that started anew counts from 0.
        (grown >= 0.0 && seconds > 0.0).then(|| grown / seconds)
    }

    pub(super) fn cores_since(&self, before: &Self) -> Option<f64> {
        self.taken_since(before, |sample| sample.cpu)
    }

    /// What other programs on this machine took meanwhile, in cores.
    pub(super) fn others_since(&self, before: &Self) -> Option<f64> {
        self.taken_since(before, |sample| sample.others)
    }

    fn taken_since(&self, before: &Self, time: impl Fn(&Self) -> Option<Duration>) -> Option<f64> {
        let taken = time(self)?.saturating_sub(time(before)?);
        Some(taken.as_secs_f64() / (self.at - before.at).as_secs_f64())
    }

    fn counts(&self) -> [Option<f64>; 3] {
        [self.decided, self.published, self.projected]
    }
}

impl Counters {
    pub(super) fn new(addresses: &[String], pids: &[u32]) -> anyhow::Result<Self> {
        let connections = addresses.iter().map(|it| Connection::new(std::slice::from_ref(it), 0));
        let connections = connections.collect::<anyhow::Result<_>>()?;
        Ok(Self { connections, pids: pids.iter().map(u32::to_string).collect() })
    }

    pub(super) async fn sample(&mut self) -> Sample {
        let mut sums = [None; 3];
        for connection in &mut self.connections {
            let answer = connection.ask(&Ask::get("/metrics"), Duration::from_secs(5)).await;
            let Ok(answer) = answer else { continue };
            let text = String::from_utf8_lossy(&answer.body);
            let names = [
                "charter_commands_total",
                "charter_events_published_total",
                "charter_events_projected_total",
            ];
            for (sum, name) in sums.iter_mut().zip(names) {
                if let Some(found) = series(&text, name) {
                    *sum = Some(sum.unwrap_or(0.0) + found);
                }
            }
        }
        let [decided, published, projected] = sums;
        let memory = self.pids.iter().filter_map(|pid| process::memory(pid));
        let cpu = self.pids.iter().filter_map(|pid| process::cpu(pid)).reduce(|one, two| one + two);
        let ours = cpu.zip(process::cpu("self")).map(|(platform, own)| platform + own);
        Sample {
            at: Instant::now(),
            decided,
            published,
            projected,
            cpu,
            others: process::machine().zip(ours).map(|(all, ours)| all.saturating_sub(ours)),
            memory: memory.reduce(|one, two| (one.0 + two.0, one.1 + two.1)),
        }
    }

    /// The counters when nothing moves any more, as they were first seen so.
    pub(super) async fn drained(&mut self) -> Sample {
        let begun = Instant::now();
        let mut first = self.sample().await;
        while begun.elapsed() < DRAIN_PATIENCE {
            sleep(LOOK).await;
            let now = self.sample().await;
            if now.counts() == first.counts() {
                if first.at.elapsed() >= STILL {
                    break;
                }
            } else {
                first = now;
            }
        }
        first
    }
}

/// The sum of a counter over all its labels.
fn series(text: &str, name: &str) -> Option<f64> {
    let lines = text.lines().filter_map(|line| line.strip_prefix(name));
    let values = lines.filter(|rest| rest.starts_with(['{', ' ']));
    let numbers = values.filter_map(|rest| rest.rsplit(' ').next()?.parse::<f64>().ok());
    numbers.reduce(|sum, number| sum + number)
}

#[cfg(test)]
mod tests {
    use super::series;

    #[test]
    fn a_counter_is_summed_over_its_labels() {
        let text = "# TYPE a counter\na{x=\"1\"} 2\na{x=\"2\"} 3.5\na_total 9\nb 4\n";
        assert_eq!(series(text, "a"), Some(5.5));
        assert_eq!(series(text, "b"), Some(4.0));
        assert_eq!(series(text, "c"), None);
    }
}
