//! From verdicts to reasons with places. The walk keeps its own stack: pairs of recursive types can chain far longer than
//! either schema nests.

use std::collections::HashSet;

use super::verdicts::{FieldSource, Verdicts, may_fit, missing_symbols, names_fit};
use super::{Incompatibility, IncompatibilityKind};
use crate::schema::{Kind, NodeId, Record};

/// One step down in a schema.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// The other side's schema goes deeper, this one stays.
    Stay,
    Field(usize),
    FieldType(usize),
    Branch(usize),
    Word(&'static str),
}

/// A place, as the step that leads to it from another.
#[derive(Clone, Copy, Debug)]
struct Place {
    parent: usize,
    reader: Step,
    writer: Step,
    java: Step,
}

/// A pair to look at, or a reason to note when all before it is done.
#[derive(Debug)]
enum Task {
    Visit(Site),
    Note(Site, IncompatibilityKind, String, String),
}

/// A pair at a place. With `under`, its reasons are causes of the incompatibility with that index.
#[derive(Clone, Copy, Debug)]
struct Site {
    pair: (NodeId, NodeId),
    place: usize,
    under: Option<usize>,
}

struct Report<'a> {
    verdicts: &'a Verdicts,
    places: Vec<Place>,
    tasks: Vec<Task>,
    visited: HashSet<((NodeId, NodeId), bool)>,
    found: Vec<Incompatibility>,
}

/// All reasons why the root pair does not fit.
pub(super) fn report(verdicts: &Verdicts) -> Vec<Incompatibility> {
    let root = Place { parent: 0, reader: Step::Stay, writer: Step::Stay, java: Step::Stay };
    let pair = (verdicts.reader().root(), verdicts.writer().root());
    let site = Site { pair, place: 0, under: None };
    let mut report = Report {
        verdicts,
        places: vec![root],
        tasks: vec![Task::Visit(site)],
        visited: HashSet::new(),
        found: Vec::new(),
    };
    while let Some(task) = report.tasks.pop() {
        match task {
            Task::Visit(site) => report.visit(site),
            Task::Note(site, kind, message, detail) => report.note(site, kind, message, detail),
        }
    }
    report.found
}

impl<'a> Report<'a> {
    fn visit(&mut self, site: Site) {
        let (reader, writer) = site.pair;
        if self.verdicts.compatible(reader, writer)
            || !self.visited.insert((site.pair, site.under.is_some()))
        {
            return;
        }
        let verdicts: &'a Verdicts = self.verdicts;
        let read = &verdicts.reader().node(reader).kind;
        let written = &verdicts.writer().node(writer).kind;
        match (read, written) {
            (Kind::Union { branches }, Kind::Union { branches: others }) => {
                self.unions(site, branches, others);
            }
            (_, Kind::Union { branches }) => {
                let inner = branches.iter().enumerate().map(|(index, branch)| {
                    ((reader, *branch), Step::Stay, Step::Branch(index), Step::Branch(index))
                });
                self.descend(site, inner.collect());
            }
            (Kind::Union { branches }, _) => {
                let index = self.missing_branch(site, written);
                self.explain(Site { under: index, ..site }, branches, writer);
            }
            (Kind::Array { items: inner }, Kind::Array { items: other }) => {
                let step = Step::Word("items");
                self.descend(site, vec![((*inner, *other), step, step, step)]);
            }
            (Kind::Map { values: inner }, Kind::Map { values: other }) => {
                let step = Step::Word("values");
                self.descend(site, vec![((*inner, *other), step, step, step)]);
            }
            (Kind::Record(record), Kind::Record(other)) => {
                self.names(site, read, written);
                self.fields(site, record, other);
            }
            (Kind::Enum(kind), Kind::Enum(other)) => {
                self.names(site, read, written);
                let missing: Vec<&str> = missing_symbols(kind, other).into_iter().collect();
                if kind.default.is_none() && !missing.is_empty() {
                    let message = format!(
                        "the reader's enum `{}` has no default and lacks the symbols `{}`",
                        kind.name,
                        missing.join("`, `")
                    );
                    let detail = format!("[{}]", missing.join(", "));
                    self.note_at(
                        site,
                        "symbols",
                        IncompatibilityKind::MissingEnumSymbols,
                        message,
                        detail,
                    );
                }
            }
            (Kind::Fixed(fixed), Kind::Fixed(other)) => {
                self.names(site, read, written);
                if fixed.size != other.size {
                    let message = format!(
                        "the reader expects {} bytes in `{}`, the writer writes {}",
                        fixed.size, fixed.name, other.size
                    );
                    let detail = format!("expected: {}, found: {}", other.size, fixed.size);
                    self.note_at(
                        site,
                        "size",
                        IncompatibilityKind::FixedSizeMismatch,
                        message,
                        detail,
                    );
                }
            }
            _ => {
                let message = format!(
                    "the reader expects {}, the writer writes {}",
                    described(read),
                    described(written)
                );
                let detail = format!(
                    "reader type: {} not compatible with writer type: {}",
                    java_type(read),
                    java_type(written)
                );
                self.note(site, IncompatibilityKind::TypeMismatch, message, detail);
            }
        }
    }

    /// Each of the writer's branches that the reader's union cannot read. Notes come before the causes of the next one, so that
    /// all are made here and only the causes wait.
    fn unions(&mut self, site: Site, branches: &[NodeId], others: &[NodeId]) {
        for (index, other) in others.iter().enumerate() {
            if self.verdicts.compatible(site.pair.0, *other) {
                continue;
            }
            let step = Step::Branch(index);
            let place = self.place(site.place, Step::Stay, step, step);
            let site = Site { pair: (site.pair.0, *other), place, under: site.under };
            let written = &self.verdicts.writer().node(*other).kind;
            let index = self.missing_branch(site, written);
            self.explain(Site { under: index, ..site }, branches, *other);
        }
    }

    fn missing_branch(&mut self, site: Site, written: &Kind) -> Option<usize> {
        let message =
            format!("no type in the reader's union reads the writer's {}", described(written));
        let detail = format!("reader union lacking writer type: {}", java_type(written));
        self.note(site, IncompatibilityKind::MissingUnionBranch, message, detail);
        site.under.or(self.found.len().checked_sub(1))
    }

    /// Looks into the reader's branches that are meant for the writer's type, for the causes.
    fn explain(&mut self, site: Site, branches: &[NodeId], writer: NodeId) {
        let written = &self.verdicts.writer().node(writer).kind;
        let mut inner = Vec::new();
        for (index, branch) in branches.iter().enumerate() {
            if may_fit(&self.verdicts.reader().node(*branch).kind, written) {
                inner.push(((*branch, writer), Step::Branch(index), Step::Stay, Step::Stay));
            }
        }
        self.descend(site, inner);
    }

    fn enum_with_default(&self, schema: NodeId) -> bool {
        let kind = &self.verdicts.reader().node(schema).kind;
        matches!(kind, Kind::Enum(kind) if kind.default.is_some())
    }

    fn names(&mut self, site: Site, read: &Kind, written: &Kind) {
        if names_fit(read, written) {
            return;
        }
        let detail = written.name().map(|name| format!("expected: {name}")).unwrap_or_default();
        let message = format!(
            "the reader's {} is not the writer's {}, nor does it name it as an alias",
            described(read),
            described(written)
        );
        self.note_at(site, "name", IncompatibilityKind::NameMismatch, message, detail);
    }

    fn fields(&mut self, site: Site, record: &Record, other: &Record) {
        let mut tasks = Vec::new();
        let sources = Verdicts::field_sources(record, other);
        for ((index, field), source) in record.fields.iter().enumerate().zip(sources) {
            let at = |report: &mut Self| {
                report.place(site.place, Step::Field(index), Step::Stay, Step::Field(index))
            };
            match source {
                FieldSource::Default => {}
                FieldSource::Writer(from) => {
                    let pair = (field.schema, other.fields[from].schema);
                    let step = Step::FieldType(index);
                    let place = self.place(site.place, step, Step::FieldType(from), step);
                    tasks.push(Task::Visit(Site { pair, place, under: site.under }));
                }
                // Avro Java asks there whether the enum, for its default, reads the writer's record. It never does: the
                // default of an enum stands for unknown symbols, not for a field.
                FieldSource::Missing if self.enum_with_default(field.schema) => {
                    let message = format!(
                        "the writer's `{}` has no field `{}`, and the default of the reader's enum stands for unknown symbols only, not for the field",
                        other.name, field.name
                    );
                    let step = Step::FieldType(index);
                    let place = self.place(site.place, step, Step::Stay, step);
                    let kind = IncompatibilityKind::TypeMismatch;
                    let detail = "reader type: ENUM not compatible with writer type: RECORD";
                    tasks.push(Task::Note(
                        Site { place, ..site },
                        kind,
                        message,
                        detail.to_owned(),
                    ));
                }
                FieldSource::Missing => {
                    let message = format!(
                        "the reader's field `{}` has no default and the writer's `{}` has no such field",
                        field.name, other.name
                    );
                    let site = Site { place: at(self), ..site };
                    let kind = IncompatibilityKind::ReaderFieldMissingDefaultValue;
                    tasks.push(Task::Note(site, kind, message, field.name.clone()));
                }
                FieldSource::Ambiguous(first, second) => {
                    let (first, second) = (&other.fields[first].name, &other.fields[second].name);
                    let message = format!(
                        "the reader's field `{}` fits two of the writer's fields: `{first}` and `{second}`",
                        field.name
                    );
                    let site = Site { place: at(self), ..site };
                    tasks.push(Task::Note(
                        site,
                        IncompatibilityKind::AmbiguousField,
                        message,
                        field.name.clone(),
                    ));
                }
            }
        }
        self.tasks.extend(tasks.into_iter().rev());
    }

    fn descend(&mut self, site: Site, inner: Vec<((NodeId, NodeId), Step, Step, Step)>) {
        for (pair, reader, writer, java) in inner.into_iter().rev() {
            let place = self.place(site.place, reader, writer, java);
            self.tasks.push(Task::Visit(Site { pair, place, under: site.under }));
        }
    }

    fn place(&mut self, parent: usize, reader: Step, writer: Step, java: Step) -> usize {
        self.places.push(Place { parent, reader, writer, java });
        self.places.len() - 1
    }

    fn note_at(
        &mut self,
        site: Site,
        word: &'static str,
        kind: IncompatibilityKind,
        message: String,
        detail: String,
    ) {
        let step = Step::Word(word);
        let place = self.place(site.place, step, step, step);
        self.note(Site { place, ..site }, kind, message, detail);
    }

    fn note(&mut self, site: Site, kind: IncompatibilityKind, message: String, detail: String) {
        let reader = self.verdicts.reader().node(site.pair.0);
        let writer = self.verdicts.writer().node(site.pair.1);
        let path = self.path(site.place, |place| place.java);
        let reason = Incompatibility {
            kind,
            path: if path.is_empty() { "/".to_owned() } else { path },
            reader_path: self.path(site.place, |place| place.reader),
            writer_path: self.path(site.place, |place| place.writer),
            reader_span: reader.span,
            reader_file: reader.file,
            writer_span: writer.span,
            writer_file: writer.file,
            message,
            detail,
            causes: Vec::new(),
        };
        match site.under.and_then(|index| self.found.get_mut(index)) {
            Some(outer) => outer.causes.push(reason),
            None => self.found.push(reason),
        }
    }

    fn path(&self, mut place: usize, side: impl Fn(&Place) -> Step) -> String {
        let mut steps = Vec::new();
        while place != 0 {
            steps.push(side(&self.places[place]));
            place = self.places[place].parent;
        }
        steps.into_iter().rev().map(Step::pointer).collect()
    }
}

impl Step {
    /// Its part of a JSON pointer.
    fn pointer(self) -> String {
        match self {
            Self::Stay => String::new(),
            Self::Field(index) => format!("/fields/{index}"),
            Self::FieldType(index) => format!("/fields/{index}/type"),
            Self::Branch(index) => format!("/{index}"),
            Self::Word(word) => format!("/{word}"),
        }
    }
}

/// `int`, `record seat.Show`, … in backticks.
fn described(kind: &Kind) -> String {
    match kind.name() {
        Some(name) => format!("{} `{name}`", kind.type_name()),
        None => format!("`{}`", kind.type_name()),
    }
}

fn java_type(kind: &Kind) -> String {
    kind.type_name().to_ascii_uppercase()
}
