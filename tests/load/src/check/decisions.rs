//! A partition's decisions in the order in which they were made, each with the command it answers and the
//! events it led to.

use std::collections::HashMap;

use charter_domain::Contract;
use contract_shared::{Outcome, OutcomeStatus};
use uuid::Uuid;

use super::{Code, Findings};
use crate::evidence::{InboxRow, Logged, Partition, Stored};

/// One step of a partition.
#[derive(Debug)]
pub(super) enum Step<'a, C: Contract> {
    /// A command or, where there is none, a deadline was decided.
    Decision {
        command: Option<&'a Logged<C::Command>>,
        outcome: &'a Outcome,
        events: &'a [Stored<C::Event>],
    },
    /// An event that no outcome accounts for.
    Stray(&'a Stored<C::Event>),
}

/// The steps of a partition. An outcome's position says what the history had come to when it was decided.
pub(super) fn steps<'a, C: Contract>(
    partition: &'a Partition<C>,
    inbox: &'a HashMap<Uuid, InboxRow>,
) -> Vec<Step<'a, C>> {
    let mut commands: HashMap<Uuid, &Logged<C::Command>> = HashMap::new();
    for command in &partition.commands {
        commands.entry(command.envelope.metadata.id).or_insert(command);
    }
    let own = inbox.values().filter(|row| {
        row.outcome.context == C::NAME
            && u32::try_from(row.outcome.partition) == Ok(partition.number)
    });
    let mut decisions: Vec<&InboxRow> = own.collect();
    decisions.sort_by_key(|row| {
        let outcome = &row.outcome;
        (before(outcome), !outcome.events.is_empty(), outcome.decided_at, row.offset)
    });
    let mut decisions = decisions.into_iter().peekable();
    let mut steps = Vec::new();
    let mut rest = partition.events.as_slice();
    loop {
        let next = rest.first().map(|event| event.row.position);
        // What was decided before the next event comes first.
        while let Some(row) = decisions.next_if(|row| {
            next.is_none_or(|next| {
                before(&row.outcome) < next - 1
                    || row.outcome.events.is_empty() && before(&row.outcome) < next
            })
        }) {
            let outcome = &row.outcome;
            steps.push(Step::Decision {
                command: commands.get(&outcome.command_id).copied(),
                outcome,
                events: &[],
            });
        }
        let Some(first) = rest.first() else { return steps };
        let cause = first.envelope.metadata.causation_id;
        let decided = decisions.next_if(|row| {
            before(&row.outcome) + 1 == first.row.position && cause == Some(row.outcome.command_id)
        });
        if let Some(InboxRow { outcome, .. }) = decided {
            let count = rest
                .iter()
                .take_while(|event| event.envelope.metadata.causation_id == cause)
                .count();
            let (events, later) = rest.split_at(count.min(outcome.events.len()));
            rest = later;
            let command = commands.get(&outcome.command_id).copied();
            steps.push(Step::Decision { command, outcome, events });
        } else {
            steps.push(Step::Stray(first));
            rest = &rest[1..];
        }
    }
}

/// The last position before a decision's own events.
fn before(outcome: &Outcome) -> i64 {
    outcome.position - i64::try_from(outcome.events.len()).unwrap_or(i64::MAX)
}

/// Holds a decision against what the checker's own rules say.
pub(super) fn compare(outcome: &Outcome, expected: Result<(), &'static str>, found: &mut Findings) {
    let decided = match outcome.status {
        OutcomeStatus::Applied => Ok(()),
        OutcomeStatus::Rejected => Err(outcome.code.as_deref().unwrap_or_default()),
        // Told elsewhere.
        OutcomeStatus::Failed => return,
    };
    if decided != expected {
        let word = |result: Result<(), &str>| result.err().unwrap_or("APPLIED").to_owned();
        found.add(
            Code::DecisionDiffers,
            [
                format!("command {}", outcome.command_id),
                format!("{} `{}`", outcome.r#type, outcome.key),
                format!("{}/{} position {}", outcome.context, outcome.partition, outcome.position),
            ],
            format!("expected {} of the history so far, found {}", word(expected), word(decided)),
        );
    }
}
