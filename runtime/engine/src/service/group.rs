//! A share of a topic's partitions, and a task for each.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use super::{Backoff, Health, Runtime, ServiceError};
use crate::log::{Change, Membership};

/// How a partition's task ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// It was told to stop.
    Stopped,
    /// Another process has the partition.
    Lost,
    /// This process may never have it.
    Refused(ServiceError),
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
#[derive(Debug)]
enum Left {
    Stopped,
    /// To be joined again.
    Lost(&'static str),
    Refused(ServiceError),
}

/// What the membership is called in the service's health. Begun by the caller.
pub(crate) fn part(group: &str) -> String {
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
) -> Result<(), ServiceError> {
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
                        let left = self.stop(&partitions).await;
                        drop(done);
                        if let Some(left) = left {
                            break left;
                        }
                    }
                },
                Some(ended) = self.running.join_next_with_id() => {
                    if let Some(left) = self.ended(ended) {
                        break left;
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

    /// Forgets a task that has ended; tells where the membership ends with it.
    fn ended(&mut self, ended: Result<(Id, Ended), JoinError>) -> Option<Left> {
        let (id, left) = match ended {
            Ok((id, Ended::Stopped)) => (id, None),
            Ok((id, Ended::Lost)) => {
                (id, Some(Left::Lost("another process has a partition of it")))
            }
            Ok((id, Ended::Refused(error))) => (id, Some(Left::Refused(error))),
            Err(error) => {
                error!(%error, "a partition's task panicked");
                (error.id(), Some(Left::Lost("a partition's task panicked")))
            }
        };
        if let Some(partition) = self.partitions.remove(&id) {
            self.stops.remove(&partition);
        }
        left
    }

    /// Stops the tasks of these partitions, and waits for them. Tells why the membership ends where a
    /// task ended otherwise in the meantime, be it one of these or another one.
    async fn stop(&mut self, partitions: &[u32]) -> Option<Left> {
        for partition in partitions {
            if let Some(token) = self.stops.get(partition) {
                token.cancel();
            }
        }
        let mut left = None;
        while partitions.iter().any(|partition| self.stops.contains_key(partition)) {
            let Some(ended) = self.running.join_next_with_id().await else { break };
            // A refusal is final, so it goes before what only asks to join again.
            match self.ended(ended) {
                Some(refused @ Left::Refused(_)) => left = Some(refused),
                other => left = left.or(other),
            }
        }
        left
    }

    async fn stop_all(&mut self) {
        let all: Vec<u32> = self.stops.keys().copied().collect();
        // Whoever stops all is leaving already, and knows why.
        let _ = self.stop(&all).await;
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use tokio::sync::Notify;

    use super::*;
    use crate::log::Release;
    use crate::store::StoreError;

    /// Gives both partitions, then takes 0 back, then nothing more happens.
    #[derive(Debug)]
    struct TakesBack(Vec<Change>);

    #[async_trait]
    impl Membership for TakesBack {
        async fn next(&mut self) -> Option<Change> {
            match self.0.pop() {
                Some(change) => Some(change),
                None => std::future::pending().await,
            }
        }
    }

    /// What ends the membership where partition 1 ends as `end` tells while partition 0 is being stopped.
    async fn left(end: fn() -> Ended) -> Left {
        let (revoked, ended) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let done = Release::new(|| {});
        let membership = TakesBack(vec![
            Change::Revoked { partitions: vec![0], done },
            Change::Assigned(vec![0, 1]),
        ]);
        let work = move |partition, stop: CancellationToken| {
            let (revoked, ended) = (revoked.clone(), ended.clone());
            let task: Pin<Box<dyn Future<Output = Ended> + Send>> = Box::pin(async move {
                if partition == 0 {
                    stop.cancelled().await;
                    revoked.notify_one();
                    ended.notified().await;
                    tokio::task::yield_now().await;
                    return Ended::Stopped;
                }
                revoked.notified().await;
                ended.notify_one();
                end()
            });
            task
        };
        let (mut tasks, health) = (Tasks::default(), Health::default());
        let (idle, stop) = (Duration::from_hours(1), CancellationToken::new());
        let follow = tasks.follow(Box::new(membership), idle, &health, "group", &stop, &work);
        tokio::time::timeout(Duration::from_secs(20), follow).await.expect("it is told")
    }

    #[tokio::test]
    async fn what_ends_beside_a_revocation_is_not_forgotten() {
        assert!(matches!(
            left(|| Ended::Lost).await,
            Left::Lost("another process has a partition of it")
        ));
        let refused = || Ended::Refused(StoreError::unavailable("for good").into());
        assert!(matches!(left(refused).await, Left::Refused(_)));
        let panicked = left(|| panic!("told to")).await;
        assert!(matches!(panicked, Left::Lost("a partition's task panicked")), "{panicked:?}");
    }
}
