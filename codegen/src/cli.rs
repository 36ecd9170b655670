//! The command line: what it takes, and what its exit codes say.

mod check;
mod compat;
mod diff;
mod doc;
mod fmt;
mod impact;
mod lint;
mod new;
mod registered;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::check::rules as change_rules;
use crate::input::Input;
use crate::lint::rules as lint_rules;
use crate::problem::Problem;
use crate::progress;
use crate::registry::{Outcome, Registry};
use crate::rules::{self, Severity};
use crate::sync::{self, Changes};
use crate::{compile, emit, report};

/// No problem, and the files are up to date.
const CLEAN: u8 = 0;
/// The contracts break rules.
const PROBLEMS: u8 = 1;
/// The run could not be made. What clap answers a wrong command line with, too.
const COULD_NOT_RUN: u8 = 2;
/// Generated files need an update.
const STALE: u8 = 4;

/// The contract compiler.
#[derive(Debug, Parser)]
#[command(
    name = "charter",
    version,
    after_help = "Exit codes: 0 clean, 1 problems found, 2 could not run, 4 generated files need an update."
)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check the contracts and write the code between them to `generated/`.
    #[command(
        after_help = "Examples:\n  charter generate\n  charter generate --check\n  charter generate --root ../shop --format json"
    )]
    Generate {
        /// Write nothing; exit with 4 where files need an update.
        #[arg(long)]
        check: bool,
        /// The repository's root, which holds `schemas/` and `openapi/`.
        #[arg(long, default_value = ".", value_name = "DIR")]
        root: PathBuf,
        /// How problems are written to standard error.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Hold two versions of one contract against each other: two `.avsc` files, or two OpenAPI documents.
    Compat(compat::Compat),
    /// Say what differs between two folders, files or commits of contracts, and judge nothing.
    Diff(diff::Diff),
    /// Write a site of all contracts: messages, operations, views, and who sends what to whom.
    Doc(doc::Doc),
    /// Hold all contracts against what is out, and say what a change breaks, and whom.
    Check(check::Check),
    /// Hold the contracts to what good ones have: words, names, types, bounds, examples.
    Lint(lint::Lint),
    /// Make a project, a service, a context, a command, an event or a view to begin with.
    New(new::New),
    /// Bring schemas (`.avsc`) into the one layout.
    Fmt(fmt::Fmt),
    /// Say whom a change of a type touches: messages, operations, projections, rooms.
    Impact(impact::Impact),
    /// Freeze the contracts as the next version, unless something breaks.
    Release(check::Release),
    /// Carry contracts to and from a Confluent-compatible schema registry, and hold them against it.
    Registry(Registry),
    /// Say what a rule asks for and what mends a breach.
    #[command(
        after_help = "Examples:\n  charter explain\n  charter explain KEY_UNKNOWN\n  charter explain money-float"
    )]
    Explain {
        /// The rule's id, as a problem shows it: `KEY_UNKNOWN`. Without one, all rules.
        rule: Option<String>,
    },
    /// Print the script that completes this command line in a shell.
    #[command(after_help = "Examples:\n  \
        charter completions bash > ~/.local/share/bash-completion/completions/charter\n  \
        charter completions zsh > ~/.zfunc/_charter\n  \
        charter completions fish > ~/.config/fish/completions/charter.fish\n  \
        charter completions powershell >> $PROFILE")]
    Completions {
        /// The shell.
        shell: Shell,
    },
}

/// How problems are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people, with excerpts.
    Text,
    /// For tools: an array of objects.
    Json,
}

impl Arguments {
    /// Does what the command line asks for. Says everything itself; the code is the process's.
    #[must_use]
    pub fn run(self) -> ExitCode {
        let code = match self.command {
            Command::Generate { check, root, format } => generate(check, &root, format),
            Command::Compat(compat) => compat.run(),
            Command::Diff(diff) => diff.run(),
            Command::Doc(doc) => doc.run(),
            Command::Check(check) => check.run(),
            Command::Lint(lint) => lint.run(),
            Command::New(new) => new.run(),
            Command::Fmt(fmt) => fmt.run(),
            Command::Impact(impact) => impact.run(),
            Command::Release(release) => release.run(),
            Command::Registry(registry) => registry.run().map(|outcome| match outcome {
                Outcome::Clean => CLEAN,
                Outcome::Differs => PROBLEMS,
            }),
            Command::Explain { rule } => explain(rule.as_deref()),
            Command::Completions { shell } => completions(shell),
        };
        ExitCode::from(code.unwrap_or_else(|error| {
            say(&format!("error: {error:#}\n"));
            COULD_NOT_RUN
        }))
    }
}

fn generate(check: bool, root: &Path, format: Format) -> anyhow::Result<u8> {
    let input = Input::read(root)?;
    let compiled = progress::during("reading the contracts", || compile(&input));
    show(&compiled.problems, &input, format);
    let Some(contracts) = compiled.contracts else { return Ok(PROBLEMS) };
    let mut outputs = progress::during("writing code", || emit::emit(&contracts));
    outputs.extend(crate::doc::catalogue(root, &contracts)?);
    let changes = sync::compare(root, &outputs)?;
    if changes.is_empty() {
        return Ok(CLEAN);
    }
    if check {
        say(&stale(&changes, root));
        return Ok(STALE);
    }
    sync::apply(root, &outputs, &changes)?;
    say(&written(&changes));
    Ok(CLEAN)
}

fn show(problems: &[Problem], input: &Input, format: Format) {
    let texts: BTreeMap<_, _> = input
        .schemas
        .iter()
        .chain(&input.openapi)
        .map(|file| (file.path.clone(), file.text.clone()))
        .collect();
    match format {
        Format::Json => say(&report::render_json(problems)),
        Format::Text if problems.is_empty() => {}
        Format::Text => say(&report::render(problems, &texts, std::io::stderr().is_terminal())),
    }
}

fn stale(changes: &Changes, root: &Path) -> String {
    let mut text = "generated files need an update:\n".to_owned();
    for (path, word) in changes.lines() {
        let _ = writeln!(text, "  {path} ({word})");
    }
    let root =
        if root == Path::new(".") { String::new() } else { format!(" --root {}", root.display()) };
    let _ = writeln!(text, "run `charter generate{root}`");
    text
}

fn written(changes: &Changes) -> String {
    let count = changes.missing.len() + changes.differing.len();
    format!("{count} written, {} removed\n", changes.orphans.len())
}

fn explain(rule: Option<&str>) -> anyhow::Result<u8> {
    let text = match rule {
        None => list_rules(),
        Some(id) => explanation(id).ok_or_else(|| {
            anyhow::anyhow!("expected a rule's id, found `{id}`; `charter explain` lists them")
        })?,
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(CLEAN)
}

fn completions(shell: Shell) -> anyhow::Result<u8> {
    // Into memory first: the generator panics where its output is closed, as by `charter completions bash | head`.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "charter", &mut script);
    std::io::stdout().write_all(&script)?;
    Ok(CLEAN)
}

fn list_rules() -> String {
    let own = rules::ALL.iter().map(|rule| (rule.id, rule.purpose));
    let changes = change_rules().into_iter().map(|rule| (rule.id.as_str(), rule.what.as_str()));
    let lints = lint_rules::all().into_iter().map(|rule| (rule.id, rule.purpose));
    let all = own.chain(rules::OF_PARSERS.iter().copied()).chain(changes).chain(lints);
    all.fold(String::new(), |mut text, (id, purpose)| {
        let _ = writeln!(text, "{id}: {purpose}");
        text
    })
}

fn explanation(id: &str) -> Option<String> {
    if let Some(rule) = rules::find(id) {
        let then = match rule.severity {
            Severity::Error => "A breach stops generation.",
            Severity::Warning => "A breach is a warning.",
            Severity::Info => "A breach is said, and no more.",
        };
        return Some(format!(
            "{}\n\nHolds when {}.\n{then}\nTo mend a breach, {}.\n",
            rule.id, rule.purpose, rule.mend
        ));
    }
    if let Some(rule) = change_rules().into_iter().find(|rule| rule.id == id) {
        let strict = if rule.strict == rule.severity {
            String::new()
        } else {
            format!(" In a strict run it is {}.", words(rule.strict))
        };
        return Some(format!(
            "{}\n\nReported when {}.\nIt is {}.{strict}\nWhat to do: {}.\n",
            rule.id,
            rule.what,
            words(rule.severity),
            rule.mend
        ));
    }
    if let Some(rule) = lint_rules::find(id) {
        return Some(lint::explanation(rule));
    }
    let (id, purpose) = rules::OF_PARSERS.iter().find(|(known, _)| *known == id)?;
    Some(format!("{id}\n\nHolds when {purpose}.\nA breach stops generation.\n"))
}

fn words(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "an error, which makes the change a breaking one",
        Severity::Warning => "a warning",
        Severity::Info => "a note",
    }
}

/// Writes to standard error. Where that is gone, there is nobody to tell.
fn say(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}
