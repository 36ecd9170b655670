//! `/compatibility`: would a schema be let in?

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::extract::{Body, Params, PathPart, SchemaBody};
use super::subjects::aliased;
use crate::Registry;
use crate::error::ApiError;
use crate::registry::CheckedAgainst;
use crate::subject::VersionId;

/// The verdict, and with `verbose` every reason.
#[derive(Serialize)]
pub(super) struct Verdict {
    is_compatible: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<Vec<String>>,
}

/// `POST /compatibility/subjects/{subject}/versions`: with the versions that the level counts.
pub(super) async fn with_subject(
    State(registry): State<Registry>,
    PathPart(subject): PathPart<String>,
    params: Params,
    Body(body): Body<SchemaBody>,
) -> Result<Json<Verdict>, ApiError> {
    verdict(&registry, &subject, CheckedAgainst::Subject, &params, body).await
}

/// `POST /compatibility/subjects/{subject}/versions/{version}`: with one version.
pub(super) async fn with_version(
    State(registry): State<Registry>,
    PathPart((subject, version)): PathPart<(String, String)>,
    params: Params,
    Body(body): Body<SchemaBody>,
) -> Result<Json<Verdict>, ApiError> {
    let against = CheckedAgainst::Version(VersionId::parse(&version)?);
    verdict(&registry, &subject, against, &params, body).await
}

async fn verdict(
    registry: &Registry,
    subject: &str,
    against: CheckedAgainst,
    params: &Params,
    body: SchemaBody,
) -> Result<Json<Verdict>, ApiError> {
    let subject = aliased(registry, subject).await?;
    let submission = body.submission(params)?;
    let is_verbose = params.flag("verbose");
    let violations = match registry.violations(&subject, against, &submission).await {
        // Asked for reasons, Confluent's registry gives a schema's faults as the reason.
        Err(fault) if is_verbose && fault.code() == 42201 => vec![fault.to_string()],
        other => other?,
    };
    Ok(Json(Verdict {
        is_compatible: violations.is_empty(),
        messages: is_verbose.then_some(violations),
    }))
}
