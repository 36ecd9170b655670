//! Publication: committed events go to the event topic in position order, one task a partition.
//!
//! The mark, the last position known to be published, rides in the transaction of a later batch. A mark that
//! was not written costs repeats, which consumers know by their position; it never costs an event.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use charter_domain::{Contract, Envelope};
use contract_shared::Outcome;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use tracing::warn;

use crate::log::{Log, LogError, bounded};
use crate::outcomes::OutcomePublisher;
use crate::schemas::MessageCodec;
use crate::trace::{self, Kind};

/// Batches committed and not published. Beyond it deciding waits.
const QUEUE: usize = 8;
/// Hints not sent. Beyond it they are dropped: who waits reads the outcome from the store.
const HINTS: usize = 64;

/// Why publication stopped. What is committed and not published is published by the next claim.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PublishError {
    /// The log did not take the events.
    #[error("publishing events of `{topic}`/{partition}: {source}")]
    Log {
        /// The topic.
        topic: String,
        /// The partition.
        partition: u32,
        /// What the log said.
        source: LogError,
    },
    /// The task ended.
    #[error("publishing of `{topic}`/{partition} ended")]
    Ended {
        /// The topic.
        topic: String,
        /// The partition.
        partition: u32,
    },
}

/// An event to be published.
pub(crate) struct Outgoing<E> {
    pub(crate) event: Envelope<E>,
    /// The W3C trace context of the request that led to it, where it is still known.
    pub(crate) traceparent: Option<Arc<str>>,
}

/// Publishes one partition's events and hints.
pub(crate) struct Publisher<C: Contract> {
    topic: String,
    partition: u32,
    events: Option<mpsc::Sender<Vec<Outgoing<C::Event>>>>,
    hints: Option<mpsc::Sender<Vec<(String, Outcome)>>>,
    mark: Arc<AtomicI64>,
    publishing: Option<JoinHandle<Result<(), PublishError>>>,
    hinting: Option<JoinHandle<()>>,
}

impl<C: Contract> Publisher<C> {
    /// Starts with everything up to `published` published.
    pub(crate) fn start(
        log: Arc<dyn Log>,
        codec: Arc<MessageCodec<C::Event>>,
        outcomes: Arc<OutcomePublisher>,
        partition: u32,
        published: i64,
    ) -> Self {
        let (events, queue) = mpsc::channel(QUEUE);
        let (hints, waiting) = mpsc::channel(HINTS);
        let mark = Arc::new(AtomicI64::new(published));
        Self {
            topic: codec.topic().to_owned(),
            partition,
            events: Some(events),
            hints: Some(hints),
            mark: mark.clone(),
            publishing: Some(tokio::spawn(publish::<C>(log, codec, partition, queue, mark))),
            hinting: Some(tokio::spawn(send_hints(outcomes, waiting))),
        }
    }

    /// The last position known to be published, -1 for none.
    pub(crate) fn mark(&self) -> i64 {
        self.mark.load(Ordering::Acquire)
    }

    /// Hands over committed events, which follow those before; waits where many are not published yet.
    ///
    /// # Errors
    /// Where publication has stopped.
    pub(crate) async fn publish(
        &mut self,
        events: Vec<Outgoing<C::Event>>,
    ) -> Result<(), PublishError> {
        let sent = match &self.events {
            Some(queue) => queue.send(events).await.is_ok(),
            None => false,
        };
        if sent { Ok(()) } else { Err(self.failed().await) }
    }

    /// Hands over hints for those who wait.
    pub(crate) fn hint(&self, hints: Vec<(String, Outcome)>) {
        if let Some(queue) = self.hints.as_ref().filter(|_| !hints.is_empty())
            && queue.try_send(hints).is_err()
        {
            metrics::counter!("charter_hints_dropped_total").increment(1);
        }
    }

    /// Waits for publication to stop by itself.
    pub(crate) async fn failed(&mut self) -> PublishError {
        let ended = PublishError::Ended { topic: self.topic.clone(), partition: self.partition };
        let Some(task) = &mut self.publishing else { return ended };
        let result = task.await;
        self.publishing = None;
        match result {
            Ok(Err(error)) => error,
            Ok(Ok(())) | Err(_) => ended,
        }
    }

    /// Publishes what is handed over and ends, all within `patience`; gives the mark.
    pub(crate) async fn finish(mut self, patience: Duration) -> i64 {
        let deadline = Instant::now() + patience;
        self.events = None;
        self.hints = None;
        if let Some(mut task) = self.publishing.take() {
            match timeout_at(deadline, &mut task).await {
                Ok(Ok(Ok(()))) => {}
                Ok(Ok(Err(error))) => {
                    warn!(%error, "some events are left for the next owner to publish");
                }
                Ok(Err(error)) => warn!(%error, "publication panicked"),
                Err(_) => {
                    warn!(topic = self.topic, "the log doesn't answer; the next owner publishes");
                    task.abort();
                }
            }
        }
        if let Some(mut task) = self.hinting.take()
            && timeout_at(deadline, &mut task).await.is_err()
        {
            task.abort();
        }
        self.mark()
    }
}

async fn publish<C: Contract>(
    log: Arc<dyn Log>,
    codec: Arc<MessageCodec<C::Event>>,
    partition: u32,
    mut queue: mpsc::Receiver<Vec<Outgoing<C::Event>>>,
    mark: Arc<AtomicI64>,
) -> Result<(), PublishError> {
    while let Some(events) = queue.recv().await {
        let Some(last) = events.last().map(|last| last.event.metadata.position) else { continue };
        let mut step = trace::Step::begin();
        let records: Vec<_> = events
            .iter()
            .map(|Outgoing { event, traceparent }| {
                let trace = step.of(traceparent.as_deref().map(str::as_bytes));
                codec.record(&event.metadata, &event.payload, trace)
            })
            .collect();
        let count = records.len() as u64;
        bounded(log.append(codec.topic(), partition, records)).await.map_err(|source| {
            PublishError::Log { topic: codec.topic().to_owned(), partition, source }
        })?;
        mark.store(last, Ordering::Release);
        step.end(Kind::Producer, None, || {
            let attributes = vec![
                ("messaging.system", log.system().into()),
                ("messaging.operation.name", "publish".into()),
                ("messaging.destination.name", codec.topic().to_owned().into()),
                ("messaging.destination.partition.id", partition.to_string().into()),
            ];
            (format!("publish {}", codec.topic()), attributes)
        });
        metrics::counter!("charter_events_published_total", "context" => C::NAME).increment(count);
    }
    Ok(())
}

async fn send_hints(
    outcomes: Arc<OutcomePublisher>,
    mut waiting: mpsc::Receiver<Vec<(String, Outcome)>>,
) {
    while let Some(hints) = waiting.recv().await {
        outcomes
            .publish(hints.iter().map(|(reply_to, outcome)| (reply_to.as_str(), outcome)))
            .await;
    }
}
