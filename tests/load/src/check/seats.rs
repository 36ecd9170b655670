//! Shows by the checker's own model: who has which seat, worked out from the events alone.

mod model;

use std::collections::{BTreeMap, BTreeSet};

use charter_domain::Timestamp;
use contract_seat::{
    ReservedSeatView, SeatCommand, SeatEvent, SeatView, SectionStatsView, ShowStatsView, ShowView,
};
use contract_shared::Outcome;
use uuid::Uuid;

use super::decisions::{Step, compare, steps};
use super::{Code, Findings, views};
use crate::evidence::{Evidence, Logged, Stored, Views};
use model::{Change, Show};

/// All shows, by tenant and id.
#[derive(Debug, Default)]
pub(super) struct Seats {
    shows: BTreeMap<(String, String), Show>,
    /// Holds with seats still held: when they end, and which.
    due: BTreeSet<(Timestamp, (String, String), Uuid)>,
}

/// Folds all events in order and holds each decision against the state before it.
pub(super) fn check(evidence: &Evidence, found: &mut Findings) -> Seats {
    let mut seats = Seats::default();
    for partition in &evidence.seat {
        seats.due.clear();
        for step in steps(partition, &evidence.inbox) {
            match step {
                Step::Stray(event) => seats.apply(event, found),
                Step::Decision { command, outcome, events } => {
                    seats.check_due(command, outcome, found);
                    if let Some(command) = command {
                        let expected = seats.decide(command, outcome.decided_at);
                        compare(outcome, expected, found);
                    }
                    for event in events {
                        seats.apply(event, found);
                    }
                }
            }
        }
    }
    seats
}

impl Seats {
    /// Whatever is decided at a time, holds that ended before it have expired.
    fn check_due(
        &mut self,
        command: Option<&Logged<SeatCommand>>,
        outcome: &Outcome,
        found: &mut Findings,
    ) {
        let time = outcome.decided_at;
        while let Some((due, key, hold)) = self.due.first().cloned() {
            // A deadline comes before a command of the same instant.
            let late = if command.is_some() { due <= time } else { due < time };
            if !late {
                break;
            }
            self.due.pop_first();
            found.add(
                Code::HoldLate,
                [
                    format!("hold {hold}"),
                    format!("show `{}`", key.1),
                    format!("command {}", outcome.command_id),
                ],
                format!("expected it expired at {due}, before what was decided at {time}"),
            );
        }
    }

    /// What a command has to end as.
    fn decide(&self, command: &Logged<SeatCommand>, time: Timestamp) -> Result<(), &'static str> {
        let metadata = &command.envelope.metadata;
        let show = self.shows.get(&(metadata.tenant_id.clone(), metadata.key.clone()));
        match &command.envelope.payload {
            SeatCommand::OpenShow(open) => model::open(show, open),
            SeatCommand::HoldSeats(hold) => show.ok_or("SHOW_UNKNOWN")?.hold(&hold.seat_ids, time),
            SeatCommand::ConfirmSeats(it) => {
                show.ok_or("SHOW_UNKNOWN")?.owned(&it.seat_ids, &it.holder_id, time)
            }
            SeatCommand::ReleaseSeats(it) => {
                show.ok_or("SHOW_UNKNOWN")?.owned(&it.seat_ids, &it.holder_id, time)
            }
            SeatCommand::ExpireHold(_) => Ok(()),
        }
    }

    fn apply(&mut self, event: &Stored<SeatEvent>, found: &mut Findings) {
        let metadata = &event.envelope.metadata;
        let key = (metadata.tenant_id.clone(), metadata.key.clone());
        let mut tell = |code, what: String| {
            let cause = metadata.causation_id.map(|cause| format!("command {cause}"));
            let event = format!("event {} `{}` {}", metadata.id, metadata.key, metadata.sequence);
            found.add(code, cause.into_iter().chain([event]), what);
        };
        if let SeatEvent::ShowOpened(opened) = &event.envelope.payload {
            if self.shows.insert(key, Show::new(opened.clone())).is_some() {
                tell(Code::DecisionDiffers, "the show was open already".to_owned());
            }
            return;
        }
        let Some(show) = self.shows.get_mut(&key) else {
            tell(Code::DecisionDiffers, "expected a show that is open, found none".to_owned());
            return;
        };
        let change = show.apply(&event.envelope.payload, metadata, &mut tell);
        match change {
            Change::None => {}
            Change::Held(due, hold) => {
                self.due.insert((due, key, hold));
            }
            Change::Over(due, hold) => {
                self.due.remove(&(due, key, hold));
            }
        }
    }

    /// The read model is what the events make of it.
    pub(super) fn check_views(&self, shown: &Views, found: &mut Findings) {
        let mut seats = BTreeMap::new();
        let mut show_stats = BTreeMap::new();
        let mut section_stats = BTreeMap::new();
        let mut reserved = BTreeMap::new();
        let mut opened = BTreeMap::new();
        for ((tenant, _), show) in &self.shows {
            views::enter(&mut opened, tenant, show.row());
            show.seat_rows().for_each(|row| views::enter(&mut seats, tenant, row));
            views::enter(&mut show_stats, tenant, show.stats());
            show.section_stats().for_each(|row| views::enter(&mut section_stats, tenant, row));
            show.reserved().for_each(|row| views::enter(&mut reserved, tenant, row));
        }
        views::compare::<ShowView>(opened, &shown.shows, found);
        views::compare::<SeatView>(seats, &shown.seats, found);
        views::compare::<ShowStatsView>(show_stats, &shown.show_stats, found);
        views::compare::<SectionStatsView>(section_stats, &shown.section_stats, found);
        views::compare::<ReservedSeatView>(reserved, &shown.reserved, found);
        let counts = shown
            .show_stats
            .iter()
            .map(|(_, it)| (&it.show_id, [it.seats, it.available, it.held, it.reserved]));
        let sections = shown
            .section_stats
            .iter()
            .map(|(_, it)| (&it.section_id, [it.seats, it.available, it.held, it.reserved]));
        for (id, counts) in counts.chain(sections) {
            let [seats, available, held, reserved] = counts;
            if counts.iter().any(|count| *count < 0) || seats != available + held + reserved {
                let what =
                    format!("{available} available, {held} held, {reserved} reserved of {seats}");
                found.add(Code::CountImpossible, [format!("`{id}`")], what);
            }
        }
    }
}
