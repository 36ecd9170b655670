//! The tasks of push, which somebody waits for.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::JoinSet;

/// Tasks that end by themselves after the stop. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Tasks(Arc<Mutex<JoinSet<()>>>);

impl Tasks {
    fn set(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a task, and lets go of those that have ended.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut set = self.set();
        while set.try_join_next().is_some() {}
        set.spawn(task);
    }

    /// Waits until all have ended.
    pub(super) async fn ended(&self) {
        loop {
            let mut set = std::mem::take(&mut *self.set());
            if set.is_empty() {
                return;
            }
            while set.join_next().await.is_some() {}
        }
    }
}
