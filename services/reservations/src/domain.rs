//! The rules of a property: which rooms may be reserved for which nights, and what may become of a
//! reservation.
//!
//! The aggregate is the property's whole inventory, so that two requests for the last room are decided one
//! after the other. A reservation holds a room for every night of its stay while it is `PENDING`,
//! `CONFIRMED` or `CHECKED_IN`; a check-out gives back the nights that have not begun.

mod booking;
mod occupancy;
mod property;

use std::collections::HashSet;
use std::time::Duration;

use charter_domain::{Context, Date, Decider};
use contract_reservation::{
    NightsOpened, OpenNights, OpenProperty, PropertyOpened, Reservation, ReservationCommand,
    ReservationEvent, ReservationRejection, RoomType,
};

pub use booking::MAX_NIGHTS;
use property::Property;

/// How many nights from the day of a decision on are listed as available: two years.
pub const HORIZON_NIGHTS: i32 = 730;

/// How long until the runtime lets the horizon reach further.
pub const HORIZON_STEP: Duration = Duration::from_hours(30 * 24);

/// The state of one property: not open, or its rooms and reservations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reservations {
    property: Option<Property>,
}

type Decision = Result<Vec<ReservationEvent>, ReservationRejection>;

impl Decider for Reservations {
    type Contract = Reservation;

    fn decide(&self, command: &ReservationCommand, context: &Context) -> Decision {
        match command {
            ReservationCommand::OpenProperty(command) => self.open(command, context),
            ReservationCommand::OpenNights(command) => Ok(self.open_nights(command, context)),
            ReservationCommand::CreateReservation(command) => {
                self.property()?.create(command, context)
            }
            ReservationCommand::UpdateReservation(command) => {
                self.property()?.update(command, context)
            }
            ReservationCommand::ConfirmReservation(command) => {
                self.property()?.confirm(command, context)
            }
            ReservationCommand::CancelReservation(command) => {
                self.property()?.cancel(command, context)
            }
            ReservationCommand::CheckInReservation(command) => {
                self.property()?.check_in(command, context)
            }
            ReservationCommand::CheckOutReservation(command) => {
                self.property()?.check_out(command, context)
            }
            ReservationCommand::MarkNoShow(command) => self.property()?.no_show(command, context),
        }
    }

    fn evolve(&mut self, event: &ReservationEvent) {
        if let ReservationEvent::PropertyOpened(event) = event {
            self.property = Some(Property::new(event));
        } else if let Some(property) = &mut self.property {
            property.evolve(event);
        }
    }
}

impl Reservations {
    fn property(&self) -> Result<&Property, ReservationRejection> {
        self.property.as_ref().ok_or(ReservationRejection::PropertyUnknown)
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
        let nights =
            nights_opened(&command.property_id, command.room_types.clone(), today, context);
        Ok(vec![ReservationEvent::PropertyOpened(opened), ReservationEvent::NightsOpened(nights)])
    }

    /// The calendar's wish and no one else's, so what is not due is no refusal.
    fn open_nights(&self, command: &OpenNights, context: &Context) -> Vec<ReservationEvent> {
        let Some(property) = &self.property else { return Vec::new() };
        let Some(from) = property.nights_due(context.time()) else { return Vec::new() };
        let nights = nights_opened(&command.property_id, property.room_types(), from, context);
        vec![ReservationEvent::NightsOpened(nights)]
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
