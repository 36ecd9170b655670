//! From a pair that does not fit to the types in it that are to blame.

use std::collections::{HashSet, VecDeque};

use super::Step;
use crate::compat::verdicts::{FieldSource, Verdicts, may_fit, missing_symbols, names_fit};
use crate::schema::{Kind, NodeId};
use crate::value::Value;

/// How many pairs are looked at: each message that is made of one is then tried.
const MOST_PAIRS: usize = 2_000;

/// A type of the writer that stands in the way by itself.
#[derive(Debug)]
pub(super) struct Leaf {
    pub(super) node: NodeId,
    /// From where the search began.
    pub(super) steps: Vec<Step>,
    /// The value that shows it, where that is not just any.
    pub(super) value: Option<Value>,
}

/// Who is to blame for a pair that does not fit.
enum Blame {
    /// The pair itself: this value shows it.
    Value(Value),
    /// The pair itself: any value shows it.
    Any,
    /// Pairs inside it.
    Inner,
}

/// The types to blame, those with the shortest way first.
pub(super) fn leaves(verdicts: &Verdicts, reader: NodeId, writer: NodeId) -> Vec<Leaf> {
    let mut seen = HashSet::from([(reader, writer)]);
    let mut waiting = VecDeque::from([(reader, writer, Vec::new())]);
    let mut leaves = Vec::new();
    while let Some((reader, writer, steps)) = waiting.pop_front() {
        let mut inner = Vec::new();
        let mut leaf = |value| leaves.push(Leaf { node: writer, steps: steps.clone(), value });
        match look(verdicts, reader, writer, &mut inner) {
            Blame::Value(value) => leaf(Some(value)),
            Blame::Any => leaf(None),
            Blame::Inner => {}
        }
        for (reader, writer, step) in inner {
            let worth = !verdicts.compatible(reader, writer) && seen.len() < MOST_PAIRS;
            if worth && seen.insert((reader, writer)) {
                let steps = steps.iter().copied().chain(step).collect();
                waiting.push_back((reader, writer, steps));
            }
        }
    }
    leaves
}

/// Who is to blame for a pair; the pairs inside it go to `inner`.
fn look(
    verdicts: &Verdicts,
    reader: NodeId,
    writer: NodeId,
    inner: &mut Vec<(NodeId, NodeId, Option<Step>)>,
) -> Blame {
    let read = &verdicts.reader().node(reader).kind;
    let written = &verdicts.writer().node(writer).kind;
    match (read, written) {
        (_, Kind::Union { branches }) => {
            let branches = branches.iter().enumerate();
            inner.extend(
                branches.map(|(index, branch)| (reader, *branch, Some(Step::Branch(index)))),
            );
            Blame::Inner
        }
        (Kind::Union { branches }, _) => {
            let fits = |branch: &&NodeId| may_fit(&verdicts.reader().node(**branch).kind, written);
            inner.extend(branches.iter().filter(fits).map(|branch| (*branch, writer, None)));
            if inner.is_empty() { Blame::Any } else { Blame::Inner }
        }
        (Kind::Array { items: to }, Kind::Array { items: from }) => {
            inner.push((*to, *from, Some(Step::Item)));
            Blame::Inner
        }
        (Kind::Map { values: to }, Kind::Map { values: from }) => {
            inner.push((*to, *from, Some(Step::Entry)));
            Blame::Inner
        }
        (Kind::Record(record), Kind::Record(other)) => {
            let mut to_blame = !names_fit(read, written);
            for (field, source) in record.fields.iter().zip(Verdicts::field_sources(record, other))
            {
                match source {
                    FieldSource::Writer(index) => {
                        let from = other.fields[index].schema;
                        inner.push((field.schema, from, Some(Step::Field(index))));
                    }
                    FieldSource::Default => {}
                    FieldSource::Missing | FieldSource::Ambiguous(..) => to_blame = true,
                }
            }
            if to_blame { Blame::Any } else { Blame::Inner }
        }
        (Kind::Enum(known), Kind::Enum(kind)) => {
            let missing = missing_symbols(known, kind);
            let first = kind.symbols.iter().find(|symbol| missing.contains(symbol.as_str()));
            first.map_or(Blame::Any, |symbol| Blame::Value(Value::Enum(symbol.clone())))
        }
        _ => Blame::Any,
    }
}
