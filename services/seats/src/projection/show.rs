//! The show as it was opened.

use charter_domain::{Envelope, Projection};
use contract_seat::{Seat, SeatEvent, ShowView, ShowViewKey};

use crate::domain::{Seats, layout};

impl Projection<ShowView> for Seats {
    type Contract = Seat;

    fn keys(event: &Envelope<SeatEvent>) -> Vec<ShowViewKey> {
        match &event.payload {
            SeatEvent::ShowOpened(event) => vec![ShowViewKey { show_id: event.show_id.clone() }],
            SeatEvent::SeatsHeld(_) | SeatEvent::SeatsReserved(_) | SeatEvent::SeatsReleased(_) => {
                Vec::new()
            }
        }
    }

    fn apply(
        _: &ShowViewKey,
        row: Option<ShowView>,
        event: &Envelope<SeatEvent>,
    ) -> Option<ShowView> {
        match &event.payload {
            SeatEvent::ShowOpened(event) => {
                let seats: u64 = event.sections.iter().map(layout::seats_of).sum();
                Some(ShowView {
                    show_id: event.show_id.clone(),
                    title: event.title.clone(),
                    sections: event.sections.clone(),
                    seats: i32::try_from(seats).unwrap_or(i32::MAX),
                    hold_seconds: event.hold_seconds,
                    max_seats_per_hold: event.max_seats_per_hold,
                    opened_at: event.opened_at,
                })
            }
            SeatEvent::SeatsHeld(_) | SeatEvent::SeatsReserved(_) | SeatEvent::SeatsReleased(_) => {
                row
            }
        }
    }
}
