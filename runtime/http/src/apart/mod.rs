//! Services as processes of their own: what their binaries have in common.
//!
//! A binary reads its flags, checks them ([`EngineFlags::settings`]), and hands [`main`] what puts its parts
//! together. From then on it listens: health and metrics are served at once, everything else answers 503
//! until the parts are there. Engines that are away are waited for, in any order; what is refused for good
//! ends the process with one line.

mod flags;
mod process;
mod running;
mod start;

use std::process::ExitCode;

use charter_engine::ServiceError;
use charter_engine::log::LogError;
use charter_engine::store::StoreError;

use crate::access::{AccessError, AccessFlags};
use crate::document::DocumentError;
use crate::server::ListenError;
use crate::settings::HttpFlags;
use crate::telemetry::{self, LogFormat};
use crate::traces;

pub use flags::{
    DatabaseFlags, DatabaseSettings, EngineFlags, EngineSettings, FlagError, Role, RoleFlags,
    Tables, upstream,
};
pub use running::Running;
pub use start::Start;

/// What a process is called, and where it listens.
#[derive(Clone, Debug)]
pub struct Process {
    /// The binary's name, which begins every line it prints.
    pub name: &'static str,
    /// The address to listen on, `host:port`; with port 0 the system chooses one, which is printed.
    pub listen: String,
    /// How log lines look.
    pub log_format: LogFormat,
    /// How requests are taken.
    pub http: HttpFlags,
    /// Who is let in, where the process serves operations of the contract.
    pub access: Option<Exposure>,
}

/// To whom a process serves operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposure {
    /// To everybody, and so on this machine only: development mode.
    Open,
    /// To those whom its credentials let in.
    Guarded,
}

impl From<&AccessFlags> for Exposure {
    fn from(flags: &AccessFlags) -> Self {
        if flags.is_open() { Self::Open } else { Self::Guarded }
    }
}

/// Runs a service until SIGINT or SIGTERM. `settings` is what the flags gave; `work` puts the service's parts
/// together with it.
///
/// On the standard output it says `NAME listens on URL`, and `ready` once all parts are. Exit codes: 0 after a
/// clean end, 1 where it could not start or broke off, 2 where its flags can't be worked with.
pub fn main<S>(
    process: Process,
    settings: Result<S, FlagError>,
    work: impl AsyncFnOnce(&Start, S) -> Result<Running, StartError>,
) -> ExitCode {
    let name = process.name;
    let settings = match settings {
        Ok(settings) => settings,
        Err(error) => {
            eprintln!("{name}: {error}");
            return ExitCode::from(2);
        }
    };
    telemetry::log_to_stderr(process.log_format);
    telemetry::introduce(name);
    // Dropped last: what ends the process may be worth a span.
    let _traces = match traces::begin(name) {
        Ok(traces) => traces,
        Err(error) => {
            eprintln!("{name}: {error}");
            return ExitCode::from(2);
        }
    };
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("{name}: {}", StartError::from(error));
            return ExitCode::FAILURE;
        }
    };
    let ended = runtime.block_on(process::run(process, async |start| work(start, settings).await));
    // A client library may be waiting for an answer that never comes.
    runtime.shutdown_timeout(process::LEFTOVERS);
    match ended {
        // Told to end while it still waited for something.
        Ok(()) | Err(StartError::Service(ServiceError::Stopping)) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Why a process did not start, or broke off: one line with what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// What decides and projects, or what it rests on.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The contract in this build.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// Who is let in.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// Kafka's settings, all together.
    #[cfg(all(feature = "kafka", feature = "postgres"))]
    #[error(transparent)]
    Kafka(#[from] charter_engine::log::kafka::KafkaSettingsError),
    /// The database refuses whom the URL names, or what it asks for.
    #[error("PostgreSQL refuses `DATABASE_URL`: {reason}; give one that this process may use")]
    DatabaseRefused {
        /// What it said.
        reason: String,
    },
    /// The system.
    #[error("the system refuses what the process needs to run: {0}")]
    System(#[from] std::io::Error),
    /// A part panicked, and said so itself.
    #[error("a part of the process panicked: {0}")]
    Panicked(#[from] tokio::task::JoinError),
}

impl From<StoreError> for StartError {
    fn from(error: StoreError) -> Self {
        Self::Service(error.into())
    }
}

impl From<LogError> for StartError {
    fn from(error: LogError) -> Self {
        Self::Service(error.into())
    }
}
