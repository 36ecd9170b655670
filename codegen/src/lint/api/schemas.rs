//! Schemas: names, words, types.

use std::collections::BTreeMap;

use charter_avro::source::Tree;

use super::model::{Api, Role, SchemaSite, is_reference, members, types};
use crate::check::openapi::Node;
use crate::lint::finding::Findings;
use crate::lint::rules::api as rules;
use crate::lint::words::{self, Case};

pub(super) fn lint(api: &Api<'_>, site: &SchemaSite<'_>, found: &mut Findings) {
    spoken(api, site, found);
    if is_reference(site.node) {
        return;
    }
    names(api, site, found);
    meanings(api, site, found);
    let node = site.node;
    if api.minor() > 0
        && let Some(member) = node.tree.member("nullable")
    {
        let place = api.place_at(node.within(&member.value), member.key_span);
        let text = "expected `'null'` among the types, found `nullable`";
        found.push(&rules::NULLABLE_KEYWORD, place, &site.subject, text);
    }
    for name in node.items("required") {
        let Some(text) = name.tree.as_str() else { continue };
        let declared = node.tree.get("properties").is_some_and(|all| all.get(text).is_some());
        // What is composed may be declared in another part.
        let composed = ["allOf", "anyOf", "oneOf"].iter().any(|key| node.get(key).is_some())
            || matches!(site.role, Role::Part) && node.tree.get("properties").is_none();
        if !declared && !composed {
            let text = format!("expected a property, found `{text}`, which is none");
            found.push(&rules::REQUIRED_UNKNOWN, api.place(name, ""), &site.subject, text);
        }
    }
    if matches!(site.role, Role::Component)
        && let Some(way) = endless(api, node)
    {
        let place = api.place(node, "required");
        let text = format!(
            "expected a value that ends, found that `{way}` is required and leads back here"
        );
        found.push(&rules::ENDLESS_SCHEMA, place, &site.subject, text);
    }
}

fn spoken(api: &Api<'_>, site: &SchemaSite<'_>, found: &mut Findings) {
    let (place, text) = match site.role {
        Role::Component => (api.place(site.node, "type"), site.node.text("description")),
        Role::Property(_, key) => {
            let own = site.node.text("description");
            // What it refers to may say it.
            let target = api.resolve(site.node).text("description");
            (api.place_at(site.node, key), if own.is_empty() { target } else { own })
        }
        Role::Parameter(_) | Role::Part => return,
    };
    if text.trim().is_empty() {
        let text = "expected a `description`, found none";
        found.push(&rules::SCHEMA_DESCRIPTION, place, &site.subject, text);
    }
}

fn names(api: &Api<'_>, site: &SchemaSite<'_>, found: &mut Findings) {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for property in members(site.node, "properties") {
        let place = api.place_at(site.node.within(&property.value), property.key_span);
        let name = property.key.as_str();
        if !Case::Camel.fits(name) {
            let text = format!("expected `{}`, found `{name}`", Case::Camel.of(name));
            found.push(&rules::PROPERTY_NAME, place, &site.subject, text);
        }
        if let Some(other) = seen.insert(words::folded(name), name) {
            let text = format!("expected a name unlike `{other}`, found `{name}`");
            found.push(&rules::PROPERTY_CASE_CLASH, place, &site.subject, text);
        }
    }
    for value in site.node.items("enum") {
        let Some(text) = value.tree.as_str() else { continue };
        if !Case::UpperSnake.fits(text) {
            let text = format!("expected `{}`, found `{text}`", Case::UpperSnake.of(text));
            found.push(&rules::ENUM_CASE, api.place(value, ""), &site.subject, text);
        }
    }
}

/// What a property's or parameter's name and examples say about its type.
fn meanings(api: &Api<'_>, site: &SchemaSite<'_>, found: &mut Findings) {
    let node = site.node;
    let types = types(node);
    let format = node.text("format");
    if types.contains(&"integer")
        && format.is_empty()
        && node.get("enum").is_none()
        && node.get("const").is_none()
    {
        let text = "expected the format `int32` or `int64`, found none";
        found.push(&rules::INTEGER_FORMAT, api.place(node, "type"), &site.subject, text);
    }
    let (Role::Property(name, _) | Role::Parameter(name)) = site.role else { return };
    if words::is_money(name) && types.contains(&"number") {
        let text = format!("expected a string of format `decimal`, found `number` of `{name}`");
        found.push(&rules::MONEY_NUMBER, api.place(node, "type"), &site.subject, text);
    }
    if !types.contains(&"string") || !format.is_empty() {
        return;
    }
    let expected = if words::is_time(name) {
        Some("date-time")
    } else if words::is_day(name) {
        Some("date")
    } else {
        None
    };
    if let Some(expected) = expected {
        let text = format!("expected the format `{expected}`, found none");
        found.push(&rules::TIME_FORMAT, api.place(node, "type"), &site.subject, text);
    }
    let shown = shown(node).any(|example| example.as_str().is_some_and(words::is_uuid_text));
    if shown || words::is_uuid(name) {
        let text = "expected the format `uuid`, found none";
        found.push(&rules::UUID_FORMAT, api.place(node, "type"), &site.subject, text);
    }
}

/// The examples of a schema.
fn shown(node: Node<'_>) -> impl Iterator<Item = &Tree> {
    node.items("examples").chain(node.get("example")).map(|node| node.tree)
}

/// The required property that leads back to `schema` by required properties only.
fn endless<'a>(api: &Api<'a>, schema: Node<'a>) -> Option<&'a str> {
    let needed = |node: Node<'a>| -> Vec<(&'a str, Node<'a>)> {
        let node = api.resolve(node);
        let required: Vec<&str> =
            node.items("required").filter_map(|name| name.tree.as_str()).collect();
        node.members("properties")
            .filter(|(name, property)| {
                required.contains(name) && is_certain(api.resolve(*property))
            })
            .collect()
    };
    needed(schema).into_iter().find_map(|(name, first)| {
        let mut seen = Vec::new();
        let mut stack = vec![first];
        while let Some(node) = stack.pop() {
            let node = api.resolve(node);
            if node.address() == schema.address() {
                return Some(name);
            }
            if !seen.contains(&node.address()) {
                seen.push(node.address());
                stack.extend(needed(node).into_iter().map(|(_, property)| property));
            }
        }
        None
    })
}

/// Whether a value has to be an object: it may be neither null nor one of several things.
fn is_certain(node: Node<'_>) -> bool {
    let nullable = node.flag("nullable")
        || node
            .tree
            .get("type")
            .and_then(Tree::as_array)
            .is_some_and(|types| types.iter().any(|ty| ty.as_str() == Some("null")));
    let choice = node.get("oneOf").is_some() || node.get("anyOf").is_some();
    !nullable && !choice
}
