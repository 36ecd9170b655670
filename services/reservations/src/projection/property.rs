//! The property as it was opened.

use charter_domain::{Envelope, Projection};
use contract_reservation::{PropertyView, PropertyViewKey, Reservation, ReservationEvent};

use crate::domain::Reservations;

impl Projection<PropertyView> for Reservations {
    type Contract = Reservation;

    fn keys(event: &Envelope<ReservationEvent>) -> Vec<PropertyViewKey> {
        if let ReservationEvent::PropertyOpened(event) = &event.payload {
            vec![PropertyViewKey { property_id: event.property_id.clone() }]
        } else {
            Vec::new()
        }
    }

    fn apply(
        _: &PropertyViewKey,
        row: Option<PropertyView>,
        event: &Envelope<ReservationEvent>,
    ) -> Option<PropertyView> {
        if let ReservationEvent::PropertyOpened(event) = &event.payload {
            Some(PropertyView {
                property_id: event.property_id.clone(),
                name: event.name.clone(),
                room_types: event.room_types.clone(),
                opened_at: event.opened_at,
            })
        } else {
            row
        }
    }
}
