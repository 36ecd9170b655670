//! The views of a property, row by row.

use contract_reservation::{
    AvailabilityView, PropertyView, ReservationEvent, ReservationStatus, ReservationView,
};

use crate::harbour::{
    KING, TWIN, cancelled, checked_in, checked_out, confirmed, created, created_pending, day,
    nights_opened, noon, opened, room_types, rows, stay, updated,
};

fn history(events: impl IntoIterator<Item = ReservationEvent>) -> Vec<ReservationEvent> {
    opened().into_iter().chain(events).collect()
}

/// (booked, free) of the nights from one day until another, where they have a row.
fn nights(events: &[ReservationEvent], room_type: &str, from: i32, until: i32) -> Vec<(i32, i32)> {
    let rows = rows::<AvailabilityView>(events);
    let rows = rows.values().filter(|row| row.room_type_id == room_type);
    rows.filter(|row| day(from) <= row.night && row.night < day(until))
        .map(|row| (row.booked, row.free))
        .collect()
}

#[test]
fn an_open_property_has_all_rooms_free_for_two_years() {
    let rows = rows::<AvailabilityView>(&opened());
    assert_eq!(rows.len(), 730 * 2);
    assert!(rows.values().all(|row| row.booked == 0 && row.free == row.rooms));
    let first = rows.values().next().expect("a row");
    assert_eq!((first.room_type_id.as_str(), first.night, first.rooms), (KING, day(0), 2));
    let last = rows.values().last().expect("a row");
    assert_eq!((last.room_type_id.as_str(), last.night, last.rooms), (TWIN, day(729), 1));
}

#[test]
fn a_reservation_takes_a_room_for_its_nights_only() {
    let events = history([created(1, KING, 3, 5), created_pending(2, KING, 4, 6)]);
    assert_eq!(nights(&events, KING, 2, 7), [(0, 2), (1, 1), (2, 0), (1, 1), (0, 2)]);
    assert_eq!(nights(&events, TWIN, 2, 7), [(0, 1); 5]);
}

#[test]
fn a_changed_stay_moves_its_rooms() {
    let longer = updated(1, stay(KING, 3, 6), stay(KING, 4, 8));
    let events = history([created(1, KING, 3, 6), ReservationEvent::ReservationUpdated(longer)]);
    assert_eq!(nights(&events, KING, 3, 9), [(0, 2), (1, 1), (1, 1), (1, 1), (1, 1), (0, 2)]);
    let other = updated(1, stay(KING, 4, 8), stay(TWIN, 4, 8));
    let events: Vec<_> =
        events.into_iter().chain([ReservationEvent::ReservationUpdated(other)]).collect();
    assert_eq!(nights(&events, KING, 3, 9), [(0, 2); 6]);
    assert_eq!(nights(&events, TWIN, 4, 8), [(1, 0); 4]);
}

#[test]
fn an_early_check_out_frees_the_rest() {
    let events =
        history([created(1, TWIN, 3, 6), checked_in(1, 3), checked_out(1, stay(TWIN, 3, 6), 4, 4)]);
    assert_eq!(nights(&events, TWIN, 3, 6), [(1, 0), (0, 1), (0, 1)]);
}

#[test]
fn a_night_past_the_horizon_has_a_row_once_it_was_booked_and_keeps_it_when_nights_open() {
    let far = [created(1, KING, 735, 737)];
    let events = history(far);
    assert_eq!(nights(&events, KING, 728, 760), [(0, 2), (0, 2), (1, 1), (1, 1)]);
    let events: Vec<_> = events.into_iter().chain([nights_opened(730, 760, 60)]).collect();
    let expected: Vec<_> =
        (730..760).map(|night| if (735..737).contains(&night) { (1, 1) } else { (0, 2) }).collect();
    assert_eq!(nights(&events, KING, 730, 800), expected);
}

#[test]
fn a_property_is_viewed_as_it_was_opened() {
    let properties: Vec<PropertyView> =
        rows(&history([created(1, KING, 3, 5)])).into_values().collect();
    let [property] = properties.as_slice() else {
        panic!("one property, found {}", properties.len())
    };
    assert_eq!(property.name, "Harbour Hotel");
    assert_eq!(property.room_types, room_types());
    assert_eq!(property.opened_at, noon(0));
}

#[test]
fn a_reservation_is_viewed_as_it_stands() {
    let view = |events: &[ReservationEvent]| {
        let mut rows = rows::<ReservationView>(events).into_values();
        let row = rows.next().expect("a reservation");
        assert_eq!(rows.next(), None);
        row
    };
    let mut events = history([created_pending(1, KING, 3, 5)]);
    let pending = view(&events);
    assert_eq!(pending.status, ReservationStatus::Pending);
    assert!(!pending.guaranteed);
    assert_eq!((pending.created_at, pending.updated_at), (noon(0), noon(0)));
    assert_eq!((pending.check_in_date, pending.check_out_date), (day(3), day(5)));

    events.push(confirmed(1, 1));
    let mut change = updated(1, stay(KING, 3, 5), stay(KING, 3, 6));
    change.notes = None;
    change.updated_at = noon(2);
    events.push(ReservationEvent::ReservationUpdated(change));
    let changed = view(&events);
    assert_eq!(changed.status, ReservationStatus::Confirmed);
    assert_eq!((changed.notes, changed.check_out_date), (None, day(6)));
    assert_eq!((changed.created_at, changed.updated_at), (noon(0), noon(2)));

    events.push(cancelled(1, stay(KING, 3, 6), 3));
    let over = view(&events);
    assert_eq!(over.status, ReservationStatus::Cancelled);
    assert_eq!(over.cancellation_reason.as_deref(), Some("Flight cancelled"));
    assert_eq!(over.updated_at, noon(3));
}
