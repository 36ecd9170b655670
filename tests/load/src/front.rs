//! What the HTTP side costs: reads a second.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde::Serialize;
use tokio::task::JoinSet;

use crate::client::{Ask, Connection};
use crate::kill::{Embedded, Place as _};
use crate::measure::{Latency, Times};

/// What is read, and how.
#[derive(Clone, Debug, clap::Args)]
pub struct ReadsSettings {
    /// The platform's binary; build it with `--release`
    #[arg(long, default_value = "target/release/platform")]
    pub platform: PathBuf,
    /// A new directory for data and the platform's log
    #[arg(long)]
    pub directory: PathBuf,
    /// Connections, each with one request at a time
    #[arg(long, default_value_t = 64)]
    pub connections: usize,
    /// Seconds of each kind of read
    #[arg(long, default_value_t = 10)]
    pub seconds: u64,
}

/// Reads of one kind.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reads {
    /// What is read.
    pub what: &'static str,
    /// How many a second.
    pub per_s: f64,
    /// How long each took.
    pub latency: Option<Latency>,
}

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// A show of so many rows and seats in each.
const ROWS: u32 = 40;
const SEATS_PER_ROW: u32 = 50;

/// Starts a platform, opens a show of 2,000 seats, and reads pages of it and single seats.
///
/// # Errors
/// Where it could not be done, or an answer is not 200.
pub fn reads(settings: &ReadsSettings) -> anyhow::Result<Vec<Reads>> {
    let mut place = Embedded::start(&settings.platform, &settings.directory)?;
    let gateways = place.gateways();
    // One thread: what the generator takes, the platform lacks.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let measured = runtime.block_on(async {
        open(&gateways).await?;
        let page = |_| "/v1/shows/reads/seats?limit=200".to_owned();
        let row = |number: u64| {
            let (row, seat) = (number % u64::from(ROWS) + 1, number % u64::from(SEATS_PER_ROW) + 1);
            format!("/v1/shows/reads/seats/a-row-{row}-seat-{seat}")
        };
        let pages = run("a page of 200 seats", settings, &gateways, page).await?;
        let rows = run("one seat", settings, &gateways, row).await?;
        anyhow::Ok(vec![pages, rows])
    })?;
    place.stop()?;
    Ok(measured)
}

async fn open(gateways: &[String]) -> anyhow::Result<()> {
    let mut connection = Connection::new(gateways, 0)?;
    let body = format!(
        r#"{{"showId":"reads","title":"Reads","sections":[{{"sectionId":"a","rows":{ROWS},"seatsPerRow":{SEATS_PER_ROW}}}]}}"#
    );
    let ask = Ask { method: "POST", body: &body, wait: 10, ..Ask::get("/v1/shows") };
    let opened = connection.ask(&ask, PATIENCE).await?;
    anyhow::ensure!(opened.status == 200, "the show is not open: {}", opened.status);
    let cursor = opened.cursor.context("a cursor")?;
    let seen = Ask { cursor: Some(&cursor), ..Ask::get("/v1/shows/reads") };
    let seen = connection.ask(&seen, PATIENCE).await?;
    anyhow::ensure!(seen.status == 200, "the show is not seen: {}", seen.status);
    Ok(())
}

async fn run(
    what: &'static str,
    settings: &ReadsSettings,
    gateways: &[String],
    path: impl Fn(u64) -> String + Send + Sync + 'static,
) -> anyhow::Result<Reads> {
    let path = Arc::new(path);
    let (begun, window) = (Instant::now(), Duration::from_secs(settings.seconds));
    let mut readers = JoinSet::new();
    for reader in 0..settings.connections {
        let mut connection = Connection::new(gateways, reader)?;
        let path = Arc::clone(&path);
        readers.spawn(async move {
            let (mut times, mut number) = (Vec::new(), reader as u64);
            while begun.elapsed() < window {
                let (asked, path) = (Instant::now(), path(number));
                let answer = connection.ask(&Ask::get(&path), PATIENCE).await?;
                anyhow::ensure!(answer.status == 200, "`{path}` is answered {}", answer.status);
                times.push(asked.elapsed());
                number += 7;
            }
            anyhow::Ok(times)
        });
    }
    let mut times = Times::new();
    let mut count = 0_u32;
    while let Some(read) = readers.join_next().await {
        for time in read?? {
            times.record(time);
            count += 1;
        }
    }
    let per_s = f64::from(count) / begun.elapsed().as_secs_f64();
    Ok(Reads { what, per_s, latency: times.latency() })
}

/// The reads as lines for people.
#[must_use]
pub fn lines(reads: &[Reads]) -> String {
    let line = |read: &Reads| {
        let times = read.latency.map_or_else(String::new, |latency| {
            format!(", p50 {:.2} ms, p99 {:.2} ms", latency.p50_ms, latency.p99_ms)
        });
        format!("{}: {:.0}/s{times}\n", read.what, read.per_s)
    };
    reads.iter().map(line).collect()
}
