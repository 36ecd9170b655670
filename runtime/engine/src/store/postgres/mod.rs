//! The store in PostgreSQL: history and read model in one database, shared by any number of processes.
//!
//! What is done often is one statement and one round trip, and what waits for it goes together with others of
//! its kind ([`Lane`]). A statement that stands alone is a transaction, committed before its answer comes; where
//! no answer comes, whether it was is not known.

mod builds;
mod commit;
mod connections;
mod history;
mod list;
mod migrate;
mod numeric;
mod outcomes;
mod reactors;
mod reading;
mod requests;
mod settings;
mod standing;
mod statement;
mod step;
mod tables;
mod values;
mod write;

use std::collections::HashMap;
use std::fmt::{self, Debug};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use charter_domain::{AggregateId, Begin, ColumnValue, Table, Timestamp};
use contract_shared::Outcome;
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use self::commit::{Commits, Job};
use self::connections::Connections;
use self::history::NextDeadlines;
use self::outcomes::Lookups;
use self::reading::Reads;
pub use self::settings::PostgresSettings;
use self::step::{Locking, Steps};
use self::values::{Kind, Rows};
use super::columns::damaged;
use super::lane::Lane;
use super::waits::Waits;
use super::{
    Batch, Checkpoint, Claim, Lease, OperatorRequest, Parked, PoolUse, Progress, Purged,
    ReactorPart, ReactorStep, RequestEnd, SchemaHash, Standing, Store, StoreError, StoredDeadline,
    StoredEvent, StoredSchema, Trial, ViewBuild, ViewSet, ViewStep, ViewWrite,
};
use crate::reads::{ListQuery, Page, RowRead};

/// Statements of one kind that write at a time: while one waits for the disk, the next one is worked on.
const WRITERS: usize = 2;
/// Lookups of clients' requests at a time.
const READERS: usize = 2;

/// The store in a PostgreSQL database.
pub struct PostgresStore {
    access: Access,
    /// What commits, and what has to be read for it.
    writers: Arc<Connections>,
    /// What answers clients.
    readers: Arc<Connections>,
    commits: Lane<Commits>,
    lookups: Lane<Lookups>,
    /// The lookups of clients' requests.
    inbox: Lane<Lookups>,
    next_deadlines: Lane<NextDeadlines>,
    views: Arc<Views>,
}

/// What a store was opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    /// Its tables are migrated.
    Owner,
    /// Its tables may be of another version, and it is not ready then.
    Reader,
}

/// What steps of the views share.
struct Views {
    connections: Arc<Connections>,
    reads: Lane<Reads>,
    steps: Lane<Steps>,
    locking: Arc<Locking>,
    waits: Waits,
    /// How far this process has brought which partitions' views: nobody else moves them meanwhile, and where
    /// somebody does, the commit finds out.
    progress: Mutex<HashMap<(String, u32), (String, Progress)>>,
}

impl PostgresStore {
    /// Connects to the database and makes or migrates the store's tables in the first schema of its search
    /// path; any number of processes may do so at once.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where the database can't be reached or refuses; [`StoreError::TablesDiffer`]
    /// where a newer release has made the tables.
    pub async fn open(settings: PostgresSettings) -> Result<Self, StoreError> {
        let store = Self::connected(&settings, Access::Owner)?;
        store.migrate().await?;
        tables::warn_of_bypass(&store.writers).await?;
        Ok(store)
    }

    /// Connects to the database and leaves its tables as they are, for a process that only reads. Until they
    /// are this release's, [`Store::check`] says so, and reads fail.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where the database can't be reached or refuses.
    pub async fn open_to_read(settings: PostgresSettings) -> Result<Self, StoreError> {
        let store = Self::connected(&settings, Access::Reader)?;
        store.readers.fetch_all(sqlx::query("SELECT 1")).await?;
        Ok(store)
    }

    fn connected(settings: &PostgresSettings, access: Access) -> Result<Self, StoreError> {
        let writers = Arc::new(Connections::of_writers(settings)?);
        let readers = Arc::new(Connections::of_readers(settings)?);
        let connections = || writers.clone();
        let locking = Arc::new(Locking::default());
        let steps = Steps { connections: connections(), locking: locking.clone() };
        let views = Views {
            connections: connections(),
            reads: Lane::start(Reads { connections: connections() }, 1),
            steps: Lane::start(steps, WRITERS),
            locking,
            waits: Waits::default(),
            progress: Mutex::default(),
        };
        Ok(Self {
            access,
            commits: Lane::start(Commits { connections: connections() }, WRITERS),
            lookups: Lane::start(Lookups { connections: connections() }, 1),
            inbox: Lane::start(Lookups { connections: readers.clone() }, READERS),
            next_deadlines: Lane::start(NextDeadlines { connections: connections() }, 1),
            views: Arc::new(views),
            writers,
            readers,
        })
    }
}

impl Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("access", &self.access).finish_non_exhaustive()
    }
}

impl Views {
    /// Whether the views are known to be where the step begins.
    fn is_at(&self, step: &ViewStep) -> bool {
        let progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        let known = progress.get(&(step.context.clone(), step.partition));
        known.is_some_and(|known| known.0 == step.fingerprint && known.1 == step.from)
    }

    /// Takes note that a step was committed.
    fn moved(&self, step: &ViewStep) {
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        let name = (step.context.clone(), step.partition);
        progress.insert(name, (step.fingerprint.clone(), step.to));
        drop(progress);
        self.waits.reached(&step.context, step.partition, step.to.position);
    }

    fn forget(&self, step: &ViewStep) {
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.remove(&(step.context.clone(), step.partition));
    }

    fn forget_all(&self, context: &str) {
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.retain(|(of, _), _| of != context);
    }
}

/// A column that always has a whole number.
fn number(row: &PgRow, index: usize) -> Result<i64, StoreError> {
    row.try_get(index).map_err(StoreError::unavailable)
}

/// A column of whole numbers that are small by what they mean.
fn small<T: TryFrom<i64, Error: fmt::Display>>(
    what: &'static str,
    value: i64,
) -> Result<T, StoreError> {
    T::try_from(value).map_err(|error| damaged(what, error))
}

#[async_trait]
impl Store for PostgresStore {
    async fn pairing_id(&self) -> Result<Option<Uuid>, StoreError> {
        let row = self.readers.fetch_first(sqlx::query("SELECT pairing_id FROM meta")).await?;
        let id = row.map(|row| row.try_get(0)).transpose().map_err(StoreError::unavailable)?;
        Ok(id.flatten())
    }

    async fn set_pairing_id(&self, id: Uuid) -> Result<(), StoreError> {
        let query = sqlx::query("UPDATE meta SET pairing_id = $1").bind(id);
        self.writers.write(query).await.map(drop)
    }

    async fn fix_pairing_id(&self, wanted: Uuid) -> Result<Uuid, StoreError> {
        let query = sqlx::query(
            "UPDATE meta SET pairing_id = coalesce(pairing_id, $1) RETURNING pairing_id",
        )
        .bind(wanted);
        let rows = self.writers.write(query).await?;
        let row = rows.first().ok_or_else(|| damaged("the table `meta`", "it has no row"))?;
        row.try_get(0).map_err(StoreError::unavailable)
    }

    async fn is_empty(&self) -> Result<bool, StoreError> {
        let query = sqlx::query("SELECT 1 FROM checkpoints LIMIT 1");
        Ok(self.readers.fetch_all(query).await?.is_empty())
    }

    async fn fix_partitions(&self, wanted: u32) -> Result<u32, StoreError> {
        let query = sqlx::query(
            "UPDATE meta SET partitions = coalesce(partitions, $1) RETURNING partitions",
        )
        .bind(i64::from(wanted));
        let rows = self.writers.write(query).await?;
        let row = rows.first().ok_or_else(|| damaged("the table `meta`", "it has no row"))?;
        small("the partition count", number(row, 0)?)
    }

    async fn check(&self) -> Result<(), StoreError> {
        match self.access {
            Access::Owner => self.readers.fetch_all(sqlx::query("SELECT 1")).await.map(drop),
            Access::Reader => self.check_tables().await,
        }
    }

    async fn put_schemas(&self, schemas: &[StoredSchema]) -> Result<(), StoreError> {
        let mut rows = Rows::of([Kind::Bytes, Kind::Text]);
        for schema in schemas {
            rows.row().bytes(&schema.hash.0).text(&schema.json);
        }
        let query = sqlx::query(
            "INSERT INTO schemas (hash, json) SELECT * FROM unnest($1, $2) ON CONFLICT DO NOTHING",
        );
        self.writers.write(rows.bind(query)).await.map(drop)
    }

    async fn schema(&self, hash: &SchemaHash) -> Result<Option<String>, StoreError> {
        let query = sqlx::query("SELECT json FROM schemas WHERE hash = $1").bind(hash.0.as_slice());
        let row = self.readers.fetch_first(query).await?;
        row.map(|row| row.try_get(0)).transpose().map_err(StoreError::unavailable)
    }

    async fn checkpoint(
        &self,
        context: &str,
        partition: u32,
    ) -> Result<Option<Checkpoint>, StoreError> {
        history::checkpoint(&self.readers, context, partition).await
    }

    async fn contexts(&self) -> Result<Vec<String>, StoreError> {
        standing::contexts(&self.readers).await
    }

    async fn standings(&self, context: &str) -> Result<Vec<Standing>, StoreError> {
        standing::of_context(&self.readers, context).await
    }

    async fn claim(
        &self,
        context: &str,
        partition: u32,
        contract_version: u32,
    ) -> Result<Claim, StoreError> {
        history::claim(&self.writers, context, partition, contract_version).await
    }

    async fn claim_again(&self, held: &Lease, contract_version: u32) -> Result<Claim, StoreError> {
        history::claim_again(&self.writers, held, contract_version).await
    }

    async fn release(&self, lease: &Lease, published: i64) -> Result<(), StoreError> {
        history::release(&self.writers, lease, published).await
    }

    async fn record_trial(&self, lease: &Lease, trial: Trial) -> Result<(), StoreError> {
        history::record_trial(&self.writers, lease, trial).await
    }

    async fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        self.commits.submit(Job::of(batch)).await
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
                let found = self.inbox.submit(vec![(tenant.to_owned(), command_id)]).await?;
                Ok(found.into_iter().next())
            }
            None => outcomes::find_one(&self.readers, command_id).await,
        }
    }

    async fn purge_outcomes(
        &self,
        context: &str,
        partition: u32,
        decided_before: Timestamp,
        limit: u32,
    ) -> Result<Purged, StoreError> {
        outcomes::purge(&self.writers, context, partition, decided_before, limit).await
    }

    async fn history(
        &self,
        context: &str,
        aggregate: &AggregateId,
        after: i64,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        history::of_aggregate(&self.readers, context, aggregate, after, limit).await
    }

    async fn events(
        &self,
        context: &str,
        partition: u32,
        after: i64,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        history::of_partition(&self.readers, context, partition, after, limit).await
    }

    async fn deadlines(
        &self,
        context: &str,
        partition: u32,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<StoredDeadline>, StoreError> {
        history::deadlines(&self.readers, context, partition, until, limit).await
    }

    async fn next_deadline(
        &self,
        context: &str,
        partition: u32,
    ) -> Result<Option<Timestamp>, StoreError> {
        self.next_deadlines.submit((context.to_owned(), partition)).await
    }

    async fn prepare_views(&self, views: &ViewSet) -> Result<(), StoreError> {
        self.views.forget_all(&views.context);
        tables::prepare(&self.writers, views).await
    }

    async fn view_builds(&self, context: &str) -> Result<Vec<ViewBuild>, StoreError> {
        builds::all(&self.readers, context).await
    }

    async fn want_build(
        &self,
        context: &str,
        number: u32,
        actor: &str,
        reason: &str,
    ) -> Result<(), StoreError> {
        builds::want(&self.writers, context, number, actor, reason).await
    }

    async fn switch_views(&self, context: &str, number: u32) -> Result<(), StoreError> {
        builds::switch(&self.writers, context, number).await
    }

    async fn drop_build(&self, context: &str, number: u32) -> Result<(), StoreError> {
        builds::remove(&self.writers, context, number).await
    }

    async fn view_rows(&self, name: &str, most: u32) -> Result<u64, StoreError> {
        builds::rows(&self.writers, name, most).await
    }

    async fn view_progress(&self, views: &ViewSet, partition: u32) -> Result<Progress, StoreError> {
        tables::progress(&self.readers, views, partition).await
    }

    async fn parked(&self, context: &str, partition: u32) -> Result<Vec<Parked>, StoreError> {
        let query = sqlx::query(
            "SELECT tenant, aggregate_key, position, reason, time FROM parked
             WHERE context = $1 AND partition = $2 ORDER BY position",
        )
        .bind(context)
        .bind(i64::from(partition));
        let rows = self.readers.fetch_all(query).await?;
        rows.iter()
            .map(|row| reactors::read_parked(row, partition).map_err(StoreError::unavailable))
            .collect()
    }

    async fn parked_counts(&self, context: &str) -> Result<Vec<(u32, u64)>, StoreError> {
        standing::parked_counts(&self.readers, context).await
    }

    async fn parked_in(&self, context: &str, tenant: &str) -> Result<bool, StoreError> {
        let query = sqlx::query("SELECT 1 FROM parked WHERE context = $1 AND tenant = $2 LIMIT 1")
            .bind(context)
            .bind(tenant);
        Ok(!self.readers.fetch_all(query).await?.is_empty())
    }

    async fn begin_views(&self, step: &ViewStep) -> Result<Box<dyn ViewWrite>, StoreError> {
        Ok(Box::new(step::begin(&self.views, step).await?))
    }

    async fn row(
        &self,
        table: &'static Table,
        tenant: &str,
        key: &[ColumnValue],
    ) -> Result<RowRead, StoreError> {
        list::row(&self.readers, table, tenant, key).await
    }

    async fn list(&self, query: &ListQuery) -> Result<Page, StoreError> {
        list::list(&self.readers, query).await
    }

    async fn lists(&self, queries: &[ListQuery]) -> Result<Vec<Page>, StoreError> {
        list::lists(&self.readers, queries).await
    }

    async fn view_positions(&self, context: &str) -> Result<Vec<(u32, i64)>, StoreError> {
        list::positions(&self.readers, context).await
    }

    async fn wait_projected(&self, context: &str, seen: &[(u32, i64)]) -> Result<(), StoreError> {
        self.views.waits.wait(context, seen, || list::positions(&self.readers, context)).await
    }

    async fn prepare_reactor(
        &self,
        reactor: &str,
        context: &str,
        partitions: u32,
        begin: Begin,
    ) -> Result<(), StoreError> {
        reactors::prepare(&self.writers, reactor, context, partitions, begin).await
    }

    async fn reactor_position(&self, part: &ReactorPart) -> Result<i64, StoreError> {
        reactors::position(&self.readers, part).await
    }

    async fn reactor_parked(&self, part: &ReactorPart) -> Result<Vec<Parked>, StoreError> {
        reactors::parked(&self.readers, part).await
    }

    async fn reactors_with_parked(&self, context: &str) -> Result<Vec<ReactorPart>, StoreError> {
        reactors::with_parked(&self.readers, context).await
    }

    async fn step_reactor(&self, step: &ReactorStep) -> Result<(), StoreError> {
        reactors::step(&self.writers, step).await
    }

    async fn put_request(&self, request: &OperatorRequest) -> Result<(), StoreError> {
        requests::put(&self.writers, request).await
    }

    async fn end_request(&self, id: Uuid, end: &RequestEnd) -> Result<(), StoreError> {
        requests::end(&self.writers, id, end).await
    }

    async fn operator_request(&self, id: Uuid) -> Result<Option<OperatorRequest>, StoreError> {
        requests::one(&self.readers, id).await
    }

    async fn waiting_requests(
        &self,
        context: &str,
        reactor: Option<&str>,
        limit: u32,
    ) -> Result<Vec<OperatorRequest>, StoreError> {
        requests::waiting(&self.readers, context, reactor, limit).await
    }

    async fn operator_requests(&self, limit: u32) -> Result<Vec<OperatorRequest>, StoreError> {
        requests::newest(&self.readers, limit).await
    }

    fn system(&self) -> &'static str {
        "postgresql"
    }

    fn shares_steps(&self) -> bool {
        true
    }

    fn pools(&self) -> Vec<PoolUse> {
        vec![self.writers.in_use("writers"), self.readers.in_use("readers")]
    }

    async fn close(&self) {
        self.commits.close().await;
        self.lookups.close().await;
        self.inbox.close().await;
        self.next_deadlines.close().await;
        self.views.reads.close().await;
        self.views.steps.close().await;
        self.writers.close().await;
        self.readers.close().await;
    }
}
