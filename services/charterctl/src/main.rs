//! `charterctl`: what operators ask of a platform.

use std::process::ExitCode;

fn main() -> ExitCode {
    charterctl_service::main()
}
