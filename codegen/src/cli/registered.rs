//! What a registry holds, read for a check.

use std::collections::BTreeSet;
use std::io::{IsTerminal, Write};

use clap::Args;

use crate::check::registry::{Registered, type_of};
use crate::progress::Progress;
use crate::registry::Client;

/// Who asks a registry.
#[derive(Debug, Args)]
pub(super) struct User {
    /// User and password for `registry:URL`, or name and secret of an API key: `NAME:SECRET`.
    #[arg(
        long = "registry-user",
        env = "SCHEMA_REGISTRY_USER_INFO",
        hide_env_values = true,
        value_name = "NAME:SECRET"
    )]
    user: Option<String>,
}

impl User {
    pub(super) fn client(&self, url: &str) -> anyhow::Result<Client> {
        Client::new(url, self.user.as_deref())
    }
}

/// The registry that the environment names.
pub(super) fn address() -> Result<String, String> {
    std::env::var("SCHEMA_REGISTRY_URL")
        .map_err(|_| "expected `registry:URL`, or the address in `SCHEMA_REGISTRY_URL`".to_owned())
}

/// All versions of the subjects that hold one of `types`.
pub(super) fn versions(
    client: &Client,
    types: &BTreeSet<String>,
) -> anyhow::Result<Vec<Registered>> {
    let subjects = client.subjects("")?;
    let wanted: Vec<&String> =
        subjects.iter().filter(|subject| type_of(subject, types).is_some()).collect();
    let mut progress = Progress::new(wanted.len());
    let mut found = Vec::new();
    for subject in wanted {
        progress.step(subject);
        for version in client.versions(subject)? {
            found.extend(registered(client, subject, version)?);
        }
    }
    if found.is_empty() {
        let terminal = std::io::stderr().is_terminal();
        let warning = if terminal { "\x1b[33mwarning\x1b[0m" } else { "warning" };
        let _ = writeln!(
            std::io::stderr(),
            "{warning}: none of the registry's {} subjects holds a type of these contracts",
            subjects.len()
        );
    }
    Ok(found)
}

/// The latest version of every subject.
pub(super) fn latest(client: &Client) -> anyhow::Result<Vec<Registered>> {
    let subjects = client.subjects("")?;
    let mut progress = Progress::new(subjects.len());
    let mut found = Vec::new();
    for subject in &subjects {
        progress.step(subject);
        if let Some(version) = client.versions(subject)?.last() {
            found.extend(registered(client, subject, *version)?);
        }
    }
    Ok(found)
}

fn registered(client: &Client, subject: &str, version: u64) -> anyhow::Result<Option<Registered>> {
    let whole = client.whole(subject, version)?;
    Ok(whole.map(|whole| Registered {
        subject: subject.to_owned(),
        version,
        schema: whole.schema,
        references: whole.references,
    }))
}
