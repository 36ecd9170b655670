//! The structural difference of two sets of contracts, in words. It says what is different and judges nothing: what a
//! difference breaks is [`crate::check`]'s to say.

mod words;

use std::collections::BTreeMap;

use charter_avro::source::{SourceError, Tree};
use serde_json::Value as Json;

use crate::check::contracts::Contracts;
use words::place;

/// A part of the contracts that is compared by itself: an Avro type, an operation, a component of a document.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// What it is: `event`, `operation`, `component`.
    pub kind: String,
    /// Its contents.
    pub value: Json,
}

/// Parts by their names: `seat.HoldSeats`, `POST /v1/shows`, `schemas/Show`.
pub type Parts = BTreeMap<String, Part>;

/// What became of a part.
#[derive(Clone, Debug, PartialEq)]
pub enum Fate {
    /// Only the second side has it.
    New,
    /// Only the first side has it.
    Gone,
    /// Both have it, not alike.
    Changed(Vec<Difference>),
}

/// A part that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Differing {
    /// The part's name.
    pub name: String,
    /// What it is.
    pub kind: String,
    /// What became of it.
    pub fate: Fate,
}

/// One difference within a part.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The JSON pointer within the part (RFC 6901); items that have a name stand under it.
    pub pointer: String,
    /// In words.
    pub text: String,
    /// What was there.
    pub from: Option<Json>,
    /// What is there.
    pub to: Option<Json>,
}

/// The parts of one file, by its name and text.
///
/// # Errors
/// Where it is no JSON or YAML.
pub fn parts(path: &str, text: &str) -> Result<Parts, SourceError> {
    let yaml = [".yaml", ".yml"].iter().any(|end| path.ends_with(end));
    let tree = if yaml { Tree::parse_yaml(text)? } else { Tree::parse_json(text)? };
    let json = tree.to_json();
    if json.get("openapi").is_some() {
        return Ok(document(json));
    }
    let name = ["namespace", "name"]
        .iter()
        .filter_map(|key| json.get(*key)?.as_str())
        .collect::<Vec<_>>()
        .join(".");
    let kind = json
        .pointer("/charter/kind")
        .or_else(|| json.get("type"))
        .and_then(Json::as_str)
        .unwrap_or("type")
        .to_owned();
    let name = if name.is_empty() { path.to_owned() } else { name };
    Ok(BTreeMap::from([(name, Part { kind, value: json })]))
}

/// The parts of all contracts of one time.
///
/// # Errors
/// Where a file is no JSON or YAML.
pub fn all(contracts: &Contracts) -> Result<Parts, FileError> {
    let mut parts = Parts::new();
    for file in contracts.schema_files() {
        parts.extend(one(&file.path, &file.text)?);
    }
    for path in contracts.documents() {
        let text = contracts.openapi.get(path).map(String::as_str).unwrap_or_default();
        parts.extend(one(&contracts.document_path(path), text)?);
    }
    Ok(parts)
}

/// The parts of one file, with its name in what is wrong with it.
///
/// # Errors
/// Where it is no JSON or YAML.
pub fn one(path: &str, text: &str) -> Result<Parts, FileError> {
    parts(path, text).map_err(|error| FileError { path: path.to_owned(), error })
}

/// A file that holds no contract.
#[derive(Debug, thiserror::Error)]
#[error("`{path}:{}:{}`: {}", error.span.line, error.span.column, error.message)]
pub struct FileError {
    /// Its path.
    path: String,
    /// Where it breaks, and why; told in the message, so that it is no source.
    error: SourceError,
}

/// The operations and components of a document, and what is left.
fn document(mut json: Json) -> Parts {
    const METHODS: [&str; 8] =
        ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
    let mut parts = Parts::new();
    let mut add = |name: String, kind: &str, value: Json| {
        parts.insert(name, Part { kind: kind.to_owned(), value });
    };
    for (path, item) in taken(&mut json, "paths") {
        let Json::Object(item) = item else { continue };
        let (operations, rest): (Vec<_>, Vec<_>) =
            item.into_iter().partition(|(key, _)| METHODS.contains(&key.as_str()));
        for (method, operation) in operations {
            add(format!("{} {path}", method.to_uppercase()), "operation", operation);
        }
        if !rest.is_empty() {
            add(format!("path {path}"), "path", Json::Object(rest.into_iter().collect()));
        }
    }
    for (section, members) in taken(&mut json, "components") {
        let Json::Object(members) = members else { continue };
        for (name, value) in members {
            add(format!("{section}/{name}"), "component", value);
        }
    }
    add("document".to_owned(), "document", json);
    parts
}

fn taken(json: &mut Json, key: &str) -> Vec<(String, Json)> {
    let member = json.as_object_mut().and_then(|object| object.shift_remove(key));
    if let Some(Json::Object(members)) = member {
        members.into_iter().collect()
    } else {
        Vec::new()
    }
}

/// What differs, in the order of names.
#[must_use]
pub fn compare(from: &Parts, to: &Parts) -> Vec<Differing> {
    let mut names: Vec<&String> = from.keys().chain(to.keys()).collect();
    names.sort();
    names.dedup();
    let differing = |name: &String| {
        let (kind, fate) = match (from.get(name), to.get(name)) {
            (Some(part), None) => (&part.kind, Fate::Gone),
            (None, Some(part)) => (&part.kind, Fate::New),
            (Some(before), Some(now)) => {
                let mut found = Vec::new();
                values(&before.value, &now.value, &mut Vec::new(), &mut found);
                (&now.kind, Fate::Changed(found))
            }
            (None, None) => return None,
        };
        let same = fate == Fate::Changed(Vec::new());
        (!same).then(|| Differing { name: name.clone(), kind: kind.clone(), fate })
    };
    names.into_iter().filter_map(differing).collect()
}

/// Two values at one place.
fn values(from: &Json, to: &Json, path: &mut Vec<String>, found: &mut Vec<Difference>) {
    match (from, to) {
        _ if from == to => {}
        (Json::Object(before), Json::Object(now)) => {
            for (key, value) in before {
                inside(Some(value), now.get(key), key, path, found);
            }
            for (key, value) in now.iter().filter(|(key, _)| !before.contains_key(*key)) {
                inside(None, Some(value), key, path, found);
            }
        }
        (Json::Array(before), Json::Array(now)) => lists(before, now, path, found),
        _ => push(Some(from), Some(to), path, found),
    }
}

fn inside(
    from: Option<&Json>,
    to: Option<&Json>,
    key: &str,
    path: &mut Vec<String>,
    found: &mut Vec<Difference>,
) {
    path.push(key.to_owned());
    match (from, to) {
        (Some(from), Some(to)) => values(from, to, path, found),
        _ => push(from, to, path, found),
    }
    path.pop();
}

/// Lists whose items have names, such as fields and parameters, are compared by them; plain values as a set with an
/// order; anything else place by place.
fn lists(before: &[Json], now: &[Json], path: &mut Vec<String>, found: &mut Vec<Difference>) {
    let named = |items: &[Json]| -> Option<Vec<String>> {
        let names: Option<Vec<String>> = items.iter().map(name_of).collect();
        names.filter(|names| {
            let mut sorted = names.clone();
            sorted.sort();
            sorted.windows(2).all(|pair| pair[0] != pair[1])
        })
    };
    let (Some(old), Some(new)) = (named(before), named(now)) else {
        for index in 0..before.len().max(now.len()) {
            inside(before.get(index), now.get(index), &index.to_string(), path, found);
        }
        return;
    };
    for (name, value) in old.iter().zip(before) {
        let other = new.iter().position(|other| other == name).map(|index| &now[index]);
        inside(Some(value), other, name, path, found);
    }
    for (name, value) in new.iter().zip(now).filter(|(name, _)| !old.contains(name)) {
        inside(None, Some(value), name, path, found);
    }
    let kept = |names: &[String], others: &[String]| -> Vec<String> {
        names.iter().filter(|name| others.contains(name)).cloned().collect()
    };
    let (was, is) = (kept(&old, &new), kept(&new, &old));
    if was != is {
        let text = format!("{}: another order: {}", place(path, "order"), is.join(", "));
        found.push(Difference {
            pointer: pointer(path),
            text,
            from: Some(was.into()),
            to: Some(is.into()),
        });
    }
}

/// The name of an item of a list: its own, its reference, or the value itself.
fn name_of(item: &Json) -> Option<String> {
    match item {
        Json::Object(members) => ["name", "$ref"]
            .iter()
            .find_map(|key| members.get(*key)?.as_str())
            .map(|name| match members.get("in").and_then(Json::as_str) {
                Some(place) => format!("{name} ({place})"),
                None => name.to_owned(),
            }),
        Json::String(text) => Some(text.clone()),
        Json::Null | Json::Bool(_) | Json::Number(_) => Some(item.to_string()),
        Json::Array(_) => None,
    }
}

fn push(from: Option<&Json>, to: Option<&Json>, path: &[String], found: &mut Vec<Difference>) {
    found.push(Difference {
        pointer: pointer(path),
        text: words::sentence(from, to, path),
        from: from.cloned(),
        to: to.cloned(),
    });
}

fn pointer(path: &[String]) -> String {
    path.iter().fold(String::new(), |pointer, key| {
        pointer + "/" + &key.replace('~', "~0").replace('/', "~1")
    })
}
