//! Drives Charter under load, kills it meanwhile, and checks afterwards that nothing was lost.
//!
//! * [`plan`]: the commands of a run, the same ones for the same seed
//! * [`drive`]: clients that send them, in an open or a closed loop, and what they measure
//! * [`history`]: what every client sent and was answered, as it survives the client's end
//! * [`cli`]: the binary `load`

pub mod cli;
mod client;
pub mod drive;
pub mod history;
mod measure;
pub mod plan;
mod process;

pub use measure::{Latency, Report};
