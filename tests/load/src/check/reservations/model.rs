//! One property.

use std::collections::{BTreeMap, HashSet};

use charter_domain::{Date, Timestamp};
use contract_reservation::{
    AvailabilityView, CreateReservation, OpenProperty, PropertyOpened, PropertyView,
    ReservationEvent, ReservationStatus, ReservationView, Stay, UpdateReservation,
};
use uuid::Uuid;

use crate::check::Code;

use ReservationStatus::{Cancelled, CheckedIn, CheckedOut, Confirmed, NoShow, Pending};

pub(super) const CONFIRM: &[ReservationStatus] = &[Pending];
/// And of a no-show.
pub(super) const CANCEL: &[ReservationStatus] = &[Pending, Confirmed];
pub(super) const CHECK_IN: &[ReservationStatus] = &[Confirmed];
pub(super) const CHECK_OUT: &[ReservationStatus] = &[CheckedIn];
const UPDATE: &[ReservationStatus] = &[Pending, Confirmed, CheckedIn];

/// The longest stay, in nights, by the contract.
const MOST_NIGHTS: i64 = 3_653;

/// A property, its reservations and what they book.
#[derive(Debug)]
pub(super) struct Property {
    opened: PropertyOpened,
    reservations: BTreeMap<Uuid, ReservationView>,
    /// Booked rooms by type and night: of every night that was opened or booked.
    booked: BTreeMap<(String, Date), i32>,
}

/// What opening a property has to end as.
pub(super) fn open(property: Option<&Property>, it: &OpenProperty) -> Result<(), &'static str> {
    if property.is_some() {
        return Err("PROPERTY_EXISTS");
    }
    let types: HashSet<&str> = it.room_types.iter().map(|it| it.room_type_id.as_str()).collect();
    if types.len() < it.room_types.len() { Err("ROOM_TYPE_REPEATED") } else { Ok(()) }
}

fn nights(stay: &Stay) -> impl Iterator<Item = Date> {
    stay.check_in_date.until(stay.check_out_date)
}

fn stay_of(row: &ReservationView) -> Stay {
    Stay {
        room_type_id: row.room_type_id.clone(),
        check_in_date: row.check_in_date,
        check_out_date: row.check_out_date,
    }
}

impl Property {
    pub(super) fn new(opened: PropertyOpened) -> Self {
        Self { opened, reservations: BTreeMap::new(), booked: BTreeMap::new() }
    }

    fn rooms(&self, room_type: &str) -> i32 {
        let types = &self.opened.room_types;
        types.iter().find(|it| it.room_type_id == room_type).map_or(0, |it| it.rooms)
    }

    /// Whether there is a room for a stay, where the nights of `own` are free for it.
    fn is_free(&self, stay: &Stay, own: Option<&Stay>) -> Result<(), &'static str> {
        if !(1..=MOST_NIGHTS).contains(&stay.check_in_date.days_until(stay.check_out_date)) {
            return Err("INVALID_DATES");
        }
        let rooms = self.rooms(&stay.room_type_id);
        let is_full = |night: Date| {
            let own = own.is_some_and(|own| {
                own.room_type_id == stay.room_type_id
                    && own.check_in_date <= night
                    && night < own.check_out_date
            });
            let booked = self.booked.get(&(stay.room_type_id.clone(), night));
            booked.copied().unwrap_or(0) - i32::from(own) >= rooms
        };
        if nights(stay).any(is_full) { Err("NO_AVAILABILITY") } else { Ok(()) }
    }

    pub(super) fn create(&self, it: &CreateReservation) -> Result<(), &'static str> {
        if self.reservations.contains_key(&it.reservation_id) {
            return Err("RESERVATION_EXISTS");
        }
        let stay = Stay {
            room_type_id: it.room_type_id.clone(),
            check_in_date: it.check_in_date,
            check_out_date: it.check_out_date,
        };
        self.is_free(&stay, None)
    }

    pub(super) fn update(&self, it: &UpdateReservation) -> Result<(), &'static str> {
        self.step(it.reservation_id, UPDATE)?;
        let row = &self.reservations[&it.reservation_id];
        let own = stay_of(row);
        let wanted = Stay {
            room_type_id: it.room_type_id.clone().unwrap_or_else(|| own.room_type_id.clone()),
            check_in_date: it.check_in_date.unwrap_or(own.check_in_date),
            check_out_date: it.check_out_date.unwrap_or(own.check_out_date),
        };
        if wanted == own { Ok(()) } else { self.is_free(&wanted, Some(&own)) }
    }

    /// Whether a reservation is in one of these statuses.
    pub(super) fn step(&self, id: Uuid, allowed: &[ReservationStatus]) -> Result<(), &'static str> {
        let row = self.reservations.get(&id).ok_or("RESERVATION_UNKNOWN")?;
        if allowed.contains(&row.status) { Ok(()) } else { Err("INVALID_STATUS") }
    }

    pub(super) fn apply(&mut self, event: &ReservationEvent, tell: &mut impl FnMut(Code, String)) {
        match event {
            ReservationEvent::PropertyOpened(_) => {}
            ReservationEvent::NightsOpened(event) => {
                for night in event.from_night.until(event.until_night) {
                    for it in &event.room_types {
                        self.booked.entry((it.room_type_id.clone(), night)).or_default();
                    }
                }
            }
            ReservationEvent::ReservationCreated(it) => {
                let row = ReservationView {
                    property_id: it.property_id.clone(),
                    reservation_id: it.reservation_id,
                    status: it.status,
                    guaranteed: it.guaranteed,
                    guest_id: it.guest_id.clone(),
                    room_type_id: it.room_type_id.clone(),
                    rate_code: it.rate_code.clone(),
                    check_in_date: it.check_in_date,
                    check_out_date: it.check_out_date,
                    source: it.source,
                    reservation_type: it.reservation_type,
                    total_amount: it.total_amount,
                    currency: it.currency.clone(),
                    notes: it.notes.clone(),
                    cancellation_reason: None,
                    created_at: it.created_at,
                    updated_at: it.created_at,
                };
                self.book(&stay_of(&row), tell);
                if self.reservations.insert(it.reservation_id, row).is_some() {
                    tell(Code::DecisionDiffers, format!("{} was there already", it.reservation_id));
                }
            }
            ReservationEvent::ReservationUpdated(it) => {
                let Some(row) = self.open_row(it.reservation_id, UPDATE, it.updated_at, tell)
                else {
                    return;
                };
                let before = stay_of(row);
                row.guest_id.clone_from(&it.guest_id);
                row.room_type_id.clone_from(&it.room_type_id);
                row.rate_code.clone_from(&it.rate_code);
                row.check_in_date = it.check_in_date;
                row.check_out_date = it.check_out_date;
                row.source = it.source;
                row.reservation_type = it.reservation_type;
                row.total_amount = it.total_amount;
                row.currency.clone_from(&it.currency);
                row.notes.clone_from(&it.notes);
                let after = stay_of(row);
                if before != it.previous_stay {
                    tell(
                        Code::DecisionDiffers,
                        format!(
                            "{} stayed {before:?} before, found {:?}",
                            it.reservation_id, it.previous_stay
                        ),
                    );
                }
                self.free(&before, before.check_in_date);
                self.book(&after, tell);
            }
            ReservationEvent::ReservationConfirmed(it) => {
                self.move_to(it.reservation_id, CONFIRM, Confirmed, it.confirmed_at, tell);
            }
            ReservationEvent::ReservationCheckedIn(it) => {
                self.move_to(it.reservation_id, CHECK_IN, CheckedIn, it.checked_in_at, tell);
            }
            ReservationEvent::ReservationCancelled(it) => {
                let id = it.reservation_id;
                let stay = self.move_to(id, CANCEL, Cancelled, it.cancelled_at, tell);
                if let Some(row) = self.reservations.get_mut(&id) {
                    row.cancellation_reason.clone_from(&it.reason);
                }
                self.give_back(stay, None);
            }
            ReservationEvent::ReservationNoShowed(it) => {
                let stay = self.move_to(it.reservation_id, CANCEL, NoShow, it.no_showed_at, tell);
                self.give_back(stay, None);
            }
            ReservationEvent::ReservationCheckedOut(it) => {
                let id = it.reservation_id;
                let stay = self.move_to(id, CHECK_OUT, CheckedOut, it.checked_out_at, tell);
                self.give_back(stay, Some(it.free_from));
            }
        }
    }

    /// The row of a reservation whose status allows an event.
    fn open_row(
        &mut self,
        id: Uuid,
        allowed: &[ReservationStatus],
        time: Timestamp,
        tell: &mut impl FnMut(Code, String),
    ) -> Option<&mut ReservationView> {
        if let Err(code) = self.step(id, allowed) {
            tell(
                Code::DecisionDiffers,
                format!("reservation {id}: {code}, and an event nevertheless"),
            );
        }
        let row = self.reservations.get_mut(&id)?;
        row.updated_at = time;
        Some(row)
    }

    fn move_to(
        &mut self,
        id: Uuid,
        allowed: &[ReservationStatus],
        status: ReservationStatus,
        time: Timestamp,
        tell: &mut impl FnMut(Code, String),
    ) -> Option<Stay> {
        let row = self.open_row(id, allowed, time, tell)?;
        row.status = status;
        Some(stay_of(row))
    }

    fn give_back(&mut self, stay: Option<Stay>, from: Option<Date>) {
        if let Some(stay) = stay {
            self.free(&stay, from.unwrap_or(stay.check_in_date));
        }
    }

    fn book(&mut self, stay: &Stay, tell: &mut impl FnMut(Code, String)) {
        let rooms = self.rooms(&stay.room_type_id);
        for night in nights(stay) {
            let booked = self.booked.entry((stay.room_type_id.clone(), night)).or_default();
            *booked += 1;
            if *booked > rooms {
                tell(
                    Code::Overbooked,
                    format!(
                        "{booked} of {rooms} rooms `{}` are booked on {night}",
                        stay.room_type_id
                    ),
                );
            }
        }
    }

    fn free(&mut self, stay: &Stay, from: Date) {
        for night in from.max(stay.check_in_date).until(stay.check_out_date) {
            if let Some(booked) = self.booked.get_mut(&(stay.room_type_id.clone(), night)) {
                *booked -= 1;
            }
        }
    }

    pub(super) fn row(&self) -> PropertyView {
        PropertyView {
            property_id: self.opened.property_id.clone(),
            name: self.opened.name.clone(),
            room_types: self.opened.room_types.clone(),
            opened_at: self.opened.opened_at,
        }
    }

    pub(super) fn nights(&self) -> impl Iterator<Item = AvailabilityView> {
        self.booked.iter().map(|((room_type_id, night), booked)| {
            let rooms = self.rooms(room_type_id);
            AvailabilityView {
                property_id: self.opened.property_id.clone(),
                room_type_id: room_type_id.clone(),
                night: *night,
                rooms,
                booked: *booked,
                free: rooms - booked,
            }
        })
    }

    pub(super) fn reservations(&self) -> impl Iterator<Item = ReservationView> {
        self.reservations.values().cloned()
    }
}
