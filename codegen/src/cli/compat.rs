//! `charter compat OLD NEW`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use charter_avro::compat::Mode;
use charter_avro::logical::Date;
use charter_avro::schema::{Schema, SchemaErrors};
use clap::{Args, ValueEnum};

use super::{CLEAN, COULD_NOT_RUN, PROBLEMS, say};
use crate::check::avro::{self, Version};
use crate::check::change::Change;
use crate::check::formats::{self, Topic};
use crate::check::git;
use crate::check::openapi::{self, Document, Files, Strictness};
use crate::problem::{Problem, origin};
use crate::report;
use crate::rules::Severity;

/// Arguments of `charter compat`.
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 nothing breaks, 1 something breaks, 2 could not run.\n\n\
    Examples:\n  \
    charter compat released/order_placed.avsc schemas/shop/events/order_placed.avsc\n  \
    charter compat --format json v1.yaml v2.yaml")]
pub(super) struct Compat {
    /// The version that is out.
    old: PathBuf,
    /// The version that is to follow it.
    new: PathBuf,
    /// How the report is written to standard output.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    judgement: Judgement,
    /// Who must be able to read whom, of two Avro schemas. Without it what the new schema says in
    /// `charter.compatibility`, else `BACKWARD_TRANSITIVE`.
    #[arg(long, value_parser = mode)]
    mode: Option<Mode>,
}

/// How changes are judged.
#[derive(Debug, Args)]
pub(super) struct Judgement {
    /// Judge by charter's own rules too, which are warnings else (`charter explain RULE`).
    #[arg(long)]
    strict: bool,
    /// The day that sunsets are held against, for example 2026-12-31. Without it, today (UTC).
    #[arg(long, value_name = "DAY", value_parser = day)]
    date: Option<Date>,
}

impl Judgement {
    pub(super) fn strictness(&self) -> Strictness {
        if self.strict { Strictness::Strict } else { Strictness::Parity }
    }

    pub(super) fn day(&self) -> Date {
        self.date.unwrap_or_else(today)
    }
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people, with excerpts.
    Text,
    /// A line each.
    Short,
    /// For tools: one object with the verdict and all changes.
    Json,
    /// For code scanning: SARIF 2.1.0.
    Sarif,
    /// For GitHub Actions: annotations on the lines of a pull request.
    Github,
    /// For test reports, as `JUnit` writes them.
    Junit,
    /// For a comment on a pull request.
    Markdown,
    /// A page that stands alone.
    Html,
}

/// The texts of a report's files, by their paths.
pub(super) type Texts = BTreeMap<String, String>;

impl Compat {
    pub(super) fn run(&self) -> anyhow::Result<u8> {
        let (old, new) = (Contract::read(&self.old)?, Contract::read(&self.new)?);
        let mut texts = Texts::new();
        let compared = match (old.kind(), new.kind()) {
            (ContractKind::OpenApi, ContractKind::OpenApi) => self.openapi(old, new, &mut texts),
            (ContractKind::Avro, ContractKind::Avro) => self.avro(&old, &new, &mut texts),
            (ContractKind::OpenApi, ContractKind::Avro)
            | (ContractKind::Avro, ContractKind::OpenApi) => {
                anyhow::bail!(
                    "expected two contracts of one kind, found {} at `{}` and {} at `{}`",
                    old.kind().words(),
                    old.path,
                    new.kind().words(),
                    new.path
                );
            }
        };
        match compared {
            Ok(changes) => Ok(write(&changes, &texts, self.format)?),
            Err(problems) => {
                unreadable_contracts(&problems, &texts, self.format);
                Ok(COULD_NOT_RUN)
            }
        }
    }

    fn openapi(
        &self,
        old: Contract,
        new: Contract,
        texts: &mut Texts,
    ) -> Result<Vec<Change>, Vec<Problem>> {
        let mut load = |contract: Contract| {
            texts.insert(contract.path.clone(), contract.text.clone());
            let document = Document::load(&contract.path, contract.text, &OnDisk);
            let document = document.map_err(|problem| vec![*problem])?;
            texts.extend(document.texts().map(|(path, text)| (path.to_owned(), text.to_owned())));
            Ok::<_, Vec<Problem>>(document)
        };
        let (old, new) = (load(old)?, load(new)?);
        openapi::compare(&old, &new, self.judgement.day(), self.judgement.strictness())
    }

    fn avro(
        &self,
        old: &Contract,
        new: &Contract,
        texts: &mut Texts,
    ) -> Result<Vec<Change>, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut parse = |contract: &Contract| {
            texts.insert(contract.path.clone(), contract.text.clone());
            match Schema::parse(&contract.text) {
                Ok(schema) => Some(Version {
                    name: contract.path.clone(),
                    schema,
                    paths: vec![contract.path.clone()],
                }),
                Err(errors) => {
                    problems.extend(unreadable(&errors, &contract.path));
                    None
                }
            }
        };
        let (Some(old), Some(new)) = (parse(old), parse(new)) else { return Err(problems) };
        let mode = self.mode.or_else(|| avro::mode_of(&new.schema)).unwrap_or(avro::DEFAULT_MODE);
        Ok(avro::compare(mode, &new, &[old], self.judgement.strictness()))
    }
}

/// Says on standard error why there is no verdict.
pub(super) fn unreadable_contracts(problems: &[Problem], texts: &Texts, format: Format) {
    if format == Format::Json {
        say(&report::render_json(problems));
    } else {
        say(&report::render(problems, texts, std::io::stderr().is_terminal()));
    }
}

/// Writes a report to standard output. What comes back is the exit code.
pub(super) fn write(changes: &[Change], texts: &Texts, format: Format) -> std::io::Result<u8> {
    let mut out = std::io::stdout();
    let topic = Topic::changes(changes);
    let placed = seen_from_root(changes, format);
    let changes = placed.as_deref().unwrap_or(changes);
    let text = match format {
        Format::Json => formats::json(changes),
        Format::Sarif => formats::sarif(changes),
        Format::Github => formats::github(changes, &topic),
        Format::Junit => formats::junit(changes, &topic),
        Format::Markdown => formats::markdown(changes, &topic),
        Format::Html => formats::html(changes, &topic),
        Format::Short => report::render_short(changes),
        Format::Text => report::render_changes(changes, texts, out.is_terminal()),
    };
    out.write_all(text.as_bytes())?;
    let breaking = changes.iter().any(|change| change.severity == Severity::Error);
    Ok(if breaking { PROBLEMS } else { CLEAN })
}

/// The changes with their places as seen from the root of the work tree, for formats whose readers look from there:
/// annotations on a pull request are lost when a check ran in a folder of the repository and names its own paths.
pub(super) fn seen_from_root(changes: &[Change], format: Format) -> Option<Vec<Change>> {
    if !matches!(format, Format::Github | Format::Sarif) {
        return None;
    }
    let prefix = git::prefix(Path::new("."));
    if prefix.is_empty() {
        return None;
    }
    let mut placed = changes.to_vec();
    for spot in placed.iter_mut().filter_map(|change| change.revision.as_mut()) {
        let file = &spot.origin.file;
        if !file.starts_with(['/', '.']) {
            spot.origin.file = format!("{prefix}{file}");
        }
    }
    Some(placed)
}

fn unreadable(errors: &SchemaErrors, path: &str) -> Vec<Problem> {
    let problem = |error: &charter_avro::schema::SchemaError| Problem {
        rule: error.rule,
        severity: Severity::Error,
        message: error.message.clone(),
        origin: origin(path, error.span),
        label: "here".to_owned(),
        related: Vec::new(),
        help: error
            .help
            .clone()
            .unwrap_or_else(|| "mend the file; nothing was compared".to_owned()),
    };
    errors.0.iter().map(problem).collect()
}

/// A file on the command line.
struct Contract {
    path: String,
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ContractKind {
    OpenApi,
    Avro,
}

impl ContractKind {
    fn words(self) -> &'static str {
        match self {
            Self::OpenApi => "an OpenAPI document",
            Self::Avro => "an Avro schema",
        }
    }
}

impl Contract {
    fn read(path: &Path) -> anyhow::Result<Self> {
        let name = path.to_string_lossy().replace('\\', "/");
        let text = fs::read_to_string(path).with_context(|| format!("cannot read `{name}`"))?;
        Ok(Self { path: name, text })
    }

    /// What the file says it is: an Avro schema by its name, an OpenAPI document by its name or its first word.
    fn kind(&self) -> ContractKind {
        let extension = Path::new(&self.path).extension().and_then(|extension| extension.to_str());
        match extension {
            Some("avsc") => ContractKind::Avro,
            Some("yaml" | "yml") => ContractKind::OpenApi,
            _ if self.text.contains("openapi") && self.text.contains("paths") => {
                ContractKind::OpenApi
            }
            // An OpenAPI 2 document is refused as one, with its version.
            _ if ["\"openapi\"", "\"swagger\""].iter().any(|key| self.text.contains(key)) => {
                ContractKind::OpenApi
            }
            _ => ContractKind::Avro,
        }
    }
}

/// Files beside a document, on disk.
pub(super) struct OnDisk;

impl Files for OnDisk {
    fn read(&self, path: &str) -> Result<String, String> {
        fs::read_to_string(path).map_err(|error| error.to_string())
    }
}

fn mode(text: &str) -> Result<Mode, String> {
    text.parse().map_err(|error: charter_avro::compat::UnknownMode| error.to_string())
}

fn day(text: &str) -> Result<Date, String> {
    text.parse().map_err(|error: charter_avro::logical::ParseError| error.to_string())
}

fn today() -> Date {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    Date::from_days(i32::try_from(seconds / 86_400).unwrap_or(i32::MAX))
}
