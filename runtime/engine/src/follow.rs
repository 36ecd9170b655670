//! The events of a partition, each once and in order: from the store to its end, then along the event topic;
//! where the topic jumps or holds what can't be read, the store is read again.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use charter_domain::{AggregateId, Contract, Envelope, Timestamp};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::log::{Log, LogError, LogRecord};
use crate::schemas::{MessageCodec, TRACEPARENT};
use crate::service::{Backoff, Ended, Health, Runtime, Settings, until_overdue};
use crate::store::{
    Messages, OperatorRequest, ReadError, Store, StoreError, StoredEvent, is_full_page,
};
use crate::trace::Traceparent;

/// Events read from the store at a time.
const PAGE: u32 = 500;
/// Bytes of events fetched at a time, 4 MiB.
const FETCH_BYTES: usize = 4 << 20;

/// An event, in its place.
#[derive(Debug)]
pub(crate) struct Item<E> {
    pub(crate) position: i64,
    pub(crate) aggregate: AggregateId,
    pub(crate) time: Timestamp,
    /// The W3C trace context, where it came along the topic.
    pub(crate) traceparent: Option<Bytes>,
    /// The event, or why it can't be read.
    pub(crate) event: Result<Envelope<E>, Unread>,
}

impl<E> Item<E> {
    /// What joins all that the request set in motion, for log lines.
    pub(crate) fn correlation_id(&self) -> Option<&str> {
        self.event.as_ref().ok().map(|event| event.metadata.correlation_id.as_str())
    }

    /// Its trace, for log lines.
    pub(crate) fn trace_id(&self) -> Option<String> {
        let context = Traceparent::read(self.traceparent.as_deref()?)?;
        Some(format!("{:032x}", context.trace))
    }
}

/// Why an event can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unread {
    /// Its type or its schema is none that this contract can read.
    #[error("{0}")]
    OtherRelease(String),
    /// It is not what its type says.
    #[error("{0}")]
    Unreadable(String),
}

/// Why following has to begin again from the store.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Log(#[from] LogError),
    /// What is consumed can't be taken in by this build.
    #[error("{0}")]
    Stuck(String),
    /// What the events led to was not accepted.
    #[error(transparent)]
    Send(#[from] crate::submit::SendError),
}

/// The work on a partition.
pub(crate) trait Task: Send + Sync {
    /// Does it until `stop`, or until it has to begin again from the store.
    fn attempt(
        &self,
        part: &str,
        health: &Health,
        backoff: &mut Backoff,
        stop: &CancellationToken,
    ) -> impl Future<Output = Result<(), Trouble>> + Send;
}

/// Works on a partition until `stop`. The part is begun by the caller.
pub(crate) async fn run(
    part: &str,
    health: &Health,
    settings: &Settings,
    stop: &CancellationToken,
    task: impl Task,
) -> Ended {
    let mut backoff = Backoff::new(settings);
    while !stop.is_cancelled() {
        let attempt = task.attempt(part, health, &mut backoff, stop);
        match until_overdue(stop, settings.stop_patience, attempt).await.unwrap_or(Ok(())) {
            Ok(()) => break,
            // Somebody else has gone on, or this task did when it could not know: read again.
            Err(Trouble::Store(StoreError::Fenced { .. })) => {}
            Err(Trouble::Store(error @ StoreError::ViewDiffers { .. })) => {
                health.trouble(part, &error);
                return Ended::Refused(error.into());
            }
            Err(trouble) => {
                warn!(part, %trouble, "it begins again from the store");
                health.trouble(part, &trouble);
            }
        }
        backoff.wait(stop).await;
    }
    health.end(part);
    Ended::Stopped
}

/// What takes a partition's events.
pub(crate) trait Takes<E>: Send {
    /// The position of the last event that was taken, -1 for none.
    fn position(&self) -> i64;

    /// Takes events that follow each other, from the next position on.
    fn take(&mut self, items: &[Item<E>]) -> impl Future<Output = Result<(), Trouble>> + Send;

    /// Lets more events come, where many do.
    fn pause(&self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }

    /// Waits for what an operator asks for; never ends where nobody can ask.
    fn asked(&self) -> impl Future<Output = OperatorRequest> + Send {
        std::future::pending()
    }

    /// Does it, between two events.
    fn obey(
        &mut self,
        _request: &OperatorRequest,
    ) -> impl Future<Output = Result<(), Trouble>> + Send {
        std::future::ready(Ok(()))
    }
}

/// A partition's events.
pub(crate) struct Events<C: Contract> {
    log: Arc<dyn Log>,
    store: Arc<dyn Store>,
    codec: Arc<MessageCodec<C::Event>>,
    messages: Messages<C::Event>,
    idle_wait: Duration,
    partition: u32,
}

impl<C: Contract> Events<C> {
    pub(crate) fn new(
        runtime: &Runtime,
        codec: Arc<MessageCodec<C::Event>>,
        partition: u32,
    ) -> Self {
        Self {
            log: runtime.log.clone(),
            store: runtime.store.clone(),
            codec,
            messages: Messages::new(runtime.store.clone()),
            idle_wait: runtime.settings.idle_wait,
            partition,
        }
    }

    /// The topic's end. What was published before it is in the store.
    pub(crate) async fn end(&self) -> Result<u64, Trouble> {
        Ok(self.log.bounds(self.codec.topic(), self.partition).await?.end)
    }

    /// An aggregate's events after `after`, a page of them; and whether that may not have been all.
    pub(crate) async fn history(
        &self,
        aggregate: &AggregateId,
        after: i64,
    ) -> Result<(Vec<StoredEvent>, bool), StoreError> {
        let stored = self.store.history(C::NAME, aggregate, after, PAGE).await?;
        let full = is_full_page(&stored, PAGE);
        Ok((stored, full))
    }

    /// A stored event as it is taken.
    pub(crate) async fn read(&self, event: StoredEvent) -> Result<Item<C::Event>, StoreError> {
        let read = self.messages.read(&event.wire_type, event.schema, &event.envelope).await;
        let read = match read {
            Ok(envelope) => Ok(envelope),
            Err(ReadError::OtherRelease(reason)) => Err(Unread::OtherRelease(reason)),
            Err(ReadError::Unreadable(reason)) => Err(Unread::Unreadable(reason)),
            Err(ReadError::Store(error)) => return Err(error),
        };
        Ok(Item {
            position: event.position,
            aggregate: event.aggregate,
            time: event.time,
            traceparent: None,
            event: read,
        })
    }

    /// Lets `taker` take what the store has beyond its position.
    pub(crate) async fn catch_up<T: Takes<C::Event>>(
        &self,
        taker: &mut T,
        stop: &CancellationToken,
    ) -> Result<(), Trouble> {
        while !stop.is_cancelled() {
            let stored = self.store.events(C::NAME, self.partition, taker.position(), PAGE).await?;
            if stored.is_empty() {
                return Ok(());
            }
            let mut items = Vec::with_capacity(stored.len());
            for event in stored {
                items.push(self.read(event).await?);
            }
            taker.take(&items).await?;
        }
        Ok(())
    }

    /// Lets `taker`, which has caught up, take what comes along the topic from offset `next` on, until
    /// `stop`.
    pub(crate) async fn follow<T: Takes<C::Event>>(
        &self,
        mut next: u64,
        taker: &mut T,
        backoff: &mut Backoff,
        stop: &CancellationToken,
    ) -> Result<(), Trouble> {
        let topic = self.codec.topic();
        while !stop.is_cancelled() {
            let fetched = tokio::select! {
                () = stop.cancelled() => break,
                request = taker.asked() => {
                    taker.obey(&request).await?;
                    continue;
                }
                fetched = self.log.fetch(topic, self.partition, next, FETCH_BYTES, self.idle_wait) => fetched?,
            };
            let Some(last) = fetched.last() else { continue };
            next = last.offset + 1;
            self.take(&fetched, taker, stop).await?;
            backoff.reset();
            tokio::select! {
                () = stop.cancelled() => break,
                () = taker.pause() => {}
            }
        }
        Ok(())
    }

    /// Takes fetched events; repeats are passed over, and where some are missing or one can't be read,
    /// the store is.
    async fn take<T: Takes<C::Event>>(
        &self,
        fetched: &[LogRecord],
        taker: &mut T,
        stop: &CancellationToken,
    ) -> Result<(), Trouble> {
        let mut items: Vec<Item<C::Event>> = Vec::with_capacity(fetched.len());
        let mut last = taker.position();
        let mut behind = false;
        for record in fetched {
            // Once the store has been read, what it had is passed over by its position alone.
            if behind && self.codec.position(&record.record).is_some_and(|known| known <= last) {
                continue;
            }
            let decoded = match self.codec.decode_known(&record.record) {
                Ok(Some(envelope)) => Some(envelope),
                Ok(None) | Err(_) => self.codec.decode(&record.record).await.ok(),
            };
            let envelope = match decoded {
                Some(envelope) if envelope.metadata.position <= last => continue,
                Some(envelope) if envelope.metadata.position == last + 1 => envelope,
                Some(_) | None => {
                    taker.take(&items).await?;
                    items.clear();
                    self.catch_up(taker, stop).await?;
                    last = taker.position();
                    behind = true;
                    continue;
                }
            };
            last += 1;
            items.push(Item {
                position: last,
                aggregate: envelope.aggregate(),
                time: envelope.metadata.time,
                traceparent: record.record.header(TRACEPARENT).cloned(),
                event: Ok(envelope),
            });
        }
        taker.take(&items).await
    }
}
