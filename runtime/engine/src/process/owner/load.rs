//! Aggregates from the store.

use std::collections::HashSet;

use charter_domain::{AggregateId, CommandOf, Contract, Decider};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::super::Trouble;
use super::super::cache::Aggregate;
use super::super::draft::{Draft, Rules};
use super::super::failure::panic_message;
use super::super::work::Unit;
use super::{Owner, PAGE};
use crate::service::Runtime;
use crate::store::{ReadError, is_full_page};

/// How many aggregates are loaded at a time.
const LOADS: usize = 4;

impl<D: Decider> Owner<'_, D> {
    /// Loads the aggregates that the units are about and that are not in memory.
    pub(super) async fn load(
        &mut self,
        draft: &Draft<D>,
        units: impl Iterator<Item = &Unit<CommandOf<D>>>,
    ) -> Result<(), Trouble> {
        let missing: HashSet<AggregateId> = units
            .filter_map(|unit| Some((unit, &unit.read().as_ref().ok()?.aggregate)))
            .filter(|(_, id)| !self.cache.contains(id))
            .filter(|(unit, _)| unit.command_id().is_none_or(|id| draft.decided(&id).is_none()))
            .map(|(_, id)| id.clone())
            .collect();
        let (runtime, rules) = (&self.ports.runtime, &self.rules);
        let loaded: Vec<_> = stream::iter(missing)
            .map(|id| async move {
                let aggregate = load::<D>(runtime, rules, &id).await?;
                Ok::<_, Trouble>((id, aggregate))
            })
            .buffer_unordered(LOADS)
            .try_collect()
            .await?;
        for (id, aggregate) in loaded {
            match aggregate {
                Ok(aggregate) => {
                    // It may not have been a moment ago, when the batch was read.
                    self.unreadable.remove(&id);
                    self.cache.insert(id, aggregate);
                }
                Err(reason) => {
                    self.unreadable.insert(id, reason);
                }
            }
        }
        Ok(())
    }
}

/// An aggregate as of its last event, or why it can't be had.
async fn load<D: Decider>(
    runtime: &Runtime,
    rules: &Rules<D>,
    id: &AggregateId,
) -> Result<Result<Aggregate<D>, String>, Trouble> {
    let mut aggregate = Aggregate { state: D::default(), sequence: 0, bytes: 0 };
    loop {
        let events = runtime.store.history(D::Contract::NAME, id, aggregate.sequence, PAGE).await?;
        let full = is_full_page(&events, PAGE);
        for stored in events {
            if stored.sequence != aggregate.sequence + 1 {
                return Ok(Err(format!(
                    "the history of `{id}` should go on with sequence {}, found {}",
                    aggregate.sequence + 1,
                    stored.sequence
                )));
            }
            let event =
                rules.events.read_payload(&stored.wire_type, stored.schema, &stored.envelope).await;
            match event {
                Ok(event) => {
                    let folded = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                        aggregate.state.evolve(&event);
                    }));
                    if let Err(panic) = folded {
                        return Ok(Err(panic_message(&*panic)));
                    }
                }
                Err(ReadError::Unreadable(reason)) => return Ok(Err(reason)),
                // Its commands are another's to decide: nothing of them is refused here for good.
                Err(ReadError::OtherRelease(reason)) => {
                    return Err(Trouble::Schemas(format!(
                        "`{id}` can't be loaded: {reason}; a release that knows it goes on"
                    )));
                }
                Err(ReadError::Store(error)) => return Err(error.into()),
            }
            aggregate.sequence = stored.sequence;
            aggregate.bytes += stored.envelope.len();
        }
        if !full {
            return Ok(Ok(aggregate));
        }
    }
}
