//! The rules of a property: which rooms may be reserved for which nights, and what may become of a
//! reservation.
//!
//! The aggregate is the property's whole inventory, so that two requests for the last room are decided one
//! after the other. A reservation holds a room for every night of its stay while it is PENDING, CONFIRMED
//! or CHECKED_IN; a check-out gives back the nights that have not begun.

mod booking;
mod occupancy;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use charter_domain::{Context, Date, Decider, Timestamp};
use contract_reservation::{
    CancelReservation, CheckInReservation, CheckOutReservation, ConfirmReservation,
    CreateReservation, MarkNoShow, NightsFull, NightsOpened, OpenNights, OpenProperty,
    PropertyOpened, Reservation as Contract, ReservationCancelled, ReservationCheckedIn,
    ReservationCheckedOut, ReservationCommand, ReservationConfirmed, ReservationCreated,
    ReservationEvent, ReservationNoShowed, ReservationRejection, ReservationStatus,
    ReservationUpdated, RoomType, StatusConflict, Stay, UpdateReservation,
};
use uuid::Uuid;

pub use booking::MAX_NIGHTS;
use booking::{Booking, Reservation, Step, Terms, covers, has_valid_dates};
use occupancy::Occupancy;

/// How many nights from the day of a decision on are listed as available: two years.
pub const HORIZON_NIGHTS: i32 = 730;

/// How long until the runtime lets the horizon reach further.
pub const HORIZON_STEP: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How many nights without a free room a refusal names at most.
const MAX_NIGHTS_NAMED: usize = 31;

/// The state of one property: not open, or its rooms and reservations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reservations {
    property: Option<Property>,
}

#[derive(Clone, Debug, PartialEq)]
struct Property {
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

type Decision = Result<Vec<ReservationEvent>, ReservationRejection>;

impl Decider for Reservations {
    type Contract = Contract;

    fn decide(&self, command: &ReservationCommand, context: &Context) -> Decision {
        match command {
            ReservationCommand::OpenProperty(command) => self.open(command, context),
            ReservationCommand::OpenNights(command) => Ok(self.open_nights(command, context)),
            ReservationCommand::CreateReservation(command) => self.property()?.create(command, context),
            ReservationCommand::UpdateReservation(command) => self.property()?.update(command, context),
            ReservationCommand::ConfirmReservation(command) => self.property()?.confirm(command, context),
            ReservationCommand::CancelReservation(command) => self.property()?.cancel(command, context),
            ReservationCommand::CheckInReservation(command) => self.property()?.check_in(command, context),
            ReservationCommand::CheckOutReservation(command) => {
                self.property()?.check_out(command, context)
            }
            ReservationCommand::MarkNoShow(command) => self.property()?.no_show(command, context),
        }
    }

    fn evolve(&mut self, event: &ReservationEvent) {
        match event {
            ReservationEvent::PropertyOpened(event) => self.property = Some(Property::new(event)),
            ReservationEvent::NightsOpened(event) => self.on_property(|it| it.on_nights_opened(event)),
            ReservationEvent::ReservationCreated(event) => self.on_property(|it| it.on_created(event)),
            ReservationEvent::ReservationConfirmed(event) => {
                self.on_property(|it| it.on_status(event.reservation_id, ReservationStatus::Confirmed));
            }
            ReservationEvent::ReservationUpdated(event) => self.on_property(|it| it.on_updated(event)),
            ReservationEvent::ReservationCancelled(event) => self.on_property(|it| {
                it.on_over(event.reservation_id, ReservationStatus::Cancelled, None);
            }),
            ReservationEvent::ReservationCheckedIn(event) => {
                self.on_property(|it| it.on_status(event.reservation_id, ReservationStatus::CheckedIn));
            }
            ReservationEvent::ReservationCheckedOut(event) => self.on_property(|it| {
                let from = Some(event.free_from);
                it.on_over(event.reservation_id, ReservationStatus::CheckedOut, from);
            }),
            ReservationEvent::ReservationNoShowed(event) => self.on_property(|it| {
                it.on_over(event.reservation_id, ReservationStatus::NoShow, None);
            }),
        }
    }
}

impl Reservations {
    fn property(&self) -> Result<&Property, ReservationRejection> {
        self.property.as_ref().ok_or(ReservationRejection::PropertyUnknown)
    }

    fn on_property(&mut self, change: impl FnOnce(&mut Property)) {
        if let Some(property) = &mut self.property {
            change(property);
        }
    }

    fn open(&self, command: &OpenProperty, context: &Context) -> Decision {
        if self.property.is_some() {
            return Err(ReservationRejection::PropertyExists);
        }
        let mut room_types = HashSet::new();
        if !command.room_types.iter().all(|room_type| room_types.insert(&room_type.room_type_id)) {
            return Err(ReservationRejection::RoomTypeRepeated);
        }
        let opened = PropertyOpened {
            property_id: command.property_id.clone(),
            name: command.name.clone(),
            room_types: command.room_types.clone(),
            opened_at: context.time(),
        };
        let today = context.time().date();
        let nights = nights_opened(&command.property_id, command.room_types.clone(), today, context);
        Ok(vec![ReservationEvent::PropertyOpened(opened), ReservationEvent::NightsOpened(nights)])
    }

    /// The calendar's wish and no one else's, so what is not due is no refusal.
    fn open_nights(&self, command: &OpenNights, context: &Context) -> Vec<ReservationEvent> {
        let Some(property) = &self.property else { return Vec::new() };
        match property.horizon {
            Some(horizon) if horizon.extend_at <= context.time() => {
                let room_types = property.stock.iter().map(|stock| stock.room_type.clone()).collect();
                let from = horizon.until_night;
                let nights = nights_opened(&command.property_id, room_types, from, context);
                vec![ReservationEvent::NightsOpened(nights)]
            }
            Some(_) | None => Vec::new(),
        }
    }
}

fn nights_opened(
    property_id: &str,
    room_types: Vec<RoomType>,
    from_night: Date,
    context: &Context,
) -> NightsOpened {
    NightsOpened {
        property_id: property_id.to_owned(),
        room_types,
        from_night,
        until_night: context.time().date().plus_days(HORIZON_NIGHTS).max(from_night),
        extend_at: context.time() + HORIZON_STEP,
    }
}

impl Property {
    fn new(event: &PropertyOpened) -> Self {
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

    fn create(&self, command: &CreateReservation, context: &Context) -> Decision {
        if self.reservations.contains_key(&command.reservation_id) {
            return Err(ReservationRejection::ReservationExists);
        }
        let Terms { guest_id, stay, rate_code, source, reservation_type, total_amount, currency, notes } =
            Terms::from(command);
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

    fn update(&self, command: &UpdateReservation, context: &Context) -> Decision {
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

    fn confirm(&self, command: &ConfirmReservation, context: &Context) -> Decision {
        self.booking(command.reservation_id, Step::Confirm)?;
        Ok(vec![ReservationEvent::ReservationConfirmed(ReservationConfirmed {
            property_id: command.property_id.clone(),
            reservation_id: command.reservation_id,
            confirmed_at: context.time(),
        })])
    }

    fn cancel(&self, command: &CancelReservation, context: &Context) -> Decision {
        let booking = self.booking(command.reservation_id, Step::Cancel)?;
        Ok(vec![ReservationEvent::ReservationCancelled(ReservationCancelled {
            property_id: command.property_id.clone(),
            reservation_id: command.reservation_id,
            stay: booking.terms.stay.clone(),
            reason: command.reason.clone(),
            cancelled_at: context.time(),
        })])
    }

    fn check_in(&self, command: &CheckInReservation, context: &Context) -> Decision {
        self.booking(command.reservation_id, Step::CheckIn)?;
        Ok(vec![ReservationEvent::ReservationCheckedIn(ReservationCheckedIn {
            property_id: command.property_id.clone(),
            reservation_id: command.reservation_id,
            checked_in_at: context.time(),
        })])
    }

    fn check_out(&self, command: &CheckOutReservation, context: &Context) -> Decision {
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

    fn no_show(&self, command: &MarkNoShow, context: &Context) -> Decision {
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

    fn on_booked(&mut self, stay: &Stay, change: impl FnOnce(&mut Occupancy)) {
        let mut stock = self.stock.iter_mut();
        let stock = stock.find(|stock| stock.room_type.room_type_id == stay.room_type_id);
        if let Some(stock) = stock {
            change(&mut stock.booked);
        }
    }

    fn on_nights_opened(&mut self, event: &NightsOpened) {
        self.horizon =
            Some(Horizon { until_night: event.until_night, extend_at: event.extend_at });
    }

    fn on_created(&mut self, event: &ReservationCreated) {
        let terms = Terms::from(event);
        self.on_booked(&terms.stay, |booked| booked.book(event.check_in_date, event.check_out_date));
        let booking = Box::new(Booking { status: event.status, terms });
        self.reservations.insert(event.reservation_id, Reservation::Open(booking));
    }

    fn on_updated(&mut self, event: &ReservationUpdated) {
        let previous = &event.previous_stay;
        self.on_booked(previous, |booked| booked.free(previous.check_in_date, previous.check_out_date));
        let terms = Terms::from(event);
        self.on_booked(&terms.stay, |booked| booked.book(event.check_in_date, event.check_out_date));
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
            let from = free_from.unwrap_or(stay.check_in_date);
            self.on_booked(stay, |booked| booked.free(from, stay.check_out_date));
        }
    }
}
