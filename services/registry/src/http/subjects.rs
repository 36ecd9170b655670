//! `/subjects`.

use axum::Json;
use axum::extract::State;

use super::answer::VersionAnswer;
use super::document::{
    DeletedQuery, Failures, FormatQuery, NormalizeQuery, PageQuery, PermanentQuery, PrefixQuery,
    SignQuery, SubjectPath, VersionPath,
};
use super::extract::{Body, Params, PathPart, SchemaBody};
use super::schemas::prefix;
use crate::Registry;
use crate::error::{ApiError, ErrorMessage};
use crate::registry::{Deletion, Registration};
use crate::store::{Deleted, SubjectVersion};
use crate::subject::{Subject, VersionId};

/// Lists subjects.
#[utoipa::path(
    get, path = "/subjects", tag = "Subjects", operation_id = "listSubjects",
    params(PrefixQuery, DeletedQuery, PageQuery),
    responses(
        (status = 200, description = "Subjects, sorted.", body = Vec<String>),
        Failures,
    ),
)]
pub(super) async fn list(
    State(registry): State<Registry>,
    params: Params,
) -> Result<Json<Vec<String>>, ApiError> {
    let subjects = registry.subjects(prefix(&params)?, params.deleted()).await?;
    Ok(Json(params.page(subjects)?))
}

/// The version of a subject that is a schema.
#[utoipa::path(
    post, path = "/subjects/{subject}", tag = "Subjects", operation_id = "lookUp",
    params(SubjectPath, NormalizeQuery, DeletedQuery, FormatQuery),
    request_body = SchemaBody,
    responses(
        (status = 200, description = "The version.", body = VersionAnswer),
        (status = 404, description = "40401: no such subject. 40403: none of its versions is the schema.", body = ErrorMessage),
        (status = 422, description = "42201: no schema, or one that can't be read.", body = ErrorMessage),
        Failures,
    ),
)]
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

/// Deletes a subject, softly or what was deleted so for good.
#[utoipa::path(
    delete, path = "/subjects/{subject}", tag = "Subjects", operation_id = "deleteSubject",
    params(SubjectPath, PermanentQuery),
    responses(
        (status = 200, description = "The versions that went.", body = Vec<i32>),
        (status = 404, description = "40401: no such subject. 40404: it was deleted softly before. 40405: for good only after softly.", body = ErrorMessage),
        (status = 422, description = "42205: the mode in force is read-only. 42206: a version is referenced.", body = ErrorMessage),
        Failures,
    ),
)]
pub(super) async fn delete(
    State(registry): State<Registry>,
    PathPart(subject): PathPart<String>,
    params: Params,
) -> Result<Json<Vec<i32>>, ApiError> {
    let subject = aliased(&registry, &subject).await?;
    Ok(Json(registry.delete_subject(&subject, deletion(&params)).await?))
}

/// Lists versions of a subject.
#[utoipa::path(
    get, path = "/subjects/{subject}/versions", tag = "Subjects", operation_id = "listVersions",
    params(SubjectPath, DeletedQuery, SignQuery, PageQuery),
    responses(
        (status = 200, description = "Versions, sorted.", body = Vec<i32>),
        (status = 404, description = "40401: no such subject.", body = ErrorMessage),
        Failures,
    ),
)]
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

/// Registers a schema under a subject. Registered again it gives the same answer.
#[utoipa::path(
    post, path = "/subjects/{subject}/versions", tag = "Subjects", operation_id = "register",
    params(SubjectPath, NormalizeQuery),
    request_body = SchemaBody,
    responses(
        (status = 200, description = "The version; its id is durable.", body = VersionAnswer),
        (status = 409, description = "409: the schema breaks the level in force; the message names every reason.", body = ErrorMessage),
        (status = 422, description = "42201: no schema, or one that can't be read; a type other than Avro. 42205: by the mode in force, or metadata and rules. 42208: no subject's name. 42209: more than 1 MiB.", body = ErrorMessage),
        Failures,
    ),
)]
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

/// A version of a subject.
#[utoipa::path(
    get, path = "/subjects/{subject}/versions/{version}", tag = "Subjects", operation_id = "getVersion",
    params(SubjectPath, VersionPath, DeletedQuery, FormatQuery),
    responses(
        (status = 200, description = "The version.", body = VersionAnswer),
        (status = 404, description = "40401: no such subject. 40402: no such version.", body = ErrorMessage),
        (status = 422, description = "42202: no version.", body = ErrorMessage),
        Failures,
    ),
)]
pub(super) async fn version(
    State(registry): State<Registry>,
    PathPart((subject, version)): PathPart<(String, String)>,
    params: Params,
) -> Result<Json<VersionAnswer>, ApiError> {
    Ok(Json(find(&registry, &subject, &version, &params).await?.into()))
}

/// The text of a version of a subject.
#[utoipa::path(
    get, path = "/subjects/{subject}/versions/{version}/schema", tag = "Subjects", operation_id = "getVersionText",
    params(SubjectPath, VersionPath, DeletedQuery, FormatQuery),
    responses(
        (status = 200, description = "The schema's text, itself JSON.", body = serde_json::Value),
        (status = 404, description = "40401: no such subject. 40402: no such version.", body = ErrorMessage),
        (status = 422, description = "42202: no version.", body = ErrorMessage),
        Failures,
    ),
)]
pub(super) async fn version_text(
    State(registry): State<Registry>,
    PathPart((subject, version)): PathPart<(String, String)>,
    params: Params,
) -> Result<String, ApiError> {
    Ok(find(&registry, &subject, &version, &params).await?.schema.text)
}

/// The schemas that reference a version.
#[utoipa::path(
    get, path = "/subjects/{subject}/versions/{version}/referencedby", tag = "Subjects", operation_id = "listReferrers",
    params(SubjectPath, VersionPath, DeletedQuery, PageQuery),
    responses(
        (status = 200, description = "Ids, sorted.", body = Vec<i32>),
        (status = 404, description = "40401: no such subject. 40402: no such version.", body = ErrorMessage),
        (status = 422, description = "42202: no version.", body = ErrorMessage),
        Failures,
    ),
)]
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

/// Deletes a version, softly or what was deleted so for good.
#[utoipa::path(
    delete, path = "/subjects/{subject}/versions/{version}", tag = "Subjects", operation_id = "deleteVersion",
    params(SubjectPath, VersionPath, PermanentQuery),
    responses(
        (
            status = 200, description = "The version that went.", body = i32,
            content_type = "application/json"
        ),
        (status = 404, description = "40401: no such subject. 40402: no such version. 40406: it was deleted softly before. 40407: for good only after softly.", body = ErrorMessage),
        (status = 422, description = "42202: no version. 42205: the mode in force is read-only. 42206: the version is referenced.", body = ErrorMessage),
        Failures,
    ),
)]
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
