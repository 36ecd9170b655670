//! `charter fmt`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use charter_avro::source::SourceError;
use clap::Args;

use super::{CLEAN, COULD_NOT_RUN, STALE, say};
use crate::input::Input;
use crate::problem::{Problem, origin};
use crate::report;
use crate::rules::Severity;

/// What stands for the standard input on the command line.
const STANDARD_INPUT: &str = "-";

/// Arguments of `charter fmt`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 formatted, 2 could not run, 4 files need an update (with `--check`).\n\n\
    Examples:\n  \
    charter fmt\n  \
    charter fmt --check\n  \
    charter fmt schemas/seat/commands/hold_seats.avsc\n  \
    charter fmt - < draft.avsc"
)]
pub(super) struct Fmt {
    /// The files; `-` is standard input, whose layout goes to standard output. Without any, all schemas below
    /// `schemas`, but the released ones.
    #[arg(value_name = "FILES")]
    files: Vec<PathBuf>,
    /// Write nothing; exit with 4 where files need an update.
    #[arg(long)]
    check: bool,
    /// The repository's root, which holds `schemas/`.
    #[arg(long, default_value = ".", value_name = "DIR", conflicts_with = "files")]
    root: PathBuf,
}

/// A file and what it is called in messages.
struct Schema {
    name: String,
    path: PathBuf,
    text: String,
}

impl Fmt {
    pub(super) fn run(&self) -> anyhow::Result<u8> {
        if self.files.iter().any(|file| file == Path::new(STANDARD_INPUT)) {
            return self.standard_input();
        }
        let mut problems = Vec::new();
        let mut texts = BTreeMap::new();
        let mut stale = Vec::new();
        for schema in self.schemas()? {
            match crate::fmt::format(&schema.text) {
                Ok(text) if text == schema.text => {}
                Ok(text) => stale.push((schema, text)),
                Err(error) => {
                    problems.push(problem(error, &schema.name));
                    texts.insert(schema.name, schema.text);
                }
            }
        }
        if !problems.is_empty() {
            say(&report::render(&problems, &texts, std::io::stderr().is_terminal()));
            return Ok(COULD_NOT_RUN);
        }
        if stale.is_empty() {
            return Ok(CLEAN);
        }
        if self.check {
            say(&self.needed(&stale));
            return Ok(STALE);
        }
        for (schema, text) in &stale {
            fs::write(&schema.path, text)
                .with_context(|| format!("cannot write `{}`", schema.path.display()))?;
        }
        say(&format!("{} formatted\n", stale.len()));
        Ok(CLEAN)
    }

    fn schemas(&self) -> anyhow::Result<Vec<Schema>> {
        if self.files.is_empty() {
            let schemas = Input::read(&self.root)?.schemas.into_iter();
            let schema = |file: crate::input::File| Schema {
                path: self.root.join(&file.path),
                name: file.path,
                text: file.text,
            };
            return Ok(schemas.map(schema).collect());
        }
        let schema = |path: &PathBuf| {
            let name = path.to_string_lossy().replace('\\', "/");
            let text = fs::read_to_string(path).with_context(|| format!("cannot read `{name}`"))?;
            Ok(Schema { name, path: path.clone(), text })
        };
        self.files.iter().map(schema).collect()
    }

    fn standard_input(&self) -> anyhow::Result<u8> {
        anyhow::ensure!(
            self.files.len() == 1,
            "expected `{STANDARD_INPUT}` alone, found other files beside it"
        );
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
        match crate::fmt::format(&text) {
            Ok(formatted) if self.check => Ok(if formatted == text { CLEAN } else { STALE }),
            Ok(formatted) => {
                std::io::stdout().write_all(formatted.as_bytes())?;
                Ok(CLEAN)
            }
            Err(error) => {
                let name = "standard input";
                let texts = BTreeMap::from([(name.to_owned(), text)]);
                let problems = [problem(error, name)];
                say(&report::render(&problems, &texts, std::io::stderr().is_terminal()));
                Ok(COULD_NOT_RUN)
            }
        }
    }

    fn needed(&self, stale: &[(Schema, String)]) -> String {
        let mut text = "schemas need formatting:\n".to_owned();
        for (schema, _) in stale {
            let _ = writeln!(text, "  {}", schema.name);
        }
        let root = if self.root == Path::new(".") {
            String::new()
        } else {
            format!(" --root {}", self.root.display())
        };
        let mut command = format!("charter fmt{root}");
        for file in &self.files {
            let _ = write!(command, " {}", file.display());
        }
        let _ = writeln!(text, "run `{command}`");
        text
    }
}

fn problem(error: SourceError, path: &str) -> Problem {
    Problem {
        rule: error.rule,
        severity: Severity::Error,
        message: error.message,
        origin: origin(path, error.span),
        label: "here".to_owned(),
        related: Vec::new(),
        help: "mend the file; nothing was formatted".to_owned(),
    }
}
