//! What the runtime measures: the name, kind, labels and meaning of every metric of this crate.
//!
//! The tables are what `/metrics` takes its `HELP` from and what `docs/metrics.md` is written from. Names are as
//! Prometheus has them: the unit in the name (`_seconds`), `_total` for what only rises.

use std::fmt::Write as _;
use std::time::Duration;

use charter_domain::Timestamp;

use crate::log::system_time;

/// A metric of this project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    /// The name on `/metrics`, without the suffixes that a histogram's parts have.
    pub name: &'static str,
    /// What kind it is.
    pub kind: Kind,
    /// The names of its labels, in the order of the table.
    pub labels: &'static [&'static str],
    /// What it says, and in which unit.
    pub help: &'static str,
    /// When it is there.
    pub shown: Shown,
}

/// The kinds of metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What only rises, from the process's start on.
    Counter,
    /// What is now.
    Gauge,
    /// How long something took, in seconds, in buckets.
    Seconds,
    /// How many there were of something, in buckets.
    Sizes,
}

impl Kind {
    /// As the exposition format has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Seconds | Self::Sizes => "histogram",
        }
    }
}

/// When a metric is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// By every process that does the work, once it has done any.
    Working,
    /// Once what it counts has happened, or where the settings call for it.
    Seldom,
}

use Kind::{Counter, Gauge, Seconds, Sizes};
use Shown::{Seldom, Working};

/// Upper bounds of the buckets of [`Kind::Seconds`]: from half a millisecond to half a minute.
pub const SECONDS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];

/// Upper bounds of the buckets of [`Kind::Sizes`].
pub const SIZES: [f64; 12] =
    [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0, 2_000.0, 5_000.0];

const fn of(
    name: &'static str,
    kind: Kind,
    labels: &'static [&'static str],
    shown: Shown,
    help: &'static str,
) -> Measure {
    Measure { name, kind, labels, help, shown }
}

const CONTEXT: &[&str] = &["context"];
const PARTITION: &[&str] = &["context", "partition"];
const REACTOR: &[&str] = &["context", "reactor"];

/// Metrics of the runtime.
pub const MEASURES: &[Measure] = &[
    // How far partitions are.
    of(
        "charter_commands_undecided",
        Gauge,
        PARTITION,
        Working,
        "Commands in the log that are not decided yet",
    ),
    of(
        "charter_events_unprojected",
        Gauge,
        PARTITION,
        Working,
        "Events in the store that the context's views do not hold yet",
    ),
    of(
        "charter_partition_epoch",
        Gauge,
        PARTITION,
        Working,
        "Fencing number of the partition's last owner; it rises with every claim",
    ),
    of(
        "charter_partition_owned",
        Gauge,
        &["context", "partition", "work"],
        Working,
        "1 where this process does the partition's work (`decide`, `project`), else 0 or absent",
    ),
    of(
        "charter_inbox_outcomes",
        Gauge,
        CONTEXT,
        Working,
        "Commands whose outcome is kept for repeats, about: those decided whose records are not trimmed yet",
    ),
    of("charter_dead_letters", Gauge, CONTEXT, Working, "Dead letters in the context's topic"),
    of(
        "charter_parked_aggregates",
        Gauge,
        PARTITION,
        Working,
        "Aggregates that a projection has set aside and that wait for an operator",
    ),
    of(
        "charter_watch_timestamp_seconds",
        Gauge,
        CONTEXT,
        Working,
        "When the gauges of partitions were taken last, in seconds since 1970, UTC",
    ),
    of(
        "charter_watch_failures_total",
        Counter,
        CONTEXT,
        Seldom,
        "Looks at partitions that failed, so that their gauges stayed as they were",
    ),
    // Deciding.
    of(
        "charter_commands_total",
        Counter,
        &["context", "outcome", "code"],
        Working,
        "Commands decided, by outcome (`APPLIED`, `REJECTED`, `FAILED`) and code, which is empty for `APPLIED`",
    ),
    of(
        "charter_accepted_to_decided_seconds",
        Seconds,
        CONTEXT,
        Working,
        "From a command's append to the log until its outcome was committed, in seconds; deadlines not included",
    ),
    of("charter_batch_commands", Sizes, CONTEXT, Working, "Commands and deadlines of a batch"),
    of(
        "charter_batch_seconds",
        Seconds,
        CONTEXT,
        Working,
        "From a batch gathered to its events handed to publication, in seconds",
    ),
    of("charter_commit_seconds", Seconds, CONTEXT, Working, "A batch's transaction, in seconds"),
    of(
        "charter_commit_batches",
        Sizes,
        &[],
        Working,
        "Batches that one transaction of SQLite wrote together",
    ),
    of(
        "charter_claims_lost_total",
        Counter,
        CONTEXT,
        Seldom,
        "Claims of a partition that ended in trouble, so that it was claimed anew",
    ),
    of(
        "charter_dead_letters_total",
        Counter,
        &["context", "code"],
        Seldom,
        "Commands set aside as dead letters, by why",
    ),
    // Sending.
    of(
        "charter_commands_sent_total",
        Counter,
        &["context", "outcome"],
        Working,
        "Commands appended to the log here, by how that ended",
    ),
    // Publication and projection.
    of(
        "charter_events_published_total",
        Counter,
        CONTEXT,
        Working,
        "Events published to the context's event topic, repeats included",
    ),
    of(
        "charter_events_projected_total",
        Counter,
        CONTEXT,
        Working,
        "Events folded into the context's views",
    ),
    of(
        "charter_projection_batch_events",
        Sizes,
        CONTEXT,
        Working,
        "Events that one transaction of the views folded",
    ),
    of(
        "charter_projection_seconds",
        Seconds,
        CONTEXT,
        Working,
        "Folding and committing a batch of events, in seconds",
    ),
    of(
        "charter_accepted_to_visible_seconds",
        Seconds,
        CONTEXT,
        Working,
        "From a command's decision, which is when the log took it, until its event's rows were visible, in seconds; events of before the process's assignment not included",
    ),
    of(
        "charter_aggregates_parked_total",
        Counter,
        CONTEXT,
        Seldom,
        "Aggregates that a projection has set aside",
    ),
    // Reactors.
    of(
        "charter_events_reacted_total",
        Counter,
        REACTOR,
        Seldom,
        "Events of the context that a reactor is done with",
    ),
    of(
        "charter_reactions_parked_total",
        Counter,
        REACTOR,
        Seldom,
        "Aggregates of the context that a reactor has set aside",
    ),
    // Outcomes to those who wait.
    of("charter_outcome_waiters", Gauge, &[], Working, "Requests that wait for an outcome now"),
    of(
        "charter_outcome_hints_lost_total",
        Counter,
        &[],
        Seldom,
        "Hints of outcomes that the log did not take in time; who waited reads the store",
    ),
    of(
        "charter_outcome_hints_unread_total",
        Counter,
        &[],
        Seldom,
        "Hints of outcomes that could not be read",
    ),
    of(
        "charter_hints_dropped_total",
        Counter,
        &[],
        Seldom,
        "Batches of hints dropped since too many waited to be sent",
    ),
    of(
        "charter_reply_partition",
        Gauge,
        &[],
        Seldom,
        "The partition of `outcomes` on which this process is told of outcomes",
    ),
    // The embedded log, the log on Kafka, the registry.
    of(
        "charter_log_commit_seconds",
        Seconds,
        &[],
        Working,
        "A group of appends written and synced by the embedded log, in seconds",
    ),
    of(
        "charter_log_commit_appends",
        Sizes,
        &[],
        Working,
        "Appends that the embedded log wrote together",
    ),
    of(
        "charter_log_appended_records_total",
        Counter,
        &[],
        Working,
        "Records that the embedded log took",
    ),
    of(
        "charter_log_dropped_buckets_total",
        Counter,
        &[],
        Seldom,
        "Buckets of records that the embedded log dropped past their retention",
    ),
    of(
        "charter_log_poisoned",
        Gauge,
        &[],
        Seldom,
        "1 once a sync of the embedded log has failed, so that it takes nothing more until the process is started anew",
    ),
    of("charter_kafka_away", Gauge, &[], Seldom, "1 while no broker of Kafka answers, else 0"),
    of(
        "charter_registry_retries_total",
        Counter,
        &[],
        Seldom,
        "Requests to the schema registry that were made again",
    ),
    // The store.
    of(
        "charter_store_connections",
        Gauge,
        &["pool", "state"],
        Working,
        "Connections to the database that are `idle` or in `use`",
    ),
    of(
        "charter_store_connections_max",
        Gauge,
        &["pool"],
        Working,
        "The most connections to the database that a pool opens",
    ),
    Measure {
        name: "charter_push_follow_seconds",
        kind: Kind::Seconds,
        labels: &["context"],
        help: "From the log taking an event to this process seeing it for rooms, in seconds",
        shown: Shown::Seldom,
    },
    Measure {
        name: "charter_push_follow_failures_total",
        kind: Kind::Counter,
        labels: &["context"],
        help: "Times that following a partition's events for rooms had to begin again",
        shown: Shown::Seldom,
    },
    Measure {
        name: "charter_push_gaps_total",
        kind: Kind::Counter,
        labels: &["context"],
        help: "Jumps in an event topic's positions that were filled from the store",
        shown: Shown::Seldom,
    },
    Measure {
        name: "charter_push_events_skipped_total",
        kind: Kind::Counter,
        labels: &["context"],
        help: "Events that rooms did not get, since this build can't read them",
        shown: Shown::Seldom,
    },
];

/// Gives the recorder the meaning of `measures`, and shows those that have no labels from the start.
pub fn describe(measures: &[Measure]) {
    for Measure { name, kind, labels, help, shown } in measures.iter().copied() {
        let unit = match kind {
            Kind::Seconds => metrics::Unit::Seconds,
            Kind::Counter | Kind::Gauge | Kind::Sizes => metrics::Unit::Count,
        };
        match kind {
            Kind::Counter => {
                metrics::describe_counter!(name, unit, help);
                if labels.is_empty() && shown == Seldom {
                    metrics::counter!(name).increment(0);
                }
            }
            Kind::Gauge => metrics::describe_gauge!(name, unit, help),
            Kind::Seconds | Kind::Sizes => metrics::describe_histogram!(name, unit, help),
        }
    }
}

/// Records how long ago `times` of the log are, those of one instant together.
pub(crate) fn since(
    name: &'static str,
    context: &'static str,
    times: impl IntoIterator<Item = Timestamp>,
) {
    let (now, histogram) = (system_time(), metrics::histogram!(name, "context" => context));
    // The log's clock may be another machine's, and a little ahead.
    let record = |time: Timestamp, count| {
        let passed = if time < now { now.since(time) } else { Duration::ZERO };
        histogram.record_many(passed.as_secs_f64(), count);
    };
    let mut run: Option<(Timestamp, usize)> = None;
    for time in times {
        run = match run {
            Some((same, count)) if same == time => Some((same, count + 1)),
            Some((other, count)) => {
                record(other, count);
                Some((time, 1))
            }
            None => Some((time, 1)),
        };
    }
    if let Some((time, count)) = run {
        record(time, count);
    }
}

/// The rows of a table in Markdown, one a metric.
#[must_use]
pub fn markdown(measures: &[Measure]) -> String {
    let mut text = String::from("| metric | kind | labels | what it says |\n|---|---|---|---|\n");
    for Measure { name, kind, labels, help, shown } in measures {
        let labels: Vec<_> = labels.iter().map(|label| format!("`{label}`")).collect();
        let seldom = if *shown == Seldom { " †" } else { "" };
        // A string takes all.
        let _ = writeln!(
            text,
            "| `{name}`{seldom} | {} | {} | {help} |",
            kind.as_str(),
            labels.join(", ")
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_their_kind() {
        for Measure { name, kind, help, .. } in MEASURES {
            assert!(name.starts_with("charter_"), "{name}");
            assert_eq!(name.ends_with("_total"), *kind == Counter, "{name}");
            let is_time = name.ends_with("_seconds") && !name.ends_with("timestamp_seconds");
            assert_eq!(is_time, *kind == Seconds, "{name}");
            assert!(help.len() > 10 && !help.ends_with('.'), "{name}");
        }
        let mut names: Vec<_> = MEASURES.iter().map(|measure| measure.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), MEASURES.len(), "a name stands twice");
    }
}
