//! The service of the context `reservation`: [`Reservations`] decides its commands and projects its
//! events.

pub mod domain;
mod projection;

pub use domain::Reservations;
