//! How a service fares: what readiness asks.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Settings;

/// How a service fares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceStatus {
    /// It has not begun all its work yet.
    Starting {
        /// The part that is awaited.
        part: String,
    },
    /// It does all its work.
    Ready,
    /// A part of it does not work now.
    NotReady {
        /// The part.
        part: String,
        /// Why, in a sentence.
        reason: String,
    },
}

/// What a service's tasks say of themselves. Cloned handles are of the same service.
#[derive(Clone, Debug, Default)]
pub(crate) struct Health(Arc<Mutex<Parts>>);

#[derive(Debug, Default)]
struct Parts {
    started: bool,
    starting: BTreeSet<String>,
    troubled: BTreeMap<String, String>,
}

impl Health {
    fn parts(&self) -> MutexGuard<'_, Parts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The part begins, and is not ready so far.
    pub(crate) fn begin(&self, part: &str) {
        self.parts().starting.insert(part.to_owned());
    }

    /// The part has begun to work. Where it was in trouble it stays so until some work is done.
    pub(crate) fn reached(&self, part: &str) {
        self.parts().starting.remove(part);
    }

    /// The part works.
    pub(crate) fn ready(&self, part: &str) {
        let mut parts = self.parts();
        parts.starting.remove(part);
        parts.troubled.remove(part);
    }

    /// The part does not work now.
    pub(crate) fn trouble(&self, part: &str, reason: &dyn Display) {
        let mut parts = self.parts();
        parts.starting.remove(part);
        parts.troubled.insert(part.to_owned(), reason.to_string());
    }

    /// The part is no longer this process's.
    pub(crate) fn end(&self, part: &str) {
        self.ready(part);
    }

    /// All parts there will be at first have begun.
    pub(crate) fn started(&self) {
        self.parts().started = true;
    }

    pub(crate) fn status(&self) -> ServiceStatus {
        let parts = self.parts();
        if let Some((part, reason)) = parts.troubled.first_key_value() {
            return ServiceStatus::NotReady { part: part.clone(), reason: reason.clone() };
        }
        match parts.starting.first() {
            Some(part) => ServiceStatus::Starting { part: part.clone() },
            None if parts.started => ServiceStatus::Ready,
            None => ServiceStatus::Starting { part: "the service".to_owned() },
        }
    }
}

/// Growing pauses between tries, the same length never twice in a row until the longest.
#[derive(Debug)]
pub(crate) struct Backoff {
    first: Duration,
    most: Duration,
    next: Duration,
}

impl Backoff {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self { first: settings.retry_first, most: settings.retry_most, next: settings.retry_first }
    }

    /// The last try went well.
    pub(crate) fn reset(&mut self) {
        self.next = self.first;
    }

    /// Pauses, or returns at once when it is time to stop.
    pub(crate) async fn wait(&mut self, stop: &CancellationToken) {
        let pause = self.next;
        self.next = (pause * 2).min(self.most);
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Does `work`; gives it up `patience` after `stop`, and then gives `None`.
pub(crate) async fn until_overdue<T>(
    stop: &CancellationToken,
    patience: Duration,
    work: impl Future<Output = T>,
) -> Option<T> {
    tokio::select! {
        biased;
        done = work => Some(done),
        () = async {
            stop.cancelled().await;
            tokio::time::sleep(patience).await;
        } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_ready_when_all_its_parts_are() {
        let health = Health::default();
        assert_eq!(health.status(), ServiceStatus::Starting { part: "the service".to_owned() });
        health.begin("views");
        health.started();
        assert_eq!(health.status(), ServiceStatus::Starting { part: "views".to_owned() });
        health.ready("views");
        assert_eq!(health.status(), ServiceStatus::Ready);
        health.trouble("views", &"the disk is full");
        assert_eq!(
            health.status(),
            ServiceStatus::NotReady {
                part: "views".to_owned(),
                reason: "the disk is full".to_owned()
            }
        );
        health.reached("views");
        assert!(matches!(health.status(), ServiceStatus::NotReady { .. }));
        health.end("views");
        assert_eq!(health.status(), ServiceStatus::Ready);
    }
}
