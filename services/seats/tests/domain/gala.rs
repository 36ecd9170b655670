//! The show `gala` that the tests are about: section `a` with 2 rows of 3 seats, section `b` with 1 row of
//! 2; holds last 300 s and have 4 seats at most.

use std::collections::BTreeMap;

use charter_domain::{Context, Envelope, Message, Metadata, Projection, Timestamp, View};
use contract_seat::{
    ConfirmSeats, ExpireHold, HoldSeats, OpenShow, ReleaseReason, ReleaseSeats, Seat, SeatEvent,
    SeatStatus, SeatsHeld, SeatsReleased, SeatsReserved, Section, ShowOpened,
};
use seats_service::Seats;
use uuid::Uuid;

pub(crate) const SHOW: &str = "gala";
pub(crate) const HOLD_SECONDS: i64 = 300;
pub(crate) const A11: &str = "a-row-1-seat-1";
pub(crate) const A12: &str = "a-row-1-seat-2";
pub(crate) const A13: &str = "a-row-1-seat-3";
pub(crate) const A21: &str = "a-row-2-seat-1";
pub(crate) const A22: &str = "a-row-2-seat-2";
pub(crate) const A23: &str = "a-row-2-seat-3";
pub(crate) const B11: &str = "b-row-1-seat-1";
pub(crate) const B12: &str = "b-row-1-seat-2";
pub(crate) const ALL: [&str; 8] = [A11, A12, A13, A21, A22, A23, B11, B12];

/// So many seconds after the tests' noon.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros((1_800_000_000 + seconds) * 1_000_000)
}

pub(crate) fn hold_id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// The decision of the command `number` at `seconds`.
pub(crate) fn by(number: u128, seconds: i64) -> Context {
    Context::new("default", hold_id(number), at(seconds))
}

pub(crate) fn owned(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

pub(crate) fn section(id: &str, rows: i32, seats_per_row: i32) -> Section {
    Section { section_id: id.to_owned(), rows, seats_per_row }
}

pub(crate) fn open(sections: Vec<Section>) -> OpenShow {
    OpenShow {
        show_id: SHOW.to_owned(),
        title: "Gala".to_owned(),
        sections,
        hold_seconds: 300,
        max_seats_per_hold: 4,
    }
}

pub(crate) fn hold(holder: &str, seats: &[&str]) -> HoldSeats {
    HoldSeats { show_id: SHOW.to_owned(), seat_ids: owned(seats), holder_id: holder.to_owned() }
}

pub(crate) fn confirm(holder: &str, seats: &[&str]) -> ConfirmSeats {
    ConfirmSeats { show_id: SHOW.to_owned(), seat_ids: owned(seats), holder_id: holder.to_owned() }
}

pub(crate) fn release(holder: &str, seats: &[&str]) -> ReleaseSeats {
    ReleaseSeats { show_id: SHOW.to_owned(), seat_ids: owned(seats), holder_id: holder.to_owned() }
}

pub(crate) fn expire(hold: u128) -> ExpireHold {
    ExpireHold { show_id: SHOW.to_owned(), hold_id: hold_id(hold) }
}

pub(crate) fn opened() -> SeatEvent {
    SeatEvent::ShowOpened(ShowOpened {
        show_id: SHOW.to_owned(),
        title: "Gala".to_owned(),
        sections: vec![section("a", 2, 3), section("b", 1, 2)],
        hold_seconds: 300,
        max_seats_per_hold: 4,
        opened_at: at(0),
    })
}

pub(crate) fn held(hold: u128, holder: &str, seats: &[&str], seconds: i64) -> SeatEvent {
    SeatEvent::SeatsHeld(SeatsHeld {
        show_id: SHOW.to_owned(),
        hold_id: hold_id(hold),
        holder_id: holder.to_owned(),
        seat_ids: owned(seats),
        held_at: at(seconds),
        expires_at: at(seconds + HOLD_SECONDS),
    })
}

pub(crate) fn reserved(hold: u128, holder: &str, seats: &[&str], seconds: i64) -> SeatEvent {
    SeatEvent::SeatsReserved(SeatsReserved {
        show_id: SHOW.to_owned(),
        hold_id: hold_id(hold),
        holder_id: holder.to_owned(),
        seat_ids: owned(seats),
        reserved_at: at(seconds),
    })
}

/// Seats of a hold that their holder gives back.
pub(crate) fn released(
    hold: u128,
    holder: &str,
    seats: &[&str],
    from: SeatStatus,
    seconds: i64,
) -> SeatEvent {
    SeatEvent::SeatsReleased(SeatsReleased {
        show_id: SHOW.to_owned(),
        hold_id: hold_id(hold),
        holder_id: holder.to_owned(),
        seat_ids: owned(seats),
        previous_status: from,
        reason: ReleaseReason::Released,
        released_at: at(seconds),
    })
}

/// Held seats of a hold that ran out.
pub(crate) fn expired(hold: u128, holder: &str, seats: &[&str], seconds: i64) -> SeatEvent {
    SeatEvent::SeatsReleased(SeatsReleased {
        show_id: SHOW.to_owned(),
        hold_id: hold_id(hold),
        holder_id: holder.to_owned(),
        seat_ids: owned(seats),
        previous_status: SeatStatus::Held,
        reason: ReleaseReason::Expired,
        released_at: at(seconds),
    })
}

/// The rows of the view `V` after these events.
pub(crate) fn rows<V: View>(events: &[SeatEvent]) -> BTreeMap<V::Key, V>
where
    Seats: Projection<V, Contract = Seat>,
{
    let mut rows: BTreeMap<V::Key, V> = BTreeMap::new();
    for (sequence, event) in (1..).zip(events) {
        let event = envelope(sequence, event.clone());
        let keys = <Seats as Projection<V>>::keys(&event);
        let distinct: std::collections::BTreeSet<_> = keys.iter().collect();
        assert_eq!(distinct.len(), keys.len(), "an event names a row once");
        for key in keys {
            let row = rows.remove(&key);
            if let Some(row) = <Seats as Projection<V>>::apply(&key, row, &event) {
                assert_eq!(row.key(), key, "a row stays under its key");
                rows.insert(key, row);
            }
        }
    }
    rows
}

fn envelope(sequence: i64, event: SeatEvent) -> Envelope<SeatEvent> {
    let metadata = Metadata {
        id: Uuid::from_u128(sequence.unsigned_abs().into()),
        r#type: event.message_type().wire_type.to_owned(),
        source: "charter://seats".to_owned(),
        tenant_id: "default".to_owned(),
        correlation_id: "test".to_owned(),
        causation_id: None,
        time: at(0),
        key: event.key(),
        sequence,
        position: sequence - 1,
        actor: None,
        reply_to: None,
    };
    Envelope { metadata, payload: event }
}
