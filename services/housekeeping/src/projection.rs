//! The views of a cleaning. A row after an event is a function of the row before it and the event alone.

use charter_domain::{Envelope, Projection};
use contract_housekeeping::{CleaningView, CleaningViewKey, Housekeeping, HousekeepingEvent};

use crate::Cleanings;
use crate::domain::status_after;

impl Projection<CleaningView> for Cleanings {
    type Contract = Housekeeping;

    fn keys(event: &Envelope<HousekeepingEvent>) -> Vec<CleaningViewKey> {
        let (property_id, reservation_id) = match &event.payload {
            HousekeepingEvent::CleaningRequested(event) => {
                (&event.property_id, event.reservation_id)
            }
            HousekeepingEvent::RoomCleaned(event) => (&event.property_id, event.reservation_id),
            HousekeepingEvent::RoomInspected(event) => (&event.property_id, event.reservation_id),
        };
        vec![CleaningViewKey { property_id: property_id.clone(), reservation_id }]
    }

    fn apply(
        _: &CleaningViewKey,
        row: Option<CleaningView>,
        event: &Envelope<HousekeepingEvent>,
    ) -> Option<CleaningView> {
        let status = status_after(&event.payload);
        match &event.payload {
            HousekeepingEvent::CleaningRequested(event) => Some(CleaningView {
                property_id: event.property_id.clone(),
                reservation_id: event.reservation_id,
                room_type_id: event.room_type_id.clone(),
                status,
                left_at: event.left_at,
                updated_at: event.occurred_at,
            }),
            HousekeepingEvent::RoomCleaned(event) => {
                row.map(|row| CleaningView { status, updated_at: event.occurred_at, ..row })
            }
            HousekeepingEvent::RoomInspected(event) => {
                row.map(|row| CleaningView { status, updated_at: event.occurred_at, ..row })
            }
        }
    }
}
