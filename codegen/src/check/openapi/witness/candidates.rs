//! Values that stand at the edges of what schemas take: listed values, bounds and what is next to them, objects with
//! one property more or less.

use std::cell::RefCell;
use std::collections::HashMap;

use charter_avro::source::Tree;
use regex_syntax::hir::{Class, Hir, HirKind};
use serde_json::{Map, Value, json};

use super::super::document::Node;
use super::super::schema::{Bound, Schema, Schemas};
use super::validity::{self, OF_FORMATS, OF_NO_FORMAT, Outcome};

/// How deep schemas are followed.
const MAX_DEPTH: usize = 8;
/// The most values of one schema.
const MAX_VALUES: usize = 96;
/// The most items, members and characters of a value: what is larger is no smallest witness.
const MAX_SIZE: u64 = 300;
/// A name that no contract lists.
const UNLISTED: &str = "unlisted";

/// Makes values for one version's schemas.
pub(crate) struct Maker<'s, 'a> {
    schemas: &'s Schemas<'a>,
    first: RefCell<HashMap<usize, Option<Value>>>,
}

impl<'s, 'a> Maker<'s, 'a> {
    pub(crate) fn new(schemas: &'s Schemas<'a>) -> Self {
        Self { schemas, first: RefCell::default() }
    }

    pub(crate) fn schemas(&self) -> &'s Schemas<'a> {
        self.schemas
    }

    /// A short value that fits the schema.
    pub(crate) fn smallest(&self, node: Node<'a>) -> Option<Value> {
        if node.tree.as_bool() == Some(true) {
            return Some(json!("a"));
        }
        self.first(node, 0)
    }

    /// A short value that fits the schema and can be written where parameters are: text that is not empty.
    pub(crate) fn written(&self, node: Node<'a>) -> Option<Value> {
        let empty = |value: &Value| {
            value.as_str() == Some("") || value.as_array().is_some_and(Vec::is_empty)
        };
        let first = self.smallest(node);
        if first.as_ref().is_some_and(|value| !empty(value)) {
            return first;
        }
        let mut values = self.values(node, 0);
        values.retain(|value| {
            !empty(value) && validity::check(self.schemas, node, value) == Outcome::Fits
        });
        values.into_iter().min_by_key(|value| value.to_string().len()).or(first)
    }

    /// A short value that fits the schema. `None` where none is found, as in a schema that holds itself.
    fn first(&self, node: Node<'a>, depth: usize) -> Option<Value> {
        let address = self.schemas.at(node).schema.node.address();
        if let Some(known) = self.first.borrow().get(&address) {
            return known.clone();
        }
        if depth > MAX_DEPTH {
            return None;
        }
        self.first.borrow_mut().insert(address, None);
        let mut values = self.values(node, depth + 1);
        values.retain(|value| validity::check(self.schemas, node, value) == Outcome::Fits);
        let first = values.into_iter().min_by_key(|value| value.to_string().len());
        self.first.borrow_mut().insert(address, first.clone());
        first
    }

    /// Values near the edges of a schema, fitting or not.
    pub(crate) fn values(&self, node: Node<'a>, depth: usize) -> Vec<Value> {
        if depth > MAX_DEPTH || node.tree.as_bool().is_some() || !self.schemas.spend(64) {
            return vec![json!(0), json!("a"), json!({})];
        }
        let schema = self.schemas.at(node).schema;
        let mut values: Vec<Value> = Vec::new();
        values.extend(schema.listed.unwrap_or_default().iter().take(16).map(Tree::to_json));
        values.extend(schema.constant.map(Tree::to_json));
        let any = schema.types.is_empty();
        for name in ["null", "boolean", "integer", "string", "array", "object"] {
            let listed = schema.types.contains(&name)
                || (name == "integer" && schema.types.contains(&"number"))
                || (name == "null" && schema.takes_null());
            if any || listed {
                self.of_type(name, &schema, depth, &mut values);
            }
        }
        let branches = schema.all_of.iter().chain(schema.any_of).chain(schema.one_of);
        self.conditional(&schema, depth, &mut values);
        let mut merged: Option<Value> =
            self.object(&schema, depth).filter(|_| !schema.all_of.is_empty());
        for tree in branches {
            let branch = schema.within(tree);
            values.extend(self.values(branch, depth + 2).into_iter().take(24));
        }
        for tree in schema.all_of {
            let first = self.first(schema.within(tree), depth + 1);
            merged = merge(merged, first);
        }
        if let Some(merged) = merged {
            values.push(merged);
        }
        // One of each other type, so that a type that came or went is seen.
        values.extend([
            json!(null),
            json!(true),
            json!(0),
            json!(0.5),
            json!("a"),
            json!([]),
            json!({}),
        ]);
        let mut kept: Vec<Value> = Vec::new();
        for value in values {
            if kept.len() < MAX_VALUES && !kept.contains(&value) {
                kept.push(value);
            }
        }
        kept
    }

    fn of_type(&self, name: &str, schema: &Schema<'a>, depth: usize, values: &mut Vec<Value>) {
        match name {
            "null" => values.push(Value::Null),
            "boolean" => values.extend([json!(true), json!(false)]),
            "integer" => numbers(schema, values),
            "string" => strings(schema, values),
            "array" => self.arrays(schema, depth, values),
            _ => self.objects(schema, depth, values),
        }
    }

    fn arrays(&self, schema: &Schema<'a>, depth: usize, values: &mut Vec<Value>) {
        let node = |tree: &'a Tree| schema.within(tree);
        let prefix: Vec<Value> = schema
            .prefix_items
            .iter()
            .map(|tree| self.first(node(tree), depth + 1).unwrap_or(Value::Null))
            .collect();
        let mut items = schema.single.items.map_or_else(
            || vec![json!(0), json!(1), json!("a")],
            |tree| self.values(node(tree), depth + 2),
        );
        if let Some(tree) = schema.single.items {
            items.retain(|item| validity::check(self.schemas, node(tree), item) == Outcome::Fits);
        }
        let contained = schema.single.contains.and_then(|tree| self.first(node(tree), depth + 1));
        values.push(json!([]));
        let edges =
            [Some(schema.min_items), schema.max_items, schema.min_contains, schema.max_contains];
        let mut counts: Vec<u64> = edges.into_iter().flatten().flat_map(around).collect();
        counts.extend([1, 2, prefix.len() as u64]);
        counts.sort_unstable();
        counts.dedup();
        for count in counts.into_iter().filter(|count| *count <= MAX_SIZE.min(40)) {
            let count = usize::try_from(count).unwrap_or(0);
            let fill = |from: &mut dyn FnMut(usize) -> Option<Value>| -> Option<Value> {
                let filled =
                    (0..count).map(|index| prefix.get(index).cloned().or_else(|| from(index)));
                filled.collect::<Option<Vec<_>>>().map(Value::Array)
            };
            values.extend(fill(&mut |_| items.first().cloned()));
            values.extend(fill(&mut |index| items.get(index).cloned()));
            values.extend(fill(&mut |_| contained.clone()));
            values.extend(fill(&mut |index| {
                if index == 0 { contained.clone() } else { items.first().cloned() }
            }));
        }
        for item in [json!(null), json!(true), json!(0), json!("a"), json!({})] {
            values.push(Value::Array(vec![item]));
        }
    }

    /// The properties that must be there.
    fn object(&self, schema: &Schema<'a>, depth: usize) -> Option<Value> {
        let mut members = Map::new();
        for name in &schema.required {
            let value = match schema.property(name) {
                Some(node) => self.first(node, depth + 1)?,
                None => json!(0),
            };
            members.insert((*name).to_owned(), value);
        }
        Some(Value::Object(members))
    }

    fn objects(&self, schema: &Schema<'a>, depth: usize, values: &mut Vec<Value>) {
        values.push(json!({}));
        let Some(Value::Object(base)) = self.object(schema, depth) else { return };
        let with = |name: &str, value: Value| {
            let mut members = base.clone();
            members.insert(name.to_owned(), value);
            Value::Object(members)
        };
        values.push(Value::Object(base.clone()));
        let mut full = base.clone();
        for member in schema.properties.iter().filter(|member| !member.value.is_null()).take(40) {
            let node = schema.within(&member.value);
            if let Some(value) = self.first(node, depth + 1) {
                full.insert(member.key.clone(), value.clone());
                values.push(with(&member.key, value));
            }
        }
        let names: Vec<&str> = schema
            .dependent_required
            .iter()
            .chain(schema.dependent_schemas)
            .map(|member| member.key.as_str())
            .chain(conditional_names(schema))
            .collect();
        for name in &names {
            let node = schema.property(name);
            let value = node.map_or(Some(json!(0)), |node| self.first(node, depth + 1));
            values.extend(value.map(|value| with(name, value)));
        }
        // Properties with values of other types, which a branch or a condition may refuse.
        for member in schema.properties.iter().filter(|member| !member.value.is_null()).take(6) {
            for value in [json!(0), json!("a"), json!({})] {
                values.push(with(&member.key, value));
            }
        }
        let mut every = full.clone();
        for name in names {
            every.entry(name.to_owned()).or_insert(json!(0));
        }
        for name in every.keys().take(20) {
            let mut members = every.clone();
            members.remove(name);
            values.push(Value::Object(members));
        }
        values.push(Value::Object(full));
        values.push(Value::Object(every));
        for value in [json!(0), json!("a"), json!(true), json!(null)] {
            values.push(with(UNLISTED, value));
        }
        if let Some(value) = schema
            .single
            .additional_properties
            .and_then(|tree| self.first(schema.within(tree), depth + 1))
        {
            values.push(with(UNLISTED, value));
        }
        for member in schema.pattern_properties {
            let Some(name) = matching(&member.key) else { continue };
            let node = schema.within(&member.value);
            values.extend(self.first(node, depth + 1).map(|value| with(&name, value)));
            for value in [json!(0), json!("a"), json!(true)] {
                values.push(with(&name, value));
            }
        }
        if let Some(tree) = schema.single.property_names {
            for name in self.values(schema.within(tree), depth + 2) {
                values.extend(name.as_str().map(|name| with(name, json!(0))));
            }
        }
        for count in [Some(schema.min_properties), schema.max_properties]
            .into_iter()
            .flatten()
            .flat_map(around)
            .filter(|count| *count <= MAX_SIZE.min(40))
        {
            let mut members = base.clone();
            for index in 0..count {
                if (members.len() as u64) < count {
                    members.insert(format!("k{index}"), json!(0));
                }
            }
            values.push(Value::Object(members));
        }
    }

    /// Objects that a condition is about: what `if` or `dependentSchemas` asks for, with what it then says of others.
    fn conditional(&self, schema: &Schema<'a>, depth: usize, values: &mut Vec<Value>) {
        let node = |tree: &'a Tree| schema.within(tree);
        let single = &schema.single;
        let mut cases: Vec<(Vec<Value>, Vec<Value>)> = Vec::new();
        if let Some(condition) = single.condition {
            let asked = self.values(node(condition), depth + 2);
            for tree in [single.then, single.otherwise].into_iter().flatten() {
                cases.push((asked.clone(), self.values(node(tree), depth + 2)));
            }
        }
        for member in schema.dependent_schemas {
            let own = schema.property(&member.key).and_then(|node| self.first(node, depth + 1));
            let asked = vec![json!({ member.key.clone(): own.unwrap_or(json!(0)) })];
            cases.push((asked, self.values(node(&member.value), depth + 2)));
        }
        let objects = |found: Vec<Value>| -> Vec<Value> {
            found
                .into_iter()
                .filter(|value| value.as_object().is_some_and(|members| !members.is_empty()))
                .take(12)
                .collect()
        };
        let base = self.object(schema, depth);
        for (asked, said) in cases {
            for said in objects(said) {
                for asked in objects(asked.clone()) {
                    values.extend(merge(merge(base.clone(), Some(said.clone())), Some(asked)));
                }
                values.extend(merge(base.clone(), Some(said)));
            }
        }
    }

    /// Objects of this side with one property that only the other side lists or requires, or without one of its own.
    pub(crate) fn with_members_of(
        &self,
        node: Node<'a>,
        other: &Maker<'_, 'a>,
        other_node: Node<'a>,
    ) -> Vec<Value> {
        let (schema, found) = (self.schemas.at(node).schema, other.schemas.at(other_node).schema);
        let Some(Value::Object(base)) = self.object(&schema, 0) else { return Vec::new() };
        let names = found
            .properties
            .iter()
            .map(|member| member.key.as_str())
            .chain(found.required.iter().copied());
        let mut values = Vec::new();
        for name in names.take(40) {
            let value = found
                .property(name)
                .map_or(Some(json!(0)), |node| other.first(node, 1))
                .or_else(|| self.first(schema.property(name)?, 1));
            let Some(value) = value else { continue };
            let mut members = base.clone();
            members.insert(name.to_owned(), value);
            values.push(Value::Object(members));
        }
        for name in matching_names(&found) {
            let mut members = base.clone();
            members.insert(name, json!(0));
            values.push(Value::Object(members));
        }
        values
    }

    /// For the properties of each branch of a schema, of `then` and of `else`, a value that is refused there.
    pub(crate) fn wrong_members(&self, node: Node<'a>) -> Vec<(String, Value)> {
        let schema = self.schemas.at(node).schema;
        let mut found: Vec<(String, Value)> = Vec::new();
        let single = &schema.single;
        let told = [single.then, single.otherwise].into_iter().flatten();
        for tree in schema.any_of.iter().chain(schema.one_of).chain(told).take(MAX_DEPTH) {
            let branch = self.schemas.at(schema.within(tree)).schema;
            for member in branch.properties.iter().filter(|member| !member.value.is_null()) {
                if found.len() >= MAX_DEPTH || found.iter().any(|(name, _)| *name == member.key) {
                    continue;
                }
                let node = branch.within(&member.value);
                let mut values = [json!(0), json!("a"), json!({}), json!([])].into_iter();
                let wrong = values.find(|value| {
                    matches!(validity::check(self.schemas, node, value), Outcome::Misfits(_))
                });
                found.extend(wrong.map(|value| (member.key.clone(), value)));
            }
        }
        found
    }

    /// Puts a value of the schema `held` into values of the schema that holds it.
    pub(crate) fn wrap(&self, holder: Node<'a>, held: Node<'a>, value: Value) -> Vec<Value> {
        let schema = self.schemas.at(holder).schema;
        let address = self.schemas.at(held).schema.node.address();
        let is = |tree: &'a Tree| {
            let node = schema.within(tree);
            node.tree.as_bool().is_none() && self.schemas.at(node).schema.node.address() == address
        };
        let object = |name: &str| -> Option<Value> {
            let Some(Value::Object(mut members)) = self.object(&schema, 0) else {
                return Some(json!({ name: value.clone() }));
            };
            members.insert(name.to_owned(), value.clone());
            Some(Value::Object(members))
        };
        let mut wrapped = Vec::new();
        for member in schema.properties.iter().filter(|member| is(&member.value)) {
            wrapped.extend(object(&member.key));
        }
        for member in schema.pattern_properties.iter().filter(|member| is(&member.value)) {
            wrapped.extend(matching(&member.key).and_then(|name| object(&name)));
        }
        for member in schema.dependent_schemas.iter().filter(|member| is(&member.value)) {
            let named = schema.property(&member.key).and_then(|node| self.first(node, 1));
            let own = json!({ member.key.clone(): named.unwrap_or(json!(0)) });
            wrapped.extend(merge(Some(own), Some(value.clone())));
        }
        if schema.single.additional_properties.is_some_and(is) {
            wrapped.extend(object(UNLISTED));
        }
        if schema.single.unevaluated_properties.is_some_and(is) {
            wrapped.extend(object(UNLISTED));
        }
        if schema.single.unevaluated_items.is_some_and(is) {
            let before = schema.prefix_items.iter();
            let before = before.map(|tree| self.first(schema.within(tree), 1));
            let items = before.chain([Some(value.clone())]).collect::<Option<Vec<_>>>();
            wrapped.extend(items.map(Value::Array));
        }
        if schema.single.items.is_some_and(is) {
            let least = usize::try_from(schema.min_items.clamp(1, 20)).unwrap_or(1);
            wrapped.push(Value::Array(vec![value.clone(); least]));
        }
        if schema.single.contains.is_some_and(is) {
            wrapped.push(Value::Array(vec![value.clone()]));
        }
        if let Some(name) = value.as_str().filter(|_| schema.single.property_names.is_some_and(is))
        {
            wrapped.push(json!({ name: 0 }));
            let single = &schema.single;
            let rest = [single.additional_properties, single.unevaluated_properties];
            let nodes = rest.into_iter().flatten().map(|tree| schema.within(tree));
            for node in schema.property(name).into_iter().chain(nodes) {
                wrapped.extend(self.first(node, 1).map(|value| json!({ name: value })));
            }
        }
        if let Some(place) = schema.prefix_items.iter().position(is) {
            let before = schema.prefix_items[..place].iter();
            let before = before.map(|tree| self.first(schema.within(tree), 1));
            let items = before.chain([Some(value.clone())]).collect::<Option<Vec<_>>>();
            wrapped.extend(items.map(Value::Array));
        }
        let single = &schema.single;
        let applied = [single.not, single.condition, single.then, single.otherwise];
        let branches = schema.all_of.iter().chain(schema.any_of).chain(schema.one_of);
        if branches.chain(applied.into_iter().flatten()).any(is) {
            let mut whole = self.object(&schema, 0);
            for tree in schema.all_of.iter().filter(|tree| !is(tree)) {
                whole = merge(whole, self.first(schema.within(tree), 1));
            }
            wrapped.extend(merge(whole, Some(value.clone())));
            wrapped.push(value);
        }
        wrapped.dedup();
        wrapped
    }
}

/// Two objects in one, the second's members first in right; what is no object stands for itself.
fn merge(one: Option<Value>, other: Option<Value>) -> Option<Value> {
    match (one, other) {
        (Some(Value::Object(mut members)), Some(Value::Object(more))) => {
            members.extend(more);
            Some(Value::Object(members))
        }
        (_, Some(value)) | (Some(value), None) => Some(value),
        (None, None) => None,
    }
}

fn around(edge: u64) -> [u64; 3] {
    [edge.saturating_sub(1), edge, edge.saturating_add(1)]
}

/// The names that `if`, `then` and `else` ask for.
fn conditional_names<'a>(schema: &Schema<'a>) -> impl Iterator<Item = &'a str> {
    let single = &schema.single;
    let trees = [single.condition, single.then, single.otherwise, single.not];
    trees.into_iter().flatten().flat_map(|tree| {
        let names = tree.get("required").and_then(Tree::as_array).unwrap_or_default();
        names.iter().filter_map(Tree::as_str)
    })
}

fn matching_names(schema: &Schema<'_>) -> Vec<String> {
    schema.pattern_properties.iter().filter_map(|member| matching(&member.key)).collect()
}

fn numbers(schema: &Schema<'_>, values: &mut Vec<Value>) {
    let exclusive = |bound: Option<Bound>| match bound {
        Some(Bound::Value(value)) => Some(value),
        Some(Bound::Flag(_)) | None => None,
    };
    let edges = [
        schema.minimum,
        schema.maximum,
        exclusive(schema.exclusive_minimum),
        exclusive(schema.exclusive_maximum),
    ];
    let step = schema.multiple_of.filter(|step| *step > 0.0);
    let mut found = vec![0.0, 1.0, -1.0];
    for edge in edges.into_iter().flatten() {
        found.extend([edge, edge - 1.0, edge + 1.0, edge - 0.5, edge + 0.5]);
        if let Some(step) = step {
            found.extend([(edge / step).ceil() * step, (edge / step).floor() * step]);
        }
    }
    if let Some(step) = step {
        found.extend([step, -step, step * 2.0, step * 3.0]);
    }
    if schema.format == "int32" || schema.format == "int64" {
        found.push(2_147_483_648.0);
    }
    let whole = schema.types.contains(&"integer") && !schema.types.contains(&"number");
    values.extend(found.into_iter().filter(|value| !whole || value.fract() == 0.0).map(number));
}

/// A whole number as an integer, for so people write it.
fn number(value: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53")]
    if value.fract() == 0.0 && value.abs() < 9.0e15 { json!(value as i64) } else { json!(value) }
}

fn strings(schema: &Schema<'_>, values: &mut Vec<Value>) {
    let format = OF_FORMATS.iter().find(|(name, _)| *name == schema.format);
    values.extend(format.map(|(_, text)| json!(text)));
    values.push(json!(OF_NO_FORMAT));
    values.extend(["", "a", "A", "1", "-"].map(|text| json!(text)));
    let edges = [Some(schema.min_length), schema.max_length];
    let matched = matching(schema.pattern).filter(|_| !schema.pattern.is_empty());
    for length in edges.into_iter().flatten().flat_map(around).filter(|length| *length <= MAX_SIZE)
    {
        let length = usize::try_from(length).unwrap_or(0);
        values.push(json!("a".repeat(length)));
        // A match that is drawn out may still be one.
        if let Some(text) = &matched {
            let last = text.chars().last().unwrap_or('a');
            let more = length.saturating_sub(text.chars().count());
            values.push(json!(format!("{text}{}", last.to_string().repeat(more))));
        }
    }
    values.extend(matched.map(|text| json!(text)));
}

/// A short text that matches a regular expression, where it is one.
fn matching(pattern: &str) -> Option<String> {
    let mut text = String::new();
    let hir = regex_syntax::parse(pattern).ok()?;
    write(&hir, &mut text)?;
    (text.len() as u64 <= MAX_SIZE).then_some(text)
}

fn write(hir: &Hir, text: &mut String) -> Option<()> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.push_str(std::str::from_utf8(&literal.0).ok()?),
        HirKind::Class(Class::Unicode(class)) => {
            let fits = |wanted: char| {
                class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&wanted))
            };
            let plain = ['a', 'A', '0', '1', '-'].into_iter().find(|wanted| fits(*wanted));
            text.push(plain.or_else(|| {
                class.ranges().first().map(regex_syntax::hir::ClassUnicodeRange::start)
            })?);
        }
        HirKind::Class(Class::Bytes(class)) => {
            text.push(char::from(class.ranges().first()?.start()));
        }
        HirKind::Repetition(repetition) => {
            for _ in 0..u64::from(repetition.min).min(MAX_SIZE) {
                write(&repetition.sub, text)?;
            }
        }
        HirKind::Capture(capture) => write(&capture.sub, text)?,
        HirKind::Concat(parts) => {
            for part in parts {
                write(part, text)?;
            }
        }
        HirKind::Alternation(parts) => write(parts.first()?, text)?,
    }
    Some(())
}
