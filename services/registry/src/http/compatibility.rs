//! `/compatibility`: would a schema be let in?

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::document::{Failures, NormalizeQuery, SubjectPath, VerboseQuery, VersionPath};
use super::extract::{Body, Params, PathPart, SchemaBody};
use super::subjects::aliased;
use crate::Registry;
use crate::compat::Finding;
use crate::error::{ApiError, ErrorMessage};
use crate::registry::{CheckedAgainst, Verdict};
use crate::subject::VersionId;

/// The verdict, and with `verbose` every reason: in Confluent's words, and as data, which is this
/// registry's own.
#[derive(Serialize, ToSchema)]
#[schema(as = Verdict)]
pub(super) struct VerdictAnswer {
    /// Whether the schema may be registered.
    is_compatible: bool,
    /// With `verbose`: every reason in Confluent's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    messages: Option<Vec<String>>,
    /// With `verbose`: every reason as data.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    violations: Vec<Finding>,
}

/// Is a schema compatible with the versions that the level in force counts?
#[utoipa::path(
    post, path = "/compatibility/subjects/{subject}/versions", tag = "Compatibility",
    operation_id = "checkWithSubject", params(SubjectPath, VerboseQuery, NormalizeQuery), request_body = SchemaBody,
    responses(
        (status = 200, description = "The verdict; a subject without versions takes any schema.", body = VerdictAnswer),
        (status = 422, description = "42201: no schema, or one that can't be read.", body = ErrorMessage),
        Failures,
    ),
)]
pub(super) async fn with_subject(
    State(registry): State<Registry>,
    PathPart(subject): PathPart<String>,
    params: Params,
    Body(body): Body<SchemaBody>,
) -> Result<Json<VerdictAnswer>, ApiError> {
    verdict(&registry, &subject, CheckedAgainst::Subject, &params, body).await
}

/// Is a schema compatible with one version?
#[utoipa::path(
    post, path = "/compatibility/subjects/{subject}/versions/{version}", tag = "Compatibility",
    operation_id = "checkWithVersion", params(SubjectPath, VersionPath, VerboseQuery, NormalizeQuery),
    request_body = SchemaBody,
    responses(
        (status = 200, description = "The verdict under the level in force.", body = VerdictAnswer),
        (status = 404, description = "40402: no such version.", body = ErrorMessage),
        (status = 422, description = "42201: no schema, or one that can't be read. 42202: no version.", body = ErrorMessage),
        Failures,
    ),
)]
pub(super) async fn with_version(
    State(registry): State<Registry>,
    PathPart((subject, version)): PathPart<(String, String)>,
    params: Params,
    Body(body): Body<SchemaBody>,
) -> Result<Json<VerdictAnswer>, ApiError> {
    let against = CheckedAgainst::Version(VersionId::parse(&version)?);
    verdict(&registry, &subject, against, &params, body).await
}

async fn verdict(
    registry: &Registry,
    subject: &str,
    against: CheckedAgainst,
    params: &Params,
    body: SchemaBody,
) -> Result<Json<VerdictAnswer>, ApiError> {
    let subject = aliased(registry, subject).await?;
    let submission = body.submission(params)?;
    let is_verbose = params.flag("verbose");
    let verdict = match registry.violations(&subject, against, &submission).await {
        // Asked for reasons, Confluent's registry gives a schema's faults as the reason.
        Err(fault) if is_verbose && fault.code() == 42201 => {
            Verdict { messages: vec![fault.to_string()], violations: Vec::new() }
        }
        other => other?,
    };
    Ok(Json(VerdictAnswer {
        is_compatible: verdict.messages.is_empty(),
        messages: is_verbose.then_some(verdict.messages),
        violations: if is_verbose { verdict.violations } else { Vec::new() },
    }))
}
