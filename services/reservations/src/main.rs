//! The `reservations` service as a process of its own.

use std::process::ExitCode;

use charter_engine::Settings;
use charter_http::access::AccessFlags;
use charter_http::apart::{self, EngineFlags, Exposure, Process, RoleFlags, Running, Tables};
use charter_http::flags::{self, RetentionFlags};
use charter_http::settings::{DEFAULT_MAX_LAG, HttpFlags};
use charter_http::telemetry::LogFormat;
use clap::Parser;
use contract_gateway::document;
use contract_reservation::Reservation;
use reservations_service::{operations, router, service};

/// Many small values come and go on several threads; see ADR 23.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Decides and projects the context `reservation`, and takes the commands that gateways forward
#[derive(Debug, Parser)]
#[command(name = "reservations", version)]
struct Flags {
    /// Address that gateways forward to, `host:port`; with port 0 the system chooses one, which is printed
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:8083", value_parser = flags::address)]
    listen: String,
    #[command(flatten)]
    engines: EngineFlags,
    #[command(flatten)]
    roles: RoleFlags,
    #[command(flatten)]
    access: AccessFlags,
    #[command(flatten)]
    retention: RetentionFlags,
    /// How log lines look
    #[arg(long, env = "LOG_FORMAT", default_value = "text")]
    log_format: LogFormat,
}

fn main() -> ExitCode {
    let Flags { listen, engines, roles, access, retention, log_format } = Flags::parse();
    let http = HttpFlags::default();
    let process = Process {
        name: "reservations",
        listen,
        log_format,
        http,
        access: Some(Exposure::from(&access)),
    };
    apart::main(process, engines.settings("reservations", Tables::Own), async |start, engines| {
        // Gateways forward the credentials of those who ask, and each process looks at them itself.
        let access = access.control(document::JSON)?;
        let settings = Settings { roles: roles.roles(), ..retention.settings() };
        let runtime = start.runtime(engines, settings).await?;
        let operations = operations();
        let senders = start.api(
            &runtime,
            document::JSON,
            &operations,
            access,
            DEFAULT_MAX_LAG,
            async |api, runtime| {
                Ok(api.sender(runtime.sender::<Reservation>("charter://reservations").await?))
            },
        );
        let (api, hints) = senders.await?;
        Ok(Running::new(&runtime).hints(hints).routes(router(api)).service(service()))
    })
}
