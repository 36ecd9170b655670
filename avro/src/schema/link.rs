//! What can be said only when all files are read: which node a name means, whether a union's branches differ, whether
//! defaults fit, and whether the graph of types is one that a program can walk.

use std::collections::HashMap;

use super::default::{Fit, check};
use super::name::FullName;
use super::named::listed;
use super::parse::{Parser, Strictness, UnionSite};
use super::{Kind, NodeId, SchemaError, graph};
use crate::source::Span;

/// A name where a type is expected.
#[derive(Debug)]
pub(super) struct Reference {
    pub(super) name: String,
    /// The namespace around it.
    pub(super) namespace: Option<String>,
    pub(super) file: usize,
    pub(super) span: Span,
}

/// Ids from here on are placeholders. No document below 4 GiB has half as many nodes.
const PLACEHOLDERS: u32 = 1 << 31;

/// How many unknown names get a suggestion: each is compared with every name there is.
const MOST_SUGGESTIONS: usize = 20;

impl Reference {
    /// The id that stands for the reference with this index until it is resolved.
    pub(super) fn placeholder(index: usize) -> NodeId {
        NodeId(PLACEHOLDERS | u32::try_from(index).unwrap_or(u32::MAX))
    }
}

impl Parser {
    /// Resolves the references, `roots` among them, and runs the checks of the whole.
    pub(super) fn link(&mut self, roots: &mut [NodeId]) {
        let targets = self.resolve();
        let settle = |id: &mut NodeId| {
            if let Some(index) = id.0.checked_sub(PLACEHOLDERS) {
                *id = targets[index as usize];
            }
        };
        for root in roots {
            settle(root);
        }
        for node in &mut self.nodes {
            for_each_child(&mut node.kind, settle);
        }
        self.check_unions();
        self.check_defaults();
        let strict = self.strictness == Strictness::Contract;
        self.errors.extend(graph::check(&self.nodes, strict));
        self.errors.sort_by_key(|error| (error.file, error.span.start, error.rule));
    }

    fn resolve(&mut self) -> Vec<NodeId> {
        let references = std::mem::take(&mut self.references);
        let mut targets = Vec::with_capacity(references.len());
        let mut unknown = 0;
        for reference in references {
            self.file = reference.file;
            let found = self.lookup(&reference);
            unknown += usize::from(found.is_none());
            let suggest = unknown <= MOST_SUGGESTIONS;
            targets.push(found.unwrap_or_else(|| self.unknown_type(&reference, suggest)));
        }
        targets
    }

    /// A simple name means the one in the namespace around it, else the one in no namespace (as Avro Java has it).
    fn lookup(&self, reference: &Reference) -> Option<NodeId> {
        let near = FullName::new(reference.namespace.as_deref(), &reference.name);
        let far = FullName::new(None, &reference.name);
        let definition = self.names.get(&near).or_else(|| self.names.get(&far))?;
        Some(definition.node)
    }

    fn unknown_type(&mut self, reference: &Reference, suggest: bool) -> NodeId {
        let name = FullName::new(reference.namespace.as_deref(), &reference.name);
        let mut candidates: Vec<String> = self
            .names
            .keys()
            .filter(|_| suggest)
            .filter(|known| {
                known.name().eq_ignore_ascii_case(name.name())
                    || is_near(known.as_str(), name.as_str())
            })
            .map(ToString::to_string)
            .collect();
        candidates.sort();
        let help = match candidates.as_slice() {
            [] => "a type is a primitive, an inline definition, or the full name of a type that is defined".to_owned(),
            some => format!("did you mean {}?", listed(some)),
        };
        let message = format!("expected the name of a type that is defined, found `{name}`");
        self.report("AVRO_UNKNOWN_TYPE", message, reference.span, Some(help));
        self.hole(reference.span)
    }

    /// A union holds no union, and each unnamed type and each name at most once.
    fn check_unions(&mut self) {
        for UnionSite { node, spans } in std::mem::take(&mut self.unions) {
            self.file = self.nodes[node.0 as usize].file as usize;
            let Kind::Union { branches } = &self.nodes[node.0 as usize].kind else {
                continue;
            };
            let branches = branches.clone();
            // Whether it is a name stands in the key, since a record may be called `array`.
            let mut seen: HashMap<(bool, String), Span> = HashMap::new();
            for (branch, span) in branches.into_iter().zip(spans) {
                if self.holes.contains(&branch) {
                    continue;
                }
                let kind = &self.nodes[branch.0 as usize].kind;
                let key = (
                    kind.name().is_some(),
                    kind.name().map_or(kind.type_name().to_owned(), ToString::to_string),
                );
                if matches!(kind, Kind::Union { .. }) {
                    let help = Some("list the inner union's types in the outer one".to_owned());
                    self.report(
                        "AVRO_NESTED_UNION",
                        "expected no union directly inside a union".to_owned(),
                        span,
                        help,
                    );
                } else if let Some(first) = seen.get(&key) {
                    let message = format!(
                        "expected each type once in a union, found `{}` again (first at {first})",
                        key.1
                    );
                    self.report("AVRO_DUPLICATE_BRANCH", message, span, None);
                } else {
                    seen.insert(key, span);
                }
            }
        }
    }

    fn check_defaults(&mut self) {
        let mut errors: Vec<SchemaError> = Vec::new();
        for node in &self.nodes {
            let Kind::Record(record) = &node.kind else {
                continue;
            };
            for field in &record.fields {
                let Some(default) = &field.default else {
                    continue;
                };
                let found = check(&self.nodes, &self.holes, field.schema, default, self.strictness);
                if let Err(Fit { rule, message, span, help }) = found {
                    let message = format!("the default of `{}`: {message}", field.name);
                    errors.push(SchemaError {
                        rule,
                        message,
                        file: node.file as usize,
                        span,
                        help,
                    });
                }
            }
        }
        self.errors.extend(errors);
    }
}

fn for_each_child(kind: &mut Kind, mut visit: impl FnMut(&mut NodeId)) {
    if let Kind::Array { items: child } | Kind::Map { values: child } = kind {
        visit(child);
    } else if let Kind::Union { branches } = kind {
        branches.iter_mut().for_each(visit);
    } else if let Kind::Record(record) = kind {
        record.fields.iter_mut().for_each(|field| visit(&mut field.schema));
    }
}

/// Whether one name turns into the other with at most two letters changed, added or removed.
fn is_near(left: &str, right: &str) -> bool {
    const MOST: usize = 2;
    if left.len().abs_diff(right.len()) > MOST {
        return false;
    }
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.bytes().enumerate() {
            let changed = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[right.len()] <= MOST
}
