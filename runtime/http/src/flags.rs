//! Flags that several binaries have.

use charter_engine::store;

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
    fn an_address_is_a_host_and_a_port() {
        for good in ["127.0.0.1:8080", "0.0.0.0:0", "[::1]:8080", "localhost:80"] {
            assert_eq!(address(good).as_deref(), Ok(good));
        }
        for bad in ["nowhere", "127.0.0.1", "127.0.0.1:http", "127.0.0.1:70000", ""] {
            assert!(address(bad).is_err(), "{bad}");
        }
    }
}
