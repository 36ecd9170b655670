//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use uuid::Uuid;

use crate::projection::Projection;

/// Looks into a Charter platform and asks for repairs
#[derive(Debug, Parser)]
#[command(name = "charterctl", version)]
pub(crate) struct Flags {
    /// A running platform or gateway
    #[arg(long, env = "CHARTER_URL", default_value = "http://127.0.0.1:8080", global = true)]
    pub(crate) url: String,
    /// API key with the role `operator` for all tenants; none in development mode
    #[arg(long, env = "CHARTER_API_KEY", hide_env_values = true, global = true)]
    pub(crate) api_key: Option<String>,
    /// Data directory of a stopped platform, in place of `--url`. Without a variable, so that a platform's own
    /// `DATA_DIR` doesn't change what is looked at
    #[arg(long, global = true)]
    pub(crate) data_dir: Option<PathBuf>,
    /// How answers look
    #[arg(long, default_value = "text", global = true)]
    pub(crate) format: Format,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// How answers look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Tables for people.
    Text,
    /// JSON as `/operations` gives it; one object a line for `tail`.
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Where every context's partitions stand: owner's epoch, checkpoint, lag, dead letters, what is set aside
    Status {
        /// All partitions, not only those with something to tell
        #[arg(long)]
        all: bool,
    },
    /// Commands that could not be decided
    #[command(subcommand)]
    DeadLetters(DeadLetters),
    /// Aggregates that a projection has set aside
    #[command(subcommand)]
    Parked(Parked),
    /// Builds of views: how far they are, which one is read
    #[command(subcommand)]
    Projection(Projection),
    /// What operators asked for, newest first: who, when, why, and what came of it
    Requests {
        /// The most that are shown
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Records of a topic as they come, decoded
    Tail(Tail),
    /// Give log and store a new pairing id, after both were restored from one backup. Nothing may run meanwhile
    Pair {
        /// Yes, both are of one backup
        #[arg(long)]
        yes: bool,
        /// The log is lost and was made anew: go on at its start. What it had accepted and nobody had decided is gone
        #[arg(long)]
        log_lost: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum DeadLetters {
    /// The newest ones
    List(List),
    /// One of them, with its message decoded
    Show {
        /// Its id
        id: Uuid,
    },
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Of this context only
    #[arg(long)]
    pub(crate) context: Option<String>,
    /// The most that are shown, up to 1,000
    #[arg(long, default_value_t = 100)]
    pub(crate) limit: usize,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Parked {
    /// All of them
    List(List),
    /// One of them, with the events that wait decoded
    Show(Aggregate),
    /// Fold its events again from the stuck one on, or react to them, in order; it stays set aside where one fails again
    Redrive {
        #[command(flatten)]
        aggregate: Aggregate,
        #[command(flatten)]
        asked: Asked,
        /// Why, for the record
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Leave out the events that can't be folded or reacted to, for good, and go on with those after them
    Discard {
        #[command(flatten)]
        aggregate: Aggregate,
        #[command(flatten)]
        asked: Asked,
        /// Why, for the record
        #[arg(long)]
        reason: String,
    },
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Aggregate {
    /// The context
    pub(crate) context: String,
    /// The aggregate's key
    pub(crate) key: String,
    /// Its tenant
    #[arg(long, default_value = "default")]
    pub(crate) tenant: String,
    /// The reactor that set it aside; without it, the views
    #[arg(long)]
    pub(crate) reactor: Option<String>,
}

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Asked {
    /// Tell what would happen, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// How long to wait until it is done, in seconds
    #[arg(long, default_value_t = 30)]
    pub(crate) wait: u64,
}

impl Asked {
    pub(crate) fn wait(self) -> Duration {
        Duration::from_secs(self.wait)
    }
}

#[derive(Debug, Args)]
pub(crate) struct Tail {
    /// `<context>.commands`, `<context>.events`, `<context>.dead-letters` or `outcomes`
    pub(crate) topic: String,
    /// Begin at the first kept record, not at the end
    #[arg(long)]
    pub(crate) earliest: bool,
    /// Only records of this type on the wire, such as `seat.held`
    #[arg(long = "type")]
    pub(crate) wire_type: Option<String>,
    /// Only records under this key, `tenant/key`
    #[arg(long)]
    pub(crate) key: Option<String>,
    /// Only records in which this text stands
    #[arg(long)]
    pub(crate) contains: Option<String>,
    /// End after so many
    #[arg(long)]
    pub(crate) count: Option<u64>,
    /// End after so many seconds
    #[arg(long = "for", value_name = "SECONDS")]
    pub(crate) seconds: Option<u64>,
}
