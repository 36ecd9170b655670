//! Checks on the graph that types form.

use super::{Kind, Node, NodeId, SchemaError};

/// How many types may nest, from an outermost one down to a primitive, recursion apart. Walks over a schema are
/// recursive; a kilobyte a level leaves a thread's stack (2 MiB) far from full.
pub(super) const MAX_NESTING: usize = 256;

/// All problems of the graph; with `strict`, also records that no finite value can fit.
pub(super) fn check(nodes: &[Node], strict: bool) -> Vec<SchemaError> {
    let mut errors: Vec<SchemaError> = too_deep(nodes).into_iter().collect();
    if strict {
        errors.extend(infinite(nodes));
    }
    errors
}

/// The first node in arena order below which types nest too deep. The walk keeps its own stack.
fn too_deep(nodes: &[Node]) -> Option<SchemaError> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        Open,
        Done(usize),
    }
    let mut states = vec![State::New; nodes.len()];
    for start in 0..nodes.len() {
        let mut stack = vec![start];
        while let Some(at) = stack.last().copied() {
            match states[at] {
                State::New => {
                    states[at] = State::Open;
                    let fresh = nodes[at].kind.children().into_iter().map(|id| id.0 as usize);
                    stack.extend(fresh.filter(|child| states[*child] == State::New));
                }
                State::Open => {
                    stack.pop();
                    let below = nodes[at].kind.children().into_iter().map(|id| {
                        match states[id.0 as usize] {
                            State::Done(height) => height,
                            State::New | State::Open => 0,
                        }
                    });
                    let height = 1 + below.max().unwrap_or(0);
                    states[at] = State::Done(height);
                    if height > MAX_NESTING {
                        return Some(SchemaError {
                            rule: "AVRO_DEPTH",
                            message: format!(
                                "expected at most {MAX_NESTING} types nested in one another, found more"
                            ),
                            file: nodes[at].file as usize,
                            span: nodes[at].span,
                            help: None,
                        });
                    }
                }
                State::Done(_) => {
                    stack.pop();
                }
            }
        }
    }
    None
}

/// Records of which each value would hold another without end, such as a record with a field of its own type.
fn infinite(nodes: &[Node]) -> Vec<SchemaError> {
    let mut finite = vec![false; nodes.len()];
    loop {
        let mut changed = false;
        for (at, node) in nodes.iter().enumerate() {
            let holds = |id: &NodeId| finite[id.0 as usize];
            let now = if let Kind::Record(record) = &node.kind {
                record.fields.iter().all(|field| holds(&field.schema))
            } else if let Kind::Union { branches } = &node.kind {
                branches.is_empty() || branches.iter().any(holds)
            } else {
                true
            };
            changed |= now && !finite[at];
            finite[at] |= now;
        }
        if !changed {
            break;
        }
    }
    let mut errors = Vec::new();
    for (at, node) in nodes.iter().enumerate() {
        if let (Kind::Record(record), false) = (&node.kind, finite[at]) {
            errors.push(SchemaError {
                rule: "AVRO_INFINITE_RECORD",
                message: format!("expected a record that a finite value can fit, found `{}`, whose values hold others without end", record.name),
                file: node.file as usize,
                span: node.span,
                help: Some("make the recursive field a union with null, an array or a map".to_owned()),
            });
        }
    }
    errors
}
