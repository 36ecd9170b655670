//! What push costs: many sockets in one room, and how soon each is told.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::task::JoinSet;

use crate::client::{Ask, Connection};
use crate::kill::{Embedded, Place as _};
use crate::measure::{Latency, Times};
use crate::process;
use crate::socket::Socket;

/// How many are in the room, and what happens there.
#[derive(Clone, Debug, clap::Args)]
pub struct PushSettings {
    /// The platform's binary; build it with `--release`
    #[arg(long, default_value = "target/release/platform")]
    pub platform: PathBuf,
    /// A new directory for data and the platform's log
    #[arg(long)]
    pub directory: PathBuf,
    /// Sockets in the room
    #[arg(long, default_value_t = 1_000)]
    pub sockets: usize,
    /// Events a second
    #[arg(long, default_value_t = 50)]
    pub rate: u32,
    /// Seconds that are measured
    #[arg(long, default_value_t = 30)]
    pub seconds: u32,
}

/// What was measured.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pushed {
    /// Sockets in the room.
    pub sockets: usize,
    /// Events that happened there.
    pub events: u32,
    /// In how many seconds.
    pub seconds: f64,
    /// From the command's place in the log, which is before the commit, until a socket has the event.
    pub latency: Option<Latency>,
    /// Processor time of the platform, in cores.
    pub platform_cores: Option<f64>,
    /// Processor time of the clients, in cores.
    pub client_cores: Option<f64>,
    /// The platform's resident memory before the first socket and with all in the room, in bytes.
    pub platform_bytes: (u64, u64),
}

impl fmt::Display for Pushed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sockets, events, seconds, .. } = self;
        writeln!(f, "{sockets} sockets, {events} events in {seconds:.1} s")?;
        if let Some(Latency { count, p50_ms, p95_ms, p99_ms, max_ms }) = self.latency {
            writeln!(
                f,
                "  {count} messages: p50 {p50_ms:.1}, p95 {p95_ms:.1}, p99 {p99_ms:.1}, most {max_ms:.1} ms"
            )?;
        }
        if let Some((platform, clients)) = self.platform_cores.zip(self.client_cores) {
            writeln!(f, "  platform {platform:.2} cores, clients {clients:.2} cores")?;
        }
        let (before, then) = self.platform_bytes;
        writeln!(f, "  platform {} MB, with all sockets {} MB", before >> 20, then >> 20)
    }
}

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Seats of a row; there are as many rows as events need.
const SEATS_PER_ROW: u32 = 50;
/// Connections that hold seats.
const WRITERS: u32 = 4;
/// Who join at a time.
const JOINING: usize = 20;

/// Starts a platform, lets sockets into the room of a show, holds seats there, and looks how soon each socket is told
/// of each hold: once, and in order.
///
/// # Errors
/// Where it could not be done, or a socket missed an event or got one twice.
pub fn run(settings: &PushSettings) -> anyhow::Result<Pushed> {
    let mut place = Embedded::start(&settings.platform, &settings.directory)?;
    let gateways = place.gateways();
    let pid = place.id().context("the platform does not run")?.to_string();
    // One thread: what the clients take, the platform lacks.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let pushed = runtime.block_on(measure(settings, &gateways, &pid))?;
    place.stop()?;
    Ok(pushed)
}

async fn measure(
    settings: &PushSettings,
    gateways: &[String],
    pid: &str,
) -> anyhow::Result<Pushed> {
    let events = settings.rate * settings.seconds;
    open(gateways, events.div_ceil(SEATS_PER_ROW)).await?;
    let memory = || process::memory(pid).map_or(0, |(now, _)| now);
    let before = memory();
    let mut joined = Vec::new();
    while joined.len() < settings.sockets {
        let count = JOINING.min(settings.sockets - joined.len());
        let mut joining = JoinSet::new();
        for _ in 0..count {
            let address = gateways[0].clone();
            joining.spawn(async move { join(&address).await });
        }
        while let Some(socket) = joining.join_next().await {
            joined.push(socket??);
        }
    }
    let with_all = memory();

    let cpu = || (process::cpu(pid), process::cpu("self"));
    let (began, at_first) = (Instant::now(), cpu());
    let stop = Arc::new(AtomicBool::new(false));
    let mut readers = JoinSet::new();
    for socket in joined {
        readers.spawn(read(socket, events));
    }
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let connection = Connection::new(gateways, 0)?;
        let (rate, stop) = (settings.rate, Arc::clone(&stop));
        writers.spawn(write(connection, writer, rate, events, began, stop));
    }
    while let Some(written) = writers.join_next().await {
        written??;
    }
    let mut times = Times::new();
    while let Some(read) = readers.join_next().await {
        for time in read?? {
            times.record(time);
        }
    }
    let (took, at_last) = (began.elapsed(), cpu());
    let cores = |first: Option<Duration>, last: Option<Duration>| {
        let spent = last?.checked_sub(first?)?;
        Some(spent.as_secs_f64() / took.as_secs_f64())
    };
    Ok(Pushed {
        sockets: settings.sockets,
        events,
        seconds: took.as_secs_f64(),
        latency: times.latency(),
        platform_cores: cores(at_first.0, at_last.0),
        client_cores: cores(at_first.1, at_last.1),
        platform_bytes: (before, with_all),
    })
}

async fn open(gateways: &[String], rows: u32) -> anyhow::Result<()> {
    let mut connection = Connection::new(gateways, 0)?;
    let body = json!({
        "showId": "push", "title": "Push",
        "sections": [{"sectionId": "a", "rows": rows, "seatsPerRow": SEATS_PER_ROW}],
    });
    let body = body.to_string();
    let ask = Ask { method: "POST", body: &body, wait: 10, ..Ask::get("/v1/shows") };
    let opened = connection.ask(&ask, PATIENCE).await?;
    anyhow::ensure!(opened.status == 200, "the show is not open: {}", opened.status);
    let cursor = opened.cursor.context("a cursor")?;
    let seen = Ask { cursor: Some(&cursor), wait: 10, ..Ask::get("/v1/shows/push") };
    let seen = connection.ask(&seen, PATIENCE).await?;
    anyhow::ensure!(seen.status == 200, "the show is not seen: {}", seen.status);
    Ok(())
}

/// A socket that has the room's rows.
async fn join(address: &str) -> anyhow::Result<Socket> {
    let mut socket = Socket::open(address, &[]).await?;
    socket.connect(&json!({})).await?;
    let joined = socket.ask("event.join", &json!({"room": "show:push"})).await?;
    anyhow::ensure!(joined["ok"] == true, "the room is refused: {joined}");
    loop {
        let (name, load) = socket.event().await?.context("the socket ended")?;
        if name == "initial-load" && load["part"] == load["parts"] {
            return Ok(socket);
        }
    }
}

/// Holds one seat after the other, each when it is due.
async fn write(
    mut connection: Connection,
    writer: u32,
    rate: u32,
    events: u32,
    began: Instant,
    stop: Arc<AtomicBool>,
) -> anyhow::Result<()> {
    for number in (writer..events).step_by(WRITERS as usize) {
        let due = began + Duration::from_secs(number.into()) / rate;
        tokio::time::sleep_until(due.into()).await;
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let (row, seat) = (number / SEATS_PER_ROW + 1, number % SEATS_PER_ROW + 1);
        let body = json!({"seatIds": [format!("a-row-{row}-seat-{seat}")], "holderId": "push"});
        let body = body.to_string();
        let ask = Ask { method: "POST", body: &body, ..Ask::get("/v1/shows/push/holds") };
        let answer = connection.ask(&ask, PATIENCE).await;
        let status = answer.map(|answer| answer.status);
        if !matches!(status, Ok(200 | 202)) {
            stop.store(true, Ordering::Relaxed);
            anyhow::bail!("a hold is answered {status:?}");
        }
    }
    Ok(())
}

/// What is looked at of a `seat.held`; the clients are to cost little beside the platform.
#[derive(Deserialize)]
struct Held<'a> {
    sequence: u64,
    time: &'a str,
}

/// How long after its time each event came, all in order.
async fn read(mut socket: Socket, events: u32) -> anyhow::Result<Vec<Duration>> {
    let mut times = Vec::with_capacity(events as usize);
    let mut last = None;
    while times.len() < events as usize {
        let text = socket.text().await?.context("the socket ended")?;
        let now = OffsetDateTime::now_utc();
        let Some(text) = text.strip_prefix("42[\"seat.held\",") else {
            anyhow::ensure!(!text.starts_with("42[\"dropped\""), "{text}");
            continue;
        };
        let Held { sequence, time } = serde_json::from_str(&text[..text.len() - 1])?;
        anyhow::ensure!(
            last.is_none_or(|last| sequence == last + 1),
            "expected the event after {last:?}, found {sequence}"
        );
        last = Some(sequence);
        let time = OffsetDateTime::parse(time, &Rfc3339)?;
        times.push(Duration::try_from(now - time).unwrap_or_default());
    }
    Ok(times)
}
