//! A timer that is armed once for many deadlines.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};

/// The timer of one connection. hyper asks for a new one with each request's head, and gives it up when the head is
/// there, a moment later: what the runtime is asked to do then, and to undo, is more than to keep the one that is armed
/// already. It runs out early, and is armed again if anybody still waits.
#[derive(Clone, Debug, Default)]
pub(super) struct KeptTimer(Arc<Mutex<Option<Armed>>>);

type Armed = Pin<Box<tokio::time::Sleep>>;

impl KeptTimer {
    fn keep(&self, armed: Option<Armed>) -> Option<Armed> {
        std::mem::replace(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner), armed)
    }
}

impl Timer for KeptTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        let armed = self.keep(None);
        Box::pin(KeptSleep { deadline, armed, timer: self.clone() })
    }

    fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }
}

/// Until one deadline.
#[derive(Debug)]
struct KeptSleep {
    deadline: Instant,
    armed: Option<Armed>,
    timer: KeptTimer,
}

impl Sleep for KeptSleep {}

impl Future for KeptSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let deadline = tokio::time::Instant::from_std(self.deadline);
        let armed = self.armed.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        if armed.deadline() > deadline {
            armed.as_mut().reset(deadline);
        }
        loop {
            ready!(armed.as_mut().poll(context));
            if armed.deadline() >= deadline {
                return Poll::Ready(());
            }
            armed.as_mut().reset(deadline);
        }
    }
}

impl Drop for KeptSleep {
    fn drop(&mut self) {
        if self.armed.is_some() {
            self.timer.keep(self.armed.take());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(20);

    /// Whether `timer` ends a deadline of `after`, and not before it is there.
    async fn is_kept(timer: &KeptTimer, after: Duration) -> bool {
        let deadline = timer.now() + after;
        timer.sleep_until(deadline).await;
        timer.now() >= deadline
    }

    /// Arms `timer` for `after`, and gives up at once.
    async fn give_up(timer: &KeptTimer, after: Duration) {
        let waited = tokio::time::timeout(Duration::ZERO, timer.sleep(after)).await;
        waited.expect_err("the deadline is ahead");
    }

    #[tokio::test]
    async fn a_deadline_is_kept_however_the_one_before_ended() {
        let timer = KeptTimer::default();
        assert!(is_kept(&timer, SHORT).await);
        // What is armed ran out, with somebody waiting and with nobody.
        assert!(is_kept(&timer, SHORT).await);
        give_up(&timer, SHORT).await;
        tokio::time::sleep(2 * SHORT).await;
        assert!(is_kept(&timer, SHORT).await);
        // What is armed runs out too early, and too late: hyper gives up what it waited for when the head is there.
        give_up(&timer, SHORT).await;
        assert!(is_kept(&timer, 3 * SHORT).await);
        give_up(&timer, Duration::from_mins(1)).await;
        assert!(is_kept(&timer, SHORT).await);
    }

    #[tokio::test]
    async fn two_at_once_have_a_deadline_each() {
        let timer = KeptTimer::default();
        let (short, long) = tokio::join!(is_kept(&timer, SHORT), is_kept(&timer, 3 * SHORT));
        assert!(short && long);
    }
}
