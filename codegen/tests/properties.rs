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
    for round in rounds(600, &mut rng) {
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
    for _ in rounds(2_000, &mut rng) {
        if let Some(new) = version(&damage(&original, &mut rng)) {
            let compare = |new: &Version, old: &Version| {
                avro::compare(Mode::Full, new, std::slice::from_ref(old), Strictness::Strict)
            };
            let _ = (compare(&new, &old), compare(&old, &new));
        }
    }
}

/// So many rounds from a fixed seed, or, where `CHARTER_FUZZ_SECONDS` asks for it, as many as that time holds from a seed of
/// its own, which is printed.
fn rounds(few: usize, rng: &mut Rng) -> impl Iterator<Item = usize> + use<> {
    let seconds: Option<u64> =
        std::env::var("CHARTER_FUZZ_SECONDS").ok().map(|text| text.parse().expect("a number"));
    if seconds.is_some() {
        let given =
            std::env::var("CHARTER_FUZZ_SEED").ok().map(|text| text.parse().expect("a number"));
        let seed = given.unwrap_or_else(|| fastrand::u64(..));
        println!("CHARTER_FUZZ_SEED={seed}");
        *rng = Rng::with_seed(seed);
    }
    let start = std::time::Instant::now();
    let over = move |round: usize| match seconds {
        Some(seconds) => start.elapsed().as_secs() >= seconds,
        None => round >= few,
    };
    (0..).take_while(move |round| !over(*round))
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

/// An edit of a record: its name, whether the new version cannot read the old one, whether the old one cannot read the new
/// one, and what it does.
type RecordEdit = (&'static str, bool, bool, fn(&mut Value));

/// The record that edits are made to.
fn record() -> Value {
    json!({
        "type": "record", "name": "n.R", "fields": [
            { "name": "text", "type": "string" },
            { "name": "count", "type": "int" },
            { "name": "amount", "type": "double" },
            { "name": "kind", "type": { "type": "enum", "name": "n.E", "symbols": ["A", "B", "C"], "default": "A" } },
            { "name": "strict", "type": { "type": "enum", "name": "n.S", "symbols": ["A", "B"] } },
            { "name": "hash", "type": { "type": "fixed", "name": "n.F", "size": 4 } },
            { "name": "maybe", "type": ["null", "string"], "default": null },
            { "name": "many", "type": { "type": "array", "items": "long" } },
        ],
    })
}

fn field<'r>(record: &'r mut Value, name: &str) -> &'r mut Value {
    let fields = record["fields"].as_array_mut().unwrap();
    fields.iter_mut().find(|field| field["name"] == name).unwrap()
}

fn fields(record: &mut Value) -> &mut Vec<Value> {
    record["fields"].as_array_mut().unwrap()
}

const RECORD_EDITS: &[RecordEdit] = &[
    ("new field with default", false, false, |r| {
        fields(r).push(json!({ "name": "new", "type": "string", "default": "" }));
    }),
    ("new field without default", true, false, |r| {
        fields(r).push(json!({ "name": "new", "type": "string" }));
    }),
    ("field without default removed", false, true, |r| drop(fields(r).remove(0))),
    ("field with default removed", false, false, |r| drop(fields(r).remove(6))),
    ("int to long", false, true, |r| field(r, "count")["type"] = json!("long")),
    ("double to float", true, false, |r| field(r, "amount")["type"] = json!("float")),
    ("string to bytes", false, false, |r| field(r, "text")["type"] = json!("bytes")),
    ("string to int", true, true, |r| field(r, "text")["type"] = json!("int")),
    ("string to null or string", false, true, |r| {
        field(r, "text")["type"] = json!(["null", "string"]);
    }),
    ("branch removed", true, false, |r| field(r, "maybe")["type"] = json!(["null"])),
    ("branch added", false, true, |r| field(r, "maybe")["type"] = json!(["null", "string", "int"])),
    ("symbol added, with a default", false, false, |r| {
        field(r, "kind")["type"]["symbols"] = json!(["A", "B", "C", "D"]);
    }),
    ("symbol removed, with a default", false, false, |r| {
        field(r, "kind")["type"]["symbols"] = json!(["A", "B"]);
    }),
    ("symbol added, without one", false, true, |r| {
        field(r, "strict")["type"]["symbols"] = json!(["A", "B", "C"]);
    }),
    ("symbol removed, without one", true, false, |r| {
        field(r, "strict")["type"]["symbols"] = json!(["A"]);
    }),
    ("fixed of another size", true, true, |r| field(r, "hash")["type"]["size"] = json!(8)),
    ("fixed of another name", true, true, |r| field(r, "hash")["type"]["name"] = json!("n.G")),
    ("items wider", false, true, |r| field(r, "many")["type"]["items"] = json!("double")),
    ("array to map", true, true, |r| {
        field(r, "many")["type"] = json!({ "type": "map", "values": "long" });
    }),
    ("renamed with an alias", false, true, |r| {
        field(r, "text")["aliases"] = json!(["text"]);
        field(r, "text")["name"] = json!("words");
    }),
    ("renamed without", true, true, |r| field(r, "text")["name"] = json!("words")),
    ("documentation", false, false, |r| r["doc"] = json!("another text")),
    ("order of fields", false, false, |r| fields(r).swap(0, 1)),
    ("another default", false, false, |r| {
        field(r, "maybe")["type"] = json!(["string", "null"]);
        field(r, "maybe")["default"] = json!("x");
    }),
];

/// A record within others, arrays, maps and unions.
fn enclosed(inner: Value, rng: &mut Rng) -> Value {
    let mut schema = inner;
    for level in 0..rng.usize(0..5) {
        schema = match rng.u8(0..4) {
            0 => json!({ "type": "array", "items": schema }),
            1 => json!({ "type": "map", "values": schema }),
            2 => json!({ "type": "record", "name": format!("n.Outer{level}"), "fields": [
                { "name": "before", "type": "boolean" }, { "name": "inner", "type": schema },
            ] }),
            _ if schema.is_array() => schema,
            _ => json!(["null", schema]),
        };
    }
    schema
}

#[test]
fn an_edit_of_a_record_is_judged_the_same_wherever_it_is_made() {
    let mut rng = Rng::with_seed(5);
    let version = |name: &str, schema: &Value| Version {
        name: name.to_owned(),
        schema: Schema::parse(&schema.to_string()).unwrap(),
        paths: vec![format!("{name}.avsc")],
    };
    for (name, breaks_backward, breaks_forward, edit) in RECORD_EDITS {
        for _ in 0..20 {
            let mut edited = record();
            edit(&mut edited);
            let seed = rng.u64(..);
            let old = version("old", &enclosed(record(), &mut Rng::with_seed(seed)));
            let new = version("new", &enclosed(edited, &mut Rng::with_seed(seed)));
            let check = |mode, new: &Version, old: &Version| {
                avro::compare(mode, new, std::slice::from_ref(old), Strictness::Parity)
            };
            for (mode, expected) in
                [(Mode::Backward, *breaks_backward), (Mode::Forward, *breaks_forward)]
            {
                let found = check(mode, &new, &old);
                assert_eq!(is_breaking(&found), expected, "{name}, {mode:?}: {found:#?}");
                assert_eq!(found, check(mode, &new, &old), "{name}: the same on every run");
                assert_eq!(check(mode, &new, &new), [], "{name}: nothing changed");
                // What breaks is proven: by bytes that the reader refuses, or by a refusal of the pair.
                for change in found.iter().filter(|change| change.severity == Severity::Error) {
                    assert!(change.proof.is_some(), "{name}, {mode:?}: {change:#?}");
                }
            }
        }
    }
}
