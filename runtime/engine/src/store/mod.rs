//! The store: decided commands, history, deadlines and the read model, each written in transactions that
//! are compared and set under an owner's epoch.
//!
//! Every implementation is held to the suite in [`conformance`].

mod builds;
mod columns;
#[doc(hidden)]
pub mod conformance;
mod deciding;
mod error;
mod lane;
pub(crate) mod limits;
mod lists;
mod messages;
mod names;
#[cfg(feature = "postgres")]
pub mod postgres;
mod reactions;
mod requests;
pub mod sqlite;
mod standing;
mod views;
mod waits;

use std::fmt::Debug;

use async_trait::async_trait;
use charter_domain::{AggregateId, Begin, ColumnValue, Table, Timestamp};
use contract_shared::Outcome;
use uuid::Uuid;

pub use builds::{Release, SWITCH_LAG, ViewBuild};
pub use deciding::{
    Attempt, Batch, Checkpoint, Claim, DeadlineId, Lease, Purged, SchemaHash, StoredDeadline,
    StoredEvent, StoredOutcome, StoredSchema, Trial,
};
pub use error::StoreError;
pub(crate) use messages::{Messages, ReadError};
#[cfg(feature = "postgres")]
pub use postgres::{PostgresSettings, PostgresStore};
pub use reactions::{NoReaction, Reaction, ReactorPart, ReactorStep};
pub use requests::{Action, OperatorRequest, RequestEnd};
pub use sqlite::{Durability, SqliteStore};
pub use standing::{PoolUse, Standing};
pub use views::{FoundRows, Parked, Progress, RowChange, RowKey, ViewSet, ViewStep, ViewWrite};

use crate::reads::{ListQuery, Page, RowRead};

/// The bytes of envelopes with which a page of events ends, 8 MiB: the last event of a page brings it there
/// or beyond.
pub const PAGE_BYTES: usize = 8 << 20;

/// Whether a page of up to `limit` events ended where it had to, so that more may follow.
pub(crate) fn is_full_page(page: &[StoredEvent], limit: u32) -> bool {
    page.len() >= limit as usize
        || page.iter().map(|event| event.envelope.len()).sum::<usize>() >= PAGE_BYTES
}

/// What the runtime needs of a database.
///
/// No method waits for another owner: what is lost to one is [`StoreError::Fenced`]. Where nothing else is
/// said, an error is [`StoreError::Unavailable`], nothing was done, and it may be tried again.
#[async_trait]
pub trait Store: Debug + Send + Sync + 'static {
    /// The id that pairs this store with its log: new after a restore.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn pairing_id(&self) -> Result<Option<Uuid>, StoreError>;

    /// Sets the pairing id.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn set_pairing_id(&self, id: Uuid) -> Result<(), StoreError>;

    /// The pairing id: `wanted` where none was set yet, else the one that is there. Of several processes
    /// that do this at once all get the same one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn fix_pairing_id(&self, wanted: Uuid) -> Result<Uuid, StoreError>;

    /// Whether no partition was ever claimed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn is_empty(&self) -> Result<bool, StoreError>;

    /// The partition count of every topic: `wanted` where none was fixed yet, else the one fixed first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn fix_partitions(&self, wanted: u32) -> Result<u32, StoreError>;

    /// Whether the store answers, for readiness.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] with the reason why not.
    async fn check(&self) -> Result<(), StoreError>;

    /// Keeps schemas that stored messages refer to; those it has already are left alone.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn put_schemas(&self, schemas: &[StoredSchema]) -> Result<(), StoreError>;

    /// The JSON of a kept schema.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn schema(&self, hash: &SchemaHash) -> Result<Option<String>, StoreError>;

    /// Where the partition stands; `None` where it was never claimed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn checkpoint(
        &self,
        context: &str,
        partition: u32,
    ) -> Result<Option<Checkpoint>, StoreError>;

    /// The contexts that have partitions which were ever claimed, by name.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn contexts(&self) -> Result<Vec<String>, StoreError>;

    /// Where all partitions of a context stand that were ever claimed, by partition.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn standings(&self, context: &str) -> Result<Vec<Standing>, StoreError>;

    /// Makes the caller the owner of the partition: raises the epoch, so that every earlier owner's writes
    /// are refused from now on, and reads the checkpoint in the same statement.
    ///
    /// # Errors
    /// [`StoreError::NewerContract`] where an owner with a newer contract version has held it.
    async fn claim(
        &self,
        context: &str,
        partition: u32,
        contract_version: u32,
    ) -> Result<Claim, StoreError>;

    /// As [`Store::claim`], for who has held the partition under `held` and not given it up.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] where somebody else has claimed it since: nothing was done.
    /// [`StoreError::NewerContract`] as there.
    async fn claim_again(&self, held: &Lease, contract_version: u32) -> Result<Claim, StoreError>;

    /// Says that the owner ends in good order, with everything up to `published` published, so that the
    /// next one need not go carefully.
    ///
    /// # Errors
    /// [`StoreError::Fenced`].
    async fn release(&self, lease: &Lease, published: i64) -> Result<(), StoreError>;

    /// Records what is being tried, before it is tried. The next commit of the partition forgets it.
    ///
    /// # Errors
    /// [`StoreError::Fenced`].
    async fn record_trial(&self, lease: &Lease, trial: Trial) -> Result<(), StoreError>;

    /// Writes a batch in one transaction: first the checkpoint, compared and set under the epoch, then
    /// outcomes, events, deadlines.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] where the checkpoint is not the batch's; [`StoreError::Conflict`] where a
    /// command id has an outcome or a sequence or position is taken; [`StoreError::FateUnknown`] where the
    /// transaction may have been committed.
    async fn commit(&self, batch: &Batch) -> Result<(), StoreError>;

    /// The outcomes that are there of these commands (tenant, command id), in any order.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn outcomes(&self, commands: &[(String, Uuid)]) -> Result<Vec<Outcome>, StoreError>;

    /// How a command of `tenant`, or of any tenant, ended; `None` where it is not decided, or decided longer
    /// ago than is kept.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn outcome(
        &self,
        tenant: Option<&str>,
        command_id: Uuid,
    ) -> Result<Option<Outcome>, StoreError>;

    /// Forgets up to `limit` outcomes of commands that this partition decided before `decided_before`,
    /// oldest first. Those of a reactor's commands stay while it may send them again: while it is not past the
    /// event that they are for, or has set an aggregate of that partition aside at or before it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn purge_outcomes(
        &self,
        context: &str,
        partition: u32,
        decided_before: Timestamp,
        limit: u32,
    ) -> Result<Purged, StoreError>;

    /// Up to `limit` events of an aggregate after sequence `after` (0 for all), in order; fewer where
    /// their envelopes come to [`PAGE_BYTES`] before.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn history(
        &self,
        context: &str,
        aggregate: &AggregateId,
        after: i64,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError>;

    /// Up to `limit` events of a partition after position `after` (-1 for all), in order; fewer where
    /// their envelopes come to [`PAGE_BYTES`] before.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn events(
        &self,
        context: &str,
        partition: u32,
        after: i64,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError>;

    /// Up to `limit` deadlines of a partition that are due at `until` or before, earliest first, those of
    /// one instant in the order of the events that set them.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn deadlines(
        &self,
        context: &str,
        partition: u32,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<StoredDeadline>, StoreError>;

    /// When the partition's earliest deadline is due.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn next_deadline(
        &self,
        context: &str,
        partition: u32,
    ) -> Result<Option<Timestamp>, StoreError>;

    /// Makes the tables of a context's views, or of a build beside those that are read. Where they are further than the
    /// history of a store that was restored, they are dropped with all their rows and checkpoints, to be
    /// built again from the store, and so is a build beside of another version; until they have come as far as the
    /// store is now, they are not read.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; [`StoreError::ViewDiffers`] where those that are read are of another version.
    async fn prepare_views(&self, views: &ViewSet) -> Result<(), StoreError>;

    /// The builds of a context's views, by number: the one that is read, and those beside it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn view_builds(&self, context: &str) -> Result<Vec<ViewBuild>, StoreError>;

    /// Writes down that a build of this number is wanted, for who projects the context to begin it; where it is
    /// there already it stays as it is.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; [`StoreError::FateUnknown`] where it may have been written.
    async fn want_build(
        &self,
        context: &str,
        number: u32,
        actor: &str,
        reason: &str,
    ) -> Result<(), StoreError>;

    /// Lets a build be read in place of the one that is, in one transaction; the other one stays beside it. Where it
    /// lacks events that reads have shown, at most [`SWITCH_LAG`] of a partition, reads are
    /// [`StoreError::ViewBuilding`] until it holds them.
    ///
    /// # Errors
    /// [`StoreError::NoBuild`], [`StoreError::BuildIsRead`]; [`StoreError::BuildBehind`] where it lacks more of the
    /// history.
    async fn switch_views(&self, context: &str, number: u32) -> Result<(), StoreError>;

    /// Drops a build that isn't read, with its tables.
    ///
    /// # Errors
    /// [`StoreError::NoBuild`], [`StoreError::BuildIsRead`].
    async fn drop_build(&self, context: &str, number: u32) -> Result<(), StoreError>;

    /// How many rows the tables have that stand under a build's name, counted up to `most` of each.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn view_rows(&self, name: &str, most: u32) -> Result<u64, StoreError>;

    /// How far the views have come in a partition; the start where nothing was projected yet.
    ///
    /// # Errors
    /// [`StoreError::ViewDiffers`] where the tables are of another version.
    async fn view_progress(&self, views: &ViewSet, partition: u32) -> Result<Progress, StoreError>;

    /// The aggregates of a partition that the views of a context have set aside.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn parked(&self, context: &str, partition: u32) -> Result<Vec<Parked>, StoreError>;

    /// How many aggregates of which partitions the views of a context have set aside; partitions without any
    /// are left out.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn parked_counts(&self, context: &str) -> Result<Vec<(u32, u64)>, StoreError>;

    /// Whether the views of a context have set any aggregate of a tenant aside, so that what is read of
    /// them may lack something.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn parked_in(&self, context: &str, tenant: &str) -> Result<bool, StoreError>;

    /// Begins a step of the views: compares and sets their checkpoint, and keeps every other writer of the
    /// rows that are then read out until it ends.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] where the progress is not the step's.
    async fn begin_views(&self, step: &ViewStep) -> Result<Box<dyn ViewWrite>, StoreError>;

    /// One row of a view, with the positions that it was read at.
    ///
    /// # Errors
    /// [`StoreError::ViewDiffers`] where the table is missing or of another version;
    /// [`StoreError::ViewBuilding`] where not all rows may be there yet.
    async fn row(
        &self,
        table: &'static Table,
        tenant: &str,
        key: &[ColumnValue],
    ) -> Result<RowRead, StoreError>;

    /// A page of rows of a view, with the positions that it was read at.
    ///
    /// # Errors
    /// [`StoreError::ViewDiffers`] where the table is missing or of another version;
    /// [`StoreError::ViewBuilding`] where not all rows may be there yet; [`StoreError::InvalidQuery`] where a column is not the table's or `after` has other values than the
    /// order.
    async fn list(&self, query: &ListQuery) -> Result<Page, StoreError>;

    /// The pages of several lists of one context's views, all read in one snapshot, so that their positions are
    /// the same.
    ///
    /// # Errors
    /// As [`Store::list`].
    async fn lists(&self, queries: &[ListQuery]) -> Result<Vec<Page>, StoreError>;

    /// How far the views of a context have come: (partition, position), the partitions that have events.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn view_positions(&self, context: &str) -> Result<Vec<(u32, i64)>, StoreError>;

    /// Waits until the views of a context hold the events at these positions, (partition, position). The
    /// caller sets the time-out. However many wait, one of them asks for all.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn wait_projected(&self, context: &str, seen: &[(u32, i64)]) -> Result<(), StoreError>;

    /// Lets a reactor that has no checkpoints yet begin where it says, in each of a context's partitions; one
    /// that has some is left where it is.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::FateUnknown`].
    async fn prepare_reactor(
        &self,
        reactor: &str,
        context: &str,
        partitions: u32,
        begin: Begin,
    ) -> Result<(), StoreError>;

    /// The position of the last event that a reactor is done with, -1 for none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn reactor_position(&self, part: &ReactorPart) -> Result<i64, StoreError>;

    /// The aggregates that a reactor has set aside, in the order of where they are stuck.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn reactor_parked(&self, part: &ReactorPart) -> Result<Vec<Parked>, StoreError>;

    /// The reactors on a context's events that have set something aside, each with the partitions where it has.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn reactors_with_parked(&self, context: &str) -> Result<Vec<ReactorPart>, StoreError>;

    /// Moves a reactor's checkpoint, compared first, and sets aggregates aside, all in one transaction. One
    /// that is aside already keeps its first position.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] where the position is not the step's; [`StoreError::FateUnknown`] where it may
    /// have been committed.
    async fn step_reactor(&self, step: &ReactorStep) -> Result<(), StoreError>;

    /// Writes down what an operator asks for.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; [`StoreError::FateUnknown`] where it may have been written.
    async fn put_request(&self, request: &OperatorRequest) -> Result<(), StoreError>;

    /// Writes down how a request ended; one that has ended stays as it is.
    ///
    /// # Errors
    /// As [`Store::put_request`].
    async fn end_request(&self, id: Uuid, end: &RequestEnd) -> Result<(), StoreError>;

    /// A request of an operator.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn operator_request(&self, id: Uuid) -> Result<Option<OperatorRequest>, StoreError>;

    /// Up to `limit` requests of operators that have not ended, oldest first: to the views of a context, or to a reactor
    /// on its events.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn waiting_requests(
        &self,
        context: &str,
        reactor: Option<&str>,
        limit: u32,
    ) -> Result<Vec<OperatorRequest>, StoreError>;

    /// Up to `limit` requests of operators, newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn operator_requests(&self, limit: u32) -> Result<Vec<OperatorRequest>, StoreError>;

    /// Whether steps of the views that partitions take at the same time share statements, so that partitions
    /// that are busy had better wait for each other.
    fn shares_steps(&self) -> bool {
        false
    }

    /// What traces call the database, by OpenTelemetry's names.
    fn system(&self) -> &'static str {
        "other_sql"
    }

    /// The connections to the database.
    fn pools(&self) -> Vec<PoolUse>;

    /// Ends all work in good order. Every later call is [`StoreError::Unavailable`].
    async fn close(&self);
}
