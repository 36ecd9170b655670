//! Waiting for the views: however many wait for a context, one of them asks the database for all.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex, oneshot};

use crate::store::StoreError;

/// Between two looks at views that move.
const SHORTEST: Duration = Duration::from_millis(2);
/// Between two looks at views that stand still.
const LONGEST: Duration = Duration::from_millis(20);

/// Who waits for which context.
#[derive(Debug, Default)]
pub(super) struct Waits {
    contexts: StdMutex<HashMap<String, Arc<Context>>>,
}

#[derive(Debug, Default)]
struct Context {
    state: StdMutex<State>,
    /// Held by the one that asks. Where it has what it waited for, or gives up, the next one asks.
    asking: Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    /// How far each partition's views have come, as far as is known.
    known: HashMap<u32, i64>,
    /// Who waits for which position of a partition, each under a number of its own.
    waiting: HashMap<u32, BTreeMap<(i64, u64), oneshot::Sender<()>>>,
    last_number: u64,
}

/// A place among those who wait, given up when dropped.
struct Place<'a> {
    context: &'a Context,
    partition: u32,
    name: (i64, u64),
}

impl Waits {
    /// Takes note that the views of a partition have come to `position`.
    #[cfg(feature = "postgres")]
    pub(super) fn reached(&self, context: &str, partition: u32, position: i64) {
        let known = self.contexts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(context) = known.get(context) {
            context.state().reach(partition, position);
        }
    }

    /// Waits until the views of a context have come to all of these positions. `ask` reads how far they are.
    pub(super) async fn wait<F>(
        &self,
        context: &str,
        seen: &[(u32, i64)],
        ask: impl Fn() -> F,
    ) -> Result<(), StoreError>
    where
        F: Future<Output = Result<Vec<(u32, i64)>, StoreError>>,
    {
        let context = {
            let mut contexts = self.contexts.lock().unwrap_or_else(PoisonError::into_inner);
            match contexts.get(context) {
                Some(known) => known.clone(),
                None => contexts.entry(context.to_owned()).or_default().clone(),
            }
        };
        // One after the other: positions only rise.
        for (partition, position) in seen.iter().copied().filter(|(_, position)| *position >= 0) {
            let Some((_place, mut told)) = context.place(partition, position) else { continue };
            tokio::select! {
                biased;
                // The sender goes only with the place.
                _ = &mut told => {}
                _asking = context.asking.lock() => context.ask(&mut told, &ask).await?,
            }
        }
        Ok(())
    }
}

impl Context {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place among those who wait; `None` where there is nothing to wait for.
    fn place(&self, partition: u32, position: i64) -> Option<(Place<'_>, oneshot::Receiver<()>)> {
        let mut state = self.state();
        if state.known.get(&partition).is_some_and(|known| *known >= position) {
            return None;
        }
        let (sender, told) = oneshot::channel();
        state.last_number += 1;
        let name = (position, state.last_number);
        state.waiting.entry(partition).or_default().insert(name, sender);
        Some((Place { context: self, partition, name }, told))
    }

    /// Asks until it is told what it waits for; tells all others on the way.
    async fn ask<F>(
        &self,
        told: &mut oneshot::Receiver<()>,
        ask: impl Fn() -> F,
    ) -> Result<(), StoreError>
    where
        F: Future<Output = Result<Vec<(u32, i64)>, StoreError>>,
    {
        let mut pause = SHORTEST;
        loop {
            let positions = ask().await?;
            let moved = {
                let mut state = self.state();
                let mut moved = false;
                for (partition, position) in positions {
                    moved |= state.reach(partition, position);
                }
                moved
            };
            pause = if moved { SHORTEST } else { (pause * 2).min(LONGEST) };
            tokio::select! {
                biased;
                _ = &mut *told => return Ok(()),
                () = tokio::time::sleep(pause) => {}
            }
        }
    }
}

impl State {
    /// Sets how far a partition is, and tells those who waited for it; whether it was somewhere else before.
    fn reach(&mut self, partition: u32, position: i64) -> bool {
        // Not the highest ever seen: views that are built again begin at the start.
        let moved = self.known.insert(partition, position) != Some(position);
        if let Some(waiting) = self.waiting.get_mut(&partition) {
            let later = waiting.split_off(&(position.saturating_add(1), 0));
            for (_, sender) in std::mem::replace(waiting, later) {
                // Who has given up meanwhile does not want to know.
                let _ = sender.send(());
            }
        }
        moved
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.context.state();
        if let Some(waiting) = state.waiting.get_mut(&self.partition) {
            waiting.remove(&self.name);
        }
    }
}
