//! The rules of a show: who may hold, reserve and give back which seats.
//!
//! The aggregate is the show, so two holds of one seat are decided one after the other. A hold past its
//! `expiresAt` counts as free even before the runtime sent `seat.expireHold`: whoever then holds one of its
//! seats first releases what is left of it, so that the history never has a seat with two holders.

mod claims;
pub(crate) mod layout;

use std::collections::HashSet;
use std::time::Duration;

use charter_domain::{Context, Decider, Timestamp};
use contract_seat::{
    ConfirmSeats, ExpireHold, HoldSeats, OpenShow, ReleaseReason, ReleaseSeats, Seat, SeatCommand,
    SeatEvent, SeatLimit, SeatRejection, SeatStatus, SeatsHeld, SeatsNotHeld, SeatsReleased,
    SeatsReserved, SeatsTaken, SeatsUnknown, ShowOpened,
};
use uuid::Uuid;

use claims::{Claim, Claims};
use layout::{Layout, Ordinal};

/// The most seats that a show may have: a stadium. One aggregate decides for all of them.
pub const MAX_SEATS_PER_SHOW: u64 = 100_000;

/// The state of one show: not open, or its layout and the claims on its seats.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seats {
    show: Option<Show>,
}

#[derive(Clone, Debug, PartialEq)]
struct Show {
    layout: Layout,
    hold_duration: Duration,
    max_seats_per_hold: u64,
    claims: Claims,
}

type Decision = Result<Vec<SeatEvent>, SeatRejection>;

impl Decider for Seats {
    type Contract = Seat;

    fn decide(&self, command: &SeatCommand, context: &Context) -> Decision {
        match command {
            SeatCommand::OpenShow(command) => self.open(command, context),
            SeatCommand::HoldSeats(command) => self.show()?.hold(command, context),
            SeatCommand::ConfirmSeats(command) => self.show()?.confirm(command, context),
            SeatCommand::ReleaseSeats(command) => self.show()?.release(command, context),
            SeatCommand::ExpireHold(command) => Ok(self.expire(command, context)),
        }
    }

    fn evolve(&mut self, event: &SeatEvent) {
        match event {
            SeatEvent::ShowOpened(event) => self.show = Some(Show::new(event)),
            SeatEvent::SeatsHeld(event) => self.on_show(|show| show.on_held(event)),
            SeatEvent::SeatsReserved(event) => self.on_show(|show| show.on_reserved(event)),
            SeatEvent::SeatsReleased(event) => self.on_show(|show| show.on_released(event)),
        }
    }
}

impl Seats {
    fn show(&self) -> Result<&Show, SeatRejection> {
        self.show.as_ref().ok_or(SeatRejection::ShowUnknown)
    }

    fn on_show(&mut self, change: impl FnOnce(&mut Show)) {
        if let Some(show) = &mut self.show {
            change(show);
        }
    }

    fn open(&self, command: &OpenShow, context: &Context) -> Decision {
        if self.show.is_some() {
            return Err(SeatRejection::ShowExists);
        }
        let mut sections = HashSet::new();
        if !command.sections.iter().all(|section| sections.insert(&section.section_id)) {
            return Err(SeatRejection::SectionRepeated);
        }
        let seats = command.sections.iter().map(layout::seats_of).fold(0, u64::saturating_add);
        if seats > MAX_SEATS_PER_SHOW {
            return Err(too_many(seats, MAX_SEATS_PER_SHOW));
        }
        Ok(vec![SeatEvent::ShowOpened(ShowOpened {
            show_id: command.show_id.clone(),
            title: command.title.clone(),
            sections: command.sections.clone(),
            hold_seconds: command.hold_seconds,
            max_seats_per_hold: command.max_seats_per_hold,
            opened_at: context.time(),
        })])
    }

    /// An expiry is no one's wish, so what is gone already, or not yet due, is no refusal.
    fn expire(&self, command: &ExpireHold, context: &Context) -> Vec<SeatEvent> {
        let Some(show) = &self.show else { return Vec::new() };
        let due =
            show.claims.hold(command.hold_id).is_some_and(|hold| hold.expires_at <= context.time());
        if !due {
            return Vec::new();
        }
        show.expired(&command.show_id, command.hold_id, context.time()).into_iter().collect()
    }
}

/// A seat of a request.
#[derive(Clone, Copy, Debug)]
struct Wanted<'a> {
    id: &'a str,
    ordinal: Ordinal,
}

impl Show {
    fn new(event: &ShowOpened) -> Self {
        Self {
            layout: Layout::new(&event.sections),
            hold_duration: Duration::from_secs(at_least_zero(event.hold_seconds)),
            max_seats_per_hold: at_least_zero(event.max_seats_per_hold),
            claims: Claims::default(),
        }
    }

    fn hold(&self, command: &HoldSeats, context: &Context) -> Decision {
        let ids = distinct(&command.seat_ids);
        if ids.len() as u64 > self.max_seats_per_hold {
            return Err(too_many(ids.len() as u64, self.max_seats_per_hold));
        }
        let wanted = self.find(&ids)?;
        let time = context.time();
        let taken =
            named(wanted.iter().filter(|seat| self.claims.claim_at(seat.ordinal, time).is_some()));
        if !taken.is_empty() {
            return Err(SeatRejection::SeatTaken(SeatsTaken { seat_ids: taken }));
        }
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let mut overdue: Vec<Uuid> = Vec::new();
        for seat in &wanted {
            let hold = self.claims.claim(seat.ordinal).map(|(claim, _)| claim.hold());
            overdue.extend(hold.filter(|hold| !overdue.contains(hold)));
        }
        let released =
            overdue.into_iter().filter_map(|hold| self.expired(&command.show_id, hold, time));
        let held = SeatEvent::SeatsHeld(SeatsHeld {
            show_id: command.show_id.clone(),
            hold_id: context.command_id(),
            holder_id: command.holder_id.clone(),
            seat_ids: named(&wanted),
            held_at: time,
            expires_at: time + self.hold_duration,
        });
        Ok(released.chain([held]).collect())
    }

    fn confirm(&self, command: &ConfirmSeats, context: &Context) -> Decision {
        let owned = self.owned(&command.seat_ids, &command.holder_id, context.time())?;
        let held = owned.into_iter().filter(|(claim, _)| matches!(claim, Claim::Held(_)));
        let reserved = held.map(|(claim, seat_ids)| {
            SeatEvent::SeatsReserved(SeatsReserved {
                show_id: command.show_id.clone(),
                hold_id: claim.hold(),
                holder_id: command.holder_id.clone(),
                seat_ids,
                reserved_at: context.time(),
            })
        });
        Ok(reserved.collect())
    }

    fn release(&self, command: &ReleaseSeats, context: &Context) -> Decision {
        let owned = self.owned(&command.seat_ids, &command.holder_id, context.time())?;
        let released = owned.into_iter().map(|(claim, seat_ids)| {
            SeatEvent::SeatsReleased(SeatsReleased {
                show_id: command.show_id.clone(),
                hold_id: claim.hold(),
                holder_id: command.holder_id.clone(),
                seat_ids,
                previous_status: match claim {
                    Claim::Held(_) => SeatStatus::Held,
                    Claim::Reserved(_) => SeatStatus::Reserved,
                },
                reason: ReleaseReason::Released,
                released_at: context.time(),
            })
        });
        Ok(released.collect())
    }

    /// The seats asked for by the claim that `holder` has on them, claims in the order of their first
    /// seats; a refusal where a seat is unknown, somebody else's, or nobody's.
    fn owned(
        &self,
        seat_ids: &[String],
        holder: &str,
        time: Timestamp,
    ) -> Result<Vec<(Claim, Vec<String>)>, SeatRejection> {
        let wanted = self.find(&distinct(seat_ids))?;
        let (mut others, mut nobodys) = (Vec::new(), Vec::new());
        let mut owned: Vec<(Claim, Vec<String>)> = Vec::new();
        for seat in wanted {
            match self.claims.claim_at(seat.ordinal, time) {
                None => nobodys.push(seat.id.to_owned()),
                Some((_, hold)) if hold.holder != holder => others.push(seat.id.to_owned()),
                Some((claim, _)) => match owned.iter_mut().find(|(known, _)| *known == claim) {
                    Some((_, ids)) => ids.push(seat.id.to_owned()),
                    None => owned.push((claim, vec![seat.id.to_owned()])),
                },
            }
        }
        if !others.is_empty() {
            return Err(SeatRejection::NotHolder(SeatsNotHeld { seat_ids: others }));
        }
        if !nobodys.is_empty() {
            return Err(SeatRejection::HoldExpired(SeatsNotHeld { seat_ids: nobodys }));
        }
        Ok(owned)
    }

    /// What ends a hold whose time has run out; `None` where none of its seats is held any more.
    fn expired(&self, show_id: &str, hold_id: Uuid, time: Timestamp) -> Option<SeatEvent> {
        let hold = self.claims.hold(hold_id)?;
        let seats = self.claims.held_seats(hold_id);
        let seat_ids: Vec<String> = seats.filter_map(|seat| self.layout.seat_id(seat)).collect();
        (!seat_ids.is_empty()).then(|| {
            SeatEvent::SeatsReleased(SeatsReleased {
                show_id: show_id.to_owned(),
                hold_id,
                holder_id: hold.holder.clone(),
                seat_ids,
                previous_status: SeatStatus::Held,
                reason: ReleaseReason::Expired,
                released_at: time,
            })
        })
    }

    fn find<'a>(&self, ids: &[&'a str]) -> Result<Vec<Wanted<'a>>, SeatRejection> {
        let mut unknown = Vec::new();
        let mut wanted = Vec::with_capacity(ids.len());
        for &id in ids {
            match self.layout.ordinal(id) {
                Some(ordinal) => wanted.push(Wanted { id, ordinal }),
                None => unknown.push(id.to_owned()),
            }
        }
        if unknown.is_empty() {
            Ok(wanted)
        } else {
            Err(SeatRejection::SeatUnknown(SeatsUnknown { seat_ids: unknown }))
        }
    }

    fn on_held(&mut self, event: &SeatsHeld) {
        let seats = self.ordinals(&event.seat_ids).collect();
        self.claims.held(event.hold_id, &event.holder_id, event.expires_at, seats);
    }

    fn on_reserved(&mut self, event: &SeatsReserved) {
        let seats: Vec<Ordinal> = self.ordinals(&event.seat_ids).collect();
        self.claims.reserved(event.hold_id, seats);
    }

    fn on_released(&mut self, event: &SeatsReleased) {
        let seats: Vec<Ordinal> = self.ordinals(&event.seat_ids).collect();
        self.claims.released(event.hold_id, seats);
    }

    fn ordinals(&self, ids: &[String]) -> impl Iterator<Item = Ordinal> {
        ids.iter().filter_map(|id| self.layout.ordinal(id))
    }
}

/// The ids without repeats, in the order asked for.
fn distinct(ids: &[String]) -> Vec<&str> {
    let mut seen = HashSet::new();
    ids.iter().map(String::as_str).filter(|id| seen.insert(*id)).collect()
}

fn named<'a>(seats: impl IntoIterator<Item = &'a Wanted<'a>>) -> Vec<String> {
    seats.into_iter().map(|seat| seat.id.to_owned()).collect()
}

fn too_many(requested: u64, maximum: u64) -> SeatRejection {
    let long = |seats| i64::try_from(seats).unwrap_or(i64::MAX);
    SeatRejection::TooManySeats(SeatLimit { requested: long(requested), maximum: long(maximum) })
}

fn at_least_zero(value: i32) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
