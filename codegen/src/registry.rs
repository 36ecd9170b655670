//! `charter registry`: the contracts of a folder and the subjects of a Confluent-compatible registry, each contract under
//! its full name (Confluent's `RecordNameStrategy`).

mod client;
mod compare;
mod contracts;
mod pull;
mod push;

use std::path::PathBuf;

use clap::{Args, Subcommand};

pub(crate) use client::Client;
use contracts::{Contract, read};

use crate::progress::Progress;

/// Arguments of `charter registry`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 done and all alike, 1 something differs or is refused, 2 could not run.\n\n\
    Examples:\n  \
    charter registry compat --url https://registry.example.com --user ci:SECRET\n  \
    charter registry push --dry-run\n  \
    charter registry pull backup/"
)]
pub(crate) struct Registry {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the subjects with their latest version, its id, and the compatibility level.
    #[command(after_help = "Example:\n  charter registry list --prefix seat.")]
    List {
        #[command(flatten)]
        at: At,
        /// Only those that begin with this.
        #[arg(long, default_value = "")]
        prefix: String,
    },
    /// Register each contract whose schema its subject lacks, those that others name first.
    #[command(
        after_help = "Examples:\n  charter registry push --dry-run\n  charter registry push --url https://registry.example.com --user ci:SECRET"
    )]
    Push {
        #[command(flatten)]
        at: At,
        #[command(flatten)]
        from: From,
        /// Register nothing; say what would be, and whether it would be let in.
        #[arg(long)]
        dry_run: bool,
    },
    /// Write the latest version of each subject to a folder, a file each.
    #[command(after_help = "Example:\n  charter registry pull backup/ --prefix seat.")]
    Pull {
        #[command(flatten)]
        at: At,
        /// The folder; made when absent. Files of subjects that are gone stay.
        into: PathBuf,
        /// Only subjects that begin with this.
        #[arg(long, default_value = "")]
        prefix: String,
        /// Write nothing; say what would be.
        #[arg(long)]
        dry_run: bool,
    },
    /// Say which contracts the registry lacks or has in another version.
    #[command(
        after_help = "Example:\n  charter registry diff --url https://registry.example.com --user ci:SECRET"
    )]
    Diff {
        #[command(flatten)]
        at: At,
        #[command(flatten)]
        from: From,
    },
    /// Ask the registry whether it would let each contract in, with every reason where not.
    #[command(
        after_help = "Example:\n  charter registry compat --url https://registry.example.com --user ci:SECRET"
    )]
    Compat {
        #[command(flatten)]
        at: At,
        #[command(flatten)]
        from: From,
    },
}

/// Which registry.
#[derive(Debug, Args)]
struct At {
    /// The registry's address.
    #[arg(long, env = "SCHEMA_REGISTRY_URL", default_value = "http://127.0.0.1:8081")]
    url: String,
    /// User and password, or name and secret of an API key: `NAME:SECRET`.
    #[arg(
        long,
        env = "SCHEMA_REGISTRY_USER_INFO",
        hide_env_values = true,
        value_name = "NAME:SECRET"
    )]
    user: Option<String>,
}

/// Which contracts.
#[derive(Debug, Args)]
struct From {
    /// The repository's root, which holds `schemas/`.
    #[arg(long, default_value = ".", value_name = "DIR")]
    root: PathBuf,
}

/// How a command went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All is done, and alike on both sides.
    Clean,
    /// Something differs, or was refused.
    Differs,
}

impl Registry {
    /// Does what the command line asks for; what it finds goes to standard output.
    pub(crate) fn run(&self) -> anyhow::Result<Outcome> {
        match &self.command {
            Command::List { at, prefix } => pull::list(&at.client()?, prefix),
            Command::Push { at, from, dry_run: false } => {
                push::push(&at.client()?, &read(&from.root)?)
            }
            Command::Push { at, from, dry_run: true } => {
                push::rehearse(&at.client()?, &read(&from.root)?)
            }
            Command::Pull { at, into, prefix, dry_run } => {
                let writing = if *dry_run { pull::Writing::Nothing } else { pull::Writing::Files };
                pull::pull(&at.client()?, into, prefix, writing)
            }
            Command::Diff { at, from } => compare::diff(&at.client()?, &read(&from.root)?),
            Command::Compat { at, from } => compare::compat(&at.client()?, &read(&from.root)?),
        }
    }
}

impl At {
    fn client(&self) -> anyhow::Result<Client> {
        Client::new(&self.url, self.user.as_deref())
    }
}
