//! The document's head, its tags and components.

use charter_avro::source::Tree;

use super::model::{Api, members};
use crate::lint::finding::Findings;
use crate::lint::rules::api as rules;
use crate::lint::words::Case;

/// The kinds of components that something refers to, and that are named like types.
const KINDS: &[&str] =
    &["schemas", "responses", "parameters", "requestBodies", "headers", "examples"];

pub(super) fn lint(api: &Api<'_>, found: &mut Findings) {
    let root = api.document().root();
    let info = root.get("info").unwrap_or(root);
    if info.text("description").trim().is_empty() {
        let text = "expected a `description`, found none";
        found.push(&rules::API_INFO, api.place(info, "title"), "info", text);
    }
    tags(api, found);
    let Some(components) = root.get("components") else { return };
    for kind in KINDS {
        for member in members(components, kind) {
            let node = components.within(&member.value);
            let subject = format!("{kind}/{}", member.key);
            if !Case::Pascal.fits(&member.key) {
                let text =
                    format!("expected `{}`, found `{}`", Case::Pascal.of(&member.key), member.key);
                found.push(
                    &rules::COMPONENT_NAME,
                    api.place_at(node, member.key_span),
                    &subject,
                    text,
                );
            }
            if !api.is_referred(&member.value) {
                let text = "expected a reference that leads here, found none";
                found.push(
                    &rules::COMPONENT_UNUSED,
                    api.place_at(node, member.key_span),
                    &subject,
                    text,
                );
            }
        }
    }
}

fn tags(api: &Api<'_>, found: &mut Findings) {
    let root = api.document().root();
    let used: Vec<&str> = api
        .operations
        .iter()
        .flat_map(|operation| operation.node.items("tags"))
        .filter_map(|tag| tag.tree.as_str())
        .collect();
    for tag in root.items("tags") {
        let name = tag.text("name");
        if !used.contains(&name) {
            let text = "expected an operation with this tag, found none";
            found.push(&rules::TAG_UNUSED, api.place(tag, "name"), &format!("tag {name}"), text);
        }
        if tag.text("description").is_empty() {
            let text = "expected a `description`, found none";
            found.push(&rules::TAG_DECLARED, api.place(tag, "name"), &format!("tag {name}"), text);
        }
    }
    let declared: Vec<&str> = root.items("tags").map(|tag| tag.text("name")).collect();
    for operation in &api.operations {
        for tag in operation.node.items("tags") {
            let Some(name) = tag.tree.as_str().filter(|name| !declared.contains(name)) else {
                continue;
            };
            let text = format!("expected a tag that the document declares, found `{name}`");
            found.push(&rules::TAG_DECLARED, api.place(tag, ""), &operation.subject, text);
        }
        let tagged = operation.node.tree.get("tags").and_then(Tree::as_array);
        if tagged.is_none_or(<[Tree]>::is_empty) {
            let text = "expected a tag, found none";
            let place = api.place_at(operation.node, operation.key);
            found.push(&rules::OPERATION_TAG, place, &operation.subject, text);
        }
    }
}
