//! `/schemas`: by id, and all of them.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::answer::{AVRO, PlaceAnswer, SchemaAnswer, VersionAnswer};
use super::caching::{IMMUTABLE, entity_tag};
use super::extract::{Params, PathPart, schema_id};
use crate::Registry;
use crate::error::ApiError;
use crate::registry::{Format, SchemaFilter, ServedSchema};
use crate::store::StoredSchema;
use crate::subject::{Subject, default_context};

/// `GET /schemas`.
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

/// `GET /schemas/types`.
pub(super) async fn types() -> Json<[&'static str; 1]> {
    Json([AVRO])
}

/// `GET /schemas/ids/{id}`. The plain question, which clients ask most, is answered from memory.
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

/// `GET /schemas/ids/{id}/schema`: the text alone.
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

/// `GET /schemas/ids/{id}/subjects`.
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

/// `GET /schemas/ids/{id}/versions`.
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
