//! Services as processes of their own: what they say where the build lacks the engines, and how they wait
//! for engines that are not there yet.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::service::ServiceError;
#[cfg(feature = "postgres")]
use crate::store::StoreError;

/// The pause before the first retry; it doubles from try to try.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest pause between tries: how much later than its engines a process may be ready.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What a service's process says in a build without the engines.
#[must_use]
pub fn without_engines() -> &'static str {
    "as a process of its own it needs Apache Kafka and PostgreSQL, which this build does not have; run `platform`, which holds every service in one process, or build it with `--features kafka,postgres`"
}

/// Why PostgreSQL will refuse the next try too: who asks, or what for. `None` where waiting may help.
#[cfg(feature = "postgres")]
#[must_use]
pub fn refusal(error: &StoreError) -> Option<String> {
    // Invalid authorization, no such database, no such role's right, no such schema.
    const FOR_GOOD: [&str; 5] = ["28000", "28P01", "3D000", "42501", "3F000"];
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<sqlx::Error>()
            && let Some(database) = error.as_database_error()
            && database.code().is_some_and(|code| FOR_GOOD.contains(&&*code))
        {
            return Some(database.message().to_owned());
        }
        cause = error.source();
    }
    None
}

/// What a process that starts waits for, as its readiness tells it. Clones are of the same process.
#[derive(Clone, Debug, Default)]
pub struct Waiting(Arc<Mutex<Option<String>>>);

impl Waiting {
    /// What is waited for, in a sentence; `None` where nothing is.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        self.state().clone()
    }

    /// Does `work` until it succeeds, fails for good, or `stop` comes. The first failure that may pass is
    /// one line in the log; [`Waiting::reason`] tells the last one. Pauses between tries grow from 100 ms
    /// to 2 s.
    ///
    /// # Errors
    /// What trying again can't mend; [`ServiceError::Stopping`] where the stop came first.
    pub async fn patiently<T>(
        &self,
        what: &str,
        stop: &CancellationToken,
        mut work: impl AsyncFnMut() -> Result<T, ServiceError>,
    ) -> Result<T, ServiceError> {
        self.set(Some(format!("it waits for {what}")));
        let mut pause = FIRST_PAUSE;
        let mut told = false;
        loop {
            let tried = tokio::select! {
                biased;
                tried = work() => tried,
                () = stop.cancelled() => return Err(ServiceError::Stopping),
            };
            let error = match tried {
                Ok(done) => {
                    self.set(None);
                    if told {
                        tracing::info!("{what} is there now");
                    }
                    return Ok(done);
                }
                Err(error) if error.is_transient() => error,
                Err(error) => return Err(error),
            };
            if !told {
                tracing::warn!(%error, "waiting for {what}");
                told = true;
            }
            self.set(Some(format!("it waits for {what}: {error}")));
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => return Err(ServiceError::Stopping),
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn set(&self, reason: Option<String>) {
        *self.state() = reason;
    }

    fn state(&self) -> MutexGuard<'_, Option<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    #[cfg(not(feature = "postgres"))]
    use crate::store::StoreError;

    #[tokio::test]
    async fn what_may_pass_is_tried_again_and_told() {
        let (waiting, stop) = (Waiting::default(), CancellationToken::new());
        let (mut tries, seen) = (0, waiting.clone());
        let done = waiting
            .patiently("PostgreSQL", &stop, async || {
                tries += 1;
                match tries {
                    1 => assert_eq!(seen.reason().as_deref(), Some("it waits for PostgreSQL")),
                    _ => assert_eq!(
                        seen.reason().as_deref(),
                        Some("it waits for PostgreSQL: the store is not available: not yet")
                    ),
                }
                if tries < 3 { Err(StoreError::unavailable("not yet").into()) } else { Ok(tries) }
            })
            .await;
        assert_eq!(done.expect("in the end"), 3);
        assert_eq!(waiting.reason(), None);
    }

    #[tokio::test]
    async fn what_cannot_pass_is_told_at_once_and_a_stop_ends_the_wait() {
        let (waiting, stop) = (Waiting::default(), CancellationToken::new());
        let mut tries = 0;
        let refused = waiting
            .patiently("log and store", &stop, async || {
                tries += 1;
                Err::<(), _>(ServiceError::StoreUnpaired { log: Uuid::nil() })
            })
            .await;
        assert!(matches!(refused, Err(ServiceError::StoreUnpaired { .. })));
        assert_eq!(tries, 1);

        let stopped = waiting
            .patiently("PostgreSQL", &stop, async || {
                stop.cancel();
                Err::<(), _>(StoreError::unavailable("not yet").into())
            })
            .await;
        assert!(matches!(stopped, Err(ServiceError::Stopping)));
    }
}
