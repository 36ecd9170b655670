//! What holds after any commands at any times: no seat has two holders, a replay gives the same state, and
//! the views say what the events say.

use std::collections::BTreeMap;

use crate::gala::{ALL, SHOW, at, by, confirm, expire, hold, opened, release, rows};
use charter_domain::{Decider, Timestamp, given};
use contract_seat::{
    ReservedSeatView, SeatCommand, SeatEvent, SeatStatus, SeatView, SectionStatsView,
    ShowStatsView, ShowView,
};
use proptest::prelude::*;
use seats_service::Seats;
use uuid::Uuid;

#[derive(Clone, Debug)]
enum Step {
    Hold { holder: usize, seats: Vec<usize> },
    Confirm { holder: usize, seats: Vec<usize> },
    Release { holder: usize, seats: Vec<usize> },
    Expire { hold: u128 },
    Wait { seconds: i64 },
}

const HOLDERS: [&str; 3] = ["ann", "bob", "eve"];

fn step() -> impl Strategy<Value = Step> {
    let seats = || prop::collection::vec(0..ALL.len(), 1..4);
    let holder = 0..HOLDERS.len();
    prop_oneof![
        4 => (holder.clone(), seats()).prop_map(|(holder, seats)| Step::Hold { holder, seats }),
        3 => (holder.clone(), seats()).prop_map(|(holder, seats)| Step::Confirm { holder, seats }),
        2 => (holder, seats()).prop_map(|(holder, seats)| Step::Release { holder, seats }),
        1 => (1..40_u128).prop_map(|hold| Step::Expire { hold }),
        2 => (1..200_i64).prop_map(|seconds| Step::Wait { seconds }),
    ]
}

/// What one seat's events say, checked as they come.
#[derive(Clone, Debug, PartialEq)]
struct Claim {
    hold: Uuid,
    holder: String,
    until: Timestamp,
    reserved_at: Option<Timestamp>,
}

/// A reservation in the order of the events, with its end.
#[derive(Debug)]
struct Stay {
    hold: Uuid,
    seat: String,
    reserved_at: Timestamp,
    released_at: Option<Timestamp>,
}

#[derive(Debug, Default)]
struct Ledger {
    claims: BTreeMap<String, Claim>,
    history: Vec<Stay>,
}

impl Ledger {
    /// Panics where the events contradict one another.
    fn of(events: &[SeatEvent]) -> Self {
        let mut ledger = Self::default();
        for event in events {
            ledger.record(event);
        }
        ledger
    }

    fn record(&mut self, event: &SeatEvent) {
        match event {
            SeatEvent::ShowOpened(_) => {}
            SeatEvent::SeatsHeld(event) => {
                for seat in &event.seat_ids {
                    let claim = Claim {
                        hold: event.hold_id,
                        holder: event.holder_id.clone(),
                        until: event.expires_at,
                        reserved_at: None,
                    };
                    let other = self.claims.insert(seat.clone(), claim);
                    assert_eq!(other, None, "`{seat}` has two holders");
                }
            }
            SeatEvent::SeatsReserved(event) => {
                for seat in &event.seat_ids {
                    let claim = self.claims.get_mut(seat).expect("a reserved seat was held");
                    assert_eq!((claim.hold, &claim.holder), (event.hold_id, &event.holder_id));
                    assert_eq!(claim.reserved_at, None, "`{seat}` is reserved twice");
                    assert!(event.reserved_at < claim.until, "`{seat}` was not held any more");
                    claim.reserved_at = Some(event.reserved_at);
                    self.history.push(Stay {
                        hold: event.hold_id,
                        seat: seat.clone(),
                        reserved_at: event.reserved_at,
                        released_at: None,
                    });
                }
            }
            SeatEvent::SeatsReleased(event) => {
                for seat in &event.seat_ids {
                    let claim = self.claims.remove(seat).expect("a released seat was claimed");
                    assert_eq!((claim.hold, &claim.holder), (event.hold_id, &event.holder_id));
                    let reserved = event.previous_status == SeatStatus::Reserved;
                    assert_eq!(
                        claim.reserved_at.is_some(),
                        reserved,
                        "`{seat}` was something else"
                    );
                    if reserved {
                        let mut stays = self.history.iter_mut().rev();
                        let stay = stays.find(|stay| stay.seat == *seat).expect("was reserved");
                        stay.released_at = Some(event.released_at);
                    }
                }
            }
        }
    }

    fn status(&self, seat: &str) -> SeatStatus {
        match self.claims.get(seat) {
            None => SeatStatus::Available,
            Some(claim) if claim.reserved_at.is_none() => SeatStatus::Held,
            Some(_) => SeatStatus::Reserved,
        }
    }

    /// How many of these seats are available, held and reserved.
    fn counts(&self, section: &str) -> [i32; 3] {
        let seats = ALL.iter().filter(|seat| seat.starts_with(section));
        let mut counts = [0; 3];
        for seat in seats {
            counts[match self.status(seat) {
                SeatStatus::Available => 0,
                SeatStatus::Held => 1,
                SeatStatus::Reserved => 2,
            }] += 1;
        }
        counts
    }
}

/// The events of a show that was opened and then taken through these steps, refusals skipped.
fn history_of(steps: &[Step]) -> (Vec<SeatEvent>, Seats) {
    let mut events = vec![opened()];
    let mut state = Seats::default();
    state.evolve(&events[0]);
    let mut now = 1;
    for (number, step) in (1..).zip(steps) {
        let seats = |seats: &[usize]| seats.iter().map(|seat| ALL[*seat]).collect::<Vec<_>>();
        let command = match step {
            Step::Hold { holder, seats: of } => {
                SeatCommand::from(hold(HOLDERS[*holder], &seats(of)))
            }
            Step::Confirm { holder, seats: of } => {
                SeatCommand::from(confirm(HOLDERS[*holder], &seats(of)))
            }
            Step::Release { holder, seats: of } => {
                SeatCommand::from(release(HOLDERS[*holder], &seats(of)))
            }
            Step::Expire { hold } => SeatCommand::from(expire(*hold)),
            Step::Wait { seconds } => {
                now += seconds;
                continue;
            }
        };
        for event in state.decide(&command, &by(number, now)).unwrap_or_default() {
            state.evolve(&event);
            events.push(event);
        }
    }
    (events, state)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_seat_ever_has_two_holders(steps in prop::collection::vec(step(), 0..60)) {
        let (events, _) = history_of(&steps);
        Ledger::of(&events);
    }

    #[test]
    fn a_replay_gives_the_same_state_and_decisions(steps in prop::collection::vec(step(), 0..60)) {
        let (events, state) = history_of(&steps);
        let mut replayed = Seats::default();
        for event in &events {
            replayed.evolve(event);
        }
        prop_assert_eq!(&replayed, &state);
        for seat in ALL {
            let command = hold("zoe", &[seat]);
            let decided = state.decide(&SeatCommand::from(command.clone()), &by(99, 150));
            let again = given::<Seats>(events.clone()).within(by(99, 150)).when(command).outcome();
            prop_assert_eq!(decided, again);
        }
    }

    #[test]
    fn the_views_say_what_the_events_say(steps in prop::collection::vec(step(), 0..60)) {
        let (events, _) = history_of(&steps);
        let ledger = Ledger::of(&events);

        let seats = rows::<SeatView>(&events);
        let ids: Vec<&str> = seats.values().map(|row| row.seat_id.as_str()).collect();
        prop_assert_eq!(ids, ALL);
        for row in seats.values() {
            let claim = ledger.claims.get(&row.seat_id);
            let held = claim.filter(|claim| claim.reserved_at.is_none());
            prop_assert_eq!(row.status, ledger.status(&row.seat_id));
            prop_assert_eq!(row.holder_id.as_ref(), claim.map(|claim| &claim.holder));
            prop_assert_eq!(row.hold_id, claim.map(|claim| claim.hold));
            prop_assert_eq!(row.held_until, held.map(|claim| claim.until));
            prop_assert_eq!(row.reserved_at, claim.and_then(|claim| claim.reserved_at));
        }

        let show: Vec<ShowStatsView> = rows(&events).into_values().collect();
        let [available, held, reserved] = ledger.counts("");
        let show_id = SHOW.to_owned();
        prop_assert_eq!(
            show,
            vec![ShowStatsView { show_id: show_id.clone(), seats: 8, available, held, reserved }]
        );
        let sections: Vec<SectionStatsView> = rows(&events).into_values().collect();
        let expected = [("a", 6), ("b", 2)].map(|(section, seats)| {
            let [available, held, reserved] = ledger.counts(section);
            let (show_id, section_id) = (show_id.clone(), section.to_owned());
            SectionStatsView { show_id, section_id, seats, available, held, reserved }
        });
        prop_assert_eq!(sections, expected.to_vec());

        let history = rows::<ReservedSeatView>(&events);
        prop_assert_eq!(history.len(), ledger.history.len());
        for stay in &ledger.history {
            let found = history.values().find(|row| row.hold_id == stay.hold && row.seat_id == stay.seat);
            let times = found.map(|row| (row.reserved_at, row.released_at));
            prop_assert_eq!(times, Some((stay.reserved_at, stay.released_at)));
        }
    }
}

#[test]
fn a_show_is_viewed_as_it_was_opened() {
    let shows: Vec<ShowView> = rows(&[opened()]).into_values().collect();
    let [show] = shows.as_slice() else { panic!("one show, found {}", shows.len()) };
    assert_eq!((show.title.as_str(), show.seats, show.opened_at), ("Gala", 8, at(0)));
    assert_eq!((show.hold_seconds, show.max_seats_per_hold, show.sections.len()), (300, 4, 2));
}

#[test]
fn a_seat_row_says_where_the_seat_is() {
    let seats = rows::<SeatView>(&[opened()]);
    let places: Vec<_> =
        seats.values().map(|row| (row.section_id.as_str(), row.row, row.number)).collect();
    let expected = [
        ("a", 1, 1),
        ("a", 1, 2),
        ("a", 1, 3),
        ("a", 2, 1),
        ("a", 2, 2),
        ("a", 2, 3),
        ("b", 1, 1),
        ("b", 1, 2),
    ];
    assert_eq!(places, expected);
}
