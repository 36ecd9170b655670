//! Fills a data directory with events, through everything that decides and projects them but HTTP.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use charter_domain::{Contract as _, Date};
use charter_engine::directory::DataDirectory;
use charter_engine::log::embedded::{Durability, EmbeddedLog, EmbeddedSettings};
use charter_engine::schemas::{ConfluentRegistry, Registration, RegistrySettings, SchemaCatalog};
use charter_engine::store::{SqliteStore, Store as _};
use charter_engine::submit::{CommandSender, NewCommand};
use charter_engine::{Runtime, Service, Settings};
use contract_reservation::{
    CancelReservation, CreateReservation, OpenProperty, Reservation, ReservationCommand,
    ReservationSource, ReservationType, RoomType,
};
use registry_service::RegistryConfig;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How many append at once.
const SENDERS: u64 = 256;
/// Reservations of one property.
const RESERVATIONS: u64 = 500;
/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);
/// How long nothing may move before it is given up.
const PATIENCE: Duration = Duration::from_mins(2);

/// Adds about `events` events to a data directory whose platform does not run: reservations that are made and
/// cancelled. Gives how long that took.
///
/// # Errors
/// Where it could not be done.
pub async fn run(data_dir: &Path, events: u64) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    let directory = DataDirectory::open(data_dir)?;
    let registry_stop = CancellationToken::new();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let opened = registry_service::open(RegistryConfig::new(directory.join("registry"))).await?;
    let registry = tokio::spawn(registry_service::run(listener, opened, registry_stop.clone()));

    let settings =
        EmbeddedSettings { durability: Durability::Process, ..EmbeddedSettings::default() };
    let log = Arc::new(EmbeddedLog::open(directory.join("log"), settings)?);
    let store = Arc::new(SqliteStore::open(directory.path(), Durability::Process).await?);
    let schemas = SchemaCatalog::new(
        Arc::new(ConfluentRegistry::new(RegistrySettings::new(&url))?),
        Registration::Register,
    );
    let runtime = Runtime::new(log.clone(), store.clone(), schemas, Settings::default());
    runtime.pair().await?;
    let sender = Arc::new(runtime.sender::<Reservation>("charter://reservations").await?);
    let shutdown = CancellationToken::new();
    let service = {
        let (runtime, shutdown) = (runtime.clone(), shutdown.clone());
        tokio::spawn(async move { reservations_service::service().run(runtime, shutdown).await })
    };

    let before = counted(&store).await?.0;
    send(&sender, events).await?;
    // Opened properties have two events each, reservations two.
    let wanted = before + i64::try_from(events).unwrap_or(i64::MAX);
    let (mut last, mut moved) = ((-1, -1), Instant::now());
    loop {
        let (stored, shown) = counted(&store).await?;
        if stored >= wanted && shown == stored {
            break;
        }
        if (stored, shown) != last {
            (last, moved) = ((stored, shown), Instant::now());
        }
        anyhow::ensure!(moved.elapsed() < PATIENCE, "{stored} events of {wanted}, {shown} shown");
        tokio::time::sleep(LOOK).await;
    }
    shutdown.cancel();
    service.await?.context("the service broke off")?;
    store.close().await;
    log.close().await;
    registry_stop.cancel();
    registry.await?;
    Ok(begun.elapsed())
}

/// Events in the store, and those that the views show.
async fn counted(store: &SqliteStore) -> anyhow::Result<(i64, i64)> {
    let mut stored = 0;
    for partition in 0..charter_engine::log::DEFAULT_PARTITIONS {
        let checkpoint = store.checkpoint(Reservation::NAME, partition).await?;
        stored += checkpoint.map_or(0, |checkpoint| checkpoint.next_position);
    }
    let shown = store.view_positions(Reservation::NAME).await?;
    Ok((stored, shown.iter().map(|(_, position)| position + 1).sum()))
}

async fn send(sender: &Arc<CommandSender<Reservation>>, events: u64) -> anyhow::Result<()> {
    let run = Uuid::now_v7();
    let properties = events.div_ceil(2 * RESERVATIONS + 2);
    let next = Arc::new(AtomicU64::new(0));
    let mut senders = JoinSet::new();
    for _ in 0..SENDERS.min(properties) {
        let (sender, next) = (Arc::clone(sender), Arc::clone(&next));
        senders.spawn(async move {
            loop {
                let property = next.fetch_add(1, Ordering::Relaxed);
                if property >= properties {
                    return anyhow::Ok(());
                }
                fill_property(&sender, format!("fill-{run}-{property}")).await?;
            }
        });
    }
    while let Some(sent) = senders.join_next().await {
        sent??;
    }
    Ok(())
}

async fn fill_property(
    sender: &CommandSender<Reservation>,
    property_id: String,
) -> anyhow::Result<()> {
    let open = OpenProperty {
        property_id: property_id.clone(),
        name: "Filled".to_owned(),
        room_types: vec![RoomType { room_type_id: "king".to_owned(), rooms: 1 }],
    };
    append(sender, ReservationCommand::OpenProperty(open)).await?;
    for _ in 0..RESERVATIONS {
        let reservation_id = Uuid::now_v7();
        let (property_id, reason) = (property_id.clone(), None);
        append(sender, create(&property_id, reservation_id)?).await?;
        let cancel = CancelReservation { property_id, reservation_id, reason };
        append(sender, ReservationCommand::CancelReservation(cancel)).await?;
    }
    Ok(())
}

fn create(property_id: &str, reservation_id: Uuid) -> anyhow::Result<ReservationCommand> {
    let date = |day| Date::from_calendar(2027, 5, day).context("a date");
    Ok(ReservationCommand::CreateReservation(CreateReservation {
        property_id: property_id.to_owned(),
        reservation_id,
        guaranteed: true,
        guest_id: "guest".to_owned(),
        room_type_id: "king".to_owned(),
        rate_code: None,
        check_in_date: date(1)?,
        check_out_date: date(2)?,
        source: ReservationSource::Ota,
        reservation_type: ReservationType::Transient,
        total_amount: "420.00".parse()?,
        currency: "EUR".to_owned(),
        notes: None,
    }))
}

async fn append(
    sender: &CommandSender<Reservation>,
    command: ReservationCommand,
) -> anyhow::Result<()> {
    let command_id = Uuid::now_v7();
    sender.send(NewCommand::new(command_id, "acme", command)).await?;
    Ok(())
}
