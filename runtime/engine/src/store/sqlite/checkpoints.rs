//! Moving the write-ahead log into its file, beside the writer.
//!
//! SQLite does so at the end of whichever commit made the log long, and all who wait for the writer wait for the
//! file to be written and synced. Here another connection moves what there is while commits go on; what was
//! added meanwhile, seldom much, the writer moves itself between two transactions, so that the log begins anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use sqlx::SqlitePool;
use tracing::warn;

/// The bytes of batches after which the log is moved. A page of 4 KiB is written for each place that a row
/// goes to, so the log has about eight times as many: 16 MiB.
const BYTES: usize = 2 << 20;
const MOVE: &str = "PRAGMA wal_checkpoint(PASSIVE)";

/// When the log of a file is moved.
#[derive(Clone, Debug, Default)]
pub(super) struct Checkpoints(Arc<State>);

#[derive(Debug, Default)]
struct State {
    /// Of batches since the log was moved.
    bytes: AtomicUsize,
    /// Whether another connection is at it.
    moving: AtomicBool,
    /// Whether another connection has done its part.
    moved: AtomicBool,
}

impl Checkpoints {
    /// Takes note of a transaction with so many bytes; moves the log when it is time. Between transactions.
    pub(super) async fn written(&self, bytes: usize, writer: &SqlitePool, readers: &SqlitePool) {
        let state = &self.0;
        let bytes = state.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if state.moved.swap(false, Ordering::AcqRel) {
            run(writer).await;
            state.bytes.store(0, Ordering::Relaxed);
            state.moving.store(false, Ordering::Release);
        } else if bytes >= BYTES && !state.moving.swap(true, Ordering::AcqRel) {
            let (state, readers) = (state.clone(), readers.clone());
            tokio::spawn(async move {
                run(&readers).await;
                state.moved.store(true, Ordering::Release);
            });
        }
    }
}

/// What fails here is done at the next time, or by SQLite itself when the log is longer still.
async fn run(connections: &SqlitePool) {
    if let Err(error) = sqlx::query(MOVE).execute(connections).await {
        warn!(%error, "the write-ahead log was not moved into its file");
    }
}
