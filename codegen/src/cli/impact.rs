//! `charter impact TYPE`.

use std::io::Write;
use std::path::PathBuf;

use charter_avro::schema::{SchemaSet, SourceFile};
use clap::Args;

use super::{CLEAN, COULD_NOT_RUN, say};
use crate::check::contracts::Contracts;
use crate::check::hits::Users;

/// Arguments of `charter impact`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  charter impact seat.SeatStatus")]
pub(super) struct Impact {
    /// A type, by its full name.
    name: String,
    /// The repository's root, which holds `schemas/` and `openapi/`.
    #[arg(long, default_value = ".", value_name = "DIR")]
    root: PathBuf,
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
        std::io::stdout().write_all(text.as_bytes())?;
        Ok(CLEAN)
    }
}
