//! What projections read and write.

use async_trait::async_trait;
use charter_domain::{AggregateId, ColumnValue, Table, Timestamp};

use super::{Release, StoreError};

/// The views of a context, which move together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewSet {
    /// The context; of a build that isn't read, what [`ViewBuild::name`](super::ViewBuild::name) gives.
    pub context: String,
    /// The version: another one is built again from the store.
    pub fingerprint: String,
    /// The release that they are of.
    pub release: Release,
    /// The tables.
    pub tables: Vec<&'static Table>,
}

/// How far a context's views have come in a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The position of the last event whose rows are visible, -1 for none.
    pub position: i64,
    /// How many rows of the next event are staged.
    pub staged: u32,
}

impl Progress {
    /// Before the first event.
    pub const START: Self = Self { position: -1, staged: 0 };
}

/// One transaction of the views.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewStep {
    /// The context.
    pub context: String,
    /// The version of the views.
    pub fingerprint: String,
    /// The partition.
    pub partition: u32,
    /// The progress before; compared.
    pub from: Progress,
    /// The progress after; set.
    pub to: Progress,
}

/// A row's name.
#[derive(Clone, Debug, PartialEq)]
pub struct RowKey {
    /// The tenant.
    pub tenant: String,
    /// The values of the table's key columns.
    pub values: Vec<ColumnValue>,
}

/// What becomes of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct RowChange {
    /// Which row; each comes once in a call.
    pub key: RowKey,
    /// The values of all columns; `None` removes the row.
    pub row: Option<Vec<ColumnValue>>,
}

/// An aggregate that a projection could not take further; its later events are passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parked {
    /// The aggregate.
    pub aggregate: AggregateId,
    /// The partition of its events.
    pub partition: u32,
    /// The first event that was not projected.
    pub position: i64,
    /// Why, in a sentence.
    pub reason: String,
    /// When, UTC: the event's time.
    pub time: Timestamp,
}

/// Rows in the order of the keys that were asked for; `None` where there is none.
pub type FoundRows = Vec<Option<Vec<ColumnValue>>>;

/// The rows of several tables, one table after the other.
pub(super) async fn one_by_one<W: ViewWrite + ?Sized>(
    write: &mut W,
    wanted: &[(&'static Table, Vec<RowKey>)],
) -> Result<Vec<FoundRows>, StoreError> {
    let mut found = Vec::with_capacity(wanted.len());
    for (table, keys) in wanted {
        found.push(write.rows(table, keys).await?);
    }
    Ok(found)
}

/// A step of the views in hand. Dropped without a commit, it never was.
#[async_trait]
pub trait ViewWrite: Send {
    /// The rows under `keys`, in their order, as they are visible.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn rows(
        &mut self,
        table: &'static Table,
        keys: &[RowKey],
    ) -> Result<FoundRows, StoreError>;

    /// The rows under the keys of several tables, each table once, as [`ViewWrite::rows`] gives those of one: all
    /// asked for at a time, where the store can.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn rows_of(
        &mut self,
        wanted: &[(&'static Table, Vec<RowKey>)],
    ) -> Result<Vec<FoundRows>, StoreError> {
        one_by_one(self, wanted).await
    }

    /// Writes rows that are visible from the commit on.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn write(
        &mut self,
        table: &'static Table,
        changes: &[RowChange],
    ) -> Result<(), StoreError>;

    /// Writes rows that stay hidden until [`ViewWrite::reveal`]: what reads see does not change.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn stage(
        &mut self,
        table: &'static Table,
        changes: &[RowChange],
    ) -> Result<(), StoreError>;

    /// Puts the partition's staged rows in the place of the visible ones, all at the commit.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn reveal(&mut self, table: &'static Table) -> Result<(), StoreError>;

    /// Forgets the partition's staged rows.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn discard(&mut self, table: &'static Table) -> Result<(), StoreError>;

    /// Sets aggregates aside.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn park(&mut self, parked: &[Parked]) -> Result<(), StoreError>;

    /// Forgets that an aggregate was set aside.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn unpark(&mut self, aggregate: &AggregateId) -> Result<(), StoreError>;

    /// Commits all of the step.
    ///
    /// # Errors
    /// [`StoreError::FateUnknown`] where it may have been committed.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}
