//! Places, ids and times: what holds for every context, whatever its events say.

use std::collections::{HashMap, HashSet};

use charter_domain::{AggregateId, Contract, Event as _, Timestamp};
use contract_shared::OutcomeStatus;
use uuid::Uuid;

use super::{Code, Findings, ids};
use crate::evidence::{Evidence, InboxRow, Partition, Stored};

/// Positions, ids, and rows that say what their envelopes say.
pub(super) fn check_events<C: Contract>(partition: &Partition<C>, found: &mut Findings) {
    let place = format!("{}/{}", C::NAME, partition.number);
    for (expected, event) in (0..).zip(&partition.events) {
        let (row, metadata) = (&event.row, &event.envelope.metadata);
        let about = || [format!("event {}", row.id), format!("{place} position {}", row.position)];
        if row.position != expected {
            found.add(Code::PositionGap, about(), format!("expected position {expected}"));
        }
        let AggregateId { tenant, key } = &row.aggregate;
        let id = ids::event(tenant, C::NAME, key, row.sequence);
        if row.id != id {
            let what =
                format!("expected id {id} of sequence {} of `{}`", row.sequence, row.aggregate);
            found.add(Code::EventId, about(), what);
        }
        let same = row.id == metadata.id
            && row.sequence == metadata.sequence
            && row.position == metadata.position
            && row.wire_type == metadata.r#type
            && row.time == metadata.time
            && *tenant == metadata.tenant_id
            && *key == metadata.key;
        if !same {
            found.add(Code::EventRowDiffers, about(), format!("the envelope says {metadata:?}"));
        }
    }
    let count = i64::try_from(partition.events.len()).unwrap_or(i64::MAX);
    let counted = partition.checkpoint.map_or(0, |checkpoint| checkpoint.next_position);
    if counted != count {
        let what = format!("expected a checkpoint at position {count}, found {counted}");
        found.add(Code::PositionGap, [place], what);
    }
}

/// Every aggregate's sequences run from 1 without a gap, in one partition.
pub(super) fn check_sequences<C: Contract>(partitions: &[Partition<C>], found: &mut Findings) {
    let mut last: HashMap<&AggregateId, (i64, u32)> = HashMap::new();
    for partition in partitions {
        for Stored { row, .. } in &partition.events {
            let (sequence, first) = last.entry(&row.aggregate).or_insert((0, partition.number));
            if *first != partition.number {
                found.add(
                    Code::AggregateInTwoPartitions,
                    [row.aggregate.to_string(), format!("event {}", row.id)],
                    format!("expected {}/{first}, found {}", C::NAME, partition.number),
                );
            }
            if row.sequence != *sequence + 1 {
                found.add(
                    Code::SequenceGap,
                    [row.aggregate.to_string(), format!("event {}", row.id)],
                    format!("expected sequence {}, found {}", *sequence + 1, row.sequence),
                );
            }
            *sequence = row.sequence;
        }
    }
}

/// Every command of the log has one outcome, of the time that the log gave its first record, and the events
/// are those that outcomes name.
pub(super) fn check_decisions<C: Contract>(
    partition: &Partition<C>,
    inbox: &HashMap<Uuid, InboxRow>,
    found: &mut Findings,
) {
    let topic = format!("{}/{}", C::commands_topic(), partition.number);
    let mut seen: HashSet<Uuid> = HashSet::new();
    let mut time = Timestamp::from_micros(i64::MIN);
    for command in &partition.commands {
        let id = command.envelope.metadata.id;
        time = time.max(command.time);
        if !seen.insert(id) {
            continue;
        }
        let about = || {
            let name = &command.envelope.metadata.correlation_id;
            [format!("command {id} `{name}`"), format!("{topic}@{}", command.offset)]
        };
        let Some(row) = inbox.get(&id) else {
            let next = partition.checkpoint.map_or(0, |checkpoint| checkpoint.offset);
            let what = format!("expected an outcome, found none; decided up to offset {next}");
            found.add(Code::OutcomeMissing, about(), what);
            continue;
        };
        let outcome = &row.outcome;
        if row.offset != Some(command.offset) {
            let what =
                format!("expected the first record's outcome, found that of {:?}", row.offset);
            found.add(Code::RepeatDecided, about(), what);
        }
        if outcome.decided_at != time || outcome.accepted_at != command.time {
            let what = format!(
                "expected it accepted at {} and decided at {time}, found {} and {}",
                command.time, outcome.accepted_at, outcome.decided_at
            );
            found.add(Code::DecisionTime, about(), what);
        }
        if outcome.status == OutcomeStatus::Failed {
            found.add(Code::CommandFailed, about(), "expected a decision, found FAILED");
        }
    }
    check_events_of_outcomes(partition, inbox, found);
}

/// An event is in its command's outcome, and of its time.
fn check_events_of_outcomes<C: Contract>(
    partition: &Partition<C>,
    inbox: &HashMap<Uuid, InboxRow>,
    found: &mut Findings,
) {
    for Stored { row, envelope } in &partition.events {
        let cause = envelope.metadata.causation_id;
        let outcome = cause.and_then(|cause| inbox.get(&cause)).map(|row| &row.outcome);
        let named = outcome.is_some_and(|outcome| {
            outcome.events.iter().any(|it| it.id == row.id && it.position == row.position)
        });
        let about = || {
            let cause = cause.map_or("no command".to_owned(), |cause| format!("command {cause}"));
            let place = format!("{}/{} position {}", C::NAME, partition.number, row.position);
            [cause, format!("event {}", row.id), place]
        };
        if !named {
            let what = "expected an outcome of its command that names it, found none";
            found.add(Code::EventWithoutOutcome, about(), what);
        }
        if let Some(outcome) = outcome
            && outcome.decided_at != row.time
        {
            let what =
                format!("expected the decision's {}, found {}", outcome.decided_at, row.time);
            found.add(Code::DecisionTime, about(), what);
        }
    }
}

/// Every outcome is a command's or a deadline's, and its events are in the history.
pub(super) fn check_inbox(evidence: &Evidence, found: &mut Findings) {
    let mut known: HashSet<Uuid> = HashSet::new();
    let mut events: HashMap<Uuid, (i64, i64)> = HashMap::new();
    learn(&evidence.seat, &mut known, &mut events);
    learn(&evidence.reservation, &mut known, &mut events);
    learn(&evidence.housekeeping, &mut known, &mut events);
    for (id, InboxRow { outcome, .. }) in &evidence.inbox {
        if !known.contains(id) {
            let what = "expected a command in the log or a deadline of an event, found neither";
            found.add(Code::OutcomeWithoutCommand, [format!("command {id}")], what);
        }
        for event in &outcome.events {
            if events.get(&event.id) != Some(&(event.sequence, event.position)) {
                found.add(
                    Code::OutcomeEventMissing,
                    [format!("command {id}"), format!("event {}", event.id)],
                    format!(
                        "expected it in the history with sequence {} at position {}",
                        event.sequence, event.position
                    ),
                );
            }
        }
    }
}

fn learn<C: Contract>(
    partitions: &[Partition<C>],
    known: &mut HashSet<Uuid>,
    events: &mut HashMap<Uuid, (i64, i64)>,
) {
    for partition in partitions {
        known.extend(partition.commands.iter().map(|command| command.envelope.metadata.id));
        for Stored { row, envelope } in &partition.events {
            events.insert(row.id, (row.sequence, row.position));
            let deadlines = (0..).zip(envelope.payload.deadlines());
            known.extend(deadlines.map(|(index, _)| ids::deadline_command(row.id, index)));
        }
    }
}

/// Every deadline that an event set is decided, not before it was due, or waits: one of the two.
pub(super) fn check_deadlines<C: Contract>(
    partitions: &[Partition<C>],
    inbox: &HashMap<Uuid, InboxRow>,
    found: &mut Findings,
) {
    for partition in partitions {
        let waiting: HashMap<(Uuid, u32), Timestamp> = partition
            .deadlines
            .iter()
            .map(|deadline| ((deadline.event_id, deadline.index), deadline.due))
            .collect();
        for Stored { row, envelope } in &partition.events {
            for (index, deadline) in (0..).zip(envelope.payload.deadlines()) {
                let command = ids::deadline_command(row.id, index);
                let decided = inbox.get(&command).map(|row| row.outcome.decided_at);
                let due = deadline.due;
                let about = [format!("event {}", row.id), format!("command {command}")];
                let (code, what) = match (decided, waiting.get(&(row.id, index))) {
                    (None, None) => (
                        Code::DeadlineMissing,
                        format!("expected it decided or waiting for {due}, found neither"),
                    ),
                    (Some(at), Some(_)) => (
                        Code::DeadlineTwice,
                        format!("expected it gone since it was decided at {at}, found it waiting"),
                    ),
                    (Some(at), None) if at < due => (
                        Code::DecisionTime,
                        format!("expected it decided at {due} or later, found {at}"),
                    ),
                    (None, Some(waits)) if *waits != due => (
                        Code::DeadlineMissing,
                        format!("expected it waiting for {due}, found it waiting for {waits}"),
                    ),
                    (Some(_), None) | (None, Some(_)) => continue,
                };
                found.add(code, about, what);
            }
        }
    }
}
