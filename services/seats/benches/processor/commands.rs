//! What buyers send: seven holds, one and a half confirmations and one and a half releases of ten, the
//! same in every run.

use contract_seat::{ConfirmSeats, HoldSeats, OpenShow, ReleaseSeats, SeatCommand, Section};
use fastrand::Rng;

/// Rows of a section, and seats of a row.
const ROWS: i32 = 100;
const SEATS: i32 = 100;
/// The most seats that a buyer asks for.
const MOST_SEATS: i32 = 4;

/// The command that opens a show of 10,000 seats a section.
pub(crate) fn open(show: usize, sections: i32) -> SeatCommand {
    let section = |number| Section {
        section_id: format!("section-{number}"),
        rows: ROWS,
        seats_per_row: SEATS,
    };
    SeatCommand::OpenShow(OpenShow {
        show_id: format!("show-{show}"),
        title: "A benchmark".to_owned(),
        sections: (1..=sections).map(section).collect(),
        hold_seconds: 300,
        max_seats_per_hold: 10,
    })
}

/// Commands of buyers of `shows` shows.
pub(crate) struct Buyers {
    random: Rng,
    shows: usize,
    sections: i32,
    held: Vec<(usize, String, Vec<String>)>,
}

impl Buyers {
    pub(crate) fn new(shows: usize, sections: i32) -> Self {
        Self { random: Rng::with_seed(7), shows, sections, held: Vec::new() }
    }

    fn hold(&mut self) -> SeatCommand {
        let show = self.random.usize(..self.shows);
        let (section, row) = (self.random.i32(1..=self.sections), self.random.i32(1..=ROWS));
        let first = self.random.i32(1..=SEATS - MOST_SEATS);
        let last = first + self.random.i32(0..MOST_SEATS);
        let seat = |number| format!("section-{section}-row-{row}-seat-{number}");
        let seat_ids: Vec<String> = (first..=last).map(seat).collect();
        let holder_id = format!("buyer-{}", self.random.u32(..100_000));
        self.held.push((show, holder_id.clone(), seat_ids.clone()));
        SeatCommand::HoldSeats(HoldSeats { show_id: format!("show-{show}"), seat_ids, holder_id })
    }
}

impl Iterator for Buyers {
    type Item = SeatCommand;

    fn next(&mut self) -> Option<SeatCommand> {
        let kind = self.random.u32(..100);
        if kind < 70 || self.held.is_empty() {
            return Some(self.hold());
        }
        let earlier = self.random.usize(..self.held.len());
        let (show, holder_id, seat_ids) = self.held.swap_remove(earlier);
        let show_id = format!("show-{show}");
        Some(if kind < 85 {
            SeatCommand::ConfirmSeats(ConfirmSeats { show_id, seat_ids, holder_id })
        } else {
            SeatCommand::ReleaseSeats(ReleaseSeats { show_id, seat_ids, holder_id })
        })
    }
}
