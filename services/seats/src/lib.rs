//! The service of the context `seat`: [`Seats`] decides its commands and projects its events.

pub mod domain;
mod projection;
mod service;

pub use domain::Seats;
pub use service::service;
