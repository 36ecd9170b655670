//! The document that the generated gateway's annotations make says the same as the contract.
//!
//! Both are brought to one form first: references to parameters, responses and headers are followed,
//! a path's parameters stand at its operations, and examples and `x-` extensions are left out.

#![allow(clippy::unwrap_used, reason = "a test")]

use contract_gateway::document::{GatewayDocument, JSON};
use serde_json::{Map, Value, json};
use utoipa::OpenApi as _;

const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];

#[test]
fn the_annotations_say_what_the_contract_says() {
    let contract: Value = serde_json::from_str(JSON).expect("JSON");
    let code = serde_json::to_value(GatewayDocument::openapi()).expect("JSON");
    let (expected, found) = (normal(&contract), normal(&code));
    let mut differences = Vec::new();
    differ("", &expected, &found, &mut differences);
    assert!(
        differences.is_empty(),
        "{} differences:\n{}",
        differences.len(),
        differences.join("\n")
    );
    assert!(expected["operations"].as_object().unwrap().len() >= 20);
    assert!(expected["schemas"].as_object().unwrap().len() >= 20);
}

/// What is compared of a document.
fn normal(document: &Value) -> Value {
    let mut operations = Map::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in METHODS {
            let Some(operation) = item.get(method) else { continue };
            let shared = item.get("parameters");
            operations
                .insert(format!("{method} {path}"), normal_operation(document, operation, shared));
        }
    }
    let schemas: Map<String, Value> = document["components"]["schemas"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, schema)| (name.clone(), normal_schema(schema)))
        .collect();
    json!({
        "title": document["info"]["title"],
        "version": document["info"]["version"],
        "description": words(&document["info"]["description"]),
        "tags": document["tags"],
        "operations": operations,
        "schemas": schemas,
    })
}

fn normal_operation(document: &Value, operation: &Value, shared: Option<&Value>) -> Value {
    let mut parameters = Map::new();
    for list in [shared, operation.get("parameters")].into_iter().flatten() {
        for parameter in list.as_array().unwrap() {
            let parameter = followed(document, parameter);
            let name = format!(
                "{} {}",
                parameter["in"].as_str().unwrap(),
                parameter["name"].as_str().unwrap()
            );
            let mut schema = normal_schema(&parameter["schema"]);
            // `utoipa` has no word for a parameter's default.
            schema.as_object_mut().unwrap().remove("default");
            let said = json!({
                "required": parameter.get("required").cloned().unwrap_or(json!(false)),
                "description": words(&parameter["description"]),
                "schema": schema,
            });
            parameters.insert(name, said);
        }
    }
    let responses: Map<String, Value> = operation["responses"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(status, response)| {
            let response = followed(document, response);
            let headers: Map<String, Value> = response
                .get("headers")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
                .map(|(name, header)| {
                    (name.clone(), words(&followed(document, header)["description"]))
                })
                .collect();
            let said = json!({
                "description": words(&response["description"]),
                "content": content(response),
                "headers": headers,
            });
            (status.clone(), said)
        })
        .collect();
    let body = operation.get("requestBody").map(|body| {
        let body = followed(document, body);
        json!({"required": body["required"], "content": content(body)})
    });
    json!({
        "operationId": operation["operationId"],
        "tags": operation["tags"],
        "summary": operation["summary"],
        "description": words(&operation["description"]),
        "parameters": parameters,
        "body": body,
        "responses": responses,
        "security": operation["security"],
    })
}

fn content(of: &Value) -> Value {
    let types = of.get("content").and_then(Value::as_object).into_iter().flatten();
    types
        .map(|(media_type, content)| (media_type.clone(), normal_schema(&content["schema"])))
        .collect::<Map<_, _>>()
        .into()
}

fn followed<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    value.get("$ref").and_then(Value::as_str).map_or(value, |reference| {
        document
            .pointer(reference.trim_start_matches('#'))
            .unwrap_or_else(|| panic!("`{reference}` leads nowhere"))
    })
}

/// A text as its words, so that folding and the escapes of doc comments don't matter.
fn words(text: &Value) -> Value {
    text.as_str().map_or(Value::Null, |text| {
        text.replace('\\', "").split_whitespace().collect::<Vec<_>>().join(" ").into()
    })
}

fn normal_schema(schema: &Value) -> Value {
    let Some(members) = schema.as_object() else { return schema.clone() };
    let mut said = Map::new();
    for (name, value) in members {
        let value = match name.as_str() {
            "example" | "examples" => continue,
            extension if extension.starts_with("x-") => continue,
            "description" => words(value),
            "properties" => {
                let properties = value.as_object().unwrap();
                properties
                    .iter()
                    .map(|(name, schema)| (name.clone(), normal_schema(schema)))
                    .collect::<Map<_, _>>()
                    .into()
            }
            "items" | "additionalProperties" => normal_schema(value),
            "required" => {
                let mut names: Vec<_> =
                    value.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
                names.sort_unstable();
                names.into()
            }
            _ => value.clone(),
        };
        said.insert(name.clone(), value);
    }
    said.into()
}

/// Every place where the two differ.
fn differ(place: &str, expected: &Value, found: &Value, differences: &mut Vec<String>) {
    match (expected, found) {
        (Value::Object(one), Value::Object(other)) => {
            let mut names: Vec<_> = one.keys().chain(other.keys()).collect();
            names.sort();
            names.dedup();
            for name in names {
                let (one, other) = (
                    one.get(name).unwrap_or(&Value::Null),
                    other.get(name).unwrap_or(&Value::Null),
                );
                differ(&format!("{place}/{name}"), one, other, differences);
            }
        }
        (Value::Number(one), Value::Number(other)) if one.as_f64() == other.as_f64() => {}
        _ if expected == found => {}
        _ => differences.push(format!("{place}: the contract says {expected}, the code {found}")),
    }
}
