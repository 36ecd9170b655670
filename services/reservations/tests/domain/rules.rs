//! Every rule and every refusal of `reservation`, by given/when/then.

use charter_domain::{Date, given};
use contract_reservation::ReservationStatus::{
    Cancelled, CheckedIn, CheckedOut, Confirmed, NoShow, Pending,
};
use contract_reservation::{
    CreateReservation, NightsFull, ReservationCommand, ReservationEvent, ReservationRejection,
    ReservationSource, ReservationStatus, ReservationType, RoomType, StatusConflict,
    UpdateReservation,
};
use reservations_service::Reservations;

use crate::harbour::{
    KING, PROPERTY, TWIN, amount, cancel, cancelled, check_in, check_out, checked_in, checked_out,
    confirm, confirmed, create, created, created_pending, day, moved, nights_opened, no_show,
    no_showed, noon, on, open, open_nights, opened, room_types, stay, update, updated,
};

fn full(room_type: &str, nights: &[i32]) -> ReservationRejection {
    let nights: Vec<Date> = nights.iter().map(|night| day(*night)).collect();
    ReservationRejection::NoAvailability(NightsFull { room_type_id: room_type.to_owned(), nights })
}

fn conflict(status: ReservationStatus, allowed: &[ReservationStatus]) -> ReservationRejection {
    ReservationRejection::InvalidStatus(StatusConflict { status, allowed: allowed.to_vec() })
}

/// An open property with these events after it.
fn history(events: impl IntoIterator<Item = ReservationEvent>) -> Vec<ReservationEvent> {
    opened().into_iter().chain(events).collect()
}

mod properties {
    use super::*;

    #[test]
    fn a_property_opens_with_the_nights_of_two_years() {
        given::<Reservations>([]).within(on(0)).when(open(room_types())).then(opened());
    }

    #[test]
    fn a_property_opens_once() {
        given::<Reservations>(opened())
            .when(open(room_types()))
            .then_rejected(ReservationRejection::PropertyExists);
    }

    #[test]
    fn two_room_types_of_one_name_are_refused() {
        let twice = ["king", "twin", "king"]
            .map(|id| RoomType { room_type_id: id.to_owned(), rooms: 1 })
            .to_vec();
        given::<Reservations>([])
            .when(open(twice))
            .then_rejected(ReservationRejection::RoomTypeRepeated);
    }

    #[test]
    fn more_nights_open_when_their_time_has_come() {
        given::<Reservations>(opened())
            .within(on(30))
            .when(open_nights())
            .then([nights_opened(730, 760, 60)]);
        given::<Reservations>(opened())
            .within(on(100))
            .when(open_nights())
            .then([nights_opened(730, 830, 130)]);
    }

    #[test]
    fn more_nights_do_not_open_early_or_twice_or_nowhere() {
        given::<Reservations>(opened()).within(on(29)).when(open_nights()).then([]);
        given::<Reservations>(history([nights_opened(730, 760, 60)]))
            .within(on(30))
            .when(open_nights())
            .then([]);
        given::<Reservations>([]).within(on(30)).when(open_nights()).then([]);
    }

    #[test]
    fn without_a_property_there_is_nothing_to_reserve() {
        let commands = [
            ReservationCommand::from(create(1, KING, 1, 2)),
            ReservationCommand::from(update(1)),
            ReservationCommand::from(confirm(1)),
            ReservationCommand::from(cancel(1)),
            ReservationCommand::from(check_in(1)),
            ReservationCommand::from(check_out(1)),
            ReservationCommand::from(no_show(1)),
        ];
        for command in commands {
            given::<Reservations>([])
                .when(command)
                .then_rejected(ReservationRejection::PropertyUnknown);
        }
    }
}

mod creating {
    use super::*;

    #[test]
    fn a_guaranteed_reservation_starts_confirmed() {
        given::<Reservations>(opened())
            .within(on(0))
            .when(create(1, KING, 3, 5))
            .then([created(1, KING, 3, 5)]);
    }

    #[test]
    fn another_starts_pending() {
        given::<Reservations>(opened())
            .within(on(0))
            .when(CreateReservation { guaranteed: false, ..create(1, KING, 3, 5) })
            .then([created_pending(1, KING, 3, 5)]);
    }

    #[test]
    fn an_id_is_used_once() {
        let once = [created(1, KING, 3, 5)];
        given::<Reservations>(history(once.clone()))
            .when(create(1, TWIN, 8, 9))
            .then_rejected(ReservationRejection::ReservationExists);
        let over = once.into_iter().chain([cancelled(1, stay(KING, 3, 5), 1)]);
        given::<Reservations>(history(over))
            .when(create(1, TWIN, 8, 9))
            .then_rejected(ReservationRejection::ReservationExists);
    }

    #[test]
    fn a_stay_has_a_night_at_least() {
        for until in [3, 2] {
            given::<Reservations>(opened())
                .when(create(1, KING, 3, until))
                .then_rejected(ReservationRejection::InvalidDates);
        }
    }

    #[test]
    fn a_stay_has_ten_years_at_most() {
        given::<Reservations>(opened())
            .within(on(0))
            .when(create(1, KING, 3, 3 + 3_653))
            .then([created(1, KING, 3, 3 + 3_653)]);
        given::<Reservations>(opened())
            .when(create(1, KING, 3, 3 + 3_654))
            .then_rejected(ReservationRejection::InvalidDates);
        let eternal = CreateReservation {
            check_in_date: Date::from_days(i32::MIN),
            check_out_date: Date::from_days(i32::MAX),
            ..create(1, KING, 0, 0)
        };
        given::<Reservations>(opened())
            .when(eternal)
            .then_rejected(ReservationRejection::InvalidDates);
    }

    #[test]
    fn it_does_not_matter_which_day_it_is() {
        given::<Reservations>(opened())
            .within(on(0))
            .when(create(1, KING, -400, -398))
            .then([created(1, KING, -400, -398)]);
    }

    #[test]
    fn the_last_room_is_reserved_once() {
        given::<Reservations>(history([created(1, KING, 3, 5)]))
            .within(on(0))
            .when(create(2, KING, 3, 5))
            .then([created(2, KING, 3, 5)]);
        given::<Reservations>(history([created(1, KING, 3, 5), created(2, KING, 3, 5)]))
            .when(create(3, KING, 3, 5))
            .then_rejected(full(KING, &[3, 4]));
    }

    #[test]
    fn all_full_nights_are_named() {
        given::<Reservations>(history([created(1, TWIN, 3, 4), created_pending(2, TWIN, 6, 8)]))
            .when(create(3, TWIN, 2, 9))
            .then_rejected(full(TWIN, &[3, 6, 7]));
    }

    #[test]
    fn at_most_31_full_nights_are_named() {
        let nights: Vec<i32> = (0..31).collect();
        given::<Reservations>(history([created(1, TWIN, 0, 100)]))
            .when(create(2, TWIN, 0, 50))
            .then_rejected(full(TWIN, &nights));
    }

    #[test]
    fn the_day_of_departure_is_free_for_the_next_guest() {
        given::<Reservations>(history([created(1, TWIN, 3, 5), created(2, TWIN, 7, 9)]))
            .within(on(0))
            .when(create(3, TWIN, 5, 7))
            .then([created(3, TWIN, 5, 7)]);
    }

    #[test]
    fn room_types_do_not_lend_one_another_rooms() {
        given::<Reservations>(history([created(1, TWIN, 3, 5)]))
            .within(on(0))
            .when(create(2, KING, 3, 5))
            .then([created(2, KING, 3, 5)]);
    }

    #[test]
    fn a_room_type_that_the_property_does_not_have_has_no_rooms() {
        given::<Reservations>(opened())
            .when(create(1, "suite", 3, 5))
            .then_rejected(full("suite", &[3, 4]));
    }

    #[test]
    fn nights_past_the_horizon_can_be_reserved() {
        given::<Reservations>(opened())
            .within(on(0))
            .when(create(1, TWIN, 5_000, 5_002))
            .then([created(1, TWIN, 5_000, 5_002)]);
        given::<Reservations>(history([created(1, TWIN, 5_000, 5_002)]))
            .when(create(2, TWIN, 4_999, 5_001))
            .then_rejected(full(TWIN, &[5_000]));
    }
}

mod updating {
    use super::*;

    #[test]
    fn all_fields_can_change_together() {
        let change = UpdateReservation {
            guest_id: Some("guest-7".to_owned()),
            rate_code: Some("CORP".to_owned()),
            source: Some(ReservationSource::Phone),
            reservation_type: Some(ReservationType::Group),
            total_amount: Some(amount("0.01")),
            currency: Some("JPY".to_owned()),
            notes: Some("Quiet".to_owned()),
            ..moved(1, TWIN, 6, 8)
        };
        let mut expected = updated(1, stay(KING, 3, 5), stay(TWIN, 6, 8));
        expected.guest_id = "guest-7".to_owned();
        expected.rate_code = Some("CORP".to_owned());
        expected.source = ReservationSource::Phone;
        expected.reservation_type = ReservationType::Group;
        expected.total_amount = amount("0.01");
        expected.currency = "JPY".to_owned();
        expected.notes = Some("Quiet".to_owned());
        given::<Reservations>(history([created(1, KING, 3, 5)]))
            .within(on(0))
            .when(change)
            .then([ReservationEvent::ReservationUpdated(expected)]);
    }

    #[test]
    fn what_is_absent_keeps_its_value_and_what_is_cleared_loses_it() {
        let change = UpdateReservation { cleared: vec!["notes".to_owned()], ..update(1) };
        let mut expected = updated(1, stay(KING, 3, 5), stay(KING, 3, 5));
        expected.notes = None;
        given::<Reservations>(history([created(1, KING, 3, 5)]))
            .within(on(0))
            .when(change)
            .then([ReservationEvent::ReservationUpdated(expected.clone())]);

        let then = history([
            created(1, KING, 3, 5),
            ReservationEvent::ReservationUpdated(expected.clone()),
        ]);
        expected.rate_code = None;
        given::<Reservations>(then)
            .within(on(0))
            .when(UpdateReservation { cleared: vec!["rateCode".to_owned()], ..update(1) })
            .then([ReservationEvent::ReservationUpdated(expected)]);
    }

    #[test]
    fn an_update_that_changes_nothing_causes_nothing() {
        let booked = history([created(1, KING, 3, 5)]);
        let same = UpdateReservation {
            total_amount: Some(amount("420")),
            notes: Some("Late arrival".to_owned()),
            ..moved(1, KING, 3, 5)
        };
        given::<Reservations>(booked.clone()).when(update(1)).then([]);
        given::<Reservations>(booked).when(same).then([]);
    }

    #[test]
    fn every_open_reservation_can_change() {
        let change = UpdateReservation { check_out_date: Some(day(6)), ..update(1) };
        let expected = updated(1, stay(KING, 3, 5), stay(KING, 3, 6));
        let open: [&[ReservationEvent]; 4] = [
            &[created_pending(1, KING, 3, 5)],
            &[created_pending(1, KING, 3, 5), confirmed(1, 1)],
            &[created(1, KING, 3, 5)],
            &[created(1, KING, 3, 5), checked_in(1, 3)],
        ];
        for events in open {
            given::<Reservations>(history(events.iter().cloned()))
                .within(on(0))
                .when(change.clone())
                .then([ReservationEvent::ReservationUpdated(expected.clone())]);
        }
    }

    #[test]
    fn the_nights_that_it_holds_itself_are_no_obstacle() {
        let now = updated(1, stay(TWIN, 3, 6), stay(TWIN, 4, 8));
        given::<Reservations>(history([created(1, TWIN, 3, 6)]))
            .within(on(0))
            .when(moved(1, TWIN, 4, 8))
            .then([ReservationEvent::ReservationUpdated(now)]);
    }

    #[test]
    fn the_nights_of_another_room_type_do_not_count_as_its_own() {
        given::<Reservations>(history([created(1, KING, 3, 6), created(2, TWIN, 3, 6)]))
            .when(moved(1, TWIN, 3, 6))
            .then_rejected(full(TWIN, &[3, 4, 5]));
    }

    #[test]
    fn new_nights_need_a_free_room() {
        given::<Reservations>(history([created(1, TWIN, 3, 6), created(2, TWIN, 6, 8)]))
            .when(moved(1, TWIN, 3, 8))
            .then_rejected(full(TWIN, &[6, 7]));
    }

    #[test]
    fn a_changed_stay_frees_what_it_left() {
        let left = updated(1, stay(TWIN, 3, 6), stay(KING, 3, 6));
        let events = [created(1, TWIN, 3, 6), ReservationEvent::ReservationUpdated(left)];
        given::<Reservations>(history(events))
            .within(on(0))
            .when(create(2, TWIN, 3, 6))
            .then([created(2, TWIN, 3, 6)]);
    }

    #[test]
    fn the_changed_stay_has_a_night_at_least() {
        given::<Reservations>(history([created(1, KING, 3, 5)]))
            .when(UpdateReservation { check_in_date: Some(day(5)), ..update(1) })
            .then_rejected(ReservationRejection::InvalidDates);
    }

    #[test]
    fn a_field_that_cannot_be_cleared_is_kept() {
        given::<Reservations>(history([created(1, KING, 3, 5)]))
            .when(UpdateReservation { cleared: vec!["guestId".to_owned()], ..update(1) })
            .then([]);
    }
}

mod statuses {
    use super::*;

    /// A reservation of a king from day 3 until day 5, in each status.
    fn in_status(status: ReservationStatus) -> Vec<ReservationEvent> {
        let kings = stay(KING, 3, 5);
        history(match status {
            Pending => vec![created_pending(1, KING, 3, 5)],
            Confirmed => vec![created(1, KING, 3, 5)],
            CheckedIn => vec![created(1, KING, 3, 5), checked_in(1, 3)],
            CheckedOut => {
                vec![created(1, KING, 3, 5), checked_in(1, 3), checked_out(1, kings, 5, 5)]
            }
            Cancelled => vec![created(1, KING, 3, 5), cancelled(1, kings, 1)],
            NoShow => vec![created(1, KING, 3, 5), no_showed(1, kings, 4)],
        })
    }

    const ALL: [ReservationStatus; 6] =
        [Pending, Confirmed, CheckedIn, CheckedOut, Cancelled, NoShow];

    /// `command` is refused in every status that is not `allowed`.
    #[track_caller]
    fn only_from(allowed: &[ReservationStatus], command: impl Into<ReservationCommand>) {
        let command = command.into();
        for status in ALL.into_iter().filter(|status| !allowed.contains(status)) {
            given::<Reservations>(in_status(status))
                .within(on(4))
                .when(command.clone())
                .then_rejected(conflict(status, allowed));
        }
    }

    #[test]
    fn a_pending_reservation_can_be_confirmed() {
        given::<Reservations>(in_status(Pending))
            .within(on(1))
            .when(confirm(1))
            .then([confirmed(1, 1)]);
        only_from(&[Pending], confirm(1));
    }

    #[test]
    fn a_reservation_can_be_cancelled_before_the_guest_arrives() {
        for status in [Pending, Confirmed] {
            given::<Reservations>(in_status(status))
                .within(on(1))
                .when(cancel(1))
                .then([cancelled(1, stay(KING, 3, 5), 1)]);
        }
        only_from(&[Pending, Confirmed], cancel(1));
    }

    #[test]
    fn a_guest_can_stay_away() {
        for status in [Pending, Confirmed] {
            given::<Reservations>(in_status(status))
                .within(on(4))
                .when(no_show(1))
                .then([no_showed(1, stay(KING, 3, 5), 4)]);
        }
        only_from(&[Pending, Confirmed], no_show(1));
    }

    #[test]
    fn a_confirmed_guest_can_arrive() {
        given::<Reservations>(in_status(Confirmed))
            .within(on(3))
            .when(check_in(1))
            .then([checked_in(1, 3)]);
        given::<Reservations>(history([created_pending(1, KING, 3, 5), confirmed(1, 1)]))
            .within(on(3))
            .when(check_in(1))
            .then([checked_in(1, 3)]);
        only_from(&[Confirmed], check_in(1));
    }

    #[test]
    fn a_guest_who_arrived_can_leave() {
        given::<Reservations>(in_status(CheckedIn))
            .within(on(5))
            .when(check_out(1))
            .then([checked_out(1, stay(KING, 3, 5), 5, 5)]);
        only_from(&[CheckedIn], check_out(1));
    }

    #[test]
    fn a_reservation_that_is_over_cannot_change() {
        let change = UpdateReservation { notes: Some("Quiet".to_owned()), ..update(1) };
        only_from(&[Pending, Confirmed, CheckedIn], change);
    }

    #[test]
    fn an_early_check_out_frees_the_nights_that_have_not_begun() {
        for (today, free_from) in [(2, 3), (3, 3), (4, 4), (5, 5), (90, 5)] {
            given::<Reservations>(in_status(CheckedIn))
                .within(on(today))
                .when(check_out(1))
                .then([checked_out(1, stay(KING, 3, 5), free_from, today)]);
        }
        let left =
            [created(1, TWIN, 3, 7), checked_in(1, 3), checked_out(1, stay(TWIN, 3, 7), 5, 5)];
        given::<Reservations>(history(left.clone()))
            .within(on(0))
            .when(create(2, TWIN, 5, 7))
            .then([created(2, TWIN, 5, 7)]);
        given::<Reservations>(history(left))
            .when(create(2, TWIN, 3, 7))
            .then_rejected(full(TWIN, &[3, 4]));
    }

    #[test]
    fn who_does_not_come_frees_the_room() {
        let twins = stay(TWIN, 3, 5);
        for away in [cancelled(1, twins.clone(), 1), no_showed(1, twins, 4)] {
            given::<Reservations>(history([created(1, TWIN, 3, 5), away]))
                .within(on(0))
                .when(create(2, TWIN, 3, 5))
                .then([created(2, TWIN, 3, 5)]);
        }
    }

    #[test]
    fn who_is_expected_or_there_keeps_the_room() {
        let there: [&[ReservationEvent]; 3] = [
            &[created_pending(1, TWIN, 3, 5)],
            &[created_pending(1, TWIN, 3, 5), confirmed(1, 1)],
            &[created(1, TWIN, 3, 5), checked_in(1, 3)],
        ];
        for events in there {
            given::<Reservations>(history(events.iter().cloned()))
                .when(create(2, TWIN, 3, 5))
                .then_rejected(full(TWIN, &[3, 4]));
        }
    }

    #[test]
    fn a_reservation_that_never_was_is_unknown() {
        let commands = [
            ReservationCommand::from(update(9)),
            ReservationCommand::from(confirm(9)),
            ReservationCommand::from(cancel(9)),
            ReservationCommand::from(check_in(9)),
            ReservationCommand::from(check_out(9)),
            ReservationCommand::from(no_show(9)),
        ];
        for command in commands {
            given::<Reservations>(in_status(Confirmed))
                .at(noon(1))
                .when(command)
                .then_rejected(ReservationRejection::ReservationUnknown);
        }
    }
}

#[test]
fn events_are_about_the_property_of_the_command() {
    let events = given::<Reservations>(opened())
        .within(on(0))
        .when(create(1, KING, 1, 2))
        .outcome()
        .expect("a room is free");
    assert!(matches!(
        events.as_slice(),
        [ReservationEvent::ReservationCreated(event)] if event.property_id == PROPERTY
    ));
}
