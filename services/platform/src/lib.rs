//! The platform of this workspace: embedded log, SQLite, schema registry, every context's service and the gateway in
//! one process. What any platform consists of is `charter-platform`'s.
//!
//! * `contexts`: what it holds, a line a context

mod contexts;
mod trials;

pub use charter_platform::{Addresses, Options, Platform, StartError};
pub use contexts::all;
