//! What holds after any commands on any days: availability is never below zero, a replay gives the same
//! state, and the views say what the events say.

use std::collections::BTreeMap;

use charter_domain::{Date, Decider, given};
use contract_reservation::{
    AvailabilityView, AvailabilityViewKey, CreateReservation, ReservationCommand, ReservationEvent,
    ReservationStatus, ReservationView,
};
use proptest::prelude::*;
use reservations_service::Reservations;
use uuid::Uuid;

use crate::harbour::{
    KING, PROPERTY, TWIN, cancel, check_in, check_out, confirm, create, day, moved, no_show, on,
    open, open_nights, room_types, rows,
};

#[derive(Clone, Copy, Debug)]
enum Step {
    Create { king: bool, from: i32, nights: i32, guaranteed: bool },
    Move { reservation: usize, king: bool, from: i32, nights: i32 },
    Confirm { reservation: usize },
    Cancel { reservation: usize },
    CheckIn { reservation: usize },
    CheckOut { reservation: usize },
    NoShow { reservation: usize },
    OpenNights,
    Wait { days: i32 },
}

/// Stays lie around the day that the horizon ends on, so that nights with and without a row are met.
const FIRST_DAY: i32 = 724;

fn step() -> impl Strategy<Value = Step> {
    let stay = || (any::<bool>(), FIRST_DAY..FIRST_DAY + 12, 1..6_i32);
    let reservation = || 0..12_usize;
    prop_oneof![
        6 => (stay(), any::<bool>()).prop_map(|((king, from, nights), guaranteed)| {
            Step::Create { king, from, nights, guaranteed }
        }),
        4 => (reservation(), stay()).prop_map(|(reservation, (king, from, nights))| {
            Step::Move { reservation, king, from, nights }
        }),
        2 => reservation().prop_map(|reservation| Step::Confirm { reservation }),
        1 => reservation().prop_map(|reservation| Step::Cancel { reservation }),
        2 => reservation().prop_map(|reservation| Step::CheckIn { reservation }),
        2 => reservation().prop_map(|reservation| Step::CheckOut { reservation }),
        1 => reservation().prop_map(|reservation| Step::NoShow { reservation }),
        1 => Just(Step::OpenNights),
        1 => prop_oneof![Just(Step::Wait { days: 1 }), Just(Step::Wait { days: 31 })],
        1 => (720..730).prop_map(|days| Step::Wait { days }),
    ]
}

fn command(step: Step, number: u128, created: usize) -> Option<ReservationCommand> {
    let room_type = |king| if king { KING } else { TWIN };
    let known = |reservation: usize| u128::try_from(reservation % created.max(1)).unwrap_or(0);
    Some(match step {
        Step::Create { king, from, nights, guaranteed } => {
            ReservationCommand::from(CreateReservation {
                guaranteed,
                ..create(number, room_type(king), from, from + nights)
            })
        }
        Step::Move { reservation, king, from, nights } => {
            moved(known(reservation), room_type(king), from, from + nights).into()
        }
        Step::Confirm { reservation } => confirm(known(reservation)).into(),
        Step::Cancel { reservation } => cancel(known(reservation)).into(),
        Step::CheckIn { reservation } => check_in(known(reservation)).into(),
        Step::CheckOut { reservation } => check_out(known(reservation)).into(),
        Step::NoShow { reservation } => no_show(known(reservation)).into(),
        Step::OpenNights => open_nights().into(),
        Step::Wait { .. } => return None,
    })
}

/// The events of a property that was opened and then taken through these steps, refusals skipped.
fn history_of(steps: &[Step]) -> (Vec<ReservationEvent>, Reservations) {
    let mut state = Reservations::default();
    let mut events = Vec::new();
    let mut today = 0;
    let mut created = 0;
    let mut decide = |command: &ReservationCommand, today| {
        let caused = state.decide(command, &on(today)).unwrap_or_default();
        for event in &caused {
            state.evolve(event);
        }
        events.extend(caused.iter().cloned());
        matches!(caused.as_slice(), [ReservationEvent::ReservationCreated(_)])
    };
    decide(&open(room_types()).into(), 0);
    for step in steps {
        if let Step::Wait { days } = step {
            today += days;
        } else if let Some(command) = command(*step, created, usize::try_from(created).unwrap_or(0))
        {
            created += u128::from(decide(&command, today));
        }
    }
    (events, state)
}

/// The status of a reservation and the nights that it takes, by the events alone.
#[derive(Clone, Debug, PartialEq)]
struct Guest {
    status: ReservationStatus,
    room_type: String,
    from: Date,
    until: Date,
}

fn guests(events: &[ReservationEvent]) -> BTreeMap<Uuid, Guest> {
    let mut guests = BTreeMap::new();
    for event in events {
        record(&mut guests, event);
    }
    guests
}

fn record(guests: &mut BTreeMap<Uuid, Guest>, event: &ReservationEvent) {
    let mut set = |id: &Uuid, status| {
        let guest = guests.get_mut(id).expect("a reservation is created first");
        guest.status = status;
        guest.clone()
    };
    match event {
        ReservationEvent::PropertyOpened(_) | ReservationEvent::NightsOpened(_) => {}
        ReservationEvent::ReservationCreated(event) => {
            let guest = Guest {
                status: event.status,
                room_type: event.room_type_id.clone(),
                from: event.check_in_date,
                until: event.check_out_date,
            };
            assert_eq!(guests.insert(event.reservation_id, guest), None, "created twice");
        }
        ReservationEvent::ReservationConfirmed(event) => {
            set(&event.reservation_id, ReservationStatus::Confirmed);
        }
        ReservationEvent::ReservationUpdated(event) => {
            let guest = guests.get_mut(&event.reservation_id).expect("created first");
            let previous = &event.previous_stay;
            assert_eq!(
                (&guest.room_type, guest.from, guest.until),
                (&previous.room_type_id, previous.check_in_date, previous.check_out_date)
            );
            guest.room_type.clone_from(&event.room_type_id);
            (guest.from, guest.until) = (event.check_in_date, event.check_out_date);
        }
        ReservationEvent::ReservationCancelled(event) => {
            set(&event.reservation_id, ReservationStatus::Cancelled);
        }
        ReservationEvent::ReservationCheckedIn(event) => {
            set(&event.reservation_id, ReservationStatus::CheckedIn);
        }
        ReservationEvent::ReservationCheckedOut(event) => {
            let guest = set(&event.reservation_id, ReservationStatus::CheckedOut);
            assert!(guest.from <= event.free_from && event.free_from <= guest.until);
            // From here on only the nights that have begun count.
            guests.insert(event.reservation_id, Guest { until: event.free_from, ..guest });
        }
        ReservationEvent::ReservationNoShowed(event) => {
            set(&event.reservation_id, ReservationStatus::NoShow);
        }
    }
}

/// How many rooms of a type are taken on a night.
fn taken(guests: &BTreeMap<Uuid, Guest>, room_type: &str, night: Date) -> i32 {
    let holds = |guest: &&Guest| match guest.status {
        ReservationStatus::Cancelled | ReservationStatus::NoShow => false,
        ReservationStatus::Pending
        | ReservationStatus::Confirmed
        | ReservationStatus::CheckedIn
        | ReservationStatus::CheckedOut => {
            guest.room_type == room_type && guest.from <= night && night < guest.until
        }
    };
    i32::try_from(guests.values().filter(holds).count()).expect("few guests")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn availability_is_never_below_zero(steps in prop::collection::vec(step(), 0..60)) {
        let (events, _) = history_of(&steps);
        let mut guests = BTreeMap::new();
        for event in &events {
            record(&mut guests, event);
            for night in day(FIRST_DAY - 1).until(day(FIRST_DAY + 20)) {
                for room_type in room_types() {
                    let taken = taken(&guests, &room_type.room_type_id, night);
                    prop_assert!(taken <= room_type.rooms, "{} rooms taken on {}", taken, night);
                }
            }
        }
    }

    #[test]
    fn a_refusal_for_want_of_rooms_is_true(steps in prop::collection::vec(step(), 0..40)) {
        let (events, state) = history_of(&steps);
        let guests = guests(&events);
        for night in day(FIRST_DAY).until(day(FIRST_DAY + 17)) {
            for room_type in room_types() {
                let id = &room_type.room_type_id;
                let free = room_type.rooms - taken(&guests, id, night);
                let one_night = CreateReservation {
                    check_in_date: night,
                    check_out_date: night.plus_days(1),
                    ..create(1_000, id, 0, 1)
                };
                let decided = state.decide(&one_night.into(), &on(0));
                prop_assert_eq!(decided.is_ok(), free > 0, "{} free on {}", free, night);
            }
        }
    }

    #[test]
    fn a_replay_gives_the_same_state_and_decisions(steps in prop::collection::vec(step(), 0..60)) {
        let (events, state) = history_of(&steps);
        let mut replayed = Reservations::default();
        for event in &events {
            replayed.evolve(event);
        }
        prop_assert_eq!(&replayed, &state);
        let command = create(1_000, TWIN, FIRST_DAY, FIRST_DAY + 9);
        let decided = state.decide(&command.clone().into(), &on(0));
        let again = given::<Reservations>(events).within(on(0)).when(command).outcome();
        prop_assert_eq!(decided, again);
    }
}

proptest! {
    // Each case folds two years of nights.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_views_say_what_the_events_say(steps in prop::collection::vec(step(), 0..40)) {
        let (events, _) = history_of(&steps);
        let guests = guests(&events);

        let availability = rows::<AvailabilityView>(&events);
        for row in availability.values() {
            let taken = taken(&guests, &row.room_type_id, row.night);
            prop_assert_eq!(row.booked, taken, "{} on {}", row.room_type_id, row.night);
            prop_assert_eq!(row.free, row.rooms - taken);
            prop_assert!(row.free >= 0);
        }
        for room_type in room_types() {
            let id = &room_type.room_type_id;
            for night in day(0).until(day(FIRST_DAY + 20)) {
                let key = AvailabilityViewKey {
                    property_id: PROPERTY.to_owned(),
                    room_type_id: id.clone(),
                    night,
                };
                let listed = availability.contains_key(&key);
                let expected = night < day(730) || taken(&guests, id, night) > 0;
                prop_assert!(listed || !expected, "no row for {} on {}", id, night);
            }
        }

        let reservations = rows::<ReservationView>(&events);
        let found: Vec<_> =
            reservations.values().map(|row| (row.reservation_id, row.status)).collect();
        let expected: Vec<_> = guests.iter().map(|(id, guest)| (*id, guest.status)).collect();
        prop_assert_eq!(found, expected);
        for row in reservations.values() {
            let guest = &guests[&row.reservation_id];
            prop_assert_eq!((&row.room_type_id, row.check_in_date), (&guest.room_type, guest.from));
            if guest.status != ReservationStatus::CheckedOut {
                prop_assert_eq!(row.check_out_date, guest.until);
            }
        }
    }
}
