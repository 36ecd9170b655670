//! Parked aggregates, taken up again: what they stumbled over may be mended by a new release.

use charter_domain::{Contract as _, Decider};
use tracing::{info, warn};

use super::{Following, PAGE, Trouble};
use crate::store::{Parked, ReadError, is_full_page};

impl<D: Decider> Following<'_, D> {
    /// Folds the aggregate's events since the one it was stuck at, up to where the others are, in one
    /// transaction with the end of its being parked. Where one of them fails again it stays parked.
    pub(super) async fn redrive(&mut self, parked: &Parked) -> Result<(), Trouble> {
        let (context, aggregate) = (D::Contract::NAME, &parked.aggregate);
        let until = self.projecting.progress;
        let stays = |position: i64, reason: &str| {
            warn!(context, %aggregate, position, reason, "an aggregate stays set aside");
        };
        let mut write = self.projecting.step(until).await?;
        let mut after = 0;
        loop {
            let stored = self.projecting.store.history(context, aggregate, after, PAGE).await?;
            let full = is_full_page(&stored, PAGE);
            let mut events = Vec::with_capacity(stored.len());
            for event in stored {
                after = event.sequence;
                if !(parked.position..=until.position).contains(&event.position) {
                    continue;
                }
                match self.messages.read(&event.wire_type, event.schema, &event.envelope).await {
                    Ok(envelope) => events.push(envelope),
                    Err(ReadError::Unreadable(reason)) => {
                        stays(event.position, &reason);
                        return Ok(());
                    }
                    Err(ReadError::Store(error)) => return Err(error.into()),
                }
            }
            if let Err(reason) = self.projecting.fold(&mut *write, &events).await? {
                stays(parked.position, &reason);
                return Ok(());
            }
            if !full {
                break;
            }
        }
        write.unpark(aggregate).await?;
        write.commit().await?;
        self.projecting.parked.remove(aggregate);
        info!(context, %aggregate, "an aggregate that was set aside has its views again");
        Ok(())
    }
}
