//! Appending: one idempotent producer, whose deliveries are awaited by append and not by record.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use charter_domain::Timestamp;
use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::message::{DeliveryResult, Header, Message, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer as _, ProducerContext, ThreadedProducer};
use rdkafka::types::RDKafkaErrorCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::connection::{Connection, Told};
use super::{closed, timestamp};
use crate::log::{Appended, LogError, MAX_RECORD_BYTES, Record};

/// The most bytes that wait to be acknowledged, 32 MiB as in the embedded log.
const QUEUE_BYTES: usize = 32 << 20;
/// How long an append waits for a place among them.
const QUEUE_WAIT: Duration = Duration::from_secs(5);
/// What a record costs of the queue beside its bytes.
const OVERHEAD_BYTES: usize = 256;
/// How long closing waits for what was handed over.
const FLUSH: Duration = Duration::from_secs(9);
/// Locks that keep the records of one append together, by partition.
const LOCKS: usize = 64;

/// Appends records.
pub(super) struct Appender {
    config: ClientConfig,
    connection: Arc<Connection>,
    /// `None` when closed.
    producer: Mutex<Option<Arc<ThreadedProducer<Deliveries>>>>,
    room: Arc<Semaphore>,
    order: [Mutex<()>; LOCKS],
}

impl Appender {
    pub(super) fn new(
        config: ClientConfig,
        connection: Arc<Connection>,
    ) -> Result<Self, KafkaError> {
        let producer = create(&config, &connection)?;
        Ok(Self {
            config,
            connection,
            producer: Mutex::new(Some(producer)),
            room: Arc::new(Semaphore::new(QUEUE_BYTES)),
            order: std::array::from_fn(|_| Mutex::new(())),
        })
    }

    /// Appends to a partition that is there.
    pub(super) async fn append(
        &self,
        topic: &str,
        partition: i32,
        records: Vec<Record>,
    ) -> Result<Vec<Appended>, LogError> {
        let (mut bytes, mut largest) = (0, 0);
        for record in &records {
            let size = record.size();
            if size > MAX_RECORD_BYTES {
                return Err(LogError::TooLarge { size, limit: MAX_RECORD_BYTES });
            }
            bytes += size + OVERHEAD_BYTES;
            largest = largest.max(size);
        }
        // What is handed over while nobody answers would only be given up later, its fate unknown.
        self.connection.check()?;
        let place = self.place(bytes).await?;
        let (done, answer) = oneshot::channel();
        self.hand_over(topic, partition, &records, place, done)?;
        // The producer has a copy: thousands of appends wait at once, and what they hold is what they cost.
        drop(records);
        let failure = match answer.await {
            Ok(Ok(appended)) => return Ok(appended),
            Ok(Err(failure)) => failure,
            Err(_) => Failure::unknown("the log was closed before the brokers answered"),
        };
        Err(failure.into_error(topic, largest))
    }

    /// Gives all records to the producer, with no other append's among them.
    fn hand_over(
        &self,
        topic: &str,
        partition: i32,
        records: &[Record],
        place: OwnedSemaphorePermit,
        done: oneshot::Sender<Result<Vec<Appended>, Failure>>,
    ) -> Result<(), LogError> {
        let producer = self.producer()?;
        let append = Arc::new(Append::new(records.len(), place, done));
        let _together = lock(&self.order[shard(topic, partition)]);
        for (index, record) in records.iter().enumerate() {
            let mut message = BaseRecord::with_opaque_to(
                topic,
                Box::new(Delivery { append: append.clone(), index }),
            )
            .partition(partition)
            .key(record.key.as_ref())
            .payload(record.value.as_ref());
            if !record.headers.is_empty() {
                let mut headers = OwnedHeaders::new_with_capacity(record.headers.len());
                for (name, value) in &record.headers {
                    headers = headers.insert(Header { key: name, value: Some(value.as_ref()) });
                }
                message = message.headers(headers);
            }
            if let Err((error, _)) = producer.send(message) {
                append.not_sent(index, &error);
                break;
            }
        }
        Ok(())
    }

    /// The producer; another one where the last has failed for good.
    fn producer(&self) -> Result<Arc<ThreadedProducer<Deliveries>>, LogError> {
        let mut slot = lock(&self.producer);
        let Some(producer) = slot.as_ref() else { return Err(closed()) };
        let Some(reason) = producer.context().fatal.get() else { return Ok(producer.clone()) };
        tracing::warn!(reason, "the producer has failed for good; another one takes its place");
        let next =
            create(&self.config, &self.connection).map_err(|error| LogError::Unavailable {
                reason: "no producer could be made".to_owned(),
                source: Some(Box::new(error)),
            })?;
        if let Some(failed) = slot.replace(next.clone()) {
            // Its end waits for its threads.
            std::thread::spawn(move || drop(failed));
        }
        Ok(next)
    }

    async fn place(&self, bytes: usize) -> Result<OwnedSemaphorePermit, LogError> {
        // An append larger than the queue has the queue to itself.
        let bytes = u32::try_from(bytes.min(QUEUE_BYTES)).unwrap_or(u32::MAX);
        // There is room at most times, and then no clock is needed. It goes to nobody before those who wait.
        if let Ok(place) = Arc::clone(&self.room).try_acquire_many_owned(bytes) {
            return Ok(place);
        }
        let waiting = Arc::clone(&self.room).acquire_many_owned(bytes);
        match tokio::time::timeout(QUEUE_WAIT, waiting).await {
            Ok(place) => place.map_err(|_| closed()),
            Err(_) => Err(LogError::unavailable(format!(
                "more than {QUEUE_BYTES} bytes have waited for {QUEUE_WAIT:?} to be appended"
            ))),
        }
    }

    /// Waits for what was handed over, and ends. It blocks.
    pub(super) fn close(&self) {
        self.room.close();
        let producer = lock(&self.producer).take();
        if let Some(producer) = producer
            && let Err(error) = producer.flush(FLUSH)
        {
            tracing::warn!(%error, "not all appends were acknowledged before the log was closed");
        }
    }
}

fn create(
    config: &ClientConfig,
    connection: &Arc<Connection>,
) -> Result<Arc<ThreadedProducer<Deliveries>>, KafkaError> {
    let told = Told(connection.clone());
    config.create_with_context(Deliveries { told, fatal: OnceLock::new() }).map(Arc::new)
}

fn shard(topic: &str, partition: i32) -> usize {
    let mut hasher = DefaultHasher::new();
    (topic, partition).hash(&mut hasher);
    usize::try_from(hasher.finish() % LOCKS as u64).unwrap_or_default()
}

/// Hears what became of records, on the producer's thread.
struct Deliveries {
    told: Told,
    fatal: OnceLock<String>,
}

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        self.told.log(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::Fatal) {
            // It is the first reason that counts.
            let _ = self.fatal.set(reason.to_owned());
        }
        self.told.error(error, reason);
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<Delivery>;

    fn delivery(&self, result: &DeliveryResult<'_>, delivery: Self::DeliveryOpaque) {
        match result {
            Ok(message) => {
                let offset = u64::try_from(message.offset()).ok();
                delivery.append.delivered(delivery.index, offset, timestamp(message.timestamp()));
            }
            Err((error, _)) => delivery.append.failed(1, Failure::of(error)),
        }
    }
}

/// A record under way.
struct Delivery {
    append: Arc<Append>,
    index: usize,
}

/// The records of one append under way.
struct Append(Mutex<UnderWay>);

struct UnderWay {
    appended: Vec<Appended>,
    /// Records that nothing was heard of yet.
    left: usize,
    /// Records that are known not to be in the log.
    refused: usize,
    failure: Option<Failure>,
    done: Option<oneshot::Sender<Result<Vec<Appended>, Failure>>>,
    place: Option<OwnedSemaphorePermit>,
}

impl Append {
    fn new(
        count: usize,
        place: OwnedSemaphorePermit,
        done: oneshot::Sender<Result<Vec<Appended>, Failure>>,
    ) -> Self {
        let nowhere = Appended { offset: 0, time: Timestamp::from_micros(0) };
        Self(Mutex::new(UnderWay {
            appended: vec![nowhere; count],
            left: count,
            refused: 0,
            failure: None,
            done: Some(done),
            place: Some(place),
        }))
    }

    fn delivered(&self, index: usize, offset: Option<u64>, time: Timestamp) {
        let Some(offset) = offset else {
            let reason = "a record is in the log, at an offset that the broker didn't tell again";
            self.failed(1, Failure::unknown(reason));
            return;
        };
        let mut state = lock(&self.0);
        if let Some(appended) = state.appended.get_mut(index) {
            *appended = Appended { offset, time };
        }
        state.heard_of(1);
    }

    /// The records from `index` on were not taken by the producer.
    fn not_sent(&self, index: usize, error: &KafkaError) {
        let count = lock(&self.0).appended.len() - index;
        let failure = Failure { is_refused: true, ..Failure::of(error) };
        self.failed(count, failure);
    }

    fn failed(&self, count: usize, failure: Failure) {
        let mut state = lock(&self.0);
        if failure.is_refused {
            state.refused += count;
        }
        state.failure.get_or_insert(failure);
        state.heard_of(count);
    }
}

impl UnderWay {
    fn heard_of(&mut self, count: usize) {
        self.left = self.left.saturating_sub(count);
        if self.left > 0 {
            return;
        }
        self.place = None;
        let result = match self.failure.take() {
            None => Ok(std::mem::take(&mut self.appended)),
            Some(failure) if self.refused == self.appended.len() => Err(failure),
            Some(failure) => Err(Failure { is_refused: false, ..failure }),
        };
        if let Some(done) = self.done.take() {
            // Nobody waits any more where this fails.
            let _ = done.send(result);
        }
    }
}

/// Why records were not acknowledged.
#[derive(Debug)]
struct Failure {
    /// They are not in the log for certain.
    is_refused: bool,
    code: Option<RDKafkaErrorCode>,
    reason: String,
}

impl Failure {
    fn unknown(reason: &str) -> Self {
        Self { is_refused: false, code: None, reason: reason.to_owned() }
    }

    fn of(error: &KafkaError) -> Self {
        let code = error.rdkafka_error_code();
        let is_refused = matches!(
            code,
            Some(
                RDKafkaErrorCode::QueueFull
                    | RDKafkaErrorCode::MessageSizeTooLarge
                    | RDKafkaErrorCode::UnknownTopic
                    | RDKafkaErrorCode::UnknownPartition
                    | RDKafkaErrorCode::UnknownTopicOrPartition
                    | RDKafkaErrorCode::TopicAuthorizationFailed
                    | RDKafkaErrorCode::ClusterAuthorizationFailed
                    | RDKafkaErrorCode::NotEnoughReplicas
                    | RDKafkaErrorCode::PurgeQueue
            )
        );
        Self { is_refused, code, reason: error.to_string() }
    }

    /// The error of an append to this topic of records of this size at most.
    fn into_error(self, topic: &str, largest: usize) -> LogError {
        let Self { is_refused, code, reason } = self;
        if !is_refused {
            return LogError::FateUnknown { reason, source: None };
        }
        match code {
            Some(RDKafkaErrorCode::MessageSizeTooLarge) => {
                LogError::TooLarge { size: largest, limit: MAX_RECORD_BYTES }
            }
            Some(
                RDKafkaErrorCode::UnknownTopic
                | RDKafkaErrorCode::UnknownPartition
                | RDKafkaErrorCode::UnknownTopicOrPartition,
            ) => LogError::UnknownTopic(topic.to_owned()),
            Some(_) | None => LogError::unavailable(reason),
        }
    }
}

/// No code panics while it holds one of these locks half-way through a change.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
