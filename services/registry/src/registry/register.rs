//! Registering a schema under a subject.

use super::lookup::{prepare, registered};
use super::{InForce, Registry, Submission, check};
use crate::error::ApiError;
use crate::parse::ParsedSchema;
use crate::settings::Mode;
use crate::store::{Connection, Deleted, NewSchema, Reference, StoredSchema, SubjectVersion};
use crate::subject::{Scope, Subject};

/// The version that a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestedVersion {
    /// The next one, or the one there is of this schema.
    Any,
    /// The next one, or the latest if it is this schema (`"version": -1`).
    Latest,
    /// This one: the next, or any in import mode.
    Number(i32),
}

/// A registration as a request asks for it.
#[derive(Clone, Debug)]
pub(crate) struct Registration {
    /// The schema.
    pub(crate) submission: Submission,
    /// The id to give it, in import mode only.
    pub(crate) id: Option<i32>,
    /// The version to give it.
    pub(crate) version: RequestedVersion,
}

impl Registry {
    /// Registers a schema under a subject and gives its version. The same schema has the same id
    /// under every subject; registered again under one it changes nothing. The answer is durable.
    ///
    /// # Errors
    /// Those of parsing; [`ApiError::Incompatible`] with every violation; [`ApiError::ReadOnly`],
    /// [`ApiError::NotImport`], [`ApiError::NotReadWrite`] by the mode; [`ApiError::IdTaken`],
    /// [`ApiError::VersionTaken`], [`ApiError::VersionNotNext`] for what the request chose.
    pub(crate) async fn register(
        &self,
        subject: &Subject,
        registration: &Registration,
    ) -> Result<SubjectVersion, ApiError> {
        // Most registrations are of schemas that are there: they need no place among the writers.
        let mut connection = self.store.read().await?;
        let scope = Scope::Subject(subject.clone());
        let in_force = InForce::of(&mut connection, &scope).await?;
        let parsed = prepare(&mut connection, &registration.submission, in_force).await?;
        if let Some(found) = existing(&mut connection, subject, &parsed, registration).await? {
            return Ok(found);
        }
        require_mode(subject, registration, in_force.mode)?;
        // The long part, comparing, is done here, where no other writer waits for it.
        let checked = match in_force.mode {
            Mode::Import => None,
            Mode::ReadWrite | Mode::ReadOnly | Mode::ReadOnlyOverride => {
                Some(check::require_compatible(&mut connection, subject, &parsed, in_force).await?)
            }
        };
        drop(connection);

        let mut transaction = self.store.write().await?;
        let in_force = InForce::of(&mut transaction, &scope).await?;
        if let Some(found) = existing(&mut transaction, subject, &parsed, registration).await? {
            return Ok(found);
        }
        require_mode(subject, registration, in_force.mode)?;
        for Reference { subject, version, .. } in &parsed.references {
            if SubjectVersion::find(&mut transaction, subject, *version).await?.is_none() {
                let subject = subject.clone();
                return Err(ApiError::ReferenceNotFound { subject, version: *version });
            }
        }
        let holds = match &checked {
            Some(checked) => checked.holds(&mut transaction, subject, in_force).await?,
            None => false,
        };
        if in_force.mode != Mode::Import && !holds {
            check::require_compatible(&mut transaction, subject, &parsed, in_force).await?;
        }
        let version =
            choose_version(&mut transaction, subject, registration, in_force.mode).await?;
        let id = store_schema(&mut transaction, &parsed, registration.id).await?;
        SubjectVersion::insert(&mut transaction, subject, version, id).await?;
        replace_deleted(&mut transaction, subject, version, id).await?;
        transaction.commit().await?;
        tracing::info!(%subject, version, id, "schema registered");
        Ok(SubjectVersion {
            subject: subject.as_str().to_owned(),
            version,
            deleted: false,
            schema: StoredSchema { id, text: parsed.text, references: parsed.references },
        })
    }
}

/// The version that already is what the request asks for.
async fn existing(
    connection: &mut Connection,
    subject: &Subject,
    parsed: &ParsedSchema,
    registration: &Registration,
) -> Result<Option<SubjectVersion>, ApiError> {
    let found = match registration.version {
        RequestedVersion::Any => registered(connection, subject, parsed, Deleted::Hidden).await?,
        RequestedVersion::Latest => {
            let latest = SubjectVersion::latest(connection, subject.as_str()).await?;
            let same = registered(connection, subject, parsed, Deleted::Hidden).await?;
            latest.filter(|latest| same.is_some_and(|same| same.schema.id == latest.schema.id))
        }
        RequestedVersion::Number(number) => {
            let found = SubjectVersion::find(connection, subject.as_str(), number).await?;
            found.filter(|found| {
                !found.deleted
                    && found.schema.text == parsed.text
                    && found.schema.references == parsed.references
            })
        }
    };
    Ok(found.filter(|found| registration.id.is_none_or(|id| id == found.schema.id)))
}

/// Whether the mode in force lets a new version in.
fn require_mode(
    subject: &Subject,
    registration: &Registration,
    mode: Mode,
) -> Result<(), ApiError> {
    match (mode, registration.id) {
        (Mode::ReadOnly | Mode::ReadOnlyOverride, _) => {
            Err(ApiError::ReadOnly(format!("Subject {subject}")))
        }
        (Mode::ReadWrite, Some(_)) => Err(ApiError::NotImport(subject.clone())),
        (Mode::Import, None) => Err(ApiError::NotReadWrite(subject.clone())),
        (Mode::ReadWrite, None) | (Mode::Import, Some(_)) => Ok(()),
    }
}

/// The number of the new version: one more than the highest, deleted or not, or the one that an
/// import gives.
async fn choose_version(
    connection: &mut Connection,
    subject: &Subject,
    registration: &Registration,
    mode: Mode,
) -> Result<i32, ApiError> {
    let numbers = SubjectVersion::numbers(connection, subject, Deleted::Included).await?;
    let next = numbers.last().map_or(1, |highest| highest.saturating_add(1));
    match registration.version {
        RequestedVersion::Any | RequestedVersion::Latest => Ok(next),
        RequestedVersion::Number(number) if mode == Mode::Import => {
            if numbers.contains(&number) {
                let subject = subject.clone();
                return Err(ApiError::VersionTaken { subject, version: number });
            }
            Ok(number)
        }
        RequestedVersion::Number(number) if number == next => Ok(next),
        RequestedVersion::Number(found) => Err(ApiError::VersionNotNext { found, expected: next }),
    }
}

/// Gives the schema an id: the one that the request chose, the one it has under another subject,
/// or the next one.
async fn store_schema(
    connection: &mut Connection,
    parsed: &ParsedSchema,
    requested: Option<i32>,
) -> Result<i32, ApiError> {
    let new = NewSchema {
        identity: &parsed.identity,
        resolved: &parsed.resolved,
        text: &parsed.text,
        references: &parsed.references,
    };
    if let Some(id) = requested {
        return match StoredSchema::by_id(connection, id).await? {
            Some(stored)
                if stored.text == parsed.text && stored.references == parsed.references =>
            {
                Ok(id)
            }
            Some(_) => Err(ApiError::IdTaken(id)),
            None => {
                let before = StoredSchema::retired_identity(connection, id).await?;
                if before.is_some_and(|identity| identity != parsed.identity) {
                    return Err(ApiError::IdTaken(id));
                }
                new.insert_with_id(connection, id).await?;
                Ok(id)
            }
        };
    }
    match StoredSchema::id_of(connection, &parsed.identity).await? {
        Some(id) => Ok(id),
        None => Ok(new.insert(connection).await?),
    }
}

/// Removes the soft-deleted versions of a subject that held the schema which came back as
/// `version`, but for those that something references.
async fn replace_deleted(
    connection: &mut Connection,
    subject: &Subject,
    version: i32,
    id: i32,
) -> Result<(), ApiError> {
    let places = SubjectVersion::places(connection, id, Deleted::Only).await?;
    for (place, old) in places {
        if place != subject.as_str() || old >= version {
            continue;
        }
        let referrers =
            StoredSchema::referrers(connection, subject, old, Deleted::Included).await?;
        if referrers.is_empty() {
            SubjectVersion::remove(connection, subject, old).await?;
        }
    }
    Ok(())
}
