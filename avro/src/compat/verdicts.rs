//! Which pairs of types fit: the greatest set of pairs that support one another, so that recursive types fit unless
//! something speaks against it, wherever in the recursion that something is.

use std::cell::OnceCell;
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

/// How much work a comparison may be. Types that refer to each other make pairs without regard to how long the schemas are:
/// two rings of thousands of records have millions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The most pairs of types; each takes some 200 bytes of memory.
    pub pairs: usize,
    /// The most fields and branches that are looked at.
    pub steps: u64,
}

impl Budget {
    /// For schemas of people who are trusted with the time it takes.
    pub const UNBOUNDED: Self = Self { pairs: usize::MAX, steps: u64::MAX };
}

/// A comparison that would take more than its [`Budget`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the schemas take more than {} pairs of types or {} steps to compare; give them fewer types that refer to each other, and fewer branches to a union",
    budget.pairs,
    budget.steps
)]
pub struct TooComplex {
    /// What it had.
    pub budget: Budget,
}

impl Verdicts {
    /// Judges every pair of types that reading `writer`'s data as `reader` can meet.
    #[must_use]
    pub fn new(reader: &Schema, writer: &Schema) -> Self {
        let mut verdicts = Self::unjudged(reader, writer);
        let judged = verdicts.judge_all(Budget::UNBOUNDED);
        debug_assert!(judged.is_some(), "nothing bounds it");
        verdicts
    }

    /// As [`Self::new`], for schemas of anybody.
    ///
    /// # Errors
    /// [`TooComplex`] when it would take more than `budget`.
    pub fn within(budget: Budget, reader: &Schema, writer: &Schema) -> Result<Self, TooComplex> {
        let mut verdicts = Self::unjudged(reader, writer);
        verdicts.judge_all(budget).map(|()| verdicts).ok_or(TooComplex { budget })
    }

    fn unjudged(reader: &Schema, writer: &Schema) -> Self {
        Self { reader: reader.clone(), writer: writer.clone(), fits: HashMap::new() }
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

    /// Whether the reader's type can read everything that the writer's writes. Pairs that cannot meet do not fit, but for
    /// those of two primitive types.
    #[must_use]
    pub fn compatible(&self, reader: NodeId, writer: NodeId) -> bool {
        let known = self.fits.get(&(reader, writer)).copied();
        known.or_else(|| self.at_sight((reader, writer))).unwrap_or(false)
    }

    /// Whether two primitive types fit: nothing is in them that had to be looked at, so that such pairs, which most are,
    /// are not kept.
    fn at_sight(&self, pair: (NodeId, NodeId)) -> Option<bool> {
        let read = &self.reader.node(pair.0).kind;
        let written = &self.writer.node(pair.1).kind;
        (is_primitive(read) && is_primitive(written)).then(|| may_fit(read, written))
    }

    /// What each field of the reader's record is read from when the writer writes `record`.
    pub fn field_sources<'a>(
        reader: &'a Record,
        record: &'a Record,
    ) -> impl Iterator<Item = FieldSource> + 'a {
        let known = OnceCell::new();
        reader.fields.iter().enumerate().map(move |(index, field)| {
            // Most fields stand where they stood; names are only looked up when one does not.
            let here = record.fields.get(index).is_some_and(|other| other.name == field.name);
            if here && field.aliases.is_empty() {
                return FieldSource::Writer(index);
            }
            let known = known.get_or_init(|| by_name(record));
            source_by(field, |name| known.get(name).copied())
        })
    }

    /// All pairs, or nothing where that takes more than the budget.
    fn judge_all(&mut self, budget: Budget) -> Option<()> {
        let mut left = budget.steps;
        let root = (self.reader.root(), self.writer.root());
        // Which pair asked for which, in the order of asking; looked up only once something is refuted.
        let mut asked: Vec<Asked> = Vec::new();
        let mut refuted = Vec::new();
        let mut open = vec![root];
        self.fits.insert(root, true);
        while let Some(pair) = open.pop() {
            left = left.checked_sub(self.steps(pair))?;
            let first = asked.len();
            let fits = self.judge(pair, &mut |inner| {
                self.at_sight(inner).unwrap_or_else(|| {
                    asked.push(Asked { inner, by: pair });
                    true
                })
            });
            for Asked { inner, .. } in &asked[first..] {
                if let Entry::Vacant(entry) = self.fits.entry(*inner) {
                    entry.insert(true);
                    open.push(*inner);
                }
            }
            if self.fits.len() > budget.pairs {
                return None;
            }
            if !fits {
                self.fits.insert(pair, false);
                refuted.push(pair);
            }
        }
        let mut dependents: HashMap<(NodeId, NodeId), Vec<(NodeId, NodeId)>> = HashMap::new();
        if !refuted.is_empty() {
            for Asked { inner, by } in asked {
                dependents.entry(inner).or_default().push(by);
            }
        }
        while let Some(pair) = refuted.pop() {
            for dependent in dependents.remove(&pair).unwrap_or_default() {
                if !self.compatible(dependent.0, dependent.1) {
                    continue;
                }
                left = left.checked_sub(self.steps(dependent))?;
                let fits =
                    self.judge(dependent, &mut |(reader, writer)| self.compatible(reader, writer));
                if !fits && self.fits.insert(dependent, false) == Some(true) {
                    refuted.push(dependent);
                }
            }
        }
        Some(())
    }

    /// How many fields or branches judging a pair looks at, and one.
    fn steps(&self, pair: (NodeId, NodeId)) -> u64 {
        let parts = |kind: &Kind| match kind {
            Kind::Record(record) => record.fields.len(),
            Kind::Union { branches } => branches.len(),
            Kind::Enum(kind) => kind.symbols.len(),
            Kind::Null
            | Kind::Boolean
            | Kind::Int
            | Kind::Long
            | Kind::Float
            | Kind::Double
            | Kind::Bytes
            | Kind::String
            | Kind::Array { .. }
            | Kind::Map { .. }
            | Kind::Fixed(_) => 0,
        };
        let parts = parts(&self.reader.node(pair.0).kind) + parts(&self.writer.node(pair.1).kind);
        u64::try_from(parts).unwrap_or(u64::MAX).saturating_add(1)
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
                for (field, source) in record.fields.iter().zip(Self::field_sources(record, other))
                {
                    match source {
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

/// A pair that one judgement asked for.
#[derive(Clone, Copy)]
struct Asked {
    inner: (NodeId, NodeId),
    by: (NodeId, NodeId),
}

fn is_primitive(kind: &Kind) -> bool {
    match kind {
        Kind::Null
        | Kind::Boolean
        | Kind::Int
        | Kind::Long
        | Kind::Float
        | Kind::Double
        | Kind::Bytes
        | Kind::String => true,
        Kind::Record(_)
        | Kind::Enum(_)
        | Kind::Fixed(_)
        | Kind::Array { .. }
        | Kind::Map { .. }
        | Kind::Union { .. } => false,
    }
}

/// Where each field stands.
fn by_name(record: &Record) -> HashMap<&str, usize> {
    let fields = record.fields.iter().enumerate();
    fields.map(|(index, field)| (field.name.as_str(), index)).collect()
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
