//! Operations: what all of them have in common, read before their purpose is looked at.

use std::collections::BTreeMap;

use charter_avro::source::{Member, Tree};

use super::document::Root;
use super::schemas::{example, text};
use super::{Scope, commands, outcome, queries};
use crate::attribute::list;
use crate::ir::{
    Body, Method, Operation, OperationKind, Origin, Parameter, Place, Purpose, Response, SchemaUse,
};
use crate::names;
use crate::problem::{Problem, Problems};
use crate::rules;

/// Headers that the runtime answers for itself.
const RUNTIME_HEADERS: &[&str] =
    &["Prefer", "Idempotency-Key", "X-Correlation-Id", "Consistent-With"];

/// An operation on its way into the representation.
pub(super) struct Draft<'a> {
    pub(super) operation: Operation,
    pub(super) tree: &'a Tree,
    /// Where the method stands.
    pub(super) at: Origin,
    /// Whether a parameter, the body or a response could not be read, so that no more can be said.
    is_broken: bool,
}

/// Reads all operations, in the order of path and method. One that breaks a rule may be left out: nothing
/// is generated then.
pub(super) fn read(root: &Root<'_>, scope: &mut Scope<'_>) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (name, (_, at)) in &root.contexts {
        if scope.contexts.iter().all(|context| context.name != *name) {
            let message =
                format!("expected `x-contexts` to name a context of the contracts, found `{name}`");
            scope.problems.push(Problem::new(&rules::CONTEXT_UNKNOWN, at, message));
        }
    }
    for path in root.paths {
        let known =
            ["summary", "description", "parameters", "get", "put", "post", "delete", "patch"];
        let what = format!("the path `{}`", path.key);
        for member in
            scope.document.object(&path.value, &what, &known, scope.problems).unwrap_or_default()
        {
            let Some(method) = method(&member.key) else { continue };
            let shared = path.value.get("parameters");
            let Some(mut draft) = draft(&path.key, method, member, shared, scope) else { continue };
            tenant(&mut draft, root, scope);
            let kind = if draft.is_broken { None } else { purpose(&mut draft, root, scope) };
            if let Some(kind) = kind {
                draft.operation.kind = kind;
                operations.push(draft.operation);
            }
        }
    }
    check_ids(&operations, scope.problems);
    operations.sort_by(|a, b| (&a.path, a.method).cmp(&(&b.path, b.method)));
    operations
}

fn method(key: &str) -> Option<Method> {
    match key {
        "get" => Some(Method::Get),
        "put" => Some(Method::Put),
        "post" => Some(Method::Post),
        "delete" => Some(Method::Delete),
        "patch" => Some(Method::Patch),
        _ => None,
    }
}

fn draft<'a>(
    path: &str,
    method: Method,
    member: &'a Member,
    shared: Option<&'a Tree>,
    scope: &mut Scope<'_>,
) -> Option<Draft<'a>> {
    let document = scope.document;
    let at = document.key_at(member);
    let tree = &member.value;
    let known = [
        "operationId",
        "tags",
        "summary",
        "description",
        "parameters",
        "requestBody",
        "responses",
        "deprecated",
        "externalDocs",
        "x-command",
        "x-query",
        "x-by",
        "x-order",
        "x-outcome",
        "x-cleared",
        "x-contexts",
    ];
    document.object(tree, "an operation", &known, scope.problems)?;
    let id = text(tree, "operationId").unwrap_or_default();
    if !names::is_lower_camel(&id) {
        let message = format!("expected a lowerCamel `operationId`, found `{id}`");
        let id_at = tree.get("operationId").map_or_else(|| at.clone(), |id| document.at(id));
        scope.problems.push(Problem::new(&rules::OPERATION_ID, &id_at, message));
    }
    if text(tree, "description")
        .or_else(|| text(tree, "summary"))
        .is_none_or(|doc| doc.trim().is_empty())
    {
        let message = format!("expected the operation `{id}` to have a `description`, found none");
        scope.problems.push(Problem::new(&rules::DESCRIPTION_MISSING, &at, message));
    }
    let stem = names::upper(&id);
    let before = scope.problems.errors();
    let parameters = parameters(path, tree, shared, &stem, scope);
    let body = tree.get("requestBody").and_then(|body| self::body(body, tree, &stem, scope));
    let responses = responses(tree, &stem, &at, scope);
    let is_broken = scope.problems.errors() > before;
    if !is_broken {
        check_holes(path, &parameters, &at, scope);
    }
    let tags = tree.get("tags").and_then(Tree::as_array).unwrap_or_default();
    let operation = Operation {
        rust: names::field(&id),
        rust_type: stem,
        id,
        method,
        path: path.to_owned(),
        summary: text(tree, "summary"),
        description: text(tree, "description"),
        tags: tags.iter().filter_map(Tree::as_str).map(ToOwned::to_owned).collect(),
        parameters,
        body,
        tenant: None,
        kind: OperationKind::Outcome,
        responses,
        origin: at.clone(),
    };
    Some(Draft { operation, tree, at, is_broken })
}

fn parameters(
    path: &str,
    tree: &Tree,
    shared: Option<&Tree>,
    stem: &str,
    scope: &mut Scope<'_>,
) -> Vec<Parameter> {
    let of_path = shared.and_then(Tree::as_array).unwrap_or_default();
    let own = tree.get("parameters").and_then(Tree::as_array).unwrap_or_default();
    let mut parameters: Vec<Parameter> = Vec::new();
    for item in of_path.iter().chain(own) {
        let Some(parameter) = parameter(item, stem, scope) else { continue };
        if let Some(other) = parameters.iter().find(|other| other.rust == parameter.rust) {
            let message = format!(
                "expected parameters that differ, found `{}` and `{}`",
                parameter.name, other.name
            );
            let problem = Problem::new(&rules::NAME_CLASH, &parameter.origin, message);
            scope
                .problems
                .push(problem.related(&other.origin, format!("`{}` stands here", other.name)));
            continue;
        }
        parameters.push(parameter);
    }
    let holes = holes(path);
    // Those of the path first, in its order; the others as they stand.
    parameters.sort_by_key(|parameter| {
        let hole = holes.iter().position(|hole| *hole == parameter.name);
        (parameter.place, hole.unwrap_or_default())
    });
    parameters
}

/// The names in braces.
fn holes(path: &str) -> Vec<&str> {
    path.split('{').skip(1).filter_map(|part| part.split('}').next()).collect()
}

/// The holes of the path are its parameters.
fn check_holes(path: &str, parameters: &[Parameter], at: &Origin, scope: &mut Scope<'_>) {
    let holes = holes(path);
    for hole in &holes {
        if !parameters
            .iter()
            .any(|parameter| parameter.place == Place::Path && parameter.name == *hole)
        {
            let message = format!("expected a path parameter for `{{{hole}}}`, found none");
            scope.problems.push(Problem::new(&rules::PATH_PARAMETER, at, message));
        }
    }
    for parameter in parameters.iter().filter(|parameter| parameter.place == Place::Path) {
        let name = &parameter.name;
        if !holes.contains(&name.as_str()) {
            let message = format!("expected `{{{name}}}` in the path `{path}`, found no such hole");
            scope.problems.push(Problem::new(&rules::PATH_PARAMETER, &parameter.origin, message));
        } else if !parameter.required {
            let message = format!("expected the path parameter `{name}` to be required");
            scope.problems.push(Problem::new(&rules::PATH_PARAMETER, &parameter.origin, message));
        }
    }
}

fn parameter(tree: &Tree, stem: &str, scope: &mut Scope<'_>) -> Option<Parameter> {
    let document = scope.document;
    let tree = document.follow(tree, scope.problems)?;
    let known =
        ["name", "in", "required", "description", "schema", "example", "examples", "deprecated"];
    document.object(tree, "a parameter", &known, scope.problems)?;
    let origin = document.at(tree.get("name").unwrap_or(tree));
    let (Some(name), Some(schema)) = (text(tree, "name"), tree.get("schema")) else {
        document.misshapen(
            "a parameter",
            "an object with `name`, `in` and `schema`",
            tree,
            scope.problems,
        );
        return None;
    };
    let place = match text(tree, "in").as_deref() {
        Some("path") => Place::Path,
        Some("query") => Place::Query,
        Some("header") => Place::Header,
        Some(_) | None => {
            let at = tree.get("in").unwrap_or(tree);
            document.misshapen("in", "`path`, `query` or `header`", at, scope.problems);
            return None;
        }
    };
    let runtime = place == Place::Header;
    if runtime && !RUNTIME_HEADERS.iter().any(|header| header.eq_ignore_ascii_case(&name)) {
        let message = format!("expected a header that the gateway knows, found `{name}`");
        let help = format!("it knows {}", list(RUNTIME_HEADERS));
        scope.problems.push(Problem::new(&rules::SOURCE_UNUSED, &origin, message).help(help));
    }
    if text(tree, "description").is_none_or(|doc| doc.trim().is_empty()) {
        let message =
            format!("expected the parameter `{name}` to have a `description`, found none");
        scope.problems.push(Problem::new(&rules::DESCRIPTION_MISSING, &origin, message));
    }
    let mut schema =
        scope.schemas.use_of(schema, &format!("{stem}{}", names::upper(&name)), scope.problems)?;
    schema.example = example(tree).or(schema.example);
    scope.schemas.check_value(&schema, scope.problems);
    Some(Parameter {
        rust: names::field(&name),
        doc: text(tree, "description"),
        required: tree.get("required").and_then(Tree::as_bool).unwrap_or_default(),
        purpose: if runtime { Purpose::Runtime } else { Purpose::Field },
        name,
        place,
        schema,
        origin,
    })
}

fn body(tree: &Tree, operation: &Tree, stem: &str, scope: &mut Scope<'_>) -> Option<Body> {
    let document = scope.document;
    let tree = document.follow(tree, scope.problems)?;
    document.object(
        tree,
        "a request body",
        &["required", "content", "description"],
        scope.problems,
    )?;
    let content = tree.get("content").and_then(Tree::as_object).unwrap_or_default();
    let mut found: Option<(crate::ir::SchemaId, &Tree)> = None;
    for media in content {
        document.object(
            &media.value,
            "a media type",
            &["schema", "example", "examples"],
            scope.problems,
        );
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

fn responses(tree: &Tree, stem: &str, at: &Origin, scope: &mut Scope<'_>) -> Vec<Response> {
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
        let Some(tree) = document.follow(&member.value, scope.problems) else { continue };
        document.object(tree, "a response", &["description", "headers", "content"], scope.problems);
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
        let schema = schema.and_then(|schema| {
            scope.schemas.use_of(schema, &format!("{stem}{status}"), scope.problems)
        });
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
        });
    }
    responses.sort_by_key(|response| response.status);
    responses
}

/// Gives the tenant's parameter its purpose.
fn tenant(draft: &mut Draft<'_>, root: &Root<'_>, scope: &mut Scope<'_>) {
    let Some(tenant) = &root.tenant else { return };
    let parameters = &mut draft.operation.parameters;
    let Some(index) = parameters.iter().position(|parameter| parameter.name == tenant.value) else {
        return;
    };
    let parameter = &mut parameters[index];
    if parameter.place != Place::Path || parameter.schema.ty != crate::ir::SchemaType::String {
        let message = format!("expected the tenant `{}` to be a string in the path", tenant.value);
        let problem = Problem::new(&rules::TENANT_PARAMETER, &parameter.origin, message);
        scope.problems.push(problem.related(&tenant.origin, "named as the tenant here"));
    }
    parameter.purpose = Purpose::Tenant;
    draft.operation.tenant = Some(index);
}

fn purpose(draft: &mut Draft<'_>, root: &Root<'_>, scope: &mut Scope<'_>) -> Option<OperationKind> {
    let tree = draft.tree;
    for (key, owner) in [("x-by", "x-query"), ("x-order", "x-query"), ("x-cleared", "x-command")] {
        if let Some(member) = tree.member(key).filter(|_| tree.get(owner).is_none()) {
            let message = format!("expected `{key}` beside `{owner}` only");
            scope.problems.push(Problem::new(
                &rules::OPENAPI_KEYWORD,
                &scope.document.key_at(member),
                message,
            ));
        }
    }
    match (tree.get("x-command"), tree.get("x-query"), tree.get("x-outcome")) {
        (Some(command), None, None) => {
            commands::build(draft, command, root, scope).map(OperationKind::Command)
        }
        (None, Some(view), None) => queries::build(draft, view, scope).map(OperationKind::Query),
        (None, None, Some(_)) => {
            outcome::build(draft, scope);
            Some(OperationKind::Outcome)
        }
        (command, query, outcome) => {
            let count = [command, query, outcome].iter().flatten().count();
            let message = format!(
                "expected one of `x-command`, `x-query` and `x-outcome` in `{}`, found {count}",
                draft.operation.id
            );
            scope.problems.push(Problem::new(&rules::OPERATION_PURPOSE, &draft.at, message));
            None
        }
    }
}

/// Responses that the gateway gives whatever the contract says.
pub(super) fn check_responses(draft: &Draft<'_>, expected: &[u16], problems: &mut Problems) {
    let operation = &draft.operation;
    let missing = expected
        .iter()
        .filter(|status| operation.responses.iter().all(|known| known.status != **status));
    let missing: Vec<String> = missing.map(ToString::to_string).collect();
    if !missing.is_empty() {
        let message = format!(
            "expected `{}` to have a response for each status that the gateway gives, found none for {}",
            operation.id,
            missing.join(", ")
        );
        problems.push(Problem::new(&rules::RESPONSE_MISSING, &draft.at, message));
    }
}

fn check_ids(operations: &[Operation], problems: &mut Problems) {
    let mut seen: BTreeMap<&str, &Operation> = BTreeMap::new();
    for operation in operations {
        if let Some(other) = seen.insert(&operation.rust_type, operation) {
            let message =
                format!("expected an `operationId` of its own, found `{}` twice", operation.id);
            let problem = Problem::new(&rules::OPERATION_ID, &operation.origin, message);
            problems.push(problem.related(&other.origin, format!("`{}` has it too", other.path)));
        }
    }
}
