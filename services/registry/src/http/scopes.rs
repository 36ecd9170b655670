//! `/config` and `/mode`, of the registry and of subjects.

use axum::extract::State;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answer::{ChangedConfigAnswer, ConfigAnswer};
use super::document::{Failures, ForceQuery, InheritanceQuery, SubjectPath};
use super::extract::{Body, Params, PathPart};
use crate::Registry;
use crate::access::Role;
use crate::error::{ApiError, ErrorMessage};
use crate::registry::{Force, Inheritance};
use crate::settings::{ConfigChange, Mode};
use crate::subject::Scope;

/// A mode in a request.
#[derive(Deserialize, ToSchema)]
#[schema(as = NewMode)]
pub(super) struct ModeBody {
    /// `READWRITE`, `READONLY`, `READONLY_OVERRIDE` (of the registry) or `IMPORT`, in any case.
    #[schema(required = true, nullable = false, example = "READONLY")]
    mode: Option<String>,
}

/// A mode in an answer.
#[derive(Serialize, ToSchema)]
#[schema(as = ModeInForce)]
pub(super) struct ModeAnswer {
    /// The mode.
    mode: Mode,
}

/// The settings of the registry.
#[utoipa::path(
    get, path = "/config", tag = "Config", operation_id = "getGlobalConfig",
    responses(
        (status = 200, description = "The settings. The level is always there.", body = ConfigAnswer),
        Failures,
    ),
)]
pub(super) async fn global_config(
    State(registry): State<Registry>,
) -> Result<Json<ConfigAnswer>, ApiError> {
    Ok(Json(registry.config(&Scope::Global, Inheritance::Own).await?.into()))
}

/// Changes the settings of the registry.
#[utoipa::path(
    put, path = "/config", tag = "Config", operation_id = "putGlobalConfig",
    request_body = ConfigChange,
    responses(
        (status = 200, description = "The settings that are there now.", body = ChangedConfigAnswer),
        (status = 422, description = "42203: no level. 42205: a setting that isn't supported, or a read-only mode.", body = ErrorMessage),
        Failures,
    ),
)]
pub(super) async fn put_global_config(
    State(registry): State<Registry>,
    Body(change): Body<ConfigChange>,
) -> Result<Json<ChangedConfigAnswer>, ApiError> {
    Ok(Json(registry.change_config(&Scope::Global, change).await?.into()))
}

/// Forgets the settings of the registry.
#[utoipa::path(
    delete, path = "/config", tag = "Config", operation_id = "deleteGlobalConfig",
    responses(
        (status = 200, description = "The settings that there were.", body = ConfigAnswer),
        (status = 422, description = "42205: the mode in force is read-only.", body = ErrorMessage),
        Failures,
    ),
)]
pub(super) async fn delete_global_config(
    State(registry): State<Registry>,
) -> Result<Json<ConfigAnswer>, ApiError> {
    Ok(Json(registry.delete_config(&Scope::Global).await?.into()))
}

/// The settings of a subject.
#[utoipa::path(
    get, path = "/config/{subject}", tag = "Config", operation_id = "getConfig",
    params(SubjectPath, InheritanceQuery),
    responses(
        (status = 200, description = "The settings. The level is always there.", body = ConfigAnswer),
        (status = 404, description = "40408: the subject has no settings of its own.", body = ErrorMessage),
        Failures,
    ),
)]
pub(super) async fn config(
    State(registry): State<Registry>,
    PathPart(subject): PathPart<String>,
    params: Params,
) -> Result<Json<ConfigAnswer>, ApiError> {
    Ok(Json(registry.config(&Scope::parse(&subject)?, inheritance(&params)).await?.into()))
}

/// Changes the settings of a subject, which need not exist.
#[utoipa::path(
    put, path = "/config/{subject}", tag = "Config", operation_id = "putConfig",
    params(SubjectPath),
    request_body = ConfigChange,
    responses(
        (status = 200, description = "The settings that are there now.", body = ChangedConfigAnswer),
        (status = 422, description = "42203: no level. 42205: a setting that isn't supported, or a read-only mode. 42208: no subject's name.", body = ErrorMessage),
        Failures,
    ),
)]
pub(super) async fn put_config(
    State(registry): State<Registry>,
    PathPart(subject): PathPart<String>,
    Extension(role): Extension<Role>,
    Body(change): Body<ConfigChange>,
) -> Result<Json<ChangedConfigAnswer>, ApiError> {
    // An alias is a way to its subject, also for writing.
    if change.new_alias().is_some_and(|alias| !role.may_change(alias)) {
        return Err(ApiError::Forbidden(role.to_string()));
    }
    Ok(Json(registry.change_config(&Scope::parse(&subject)?, change).await?.into()))
}

/// Forgets the settings of a subject.
#[utoipa::path(
    delete, path = "/config/{subject}", tag = "Config", operation_id = "deleteConfig",
    params(SubjectPath),
    responses(
        (status = 200, description = "The settings that there were.", body = ConfigAnswer),
        (status = 404, description = "40401: the subject has no settings of its own.", body = ErrorMessage),
        (status = 422, description = "42205: the mode in force is read-only.", body = ErrorMessage),
        Failures,
    ),
)]
pub(super) async fn delete_config(
    State(registry): State<Registry>,
    PathPart(subject): PathPart<String>,
) -> Result<Json<ConfigAnswer>, ApiError> {
    Ok(Json(registry.delete_config(&Scope::parse(&subject)?).await?.into()))
}

/// The mode of the registry.
#[utoipa::path(
    get, path = "/mode", tag = "Mode", operation_id = "getGlobalMode",
    responses(
        (status = 200, description = "The mode.", body = ModeAnswer),
        Failures,
    ),
)]
pub(super) async fn global_mode(
    State(registry): State<Registry>,
) -> Result<Json<ModeAnswer>, ApiError> {
    let mode = registry.mode(&Scope::Global, Inheritance::Own).await?;
    Ok(Json(ModeAnswer { mode }))
}

/// Sets the mode of the registry.
#[utoipa::path(
    put, path = "/mode", tag = "Mode", operation_id = "putGlobalMode",
    params(ForceQuery),
    request_body = ModeBody,
    responses(
        (status = 200, description = "The mode there is now.", body = ModeAnswer),
        (status = 422, description = "42204: no mode. 42205: import mode where there are subjects, without `force`.", body = ErrorMessage),
        Failures,
    ),
)]
pub(super) async fn put_global_mode(
    State(registry): State<Registry>,
    params: Params,
    Body(body): Body<ModeBody>,
) -> Result<Json<ModeAnswer>, ApiError> {
    set_mode(&registry, &Scope::Global, &params, &body).await
}

/// Forgets the mode of the registry.
#[utoipa::path(
    delete, path = "/mode", tag = "Mode", operation_id = "deleteGlobalMode",
    responses(
        (status = 200, description = "The mode that there was.", body = ModeAnswer),
        Failures,
    ),
)]
pub(super) async fn delete_global_mode(
    State(registry): State<Registry>,
    params: Params,
) -> Result<Json<ModeAnswer>, ApiError> {
    remove_mode(&registry, &Scope::Global, &params).await
}

/// The mode of a subject.
#[utoipa::path(
    get, path = "/mode/{subject}", tag = "Mode", operation_id = "getMode",
    params(SubjectPath, InheritanceQuery),
    responses(
        (status = 200, description = "The mode.", body = ModeAnswer),
        (status = 404, description = "40409: the subject has no mode of its own.", body = ErrorMessage),
        Failures,
    ),
)]
pub(super) async fn mode(
    State(registry): State<Registry>,
    PathPart(subject): PathPart<String>,
    params: Params,
) -> Result<Json<ModeAnswer>, ApiError> {
    let mode = registry.mode(&Scope::parse(&subject)?, inheritance(&params)).await?;
    Ok(Json(ModeAnswer { mode }))
}

/// Sets the mode of a subject.
#[utoipa::path(
    put, path = "/mode/{subject}", tag = "Mode", operation_id = "putMode",
    params(SubjectPath, ForceQuery),
    request_body = ModeBody,
    responses(
        (status = 200, description = "The mode there is now.", body = ModeAnswer),
        (status = 422, description = "42204: no mode. 42205: import mode where there are versions, without `force`. 42208: no subject's name.", body = ErrorMessage),
        Failures,
    ),
)]
pub(super) async fn put_mode(
    State(registry): State<Registry>,
    PathPart(subject): PathPart<String>,
    params: Params,
    Body(body): Body<ModeBody>,
) -> Result<Json<ModeAnswer>, ApiError> {
    set_mode(&registry, &Scope::parse(&subject)?, &params, &body).await
}

/// Forgets the mode of a subject.
#[utoipa::path(
    delete, path = "/mode/{subject}", tag = "Mode", operation_id = "deleteMode",
    params(SubjectPath),
    responses(
        (status = 200, description = "The mode that there was.", body = ModeAnswer),
        (status = 404, description = "40409: the subject has no mode of its own.", body = ErrorMessage),
        Failures,
    ),
)]
pub(super) async fn delete_mode(
    State(registry): State<Registry>,
    PathPart(subject): PathPart<String>,
    params: Params,
) -> Result<Json<ModeAnswer>, ApiError> {
    remove_mode(&registry, &Scope::parse(&subject)?, &params).await
}

async fn set_mode(
    registry: &Registry,
    scope: &Scope,
    params: &Params,
    body: &ModeBody,
) -> Result<Json<ModeAnswer>, ApiError> {
    let mode = Mode::parse(body.mode.as_deref().ok_or(ApiError::InvalidMode)?)?;
    let force = if params.flag("force") { Force::Yes } else { Force::No };
    registry.set_mode(scope, mode, force).await?;
    Ok(Json(ModeAnswer { mode }))
}

async fn remove_mode(
    registry: &Registry,
    scope: &Scope,
    params: &Params,
) -> Result<Json<ModeAnswer>, ApiError> {
    if params.flag("recursive") {
        let why = "it removes the modes of a context, which are not supported";
        return Err(ApiError::Unsupported("recursive".to_owned(), why));
    }
    Ok(Json(ModeAnswer { mode: registry.delete_mode(scope).await? }))
}

fn inheritance(params: &Params) -> Inheritance {
    if params.flag("defaultToGlobal") { Inheritance::DefaultToGlobal } else { Inheritance::Own }
}
