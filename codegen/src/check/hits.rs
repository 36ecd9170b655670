//! Whom a change hits: messages and views that hold a type, rooms that an event is sent to, operations that send or
//! read, contexts that fold.

use std::collections::{BTreeMap, BTreeSet};

use charter_avro::schema::{Kind, NodeId, SchemaSet};
use charter_avro::source::Tree;

use super::change::Change;
use super::contracts::Contracts;
use super::openapi;
use crate::attribute::NAME;
use crate::rules::Severity;

/// Fills in whom each error and warning about a type hits: of `now`, or of `before` where the type is gone.
pub(super) fn find(changes: &mut [Change], now: &Users, before: Option<&Users>) {
    for change in changes.iter_mut().filter(|change| change.severity != Severity::Info) {
        change.hits = now.of(&change.subject);
        if let Some(before) = before.filter(|_| change.hits.is_empty()) {
            change.hits = before.of(&change.subject);
        }
    }
}

/// Who uses which type, by full names.
#[derive(Debug, Default)]
pub struct Users {
    /// The types that hold a type, directly or not, itself included.
    holders: BTreeMap<String, BTreeSet<String>>,
    /// What a type is to others: `event`, its room, the contexts that fold it.
    roles: BTreeMap<String, Vec<String>>,
    /// The operations that say a type's name.
    operations: BTreeMap<String, BTreeSet<String>>,
    /// The fields of each record, and whether they are private: what is never sent to a room.
    fields: BTreeMap<String, BTreeMap<String, bool>>,
}

impl Users {
    /// Looks through all contracts.
    #[must_use]
    pub fn new(set: &SchemaSet, contracts: &Contracts) -> Self {
        let mut users = Self::default();
        let names: BTreeMap<NodeId, String> =
            set.types().map(|named| (named.node, named.name.to_string())).collect();
        for (node, name) in &names {
            for held in set.schema_of(*node).named_types() {
                if let Some(held) = names.get(&held) {
                    users.holders.entry(held.clone()).or_default().insert(name.clone());
                }
            }
            users.role(set, *node, name);
            if let Kind::Record(record) = &set.node(*node).kind {
                let private = |attribute: &Tree| attribute.get("private").and_then(Tree::as_bool);
                let fields = record.fields.iter().map(|field| {
                    let private = field.attribute(NAME).and_then(private);
                    (field.name.clone(), private == Some(true))
                });
                users.fields.insert(name.clone(), fields.collect());
            }
        }
        users.folds(set, &names);
        for path in contracts.documents() {
            let text = &contracts.openapi[path];
            if let Ok(tree) = openapi::parse(path, text) {
                users.document(&tree);
            }
        }
        users
    }

    /// Everything that a change of the type `name` touches, sorted; nothing where it is no type.
    #[must_use]
    pub fn of(&self, name: &str) -> Vec<String> {
        let mut hits = BTreeSet::new();
        for holder in self.holders.get(name).into_iter().flatten() {
            hits.extend(self.roles.get(holder).into_iter().flatten().cloned());
            hits.extend(
                self.operations
                    .get(holder)
                    .into_iter()
                    .flatten()
                    .map(|id| format!("operation {id}")),
            );
        }
        hits.into_iter().collect()
    }

    /// Everything that a change of a field of the type `name` touches, sorted: a private field reaches no room. `None`
    /// where the type has no such field.
    #[must_use]
    pub fn of_field(&self, name: &str, field: &str) -> Option<Vec<String>> {
        let private = *self.fields.get(name)?.get(field)?;
        let own = self.roles.get(name).into_iter().flatten();
        let rooms: Vec<&String> = own.filter(|role| private && role.starts_with("room ")).collect();
        let hits = self.of(name).into_iter();
        Some(hits.filter(|hit| !rooms.contains(&hit)).collect())
    }

    /// The fields of a type; none where it is no record.
    pub fn fields(&self, name: &str) -> impl Iterator<Item = &str> {
        self.fields.get(name).into_iter().flatten().map(|(field, _)| field.as_str())
    }

    /// All types by their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.holders.keys().map(String::as_str)
    }

    fn role(&mut self, set: &SchemaSet, node: NodeId, name: &str) {
        let Some(attribute) = set.node(node).attribute(NAME) else { return };
        let text = |key: &str| attribute.get(key).and_then(Tree::as_str);
        let Some(kind) = text("kind") else { return };
        let context = name.split('.').next().unwrap_or_default();
        let mut roles = vec![format!("{kind} {name}")];
        match kind {
            "command" => roles.push(format!("decider of {context}")),
            "event" => roles.push(format!("history of {context}")),
            _ => {}
        }
        // An event is sent to its room, a view's rows are shown in theirs.
        let shown = attribute.get("load").and_then(|load| load.get("room")?.as_str());
        roles.extend(text("broadcast").or(shown).map(|room| format!("room {room}")));
        if attribute.get("socket").and_then(Tree::as_bool) == Some(true) {
            roles.push(format!("socket clients that send {name}"));
        }
        self.roles.insert(name.to_owned(), roles);
    }

    /// Views fold the events of their own context, or of those that they name.
    fn folds(&mut self, set: &SchemaSet, names: &BTreeMap<NodeId, String>) {
        let mut folded: Vec<(String, String)> = Vec::new();
        for (node, name) in names {
            let Some(attribute) = set.node(*node).attribute(NAME) else { continue };
            if attribute.get("kind").and_then(Tree::as_str) != Some("view") {
                continue;
            }
            let own = name.split('.').next().unwrap_or_default();
            let from = attribute.get("from").and_then(Tree::as_array).unwrap_or_default();
            let contexts: Vec<&str> = from.iter().filter_map(Tree::as_str).collect();
            let contexts = if contexts.is_empty() { vec![own] } else { contexts };
            folded.extend(contexts.into_iter().map(|context| (context.to_owned(), name.clone())));
        }
        for (name, roles) in &mut self.roles {
            if !roles.iter().any(|role| role.starts_with("event ")) {
                continue;
            }
            let context = name.split('.').next().unwrap_or_default();
            let views = folded.iter().filter(|(folded, _)| folded == context);
            roles.extend(views.map(|(_, view)| format!("projection of {view}")));
        }
    }

    fn document(&mut self, tree: &Tree) {
        let paths = tree.get("paths").and_then(Tree::as_object).unwrap_or_default();
        for path in paths {
            for operation in path.value.as_object().unwrap_or_default() {
                let keys = ["x-command", "x-query"];
                let names = keys.iter().filter_map(|key| operation.value.get(key)?.as_str());
                for name in names {
                    let id = format!("{} {}", operation.key.to_uppercase(), path.key);
                    self.operations.entry(name.to_owned()).or_default().insert(id);
                }
            }
        }
    }
}
