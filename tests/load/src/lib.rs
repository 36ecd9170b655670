//! Drives Charter under load, kills it meanwhile, and checks afterwards that nothing was lost.
//!
//! * [`plan`]: the commands of a run, the same ones for the same seed
//! * [`drive`]: clients that send them, in an open or a closed loop, and what they measure
//! * [`history`]: what every client sent and was answered, as it survives the client's end
//! * [`evidence`]: all that is known of a run afterwards: history, log, store, read model
//! * [`check`]: what must be true of it
//! * [`launch`], [`kill`]: the platform or its services as processes, killed under load
//! * [`takeover`]: two owners at work on the same partitions
//! * [`fill`], [`mod@bench`]: a directory full of events, and figures
//! * `floor`: deciding on Kafka and PostgreSQL without HTTP, beside a bare loop that does the same to them
//! * `bare`: a handler that parses and produces and nothing else, beside which the gateway is measured
//! * [`front`]: reads a second
//! * [`push`], [`socket`]: sockets in a room, and how soon they are told
//! * [`overload`]: more than a platform can do, and what becomes of it
//! * [`poison`]: what others notice of commands and rows that can't be processed
//! * [`cli`]: the binary `load`

#[cfg(feature = "kafka")]
pub mod bare;
pub mod bench;
pub mod check;
pub mod cli;
mod client;
pub mod drive;
pub mod evidence;
pub mod fill;
#[cfg(all(feature = "kafka", feature = "postgres"))]
pub mod floor;
pub mod front;
pub mod history;
pub mod kill;
pub mod launch;
mod measure;
pub mod overload;
pub mod plan;
pub mod poison;
mod process;
pub mod push;
pub mod socket;
pub mod takeover;

pub use measure::{Latency, Report};
