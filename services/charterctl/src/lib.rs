//! `charterctl`: looks into a platform, running or stopped, and asks for repairs.
//!
//! * `flags`: the command line
//! * `reach`: how a platform is reached: over `/operations` of a running one, or by its files while it is stopped
//! * `act`: what each command does
//! * `projection`: the same of `charterctl projection`
//! * `text`: answers as tables
//!
//! Why so: ADR 49.

mod act;
mod flags;
mod projection;
mod reach;
mod text;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use crate::flags::Flags;
use crate::reach::Failure;

/// Reads the command line and does what it says.
///
/// Exit codes: 0 when it was done, 1 when the platform refused it or there is no such thing, 2 when it could not be
/// asked.
#[must_use]
pub fn main() -> ExitCode {
    let flags = Flags::parse();
    let runtime =
        match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return refused(&Failure::Unable(error.to_string())),
        };
    match runtime.block_on(act::act(flags)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => refused(&failure),
    }
}

fn refused(failure: &Failure) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "charterctl: {failure}");
    ExitCode::from(match failure {
        Failure::Refused(_) => 1,
        Failure::Unable(_) => 2,
    })
}
