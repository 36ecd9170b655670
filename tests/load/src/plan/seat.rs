//! Commands about seats.

use std::fmt::Write as _;

use fastrand::Rng;

use super::{Command, Plan, Purpose, Subject};

/// The one section of a show.
pub const SECTION: &str = "a";

/// Seats of a row.
pub const SEATS_PER_ROW: u32 = 50;

/// The seats that most people want.
const HOT_SEATS: u32 = 40;

/// What becomes of seats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Hold,
    Confirm,
    Release,
}

impl Kind {
    pub(super) fn random(random: &mut Rng) -> Self {
        match random.u8(..100) {
            0..=54 => Self::Hold,
            55..=79 => Self::Confirm,
            _ => Self::Release,
        }
    }
}

/// Seats of a show, and who wants them.
struct Wish {
    show: u32,
    holder: u32,
    seats: Vec<u32>,
}

impl Plan {
    /// Opens a show.
    pub(super) fn open_show(&self, show: u32) -> Command {
        let rows = self.settings.seats.div_ceil(SEATS_PER_ROW).max(1);
        let id = self.show_id(show);
        let body = format!(
            r#"{{"showId":"{id}","title":"Show {show}","sections":[{{"sectionId":"{SECTION}","rows":{rows},"seatsPerRow":{SEATS_PER_ROW}}}],"holdSeconds":{},"maxSeatsPerHold":8}}"#,
            self.settings.hold_seconds
        );
        self.opening(format_args!("show-{show}"), "/v1/shows".to_owned(), body)
    }

    /// The id of a show of this run, from 0.
    #[must_use]
    pub fn show_id(&self, show: u32) -> String {
        format!("{}-show-{show}", self.run)
    }

    pub(super) fn seat_command(&self, n: u64, kind: Kind) -> Command {
        let earlier = match kind {
            Kind::Hold => None,
            Kind::Confirm | Kind::Release => {
                self.earlier(n, |it| self.subject(it) == Subject::Seat(Kind::Hold))
            }
        };
        let (wish, path) = match (earlier, kind) {
            (None, _) | (_, Kind::Hold) => (self.wish(n), "holds"),
            (Some(hold), Kind::Confirm) => (self.wish(hold), "confirmations"),
            (Some(hold), Kind::Release) => (self.wish(hold), "releases"),
        };
        let mut holder = wish.holder;
        if earlier.is_some() && self.random(n, Purpose::Body).u8(..100) < 3 {
            // Somebody who holds nothing of it.
            holder += 1;
        }
        let mut body = String::with_capacity(64 + 24 * wish.seats.len());
        body.push_str(r#"{"seatIds":["#);
        for (index, seat) in wish.seats.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let (row, number) = (seat / SEATS_PER_ROW + 1, seat % SEATS_PER_ROW + 1);
            let _ = write!(body, r#"{comma}"{SECTION}-row-{row}-seat-{number}""#);
        }
        let _ = write!(body, r#"],"holderId":"buyer-{holder}"}}"#);
        let path = format!("/v1/shows/{}/{path}", self.show_id(wish.show));
        self.named(n, "POST", path, body)
    }

    /// What the hold `n` wants.
    fn wish(&self, n: u64) -> Wish {
        let mut random = self.random(n, Purpose::Body);
        // The draw that decides about the holder of a confirmation.
        let _ = random.u8(..);
        let show = if random.u8(..100) < self.settings.hot_show {
            0
        } else {
            random.u32(..self.settings.shows.max(1))
        };
        let all = self.settings.seats.max(8);
        let count = random.u32(1..=3);
        let first = if random.u8(..100) < self.settings.hot_seats {
            // Skewed: half of them want the first eighth of the hot seats.
            let share = random.f64().powi(3) * f64::from(HOT_SEATS.min(all));
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0..40")]
            let first = share as u32;
            first
        } else {
            // Those that nobody has wanted for longest.
            #[expect(clippy::cast_possible_truncation, reason = "less than `all`")]
            let next = (n.wrapping_mul(3) % u64::from(all)) as u32;
            next
        };
        let seats = (first..first + count).map(|seat| seat % all).collect();
        Wish { show, holder: random.u32(..100_000) * 2, seats }
    }
}
