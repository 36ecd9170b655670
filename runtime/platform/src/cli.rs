//! The binary: flags, the two signals, and errors as one line that says what to do.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use charter_engine::ServiceError;
use charter_http::access::{AccessCommand, AccessFlags};
use charter_http::flags::{Durability, RetentionFlags, address};
use charter_http::settings::HttpFlags;
use charter_http::telemetry::{self, LogFormat};
use charter_http::traces;
use clap::Parser;

use crate::composition::Composition;
use crate::greeting::greeting;
use crate::platform::{Options, Platform, StartError};

/// Every service of Charter in one process: gateway, schema registry, command and query services on an
/// embedded log and SQLite.
#[derive(Debug, Parser)]
#[command(name = "platform", version)]
struct Flags {
    /// Directory that holds everything; made when absent
    #[arg(long, env = "DATA_DIR", default_value = "data")]
    data_dir: PathBuf,
    /// Address of the gateway, `host:port`; with port 0 the system chooses one, which is printed
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:8080", value_parser = address)]
    listen: String,
    /// Address of the schema registry
    #[arg(long, env = "REGISTRY_LISTEN", default_value = "127.0.0.1:8081", value_parser = address)]
    registry_listen: String,
    /// Another Confluent-compatible registry to use; then none is started here
    #[arg(long, env = "SCHEMA_REGISTRY_URL")]
    schema_registry_url: Option<String>,
    /// Look schemas up only, never register one
    #[arg(long, env = "SCHEMA_REGISTRY_READ_ONLY", value_parser = clap::builder::FalseyValueParser::new())]
    schema_registry_read_only: bool,
    /// What an accepted command survives: the loss of `power`, or of this `process` only (faster)
    #[arg(long, env = "DURABILITY", default_value = "power")]
    durability: Durability,
    #[command(flatten)]
    retention: RetentionFlags,
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

/// Reads the command line and runs a platform that holds `composition`, until SIGINT or SIGTERM.
///
/// Exit codes: 0 after a clean end, 1 when it could not start or broke off, 2 when the command line can't
/// be read.
#[must_use]
pub fn main(composition: Composition) -> ExitCode {
    let flags = Flags::parse();
    if let Some(command) = &flags.command {
        return command.run("platform", composition.contract.json);
    }
    telemetry::log_to_stderr(flags.log_format);
    telemetry::introduce("platform");
    registry_service::describe_metrics();
    // Dropped last: what ends the process may be worth a span.
    let _traces = match traces::begin("platform") {
        Ok(traces) => traces,
        Err(error) => {
            eprintln!("platform: {error}");
            return ExitCode::from(2);
        }
    };
    let ended = tokio::runtime::Runtime::new()
        .map_err(StartError::from)
        .and_then(|runtime| runtime.block_on(run(flags, composition)));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("platform: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(flags: Flags, composition: Composition) -> Result<(), StartError> {
    // Signals are caught before anything is printed: whoever reads it may send one.
    let shutdown = telemetry::shutdown_signal()?;
    let options = Options {
        data_dir: flags.data_dir,
        listen: flags.listen,
        registry_listen: flags.registry_listen,
        schema_registry_url: flags.schema_registry_url,
        schema_registry_read_only: flags.schema_registry_read_only,
        relaxed_durability: flags.durability == Durability::Process,
        retention: flags.retention,
        access: flags.access,
        http: flags.http,
    };
    let trials = composition.trials;
    let platform = match Platform::start(composition, options, shutdown.clone()).await {
        Ok(platform) => platform,
        // Told to end while it still waited for something.
        Err(StartError::Service(ServiceError::Stopping)) => return Ok(()),
        Err(error) => return Err(error),
    };
    print(&greeting(platform.addresses(), trials));
    platform.run(|| print("ready\n")).await
}

fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    // A reader that went away is no reason to stop serving.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
