//! Flags that several binaries have.

use std::time::Duration;

use charter_engine::{self as engine, store};

/// What an accepted command survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Durability {
    /// The loss of power: every group of writes reaches the disk before it is acknowledged.
    #[default]
    Power,
    /// The end of a process: writes are left to the system's cache.
    Process,
}

impl From<Durability> for store::Durability {
    fn from(durability: Durability) -> Self {
        match durability {
            Durability::Power => Self::Power,
            Durability::Process => Self::Process,
        }
    }
}

/// How long what was decided is remembered.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct RetentionFlags {
    /// How long outcomes, idempotency keys and decided commands are kept: `7d`, `36h`, `90m`
    #[arg(long, env = "INBOX_RETENTION", value_parser = retention, default_value = "7d")]
    pub inbox_retention: Duration,
}

impl Default for RetentionFlags {
    fn default() -> Self {
        Self { inbox_retention: engine::Settings::default().outcome_retention }
    }
}

impl RetentionFlags {
    /// The engine's settings with it.
    #[must_use]
    pub fn settings(&self) -> engine::Settings {
        engine::Settings { outcome_retention: self.inbox_retention, ..engine::Settings::default() }
    }
}

/// The shortest retention: what is repeated comes within it.
const SHORTEST_RETENTION: Duration = Duration::from_mins(1);
/// The longest: what is kept is what the inbox holds, at any rate of commands.
const LONGEST_RETENTION: Duration = Duration::from_hours(24 * 365);

fn retention(text: &str) -> Result<Duration, String> {
    let wrong = || "expected a number and `m`, `h` or `d`, from `1m` to `365d`".to_owned();
    let text = text.trim();
    let unit = text.chars().last().ok_or_else(wrong)?;
    let minutes = match unit {
        'm' => 1,
        'h' => 60,
        'd' => 24 * 60,
        _ => return Err(wrong()),
    };
    let count: u64 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    let duration = Duration::from_secs(count.saturating_mul(minutes).saturating_mul(60));
    let known = (SHORTEST_RETENTION..=LONGEST_RETENTION).contains(&duration);
    if known { Ok(duration) } else { Err(wrong()) }
}

/// `host:port`, before anything is opened.
///
/// # Errors
/// What was expected instead.
pub fn address(text: &str) -> Result<String, String> {
    let port = text.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
    match port {
        Some(Ok(_)) => Ok(text.to_owned()),
        _ => Err("expected `host:port`, such as `127.0.0.1:8080`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retention_has_a_unit_and_bounds() {
        assert_eq!(retention("7d"), Ok(RetentionFlags::default().inbox_retention));
        assert_eq!(retention(" 90m "), Ok(Duration::from_mins(90)));
        for wrong in
            ["", "7", "d", "0m", "366d", "1w", "-1h", "1.5h", "99999999999999999999d", "7ä"]
        {
            assert!(retention(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_address_is_a_host_and_a_port() {
        for good in ["127.0.0.1:8080", "0.0.0.0:0", "[::1]:8080", "localhost:80"] {
            assert_eq!(address(good).as_deref(), Ok(good));
        }
        for bad in ["nowhere", "127.0.0.1", "127.0.0.1:http", "127.0.0.1:70000", ""] {
            assert!(address(bad).is_err(), "{bad}");
        }
    }
}
