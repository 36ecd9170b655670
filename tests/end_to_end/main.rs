//! The platform as a newcomer runs it: one process, everything real, driven through its API.

#[path = "../support/mod.rs"]
mod support;

mod contract;
mod gateway;
mod process;
mod proxy;
mod reservation;
mod seat;
