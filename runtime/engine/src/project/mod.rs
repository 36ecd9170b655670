//! Projecting events into views, exactly once: a task for each partition of the event topic.
//!
//! The rows and how far they have come are committed together. A task first reads from the store what it
//! has not projected, then follows the event topic; where the topic jumps, it reads the store again.
//! Another version of the views is made beside the one that is read, and read in its place when it is there (ADR 53).

mod builds;
mod fold;
mod follow;
mod step;
mod views;

pub(crate) use builds::{begin, part, run};
pub(crate) use views::Views;
