//! `/config` and `/mode`, of the registry and of subjects.

use axum::extract::State;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};

use super::answer::{ChangedConfigAnswer, ConfigAnswer};
use super::extract::{Body, Params, PathPart};
use crate::Registry;
use crate::access::Role;
use crate::error::ApiError;
use crate::registry::{Force, Inheritance};
use crate::settings::{ConfigChange, Mode};
use crate::subject::Scope;

/// A mode in a request.
#[derive(Deserialize)]
pub(super) struct ModeBody {
    mode: Option<String>,
}

/// A mode in an answer.
#[derive(Serialize)]
pub(super) struct ModeAnswer {
    mode: Mode,
}

/// `GET /config`.
pub(super) async fn global_config(
    State(registry): State<Registry>,
) -> Result<Json<ConfigAnswer>, ApiError> {
    Ok(Json(registry.config(&Scope::Global, Inheritance::Own).await?.into()))
}

/// `PUT /config`.
pub(super) async fn put_global_config(
    State(registry): State<Registry>,
    Body(change): Body<ConfigChange>,
) -> Result<Json<ChangedConfigAnswer>, ApiError> {
    Ok(Json(registry.change_config(&Scope::Global, change).await?.into()))
}

/// `DELETE /config`: the settings there were.
pub(super) async fn delete_global_config(
    State(registry): State<Registry>,
) -> Result<Json<ConfigAnswer>, ApiError> {
    Ok(Json(registry.delete_config(&Scope::Global).await?.into()))
}

/// `GET /config/{subject}`.
pub(super) async fn config(
    State(registry): State<Registry>,
    PathPart(subject): PathPart<String>,
    params: Params,
) -> Result<Json<ConfigAnswer>, ApiError> {
    Ok(Json(registry.config(&Scope::parse(&subject)?, inheritance(&params)).await?.into()))
}

/// `PUT /config/{subject}`.
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

/// `DELETE /config/{subject}`: the settings there were.
pub(super) async fn delete_config(
    State(registry): State<Registry>,
    PathPart(subject): PathPart<String>,
) -> Result<Json<ConfigAnswer>, ApiError> {
    Ok(Json(registry.delete_config(&Scope::parse(&subject)?).await?.into()))
}

/// `GET /mode`.
pub(super) async fn global_mode(
    State(registry): State<Registry>,
) -> Result<Json<ModeAnswer>, ApiError> {
    let mode = registry.mode(&Scope::Global, Inheritance::Own).await?;
    Ok(Json(ModeAnswer { mode }))
}

/// `PUT /mode`.
pub(super) async fn put_global_mode(
    State(registry): State<Registry>,
    params: Params,
    Body(body): Body<ModeBody>,
) -> Result<Json<ModeAnswer>, ApiError> {
    set_mode(&registry, &Scope::Global, &params, &body).await
}

/// `DELETE /mode`: the mode there was.
pub(super) async fn delete_global_mode(
    State(registry): State<Registry>,
    params: Params,
) -> Result<Json<ModeAnswer>, ApiError> {
    remove_mode(&registry, &Scope::Global, &params).await
}

/// `GET /mode/{subject}`.
pub(super) async fn mode(
    State(registry): State<Registry>,
    PathPart(subject): PathPart<String>,
    params: Params,
) -> Result<Json<ModeAnswer>, ApiError> {
    let mode = registry.mode(&Scope::parse(&subject)?, inheritance(&params)).await?;
    Ok(Json(ModeAnswer { mode }))
}

/// `PUT /mode/{subject}`.
pub(super) async fn put_mode(
    State(registry): State<Registry>,
    PathPart(subject): PathPart<String>,
    params: Params,
    Body(body): Body<ModeBody>,
) -> Result<Json<ModeAnswer>, ApiError> {
    set_mode(&registry, &Scope::parse(&subject)?, &params, &body).await
}

/// `DELETE /mode/{subject}`: the mode there was.
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
