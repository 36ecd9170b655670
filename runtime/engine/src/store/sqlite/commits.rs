//! Commits of batches, several in one transaction.
//!
//! Partitions decide side by side, and SQLite has one writer: the batches that wait for it are written
//! together, so that they share the transaction and its `fdatasync`. None harms another: one whose checkpoint
//! is not its own is left out, and where any fails otherwise, each is written alone.

use std::sync::{Arc, Mutex, PoisonError};

use sqlx::Sqlite;
use sqlx::Transaction;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Files, commit, history, is_taken, outcomes};
use crate::store::{Batch, StoreError};

/// Batches that wait. More than partitions of a process seldom do; beyond it their owners wait.
const QUEUE: usize = 64;
/// The bytes with which a transaction is full: as long as it takes, its first batch waits for its last.
const MOST_BYTES: usize = 1 << 20;
/// What a row takes beside an envelope, about.
const ROW_BYTES: usize = 512;

/// A batch that waits to be written.
#[derive(Debug)]
struct Waiting {
    batch: Batch,
    done: oneshot::Sender<Result<(), StoreError>>,
}

/// The one that writes batches. Handles are of the same one; it ends when all are dropped.
#[derive(Clone, Debug)]
pub(super) struct Commits {
    queue: mpsc::Sender<Waiting>,
    closing: CancellationToken,
    task: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Commits {
    pub(super) fn start(files: Files) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let closing = CancellationToken::new();
        let task = tokio::spawn(run(files, waiting, closing.clone()));
        Self { queue, closing, task: Arc::new(Mutex::new(Some(task))) }
    }

    /// Writes a batch. It may still be written when the future is dropped.
    pub(super) async fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        let (done, written) = oneshot::channel();
        let waiting = Waiting { batch: batch.clone(), done };
        if self.queue.send(waiting).await.is_err() {
            return Err(StoreError::unavailable("it is closed"));
        }
        written.await.unwrap_or_else(|_| {
            Err(StoreError::FateUnknown { source: "the store ended before it answered".into() })
        })
    }

    /// Writes what waits and ends.
    pub(super) async fn close(&self) {
        self.closing.cancel();
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            // It panicked where this fails, and said so itself.
            let _ = task.await;
        }
    }
}

async fn run(files: Files, mut waiting: mpsc::Receiver<Waiting>, closing: CancellationToken) {
    loop {
        let first = tokio::select! {
            biased;
            first = waiting.recv() => first,
            () = closing.cancelled(), if !waiting.is_closed() => {
                waiting.close();
                continue;
            }
        };
        let Some(first) = first else { return };
        let mut bytes = size(&first.batch);
        let mut group = vec![first];
        while bytes < MOST_BYTES
            && let Ok(next) = waiting.try_recv()
        {
            bytes += size(&next.batch);
            group.push(next);
        }
        write(&files, group).await;
    }
}

fn size(batch: &Batch) -> usize {
    let rows = batch.outcomes.len() + batch.events.len() + batch.deadlines.len();
    let events: usize = batch.events.iter().map(|event| event.envelope.len()).sum();
    let deadlines: usize = batch.deadlines.iter().map(|deadline| deadline.envelope.len()).sum();
    rows * ROW_BYTES + events + deadlines
}

/// Writes batches together, or else each alone.
async fn write(files: &Files, group: Vec<Waiting>) {
    metrics::histogram!("charter_commit_batches")
        .record(f64::from(u32::try_from(group.len()).unwrap_or(u32::MAX)));
    let Some((group, error)) = try_to_write(files, group).await else { return };
    if group.len() == 1 {
        return tell(group, error);
    }
    tracing::debug!(%error, "batches that could not be written together are written alone");
    for waiting in group {
        if let Some((alone, error)) = try_to_write(files, vec![waiting]).await {
            tell(alone, error);
        }
    }
}

/// Writes batches in one transaction and tells those who wait; gives back what was surely not written, and
/// why.
async fn try_to_write(files: &Files, group: Vec<Waiting>) -> Option<(Vec<Waiting>, StoreError)> {
    let mut transaction = match files.write().await {
        Ok(transaction) => transaction,
        Err(error) => return Some((group, error)),
    };
    let mut held = Vec::with_capacity(group.len());
    let mut rest = group.into_iter();
    while let Some(waiting) = rest.next() {
        match history::set_checkpoint(&mut transaction, &waiting.batch).await {
            Ok(()) => held.push(waiting),
            Err(error @ StoreError::Fenced { .. }) => tell(vec![waiting], error),
            Err(error) => {
                held.push(waiting);
                held.extend(rest);
                return Some((held, error));
            }
        }
    }
    if held.is_empty() {
        return None;
    }
    let batches: Vec<&Batch> = held.iter().map(|waiting| &waiting.batch).collect();
    if let Err(error) = insert(&mut transaction, &batches).await {
        return Some((held, error));
    }
    match commit(transaction).await {
        Ok(()) => {
            for waiting in held {
                // Its owner gave up waiting where this fails, and learns of it by claiming anew.
                let _ = waiting.done.send(Ok(()));
            }
            None
        }
        // Whether it was written is not known, so it must not be tried again here.
        Err(error @ StoreError::FateUnknown { .. }) => {
            tell(held, error);
            None
        }
        Err(error) => Some((held, error)),
    }
}

/// Tells all of them of one error.
fn tell(group: Vec<Waiting>, error: StoreError) {
    let mut group = group.into_iter().peekable();
    let mut error = Some(error);
    while let Some(waiting) = group.next() {
        let own = match (&error, group.peek()) {
            (Some(StoreError::FateUnknown { source }), Some(_)) => {
                Some(StoreError::FateUnknown { source: source.to_string().into() })
            }
            (Some(error), Some(_)) => Some(StoreError::unavailable(error.to_string())),
            _ => error.take(),
        };
        if let Some(own) = own {
            let _ = waiting.done.send(Err(own));
        }
    }
}

async fn insert(
    transaction: &mut Transaction<'static, Sqlite>,
    batches: &[&Batch],
) -> Result<(), StoreError> {
    let conflict = |what| {
        move |error: sqlx::Error| match batches {
            [batch] if is_taken(&error) => {
                let (context, partition) = (batch.lease.context.clone(), batch.lease.partition);
                StoreError::Conflict { what, context, partition }
            }
            _ => StoreError::unavailable(error),
        }
    };
    let outcomes: Vec<_> = batches.iter().flat_map(|batch| &batch.outcomes).collect();
    outcomes::insert(transaction, &outcomes).await.map_err(conflict("command id"))?;
    let events: Vec<_> = batches
        .iter()
        .flat_map(|batch| batch.events.iter().map(|event| (&batch.lease, event)))
        .collect();
    history::insert_events(transaction, &events)
        .await
        .map_err(conflict("sequence or position of an event"))?;
    let deadlines: Vec<_> = batches
        .iter()
        .flat_map(|batch| batch.deadlines.iter().map(|deadline| (&batch.lease, deadline)))
        .collect();
    history::insert_deadlines(transaction, &deadlines).await.map_err(conflict("deadline"))?;
    let resolved: Vec<_> = batches.iter().flat_map(|batch| &batch.resolved).copied().collect();
    history::resolve(transaction, &resolved).await.map_err(StoreError::unavailable)
}
