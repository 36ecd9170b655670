//! Parked aggregates, taken up again: what they stumbled over may be mended by a new release, or an operator
//! gives it up.

use charter_domain::Contract;
use tracing::{info, warn};

use super::super::step::Projecting;
use crate::follow::Trouble;
use crate::operate::again::{self, Again};
use crate::store::{Action, OperatorRequest, Parked};

impl<C: Contract> Projecting<'_, C> {
    /// Folds the aggregate's events since the one it was stuck at. Where one of them fails again it stays
    /// parked.
    pub(super) async fn take_up(&mut self, parked: &Parked) -> Result<(), Trouble> {
        if let Err(reason) = self.redrive(parked, Action::Redrive).await? {
            let (context, aggregate) = (C::NAME, &parked.aggregate);
            warn!(context, %aggregate, reason, "an aggregate stays set aside");
        }
        Ok(())
    }

    /// Does what an operator asks for, and writes down what came of it. Where the process ends between the two,
    /// it is asked for again and finds the aggregate no longer set aside there.
    pub(super) async fn redriven(&mut self, request: &OperatorRequest) -> Result<(), Trouble> {
        let parked = self.store.parked(C::NAME, self.partition).await?;
        let result = match again::wanted(parked, request) {
            Err(reason) => Err(reason),
            Ok(parked) => self.redrive(&parked, request.action).await?,
        };
        let result = result.map(|folded| folded.told(request.action, "folded"));
        Ok(again::end(self.store, request, result).await?)
    }

    /// Folds the aggregate's events since the one it was stuck at, up to where the others are, in one
    /// transaction with the end of its being parked. Gives the reason where it stays parked.
    async fn redrive(
        &mut self,
        parked: &Parked,
        action: Action,
    ) -> Result<Result<Again, String>, Trouble> {
        let (context, aggregate) = (C::NAME, &parked.aggregate);
        let until = self.progress;
        let mut write = self.step(until).await?;
        let mut folded = Again::default();
        let mut after = 0;
        loop {
            let (stored, full) = self.events.history(aggregate, after).await?;
            for event in stored {
                after = event.sequence;
                if !(parked.position..=until.position).contains(&event.position) {
                    continue;
                }
                let item = self.events.read(event).await?;
                // One by one, so that it is known which of them fails.
                let result = match item.event {
                    Ok(envelope) => self.fold(&mut *write, &[envelope]).await?,
                    Err(reason) => Err(reason.to_string()),
                };
                match (result, action) {
                    (Ok(()), _) => folded.count += 1,
                    (Err(_), Action::Discard) => folded.left_out.push(item.position),
                    (Err(reason), Action::Try | Action::Redrive) => {
                        let position = item.position;
                        return Ok(Err(format!(
                            "the event at position {position} can't be folded: {reason}"
                        )));
                    }
                }
            }
            if !full {
                break;
            }
        }
        if action == Action::Try {
            return Ok(Ok(folded));
        }
        write.unpark(aggregate).await?;
        write.commit().await?;
        self.parked.remove(aggregate);
        info!(context, %aggregate, "an aggregate that was set aside has its views again");
        Ok(Ok(folded))
    }
}
