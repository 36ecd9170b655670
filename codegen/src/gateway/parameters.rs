//! Parameters of operations, and the holes of paths.

use charter_avro::source::Tree;

use super::schemas::{example, text};
use super::{Scope, components};
use crate::attribute::list;
use crate::ir::{Origin, Parameter, Place, Purpose};
use crate::names;
use crate::problem::Problem;
use crate::rules;

/// Headers that the runtime answers for itself.
const RUNTIME_HEADERS: &[&str] = &[
    "Prefer",
    "Idempotency-Key",
    "X-Correlation-Id",
    "Consistent-With",
    "If-None-Match",
    "If-Match",
];

/// Reads the parameters of an operation, those of its path included.
pub(super) fn read(
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
pub(super) fn check_holes(
    path: &str,
    parameters: &[Parameter],
    at: &Origin,
    scope: &mut Scope<'_>,
) {
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
    let component = components::referred(document, tree, "parameters");
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
    let inline = match &component {
        Some(component) => format!("{}Parameter", component.rust),
        None => format!("{stem}{}", names::upper(&name)),
    };
    let mut schema = scope.schemas.use_of(schema, &inline, scope.problems)?;
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
        component,
        origin,
    })
}
