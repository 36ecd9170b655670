//! The schema registry on its own: `registry --data-dir DIR --listen ADDRESS`.

use std::process::ExitCode;

fn main() -> ExitCode {
    registry_service::cli::main()
}
