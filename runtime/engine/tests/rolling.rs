//! A rolling upgrade on Apache Kafka and PostgreSQL: instances of two releases of one context side by side, while commands
//! come all the time. The new release raises the contract's version, and its events can't be read by the old one.
//!
//! The releases are built into this test, and each instance has its own connections to both engines, as a process has. What it does
//! not show is the end of a process: `tests/end_to_end/apart` kills those.

#![cfg(all(feature = "kafka", feature = "postgres"))]

#[path = "support/kafka.rs"]
#[allow(dead_code, reason = "each test file uses its part of this")]
mod kafka;
#[allow(dead_code, reason = "each test file uses its part of this")]
mod postgres;
#[allow(dead_code, reason = "each test file uses its part of this")]
mod releases;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use charter_domain::{AggregateId, ColumnValue, Contract, Decider};
use charter_engine::log::kafka::KafkaSettings;
use charter_engine::schemas::{MemoryRegistry, Registration, SchemaCatalog};
use charter_engine::store::PostgresSettings;
use charter_engine::{ContextService, Runtime, Service, ServiceError, ServiceStatus, Settings};
use contract_shared::OutcomeStatus;
use postgres::Schemas;
use releases::{READINGS, TENANT, first, reading, until, wide};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const PARTITIONS: u32 = 4;
/// Meters that are read, so that each partition has some.
const METERS: usize = 16;
/// Senders at a time.
const SENDERS: usize = 4;
/// Commands between two steps of the upgrade.
const BETWEEN: usize = 60;

/// What instances are started with.
struct Engines {
    kafka: KafkaSettings,
    postgres: PostgresSettings,
    registry: Arc<MemoryRegistry>,
}

struct Instance {
    service: Arc<dyn Service>,
    shutdown: CancellationToken,
    task: JoinHandle<Result<(), ServiceError>>,
    runtime: Runtime,
}

impl Engines {
    async fn runtime(&self) -> Runtime {
        let log = kafka::open(&self.kafka).await;
        let store = postgres::open(self.postgres.clone()).await;
        let schemas = SchemaCatalog::new(self.registry.clone(), Registration::Register);
        let settings = Settings {
            partitions: PARTITIONS,
            idle_wait: Duration::from_millis(100),
            retry_most: Duration::from_millis(200),
            ..Settings::default()
        };
        Runtime::new(log, Arc::new(store), schemas, settings)
    }

    async fn start<D: Decider>(&self, service: ContextService<D>) -> Instance {
        let service: Arc<dyn Service> = Arc::new(service);
        let (runtime, shutdown) = (self.runtime().await, CancellationToken::new());
        let (running, shared, token) = (service.clone(), runtime.clone(), shutdown.clone());
        let task = tokio::spawn(async move { running.run(shared, token).await });
        let instance = Instance { service, shutdown, task, runtime };
        until("an instance", async || {
            let status = instance.service.status();
            if status == ServiceStatus::Ready { Ok(()) } else { Err(format!("{status:?}")) }
        })
        .await;
        instance
    }
}

impl Instance {
    /// Ends it. One of the old release may have left by itself, when a partition came to it that a newer one had.
    async fn stop(self) {
        self.shutdown.cancel();
        let ended = self.task.await.expect("no panic");
        if let Err(error) = ended {
            let reason = error.to_string();
            assert!(
                reason.contains("held with contract version 2, this process has 1"),
                "{reason}"
            );
        }
        close(self.runtime).await;
    }
}

async fn close(runtime: Runtime) {
    runtime.log.close().await;
    runtime.store.close().await;
}

/// Sends readings one after the other, until it is told to stop; gives their ids by meter, in order.
async fn send(
    runtime: Runtime,
    sender: usize,
    sent: Arc<AtomicUsize>,
    stop: CancellationToken,
) -> Vec<(usize, Uuid)> {
    let commands = runtime.sender::<first::Meter>("charter://tests").await.expect("a sender");
    let mut ids = Vec::new();
    while !stop.is_cancelled() {
        let meter = (ids.len() * SENDERS + sender) % METERS;
        let command = reading(&format!("m{meter}"), 1, "DAY after");
        ids.push((meter, command.command_id));
        commands.send(command).await.expect("accepted");
        sent.fetch_add(1, Ordering::SeqCst);
    }
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_upgrade_under_load_loses_and_doubles_nothing() {
    let Ok(url) = postgres::database().inspect_err(|reason| eprintln!("skipped: {reason}")) else {
        return;
    };
    let Some(kafka) = KafkaSettings::from_env().expect("the environment's settings are fine")
    else {
        return kafka::skip("`KAFKA_BROKERS` is not set (tests/kafka/start DIR prints it)");
    };
    let schemas = Schemas::of(&url);
    let engines = Engines {
        kafka: kafka::apart(kafka),
        postgres: schemas.settings().await,
        registry: Arc::new(MemoryRegistry::new()),
    };
    let old = [engines.start(first::service()).await, engines.start(first::service()).await];
    let runtime = engines.runtime().await;
    let (sent, stop) = (Arc::new(AtomicUsize::new(0)), CancellationToken::new());
    let mut senders = JoinSet::new();
    for sender in 0..SENDERS {
        senders.spawn(send(runtime.clone(), sender, sent.clone(), stop.clone()));
    }
    let some_more = async || {
        let wanted = sent.load(Ordering::SeqCst) + BETWEEN;
        until("more commands", async || {
            let now = sent.load(Ordering::SeqCst);
            if now >= wanted { Ok(()) } else { Err(format!("{now} of {wanted}")) }
        })
        .await;
    };
    some_more().await;
    let mut new = Vec::new();
    for old in old {
        // The new one stands beside both old ones, or beside the last one, with work for all.
        new.push(engines.start(wide::service()).await);
        some_more().await;
        old.stop().await;
        some_more().await;
    }
    stop.cancel();
    let ids: Vec<_> = senders.join_all().await.into_iter().flatten().collect();

    let store = &runtime.store;
    let mut wanted: BTreeMap<usize, usize> = BTreeMap::new();
    let mut named = BTreeSet::new();
    for (meter, id) in &ids {
        let outcome = until("an outcome", async || {
            let found = store.outcome(Some(TENANT), *id).await.expect("an answer");
            found.ok_or_else(|| format!("command {id} has none"))
        })
        .await;
        assert_eq!(outcome.status, OutcomeStatus::Applied, "{:?}", outcome.detail);
        assert_eq!(outcome.events.len(), 1);
        assert!(named.insert(outcome.events[0].id), "an event is in two outcomes");
        *wanted.entry(*meter).or_default() += 1;
    }
    let mut schemas = BTreeMap::<_, usize>::new();
    let mut shown = 0;
    for (meter, count) in &wanted {
        let aggregate = AggregateId::new(TENANT, format!("m{meter}"));
        let mut events = Vec::new();
        loop {
            let after = i64::try_from(events.len()).expect("a sequence");
            let page = store.history(first::Meter::NAME, &aggregate, after, 500).await;
            let page = page.expect("events");
            if page.is_empty() {
                break;
            }
            events.extend(page);
        }
        let sequences: Vec<_> = events.iter().map(|event| event.sequence).collect();
        let dense: Vec<i64> = (1..).take(*count).collect();
        assert_eq!(sequences, dense, "of `{aggregate}`");
        for event in &events {
            assert!(named.remove(&event.id), "no outcome names event {}", event.id);
            *schemas.entry(event.schema).or_default() += 1;
        }
        // Each event knows how many were before it: none was decided on a state that lacked one.
        let text = until("its row", async || {
            let key = [ColumnValue::Text(aggregate.key.clone())];
            match store.row(&READINGS, TENANT, &key).await {
                Ok(read) => match read.row.map(|mut row| row.remove(1)) {
                    Some(ColumnValue::Text(text)) if text.split(", ").count() == *count => Ok(text),
                    other => Err(format!("{other:?}")),
                },
                Err(error) => Err(error.to_string()),
            }
        })
        .await;
        for (number, told) in text.split(", ").enumerate() {
            let begin = format!("1 DAY after {number} ");
            assert!(told.starts_with(&begin), "expected `{begin}…`, found `{told}`");
            shown += 1;
        }
    }
    assert!(named.is_empty(), "events of outcomes are lost: {named:?}");
    assert_eq!(shown, ids.len());
    assert_eq!(schemas.len(), 2, "both releases decided: {schemas:?}");
    println!("{} commands, by release {:?}", ids.len(), schemas.values().collect::<Vec<_>>());
    for instance in new {
        instance.stop().await;
    }
    close(runtime).await;
}
