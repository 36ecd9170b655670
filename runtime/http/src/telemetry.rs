//! Logs, metrics and the signals that end a process.

use std::io::IsTerminal;
use std::sync::OnceLock;
use std::time::Duration;

use charter_engine::measures::{Kind, Measure, SECONDS, SIZES, describe};
use charter_engine::store::PoolUse;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_process::Collector;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use crate::log_lines::OfRequest;
use crate::measures;

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Writes log lines to the standard error output: warnings, or what `RUST_LOG` asks for.
pub fn log_to_stderr(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second call, as in tests, leaves the first one's in place.
    let _ = match format {
        LogFormat::Text => {
            let ansi = std::io::stderr().is_terminal();
            let lines = tracing_subscriber::fmt::format().with_ansi(ansi);
            log.with_ansi(ansi).event_format(OfRequest { format, lines }).try_init()
        }
        LogFormat::Json => {
            let lines = tracing_subscriber::fmt::format().json();
            log.json().event_format(OfRequest { format, lines }).try_init()
        }
    };
}

/// The process's metrics, collected from the first call on.
///
/// # Panics
/// Where another recorder was installed before.
pub fn metrics() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let handle = builder().install_recorder().expect("this is the only recorder");
            for measures in [measures::MEASURES, charter_engine::measures::MEASURES] {
                describe(measures);
            }
            handle
        })
        .clone()
}

fn builder() -> PrometheusBuilder {
    let sizes = charter_engine::measures::MEASURES.iter().filter(|one| one.kind == Kind::Sizes);
    let times = Matcher::Suffix("_seconds".to_owned());
    let builder = PrometheusBuilder::new().set_buckets_for_metric(times, &SECONDS);
    sizes
        .fold(builder, |builder, Measure { name, .. }| {
            builder?.set_buckets_for_metric(Matcher::Full((*name).to_owned()), &SIZES)
        })
        .expect("the buckets are not empty")
}

/// Says what runs: `service` is the binary's name.
pub fn introduce(service: &'static str) {
    metrics();
    let revision = option_env!("CHARTER_REVISION").unwrap_or_default();
    let version = env!("CARGO_PKG_VERSION");
    metrics::gauge!("charter_build_info", "service" => service, "version" => version, "revision" => revision)
        .set(1.0);
}

/// All metrics, with those of the process as they are now, in Prometheus' text format.
pub(crate) fn render(handle: &PrometheusHandle) -> String {
    static PROCESS: OnceLock<Collector> = OnceLock::new();
    let process = PROCESS.get_or_init(|| {
        let collector = Collector::default();
        collector.describe();
        collector
    });
    process.collect();
    handle.render()
}

/// Takes note of what the connections to the database do.
pub(crate) fn tell_of_pools(pools: &[PoolUse]) {
    for PoolUse { name, idle, in_use, most } in pools.iter().copied() {
        metrics::gauge!("charter_store_connections", "pool" => name, "state" => "idle")
            .set(f64::from(idle));
        metrics::gauge!("charter_store_connections", "pool" => name, "state" => "use")
            .set(f64::from(in_use));
        metrics::gauge!("charter_store_connections_max", "pool" => name).set(f64::from(most));
    }
}

/// How often what was timed is sorted into buckets.
const UPKEEP: Duration = Duration::from_secs(5);

/// Sorts what was timed into buckets, for ever: until then each value waits in memory, and where nobody asks
/// for the metrics nothing else does it.
pub(crate) async fn upkeep() {
    let metrics = metrics();
    loop {
        tokio::time::sleep(UPKEEP).await;
        metrics.run_upkeep();
    }
}

/// A token that is cancelled by SIGINT or SIGTERM.
///
/// # Errors
/// Where the process can't listen for signals.
pub fn shutdown_signal() -> std::io::Result<CancellationToken> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let token = CancellationToken::new();
    let cancelled = token.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            () = cancelled.cancelled() => {}
        }
        cancelled.cancel();
    });
    Ok(token)
}
