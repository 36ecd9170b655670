//! Two versions of an Avro schema: what readers and writers cannot do any more, by the engine of `charter-avro`; and
//! what a check of schemas alone does not see.

mod attribute;
pub(crate) mod rules;
mod structure;

use std::fmt::Write as _;

use charter_avro::compat::{
    Direction, Incompatibility, IncompatibilityKind, Mode, check_mode, witness,
};
use charter_avro::schema::{Kind, Node, Schema};
use charter_avro::source::Span;

pub use attribute::DEFAULT_MODE;

use self::rules::Row;
use super::change::{self, Change, Proof, Spot};
use super::openapi::Strictness;
use crate::problem::origin;

/// A version of a schema, and the files that it is written in.
#[derive(Clone, Debug)]
pub struct Version {
    /// What reports call it: `1.2`, `HEAD~1`, a path.
    pub name: String,
    /// The schema.
    pub schema: Schema,
    /// The path of each of its files, by their numbers in the schema's nodes.
    pub paths: Vec<String>,
}

/// Which mode a schema asks for in its attribute `charter`.
#[must_use]
pub fn mode_of(schema: &Schema) -> Option<Mode> {
    let node = schema.node(schema.root());
    node.attribute(crate::attribute::NAME)?.get("compatibility")?.as_str()?.parse().ok()
}

/// How far a comparison looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Into all types that the schema refers to.
    Everything,
    /// Into this type only; named types that it refers to are compared by themselves.
    Type,
}

/// What differs between two versions of a schema beside what readers and writers cannot do any more. The worst first.
#[must_use]
pub fn differences(
    old: &Version,
    new: &Version,
    reach: Reach,
    strictness: Strictness,
) -> Vec<Change> {
    let mut found = Found::new(subject(&new.schema), strictness);
    structure::compare(old, new, reach, &mut found);
    let mut changes = found.changes;
    change::sort(&mut changes);
    changes
}

/// Everything that `mode` forbids of `new` after `previous` (oldest first). What is wrong with several versions is told
/// once, with the latest.
#[must_use]
pub fn violations(
    mode: Mode,
    new: &Version,
    previous: &[Version],
    strictness: Strictness,
) -> Vec<Change> {
    let mut found = Found::new(subject(&new.schema), strictness);
    let schemas: Vec<Schema> = previous.iter().map(|version| version.schema.clone()).collect();
    for violation in check_mode(mode, &new.schema, &schemas) {
        let old = &previous[violation.previous];
        found.violation(old, new, violation.direction, &violation.incompatibility);
    }
    let mut changes: Vec<Change> = Vec::new();
    for change in found.changes {
        let told = changes.iter().any(|other| {
            (&other.rule.id, &other.identity) == (&change.rule.id, &change.identity)
                && other.revision == change.revision
        });
        if !told {
            changes.push(change);
        }
    }
    change::sort(&mut changes);
    changes
}

/// Everything that differs between `new` and the versions before it (`previous`, oldest first): what `mode` forbids
/// against each of them, and what else changed since the last. The worst first.
#[must_use]
pub fn compare(
    mode: Mode,
    new: &Version,
    previous: &[Version],
    strictness: Strictness,
) -> Vec<Change> {
    let mut changes = violations(mode, new, previous, strictness);
    if let Some(last) = previous.last() {
        changes.extend(differences(last, new, Reach::Everything, strictness));
    }
    change::sort(&mut changes);
    changes
}

/// What a report calls a schema: the full name of its type, else the type's.
pub(crate) fn subject(schema: &Schema) -> String {
    let kind = &schema.node(schema.root()).kind;
    kind.name().map_or_else(|| kind.type_name().to_owned(), ToString::to_string)
}

impl Version {
    pub(crate) fn spot(&self, file: u32, span: Span, pointer: &str) -> Spot {
        let path = self.paths.get(file as usize).map_or("", String::as_str);
        Spot { origin: origin(path, span), pointer: pointer.to_owned() }
    }

    pub(crate) fn spot_of(&self, node: &Node, pointer: &str) -> Spot {
        self.spot(node.file, node.span, pointer)
    }
}

/// Changes of one type.
pub(crate) struct Found {
    strictness: Strictness,
    pub(crate) subject: String,
    pub(crate) changes: Vec<Change>,
}

impl Found {
    pub(crate) fn new(subject: String, strictness: Strictness) -> Self {
        Self { strictness, subject, changes: Vec::new() }
    }

    pub(crate) fn push(
        &mut self,
        row: &Row,
        text: String,
        base: Option<Spot>,
        revision: Option<Spot>,
    ) {
        let Some(rule) = rules::of(row) else { return };
        let severity = match self.strictness {
            Strictness::Strict => rule.strict,
            Strictness::Parity => rule.severity,
        };
        let change = Change::new(rule, severity, self.subject.clone(), text);
        self.changes.push(Change { base, revision, ..change });
    }

    fn violation(
        &mut self,
        old: &Version,
        new: &Version,
        direction: Direction,
        reason: &Incompatibility,
    ) {
        let spot = |version: &Version, is_reader: bool| {
            let (file, span, path) = if is_reader {
                (reason.reader_file, reason.reader_span, &reason.reader_path)
            } else {
                (reason.writer_file, reason.writer_span, &reason.writer_path)
            };
            version.spot(
                file,
                field_span(&version.schema, (file, span), path).unwrap_or(span),
                path,
            )
        };
        let forward = direction == Direction::Forward;
        let who = match direction {
            Direction::Backward => {
                format!("readers of the new version cannot read data of `{}`", old.name)
            }
            Direction::Forward => {
                format!("readers of `{}` cannot read data of the new version", old.name)
            }
        };
        let text = format!("{who}: {}", reason.message);
        let (base, revision) = (spot(old, forward), spot(new, !forward));
        self.push(row(reason.kind, direction), text, Some(base), Some(revision));
        if let Some(change) = self.changes.last_mut() {
            change.identity.clone_from(&reason.message);
            change.proof = Some(proof(old, new, direction, reason));
        }
    }
}

/// A message that shows why one version cannot read the other.
fn proof(old: &Version, new: &Version, direction: Direction, reason: &Incompatibility) -> Proof {
    let (old_name, new_name) = (format!("`{}`", old.name), "the new version".to_owned());
    let (reader, writer, names) = match direction {
        Direction::Backward => (new, old, (new_name, old_name)),
        Direction::Forward => (old, new, (old_name, new_name)),
    };
    let found = witness(&reader.schema, &writer.schema, reason);
    let bytes = found.message.as_ref().map_or(String::new(), |message| {
        message.bytes.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    });
    Proof {
        reader: names.0,
        writer: names.1,
        value: found.message.map(|message| message.value),
        bytes,
        error: found.error,
    }
}

fn row(kind: IncompatibilityKind, direction: Direction) -> &'static Row {
    let (backward, forward) = match kind {
        IncompatibilityKind::TypeMismatch => (&rules::BACKWARD_TYPE, &rules::FORWARD_TYPE),
        IncompatibilityKind::NameMismatch => (&rules::BACKWARD_NAME, &rules::FORWARD_NAME),
        IncompatibilityKind::FixedSizeMismatch => (&rules::BACKWARD_SIZE, &rules::FORWARD_SIZE),
        IncompatibilityKind::MissingEnumSymbols => {
            (&rules::BACKWARD_SYMBOLS, &rules::FORWARD_SYMBOLS)
        }
        IncompatibilityKind::ReaderFieldMissingDefaultValue => {
            (&rules::BACKWARD_DEFAULT, &rules::FORWARD_DEFAULT)
        }
        IncompatibilityKind::MissingUnionBranch => {
            (&rules::BACKWARD_BRANCH, &rules::FORWARD_BRANCH)
        }
        IncompatibilityKind::AmbiguousField => {
            (&rules::BACKWARD_AMBIGUOUS, &rules::FORWARD_AMBIGUOUS)
        }
    };
    match direction {
        Direction::Backward => backward,
        Direction::Forward => forward,
    }
}

/// Where the name of a field stands to which `pointer` leads, which is one of the record at `place`.
fn field_span(schema: &Schema, place: (u32, Span), pointer: &str) -> Option<Span> {
    let index: usize = pointer.rsplit_once("/fields/")?.1.parse().ok()?;
    let nodes = schema.named_types().into_iter().map(|id| schema.node(id));
    let mut records = nodes.filter_map(|node| {
        let Kind::Record(record) = &node.kind else { return None };
        Some(record).filter(|_| (node.file, node.span) == place)
    });
    Some(records.next()?.fields.get(index)?.name_span)
}
