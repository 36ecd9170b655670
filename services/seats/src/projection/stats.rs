//! How many seats stand where, by show and by section.

use std::collections::BTreeSet;

use charter_domain::{Envelope, Projection};
use contract_seat::{
    Seat, SeatEvent, SeatStatus, SectionStatsView, SectionStatsViewKey, ShowStatsView,
    ShowStatsViewKey,
};

use super::{Move, move_of};
use crate::domain::Seats;
use crate::domain::layout::{SeatId, seats_of};

impl Projection<ShowStatsView> for Seats {
    type Contract = Seat;

    fn keys(event: &Envelope<SeatEvent>) -> Vec<ShowStatsViewKey> {
        vec![ShowStatsViewKey { show_id: show_id(&event.payload).to_owned() }]
    }

    fn apply(
        key: &ShowStatsViewKey,
        row: Option<ShowStatsView>,
        event: &Envelope<SeatEvent>,
    ) -> Option<ShowStatsView> {
        match &event.payload {
            SeatEvent::ShowOpened(event) => {
                let seats = int(event.sections.iter().map(seats_of).sum());
                let show_id = key.show_id.clone();
                Some(ShowStatsView { show_id, seats, available: seats, held: 0, reserved: 0 })
            }
            SeatEvent::SeatsHeld(_) | SeatEvent::SeatsReserved(_) | SeatEvent::SeatsReleased(_) => {
                let mut row = row?;
                if let Some(moved) = move_of(&event.payload) {
                    let counts = [&mut row.available, &mut row.held, &mut row.reserved];
                    moved.shift(counts, moved.seat_ids.len() as u64);
                }
                Some(row)
            }
        }
    }
}

impl Projection<SectionStatsView> for Seats {
    type Contract = Seat;

    fn keys(event: &Envelope<SeatEvent>) -> Vec<SectionStatsViewKey> {
        let show_id = show_id(&event.payload);
        let sections: BTreeSet<&str> = match &event.payload {
            SeatEvent::ShowOpened(event) => {
                event.sections.iter().map(|section| section.section_id.as_str()).collect()
            }
            SeatEvent::SeatsHeld(_) | SeatEvent::SeatsReserved(_) | SeatEvent::SeatsReleased(_) => {
                let seats = move_of(&event.payload).into_iter().flat_map(|moved| moved.seat_ids);
                seats.filter_map(|seat| section_of(seat)).collect()
            }
        };
        let key = |section: &str| SectionStatsViewKey {
            show_id: show_id.to_owned(),
            section_id: section.to_owned(),
        };
        sections.into_iter().map(key).collect()
    }

    fn apply(
        SectionStatsViewKey { show_id, section_id }: &SectionStatsViewKey,
        row: Option<SectionStatsView>,
        event: &Envelope<SeatEvent>,
    ) -> Option<SectionStatsView> {
        match &event.payload {
            SeatEvent::ShowOpened(event) => {
                let section =
                    event.sections.iter().find(|section| section.section_id == *section_id)?;
                let seats = int(seats_of(section));
                Some(SectionStatsView {
                    show_id: show_id.clone(),
                    section_id: section_id.clone(),
                    seats,
                    available: seats,
                    held: 0,
                    reserved: 0,
                })
            }
            SeatEvent::SeatsHeld(_) | SeatEvent::SeatsReserved(_) | SeatEvent::SeatsReleased(_) => {
                let mut row = row?;
                if let Some(moved) = move_of(&event.payload) {
                    let here =
                        moved.seat_ids.iter().filter(|seat| section_of(seat) == Some(section_id));
                    let counts = [&mut row.available, &mut row.held, &mut row.reserved];
                    moved.shift(counts, here.count() as u64);
                }
                Some(row)
            }
        }
    }
}

impl Move<'_> {
    /// Takes `seats` from the count of the status before and adds them to that of the status after.
    fn shift(&self, [available, held, reserved]: [&mut i32; 3], seats: u64) {
        let seats = int(seats);
        for (status, change) in [(self.from, -seats), (self.to, seats)] {
            match status {
                SeatStatus::Available => *available += change,
                SeatStatus::Held => *held += change,
                SeatStatus::Reserved => *reserved += change,
            }
        }
    }
}

fn show_id(event: &SeatEvent) -> &str {
    match event {
        SeatEvent::ShowOpened(event) => &event.show_id,
        SeatEvent::SeatsHeld(event) => &event.show_id,
        SeatEvent::SeatsReserved(event) => &event.show_id,
        SeatEvent::SeatsReleased(event) => &event.show_id,
    }
}

fn section_of(seat_id: &str) -> Option<&str> {
    SeatId::parse(seat_id).map(|seat| seat.section)
}

/// A count as the contract has it; a show has at most 100,000 seats.
fn int(count: u64) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
