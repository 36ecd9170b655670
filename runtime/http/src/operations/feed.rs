//! What happens, for operators: the events of all contexts as server-sent events, `GET /operations/events`.
//!
//! One watch serves all who look on: who finds nothing new looks for all, so that nothing is read while nobody is
//! there, and nobody has a queue of their own. What is kept is bounded; who is slower is told how many events it missed.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use charter_engine::operate::{OperateError, Seen, Watch};
use futures_util::{Stream, stream};
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::access::AccessControl;
use crate::problem::Problem;
use crate::push::is_refused;

/// Operators who look on at once, at the most.
const MOST_STREAMS: usize = 16;
/// Messages that are kept for those who come or come back.
const KEPT: usize = 1_000;
/// Bytes of them, 4 MiB.
const KEPT_BYTES: usize = 4 << 20;
/// How often a quiet stream says that it is there.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How often is looked whether a credential is still good.
const RECHECK: Duration = Duration::from_mins(1);
/// How long a browser waits before it comes back.
const RETRY_MS: u32 = 1_000;

/// The events that operators see.
#[derive(Debug)]
pub(super) struct Feed {
    watch: tokio::sync::Mutex<Watch>,
    kept: Mutex<Kept>,
    places: Arc<Semaphore>,
    /// Names this process in the streams' ids: numbers of another one mean nothing here.
    process: String,
    access: Arc<AccessControl>,
    stop: CancellationToken,
}

impl Feed {
    pub(super) fn new(watch: Watch, access: Arc<AccessControl>, stop: CancellationToken) -> Self {
        Self {
            watch: tokio::sync::Mutex::new(watch),
            kept: Mutex::default(),
            places: Arc::new(Semaphore::new(MOST_STREAMS)),
            process: Uuid::now_v7().simple().to_string(),
            access,
            stop,
        }
    }

    /// A stream for whoever sent these headers. `last` is the id that it has seen; without one it begins with what is kept.
    ///
    /// # Errors
    /// 503 where enough people look on.
    pub(super) fn stream(
        self: &Arc<Self>,
        headers: HeaderMap,
        last: Option<&str>,
    ) -> Result<impl Stream<Item = Result<Bytes, std::convert::Infallible>> + Send + use<>, Problem>
    {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| {
            let detail = format!("{MOST_STREAMS} operators look on already, which is the limit");
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "TOO_MANY_STREAMS", detail)
                .retry_after_s(5)
        })?;
        let mine = last.and_then(|id| id.strip_prefix(self.process.as_str())?.strip_prefix('-'));
        let next = mine.and_then(|number| number.parse().ok()).unwrap_or(0);
        let onlooker = Onlooker {
            feed: Arc::clone(self),
            headers,
            next,
            checked: Instant::now(),
            has_begun: false,
            has_ended: false,
            _place: place,
        };
        Ok(stream::unfold(onlooker, async |mut onlooker| {
            let frame = onlooker.next().await?;
            Some((Ok(frame), onlooker))
        }))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks for what comes after message `next`, or waits for somebody who does.
    async fn look(&self, next: u64) -> Result<(), OperateError> {
        let mut watch = self.watch.lock().await;
        if self.kept().end() > next {
            return Ok(());
        }
        let seen = watch.look().await?;
        self.kept().put(&self.process, &seen);
        Ok(())
    }
}

/// The last messages, numbered from 0.
#[derive(Debug, Default)]
struct Kept {
    frames: VecDeque<Bytes>,
    bytes: usize,
    /// The number of the first that is kept.
    first: u64,
}

/// What somebody gets who has seen all messages before a number.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Nothing,
    Frame(Bytes),
    /// The number of the first message that is there still.
    Missed(u64),
}

impl Kept {
    /// The number of the next message.
    fn end(&self) -> u64 {
        self.first + self.frames.len() as u64
    }

    fn after(&self, next: u64) -> Next {
        let Some(index) = next.checked_sub(self.first) else { return Next::Missed(self.first) };
        let frame = usize::try_from(index).ok().and_then(|index| self.frames.get(index));
        frame.cloned().map_or(Next::Nothing, Next::Frame)
    }

    fn put(&mut self, process: &str, seen: &Seen) {
        if seen.passed > 0 {
            self.push(process, "skipped", &json!({"count": seen.passed}));
        }
        for event in &seen.events {
            self.push(process, "event", &json!(event));
        }
    }

    fn push(&mut self, process: &str, name: &str, data: &serde_json::Value) {
        let frame = frame(name, Some((process, self.end() + 1)), data);
        self.bytes += frame.len();
        self.frames.push_back(frame);
        while self.frames.len() > KEPT || self.bytes > KEPT_BYTES {
            let Some(oldest) = self.frames.pop_front() else { break };
            self.bytes -= oldest.len();
            self.first += 1;
        }
    }
}

/// A server-sent event. The id is the number of the next one: where to go on.
fn frame(name: &str, id: Option<(&str, u64)>, data: &serde_json::Value) -> Bytes {
    let mut text = format!("event: {name}\n");
    if let Some((process, next)) = id {
        // A string takes all.
        let _ = writeln!(text, "id: {process}-{next}");
    }
    let _ = write!(text, "data: {data}\n\n");
    text.into()
}

/// Somebody who looks on.
struct Onlooker {
    feed: Arc<Feed>,
    headers: HeaderMap,
    next: u64,
    checked: Instant,
    has_begun: bool,
    has_ended: bool,
    _place: OwnedSemaphorePermit,
}

impl Onlooker {
    async fn next(&mut self) -> Option<Bytes> {
        if self.has_ended {
            return None;
        }
        if !self.has_begun {
            self.has_begun = true;
            return Some(Bytes::from(format!("retry: {RETRY_MS}\n\n")));
        }
        let quiet = Instant::now() + HEARTBEAT;
        loop {
            if self.checked.elapsed() >= RECHECK {
                self.checked = Instant::now();
                if is_refused(&self.feed.access, &self.headers).await {
                    return Some(self.end("UNAUTHENTICATED", "the credential is no longer good"));
                }
            }
            let found = self.feed.kept().after(self.next);
            match found {
                Next::Frame(frame) => {
                    self.next += 1;
                    return Some(frame);
                }
                Next::Missed(first) => {
                    let count = first - self.next;
                    // Who comes for the first time has missed nothing.
                    let is_first = std::mem::replace(&mut self.next, first) == 0;
                    if !is_first {
                        let id = Some((self.feed.process.as_str(), first));
                        return Some(frame("skipped", id, &json!({"count": count})));
                    }
                }
                Next::Nothing => {
                    let feed = Arc::clone(&self.feed);
                    tokio::select! {
                        () = feed.stop.cancelled() => {
                            return Some(self.end("SHUTTING_DOWN", "this gateway ends"));
                        }
                        () = tokio::time::sleep_until(quiet) => return Some(Bytes::from_static(b":\n\n")),
                        looked = feed.look(self.next) => if let Err(error) = looked {
                            return Some(self.end("UNAVAILABLE", &error.to_string()));
                        }
                    }
                }
            }
        }
    }

    fn end(&mut self, code: &str, detail: &str) -> Bytes {
        self.has_ended = true;
        frame("dropped", None, &json!({"code": code, "detail": detail}))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_slower_than_what_is_kept_is_told_where_to_go_on() {
        let mut kept = Kept::default();
        assert_eq!(kept.after(0), Next::Nothing);
        kept.put("p", &Seen { events: Vec::new(), passed: 3 });
        let frame = "event: skipped\nid: p-1\ndata: {\"count\":3}\n\n";
        assert_eq!(kept.after(0), Next::Frame(Bytes::from_static(frame.as_bytes())));
        assert_eq!(kept.after(1), Next::Nothing);
        for _ in 0..KEPT {
            kept.put("p", &Seen { events: Vec::new(), passed: 1 });
        }
        assert_eq!(kept.after(0), Next::Missed(1));
        assert!(matches!(kept.after(1), Next::Frame(_)));
        assert_eq!((kept.end(), kept.frames.len()), (1_001, KEPT));
        // Large ones are fewer.
        kept.push("p", "event", &json!("x".repeat(KEPT_BYTES)));
        assert_eq!((kept.frames.len(), kept.bytes), (0, 0));
        assert_eq!(kept.after(1_001), Next::Missed(1_002));
    }
}
