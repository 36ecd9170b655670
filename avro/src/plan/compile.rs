//! From two schemas to the steps of a plan.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::reduce::reduce;
use super::writer::Writer;
use super::{Action, Plan, Promotion, Step, StepId, Target};
use crate::compat::Verdicts;
use crate::schema::{Enum, Kind, Logical, Node, NodeId, Record, Schema};

/// Compiles the pair. Wherever the reader cannot take a value, the plan refuses it.
pub(super) fn compile(writer: &Schema, reader: &Schema) -> Plan {
    let mut compiler = Compiler {
        writer: Writer::new(writer),
        reader,
        verdicts: Verdicts::new(reader, writer),
        drafts: Vec::new(),
        pairs: HashMap::new(),
        pending: Vec::new(),
    };
    let root = compiler.pair(writer.root(), reader.root());
    while let Some((place, writer, reader)) = compiler.pending.pop() {
        compiler.drafts[place] = compiler.draft(writer, reader);
    }
    let (steps, root) = reduce(compiler.drafts, root);
    Plan {
        steps: steps.into(),
        skips: compiler.writer.into_skips().into(),
        root,
        reader: reader.clone(),
    }
}

/// A step, and whether it changes nothing as long as the steps below it change nothing.
pub(super) struct Draft {
    pub(super) step: Step,
    pub(super) keeps: bool,
}

impl Draft {
    fn new(step: Step) -> Self {
        Self { step, keeps: false }
    }
}

struct Compiler<'s> {
    writer: Writer<'s>,
    reader: &'s Schema,
    verdicts: Verdicts,
    drafts: Vec<Draft>,
    pairs: HashMap<(NodeId, NodeId), StepId>,
    /// Pairs whose step has a place, but is not compiled yet. Pairs of recursive types can chain far longer than either
    /// schema nests, so that they wait here and not on the stack.
    pending: Vec<(usize, NodeId, NodeId)>,
}

impl Compiler<'_> {
    fn pair(&mut self, writer: NodeId, reader: NodeId) -> StepId {
        if let Some(&known) = self.pairs.get(&(writer, reader)) {
            return known;
        }
        let id = if alike(self.writer.schema.node(writer), self.reader.node(reader)) {
            StepId::SAME
        } else {
            let place = self.drafts.len();
            self.drafts.push(Draft::new(Step::Refuse(Arc::from(""))));
            self.pending.push((place, writer, reader));
            StepId(u32::try_from(place).expect("a plan has fewer than 2^32 steps"))
        };
        self.pairs.insert((writer, reader), id);
        id
    }

    /// The step of a pair that is not [`alike`].
    fn draft(&mut self, writer: NodeId, reader: NodeId) -> Draft {
        let (schema, target) = (self.writer.schema, self.reader);
        let (w, r) = (schema.node(writer), target.node(reader));
        if let Kind::Union { branches } = &r.kind {
            return self.union(writer, w, branches);
        }
        if let Kind::Union { branches } = &w.kind {
            let steps = branches.iter().map(|branch| self.pair(*branch, reader));
            return Draft::new(Step::OutOf(steps.collect()));
        }
        if let Some(promotion) = promotion(w, r) {
            return Draft::new(Step::Promote(promotion));
        }
        match (&w.kind, &r.kind) {
            (Kind::Array { items: from }, Kind::Array { items: to }) => {
                let items = self.pair(*from, *to);
                let least = self.writer.least(*from);
                Draft { step: Step::Array { items, least }, keeps: true }
            }
            (Kind::Map { values: from }, Kind::Map { values: to }) => {
                let values = self.pair(*from, *to);
                let least = self.writer.least(*from);
                Draft { step: Step::Map { values, least }, keeps: true }
            }
            (Kind::Record(from), Kind::Record(to)) if names_match(w, r) => self.record(from, to),
            (Kind::Enum(from), Kind::Enum(to)) if names_match(w, r) => Self::symbols(from, to),
            _ => {
                let reason = format!("expected {}, found {}", described(r), described(w));
                Draft::new(Step::Refuse(reason.into()))
            }
        }
    }

    fn record(&mut self, from: &Record, to: &Record) -> Draft {
        let mut targets = vec![None; from.fields.len()];
        for (target, source) in sources(from, to).into_iter().enumerate() {
            // Of two fields with one source, which only a lenient plan has, the first takes the value.
            if let Some(source) = source {
                targets[source] = targets[source].or(Some(target));
            }
        }
        let mut keeps = from.fields.len() == to.fields.len();
        let mut actions = Vec::with_capacity(from.fields.len());
        for (index, field) in from.fields.iter().enumerate() {
            let name = Arc::from(field.name.as_str());
            let target = targets[index];
            keeps &= target == Some(index);
            actions.push(match target {
                Some(target) => {
                    let taken = &to.fields[target];
                    let step = self.pair(field.schema, taken.schema);
                    Action {
                        field: u32::try_from(target).expect("a record has fewer than 2^32 fields"),
                        step: step.0,
                        name,
                    }
                }
                None => {
                    Action { field: Action::SKIP, step: self.writer.skip(field.schema).0, name }
                }
            });
        }
        Draft { step: Step::Record(actions.into()), keeps }
    }

    fn symbols(from: &Enum, to: &Enum) -> Draft {
        let places: HashMap<&String, usize> = to.symbols.iter().zip(0..).collect();
        let place = |symbol: &String| places.get(symbol).copied();
        let default = to.default.as_ref().and_then(place);
        let mut keeps = from.symbols.len() == to.symbols.len();
        let mut targets = Vec::with_capacity(from.symbols.len());
        for (index, symbol) in from.symbols.iter().enumerate() {
            let target = place(symbol).or(default);
            keeps &= target == Some(index);
            targets.push(
                target.map(|target| {
                    u32::try_from(target).expect("an enum has fewer than 2^32 symbols")
                }),
            );
        }
        Draft { step: Step::Enum(targets.into()), keeps }
    }

    fn union(&mut self, writer: NodeId, w: &Node, to: &[NodeId]) -> Draft {
        let Kind::Union { branches: from } = &w.kind else {
            return match self.branch(writer, to) {
                Ok((branch, step)) => Draft::new(Step::Into { branch, step }),
                Err(reason) => Draft::new(Step::Refuse(reason)),
            };
        };
        let targets: Box<[_]> = from.iter().map(|branch| self.branch(*branch, to)).collect();
        let keeps = from.len() == to.len()
            && targets
                .iter()
                .zip(0..)
                .all(|(target, index)| matches!(target, Ok((branch, _)) if *branch == index));
        Draft { step: Step::Union(targets), keeps }
    }

    /// The branch of the reader's union that takes a writer's type. A type of the same name comes first, then one that
    /// says by an alias that it was called so, then one with the same simple name; of types without a name the same
    /// one comes first, then the first that it can be promoted to. The shape of a record never decides.
    fn branch(&mut self, writer: NodeId, to: &[NodeId]) -> Target {
        let w = self.writer.schema.node(writer);
        let mut candidates: Vec<(u8, usize)> = to
            .iter()
            .enumerate()
            .filter_map(|(index, branch)| rank(w, self.reader.node(*branch)).map(|r| (r, index)))
            .collect();
        candidates.sort_unstable();
        let fits = |&(_, index): &(u8, usize)| {
            // A single candidate is taken as it is, so that a lenient plan fails as late as can be.
            candidates.len() == 1 || self.verdicts.compatible(to[index], writer)
        };
        let best = candidates.iter().find(|candidate| fits(candidate)).or(candidates.first());
        let &(_, index) =
            best.ok_or_else(|| format!("no branch of the reader's union takes {}", described(w)))?;
        let branch = u32::try_from(index).expect("a union has fewer than 2^32 branches");
        Ok((branch, self.pair(writer, to[index])))
    }
}

/// Both have the same bytes and no parts: no step is needed.
fn alike(w: &Node, r: &Node) -> bool {
    let same = match (&w.kind, &r.kind) {
        (
            Kind::Union { .. }
            | Kind::Array { .. }
            | Kind::Map { .. }
            | Kind::Record(_)
            | Kind::Enum(_),
            _,
        )
        | (_, Kind::Union { .. }) => false,
        (Kind::Fixed(from), Kind::Fixed(to)) => names_match(w, r) && from.size == to.size,
        (Kind::Bytes | Kind::String, Kind::Bytes | Kind::String) => true,
        (from, to) => from.type_name() == to.type_name(),
    };
    same && promotion(w, r).is_none()
}

/// How well a reader's branch suits: smaller is better, none is not at all.
fn rank(w: &Node, r: &Node) -> Option<u8> {
    match (w.kind.name(), r.kind.name()) {
        (Some(from), Some(to)) if w.kind.type_name() == r.kind.type_name() => {
            if from == to {
                Some(0)
            } else if r.kind.aliases().contains(from) {
                Some(1)
            } else {
                (from.name() == to.name()).then_some(2)
            }
        }
        (None, None) if w.kind.type_name() == r.kind.type_name() => Some(0),
        (None, None) => promotes(w, r).then_some(3),
        _ => None,
    }
}

/// The simple names are equal, or the reader has an alias for the writer's full name.
fn names_match(w: &Node, r: &Node) -> bool {
    rank(w, r).is_some()
}

fn promotes(w: &Node, r: &Node) -> bool {
    promotion(w, r).is_some()
        || matches!((&w.kind, &r.kind), (Kind::Bytes, Kind::String) | (Kind::String, Kind::Bytes))
}

fn promotion(w: &Node, r: &Node) -> Option<Promotion> {
    match (&w.kind, &r.kind) {
        (Kind::Int | Kind::Long, Kind::Long)
            if let Some((from, to)) = units(w).zip(units(r))
                && from != to =>
        {
            Some(Promotion::TimeUnit { from, to })
        }
        (Kind::Int, Kind::Long | Kind::Float | Kind::Double) => Some(Promotion::Int),
        (Kind::Long, Kind::Float | Kind::Double) => Some(Promotion::Long),
        (Kind::Float, Kind::Double) => Some(Promotion::Float),
        (Kind::Bytes, Kind::Bytes) => rescale(w, r),
        (Kind::Fixed(from), Kind::Fixed(to)) if names_match(w, r) && from.size == to.size => {
            rescale(w, r)
        }
        _ => None,
    }
}

fn rescale(w: &Node, r: &Node) -> Option<Promotion> {
    match (w.logical, r.logical) {
        (Some(Logical::Decimal { scale, .. }), Some(Logical::Decimal { scale: to, .. }))
            if scale != to =>
        {
            Some(Promotion::Decimal { scale, to })
        }
        _ => None,
    }
}

/// Units in a second.
fn units(node: &Node) -> Option<u32> {
    match node.logical? {
        Logical::TimeMillis | Logical::TimestampMillis | Logical::LocalTimestampMillis => {
            Some(1_000)
        }
        Logical::TimeMicros | Logical::TimestampMicros | Logical::LocalTimestampMicros => {
            Some(1_000_000)
        }
        Logical::TimestampNanos | Logical::LocalTimestampNanos => Some(1_000_000_000),
        Logical::Decimal { .. } | Logical::Uuid | Logical::Date | Logical::Duration => None,
    }
}

/// For each of the reader's fields the writer's that fills it: of the same name, or else the first of its aliases that
/// the writer has and no other field takes.
fn sources(from: &Record, to: &Record) -> Vec<Option<usize>> {
    let places: HashMap<&str, usize> =
        from.fields.iter().zip(0..).map(|(field, place)| (field.name.as_str(), place)).collect();
    let mut sources: Vec<_> =
        to.fields.iter().map(|field| places.get(field.name.as_str()).copied()).collect();
    let mut taken: HashSet<usize> = sources.iter().copied().flatten().collect();
    for (index, field) in to.fields.iter().enumerate() {
        if sources[index].is_none() {
            let mut free = field.aliases.iter().filter_map(|alias| places.get(alias.as_str()));
            sources[index] = free.find(|place| taken.insert(**place)).copied();
        }
    }
    sources
}

fn described(node: &Node) -> String {
    match (&node.kind, node.kind.name()) {
        (Kind::Fixed(fixed), Some(name)) => format!("fixed `{name}` of {} bytes", fixed.size),
        (kind, Some(name)) => format!("{} `{name}`", kind.type_name()),
        (kind, None) => kind.type_name().to_owned(),
    }
}
