//! All services of {{ project.title }} in one process.

mod contexts;

use std::process::ExitCode;

/// Many small values come and go on several threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    charter_platform::main(contexts::all())
}
