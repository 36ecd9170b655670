//! What holds of all comparisons of APIs: a safe edit is never called breaking wherever it is made, a breaking one
//! always is; nothing that is read makes a comparison panic.
//!
//! Randomness has fixed seeds, so that a failure is the same tomorrow.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use charter_avro::compat::Mode;
use charter_avro::logical::Date;
use charter_avro::schema::Schema;
use charter_codegen::check::avro::{self, Version};
use charter_codegen::check::change::Change;
use charter_codegen::check::openapi::{Document, Files, Strictness, compare};
use charter_codegen::rules::Severity;
use fastrand::Rng;
use serde_json::{Value, json};

struct NoFiles;

impl Files for NoFiles {
    fn read(&self, path: &str) -> Result<String, String> {
        Err(format!("no file `{path}` in this test"))
    }
}

fn changes(base: &Value, revision: &Value, strictness: Strictness) -> Vec<Change> {
    let document = |value: &Value| Document::load("api.json", value.to_string(), &NoFiles).unwrap();
    let today: Date = "2026-06-01".parse().unwrap();
    compare(&document(base), &document(revision), today, strictness).unwrap()
}

fn is_breaking(changes: &[Change]) -> bool {
    changes.iter().any(|change| change.severity == Severity::Error)
}

/// A document in which clients send, or get, values of `schema`.
fn document(schema: &Value, components: &Value, request: bool) -> Value {
    let content = json!({ "application/json": { "schema": schema } });
    let operation = if request {
        json!({ "requestBody": { "content": content }, "responses": {} })
    } else {
        json!({ "responses": { "200": { "description": "ok", "content": content } } })
    };
    json!({
        "openapi": "3.1.0",
        "info": { "title": "t", "version": "1.0.0" },
        "paths": { "/a": { "post": operation } },
        "components": { "schemas": components },
    })
}

/// `inner` within up to five levels of objects, arrays, maps, branches and references.
fn wrapped(inner: Value, components: &mut Value, rng: &mut Rng) -> Value {
    let mut schema = inner;
    for level in 0..rng.usize(0..6) {
        schema = match rng.u8(0..7) {
            0 => {
                json!({ "type": "object", "properties": { "p": schema, "q": { "type": "string" } } })
            }
            1 => json!({ "type": "array", "items": schema }),
            2 => json!({ "type": "object", "additionalProperties": schema }),
            3 => json!({ "allOf": [schema, { "description": "more" }] }),
            4 => json!({ "oneOf": [{ "type": "boolean" }, schema] }),
            5 => json!({ "anyOf": [{ "type": "null" }, schema] }),
            _ => {
                let name = format!("S{level}");
                components[&name] = schema;
                json!({ "$ref": format!("#/components/schemas/{name}") })
            }
        };
    }
    schema
}

/// The object that edits are made to.
fn object() -> Value {
    json!({
        "type": "object",
        "required": ["needed"],
        "properties": {
            "needed": { "type": "string", "maxLength": 20, "minLength": 2 },
            "optional": { "type": "string", "maxLength": 20 },
            "number": { "type": "number", "minimum": 10 },
            "integer": { "type": "integer", "format": "int32" },
            "listed": { "type": "string", "enum": ["a", "b", "c"] },
            "fixed": { "const": "x" },
            "many": { "type": "array", "items": { "type": "string" }, "minItems": 2 },
        },
    })
}

/// An edit: its name, whether it breaks who sends, whether it breaks who gets, and what it does.
type Edit = (&'static str, bool, bool, fn(&mut Value));

const EDITS: &[Edit] = &[
    ("new optional property", false, false, |s| {
        s["properties"]["new"] = json!({ "type": "string" });
    }),
    ("new required property", true, false, |s| {
        s["properties"]["new"] = json!({ "type": "string" });
        s["required"] = json!(["needed", "new"]);
    }),
    ("optional property removed", false, false, |s| {
        s["properties"].as_object_mut().unwrap().remove("optional");
    }),
    ("required property removed", false, true, |s| {
        s["properties"].as_object_mut().unwrap().remove("needed");
        s["required"] = json!([]);
    }),
    ("property required", true, false, |s| s["required"] = json!(["needed", "optional"])),
    ("property optional", false, true, |s| s["required"] = json!([])),
    ("longest shorter", true, false, |s| s["properties"]["needed"]["maxLength"] = json!(10)),
    ("longest longer", false, true, |s| s["properties"]["needed"]["maxLength"] = json!(30)),
    ("shortest longer", true, false, |s| s["properties"]["needed"]["minLength"] = json!(3)),
    ("shortest shorter", false, true, |s| s["properties"]["needed"]["minLength"] = json!(1)),
    ("least more", true, false, |s| s["properties"]["number"]["minimum"] = json!(11)),
    ("least less", false, true, |s| s["properties"]["number"]["minimum"] = json!(9)),
    ("more items needed", true, false, |s| s["properties"]["many"]["minItems"] = json!(3)),
    ("fewer items needed", false, true, |s| s["properties"]["many"]["minItems"] = json!(1)),
    ("value removed", true, false, |s| s["properties"]["listed"]["enum"] = json!(["a", "b"])),
    ("value added", false, false, |s| {
        s["properties"]["listed"]["enum"] = json!(["a", "b", "c", "d"]);
    }),
    ("values in another order", false, false, |s| {
        s["properties"]["listed"]["enum"] = json!(["c", "a", "b"]);
    }),
    ("number integer", true, false, |s| s["properties"]["number"]["type"] = json!("integer")),
    ("integer number", false, true, |s| s["properties"]["integer"] = json!({ "type": "number" })),
    ("string boolean", true, true, |s| s["properties"]["optional"] = json!({ "type": "boolean" })),
    ("nullable", false, true, |s| s["properties"]["needed"]["type"] = json!(["string", "null"])),
    ("int64", false, true, |s| s["properties"]["integer"]["format"] = json!("int64")),
    ("pattern", true, false, |s| s["properties"]["optional"]["pattern"] = json!("^a")),
    ("another constant", true, true, |s| s["properties"]["fixed"]["const"] = json!("y")),
    ("description", false, false, |s| s["description"] = json!("another text")),
    ("title and example", false, false, |s| {
        s["properties"]["needed"]["title"] = json!("another title");
        s["properties"]["needed"]["example"] = json!("abc");
    }),
];

#[test]
fn an_edit_is_judged_the_same_wherever_it_is_made() {
    let mut rng = Rng::with_seed(1);
    for (name, breaks_request, breaks_response, edit) in EDITS {
        for _ in 0..20 {
            let mut components = json!({});
            let mut edited = object();
            edit(&mut edited);
            let seed = rng.u64(..);
            let base = wrapped(object(), &mut components, &mut Rng::with_seed(seed));
            let mut others = json!({});
            let revision = wrapped(edited, &mut others, &mut Rng::with_seed(seed));
            for (request, expected) in [(true, *breaks_request), (false, *breaks_response)] {
                let base = document(&base, &components, request);
                let revision = document(&revision, &others, request);
                let found = changes(&base, &revision, Strictness::Parity);
                let side = if request { "request" } else { "response" };
                assert_eq!(
                    is_breaking(&found),
                    expected,
                    "{name}, {side}: {base:#} -> {revision:#}: {found:#?}"
                );
                assert_eq!(
                    found,
                    changes(&base, &revision, Strictness::Parity),
                    "{name}: the same on every run"
                );
                assert_eq!(
                    changes(&revision, &revision, Strictness::Strict),
                    [],
                    "{name}: nothing changed"
                );
            }
        }
    }
}

/// Damaged documents are refused or compared, and nothing else.
#[test]
fn damaged_documents_are_never_a_panic() {
    let mut rng = Rng::with_seed(3);
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let seeds: Vec<String> =
        ["compat/transitions/old.json", "compat/split/new.yaml", "cases/base/openapi/gateway.yaml"]
            .iter()
            .map(|path| std::fs::read_to_string(folder.join(path)).unwrap())
            .collect();
    let today: Date = "2026-06-01".parse().unwrap();
    for round in 0..600 {
        let original = &seeds[round % seeds.len()];
        let damaged = damage(original, &mut rng);
        let name = if original.starts_with('{') { "a.json" } else { "a.yaml" };
        let (Ok(base), Ok(revision)) = (
            Document::load(name, original.clone(), &NoFiles),
            Document::load(name, damaged, &NoFiles),
        ) else {
            continue;
        };
        for (base, revision) in [(&base, &revision), (&revision, &base)] {
            let _ = compare(base, revision, today, Strictness::Strict);
        }
    }
}

#[test]
fn damaged_schemas_are_never_a_panic() {
    let mut rng = Rng::with_seed(4);
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compat/avro_record/old.avsc");
    let original = std::fs::read_to_string(path).unwrap();
    let version = |text: &str| {
        let schema = Schema::parse(text).ok()?;
        Some(Version { name: "a".to_owned(), schema, paths: vec!["a.avsc".to_owned()] })
    };
    let old = version(&original).unwrap();
    for _ in 0..2_000 {
        if let Some(new) = version(&damage(&original, &mut rng)) {
            let compare = |new: &Version, old: &Version| {
                avro::compare(Mode::Full, new, std::slice::from_ref(old), Strictness::Strict)
            };
            let _ = (compare(&new, &old), compare(&old, &new));
        }
    }
}

/// Replaces, removes or repeats a few pieces of a text.
fn damage(text: &str, rng: &mut Rng) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    for _ in 0..rng.usize(1..5) {
        let start = rng.usize(0..letters.len());
        let end = (start + rng.usize(1..12)).min(letters.len());
        match rng.u8(0..4) {
            0 => {
                letters.drain(start..end);
            }
            1 => {
                let piece = letters[start..end].to_vec();
                letters.splice(start..start, piece);
            }
            2 => {
                letters[start] = *rng
                    .choice(&['{', '}', '[', ']', '"', ':', '-', '0', 'n', '&', '*', '$'])
                    .unwrap();
            }
            _ => {
                let words = [
                    "null",
                    "true",
                    "-1",
                    "1e400",
                    "\"$ref\"",
                    "{}",
                    "[]",
                    "\"#/components\"",
                    "\u{0}",
                ];
                letters.splice(start..end, rng.choice(&words).unwrap().chars());
            }
        }
    }
    letters.into_iter().collect()
}

/// A hostile graph: each schema holds the next one twice, so that there are 2^40 ways through it.
#[test]
fn many_ways_through_a_document_are_bounded() {
    let graph = |leaf: u8| {
        let mut components = json!({});
        for level in 0..40 {
            let next = json!({ "$ref": format!("#/components/schemas/S{}", level + 1) });
            components[format!("S{level}")] = json!({ "properties": { "a": next, "b": next } });
        }
        components["S40"] = json!({ "maxLength": leaf });
        document(&json!({ "$ref": "#/components/schemas/S0" }), &components, true)
    };
    let found = changes(&graph(9), &graph(8), Strictness::Parity);
    assert!(is_breaking(&found));
}
