//! A partition's task: from the store to its end, then along the event topic.

mod redrive;

use std::sync::Arc;

use charter_domain::{Contract as _, Decider, EventOf};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::step::{Item, Projecting};
use super::views::Views;
use crate::log::{LogError, LogRecord};
use crate::service::{Backoff, Ended, Health, Ports, owned, until_overdue};
use crate::store::{Messages, Parked, ReadError, StoreError};

/// What projecting is called in the metrics.
const WORK: &str = "project";
/// Events read from the store at a time.
const PAGE: u32 = 500;
/// Bytes of events fetched at a time, 4 MiB.
const FETCH_BYTES: usize = 4 << 20;

/// Why projecting has to begin again from the store.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Log(#[from] LogError),
}

/// What the task of a partition is called in the service's health. Begun by the caller.
pub(crate) fn part(context: &str, partition: u32) -> String {
    format!("views of {context}/{partition}")
}

/// Projects the partition's events until `stop`.
pub(crate) async fn run<D: Decider>(
    ports: Arc<Ports<D>>,
    views: Arc<Views<D::Contract>>,
    partition: u32,
    health: Health,
    stop: CancellationToken,
) -> Ended {
    let context = D::Contract::NAME;
    let part = part(context, partition);
    let mut backoff = Backoff::new(&ports.runtime.settings);
    let patience = ports.runtime.settings.stop_patience;
    owned(context, partition, WORK, true);
    while !stop.is_cancelled() {
        let following = follow(&ports, &views, partition, &part, &health, &mut backoff, &stop);
        match until_overdue(&stop, patience, following).await.unwrap_or(Ok(())) {
            Ok(()) => break,
            // Somebody else has moved the views, or this task did when it could not know: read again.
            Err(Trouble::Store(StoreError::Fenced { .. })) => {}
            Err(Trouble::Store(error @ StoreError::ViewDiffers { .. })) => {
                health.trouble(&part, &error);
                owned(context, partition, WORK, false);
                return Ended::Refused(error);
            }
            Err(trouble) => {
                warn!(context, partition, %trouble, "projecting begins again from the store");
                health.trouble(&part, &trouble);
            }
        }
        backoff.wait(&stop).await;
    }
    owned(context, partition, WORK, false);
    health.end(&part);
    Ended::Stopped
}

async fn follow<D: Decider>(
    ports: &Ports<D>,
    views: &Views<D::Contract>,
    partition: u32,
    part: &str,
    health: &Health,
    backoff: &mut Backoff,
    stop: &CancellationToken,
) -> Result<(), Trouble> {
    let (log, store) = (&ports.runtime.log, &ports.runtime.store);
    let settings = &ports.runtime.settings;
    let topic = D::Contract::events_topic();
    // What was published before this offset is in the store, and so is read from there.
    let mut next = log.bounds(&topic, partition).await?.end;
    let parked: Vec<Parked> = store.parked(D::Contract::NAME, partition).await?;
    let mut following = Following {
        projecting: Projecting {
            store: store.as_ref(),
            views,
            partition,
            most_rows: settings.projected_rows.max(1),
            progress: store.view_progress(views.set(), partition).await?,
            parked: parked.iter().map(|parked| parked.aggregate.clone()).collect(),
            caught_up: false,
        },
        messages: Messages::new(store.clone()),
        ports,
    };
    for parked in &parked {
        following.redrive(parked).await?;
    }
    following.catch_up(stop).await?;
    following.projecting.caught_up = true;
    health.ready(part);
    while !stop.is_cancelled() {
        let fetched = tokio::select! {
            () = stop.cancelled() => break,
            fetched = log.fetch(&topic, partition, next, FETCH_BYTES, settings.idle_wait) => fetched?,
        };
        let Some(last) = fetched.last() else { continue };
        next = last.offset + 1;
        following.take(&fetched, stop).await?;
        backoff.reset();
    }
    Ok(())
}

struct Following<'a, D: Decider> {
    projecting: Projecting<'a, D::Contract>,
    messages: Messages<EventOf<D>>,
    ports: &'a Ports<D>,
}

impl<D: Decider> Following<'_, D> {
    /// Projects what the store has beyond the progress.
    async fn catch_up(&mut self, stop: &CancellationToken) -> Result<(), Trouble> {
        let (context, partition) = (D::Contract::NAME, self.projecting.partition);
        while !stop.is_cancelled() {
            let after = self.projecting.progress.position;
            let stored = self.projecting.store.events(context, partition, after, PAGE).await?;
            let mut items = Vec::with_capacity(stored.len());
            for event in stored {
                let read =
                    self.messages.read(&event.wire_type, event.schema, &event.envelope).await;
                let read = match read {
                    Ok(envelope) => Ok(envelope),
                    Err(ReadError::Unreadable(reason)) => Err(reason),
                    Err(ReadError::Store(error)) => return Err(error.into()),
                };
                items.push(Item {
                    position: event.position,
                    aggregate: event.aggregate,
                    time: event.time,
                    event: read,
                });
            }
            if items.is_empty() {
                return Ok(());
            }
            self.projecting.project(&items).await?;
        }
        Ok(())
    }

    /// Projects fetched events; repeats are passed over, and where some are missing or one can't be read,
    /// the store is.
    async fn take(
        &mut self,
        fetched: &[LogRecord],
        stop: &CancellationToken,
    ) -> Result<(), Trouble> {
        let mut items: Vec<Item<EventOf<D>>> = Vec::with_capacity(fetched.len());
        let mut last = self.projecting.progress.position;
        let mut behind = false;
        for record in fetched {
            // Once the store has been read, what it had is passed over by its position alone.
            if behind
                && self.ports.events.position(&record.record).is_some_and(|known| known <= last)
            {
                continue;
            }
            let decoded = match self.ports.events.decode_known(&record.record) {
                Ok(Some(envelope)) => Some(envelope),
                Ok(None) | Err(_) => self.ports.events.decode(&record.record).await.ok(),
            };
            let envelope = match decoded {
                Some(envelope) if envelope.metadata.position <= last => continue,
                Some(envelope) if envelope.metadata.position == last + 1 => envelope,
                Some(_) | None => {
                    self.projecting.project(&items).await?;
                    items.clear();
                    self.catch_up(stop).await?;
                    last = self.projecting.progress.position;
                    behind = true;
                    continue;
                }
            };
            last += 1;
            items.push(Item {
                position: last,
                aggregate: envelope.aggregate(),
                time: envelope.metadata.time,
                event: Ok(envelope),
            });
        }
        self.projecting.project(&items).await?;
        Ok(())
    }
}
