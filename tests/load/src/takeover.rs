//! Two owners at work: partitions are given to another member while the one before has not heard of it, as a
//! broker does whose member was paused for too long.
//!
//! One process holds two runtimes of the service `seats` on one embedded log and one SQLite. What they see of
//! the log is their own: its assignments come late where they take something away.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use charter_domain::Contract as _;
use charter_engine::directory::DataDirectory;
use charter_engine::log::Log;
use charter_engine::log::embedded::{Durability, EmbeddedLog, EmbeddedSettings};
use charter_engine::schemas::{MemoryRegistry, Registration, SchemaCatalog};
use charter_engine::store::{SqliteStore, Store};
use charter_engine::submit::{CommandSender, NewCommand};
use charter_engine::{Runtime, Service, Settings};
use contract_seat::{ConfirmSeats, HoldSeats, OpenShow, ReleaseSeats, Seat, SeatCommand, Section};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

mod slow_log;

use crate::check::{Verdict, check};
use crate::evidence::read_embedded;
use slow_log::{Assignments, SlowLog};

/// How long a former owner goes on without having heard of it.
const OVERLAP: Duration = Duration::from_millis(100);
/// How long a partition then stays with its owner.
const REST: Duration = Duration::from_millis(100);
/// How long nothing may move before it is given up.
const PATIENCE: Duration = Duration::from_secs(20);
/// Between two commands of one sender.
const PACE: Duration = Duration::from_millis(4);
const SENDERS: u64 = 16;
const SHOWS: u32 = 36;
const SEATS: u32 = 20;

/// Sends commands while the partitions change hands `rounds` times, and checks what came of it.
///
/// # Errors
/// Where it could not be done.
pub async fn run(directory: &Path, rounds: u32) -> anyhow::Result<Verdict> {
    let held = DataDirectory::open(directory)?;
    let settings =
        EmbeddedSettings { durability: Durability::Process, ..EmbeddedSettings::default() };
    let log = Arc::new(EmbeddedLog::open(held.join("log"), settings)?);
    // Commits that wait for the disk: then a claim waits for those of the owner before.
    let store = Arc::new(SqliteStore::open(directory, Durability::Power).await?);
    let assignments = Assignments::default();
    let registry = Arc::new(MemoryRegistry::new());
    let runtime = |member| {
        let log = SlowLog::new(Arc::clone(&log), member, assignments.clone());
        let schemas = SchemaCatalog::new(registry.clone(), Registration::Register);
        Runtime::new(Arc::new(log), store.clone(), schemas, Settings::default())
    };
    let shutdown = CancellationToken::new();
    let sender = Arc::new(runtime(0).sender::<Seat>("charter://takeover").await?);
    let mut services = JoinSet::new();
    for member in 0..2 {
        let (runtime, shutdown) = (runtime(member), shutdown.clone());
        services.spawn(async move { seats_service::service().run(runtime, shutdown).await });
    }
    open_shows(&sender).await?;
    let stop = CancellationToken::new();
    let mut senders = JoinSet::new();
    for seed in 0..SENDERS {
        senders.spawn(send(Arc::clone(&sender), seed, stop.clone()));
    }
    for round in 1..=rounds {
        let owner = round % 2;
        assignments.give(owner);
        tokio::time::sleep(OVERLAP).await;
        assignments.tell(owner);
        tokio::time::sleep(REST).await;
    }
    stop.cancel();
    while let Some(sent) = senders.join_next().await {
        sent??;
    }
    // Where it never comes so far, the check tells what is missing.
    if let Err(stuck) = settled(&*log, &*store).await {
        eprintln!("{stuck:#}");
    }
    shutdown.cancel();
    while let Some(ended) = services.join_next().await {
        ended?.context("a service broke off")?;
    }
    let evidence = read_embedded(&*log, &*store, &held.join("store.db"), Vec::new()).await;
    store.close().await;
    log.close().await;
    Ok(check(&evidence?))
}

fn show(number: u32) -> String {
    format!("show-{number}")
}

async fn append(
    sender: &CommandSender<Seat>,
    command_id: Uuid,
    command: SeatCommand,
) -> anyhow::Result<()> {
    sender.send(NewCommand::new(command_id, "default", command)).await?;
    Ok(())
}

async fn open_shows(sender: &CommandSender<Seat>) -> anyhow::Result<()> {
    for number in 0..SHOWS {
        let open = OpenShow {
            show_id: show(number),
            title: "Show".to_owned(),
            sections: vec![Section { section_id: "a".to_owned(), rows: 1, seats_per_row: 20 }],
            hold_seconds: 1,
            max_seats_per_hold: 8,
        };
        append(sender, Uuid::now_v7(), SeatCommand::OpenShow(open)).await?;
    }
    Ok(())
}

/// Commands at a steady pace, one in ten of them twice.
async fn send(
    sender: Arc<CommandSender<Seat>>,
    seed: u64,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let mut random = fastrand::Rng::with_seed(seed);
    while !stop.is_cancelled() {
        let show_id = show(random.u32(..SHOWS));
        let seat_ids = vec![format!("a-row-1-seat-{}", random.u32(1..=SEATS))];
        let holder_id = format!("buyer-{}", random.u32(..3));
        let command = match random.u32(..4) {
            0 | 1 => SeatCommand::HoldSeats(HoldSeats { show_id, seat_ids, holder_id }),
            2 => SeatCommand::ConfirmSeats(ConfirmSeats { show_id, seat_ids, holder_id }),
            _ => SeatCommand::ReleaseSeats(ReleaseSeats { show_id, seat_ids, holder_id }),
        };
        let command_id = Uuid::now_v7();
        if random.u32(..10) == 0 {
            append(&sender, command_id, command.clone()).await?;
        }
        append(&sender, command_id, command).await?;
        tokio::time::sleep(PACE).await;
    }
    Ok(())
}

/// Waits until all is decided, no hold waits, and the views have come to the end.
///
/// What was taken over without a good end is decided one by one at first, so that it takes what it takes: it is
/// given up only where nothing moves.
pub(crate) async fn settled(log: &dyn Log, store: &dyn Store) -> anyhow::Result<()> {
    let (mut last, mut moved) = (None, Instant::now());
    loop {
        let shown: HashMap<u32, i64> =
            store.view_positions(Seat::NAME).await?.into_iter().collect();
        let (mut is_done, mut seen) = (true, 0);
        for partition in 0..log.partitions(&Seat::commands_topic()).await? {
            let end = log.bounds(&Seat::commands_topic(), partition).await?.end;
            let Some(at) = store.checkpoint(Seat::NAME, partition).await? else {
                is_done &= end == 0;
                continue;
            };
            let position = shown.get(&partition).copied().unwrap_or(-1);
            let waits = store.next_deadline(Seat::NAME, partition).await?.is_some();
            is_done &= at.offset == end && position == at.next_position - 1 && !waits;
            seen += i64::try_from(at.offset)? + at.next_position + position;
        }
        if is_done {
            return Ok(());
        }
        if last != Some(seen) {
            (last, moved) = (Some(seen), Instant::now());
        }
        anyhow::ensure!(moved.elapsed() < PATIENCE, "nothing moves any more");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
