//! A row a room type and night: every night within the horizon that the property opened, and each night
//! beyond it that was ever booked.

use charter_domain::{Date, Envelope, Message, Projection};
use contract_reservation::{
    AvailabilityView, AvailabilityViewKey, Reservation, ReservationEvent, Stay,
};

use crate::domain::Reservations;

/// What an event does to the rooms booked on some nights.
#[derive(Debug, Default)]
struct Change {
    booked: Option<Nights>,
    freed: Option<Nights>,
    /// How many rooms of the type booked the property has: for a night that has no row yet.
    rooms: i32,
}

/// Nights of rooms of one type.
#[derive(Debug, PartialEq, Eq)]
struct Nights {
    room_type_id: String,
    from: Date,
    /// Not one of them.
    until: Date,
}

impl Nights {
    fn of(stay: &Stay) -> Self {
        Self {
            room_type_id: stay.room_type_id.clone(),
            from: stay.check_in_date,
            until: stay.check_out_date,
        }
    }

    fn covers(&self, room_type_id: &str, night: Date) -> bool {
        self.room_type_id == room_type_id && self.from <= night && night < self.until
    }
}

impl Change {
    /// What `event` does; nothing where it books and frees no room.
    fn of(event: &ReservationEvent) -> Self {
        match event {
            ReservationEvent::PropertyOpened(_)
            | ReservationEvent::NightsOpened(_)
            | ReservationEvent::ReservationConfirmed(_)
            | ReservationEvent::ReservationCheckedIn(_) => Self::default(),
            ReservationEvent::ReservationCreated(event) => Self {
                booked: Some(Nights {
                    room_type_id: event.room_type_id.clone(),
                    from: event.check_in_date,
                    until: event.check_out_date,
                }),
                freed: None,
                rooms: event.rooms,
            },
            ReservationEvent::ReservationUpdated(event) => {
                let booked = Nights {
                    room_type_id: event.room_type_id.clone(),
                    from: event.check_in_date,
                    until: event.check_out_date,
                };
                let freed = Nights::of(&event.previous_stay);
                if booked == freed {
                    return Self::default();
                }
                Self { booked: Some(booked), freed: Some(freed), rooms: event.rooms }
            }
            ReservationEvent::ReservationCancelled(event) => Self::freed(Nights::of(&event.stay)),
            ReservationEvent::ReservationNoShowed(event) => Self::freed(Nights::of(&event.stay)),
            ReservationEvent::ReservationCheckedOut(event) => {
                Self::freed(Nights { from: event.free_from, ..Nights::of(&event.stay) })
            }
        }
    }

    fn freed(nights: Nights) -> Self {
        Self { freed: Some(nights), ..Self::default() }
    }

    /// By how much the rooms booked on a night change.
    fn on(&self, room_type_id: &str, night: Date) -> i32 {
        let covered = |nights: &Option<Nights>| {
            i32::from(nights.as_ref().is_some_and(|nights| nights.covers(room_type_id, night)))
        };
        covered(&self.booked) - covered(&self.freed)
    }
}

impl Projection<AvailabilityView> for Reservations {
    type Contract = Reservation;

    fn keys(event: &Envelope<ReservationEvent>) -> Vec<AvailabilityViewKey> {
        let property_id = event.payload.key();
        let key = |room_type_id: &str, night| AvailabilityViewKey {
            property_id: property_id.clone(),
            room_type_id: room_type_id.to_owned(),
            night,
        };
        if let ReservationEvent::NightsOpened(event) = &event.payload {
            let nights = event.from_night.until(event.until_night);
            return nights
                .flat_map(|night| event.room_types.iter().map(move |it| (it, night)))
                .map(|(it, night)| key(&it.room_type_id, night))
                .collect();
        }
        let change = Change::of(&event.payload);
        let touched = change.freed.iter().chain(&change.booked);
        let mut keys: Vec<AvailabilityViewKey> = touched
            .flat_map(|nights| nights.from.until(nights.until).map(move |night| (nights, night)))
            // A night that is freed and booked again stays as it is.
            .filter(|(nights, night)| change.on(&nights.room_type_id, *night) != 0)
            .map(|(nights, night)| key(&nights.room_type_id, night))
            .collect();
        keys.sort_unstable();
        keys
    }

    fn apply(
        AvailabilityViewKey { property_id, room_type_id, night }: &AvailabilityViewKey,
        row: Option<AvailabilityView>,
        event: &Envelope<ReservationEvent>,
    ) -> Option<AvailabilityView> {
        let untouched = |rooms| AvailabilityView {
            property_id: property_id.clone(),
            room_type_id: room_type_id.clone(),
            night: *night,
            rooms,
            booked: 0,
            free: rooms,
        };
        if let ReservationEvent::NightsOpened(event) = &event.payload {
            let room_type = event.room_types.iter().find(|it| it.room_type_id == *room_type_id);
            // A night that was booked before it was opened has its row already.
            return row.or_else(|| room_type.map(|it| untouched(it.rooms)));
        }
        let change = Change::of(&event.payload);
        let row = row.unwrap_or_else(|| untouched(change.rooms));
        let booked = row.booked + change.on(room_type_id, *night);
        Some(AvailabilityView { booked, free: row.rooms - booked, ..row })
    }
}
