//! `/schemas`: by id, and all of them.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::answer::{AVRO, PlaceAnswer, SchemaAnswer, VersionAnswer};
use super::caching::{IMMUTABLE, entity_tag};
use super::document::{
    DeletedQuery, Failures, FormatQuery, IdPath, IdQuery, LatestQuery, PageQuery, PrefixQuery,
};
use super::extract::{Params, PathPart, schema_id};
use crate::Registry;
use crate::error::{ApiError, ErrorMessage};
use crate::registry::{Format, SchemaFilter, ServedSchema};
use crate::store::StoredSchema;
use crate::subject::{Subject, default_context};

/// Lists versions of all subjects.
#[utoipa::path(
    get, path = "/schemas", tag = "Schemas", operation_id = "listSchemas",
    params(PrefixQuery, DeletedQuery, LatestQuery, PageQuery),
    responses(
        (status = 200, description = "Versions, sorted by subject and version.", body = Vec<VersionAnswer>),
        Failures,
    ),
)]
pub(super) async fn list(
    State(registry): State<Registry>,
    params: Params,
) -> Result<Json<Vec<VersionAnswer>>, ApiError> {
    if let Some(name) = ["ruleType", "resourceType", "associationType", "lifecycle"]
        .into_iter()
        .find(|name| params.text(name).is_some())
    {
        let why = "it filters by rules or associations, which are not supported";
        return Err(ApiError::Unsupported(name.to_owned(), why));
    }
    let filter = if params.flag("latestOnly") { SchemaFilter::Latest } else { SchemaFilter::Every };
    let versions = registry.schemas(prefix(&params)?, params.deleted(), filter).await?;
    let versions = params.page(versions)?;
    Ok(Json(versions.into_iter().map(VersionAnswer::from).collect()))
}

/// The types of schemas that can be registered.
#[utoipa::path(
    get, path = "/schemas/types", tag = "Schemas", operation_id = "listTypes",
    responses(
        (status = 200, description = "`AVRO`.", body = Vec<String>),
        Failures,
    ),
)]
pub(super) async fn types() -> Json<[&'static str; 1]> {
    Json([AVRO])
}

/// A schema by its id.
#[utoipa::path(
    get, path = "/schemas/ids/{id}", tag = "Schemas", operation_id = "getSchema",
    params(IdPath, FormatQuery, IdQuery),
    responses(
        (status = 200, description = "The schema. It never changes: it may be kept for a day.", body = SchemaAnswer),
        (status = 404, description = "40403: no such schema.", body = ErrorMessage),
        Failures,
    ),
)]
pub(super) async fn by_id(
    State(registry): State<Registry>,
    PathPart(id): PathPart<String>,
    params: Params,
) -> Result<Response, ApiError> {
    subject(&params)?;
    let id = schema_id(&id)?;
    if params.flag("fetchMaxId") {
        let schema = registry.schema(id, params.format()).await?;
        let answer = SchemaAnswer::new(&schema, Some(registry.max_id().await?));
        return Ok(Json(answer).into_response());
    }
    match params.format() {
        Format::Stored => {
            let served = registry.served(id, serve).await?;
            let tag = (header::ETAG, served.etag.clone());
            Ok(([tag, IMMUTABLE], served.body.clone()).into_response())
        }
        format @ Format::Resolved => {
            let schema = registry.schema(id, format).await?;
            Ok(([IMMUTABLE], Json(SchemaAnswer::new(&schema, None))).into_response())
        }
    }
}

fn serve(schema: &StoredSchema) -> ServedSchema {
    let body = serde_json::to_vec(&SchemaAnswer::new(schema, None))
        .expect("texts and numbers, which JSON can hold");
    // It stays: without the room that was left for more.
    ServedSchema { etag: entity_tag(&body), body: body.into_boxed_slice().into() }
}

/// The text of a schema by its id.
#[utoipa::path(
    get, path = "/schemas/ids/{id}/schema", tag = "Schemas", operation_id = "getSchemaText",
    params(IdPath, FormatQuery),
    responses(
        (status = 200, description = "The schema's text, itself JSON.", body = serde_json::Value),
        (status = 404, description = "40403: no such schema.", body = ErrorMessage),
        Failures,
    ),
)]
pub(super) async fn text_by_id(
    State(registry): State<Registry>,
    PathPart(id): PathPart<String>,
    params: Params,
) -> Result<Response, ApiError> {
    subject(&params)?;
    let id = schema_id(&id)?;
    let text = registry.schema(id, params.format()).await?.text;
    Ok(([IMMUTABLE], text).into_response())
}

/// The subjects that have a schema.
#[utoipa::path(
    get, path = "/schemas/ids/{id}/subjects", tag = "Schemas", operation_id = "listSubjectsOfSchema",
    params(IdPath, DeletedQuery, PageQuery),
    responses(
        (status = 200, description = "Subjects, sorted.", body = Vec<String>),
        (status = 404, description = "40403: no such schema.", body = ErrorMessage),
        Failures,
    ),
)]
pub(super) async fn subjects_of_id(
    State(registry): State<Registry>,
    PathPart(id): PathPart<String>,
    params: Params,
) -> Result<Json<Vec<String>>, ApiError> {
    let places = places(&registry, &id, &params).await?;
    let mut subjects: Vec<String> = places.into_iter().map(|(subject, _)| subject).collect();
    subjects.dedup();
    Ok(Json(params.page(subjects)?))
}

/// The versions that are a schema.
#[utoipa::path(
    get, path = "/schemas/ids/{id}/versions", tag = "Schemas", operation_id = "listVersionsOfSchema",
    params(IdPath, DeletedQuery, PageQuery),
    responses(
        (status = 200, description = "Subjects with versions, sorted.", body = Vec<PlaceAnswer>),
        (status = 404, description = "40403: no such schema.", body = ErrorMessage),
        Failures,
    ),
)]
pub(super) async fn versions_of_id(
    State(registry): State<Registry>,
    PathPart(id): PathPart<String>,
    params: Params,
) -> Result<Json<Vec<PlaceAnswer>>, ApiError> {
    let places = params.page(places(&registry, &id, &params).await?)?;
    let answers =
        places.into_iter().map(|(subject, version)| PlaceAnswer { subject, version }).collect();
    Ok(Json(answers))
}

/// Where an id is used, by subject; of `?subject=` only, where that is given.
async fn places(
    registry: &Registry,
    id: &str,
    params: &Params,
) -> Result<Vec<(String, i32)>, ApiError> {
    let wanted = match subject(params)? {
        Some(subject) => Some(registry.resolve_alias(subject).await?),
        None => None,
    };
    let mut places = registry.places(schema_id(id)?, params.deleted()).await?;
    if let Some(wanted) = wanted {
        places.retain(|(subject, _)| subject == wanted.as_str());
    }
    Ok(places)
}

/// The `?subject=` that clients send to say which context an id is from. There is one context, so
/// it is only checked.
fn subject(params: &Params) -> Result<Option<Subject>, ApiError> {
    match params.text("subject") {
        None | Some(":.:") => Ok(None),
        Some(subject) => Subject::parse(subject).map(Some),
    }
}

/// The `?subjectPrefix=`, where every context (`:*:`) and the default one are the same.
pub(super) fn prefix(params: &Params) -> Result<&str, ApiError> {
    let prefix = params.text("subjectPrefix").unwrap_or_default();
    match prefix.strip_prefix(":*:") {
        Some(prefix) => Ok(prefix),
        None => default_context(prefix),
    }
}
