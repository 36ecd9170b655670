//! The command `charter`.

use std::process::ExitCode;

use charter_codegen::cli::Arguments;
use clap::Parser;

fn main() -> ExitCode {
    Arguments::parse().run()
}
