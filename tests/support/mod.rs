//! What tests drive as a client does: the platform as one process, or each service as some.

#![allow(dead_code, unreachable_pub, unused_imports, reason = "each test target uses its part")]

mod binaries;
mod client;
#[cfg(all(feature = "kafka", feature = "postgres"))]
pub mod cluster;
pub mod collector;
mod platform;
mod redis;
#[cfg(all(feature = "kafka", feature = "postgres"))]
pub mod relay;
mod until;
pub mod world;

pub use binaries::{binary, services};
pub use client::{Answer, Client};
pub use platform::{Platform, command};
pub use redis::Redis;
pub use until::until;
