//! Operations: what they are called, what is said about them, and what they take.

use std::collections::BTreeMap;

use charter_avro::logical::Date;

use super::model::{Api, Operation, types};
use crate::lint::finding::Findings;
use crate::lint::rules::LintRule;
use crate::lint::rules::api as rules;
use crate::lint::words::Case;

/// Names of parameters for the size of a page.
const SIZES: &[&str] =
    &["limit", "pageSize", "page_size", "perPage", "per_page", "size", "maxResults", "top"];
/// Names of parameters for the place of a page.
const PLACES: &[&str] = &[
    "pageToken",
    "page_token",
    "page",
    "cursor",
    "offset",
    "after",
    "before",
    "continuationToken",
    "startAfter",
    "marker",
    "skip",
];

pub(super) fn lint(api: &Api<'_>, operation: &Operation<'_>, found: &mut Findings) {
    let here = api.place_at(operation.node, operation.key);
    let mut missing = |rule: &'static LintRule, key: &str| {
        if operation.node.text(key).trim().is_empty() {
            let text = format!("expected `{key}`, found none");
            found.push(rule, here, &operation.subject, text);
        }
    };
    missing(&rules::OPERATION_ID_MISSING, "operationId");
    missing(&rules::OPERATION_SUMMARY, "summary");
    missing(&rules::OPERATION_DESCRIPTION, "description");
    let id = operation.node.text("operationId");
    if !id.is_empty() && !Case::Camel.fits(id) {
        let text = format!("expected `{}`, found `{id}`", Case::Camel.of(id));
        let place = api.place(operation.node, "operationId");
        found.push(&rules::OPERATION_ID_FORM, place, &operation.subject, text);
    }
    if matches!(operation.method, "get" | "head" | "delete")
        && let Some(member) = operation.node.tree.member("requestBody")
    {
        let text =
            format!("expected no request body of {}, found one", operation.method.to_uppercase());
        let place = api.place_at(operation.node.within(&member.value), member.key_span);
        found.push(&rules::BODY_ON_GET, place, &operation.subject, text);
    }
    if operation.node.flag("deprecated") {
        let sunset = operation.node.text("x-sunset");
        if sunset.parse::<Date>().is_err() {
            let found_text =
                if sunset.is_empty() { "none".to_owned() } else { format!("`{sunset}`") };
            let text = format!("expected `x-sunset` with a date, found {found_text}");
            let place = api.place(operation.node, "deprecated");
            found.push(&rules::DEPRECATED_SUNSET, place, &operation.subject, text);
        }
    }
    let key = operation.parameters.iter().any(|parameter| {
        parameter.text("in") == "header"
            && parameter.text("name").eq_ignore_ascii_case("Idempotency-Key")
    });
    if operation.node.get("x-command").is_some() && !key {
        let text = "expected the header `Idempotency-Key` among the parameters, found none";
        let place = api.place(operation.node, "x-command");
        found.push(&rules::IDEMPOTENCY_KEY, place, &operation.subject, text);
    }
    pages(api, operation, found);
}

/// What parameters are called, and what is said about them.
pub(super) fn parameters(api: &Api<'_>, found: &mut Findings) {
    for parameter in &api.parameters {
        let node = parameter.node;
        if node.text("description").trim().is_empty() {
            let place = api.place(node, if node.get("name").is_some() { "name" } else { "schema" });
            let text = "expected a `description`, found none";
            found.push(&rules::PARAMETER_DESCRIPTION, place, &parameter.subject, text);
        }
        let name = node.text("name");
        if matches!(node.text("in"), "path" | "query") && !Case::Camel.fits(name) {
            let text = format!("expected `{}`, found `{name}`", Case::Camel.of(name));
            let place = api.place(node, "name");
            found.push(&rules::PARAMETER_NAME, place, &parameter.subject, text);
        }
    }
}

/// No two operations with one id.
pub(super) fn ids(api: &Api<'_>, found: &mut Findings) {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for operation in &api.operations {
        let id = operation.node.text("operationId");
        if id.is_empty() {
            continue;
        }
        if let Some(other) = seen.get(id) {
            let text = format!("expected an id of its own, found `{id}`, which `{other}` has");
            let place = api.place(operation.node, "operationId");
            found.push(&rules::OPERATION_ID_REPEATED, place, &operation.subject, text);
        } else {
            seen.insert(id, &operation.subject);
        }
    }
}

fn pages<'a>(api: &Api<'a>, operation: &Operation<'a>, found: &mut Findings) {
    let query = |names: &[&str]| {
        operation
            .parameters
            .iter()
            .find(|parameter| {
                parameter.text("in") == "query" && names.contains(&parameter.text("name"))
            })
            .copied()
    };
    if operation.method == "get" && answers_with_list(api, operation) {
        let missing: Vec<&str> = [(SIZES, "`limit`"), (PLACES, "`pageToken`")]
            .into_iter()
            .filter(|(names, _)| query(names).is_none())
            .map(|(_, name)| name)
            .collect();
        if !missing.is_empty() {
            let text = format!(
                "expected parameters for pages, found none such as {}",
                missing.join(" and ")
            );
            let place = api.place_at(operation.node, operation.key);
            found.push(&rules::PAGINATION, place, &operation.subject, text);
        }
    }
}

/// Whether success is an array, or an object with an array `items`, `data`, `results`.
fn answers_with_list<'a>(api: &Api<'a>, operation: &Operation<'a>) -> bool {
    let Some((.., response)) = operation.responses.iter().find(|(status, ..)| status.key == "200")
    else {
        return false;
    };
    let is_array =
        |node: crate::check::openapi::Node<'a>| types(api.resolve(node)).contains(&"array");
    response.members("content").any(|(_, media)| {
        media.get("schema").is_some_and(|schema| {
            let schema = api.resolve(schema);
            is_array(schema)
                || schema.members("properties").any(|(name, property)| {
                    matches!(name, "items" | "data" | "results") && is_array(property)
                })
        })
    })
}

/// Whether a parameter says how long a page is.
pub(super) fn is_page_size(name: &str) -> bool {
    SIZES.contains(&name)
}
