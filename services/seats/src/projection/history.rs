//! The history of reserved seats: a row a reservation, kept when the seat is given back.

use charter_domain::{Envelope, Projection};
use contract_seat::{ReservedSeatView, ReservedSeatViewKey, Seat, SeatEvent, SeatStatus};
use uuid::Uuid;

use crate::domain::Seats;
use crate::domain::layout::SeatId;

impl Projection<ReservedSeatView> for Seats {
    type Contract = Seat;

    fn keys(event: &Envelope<SeatEvent>) -> Vec<ReservedSeatViewKey> {
        match &event.payload {
            SeatEvent::ShowOpened(_) | SeatEvent::SeatsHeld(_) => Vec::new(),
            SeatEvent::SeatsReserved(event) => keys(&event.show_id, event.hold_id, &event.seat_ids),
            SeatEvent::SeatsReleased(event) => match event.previous_status {
                SeatStatus::Reserved => keys(&event.show_id, event.hold_id, &event.seat_ids),
                SeatStatus::Available | SeatStatus::Held => Vec::new(),
            },
        }
    }

    fn apply(
        key: &ReservedSeatViewKey,
        row: Option<ReservedSeatView>,
        event: &Envelope<SeatEvent>,
    ) -> Option<ReservedSeatView> {
        match &event.payload {
            SeatEvent::ShowOpened(_) | SeatEvent::SeatsHeld(_) => row,
            SeatEvent::SeatsReserved(event) => Some(ReservedSeatView {
                show_id: key.show_id.clone(),
                hold_id: key.hold_id,
                seat_id: key.seat_id.clone(),
                section_id: SeatId::parse(&key.seat_id)?.section.to_owned(),
                holder_id: event.holder_id.clone(),
                reserved_at: event.reserved_at,
                released_at: None,
            }),
            SeatEvent::SeatsReleased(event) => {
                row.map(|row| ReservedSeatView { released_at: Some(event.released_at), ..row })
            }
        }
    }
}

fn keys(show_id: &str, hold_id: Uuid, seat_ids: &[String]) -> Vec<ReservedSeatViewKey> {
    let key = |seat_id: &String| ReservedSeatViewKey {
        show_id: show_id.to_owned(),
        hold_id,
        seat_id: seat_id.clone(),
    };
    seat_ids.iter().map(key).collect()
}
