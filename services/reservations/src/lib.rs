//! The service of the context `reservation`: [`Reservations`] decides its commands and projects its
//! events.

pub mod domain;
mod projection;
mod service;

pub use domain::Reservations;
pub use service::{operations, router, service};
