//! What Avro contracts and the API say together.

use std::collections::BTreeSet;

use charter_avro::source::Tree;

use super::api::Api;
use super::avro::{Named, Schemas};
use super::finding::{Findings, Place};
use super::rules::contracts as rules;

/// Holds the contracts against the documents. Where there are no documents, nothing can be missing in them.
pub(super) fn lint(schemas: &Schemas, documents: &[Api<'_>], found: &mut Findings) {
    if documents.is_empty() {
        return;
    }
    let sent = names(documents, "x-command");
    let read = names(documents, "x-query");
    for named in schemas.types() {
        match named.kind() {
            Some("command") => {
                let socket = named.attribute("socket").and_then(Tree::as_bool) == Some(true);
                let deadline = named.attribute("deadline").is_some();
                let from = named.attribute("from").is_some();
                if !sent.contains(named.name) && !socket && !deadline && !from {
                    let text =
                        "expected an operation, a socket, a deadline or a reactor, found none"
                            .to_owned();
                    named.push(&rules::COMMAND_UNREACHABLE, "name", text, found);
                }
                for api in documents {
                    rejections(&named, api, found);
                }
            }
            Some("view") if !read.contains(named.name) => {
                let text = "expected an operation that reads it, found none".to_owned();
                named.push(&rules::VIEW_UNREAD, "name", text, found);
            }
            _ => {}
        }
    }
}

/// The full names that operations say in `key`.
fn names<'a>(documents: &'a [Api<'_>], key: &str) -> BTreeSet<&'a str> {
    let operations = documents.iter().flat_map(|api| &api.operations);
    operations.filter_map(|operation| operation.extension(key)).collect()
}

fn rejections(named: &Named<'_>, api: &Api<'_>, found: &mut Findings) {
    let rejections = named.attribute("rejections").and_then(Tree::as_object).unwrap_or_default();
    let operations = api
        .operations
        .iter()
        .filter(|operation| operation.extension("x-command") == Some(named.name));
    for operation in operations {
        for rejection in rejections {
            let Some(status) = rejection.value.get("status").and_then(Tree::as_u64) else {
                continue;
            };
            let status = status.to_string();
            let code = &rejection.key;
            let response = operation.responses.iter().find(|(key, ..)| key.key == status);
            match response {
                None => {
                    let place = Place {
                        file: named.file,
                        at: rejection.key_span,
                        within: rejection.value.span,
                    };
                    let text = format!(
                        "expected a response {status} of `{}` for `{code}`, found none",
                        operation.subject
                    );
                    found.push(&rules::REJECTION_STATUS, place, named.name, text);
                }
                Some((key, node, target)) => {
                    if !target.text("description").contains(code.as_str()) {
                        let place = api.place_of_key(*node, key.key_span);
                        let text = format!(
                            "expected the description of {status} to name `{code}`, found that it does not"
                        );
                        found.push(&rules::REJECTION_DESCRIBED, place, &operation.subject, text);
                    }
                }
            }
        }
    }
}
