//! Operations: what all of them have in common, read before their purpose is looked at.

use std::collections::BTreeMap;

use charter_avro::source::{Member, Tree};

use super::access::{self, Schemes};
use super::document::Root;
use super::schemas::text;
use super::{Scope, bodies, commands, links, outcome, parameters, queries};
use crate::ir::{Method, Operation, OperationKind, Origin, Place, Purpose};
use crate::names;
use crate::problem::{Problem, Problems};
use crate::rules;

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
    let schemes = Schemes::read(scope.document, scope.problems);
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
            let Some(mut draft) = draft(&path.key, method, member, shared, &schemes, scope) else {
                continue;
            };
            tenant(&mut draft, root, scope);
            let kind = if draft.is_broken { None } else { purpose(&mut draft, root, scope) };
            if let Some(kind) = kind {
                draft.operation.kind = kind;
                operations.push(draft.operation);
            }
        }
    }
    check_ids(&operations, scope.problems);
    check_paths(root.paths, scope);
    if scope.problems.errors() == 0 {
        links::check(root.paths, &operations, scope);
    }
    check_tenants(&operations, scope.problems);
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
    shared: Option<&Tree>,
    schemes: &Schemes<'_>,
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
        "security",
        "x-principal",
        "x-rate-limit",
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
    let parameters = parameters::read(path, tree, shared, &stem, scope);
    let body = tree.get("requestBody").and_then(|body| bodies::request(body, tree, &stem, scope));
    let responses = bodies::responses(tree, &stem, &at, scope);
    let access = access::read(tree, body.as_ref(), schemes, scope);
    let is_broken = scope.problems.errors() > before;
    if !is_broken {
        parameters::check_holes(path, &parameters, &at, scope);
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
        access,
        origin: at.clone(),
    };
    Some(Draft { operation, tree, at, is_broken })
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
    let purposes = ["x-command", "x-query", "x-outcome"];
    let count = purposes.iter().filter(|key| tree.get(key).is_some()).count();
    if count != 1 {
        let id = &draft.operation.id;
        let message = format!(
            "expected one of `x-command`, `x-query` and `x-outcome` in `{id}`, found {count}"
        );
        scope.problems.push(Problem::new(&rules::OPERATION_PURPOSE, &draft.at, message));
        return None;
    }
    let is_get = draft.operation.method == Method::Get;
    let is_command = tree.get("x-command").is_some();
    if is_get == is_command || (is_get && draft.operation.body.is_some()) {
        let expected = if is_command {
            "a command not to be a GET"
        } else {
            "a read to be a GET without a body"
        };
        let message = format!("expected {expected}, found `{}`", draft.operation.id);
        scope.problems.push(Problem::new(&rules::OPERATION_METHOD, &draft.at, message));
    }
    if let Some(command) = tree.get("x-command") {
        commands::build(draft, command, root, scope).map(OperationKind::Command)
    } else if let Some(view) = tree.get("x-query") {
        queries::build(draft, view, scope).map(OperationKind::Query)
    } else {
        outcome::build(draft, scope);
        Some(OperationKind::Outcome)
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

/// The paths that the gateway serves whatever the contract says.
const OWN_PATHS: &[&str] =
    &["/openapi.json", "/openapi.yaml", "/health/live", "/health/ready", "/metrics"];

/// Two paths are the same where only the names in their holes differ.
fn check_paths(paths: &[Member], scope: &mut Scope<'_>) {
    let mut seen: BTreeMap<String, &Member> = BTreeMap::new();
    for path in paths {
        let at = scope.document.key_at(path);
        let shape = shape(&path.key);
        if !shape.starts_with('/') || OWN_PATHS.contains(&shape.as_str()) {
            let message = format!("expected a path of the contract's own, found `{}`", path.key);
            scope.problems.push(Problem::new(&rules::PATH_REPEATED, &at, message));
        }
        if let Some(other) = seen.insert(shape, path) {
            let message =
                format!("expected paths that differ, found `{}` and `{}`", path.key, other.key);
            let problem = Problem::new(&rules::PATH_REPEATED, &at, message);
            scope
                .problems
                .push(problem.related(&scope.document.key_at(other), "the other stands here"));
        }
    }
}

/// The path without the names in its holes.
fn shape(path: &str) -> String {
    let parts = path.split('{').map(|part| part.split_once('}').map_or(part, |(_, behind)| behind));
    parts.collect::<Vec<_>>().join("{}")
}

/// An operation that leaves the tenant out acts on the tenant `default`: by intent only, and so with all
/// others of its context.
fn check_tenants(operations: &[Operation], problems: &mut Problems) {
    let context = |operation: &Operation| match &operation.kind {
        OperationKind::Command(command) => Some(command.context),
        OperationKind::Query(query) => Some(query.context),
        OperationKind::Outcome => None,
    };
    for operation in operations.iter().filter(|operation| operation.tenant.is_none()) {
        let Some(of) = context(operation) else { continue };
        let with =
            operations.iter().find(|other| other.tenant.is_some() && context(other) == Some(of));
        if let Some(with) = with {
            let message =
                format!("expected the tenant in the path of `{}`, found none", operation.id);
            let problem = Problem::new(&rules::TENANT_DIFFERS, &operation.origin, message);
            problems.push(problem.related(&with.origin, format!("`{}` has one", with.id)));
        }
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
