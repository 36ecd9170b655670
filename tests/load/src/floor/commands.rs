//! What buyers send: seven holds of ten, the others confirm or release, the same in every run.

use contract_seat::{ConfirmSeats, HoldSeats, OpenShow, ReleaseSeats, SeatCommand, Section};
use fastrand::Rng;

/// Rows of a show's one section, and seats of a row.
const ROWS: i32 = 100;
const SEATS: i32 = 100;

/// The command that opens a show.
pub(super) fn open(show: u32) -> SeatCommand {
    SeatCommand::OpenShow(OpenShow {
        show_id: format!("show-{show}"),
        title: "A benchmark".to_owned(),
        sections: vec![Section { section_id: "a".to_owned(), rows: ROWS, seats_per_row: SEATS }],
        hold_seconds: 300,
        max_seats_per_hold: 8,
    })
}

/// Commands without an end.
pub(super) struct Buyers {
    random: Rng,
    shows: u32,
    held: Vec<HoldSeats>,
}

impl Buyers {
    pub(super) fn new(shows: u32) -> Self {
        Self { random: Rng::with_seed(7), shows, held: Vec::new() }
    }
}

impl Iterator for Buyers {
    type Item = SeatCommand;

    fn next(&mut self) -> Option<SeatCommand> {
        let kind = self.random.u32(..100);
        if kind >= 70 && !self.held.is_empty() {
            let HoldSeats { show_id, seat_ids, holder_id } =
                self.held.swap_remove(self.random.usize(..self.held.len()));
            return Some(if kind < 85 {
                SeatCommand::ConfirmSeats(ConfirmSeats { show_id, seat_ids, holder_id })
            } else {
                SeatCommand::ReleaseSeats(ReleaseSeats { show_id, seat_ids, holder_id })
            });
        }
        let (row, first) = (self.random.i32(1..=ROWS), self.random.i32(1..=SEATS - 4));
        let seats = first..=first + self.random.i32(0..4);
        let hold = HoldSeats {
            show_id: format!("show-{}", self.random.u32(..self.shows.max(1))),
            seat_ids: seats.map(|seat| format!("a-row-{row}-seat-{seat}")).collect(),
            holder_id: format!("buyer-{}", self.random.u32(..100_000)),
        };
        self.held.push(hold.clone());
        Some(SeatCommand::HoldSeats(hold))
    }
}
