//! `/subjects`.

use axum::Json;
use axum::extract::State;

use super::answer::VersionAnswer;
use super::extract::{Body, Params, PathPart, SchemaBody};
use super::schemas::prefix;
use crate::Registry;
use crate::error::ApiError;
use crate::registry::{Deletion, Registration};
use crate::store::{Deleted, SubjectVersion};
use crate::subject::{Subject, VersionId};

/// `GET /subjects`.
pub(super) async fn list(
    State(registry): State<Registry>,
    params: Params,
) -> Result<Json<Vec<String>>, ApiError> {
    let subjects = registry.subjects(prefix(&params)?, params.deleted()).await?;
    Ok(Json(params.page(subjects)?))
}

/// `POST /subjects/{subject}`: the version that holds a schema.
pub(super) async fn look_up(
    State(registry): State<Registry>,
    PathPart(subject): PathPart<String>,
    params: Params,
    Body(body): Body<SchemaBody>,
) -> Result<Json<VersionAnswer>, ApiError> {
    let subject = aliased(&registry, &subject).await?;
    let submission = body.submission(&params)?;
    let found =
        registry.find_schema(&subject, &submission, params.deleted(), params.format()).await?;
    Ok(Json(found.into()))
}

/// `DELETE /subjects/{subject}`.
pub(super) async fn delete(
    State(registry): State<Registry>,
    PathPart(subject): PathPart<String>,
    params: Params,
) -> Result<Json<Vec<i32>>, ApiError> {
    let subject = aliased(&registry, &subject).await?;
    Ok(Json(registry.delete_subject(&subject, deletion(&params)).await?))
}

/// `GET /subjects/{subject}/versions`. With `deletedAsNegative` soft-deleted ones are there with
/// their sign turned.
pub(super) async fn versions(
    State(registry): State<Registry>,
    PathPart(subject): PathPart<String>,
    params: Params,
) -> Result<Json<Vec<i32>>, ApiError> {
    let subject = aliased(&registry, &subject).await?;
    if !params.flag("deletedAsNegative") {
        let numbers = registry.versions(&subject, params.deleted()).await?;
        return Ok(Json(params.page(numbers)?));
    }
    let deleted = registry.versions(&subject, Deleted::Only).await?;
    let mut numbers = registry.versions(&subject, Deleted::Included).await?;
    for number in &mut numbers {
        if deleted.binary_search(number).is_ok() {
            *number = -*number;
        }
    }
    Ok(Json(params.page(numbers)?))
}

/// `POST /subjects/{subject}/versions`.
pub(super) async fn register(
    State(registry): State<Registry>,
    PathPart(subject): PathPart<String>,
    params: Params,
    Body(body): Body<SchemaBody>,
) -> Result<Json<VersionAnswer>, ApiError> {
    let subject = aliased(&registry, &subject).await?;
    let registration = Registration {
        id: body.id(),
        version: body.version()?,
        submission: body.submission(&params)?,
    };
    Ok(Json(registry.register(&subject, &registration).await?.into()))
}

/// `GET /subjects/{subject}/versions/{version}`.
pub(super) async fn version(
    State(registry): State<Registry>,
    PathPart((subject, version)): PathPart<(String, String)>,
    params: Params,
) -> Result<Json<VersionAnswer>, ApiError> {
    Ok(Json(find(&registry, &subject, &version, &params).await?.into()))
}

/// `GET /subjects/{subject}/versions/{version}/schema`: the text alone.
pub(super) async fn version_text(
    State(registry): State<Registry>,
    PathPart((subject, version)): PathPart<(String, String)>,
    params: Params,
) -> Result<String, ApiError> {
    Ok(find(&registry, &subject, &version, &params).await?.schema.text)
}

/// `GET /subjects/{subject}/versions/{version}/referencedby`: ids of schemas.
pub(super) async fn referenced_by(
    State(registry): State<Registry>,
    PathPart((subject, version)): PathPart<(String, String)>,
    params: Params,
) -> Result<Json<Vec<i32>>, ApiError> {
    let version = VersionId::parse(&version)?;
    let subject = aliased(&registry, &subject).await?;
    let ids = registry.referenced_by(&subject, version, params.deleted()).await?;
    Ok(Json(params.page(ids)?))
}

/// `DELETE /subjects/{subject}/versions/{version}`.
pub(super) async fn delete_version(
    State(registry): State<Registry>,
    PathPart((subject, version)): PathPart<(String, String)>,
    params: Params,
) -> Result<Json<i32>, ApiError> {
    let version = VersionId::parse(&version)?;
    let subject = aliased(&registry, &subject).await?;
    Ok(Json(registry.delete_version(&subject, version, deletion(&params)).await?))
}

async fn find(
    registry: &Registry,
    subject: &str,
    version: &str,
    params: &Params,
) -> Result<SubjectVersion, ApiError> {
    let version = VersionId::parse(version)?;
    let subject = aliased(registry, subject).await?;
    registry.version(&subject, version, params.deleted(), params.format()).await
}

/// The subject of a path, or the one that it is an alias for.
pub(super) async fn aliased(registry: &Registry, subject: &str) -> Result<Subject, ApiError> {
    registry.resolve_alias(Subject::parse(subject)?).await
}

fn deletion(params: &Params) -> Deletion {
    if params.flag("permanent") { Deletion::Permanent } else { Deletion::Soft }
}
