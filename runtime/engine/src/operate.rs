//! What operators see of log and store, and what they may ask for: dead letters, aggregates that were set aside,
//! where partitions stand, builds of views, and records as they come.
//!
//! All of it is for people: answers are bounded, cost what they cost, and say what can't be read instead of
//! failing over it. Names of fields are those of the HTTP surface `/operations` and of `charterctl`.

pub(crate) mod again;
mod decode;
mod letters;
mod new_log;
mod parked;
mod projections;
mod status;
mod tail;
mod watch;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use charter_avro::schema::Schema;
use charter_domain::AggregateId;
use uuid::Uuid;

use crate::log::{Log, LogError};
use crate::schemas::SchemaRegistry;
use crate::service::Runtime;
use crate::store::{Action, Store, StoreError};

pub use decode::Decoded;
pub use letters::{Letter, LetterSummary};
pub use parked::{ParkedDetail, ParkedSummary, RequestState, WaitingEvent};
pub use projections::{BuiltPartition, ProjectionBuild};
pub use status::{ContextStatus, PartitionStatus, Status};
pub use tail::{TailPage, TailRecord};
pub use watch::{Seen, SeenEvent, Watch};

/// The most entries of one answer.
pub const MOST: usize = 1_000;

/// Looks into a platform and asks for repairs.
#[derive(Debug)]
pub struct Operator {
    log: Arc<dyn Log>,
    store: Arc<dyn Store>,
    /// `None` where no registry runs: records of the log are then shown as bytes.
    registry: Option<Arc<dyn SchemaRegistry>>,
    /// Schemas of the registry that were asked for.
    known: Mutex<HashMap<u32, Arc<Schema>>>,
}

/// What an operator asks to be done with an aggregate that was set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// What.
    pub action: Action,
    /// The context.
    pub context: String,
    /// The reactor that set it aside; `None` for the views.
    pub reactor: Option<String>,
    /// The aggregate.
    pub aggregate: AggregateId,
    /// Who asks.
    pub actor: String,
    /// Why; must be said to discard.
    pub reason: String,
}

impl Operator {
    /// Of a platform that runs on these.
    #[must_use]
    pub fn new(runtime: &Runtime) -> Self {
        let registry = runtime.schemas.registry();
        Self::over(runtime.log.clone(), runtime.store.clone(), Some(registry))
    }

    /// Of a log and a store, with a registry or without.
    #[must_use]
    pub fn over(
        log: Arc<dyn Log>,
        store: Arc<dyn Store>,
        registry: Option<Arc<dyn SchemaRegistry>>,
    ) -> Self {
        Self { log, store, registry, known: Mutex::default() }
    }

    /// Gives log and store a new pairing id, after both were restored from one backup. Nothing must work on
    /// them meanwhile.
    ///
    /// # Errors
    /// [`OperateError::Log`], [`OperateError::Store`]. Where it breaks off between the two it is done again.
    pub async fn pair(&self) -> Result<Uuid, OperateError> {
        let id = Uuid::now_v7();
        self.store.set_pairing_id(id).await?;
        self.log.set_pairing_id(id).await?;
        Ok(id)
    }

    /// The contexts there are, or the one asked for.
    async fn contexts(&self, only: Option<&str>) -> Result<Vec<String>, OperateError> {
        let all = self.store.contexts().await?;
        match only {
            None => Ok(all),
            Some(name) if all.iter().any(|known| known == name) => Ok(vec![name.to_owned()]),
            Some(name) => {
                Err(OperateError::UnknownContext { name: name.to_owned(), known: all.join(", ") })
            }
        }
    }
}

/// Why an operator was not answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OperateError {
    /// No such context.
    #[error("no context `{name}` has worked on this store; there are: {known}")]
    UnknownContext {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// No such topic.
    #[error(
        "no topic `{0}`; topics are `<context>.commands`, `<context>.events`, `<context>.dead-letters` and `outcomes`"
    )]
    UnknownTopic(String),
    /// The aggregate was not set aside.
    #[error("`{}` has not set `{aggregate}` aside; `parked list` shows what is", .reactor.as_ref().unwrap_or(context))]
    NotParked {
        /// The context.
        context: String,
        /// The reactor that was asked for; `None` for the views.
        reactor: Option<String>,
        /// The aggregate.
        aggregate: AggregateId,
    },
    /// A build is under way.
    #[error(
        "build {number} of the views of `{context}` is there already: switch to it or drop it first"
    )]
    BuildThere {
        /// The context.
        context: String,
        /// The build.
        number: u32,
    },
    /// There is nothing to switch to.
    #[error(
        "the views of `{0}` have no build beside the one that is read; `projection rebuild` asks for one"
    )]
    NoBuildBeside(String),
    /// What was accepted would be forgotten.
    #[error(
        "the log is of pair `{pair}`, so it is not new: what it has accepted would be decided again or never; where it was restored, `pair` without `--log-lost`"
    )]
    LogNotNew {
        /// The log's id.
        pair: Uuid,
    },
    /// Nothing is given up without a word why.
    #[error("a discard leaves events out for good: say why in `reason`")]
    NoReason,
    /// No such thing.
    #[error("no {what} `{id}`")]
    NotFound {
        /// What was looked for.
        what: &'static str,
        /// Its id.
        id: Uuid,
    },
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}
