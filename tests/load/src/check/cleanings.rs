//! Cleanings: one for each stay that has ended, none without, and a view that says where each stands.

use std::collections::BTreeMap;

use charter_domain::View as _;
use contract_housekeeping::{
    CleaningRequested, CleaningStatus, CleaningView, CleaningViewKey, HousekeepingEvent,
};
use contract_reservation::ReservationEvent;
use uuid::Uuid;

use super::views::compare;
use super::{Code, Findings};
use crate::evidence::Evidence;

type Rows = BTreeMap<(String, CleaningViewKey), CleaningView>;

/// Holds what housekeeping's reactor asked for against the stays that have ended, and the view against the events.
pub(super) fn check(evidence: &Evidence, found: &mut Findings) {
    let mut requested: BTreeMap<(String, Uuid), Uuid> = BTreeMap::new();
    let mut rows = Rows::new();
    for event in evidence.housekeeping.iter().flat_map(|partition| &partition.events) {
        let tenant = &event.row.aggregate.tenant;
        if let HousekeepingEvent::CleaningRequested(it) = &event.envelope.payload {
            requested.insert((tenant.clone(), it.reservation_id), event.row.id);
        }
        fold(&mut rows, tenant, &event.envelope.payload);
    }
    for partition in &evidence.reservation {
        let reacted = evidence.reacted.iter().find(|(number, _)| *number == partition.number);
        let reacted = reacted.map_or(-1, |(_, position)| *position);
        for event in &partition.events {
            let ReservationEvent::ReservationCheckedOut(left) = &event.envelope.payload else {
                continue;
            };
            let key = (event.row.aggregate.tenant.clone(), left.reservation_id);
            if requested.remove(&key).is_none() && event.row.position <= reacted {
                let about = [format!("event {}", event.row.id), format!("stay {}", key.1)];
                let what = format!("expected a cleaning, since the reactor is at {reacted}");
                found.add(Code::ReactionMissing, about, what);
            }
        }
    }
    for ((tenant, reservation), event) in requested {
        let about = [format!("event {event}"), format!("stay {tenant}/{reservation}")];
        let what = "expected a stay that has ended, found a cleaning without";
        found.add(Code::ReactionWithoutEvent, about, what);
    }
    compare(rows, &evidence.views.cleanings, found);
}

fn fold(rows: &mut Rows, tenant: &str, event: &HousekeepingEvent) {
    let (property_id, reservation_id, at, status) = match event {
        HousekeepingEvent::CleaningRequested(CleaningRequested {
            property_id,
            reservation_id,
            room_type_id,
            left_at,
            occurred_at,
        }) => {
            let row = CleaningView {
                property_id: property_id.clone(),
                reservation_id: *reservation_id,
                room_type_id: room_type_id.clone(),
                status: CleaningStatus::Dirty,
                left_at: *left_at,
                updated_at: *occurred_at,
            };
            rows.insert((tenant.to_owned(), row.key()), row);
            return;
        }
        HousekeepingEvent::RoomCleaned(it) => {
            (&it.property_id, it.reservation_id, it.occurred_at, CleaningStatus::Clean)
        }
        HousekeepingEvent::RoomInspected(it) => {
            let passed = CleaningStatus::Inspected;
            let status = if it.passed { passed } else { CleaningStatus::Dirty };
            (&it.property_id, it.reservation_id, it.occurred_at, status)
        }
    };
    let key = CleaningViewKey { property_id: property_id.clone(), reservation_id };
    if let Some(row) = rows.get_mut(&(tenant.to_owned(), key)) {
        (row.status, row.updated_at) = (status, at);
    }
}
