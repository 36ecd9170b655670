//! Bodies of requests and responses.

use charter_avro::source::{Member, Tree};

use super::schemas::text;
use super::{Scope, components};
use crate::ir::{Body, Origin, Response, SchemaId, SchemaUse};
use crate::problem::Problem;
use crate::rules;

/// Reads the body of a request.
pub(super) fn request(
    tree: &Tree,
    operation: &Tree,
    stem: &str,
    scope: &mut Scope<'_>,
) -> Option<Body> {
    let document = scope.document;
    let tree = document.follow(tree, scope.problems)?;
    document.object(
        tree,
        "a request body",
        &["required", "content", "description"],
        scope.problems,
    )?;
    let content = tree.get("content").and_then(Tree::as_object).unwrap_or_default();
    let mut found: Option<(SchemaId, &Tree)> = None;
    for media in content {
        document.object(
            &media.value,
            "a media type",
            &["schema", "example", "examples"],
            scope.problems,
        );
        if !matches!(media.key.as_str(), "application/json" | "application/merge-patch+json") {
            let message = format!(
                "expected `application/json` or `application/merge-patch+json`, found `{}`",
                media.key
            );
            scope.problems.push(Problem::new(
                &rules::OPENAPI_KEYWORD,
                &document.key_at(media),
                message,
            ));
        }
        let Some(schema) = media.value.get("schema") else { continue };
        if let Some((_, first)) = found {
            if first.to_json() != schema.to_json() {
                let message = "expected one schema for all media types of the body, found another";
                scope.problems.push(Problem::new(
                    &rules::OPENAPI_SHAPE,
                    &document.at(schema),
                    message,
                ));
            }
            continue;
        }
        let used = scope.schemas.use_of(schema, &format!("{stem}Body"), scope.problems)?;
        let Some(id) = scope.schemas.resolved(&used).ty.reference() else {
            document.misshapen("a body's schema", "an object", schema, scope.problems);
            return None;
        };
        check_example(used, &media.value, scope);
        found = Some((id, schema));
    }
    let Some((schema, _)) = found else {
        document.misshapen(
            "a request body",
            "an object with `content` and a `schema`",
            tree,
            scope.problems,
        );
        return None;
    };
    Some(Body {
        schema,
        media_types: content.iter().map(|media| media.key.clone()).collect(),
        required: tree.get("required").and_then(Tree::as_bool).unwrap_or_default(),
        merge_patch: operation.get("x-cleared").is_some(),
        doc: text(tree, "description"),
    })
}

/// The example of a media type is a value of its schema.
fn check_example(mut schema: SchemaUse, media: &Tree, scope: &mut Scope<'_>) {
    if let Some(member) = media.member("example") {
        schema.example = Some(member.value.to_json());
        schema.default = None;
        schema.origin = scope.document.key_at(member);
        scope.schemas.check_value(&schema, scope.problems);
    }
}

/// Reads the responses of an operation, in the order of statuses.
pub(super) fn responses(
    tree: &Tree,
    stem: &str,
    at: &Origin,
    scope: &mut Scope<'_>,
) -> Vec<Response> {
    let document = scope.document;
    let Some(members) = tree.get("responses").and_then(Tree::as_object) else {
        let message = "expected an operation to have `responses`, found none";
        scope.problems.push(Problem::new(&rules::OPENAPI_SHAPE, at, message));
        return Vec::new();
    };
    let mut responses = Vec::new();
    for member in members {
        let Some(status) = member.key.parse().ok().filter(|status| (100..600).contains(status))
        else {
            let message = format!("expected a status from 100 to 599, found `{}`", member.key);
            scope.problems.push(Problem::new(
                &rules::OPENAPI_SHAPE,
                &document.key_at(member),
                message,
            ));
            continue;
        };
        let component = components::referred(document, &member.value, "responses");
        let Some(tree) = document.follow(&member.value, scope.problems) else { continue };
        let known = ["description", "headers", "content", "links"];
        document.object(tree, "a response", &known, scope.problems);
        let Some(description) = text(tree, "description") else {
            document.misshapen(
                "a response",
                "an object with a `description`",
                tree,
                scope.problems,
            );
            continue;
        };
        let content =
            tree.get("content").and_then(Tree::as_object).and_then(|content| content.first());
        let schema = content.and_then(|media| media.value.get("schema"));
        let inline = match &component {
            Some(component) => format!("{}Response", component.rust),
            None => format!("{stem}{status}"),
        };
        let schema =
            schema.and_then(|schema| scope.schemas.use_of(schema, &inline, scope.problems));
        if let (Some(schema), Some(media)) = (&schema, content) {
            check_example(schema.clone(), &media.value, scope);
        }
        let headers = tree.get("headers").and_then(Tree::as_object).unwrap_or_default();
        let header = |header: &Member| {
            let tree = document.follow(&header.value, scope.problems)?;
            Some((header.key.clone(), text(tree, "description")))
        };
        responses.push(Response {
            status,
            description,
            media_type: content.map(|media| media.key.clone()),
            schema,
            headers: headers.iter().filter_map(header).collect(),
            component,
        });
    }
    responses.sort_by_key(|response| response.status);
    responses
}
