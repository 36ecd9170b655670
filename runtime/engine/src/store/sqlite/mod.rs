//! The store in SQLite: history in one file, the read model in another, so that neither waits for the
//! other's writer. Each file has one writing connection and several that read beside it.

mod builds;
mod checkpoints;
mod commits;
mod files;
mod history;
mod list;
mod lookups;
mod outcomes;
mod reactors;
mod requests;
mod standing;
mod sync;
mod values;
mod views;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use charter_domain::{AggregateId, Begin, ColumnValue, Table, Timestamp};
use contract_shared::Outcome;
use sqlx::migrate::Migrator;
use uuid::Uuid;

use super::lane::Lane;
use super::waits::Waits;
use super::{
    Batch, Checkpoint, Claim, Lease, OperatorRequest, Parked, PoolUse, Progress, Purged,
    ReactorPart, ReactorStep, RequestEnd, SchemaHash, Standing, Store, StoreError, StoredDeadline,
    StoredEvent, StoredSchema, Trial, ViewBuild, ViewSet, ViewStep, ViewWrite,
};
use commits::Commits;
use files::{Files, commit, uuid};
use lookups::{LANES, Lookups};
use sync::WriteAheadLog;

pub use crate::log::embedded::Durability;
use crate::reads::{ListQuery, Page, RowRead};
use crate::store::columns::{damaged, offset, signed};

static HISTORY: Migrator = sqlx::migrate!("src/store/sqlite/migrations/history");
static VIEWS: Migrator = sqlx::migrate!("src/store/sqlite/migrations/views");

/// The file of outcomes, history and deadlines.
const HISTORY_FILE: &str = "store.db";
/// The file of the read model.
const VIEWS_FILE: &str = "views.db";
/// Pages of 4 KiB in the log of a file with which SQLite moves them to the file itself, 16 MiB: most pages that
/// are written are written again soon, and then move once.
const CHECKPOINT_PAGES: &str = "4096";
/// The same of the history, 256 MiB, whose log is usually moved long before, beside the writer.
const MOST_PAGES: &str = "65536";
/// The store in two SQLite files.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    history: Files,
    views: Files,
    commits: Commits,
    waits: Arc<Waits>,
    lookups: Arc<Lane<Lookups>>,
}

impl SqliteStore {
    /// Opens the store in `directory`, which must be there; makes and migrates its files. They run in
    /// WAL mode with synchronous NORMAL. Batches and what pairs store and log are made durable beside it before
    /// they are acknowledged, unless with [`Durability::Process`]: then a power loss may take the last of
    /// them. The read model is not: what a power loss takes of it is folded again from the history.
    ///
    /// # Errors
    /// [`StoreError::Open`] where a file can't be used.
    pub async fn open(directory: &Path, durability: Durability) -> Result<Self, StoreError> {
        let path = directory.join(HISTORY_FILE);
        let log = match durability {
            Durability::Power => WriteAheadLog::of(&path),
            Durability::Process => WriteAheadLog::relaxed(),
        };
        let history = Files::open(&path, log, MOST_PAGES, &HISTORY).await?;
        let path = directory.join(VIEWS_FILE);
        let relaxed = WriteAheadLog::relaxed();
        let views = Files::open(&path, relaxed, CHECKPOINT_PAGES, &VIEWS).await?;
        let lookups = Arc::new(Lane::start(Lookups { readers: history.readers.clone() }, LANES));
        let commits = Commits::start(history.clone()).map_err(|error| StoreError::Open {
            path: directory.to_owned(),
            source: error.into(),
        })?;
        Ok(Self { history, views, commits, lookups, waits: Arc::default() })
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn pairing_id(&self) -> Result<Option<Uuid>, StoreError> {
        let bytes: Option<Vec<u8>> = sqlx::query_scalar("SELECT pairing_id FROM meta")
            .fetch_one(&self.history.readers)
            .await
            .map_err(StoreError::unavailable)?;
        bytes.map(|bytes| uuid("the pairing id", &bytes)).transpose()
    }

    async fn set_pairing_id(&self, id: Uuid) -> Result<(), StoreError> {
        sqlx::query("UPDATE meta SET pairing_id = $1")
            .bind(id.as_bytes().as_slice())
            .execute(&self.history.writer)
            .await
            .map_err(StoreError::unavailable)?;
        self.history.log.sync().await
    }

    async fn fix_pairing_id(&self, wanted: Uuid) -> Result<Uuid, StoreError> {
        let bytes: Vec<u8> = sqlx::query_scalar(
            "UPDATE meta SET pairing_id = coalesce(pairing_id, $1) RETURNING pairing_id",
        )
        .bind(wanted.as_bytes().as_slice())
        .fetch_one(&self.history.writer)
        .await
        .map_err(StoreError::unavailable)?;
        self.history.log.sync().await?;
        uuid("the pairing id", &bytes)
    }

    async fn is_empty(&self) -> Result<bool, StoreError> {
        sqlx::query_scalar("SELECT NOT EXISTS (SELECT 1 FROM checkpoints)")
            .fetch_one(&self.history.readers)
            .await
            .map_err(StoreError::unavailable)
    }

    async fn fix_partitions(&self, wanted: u32) -> Result<u32, StoreError> {
        let fixed = sqlx::query_scalar(
            "UPDATE meta SET partitions = coalesce(partitions, $1) RETURNING partitions",
        )
        .bind(wanted)
        .fetch_one(&self.history.writer)
        .await
        .map_err(StoreError::unavailable)?;
        self.history.log.sync().await?;
        Ok(fixed)
    }

    async fn check(&self) -> Result<(), StoreError> {
        for files in [&self.history, &self.views] {
            sqlx::query("SELECT 1")
                .execute(&files.readers)
                .await
                .map_err(StoreError::unavailable)?;
        }
        Ok(())
    }

    async fn put_schemas(&self, schemas: &[StoredSchema]) -> Result<(), StoreError> {
        let mut transaction = self.history.write().await?;
        for schema in schemas {
            sqlx::query("INSERT INTO schemas (hash, json) VALUES ($1, $2) ON CONFLICT DO NOTHING")
                .bind(schema.hash.0.as_slice())
                .bind(&schema.json)
                .execute(&mut *transaction)
                .await
                .map_err(StoreError::unavailable)?;
        }
        commit(transaction).await
    }

    async fn schema(&self, hash: &SchemaHash) -> Result<Option<String>, StoreError> {
        sqlx::query_scalar("SELECT json FROM schemas WHERE hash = $1")
            .bind(hash.0.as_slice())
            .fetch_optional(&self.history.readers)
            .await
            .map_err(StoreError::unavailable)
    }

    async fn checkpoint(
        &self,
        context: &str,
        partition: u32,
    ) -> Result<Option<Checkpoint>, StoreError> {
        history::checkpoint(&self.history, context, partition).await
    }

    async fn contexts(&self) -> Result<Vec<String>, StoreError> {
        standing::contexts(&self.history).await
    }

    async fn standings(&self, context: &str) -> Result<Vec<Standing>, StoreError> {
        standing::of_context(&self.history, context).await
    }

    async fn claim(
        &self,
        context: &str,
        partition: u32,
        contract_version: u32,
    ) -> Result<Claim, StoreError> {
        history::claim(&self.history, context, partition, contract_version).await
    }

    async fn claim_again(&self, held: &Lease, contract_version: u32) -> Result<Claim, StoreError> {
        history::claim_again(&self.history, held, contract_version).await
    }

    async fn release(&self, lease: &Lease, published: i64) -> Result<(), StoreError> {
        history::release(&self.history, lease, published).await
    }

    async fn record_trial(&self, lease: &Lease, trial: Trial) -> Result<(), StoreError> {
        history::record_trial(&self.history, lease, trial).await
    }

    async fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        self.commits.commit(batch).await
    }

    async fn outcomes(&self, commands: &[(String, Uuid)]) -> Result<Vec<Outcome>, StoreError> {
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        self.lookups.submit(commands.to_vec()).await
    }

    async fn outcome(
        &self,
        tenant: Option<&str>,
        command_id: Uuid,
    ) -> Result<Option<Outcome>, StoreError> {
        match tenant {
            Some(tenant) => {
                Ok(self.lookups.submit(vec![(tenant.to_owned(), command_id)]).await?.pop())
            }
            None => outcomes::of_any_tenant(&self.history, command_id).await,
        }
    }

    async fn purge_outcomes(
        &self,
        context: &str,
        partition: u32,
        decided_before: Timestamp,
        limit: u32,
    ) -> Result<Purged, StoreError> {
        outcomes::purge(&self.history, context, partition, decided_before, limit).await
    }

    async fn history(
        &self,
        context: &str,
        aggregate: &AggregateId,
        after: i64,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        history::of_aggregate(&self.history, context, aggregate, after, limit).await
    }

    async fn events(
        &self,
        context: &str,
        partition: u32,
        after: i64,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        history::of_partition(&self.history, context, partition, after, limit).await
    }

    async fn deadlines(
        &self,
        context: &str,
        partition: u32,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<StoredDeadline>, StoreError> {
        history::deadlines(&self.history, context, partition, until, limit).await
    }

    async fn next_deadline(
        &self,
        context: &str,
        partition: u32,
    ) -> Result<Option<Timestamp>, StoreError> {
        let due: Option<i64> = sqlx::query_scalar(
            "SELECT min(due) FROM deadlines WHERE context = $1 AND partition = $2",
        )
        .bind(context)
        .bind(partition)
        .fetch_one(&self.history.readers)
        .await
        .map_err(StoreError::unavailable)?;
        Ok(due.map(Timestamp::from_micros))
    }

    async fn prepare_views(&self, views: &ViewSet) -> Result<(), StoreError> {
        views::prepare(&self.views, &self.history, views).await
    }

    async fn view_builds(&self, context: &str) -> Result<Vec<ViewBuild>, StoreError> {
        builds::all(&self.views, context).await
    }

    async fn want_build(
        &self,
        context: &str,
        number: u32,
        actor: &str,
        reason: &str,
    ) -> Result<(), StoreError> {
        builds::want(&self.views, context, number, actor, reason).await
    }

    async fn switch_views(&self, context: &str, number: u32) -> Result<(), StoreError> {
        builds::switch(&self.views, &self.history, context, number).await
    }

    async fn drop_build(&self, context: &str, number: u32) -> Result<(), StoreError> {
        builds::remove(&self.views, context, number).await
    }

    async fn view_rows(&self, name: &str, most: u32) -> Result<u64, StoreError> {
        builds::rows(&self.views, name, most).await
    }

    async fn view_progress(&self, views: &ViewSet, partition: u32) -> Result<Progress, StoreError> {
        views::progress(&self.views, views, partition).await
    }

    async fn parked(&self, context: &str, partition: u32) -> Result<Vec<Parked>, StoreError> {
        views::parked(&self.views, context, partition).await
    }

    async fn parked_counts(&self, context: &str) -> Result<Vec<(u32, u64)>, StoreError> {
        standing::parked_counts(&self.views, context).await
    }

    async fn parked_in(&self, context: &str, tenant: &str) -> Result<bool, StoreError> {
        sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM parked WHERE context = $1 AND tenant = $2)",
        )
        .bind(context)
        .bind(tenant)
        .fetch_one(&self.views.readers)
        .await
        .map_err(StoreError::unavailable)
    }

    async fn begin_views(&self, step: &ViewStep) -> Result<Box<dyn ViewWrite>, StoreError> {
        Ok(Box::new(views::begin(&self.views, step).await?))
    }

    async fn row(
        &self,
        table: &'static Table,
        tenant: &str,
        key: &[ColumnValue],
    ) -> Result<RowRead, StoreError> {
        list::row(&self.views, table, tenant, key).await
    }

    async fn list(&self, query: &ListQuery) -> Result<Page, StoreError> {
        list::list(&self.views, query).await
    }

    async fn lists(&self, queries: &[ListQuery]) -> Result<Vec<Page>, StoreError> {
        list::lists(&self.views, queries).await
    }

    async fn view_positions(&self, context: &str) -> Result<Vec<(u32, i64)>, StoreError> {
        let mut snapshot = self.views.snapshot().await?;
        list::positions(&mut snapshot, context).await
    }

    async fn wait_projected(&self, context: &str, seen: &[(u32, i64)]) -> Result<(), StoreError> {
        self.waits.wait(context, seen, || self.view_positions(context)).await
    }

    async fn prepare_reactor(
        &self,
        reactor: &str,
        context: &str,
        partitions: u32,
        begin: Begin,
    ) -> Result<(), StoreError> {
        reactors::prepare(&self.history, reactor, context, partitions, begin).await
    }

    async fn reactor_position(&self, part: &ReactorPart) -> Result<i64, StoreError> {
        reactors::position(&self.history, part).await
    }

    async fn reactor_parked(&self, part: &ReactorPart) -> Result<Vec<Parked>, StoreError> {
        reactors::parked(&self.history, part).await
    }

    async fn reactors_with_parked(&self, context: &str) -> Result<Vec<ReactorPart>, StoreError> {
        reactors::with_parked(&self.history, context).await
    }

    async fn step_reactor(&self, step: &ReactorStep) -> Result<(), StoreError> {
        reactors::step(&self.history, step).await
    }

    async fn put_request(&self, request: &OperatorRequest) -> Result<(), StoreError> {
        requests::put(&self.history, request).await
    }

    async fn end_request(&self, id: Uuid, end: &RequestEnd) -> Result<(), StoreError> {
        requests::end(&self.history, id, end).await
    }

    async fn operator_request(&self, id: Uuid) -> Result<Option<OperatorRequest>, StoreError> {
        requests::one(&self.history, id).await
    }

    async fn waiting_requests(
        &self,
        context: &str,
        reactor: Option<&str>,
        limit: u32,
    ) -> Result<Vec<OperatorRequest>, StoreError> {
        requests::waiting(&self.history, context, reactor, limit).await
    }

    async fn operator_requests(&self, limit: u32) -> Result<Vec<OperatorRequest>, StoreError> {
        requests::newest(&self.history, limit).await
    }

    fn pools(&self) -> Vec<PoolUse> {
        vec![
            standing::pool("history_writer", &self.history.writer),
            standing::pool("history_readers", &self.history.readers),
            standing::pool("views_writer", &self.views.writer),
            standing::pool("views_readers", &self.views.readers),
        ]
    }

    async fn close(&self) {
        self.commits.close().await;
        self.lookups.close().await;
        self.history.close().await;
        self.views.close().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_transaction_that_sqlite_ended_by_itself_does_not_stop_later_ones() {
        let directory = tempfile::tempdir().expect("a directory");
        let store =
            SqliteStore::open(directory.path(), Durability::Process).await.expect("a store");
        let mut broken = store.history.write().await.expect("a transaction");
        // What SQLite does by itself where the disk is full.
        sqlx::query("ROLLBACK").execute(&mut *broken).await.expect("the end");
        commit(broken).await.expect_err("nothing is left to commit");
        for _ in 0..2 {
            let next = store.history.write().await.expect("a transaction");
            commit(next).await.expect("a commit");
        }
    }
}
