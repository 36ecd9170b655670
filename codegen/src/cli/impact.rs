//! `charter impact TYPE`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

use charter_avro::schema::{SchemaSet, SourceFile};
use clap::Args;

use super::{CLEAN, COULD_NOT_RUN, say};
use crate::check::contracts::Contracts;
use crate::check::dependents;
use crate::check::hits::Users;
use crate::check::registry::types_in;

/// Arguments of `charter impact`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  charter impact seat.SeatStatus\n  \
    charter impact seat.SeatsHeld --registry https://registry.example.com")]
pub(super) struct Impact {
    /// A type, by its full name.
    name: String,
    /// The repository's root, which holds `schemas/` and `openapi/`.
    #[arg(long, default_value = ".", value_name = "DIR")]
    root: PathBuf,
    /// A Confluent-compatible registry, whose subjects that hold the type are named too.
    #[arg(long, value_name = "URL")]
    registry: Option<String>,
    #[command(flatten)]
    user: super::registered::User,
}

impl Impact {
    pub(super) fn run(&self) -> anyhow::Result<u8> {
        let contracts = Contracts::working_tree(&self.root)?;
        let sources: Vec<SourceFile> = contracts
            .schema_files()
            .into_iter()
            .map(|file| SourceFile { path: file.path, text: file.text })
            .collect();
        let (set, errors) = SchemaSet::parse(&sources);
        if !errors.is_empty() {
            say("error: the contracts have problems; `charter generate --check` shows them\n");
            return Ok(COULD_NOT_RUN);
        }
        let users = Users::new(&set, &contracts);
        if !users.names().any(|name| name == self.name) {
            anyhow::bail!("expected the full name of a type, found `{}`", self.name);
        }
        let mut text = String::new();
        for hit in users.of(&self.name) {
            text.push_str(&hit);
            text.push('\n');
        }
        for line in dependents::of(&self.root, &self.name)? {
            text.push_str(&line);
            text.push('\n');
        }
        if let Some(url) = &self.registry {
            for found in super::registered::latest(&self.user.client(url)?)? {
                if types_in(&found).contains(&self.name) {
                    let _ = writeln!(text, "subject {} version {}", found.subject, found.version);
                }
            }
        }
        std::io::stdout().write_all(text.as_bytes())?;
        Ok(CLEAN)
    }
}
