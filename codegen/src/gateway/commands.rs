//! Operations that send a command: every field of it has one source that fits.

use charter_avro::source::Tree;

use super::Scope;
use super::document::Root;
use super::operations::{Draft, check_responses};
use super::pairs::{Presence, Side};
use crate::attribute::{Spanned, list};
use crate::ir::{
    CommandOperation, Constant, Direction, Dispatch, Field, FieldSource, Logical, Method, Object,
    Property, Purpose, SchemaShape, Type,
};
use crate::problem::Problem;
use crate::rules;
use crate::types;

/// Builds the operation behind `x-command`.
pub(super) fn build(
    draft: &mut Draft<'_>,
    name: &Tree,
    root: &Root<'_>,
    scope: &mut Scope<'_>,
) -> Option<CommandOperation> {
    let name = scope.document.string(name, "x-command", scope.problems)?;
    let found = find(&name.value, scope);
    let Some((context, command)) = found else {
        unknown(&name, scope);
        return None;
    };
    let cleared = draft
        .tree
        .get("x-cleared")
        .and_then(|tree| scope.document.string(tree, "x-cleared", scope.problems));
    let id = scope.contexts[context].commands[command].id;
    let types = scope.types;
    let fields = types.fields(id);
    if let Some(cleared) = &cleared {
        check_cleared(cleared, draft, fields, scope);
    }
    let mut sources = Vec::new();
    for field in fields {
        sources.extend(source(draft, &name, field, cleared.as_ref(), scope));
    }
    check_unused(draft, &name, fields, scope);
    check_body(draft, cleared.is_some(), scope);
    check_answers(draft, context, command, scope);
    let dispatch = dispatch(draft, context, root, &name, scope)?;
    (sources.len() == fields.len()).then_some(CommandOperation {
        context,
        command,
        fields: sources,
        dispatch,
    })
}

fn find(name: &str, scope: &Scope<'_>) -> Option<(usize, usize)> {
    scope.contexts.iter().enumerate().find_map(|(context, candidate)| {
        let is_named = |id| scope.types.def(id).full_name == name;
        let command = candidate.commands.iter().position(|command| is_named(command.id))?;
        Some((context, command))
    })
}

fn unknown(name: &Spanned<String>, scope: &mut Scope<'_>) {
    if scope.types.is_broken(&name.value) {
        return;
    }
    let message = format!("expected the full name of a command, found `{}`", name.value);
    let types = scope.types;
    let commands = scope.contexts.iter().flat_map(|context| &context.commands);
    let known: Vec<_> = commands.map(|command| &types.def(command.id).full_name).collect();
    let help = format!("the commands are {}", list(&known));
    scope.problems.push(Problem::new(&rules::COMMAND_UNKNOWN, &name.origin, message).help(help));
}

/// The source of one field of the command.
fn source(
    draft: &mut Draft<'_>,
    command: &Spanned<String>,
    field: &Field,
    cleared: Option<&Spanned<String>>,
    scope: &mut Scope<'_>,
) -> Option<FieldSource> {
    let parameters = &draft.operation.parameters;
    let parameter = parameters
        .iter()
        .position(|parameter| parameter.name == field.name && parameter.purpose == Purpose::Field);
    let property = properties(draft, scope).iter().position(|property| property.name == field.name);
    if let (Some(parameter), Some(property)) = (parameter, property) {
        let (parameter, property) = (&parameters[parameter], &properties(draft, scope)[property]);
        let message =
            format!("expected one source for `{}`, found a parameter and a property", field.name);
        let problem = Problem::new(&rules::SOURCE_REPEATED, &property.origin, message);
        scope.problems.push(problem.related(&parameter.origin, "the parameter stands here"));
        return None;
    }
    if let Some(parameter) = parameter {
        let source = &draft.operation.parameters[parameter];
        let presence = Presence::of_parameter(source);
        let side = Side { schema: &source.schema, origin: &source.origin, presence };
        let absent = scope.meet_field(&side, field, Direction::Request).ok()?;
        return Some(FieldSource::Parameter { parameter, absent });
    }
    if let Some(index) = property {
        let source = properties(draft, scope)[index].clone();
        let fill = check_fill(&source, field, scope);
        let presence = if fill { Presence::Filled } else { Presence::of_property(&source) };
        let presence = if cleared.is_some() { presence.in_merge_patch() } else { presence };
        let side = Side { schema: &source.schema, origin: &source.origin, presence };
        let absent = scope.meet_field(&side, field, Direction::Request).ok()?;
        return Some(FieldSource::Body { property: index, absent, fill });
    }
    if cleared.is_some_and(|cleared| cleared.value == field.name) {
        let nullable = properties(draft, scope)
            .iter()
            .enumerate()
            .filter(|(_, property)| property.schema.nullable);
        return Some(FieldSource::Cleared {
            properties: nullable.map(|(index, _)| index).collect(),
        });
    }
    if let Some(default) = &field.default {
        return Some(FieldSource::Constant(default.clone()));
    }
    if body_object(draft, scope).is_some_and(|object| scope.schemas.is_broken(object)) {
        return None;
    }
    let message = format!(
        "expected a source for the field `{}` of `{}`, which has no default; found none",
        field.name, command.value
    );
    let problem = Problem::new(&rules::FIELD_UNSUPPLIED, &command.origin, message);
    scope.problems.push(problem.related(&field.origin, format!("`{}` needs a value", field.name)));
    None
}

fn body_object<'s>(draft: &Draft<'_>, scope: &'s Scope<'_>) -> Option<&'s Object> {
    match &scope.schemas.get(draft.operation.body.as_ref()?.schema).shape {
        SchemaShape::Object(object) => Some(object),
        SchemaShape::Enum(_) | SchemaShape::OneOf(_) | SchemaShape::Alias(_) => None,
    }
}

fn properties<'s>(draft: &Draft<'_>, scope: &'s Scope<'_>) -> &'s [Property] {
    body_object(draft, scope).map(|object| object.properties.as_slice()).unwrap_or_default()
}

/// Whether the property has a sound `x-fill`.
fn check_fill(property: &Property, field: &Field, scope: &mut Scope<'_>) -> bool {
    let Some(at) = scope.schemas.fill(property) else { return false };
    let is_uuid = matches!(field.ty, Type::Logical(Logical::Uuid { .. }));
    if property.required || !is_uuid {
        let found = if property.required { "a required one" } else { "one of another type" };
        let message =
            format!("expected `x-fill` on an optional uuid, found `{}`, {found}", property.name);
        let problem = Problem::new(&rules::FILL_TYPE, at, message);
        scope.problems.push(
            problem.related(&field.origin, format!("the field `{}` stands here", field.name)),
        );
    }
    true
}

fn check_cleared(
    cleared: &Spanned<String>,
    draft: &Draft<'_>,
    fields: &[Field],
    scope: &mut Scope<'_>,
) {
    let field = types::field(fields, &cleared.value).map(|(_, field)| field);
    let fits = field.is_some_and(|field| {
        field.ty == Type::Array(Box::new(Type::String))
            && field.default == Some(Constant::Array(Vec::new()))
    });
    if !fits {
        let message = format!(
            "expected `x-cleared` to name an array of strings with default [], found `{}`",
            cleared.value
        );
        let problem = Problem::new(&rules::CLEARED_FIELD, &cleared.origin, message);
        let problem = match field {
            Some(field) => problem.related(&field.origin, format!("`{}` stands here", field.name)),
            None => problem,
        };
        scope.problems.push(problem);
    }
    if draft.operation.method != Method::Patch {
        let message =
            format!("expected `x-cleared` on a PATCH, found it on `{}`", draft.operation.id);
        scope.problems.push(Problem::new(&rules::CLEARED_FIELD, &cleared.origin, message));
    }
}

/// Parameters and properties that no field of the command takes.
fn check_unused(
    draft: &Draft<'_>,
    command: &Spanned<String>,
    fields: &[Field],
    scope: &mut Scope<'_>,
) {
    let unused = |name: &str| fields.iter().all(|field| field.name != name);
    let mut found = Vec::new();
    for parameter in &draft.operation.parameters {
        if parameter.purpose == Purpose::Field && unused(&parameter.name) {
            found.push((parameter.origin.clone(), parameter.name.clone()));
        }
    }
    for property in properties(draft, scope).iter().filter(|property| unused(&property.name)) {
        found.push((property.origin.clone(), property.name.clone()));
    }
    for (at, name) in found {
        let message = format!("expected a field of `{}`, found `{name}`", command.value);
        let problem = Problem::new(&rules::SOURCE_UNUSED, &at, message);
        scope.problems.push(problem.related(&command.origin, "the command is named here"));
    }
}

/// The body itself: closed, and null only where that means something.
fn check_body(draft: &Draft<'_>, cleared: bool, scope: &mut Scope<'_>) {
    let Some(body) = &draft.operation.body else { return };
    let def = scope.schemas.get(body.schema);
    let SchemaShape::Object(object) = &def.shape else {
        let message = format!("expected the body to be an object, found `{}`", def.name);
        scope.problems.push(Problem::new(&rules::TYPE_PAIR, &def.origin, message));
        return;
    };
    let required = object.properties.iter().find(|property| property.required);
    if let Some(required) = required.filter(|_| !body.required) {
        let message = format!(
            "expected the body of `{}` to be required as `{}` is",
            draft.operation.id, required.name
        );
        let problem = Problem::new(&rules::BODY_OPTIONAL, &draft.at, message);
        scope
            .problems
            .push(problem.related(&required.origin, format!("`{}` is required", required.name)));
    }
    if !object.closed {
        let message = format!("expected `{}` to say `additionalProperties: false`", def.name);
        scope.problems.push(Problem::new(&rules::OBJECT_OPEN, &def.origin, message));
    }
    if draft.operation.method == Method::Patch && !cleared {
        for property in object.properties.iter().filter(|property| property.schema.nullable) {
            let message = format!(
                "expected `x-cleared` on a PATCH whose `{}` may be null, found none",
                property.name
            );
            scope.problems.push(Problem::new(&rules::CLEARED_FIELD, &property.origin, message));
        }
    }
}

/// The responses: of the gateway, and one for each rejection.
fn check_answers(draft: &Draft<'_>, context: usize, command: usize, scope: &mut Scope<'_>) {
    let mut expected = vec![200, 202, 400, 422, 500, 503];
    if draft.operation.body.is_some() {
        expected.extend([413, 415]);
    }
    check_responses(draft, &expected, scope.problems);
    let context = &scope.contexts[context];
    let command = &context.commands[command];
    let name = &scope.types.def(command.id).full_name;
    for rejection in command.rejections.iter().map(|index| &context.rejections[*index]) {
        if draft.operation.responses.iter().any(|response| response.status == rejection.status) {
            continue;
        }
        let declared = &scope.types.attributes[&command.id].rejections;
        let at = declared.iter().find(|declared| declared.code.value == rejection.code);
        let at = at.map_or(&rejection.origin, |declared| &declared.code.origin);
        let message = format!(
            "expected `{}` to have a response {} for `{}` of `{name}`, found none",
            draft.operation.id, rejection.status, rejection.code
        );
        let problem = Problem::new(&rules::REJECTION_UNANSWERED, &draft.at, message);
        scope.problems.push(
            problem
                .related(at, format!("`{}` has the status {}", rejection.code, rejection.status)),
        );
    }
    if let Some(deadline) = &scope.types.attributes[&command.id].deadline {
        let message = format!(
            "expected no operation for `{name}`, which a deadline sends, found `{}`",
            draft.operation.id
        );
        let problem = Problem::new(&rules::DEADLINE_OPERATION, &draft.at, message);
        scope.problems.push(problem.related(&deadline.origin, "the deadline stands here"));
    }
}

fn dispatch(
    draft: &Draft<'_>,
    context: usize,
    root: &Root<'_>,
    command: &Spanned<String>,
    scope: &mut Scope<'_>,
) -> Option<Dispatch> {
    let name = &scope.contexts[context].name;
    let own =
        draft.tree.get("x-contexts").map(|tree| scope.document.dispatches(tree, scope.problems));
    let found = own.as_ref().and_then(|own| own.get(name)).or_else(|| root.contexts.get(name));
    if found.is_none() {
        let message = format!(
            "expected `x-contexts` to say how the context `{name}` is dispatched, found nothing"
        );
        scope.problems.push(Problem::new(&rules::CONTEXT_UNKNOWN, &command.origin, message));
    }
    found.map(|(dispatch, _)| dispatch.clone())
}
