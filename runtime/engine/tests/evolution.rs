//! A contract that changes while its events stay: four releases of one context on one log and one store.
//!
//! | release | its event |
//! |---|---|
//! | `first` | `amount: int`, `mode: DAY \| NIGHT`, `label: string` |
//! | `full` | gains `unit` with a default and the symbol `PEAK`: each reads the other (`FULL`) |
//! | `wide` | widens `amount` to `long` and renames `label` to `remark` by alias: it reads the others, and they can't read it |
//! | `wide_unraised` | the same, released without a raised contract version |

mod releases;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use charter_domain::{Begin, ColumnValue, Contract, Decider, Envelope, Reactor};
use charter_engine::log::LogRecord;
use charter_engine::log::embedded::{Durability, EmbeddedLog, EmbeddedSettings};
use charter_engine::schemas::{MemoryRegistry, Registration, SchemaCatalog};
use charter_engine::store::SqliteStore;
use charter_engine::{ContextService, Runtime, Service, ServiceError, ServiceStatus, Settings};
use contract_shared::OutcomeStatus;
use releases::{PATIENCE, TENANT, Take, first, full, reading, until, wide, wide_unraised};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// A log, a store and a registry that releases come to one after the other.
struct World {
    _directory: TempDir,
    runtime: Runtime,
}

struct Running {
    service: Arc<dyn Service>,
    shutdown: CancellationToken,
    task: JoinHandle<Result<(), ServiceError>>,
}

impl World {
    async fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let path: &Path = directory.path();
        let settings =
            EmbeddedSettings { durability: Durability::Process, ..EmbeddedSettings::default() };
        let log = EmbeddedLog::open(path.join("log"), settings).expect("a log");
        let store = SqliteStore::open(path, Durability::Process).await.expect("a store");
        let schemas = SchemaCatalog::new(Arc::new(MemoryRegistry::new()), Registration::Register);
        let settings = Settings {
            partitions: 1,
            idle_wait: Duration::from_millis(5),
            retry_first: Duration::from_millis(1),
            retry_most: Duration::from_millis(20),
            ..Settings::default()
        };
        let runtime = Runtime::new(Arc::new(log), Arc::new(store), schemas, settings);
        Self { _directory: directory, runtime }
    }

    fn start<D: Decider>(&self, service: ContextService<D>) -> Running {
        let service: Arc<dyn Service> = Arc::new(service);
        let shutdown = CancellationToken::new();
        let (running, runtime, token) = (service.clone(), self.runtime.clone(), shutdown.clone());
        let task = tokio::spawn(async move { running.run(runtime, token).await });
        Running { service, shutdown, task }
    }

    /// Lets the first release have been there: a registry refuses to take its schemas after those of a release that it can't
    /// read.
    async fn released_first(&self) {
        let old = self.start(first::service());
        self.take::<first::Meter>("z", 0, "DAY z").await;
        old.stop().await;
    }

    /// Sends a command by the contract `C`.
    async fn send<C: Contract<Command: From<Take>>>(
        &self,
        meter: &str,
        amount: i64,
        text: &str,
    ) -> Uuid {
        let sender = self.runtime.sender::<C>("charter://tests").await.expect("a sender");
        let command = reading(meter, amount, text);
        let id = command.command_id;
        sender.send(command).await.expect("accepted");
        id
    }

    /// Sends a command and waits until it is applied.
    async fn take<C: Contract<Command: From<Take>>>(&self, meter: &str, amount: i64, text: &str) {
        let id = self.send::<C>(meter, amount, text).await;
        let outcome = until("an outcome", async || {
            let found = self.runtime.store.outcome(Some(TENANT), id).await.expect("an answer");
            found.ok_or_else(|| "none".to_owned())
        })
        .await;
        assert_eq!(outcome.status, OutcomeStatus::Applied, "{:?}", outcome.detail);
    }

    /// Waits until the view's row of a meter is this.
    async fn shows(&self, meter: &str, wanted: &str) {
        let key = [ColumnValue::Text(meter.to_owned())];
        until("a row", async || {
            let read = self.runtime.store.row(&releases::READINGS, TENANT, &key).await;
            match read.map(|read| read.row) {
                Ok(Some(row)) if row[1] == ColumnValue::Text(wanted.to_owned()) => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .await;
    }

    /// The records of the event topic.
    async fn records<C: Contract>(&self) -> Vec<LogRecord> {
        let (log, topic) = (&self.runtime.log, C::events_topic());
        until("the events", async || {
            let end = log.bounds(&topic, 0).await.expect("bounds").end;
            let stored = self.runtime.store.checkpoint(C::NAME, 0).await.expect("an answer");
            let stored = stored.map_or(0, |at| at.next_position);
            if i64::try_from(end).expect("an offset") < stored {
                return Err(format!("{end} of {stored}"));
            }
            Ok(log.fetch(&topic, 0, 0, usize::MAX, Duration::ZERO).await.expect("records"))
        })
        .await
    }

    /// Each record of the event topic as the contract `C` reads it.
    async fn read_as<C: Contract>(
        &self,
        told: impl Fn(&C::Event) -> String,
    ) -> Vec<Result<String, String>> {
        let codec = self.runtime.schemas.messages::<C::Event>(&C::events_topic()).await;
        let codec = codec.expect("schemas");
        let mut all = Vec::new();
        for record in self.records::<C>().await {
            let read = codec.decode(&record.record).await;
            all.push(read.map(|it| told(&it.payload)).map_err(|error| error.to_string()));
        }
        all
    }
}

impl Running {
    /// Ends the release in good order.
    async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.expect("no panic").expect("an end in good order");
    }

    /// Waits until it says that it does not work for a reason with all of these words.
    async fn is_stuck(&self, words: &[&str]) {
        until("the reason", async || {
            let status = self.service.status();
            match &status {
                ServiceStatus::NotReady { reason, .. }
                    if words.iter().all(|word| reason.contains(word)) =>
                {
                    Ok(())
                }
                ServiceStatus::NotReady { .. }
                | ServiceStatus::Starting { .. }
                | ServiceStatus::Ready => Err(format!("{status:?}")),
            }
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_release_reads_old_events_from_the_store_and_from_the_log() {
    let world = World::new().await;
    let old = world.start(first::service());
    world.take::<first::Meter>("m", 5, "NIGHT a").await;
    world.take::<first::Meter>("m", 7, "DAY b").await;
    world.shows("m", "5 NIGHT a, 7 DAY b").await;
    old.stop().await;

    let next = world.start(full::service());
    // The views are folded anew, and the aggregate is: what it knows goes into the event.
    world.shows("m", "5 NIGHT a kWh, 7 DAY b kWh").await;
    world.take::<full::Meter>("m", 8, "PEAK after").await;
    world.shows("m", "5 NIGHT a kWh, 7 DAY b kWh, 8 PEAK after 12 m3").await;
    next.stop().await;

    let last = world.start(wide::service());
    let past = "5 NIGHT a kWh, 7 DAY b kWh, 8 PEAK after 12 m3";
    world.shows("m", past).await;
    world.take::<wide::Meter>("m", 3_000_000_000, "DAY after").await;
    world.shows("m", &format!("{past}, 3000000000 DAY after 20 m3")).await;
    let read = world.read_as::<wide::Meter>(wide::told).await;
    let read: Vec<_> = read.into_iter().map(|it| it.expect("each is read")).collect();
    assert_eq!(read.join(", "), format!("{past}, 3000000000 DAY after 20 m3"));
    last.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_release_reads_what_is_full_compatible() {
    let world = World::new().await;
    let new = world.start(full::service());
    world.take::<full::Meter>("m", 8, "PEAK a").await;
    new.stop().await;
    let read = world.read_as::<first::Meter>(first::told).await;
    assert_eq!(read, [Ok("8 DAY a 0".to_owned())], "a symbol it lacks is the default one");
    // It decides on it, and its events are the new release's again.
    let old = world.start(first::service());
    world.take::<first::Meter>("m", 1, "NIGHT after").await;
    old.stop().await;
    let new = world.start(full::service());
    world.shows("m", "8 PEAK a 0 m3, 1 NIGHT after 8 kWh").await;
    new.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_release_does_not_decide_after_a_newer_one() {
    let world = World::new().await;
    world.released_first().await;
    let new = world.start(wide::service());
    world.take::<wide::Meter>("m", 5, "DAY a").await;
    new.stop().await;
    let old = world.start(first::service());
    let ended = tokio::time::timeout(PATIENCE, old.task).await.expect("it ends");
    let error = ended.expect("no panic").expect_err("a partition is a newer one's");
    assert_eq!(
        error.to_string(),
        "partition 0 of `meter` was held with contract version 2, this process has 1"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_old_release_can_t_read_it_waits_for_a_newer_one_with() {
    let world = World::new().await;
    world.released_first().await;
    let new = world.start(wide_unraised::service());
    world.take::<wide_unraised::Meter>("m", 5, "DAY a").await;
    world.take::<wide_unraised::Meter>("n", 6, "DAY b").await;
    new.stop().await;

    let read = world.read_as::<first::Meter>(first::told).await;
    assert_eq!((read.len(), &read[0]), (3, &Ok("0 DAY z".to_owned())));
    for read in &read[1..] {
        let error = read.as_ref().expect_err("outside consumers are told too");
        assert!(error.contains("meter.Taken"), "{error}");
    }
    let old = world.start(first::service());
    let id = world.send::<first::Meter>("m", 1, "DAY c").await;
    old.is_stuck(&["`meter.taken`", "release"]).await;
    assert_eq!(world.runtime.store.outcome(Some(TENANT), id).await.expect("an answer"), None);
    old.shutdown.cancel();
    old.task.await.expect("no panic").expect("an end in good order");
    let new = world.start(wide_unraised::service());
    world.shows("m", "5 DAY a 0 m3, 1 DAY c 5 m3").await;
    new.stop().await;
}

/// Asks for a reading of the copy's meter.
struct Copies;

const COPIED: &str = "copy-";

fn copied(meter: &str, text: &str) -> Vec<Take> {
    if meter.starts_with(COPIED) {
        return Vec::new();
    }
    vec![Take { meter_id: format!("{COPIED}{meter}"), amount: 1, text: text.to_owned() }]
}

impl Reactor<first::Meter> for Copies {
    const NAME: &'static str = "copies";
    const BEGIN: Begin = Begin::History;
    type Commands = first::Meter;

    fn react(event: &Envelope<first::MeterEvent>) -> Vec<first::MeterCommand> {
        let first::MeterEvent::Taken(taken) = &event.payload;
        copied(&taken.meter_id, "DAY old").into_iter().map(Into::into).collect()
    }
}

impl Reactor<wide_unraised::Meter> for Copies {
    const NAME: &'static str = "copies";
    const BEGIN: Begin = Begin::History;
    type Commands = wide_unraised::Meter;

    fn react(event: &Envelope<wide_unraised::MeterEvent>) -> Vec<wide_unraised::MeterCommand> {
        let wide_unraised::MeterEvent::Taken(taken) = &event.payload;
        copied(&taken.meter_id, "DAY new").into_iter().map(Into::into).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_reactor_stops_at_what_it_can_t_read_and_a_newer_one_goes_on_there() {
    let world = World::new().await;
    let old = world.start(first::service().react::<first::Meter, Copies>());
    world.take::<first::Meter>("a", 5, "DAY a").await;
    world.shows("copy-a", "1 DAY old").await;
    old.stop().await;
    let new = world.start(wide_unraised::service());
    world.take::<wide_unraised::Meter>("b", 6, "DAY b").await;
    new.stop().await;

    let old = world.start(first::service().react::<first::Meter, Copies>());
    old.is_stuck(&["it stops at position 2", "`meter.taken`", "release"]).await;
    old.stop().await;
    let new = world.start(wide_unraised::service().react::<wide_unraised::Meter, Copies>());
    world.shows("copy-b", "1 DAY new 0 m3").await;
    world.shows("copy-a", "1 DAY old kWh").await;
    new.stop().await;
}
