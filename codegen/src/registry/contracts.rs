//! Contracts in the order in which a registry can take them.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use anyhow::bail;
use charter_avro::schema::{NodeId, SchemaSet, SourceFile};

use crate::input::Input;

/// A contract to register.
#[derive(Debug)]
pub(super) struct Contract {
    /// Its full name, which is its subject.
    pub(super) name: String,
    /// The file's text.
    pub(super) text: String,
    /// The other contracts that it names, by their full names, sorted.
    pub(super) references: Vec<String>,
    /// The schema with those put in.
    pub(super) whole: String,
}

/// The contracts below `root`, each behind those that it names.
pub(super) fn read(root: &Path) -> anyhow::Result<Vec<Contract>> {
    let input = Input::read(root)?;
    let files: Vec<SourceFile> = input
        .schemas
        .into_iter()
        .map(|file| SourceFile { path: file.path, text: file.text })
        .collect();
    let (set, problems) = SchemaSet::parse(&files);
    if let Some(first) = problems.first() {
        bail!(
            "the contracts have {} problems, the first in `{}`, line {}: {first}; `charter generate --check` shows them all",
            problems.len(),
            files.get(first.file).map_or("", |file| file.path.as_str()),
            first.span.line
        );
    }
    let mut contracts = Vec::new();
    let mut waiting: Vec<Contract> = set
        .types()
        .map(|found| Contract {
            name: found.name.to_string(),
            text: files[found.file].text.clone(),
            references: references(&set, found.node),
            whole: set.schema_of(found.node).to_json().to_string(),
        })
        .collect();
    let mut placed = HashSet::new();
    while !waiting.is_empty() {
        let (ready, rest): (Vec<_>, Vec<_>) = waiting
            .into_iter()
            .partition(|contract| contract.references.iter().all(|name| placed.contains(name)));
        if ready.is_empty() {
            let names: Vec<&str> = rest.iter().map(|contract| contract.name.as_str()).collect();
            bail!(
                "contracts name each other in a circle, which no registry can hold: `{}`",
                names.join("`, `")
            );
        }
        placed.extend(ready.iter().map(|contract| contract.name.clone()));
        contracts.extend(ready);
        waiting = rest;
    }
    Ok(contracts)
}

/// The other types of the set that a type's own text names.
fn references(set: &SchemaSet, root: NodeId) -> Vec<String> {
    let types: HashMap<NodeId, String> =
        set.types().map(|found| (found.node, found.name.to_string())).collect();
    let mut names = HashSet::new();
    let mut seen = HashSet::from([root]);
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        for child in set.node(node).kind.children() {
            match types.get(&child) {
                Some(name) if child != root => {
                    names.insert(name.clone());
                }
                Some(_) | None => {
                    if seen.insert(child) {
                        open.push(child);
                    }
                }
            }
        }
    }
    let mut names: Vec<String> = names.into_iter().collect();
    names.sort();
    names
}
