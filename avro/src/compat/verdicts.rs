//! Which pairs of types fit: the greatest set of pairs that support one another, so that recursive types fit unless
//! something speaks against it, wherever in the recursion that something is.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, HashSet};

use crate::schema::{Enum, Field, Kind, NodeId, Record, Schema};

/// For a reader's and a writer's schema, which of their types fit.
#[derive(Debug)]
pub struct Verdicts {
    reader: Schema,
    writer: Schema,
    fits: HashMap<(NodeId, NodeId), bool>,
}

/// What a field of the reader is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldSource {
    /// The writer's field with this index.
    Writer(usize),
    /// The reader's default.
    Default,
    /// Nothing: the writer has no such field and the reader no default.
    Missing,
    /// Two fields of the writer fit, by name and by alias: these indices.
    Ambiguous(usize, usize),
}

impl Verdicts {
    /// Judges every pair of types that reading `writer`'s data as `reader` can meet.
    #[must_use]
    pub fn new(reader: &Schema, writer: &Schema) -> Self {
        let mut verdicts =
            Self { reader: reader.clone(), writer: writer.clone(), fits: HashMap::new() };
        verdicts.judge_all();
        verdicts
    }

    /// The reader's schema.
    #[must_use]
    pub fn reader(&self) -> &Schema {
        &self.reader
    }

    /// The writer's schema.
    #[must_use]
    pub fn writer(&self) -> &Schema {
        &self.writer
    }

    /// Whether the reader's type can read everything that the writer's writes. Pairs that cannot meet do not fit.
    #[must_use]
    pub fn compatible(&self, reader: NodeId, writer: NodeId) -> bool {
        self.fits.get(&(reader, writer)).copied().unwrap_or(false)
    }

    /// What the field `field` of the reader is read from when the writer writes `record`.
    #[must_use]
    pub fn field_source(field: &Field, record: &Record) -> FieldSource {
        source_by(field, |name| record.fields.iter().position(|written| written.name == name))
    }

    fn judge_all(&mut self) {
        let root = (self.reader.root(), self.writer.root());
        let mut dependents: HashMap<(NodeId, NodeId), Vec<(NodeId, NodeId)>> = HashMap::new();
        let mut refuted = Vec::new();
        let mut open = vec![root];
        self.fits.insert(root, true);
        while let Some(pair) = open.pop() {
            let mut met = Vec::new();
            let fits = self.judge(pair, &mut |inner| {
                met.push(inner);
                true
            });
            for inner in met {
                dependents.entry(inner).or_default().push(pair);
                if let Entry::Vacant(entry) = self.fits.entry(inner) {
                    entry.insert(true);
                    open.push(inner);
                }
            }
            if !fits {
                self.fits.insert(pair, false);
                refuted.push(pair);
            }
        }
        while let Some(pair) = refuted.pop() {
            for dependent in dependents.remove(&pair).unwrap_or_default() {
                let fits = self.compatible(dependent.0, dependent.1)
                    && self
                        .judge(dependent, &mut |(reader, writer)| self.compatible(reader, writer));
                if !fits && self.fits.insert(dependent, false) == Some(true) {
                    refuted.push(dependent);
                }
            }
        }
    }

    /// Whether a pair fits, given `ask` for the pairs inside it. Always asks for all of them.
    fn judge(&self, pair: (NodeId, NodeId), ask: &mut dyn FnMut((NodeId, NodeId)) -> bool) -> bool {
        let read = &self.reader.node(pair.0).kind;
        let written = &self.writer.node(pair.1).kind;
        match (read, written) {
            (_, Kind::Union { branches }) => {
                branches.iter().fold(true, |all, branch| ask((pair.0, *branch)) & all)
            }
            (Kind::Union { branches }, _) => {
                let mut any = false;
                for branch in branches {
                    // Most branches of most unions cannot fit at first sight; such pairs are not worth an entry.
                    let candidate = may_fit(&self.reader.node(*branch).kind, written);
                    any |= candidate && ask((*branch, pair.1));
                }
                any
            }
            (Kind::Array { items: inner }, Kind::Array { items: other })
            | (Kind::Map { values: inner }, Kind::Map { values: other }) => ask((*inner, *other)),
            (Kind::Record(record), Kind::Record(other)) => {
                let mut all = names_fit(read, written);
                let by_name: HashMap<&str, usize> = other
                    .fields
                    .iter()
                    .enumerate()
                    .map(|(index, field)| (field.name.as_str(), index))
                    .collect();
                for field in &record.fields {
                    match source_by(field, |name| by_name.get(name).copied()) {
                        FieldSource::Writer(index) => {
                            all &= ask((field.schema, other.fields[index].schema));
                        }
                        FieldSource::Default => {}
                        FieldSource::Missing | FieldSource::Ambiguous(..) => all = false,
                    }
                }
                all
            }
            (Kind::Enum(kind), Kind::Enum(other)) => {
                names_fit(read, written)
                    && (kind.default.is_some() || missing_symbols(kind, other).is_empty())
            }
            (Kind::Fixed(fixed), Kind::Fixed(other)) => {
                names_fit(read, written) && fixed.size == other.size
            }
            _ => may_fit(read, written),
        }
    }
}

fn source_by(field: &Field, lookup: impl Fn(&str) -> Option<usize>) -> FieldSource {
    let mut found: Option<usize> = None;
    for name in std::iter::once(&field.name).chain(&field.aliases) {
        match (found, lookup(name)) {
            (Some(first), Some(second)) if first != second => {
                return FieldSource::Ambiguous(first, second);
            }
            (None, Some(index)) => found = Some(index),
            (Some(_), _) | (None, None) => {}
        }
    }
    match found {
        Some(index) => FieldSource::Writer(index),
        None if field.default.is_some() => FieldSource::Default,
        None => FieldSource::Missing,
    }
}

/// The writer's symbols that the reader lacks, sorted.
pub(super) fn missing_symbols<'a>(reader: &Enum, writer: &'a Enum) -> BTreeSet<&'a str> {
    let known: HashSet<&str> = reader.symbols.iter().map(String::as_str).collect();
    writer.symbols.iter().map(String::as_str).filter(|symbol| !known.contains(symbol)).collect()
}

/// Whether two named types count as the same: by simple name, or by one of the reader's aliases in full.
pub(super) fn names_fit(read: &Kind, written: &Kind) -> bool {
    match (read.name(), written.name()) {
        (Some(name), Some(other)) => name.name() == other.name() || read.aliases().contains(other),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// Whether two types, neither of them a union, fit as far as can be seen without looking inside: they are the same type, of
/// the same name where they have one, or the written one promotes to the read one.
pub(super) fn may_fit(read: &Kind, written: &Kind) -> bool {
    match (read, written) {
        (Kind::Long, Kind::Int)
        | (Kind::Float, Kind::Int | Kind::Long)
        | (Kind::Double, Kind::Int | Kind::Long | Kind::Float)
        | (Kind::Bytes, Kind::String)
        | (Kind::String, Kind::Bytes) => true,
        _ => read.type_name() == written.type_name() && names_fit(read, written),
    }
}
