//! What leads to a cleaning, and one that nothing leads to.

use charter_domain::Message as _;
use contract_housekeeping::{
    CleaningRequested, CleaningStatus, CleaningView, Housekeeping, HousekeepingCommand,
    RequestCleaning,
};
use contract_reservation::{
    CheckInReservation, CheckOutReservation, Reservation, ReservationCheckedIn,
    ReservationCheckedOut, ReservationCommand, Stay,
};

use super::story::{Decided, at, id, night};

/// The guest of the only stay comes and leaves.
pub(super) fn stay_ended() -> Vec<Decided<Reservation>> {
    let (property_id, reservation_id) = ("inn".to_owned(), id(101));
    let decided = |n, at, command: ReservationCommand, event| Decided {
        id: id(n),
        at,
        kind: command.message_type().wire_type,
        command: Some(command),
        key: "inn",
        events: vec![event],
        code: None,
    };
    let check_in = CheckInReservation { property_id: property_id.clone(), reservation_id };
    let arrived = ReservationCheckedIn {
        property_id: property_id.clone(),
        reservation_id,
        checked_in_at: at(4),
    };
    let check_out = CheckOutReservation { property_id: property_id.clone(), reservation_id };
    let left = ReservationCheckedOut {
        property_id,
        reservation_id,
        stay: Stay {
            room_type_id: "king".to_owned(),
            check_in_date: night(1),
            check_out_date: night(2),
        },
        free_from: night(2),
        checked_out_at: at(5),
    };
    vec![
        decided(14, 4, check_in.into(), arrived.into()),
        decided(15, 5, check_out.into(), left.into()),
    ]
}

/// A cleaning that no stay asks for.
pub(super) fn requested() -> Decided<Housekeeping> {
    let CleaningView { property_id, reservation_id, room_type_id, left_at, .. } = cleaning();
    let command = RequestCleaning {
        property_id: property_id.clone(),
        reservation_id,
        room_type_id: room_type_id.clone(),
        left_at,
    };
    let event = CleaningRequested {
        property_id,
        reservation_id,
        room_type_id,
        left_at,
        occurred_at: at(6),
    };
    let command = HousekeepingCommand::from(command);
    Decided {
        id: id(21),
        at: 6,
        kind: command.message_type().wire_type,
        command: Some(command),
        key: "inn",
        events: vec![event.into()],
        code: None,
    }
}

/// What the view says of it.
pub(super) fn cleaning() -> CleaningView {
    CleaningView {
        property_id: "inn".to_owned(),
        reservation_id: id(101),
        room_type_id: "king".to_owned(),
        status: CleaningStatus::Dirty,
        left_at: at(5),
        updated_at: at(6),
    }
}
