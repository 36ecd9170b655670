//! Each witness of a break, held against both documents by an independent JSON Schema library: it fits the version that
//! it is said to fit, and not the other.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/exchange.rs"]
mod exchange;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use charter_avro::logical::Date;
use charter_codegen::check::change::{Change, Sample, Side, Spot, Unshown};
use charter_codegen::check::openapi::{Document, Files, Strictness, compare};
use charter_codegen::rules::Severity;
use serde_json::{Value, json};

struct NoFiles;

impl Files for NoFiles {
    fn read(&self, path: &str) -> Result<String, String> {
        Err(format!("no file `{path}` in this test"))
    }
}

fn changes(base: &Value, revision: &Value, strictness: Strictness) -> Vec<Change> {
    let load = |value: &Value| Document::load("api.json", value.to_string(), &NoFiles).unwrap();
    let today: Date = "2026-09-01".parse().unwrap();
    compare(&load(base), &load(revision), today, strictness).unwrap()
}

/// The schema at `spot` as JSON Schema 2020-12: the document with a reference to it, and OpenAPI 3.0's own words said
/// as JSON Schema says them.
/// `None` where the library takes the document for no schema at all (some peer cases have keywords of a wrong shape).
fn validator(document: &Value, spot: &Spot) -> Option<jsonschema::Validator> {
    let old = document["openapi"].as_str().unwrap_or_default().starts_with("3.0");
    let mut root = document.clone();
    translate(&mut root, old);
    root["$ref"] = json!(format!("#{}", fragment(&spot.pointer)));
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .should_validate_formats(true)
        .build(&root)
        .ok()
}

/// A pointer as a URI fragment.
fn fragment(pointer: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.~$".contains(&byte);
    pointer
        .bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn translate(value: &mut Value, old: bool) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| translate(item, old)),
        Value::Object(members) => {
            members.values_mut().for_each(|member| translate(member, old));
            if old && members.contains_key("$ref") {
                members.retain(|key, _| key == "$ref");
            }
            // Of an API 3.1 document `nullable` is no word, but people write it, and it is meant.
            let nullable = members.get("nullable") == Some(&json!(true));
            if let Some(name) = members.get("type").and_then(Value::as_str).filter(|_| nullable) {
                let names = json!([name, "null"]);
                members.insert("type".to_owned(), names);
            }
            for (exclusive, bound) in
                [("exclusiveMaximum", "maximum"), ("exclusiveMinimum", "minimum")]
            {
                match members.get(exclusive) {
                    Some(Value::Bool(true)) => match members.remove(bound) {
                        Some(limit) => drop(members.insert(exclusive.to_owned(), limit)),
                        None => drop(members.remove(exclusive)),
                    },
                    Some(Value::Bool(false)) => drop(members.remove(exclusive)),
                    _ => {}
                }
            }
            if members.get("format") == Some(&json!("int32"))
                && members.get("type").is_some_and(|types| types.to_string().contains("integer"))
            {
                let range = json!([{ "minimum": i32::MIN, "maximum": i32::MAX }]);
                members
                    .entry("allOf")
                    .or_insert(json!([]))
                    .as_array_mut()
                    .unwrap()
                    .extend(range.as_array().unwrap().iter().cloned());
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What is wrong with a witness: with its whole message, or with the value alone.
fn wrong(sample: &Sample, base: &Value, revision: &Value) -> Option<String> {
    let expected = match sample.valid_under {
        Side::Base => (true, false),
        Side::Revision => (false, true),
    };
    if let Some(message) = &sample.message
        && let (Some(old), Some(new)) =
            (exchange::knows(base, message), exchange::knows(revision, message))
        && (old, new) != expected
    {
        let fits = (old, new);
        return Some(format!("{sample}: {message}: known {fits:?}, expected {expected:?}"));
    }
    let (value, (old, new)) = (sample.value.as_ref()?, sample.schemas.as_ref()?);
    let (Some(old), Some(new)) = (validator(base, old), validator(revision, new)) else {
        println!("not judged: {sample}");
        return None;
    };
    let fits = (old.is_valid(value), new.is_valid(value));
    (fits != expected).then(|| format!("{sample}: fits {fits:?}, expected {expected:?}"))
}

/// What pairs of documents show.
#[derive(Debug, Default)]
struct Held {
    /// What is wrong with a witness, and breaks of which nothing is said.
    failures: Vec<String>,
    /// How many errors have a witness, and how many of these a whole message.
    with: usize,
    messages: usize,
    /// Why the others have none, in words, and how many.
    without: BTreeMap<String, usize>,
    /// Errors of which values were looked for, and none was found: the pair and the rule.
    unfound: BTreeSet<(String, String)>,
}

impl Held {
    fn hold(&mut self, name: &str, base: &Value, revision: &Value, strictness: Strictness) {
        for change in changes(base, revision, strictness) {
            let sample = change.sample.as_ref();
            if let Some(problem) = sample.and_then(|sample| wrong(sample, base, revision)) {
                self.failures
                    .push(format!("{name}: {} {}: {problem}", change.rule.id, change.text));
            }
            if change.severity != Severity::Error {
                continue;
            }
            match (sample, &change.unshown) {
                (Some(sample), _) => {
                    self.with += 1;
                    self.messages += usize::from(sample.message.is_some());
                }
                (None, Some(reason)) => {
                    if let Unshown::Searched(_) | Unshown::NoValue(_) | Unshown::Limit(_) = reason {
                        self.unfound.insert((name.to_owned(), change.rule.id.clone()));
                    }
                    *self.without.entry(reason.to_string()).or_default() += 1;
                }
                (None, None) => {
                    let text =
                        format!("{name}: {} {}: nothing is said", change.rule.id, change.text);
                    self.failures.push(text);
                }
            }
        }
    }
}

#[test]
fn witnesses_of_the_cases_fit_one_version_only() {
    let mut held = Held::default();
    for case in ["every_keyword", "every_operation", "transitions"] {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/compat").join(case);
        let read = |name: &str| -> Value {
            serde_json::from_str(&std::fs::read_to_string(folder.join(name)).unwrap()).unwrap()
        };
        let (old, new) = (read("old.json"), read("new.json"));
        held.hold(case, &old, &new, Strictness::Strict);
        held.hold(case, &new, &old, Strictness::Strict);
    }
    println!("{held:#?}");
    assert!(held.failures.is_empty(), "{}", held.failures.join("\n"));
    // These schemas change in all their keywords at once, so that few values fit either version.
    assert!(held.with >= 100, "{} have a witness", held.with);
}

/// Witnesses of the peer cases for path parameters that are not in their path.
const UNPLACED: usize = 4;

/// Each error of the peer cases has a witness that two independent judges accept, or it is known why it has none.
#[test]
fn each_error_of_the_peer_cases_has_a_witness_or_a_reason() {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/peer_cases");
    let folder = std::env::var_os("PEER_CASES").map_or(beside, PathBuf::from);
    let Ok(text) = std::fs::read_to_string(folder.join("oasdiff_cases.json")) else {
        eprintln!("SKIPPED: no peer cases; set PEER_CASES to the folder that holds them");
        return;
    };
    let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
    let mut held = Held::default();
    for case in &cases {
        let name = case["name"].as_str().unwrap();
        let name = name.trim_start_matches("checker_test.").split(':').next().unwrap();
        held.hold(name, &case["base"], &case["revision"], Strictness::Parity);
    }
    let reasons: usize = held.without.values().sum();
    println!(
        "{} errors: {} with a witness, {} of them whole messages",
        held.with + reasons,
        held.with,
        held.messages
    );
    println!("{:#?}", held.without);
    assert!(held.failures.is_empty(), "{}", held.failures.join("\n"));
    // Some cases list path parameters that are not in the path, so that no request holds them.
    assert_eq!(held.with - held.messages, UNPLACED, "a witness without a whole message");
    assert!(held.unfound.is_empty(), "searched in vain: {:#?}", held.unfound);
    if std::env::var_os("PEER_CASES").is_none() {
        // 228 errors in all; the others are about words, promises, and values that no schema of the case takes.
        assert!(held.with >= 155, "{} have a witness", held.with);
    }
}

/// A document whose request body has `schema`.
fn with_body(schema: &Value) -> Value {
    json!({
        "openapi": "3.1.0", "info": {"title": "t", "version": "1"},
        "paths": {"/a": {"post": {
            "requestBody": {"content": {"application/json": {"schema": schema}}},
            "responses": {"200": {"description": "d"}},
        }}},
    })
}

/// A document with a query parameter `q` of `schema`.
fn with_query(schema: &Value) -> Value {
    json!({
        "openapi": "3.1.0", "info": {"title": "t", "version": "1"},
        "paths": {"/a": {"get": {
            "parameters": [{"name": "q", "in": "query", "schema": schema}],
            "responses": {"200": {"description": "d"}},
        }}},
    })
}

/// Where keywords exclude each other no value shows a change, and the report says which do: it used to say how many
/// values had been tried in vain.
#[test]
fn what_excludes_what_is_named() {
    let named = json!({"type": "object", "properties": {"name": {"type": "string"}}});
    let numbered = json!({"type": "object", "properties": {"name": {"type": "number"}}});
    let nested = |held: &Value| json!({"type": "object", "properties": {"one": held}});
    let contains = |least: u32| json!({"type": "array", "items": {"type": "string"}, "contains": {"type": "integer"}, "minContains": least});
    let cases = [
        (
            with_body(
                &json!({"oneOf": [named, named, {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}]}),
            ),
            with_body(&json!({"oneOf": [named, named]})),
            "nothing fits the version that should take it: whatever fits a branch of `oneOf` fits another one, and it must fit exactly one",
        ),
        (
            with_body(&nested(
                &json!({"type": "string", "pattern": "^[0-9a-f]{8}-x+$", "maxLength": 9}),
            )),
            with_body(&nested(
                &json!({"type": "integer", "pattern": "^[0-9a-f]{8}-x+$", "maxLength": 9}),
            )),
            "nothing fits the version that should take it: `pattern` asks for 10 characters at least, and `maxLength` allows 9",
        ),
        (
            with_body(&contains(1)),
            with_body(&contains(2)),
            "nothing fits the version that should take it: `items` takes nothing that `contains` asks for",
        ),
        (
            with_body(&json!({"type": "integer", "minimum": 5, "maximum": 3})),
            with_body(&json!({"type": "integer", "minimum": 5, "maximum": 2})),
            "nothing fits the version that should take it: the greatest number that is allowed is below the least",
        ),
        (
            with_body(&json!({"anyOf": [numbered, {"type": "object"}]})),
            with_body(&json!({"anyOf": [named, {"type": "object"}]})),
            "every value that fitted fits still: the change is one of the text only",
        ),
        (
            with_body(
                &json!({"anyOf": [nested(&numbered), nested(&json!({})), {"type": "string", "title": "s"}]}),
            ),
            with_body(
                &json!({"anyOf": [nested(&named), nested(&json!({})), {"type": "integer", "title": "s"}]}),
            ),
            "all that fits that branch fits the other version too, by another branch there",
        ),
        (
            with_query(
                &json!({"type": "object", "properties": {"one": {"type": ["string", "integer"]}}}),
            ),
            with_query(&json!({"type": "object", "properties": {"one": {"type": "string"}}})),
            "every value that fitted fits still: the change is one of the text only",
        ),
        (
            with_query(&json!({"type": ["string", "null"], "maxLength": 3})),
            with_query(&json!({"type": "string", "maxLength": 3})),
            "`null` is no value that can be written in a parameter or a header: all that was sent is still taken",
        ),
    ];
    for (old, new, expected) in cases {
        let found = changes(&old, &new, Strictness::Parity);
        let reasons: Vec<String> = found
            .iter()
            .filter_map(|change| change.unshown.as_ref())
            .map(ToString::to_string)
            .collect();
        assert!(reasons.iter().any(|reason| reason == expected), "{expected}\n{reasons:#?}");
    }
}

/// A witness is the smallest that there is, where a person can see what that is.
#[test]
fn witnesses_are_small_and_say_why() {
    let cases = [
        (
            json!({"type": "object", "properties": {"name": {"type": "string", "maxLength": 5}}}),
            json!({"type": "object", "properties": {"name": {"type": "string", "maxLength": 3}}}),
            r#"request body {"name":"aaaa"} was taken, and is not any more: `/name`: is too long"#,
        ),
        (
            json!({"type": "object", "properties": {"n": {"type": "array", "items": {"enum": ["x", "y"]}}}}),
            json!({"type": "object", "properties": {"n": {"type": "array", "items": {"enum": ["x"]}}}}),
            r#"request body {"n":["y"]} was taken, and is not any more: `/n/0`: is none of the listed values"#,
        ),
        (
            json!({"type": "object", "properties": {"p": {"type": "integer"}}}),
            json!({"type": "object", "properties": {"p": {"type": "integer"}}, "required": ["p"]}),
            r"request body {} was taken, and is not any more: `p` is missing",
        ),
        (
            json!({"type": "string", "pattern": "^[a-c]{2}$"}),
            json!({"type": "string", "pattern": "^x[a-c]{2}$"}),
            r#"request body "aa" was taken, and is not any more: does not match the pattern `^x[a-c]{2}$`"#,
        ),
    ];
    for (old, new, expected) in cases {
        let found = changes(&with_body(&old), &with_body(&new), Strictness::Parity);
        let samples: Vec<String> = found.iter().filter_map(Change::evidence).collect();
        assert_eq!(samples, [expected]);
    }
}
