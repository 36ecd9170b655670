//! `charter diff` through the binary.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command as Process;

use assert_cmd::Command;
use serde_json::{Value as Json, json};
use support::copy;
use tempfile::TempDir;

fn base() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/base")
}

/// What it writes to standard output, and its exit code.
fn diff(arguments: &[&str], at: &Path) -> (String, i32) {
    let mut command = Command::cargo_bin("charter").unwrap();
    let output = command.arg("diff").args(arguments).current_dir(at).output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    (said, output.status.code().unwrap())
}

fn files(texts: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in texts {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

const OLD: &str = r#"{"type": "record", "namespace": "shop", "name": "OrderPlaced", "doc": "An order.",
  "charter": {"kind": "event", "key": ["orderId"]},
  "fields": [
    {"name": "orderId", "type": "string"},
    {"name": "count", "type": "int"},
    {"name": "state", "type": {"type": "enum", "name": "State", "symbols": ["OPEN", "DONE"]}},
    {"name": "gone", "type": "string"}]}"#;

const NEW: &str = r#"{"type": "record", "namespace": "shop", "name": "OrderPlaced", "doc": "An order was placed.",
  "charter": {"kind": "event", "key": ["orderId"], "broadcast": "shop"},
  "fields": [
    {"name": "count", "type": "long"},
    {"name": "orderId", "type": "string"},
    {"name": "state", "type": {"type": "enum", "name": "State", "symbols": ["OPEN", "DONE", "LOST"]}},
    {"name": "labels", "type": ["null", {"type": "array", "items": "string"}], "default": null}]}"#;

#[test]
fn two_schemas_are_compared_field_by_field_in_words() {
    let root = files(&[("a.avsc", OLD), ("b.avsc", NEW)]);
    let (said, code) = diff(&["a.avsc", "b.avsc"], root.path());
    assert_eq!(
        said,
        "\
~ event shop.OrderPlaced
    doc: \"An order.\" became \"An order was placed.\"
    broadcast is new: \"shop\"
    field `count`, type: \"int\" became \"long\"
    field `state`, type, symbol `LOST` is new
    field `gone` is gone
    field `labels` is new: optional array of string, default null
    fields: another order: count, orderId, state

0 new, 0 gone, 1 changed
"
    );
    assert_eq!(code, 1);
    assert_eq!(diff(&["b.avsc", "b.avsc"], root.path()), ("no difference\n".to_owned(), 0));
}

#[test]
fn documents_are_compared_operation_by_operation_whether_json_or_yaml() {
    let yaml = "openapi: 3.1.0\ninfo: {title: Shop, version: 1.0.0}\npaths:\n  /orders:\n    \
        get: {operationId: list, responses: {'200': {description: All}}}\n    \
        post:\n      operationId: place\n      parameters:\n        \
        - {name: dry, in: query, schema: {type: boolean}}\n      responses: {'202': {description: Taken}}\n";
    let json = json!({
        "openapi": "3.1.0",
        "info": {"title": "Shop", "version": "1.0.0"},
        "paths": {"/orders": {"post": {
            "operationId": "place",
            "parameters": [{"name": "dry", "in": "query", "schema": {"type": "string"}}],
            "responses": {"202": {"description": "Taken"}, "409": {"description": "Refused"}},
        }}},
        "components": {"schemas": {"Order": {"type": "object"}}},
    });
    let root = files(&[("a.yaml", yaml), ("b.json", &json.to_string())]);
    let (said, code) = diff(&["a.yaml", "b.json"], root.path());
    assert_eq!(
        said,
        "\
- operation GET /orders is gone
~ operation POST /orders
    parameter `dry (query)`, schema, type: \"boolean\" became \"string\"
    response `409` is new: {\"description\":\"Refused\"}
+ component schemas/Order is new

1 new, 1 gone, 1 changed
"
    );
    assert_eq!(code, 1);
}

#[test]
fn folders_and_commits_are_compared_and_tools_get_json() {
    let root = tempfile::tempdir().unwrap();
    copy(&base(), root.path());
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
        let output = Process::new("git")
            .args(identity)
            .args(arguments)
            .current_dir(root.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    git(&["init", "--quiet"]);
    git(&["add", "."]);
    git(&["commit", "--quiet", "-m", "contracts"]);
    assert_eq!(diff(&["git:HEAD", "."], root.path()), ("no difference\n".to_owned(), 0));

    let new = NEW.replace("OrderPlaced", "ThingLost");
    fs::write(root.path().join("schemas/new.avsc"), new).unwrap();
    let (said, code) = diff(&["git:HEAD", ".", "--format", "json"], root.path());
    let said: Json = serde_json::from_str(&said).unwrap();
    assert_eq!(
        said,
        json!({"same": false, "contracts": [
            {"name": "shop.ThingLost", "kind": "event", "change": "new", "differences": []}
        ]})
    );
    assert_eq!(code, 1);
    let (said, code) = diff(&[".", "git:HEAD"], root.path());
    assert_eq!(
        (said.as_str(), code),
        ("- event shop.ThingLost is gone\n\n0 new, 1 gone, 0 changed\n", 1)
    );
}

#[test]
fn what_cannot_be_compared_is_said_in_a_line() {
    let root = files(&[("a.avsc", "{\n  \"type\": }"), ("empty/readme.txt", "nothing")]);
    let (said, code) = diff(&["a.avsc", "a.avsc"], root.path());
    assert!(said.starts_with("error: `a.avsc:2:11`: "), "{said}");
    assert_eq!(code, 2);
    let (said, code) = diff(&["empty", "a.avsc"], root.path());
    assert!(said.contains("`empty` holds no contracts"), "{said}");
    assert_eq!(code, 2);
    let (said, code) = diff(&["missing.avsc", "a.avsc"], root.path());
    assert!(said.contains("cannot read `missing.avsc`"), "{said}");
    assert_eq!(code, 2);
}
