//! Why the store refused.

use std::path::PathBuf;

/// Why the store refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another owner has the partition, or the work was done already.
    #[error(
        "partition {partition} of `{context}` has another owner or another checkpoint than epoch {epoch} expects"
    )]
    Fenced {
        /// The context.
        context: String,
        /// The partition.
        partition: u32,
        /// The epoch that was refused; 0 for a step of the views.
        epoch: i64,
    },
    /// What should be written once is there already; nothing was written.
    #[error("a {what} of partition {partition} of `{context}` is taken already")]
    Conflict {
        /// `command id`, or `sequence or position of an event`.
        what: &'static str,
        /// The context.
        context: String,
        /// The partition.
        partition: u32,
    },
    /// An owner with a newer contract has held the partition.
    #[error(
        "partition {partition} of `{context}` was held with contract version {found}, this process has {own}"
    )]
    NewerContract {
        /// The context.
        context: String,
        /// The partition.
        partition: u32,
        /// The version of this process.
        own: u32,
        /// The version found.
        found: u32,
    },
    /// A view's table is not the one of this process's contract.
    #[error("table `{table}` should be of version `{expected}`, found {found}")]
    ViewDiffers {
        /// The table, or the context of a view set.
        table: String,
        /// The fingerprint of this process's contract.
        expected: String,
        /// The fingerprint found, in backticks, or `none`.
        found: String,
    },
    /// The views are being built from the store and not all there yet.
    #[error("the views of `{context}` are being built from the store; try again later")]
    ViewBuilding {
        /// The context.
        context: String,
    },
    /// The views have no such build.
    #[error(
        "the views of `{context}` have no build {number}; `projection status` shows those there are"
    )]
    NoBuild {
        /// The context.
        context: String,
        /// The number asked for.
        number: u32,
    },
    /// The build is the one that is read.
    #[error("build {number} of the views of `{context}` is the one that is read")]
    BuildIsRead {
        /// The context.
        context: String,
        /// The build.
        number: u32,
    },
    /// A build lacks too many events to be read.
    #[error(
        "build {number} of the views of `{context}` is not there yet: in partition {partition} it is at position {position}, and the history ends at {end}; it can be read when it lacks {most} at most",
        most = super::SWITCH_LAG
    )]
    BuildBehind {
        /// The context.
        context: String,
        /// The build.
        number: u32,
        /// The partition that lacks most.
        partition: u32,
        /// The last position that it holds there, -1 for none.
        position: i64,
        /// The history's last position there.
        end: i64,
    },
    /// A list can't be read so.
    #[error("a list of `{table}` can't be read: {reason}")]
    InvalidQuery {
        /// The table.
        table: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// What is stored can't be read.
    #[error("{what} in the store can't be read: {reason}")]
    Damaged {
        /// What was read.
        what: &'static str,
        /// What was found.
        reason: String,
    },
    /// Nothing was done; it may be tried again.
    #[error("the store is not available: {source}")]
    Unavailable {
        /// What lies under it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The transaction may have been committed or not.
    #[error("whether the transaction was committed is not known: {source}")]
    FateUnknown {
        /// What lies under it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The database's tables are another release's.
    #[error(
        "the store's tables should be of version {expected}, found {found}; start the services that own them with this release, or this one with theirs"
    )]
    TablesDiffer {
        /// The version of this process's tables.
        expected: i64,
        /// The version found, or `none`.
        found: String,
    },
    /// The database file can't be used.
    #[error("the database `{path}` can't be opened: {source}; restore it from a backup (`views.db` may be deleted instead: it is built again from `store.db`)", path = path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What lies under it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl StoreError {
    /// Nothing was done, because of `source`.
    pub fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unavailable { source: source.into() }
    }

    /// Whether trying again may help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Unavailable { .. } | Self::FateUnknown { .. } | Self::ViewBuilding { .. }
        )
    }
}
