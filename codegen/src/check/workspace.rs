//! All contracts of a repository held against what is out.

use std::collections::{BTreeMap, BTreeSet};

use charter_avro::logical::Date;
use charter_avro::schema::{SchemaError, SchemaSet, SourceFile};

use super::avro::rules as avro_rules;
use super::avro::{self, Reach, Version};
use super::change::{self, Change};
use super::contracts::Contracts;
use super::hits::{self, Users};
use super::openapi::{self, Document, Files, Strictness};
use crate::attribute::NAME;
use crate::problem::{Problem, Problems, origin};
use crate::rules::Severity;

/// What a check found.
#[derive(Debug, Default)]
pub struct Checked {
    /// The changes, the worst first.
    pub changes: Vec<Change>,
    /// The texts of all files that the changes point at, by their paths.
    pub texts: BTreeMap<String, String>,
}

/// The Avro contracts of one time.
pub(super) struct Schemas<'c> {
    contracts: &'c Contracts,
    pub(super) set: SchemaSet,
    paths: Vec<String>,
}

impl<'c> Schemas<'c> {
    pub(super) fn parse(contracts: &'c Contracts, problems: &mut Problems) -> Self {
        let files = contracts.schema_files();
        let sources: Vec<SourceFile> =
            files.into_iter().map(|file| SourceFile { path: file.path, text: file.text }).collect();
        let (set, errors) = SchemaSet::parse(&sources);
        for error in &errors {
            problems.push(problem(error, &sources[error.file].path));
        }
        Self { contracts, set, paths: sources.into_iter().map(|source| source.path).collect() }
    }

    pub(super) fn version(&self, name: &str) -> Option<Version> {
        Some(Version {
            name: self.contracts.name.clone(),
            schema: self.set.schema(name)?,
            paths: self.paths.clone(),
        })
    }

    pub(super) fn names(&self) -> BTreeSet<String> {
        self.set.types().map(|named| named.name.to_string()).collect()
    }
}

/// Holds `new` against `previous`, oldest first: Avro contracts against all of them, as their modes ask, documents
/// against the last.
///
/// # Errors
/// Where contracts cannot be read: all that is wrong with them.
pub fn check(
    new: &Contracts,
    previous: &[Contracts],
    today: Date,
    strictness: Strictness,
) -> Result<Checked, (Vec<Problem>, BTreeMap<String, String>)> {
    let mut problems = Problems::default();
    let mut texts = BTreeMap::new();
    for contracts in previous.iter().chain([new]) {
        texts.extend(contracts.schema_files().into_iter().map(|file| (file.path, file.text)));
        texts.extend(
            contracts
                .openapi
                .iter()
                .map(|(path, text)| (contracts.document_path(path), text.clone())),
        );
    }
    let now = Schemas::parse(new, &mut problems);
    let before: Vec<Schemas<'_>> =
        previous.iter().map(|contracts| Schemas::parse(contracts, &mut problems)).collect();
    let mut changes = Vec::new();
    if problems.errors() == 0 {
        schemas(&now, &before, strictness, &mut changes);
    }
    if let Some(last) = previous.last() {
        documents(last, new, (today, strictness), &mut changes, &mut problems);
    }
    if problems.errors() > 0 {
        return Err((problems.into_sorted(), texts));
    }
    let users = before.last().map(|last| Users::new(&last.set, last.contracts));
    hits::find(&mut changes, &Users::new(&now.set, new), users.as_ref());
    change::sort(&mut changes);
    Ok(Checked { changes, texts })
}

fn schemas(
    now: &Schemas<'_>,
    before: &[Schemas<'_>],
    strictness: Strictness,
    changes: &mut Vec<Change>,
) {
    let Some(last) = before.last() else { return };
    let (names, old) = (now.names(), last.names());
    for name in &names {
        let Some(new) = now.version(name) else { continue };
        if travels(&new) {
            let previous: Vec<Version> =
                before.iter().filter_map(|schemas| schemas.version(name)).collect();
            let mode = avro::mode_of(&new.schema).unwrap_or(avro::DEFAULT_MODE);
            changes.extend(avro::violations(mode, &new, &previous, strictness));
        }
        match last.version(name) {
            Some(old) => changes.extend(avro::differences(&old, &new, Reach::Type, strictness)),
            None => changes.extend(whole(&new, true, strictness)),
        }
    }
    for name in old.difference(&names) {
        if let Some(old) = last.version(name) {
            changes.extend(whole(&old, false, strictness));
        }
    }
}

/// Whether data of a type lies in logs and histories by itself: messages, and what all contexts share.
pub(super) fn travels(version: &Version) -> bool {
    let node = version.schema.node(version.schema.root());
    let shared = node.kind.name().and_then(|name| name.namespace()) == Some(crate::types::SHARED);
    matches!(kind(version), Some("command" | "event")) || (shared && kind(version).is_none())
}

fn kind(version: &Version) -> Option<&str> {
    version.schema.node(version.schema.root()).attribute(NAME)?.get("kind")?.as_str()
}

/// A type that came or went as a whole.
fn whole(version: &Version, came: bool, strictness: Strictness) -> Vec<Change> {
    let node = version.schema.node(version.schema.root());
    let (row, word) = match (came, kind(version)) {
        (true, Some(kind)) => (&avro_rules::TYPE_ADDED, kind.to_owned()),
        (true, None) => (&avro_rules::TYPE_ADDED, "type".to_owned()),
        (false, Some("command")) => (&avro_rules::COMMAND_REMOVED, "command".to_owned()),
        (false, Some("event")) => (&avro_rules::EVENT_REMOVED, "event".to_owned()),
        (false, Some(kind)) => (&avro_rules::VIEW_REMOVED, kind.to_owned()),
        (false, None) => (&avro_rules::SHARED_REMOVED, "type".to_owned()),
    };
    let name = avro::subject(&version.schema);
    let text = format!("the {word} `{name}` is {}", if came { "new" } else { "gone" });
    let spot = Some(version.spot_of(node, ""));
    let mut found = avro::Found::new(name, strictness);
    let (base, revision) = if came { (None, spot) } else { (spot, None) };
    found.push(row, text, base, revision);
    found.changes
}

fn documents(
    old: &Contracts,
    new: &Contracts,
    (today, strictness): (Date, Strictness),
    changes: &mut Vec<Change>,
    problems: &mut Problems,
) {
    let (before, now) = (old.documents(), new.documents());
    for path in &before {
        if !now.contains(path) {
            let text = format!("the document `{path}` is gone");
            changes.extend(openapi::whole(&old.document_path(path), text, false, strictness));
            continue;
        }
        match (load(old, path), load(new, path)) {
            (Ok(old), Ok(new)) => match openapi::compare(&old, &new, today, strictness) {
                Ok(found) => changes.extend(found),
                Err(found) => found.into_iter().for_each(|problem| problems.push(problem)),
            },
            (old, new) => {
                for problem in [old.err(), new.err()].into_iter().flatten() {
                    problems.push(*problem);
                }
            }
        }
    }
    for path in now.iter().filter(|path| !before.contains(path)) {
        let text = format!("the document `{path}` is new");
        changes.extend(openapi::whole(&new.document_path(path), text, true, strictness));
    }
}

pub(crate) fn load(contracts: &Contracts, path: &str) -> Result<Document, Box<Problem>> {
    let text = contracts.openapi.get(path).cloned().unwrap_or_default();
    Document::load(&contracts.document_path(path), text, &Beside(contracts))
}

/// The files beside a document, of the same time.
struct Beside<'c>(&'c Contracts);

impl Files for Beside<'_> {
    fn read(&self, path: &str) -> Result<String, String> {
        let front = format!("{}{}", self.0.prefix, self.0.openapi_at);
        let found = path.strip_prefix(&front).and_then(|path| self.0.openapi.get(path));
        found.cloned().ok_or_else(|| format!("no file `{path}`"))
    }
}

pub(crate) fn problem(error: &SchemaError, path: &str) -> Problem {
    Problem {
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
    }
}
