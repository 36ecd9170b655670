//! The binary: see [`load_tests::cli`].

use std::process::ExitCode;

/// As the services have it: the floor is measured beside them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    load_tests::cli::main()
}
