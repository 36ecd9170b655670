//! Given, when, then: how a domain's rules are tested.
//!
//! ```text
//! given::<Seats>([opened()]).at(noon).when(hold(["a-row-1-seat-1"])).then([held()]);
//! ```

use charter_avro::logical::Timestamp;
use uuid::Uuid;

use crate::{CommandOf, Context, Decider, EventOf, Message, Rejection, RejectionOf};

/// An aggregate with this history.
#[must_use]
pub fn given<D: Decider>(history: impl IntoIterator<Item = EventOf<D>>) -> Given<D> {
    let mut state = D::default();
    for event in history {
        state.evolve(&event);
    }
    let context = Context::new("default", Uuid::nil(), Timestamp::from_micros(0));
    Given { state, context }
}

/// A state and the context of the next decision.
#[derive(Clone, Debug)]
pub struct Given<D> {
    state: D,
    context: Context,
}

impl<D: Decider> Given<D> {
    /// The decision is made at `time`, by a command with the nil id, for the tenant `default`.
    #[must_use]
    pub fn at(self, time: Timestamp) -> Self {
        let context = Context::new(self.context.tenant(), self.context.command_id(), time);
        self.within(context)
    }

    /// The decision is made in this context.
    #[must_use]
    pub fn within(mut self, context: Context) -> Self {
        self.context = context;
        self
    }

    /// Decides `command`.
    #[must_use]
    pub fn when(self, command: impl Into<CommandOf<D>>) -> Decided<D> {
        let command = command.into();
        let outcome = self.state.decide(&command, &self.context);
        Decided { state: self.state, command, outcome }
    }
}

/// A decision that was made.
#[derive(Clone, Debug)]
pub struct Decided<D: Decider> {
    state: D,
    command: CommandOf<D>,
    outcome: Result<Vec<EventOf<D>>, RejectionOf<D>>,
}

impl<D: Decider> Decided<D> {
    /// Asserts that the command caused exactly these events; gives the state after them.
    ///
    /// # Panics
    /// Where it caused others or was refused.
    #[track_caller]
    pub fn then(mut self, events: impl IntoIterator<Item = EventOf<D>>) -> D {
        let expected: Vec<_> = events.into_iter().collect();
        assert_eq!(self.outcome.as_ref(), Ok(&expected), "`{}`", self.wire_type());
        for event in &expected {
            self.state.evolve(event);
        }
        self.state
    }

    /// Asserts that the command was refused so, and that its contract declares the refusal.
    ///
    /// # Panics
    /// Where it was applied, refused otherwise, or the contract doesn't declare the code.
    #[track_caller]
    pub fn then_rejected(self, rejection: impl Into<RejectionOf<D>>) {
        let rejection = rejection.into();
        assert_eq!(self.outcome.as_ref(), Err(&rejection), "`{}`", self.wire_type());
        let declared = self.command.message_type().rejection(rejection.code());
        assert!(
            declared.is_some(),
            "`{}` doesn't declare `{}`",
            self.wire_type(),
            rejection.code()
        );
    }

    /// The decision itself, for a property that no literal can state.
    ///
    /// # Errors
    /// The refusal.
    pub fn outcome(self) -> Result<Vec<EventOf<D>>, RejectionOf<D>> {
        self.outcome
    }

    fn wire_type(&self) -> &'static str {
        self.command.message_type().wire_type
    }
}
