//! Verdicts that were wrong once: pairs of documents on which oasdiff, asked about random edits, said otherwise.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use charter_avro::logical::Date;
use charter_codegen::check::change::Change;
use charter_codegen::check::openapi::{Document, Files, Strictness, compare};
use charter_codegen::rules::Severity;
use serde_json::{Value, json};

struct NoFiles;

impl Files for NoFiles {
    fn read(&self, path: &str) -> Result<String, String> {
        Err(format!("no file `{path}` in this test"))
    }
}

fn changes(base: &Value, revision: &Value) -> Vec<Change> {
    let load = |value: &Value| Document::load("api.json", value.to_string(), &NoFiles).unwrap();
    let today: Date = "2026-09-01".parse().unwrap();
    compare(&load(base), &load(revision), today, Strictness::Parity).unwrap()
}

fn errors(base: &Value, revision: &Value) -> Vec<String> {
    let errors = changes(base, revision);
    let errors = errors.iter().filter(|change| change.severity == Severity::Error);
    errors.map(|change| change.rule.id.clone()).collect()
}

fn document(paths: &Value, components: &Value) -> Value {
    json!({
        "openapi": "3.1.0", "info": { "title": "t", "version": "1.0.0" },
        "paths": paths, "components": { "schemas": components },
    })
}

/// A document whose one operation takes `schema` and answers with it.
fn both_ways(schema: &Value, components: &Value) -> Value {
    let content = json!({ "application/json": { "schema": schema } });
    document(
        &json!({ "/a": { "post": {
            "requestBody": { "content": content },
            "responses": { "200": { "description": "d", "content": content } },
        } } }),
        components,
    )
}

/// What is said to be unstable may change, but a webhook's stability says nothing.
#[test]
fn an_unstable_webhook_is_held_to_its_promises() {
    let operation = |headers: Value| {
        json!({ "post": {
            "x-stability-level": "alpha",
            "responses": { "200": { "description": "d", "headers": headers } },
        } })
    };
    let required = json!({ "X-A": { "required": true, "schema": { "type": "string" } } });
    let with = |key: &str, headers: Value| {
        let mut document = document(&json!({}), &json!({}));
        document[key] = json!({ "/w": operation(headers) });
        document
    };
    let found = |key| errors(&with(key, required.clone()), &with(key, json!({})));
    assert_eq!(found("webhooks"), ["required-response-header-removed"]);
    assert_eq!(found("paths"), Vec::<String>::new());
}

#[test]
fn what_changes_within_a_header_is_a_warning() {
    let with = |items: &str| {
        document(
            &json!({ "/a": { "get": { "responses": { "200": { "description": "d", "headers": {
                "X-A": { "schema": { "type": "array", "items": { "type": items } } },
            } } } } } }),
            &json!({}),
        )
    };
    let found = changes(&with("object"), &with("string"));
    let found: Vec<_> =
        found.iter().map(|change| (change.rule.id.as_str(), change.severity)).collect();
    assert_eq!(found, [("response-header-type-changed", Severity::Warning)]);
}

/// `string, object, array` became `string, object, string`: as many branches, and none of a new type.
#[test]
fn branches_of_a_type_count_as_they_are_many() {
    let with = |last: &str| {
        let components = json!({
            "A": { "type": "array", "items": { "type": "string" } }, "B": { "type": "string", "maxLength": 3 },
        });
        let schema = json!({ "oneOf": [
            { "type": "string", "minLength": 4 }, { "type": "object" },
            { "$ref": format!("#/components/schemas/{last}") },
        ] });
        let parameter = json!([{ "name": "p", "in": "query", "schema": schema }]);
        document(
            &json!({ "/a": { "get": { "parameters": parameter, "responses": {} } } }),
            &components,
        )
    };
    let found = errors(&with("A"), &with("B"));
    assert!(!found.contains(&"request-parameter-list-of-types-narrowed".to_owned()), "{found:?}");
}

/// One of two branches without a name changed, and the other refers back to the whole: the other is the same.
#[test]
fn a_branch_that_refers_back_is_the_same() {
    let with = |name: &str| {
        let components = json!({ "C": { "allOf": [
            { "type": "object", "properties": { "r": { "type": name } } },
            { "type": "object", "properties": { "p": { "$ref": "#/components/schemas/C" } } },
        ] } });
        both_ways(&json!({ "$ref": "#/components/schemas/C" }), &components)
    };
    let found = errors(&with("number"), &with("string"));
    assert_eq!(found, ["request-property-type-changed", "response-property-type-changed"]);
}

/// Keywords beside a `$ref` stand over those that it leads to, in OpenAPI 3.1; in 3.0 they are nothing.
#[test]
fn keywords_beside_a_reference_count() {
    let with = |version: &str, longest: u32| {
        let schema = json!({ "type": "object", "properties": {
            "p": { "$ref": "#/components/schemas/S", "maxLength": longest },
        } });
        let mut document =
            both_ways(&schema, &json!({ "S": { "type": "string", "maxLength": 40 } }));
        document["openapi"] = json!(version);
        document
    };
    assert_eq!(
        errors(&with("3.1.0", 20), &with("3.1.0", 10)),
        ["request-property-max-length-decreased"]
    );
    assert_eq!(
        errors(&with("3.1.0", 10), &with("3.1.0", 20)),
        ["response-property-max-length-increased"]
    );
    assert_eq!(errors(&with("3.0.3", 20), &with("3.0.3", 10)), Vec::<String>::new());
}

/// Branches of one name with other keywords beside the reference are held against the first of that name, as oasdiff
/// does; two such branches were paired in order. The same document twice is no change all the same.
#[test]
fn branches_of_one_name_are_held_against_the_first() {
    let with = |key: &str, longest: [u32; 2]| {
        let branch = |longest| json!({ "$ref": "#/components/schemas/S", "maxLength": longest });
        let schema = json!({ key: longest.map(branch) });
        both_ways(&schema, &json!({ "S": { "type": "string" } }))
    };
    for key in ["oneOf", "anyOf", "allOf"] {
        let found = |old, new| errors(&with(key, old), &with(key, new));
        assert_eq!(found([5, 10], [5, 10]), Vec::<String>::new());
        assert_eq!(found([5, 10], [5, 11]), ["request-property-max-length-decreased"]);
        assert_eq!(found([10, 5], [5, 10]), ["request-property-max-length-decreased"]);
        assert_eq!(found([5, 10], [10, 5]), ["response-property-max-length-increased"]);
    }
}

/// `false` takes nothing; it was read as the schema that takes everything. oasdiff refuses such documents.
#[test]
fn false_takes_nothing() {
    let named = |schema: Value| json!({ "type": "object", "properties": { "p": schema } });
    let listed = |items: Value| json!({ "type": "array", "prefixItems": [{}], "items": items });
    let found =
        |old: &Value, new: &Value| errors(&both_ways(old, &json!({})), &both_ways(new, &json!({})));
    let (text, nothing) = (named(json!({ "type": "string" })), named(json!(false)));
    assert_eq!(found(&text, &nothing), ["request-property-type-changed"]);
    assert_eq!(found(&nothing, &text), ["response-property-type-generalized"]);
    let (open, shut) = (listed(json!({})), listed(json!(false)));
    assert_eq!(found(&open, &shut), ["request-body-type-changed"]);
    assert_eq!(found(&shut, &open), ["response-body-type-generalized"]);
}

/// The files beside a document.
struct Beside(&'static [(&'static str, &'static str)]);

impl Files for Beside {
    fn read(&self, path: &str) -> Result<String, String> {
        let found = self.0.iter().find(|(name, _)| *name == path);
        found.map(|(_, text)| (*text).to_owned()).ok_or_else(|| format!("no file `{path}`"))
    }
}

/// Keywords beside a `$ref` into another file were left out. What they refer to lies in their own file, what the
/// target refers to in the target's.
#[test]
fn keywords_beside_a_reference_into_another_file_count() {
    let files = Beside(&[
        (
            "shared/types.yaml",
            "Name: {type: string, maxLength: 40}\nInner: {type: object, allOf: [{$ref: 'more.yaml#/More'}]}\n",
        ),
        ("shared/more.yaml", "More: {properties: {n: {type: integer, maximum: 9}}}\n"),
    ]);
    let with = |longest: u32, shortest: u32| {
        let properties = json!({
            "p": { "$ref": "shared/types.yaml#/Name", "maxLength": longest },
            "q": { "$ref": "shared/types.yaml#/Inner", "properties": {
                "m": { "$ref": "#/components/schemas/M", "minLength": shortest },
            } },
        });
        let schema = json!({ "type": "object", "properties": properties });
        both_ways(&schema, &json!({ "M": { "type": "string" } }))
    };
    let errors = |base: &Value, revision: &Value| -> Vec<String> {
        let load = |value: &Value| Document::load("api.json", value.to_string(), &files).unwrap();
        let today: Date = "2026-09-01".parse().unwrap();
        let found = compare(&load(base), &load(revision), today, Strictness::Parity).unwrap();
        let errors = found.iter().filter(|change| change.severity == Severity::Error);
        errors.map(|change| format!("{} {}", change.rule.id, change.evidence().unwrap())).collect()
    };
    assert_eq!(
        errors(&with(20, 1), &with(10, 2)),
        [
            "request-property-max-length-decreased request body {\"p\":\"aaaaaaaaaaa\"} was taken, and is not any more: `/p`: is too long",
            "request-property-min-length-increased request body {\"q\":{\"m\":\"?\"}} was taken, and is not any more: `/q/m`: is too short",
        ]
    );
    assert_eq!(errors(&with(20, 1), &with(20, 1)), Vec::<String>::new());
}

/// oasdiff looks for a new parameter by its name alone; its verdict stands, and a strict run judges the parameter.
#[test]
fn a_new_parameter_is_as_required_as_the_first_of_its_name() {
    let with = |first: bool, second: Option<bool>| {
        let mut parameters = vec![
            json!({ "name": "limit", "in": "query", "required": first, "schema": { "type": "string" } }),
        ];
        parameters.extend(second.map(|required| {
            json!({ "name": "limit", "in": "cookie", "required": required, "schema": { "type": "string" } })
        }));
        document(
            &json!({ "/a": { "get": { "parameters": parameters, "responses": {} } } }),
            &json!({}),
        )
    };
    let found = |first, second| errors(&with(first, None), &with(first, Some(second)));
    assert_eq!(found(true, false), ["new-required-request-parameter"]);
    assert_eq!(found(true, true), ["new-required-request-parameter"]);
    assert_eq!(found(false, true), Vec::<String>::new());
    assert_eq!(found(false, false), Vec::<String>::new());
}

/// oasdiff looks at the stability of properties under paths only. A level of a property that is none was no error.
#[test]
fn the_stability_of_properties_counts_under_paths() {
    let with = |key: &str, level: &str| {
        let property = json!({ "type": "string", "x-stability-level": level });
        let schema = json!({ "type": "object", "properties": { "p": property } });
        let content = json!({ "application/json": { "schema": schema } });
        let operation = json!({ "requestBody": { "content": content }, "responses": {} });
        let mut document = document(&json!({}), &json!({}));
        document[key] = json!({ "/w": { "post": operation } });
        document
    };
    let found = |key, was, is| errors(&with(key, was), &with(key, is));
    assert_eq!(found("webhooks", "stable", "alpha"), Vec::<String>::new());
    assert_eq!(found("paths", "stable", "alpha"), ["request-property-stability-decreased"]);
    assert_eq!(found("webhooks", "stable", "ga"), Vec::<String>::new());
    assert_eq!(found("paths", "stable", "ga"), ["api-invalid-stability-level"]);
    assert_eq!(found("paths", "ga", "beta"), ["api-invalid-stability-level"]);
}
