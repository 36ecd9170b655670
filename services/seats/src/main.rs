//! The `seats` service as a process of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    charter_engine::standalone::refuse("seats")
}
