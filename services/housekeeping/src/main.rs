//! The `housekeeping` service as a process of its own.

use std::process::ExitCode;

use charter_engine::Settings;
use charter_http::apart::{self, EngineFlags, Process, RoleFlags, Running, Tables};
use charter_http::flags::{self, RetentionFlags};
use charter_http::{settings::HttpFlags, telemetry::LogFormat};
use clap::Parser;

/// Decides and projects the context `housekeeping`, and asks for the rooms that guests have left
#[derive(Debug, Parser)]
#[command(name = "housekeeping", version)]
struct Flags {
    /// Address of health and metrics, `host:port`; with port 0 the system chooses one, which is printed
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:8085", value_parser = flags::address)]
    listen: String,
    #[command(flatten)]
    engines: EngineFlags,
    #[command(flatten)]
    roles: RoleFlags,
    #[command(flatten)]
    retention: RetentionFlags,
    /// How log lines look
    #[arg(long, env = "LOG_FORMAT", default_value = "text")]
    log_format: LogFormat,
}

fn main() -> ExitCode {
    let Flags { listen, engines, roles, retention, log_format } = Flags::parse();
    let http = HttpFlags::default();
    let process = Process { name: "housekeeping", listen, log_format, http, access: None };
    apart::main(process, engines.settings("housekeeping", Tables::Own), async |start, engines| {
        let settings = Settings { roles: roles.roles(), ..retention.settings() };
        let runtime = start.runtime(engines, settings).await?;
        Ok(Running::new(&runtime).service(housekeeping_service::service()))
    })
}
