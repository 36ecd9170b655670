//! Following a context's events as they happen, for who shows them: each partition's events in the order of positions,
//! every one once. What the log has lost, or brings out of order, is read from the store.
//!
//! Nothing is consumed: any number of processes follow all partitions, each for itself.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use charter_domain::{AggregateId, Contract, Envelope, partition_of};
use tokio_util::sync::CancellationToken;

use crate::log::{Log, LogError, Record, system_time};
use crate::schemas::{MessageCodec, WireError};
use crate::store::{Messages, ReadError, Store, StoreError, StoredEvent};

/// Bytes of events fetched at a time, 1 MiB.
const FETCH_BYTES: usize = 1 << 20;
/// How long one fetch waits at the end of a partition.
const FETCH_WAIT: Duration = Duration::from_secs(5);
/// Events read from the store at a time.
const PAGE: u32 = 500;
/// The pause after log, store or registry did not answer; it doubles up to [`LONGEST_PAUSE`].
const FAILURE_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The events of a context, wherever they are read from.
#[derive(Debug)]
pub struct EventFeed<C: Contract> {
    log: Arc<dyn Log>,
    store: Arc<dyn Store>,
    codec: MessageCodec<C::Event>,
    messages: Messages<C::Event>,
    partitions: u32,
}

/// An event that was not looked into yet: most are for nobody.
#[derive(Debug)]
pub struct FeedEvent<E> {
    /// The place in the context's partition, from 0.
    pub position: i64,
    /// The aggregate, as [`AggregateId::record_key`].
    pub key: Bytes,
    source: Source<E>,
}

#[derive(Debug)]
enum Source<E> {
    Logged(Record),
    Read(Box<Envelope<E>>),
    Stored(Box<StoredEvent>),
}

impl<E> FeedEvent<E> {
    /// About the bytes that it holds.
    #[must_use]
    pub fn size(&self) -> usize {
        match &self.source {
            Source::Logged(record) => record.size(),
            // As much as its record, more or less.
            Source::Read(_) => 1_024,
            Source::Stored(event) => event.envelope.len() + event.aggregate.key.len(),
        }
    }
}

/// Who takes a partition's events.
pub trait EventSink<E>: Send + Sync {
    /// Takes the event where it is the next one, and passes over one that was taken before.
    ///
    /// # Errors
    /// [`Gap`] where events are missing before it.
    fn offer(&self, event: FeedEvent<E>) -> Result<(), Gap<E>>;
}

/// An event that was not taken, since others are missing before it.
#[derive(Debug)]
pub struct Gap<E> {
    /// The last position that was taken.
    pub after: i64,
    /// The event.
    pub event: Box<FeedEvent<E>>,
}

/// Why following has to begin again.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Wire(#[from] WireError),
}

impl<C: Contract> EventFeed<C> {
    pub(crate) fn new(
        log: Arc<dyn Log>,
        store: Arc<dyn Store>,
        codec: MessageCodec<C::Event>,
        partitions: u32,
    ) -> Self {
        let messages = Messages::new(Arc::clone(&store));
        Self { log, store, codec, messages, partitions }
    }

    /// How many partitions the context has.
    #[must_use]
    pub fn partitions(&self) -> u32 {
        self.partitions
    }

    /// The partition of an aggregate's events.
    #[must_use]
    pub fn partition_of(&self, aggregate: &AggregateId) -> u32 {
        partition_of(aggregate.record_key().as_bytes(), self.partitions)
    }

    /// The event itself; `None` where this build does not know its type, or can't read it, which is counted.
    ///
    /// # Errors
    /// Where registry or store don't answer.
    pub async fn read(
        &self,
        event: &FeedEvent<C::Event>,
    ) -> Result<Option<Envelope<C::Event>>, FeedError> {
        let read = match &event.source {
            Source::Read(envelope) => return Ok(Some((**envelope).clone())),
            Source::Logged(record) => match self.codec.decode(record).await {
                Ok(envelope) => Ok(envelope),
                Err(error) if error.is_poison() => Err(error.to_string()),
                Err(error) => return Err(FeedError(Box::new(error))),
            },
            Source::Stored(stored) => {
                match self.messages.read(&stored.wire_type, stored.schema, &stored.envelope).await {
                    Ok(envelope) => Ok(envelope),
                    Err(ReadError::Unreadable(reason) | ReadError::OtherRelease(reason)) => {
                        Err(reason)
                    }
                    Err(ReadError::Store(error)) => return Err(FeedError(Box::new(error))),
                }
            }
        };
        Ok(read.map_err(|reason| skipped::<C>(event.position, &reason)).ok())
    }

    /// Up to `limit` stored events of a partition after position `after` (-1 for all), in order.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn stored(
        &self,
        partition: u32,
        after: i64,
        limit: u32,
    ) -> Result<Vec<FeedEvent<C::Event>>, StoreError> {
        let stored = self.store.events(C::NAME, partition, after, limit).await?;
        let events = stored.into_iter().map(|event| FeedEvent {
            position: event.position,
            key: event.aggregate.record_key().into(),
            source: Source::Stored(Box::new(event)),
        });
        Ok(events.collect())
    }

    /// The last position that is stored of a partition, -1 for none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn last_stored(&self, partition: u32) -> Result<i64, StoreError> {
        let checkpoint = self.store.checkpoint(C::NAME, partition).await?;
        Ok(checkpoint.map_or(-1, |checkpoint| checkpoint.next_position - 1))
    }

    /// Offers the events of a partition to `sink`, from about `recent` records before the end on, until `stop`.
    /// What fails is tried again.
    pub async fn follow(
        &self,
        partition: u32,
        recent: u64,
        sink: &impl EventSink<C::Event>,
        stop: &CancellationToken,
    ) {
        let (mut next, mut pause) = (None, FAILURE_PAUSE);
        while !stop.is_cancelled() {
            let following = self.run(partition, recent, sink, &mut next, &mut pause);
            let trouble = tokio::select! {
                () = stop.cancelled() => return,
                Err(trouble) = following => trouble,
            };
            if let Trouble::Log(LogError::OutOfRange { start, .. }) = &trouble {
                // What was cut off is read from the store.
                next = Some(*start);
            }
            tracing::warn!(context = C::NAME, partition, %trouble, "events can't be followed; trying again");
            metrics::counter!("charter_push_follow_failures_total", "context" => C::NAME)
                .increment(1);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => return,
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Goes on from `next`, and keeps it true.
    async fn run(
        &self,
        partition: u32,
        recent: u64,
        sink: &impl EventSink<C::Event>,
        next: &mut Option<u64>,
        pause: &mut Duration,
    ) -> Result<Infallible, Trouble> {
        let topic = C::events_topic();
        let mut from = if let Some(next) = *next {
            next
        } else {
            let bounds = self.log.bounds(&topic, partition).await?;
            bounds.start.max(bounds.end.saturating_sub(recent))
        };
        loop {
            let fetched = self.log.fetch(&topic, partition, from, FETCH_BYTES, FETCH_WAIT).await?;
            for logged in fetched {
                let (offset, time) = (logged.offset, logged.time);
                if let Some(event) = self.look_into(logged.record).await? {
                    self.offer(partition, sink, event).await?;
                }
                from = offset + 1;
                *next = Some(from);
                let late = system_time().micros().saturating_sub(time.micros()).max(0);
                metrics::histogram!("charter_push_follow_seconds", "context" => C::NAME)
                    .record(Duration::from_micros(late.unsigned_abs()));
            }
            *pause = FAILURE_PAUSE;
        }
    }

    /// The event of a record; `None` where it can't be read: its position is found out with the next one's.
    async fn look_into(&self, record: Record) -> Result<Option<FeedEvent<C::Event>>, WireError> {
        if let Some(position) = self.codec.position(&record) {
            return Ok(Some(FeedEvent {
                position,
                key: record.key.clone(),
                source: Source::Logged(record),
            }));
        }
        match self.codec.decode(&record).await {
            Ok(envelope) => Ok(Some(FeedEvent {
                position: envelope.metadata.position,
                key: record.key,
                source: Source::Read(Box::new(envelope)),
            })),
            Err(error) if error.is_poison() => {
                skipped::<C>(-1, &error.to_string());
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Offers an event, and where others are missing before it, those first.
    async fn offer(
        &self,
        partition: u32,
        sink: &impl EventSink<C::Event>,
        event: FeedEvent<C::Event>,
    ) -> Result<(), Trouble> {
        let mut offered = event;
        while let Err(Gap { after, event }) = sink.offer(offered) {
            // What is in the log is in the store, and so is what was before it.
            let missing = self.stored(partition, after, PAGE).await?;
            metrics::counter!("charter_push_gaps_total", "context" => C::NAME).increment(1);
            for event in missing {
                // Where somebody else offers too, the next round finds out what is missing still.
                let _ = sink.offer(event);
            }
            offered = *event;
        }
        Ok(())
    }
}

fn skipped<C: Contract>(position: i64, reason: &str) {
    metrics::counter!("charter_push_events_skipped_total", "context" => C::NAME).increment(1);
    tracing::warn!(context = C::NAME, position, reason, "an event can't be shown; it is skipped");
}

/// Log, store or registry did not answer; it may be tried again.
#[derive(Debug, thiserror::Error)]
#[error("an event can't be read now: {0}")]
pub struct FeedError(#[source] Box<dyn std::error::Error + Send + Sync>);
