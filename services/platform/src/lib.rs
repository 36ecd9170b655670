//! The whole platform in one process: embedded log, SQLite, schema registry, every context's service and
//! the gateway. Nothing else needs to be installed.
//!
//! * [`cli`]: flags, signals, exit codes
//! * [`Platform`]: what is started, in which order, and how it ends
//! * `contexts`: the contexts it holds, a line each

pub mod cli;
mod contexts;
mod greeting;
mod platform;

pub use platform::{Addresses, Options, Platform, StartError};
