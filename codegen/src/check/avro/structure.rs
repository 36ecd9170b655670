//! What differs between two versions of a schema, type by type and field by field.

use std::collections::HashSet;

use charter_avro::schema::{Enum, Field, Kind, Logical, Node, NodeId, Record};

use super::rules::{self, Row};
use super::{Found, Reach, Version, attribute};
use crate::check::change::Spot;
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
        let name = what(&new.kind, root);
        if old.logical != new.logical {
            let text = format!(
                "{name}: the logical type is {} now, and was {}",
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
                        format!("{name}: {} is gone", quoted(&old_schema.node(*branch).kind));
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
                            "{name}: may be {} now",
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
                    let text = format!("{name}: is {} now, and was {}", quoted(is), quoted(was));
                    self.push(&rules::TYPE_PROMOTED, text, old, new, pointer);
                }
                Vec::new()
            }
        }
    }

    fn named(&mut self, old: &Node, new: &Node, pointer: &str) {
        let (Some(was), Some(is)) = (old.kind.name(), new.kind.name()) else { return };
        let name = what(&new.kind, pointer.is_empty());
        if was.namespace() != is.namespace() {
            let text = format!("{name}: the full name is `{is}` now, and was `{was}`");
            self.push(&rules::NAMESPACE_CHANGED, text, old, new, pointer);
        }
        if old.kind.aliases() != new.kind.aliases() {
            self.push(&rules::ALIASES_CHANGED, format!("{name}: other aliases"), old, new, pointer);
        }
        if old.kind.doc() != new.kind.doc() {
            self.push(&rules::DOC_CHANGED, format!("{name}: another `doc`"), old, new, pointer);
        }
    }

    fn fields(
        &mut self,
        (old, was): (&Node, &Record),
        (new, is): (&Node, &Record),
        pointer: &str,
    ) -> Vec<(NodeId, NodeId, String)> {
        let mut inner = Vec::new();
        let mut taken = Vec::new();
        for (index, field) in is.fields.iter().enumerate() {
            let pointer = format!("{pointer}/fields/{index}");
            let before =
                was.fields.iter().position(|other| other.name == field.name).or_else(|| {
                    was.fields.iter().position(|other| field.aliases.contains(&other.name))
                });
            let now = self.new.spot(new.file, field.name_span, &pointer);
            let Some(before) = before else {
                let with = if field.default.is_some() { ", with a default" } else { "" };
                let text = format!("field `{}` of `{}`: new{with}", field.name, is.name);
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
            let spots = (self.old.spot(old.file, earlier.name_span, &pointer), now);
            self.field((earlier, field), &is.name.to_string(), &spots);
            inner.push((earlier.schema, field.schema, format!("{pointer}/type")));
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

    fn field(&mut self, (old, new): (&Field, &Field), record: &str, spots: &(Spot, Spot)) {
        let name = format!("field `{}` of `{record}`", new.name);
        let mut push = |row: &Row, text: String| {
            self.found.push(
                row,
                format!("{name}: {text}"),
                Some(spots.0.clone()),
                Some(spots.1.clone()),
            );
        };
        if old.name != new.name {
            push(
                &rules::FIELD_RENAMED,
                format!("was called `{}`, which is an alias now", old.name),
            );
        }
        match (&old.default, &new.default) {
            (None, Some(_)) => push(&rules::DEFAULT_ADDED, "has a default now".to_owned()),
            (Some(_), None) => push(&rules::DEFAULT_REMOVED, "has no default any more".to_owned()),
            (Some(was), Some(is)) if !equal_values(was, is) => {
                let text =
                    format!("the default is `{}` now, and was `{}`", is.to_json(), was.to_json());
                push(&rules::DEFAULT_CHANGED, text);
            }
            (Some(_), Some(_)) | (None, None) => {}
        }
        if old.order != new.order {
            let text =
                format!("is sorted `{}` now, and was `{}`", new.order.as_str(), old.order.as_str());
            push(&rules::ORDER_CHANGED, text);
        }
        if old.aliases != new.aliases && old.name == new.name {
            push(&rules::ALIASES_CHANGED, "other aliases".to_owned());
        }
        if old.doc != new.doc {
            push(&rules::DOC_CHANGED, "another `doc`".to_owned());
        }
        attribute::compare_field((old, new), &name, spots, self.found);
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
