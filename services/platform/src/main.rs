//! Every service of Charter in one process.

use std::process::ExitCode;

/// Many small values come and go on several threads; see ADR 23.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    charter_platform::main(platform_service::all())
}
