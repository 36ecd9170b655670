//! `charter check` and `charter release`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use super::compat::{Format, Judgement, unreadable_contracts, write};
use super::{CLEAN, COULD_NOT_RUN, PROBLEMS, registered, say};
use crate::check::change::Change;
use crate::check::contracts::{Contracts, releases};
use crate::check::release::{self, Acceptance, Allowance};
use crate::check::workspace::{self, Checked};
use crate::check::{baseline, git, registry};
use crate::progress;
use crate::report;
use crate::rules::Severity;

/// Arguments of `charter check`.
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 nothing breaks, 1 something breaks, 2 could not run.\n\n\
    Examples:\n  \
    charter check\n  \
    charter check --against git:origin/main --format github\n  \
    charter check --against dir:../other-checkout --strict\n  \
    charter check --against registry:https://registry.example.com")]
pub(super) struct Check {
    /// What to hold the working tree against: `released` (all that `charter release` froze), `git:REF`,
    /// `dir:PATH` (a folder with `schemas/` and `openapi/`), or `registry:URL` (the versions of each type's subjects
    /// in a Confluent-compatible registry; `registry` alone takes the address from `SCHEMA_REGISTRY_URL`).
    #[arg(long, default_value = "released", value_parser = against)]
    against: Against,
    #[command(flatten)]
    user: super::registered::User,
    /// The repository's root, which holds `schemas/` and `openapi/`.
    #[arg(long, default_value = ".", value_name = "DIR")]
    root: PathBuf,
    /// How the report is written to standard output.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// A file of changes that are known: they are left out of the report.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write the changes that are found to the baseline instead of reporting them.
    #[arg(long, requires = "baseline")]
    write_baseline: bool,
    #[command(flatten)]
    judgement: Judgement,
}

/// Arguments of `charter release`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 released, or nothing to release; 1 something breaks; 2 could not run.\n\n\
    Example:\n  \
    charter release --allow charter-key-changed@seat.HoldSeats --reason \"no client sends it yet\""
)]
pub(super) struct Release {
    /// The repository's root, which holds `schemas/` and `openapi/`.
    #[arg(long, default_value = ".", value_name = "DIR")]
    root: PathBuf,
    /// A break to accept: RULE@PATH, where PATH is a type, an operation, a file or a JSON pointer. May be given often.
    #[arg(long, value_name = "RULE@PATH", requires = "reason", value_parser = allowance)]
    allow: Vec<Allowance>,
    /// Why the breaks are accepted; reviewers read it in `schemas/released/accepted.json`.
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    judgement: Judgement,
}

/// What the working tree is held against.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Against {
    Released,
    Git(String),
    Folder(PathBuf),
    Registry(String),
}

fn against(text: &str) -> Result<Against, String> {
    match text.split_once(':') {
        None if text == "released" => Ok(Against::Released),
        Some(("git", reference)) => Ok(Against::Git(reference.to_owned())),
        Some(("dir", path)) => Ok(Against::Folder(path.into())),
        Some(("registry", url)) => Ok(Against::Registry(url.to_owned())),
        None if text == "registry" => super::registered::address().map(Against::Registry),
        _ => Err(format!(
            "expected `released`, `git:REF`, `dir:PATH` or `registry:URL`, found `{text}`"
        )),
    }
}

fn allowance(text: &str) -> Result<Allowance, String> {
    text.parse()
}

impl Check {
    pub(super) fn run(&self) -> anyhow::Result<u8> {
        let new = working_tree(&self.root)?;
        let previous = match &self.against {
            Against::Registry(url) => {
                let Some(checked) = self.against_registry(url, &new)? else {
                    return Ok(COULD_NOT_RUN);
                };
                return self.report(checked);
            }
            Against::Released => {
                let released = releases(&self.root)?;
                if released.is_empty() {
                    say(
                        "nothing is released yet; `charter release` freezes the contracts as they are\n",
                    );
                }
                released.into_iter().map(|(_, contracts)| contracts).collect()
            }
            Against::Git(reference) => vec![git::contracts(&self.root, reference)?],
            Against::Folder(path) => {
                let contracts = Contracts::folder(&path.display().to_string(), path)?;
                anyhow::ensure!(
                    !contracts.is_empty(),
                    "`{}` holds no contracts; name a folder with `schemas` or `openapi`",
                    path.display()
                );
                vec![contracts]
            }
        };
        let Some(checked) = checked(&new, &previous, &self.judgement, self.format) else {
            return Ok(COULD_NOT_RUN);
        };
        self.report(checked)
    }

    /// The check against a registry, or `None` with all that is wrong said.
    fn against_registry(&self, url: &str, new: &Contracts) -> anyhow::Result<Option<Checked>> {
        let client = self.user.client(url)?;
        let found = registry::types(new)
            .map(|types| registered::versions(&client, &types))
            .and_then(|found| match found {
                Ok(found) => registry::check(new, &found, self.judgement.strictness()).map(Ok),
                Err(error) => Ok(Err(error)),
            });
        match found {
            Ok(checked) => checked.map(Some),
            Err((problems, texts)) => {
                unreadable_contracts(&problems, &texts, self.format);
                Ok(None)
            }
        }
    }

    /// Leaves out what is accepted and known, and writes the rest.
    fn report(&self, mut checked: Checked) -> anyhow::Result<u8> {
        release::accept(&mut checked.changes, &release::accepted(&self.root)?);
        if let Some(path) = &self.baseline {
            if self.write_baseline {
                let text = baseline::text(&checked.changes);
                fs::write(path, text)
                    .with_context(|| format!("cannot write `{}`", path.display()))?;
                say(&format!("{} known from now on\n", checked.changes.len()));
                return Ok(CLEAN);
            }
            let text = fs::read_to_string(path)
                .with_context(|| format!("cannot read `{}`", path.display()))?;
            baseline::leave_out(&mut checked.changes, &text)
                .map_err(|message| anyhow::anyhow!("`{}`: {message}", path.display()))?;
        }
        Ok(write(&checked.changes, &checked.texts, self.format)?)
    }
}

impl Release {
    pub(super) fn run(&self) -> anyhow::Result<u8> {
        let new = working_tree(&self.root)?;
        let released = releases(&self.root)?;
        let number = released.last().map_or(1, |(number, _)| number + 1);
        let previous: Vec<Contracts> =
            released.into_iter().map(|(_, contracts)| contracts).collect();
        if previous
            .last()
            .is_some_and(|last| (&last.schemas, &last.openapi) == (&new.schemas, &new.openapi))
        {
            say(&format!("nothing changed since v{}\n", number - 1));
            return Ok(CLEAN);
        }
        let Some(mut checked) = checked(&new, &previous, &self.judgement, Format::Text) else {
            return Ok(COULD_NOT_RUN);
        };
        let mut accepted = release::accepted(&self.root)?;
        accepted.extend(self.accepted(&checked.changes, number)?);
        release::accept(&mut checked.changes, &accepted);
        if checked.changes.iter().any(|change| change.severity == Severity::Error) {
            write(&checked.changes, &checked.texts, Format::Text)?;
            say(
                "not released: something breaks; mend it, or accept it with `--allow RULE@PATH --reason \"…\"`\n",
            );
            return Ok(PROBLEMS);
        }
        self.freeze(&new, number, &accepted, &checked.changes)?;
        let verdict = report::verdict(&checked.changes);
        let verdict = if previous.is_empty() { "the first release" } else { &verdict };
        say(&format!("released v{number}: {verdict}\n"));
        if self.root.join("generated").is_dir() && number > 1 {
            say(&format!(
                "the contracts' version is {number} now; `charter generate` writes it to `generated/`\n"
            ));
        }
        Ok(CLEAN)
    }

    /// What the command line accepts. Each allowance must mean something, or it has a typing error.
    fn accepted(&self, changes: &[Change], number: u32) -> anyhow::Result<Vec<Acceptance>> {
        let reason = self.reason.as_deref().unwrap_or_default();
        let mut accepted = Vec::new();
        for allowance in &self.allow {
            let found: Vec<_> = changes
                .iter()
                .filter(|change| change.severity == Severity::Error && allowance.allows(change))
                .map(|change| release::acceptance(change, number, reason))
                .collect();
            anyhow::ensure!(
                !found.is_empty(),
                "nothing breaks `{}` at `{}`; `charter check` shows what does",
                allowance.rule,
                allowance.path
            );
            accepted.extend(found);
        }
        Ok(accepted)
    }

    fn freeze(
        &self,
        contracts: &Contracts,
        number: u32,
        accepted: &[Acceptance],
        changes: &[Change],
    ) -> anyhow::Result<()> {
        for (path, text) in release::files(contracts, number) {
            self.put(&path, &text)?;
        }
        if !accepted.is_empty() {
            self.put(Path::new(release::ACCEPTED), &release::accepted_text(accepted))?;
        }
        let before = fs::read_to_string(self.root.join(release::CHANGELOG)).unwrap_or_default();
        self.put(Path::new(release::CHANGELOG), &release::changelog(&before, number, changes))
    }

    fn put(&self, path: &Path, text: &str) -> anyhow::Result<()> {
        let path = self.root.join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)
                .with_context(|| format!("cannot write `{}`", folder.display()))?;
        }
        fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))
    }
}

fn working_tree(root: &Path) -> anyhow::Result<Contracts> {
    let contracts = Contracts::working_tree(root)?;
    anyhow::ensure!(
        !contracts.is_empty(),
        "`{}` holds no contracts; name the repository's root with `--root`",
        root.display()
    );
    Ok(contracts)
}

/// The check, or `None` with all that is wrong said.
fn checked(
    new: &Contracts,
    previous: &[Contracts],
    judgement: &Judgement,
    format: Format,
) -> Option<Checked> {
    let check = || workspace::check(new, previous, judgement.day(), judgement.strictness());
    match progress::during("holding the contracts against what is out", check) {
        Ok(checked) => Some(checked),
        Err((problems, texts)) => {
            unreadable_contracts(&problems, &texts, format);
            None
        }
    }
}
