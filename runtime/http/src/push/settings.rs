//! What an operator may say of push.

use std::time::Duration;

/// The bytes of events that a partition keeps for those who come back, 2 MiB.
const RECENT_BYTES: usize = 2 << 20;

/// How push works.
#[derive(Clone, Copy, Debug)]
pub struct PushSettings {
    /// Streams and sockets at once.
    pub connections: usize,
    /// Rooms that a socket is in at once.
    pub rooms: usize,
    /// The bytes of what a socket may send at once.
    pub message_bytes: usize,
    /// How often a socket is asked whether it is there.
    pub ping_interval: Duration,
    /// How long it may take to say so.
    pub ping_timeout: Duration,
    /// Messages that wait for a member before it is dropped.
    pub queue: usize,
    /// Events that each partition keeps in memory for those who come back.
    pub recent_events: usize,
    /// The bytes of them.
    pub recent_bytes: usize,
    /// Events of a partition that are read from the store for one who comes back.
    pub replayed_events: usize,
    /// How often a quiet stream says that it is there.
    pub heartbeat: Duration,
    /// How often credentials are looked at again.
    pub recheck: Duration,
}

impl Default for PushSettings {
    fn default() -> Self {
        PushFlags::default().settings()
    }
}

/// Flags of push.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct PushFlags {
    /// How many streams and sockets there may be at once, 1 to 9,000
    #[arg(long, env = "PUSH_CONNECTIONS", default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=9_000))]
    pub push_connections: u32,
    /// How many rooms one socket may be in at once
    #[arg(long, env = "PUSH_ROOMS", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub push_rooms: u32,
    /// How many bytes a socket may send at once, in one message or, by polling, one request
    #[arg(long, env = "PUSH_MESSAGE_BYTES", default_value_t = 1_048_576, value_parser = clap::value_parser!(u32).range(1_024..=16_777_216))]
    pub push_message_bytes: u32,
    /// Seconds from one question to a socket whether it is there to the next
    #[arg(long, env = "PUSH_PING_INTERVAL", default_value_t = 25, value_parser = clap::value_parser!(u32).range(1..=60))]
    pub push_ping_interval: u32,
    /// Seconds that a socket may take to answer it before it is closed
    #[arg(long, env = "PUSH_PING_TIMEOUT", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=300))]
    pub push_ping_timeout: u32,
    /// How many messages may wait for a slow reader of a room before it is dropped
    #[arg(long, env = "PUSH_QUEUE", default_value_t = 1_024, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub push_queue: u32,
    /// How many events each partition keeps in memory for clients that come back, 2 MiB of them at most
    #[arg(long, env = "PUSH_RECENT", default_value_t = 4_096, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub push_recent: u32,
    /// How many events of a partition are read from the store for a client that comes back before it is shown the
    /// room anew
    #[arg(long, env = "PUSH_REPLAY", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub push_replay: u32,
    /// Seconds from one look at the credentials of open streams and sockets to the next
    #[arg(long, env = "PUSH_RECHECK", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    pub push_recheck: u32,
}

impl Default for PushFlags {
    fn default() -> Self {
        Self {
            push_connections: 5_000,
            push_rooms: 32,
            push_message_bytes: 1_048_576,
            push_ping_interval: 25,
            push_ping_timeout: 20,
            push_queue: 1_024,
            push_recent: 4_096,
            push_replay: 10_000,
            push_recheck: 60,
        }
    }
}

impl PushFlags {
    /// What the flags ask for.
    #[must_use]
    pub fn settings(&self) -> PushSettings {
        PushSettings {
            connections: self.push_connections as usize,
            rooms: self.push_rooms as usize,
            message_bytes: self.push_message_bytes as usize,
            ping_interval: Duration::from_secs(self.push_ping_interval.into()),
            ping_timeout: Duration::from_secs(self.push_ping_timeout.into()),
            queue: self.push_queue as usize,
            recent_events: self.push_recent as usize,
            recent_bytes: RECENT_BYTES,
            replayed_events: self.push_replay as usize,
            heartbeat: Duration::from_secs(15),
            recheck: Duration::from_secs(self.push_recheck.into()),
        }
    }
}
