//! Why a service does not work.

use uuid::Uuid;

use crate::log::LogError;
use crate::schemas::{RegistryError, SchemaError, WireError};
use crate::store::StoreError;
/// Why a service does not work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// Log and store are of different pairs.
    #[error(
        "the log is of pair `{log}`, the store of pair `{store}`: they don't belong together; restore both from one backup"
    )]
    OtherPair {
        /// The log's id.
        log: Uuid,
        /// The store's id.
        store: Uuid,
    },
    /// The store is new and the log is not.
    #[error(
        "the log is of pair `{log}` and the store of none: the store was made anew; restore both from one backup"
    )]
    StoreUnpaired {
        /// The log's id.
        log: Uuid,
    },
    /// The log is new and the store is not.
    #[error("the store is of pair {} and the log of none: the log was made anew; restore both from one backup, or where the log is lost for good, begin with the new one: `charterctl pair --yes --log-lost`", .store.map_or_else(|| "none".to_owned(), |id| format!("`{id}`")))]
    LogUnpaired {
        /// The store's id.
        store: Option<Uuid>,
    },
    /// A checkpoint lies outside the log.
    #[error(
        "the checkpoint of `{topic}`/{partition} is {offset}, the log has {start}..={end}: log and store are not of one time; restore both from one backup"
    )]
    CheckpointOutside {
        /// The command topic.
        topic: String,
        /// The partition.
        partition: u32,
        /// The checkpoint: the next offset.
        offset: u64,
        /// The first kept offset.
        start: u64,
        /// The log's end.
        end: u64,
    },
    /// Events were published that the store doesn't have.
    #[error(
        "`{topic}`/{partition} has events up to position {published}, the store up to {stored}: the store is older than the log; restore both from one backup"
    )]
    EventsAhead {
        /// The event topic.
        topic: String,
        /// The partition.
        partition: u32,
        /// The last published position.
        published: i64,
        /// The last position in the store, -1 for none.
        stored: i64,
    },
    /// A view of the contract has no projection.
    #[error("view `{view}` has no projection: give the service one with `.project::<…>()`")]
    ViewWithoutProjection {
        /// The view's Avro full name.
        view: &'static str,
    },
    /// Two projections write the same view.
    #[error("view `{view}` has two projections")]
    ViewProjectedTwice {
        /// The view's Avro full name.
        view: &'static str,
    },
    /// Nothing can be kept under a reactor's name.
    #[error("a reactor's name is 1–64 of `A-Z a-z 0-9 _ -`, found `{name}`")]
    ReactorName {
        /// The name.
        name: &'static str,
    },
    /// Two reactors have one name.
    #[error(
        "two reactors are called `{name}`: their commands' ids and their checkpoint would be one"
    )]
    ReactorTwice {
        /// The name.
        name: &'static str,
    },
    /// The log refused.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The registry's schemas are not this process's.
    #[error(transparent)]
    Schemas(#[from] SchemaError),
    /// A record can't be judged, since the registry doesn't answer.
    #[error(transparent)]
    Wire(WireError),
    /// It was told to stop before it had begun.
    #[error("told to stop before it had begun")]
    Stopping,
}

impl ServiceError {
    /// Whether trying again may help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Log(error) => error.is_transient(),
            Self::Store(error) => error.is_transient(),
            Self::Schemas(SchemaError::Registry(error)) => {
                matches!(error, RegistryError::Unavailable { .. })
            }
            Self::Wire(error) => !error.is_poison(),
            Self::OtherPair { .. }
            | Self::StoreUnpaired { .. }
            | Self::LogUnpaired { .. }
            | Self::CheckpointOutside { .. }
            | Self::EventsAhead { .. }
            | Self::ViewWithoutProjection { .. }
            | Self::ViewProjectedTwice { .. }
            | Self::ReactorName { .. }
            | Self::ReactorTwice { .. }
            | Self::Stopping
            | Self::Schemas(SchemaError::Missing { .. } | SchemaError::Unparsable { .. }) => false,
        }
    }
}
