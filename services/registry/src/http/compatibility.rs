//! `/compatibility`: would a schema be let in?

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::extract::{Body, Params, PathPart, SchemaBody};
use super::subjects::aliased;
use crate::Registry;
use crate::compat::Finding;
use crate::error::ApiError;
use crate::registry::{CheckedAgainst, Verdict};
use crate::subject::VersionId;

/// The verdict, and with `verbose` every reason: in Confluent's words, and as data, which is this
/// registry's own.
#[derive(Serialize)]
pub(super) struct VerdictAnswer {
    is_compatible: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    violations: Vec<Finding>,
}

/// `POST /compatibility/subjects/{subject}/versions`: with the versions that the level counts.
pub(super) async fn with_subject(
    State(registry): State<Registry>,
    PathPart(subject): PathPart<String>,
    params: Params,
    Body(body): Body<SchemaBody>,
) -> Result<Json<VerdictAnswer>, ApiError> {
    verdict(&registry, &subject, CheckedAgainst::Subject, &params, body).await
}

/// `POST /compatibility/subjects/{subject}/versions/{version}`: with one version.
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
