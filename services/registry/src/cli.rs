//! The binary: flags, the two signals, and errors as one line that says what to do.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use crate::access::{self, Keys, KeysError, Role};
use crate::{OpenError, RegistryConfig};

/// A Confluent-compatible schema registry for Avro.
#[derive(Parser)]
#[command(name = "registry", version)]
pub struct Options {
    /// Directory of the registry's own for its database; made when absent
    #[arg(long, env = "DATA_DIR", default_value = "data/registry")]
    pub data_dir: PathBuf,
    /// PostgreSQL to keep the data in instead, for any number of instances:
    /// `postgres://user:password@host:5432/database?sslmode=verify-full`
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Schema of the registry's own in that database; made when absent
    #[arg(long, env = "DATABASE_SCHEMA", default_value = "charter_registry")]
    pub database_schema: String,
    /// The most connections to that database
    #[arg(long, env = "DATABASE_CONNECTIONS", default_value_t = 8, value_parser = clap::value_parser!(u32).range(2..=1000))]
    pub database_connections: u32,
    /// File with the API keys to take, one a line, as `registry key` prints them; without it every
    /// request is taken
    #[arg(long, env = "API_KEYS", value_name = "FILE")]
    pub api_keys: Option<PathBuf>,
    /// Address to listen on; with port 0 the system chooses one, which is printed
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:8081")]
    pub listen: SocketAddr,
    /// How much to log to stderr: `info` (also a line for each request), `debug`, or a filter such
    /// as `registry_service=debug`
    #[arg(long, env = "LOG", default_value = "warn")]
    pub log: String,
    /// How to write the log
    #[arg(long, env = "LOG_FORMAT", default_value = "text")]
    pub log_format: LogFormat,
    /// Something else than to serve
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What the binary does beside serving.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Make an API key: its secret is shown this once, and the line for the file of `--api-keys`
    Key {
        /// Name of the key, which clients give as the user: letters, digits, `_`, `.`, `-`
        name: String,
        /// `read`, `write:PREFIX` (subjects that begin with it; `write:` for all) or `admin`
        role: Role,
    },
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Why the registry could not run. One line, with what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The data directory or the database.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The API keys.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// Another process listens there.
    #[error(
        "address `{0}` is in use by another process: stop it, or give another one with `--listen` (port 0 takes a free one)"
    )]
    AddressInUse(SocketAddr),
    /// The system refuses the address.
    #[error(
        "address `{address}` cannot be listened on: {source}; give another one with `--listen`"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// A log filter that cannot be read.
    #[error(
        "log filter `{filter}` cannot be read: {source}; give `info`, `debug` or one as `tracing` has it with `--log`"
    )]
    LogFilter {
        /// The filter.
        filter: String,
        /// Why.
        source: tracing_subscriber::filter::ParseError,
    },
    /// The runtime, the signals or the standard output.
    #[error("the system refuses what the registry needs to run: {0}")]
    System(#[from] std::io::Error),
}

impl StartError {
    /// 2 when the command line is at fault, else 1.
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::LogFilter { .. } | Self::Keys(_) => ExitCode::from(2),
            Self::Open(_) | Self::AddressInUse(_) | Self::Listen { .. } | Self::System(_) => {
                ExitCode::FAILURE
            }
        }
    }
}

/// Reads the command line and runs the registry until SIGINT or SIGTERM.
///
/// Exit codes: 0 after a clean end, 1 when it could not start or broke off, 2 when the command
/// line cannot be read.
#[must_use]
pub fn main() -> ExitCode {
    let options = match Options::try_parse() {
        Ok(options) => options,
        Err(error) if !error.use_stderr() => {
            let _ = error.print();
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            report(&usage(&error));
            return ExitCode::from(2);
        }
    };
    if let Some(Command::Key { name, role }) = &options.command {
        return make_key(name, role);
    }
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            report(&StartError::System(error).to_string());
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(start(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error.to_string());
            error.exit_code()
        }
    }
}

/// Prints a fresh key: the secret to stderr, so that the line can go into the file as it is.
fn make_key(name: &str, role: &Role) -> ExitCode {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    if name.is_empty() || !name.bytes().all(fits) {
        report(&format!("key name `{name}` is not taken: expected letters, digits, `_`, `.`, `-`"));
        return ExitCode::from(2);
    }
    if matches!(role, Role::Write { prefix } if prefix.contains(char::is_whitespace)) {
        report("the prefix of a key cannot hold white space");
        return ExitCode::from(2);
    }
    let (secret, line) = access::fresh(name, role);
    let mut stdout = std::io::stdout();
    if writeln!(stdout, "{line}").and_then(|()| stdout.flush()).is_err() {
        return ExitCode::FAILURE;
    }
    let _ = writeln!(std::io::stderr(), "user {name}, password {secret} (shown this once)");
    ExitCode::SUCCESS
}

async fn start(options: &Options) -> Result<(), StartError> {
    log(options)?;
    let metrics = metrics()?;
    let upkeep = upkeep(metrics.clone());
    let keys = options.api_keys.as_deref().map(Keys::read).transpose()?;
    let mut registry = crate::begin(config(options)?).await?.with_metrics(metrics);
    if let Some(keys) = keys {
        registry = registry.with_keys(keys);
    }
    let address = options.listen;
    let listener = TcpListener::bind(address).await.map_err(|source| {
        if source.kind() == std::io::ErrorKind::AddrInUse {
            StartError::AddressInUse(address)
        } else {
            StartError::Listen { address, source }
        }
    })?;
    // Signals are caught before the address is printed: whoever reads it may send one.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    say(&format!("schema registry: http://{}", listener.local_addr()?))?;

    let shutdown = CancellationToken::new();
    let opening = {
        let registry = registry.clone();
        async move { registry.opened().await }
    };
    let server = crate::run(listener, registry, shutdown.clone());
    tokio::pin!(server, upkeep, opening);
    let mut is_open = false;
    loop {
        tokio::select! {
            () = &mut server => return Ok(()),
            opened = &mut opening, if !is_open => {
                opened?;
                is_open = true;
                // Whoever has read the address may have gone.
                let _ = say("ready");
            }
            never = &mut upkeep => match never {},
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
        }
    }
    shutdown.cancel();
    server.await;
    Ok(())
}

/// A line for whoever started the process.
fn say(line: &str) -> std::io::Result<()> {
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}

/// PostgreSQL where a URL is given, else the data directory. An empty URL, as an unset variable of
/// a compose file gives it, is none.
fn config(options: &Options) -> Result<RegistryConfig, OpenError> {
    match options.database_url.as_deref().filter(|url| !url.is_empty()) {
        None => Ok(RegistryConfig::new(&options.data_dir)),
        #[cfg(feature = "postgres")]
        Some(url) => {
            let mut database =
                crate::PostgresConfig::new(url).in_schema(&options.database_schema)?;
            database.max_connections = options.database_connections;
            Ok(RegistryConfig::postgres(database))
        }
        #[cfg(not(feature = "postgres"))]
        Some(_) => Err(OpenError::NoPostgres),
    }
}

/// Seconds; from a tenth of a millisecond, which a look-up takes, to the longest a request may.
const DURATION_BUCKETS_S: [f64; 14] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0];

/// How long what was timed may wait: some 100,000 requests then take a megabyte.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// The process's metrics, collected from now on.
fn metrics() -> Result<PrometheusHandle, StartError> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &DURATION_BUCKETS_S)
        .and_then(PrometheusBuilder::install_recorder)
        .map_err(|error| StartError::System(std::io::Error::other(error)))?;
    crate::describe_metrics();
    Ok(handle)
}

/// What was timed waits to be sorted into buckets; where nobody asks for the metrics, this does it.
async fn upkeep(metrics: PrometheusHandle) -> std::convert::Infallible {
    loop {
        tokio::time::sleep(UPKEEP_INTERVAL).await;
        metrics.run_upkeep();
    }
}

fn log(options: &Options) -> Result<(), StartError> {
    let filter = EnvFilter::try_new(&options.log)
        .map_err(|source| StartError::LogFilter { filter: options.log.clone(), source })?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match options.log_format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
    Ok(())
}

/// clap's account of a bad command line, on one line.
fn usage(error: &clap::Error) -> String {
    let text = error.to_string();
    let first = text.lines().next().unwrap_or_default();
    let first = first.strip_prefix("error: ").unwrap_or(first);
    format!("{first}; `registry --help` lists the flags")
}

fn report(line: &str) {
    let _ = writeln!(std::io::stderr(), "registry: {line}");
}
