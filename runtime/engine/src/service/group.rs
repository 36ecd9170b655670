//! A share of a topic's partitions, and a task for each.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use super::{Backoff, Health, Runtime};
use crate::log::{Change, Membership};
use crate::store::StoreError;

/// How a partition's task ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// It was told to stop.
    Stopped,
    /// Another process has the partition.
    Lost,
    /// This process may never have it.
    Refused(StoreError),
}

/// Makes the task of a partition, which works until the token.
pub(crate) type Work =
    dyn Fn(u32, CancellationToken) -> Pin<Box<dyn Future<Output = Ended> + Send>> + Send + Sync;

/// The tasks of the partitions that are this member's.
#[derive(Default)]
struct Tasks {
    running: JoinSet<Ended>,
    partitions: HashMap<Id, u32>,
    stops: HashMap<u32, CancellationToken>,
}

/// Why a membership ended.
enum Left {
    Stopped,
    /// To be joined again.
    Lost(&'static str),
    Refused(StoreError),
}

/// What the membership is called in the service's health. Begun by the caller.
pub(super) fn part(group: &str) -> String {
    format!("group {group}")
}

/// Works on this member's share of `topic` until `stop`; rejoins where a partition was lost to another.
pub(crate) async fn share(
    runtime: &Runtime,
    group: &str,
    topic: &str,
    health: &Health,
    stop: &CancellationToken,
    work: Arc<Work>,
) -> Result<(), StoreError> {
    let part = part(group);
    let idle = runtime.settings.idle_wait;
    let mut backoff = Backoff::new(&runtime.settings);
    while !stop.is_cancelled() {
        match runtime.log.join(group, topic).await {
            Ok(membership) => {
                let mut tasks = Tasks::default();
                let left = tasks.follow(membership, idle, health, &part, stop, &*work).await;
                tasks.stop_all().await;
                match left {
                    Left::Stopped => break,
                    Left::Refused(error) => return Err(error),
                    Left::Lost(reason) => {
                        warn!(group, reason, "joining again");
                        health.trouble(&part, &reason);
                    }
                }
            }
            Err(error) => {
                warn!(group, %error, "the group can't be joined");
                health.trouble(&part, &error);
            }
        }
        backoff.wait(stop).await;
    }
    health.end(&part);
    Ok(())
}

impl Tasks {
    /// Follows the member's share. The membership is left only when all tasks have ended, by the caller
    /// who drops what this gives back.
    async fn follow(
        &mut self,
        mut membership: Box<dyn Membership>,
        idle: Duration,
        health: &Health,
        part: &str,
        stop: &CancellationToken,
        work: &Work,
    ) -> Left {
        // A member may be given nothing: then it stands by, and is as ready as it will be.
        let mut settled = std::pin::pin!(tokio::time::sleep(idle));
        let mut is_settled = false;
        let left = loop {
            tokio::select! {
                () = &mut settled, if !is_settled => {
                    is_settled = true;
                    health.ready(part);
                }
                () = stop.cancelled() => break Left::Stopped,
                change = membership.next() => match change {
                    None => break Left::Lost("the log has closed the membership"),
                    Some(Change::Assigned(partitions)) => {
                        for partition in partitions {
                            self.start(partition, stop, work);
                        }
                        is_settled = true;
                        health.ready(part);
                    }
                    Some(Change::Revoked { partitions, done }) => {
                        self.stop(&partitions).await;
                        drop(done);
                    }
                },
                Some(ended) = self.running.join_next_with_id() => match ended {
                    Ok((id, Ended::Stopped)) => self.forget(id),
                    Ok((_, Ended::Lost)) => break Left::Lost("another process has a partition of it"),
                    Ok((_, Ended::Refused(error))) => break Left::Refused(error),
                    Err(error) => {
                        error!(%error, "a partition's task panicked");
                        break Left::Lost("a partition's task panicked");
                    }
                },
            }
        };
        self.stop_all().await;
        left
    }

    fn start(&mut self, partition: u32, stop: &CancellationToken, work: &Work) {
        let token = stop.child_token();
        let task = self.running.spawn(work(partition, token.clone()));
        self.partitions.insert(task.id(), partition);
        self.stops.insert(partition, token);
    }

    fn forget(&mut self, id: Id) {
        if let Some(partition) = self.partitions.remove(&id) {
            self.stops.remove(&partition);
        }
    }

    /// Stops the tasks of these partitions, and waits for them.
    async fn stop(&mut self, partitions: &[u32]) {
        for partition in partitions {
            if let Some(token) = self.stops.get(partition) {
                token.cancel();
            }
        }
        while partitions.iter().any(|partition| self.stops.contains_key(partition)) {
            match self.running.join_next_with_id().await {
                Some(Ok((id, _))) => self.forget(id),
                Some(Err(error)) => self.forget(error.id()),
                None => break,
            }
        }
    }

    async fn stop_all(&mut self) {
        let all: Vec<u32> = self.stops.keys().copied().collect();
        self.stop(&all).await;
    }
}
