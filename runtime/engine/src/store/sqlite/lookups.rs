//! Lookups in the inbox, many in one statement.
//!
//! Every request with an idempotency key asks for its outcome first, and every batch for those of its
//! commands. What a lookup costs is not its rows but the way to a connection's thread and back, so those that
//! wait while one is under way go together into the next. Nothing waits for company.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use contract_shared::Outcome;
use sqlx::SqlitePool;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::outcomes;
use crate::store::StoreError;

/// Lookups that wait. Beyond it those who ask wait.
const QUEUE: usize = 4_096;
/// Commands with which a statement is full.
const MOST_COMMANDS: usize = 1_024;
/// Tasks that look up, so that a long lookup doesn't hold up a short one.
const LANES: usize = 2;

type Key = (String, Uuid);

#[derive(Debug)]
struct Waiting {
    commands: Vec<Key>,
    found: oneshot::Sender<Result<Vec<Outcome>, StoreError>>,
}

/// Those who look up. Handles are of the same ones; they end when all are dropped.
#[derive(Clone, Debug)]
pub(super) struct Lookups {
    queue: mpsc::Sender<Waiting>,
    closing: CancellationToken,
    tasks: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

impl Lookups {
    pub(super) fn start(readers: &SqlitePool) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let waiting = Arc::new(tokio::sync::Mutex::new(waiting));
        let closing = CancellationToken::new();
        let lane = |_| tokio::spawn(run(readers.clone(), waiting.clone(), closing.clone()));
        let tasks = (0..LANES).map(lane).collect();
        Self { queue, closing, tasks: Arc::new(Mutex::new(tasks)) }
    }

    /// The outcomes that are there of these commands, in any order.
    pub(super) async fn find(&self, commands: &[Key]) -> Result<Vec<Outcome>, StoreError> {
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        let (found, answer) = oneshot::channel();
        let waiting = Waiting { commands: commands.to_vec(), found };
        let closed = || StoreError::unavailable("it is closed");
        self.queue.send(waiting).await.map_err(|_| closed())?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    pub(super) async fn close(&self) {
        self.closing.cancel();
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        for task in tasks {
            // It panicked where this fails, and said so itself.
            let _ = task.await;
        }
    }
}

async fn run(
    readers: SqlitePool,
    waiting: Arc<tokio::sync::Mutex<mpsc::Receiver<Waiting>>>,
    closing: CancellationToken,
) {
    loop {
        let group = tokio::select! {
            biased;
            () = closing.cancelled() => return,
            group = next(&waiting) => group,
        };
        if group.is_empty() {
            return;
        }
        look_up(&readers, group).await;
    }
}

/// What waits, at least one; none where nobody can ask any more.
async fn next(waiting: &tokio::sync::Mutex<mpsc::Receiver<Waiting>>) -> Vec<Waiting> {
    let mut waiting = waiting.lock().await;
    let Some(first) = waiting.recv().await else { return Vec::new() };
    let mut count = first.commands.len();
    let mut group = vec![first];
    while count < MOST_COMMANDS
        && let Ok(next) = waiting.try_recv()
    {
        count += next.commands.len();
        group.push(next);
    }
    group
}

async fn look_up(readers: &SqlitePool, group: Vec<Waiting>) {
    let commands: Vec<Key> = group.iter().flat_map(|waiting| &waiting.commands).cloned().collect();
    match outcomes::find(readers, &commands).await {
        Ok(found) => {
            let found: HashMap<Key, Outcome> = found
                .into_iter()
                .map(|outcome| ((outcome.tenant_id.clone(), outcome.command_id), outcome))
                .collect();
            for waiting in group {
                let own = waiting.commands.iter().filter_map(|key| found.get(key).cloned());
                // Whoever asked has gone where this fails.
                let _ = waiting.found.send(Ok(own.collect()));
            }
        }
        Err(error) => {
            for waiting in group {
                let _ = waiting.found.send(Err(StoreError::unavailable(error.to_string())));
            }
        }
    }
}
