//! Operations that read a view: one row or a page of rows.

use charter_avro::source::Tree;

use super::Scope;
use super::conditions;
use super::operations::{Draft, check_responses};
use crate::attribute::list;
use crate::ir::{
    Direction, Object, Parameter, Place, Purpose, QueryOperation, QueryResult, SchemaDef, SchemaId,
    SchemaShape, SchemaType, TypeId, View,
};
use crate::problem::Problem;
use crate::rules;

/// Builds the operation behind `x-query`.
pub(super) fn build(
    draft: &mut Draft<'_>,
    name: &Tree,
    scope: &mut Scope<'_>,
) -> Option<QueryOperation> {
    let name = scope.document.string(name, "x-query", scope.problems)?;
    let contexts = scope.contexts;
    let types = scope.types;
    let found = contexts.iter().enumerate().find_map(|(context, candidate)| {
        let view =
            candidate.views.iter().position(|view| types.def(view.id).full_name == name.value)?;
        Some((context, view))
    });
    let Some((context, view)) = found else {
        if !types.is_broken(&name.value) {
            let message = format!("expected the full name of a view, found `{}`", name.value);
            let views = contexts.iter().flat_map(|context| &context.views);
            let known: Vec<_> = views.map(|view| &types.def(view.id).full_name).collect();
            let help = format!("the views are {}", list(&known));
            scope
                .problems
                .push(Problem::new(&rules::VIEW_UNKNOWN, &name.origin, message).help(help));
        }
        return None;
    };
    let row = row(draft, scope)?;
    let of_view = &contexts[context].views[view];
    if row.page.is_some() {
        page_parameters(draft);
    }
    let before = scope.problems.errors();
    let conditions = conditions::read(draft, of_view, scope);
    let order = conditions::order(draft, of_view, row.page.is_some(), scope);
    let is_sound = scope.problems.errors() == before;
    let result = match row.page {
        None => {
            if is_sound {
                conditions::check_row(draft, of_view, &conditions, scope);
            }
            check_responses(draft, &[200, 400, 404, 422, 500, 503], scope.problems);
            QueryResult::One { row: row.row }
        }
        Some(page) => {
            if is_sound {
                conditions::check_index(draft, of_view, &conditions, &order, scope);
            }
            check_responses(draft, &[200, 400, 422, 500, 503], scope.problems);
            let (default_limit, max_limit) = limits(draft, scope).unwrap_or_default();
            QueryResult::Page { page, row: row.row, default_limit, max_limit }
        }
    };
    check_row_schema(row.row, of_view, scope);
    Some(QueryOperation { context, view, conditions, order, result })
}

/// The schemas of the 200 response.
struct Row {
    row: SchemaId,
    page: Option<SchemaId>,
}

fn row(draft: &Draft<'_>, scope: &mut Scope<'_>) -> Option<Row> {
    let response = draft.operation.responses.iter().find(|response| response.status == 200);
    let schema = response.and_then(|response| response.schema.as_ref());
    let id = schema.and_then(|schema| scope.schemas.resolved(schema).ty.reference());
    let Some(id) = id else {
        let message = format!(
            "expected `{}` to have a response 200 with an object, found none",
            draft.operation.id
        );
        scope.problems.push(Problem::new(&rules::RESPONSE_MISSING, &draft.at, message));
        return None;
    };
    let def = scope.schemas.get(id).clone();
    let items = object(&def)
        .and_then(|object| object.properties.iter().find(|property| property.name == "items"));
    let Some(items) = items else { return Some(Row { row: id, page: None }) };
    let row = if let SchemaType::Array(items) = &scope.schemas.resolved(&items.schema).ty {
        scope.schemas.resolved(items).ty.reference()
    } else {
        None
    };
    let Some(row) = row else {
        let message = "expected `items` to be an array of objects";
        scope.problems.push(Problem::new(&rules::PAGE_SHAPE, &items.origin, message));
        return None;
    };
    check_page(&def, scope);
    Some(Row { row, page: Some(id) })
}

fn object(def: &SchemaDef) -> Option<&Object> {
    match &def.shape {
        SchemaShape::Object(object) => Some(object),
        SchemaShape::Enum(_) | SchemaShape::OneOf(_) | SchemaShape::Alias(_) => None,
    }
}

fn check_page(def: &SchemaDef, scope: &mut Scope<'_>) {
    let properties = object(def).map(|object| object.properties.as_slice()).unwrap_or_default();
    for (name, nullable) in [("nextPageToken", true), ("cursor", false)] {
        let found = properties.iter().any(|property| {
            property.name == name
                && property.required
                && property.schema.ty == SchemaType::String
                && property.schema.nullable == nullable
        });
        if !found {
            let null = if nullable { " that may be null" } else { "" };
            let message = format!(
                "expected the page `{}` to have `{name}`, a required string{null}",
                def.name
            );
            scope.problems.push(Problem::new(&rules::PAGE_SHAPE, &def.origin, message));
        }
    }
}

fn page_parameters(draft: &mut Draft<'_>) {
    for parameter in &mut draft.operation.parameters {
        match (parameter.place, parameter.name.as_str()) {
            (Place::Query, "limit") => parameter.purpose = Purpose::Limit,
            (Place::Query, "pageToken") => parameter.purpose = Purpose::PageToken,
            (Place::Path | Place::Query | Place::Header, _) => {}
        }
    }
}

/// The default and the largest `limit` of a page.
fn limits(draft: &Draft<'_>, scope: &mut Scope<'_>) -> Option<(u32, u32)> {
    let parameters = &draft.operation.parameters;
    let of = |purpose: Purpose| parameters.iter().find(|parameter| parameter.purpose == purpose);
    if of(Purpose::PageToken)
        .is_none_or(|token| token.required || token.schema.ty != SchemaType::String)
    {
        let message =
            format!("expected `{}` to take `pageToken`, an optional string", draft.operation.id);
        scope.problems.push(Problem::new(&rules::PAGE_SHAPE, &draft.at, message));
    }
    let limit = of(Purpose::Limit);
    let bounds = limit.and_then(bounds);
    if bounds.is_none() {
        let message = format!(
            "expected `{}` to take `limit`, an int32 with minimum 1, maximum and default",
            draft.operation.id
        );
        let at = limit.map_or(&draft.at, |limit| &limit.origin);
        scope.problems.push(Problem::new(&rules::PAGE_SHAPE, at, message));
    }
    bounds
}

fn bounds(limit: &Parameter) -> Option<(u32, u32)> {
    let number = |number: Option<u64>| number.and_then(|number| u32::try_from(number).ok());
    let minimum = limit.schema.constraints.minimum.as_ref()?.as_u64()?;
    let maximum = number(limit.schema.constraints.maximum.as_ref()?.as_u64())?;
    let default = number(limit.schema.default.as_ref()?.as_u64())?;
    (limit.schema.ty == SchemaType::Int32 && minimum == 1 && !limit.required)
        .then_some((default, maximum))
}

/// The row's schema meets the view.
fn check_row_schema(row: SchemaId, view: &View, scope: &mut Scope<'_>) {
    let at = scope.schemas.get(row).origin.clone();
    let schema = super::schemas::plain(SchemaType::Ref(row), &at);
    let id: TypeId = view.id;
    let head = scope.types.head(id);
    let ty = crate::ir::Type::Named { id, boxed: false };
    scope.meet(&schema, &at, &ty, &head, Direction::Response);
}
