//! Properties by the checker's own model: which rooms are booked for which nights.

mod model;

use std::collections::BTreeMap;

use contract_reservation::{
    AvailabilityView, PropertyView, ReservationCommand, ReservationEvent, ReservationView,
};
use contract_shared::Outcome;

use super::decisions::{Step, compare, steps};
use super::{Code, Findings, views};
use crate::evidence::{Evidence, Logged, Stored, Views};
use model::Property;

/// All properties, by tenant and id.
#[derive(Debug, Default)]
pub(super) struct Reservations {
    properties: BTreeMap<(String, String), Property>,
}

/// Folds all events in order and holds each decision against the state before it.
pub(super) fn check(evidence: &Evidence, found: &mut Findings) -> Reservations {
    let mut all = Reservations::default();
    for partition in &evidence.reservation {
        for step in steps(partition, &evidence.inbox) {
            match step {
                Step::Stray(event) => all.apply(event, found),
                Step::Decision { command, outcome, events } => {
                    if let Some(command) = command
                        && let Some(expected) = all.decide(command, outcome)
                    {
                        compare(outcome, expected, found);
                    }
                    for event in events {
                        all.apply(event, found);
                    }
                }
            }
        }
    }
    all
}

impl Reservations {
    /// What a command has to end as; `None` for the calendar's own, which is never refused.
    fn decide(
        &self,
        command: &Logged<ReservationCommand>,
        outcome: &Outcome,
    ) -> Option<Result<(), &'static str>> {
        let key = (outcome.tenant_id.clone(), outcome.key.clone());
        let property = self.properties.get(&key);
        let known = property.ok_or("PROPERTY_UNKNOWN");
        Some(match &command.envelope.payload {
            ReservationCommand::OpenProperty(open) => model::open(property, open),
            ReservationCommand::OpenNights(_) => return None,
            ReservationCommand::CreateReservation(it) => known.and_then(|all| all.create(it)),
            ReservationCommand::UpdateReservation(it) => known.and_then(|all| all.update(it)),
            ReservationCommand::ConfirmReservation(it) => {
                known.and_then(|all| all.step(it.reservation_id, model::CONFIRM))
            }
            ReservationCommand::CancelReservation(it) => {
                known.and_then(|all| all.step(it.reservation_id, model::CANCEL))
            }
            ReservationCommand::CheckInReservation(it) => {
                known.and_then(|all| all.step(it.reservation_id, model::CHECK_IN))
            }
            ReservationCommand::CheckOutReservation(it) => {
                known.and_then(|all| all.step(it.reservation_id, model::CHECK_OUT))
            }
            ReservationCommand::MarkNoShow(it) => {
                known.and_then(|all| all.step(it.reservation_id, model::CANCEL))
            }
        })
    }

    fn apply(&mut self, event: &Stored<ReservationEvent>, found: &mut Findings) {
        let metadata = &event.envelope.metadata;
        let key = (metadata.tenant_id.clone(), metadata.key.clone());
        let mut tell = |code, what: String| {
            let cause = metadata.causation_id.map(|cause| format!("command {cause}"));
            let event = format!("event {} `{}` {}", metadata.id, metadata.key, metadata.sequence);
            found.add(code, cause.into_iter().chain([event]), what);
        };
        if let ReservationEvent::PropertyOpened(opened) = &event.envelope.payload {
            if self.properties.insert(key, Property::new(opened.clone())).is_some() {
                tell(Code::DecisionDiffers, "the property was open already".to_owned());
            }
            return;
        }
        match self.properties.get_mut(&key) {
            Some(property) => property.apply(&event.envelope.payload, &mut tell),
            None => tell(Code::DecisionDiffers, "expected an open property, found none".to_owned()),
        }
    }

    /// The read model is what the events make of it.
    pub(super) fn check_views(&self, shown: &Views, found: &mut Findings) {
        let mut properties = BTreeMap::new();
        let mut availability = BTreeMap::new();
        let mut reservations = BTreeMap::new();
        for ((tenant, _), property) in &self.properties {
            views::enter(&mut properties, tenant, property.row());
            property.nights().for_each(|row| views::enter(&mut availability, tenant, row));
            property.reservations().for_each(|row| views::enter(&mut reservations, tenant, row));
        }
        views::compare::<PropertyView>(properties, &shown.properties, found);
        views::compare::<AvailabilityView>(availability, &shown.availability, found);
        views::compare::<ReservationView>(reservations, &shown.reservations, found);
        for (_, row) in &shown.availability {
            if row.free < 0 || row.booked < 0 || row.rooms != row.booked + row.free {
                let about = [format!("`{}`", row.property_id), row.night.to_string()];
                let AvailabilityView { rooms, booked, free, .. } = row;
                let what = format!("{booked} booked and {free} free of {rooms} rooms");
                found.add(Code::CountImpossible, about, what);
            }
        }
    }
}
