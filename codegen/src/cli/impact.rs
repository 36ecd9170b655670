//! `charter impact TYPE` and `charter impact TYPE.FIELD`.

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
#[command(after_help = "Examples:\n  charter impact seat.SeatStatus\n  \
    charter impact seat.SeatsHeld.seatIds\n  charter impact seat.SeatsHeld --registry https://registry.example.com")]
pub(super) struct Impact {
    /// A type by its full name, or one of its fields: `seat.SeatsHeld.seatIds`.
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
        let (name, field) = self.subject(&users)?;
        let mut text = String::new();
        let hits = match field {
            Some(field) => users.of_field(name, field).unwrap_or_default(),
            None => users.of(name),
        };
        for line in hits.into_iter().chain(dependents::of(&self.root, name, field)?) {
            text.push_str(&line);
            text.push('\n');
        }
        if let Some(url) = &self.registry {
            for found in super::registered::latest(&self.user.client(url)?)? {
                if types_in(&found).contains(name) {
                    let _ = writeln!(text, "subject {} version {}", found.subject, found.version);
                }
            }
        }
        std::io::stdout().write_all(text.as_bytes())?;
        Ok(CLEAN)
    }

    /// The type that is asked about, and its field.
    fn subject(&self, users: &Users) -> anyhow::Result<(&str, Option<&str>)> {
        let is_type = |name: &str| users.names().any(|known| known == name);
        if is_type(&self.name) {
            return Ok((&self.name, None));
        }
        let split = self.name.rsplit_once('.').filter(|(name, _)| is_type(name));
        let Some((name, field)) = split else {
            anyhow::bail!(
                "expected the full name of a type, or of a type and its field, found `{}`",
                self.name
            );
        };
        let fields: Vec<&str> = users.fields(name).collect();
        if !fields.contains(&field) {
            anyhow::bail!("expected a field of `{name}` ({}), found `{field}`", fields.join(", "));
        }
        Ok((name, Some(field)))
    }
}
