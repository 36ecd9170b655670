//! Every service of Charter in one process.

use std::process::ExitCode;

fn main() -> ExitCode {
    platform_service::cli::main()
}
