//! A row a reservation, as it stands.

use charter_domain::{Envelope, Message, Projection, Timestamp};
use contract_reservation::{
    Reservation, ReservationEvent, ReservationStatus, ReservationView, ReservationViewKey,
};

use crate::domain::Reservations;

impl Projection<ReservationView> for Reservations {
    type Contract = Reservation;

    fn keys(event: &Envelope<ReservationEvent>) -> Vec<ReservationViewKey> {
        let reservation_id = match &event.payload {
            ReservationEvent::PropertyOpened(_) | ReservationEvent::NightsOpened(_) => {
                return Vec::new();
            }
            ReservationEvent::ReservationCreated(event) => event.reservation_id,
            ReservationEvent::ReservationConfirmed(event) => event.reservation_id,
            ReservationEvent::ReservationUpdated(event) => event.reservation_id,
            ReservationEvent::ReservationCancelled(event) => event.reservation_id,
            ReservationEvent::ReservationCheckedIn(event) => event.reservation_id,
            ReservationEvent::ReservationCheckedOut(event) => event.reservation_id,
            ReservationEvent::ReservationNoShowed(event) => event.reservation_id,
        };
        vec![ReservationViewKey { property_id: event.payload.key(), reservation_id }]
    }

    fn apply(
        _: &ReservationViewKey,
        row: Option<ReservationView>,
        event: &Envelope<ReservationEvent>,
    ) -> Option<ReservationView> {
        match &event.payload {
            ReservationEvent::PropertyOpened(_) | ReservationEvent::NightsOpened(_) => row,
            ReservationEvent::ReservationCreated(event) => {
                let event = event.clone();
                Some(ReservationView {
                    property_id: event.property_id,
                    reservation_id: event.reservation_id,
                    status: event.status,
                    guaranteed: event.guaranteed,
                    guest_id: event.guest_id,
                    room_type_id: event.room_type_id,
                    rate_code: event.rate_code,
                    check_in_date: event.check_in_date,
                    check_out_date: event.check_out_date,
                    source: event.source,
                    reservation_type: event.reservation_type,
                    total_amount: event.total_amount,
                    currency: event.currency,
                    notes: event.notes,
                    cancellation_reason: None,
                    created_at: event.created_at,
                    updated_at: event.created_at,
                })
            }
            ReservationEvent::ReservationUpdated(event) => row.map(|row| {
                let event = event.clone();
                ReservationView {
                    guest_id: event.guest_id,
                    room_type_id: event.room_type_id,
                    rate_code: event.rate_code,
                    check_in_date: event.check_in_date,
                    check_out_date: event.check_out_date,
                    source: event.source,
                    reservation_type: event.reservation_type,
                    total_amount: event.total_amount,
                    currency: event.currency,
                    notes: event.notes,
                    updated_at: event.updated_at,
                    ..row
                }
            }),
            ReservationEvent::ReservationConfirmed(event) => {
                with_status(row, ReservationStatus::Confirmed, event.confirmed_at)
            }
            ReservationEvent::ReservationCancelled(event) => {
                let row = with_status(row, ReservationStatus::Cancelled, event.cancelled_at);
                row.map(|row| ReservationView { cancellation_reason: event.reason.clone(), ..row })
            }
            ReservationEvent::ReservationCheckedIn(event) => {
                with_status(row, ReservationStatus::CheckedIn, event.checked_in_at)
            }
            ReservationEvent::ReservationCheckedOut(event) => {
                with_status(row, ReservationStatus::CheckedOut, event.checked_out_at)
            }
            ReservationEvent::ReservationNoShowed(event) => {
                with_status(row, ReservationStatus::NoShow, event.no_showed_at)
            }
        }
    }
}

fn with_status(
    row: Option<ReservationView>,
    status: ReservationStatus,
    updated_at: Timestamp,
) -> Option<ReservationView> {
    row.map(|row| ReservationView { status, updated_at, ..row })
}
