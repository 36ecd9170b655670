//! Limits that several gateways share: the times of a client's requests are kept in Redis, where one script looks and
//! counts at once (ADR 41).

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client as Redis, RedisError, Script};
use sha2::{Digest as _, Sha256};

use super::{Client, Limit, Verdict, WINDOW_MS};

/// How long Redis may take to answer: it stands before every request.
const ANSWER_TIMEOUT: Duration = Duration::from_millis(250);
/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// How long Redis is left alone after it did not answer, in ms.
const PAUSE_MS: u64 = 1_000;
const PAUSE: Duration = Duration::from_millis(PAUSE_MS);

/// `KEYS`: lists of the times in ms of the requests that were let through, oldest first. `ARGV`: the limit of each. The
/// request is counted in all of them where none is full. Gives whether it was, and for each how many there were before
/// and how old the oldest is. Redis' own clock counts, so that those of gateways may differ.
const COUNT: &str = r"
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local answer, allowed = {}, 1
for i, key in ipairs(KEYS) do
  local oldest = redis.call('LINDEX', key, 0)
  while oldest and now - oldest >= WINDOW do
    redis.call('LPOP', key)
    oldest = redis.call('LINDEX', key, 0)
  end
  local count = redis.call('LLEN', key)
  if count >= tonumber(ARGV[i]) then allowed = 0 end
  answer[2 * i] = count
  answer[2 * i + 1] = oldest and now - oldest or 0
end
answer[1] = allowed
if allowed == 1 then
  for _, key in ipairs(KEYS) do
    redis.call('RPUSH', key, now)
    redis.call('PEXPIRE', key, WINDOW)
  end
end
return answer
";

/// The counts in Redis.
#[derive(Debug)]
pub(super) struct Shared {
    redis: Redis,
    count: Script,
    /// Made at the first request: a connection lives in a runtime.
    connection: OnceLock<ConnectionManager>,
    started: Instant,
    /// Whether it did not answer last, and when it is asked again, in ms from `started`.
    is_away: AtomicBool,
    next_try_ms: AtomicU64,
}

impl Shared {
    pub(super) fn new(redis: Redis) -> Self {
        Self {
            redis,
            count: Script::new(&COUNT.replace("WINDOW", &WINDOW_MS.to_string())),
            connection: OnceLock::new(),
            started: Instant::now(),
            is_away: AtomicBool::new(false),
            next_try_ms: AtomicU64::new(0),
        }
    }

    /// Counts a request where all limits let it through. `None` where Redis does not answer.
    pub(super) async fn ask(&self, client: &Client, limits: &[Limit]) -> Option<Verdict> {
        if self.is_left_alone() {
            return None;
        }
        let asked = tokio::time::timeout(ANSWER_TIMEOUT, self.count(client, limits)).await;
        let answer = match asked {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                self.is_gone(&error.to_string());
                return None;
            }
            Err(_) => {
                self.is_gone(&format!("no answer within {} ms", ANSWER_TIMEOUT.as_millis()));
                return None;
            }
        };
        let (is_allowed, counts) = answer.split_first()?;
        if self.is_away.swap(false, Ordering::AcqRel) {
            tracing::info!("Redis answers again: rate limits are shared");
        }
        metrics::gauge!("charter_rate_limits_shared").set(1.0);
        let counts = counts.chunks_exact(2);
        let verdicts =
            limits.iter().zip(counts).map(|(limit, pair)| limit.verdict(pair[0], pair[1]));
        let tightest = verdicts.min_by_key(Verdict::order)?;
        Some(Verdict { is_allowed: *is_allowed == 1, ..tightest })
    }

    async fn count(&self, client: &Client, limits: &[Limit]) -> Result<Vec<u32>, RedisError> {
        let mut connection = self.connection()?;
        let name = name(client);
        let mut call = self.count.prepare_invoke();
        for limit in limits {
            // Braces: in a cluster all of them lie on one node.
            call.key(format!("charter:limit:{{{name}}}:{}", limit.policy())).arg(limit.most);
        }
        call.invoke_async(&mut connection).await
    }

    fn connection(&self) -> Result<ConnectionManager, RedisError> {
        if let Some(connection) = self.connection.get() {
            return Ok(connection.clone());
        }
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_max_delay(PAUSE)
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(Some(ANSWER_TIMEOUT));
        let made = ConnectionManager::new_lazy_with_config(self.redis.clone(), config)?;
        Ok(self.connection.get_or_init(|| made).clone())
    }

    /// While Redis is away one request a pause asks it, and all others don't wait for it.
    fn is_left_alone(&self) -> bool {
        if !self.is_away.load(Ordering::Acquire) {
            return false;
        }
        let (now, next) = (self.now_ms(), self.next_try_ms.load(Ordering::Acquire));
        let then = now.saturating_add(PAUSE_MS);
        let mine = now >= next
            && self
                .next_try_ms
                .compare_exchange(next, then, Ordering::AcqRel, Ordering::Acquire)
                .is_ok();
        !mine
    }

    fn is_gone(&self, reason: &str) {
        self.next_try_ms.store(self.now_ms().saturating_add(PAUSE_MS), Ordering::Release);
        metrics::gauge!("charter_rate_limits_shared").set(0.0);
        if !self.is_away.swap(true, Ordering::AcqRel) {
            tracing::warn!(
                reason,
                "Redis does not answer: rate limits are this process's own until it does"
            );
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// What a client is called in Redis, which need not know who asks.
fn name(client: &Client) -> String {
    let text = match client {
        Client::Principal(id) => format!("principal {id}"),
        Client::Address(address) => format!("address {address}"),
        Client::Others => "others".to_owned(),
    };
    URL_SAFE_NO_PAD.encode(&Sha256::digest(text)[..16])
}
