//! The property `harbour` that the tests are about: 2 rooms `king`, 1 room `twin`, opened at noon of day 0,
//! which is 2026-11-22.

use std::collections::{BTreeMap, BTreeSet};

use charter_avro::codec::Decimal;
use charter_domain::{Context, Date, Envelope, Message, Metadata, Projection, Timestamp, View};
use contract_reservation::{
    CancelReservation, CheckInReservation, CheckOutReservation, ConfirmReservation,
    CreateReservation, MarkNoShow, NightsOpened, OpenNights, OpenProperty, PropertyOpened,
    Reservation, ReservationCancelled, ReservationCheckedIn, ReservationCheckedOut,
    ReservationConfirmed, ReservationCreated, ReservationEvent, ReservationNoShowed,
    ReservationSource, ReservationStatus, ReservationType, ReservationUpdated, RoomType, Stay,
    UpdateReservation,
};
use reservations_service::Reservations;
use uuid::Uuid;

pub(crate) const PROPERTY: &str = "harbour";
pub(crate) const KING: &str = "king";
pub(crate) const TWIN: &str = "twin";

const DAY_SECONDS: i64 = 86_400;

/// The day so many days after day 0.
pub(crate) fn day(number: i32) -> Date {
    Date::from_calendar(2026, 11, 22).expect("a day of the calendar").plus_days(number)
}

/// Noon of the day so many days after day 0, UTC.
pub(crate) fn noon(number: i32) -> Timestamp {
    let seconds = i64::from(day(number).days()) * DAY_SECONDS + DAY_SECONDS / 2;
    Timestamp::from_micros(seconds * 1_000_000)
}

/// The decision of a command at noon of a day.
pub(crate) fn on(number: i32) -> Context {
    Context::new("acme", Uuid::nil(), noon(number))
}

pub(crate) fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

pub(crate) fn stay(room_type: &str, from: i32, until: i32) -> Stay {
    Stay {
        room_type_id: room_type.to_owned(),
        check_in_date: day(from),
        check_out_date: day(until),
    }
}

pub(crate) fn room_types() -> Vec<RoomType> {
    let room_type = |(id, rooms): (&str, i32)| RoomType { room_type_id: id.to_owned(), rooms };
    [(KING, 2), (TWIN, 1)].map(room_type).to_vec()
}

pub(crate) fn open(room_types: Vec<RoomType>) -> OpenProperty {
    OpenProperty { property_id: PROPERTY.to_owned(), name: "Harbour Hotel".to_owned(), room_types }
}

pub(crate) fn open_nights() -> OpenNights {
    OpenNights { property_id: PROPERTY.to_owned() }
}

pub(crate) fn amount(text: &str) -> Decimal<14, 2> {
    text.parse().expect("an amount")
}

/// A guaranteed reservation of a room from one day until another.
pub(crate) fn create(number: u128, room_type: &str, from: i32, until: i32) -> CreateReservation {
    CreateReservation {
        property_id: PROPERTY.to_owned(),
        reservation_id: id(number),
        guaranteed: true,
        guest_id: "guest-81".to_owned(),
        room_type_id: room_type.to_owned(),
        rate_code: Some("BAR".to_owned()),
        check_in_date: day(from),
        check_out_date: day(until),
        source: ReservationSource::Website,
        reservation_type: ReservationType::Transient,
        total_amount: amount("420.00"),
        currency: "EUR".to_owned(),
        notes: Some("Late arrival".to_owned()),
    }
}

/// An update that changes nothing.
pub(crate) fn update(number: u128) -> UpdateReservation {
    UpdateReservation {
        property_id: PROPERTY.to_owned(),
        reservation_id: id(number),
        guest_id: None,
        room_type_id: None,
        rate_code: None,
        check_in_date: None,
        check_out_date: None,
        source: None,
        reservation_type: None,
        total_amount: None,
        currency: None,
        notes: None,
        cleared: Vec::new(),
    }
}

/// An update of the stay alone.
pub(crate) fn moved(number: u128, room_type: &str, from: i32, until: i32) -> UpdateReservation {
    UpdateReservation {
        room_type_id: Some(room_type.to_owned()),
        check_in_date: Some(day(from)),
        check_out_date: Some(day(until)),
        ..update(number)
    }
}

pub(crate) fn confirm(number: u128) -> ConfirmReservation {
    ConfirmReservation { property_id: PROPERTY.to_owned(), reservation_id: id(number) }
}

pub(crate) fn cancel(number: u128) -> CancelReservation {
    let reason = Some("Flight cancelled".to_owned());
    CancelReservation { property_id: PROPERTY.to_owned(), reservation_id: id(number), reason }
}

pub(crate) fn check_in(number: u128) -> CheckInReservation {
    CheckInReservation { property_id: PROPERTY.to_owned(), reservation_id: id(number) }
}

pub(crate) fn check_out(number: u128) -> CheckOutReservation {
    CheckOutReservation { property_id: PROPERTY.to_owned(), reservation_id: id(number) }
}

pub(crate) fn no_show(number: u128) -> MarkNoShow {
    MarkNoShow { property_id: PROPERTY.to_owned(), reservation_id: id(number) }
}

pub(crate) fn opened() -> [ReservationEvent; 2] {
    [
        ReservationEvent::PropertyOpened(PropertyOpened {
            property_id: PROPERTY.to_owned(),
            name: "Harbour Hotel".to_owned(),
            room_types: room_types(),
            opened_at: noon(0),
        }),
        nights_opened(0, 730, 30),
    ]
}

pub(crate) fn nights_opened(from: i32, until: i32, extend_on: i32) -> ReservationEvent {
    ReservationEvent::NightsOpened(NightsOpened {
        property_id: PROPERTY.to_owned(),
        room_types: room_types(),
        from_night: day(from),
        until_night: day(until),
        extend_at: noon(extend_on),
    })
}

/// What [`create`] causes on day 0.
pub(crate) fn created(number: u128, room_type: &str, from: i32, until: i32) -> ReservationEvent {
    created_as(ReservationStatus::Confirmed, &create(number, room_type, from, until))
}

/// What a [`create`] that is not guaranteed causes on day 0.
pub(crate) fn created_pending(
    number: u128,
    room_type: &str,
    from: i32,
    until: i32,
) -> ReservationEvent {
    created_as(ReservationStatus::Pending, &create(number, room_type, from, until))
}

fn created_as(status: ReservationStatus, command: &CreateReservation) -> ReservationEvent {
    let command = command.clone();
    ReservationEvent::ReservationCreated(ReservationCreated {
        property_id: command.property_id,
        reservation_id: command.reservation_id,
        status,
        guaranteed: status == ReservationStatus::Confirmed,
        guest_id: command.guest_id,
        rooms: if command.room_type_id == KING { 2 } else { 1 },
        room_type_id: command.room_type_id,
        rate_code: command.rate_code,
        check_in_date: command.check_in_date,
        check_out_date: command.check_out_date,
        source: command.source,
        reservation_type: command.reservation_type,
        total_amount: command.total_amount,
        currency: command.currency,
        notes: command.notes,
        created_at: noon(0),
    })
}

/// A reservation as [`create`] makes it, updated on day 0 to another stay.
pub(crate) fn updated(number: u128, previous: Stay, now: Stay) -> ReservationUpdated {
    let terms = create(number, KING, 0, 1);
    ReservationUpdated {
        property_id: PROPERTY.to_owned(),
        reservation_id: id(number),
        guest_id: terms.guest_id,
        rooms: if now.room_type_id == KING { 2 } else { 1 },
        room_type_id: now.room_type_id,
        rate_code: terms.rate_code,
        check_in_date: now.check_in_date,
        check_out_date: now.check_out_date,
        source: terms.source,
        reservation_type: terms.reservation_type,
        total_amount: terms.total_amount,
        currency: terms.currency,
        notes: terms.notes,
        previous_stay: previous,
        updated_at: noon(0),
    }
}

pub(crate) fn confirmed(number: u128, on: i32) -> ReservationEvent {
    ReservationEvent::ReservationConfirmed(ReservationConfirmed {
        property_id: PROPERTY.to_owned(),
        reservation_id: id(number),
        confirmed_at: noon(on),
    })
}

pub(crate) fn cancelled(number: u128, stay: Stay, on: i32) -> ReservationEvent {
    ReservationEvent::ReservationCancelled(ReservationCancelled {
        property_id: PROPERTY.to_owned(),
        reservation_id: id(number),
        stay,
        reason: Some("Flight cancelled".to_owned()),
        cancelled_at: noon(on),
    })
}

pub(crate) fn checked_in(number: u128, on: i32) -> ReservationEvent {
    ReservationEvent::ReservationCheckedIn(ReservationCheckedIn {
        property_id: PROPERTY.to_owned(),
        reservation_id: id(number),
        checked_in_at: noon(on),
    })
}

pub(crate) fn checked_out(number: u128, stay: Stay, free_from: i32, on: i32) -> ReservationEvent {
    ReservationEvent::ReservationCheckedOut(ReservationCheckedOut {
        property_id: PROPERTY.to_owned(),
        reservation_id: id(number),
        stay,
        free_from: day(free_from),
        checked_out_at: noon(on),
    })
}

pub(crate) fn no_showed(number: u128, stay: Stay, on: i32) -> ReservationEvent {
    ReservationEvent::ReservationNoShowed(ReservationNoShowed {
        property_id: PROPERTY.to_owned(),
        reservation_id: id(number),
        stay,
        no_showed_at: noon(on),
    })
}

/// The rows of the view `V` after these events.
pub(crate) fn rows<V: View>(events: &[ReservationEvent]) -> BTreeMap<V::Key, V>
where
    Reservations: Projection<V, Contract = Reservation>,
{
    let mut rows: BTreeMap<V::Key, V> = BTreeMap::new();
    for (sequence, event) in (1..).zip(events) {
        let event = envelope(sequence, event.clone());
        let keys = <Reservations as Projection<V>>::keys(&event);
        let distinct: BTreeSet<_> = keys.iter().collect();
        assert_eq!(distinct.len(), keys.len(), "an event names a row once");
        for key in keys {
            let row = rows.remove(&key);
            if let Some(row) = <Reservations as Projection<V>>::apply(&key, row, &event) {
                assert_eq!(row.key(), key, "a row stays under its key");
                rows.insert(key, row);
            }
        }
    }
    rows
}

fn envelope(sequence: i64, event: ReservationEvent) -> Envelope<ReservationEvent> {
    let metadata = Metadata {
        id: id(sequence.unsigned_abs().into()),
        r#type: event.message_type().wire_type.to_owned(),
        source: "charter://reservations".to_owned(),
        tenant_id: "acme".to_owned(),
        correlation_id: "test".to_owned(),
        causation_id: None,
        time: noon(0),
        key: event.key(),
        sequence,
        position: sequence - 1,
        actor: None,
        reply_to: None,
    };
    Envelope { metadata, payload: event }
}
