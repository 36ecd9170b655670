//! A row a seat. Opening a show makes all of them, up to 100,000; any other event touches the seats it
//! names.

use charter_domain::{Envelope, Projection};
use contract_seat::{Seat, SeatEvent, SeatStatus, SeatView, SeatViewKey};

use crate::domain::Seats;
use crate::domain::layout::{self, SeatId};

impl Projection<SeatView> for Seats {
    type Contract = Seat;

    fn keys(event: &Envelope<SeatEvent>) -> Vec<SeatViewKey> {
        match &event.payload {
            SeatEvent::ShowOpened(event) => {
                let seats = event.sections.iter().flat_map(layout::seat_ids);
                seats
                    .map(|seat_id| SeatViewKey { show_id: event.show_id.clone(), seat_id })
                    .collect()
            }
            SeatEvent::SeatsHeld(event) => keys(&event.show_id, &event.seat_ids),
            SeatEvent::SeatsReserved(event) => keys(&event.show_id, &event.seat_ids),
            SeatEvent::SeatsReleased(event) => keys(&event.show_id, &event.seat_ids),
        }
    }

    fn apply(
        key: &SeatViewKey,
        row: Option<SeatView>,
        event: &Envelope<SeatEvent>,
    ) -> Option<SeatView> {
        match &event.payload {
            SeatEvent::ShowOpened(_) => available(key),
            SeatEvent::SeatsHeld(event) => row.map(|row| SeatView {
                status: SeatStatus::Held,
                holder_id: Some(event.holder_id.clone()),
                hold_id: Some(event.hold_id),
                held_until: Some(event.expires_at),
                reserved_at: None,
                ..row
            }),
            SeatEvent::SeatsReserved(event) => row.map(|row| SeatView {
                status: SeatStatus::Reserved,
                held_until: None,
                reserved_at: Some(event.reserved_at),
                ..row
            }),
            SeatEvent::SeatsReleased(_) => row.and_then(|_| available(key)),
        }
    }
}

fn keys(show_id: &str, seat_ids: &[String]) -> Vec<SeatViewKey> {
    let key =
        |seat_id: &String| SeatViewKey { show_id: show_id.to_owned(), seat_id: seat_id.clone() };
    seat_ids.iter().map(key).collect()
}

/// The row of a seat that nobody claims; `None` where the key names no seat, which no event does.
fn available(SeatViewKey { show_id, seat_id }: &SeatViewKey) -> Option<SeatView> {
    let seat = SeatId::parse(seat_id)?;
    Some(SeatView {
        show_id: show_id.clone(),
        seat_id: seat_id.clone(),
        section_id: seat.section.to_owned(),
        row: i32::try_from(seat.row).ok()?,
        number: i32::try_from(seat.number).ok()?,
        status: SeatStatus::Available,
        holder_id: None,
        hold_id: None,
        held_until: None,
        reserved_at: None,
    })
}
