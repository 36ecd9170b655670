//! A partition's task: from the store to its end, then along the event topic.

use std::sync::Arc;

use charter_domain::Contract;
use tokio_util::sync::CancellationToken;

use super::ask::Asks;
use super::step::Stepping;
use crate::follow::{self, Events, Task, Trouble};
use crate::schemas::MessageCodec;
use crate::service::{Backoff, Ended, Health, Requests, Runtime};
use crate::store::ReactorPart;
use crate::submit::CommandSender;

/// What the tasks of a reactor share.
pub(super) struct Ports<C: Contract, T: Contract> {
    pub(super) runtime: Runtime,
    pub(super) codec: Arc<MessageCodec<C::Event>>,
    pub(super) sender: CommandSender<T>,
    pub(super) name: &'static str,
    pub(super) asks: Arc<dyn Asks<C, T>>,
    pub(super) requests: Requests,
}

/// What the task of a partition is called in the service's health. Begun by the caller.
pub(super) fn part<C: Contract, T: Contract>(ports: &Ports<C, T>, partition: u32) -> String {
    format!("reactor {} on {}/{partition}", ports.name, C::NAME)
}

/// Reacts to the partition's events until `stop`.
pub(super) async fn run<C: Contract, T: Contract>(
    ports: Arc<Ports<C, T>>,
    partition: u32,
    health: Health,
    stop: CancellationToken,
) -> Ended {
    let part = part(&ports, partition);
    let task = Reactions { ports: &ports, partition };
    follow::run(&part, &health, &ports.runtime.settings, &stop, task).await
}

struct Reactions<'a, C: Contract, T: Contract> {
    ports: &'a Ports<C, T>,
    partition: u32,
}

impl<C: Contract, T: Contract> Task for Reactions<'_, C, T> {
    async fn attempt(
        &self,
        part: &str,
        health: &Health,
        backoff: &mut Backoff,
        stop: &CancellationToken,
    ) -> Result<(), Trouble> {
        let Self { ports, partition } = *self;
        let store = ports.runtime.store.as_ref();
        let events = Events::<C>::new(&ports.runtime, ports.codec.clone(), partition);
        let next = events.end().await?;
        let (reactor, context) = (ports.name.to_owned(), C::NAME.to_owned());
        let reacting = ReactorPart { reactor, context, partition };
        let parked = store.reactor_parked(&reacting).await?;
        let mut stepping = Stepping::<C, T> {
            store,
            sender: &ports.sender,
            position: store.reactor_position(&reacting).await?,
            part: reacting,
            parked: parked.iter().map(|parked| parked.aggregate.clone()).collect(),
            name: ports.name,
            asks: &*ports.asks,
            events: &events,
            requests: &ports.requests,
        };
        for parked in &parked {
            stepping.take_up(parked).await?;
        }
        events.catch_up(&mut stepping, stop).await?;
        health.ready(part);
        events.follow(next, &mut stepping, backoff, stop).await
    }
}
