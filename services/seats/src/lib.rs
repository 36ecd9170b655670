//! The service of the context `seat`: [`Seats`] decides its commands and projects its events.

pub mod domain;
mod projection;

pub use domain::Seats;
