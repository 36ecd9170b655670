//! A whole platform in one process: embedded log, SQLite, schema registry, gateway, and the services that it is
//! given. Nothing else needs to be installed.
//!
//! The crate knows no context. A workspace says what its platform holds in a [`Composition`], a line a context, and
//! its `main` is [`main`].
//!
//! * [`Composition`]: the contract, the services, the pages
//! * [`main`]: flags, signals, exit codes
//! * [`Platform`]: what is started, in which order, and how it ends

mod cli;
mod composition;
mod greeting;
mod platform;

pub use charter_portal::{Asset, Page, Portal};
pub use cli::main;
pub use composition::Composition;
pub use platform::{Addresses, Options, Platform, StartError};
