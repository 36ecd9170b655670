//! A service of the tally contract over an embedded log and a SQLite store that fail when told to.
#![allow(dead_code, reason = "each test file uses its part of this")]

pub(crate) mod faults;
pub(crate) mod tally;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use charter_domain::{Contract, Envelope, Timestamp};
use charter_engine::log::embedded::{Durability, EmbeddedLog, EmbeddedSettings};
use charter_engine::log::{Log, LogRecord, TopicSpec};
use charter_engine::schemas::{
    MemoryRegistry, MessageCodec, RecordCodec, Registration, SchemaCatalog,
};
use charter_engine::store::{SqliteStore, Store};
use charter_engine::submit::{Accepted, CommandSender, NewCommand};
use charter_engine::{ContextService, Runtime, Service, ServiceError, ServiceStatus, Settings};
use contract_shared::{DeadLetter, Outcome};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use faults::{FaultyLog, FaultyStore, Script};
use tally::{Part, Tallies, Tally, TallyCommand, TallyEvent, Total};

pub(crate) const PARTITIONS: u32 = 2;
pub(crate) const TENANT: &str = "default";
pub(crate) const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// Longer than anything that should happen takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// Gives what `probe` finds, which it is asked for until it does.
pub(crate) async fn until<T>(what: &str, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

pub(crate) struct World {
    /// Removed with the world, where it is the world's own.
    _directory: Option<TempDir>,
    pub(crate) log: Arc<FaultyLog>,
    pub(crate) store: Arc<FaultyStore>,
    pub(crate) settings: Settings,
    clock: Arc<AtomicI64>,
    schemas: SchemaCatalog,
    pub(crate) sender: CommandSender<Tally>,
    events: MessageCodec<TallyEvent>,
    dead_letters: RecordCodec<DeadLetter>,
}

impl World {
    /// A new world at microsecond 1,000 of its clock, which stands still.
    pub(crate) async fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let world = Self::within(directory.path()).await;
        Self { _directory: Some(directory), ..world }
    }

    /// The world that is kept in a directory.
    pub(crate) async fn within(directory: &Path) -> Self {
        let clock = Arc::new(AtomicI64::new(1_000));
        let reading = clock.clone();
        let settings = EmbeddedSettings {
            durability: Durability::Process,
            clock: Arc::new(move || Timestamp::from_micros(reading.load(Ordering::SeqCst))),
            ..EmbeddedSettings::default()
        };
        let log = EmbeddedLog::open(directory.join("log"), settings).expect("a log");
        let log = Arc::new(FaultyLog {
            log: Arc::new(log),
            appends: Script::default(),
            fetches: Script::default(),
        });
        let store = SqliteStore::open(directory, Durability::Process).await.expect("a store");
        let store = Arc::new(FaultyStore {
            store: Arc::new(store),
            commits: Script::default(),
            reads: Script::default(),
            steps: Script::default(),
            histories: Script::default(),
            deadlines: Script::default(),
            reactions: Script::default(),
        });
        let schemas = SchemaCatalog::new(Arc::new(MemoryRegistry::new()), Registration::Register);
        let commands = schemas.messages(&Tally::commands_topic()).await.expect("schemas");
        let events = schemas.messages(&Tally::events_topic()).await.expect("schemas");
        let dead_letters = schemas.records(&Tally::dead_letters_topic()).await.expect("schemas");
        for name in [Tally::commands_topic(), Tally::events_topic(), Tally::dead_letters_topic()] {
            let topic =
                TopicSpec { name, partitions: PARTITIONS, retention: None, volatile: false };
            log.ensure_topic(&topic).await.expect("a topic");
        }
        let sender = CommandSender::new(log.clone(), Arc::new(commands), "charter://tests");
        let settings = Settings {
            partitions: PARTITIONS,
            idle_wait: Duration::from_millis(5),
            retry_first: Duration::from_millis(1),
            retry_most: Duration::from_millis(20),
            event_retention: None,
            ..Settings::default()
        };
        Self {
            _directory: None,
            sender: sender.await.expect("a sender"),
            log,
            store,
            settings,
            clock,
            schemas,
            events,
            dead_letters,
        }
    }

    /// Sets the log's clock, in microseconds.
    pub(crate) fn at(&self, micros: i64) {
        self.clock.store(micros, Ordering::SeqCst);
    }

    pub(crate) fn runtime(&self) -> Runtime {
        Runtime::new(self.log.clone(), self.store.clone(), self.schemas.clone(), self.settings)
    }

    pub(crate) fn start(&self) -> Running {
        self.start_service(service())
    }

    pub(crate) fn start_service(&self, service: ContextService<Tallies>) -> Running {
        let service: Arc<dyn Service> = Arc::new(service);
        let shutdown = CancellationToken::new();
        let (running, runtime, token) = (service.clone(), self.runtime(), shutdown.clone());
        let task = tokio::spawn(async move { running.run(runtime, token).await });
        Running { service, shutdown, task }
    }

    pub(crate) async fn send(&self, command: TallyCommand) -> Uuid {
        let id = Uuid::now_v7();
        self.send_as(id, command).await;
        id
    }

    pub(crate) async fn send_as(&self, command_id: Uuid, command: TallyCommand) -> Accepted {
        self.send_for(command_id, command, None).await
    }

    pub(crate) async fn send_for(
        &self,
        command_id: Uuid,
        command: TallyCommand,
        reply_to: Option<String>,
    ) -> Accepted {
        let command = NewCommand {
            correlation_id: "c".to_owned(),
            reply_to,
            request_hash: Some([7; 32]),
            traceparent: Some(TRACEPARENT.to_owned()),
            ..NewCommand::new(command_id, TENANT, command)
        };
        self.sender.send(command).await.expect("accepted")
    }

    /// Sends a command that builds on a sequence of its aggregate.
    pub(crate) async fn send_expecting(&self, sequence: i64, command: TallyCommand) -> Uuid {
        let command = NewCommand {
            expected_sequence: Some(sequence),
            ..NewCommand::new(Uuid::now_v7(), TENANT, command)
        };
        let id = command.command_id;
        self.sender.send(command).await.expect("accepted");
        id
    }

    pub(crate) async fn outcome(&self, command: Uuid) -> Outcome {
        until("an outcome", async || {
            self.store.store.outcome(Some(TENANT), command).await.expect("an answer")
        })
        .await
    }

    /// All of a topic's records.
    pub(crate) async fn records(&self, topic: &str, partition: u32) -> Vec<LogRecord> {
        let bounds = self.log.bounds(topic, partition).await.expect("bounds");
        let mut records = Vec::new();
        let mut next = bounds.start;
        while next < bounds.end {
            let fetched = self
                .log
                .log
                .fetch(topic, partition, next, usize::MAX, Duration::ZERO)
                .await
                .expect("records");
            next = fetched.last().expect("before the end").offset + 1;
            records.extend(fetched);
        }
        records
    }

    /// The published events of a partition as a consumer takes them: those at the position after its last.
    pub(crate) async fn published(&self, partition: u32) -> Vec<Envelope<TallyEvent>> {
        let mut taken = Vec::new();
        for record in self.records(&Tally::events_topic(), partition).await {
            let event = self.events.decode(&record.record).await.expect("an event");
            if usize::try_from(event.metadata.position) == Ok(taken.len()) {
                taken.push(event);
            }
        }
        taken
    }

    /// Waits until all that the store has is published; gives the events of all partitions.
    pub(crate) async fn all_published(&self) -> Vec<Envelope<TallyEvent>> {
        let mut all = Vec::new();
        for partition in 0..PARTITIONS {
            let stored = self.stored(partition).await;
            let published = until("publication", async || {
                Some(self.published(partition).await).filter(|found| found.len() >= stored)
            })
            .await;
            all.extend(published);
        }
        all
    }

    async fn stored(&self, partition: u32) -> usize {
        let checkpoint = self.store.checkpoint(Tally::NAME, partition).await.expect("an answer");
        checkpoint.map_or(0, |at| usize::try_from(at.next_position).expect("a count"))
    }

    /// Waits until the views have come as far as the store.
    pub(crate) async fn all_projected(&self) {
        let mut wanted = Vec::new();
        for partition in 0..PARTITIONS {
            let stored = self.stored(partition).await;
            if let Some(last) = stored.checked_sub(1) {
                wanted.push((partition, i64::try_from(last).expect("a position")));
            }
        }
        until("the views", async || {
            let positions = self.store.view_positions(Tally::NAME).await.expect("an answer");
            (positions == wanted).then_some(())
        })
        .await;
    }

    pub(crate) async fn letters(&self) -> BTreeMap<Uuid, DeadLetter> {
        let mut letters = BTreeMap::new();
        for partition in 0..PARTITIONS {
            for record in self.records(&Tally::dead_letters_topic(), partition).await {
                let letter =
                    self.dead_letters.decode(&record.record.value).await.expect("a letter");
                letters.insert(letter.id, letter);
            }
        }
        letters
    }
}

/// The service as an author puts it together.
pub(crate) fn service() -> ContextService<Tallies> {
    ContextService::<Tallies>::new().project::<Total, Tallies>().project::<Part, Tallies>()
}

pub(crate) struct Running {
    pub(crate) service: Arc<dyn Service>,
    pub(crate) shutdown: CancellationToken,
    pub(crate) task: JoinHandle<Result<(), ServiceError>>,
}

impl Running {
    pub(crate) async fn ready(&self) {
        until("the service", async || {
            (self.service.status() == ServiceStatus::Ready).then_some(())
        })
        .await;
    }

    /// Ends the service in good order.
    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.expect("no panic").expect("an end in good order");
    }

    /// Ends the service where it stands.
    pub(crate) async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.is_err(), "it had ended before");
    }
}

/// The type and amount of each event.
pub(crate) fn amounts(events: &[Envelope<TallyEvent>]) -> Vec<(&str, i64)> {
    events
        .iter()
        .map(|event| match &event.payload {
            TallyEvent::Added(added) => (added.how.as_str(), added.amount),
            TallyEvent::Closed(closed) => ("closed", closed.total),
        })
        .collect()
}

/// Asserts what holds for every history: sequences and positions without gaps, no event twice.
pub(crate) fn assert_sound(events: &[Envelope<TallyEvent>]) {
    let mut last: HashMap<&str, i64> = HashMap::new();
    let mut ids = BTreeSet::new();
    for event in events {
        let sequence = last.entry(&event.metadata.key).or_default();
        *sequence += 1;
        assert_eq!(event.metadata.sequence, *sequence, "of `{}`", event.metadata.key);
        assert!(ids.insert(event.metadata.id), "an id twice");
    }
}
