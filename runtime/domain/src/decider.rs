//! What a service author writes.

use crate::{Context, Contract, Envelope, View};

/// The command enum of a decider's contract.
pub type CommandOf<D> = <<D as Decider>::Contract as Contract>::Command;
/// The event enum of a decider's contract.
pub type EventOf<D> = <<D as Decider>::Contract as Contract>::Event;
/// The rejection enum of a decider's contract.
pub type RejectionOf<D> = <<D as Decider>::Contract as Contract>::Rejection;

/// Decides the commands of one aggregate kind. The value is the aggregate's state; `default()` is the
/// state before the first event.
///
/// Both functions are pure and synchronous: the same state and command give the same answer.
pub trait Decider: Clone + Default + Send + Sync + 'static {
    /// The context whose commands are decided.
    type Contract: Contract;

    /// Decides `command`: the events that it causes, none where nothing changes, or a refusal.
    ///
    /// # Errors
    /// A rejection that the command declares in its contract. One that it doesn't declare fails the
    /// command for good.
    fn decide(
        &self,
        command: &CommandOf<Self>,
        context: &Context,
    ) -> Result<Vec<EventOf<Self>>, RejectionOf<Self>>;

    /// Folds an event into the state. Total: history cannot be refused.
    fn evolve(&mut self, event: &EventOf<Self>);
}

/// Turns the events of a context into rows of the view `V`.
pub trait Projection<V: View>: Send + Sync + 'static {
    /// The context whose events are folded.
    type Contract: Contract;

    /// The rows that `event` touches, each once.
    fn keys(event: &Envelope<<Self::Contract as Contract>::Event>) -> Vec<V::Key>;

    /// The row under `key` after `event`; `None` removes it.
    fn apply(
        key: &V::Key,
        row: Option<V>,
        event: &Envelope<<Self::Contract as Contract>::Event>,
    ) -> Option<V>;
}
