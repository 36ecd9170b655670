//! One reservation: its terms, its status, and which status allows what.

use charter_avro::codec::Decimal;
use charter_domain::Date;
use contract_reservation::{
    CreateReservation, ReservationCreated, ReservationSource, ReservationStatus, ReservationType,
    ReservationUpdated, Stay, UpdateReservation,
};

/// The longest stay: ten years. It bounds how many nights one event touches.
pub const MAX_NIGHTS: i64 = 3_653;

/// What can be done to a reservation that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Confirm,
    Update,
    Cancel,
    CheckIn,
    CheckOut,
    NoShow,
}

impl Step {
    /// The statuses that allow it.
    pub(super) fn allowed(self) -> &'static [ReservationStatus] {
        use ReservationStatus::{CheckedIn, Confirmed, Pending};
        match self {
            Self::Confirm => &[Pending],
            Self::Update => &[Pending, Confirmed, CheckedIn],
            Self::Cancel | Self::NoShow => &[Pending, Confirmed],
            Self::CheckIn => &[Confirmed],
            Self::CheckOut => &[CheckedIn],
        }
    }
}

/// A reservation as the aggregate remembers it. One that is over only keeps its status.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Reservation {
    /// `PENDING`, `CONFIRMED` or `CHECKED_IN`.
    Open(Box<Booking>),
    /// `CHECKED_OUT`, `CANCELLED` or `NO_SHOW`.
    Over(ReservationStatus),
}

impl Reservation {
    pub(super) fn status(&self) -> ReservationStatus {
        match self {
            Self::Open(booking) => booking.status,
            Self::Over(status) => *status,
        }
    }
}

/// A reservation that holds a room.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Booking {
    pub(super) status: ReservationStatus,
    pub(super) terms: Terms,
}

/// What was agreed on.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Terms {
    pub(super) guest_id: String,
    pub(super) stay: Stay,
    pub(super) rate_code: Option<String>,
    pub(super) source: ReservationSource,
    pub(super) reservation_type: ReservationType,
    pub(super) total_amount: Decimal<14, 2>,
    pub(super) currency: String,
    pub(super) notes: Option<String>,
}

impl Terms {
    /// These terms with what an update changes.
    pub(super) fn updated(&self, change: &UpdateReservation) -> Self {
        let kept = |name: &str, new: &Option<String>, old: &Option<String>| match new {
            Some(new) => Some(new.clone()),
            None if change.cleared.iter().any(|field| field == name) => None,
            None => old.clone(),
        };
        let text = |new: &Option<String>, old: &String| new.as_ref().unwrap_or(old).clone();
        Self {
            guest_id: text(&change.guest_id, &self.guest_id),
            stay: Stay {
                room_type_id: text(&change.room_type_id, &self.stay.room_type_id),
                check_in_date: change.check_in_date.unwrap_or(self.stay.check_in_date),
                check_out_date: change.check_out_date.unwrap_or(self.stay.check_out_date),
            },
            rate_code: kept("rateCode", &change.rate_code, &self.rate_code),
            source: change.source.unwrap_or(self.source),
            reservation_type: change.reservation_type.unwrap_or(self.reservation_type),
            total_amount: change.total_amount.unwrap_or(self.total_amount),
            currency: text(&change.currency, &self.currency),
            notes: kept("notes", &change.notes, &self.notes),
        }
    }
}

macro_rules! terms_from {
    ($message:ty) => {
        impl From<&$message> for Terms {
            fn from(message: &$message) -> Self {
                Self {
                    guest_id: message.guest_id.clone(),
                    stay: Stay {
                        room_type_id: message.room_type_id.clone(),
                        check_in_date: message.check_in_date,
                        check_out_date: message.check_out_date,
                    },
                    rate_code: message.rate_code.clone(),
                    source: message.source,
                    reservation_type: message.reservation_type,
                    total_amount: message.total_amount,
                    currency: message.currency.clone(),
                    notes: message.notes.clone(),
                }
            }
        }
    };
}

terms_from!(CreateReservation);
terms_from!(ReservationCreated);
terms_from!(ReservationUpdated);

/// Whether the stay has at least one night and at most [`MAX_NIGHTS`]. Which day it is does not matter.
pub(super) fn has_valid_dates(stay: &Stay) -> bool {
    (1..=MAX_NIGHTS).contains(&stay.check_in_date.days_until(stay.check_out_date))
}

/// Whether `night` is one of the stay's.
pub(super) fn covers(stay: &Stay, night: Date) -> bool {
    stay.check_in_date <= night && night < stay.check_out_date
}
