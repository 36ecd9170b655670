//! Batches of events: what they ask for is sent, then the checkpoint moves.

use std::collections::HashSet;

use charter_domain::{AggregateId, Contract};
use tracing::warn;

use super::ask::{Asks, Unasked};
use crate::follow::{Events, Item, Takes, Trouble, Unread};
use crate::process::reaction_command_id;
use crate::service::Requests;
use crate::store::{
    OperatorRequest, Parked, Reaction, ReactorPart, ReactorStep, Store, StoreError,
};
use crate::submit::{CommandSender, NewCommand, SendError};
use crate::trace::{self, Kind};

/// The commands with which a batch is sent, if not one event alone asks for more.
const MOST_COMMANDS: usize = 1_000;

/// How far a reactor has come in a partition, and what moves it.
pub(super) struct Stepping<'a, C: Contract, T: Contract> {
    pub(super) store: &'a dyn Store,
    pub(super) name: &'static str,
    pub(super) asks: &'a dyn Asks<C, T>,
    pub(super) sender: &'a CommandSender<T>,
    pub(super) part: ReactorPart,
    pub(super) position: i64,
    pub(super) parked: HashSet<AggregateId>,
    /// Where the events come from.
    pub(super) events: &'a Events<C>,
    /// What operators ask for.
    pub(super) requests: &'a Requests,
}

pub(super) type Commands<T> = Vec<(Reaction, NewCommand<<T as Contract>::Command>)>;

/// What became of an event.
pub(super) enum Reacted<T: Contract> {
    Commands(Commands<T>),
    /// Nobody can react to it now, for this reason.
    Poison(String),
    /// Another build may, or this one later.
    Stuck(String),
}

impl<C: Contract, T: Contract> Takes<C::Event> for Stepping<'_, C, T> {
    fn position(&self) -> i64 {
        self.position
    }

    async fn take(&mut self, items: &[Item<C::Event>]) -> Result<(), Trouble> {
        let mut rest = items;
        while !rest.is_empty() {
            let taken = self.batch(rest).await?;
            (_, rest) = rest.split_at(taken);
        }
        Ok(())
    }

    fn asked(&self) -> impl Future<Output = OperatorRequest> + Send {
        self.requests.next(self.part.partition)
    }

    async fn obey(&mut self, request: &OperatorRequest) -> Result<(), Trouble> {
        self.redriven(request).await
    }
}

impl<C: Contract, T: Contract> Stepping<'_, C, T> {
    /// Takes the first of the events; gives how many.
    async fn batch(&mut self, items: &[Item<C::Event>]) -> Result<usize, Trouble> {
        let (mut commands, mut parked): (Commands<T>, Vec<Parked>) = (Vec::new(), Vec::new());
        let mut taken = 0_usize;
        let mut stuck = None;
        let mut trace = trace::Step::begin();
        for item in items.iter().take(self.asks.most()) {
            if taken > 0 && commands.len() >= MOST_COMMANDS {
                break;
            }
            let aside = self.parked.contains(&item.aggregate)
                || parked.iter().any(|parked| parked.aggregate == item.aggregate);
            if !aside {
                match self.react(item, &mut trace).await {
                    Reacted::Commands(more) => commands.extend(more),
                    Reacted::Poison(reason) => parked.push(self.park(item, &reason)),
                    Reacted::Stuck(reason) => {
                        stuck = Some(reason);
                        break;
                    }
                }
            }
            taken += 1;
        }
        let Some(last) = taken.checked_sub(1).and_then(|last| items.get(last)) else {
            // What it stops at comes first.
            return Err(Trouble::Stuck(stuck.unwrap_or_default()));
        };
        match self.sender.send_reactions(commands).await {
            Ok(()) => {}
            // Which one it is, one event at a time tells.
            Err(SendError::TooLarge { .. }) if taken > 1 => {
                for item in items.iter().take(taken) {
                    Box::pin(self.batch(std::slice::from_ref(item))).await?;
                }
                return Ok(taken);
            }
            Err(error @ SendError::TooLarge { .. }) => {
                parked.push(self.park(last, &error.to_string()));
            }
            Err(error) => return Err(error.into()),
        }
        self.step(last.position, parked).await?;
        trace.end(Kind::Consumer, None, || {
            let partition = self.part.partition.to_string();
            let attributes = vec![
                ("messaging.operation.name", "react".into()),
                ("messaging.destination.partition.id", partition.into()),
                ("charter.reactor", self.name.into()),
            ];
            (format!("react {}", self.name), attributes)
        });
        metrics::counter!("charter_events_reacted_total", "context" => C::NAME, "reactor" => self.name)
            .increment(taken as u64);
        Ok(taken)
    }

    /// The commands that an event asks for.
    pub(super) async fn react(&self, item: &Item<C::Event>, trace: &mut trace::Step) -> Reacted<T> {
        let event = match &item.event {
            Ok(event) => event,
            Err(Unread::OtherRelease(reason)) => {
                return Reacted::Stuck(format!(
                    "it stops at position {}: {reason}; a release that knows it goes on",
                    item.position
                ));
            }
            Err(Unread::Unreadable(reason)) => return Reacted::Poison(reason.clone()),
        };
        let commands = match self.asks.ask(event).await {
            Ok(commands) => commands,
            Err(Unasked::Poison(reason)) => return Reacted::Poison(reason),
            Err(Unasked::Later(reason)) => {
                let position = item.position;
                return Reacted::Stuck(format!("it waits at position {position}: {reason}"));
            }
        };
        let metadata = &event.metadata;
        let traceparent = trace.of(item.traceparent.as_deref());
        let command = |(index, command)| {
            let reaction = Reaction { part: self.part.clone(), position: item.position };
            let command = NewCommand {
                command_id: reaction_command_id(self.name, metadata.id, index),
                tenant: metadata.tenant_id.clone(),
                correlation_id: metadata.correlation_id.clone(),
                causation_id: Some(metadata.id),
                actor: None,
                reply_to: None,
                request_hash: None,
                traceparent: traceparent.map(ToOwned::to_owned),
                expected_sequence: None,
                command,
            };
            (reaction, command)
        };
        Reacted::Commands((0..).zip(commands).map(command).collect())
    }

    /// Moves the checkpoint, and sets aggregates aside.
    async fn step(&mut self, to: i64, parked: Vec<Parked>) -> Result<(), StoreError> {
        let aside: Vec<_> = parked.iter().map(|parked| parked.aggregate.clone()).collect();
        let (part, from) = (self.part.clone(), self.position);
        self.store.step_reactor(&ReactorStep { part, from, to, parked, resumed: None }).await?;
        self.position = to;
        self.parked.extend(aside);
        Ok(())
    }

    fn park(&self, item: &Item<C::Event>, reason: &str) -> Parked {
        warn!(
            context = C::NAME,
            reactor = self.name,
            partition = self.part.partition,
            position = item.position,
            aggregate = %item.aggregate,
            correlation_id = item.correlation_id(),
            trace_id = item.trace_id(),
            reason,
            "set aside an aggregate: its events are not reacted to"
        );
        metrics::counter!("charter_reactions_parked_total", "context" => C::NAME, "reactor" => self.name)
            .increment(1);
        Parked {
            aggregate: item.aggregate.clone(),
            partition: self.part.partition,
            position: item.position,
            reason: reason.replace('\0', "\u{fffd}"),
            time: item.time,
        }
    }
}
