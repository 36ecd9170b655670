//! Clients that send the commands of a plan.
//!
//! In the closed loop every connection sends its next command when its last one is answered. In the open
//! loop command `n` is due at `n / rate` whatever became of those before; each waits for a free connection,
//! and its times count from when it was due, so that a platform that stands still is seen to do so.

mod client;
mod meter;
mod platform;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::client::Connection;
use crate::history::Writer;
use crate::measure::Report;
use crate::plan::Plan;
use client::Client;
use meter::Meter;
use platform::Counters;

/// So many a second.
fn a_second(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate >= 0.001 => Ok(rate),
        _ => Err("expected 0.001 a second or more; leave it out for as fast as can be".to_owned()),
    }
}

/// How the commands are sent.
#[derive(Clone, Debug, clap::Args)]
pub struct DriveSettings {
    /// Addresses of the gateways, `host:port`; connections are shared out among them
    #[arg(long, value_delimiter = ',', default_value = "127.0.0.1:8080")]
    pub gateways: Vec<String>,
    /// How many connections
    #[arg(long, default_value_t = 128)]
    pub connections: usize,
    /// Open loop: so many commands a second are due. Without it a closed loop, as fast as they are answered
    #[arg(long, value_parser = a_second)]
    pub rate: Option<f64>,
    /// How long commands are sent, in seconds
    #[arg(long, default_value_t = 10.0, conflicts_with = "commands")]
    pub seconds: f64,
    /// How many commands are sent
    #[arg(long)]
    pub commands: Option<u64>,
    /// Seconds at the beginning that are not measured
    #[arg(long, default_value_t = 0.0)]
    pub warmup: f64,
    /// The number of the first command: a run goes on where another ended
    #[arg(long, default_value_t = 0)]
    pub first: u64,
    /// Seconds of `Prefer: wait`; 0 sends none and is answered 202
    #[arg(long, default_value_t = 10)]
    pub wait: u32,
    /// Percent of the 202s whose outcome is asked for until it is there
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub follow: u8,
    /// Percent of the commands that are sent twice at the same time
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub repeats: u8,
    /// Percent of the commands whose effect is looked for in the read model
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub visible: u8,
    /// Seconds after which an unanswered attempt is given up
    #[arg(long, default_value_t = 20)]
    pub time_out: u64,
    /// Seconds for which a command is tried again
    #[arg(long, default_value_t = 60)]
    pub patience: u64,
    /// File that every request and answer is appended to
    #[arg(long)]
    pub history: Option<PathBuf>,
    /// Addresses whose `/metrics` count what was decided and projected; the gateways' when absent
    #[arg(long, value_delimiter = ',')]
    pub metrics: Vec<String>,
    /// Processes of the platform, to see what they take
    #[arg(long = "pid", value_delimiter = ',')]
    pub pids: Vec<u32>,
    /// Shows and properties are open already
    #[arg(long)]
    pub opened: bool,
}

/// How far a run has come, for who watches it.
#[derive(Debug, Default)]
pub struct Progress {
    /// Commands that are answered, or given up.
    pub done: AtomicU64,
    /// Ends the run before its time.
    pub stop: CancellationToken,
}

/// What the clients share.
#[derive(Debug)]
struct Run {
    plan: Plan,
    settings: DriveSettings,
    meter: Meter,
    history: Option<std::sync::Mutex<Writer>>,
    attempts: AtomicU64,
    next: AtomicU64,
    begun: Instant,
    progress: Arc<Progress>,
}

impl Run {
    /// The next command's number and when it was due; `None` at the run's end.
    async fn next(&self) -> Option<(u64, Instant)> {
        let index = self.next.fetch_add(1, Ordering::Relaxed);
        let is_over = match self.settings.commands {
            Some(commands) => index >= commands,
            None => false,
        };
        if is_over || self.progress.stop.is_cancelled() {
            return None;
        }
        let due = match self.settings.rate {
            #[expect(clippy::cast_precision_loss, reason = "far fewer commands than 2^52")]
            Some(rate) => self.begun + Duration::from_secs_f64(index as f64 / rate),
            None => Instant::now(),
        };
        if self.settings.commands.is_none()
            && due >= self.begun + Duration::from_secs_f64(self.settings.seconds)
        {
            return None;
        }
        if due > Instant::now() {
            tokio::select! {
                () = sleep_until(due) => {}
                () = self.progress.stop.cancelled() => return None,
            }
        }
        Some((self.settings.first + index, due))
    }
}

/// Opens shows and properties, then sends commands until the run's end.
///
/// # Errors
/// Where a history can't be written, or an address is none.
pub async fn run(
    plan: Plan,
    settings: DriveSettings,
    progress: Arc<Progress>,
) -> anyhow::Result<Report> {
    let history = settings.history.as_deref().map(Writer::open).transpose()?;
    let mut first_attempt = 0;
    if let Some(path) = &settings.history {
        // A history that goes on: attempts are numbered through it.
        first_attempt = crate::history::read(path)?.len() as u64;
    }
    let addresses =
        if settings.metrics.is_empty() { &settings.gateways } else { &settings.metrics };
    let mut counters = Counters::new(addresses, &settings.pids)?;
    let mut run = Run {
        meter: Meter::new(settings.warmup),
        history: history.map(std::sync::Mutex::new),
        attempts: AtomicU64::new(first_attempt),
        next: AtomicU64::new(0),
        begun: Instant::now(),
        progress,
        plan,
        settings,
    };
    open(&run).await?;
    if !run.settings.opened && run.settings.history.is_none() {
        // What is measured begins with views that are there: a show has thousands of rows.
        counters.drained().await;
    }
    run.begun = Instant::now();
    run.meter = Meter::new(run.settings.warmup);
    let run = Arc::new(run);

    let mut clients = JoinSet::new();
    for index in 0..run.settings.connections.max(1) {
        let mut client = Client::new(Arc::clone(&run), index)?;
        clients.spawn(async move { client.run().await });
    }
    sleep_until(run.begun + Duration::from_secs_f64(run.settings.warmup)).await;
    let before = counters.sample().await;
    while let Some(ended) = clients.join_next().await {
        ended??;
    }
    let window = run.meter.window(&run.settings);
    let after = counters.drained().await;
    Ok(run.meter.report(&run, window, &before, &after))
}

/// Opens what the commands are about, a few at a time.
async fn open(run: &Run) -> anyhow::Result<()> {
    if run.settings.opened {
        return Ok(());
    }
    let mut connection = Connection::new(&run.settings.gateways, 0)?;
    for command in run.plan.openings() {
        let mut client = client::Carrier { run, connection: &mut connection };
        let carried = client.carry(&command, Instant::now(), 10).await?;
        anyhow::ensure!(carried.is_some(), "`{}` was not answered", command.name);
    }
    Ok(())
}
