//! The `gateway` service as a process of its own.

use std::process::ExitCode;

use charter_engine::Settings;
use charter_engine::operate::Operator;
use charter_http::access::{AccessCommand, AccessFlags};
use charter_http::apart::{
    self, EngineFlags, Exposure, FlagError, Process, Running, Tables, upstream,
};
use charter_http::{flags, operations, settings::HttpFlags, telemetry::LogFormat};
use clap::Parser;
use contract_gateway::{document, push};
use gateway_service::{Elsewhere, rooms, router, senders};

/// Many small values come and go on several threads; see ADR 23.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The HTTP gateway: every operation of the contract, served here or forwarded
#[derive(Debug, Parser)]
#[command(name = "gateway", version)]
struct Flags {
    /// Address of the API, `host:port`; with port 0 the system chooses one, which is printed
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:8080", value_parser = flags::address)]
    listen: String,
    #[command(flatten)]
    engines: EngineFlags,
    /// The `core` service, `http://host:8082`, several separated by commas; without it, reads are served here
    #[arg(long, env = "CORE_URL")]
    core_url: Option<String>,
    /// The `reservations` service, `http://host:8083`, several separated by commas; without it, its commands
    /// are taken here
    #[arg(long, env = "RESERVATIONS_URL")]
    reservations_url: Option<String>,
    #[command(flatten)]
    access: AccessFlags,
    #[command(flatten)]
    http: HttpFlags,
    /// How log lines look
    #[arg(long, env = "LOG_FORMAT", default_value = "text")]
    log_format: LogFormat,
    /// Something else than to serve
    #[command(subcommand)]
    command: Option<AccessCommand>,
}

impl Flags {
    fn elsewhere(&self) -> Result<Elsewhere, FlagError> {
        let core = upstream("CORE_URL", "core", self.core_url.as_deref())?;
        let url = self.reservations_url.as_deref();
        let reservations = upstream("RESERVATIONS_URL", "reservations", url)?;
        let services = reservations.map(|upstream| ("reservations".to_owned(), upstream));
        Ok(Elsewhere { core, services: services.into_iter().collect() })
    }
}

fn main() -> ExitCode {
    let flags = Flags::parse();
    if let Some(command) = &flags.command {
        return command.run("gateway", document::JSON);
    }
    let settings = flags
        .engines
        .settings("gateway", Tables::Others)
        .and_then(|engines| Ok((engines, flags.elsewhere()?)));
    let Flags { listen, http, access, log_format, .. } = flags;
    let (limits, max_lag, pushing) = (http.limits(), http.max_lag, http.push.settings());
    let exposure = Some(Exposure::from(&access));
    let process = Process { name: "gateway", listen, log_format, http, access: exposure };
    apart::main(process, settings, async |start, (engines, elsewhere)| {
        let access = access.control(document::JSON)?.limited(limits);
        let runtime = start.runtime(engines, Settings::default()).await?;
        let (json, served) = (document::JSON, gateway_service::operations());
        let started = start.api(&runtime, json, &served, access, max_lag, senders).await?;
        let (api, hints) = started;
        let push = start.push(&runtime, pushing, push::ROOMS, rooms).await?;
        let operate = operations::routes(Operator::new(&runtime), &api);
        let routes = router(api, &elsewhere, push.clone()).merge(operate);
        Ok(Running::new(&runtime).hints(hints).push(push).routes(routes))
    })
}
