//! Parked aggregates, taken up again: what they stumbled over may be mended by a new release.

use charter_domain::Contract;
use tracing::{info, warn};

use super::super::step::Projecting;
use crate::follow::{Events, Trouble};
use crate::store::Parked;

impl<C: Contract> Projecting<'_, C> {
    /// Folds the aggregate's events since the one it was stuck at, up to where the others are, in one
    /// transaction with the end of its being parked. Where one of them fails again it stays parked.
    pub(super) async fn redrive(
        &mut self,
        events: &Events<C>,
        parked: &Parked,
    ) -> Result<(), Trouble> {
        let (context, aggregate) = (C::NAME, &parked.aggregate);
        let until = self.progress;
        let stays = |position: i64, reason: &str| {
            warn!(context, %aggregate, position, reason, "an aggregate stays set aside");
        };
        let mut write = self.step(until).await?;
        let mut after = 0;
        loop {
            let (stored, full) = events.history(aggregate, after).await?;
            let mut page = Vec::with_capacity(stored.len());
            for event in stored {
                after = event.sequence;
                if !(parked.position..=until.position).contains(&event.position) {
                    continue;
                }
                let item = events.read(event).await?;
                match item.event {
                    Ok(envelope) => page.push(envelope),
                    Err(reason) => {
                        stays(item.position, &reason.to_string());
                        return Ok(());
                    }
                }
            }
            if let Err(reason) = self.fold(&mut *write, &page).await? {
                stays(parked.position, &reason);
                return Ok(());
            }
            if !full {
                break;
            }
        }
        write.unpark(aggregate).await?;
        write.commit().await?;
        self.parked.remove(aggregate);
        info!(context, %aggregate, "an aggregate that was set aside has its views again");
        Ok(())
    }
}
