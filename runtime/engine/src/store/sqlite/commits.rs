//! Commits of batches, several in one transaction.
//!
//! Partitions decide side by side, and SQLite has one writer: the batches that wait for it are written
//! together, so that they share the transaction; while it is made durable the next ones are written, and
//! transactions that wait for the disk share an `fdatasync`. None harms another: one whose checkpoint
//! is not its own is left out, and where any fails otherwise, each is written alone.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use sqlx::Sqlite;
use sqlx::Transaction;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::checkpoints::Checkpoints;
use super::files::{Files, commit, is_taken};
use super::sync::WriteAheadLog;
use super::{history, outcomes, reactors};
use crate::store::{Batch, Lease, StoreError};

/// Written transactions that wait for the disk. Beyond it nothing more is written.
const UNSYNCED: usize = 4;
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

impl AsRef<Batch> for Waiting {
    fn as_ref(&self) -> &Batch {
        &self.batch
    }
}

/// The one that writes batches. Handles are of the same one; it ends when all are dropped.
#[derive(Clone, Debug)]
pub(super) struct Commits {
    queue: mpsc::Sender<Waiting>,
    closing: CancellationToken,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Commits {
    /// On a thread of its own: a transaction is a few ways to the thread of the connection and back, and
    /// all partitions wait while one of them waits for its turn among the tasks of a busy runtime.
    ///
    /// # Errors
    /// Where there is no thread to be had.
    pub(super) fn start(files: Files) -> std::io::Result<Self> {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let closing = CancellationToken::new();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let work = run(files, waiting, closing.clone());
        let thread = std::thread::Builder::new()
            .name("charter-commits".to_owned())
            .spawn(move || runtime.block_on(work))?;
        Ok(Self { queue, closing, thread: Arc::new(Mutex::new(Some(thread))) })
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
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // It panicked where this fails, and said so itself.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

async fn run(files: Files, waiting: mpsc::Receiver<Waiting>, closing: CancellationToken) {
    let (written, unsynced) = mpsc::channel(UNSYNCED);
    let log = files.log.clone();
    // The second ends when the first drops its end of the queue.
    tokio::join!(write_all(files, waiting, closing, written), sync_all(log, unsynced));
}

async fn write_all(
    files: Files,
    mut waiting: mpsc::Receiver<Waiting>,
    closing: CancellationToken,
    written: mpsc::Sender<Vec<Waiting>>,
) {
    let checkpoints = Checkpoints::default();
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
        for group in write(&files, group).await {
            // Nobody is told where this fails, and so all learn that their fate is unknown.
            let _ = written.send(group).await;
        }
        checkpoints.written(bytes, &files.writer, &files.readers).await;
    }
}

/// Makes what was written durable, and tells those who wait.
async fn sync_all(log: WriteAheadLog, mut unsynced: mpsc::Receiver<Vec<Waiting>>) {
    while let Some(mut group) = unsynced.recv().await {
        while let Ok(next) = unsynced.try_recv() {
            group.extend(next);
        }
        match log.sync().await {
            Ok(()) => {
                for waiting in group {
                    // Its owner gave up waiting where this fails, and learns of it by claiming anew.
                    let _ = waiting.done.send(Ok(()));
                }
            }
            Err(error) => tell(group, error),
        }
    }
}

fn size(batch: &Batch) -> usize {
    let rows = batch.outcomes.len() + batch.events.len() + batch.deadlines.len();
    let events: usize = batch.events.iter().map(|event| event.envelope.len()).sum();
    let deadlines: usize = batch.deadlines.iter().map(|deadline| deadline.envelope.len()).sum();
    rows * ROW_BYTES + events + deadlines
}

/// Writes batches together, or else each alone; gives those that are written, by transaction.
async fn write(files: &Files, group: Vec<Waiting>) -> Vec<Vec<Waiting>> {
    metrics::histogram!("charter_commit_batches")
        .record(f64::from(u32::try_from(group.len()).unwrap_or(u32::MAX)));
    let (group, error) = match try_to_write(files, group).await {
        Ok(written) => return vec![written],
        Err(refused) => refused,
    };
    if group.len() == 1 {
        tell(group, error);
        return Vec::new();
    }
    tracing::debug!(%error, "batches that could not be written together are written alone");
    let mut all = Vec::with_capacity(group.len());
    for waiting in group {
        match try_to_write(files, vec![waiting]).await {
            Ok(written) => all.push(written),
            Err((alone, error)) => tell(alone, error),
        }
    }
    all
}

/// Writes batches in one transaction and gives them; who lost its partition is told. Or gives back what was
/// surely not written, and why.
async fn try_to_write(
    files: &Files,
    group: Vec<Waiting>,
) -> Result<Vec<Waiting>, (Vec<Waiting>, StoreError)> {
    if let Err(error) = files.log.check() {
        return Err((group, error));
    }
    let mut transaction = match files.write().await {
        Ok(transaction) => transaction,
        Err(error) => return Err((group, error)),
    };
    let held = match history::set_checkpoints(&mut transaction, group).await {
        Ok((held, others)) => {
            for other in others {
                let Lease { context, partition, epoch } = other.batch.lease.clone();
                tell(vec![other], StoreError::Fenced { context, partition, epoch });
            }
            held
        }
        Err((group, error)) => return Err((group, StoreError::unavailable(error))),
    };
    if held.is_empty() {
        return Ok(held);
    }
    let batches: Vec<&Batch> = held.iter().map(|waiting| &waiting.batch).collect();
    if let Err(error) = insert(&mut transaction, &batches).await {
        return Err((held, error));
    }
    match commit(transaction).await {
        Ok(()) => Ok(held),
        // Whether it was written is not known, so it must not be tried again here.
        Err(error @ StoreError::FateUnknown { .. }) => {
            tell(held, error);
            Ok(Vec::new())
        }
        Err(error) => Err((held, error)),
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
    reactors::insert(transaction, &outcomes).await.map_err(StoreError::unavailable)?;
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
