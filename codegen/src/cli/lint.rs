//! `charter lint`.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::compat::{Format, seen_from_root, unreadable_contracts};
use super::{CLEAN, COULD_NOT_RUN, PROBLEMS};
use crate::check::change::Change;
use crate::check::contracts::Contracts;
use crate::check::formats::{self, Topic};
use crate::lint::finding::{self, Finding};
use crate::lint::rules::LintRule;
use crate::lint::{Linted, allow};
use crate::problem::Problem;
use crate::progress;
use crate::report;
use crate::rules::Severity;

/// Arguments of `charter lint`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 nothing found that counts, 1 something found, 2 could not run.\n\n\
    Examples:\n  \
    charter lint\n  \
    charter lint --format github\n  \
    charter lint --fail-on info\n  \
    charter explain field-doc\n\n\
    A rule is switched off with a reason: for a type or field of a schema by\n  \
    \"charter\": { \"lint\": { \"allow\": { \"field-doc\": \"the API has the words\" } } }\n\
    for a value of an OpenAPI document by\n  \
    x-charter-lint-allow: { path-plural: \"a name that clients know\" }\n\
    for files and for all in `charter-lint.yaml` by\n  \
    allow: { enum-default: \"readers upgrade first\" }\n  \
    files: { schemas/shared/: { example-missing: \"made by the runtime\" } }"
)]
pub(super) struct Lint {
    /// The repository's root, which holds `schemas/` and `openapi/`.
    #[arg(long, default_value = ".", value_name = "DIR")]
    root: PathBuf,
    /// How the report is written to standard output.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// From which severity on a finding makes the run fail.
    #[arg(long, value_enum, default_value_t = Bar::Warning)]
    fail_on: Bar,
}

/// What makes a run fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Bar {
    /// Errors only.
    Error,
    /// Errors and warnings.
    Warning,
    /// Everything.
    Info,
}

impl Bar {
    fn fails(self, worst: Severity) -> bool {
        match self {
            Self::Error => worst == Severity::Error,
            Self::Warning => worst != Severity::Info,
            Self::Info => true,
        }
    }
}

impl Lint {
    pub(super) fn run(&self) -> anyhow::Result<u8> {
        let contracts = Contracts::working_tree(&self.root)?;
        anyhow::ensure!(
            !contracts.is_empty(),
            "`{}` holds no contracts; name the repository's root with `--root`",
            self.root.display()
        );
        let config = allow::config(&self.root)?;
        let lint = || crate::lint::lint(&contracts, config.as_ref());
        let linted = match progress::during("looking at the contracts", lint) {
            Ok(linted) => linted,
            Err((problems, texts)) => {
                unreadable_contracts(&problems, &texts, self.format);
                return Ok(COULD_NOT_RUN);
            }
        };
        self.write(&linted)?;
        let fails = finding::worst(&linted.findings).is_some_and(|worst| self.fail_on.fails(worst));
        Ok(if fails { PROBLEMS } else { CLEAN })
    }

    fn write(&self, linted: &Linted) -> std::io::Result<()> {
        let findings = &linted.findings;
        let changes: Vec<Change> = findings.iter().filter_map(Finding::change).collect();
        let changes = seen_from_root(&changes, self.format).unwrap_or(changes);
        let topic = Topic {
            command: "charter lint",
            verdict: finding::verdict(findings),
            errors: "To mend",
            notes: "to think about",
            nothing: "nothing found",
        };
        let mut out = std::io::stdout();
        let text = match self.format {
            Format::Text if findings.is_empty() => String::new(),
            Format::Text => {
                let problems: Vec<Problem> = findings.iter().map(Finding::problem).collect();
                report::render(&problems, &linted.texts, out.is_terminal())
            }
            Format::Short => short(findings),
            Format::Json => json(findings, &changes),
            Format::Sarif => formats::sarif(&changes),
            Format::Github => formats::github(&changes, &topic),
            Format::Junit => formats::junit(&changes, &topic),
            Format::Markdown => formats::markdown(&changes, &topic),
            Format::Html => formats::html(&changes, &topic),
        };
        out.write_all(text.as_bytes())
    }
}

/// A line each: `file:line:column: severity rule: subject: text`.
fn short(findings: &[Finding]) -> String {
    let mut out = String::new();
    for finding in findings {
        let origin = &finding.spot.origin;
        let _ = writeln!(
            out,
            "{}:{}:{}: {} {}: {}: {}",
            origin.file,
            origin.line,
            origin.column,
            finding.rule.severity.as_str(),
            finding.rule.id,
            finding.subject,
            finding.text
        );
    }
    out
}

fn json(findings: &[Finding], changes: &[Change]) -> String {
    let count =
        |severity| findings.iter().filter(|finding| finding.rule.severity == severity).count();
    let one = |(finding, change): (&Finding, &Change)| {
        let origin = &finding.spot.origin;
        json!({
            "rule": finding.rule.id,
            "severity": finding.rule.severity.as_str(),
            "subject": finding.subject,
            "text": finding.text,
            "at": { "file": origin.file, "line": origin.line, "column": origin.column },
            "pointer": finding.spot.pointer,
            "help": finding.rule.mend,
            "source": finding.rule.source,
            "fingerprint": change.fingerprint(),
        })
    };
    let document = json!({
        "errors": count(Severity::Error),
        "warnings": count(Severity::Warning),
        "notes": count(Severity::Info),
        "findings": findings.iter().zip(changes).map(one).collect::<Vec<_>>(),
    });
    format!("{document:#}\n")
}

/// What `charter explain` says of a rule.
pub(super) fn explanation(rule: &LintRule) -> String {
    let severity = match rule.severity {
        Severity::Error => "an error",
        Severity::Warning => "a warning",
        Severity::Info => "a note",
    };
    format!(
        "{}\n\n`charter lint` asks that {}.\nA breach is {severity}.\nSource: {}.\n\nBreaks it: {}\nKeeps it:  {}\n\n\
         To mend a breach, {}.\nTo allow one, say why in `\"charter\": {{ \"lint\": {{ \"allow\": {{ \"{0}\": \"…\" }} }} }}`, \
         in `x-charter-lint-allow` of an OpenAPI document, or in `charter-lint.yaml`.\n",
        rule.id, rule.purpose, rule.source, rule.bad, rule.good, rule.mend
    )
}
