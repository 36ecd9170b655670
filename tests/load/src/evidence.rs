//! What is known of a run: the clients' history, and everything that log and store hold afterwards.
//!
//! It is read through the log and store traits, so that the same check runs on the embedded platform and on
//! Apache Kafka with PostgreSQL; what those traits don't list (all outcomes there are) is asked of the
//! database itself.

mod embedded;
#[cfg(all(feature = "kafka", feature = "postgres"))]
mod engines;
mod gather;

use std::collections::HashMap;

use charter_domain::{Contract, Envelope, Timestamp};
use charter_engine::store::{Checkpoint, StoredEvent};
use contract_housekeeping::{CleaningView, Housekeeping};
use contract_reservation::{AvailabilityView, PropertyView, Reservation, ReservationView};
use contract_seat::{ReservedSeatView, Seat, SeatView, SectionStatsView, ShowStatsView, ShowView};
use contract_shared::Outcome;
use uuid::Uuid;

use crate::history::Record;

pub use embedded::{read_directory, read_embedded};
#[cfg(all(feature = "kafka", feature = "postgres"))]
pub use engines::Engines;

/// Everything that is known of a run.
#[derive(Debug, Default)]
pub struct Evidence {
    /// What clients sent and were answered.
    pub history: Vec<Record>,
    /// All outcomes of the store, by command.
    pub inbox: HashMap<Uuid, InboxRow>,
    /// Seats, by partition.
    pub seat: Vec<Partition<Seat>>,
    /// Reservations, by partition.
    pub reservation: Vec<Partition<Reservation>>,
    /// Cleanings, by partition: nobody sends them but a reactor, so commands after the checkpoint are left out.
    pub housekeeping: Vec<Partition<Housekeeping>>,
    /// How far housekeeping's reactor has come in each partition of the reservations, -1 for not begun.
    pub reacted: Vec<(u32, i64)>,
    /// The read model.
    pub views: Views,
}

/// An outcome in the store.
#[derive(Clone, Debug, PartialEq)]
pub struct InboxRow {
    /// How the command ended.
    pub outcome: Outcome,
    /// The command's offset; `None` for a deadline's.
    pub offset: Option<u64>,
}

/// One partition of a context.
#[derive(Debug)]
pub struct Partition<C: Contract> {
    /// Its number.
    pub number: u32,
    /// The command topic, in order.
    pub commands: Vec<Logged<C::Command>>,
    /// Where its owner stands.
    pub checkpoint: Option<Checkpoint>,
    /// The history, by position.
    pub events: Vec<Stored<C::Event>>,
    /// The event topic, in order.
    pub published: Vec<Published>,
    /// Whether the event topic holds all that was ever published.
    pub published_from_start: bool,
    /// Deadlines that are not decided.
    pub deadlines: Vec<OpenDeadline>,
    /// The position that the read model has come to, -1 for none.
    pub projected: i64,
    /// Aggregates that the read model has set aside, with the reason.
    pub parked: Vec<(String, String)>,
}

/// A record of a command topic.
#[derive(Debug)]
pub struct Logged<M> {
    /// Its offset.
    pub offset: u64,
    /// When the log took it.
    pub time: Timestamp,
    /// The command.
    pub envelope: Envelope<M>,
}

/// A row of the history.
#[derive(Debug)]
pub struct Stored<M> {
    /// The row's columns.
    pub row: StoredEvent,
    /// The event, read from the row's bytes.
    pub envelope: Envelope<M>,
}

/// A record of an event topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Its offset.
    pub offset: u64,
    /// Its position, from the envelope.
    pub position: i64,
    /// The envelope's bytes without the registry's id.
    pub bytes: Vec<u8>,
}

/// A deadline that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenDeadline {
    /// The event that set it.
    pub event_id: Uuid,
    /// Its place among that event's.
    pub index: u32,
    /// When it is due.
    pub due: Timestamp,
}

/// The rows of all views, each with its tenant.
#[derive(Debug, Default)]
pub struct Views {
    /// Shows.
    pub shows: Vec<(String, ShowView)>,
    /// Seats.
    pub seats: Vec<(String, SeatView)>,
    /// Counts by show.
    pub show_stats: Vec<(String, ShowStatsView)>,
    /// Counts by section.
    pub section_stats: Vec<(String, SectionStatsView)>,
    /// Reserved seats.
    pub reserved: Vec<(String, ReservedSeatView)>,
    /// Properties.
    pub properties: Vec<(String, PropertyView)>,
    /// Free rooms.
    pub availability: Vec<(String, AvailabilityView)>,
    /// Reservations.
    pub reservations: Vec<(String, ReservationView)>,
    /// Cleanings.
    pub cleanings: Vec<(String, CleaningView)>,
}
