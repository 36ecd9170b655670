//! A pace for work that is done in groups, so that groups grow while processors are short (ADR 45).
//!
//! What begins at once whenever it is idle makes large groups only where it is itself what others wait for. Where
//! all processors are busy, every stage waits for a processor, finds itself idle when it gets one, and does a
//! group of its own, which costs about the same however small it is.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Groups begin no closer together than this many times what the last one took: it rests for as long as it worked.
const TIMES: u32 = 2;

/// The pace of one kind of work, which those who do it share.
#[derive(Debug)]
pub(crate) struct Pace {
    most: Duration,
    state: Mutex<State>,
}

#[derive(Clone, Copy, Debug)]
struct State {
    /// When the last group began.
    begun: Instant,
    /// What the last one that has ended took.
    took: Duration,
}

impl State {
    fn next(self, most: Duration) -> Instant {
        self.begun + self.took.saturating_mul(TIMES).min(most)
    }
}

impl Pace {
    /// Groups begin at most `most` apart, if there is something to do.
    pub(crate) fn new(most: Duration) -> Self {
        let state = State { begun: Instant::now(), took: Duration::ZERO };
        Self { most, state: Mutex::new(state) }
    }

    /// When the next group is to begin; it may be past.
    pub(crate) fn next(&self) -> Instant {
        self.lock().next(self.most)
    }

    /// A group begins.
    pub(crate) fn begin(&self, now: Instant) {
        self.lock().begun = now;
    }

    /// One has ended that took so long.
    pub(crate) fn end(&self, took: Duration) {
        self.lock().took = took;
    }

    /// Waits for when the next group is to begin, together with all others who do.
    pub(crate) async fn turn(&self) {
        let now = Instant::now();
        let next = self.next();
        if now < next {
            tokio::time::sleep_until(next).await;
        }
        let mut state = self.lock();
        // Who comes after this has missed it, and waits for the next one.
        state.begun = state.begun.max(now).max(next);
    }

    /// No code panics while it holds the lock.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn groups_begin_twice_apart_what_the_last_one_took_and_no_more_than_the_most() {
        let begun = Instant::now();
        let pace = Pace::new(ms(20));
        pace.begin(begun);
        assert_eq!(pace.next(), begun, "nothing is known to take long");
        pace.end(ms(3));
        assert_eq!(pace.next(), begun + ms(6));
        pace.end(ms(500));
        assert_eq!(pace.next(), begun + ms(20));
        pace.begin(begun + ms(20));
        assert_eq!(pace.next(), begun + ms(40));
        pace.end(Duration::MAX);
        assert_eq!(pace.next(), begun + ms(40), "no overflow");
    }

    #[tokio::test]
    async fn who_comes_after_a_pause_goes_at_once_and_begins_a_group() {
        let pace = Pace::new(ms(20));
        let long_ago = Instant::now() - ms(60);
        pace.begin(long_ago);
        pace.end(ms(10));
        let before = pace.next();
        assert!(before <= Instant::now());
        pace.turn().await;
        assert!(pace.next() >= long_ago + ms(60) + ms(20), "the next one is paced by this one");
    }
}
