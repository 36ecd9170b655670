//! Aggregates that a reactor has set aside, taken up again: what it stumbled over may be mended by a new release, or an
//! operator gives it up.

use charter_domain::Contract;
use tracing::{info, warn};

use super::step::{Commands, Reacted, Stepping};
use crate::follow::Trouble;
use crate::operate::again::{self, Again};
use crate::store::{Action, OperatorRequest, Parked, ReactorStep};
use crate::submit::SendError;
use crate::trace;

/// Why an aggregate stays set aside.
enum Stays {
    /// This event can't be reacted to.
    Poison(String),
    /// It can be later, or by another build.
    Stuck(String),
}

impl<C: Contract, T: Contract> Stepping<'_, C, T> {
    /// Sends what the aggregate's events since the one it was stuck at ask for, up to where the others are. Where
    /// one of them fails again the aggregate stays parked: what was sent is known when it comes again.
    pub(super) async fn take_up(&mut self, parked: &Parked) -> Result<(), Trouble> {
        match self.again(parked, Action::Redrive).await? {
            Ok(_) => Ok(()),
            Err(Stays::Stuck(reason)) => Err(Trouble::Stuck(reason)),
            Err(Stays::Poison(reason)) => {
                let (context, aggregate) = (C::NAME, &parked.aggregate);
                warn!(context, reactor = self.name, %aggregate, reason, "an aggregate stays set aside");
                Ok(())
            }
        }
    }

    /// Does what an operator asks for, and writes down what came of it. Where the process ends between the two,
    /// it is asked for again and finds the aggregate no longer set aside there.
    pub(super) async fn redriven(&mut self, request: &OperatorRequest) -> Result<(), Trouble> {
        let parked = self.store.reactor_parked(&self.part).await?;
        let result = match again::wanted(parked, request) {
            Err(reason) => Err(reason),
            Ok(_) if request.action == Action::Try && !self.asks.is_pure() => Err(format!(
                "`{}` does something outside, which can't be tried without doing it",
                self.name
            )),
            Ok(parked) => match self.again(&parked, request.action).await? {
                Ok(again) => Ok(again.told(request.action, "reacted to")),
                Err(Stays::Poison(reason) | Stays::Stuck(reason)) => Err(reason),
            },
        };
        Ok(again::end(self.store, request, result).await?)
    }

    /// Reacts to the aggregate's events since the one it was stuck at, up to where the others are; then it is set
    /// aside no longer. What is sent is sent before that, and known where it is sent again.
    async fn again(
        &mut self,
        parked: &Parked,
        action: Action,
    ) -> Result<Result<Again, Stays>, Trouble> {
        let (context, aggregate) = (C::NAME, &parked.aggregate);
        let mut again = Again::default();
        let mut after = 0;
        loop {
            let (stored, full) = self.events.history(aggregate, after).await?;
            let mut commands: Commands<T> = Vec::new();
            for event in stored {
                after = event.sequence;
                if !(parked.position..=self.position).contains(&event.position) {
                    continue;
                }
                let item = self.events.read(event).await?;
                let position = item.position;
                let poison = match self.react(&item, &mut trace::Step::begin()).await {
                    // One by one, so that it is known which of them the log takes.
                    Reacted::Commands(more) if action == Action::Discard => {
                        self.sent(more).await?.err()
                    }
                    Reacted::Commands(more) if action == Action::Try => {
                        let commands = more.into_iter().map(|(_, command)| command);
                        self.sender.check(commands).err().map(|error| error.to_string())
                    }
                    Reacted::Commands(more) => {
                        commands.extend(more);
                        None
                    }
                    Reacted::Stuck(reason) => return Ok(Err(Stays::Stuck(reason))),
                    Reacted::Poison(reason) => Some(reason),
                };
                match (poison, action) {
                    (None, _) => again.count += 1,
                    (Some(_), Action::Discard) => again.left_out.push(position),
                    (Some(reason), Action::Try | Action::Redrive) => {
                        return Ok(Err(Stays::Poison(format!(
                            "the event at position {position} can't be reacted to: {reason}"
                        ))));
                    }
                }
            }
            if action == Action::Redrive
                && let Err(reason) = self.sent(commands).await?
            {
                return Ok(Err(Stays::Poison(reason)));
            }
            if !full {
                break;
            }
        }
        if action == Action::Try {
            return Ok(Ok(again));
        }
        let step = ReactorStep {
            part: self.part.clone(),
            from: self.position,
            to: self.position,
            parked: Vec::new(),
            resumed: Some(aggregate.clone()),
        };
        self.store.step_reactor(&step).await?;
        self.parked.remove(aggregate);
        info!(context, reactor = self.name, %aggregate, "an aggregate that was set aside is reacted to again");
        Ok(Ok(again))
    }

    /// Sends commands; gives the reason where no log takes one of them.
    async fn sent(&self, commands: Commands<T>) -> Result<Result<(), String>, Trouble> {
        match self.sender.send_reactions(commands).await {
            Ok(()) => Ok(Ok(())),
            Err(error @ SendError::TooLarge { .. }) => Ok(Err(error.to_string())),
            Err(error) => Err(error.into()),
        }
    }
}
