//! One show.

use std::collections::{BTreeMap, HashMap, HashSet};

use charter_domain::Timestamp;
use contract_seat::{
    OpenShow, ReleaseReason, ReservedSeatView, SeatEvent, SeatStatus, SeatView, SeatsHeld,
    SeatsReleased, SeatsReserved, Section, SectionStatsView, ShowOpened, ShowStatsView, ShowView,
};
use contract_shared::Metadata;
use uuid::Uuid;

use crate::check::Code;

/// The most seats of a show, by the contract.
const MOST_SEATS: i64 = 100_000;

/// A show and who has what of it.
#[derive(Debug)]
pub(super) struct Show {
    opened: ShowOpened,
    /// Seats that somebody has.
    taken: BTreeMap<String, Taken>,
    holds: HashMap<Uuid, Hold>,
    reserved: BTreeMap<(Uuid, String), ReservedSeatView>,
}

/// Whose a seat is.
#[derive(Clone, Debug)]
struct Taken {
    hold: Uuid,
    holder: String,
    until: Timestamp,
    /// When it was reserved; `None` while it is held only.
    reserved: Option<Timestamp>,
}

/// A hold as it was made.
#[derive(Debug)]
struct Hold {
    until: Timestamp,
    /// Seats that it holds and that are not reserved.
    held: HashSet<String>,
    expired: bool,
}

/// What an event did to the holds that will expire.
pub(super) enum Change {
    None,
    /// There is one more, until then.
    Held(Timestamp, Uuid),
    /// One has no held seats left.
    Over(Timestamp, Uuid),
}

/// What opening a show has to end as.
pub(super) fn open(show: Option<&Show>, command: &OpenShow) -> Result<(), &'static str> {
    if show.is_some() {
        return Err("SHOW_EXISTS");
    }
    let names: HashSet<&str> = command.sections.iter().map(|it| it.section_id.as_str()).collect();
    if names.len() < command.sections.len() {
        return Err("SECTION_REPEATED");
    }
    let seats: i64 = command.sections.iter().map(count).sum();
    if seats > MOST_SEATS { Err("TOO_MANY_SEATS") } else { Ok(()) }
}

fn count(section: &Section) -> i64 {
    i64::from(section.rows) * i64::from(section.seats_per_row)
}

/// Section, row and number of a seat.
fn place(seat: &str) -> Option<(&str, i32, i32)> {
    let (rest, number) = seat.rsplit_once("-seat-")?;
    let (section, row) = rest.rsplit_once("-row-")?;
    Some((section, row.parse().ok()?, number.parse().ok()?))
}

impl Show {
    pub(super) fn new(opened: ShowOpened) -> Self {
        Self { opened, taken: BTreeMap::new(), holds: HashMap::new(), reserved: BTreeMap::new() }
    }

    fn has(&self, seat: &str) -> bool {
        place(seat).is_some_and(|(section, row, number)| {
            self.opened.sections.iter().any(|it| {
                it.section_id == section
                    && (1..=it.rows).contains(&row)
                    && (1..=it.seats_per_row).contains(&number)
            })
        })
    }

    /// Who has a seat at a time: a hold counts until it ends.
    fn has_taken(&self, seat: &str, time: Timestamp) -> Option<&Taken> {
        self.taken.get(seat).filter(|taken| taken.reserved.is_some() || taken.until > time)
    }

    /// What a hold of these seats has to end as.
    pub(super) fn hold(&self, seats: &[String], time: Timestamp) -> Result<(), &'static str> {
        let seats: HashSet<&String> = seats.iter().collect();
        if seats.len() > usize::try_from(self.opened.max_seats_per_hold).unwrap_or(0) {
            return Err("TOO_MANY_SEATS");
        }
        if seats.iter().any(|seat| !self.has(seat)) {
            return Err("SEAT_UNKNOWN");
        }
        if seats.iter().any(|seat| self.has_taken(seat, time).is_some()) {
            return Err("SEAT_TAKEN");
        }
        Ok(())
    }

    /// What confirming these seats, or giving them back, has to end as.
    pub(super) fn owned(
        &self,
        seats: &[String],
        holder: &str,
        time: Timestamp,
    ) -> Result<(), &'static str> {
        if seats.iter().any(|seat| !self.has(seat)) {
            return Err("SEAT_UNKNOWN");
        }
        let owners: Vec<_> = seats.iter().map(|seat| self.has_taken(seat, time)).collect();
        if owners.iter().flatten().any(|taken| taken.holder != holder) {
            return Err("NOT_HOLDER");
        }
        if owners.iter().any(Option::is_none) { Err("HOLD_EXPIRED") } else { Ok(()) }
    }

    pub(super) fn apply(
        &mut self,
        event: &SeatEvent,
        metadata: &Metadata,
        tell: &mut impl FnMut(Code, String),
    ) -> Change {
        match event {
            SeatEvent::ShowOpened(_) => Change::None,
            SeatEvent::SeatsHeld(held) => self.on_held(held, metadata, tell),
            SeatEvent::SeatsReserved(reserved) => self.on_reserved(reserved, metadata, tell),
            SeatEvent::SeatsReleased(released) => self.on_released(released, metadata, tell),
        }
    }

    fn on_held(
        &mut self,
        event: &SeatsHeld,
        metadata: &Metadata,
        tell: &mut impl FnMut(Code, String),
    ) -> Change {
        for seat in &event.seat_ids {
            // Before a seat is held anew it was given back, also where its hold had ended.
            if let Some(taken) = self.taken.get(seat) {
                tell(
                    Code::SeatTwoHolders,
                    format!(
                        "`{seat}` was held by {}, while hold {} had it",
                        event.hold_id, taken.hold
                    ),
                );
            }
            let taken = Taken {
                hold: event.hold_id,
                holder: event.holder_id.clone(),
                until: event.expires_at,
                reserved: None,
            };
            self.taken.insert(seat.clone(), taken);
        }
        let lasts = i64::from(self.opened.hold_seconds) * 1_000_000;
        let is_right = metadata.causation_id == Some(event.hold_id)
            && event.held_at == metadata.time
            && event.expires_at.micros() - event.held_at.micros() == lasts;
        if !is_right {
            tell(
                Code::DecisionDiffers,
                format!(
                    "a hold lasts {lasts} µs from its decision, under its command's id: {event:?}"
                ),
            );
        }
        let held = event.seat_ids.iter().cloned().collect();
        self.holds.insert(event.hold_id, Hold { until: event.expires_at, held, expired: false });
        Change::Held(event.expires_at, event.hold_id)
    }

    fn on_reserved(
        &mut self,
        event: &SeatsReserved,
        metadata: &Metadata,
        tell: &mut impl FnMut(Code, String),
    ) -> Change {
        for seat in &event.seat_ids {
            match self.taken.get_mut(seat) {
                Some(taken)
                    if taken.hold == event.hold_id
                        && taken.holder == event.holder_id
                        && taken.reserved.is_none()
                        && taken.until > metadata.time =>
                {
                    taken.reserved = Some(event.reserved_at);
                }
                other => {
                    let what = format!(
                        "`{seat}` was reserved from hold {} at {}, found {other:?}",
                        event.hold_id, metadata.time
                    );
                    tell(Code::SeatNotHeld, what);
                }
            }
            let row = ReservedSeatView {
                show_id: self.opened.show_id.clone(),
                hold_id: event.hold_id,
                seat_id: seat.clone(),
                section_id: place(seat).map_or(String::new(), |(section, ..)| section.to_owned()),
                holder_id: event.holder_id.clone(),
                reserved_at: event.reserved_at,
                released_at: None,
            };
            self.reserved.insert((event.hold_id, seat.clone()), row);
        }
        self.no_longer_held(event.hold_id, &event.seat_ids)
    }

    fn on_released(
        &mut self,
        event: &SeatsReleased,
        metadata: &Metadata,
        tell: &mut impl FnMut(Code, String),
    ) -> Change {
        let expires = event.reason == ReleaseReason::Expired;
        let was_reserved = event.previous_status == SeatStatus::Reserved;
        if let Some(hold) = self.holds.get_mut(&event.hold_id).filter(|_| expires) {
            if metadata.time < hold.until {
                let what = format!(
                    "hold {} expired at {}, before its {}",
                    event.hold_id, metadata.time, hold.until
                );
                tell(Code::HoldEarly, what);
            }
            if std::mem::replace(&mut hold.expired, true) {
                tell(Code::HoldTwice, format!("hold {} expired once more", event.hold_id));
            }
        }
        for seat in &event.seat_ids {
            let taken = self.taken.remove(seat);
            let had = taken.as_ref().is_some_and(|taken| {
                taken.hold == event.hold_id
                    && taken.holder == event.holder_id
                    && taken.reserved.is_some() == was_reserved
            });
            if !had {
                let what =
                    format!("`{seat}` was given back from hold {}, found {taken:?}", event.hold_id);
                tell(Code::SeatNotHeld, what);
            }
            if let Some(row) = self.reserved.get_mut(&(event.hold_id, seat.clone()))
                && was_reserved
            {
                row.released_at = Some(event.released_at);
            }
        }
        self.no_longer_held(event.hold_id, &event.seat_ids)
    }

    fn no_longer_held(&mut self, id: Uuid, seats: &[String]) -> Change {
        let Some(hold) = self.holds.get_mut(&id) else { return Change::None };
        let before = hold.held.len();
        hold.held.retain(|seat| !seats.contains(seat));
        if before > 0 && hold.held.is_empty() { Change::Over(hold.until, id) } else { Change::None }
    }

    pub(super) fn row(&self) -> ShowView {
        let opened = &self.opened;
        ShowView {
            show_id: opened.show_id.clone(),
            title: opened.title.clone(),
            sections: opened.sections.clone(),
            seats: int(opened.sections.iter().map(count).sum()),
            hold_seconds: opened.hold_seconds,
            max_seats_per_hold: opened.max_seats_per_hold,
            opened_at: opened.opened_at,
        }
    }

    pub(super) fn seat_rows(&self) -> impl Iterator<Item = SeatView> {
        let places = self.opened.sections.iter().flat_map(|section| {
            (1..=section.rows).flat_map(move |row| {
                (1..=section.seats_per_row).map(move |number| (section, row, number))
            })
        });
        places.map(|(section, row, number)| {
            let seat_id = format!("{}-row-{row}-seat-{number}", section.section_id);
            let taken = self.taken.get(&seat_id);
            SeatView {
                show_id: self.opened.show_id.clone(),
                section_id: section.section_id.clone(),
                row,
                number,
                status: status(taken),
                holder_id: taken.map(|taken| taken.holder.clone()),
                hold_id: taken.map(|taken| taken.hold),
                held_until: taken.filter(|taken| taken.reserved.is_none()).map(|taken| taken.until),
                reserved_at: taken.and_then(|taken| taken.reserved),
                seat_id,
            }
        })
    }

    /// Seats in all, available, held, reserved, of the sections that `is_wanted`.
    fn counts(&self, is_wanted: impl Fn(&str) -> bool) -> [i32; 4] {
        let sections = self.opened.sections.iter().filter(|it| is_wanted(&it.section_id));
        let seats = int(sections.map(count).sum());
        let taken = self
            .taken
            .iter()
            .filter(|(seat, _)| place(seat).is_some_and(|(section, ..)| is_wanted(section)));
        let (mut held, mut reserved) = (0, 0);
        for (_, taken) in taken {
            *(if taken.reserved.is_some() { &mut reserved } else { &mut held }) += 1;
        }
        [seats, seats - held - reserved, held, reserved]
    }

    pub(super) fn stats(&self) -> ShowStatsView {
        let [seats, available, held, reserved] = self.counts(|_| true);
        let show_id = self.opened.show_id.clone();
        ShowStatsView { show_id, seats, available, held, reserved }
    }

    pub(super) fn section_stats(&self) -> impl Iterator<Item = SectionStatsView> {
        self.opened.sections.iter().map(|section| {
            let [seats, available, held, reserved] = self.counts(|it| it == section.section_id);
            let (show_id, section_id) = (self.opened.show_id.clone(), section.section_id.clone());
            SectionStatsView { show_id, section_id, seats, available, held, reserved }
        })
    }

    pub(super) fn reserved(&self) -> impl Iterator<Item = ReservedSeatView> {
        self.reserved.values().cloned()
    }
}

fn status(taken: Option<&Taken>) -> SeatStatus {
    match taken {
        None => SeatStatus::Available,
        Some(Taken { reserved: None, .. }) => SeatStatus::Held,
        Some(Taken { reserved: Some(_), .. }) => SeatStatus::Reserved,
    }
}

fn int(count: i64) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
