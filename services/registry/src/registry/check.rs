//! Holding a schema against earlier versions.

use charter_avro::schema::Schema;

use super::lookup::prepare;
use super::references::imports;
use super::{InForce, Registry, Submission, compute};
use crate::compat::{self, Earlier, Finding, Findings};
use crate::error::ApiError;
use crate::parse::{self, ParsedSchema};
use crate::settings::Level;
use crate::store::{Connection, Deleted, SubjectVersion};
use crate::subject::{Scope, Subject, VersionId};

/// What a schema is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CheckedAgainst {
    /// The versions that the level in force counts.
    Subject,
    /// One version, whatever the level says of others.
    Version(VersionId),
}

impl Registry {
    /// The violations that registering a schema would meet. A subject without versions has none.
    ///
    /// # Errors
    /// [`ApiError::VersionNotFound`] for a version that is not there, and those of parsing.
    pub(crate) async fn violations(
        &self,
        subject: &Subject,
        against: CheckedAgainst,
        submission: &Submission,
    ) -> Result<Verdict, ApiError> {
        let mut connection = self.store.read().await?;
        let in_force = InForce::of(&mut connection, &Scope::Subject(subject.clone())).await?;
        let versions = match against {
            CheckedAgainst::Subject => counted(&mut connection, subject, in_force.level).await?,
            CheckedAgainst::Version(VersionId::Latest) => {
                let latest = SubjectVersion::latest(&mut connection, subject.as_str()).await?;
                latest.into_iter().collect()
            }
            CheckedAgainst::Version(VersionId::Number(number)) => {
                let found = SubjectVersion::find(&mut connection, subject.as_str(), number).await?;
                let found = found.filter(|version| !version.deleted);
                vec![found.ok_or(ApiError::VersionNotFound(VersionId::Number(number)))?]
            }
        };
        let parsed = prepare(&mut connection, submission, in_force).await?;
        let findings = violations(&mut connection, &parsed.schema, versions, in_force).await?;
        let messages = findings.messages(in_force.validate_fields, in_force.level);
        Ok(Verdict { messages, violations: findings.violations })
    }
}

/// What was found against a schema; nothing when it may be registered.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// In Confluent's words.
    pub(crate) messages: Vec<String>,
    /// As data, without those beyond the first hundred.
    pub(crate) violations: Vec<Finding>,
}

/// What a schema was found compatible with.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Checked {
    level: Level,
    /// The numbers and schema ids of the versions that were not deleted.
    live: Vec<(i32, i32)>,
}

impl Checked {
    /// Whether the verdict holds still, under the settings in force and the versions there are.
    pub(super) async fn holds(
        &self,
        connection: &mut Connection,
        subject: &Subject,
        in_force: InForce,
    ) -> Result<bool, ApiError> {
        Ok(self.level == in_force.level
            && self.live == SubjectVersion::live(connection, subject).await?)
    }
}

/// Refuses a schema that the earlier versions of a subject do not allow.
pub(super) async fn require_compatible(
    connection: &mut Connection,
    subject: &Subject,
    parsed: &ParsedSchema,
    in_force: InForce,
) -> Result<Checked, ApiError> {
    // Before the versions are loaded: one that comes between makes the verdict not hold.
    let live = SubjectVersion::live(connection, subject).await?;
    let level = in_force.level;
    let versions = counted(connection, subject, level).await?;
    let findings = violations(connection, &parsed.schema, versions, in_force).await?;
    if findings.violations.is_empty() {
        return Ok(Checked { level, live });
    }
    let details = findings.messages(in_force.validate_fields, level);
    Err(ApiError::Incompatible { subject: subject.clone(), level, details })
}

/// The versions that a level counts, oldest first.
async fn counted(
    connection: &mut Connection,
    subject: &Subject,
    level: Level,
) -> Result<Vec<SubjectVersion>, ApiError> {
    if level == Level::None {
        return Ok(Vec::new());
    }
    if level.is_transitive() {
        return Ok(SubjectVersion::of_subject(connection, subject, Deleted::Hidden).await?);
    }
    Ok(SubjectVersion::latest(connection, subject.as_str()).await?.into_iter().collect())
}

async fn violations(
    connection: &mut Connection,
    new: &Schema,
    versions: Vec<SubjectVersion>,
    in_force: InForce,
) -> Result<Findings, ApiError> {
    let mut earlier = Vec::with_capacity(versions.len());
    for version in versions {
        let imports = imports(connection, &version.schema.references).await?;
        earlier.push((version, imports));
    }
    let new = new.clone();
    compute(move || {
        let earlier = earlier
            .into_iter()
            .map(|(version, imports)| {
                let schema = parse::parse_schema(&version.schema.text, &imports)?;
                Ok(Earlier { version: version.version, text: version.schema.text, schema })
            })
            .collect::<Result<Vec<_>, ApiError>>()?;
        Ok(compat::check(&new, earlier, in_force.level)?)
    })
    .await
}
