//! The `core` service as a process of its own.

use std::process::ExitCode;
use std::sync::Arc;

use charter_http::access::AccessFlags;
use charter_http::apart::{self, DatabaseFlags, Exposure, Process, Running, Tables};
use charter_http::{flags, settings::HttpFlags, telemetry::LogFormat};
use clap::Parser;
use contract_gateway::document;
use core_service::{ViewsPart, api, router};

/// Many small values come and go on several threads; see ADR 23.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Reads the views and outcomes that the other services write
#[derive(Debug, Parser)]
#[command(name = "core", version)]
struct Flags {
    /// Address that gateways forward to, `host:port`; with port 0 the system chooses one, which is printed
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:8082", value_parser = flags::address)]
    listen: String,
    #[command(flatten)]
    database: DatabaseFlags,
    #[command(flatten)]
    access: AccessFlags,
    /// How log lines look
    #[arg(long, env = "LOG_FORMAT", default_value = "text")]
    log_format: LogFormat,
}

fn main() -> ExitCode {
    let Flags { listen, database, access, log_format } = Flags::parse();
    let http = HttpFlags::default();
    let process =
        Process { name: "core", listen, log_format, http, access: Some(Exposure::from(&access)) };
    apart::main(process, database.settings(Tables::Others), async |start, database| {
        // Gateways forward the credentials of those who ask, and each process looks at them itself.
        let access = access.control(document::JSON)?;
        let store = start.store(database).await?;
        let api = api(Arc::clone(&store), access)?;
        Ok(Running::reading(Arc::clone(&store)).part(ViewsPart::new(store)).routes(router(&api)))
    })
}
