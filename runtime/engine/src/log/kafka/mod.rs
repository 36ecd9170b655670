//! The log on Apache Kafka.
//!
//! One producer appends, one consumer fetches all partitions, one task for each membership serves a real
//! consumer group, and one thread watches over the brokers. No promise rests on Kafka's transactions, and
//! no offset is committed there: the store's checkpoint says where an owner goes on.
//!
//! What is different from the embedded log:
//! - The records of one append stand in order, and next to each other as far as this process's appends
//!   go; another process's may come between two of them.
//! - An append that got no answer within 9 s is [`LogError::FateUnknown`], also where it was never sent.
//!   Without that error it is never doubled nor in another order.
//! - Times are whole milliseconds of the clock of the broker that leads the partition. They never fall
//!   within what is read in one go; where brokers' clocks differ, a time may be earlier than one that was
//!   read before it moved.
//! - A trim may be undone by a broker's unclean end, and the records are there again.

mod clock;
mod connection;
mod group;
mod producer;
mod reader;
mod settings;
mod topics;

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use charter_domain::Timestamp;
use rdkafka::error::KafkaError;
use tokio::sync::OnceCell;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    Appended, DEFAULT_PARTITIONS, Log, LogError, LogRecord, MAX_PARTITIONS, Membership, Record,
    TopicSpec, bounded,
};
use clock::{CLOCK_RETENTION, CLOCK_TOPIC, Clock};
use connection::{Connection, Told};
use group::Groups;
use producer::Appender;
use reader::{Found, Held, Reader};
pub use settings::{KafkaSettings, KafkaSettingsError};
use topics::{Topics, Trimmed};

/// How long the brokers may take for a question.
const REQUEST: Duration = Duration::from_secs(8);
/// How long a record that is there may take to come.
const OWED: Duration = Duration::from_secs(8);
/// How long a reader that gets nothing trusts that there is nothing.
const TRUST: Duration = Duration::from_secs(10);
/// How long the brokers may take to answer at all.
const PROBE: Duration = Duration::from_secs(3);
/// How often they are asked, while they answer and while they don't.
const PROBES: Duration = Duration::from_secs(2);
const PROBES_AWAY: Duration = Duration::from_millis(200);
/// How long closing waits for members to leave their groups.
const LEAVE: Duration = Duration::from_secs(5);
/// The topic of the pairing id: its last record is the id.
const PAIRING_TOPIC: &str = "charter.pairing";

/// The log on Kafka. Brokers that are away are waited for: every call then is
/// [`LogError::Unavailable`] after a while, and none needs a restart when they are back.
pub struct KafkaLog {
    shared: Arc<Shared>,
    watch: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    settings: KafkaSettings,
    connection: Arc<Connection>,
    topics: Arc<Topics>,
    appender: Appender,
    reader: Reader,
    groups: Groups,
    clock: Clock,
    ticking: tokio::sync::Mutex<()>,
    clock_topic: OnceCell<()>,
    closed: CancellationToken,
}

impl fmt::Debug for KafkaLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaLog")
            .field("settings", &self.shared.settings)
            .field("check", &self.shared.connection.check())
            .finish_non_exhaustive()
    }
}

impl KafkaLog {
    /// Opens the log. It needn't be reachable: [`Log::check`] says when it is. To be called within a tokio
    /// runtime; [`Log::close`] ends it in good order.
    ///
    /// # Errors
    /// [`KafkaSettingsError`] where no client can be made of the settings.
    pub async fn open(settings: KafkaSettings) -> Result<Self, KafkaSettingsError> {
        let opened = tokio::task::spawn_blocking(move || Shared::open(settings)).await;
        let shared = opened.map_err(|error| KafkaSettingsError::Client {
            reason: format!("making the clients ended: {error}"),
        })??;
        let watched = shared.clone();
        let watch = std::thread::Builder::new()
            .name("charter-kafka".to_owned())
            .spawn(move || watched.watch())
            .map_err(|error| KafkaSettingsError::Client { reason: error.to_string() })?;
        Ok(Self { shared, watch: Mutex::new(Some(watch)) })
    }
}

impl Drop for KafkaLog {
    fn drop(&mut self) {
        self.shared.closed.cancel();
        self.shared.connection.close();
    }
}

impl Shared {
    fn open(settings: KafkaSettings) -> Result<Arc<Self>, KafkaSettingsError> {
        settings.check()?;
        let connection = Arc::new(Connection::new(&settings.brokers));
        let closed = CancellationToken::new();
        let made = |error: KafkaError| settings::refused(&error);
        let admin = settings.admin().create_with_context(Told(connection.clone())).map_err(made)?;
        Ok(Arc::new(Self {
            topics: Arc::new(Topics::new(admin, settings.replication, settings.in_sync())),
            appender: Appender::new(settings.producer(), connection.clone()).map_err(made)?,
            reader: Reader::new(&settings, connection.clone()).map_err(made)?,
            groups: Groups::new(settings.clone(), connection.clone(), closed.clone()),
            clock: Clock::default(),
            ticking: tokio::sync::Mutex::default(),
            clock_topic: OnceCell::new(),
            connection,
            closed,
            settings,
        }))
    }

    /// Asks the brokers again and again whether they are there, until the log is closed. It blocks.
    fn watch(&self) {
        let topic = self.full(PAIRING_TOPIC);
        loop {
            match self.topics.probe(&topic, PROBE) {
                Ok(()) => self.connection.answered(),
                Err(error) => self.connection.silent(PROBE, &error),
            }
            self.reader.keep_house();
            let pause = if self.connection.is_away() { PROBES_AWAY } else { PROBES };
            if !self.connection.wait(pause, PROBES_AWAY) {
                return;
            }
        }
    }

    /// The topic's name on Kafka.
    fn full(&self, topic: &str) -> String {
        [&self.settings.topic_prefix, topic].concat()
    }

    async fn partitions(&self, topic: &str) -> Result<u32, LogError> {
        self.count(&self.full(topic)).await
    }

    async fn count(&self, full: &str) -> Result<u32, LogError> {
        if self.closed.is_cancelled() {
            return Err(closed());
        }
        if let Some(count) = self.topics.known(full) {
            return Ok(count);
        }
        let (topics, full) = (self.topics.clone(), full.to_owned());
        blocking(move || topics.ask(&full)).await
    }

    /// The topic's full name, where it has that partition.
    async fn partition(&self, topic: &str, partition: u32) -> Result<String, LogError> {
        let full = self.full(topic);
        let partitions = self.count(&full).await?;
        if partition >= partitions {
            let topic = topic.to_owned();
            return Err(LogError::UnknownPartition { topic, partition, partitions });
        }
        Ok(full)
    }

    async fn bounds(self: &Arc<Self>, full: &str, partition: u32) -> Result<Range<u64>, LogError> {
        if self.closed.is_cancelled() {
            return Err(closed());
        }
        let (topics, full) = (self.topics.clone(), full.to_owned());
        blocking(move || topics.bounds(&full, partition)).await
    }

    async fn append(
        &self,
        full: &str,
        partition: u32,
        records: Vec<Record>,
    ) -> Result<Vec<Appended>, LogError> {
        let number = i32::try_from(partition).unwrap_or(i32::MAX);
        let appended = self.appender.append(full, number, records).await;
        match &appended {
            Ok(appended) => {
                if let Some(last) = appended.last() {
                    self.clock.seen(full, partition, last.offset + 1, last.time);
                }
            }
            Err(LogError::UnknownTopic(_)) => self.topics.forget(full),
            Err(_) => {}
        }
        appended
    }

    async fn fetch(
        self: &Arc<Self>,
        full: &str,
        partition: u32,
        from: u64,
        most: usize,
        wait: Duration,
    ) -> Result<Vec<LogRecord>, LogError> {
        let mut until = Instant::now() + wait;
        let mut is_known = false;
        let (mut held, mut is_owed) = match self.reader.find(full, partition, from)? {
            Found::Here(held) => (held, false),
            Found::Room(room) => {
                let bounds = self.bounds(full, partition).await?;
                within(full, partition, from, &bounds)?;
                let shared = self.clone();
                let held = blocking(move || shared.reader.put(room, from)).await?;
                is_known = true;
                (held, from < bounds.end)
            }
        };
        if is_owed {
            until = Instant::now() + OWED;
        }
        loop {
            match held.take(most) {
                Ok(records) => {
                    if let Some(last) = records.last() {
                        self.clock.seen(full, partition, last.offset + 1, last.time);
                        return Ok(records);
                    }
                }
                Err(error) => return Err(self.lost(held, full, partition, from, error).await),
            }
            let filled = held.filled();
            tokio::select! {
                () = filled.notified() => continue,
                () = tokio::time::sleep_until(until) => {}
                () = self.closed.cancelled() => return Err(closed()),
            }
            if is_owed {
                give_up(held).await;
                return Err(LogError::unavailable(format!(
                    "`{full}`/{partition} has a record at offset {from}, which has not come within {OWED:?}"
                )));
            }
            // Where nobody waits, what is there has to be known.
            if (is_known || !wait.is_zero()) && held.unverified() < TRUST {
                return Ok(Vec::new());
            }
            let bounds = match self.bounds(full, partition).await {
                Ok(bounds) => bounds,
                // Who has waited long enough is told nothing new; who didn't wait is told why.
                Err(error) if wait.is_zero() => return Err(error),
                Err(_) => return Ok(Vec::new()),
            };
            if let Err(error) = within(full, partition, from, &bounds) {
                give_up(held).await;
                return Err(error);
            }
            held.verify();
            if from == bounds.end {
                return Ok(Vec::new());
            }
            is_owed = true;
            until = Instant::now() + OWED;
        }
    }

    /// Why a place can't be read at any more.
    async fn lost(
        self: &Arc<Self>,
        held: Held,
        full: &str,
        partition: u32,
        from: u64,
        error: KafkaError,
    ) -> LogError {
        give_up(held).await;
        match self.bounds(full, partition).await {
            Ok(bounds) => within(full, partition, from, &bounds)
                .err()
                .unwrap_or_else(|| unavailable("the partition can't be read", error)),
            Err(error) => error,
        }
    }

    /// The partition's end and the log's time.
    async fn end_and_time(
        self: &Arc<Self>,
        full: &str,
        partition: u32,
    ) -> Result<Appended, LogError> {
        let seen = self.clock.end(full, partition);
        if let Some(seen) = seen.filter(clock::End::is_fresh) {
            return Ok(self.clock.told(full, partition, seen.appended));
        }
        // The time before the end, so that no record behind the end has an earlier one; and as much earlier
        // as records may be in the log already that the end doesn't show yet.
        let time = self.time(full, partition).await? - self.settings.hidden();
        let bounds = self.bounds(full, partition).await?;
        let last = match seen {
            Some(seen) if seen.appended.offset == bounds.end => Some(seen.appended.time),
            Some(seen) if seen.appended.offset < bounds.end && seen.is_recent() => {
                return Ok(self.clock.told(full, partition, seen.appended));
            }
            Some(_) | None if bounds.is_empty() => None,
            Some(_) | None => {
                let read = self.fetch(full, partition, bounds.end - 1, 1, Duration::ZERO).await?;
                read.first().map(|record| record.time)
            }
        };
        let time = last.map_or(time, |last| last.max(time));
        Ok(self.clock.told(full, partition, Appended { offset: bounds.end, time }))
    }

    /// A time that the leader's clock has reached, and that is late by as little as can be known.
    async fn time(self: &Arc<Self>, full: &str, partition: u32) -> Result<Timestamp, LogError> {
        if let Some(bound) = self.clock.bound(full, partition, super::system_time()) {
            return Ok(bound);
        }
        let leader = self.leader(full, partition).await?;
        if let Some(bound) = self.clock.leader_bound(leader) {
            return Ok(bound);
        }
        let _one = self.ticking.lock().await;
        if let Some(bound) = self.clock.leader_bound(leader) {
            return Ok(bound);
        }
        let clock = self.full(CLOCK_TOPIC);
        let making = self.topics.ensure(&clock, DEFAULT_PARTITIONS, Some(CLOCK_RETENTION));
        self.clock_topic.get_or_try_init(|| making).await?;
        let (topics, name) = (self.topics.clone(), clock.clone());
        let leaders = blocking(move || topics.leaders(&name)).await?;
        // Where the leader leads none of them, another's clock has to do.
        let nearest = leaders.iter().position(|other| *other == leader).unwrap_or_default();
        let record = Record { key: Bytes::new(), value: Bytes::new(), headers: Vec::new() };
        let nearest = u32::try_from(nearest).unwrap_or_default();
        let appended = bounded(self.append(&clock, nearest, vec![record])).await?;
        let Some(tick) = appended.first() else {
            return Err(LogError::unavailable("the clock's record was not acknowledged"));
        };
        self.clock.shown(leader, tick.time);
        Ok(tick.time)
    }

    async fn leader(&self, full: &str, partition: u32) -> Result<i32, LogError> {
        let (topics, name) = (self.topics.clone(), full.to_owned());
        let leaders = blocking(move || topics.leaders(&name)).await?;
        Ok(leaders.get(partition as usize).copied().unwrap_or(-1))
    }
}

#[async_trait]
impl Log for KafkaLog {
    async fn ensure_topic(&self, topic: &TopicSpec) -> Result<(), LogError> {
        let full = self.shared.full(&topic.name);
        let is_named = (1..=249).contains(&full.len())
            && !topic.name.is_empty()
            && full != "."
            && full != ".."
            && full.bytes().all(settings::is_of_a_topic);
        if !is_named || !(1..=MAX_PARTITIONS).contains(&topic.partitions) {
            let (topic, partitions) = (topic.name.clone(), topic.partitions);
            return Err(LogError::InvalidTopic { topic, partitions });
        }
        self.shared.check()?;
        let made = self.shared.topics.ensure(&full, topic.partitions, topic.retention).await;
        made.map_err(named(&topic.name))
    }

    async fn partitions(&self, topic: &str) -> Result<u32, LogError> {
        self.shared.partitions(topic).await.map_err(named(topic))
    }

    async fn append(
        &self,
        topic: &str,
        partition: u32,
        records: Vec<Record>,
    ) -> Result<Vec<Appended>, LogError> {
        let named = named(topic);
        let full = self.shared.partition(topic, partition).await.map_err(&named)?;
        if records.is_empty() {
            return Ok(Vec::new());
        }
        self.shared.append(&full, partition, records).await.map_err(&named)
    }

    async fn fetch(
        &self,
        topic: &str,
        partition: u32,
        from: u64,
        max_bytes: usize,
        wait: Duration,
    ) -> Result<Vec<LogRecord>, LogError> {
        let named = named(topic);
        let full = self.shared.partition(topic, partition).await.map_err(&named)?;
        let fetched = self.shared.fetch(&full, partition, from, max_bytes, wait).await;
        fetched.map_err(named)
    }

    async fn bounds(&self, topic: &str, partition: u32) -> Result<Range<u64>, LogError> {
        let named = named(topic);
        let full = self.shared.partition(topic, partition).await.map_err(&named)?;
        self.shared.bounds(&full, partition).await.map_err(&named)
    }

    async fn end_and_time(&self, topic: &str, partition: u32) -> Result<Appended, LogError> {
        let named = named(topic);
        let full = self.shared.partition(topic, partition).await.map_err(&named)?;
        self.shared.end_and_time(&full, partition).await.map_err(&named)
    }

    async fn trim(&self, topic: &str, partition: u32, before: u64) -> Result<(), LogError> {
        let named = named(topic);
        let full = self.shared.partition(topic, partition).await.map_err(&named)?;
        match self.shared.topics.trim(&full, partition, before).await.map_err(&named)? {
            Trimmed::Done => {
                let shared = self.shared.clone();
                blocking(move || {
                    shared.reader.forget_before(&full, partition, before);
                    Ok(())
                })
                .await
            }
            Trimmed::Outside => {
                let bounds = self.shared.bounds(&full, partition).await.map_err(&named)?;
                let (topic, Range { start, end }) = (topic.to_owned(), bounds);
                Err(LogError::OutOfRange { topic, partition, offset: before, start, end })
            }
        }
    }

    async fn join(&self, group: &str, topic: &str) -> Result<Box<dyn Membership>, LogError> {
        // Whoever joins a group on a topic that is not there would wait for it in silence.
        self.partitions(topic).await?;
        self.shared.groups.join(group, self.shared.full(topic)).await
    }

    async fn pairing_id(&self) -> Result<Option<Uuid>, LogError> {
        let full = match self.shared.partition(PAIRING_TOPIC, 0).await {
            Ok(full) => full,
            Err(LogError::UnknownTopic(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let bounds = self.shared.bounds(&full, 0).await?;
        if bounds.is_empty() {
            return Ok(None);
        }
        let last = bounds.end - 1;
        let records = self.shared.fetch(&full, 0, last, 1, Duration::ZERO).await?;
        let Some(record) = records.first() else { return Ok(None) };
        let text = std::str::from_utf8(&record.record.value).ok();
        text.and_then(|text| text.parse().ok()).map(Some).ok_or_else(|| LogError::Damaged {
            topic: PAIRING_TOPIC.to_owned(),
            partition: 0,
            offset: last,
            reason: "it is no pairing id".to_owned(),
        })
    }

    async fn set_pairing_id(&self, id: Uuid) -> Result<(), LogError> {
        let spec = TopicSpec {
            name: PAIRING_TOPIC.to_owned(),
            partitions: 1,
            retention: None,
            volatile: false,
        };
        self.ensure_topic(&spec).await?;
        let value = Bytes::from(id.to_string());
        let record = Record { key: Bytes::from_static(b"pairing"), value, headers: Vec::new() };
        bounded(self.append(PAIRING_TOPIC, 0, vec![record])).await.map(|_| ())
    }

    async fn check(&self) -> Result<(), LogError> {
        self.shared.check()
    }

    fn system(&self) -> &'static str {
        "kafka"
    }

    async fn close(&self) {
        self.shared.closed.cancel();
        self.shared.connection.close();
        self.shared.groups.close(LEAVE).await;
        let watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner).take();
        let shared = self.shared.clone();
        let closing = tokio::task::spawn_blocking(move || {
            shared.appender.close();
            if let Some(watch) = watch {
                // It panicked where this fails, and said so itself.
                let _ = watch.join();
            }
            shared.reader.close();
        });
        if let Err(error) = closing.await {
            tracing::warn!(%error, "the log was not closed in good order");
        }
    }
}

impl Shared {
    fn check(&self) -> Result<(), LogError> {
        if self.closed.is_cancelled() {
            return Err(closed());
        }
        self.connection.check()
    }
}

/// Gives an error the topic's name as the caller knows it.
fn named(name: &str) -> impl Fn(LogError) -> LogError {
    move |mut error| {
        if let LogError::UnknownTopic(topic)
        | LogError::TopicDiffers { topic, .. }
        | LogError::TopicSetting { topic, .. }
        | LogError::OutOfRange { topic, .. } = &mut error
        {
            name.clone_into(topic);
        }
        error
    }
}

fn within(full: &str, partition: u32, from: u64, bounds: &Range<u64>) -> Result<(), LogError> {
    let Range { start, end } = *bounds;
    if (start..=end).contains(&from) {
        return Ok(());
    }
    Err(LogError::OutOfRange { topic: full.to_owned(), partition, offset: from, start, end })
}

async fn give_up(held: Held) {
    let given_up = blocking(move || {
        held.give_up();
        Ok(())
    });
    // It only fails where the process ends.
    let _ = given_up.await;
}

/// Does what blocks where it holds up nobody.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LogError> + Send + 'static,
) -> Result<T, LogError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(LogError::Unavailable {
            reason: "a call to kafka ended".to_owned(),
            source: Some(Box::new(error)),
        }),
    }
}

fn unavailable(what: &str, error: KafkaError) -> LogError {
    LogError::Unavailable { reason: format!("{what}: {error}"), source: Some(Box::new(error)) }
}

fn closed() -> LogError {
    LogError::unavailable("it is closed")
}

/// Kafka's milliseconds; a record without a time is as early as can be.
fn timestamp(time: rdkafka::Timestamp) -> Timestamp {
    Timestamp::from_micros(time.to_millis().unwrap_or_default().saturating_mul(1_000))
}
