//! The binary: see [`load_tests::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    load_tests::cli::main()
}
