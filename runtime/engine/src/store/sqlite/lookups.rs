//! Lookups in the inbox, many in one statement.
//!
//! Every request with an idempotency key asks for its outcome first, and every batch for those of its
//! commands. What a lookup costs is not its rows but the way to a connection's thread and back, so those that
//! wait while one is under way go together into the next.

use std::time::Duration;

use contract_shared::Outcome;
use sqlx::SqlitePool;
use uuid::Uuid;

use super::outcomes;
use crate::store::StoreError;
use crate::store::lane::{self, Work};

/// Statements at a time, so that a long lookup doesn't hold up a short one.
pub(super) const LANES: usize = 2;

/// Looks outcomes up.
#[derive(Debug)]
pub(super) struct Lookups {
    pub(super) readers: SqlitePool,
}

impl Work for Lookups {
    type Job = Vec<(String, Uuid)>;
    type Answer = Vec<Outcome>;
    const FULL: usize = 1_024;
    // A pause brought nothing here: a statement costs little, and its way is short.
    const PACE: Duration = Duration::ZERO;
    const ENOUGH: usize = 200;
    const WAITING: usize = 4_096;

    fn weight(job: &Self::Job) -> usize {
        job.len()
    }

    async fn run(&self, jobs: Vec<Self::Job>) -> Vec<Result<Self::Answer, StoreError>> {
        lane::answers(jobs.len(), outcomes::find(&self.readers, &jobs).await)
    }
}
