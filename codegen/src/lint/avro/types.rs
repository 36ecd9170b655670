//! How types are put together.

use std::collections::BTreeSet;

use charter_avro::schema::{Kind, Node, NodeId, SchemaSet};
use charter_avro::source::Tree;

use super::{Field, Named, Schemas, words};
use crate::lint::finding::Findings;
use crate::lint::rules::contracts as rules;
use crate::types::SHARED;

pub(super) fn lint(named: &Named<'_>, found: &mut Findings) {
    if let Kind::Enum(symbols) = &named.node.kind
        && symbols.default.is_none()
    {
        let text = "expected a `default`, found none".to_owned();
        named.push(&rules::ENUM_DEFAULT, "symbols", text, found);
    }
    for field in named.fields() {
        union(&field, found);
    }
    recursion(named, found);
}

fn union(field: &Field<'_>, found: &mut Findings) {
    let Some(branches) = field.branches() else { return };
    let is_null = |node: &Node| matches!(node.kind, Kind::Null);
    let others: Vec<&Node> = branches.iter().copied().filter(|node| !is_null(node)).collect();
    if others.len() < branches.len() {
        if !branches.first().is_some_and(|first| is_null(first)) {
            let text = format!("expected `null` first, found `{}`", words(branches[0]));
            field.push(&rules::NULLABLE_FIRST, "type", text, found);
        }
        match &field.of.default {
            None => {
                let text = "expected the default null, found none".to_owned();
                field.push(&rules::NULLABLE_DEFAULT, "name", text, found);
            }
            Some(default) if !default.is_null() => {
                let text = format!("expected the default null, found {}", default.describe());
                field.push(&rules::NULLABLE_DEFAULT, "default", text, found);
            }
            Some(_) => {}
        }
        if let Some(collection) =
            others.iter().find(|node| matches!(node.kind, Kind::Array { .. } | Kind::Map { .. }))
        {
            let text = format!(
                "expected an empty {0} for none, found an optional {0}",
                collection.kind.type_name()
            );
            field.push(&rules::COLLECTION_NULLABLE, "type", text, found);
        }
    }
    let records = others.iter().all(|node| matches!(node.kind, Kind::Record(_)));
    if others.len() > 1 && !records {
        let listed: Vec<String> = others.iter().map(|node| format!("`{}`", words(node))).collect();
        let text = format!("expected records only, found {}", listed.join(", "));
        field.push(&rules::UNION_MIXED, "type", text, found);
    }
}

/// A field that leads back to its own record.
fn recursion(named: &Named<'_>, found: &mut Findings) {
    let set = &named.schemas.set;
    for field in named.fields() {
        if reaches(set, field.of.schema, named.id) {
            let text =
                format!("expected a type that does not hold `{}`, found one that does", named.name);
            field.push(&rules::RECURSIVE_TYPE, "type", text, found);
        }
    }
}

fn reaches(set: &SchemaSet, from: NodeId, target: NodeId) -> bool {
    let mut seen = BTreeSet::new();
    let mut stack = vec![from];
    while let Some(id) = stack.pop() {
        if id == target {
            return true;
        }
        if seen.insert(id) {
            stack.extend(set.node(id).kind.children());
        }
    }
    false
}

/// Types of contexts that nothing leads to: no message, no view, no details of a rejection.
pub(super) fn unused(schemas: &Schemas, found: &mut Findings) {
    let mut stack: Vec<NodeId> = Vec::new();
    let mut said: BTreeSet<String> = BTreeSet::new();
    for named in schemas.types() {
        if named.kind().is_some() || named.namespace() == SHARED {
            stack.push(named.id);
        }
        let rejections =
            named.attribute("rejections").and_then(Tree::as_object).unwrap_or_default();
        let details =
            rejections.iter().filter_map(|rejection| rejection.value.get("details")?.as_str());
        said.extend(details.map(ToOwned::to_owned));
    }
    stack.extend(schemas.types().filter(|named| said.contains(named.name)).map(|named| named.id));
    let mut used: BTreeSet<NodeId> = BTreeSet::new();
    while let Some(id) = stack.pop() {
        if used.insert(id) {
            stack.extend(schemas.set.node(id).kind.children());
        }
    }
    for named in schemas.types().filter(|named| !used.contains(&named.id)) {
        let text = "expected a message, a view or a rejection that uses it, found none".to_owned();
        named.push(&rules::UNUSED_TYPE, "name", text, found);
    }
}
