//! What must be true of a run, held against everything that is known of it.
//!
//! Nothing here uses a service's own code: which seats are free and what a row of the read model holds is
//! worked out from the events by a model of the checker's own.

mod answers;
mod cleanings;
mod decisions;
mod ids;
mod order;
mod published;
mod reservations;
mod seats;
#[cfg(test)]
mod tests;
mod views;
mod violation;

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use charter_domain::Contract;
use uuid::Uuid;

use crate::evidence::{Evidence, InboxRow, Partition};

pub use violation::{Code, Violation};

/// What a check looked at, and what is wrong with it.
#[derive(Debug)]
pub struct Verdict {
    /// What was looked at, with how many of it there are.
    pub counts: BTreeMap<&'static str, usize>,
    /// What is wrong; empty where all is well.
    pub violations: Vec<Violation>,
}

impl Verdict {
    /// The verdict for people: at most `most` violations of each code one by one.
    #[must_use]
    pub fn report(&self, most: usize) -> String {
        let mut text = String::new();
        let mut by_code: BTreeMap<Code, Vec<&Violation>> = BTreeMap::new();
        for violation in &self.violations {
            by_code.entry(violation.code).or_default().push(violation);
        }
        for (code, violations) in &by_code {
            for violation in violations.iter().take(most) {
                let _ = writeln!(text, "{violation}");
            }
            if violations.len() > most {
                let _ = writeln!(text, "{code}: {} more", violations.len() - most);
            }
        }
        for (what, count) in &self.counts {
            let _ = writeln!(text, "{count:>10} {what}");
        }
        let _ = writeln!(text, "{:>10} violations", self.violations.len());
        text
    }
}

/// Holds a run against everything that must be true of it.
///
/// The platform has to have been stopped in good order after all work was done; where it could not be,
/// what is missing for that reason is told too.
#[must_use]
pub fn check(evidence: &Evidence) -> Verdict {
    let mut found = Findings::default();
    let commands = answers::check(evidence, &mut found);
    check_context(&evidence.seat, &evidence.inbox, &mut found);
    check_context(&evidence.reservation, &evidence.inbox, &mut found);
    check_context(&evidence.housekeeping, &evidence.inbox, &mut found);
    order::check_inbox(evidence, &mut found);
    let seats = seats::check(evidence, &mut found);
    let reservations = reservations::check(evidence, &mut found);
    cleanings::check(evidence, &mut found);
    seats.check_views(&evidence.views, &mut found);
    reservations.check_views(&evidence.views, &mut found);
    let mut counts = BTreeMap::from([
        ("requests", commands.requests),
        ("commands accepted", commands.accepted),
        ("answers with an outcome", commands.answers),
        ("outcomes", evidence.inbox.len()),
        ("kills", commands.kills),
    ]);
    count_context(&evidence.seat, &mut counts);
    count_context(&evidence.reservation, &mut counts);
    count_context(&evidence.housekeeping, &mut counts);
    counts.insert("rows of views", evidence.views.len());
    Verdict { counts, violations: found.0 }
}

/// Adds what a context's log and history hold.
fn count_context<C: Contract>(
    partitions: &[Partition<C>],
    counts: &mut BTreeMap<&'static str, usize>,
) {
    for partition in partitions {
        *counts.entry("events").or_default() += partition.events.len();
        *counts.entry("commands logged").or_default() += partition.commands.len();
        *counts.entry("events published").or_default() += partition.published.len();
    }
}

/// What holds in every context.
fn check_context<C: Contract>(
    partitions: &[Partition<C>],
    inbox: &HashMap<Uuid, InboxRow>,
    found: &mut Findings,
) {
    for partition in partitions {
        order::check_events(partition, found);
        order::check_decisions(partition, inbox, found);
        published::check(partition, found);
        views::check_progress(partition, found);
    }
    order::check_sequences(partitions, found);
    order::check_deadlines(partitions, inbox, found);
}

/// Violations as they are found.
#[derive(Debug, Default)]
struct Findings(Vec<Violation>);

impl Findings {
    fn add(
        &mut self,
        code: Code,
        about: impl IntoIterator<Item = String>,
        what: impl Into<String>,
    ) {
        let about = about.into_iter().collect();
        self.0.push(Violation { code, about, what: what.into() });
    }
}
