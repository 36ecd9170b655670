//! Fetching: consumers without a group, a queue for each partition that is read, and no thread for any.
//!
//! A *lane* is one consumer. It reads each partition at one place, so a second reader of a partition, at
//! another place, gets a second lane; there is one as long as each partition has one reader.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use charter_domain::Timestamp;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};
use rdkafka::topic_partition_list::Offset;
use tokio::sync::Notify;

use super::connection::{Connection, Told};
use super::settings::KafkaSettings;
use super::{REQUEST, closed, timestamp, unavailable};
use crate::log::{LogError, LogRecord, Record};

/// The most readers of one partition, at different places, in one process.
const LANES: usize = 4;
/// A place that nobody has asked at for so long is moved to where somebody asks.
const LEFT: Duration = Duration::from_secs(2);
/// A place that nobody has asked at for so long is given up.
const FORGOTTEN: Duration = Duration::from_mins(1);
/// Events of a consumer served at a time.
const EVENTS: usize = 64;
/// The most records of one fetch.
const RECORDS: usize = 10_000;

type Key = (String, u32);
type Queue = PartitionQueue<Told>;

/// The lanes of a log.
pub(super) struct Reader {
    settings: KafkaSettings,
    connection: Arc<Connection>,
    lanes: Mutex<Vec<Arc<Lane>>>,
}

/// One consumer and the places it reads at. A place that is being read at is not among them.
struct Lane {
    consumer: Arc<BaseConsumer<Told>>,
    places: Mutex<HashMap<Key, Option<Place>>>,
}

/// Where a partition is read.
struct Place {
    queue: Queue,
    /// Told when the queue has something.
    filled: Arc<Notify>,
    /// The offset that comes next.
    next: u64,
    /// The time of the record before it, where it was read here.
    time: Option<Timestamp>,
    /// What went wrong behind the records that were given last.
    error: Option<KafkaError>,
    used: Instant,
    /// When it was last known that the queue lacks nothing.
    verified: Instant,
}

/// What was found for a fetch.
pub(super) enum Found {
    /// A place at this very offset.
    Here(Held),
    /// Room for a place, which has to be put there: [`Reader::put`].
    Room(Room),
}

/// Room for a place in a lane, the old place there where there was one.
pub(super) struct Room {
    lane: Option<Arc<Lane>>,
    key: Key,
    place: Option<Place>,
}

/// A place taken out of its lane for one fetch; it goes back when dropped.
pub(super) struct Held {
    lane: Arc<Lane>,
    key: Key,
    place: Option<Place>,
}

impl Reader {
    /// Opens with one lane. It blocks.
    pub(super) fn new(
        settings: &KafkaSettings,
        connection: Arc<Connection>,
    ) -> Result<Self, KafkaError> {
        let first = Lane::new(settings, &connection)?;
        let lanes = Mutex::new(vec![Arc::new(first)]);
        Ok(Self { settings: settings.clone(), connection, lanes })
    }

    /// Looks for a place at `from`.
    pub(super) fn find(&self, topic: &str, partition: u32, from: u64) -> Result<Found, LogError> {
        let key = (topic.to_owned(), partition);
        let lanes = lock(&self.lanes);
        if lanes.is_empty() {
            return Err(closed());
        }
        let mut oldest: Option<(Instant, Arc<Lane>)> = None;
        let mut vacant = None;
        for lane in lanes.iter() {
            match lock(&lane.places).get_mut(&key) {
                Some(slot) => {
                    if let Some(place) = slot.take_if(|place| place.next == from) {
                        return Ok(Found::Here(Held {
                            lane: lane.clone(),
                            key,
                            place: Some(place),
                        }));
                    }
                    if let Some(place) = slot
                        && oldest.as_ref().is_none_or(|(used, _)| place.used < *used)
                    {
                        oldest = Some((place.used, lane.clone()));
                    }
                }
                None => vacant = vacant.or(Some(lane.clone())),
            }
        }
        let left = oldest.as_ref().is_some_and(|(used, _)| used.elapsed() >= LEFT);
        if !left {
            if let Some(lane) = vacant {
                lock(&lane.places).insert(key.clone(), None);
                return Ok(Found::Room(Room { lane: Some(lane), key, place: None }));
            }
            if lanes.len() < LANES {
                return Ok(Found::Room(Room { lane: None, key, place: None }));
            }
        }
        let Some((_, lane)) = oldest else {
            return Err(LogError::unavailable(format!(
                "`{topic}`/{partition} is read at {LANES} places at once already"
            )));
        };
        let place = lock(&lane.places).get_mut(&key).and_then(Option::take);
        Ok(Found::Room(Room { lane: Some(lane), key, place }))
    }

    /// Puts a place at `from`, which must lie within the partition. It blocks, for a moment.
    pub(super) fn put(&self, mut room: Room, from: u64) -> Result<Held, LogError> {
        let key = room.key.clone();
        let lane = match &room.lane {
            Some(lane) => lane.clone(),
            None => self.add_lane(&key)?,
        };
        let mut held = Held { lane, key, place: room.place.take() };
        room.lane = None;
        held.put(from)?;
        Ok(held)
    }

    fn add_lane(&self, key: &Key) -> Result<Arc<Lane>, LogError> {
        let lane = Lane::new(&self.settings, &self.connection)
            .map_err(|error| unavailable("no consumer could be made", error))?;
        lock(&lane.places).insert(key.clone(), None);
        let lane = Arc::new(lane);
        let mut lanes = lock(&self.lanes);
        if lanes.is_empty() {
            return Err(closed());
        }
        if lanes.len() >= LANES {
            return Err(LogError::unavailable(format!("{LANES} lanes are open already")));
        }
        lanes.push(lane.clone());
        tracing::debug!(lanes = lanes.len(), "partitions are read at another place too");
        Ok(lane)
    }

    /// Gives up places before `before`, which were trimmed. It blocks, for a moment.
    pub(super) fn forget_before(&self, topic: &str, partition: u32, before: u64) {
        let key = (topic.to_owned(), partition);
        let lanes = lock(&self.lanes).clone();
        for lane in lanes {
            lane.give_up(|known, place| *known == key && place.next < before);
        }
    }

    /// Serves the consumers' events, and gives up what nobody reads. It blocks, for a moment.
    pub(super) fn keep_house(&self) {
        let lanes = lock(&self.lanes).clone();
        for lane in &lanes {
            // Partitions have queues of their own: this is only events, each served within one call.
            for _ in 0..EVENTS {
                drop(lane.consumer.poll(Duration::ZERO));
            }
            lane.give_up(|_, place| place.used.elapsed() >= FORGOTTEN);
        }
        drop(lanes);
        let mut unused = Vec::new();
        {
            let mut lanes = lock(&self.lanes);
            let mut index = 1;
            while index < lanes.len() {
                if lock(&lanes[index].places).is_empty() && Arc::strong_count(&lanes[index]) == 1 {
                    unused.push(lanes.remove(index));
                } else {
                    index += 1;
                }
            }
        }
    }

    /// Ends all lanes that nobody reads at. It blocks.
    pub(super) fn close(&self) {
        let lanes = std::mem::take(&mut *lock(&self.lanes));
        for lane in &lanes {
            lane.give_up(|_, _| true);
        }
    }
}

impl Lane {
    fn new(settings: &KafkaSettings, connection: &Arc<Connection>) -> Result<Self, KafkaError> {
        let consumer = settings.reader().create_with_context(Told(connection.clone()))?;
        Ok(Self { consumer: Arc::new(consumer), places: Mutex::default() })
    }

    /// Gives up the places that nobody holds and that `which` picks.
    fn give_up(&self, which: impl Fn(&Key, &Place) -> bool) {
        let mut given_up = Vec::new();
        for (key, slot) in lock(&self.places).iter_mut() {
            // The empty slot keeps others from the partition until it is given up.
            if let Some(place) = slot.take_if(|place| which(key, place)) {
                given_up.push((key.clone(), place));
            }
        }
        for (key, place) in given_up {
            self.unassign(&key);
            drop(place);
            lock(&self.places).remove(&key);
        }
    }

    fn unassign(&self, key: &Key) {
        if let Err(error) = self.consumer.incremental_unassign(&list(key, Offset::Invalid)) {
            tracing::debug!(topic = key.0, partition = key.1, %error, "reading can't be stopped");
        }
    }
}

impl Held {
    /// The records that are there, from the place on; about `most` bytes of them, but one at least.
    pub(super) fn take(&mut self, most: usize) -> Result<Vec<LogRecord>, KafkaError> {
        let Some(place) = &mut self.place else { return Ok(Vec::new()) };
        if let Some(error) = place.error.take() {
            return Err(error);
        }
        let mut records = Vec::new();
        let mut bytes = 0;
        while records.is_empty() || (bytes < most && records.len() < RECORDS) {
            match place.queue.poll(Duration::ZERO) {
                None => break,
                Some(Err(error)) if records.is_empty() => return Err(error),
                Some(Err(error)) => {
                    place.error = Some(error);
                    break;
                }
                Some(Ok(message)) => {
                    let offset = u64::try_from(message.offset()).unwrap_or_default();
                    if offset < place.next {
                        // It was under way when the place was moved.
                        continue;
                    }
                    let record = read(&message, offset, place.time);
                    bytes += record.record.size();
                    place.next = offset + 1;
                    place.time = Some(record.time);
                    records.push(record);
                }
            }
        }
        place.used = Instant::now();
        if !records.is_empty() {
            place.verified = place.used;
        }
        Ok(records)
    }

    /// Told when there may be records.
    pub(super) fn filled(&self) -> Arc<Notify> {
        self.place.as_ref().map(|place| place.filled.clone()).unwrap_or_default()
    }

    /// How long nobody has made sure that the queue lacks nothing.
    pub(super) fn unverified(&self) -> Duration {
        self.place.as_ref().map(|place| place.verified.elapsed()).unwrap_or_default()
    }

    pub(super) fn verify(&mut self) {
        if let Some(place) = &mut self.place {
            place.verified = Instant::now();
        }
    }

    /// Gives the place up, so that the next fetch begins anew. It blocks, for a moment.
    pub(super) fn give_up(mut self) {
        if let Some(place) = self.place.take() {
            self.lane.unassign(&self.key);
            drop(place);
        }
    }

    fn put(&mut self, from: u64) -> Result<(), LogError> {
        let offset = Offset::Offset(i64::try_from(from).unwrap_or(i64::MAX));
        let (topic, number) = (&self.key.0, i32::try_from(self.key.1).unwrap_or(i32::MAX));
        let consumer = &self.lane.consumer;
        let now = Instant::now();
        if let Some(place) = &mut self.place {
            // From here on the queue passes over what it had.
            match consumer.seek(topic, number, offset, Duration::ZERO) {
                Ok(()) => {
                    place.next = from;
                    place.time = None;
                    place.error = None;
                    (place.used, place.verified) = (now, now);
                    return Ok(());
                }
                Err(error) => {
                    tracing::debug!(topic, number, %error, "a place can't be moved; it is made anew");
                }
            }
            self.place = None;
            self.lane.unassign(&self.key);
        }
        // The consumer may not know of a topic that was just made.
        consumer
            .client()
            .fetch_metadata(Some(topic), REQUEST)
            .map_err(|error| unavailable("the topic's metadata can't be read", error))?;
        let mut queue = consumer
            .split_partition_queue(topic, number)
            .ok_or_else(|| LogError::unavailable(format!("`{topic}`/{number} can't be read")))?;
        let filled = Arc::new(Notify::new());
        let wakes = filled.clone();
        queue.set_nonempty_callback(move || wakes.notify_one());
        consumer
            .incremental_assign(&list(&self.key, offset))
            .map_err(|error| unavailable("the partition can't be read", error))?;
        let place =
            Place { queue, filled, next: from, time: None, error: None, used: now, verified: now };
        self.place = Some(place);
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut places = lock(&self.lane.places);
        match self.place.take() {
            Some(place) => {
                places.insert(self.key.clone(), Some(place));
            }
            None => {
                places.remove(&self.key);
            }
        }
    }
}

/// Room that was not used is free again.
impl Drop for Room {
    fn drop(&mut self) {
        if let Some(lane) = self.lane.take() {
            drop(Held { lane, key: self.key.clone(), place: self.place.take() });
        }
    }
}

fn read(message: &BorrowedMessage<'_>, offset: u64, before: Option<Timestamp>) -> LogRecord {
    let copy = |bytes: Option<&[u8]>| bytes.map(bytes::Bytes::copy_from_slice).unwrap_or_default();
    let headers = message.headers().map_or_else(Vec::new, |headers| {
        headers.iter().map(|header| (header.key.to_owned().into(), copy(header.value))).collect()
    });
    let record = Record { key: copy(message.key()), value: copy(message.payload()), headers };
    let time = timestamp(message.timestamp());
    // A broker's clock that goes back doesn't take the log's time with it.
    LogRecord { offset, time: before.map_or(time, |before| before.max(time)), record }
}

fn list(key: &Key, offset: Offset) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    let number = i32::try_from(key.1).unwrap_or(i32::MAX);
    // Every offset that is asked for is one that a list can hold.
    let _ = list.add_partition_offset(&key.0, number, offset);
    list
}

/// No code panics while it holds one of these locks half-way through a change.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
