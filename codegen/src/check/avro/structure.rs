//! What differs between two versions of a schema, type by type and field by field.

use std::collections::HashSet;

use charter_avro::schema::{Enum, Field, Kind, Logical, Node, NodeId, Record, Schema};

use super::rules::{self, Row};
use super::{Found, Reach, Version, attribute};
use crate::check::openapi::equal_values;

/// Compares two versions, as far as `reach` says.
pub(super) fn compare(old: &Version, new: &Version, reach: Reach, found: &mut Found) {
    let mut walk = Walk { old, new, found, seen: HashSet::new(), reach };
    walk.both(old.schema.root(), new.schema.root(), "");
}

struct Walk<'w> {
    old: &'w Version,
    new: &'w Version,
    found: &'w mut Found,
    seen: HashSet<(NodeId, NodeId)>,
    reach: Reach,
}

impl Walk<'_> {
    fn both(&mut self, old: NodeId, new: NodeId, pointer: &str) {
        // The walk keeps its own stack: recursive types can chain far longer than a schema nests.
        let mut open = vec![(old, new, pointer.to_owned())];
        while let Some((old, new, pointer)) = open.pop() {
            if !self.seen.insert((old, new)) {
                continue;
            }
            let mut inner = self.pair(old, new, &pointer);
            inner.reverse();
            open.append(&mut inner);
        }
    }

    fn push(&mut self, row: &Row, text: String, old: &Node, new: &Node, pointer: &str) {
        let spots = (self.old.spot_of(old, pointer), self.new.spot_of(new, pointer));
        self.found.push(row, text, Some(spots.0), Some(spots.1));
    }

    /// One pair of types; what is in them comes back.
    fn pair(
        &mut self,
        old_id: NodeId,
        new_id: NodeId,
        pointer: &str,
    ) -> Vec<(NodeId, NodeId, String)> {
        let (old_schema, new_schema) = (self.old.schema.clone(), self.new.schema.clone());
        let (old, new) = (old_schema.node(old_id), new_schema.node(new_id));
        let root = pointer.is_empty();
        if !root && self.reach == Reach::Type && new.kind.name().is_some() {
            return Vec::new();
        }
        let name = || what(&new.kind, root);
        if old.logical != new.logical {
            let text = format!(
                "{}: the logical type is {} now, and was {}",
                name(),
                logical(new.logical.as_ref()),
                logical(old.logical.as_ref())
            );
            self.push(&rules::LOGICAL_CHANGED, text, old, new, pointer);
        }
        match (&old.kind, &new.kind) {
            (Kind::Record(was), Kind::Record(is)) => {
                self.named(old, new, pointer);
                attribute::compare(self.old, self.new, (old, new), pointer, self.found);
                self.fields((old, was), (new, is), pointer)
            }
            (Kind::Enum(was), Kind::Enum(is)) => {
                self.named(old, new, pointer);
                self.symbols((old, was), (new, is), pointer);
                Vec::new()
            }
            (Kind::Fixed(_), Kind::Fixed(_)) => {
                self.named(old, new, pointer);
                Vec::new()
            }
            (Kind::Array { items: was }, Kind::Array { items: is }) => {
                vec![(*was, *is, format!("{pointer}/items"))]
            }
            (Kind::Map { values: was }, Kind::Map { values: is }) => {
                vec![(*was, *is, format!("{pointer}/values"))]
            }
            (Kind::Union { branches: was }, Kind::Union { branches: is }) => {
                self.branches((old, was), (new, is), pointer)
            }
            (Kind::Union { branches }, _) => {
                let kept = branches
                    .iter()
                    .find(|branch| same_type(&old_schema.node(**branch).kind, &new.kind));
                for branch in branches.iter().filter(|branch| Some(*branch) != kept) {
                    let text =
                        format!("{}: {} is gone", name(), quoted(&old_schema.node(*branch).kind));
                    self.push(&rules::BRANCH_REMOVED, text, old, new, pointer);
                }
                kept.map(|branch| (*branch, new_id, pointer.to_owned())).into_iter().collect()
            }
            (_, Kind::Union { branches }) => {
                let kept = branches
                    .iter()
                    .position(|branch| same_type(&new_schema.node(*branch).kind, &old.kind));
                for (index, branch) in branches.iter().enumerate() {
                    if Some(index) != kept {
                        let text = format!(
                            "{}: may be {} now",
                            name(),
                            quoted(&new_schema.node(*branch).kind)
                        );
                        self.push(&rules::BRANCH_ADDED, text, old, new, pointer);
                    }
                }
                kept.map(|index| (old_id, branches[index], format!("{pointer}/{index}")))
                    .into_iter()
                    .collect()
            }
            (was, is) => {
                if was.type_name() != is.type_name() {
                    let text =
                        format!("{}: is {} now, and was {}", name(), quoted(is), quoted(was));
                    self.push(&rules::TYPE_PROMOTED, text, old, new, pointer);
                }
                Vec::new()
            }
        }
    }

    fn named(&mut self, old: &Node, new: &Node, pointer: &str) {
        let (Some(was), Some(is)) = (old.kind.name(), new.kind.name()) else { return };
        let name = || what(&new.kind, pointer.is_empty());
        if was.namespace() != is.namespace() {
            let text = format!("{}: the full name is `{is}` now, and was `{was}`", name());
            self.push(&rules::NAMESPACE_CHANGED, text, old, new, pointer);
        }
        if old.kind.aliases() != new.kind.aliases() {
            self.push(
                &rules::ALIASES_CHANGED,
                format!("{}: other aliases", name()),
                old,
                new,
                pointer,
            );
        }
        if old.kind.doc() != new.kind.doc() {
            self.push(&rules::DOC_CHANGED, format!("{}: another `doc`", name()), old, new, pointer);
        }
    }

    fn fields(
        &mut self,
        (old, was): (&Node, &Record),
        (new, is): (&Node, &Record),
        pointer: &str,
    ) -> Vec<(NodeId, NodeId, String)> {
        let mut inner = Vec::with_capacity(is.fields.len());
        let mut taken = Vec::with_capacity(is.fields.len());
        for (index, field) in is.fields.iter().enumerate() {
            let Some(before) = before(was, field, index) else {
                let pointer = format!("{pointer}/fields/{index}");
                let with = if field.default.is_some() { ", with a default" } else { "" };
                let text = format!("field `{}` of `{}`: new{with}", field.name, is.name);
                let now = self.new.spot(new.file, field.name_span, &pointer);
                self.found.push(
                    &rules::FIELD_ADDED,
                    text,
                    Some(self.old.spot_of(old, "")),
                    Some(now),
                );
                continue;
            };
            taken.push(before);
            let earlier = &was.fields[before];
            let both = BothFields {
                old: (self.old, old.file, earlier),
                new: (self.new, new.file, field),
                record: is,
                pointer: (pointer, index),
            };
            compare_fields(&both, self.found);
            if !same_at_sight((&self.old.schema, earlier.schema), (&self.new.schema, field.schema))
            {
                let pointer = format!("{pointer}/fields/{index}/type");
                inner.push((earlier.schema, field.schema, pointer));
            }
        }
        for (index, field) in
            was.fields.iter().enumerate().filter(|(index, _)| !taken.contains(index))
        {
            let text = format!("field `{}` of `{}`: gone", field.name, is.name);
            let before =
                self.old.spot(old.file, field.name_span, &format!("{pointer}/fields/{index}"));
            self.found.push(
                &rules::FIELD_REMOVED,
                text,
                Some(before),
                Some(self.new.spot_of(new, pointer)),
            );
        }
        if taken.windows(2).any(|pair| pair[0] > pair[1]) {
            let text = format!(
                "{}: the fields stand in another order",
                what(&new.kind, pointer.is_empty())
            );
            self.push(&rules::FIELD_MOVED, text, old, new, pointer);
        }
        inner
    }

    fn symbols(&mut self, (old, was): (&Node, &Enum), (new, is): (&Node, &Enum), pointer: &str) {
        let name = what(&new.kind, pointer.is_empty());
        for symbol in is.symbols.iter().filter(|symbol| !was.symbols.contains(symbol)) {
            self.push(
                &rules::SYMBOL_ADDED,
                format!("{name}: the symbol `{symbol}` is new"),
                old,
                new,
                pointer,
            );
        }
        for symbol in was.symbols.iter().filter(|symbol| !is.symbols.contains(symbol)) {
            self.push(
                &rules::SYMBOL_REMOVED,
                format!("{name}: the symbol `{symbol}` is gone"),
                old,
                new,
                pointer,
            );
        }
        let kept = |symbols: &[String], other: &[String]| -> Vec<String> {
            symbols.iter().filter(|symbol| other.contains(symbol)).cloned().collect()
        };
        if kept(&was.symbols, &is.symbols) != kept(&is.symbols, &was.symbols) {
            let text = format!("{name}: the symbols stand in another order");
            self.push(&rules::SYMBOLS_MOVED, text, old, new, pointer);
        }
        if was.default.is_some() && was.default != is.default {
            let now = is.default.as_ref().map_or("none".to_owned(), |symbol| format!("`{symbol}`"));
            let before = was.default.as_deref().unwrap_or_default();
            let text = format!("{name}: the default is {now} now, and was `{before}`");
            self.push(&rules::ENUM_DEFAULT_CHANGED, text, old, new, pointer);
        }
    }

    fn branches(
        &mut self,
        (old, was): (&Node, &[NodeId]),
        (new, is): (&Node, &[NodeId]),
        pointer: &str,
    ) -> Vec<(NodeId, NodeId, String)> {
        let mut inner = Vec::new();
        let mut taken = Vec::new();
        for (index, branch) in is.iter().enumerate() {
            let kind = &self.new.schema.node(*branch).kind;
            let before =
                was.iter().position(|other| same_type(&self.old.schema.node(*other).kind, kind));
            if let Some(before) = before {
                taken.push(before);
                inner.push((was[before], *branch, format!("{pointer}/{index}")));
            } else {
                let text = format!("the union has {} now", quoted(kind));
                self.push(&rules::BRANCH_ADDED, text, old, new, pointer);
            }
        }
        for (_, branch) in was.iter().enumerate().filter(|(index, _)| !taken.contains(index)) {
            let text =
                format!("the union has lost {}", quoted(&self.old.schema.node(*branch).kind));
            self.push(&rules::BRANCH_REMOVED, text, old, new, pointer);
        }
        if taken.windows(2).any(|pair| pair[0] > pair[1]) {
            let text = "the branches of the union stand in another order".to_owned();
            self.push(&rules::BRANCHES_MOVED, text, old, new, pointer);
        }
        inner
    }
}

/// A field in both versions of a record. What a report says of it is put together when there is something to say.
pub(super) struct BothFields<'f> {
    /// The version, its file, and the field in it.
    old: (&'f Version, u32, &'f Field),
    new: (&'f Version, u32, &'f Field),
    /// The new version's record.
    record: &'f Record,
    /// The record's pointer, and which field of the new version it is.
    pointer: (&'f str, usize),
}

impl<'f> BothFields<'f> {
    pub(super) fn both(&self) -> (&'f Field, &'f Field) {
        (self.old.2, self.new.2)
    }

    /// Reports `text` of the field under `row`.
    pub(super) fn push(&self, row: &Row, text: &str, found: &mut Found) {
        let pointer = format!("{}/fields/{}", self.pointer.0, self.pointer.1);
        let spot = |(version, file, field): (&Version, u32, &Field)| {
            version.spot(file, field.name_span, &pointer)
        };
        let text = format!("field `{}` of `{}`: {text}", self.new.2.name, self.record.name);
        found.push(row, text, Some(spot(self.old)), Some(spot(self.new)));
    }
}

/// Where a field of the new record stands in the old one: mostly where it stands in the new one.
fn before(was: &Record, field: &Field, index: usize) -> Option<usize> {
    let named = |other: &Field| other.name == field.name;
    if was.fields.get(index).is_some_and(named) {
        return Some(index);
    }
    let place = was.fields.iter().position(named);
    place.or_else(|| was.fields.iter().position(|other| field.aliases.contains(&other.name)))
}

fn compare_fields(both: &BothFields<'_>, found: &mut Found) {
    let (old, new) = both.both();
    if old.name != new.name {
        let text = format!("was called `{}`, which is an alias now", old.name);
        both.push(&rules::FIELD_RENAMED, &text, found);
    }
    match (&old.default, &new.default) {
        (None, Some(_)) => both.push(&rules::DEFAULT_ADDED, "has a default now", found),
        (Some(_), None) => both.push(&rules::DEFAULT_REMOVED, "has no default any more", found),
        (Some(was), Some(is)) if !equal_values(was, is) => {
            let text =
                format!("the default is `{}` now, and was `{}`", is.to_json(), was.to_json());
            both.push(&rules::DEFAULT_CHANGED, &text, found);
        }
        (Some(_), Some(_)) | (None, None) => {}
    }
    if old.order != new.order {
        let text =
            format!("is sorted `{}` now, and was `{}`", new.order.as_str(), old.order.as_str());
        both.push(&rules::ORDER_CHANGED, &text, found);
    }
    if old.aliases != new.aliases && old.name == new.name {
        both.push(&rules::ALIASES_CHANGED, "other aliases", found);
    }
    if old.doc != new.doc {
        both.push(&rules::DOC_CHANGED, "another `doc`", found);
    }
    attribute::compare_field(both, found);
}

/// Whether two types are one primitive, or optional ones, so that there is nothing in them to compare: most fields are.
fn same_at_sight(
    (old_schema, old): (&Schema, NodeId),
    (new_schema, new): (&Schema, NodeId),
) -> bool {
    let (old, new) = (old_schema.node(old), new_schema.node(new));
    if old.kind.type_name() != new.kind.type_name() || old.logical != new.logical {
        return false;
    }
    match (&old.kind, &new.kind) {
        (Kind::Union { branches: was }, Kind::Union { branches: is }) => {
            let is_union = |(schema, id): (&Schema, NodeId)| {
                matches!(schema.node(id).kind, Kind::Union { .. })
            };
            was.len() == is.len()
                && was.iter().zip(is).all(|(one, other)| {
                    let (one, other) = ((old_schema, *one), (new_schema, *other));
                    // A union holds no union, but a hostile one must not be followed either.
                    !is_union(one) && same_at_sight(one, other)
                })
        }
        (
            Kind::Record(_)
            | Kind::Enum(_)
            | Kind::Fixed(_)
            | Kind::Array { .. }
            | Kind::Map { .. }
            | Kind::Union { .. },
            _,
        ) => false,
        (
            Kind::Null
            | Kind::Boolean
            | Kind::Int
            | Kind::Long
            | Kind::Float
            | Kind::Double
            | Kind::Bytes
            | Kind::String,
            _,
        ) => true,
    }
}

/// Whether two branches are the same one: of one type and, where they have names, of one name.
fn same_type(one: &Kind, other: &Kind) -> bool {
    one.type_name() == other.type_name()
        && match (one.name(), other.name()) {
            (Some(one), Some(name)) => one.name() == name.name() || other.aliases().contains(one),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        }
}

fn what(kind: &Kind, root: bool) -> String {
    match kind.name() {
        Some(name) => format!("{} `{name}`", kind.type_name()),
        None if root => "the schema".to_owned(),
        None => format!("`{}`", kind.type_name()),
    }
}

fn quoted(kind: &Kind) -> String {
    kind.name().map_or_else(|| format!("`{}`", kind.type_name()), |name| format!("`{name}`"))
}

fn logical(logical: Option<&Logical>) -> String {
    match logical {
        None => "none".to_owned(),
        Some(Logical::Decimal { precision, scale }) => format!("`decimal({precision}, {scale})`"),
        Some(other) => format!("`{}`", other.as_str()),
    }
}
