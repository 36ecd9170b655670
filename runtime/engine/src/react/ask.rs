//! What is asked for each event: a pure function, or something outside.

use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use async_trait::async_trait;
use charter_domain::{Begin, Contract, Envelope, Reactor};
use futures_util::FutureExt as _;
use uuid::Uuid;

use crate::process::{effect_id, panic_message};

/// How long an effect may take: what it calls outside has a shorter time-out of its own.
const EFFECT_TIMEOUT: Duration = Duration::from_secs(30);
/// The events after which effects are on record: what is tried again after an unclean end is not more.
const EFFECTS: usize = 16;

/// A reactor that does something outside, such as calling a payment provider, before it gives commands.
///
/// Its checkpoint, its parked aggregates and its commands' ids are those of a [`Reactor`]. What it does outside is done
/// at least once: after an unclean end it is asked again, with the same key, by which the outside has to know a repeat.
/// The events of a partition come one after the other, those of different partitions at the same time.
#[async_trait]
pub trait Effect<C: Contract>: Send + Sync + 'static {
    /// As [`Reactor::NAME`].
    const NAME: &'static str;

    /// As [`Reactor::BEGIN`].
    const BEGIN: Begin = Begin::History;

    /// The context whose commands are sent; it may be `C`.
    type Commands: Contract;

    /// Does what the event asks for, and gives the commands that follow. `key` is the same whenever this event
    /// is asked for, and no other's. It may be dropped at any time, and is after 30 s.
    ///
    /// # Errors
    /// Where it may be tried again: the partition waits until it succeeds. What will not succeed is something
    /// to tell in a command.
    async fn perform(
        &self,
        event: &Envelope<C::Event>,
        key: Uuid,
    ) -> Result<Vec<<Self::Commands as Contract>::Command>, EffectError>;
}

/// Something outside that did not happen, or is not known to have.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct EffectError {
    /// Why, in a sentence.
    pub reason: String,
}

impl EffectError {
    /// For this reason.
    pub fn new(reason: impl std::fmt::Display) -> Self {
        Self { reason: reason.to_string() }
    }
}

/// Why an event led to nothing.
pub(super) enum Unasked {
    /// It cannot be reacted to.
    Poison(String),
    /// It can be later.
    Later(String),
}

/// What gives the commands for an event.
#[async_trait]
pub(super) trait Asks<C: Contract, T: Contract>: Send + Sync {
    /// How many events are taken with one checkpoint at most.
    fn most(&self) -> usize;

    /// Whether asking does nothing else.
    fn is_pure(&self) -> bool;

    async fn ask(&self, event: &Envelope<C::Event>) -> Result<Vec<T::Command>, Unasked>;
}

/// The reactor `R`.
pub(super) struct Pure<R>(PhantomData<fn() -> R>);

impl<R> Pure<R> {
    pub(super) fn new() -> Self {
        Self(PhantomData)
    }
}

#[async_trait]
impl<C: Contract, R: Reactor<C>> Asks<C, R::Commands> for Pure<R> {
    fn most(&self) -> usize {
        usize::MAX
    }

    fn is_pure(&self) -> bool {
        true
    }

    async fn ask(
        &self,
        event: &Envelope<C::Event>,
    ) -> Result<Vec<<R::Commands as Contract>::Command>, Unasked> {
        catch_unwind(AssertUnwindSafe(|| R::react(event)))
            .map_err(|panic| Unasked::Poison(panic_message(&*panic)))
    }
}

/// The effect `E`.
pub(super) struct Outside<E>(pub(super) E);

#[async_trait]
impl<C: Contract, E: Effect<C>> Asks<C, E::Commands> for Outside<E> {
    fn most(&self) -> usize {
        EFFECTS
    }

    fn is_pure(&self) -> bool {
        false
    }

    async fn ask(
        &self,
        event: &Envelope<C::Event>,
    ) -> Result<Vec<<E::Commands as Contract>::Command>, Unasked> {
        let key = effect_id(E::NAME, event.metadata.id);
        let performed = AssertUnwindSafe(self.0.perform(event, key)).catch_unwind();
        match tokio::time::timeout(EFFECT_TIMEOUT, performed).await {
            Ok(Ok(Ok(commands))) => Ok(commands),
            Ok(Ok(Err(error))) => Err(Unasked::Later(error.reason)),
            Ok(Err(panic)) => Err(Unasked::Poison(panic_message(&*panic))),
            Err(_) => Err(Unasked::Later(format!("it took longer than {EFFECT_TIMEOUT:?}"))),
        }
    }
}
