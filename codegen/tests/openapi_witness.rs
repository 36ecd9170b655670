//! Each witness of a break, held against both documents by an independent JSON Schema library: it fits the version that
//! it is said to fit, and not the other.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use charter_avro::logical::Date;
use charter_codegen::check::change::{Change, Kind, Sample, Spot};
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

/// What is wrong with a witness.
fn wrong(sample: &Sample, base: &Value, revision: &Value) -> Option<String> {
    let (value, (old, new)) = (sample.value.as_ref()?, sample.schemas.as_ref()?);
    let (Some(old), Some(new)) = (validator(base, old), validator(revision, new)) else {
        println!("not judged: {sample}");
        return None;
    };
    let fits = (old.is_valid(value), new.is_valid(value));
    let expected = (sample.request, !sample.request);
    (fits != expected).then(|| format!("{sample}: fits {fits:?}, expected {expected:?}"))
}

/// What a pair of documents shows: what is wrong, and by rule how many errors have a witness and how many have none.
fn held(
    name: &str,
    base: &Value,
    revision: &Value,
    counts: &mut BTreeMap<String, (u32, u32)>,
) -> Vec<String> {
    let mut failures = Vec::new();
    for change in changes(base, revision, Strictness::Parity) {
        if let Some(problem) =
            change.sample.as_ref().and_then(|sample| wrong(sample, base, revision))
        {
            failures.push(format!("{name}: {} {}: {problem}", change.rule.id, change.text));
        }
        if change.severity == Severity::Error && change.rule.kind != Kind::Lifecycle {
            let count = counts.entry(change.rule.id.clone()).or_default();
            if change.sample.is_some() { count.0 += 1 } else { count.1 += 1 }
        }
    }
    failures
}

#[test]
fn witnesses_of_the_cases_fit_one_version_only() {
    let mut failures = Vec::new();
    let mut counts = BTreeMap::new();
    for case in ["every_keyword", "every_operation", "transitions"] {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/compat").join(case);
        let read = |name: &str| -> Value {
            serde_json::from_str(&std::fs::read_to_string(folder.join(name)).unwrap()).unwrap()
        };
        let (old, new) = (read("old.json"), read("new.json"));
        failures.extend(held(case, &old, &new, &mut counts));
        failures.extend(held(case, &new, &old, &mut counts));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let (with, without) = totals(&counts);
    println!("{counts:#?}\n{with} of {} errors have a witness", with + without);
    // These schemas change in all their keywords at once, so that few values fit either version, and a comparison looks
    // for a hundred witnesses only.
    assert!(with >= 60, "{with} of {} have a witness", with + without);
}

#[test]
fn witnesses_of_peer_cases_fit_one_version_only() {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/peer_cases");
    let folder = std::env::var_os("PEER_CASES").map_or(beside, PathBuf::from);
    let Ok(text) = std::fs::read_to_string(folder.join("oasdiff_cases.json")) else {
        eprintln!("SKIPPED: no peer cases; set PEER_CASES to the folder that holds them");
        return;
    };
    let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
    let mut failures = Vec::new();
    let mut counts = BTreeMap::new();
    for case in &cases {
        let name = case["name"].as_str().unwrap();
        failures.extend(held(name, &case["base"], &case["revision"], &mut counts));
    }
    let (with, without) = totals(&counts);
    println!("{counts:#?}\n{with} of {} errors have a witness", with + without);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    // The others have none: `maximum` of an object, a default, a format that no library judges.
    assert!(with * 10 >= (with + without) * 6, "{with} of {} have a witness", with + without);
}

fn totals(counts: &BTreeMap<String, (u32, u32)>) -> (u32, u32) {
    counts.values().fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1))
}

/// A witness is the smallest that there is, where a person can see what that is.
#[test]
fn witnesses_are_small_and_say_why() {
    let document = |schema: Value| {
        json!({
            "openapi": "3.1.0", "info": {"title": "t", "version": "1"},
            "paths": {"/a": {"post": {
                "requestBody": {"content": {"application/json": {"schema": schema}}},
                "responses": {"200": {"description": "d"}},
            }}},
        })
    };
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
        let found = changes(&document(old), &document(new), Strictness::Parity);
        let samples: Vec<String> = found.iter().filter_map(Change::evidence).collect();
        assert_eq!(samples, [expected]);
    }
}
