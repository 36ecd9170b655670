//! Requests of operators on their way from the store to who has the partition.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::Runtime;
use crate::store::OperatorRequest;

/// How often the store is asked. An operator waits for it, and one small look at an index costs little.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a look may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The most requests taken up at a time.
const MOST: u32 = 100;

/// What waits, by partition. Cloned handles are of the same service.
#[derive(Clone, Debug, Default)]
pub(crate) struct Requests(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    waiting: Mutex<HashMap<u32, Vec<OperatorRequest>>>,
    told: Notify,
}

impl Requests {
    fn waiting(&self) -> MutexGuard<'_, HashMap<u32, Vec<OperatorRequest>>> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next request for a partition, oldest first. One that is in hand may come again: who has done it
    /// finds nothing left to do.
    pub(crate) async fn next(&self, partition: u32) -> OperatorRequest {
        loop {
            let told = self.0.told.notified();
            tokio::pin!(told);
            told.as_mut().enable();
            if let Some(waiting) = self.waiting().get_mut(&partition)
                && !waiting.is_empty()
            {
                return waiting.remove(0);
            }
            told.await;
        }
    }

    fn put(&self, found: Vec<OperatorRequest>) {
        let mut by_partition: HashMap<u32, Vec<_>> = HashMap::new();
        for request in found {
            by_partition.entry(request.partition).or_default().push(request);
        }
        let is_none = by_partition.is_empty();
        *self.waiting() = by_partition;
        if !is_none {
            self.0.told.notify_waiters();
        }
    }

    /// Asks the store again and again until `stop` for what is asked of a context's views, or of a reactor on its
    /// events.
    pub(crate) async fn follow(
        &self,
        context: &str,
        reactor: Option<&str>,
        runtime: &Runtime,
        stop: &CancellationToken,
    ) {
        loop {
            let look = tokio::time::timeout(
                PATIENCE,
                runtime.store.waiting_requests(context, reactor, MOST),
            );
            tokio::select! {
                () = stop.cancelled() => return,
                looked = look => match looked {
                    Ok(Ok(found)) => self.put(found),
                    Ok(Err(error)) => debug!(context, reactor, %error, "requests can't be read"),
                    Err(_) => debug!(context, reactor, "requests can't be read in time"),
                },
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }
}
