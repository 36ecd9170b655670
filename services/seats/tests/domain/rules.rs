//! Every rule and every refusal of `seat`, by given/when/then.

use crate::gala::{
    A11, A12, A13, A21, A22, A23, B11, B12, HOLD_SECONDS, at, by, confirm, expire, expired, held,
    hold, open, opened, owned, release, released, reserved, section,
};
use charter_domain::{Decider, given};
use contract_seat::SeatStatus::{Held, Reserved};
use contract_seat::{
    SeatCommand, SeatEvent, SeatLimit, SeatRejection, SeatsNotHeld, SeatsTaken, SeatsUnknown,
};
use seats_service::Seats;

fn taken(seats: &[&str]) -> SeatRejection {
    SeatRejection::SeatTaken(SeatsTaken { seat_ids: owned(seats) })
}

fn unknown(seats: &[&str]) -> SeatRejection {
    SeatRejection::SeatUnknown(SeatsUnknown { seat_ids: owned(seats) })
}

fn not_holder(seats: &[&str]) -> SeatRejection {
    SeatRejection::NotHolder(SeatsNotHeld { seat_ids: owned(seats) })
}

fn hold_expired(seats: &[&str]) -> SeatRejection {
    SeatRejection::HoldExpired(SeatsNotHeld { seat_ids: owned(seats) })
}

fn too_many(requested: i64, maximum: i64) -> SeatRejection {
    SeatRejection::TooManySeats(SeatLimit { requested, maximum })
}

mod opening {
    use super::*;

    #[test]
    fn a_show_opens_as_asked_for() {
        given::<Seats>([])
            .at(at(0))
            .when(open(vec![section("a", 2, 3), section("b", 1, 2)]))
            .then([opened()]);
    }

    #[test]
    fn a_show_opens_once() {
        given::<Seats>([opened()])
            .when(open(vec![section("z", 1, 1)]))
            .then_rejected(SeatRejection::ShowExists);
    }

    #[test]
    fn two_sections_of_one_name_are_refused() {
        given::<Seats>([])
            .when(open(vec![section("a", 1, 1), section("b", 1, 1), section("a", 2, 2)]))
            .then_rejected(SeatRejection::SectionRepeated);
    }

    #[test]
    fn a_stadium_fits_and_one_seat_more_does_not() {
        let stadium = open(vec![section("a", 500, 100), section("b", 500, 100)]);
        let events = given::<Seats>([]).when(stadium).outcome().expect("100,000 seats are a show");
        assert_eq!(events.len(), 1);
        given::<Seats>([])
            .when(open(vec![section("a", 1000, 100), section("b", 1, 1)]))
            .then_rejected(too_many(100_001, 100_000));
    }

    #[test]
    fn counts_of_seats_do_not_overflow() {
        let sections = (0..9).map(|id| section(&id.to_string(), i32::MAX, i32::MAX)).collect();
        given::<Seats>([]).when(open(sections)).then_rejected(too_many(i64::MAX, 100_000));
    }
}

mod holding {
    use super::*;

    #[test]
    fn available_seats_are_held_for_as_long_as_the_show_says() {
        given::<Seats>([opened()]).within(by(1, 10)).when(hold("ann", &[B12, A11])).then([held(
            1,
            "ann",
            &[B12, A11],
            10,
        )]);
    }

    #[test]
    fn a_seat_named_twice_counts_once() {
        given::<Seats>([opened()])
            .within(by(1, 0))
            .when(hold("ann", &[A11, A12, A11, A13, A12, A21]))
            .then([held(1, "ann", &[A11, A12, A13, A21], 0)]);
    }

    #[test]
    fn no_seats_change_nothing() {
        given::<Seats>([opened()]).when(hold("ann", &[])).then([]);
    }

    #[test]
    fn a_hold_has_at_most_as_many_seats_as_the_show_says() {
        given::<Seats>([opened()])
            .when(hold("ann", &[A11, A12, A13, A21, A22]))
            .then_rejected(too_many(5, 4));
    }

    #[test]
    fn all_unknown_seats_are_named() {
        given::<Seats>([opened()])
            .when(hold("ann", &["c-row-1-seat-1", A11, "a-row-3-seat-1", "nonsense"]))
            .then_rejected(unknown(&["c-row-1-seat-1", "a-row-3-seat-1", "nonsense"]));
    }

    #[test]
    fn all_taken_seats_are_named_and_none_is_held() {
        given::<Seats>([opened(), held(1, "ann", &[A11, A12], 0), reserved(1, "ann", &[A12], 1)])
            .at(at(2))
            .when(hold("bob", &[A13, A12, A11]))
            .then_rejected(taken(&[A12, A11]));
    }

    #[test]
    fn a_seat_is_taken_for_its_own_holder_too() {
        given::<Seats>([opened(), held(1, "ann", &[A11], 0)])
            .at(at(1))
            .when(hold("ann", &[A11]))
            .then_rejected(taken(&[A11]));
    }

    #[test]
    fn a_hold_lasts_up_to_its_end() {
        let last_microsecond =
            charter_domain::Timestamp::from_micros(at(HOLD_SECONDS).micros() - 1);
        given::<Seats>([opened(), held(1, "ann", &[A11], 0)])
            .at(last_microsecond)
            .when(hold("bob", &[A11]))
            .then_rejected(taken(&[A11]));
    }

    #[test]
    fn a_hold_that_ran_out_is_released_by_who_takes_its_seat() {
        given::<Seats>([opened(), held(1, "ann", &[A11, A12], 0)])
            .within(by(2, HOLD_SECONDS))
            .when(hold("bob", &[A12]))
            .then([expired(1, "ann", &[A11, A12], 300), held(2, "bob", &[A12], 300)]);
    }

    #[test]
    fn holds_that_ran_out_are_released_once_each_and_reserved_seats_stay() {
        given::<Seats>([
            opened(),
            held(1, "ann", &[A11, A12, A13], 0),
            held(2, "bob", &[A21, A22], 0),
            reserved(1, "ann", &[A12], 5),
        ])
        .within(by(3, 400))
        .when(hold("eve", &[A22, A13, A11, B11]))
        .then([
            expired(2, "bob", &[A21, A22], 400),
            expired(1, "ann", &[A11, A13], 400),
            held(3, "eve", &[A22, A13, A11, B11], 400),
        ]);
    }

    #[test]
    fn a_reserved_seat_does_not_run_out() {
        given::<Seats>([opened(), held(1, "ann", &[A11], 0), reserved(1, "ann", &[A11], 1)])
            .at(at(1_000_000))
            .when(hold("bob", &[A11]))
            .then_rejected(taken(&[A11]));
    }

    #[test]
    fn a_released_seat_can_be_held_again() {
        given::<Seats>([opened(), held(1, "ann", &[A11], 0), released(1, "ann", &[A11], Held, 5)])
            .within(by(2, 6))
            .when(hold("bob", &[A11]))
            .then([held(2, "bob", &[A11], 6)]);
    }
}

mod confirming {
    use super::*;

    #[test]
    fn held_seats_are_reserved() {
        given::<Seats>([opened(), held(1, "ann", &[A11, A12], 0)])
            .at(at(9))
            .when(confirm("ann", &[A12, A11]))
            .then([reserved(1, "ann", &[A12, A11], 9)]);
    }

    #[test]
    fn seats_of_several_holds_are_reserved_together() {
        given::<Seats>([opened(), held(1, "ann", &[A11, A12], 0), held(2, "ann", &[B11, B12], 0)])
            .at(at(9))
            .when(confirm("ann", &[B11, A11, B12]))
            .then([reserved(2, "ann", &[B11, B12], 9), reserved(1, "ann", &[A11], 9)]);
    }

    #[test]
    fn what_the_holder_reserved_already_stays_so() {
        let history = [opened(), held(1, "ann", &[A11, A12], 0), reserved(1, "ann", &[A11], 1)];
        given::<Seats>(history.clone()).at(at(2)).when(confirm("ann", &[A11])).then([]);
        given::<Seats>(history).at(at(2)).when(confirm("ann", &[A11, A12])).then([reserved(
            1,
            "ann",
            &[A12],
            2,
        )]);
    }

    #[test]
    fn seats_of_somebody_else_are_refused_by_name() {
        given::<Seats>([
            opened(),
            held(1, "ann", &[A11], 0),
            held(2, "bob", &[A12, A13], 0),
            reserved(2, "bob", &[A13], 1),
        ])
        .at(at(2))
        .when(confirm("ann", &[A11, A12, A13, A23]))
        .then_rejected(not_holder(&[A12, A13]));
    }

    #[test]
    fn seats_that_nobody_holds_are_refused_by_name() {
        given::<Seats>([opened(), held(1, "ann", &[A11], 0)])
            .at(at(2))
            .when(confirm("ann", &[A11, A12, B11]))
            .then_rejected(hold_expired(&[A12, B11]));
    }

    #[test]
    fn a_hold_that_ran_out_is_nobodys() {
        given::<Seats>([opened(), held(1, "ann", &[A11], 0)])
            .at(at(HOLD_SECONDS))
            .when(confirm("ann", &[A11]))
            .then_rejected(hold_expired(&[A11]));
        given::<Seats>([opened(), held(1, "bob", &[A11], 0)])
            .at(at(HOLD_SECONDS))
            .when(confirm("ann", &[A11]))
            .then_rejected(hold_expired(&[A11]));
    }

    #[test]
    fn unknown_seats_are_refused() {
        given::<Seats>([opened()])
            .when(confirm("ann", &["a-row-1-seat-9"]))
            .then_rejected(unknown(&["a-row-1-seat-9"]));
    }
}

mod releasing {
    use super::*;

    #[test]
    fn held_and_reserved_seats_are_given_back_as_what_they_were() {
        given::<Seats>([
            opened(),
            held(1, "ann", &[A11, A12, A13], 0),
            reserved(1, "ann", &[A12], 1),
        ])
        .at(at(2))
        .when(release("ann", &[A11, A12]))
        .then([released(1, "ann", &[A11], Held, 2), released(1, "ann", &[A12], Reserved, 2)]);
    }

    #[test]
    fn a_released_seat_is_nobodys() {
        let seats = given::<Seats>([opened(), held(1, "ann", &[A11, A12], 0)])
            .at(at(2))
            .when(release("ann", &[A11]))
            .then([released(1, "ann", &[A11], Held, 2)]);
        let again = seats.decide(&SeatCommand::from(release("ann", &[A11])), &by(3, 3));
        assert_eq!(again, Err(hold_expired(&[A11])));
        let rest = seats.decide(&SeatCommand::from(release("ann", &[A12])), &by(3, 3));
        assert_eq!(rest, Ok(vec![released(1, "ann", &[A12], Held, 3)]));
    }

    #[test]
    fn seats_of_somebody_else_are_refused() {
        given::<Seats>([opened(), held(1, "bob", &[A11], 0)])
            .at(at(2))
            .when(release("ann", &[A11, A12]))
            .then_rejected(not_holder(&[A11]));
    }

    #[test]
    fn seats_that_nobody_holds_are_refused() {
        given::<Seats>([opened(), held(1, "ann", &[A11], 0)])
            .at(at(HOLD_SECONDS))
            .when(release("ann", &[A11]))
            .then_rejected(hold_expired(&[A11]));
    }

    #[test]
    fn unknown_seats_are_refused() {
        given::<Seats>([opened()]).when(release("ann", &["x", A11])).then_rejected(unknown(&["x"]));
    }
}

mod expiring {
    use super::*;

    #[test]
    fn what_is_still_held_is_given_back() {
        given::<Seats>([
            opened(),
            held(1, "ann", &[A11, A12, A13, A21], 0),
            reserved(1, "ann", &[A12], 1),
            released(1, "ann", &[A21], Held, 2),
        ])
        .at(at(HOLD_SECONDS))
        .when(expire(1))
        .then([expired(1, "ann", &[A11, A13], 300)]);
    }

    #[test]
    fn nothing_happens_early() {
        given::<Seats>([opened(), held(1, "ann", &[A11], 0)])
            .at(at(HOLD_SECONDS - 1))
            .when(expire(1))
            .then([]);
    }

    #[test]
    fn a_hold_that_is_gone_expires_without_an_event() {
        let holds = [opened(), held(1, "ann", &[A11], 0)];
        let gone: [&[SeatEvent]; 3] = [
            &[released(1, "ann", &[A11], Held, 1)],
            &[reserved(1, "ann", &[A11], 1)],
            &[expired(1, "ann", &[A11], 300), held(2, "bob", &[A11], 300)],
        ];
        for then in gone {
            let history = holds.iter().chain(then).cloned();
            given::<Seats>(history).at(at(301)).when(expire(1)).then([]);
        }
    }

    #[test]
    fn a_hold_or_show_that_never_was_expires_without_an_event() {
        given::<Seats>([opened()]).at(at(301)).when(expire(7)).then([]);
        given::<Seats>([]).at(at(301)).when(expire(7)).then([]);
    }
}

#[test]
fn without_a_show_there_is_nothing_to_hold() {
    let commands = [
        SeatCommand::from(hold("ann", &[A11])),
        SeatCommand::from(confirm("ann", &[A11])),
        SeatCommand::from(release("ann", &[A11])),
    ];
    for command in commands {
        given::<Seats>([]).when(command).then_rejected(SeatRejection::ShowUnknown);
    }
}
