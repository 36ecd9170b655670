//! Reacting to events with commands, exactly once: a task for each partition of the event topic.
//!
//! What an event asks for is appended, and durable, before the checkpoint moves past the event. A process that
//! ends in between leaves it to the next one, whose commands have the same ids: the inbox of the partition
//! they go to knows them. An event that can't be reacted to sets its aggregate aside; one of a type that this
//! build doesn't know stops the partition, until a build that knows it takes over.

mod ask;
mod follow;
mod redrive;
mod step;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use charter_domain::{Begin, Contract, Reactor};
use tokio_util::sync::CancellationToken;

use ask::{Asks, Outside, Pure};
pub use ask::{Effect, EffectError};

use crate::service::{Ended, Health, Requests, Runtime, ServiceError, Work, topics};

/// A reactor, its types hidden.
#[async_trait]
pub(crate) trait Reacts: Send + Sync {
    /// Its name.
    fn name(&self) -> &'static str;

    /// The group that shares its partitions.
    fn group(&self) -> String;

    /// Makes sure that all is there that it needs; gives the event topic, what works on a partition, and what
    /// operators ask of it.
    async fn prepare(
        &self,
        runtime: &Runtime,
        health: &Health,
    ) -> Result<(String, Arc<Work>, Asked), ServiceError>;
}

/// What operators ask of a reactor.
pub(crate) struct Asked {
    context: &'static str,
    reactor: &'static str,
    requests: Requests,
}

impl Asked {
    /// Looks for it until `stop`.
    pub(crate) async fn follow(&self, runtime: &Runtime, stop: &CancellationToken) {
        self.requests.follow(self.context, Some(self.reactor), runtime, stop).await;
    }
}

/// What reacts to the events of `C` with commands of `T`.
pub(crate) struct Reacting<C, T> {
    name: &'static str,
    begin: Begin,
    asks: Arc<dyn Asks<C, T>>,
}

impl<C: Contract, T: Contract> Reacting<C, T> {
    pub(crate) fn reactor<R: Reactor<C, Commands = T>>() -> Self {
        Self { name: R::NAME, begin: R::BEGIN, asks: Arc::new(Pure::<R>::new()) }
    }

    pub(crate) fn effect<E: Effect<C, Commands = T>>(effect: E) -> Self {
        Self { name: E::NAME, begin: E::BEGIN, asks: Arc::new(Outside(effect)) }
    }
}

#[async_trait]
impl<C: Contract, T: Contract> Reacts for Reacting<C, T> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn group(&self) -> String {
        format!("{}.reactions.{}", C::NAME, self.name)
    }

    async fn prepare(
        &self,
        runtime: &Runtime,
        health: &Health,
    ) -> Result<(String, Arc<Work>, Asked), ServiceError> {
        if !is_name(self.name) {
            return Err(ServiceError::ReactorName { name: self.name });
        }
        let partitions = topics::<C>(runtime).await?;
        let source = format!("charter://reactors/{}", self.name);
        let ports = follow::Ports::<C, T> {
            runtime: runtime.clone(),
            codec: Arc::new(runtime.schemas.messages(&C::events_topic()).await?),
            sender: runtime.sender(&source).await?,
            name: self.name,
            asks: self.asks.clone(),
            requests: Requests::default(),
        };
        let asked =
            Asked { context: C::NAME, reactor: self.name, requests: ports.requests.clone() };
        runtime.store.prepare_reactor(self.name, C::NAME, partitions, self.begin).await?;
        let (ports, health) = (Arc::new(ports), health.clone());
        let work: Arc<Work> =
            Arc::new(move |partition, stop| -> Pin<Box<dyn Future<Output = Ended> + Send>> {
                health.begin(&follow::part(&ports, partition));
                Box::pin(follow::run(ports.clone(), partition, health.clone(), stop))
            });
        Ok((C::events_topic(), work, asked))
    }
}

/// Whether this can be a reactor's name.
fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn names_are_short_and_plain() {
        for name in ["housekeeping", "a", "seat-payment_2", &"x".repeat(64)] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "a/b", "a b", "ä", &"x".repeat(65)] {
            assert!(!is_name(name), "{name}");
        }
    }
}
