//! Deciding commands, exactly once: a task for each partition that this process owns.
//!
//! A partition is claimed before anything of it is read. Commands and due deadlines are decided in memory,
//! a batch at a time, and a batch becomes true in one transaction. Whatever is not known to be committed
//! is forgotten: the caches are dropped and the partition is claimed anew.

mod cache;
mod draft;
mod failure;
mod ids;
mod owner;
mod text;
mod wire;
mod work;

use std::sync::Arc;

use charter_domain::{Contract as _, Decider};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::log::LogError;
use crate::publish::PublishError;
use crate::service::{Backoff, Ended, Health, Ports, ServiceError, owned, until_overdue};
use crate::store::{Attempt, StoreError};
pub(crate) use cache::Budget;
pub(crate) use failure::panic_message;
pub(crate) use ids::{effect_id, reaction_command_id};
use owner::{Care, Owner};

/// How often deciding a command may end the process before it is given up.
const MOST_CRASHES: u32 = 5;

/// What deciding is called in the metrics.
const WORK: &str = "decide";

/// What this process knows of a partition over several claims.
#[derive(Debug, Default)]
struct Memory {
    /// The epoch claimed last.
    epoch: i64,
    /// The last position known to be published.
    published: Option<i64>,
    /// The command whose decision ended an earlier process.
    crashed: Option<Attempt>,
    /// The command that this process recorded an attempt of: still being alive, it has not crashed.
    tried: Option<uuid::Uuid>,
    /// How carefully the next commands are decided.
    care: Care,
}

/// Why work on a claim ended.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("another owner has the partition")]
    Fenced,
    #[error(transparent)]
    Refused(Box<ServiceError>),
    #[error(transparent)]
    Store(StoreError),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Publish(#[from] PublishError),
    #[error("{0}")]
    Schemas(String),
    #[error("the event at position {position} can't be published: {reason}")]
    Unpublishable { position: i64, reason: String },
}

impl From<ServiceError> for Trouble {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Log(error) => Self::Log(error),
            ServiceError::Store(error) => error.into(),
            error @ (ServiceError::Schemas(_) | ServiceError::Wire(_) | ServiceError::Stopping) => {
                Self::Schemas(error.to_string())
            }
            error @ (ServiceError::OtherPair { .. }
            | ServiceError::StoreUnpaired { .. }
            | ServiceError::LogUnpaired { .. }
            | ServiceError::CheckpointOutside { .. }
            | ServiceError::EventsAhead { .. }
            | ServiceError::ViewWithoutProjection { .. }
            | ServiceError::ViewProjectedTwice { .. }
            | ServiceError::ReactorName { .. }
            | ServiceError::ReactorTwice { .. }) => Self::Refused(Box::new(error)),
        }
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Fenced { .. } => Self::Fenced,
            StoreError::NewerContract { .. } => Self::Refused(Box::new(error.into())),
            StoreError::Conflict { .. }
            | StoreError::ViewDiffers { .. }
            | StoreError::ViewBuilding { .. }
            | StoreError::NoBuild { .. }
            | StoreError::BuildIsRead { .. }
            | StoreError::BuildBehind { .. }
            | StoreError::InvalidQuery { .. }
            | StoreError::Damaged { .. }
            | StoreError::Unavailable { .. }
            | StoreError::FateUnknown { .. }
            | StoreError::TablesDiffer { .. }
            | StoreError::Open { .. } => Self::Store(error),
        }
    }
}

/// What the task of a partition is called in the service's health. Begun by the caller.
pub(crate) fn part(context: &str, partition: u32) -> String {
    format!("deciding of {context}/{partition}")
}

/// Decides the partition's commands until `stop`, or until it is another's.
pub(crate) async fn run<D: Decider>(
    ports: Arc<Ports<D>>,
    partition: u32,
    health: Health,
    stop: CancellationToken,
) -> Ended {
    let context = D::Contract::NAME;
    let part = part(context, partition);
    let mut memory = Memory::default();
    let mut backoff = Backoff::new(&ports.runtime.settings);
    while !stop.is_cancelled() {
        // Half of the time to stop for work in hand, half to publish what it led to. What is given up was
        // committed or not, and the next claim tells.
        let grace = ports.runtime.settings.stop_patience / 2;
        let claim = Owner::claim(&ports, partition, &mut memory);
        let trouble = match until_overdue(&stop, grace, claim).await {
            Some(Ok(mut owner)) => {
                owned(context, partition, WORK, true);
                let work = owner.work(&part, &health, &mut backoff, &stop);
                let worked = until_overdue(&stop, grace, work).await;
                let ended = owner.end(&mut memory).await;
                worked.unwrap_or(Ok(())).and(ended).err()
            }
            Some(Err(trouble)) => Some(trouble),
            None => None,
        };
        owned(context, partition, WORK, false);
        match trouble {
            None => {}
            Some(Trouble::Fenced) => {
                info!(context, partition, "another owner has the partition");
                health.end(&part);
                return Ended::Lost;
            }
            Some(Trouble::Refused(error)) => {
                health.trouble(&part, &error);
                return Ended::Refused(*error);
            }
            Some(trouble) => {
                warn!(context, partition, %trouble, "claiming the partition anew");
                metrics::counter!("charter_claims_lost_total", "context" => context).increment(1);
                health.trouble(&part, &trouble);
                backoff.wait(&stop).await;
            }
        }
    }
    health.end(&part);
    Ended::Stopped
}
