//! Which members and items of a value other keywords have looked at: what `unevaluatedProperties` and
//! `unevaluatedItems` leave alone (JSON Schema 2020-12, core, section 11).

use std::collections::HashSet;

use serde_json::Value;

use super::{Outcome, Validity};
use crate::check::openapi::document::Node;
use crate::check::openapi::schema::Schema;

/// How deep schemas that look at the same value may hold one another.
const MAX_DEPTH: usize = 40;

impl<'a> Validity<'_, 'a> {
    /// The names of the members of `value`, an object, that `schema` has looked at; `None` where that cannot be told.
    pub(super) fn names_evaluated(
        &mut self,
        schema: &Schema<'a>,
        value: &Value,
        depth: usize,
    ) -> Option<HashSet<String>> {
        let members = value.as_object()?;
        if schema.written("additionalProperties").is_some() {
            return Some(members.keys().cloned().collect());
        }
        let mut names = HashSet::new();
        for name in members.keys() {
            let mut known = schema.property(name).is_some();
            for pattern in schema.pattern_properties {
                known |= self.schemas.matches(&pattern.key, name)?;
            }
            if known {
                names.insert(name.clone());
            }
        }
        for node in self.applied(schema, value, depth)? {
            let inner = self.schemas.at(node).schema;
            names.extend(self.names_evaluated(&inner, value, depth + 1)?);
            if inner.written("unevaluatedProperties").is_some() {
                return Some(members.keys().cloned().collect());
            }
        }
        Some(names)
    }

    /// How many items of `value`, an array, `schema` has looked at from the first on, and which others; `None` where
    /// that cannot be told.
    pub(super) fn items_evaluated(
        &mut self,
        schema: &Schema<'a>,
        value: &Value,
        depth: usize,
    ) -> Option<(usize, HashSet<usize>)> {
        let items = value.as_array()?;
        if schema.written("items").is_some() {
            return Some((items.len(), HashSet::new()));
        }
        let mut first = schema.prefix_items.len();
        let mut others = HashSet::new();
        if let Some(node) = schema.written("contains") {
            for (index, item) in items.iter().enumerate() {
                match self.schema(node, item, "", depth + 1) {
                    Outcome::Fits => {
                        others.insert(index);
                    }
                    Outcome::Misfits(_) => {}
                    Outcome::Unknown => return None,
                }
            }
        }
        for node in self.applied(schema, value, depth)? {
            let inner = self.schemas.at(node).schema;
            if inner.written("unevaluatedItems").is_some() {
                return Some((items.len(), HashSet::new()));
            }
            let (count, more) = self.items_evaluated(&inner, value, depth + 1)?;
            first = first.max(count);
            others.extend(more);
        }
        Some((first, others))
    }

    /// The schemas within `schema` that look at the same value and that it fits.
    fn applied(
        &mut self,
        schema: &Schema<'a>,
        value: &Value,
        depth: usize,
    ) -> Option<Vec<Node<'a>>> {
        if depth > MAX_DEPTH {
            return None;
        }
        let node = |tree| schema.within(tree);
        let mut applied: Vec<Node<'a>> = schema.all_of.iter().map(node).collect();
        applied.extend(schema.target);
        for tree in schema.any_of.iter().chain(schema.one_of) {
            if self.fits(node(tree), value, depth)? {
                applied.push(node(tree));
            }
        }
        if let Some(condition) = schema.single.condition {
            if self.fits(node(condition), value, depth)? {
                applied.push(node(condition));
                applied.extend(schema.single.then.map(node));
            } else {
                applied.extend(schema.single.otherwise.map(node));
            }
        }
        for member in schema.dependent_schemas {
            if value.get(&member.key).is_some() {
                applied.push(node(&member.value));
            }
        }
        applied.retain(|node| node.tree.as_bool().is_none());
        Some(applied)
    }

    fn fits(&mut self, node: Node<'a>, value: &Value, depth: usize) -> Option<bool> {
        match self.schema(node, value, "", depth + 1) {
            Outcome::Fits => Some(true),
            Outcome::Misfits(_) => Some(false),
            Outcome::Unknown => None,
        }
    }
}
