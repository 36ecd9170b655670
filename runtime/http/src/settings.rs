//! What an operator may say of the HTTP layer.

use std::time::Duration;

use axum::http::HeaderValue;
use ipnet::IpNet;

use crate::limits::{self, Limits};
use crate::push::PushFlags;

pub use crate::lag::DEFAULT_MOST as DEFAULT_MAX_LAG;

/// How requests are taken and answered, whatever they ask for.
#[derive(Clone, Debug, Default)]
pub struct HttpSettings {
    /// Whose pages may ask in a browser.
    pub cors: Origins,
}

/// Origins whose pages may ask (Fetch standard, CORS protocol).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origins {
    /// No other than the API's own.
    #[default]
    None,
    /// These, `https://shop.example`.
    These(Vec<HeaderValue>),
    /// Every one.
    Any,
}

impl Origins {
    /// Whether pages of this origin may ask.
    pub(crate) fn allow(&self, origin: &HeaderValue) -> bool {
        match self {
            Self::None => false,
            Self::These(origins) => origins.contains(origin),
            Self::Any => true,
        }
    }
}

/// Flags of the HTTP layer.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct HttpFlags {
    /// Origins whose pages may use the API from a browser, `https://shop.example`, separated by commas; `*` for all
    #[arg(long, env = "CORS_ORIGINS", value_parser = origins, hide_default_value = true, default_value = "")]
    pub cors_origins: Origins,
    /// Seconds between the signal to end and the last new connection: until then readiness says 503, so that a
    /// load balancer takes the process out first
    #[arg(long, env = "DRAIN_DELAY", value_parser = seconds, default_value = "0")]
    pub drain_delay: Duration,
    /// How many requests each API key, token's subject or address may send in any minute; 0 for any number
    #[arg(long, env = "RATE_LIMIT_PER_MINUTE", default_value_t = DEFAULT_LIMIT, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub rate_limit_per_minute: u32,
    /// Redis, `redis://host:6379` (`rediss://` with TLS): gateways that share one count a client's requests together;
    /// without it, and while it is away, each counts for itself
    #[arg(long, env = "REDIS_URL", value_parser = redis_client, hide_env_values = true)]
    pub redis_url: Option<SharedCounts>,
    /// How many commands of a context may wait for their decisions before more are refused; 0 for any number
    #[arg(long, env = "MAX_LAG", default_value_t = DEFAULT_MAX_LAG)]
    pub max_lag: u64,
    /// Proxies whose `X-Forwarded-For` is believed, addresses or networks such as `10.0.0.0/8`, separated by commas
    #[arg(long, env = "TRUSTED_PROXIES", value_parser = proxies, hide_default_value = true, default_value = "")]
    pub trusted_proxies: Proxies,
    /// How streams and sockets are served.
    #[command(flatten)]
    pub push: PushFlags,
}

/// Proxies that are believed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies(pub Vec<IpNet>);

fn proxies(text: &str) -> Result<Proxies, String> {
    limits::networks(text).map(Proxies)
}

/// Where gateways count together; `None` for nowhere.
#[derive(Clone, Debug)]
pub struct SharedCounts(Option<redis::Client>);

/// Reads `REDIS_URL`. A text that is none is not told again: it may hold a password.
fn redis_client(text: &str) -> Result<SharedCounts, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(SharedCounts(None));
    }
    let client = redis::Client::open(text).map_err(|_| {
        "expected `redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]`, or `rediss://…`".to_owned()
    });
    client.map(Some).map(SharedCounts)
}

/// Requests of a client in any minute, unless an operator says otherwise.
const DEFAULT_LIMIT: u32 = 200;

impl HttpFlags {
    /// What the flags ask for.
    #[must_use]
    pub fn settings(&self) -> HttpSettings {
        HttpSettings { cors: self.cors_origins.clone() }
    }

    /// How often each client may ask.
    #[must_use]
    pub fn limits(&self) -> Limits {
        let limits = Limits::new(self.rate_limit_per_minute, self.trusted_proxies.0.clone());
        match self.redis_url.as_ref().and_then(|redis| redis.0.clone()) {
            Some(redis) => limits.shared(redis),
            None => limits,
        }
    }
}

/// The longest drain delay, in seconds.
const MAX_DRAIN_S: u64 = 300;

fn seconds(text: &str) -> Result<Duration, String> {
    match text.trim().parse() {
        Ok(seconds) if seconds <= MAX_DRAIN_S => Ok(Duration::from_secs(seconds)),
        _ => Err(format!("expected whole seconds, 0 to {MAX_DRAIN_S}")),
    }
}

/// Reads `CORS_ORIGINS`.
fn origins(text: &str) -> Result<Origins, String> {
    let parts: Vec<_> = text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        [] => Ok(Origins::None),
        ["*"] => Ok(Origins::Any),
        origins => {
            origins.iter().map(|text| origin(text)).collect::<Result<_, _>>().map(Origins::These)
        }
    }
}

/// One origin as a browser writes it (RFC 6454 section 7): scheme, host and port, no path.
fn origin(text: &str) -> Result<HeaderValue, String> {
    let wrong = || {
        format!(
            "expected origins as browsers write them, such as `https://shop.example`, found `{text}`"
        )
    };
    let url = reqwest::Url::parse(text).map_err(|_| wrong())?;
    let written = url.origin().ascii_serialization();
    if !matches!(url.scheme(), "http" | "https") || written != text {
        return Err(wrong());
    }
    HeaderValue::try_from(written).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_those_that_browsers_write() {
        assert_eq!(origins(""), Ok(Origins::None));
        assert_eq!(origins(" * "), Ok(Origins::Any));
        let two = origins("https://shop.example, http://localhost:5173").expect("origins");
        let expected = ["https://shop.example", "http://localhost:5173"];
        assert_eq!(two, Origins::These(expected.map(HeaderValue::from_static).to_vec()));
        for wrong in [
            "shop.example",
            "https://shop.example/",
            "https://Shop.example",
            "*, https://a.b",
            "ftp://a",
        ] {
            assert!(origins(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_redis_has_a_url_that_is_never_told() {
        assert!(redis_client("").expect("none").0.is_none());
        assert!(redis_client("redis://:secret@localhost:6379/1").expect("a client").0.is_some());
        assert!(redis_client("rediss://localhost").expect("a client").0.is_some());
        for wrong in ["localhost:6379", "http://:secret@localhost", "redis://:secret@a:b:c"] {
            let error = redis_client(wrong).map(drop).expect_err("no URL");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_drain_delay_is_bounded() {
        assert_eq!(seconds("3"), Ok(Duration::from_secs(3)));
        assert!(seconds("301").is_err() && seconds("-1").is_err() && seconds("3s").is_err());
    }
}
