//! What housekeeping does when something happens elsewhere: a guest who leaves leaves a room to be cleaned.

use charter_domain::{Begin, Envelope, Reactor};
use contract_housekeeping::{Housekeeping, HousekeepingCommand, RequestCleaning};
use contract_reservation::{Reservation, ReservationEvent};

use crate::Cleanings;

impl Reactor<Reservation> for Cleanings {
    const NAME: &'static str = "housekeeping";
    // Rooms that were left before there was a housekeeping have been cleaned without it.
    const BEGIN: Begin = Begin::Now;
    type Commands = Housekeeping;

    fn react(event: &Envelope<ReservationEvent>) -> Vec<HousekeepingCommand> {
        match &event.payload {
            ReservationEvent::ReservationCheckedOut(left) => vec![
                RequestCleaning {
                    property_id: left.property_id.clone(),
                    reservation_id: left.reservation_id,
                    room_type_id: left.stay.room_type_id.clone(),
                    left_at: left.checked_out_at,
                }
                .into(),
            ],
            ReservationEvent::NightsOpened(_)
            | ReservationEvent::PropertyOpened(_)
            | ReservationEvent::ReservationCancelled(_)
            | ReservationEvent::ReservationCheckedIn(_)
            | ReservationEvent::ReservationConfirmed(_)
            | ReservationEvent::ReservationCreated(_)
            | ReservationEvent::ReservationNoShowed(_)
            | ReservationEvent::ReservationUpdated(_) => Vec::new(),
        }
    }
}
