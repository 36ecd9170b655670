//! The service of the context `housekeeping`: [`Cleanings`] decides its commands, projects its events, and reacts to the
//! hotel's.

pub mod domain;
mod projection;
mod reactor;
mod service;

pub use domain::Cleanings;
pub use service::service;
