//! Links of responses (OpenAPI 3.1 section 4.8.20): where a client goes on with what an answer gave it. Nothing is
//! generated from them, so all that can be wrong with one is that it leads nowhere.

use charter_avro::source::{Member, Tree};

use super::Scope;
use super::schemas::text;
use crate::ir::{Operation, Origin, Place};
use crate::problem::{Problem, Problems};
use crate::rules;

/// The keys of a link. `operationRef`, `requestBody` and `server` are not among them: a link leads to an operation of
/// the same document, with parameters.
const KEYS: &[&str] = &["operationId", "parameters", "description"];

/// Checks every link of every response against the operations. One in a component is looked at once.
pub(super) fn check(paths: &[Member], operations: &[Operation], scope: &mut Scope<'_>) {
    let mut seen = Vec::new();
    for operation in paths.iter().flat_map(|path| path.value.as_object().unwrap_or_default()) {
        let responses = operation.value.get("responses").and_then(Tree::as_object);
        for response in responses.unwrap_or_default() {
            // A reference that leads nowhere was named when the response was read.
            let mut known = Problems::default();
            let Some(tree) = scope.document.follow(&response.value, &mut known) else { continue };
            let Some(links) = tree.get("links") else { continue };
            if seen.contains(&links.span) {
                continue;
            }
            seen.push(links.span);
            let Some(members) = links.as_object() else {
                scope.document.misshapen("links", "an object", links, scope.problems);
                continue;
            };
            for link in members {
                one(link, operations, scope);
            }
        }
    }
}

fn one(link: &Member, operations: &[Operation], scope: &mut Scope<'_>) {
    let document = scope.document;
    let what = format!("the link `{}`", link.key);
    if document.object(&link.value, &what, KEYS, scope.problems).is_none() {
        return;
    }
    let wrong = |at: &Origin, message: String| Problem::new(&rules::LINK_TARGET, at, message);
    let id = text(&link.value, "operationId").unwrap_or_default();
    let Some(target) = operations.iter().find(|operation| operation.id == id) else {
        let message = format!("expected {what} to name an operation, found `{id}`");
        scope.problems.push(wrong(&document.key_at(link), message));
        return;
    };
    let given = link.value.get("parameters").and_then(Tree::as_object).unwrap_or_default();
    for parameter in given {
        if target.parameters.iter().all(|known| known.name != parameter.key) {
            let message =
                format!("expected {what} to give parameters of `{id}`, found `{}`", parameter.key);
            scope.problems.push(wrong(&document.key_at(parameter), message));
        }
        let expression = parameter.value.as_str().unwrap_or_default();
        if !is_expression(expression) {
            let message = format!(
                "expected an expression such as `$response.body#/id` or `$request.path.id`, found `{expression}`"
            );
            scope.problems.push(wrong(&document.at(&parameter.value), message));
        }
    }
    let missing = target
        .parameters
        .iter()
        .filter(|known| known.place == Place::Path)
        .find(|known| given.iter().all(|parameter| parameter.key != known.name));
    if let Some(missing) = missing {
        let message = format!("expected {what} to give `{}` of `{id}`, found none", missing.name);
        scope.problems.push(wrong(&document.key_at(link), message));
    }
}

/// Whether the text is a runtime expression (OpenAPI 3.1 section 4.8.20.4) that a parameter can be taken from.
fn is_expression(text: &str) -> bool {
    let sources = [
        "$response.body#/",
        "$response.header.",
        "$request.body#/",
        "$request.header.",
        "$request.path.",
        "$request.query.",
    ];
    sources.iter().any(|source| text.len() > source.len() && text.starts_with(source))
}
