//! The views of a show. Each event says all that its rows need, so a row after an event is a function of
//! the row before it and the event alone.

mod history;
mod seat;
mod show;
mod stats;

use contract_seat::{SeatEvent, SeatStatus};

/// Seats that an event moves from one status to another.
#[derive(Clone, Copy, Debug)]
struct Move<'a> {
    from: SeatStatus,
    to: SeatStatus,
    seat_ids: &'a [String],
}

/// The move that an event is; `None` where it opens the show.
fn move_of(event: &SeatEvent) -> Option<Move<'_>> {
    match event {
        SeatEvent::ShowOpened(_) => None,
        SeatEvent::SeatsHeld(event) => Some(Move {
            from: SeatStatus::Available,
            to: SeatStatus::Held,
            seat_ids: &event.seat_ids,
        }),
        SeatEvent::SeatsReserved(event) => Some(Move {
            from: SeatStatus::Held,
            to: SeatStatus::Reserved,
            seat_ids: &event.seat_ids,
        }),
        SeatEvent::SeatsReleased(event) => Some(Move {
            from: event.previous_status,
            to: SeatStatus::Available,
            seat_ids: &event.seat_ids,
        }),
    }
}
