//! A partition's task: from the store to its end, then along the event topic.

mod redrive;

use std::sync::Arc;

use charter_domain::{Contract, Decider};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::step::Projecting;
use super::views::Views;
use crate::follow::{self, Events, Item, Takes, Task, Trouble};
use crate::service::{Backoff, Ended, Health, Ports, owned};
use crate::store::{OperatorRequest, Parked};

/// What projecting is called in the metrics.
const WORK: &str = "project";

/// What the task of a partition is called in the service's health. Begun by the caller.
pub(super) fn part<C: Contract>(views: &Views<C>, partition: u32) -> String {
    let part = format!("views of {}/{partition}", C::NAME);
    views.aside().map_or(part.clone(), |number| format!("{part}, build {number}"))
}

/// Projects the partition's events until `stop`.
pub(super) async fn run<D: Decider>(
    ports: Arc<Ports<D>>,
    views: Arc<Views<D::Contract>>,
    partition: u32,
    health: Health,
    stop: CancellationToken,
) -> Ended {
    let context = D::Contract::NAME;
    let part = part(&views, partition);
    let task = Projects { ports: &ports, views: &views, partition };
    let is_read = views.aside().is_none();
    if is_read {
        owned(context, partition, WORK, true);
    }
    let ended = follow::run(&part, &health, &ports.runtime.settings, &stop, task).await;
    if is_read {
        owned(context, partition, WORK, false);
    }
    ended
}

struct Projects<'a, D: Decider> {
    ports: &'a Ports<D>,
    views: &'a Views<D::Contract>,
    partition: u32,
}

impl<D: Decider> Task for Projects<'_, D> {
    async fn attempt(
        &self,
        part: &str,
        health: &Health,
        backoff: &mut Backoff,
        stop: &CancellationToken,
    ) -> Result<(), Trouble> {
        let Self { ports, views, partition } = *self;
        let (runtime, store) = (&ports.runtime, &ports.runtime.store);
        let events = Events::new(runtime, ports.events.clone(), partition);
        let next = events.end().await?;
        let parked: Vec<Parked> = store.parked(&views.set().context, partition).await?;
        let mut projecting = Projecting {
            store: store.as_ref(),
            views,
            partition,
            most_rows: runtime.settings.projected_rows.max(1),
            progress: store.view_progress(views.set(), partition).await?,
            parked: parked.iter().map(|parked| parked.aggregate.clone()).collect(),
            caught_up: false,
            is_busy: false,
            events: &events,
            requests: &ports.requests,
        };
        if views.aside().is_some() {
            // Nobody waits for it.
            health.ready(part);
        }
        for parked in &parked {
            projecting.take_up(parked).await?;
        }
        events.catch_up(&mut projecting, stop).await?;
        projecting.caught_up = true;
        health.ready(part);
        events.follow(next, &mut projecting, backoff, stop).await
    }
}

impl<C: Contract> Takes<C::Event> for Projecting<'_, C> {
    fn position(&self) -> i64 {
        self.progress.position
    }

    async fn take(&mut self, items: &[Item<C::Event>]) -> Result<(), Trouble> {
        let begun = Instant::now();
        let done = self.project(items).await;
        self.views.pace.end(begun.elapsed());
        self.is_busy = items.len() > 1;
        Ok(done?)
    }

    async fn pause(&self) {
        if self.is_busy && self.store.shares_steps() {
            self.views.pace.turn().await;
        }
    }

    async fn asked(&self) -> OperatorRequest {
        // What operators see set aside is of the views that are read.
        match self.views.aside() {
            None => self.requests.next(self.partition).await,
            Some(_) => std::future::pending().await,
        }
    }

    async fn obey(&mut self, request: &OperatorRequest) -> Result<(), Trouble> {
        self.redriven(request).await
    }
}
