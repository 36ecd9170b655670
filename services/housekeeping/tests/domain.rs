//! What may be asked of a cleaning, by given/when/then, what the view then says, and what asks for it.

use charter_domain::{Date, Envelope, Event, Metadata, Projection, Reactor, Timestamp, given};
use contract_housekeeping::{
    CleanRoom, CleaningRequested, CleaningStatus, CleaningView, HousekeepingCommand,
    HousekeepingEvent, HousekeepingRejection, InspectRoom, RequestCleaning, RoomCleaned,
    RoomInspected,
};
use contract_reservation::{ReservationCheckedIn, ReservationCheckedOut, ReservationEvent, Stay};
use housekeeping_service::Cleanings;
use uuid::Uuid;

const PROPERTY: &str = "harbour-hotel";
const RESERVATION: Uuid = Uuid::from_u128(7);

fn now() -> Timestamp {
    Timestamp::from_micros(1_795_339_800_000_000)
}

fn request() -> RequestCleaning {
    RequestCleaning {
        property_id: PROPERTY.to_owned(),
        reservation_id: RESERVATION,
        room_type_id: "king".to_owned(),
        left_at: Timestamp::from_micros(5),
    }
}

fn requested() -> HousekeepingEvent {
    CleaningRequested {
        property_id: PROPERTY.to_owned(),
        reservation_id: RESERVATION,
        room_type_id: "king".to_owned(),
        left_at: Timestamp::from_micros(5),
        occurred_at: now(),
    }
    .into()
}

fn clean() -> CleanRoom {
    CleanRoom { property_id: PROPERTY.to_owned(), reservation_id: RESERVATION }
}

fn cleaned() -> HousekeepingEvent {
    RoomCleaned {
        property_id: PROPERTY.to_owned(),
        reservation_id: RESERVATION,
        occurred_at: now(),
    }
    .into()
}

fn inspect(passed: bool) -> InspectRoom {
    InspectRoom { property_id: PROPERTY.to_owned(), reservation_id: RESERVATION, passed }
}

fn inspected(passed: bool) -> HousekeepingEvent {
    RoomInspected {
        property_id: PROPERTY.to_owned(),
        reservation_id: RESERVATION,
        passed,
        occurred_at: now(),
    }
    .into()
}

#[test]
fn a_room_is_asked_for_once() {
    given::<Cleanings>([]).at(now()).when(request()).then([requested()]);
    given::<Cleanings>([requested()]).at(now()).when(request()).then([]);
    given::<Cleanings>([requested(), cleaned()]).at(now()).when(request()).then([]);
}

#[test]
fn a_dirty_room_is_cleaned() {
    given::<Cleanings>([])
        .at(now())
        .when(clean())
        .then_rejected(HousekeepingRejection::CleaningUnknown);
    given::<Cleanings>([requested()]).at(now()).when(clean()).then([cleaned()]);
    given::<Cleanings>([requested(), cleaned()]).at(now()).when(clean()).then([]);
    given::<Cleanings>([requested(), cleaned(), inspected(true)]).at(now()).when(clean()).then([]);
}

#[test]
fn a_clean_room_is_inspected() {
    given::<Cleanings>([])
        .at(now())
        .when(inspect(true))
        .then_rejected(HousekeepingRejection::CleaningUnknown);
    given::<Cleanings>([requested()])
        .at(now())
        .when(inspect(true))
        .then_rejected(HousekeepingRejection::RoomDirty);
    let clean = [requested(), cleaned()];
    given::<Cleanings>(clean.clone()).at(now()).when(inspect(true)).then([inspected(true)]);
    given::<Cleanings>(clean).at(now()).when(inspect(false)).then([inspected(false)]);
}

#[test]
fn a_room_that_did_not_pass_is_dirty_again() {
    let failed = [requested(), cleaned(), inspected(false)];
    given::<Cleanings>(failed.clone()).at(now()).when(clean()).then([cleaned()]);
    given::<Cleanings>(failed)
        .at(now())
        .when(inspect(true))
        .then_rejected(HousekeepingRejection::RoomDirty);
    let passed = [requested(), cleaned(), inspected(true)];
    given::<Cleanings>(passed.clone()).at(now()).when(inspect(true)).then([]);
    given::<Cleanings>(passed).at(now()).when(inspect(false)).then([inspected(false)]);
}

#[test]
fn the_view_follows_the_events() {
    let mut row: Option<CleaningView> = None;
    for (sequence, (event, status)) in (1..).zip([
        (requested(), CleaningStatus::Dirty),
        (cleaned(), CleaningStatus::Clean),
        (inspected(false), CleaningStatus::Dirty),
        (cleaned(), CleaningStatus::Clean),
        (inspected(true), CleaningStatus::Inspected),
    ]) {
        let event = envelope(sequence, event);
        let keys = <Cleanings as Projection<CleaningView>>::keys(&event);
        assert_eq!(keys.len(), 1, "an event touches one row");
        assert_eq!((keys[0].property_id.as_str(), keys[0].reservation_id), (PROPERTY, RESERVATION));
        row = <Cleanings as Projection<CleaningView>>::apply(&keys[0], row, &event);
        assert_eq!(row.as_ref().map(|row| row.status), Some(status));
    }
    let row = row.expect("a row");
    assert_eq!((row.room_type_id.as_str(), row.left_at.micros()), ("king", 5));
}

fn stay() -> Stay {
    let day = Date::from_days(20_000);
    Stay { room_type_id: "king".to_owned(), check_in_date: day, check_out_date: day }
}

#[test]
fn only_a_guest_who_leaves_leaves_a_room_to_clean() {
    let left = ReservationCheckedOut {
        property_id: PROPERTY.to_owned(),
        reservation_id: RESERVATION,
        stay: stay(),
        free_from: Date::from_days(20_000),
        checked_out_at: Timestamp::from_micros(5),
    };
    let react = |event: ReservationEvent| Cleanings::react(&envelope(1, event));
    assert_eq!(react(left.into()), [HousekeepingCommand::from(request())]);
    let arrived = ReservationCheckedIn {
        property_id: PROPERTY.to_owned(),
        reservation_id: RESERVATION,
        checked_in_at: now(),
    };
    assert_eq!(react(arrived.into()), []);
}

fn envelope<E: Event>(sequence: i64, event: E) -> Envelope<E> {
    let metadata = Metadata {
        id: Uuid::from_u128(sequence.unsigned_abs().into()),
        r#type: event.message_type().wire_type.to_owned(),
        source: "charter://tests".to_owned(),
        tenant_id: "default".to_owned(),
        correlation_id: "test".to_owned(),
        causation_id: None,
        time: now(),
        key: event.key(),
        sequence,
        position: sequence - 1,
        actor: None,
        reply_to: None,
    };
    Envelope { metadata, payload: event }
}
