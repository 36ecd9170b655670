//! How often a client may ask: so many requests in any minute, counted exactly, in bounded memory.
//!
//! Token buckets let twice their size through in the first minute, so each client has the times of its requests of
//! the last minute, and one more is let through where they are fewer than the limit. Refused ones don't count.
//! Gateways that share a Redis count together there, and each for itself besides.

mod shared;

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use ipnet::IpNet;

use crate::operation::Operation;
use crate::problem::Problem;

use self::shared::Shared;

/// The window, in milliseconds.
const WINDOW_MS: u32 = 60_000;
/// The most clients that are told apart; those beyond share one place. A client's times take 4 bytes each.
const MAX_CLIENTS: usize = 20_000;
/// The header of what is left (draft-ietf-httpapi-ratelimit-headers).
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
/// The header of what is allowed.
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Limits on requests.
#[derive(Debug)]
pub struct Limits {
    /// For each client, 0 for none.
    per_minute: u32,
    trusted: Vec<IpNet>,
    started: Instant,
    windows: Mutex<Windows>,
    shared: Option<Shared>,
}

/// One limit on a client's requests.
#[derive(Clone, Copy, Debug)]
struct Limit {
    /// The operation that the contract limits; `None` for all of them together.
    operation: Option<&'static str>,
    /// At least 1.
    most: u32,
}

impl Limit {
    /// `default`, or the operation.
    fn policy(self) -> &'static str {
        self.operation.unwrap_or("default")
    }

    /// What it says of a request that comes after so many of the last minute, the oldest of this age.
    fn verdict(self, counted: u32, oldest_age_ms: u32) -> Verdict {
        Verdict {
            is_allowed: counted < self.most,
            policy: self.policy(),
            limit: self.most,
            remaining: self.most.saturating_sub(counted.saturating_add(1)),
            reset_s: WINDOW_MS.saturating_sub(oldest_age_ms).div_ceil(1000).max(1),
        }
    }
}

#[derive(Debug, Default)]
struct Windows {
    /// By client and, for limits of the contract, operation.
    times: HashMap<(Client, Option<&'static str>), VecDeque<u32>>,
    swept: u32,
}

/// Whose requests are counted together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Client {
    Principal(String),
    Address(IpAddr),
    /// All for whom there is no place.
    Others,
}

impl Client {
    pub(crate) fn of_principal(id: &str) -> Self {
        Self::Principal(id.to_owned())
    }
}

/// What became of a request's ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    is_allowed: bool,
    /// `default`, or the operation.
    policy: &'static str,
    limit: u32,
    remaining: u32,
    /// When the oldest counted request leaves the window, seconds from 1.
    reset_s: u32,
}

impl Limits {
    /// So many a minute for each client, 0 for any number; limits of the contract count all the same. Of
    /// `trusted` proxies `X-Forwarded-For` is believed.
    #[must_use]
    pub fn new(per_minute: u32, trusted: Vec<IpNet>) -> Self {
        let (started, windows) = (Instant::now(), Mutex::default());
        Self { per_minute, trusted, started, windows, shared: None }
    }

    /// The same, counted together with all who share this Redis; while it does not answer, here alone.
    #[must_use]
    pub fn shared(mut self, redis: redis::Client) -> Self {
        self.shared = Some(Shared::new(redis));
        self
    }

    /// Whose address a request comes from: the connection's, or as far back as trusted proxies lead.
    pub(crate) fn client(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Client {
        let Some(mut address) = peer.map(|peer| peer.to_canonical()) else { return Client::Others };
        let values = headers.get_all("x-forwarded-for").iter();
        let named: Vec<&str> = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .collect();
        // Each proxy adds at the end whom it heard; what a client wrote itself stands before.
        for text in named.into_iter().rev() {
            if !self.is_trusted(address) {
                break;
            }
            match parse_address(text) {
                Some(before) => address = before,
                None => break,
            }
        }
        Client::Address(network(address))
    }

    fn is_trusted(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(&address))
    }

    /// Counts a request, where it is let through.
    pub(crate) async fn ask(&self, client: Client, operation: &Operation) -> Verdict {
        let of_contract = operation.access.per_minute.unwrap_or(0);
        let limits: Vec<Limit> = [(None, self.per_minute), (Some(operation.id), of_contract)]
            .into_iter()
            .filter(|(_, most)| *most > 0)
            .map(|(operation, most)| Limit { operation, most })
            .collect();
        if limits.is_empty() {
            return Verdict::unlimited();
        }
        // Differences are right for 49 days, and what is older than a minute is swept long before.
        let now = u32::try_from(self.started.elapsed().as_millis() % (1 << 32)).unwrap_or_default();
        // What was refused here needs no look elsewhere, and what was let through elsewhere is not known here.
        let own = self.windows().ask(client.clone(), &limits, now);
        let Some(shared) = self.shared.as_ref().filter(|_| own.is_allowed) else {
            return own;
        };
        let Some(together) = shared.ask(&client, &limits).await else {
            metrics::counter!("charter_rate_limits_local_total").increment(1);
            return own;
        };
        if !together.is_allowed {
            self.windows().take_back(client, &limits, now);
        }
        together
    }

    fn windows(&self) -> MutexGuard<'_, Windows> {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Windows {
    fn ask(&mut self, client: Client, limits: &[Limit], now: u32) -> Verdict {
        if now.wrapping_sub(self.swept) >= WINDOW_MS {
            self.swept = now;
            self.times.retain(|_, times| {
                forget(times, now);
                !times.is_empty()
            });
        }
        let client = self.placed(client, limits);
        let mut verdicts = Vec::with_capacity(limits.len());
        for limit in limits {
            let times = self.times.entry((client.clone(), limit.operation)).or_default();
            forget(times, now);
            let counted = u32::try_from(times.len()).unwrap_or(u32::MAX);
            let age = times.front().map_or(0, |oldest| now.wrapping_sub(*oldest));
            verdicts.push(limit.verdict(counted, age));
        }
        let Some(verdict) = verdicts.into_iter().min_by_key(Verdict::order) else {
            return Verdict::unlimited();
        };
        if verdict.is_allowed {
            for limit in limits {
                let times = self.times.entry((client.clone(), limit.operation)).or_default();
                times.push_back(now);
            }
        }
        verdict
    }

    /// Forgets a request that was counted at `now` and not let through in the end.
    fn take_back(&mut self, client: Client, limits: &[Limit], now: u32) {
        let client = self.placed(client, limits);
        for limit in limits {
            let Some(times) = self.times.get_mut(&(client.clone(), limit.operation)) else {
                continue;
            };
            if let Some(counted) = times.iter().rposition(|time| *time == now) {
                times.remove(counted);
            }
        }
    }

    /// The client where it has a place or one is free, else all who have none.
    fn placed(&self, client: Client, limits: &[Limit]) -> Client {
        let has_place = self.times.len() < MAX_CLIENTS
            || limits
                .iter()
                .any(|limit| self.times.contains_key(&(client.clone(), limit.operation)));
        if has_place { client } else { Client::Others }
    }
}

/// Drops what is no longer in the minute that ends now.
fn forget(times: &mut VecDeque<u32>, now: u32) {
    while times.front().is_some_and(|oldest| now.wrapping_sub(*oldest) >= WINDOW_MS) {
        times.pop_front();
    }
}

impl Verdict {
    /// The tightest comes first.
    fn order(&self) -> (bool, u32) {
        (self.is_allowed, self.remaining)
    }

    fn unlimited() -> Self {
        Self { is_allowed: true, policy: "", limit: 0, remaining: 0, reset_s: 0 }
    }

    /// 429, where the request is not let through.
    pub(crate) fn refusal(&self) -> Option<Problem> {
        if self.is_allowed {
            return None;
        }
        let Self { policy, limit, reset_s, .. } = self;
        metrics::counter!("charter_http_limited_total", "policy" => *policy).increment(1);
        let whose = if *policy == "default" {
            "`RATE_LIMIT_PER_MINUTE` sets it".to_owned()
        } else {
            format!("the contract sets it for `{policy}`")
        };
        let detail = format!("{limit} requests came within a minute, which is the limit; {whose}");
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", detail);
        Some(problem.retry_after_s(*reset_s))
    }

    /// Tells the client how much is left.
    pub(crate) fn tell(&self, headers: &mut HeaderMap) {
        let Self { policy, limit, remaining, reset_s, .. } = self;
        if *limit == 0 {
            return;
        }
        let quota = format!("\"{policy}\";q={limit};w={}", WINDOW_MS / 1000);
        let left = format!("\"{policy}\";r={remaining};t={reset_s}");
        for (name, value) in [(RATE_LIMIT_POLICY, quota), (RATE_LIMIT, left)] {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
    }
}

/// An address as proxies write it: with a port, in brackets, or bare.
fn parse_address(text: &str) -> Option<IpAddr> {
    let bare = text.trim_matches('"');
    let address = bare
        .parse::<IpAddr>()
        .ok()
        .or_else(|| bare.parse::<std::net::SocketAddr>().ok().map(|address| address.ip()))
        .or_else(|| bare.strip_prefix('[')?.strip_suffix(']')?.parse().ok())?;
    Some(address.to_canonical())
}

/// Whoever has one IPv6 address has the 2^64 of its network.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

/// Reads `TRUSTED_PROXIES`: addresses and networks, `10.0.0.0/8`, separated by commas.
pub(crate) fn networks(text: &str) -> Result<Vec<IpNet>, String> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let one = |part: &str| {
        let network = part.parse::<IpNet>().ok();
        network.or_else(|| part.parse::<IpAddr>().ok().map(IpNet::from)).ok_or_else(|| {
            format!("expected addresses or networks, such as `10.0.0.0/8`, found `{part}`")
        })
    };
    parts.map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(number: u32) -> Client {
        Client::Address(IpAddr::from(number.to_be_bytes()))
    }

    const DEFAULT: Limit = Limit { operation: None, most: 200 };

    fn ask(windows: &mut Windows, who: &Client, now: u32) -> Verdict {
        windows.ask(who.clone(), &[DEFAULT], now)
    }

    #[test]
    fn no_minute_has_more_than_the_limit() {
        let (mut windows, who) = (Windows::default(), client(1));
        let mut let_through = Vec::new();
        // Bursts at odd moments, beginning just before the clock of milliseconds goes round.
        let mut now = u32::MAX - 30_000;
        for step in 0..4_000_u32 {
            now = now.wrapping_add(if step % 97 == 0 { 9_973 } else { step % 7 });
            if ask(&mut windows, &who, now).is_allowed {
                let_through.push(now);
            }
        }
        for (index, first) in let_through.iter().enumerate() {
            let within = let_through[index..]
                .iter()
                .take_while(|time| time.wrapping_sub(*first) < WINDOW_MS)
                .count();
            assert!(within <= 200, "{within} from {first} on");
        }
        assert!(let_through.len() >= 200);
    }

    #[test]
    fn the_two_hundredth_is_let_through_and_the_next_told_when() {
        let (mut windows, who) = (Windows::default(), client(1));
        for left in (0..200).rev() {
            let verdict = ask(&mut windows, &who, 5_000);
            assert!(verdict.is_allowed && verdict.remaining == left);
        }
        let refused = ask(&mut windows, &who, 35_500);
        assert_eq!((refused.is_allowed, refused.remaining, refused.reset_s), (false, 0, 30));
        let problem = refused.refusal().expect("a problem");
        assert_eq!(problem.status(), 429);
        let mut headers = HeaderMap::new();
        refused.tell(&mut headers);
        assert_eq!(headers["ratelimit"], "\"default\";r=0;t=30");
        assert_eq!(headers["ratelimit-policy"], "\"default\";q=200;w=60");
        // Another client has its own, and the first one comes again a minute later.
        assert!(ask(&mut windows, &client(2), 35_500).is_allowed);
        assert!(!ask(&mut windows, &who, 64_999).is_allowed);
        assert!(ask(&mut windows, &who, 65_000).is_allowed);
    }

    #[test]
    fn an_operation_may_have_a_tighter_limit() {
        let (mut windows, who) = (Windows::default(), client(1));
        let limits = [DEFAULT, Limit { operation: Some("holdSeats"), most: 2 }];
        assert!(windows.ask(who.clone(), &limits, 0).is_allowed);
        assert_eq!(windows.ask(who.clone(), &limits, 0).policy, "holdSeats");
        let refused = windows.ask(who.clone(), &limits, 0);
        assert_eq!((refused.is_allowed, refused.limit), (false, 2));
        // What was refused counts nowhere.
        assert_eq!(ask(&mut windows, &who, 0).remaining, 197);
        assert_eq!(windows.ask(who, &[], 0), Verdict::unlimited());
    }

    #[test]
    fn what_is_taken_back_was_never_counted() {
        let (mut windows, who) = (Windows::default(), client(1));
        for now in [1, 2, 2] {
            assert!(ask(&mut windows, &who, now).is_allowed);
        }
        windows.take_back(who.clone(), &[DEFAULT], 2);
        assert_eq!(ask(&mut windows, &who, 3).remaining, 197);
        // Its own time is forgotten, not an older one, which would leave the minute sooner.
        assert_eq!(windows.times[&(who, None)], [1, 2, 3]);
    }

    #[test]
    fn clients_without_a_place_share_one_and_memory_is_bounded() {
        let mut windows = Windows::default();
        for number in 0..30_000 {
            ask(&mut windows, &client(number), 0);
        }
        assert!(windows.times.len() <= MAX_CLIENTS + 1, "{}", windows.times.len());
        assert!(!ask(&mut windows, &client(40_000), 0).is_allowed);
        assert!(ask(&mut windows, &client(5), 0).is_allowed);
        // A minute later all is forgotten.
        assert!(ask(&mut windows, &client(40_000), WINDOW_MS).is_allowed);
        assert_eq!(windows.times.len(), 1);
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let limits = Limits::new(200, networks("10.0.0.0/8, 127.0.0.1").expect("networks"));
        let of = |peer: &str, forwarded: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in forwarded {
                headers.append("x-forwarded-for", value.parse().expect("a header"));
            }
            match limits.client(Some(peer.parse().expect("an address")), &headers) {
                Client::Address(address) => address.to_string(),
                other @ (Client::Principal(_) | Client::Others) => panic!("{other:?}"),
            }
        };
        assert_eq!(of("192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
        assert_eq!(of("10.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(of("10.0.0.1", &["203.0.113.9, 198.51.100.7, 10.0.0.2"]), "198.51.100.7");
        assert_eq!(of("10.0.0.1", &["203.0.113.9", "198.51.100.7"]), "198.51.100.7");
        assert_eq!(of("10.0.0.1", &["nonsense"]), "10.0.0.1");
        assert_eq!(of("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(of("127.0.0.1", &["198.51.100.7:4711"]), "198.51.100.7");
        assert_eq!(of("::ffff:10.0.0.1", &["[2001:db8:1:2:3:4:5:6]:80"]), "2001:db8:1:2::");
        assert!(networks("10.0.0.0/33").is_err() && networks("host").is_err());
        assert_eq!(networks(""), Ok(Vec::new()));
    }
}
