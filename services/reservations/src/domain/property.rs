//! One property: its rooms, how many of them are booked on which nights, and its reservations.

use std::collections::HashMap;

use charter_domain::{Context, Date, Timestamp};
use contract_reservation::{
    CancelReservation, CheckInReservation, CheckOutReservation, ConfirmReservation,
    CreateReservation, MarkNoShow, NightsFull, NightsOpened, PropertyOpened, ReservationCancelled,
    ReservationCheckedIn, ReservationCheckedOut, ReservationConfirmed, ReservationCreated,
    ReservationEvent, ReservationNoShowed, ReservationRejection, ReservationStatus,
    ReservationUpdated, RoomType, StatusConflict, Stay, UpdateReservation,
};
use uuid::Uuid;

use super::Decision;
use super::booking::{Booking, Reservation, Step, Terms, covers, has_valid_dates};
use super::occupancy::Occupancy;

/// How many nights without a free room a refusal names at most.
const MAX_NIGHTS_NAMED: usize = 31;

/// The inventory of one property.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Property {
    /// In the order given.
    stock: Vec<Stock>,
    reservations: HashMap<Uuid, Reservation>,
    horizon: Option<Horizon>,
}

/// The rooms of one type.
#[derive(Clone, Debug, PartialEq)]
struct Stock {
    room_type: RoomType,
    booked: Occupancy,
}

/// How far the availability is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Horizon {
    until_night: Date,
    extend_at: Timestamp,
}

impl Property {
    pub(super) fn new(event: &PropertyOpened) -> Self {
        let stock = |room_type: &RoomType| Stock {
            room_type: room_type.clone(),
            booked: Occupancy::default(),
        };
        Self {
            stock: event.room_types.iter().map(stock).collect(),
            reservations: HashMap::new(),
            horizon: None,
        }
    }

    pub(super) fn evolve(&mut self, event: &ReservationEvent) {
        match event {
            ReservationEvent::PropertyOpened(_) => {}
            ReservationEvent::NightsOpened(event) => self.on_nights_opened(event),
            ReservationEvent::ReservationCreated(event) => self.on_created(event),
            ReservationEvent::ReservationUpdated(event) => self.on_updated(event),
            ReservationEvent::ReservationConfirmed(event) => {
                self.on_status(event.reservation_id, ReservationStatus::Confirmed);
            }
            ReservationEvent::ReservationCheckedIn(event) => {
                self.on_status(event.reservation_id, ReservationStatus::CheckedIn);
            }
            ReservationEvent::ReservationCancelled(event) => {
                self.on_over(event.reservation_id, ReservationStatus::Cancelled, None);
            }
            ReservationEvent::ReservationNoShowed(event) => {
                self.on_over(event.reservation_id, ReservationStatus::NoShow, None);
            }
            ReservationEvent::ReservationCheckedOut(event) => {
                let from = Some(event.free_from);
                self.on_over(event.reservation_id, ReservationStatus::CheckedOut, from);
            }
        }
    }

    /// The property's rooms, in the order given.
    pub(super) fn room_types(&self) -> Vec<RoomType> {
        self.stock.iter().map(|stock| stock.room_type.clone()).collect()
    }

    /// The first night that is not listed as available yet, where it is time to list more.
    pub(super) fn nights_due(&self, time: Timestamp) -> Option<Date> {
        let due = self.horizon.filter(|horizon| horizon.extend_at <= time)?;
        Some(due.until_night)
    }

    pub(super) fn create(&self, command: &CreateReservation, context: &Context) -> Decision {
        if self.reservations.contains_key(&command.reservation_id) {
            return Err(ReservationRejection::ReservationExists);
        }
        let Terms {
            guest_id,
            stay,
            rate_code,
            source,
            reservation_type,
            total_amount,
            currency,
            notes,
        } = Terms::from(command);
        let rooms = self.available(&stay, None)?;
        Ok(vec![ReservationEvent::ReservationCreated(ReservationCreated {
            property_id: command.property_id.clone(),
            reservation_id: command.reservation_id,
            status: if command.guaranteed {
                ReservationStatus::Confirmed
            } else {
                ReservationStatus::Pending
            },
            guaranteed: command.guaranteed,
            guest_id,
            room_type_id: stay.room_type_id,
            rate_code,
            check_in_date: stay.check_in_date,
            check_out_date: stay.check_out_date,
            source,
            reservation_type,
            total_amount,
            currency,
            notes,
            rooms,
            created_at: context.time(),
        })])
    }

    pub(super) fn update(&self, command: &UpdateReservation, context: &Context) -> Decision {
        let booking = self.booking(command.reservation_id, Step::Update)?;
        let updated = booking.terms.updated(command);
        if updated == booking.terms {
            return Ok(Vec::new());
        }
        let previous_stay = booking.terms.stay.clone();
        let rooms = if updated.stay == previous_stay {
            self.rooms(&previous_stay.room_type_id)
        } else {
            self.available(&updated.stay, Some(&previous_stay))?
        };
        Ok(vec![ReservationEvent::ReservationUpdated(ReservationUpdated {
            property_id: command.property_id.clone(),
            reservation_id: command.reservation_id,
            guest_id: updated.guest_id,
            room_type_id: updated.stay.room_type_id,
            rate_code: updated.rate_code,
            check_in_date: updated.stay.check_in_date,
            check_out_date: updated.stay.check_out_date,
            source: updated.source,
            reservation_type: updated.reservation_type,
            total_amount: updated.total_amount,
            currency: updated.currency,
            notes: updated.notes,
            previous_stay,
            rooms,
            updated_at: context.time(),
        })])
    }

    pub(super) fn confirm(&self, command: &ConfirmReservation, context: &Context) -> Decision {
        self.booking(command.reservation_id, Step::Confirm)?;
        Ok(vec![ReservationEvent::ReservationConfirmed(ReservationConfirmed {
            property_id: command.property_id.clone(),
            reservation_id: command.reservation_id,
            confirmed_at: context.time(),
        })])
    }

    pub(super) fn cancel(&self, command: &CancelReservation, context: &Context) -> Decision {
        let booking = self.booking(command.reservation_id, Step::Cancel)?;
        Ok(vec![ReservationEvent::ReservationCancelled(ReservationCancelled {
            property_id: command.property_id.clone(),
            reservation_id: command.reservation_id,
            stay: booking.terms.stay.clone(),
            reason: command.reason.clone(),
            cancelled_at: context.time(),
        })])
    }

    pub(super) fn check_in(&self, command: &CheckInReservation, context: &Context) -> Decision {
        self.booking(command.reservation_id, Step::CheckIn)?;
        Ok(vec![ReservationEvent::ReservationCheckedIn(ReservationCheckedIn {
            property_id: command.property_id.clone(),
            reservation_id: command.reservation_id,
            checked_in_at: context.time(),
        })])
    }

    pub(super) fn check_out(&self, command: &CheckOutReservation, context: &Context) -> Decision {
        let stay = self.booking(command.reservation_id, Step::CheckOut)?.terms.stay.clone();
        let today = context.time().date();
        Ok(vec![ReservationEvent::ReservationCheckedOut(ReservationCheckedOut {
            property_id: command.property_id.clone(),
            reservation_id: command.reservation_id,
            free_from: today.max(stay.check_in_date).min(stay.check_out_date),
            stay,
            checked_out_at: context.time(),
        })])
    }

    pub(super) fn no_show(&self, command: &MarkNoShow, context: &Context) -> Decision {
        let booking = self.booking(command.reservation_id, Step::NoShow)?;
        Ok(vec![ReservationEvent::ReservationNoShowed(ReservationNoShowed {
            property_id: command.property_id.clone(),
            reservation_id: command.reservation_id,
            stay: booking.terms.stay.clone(),
            no_showed_at: context.time(),
        })])
    }

    /// The reservation, where its status allows `step`.
    fn booking(&self, id: Uuid, step: Step) -> Result<&Booking, ReservationRejection> {
        let reservation =
            self.reservations.get(&id).ok_or(ReservationRejection::ReservationUnknown)?;
        match reservation {
            Reservation::Open(booking) if step.allowed().contains(&booking.status) => Ok(booking),
            Reservation::Open(_) | Reservation::Over(_) => {
                Err(ReservationRejection::InvalidStatus(StatusConflict {
                    status: reservation.status(),
                    allowed: step.allowed().to_vec(),
                }))
            }
        }
    }

    /// How many rooms of its type the property has, where one is free on every night of `stay`; the
    /// nights of `own`, which the reservation holds already, count as free. A room type that the property
    /// doesn't have has no rooms.
    fn available(&self, stay: &Stay, own: Option<&Stay>) -> Result<i32, ReservationRejection> {
        if !has_valid_dates(stay) {
            return Err(ReservationRejection::InvalidDates);
        }
        let rooms = self.rooms(&stay.room_type_id);
        let limit = u32::try_from(rooms).unwrap_or(0);
        let booked = self.stock(&stay.room_type_id).map(|stock| &stock.booked);
        let own = own.filter(|own| own.room_type_id == stay.room_type_id);
        let is_full = |night: &Date| {
            let held = u32::from(own.is_some_and(|own| covers(own, *night)));
            booked.map_or(0, |booked| booked.on(*night)).saturating_sub(held) >= limit
        };
        let nights = stay.check_in_date.until(stay.check_out_date);
        let full: Vec<Date> = nights.filter(is_full).take(MAX_NIGHTS_NAMED).collect();
        if full.is_empty() {
            Ok(rooms)
        } else {
            let room_type_id = stay.room_type_id.clone();
            Err(ReservationRejection::NoAvailability(NightsFull { room_type_id, nights: full }))
        }
    }

    fn rooms(&self, room_type_id: &str) -> i32 {
        self.stock(room_type_id).map_or(0, |stock| stock.room_type.rooms)
    }

    fn stock(&self, room_type_id: &str) -> Option<&Stock> {
        self.stock.iter().find(|stock| stock.room_type.room_type_id == room_type_id)
    }

    fn booked(&mut self, room_type_id: &str) -> Option<&mut Occupancy> {
        let mut stock = self.stock.iter_mut();
        let stock = stock.find(|stock| stock.room_type.room_type_id == room_type_id)?;
        Some(&mut stock.booked)
    }

    fn book(&mut self, stay: &Stay) {
        if let Some(booked) = self.booked(&stay.room_type_id) {
            booked.book(stay.check_in_date, stay.check_out_date);
        }
    }

    /// The nights of `stay` from `from` on are free again.
    fn free(&mut self, stay: &Stay, from: Date) {
        if let Some(booked) = self.booked(&stay.room_type_id) {
            booked.free(from, stay.check_out_date);
        }
    }

    fn on_nights_opened(&mut self, event: &NightsOpened) {
        let (until_night, extend_at) = (event.until_night, event.extend_at);
        self.horizon = Some(Horizon { until_night, extend_at });
    }

    fn on_created(&mut self, event: &ReservationCreated) {
        let terms = Terms::from(event);
        self.book(&terms.stay);
        let booking = Box::new(Booking { status: event.status, terms });
        self.reservations.insert(event.reservation_id, Reservation::Open(booking));
    }

    fn on_updated(&mut self, event: &ReservationUpdated) {
        let terms = Terms::from(event);
        self.free(&event.previous_stay, event.previous_stay.check_in_date);
        self.book(&terms.stay);
        if let Some(Reservation::Open(booking)) = self.reservations.get_mut(&event.reservation_id) {
            booking.terms = terms;
        }
    }

    fn on_status(&mut self, id: Uuid, status: ReservationStatus) {
        if let Some(Reservation::Open(booking)) = self.reservations.get_mut(&id) {
            booking.status = status;
        }
    }

    /// The reservation is over and its nights are free, those before `free_from` excepted.
    fn on_over(&mut self, id: Uuid, status: ReservationStatus, free_from: Option<Date>) {
        let over = self.reservations.insert(id, Reservation::Over(status));
        if let Some(Reservation::Open(booking)) = over {
            let stay = &booking.terms.stay;
            self.free(stay, free_from.unwrap_or(stay.check_in_date));
        }
    }
}
