//! `charter diff A B`.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, ValueEnum};
use serde_json::{Value as Json, json};

use super::{CLEAN, PROBLEMS};
use crate::check::contracts::Contracts;
use crate::check::git;
use crate::diff::{self, Differing, Fate, Parts};

/// Arguments of `charter diff`.
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 no difference, 1 they differ, 2 could not run.\n\n\
    Examples:\n  \
    charter diff git:origin/main .\n  \
    charter diff schemas/released/v1 schemas\n  \
    charter diff v1.yaml v2.yaml --format json")]
pub(super) struct Diff {
    /// The first side: a folder of contracts, one `.avsc`, one OpenAPI document, or `git:REF`.
    a: String,
    /// The second side.
    b: String,
    /// The repository that `git:REF` is taken from.
    #[arg(long, default_value = ".", value_name = "DIR")]
    root: PathBuf,
    /// How the difference is written to standard output.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// How a difference is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// In words, by contract.
    Text,
    /// For tools: one object.
    Json,
}

impl Diff {
    pub(super) fn run(&self) -> anyhow::Result<u8> {
        let differing = diff::compare(&self.side(&self.a)?, &self.side(&self.b)?);
        let text = match self.format {
            Format::Text => text(&differing),
            Format::Json => format!("{:#}\n", as_json(&differing)),
        };
        std::io::stdout().write_all(text.as_bytes())?;
        Ok(if differing.is_empty() { CLEAN } else { PROBLEMS })
    }

    fn side(&self, side: &str) -> anyhow::Result<Parts> {
        if let Some(reference) = side.strip_prefix("git:") {
            return Ok(diff::all(&git::contracts(&self.root, reference)?)?);
        }
        let path = Path::new(side);
        if path.is_dir() {
            let contracts = Contracts::folder(side, path)?;
            return if contracts.is_empty() { loose(path) } else { Ok(diff::all(&contracts)?) };
        }
        let text = fs::read_to_string(path).with_context(|| format!("cannot read `{side}`"))?;
        Ok(diff::one(side, &text)?)
    }
}

/// A folder of contracts that is no repository: a release, a context.
fn loose(folder: &Path) -> anyhow::Result<Parts> {
    let mut parts = Parts::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let entries =
            fs::read_dir(&folder).with_context(|| format!("cannot read `{}`", folder.display()))?;
        for entry in entries {
            let path = entry.with_context(|| format!("cannot read `{}`", folder.display()))?.path();
            let extension = path.extension().and_then(|extension| extension.to_str());
            if path.is_dir() {
                // What is frozen below a folder is not its own.
                if path.file_name().is_none_or(|name| name != "released") {
                    open.push(path);
                }
            } else if matches!(extension, Some("avsc" | "yaml" | "yml")) {
                let text = fs::read_to_string(&path)
                    .with_context(|| format!("cannot read `{}`", path.display()))?;
                parts.extend(diff::one(&path.to_string_lossy(), &text)?);
            }
        }
    }
    anyhow::ensure!(
        !parts.is_empty(),
        "`{}` holds no contracts; name a folder with `.avsc` files or OpenAPI documents",
        folder.display()
    );
    Ok(parts)
}

fn text(differing: &[Differing]) -> String {
    let mut text = String::new();
    for part in differing {
        let Differing { name, kind, fate } = part;
        let said = if name == kind || name.starts_with(&format!("{kind} ")) {
            name.clone()
        } else {
            format!("{kind} {name}")
        };
        match fate {
            Fate::New => drop(writeln!(text, "+ {said} is new")),
            Fate::Gone => drop(writeln!(text, "- {said} is gone")),
            Fate::Changed(differences) => {
                let _ = writeln!(text, "~ {said}");
                for difference in differences {
                    let _ = writeln!(text, "    {}", difference.text);
                }
            }
        }
    }
    let count =
        |wanted: fn(&Fate) -> bool| differing.iter().filter(|part| wanted(&part.fate)).count();
    if differing.is_empty() {
        text.push_str("no difference\n");
    } else {
        let _ = writeln!(
            text,
            "\n{} new, {} gone, {} changed",
            count(|fate| matches!(fate, Fate::New)),
            count(|fate| matches!(fate, Fate::Gone)),
            count(|fate| matches!(fate, Fate::Changed(_)))
        );
    }
    text
}

fn as_json(differing: &[Differing]) -> Json {
    let part = |part: &Differing| {
        let (change, differences) = match &part.fate {
            Fate::New => ("new", Vec::new()),
            Fate::Gone => ("gone", Vec::new()),
            Fate::Changed(differences) => ("changed", differences.clone()),
        };
        let differences: Vec<Json> = differences
            .iter()
            .map(|found| {
                json!({ "pointer": found.pointer, "text": found.text, "from": found.from, "to": found.to })
            })
            .collect();
        json!({ "name": part.name, "kind": part.kind, "change": change, "differences": differences })
    };
    json!({ "same": differing.is_empty(), "contracts": differing.iter().map(part).collect::<Vec<_>>() })
}
