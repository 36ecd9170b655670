//! Deleting versions and subjects: first softly, then for good.

use super::lookup::find_version;
use super::{Registry, require_writable};
use crate::error::ApiError;
use crate::settings::{Config, Mode};
use crate::store::{Deleted, StoredSchema, SubjectVersion};
use crate::subject::{Scope, Subject, VersionId};

/// How far a deletion goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deletion {
    /// Hides: readers by id still find the schema, and nothing is lost.
    Soft,
    /// Removes what is hidden.
    Permanent,
}

impl Deletion {
    /// Which referrers stand in the way. What is hidden can still be read by id, and needs what it
    /// references.
    fn referrers(self) -> Deleted {
        match self {
            Self::Soft => Deleted::Hidden,
            Self::Permanent => Deleted::Included,
        }
    }
}

impl Registry {
    /// Deletes a version and gives its number.
    ///
    /// # Errors
    /// [`ApiError::SubjectNotFound`], [`ApiError::VersionNotFound`]; [`ApiError::ReferenceExists`]
    /// while another schema needs it; [`ApiError::VersionSoftDeleted`] the second time,
    /// [`ApiError::VersionNotSoftDeleted`] for good before softly; [`ApiError::ReadOnly`].
    pub(crate) async fn delete_version(
        &self,
        subject: &Subject,
        version: VersionId,
        deletion: Deletion,
    ) -> Result<i32, ApiError> {
        let mut transaction = self.store.write().await?;
        let found = find_version(&mut transaction, subject, version, Deleted::Included).await?;
        let version = found.version;
        if deletion == Deletion::Soft && found.deleted {
            return Err(ApiError::VersionSoftDeleted { subject: subject.clone(), version });
        }
        let scope = Scope::Subject(subject.clone());
        require_writable(&mut transaction, &scope).await?;
        let referrers =
            StoredSchema::referrers(&mut transaction, subject, version, deletion.referrers())
                .await?;
        if !referrers.is_empty() {
            return Err(ApiError::ReferenceExists { subject: subject.clone(), version });
        }
        match deletion {
            Deletion::Soft => {
                SubjectVersion::soft_delete(&mut transaction, subject, version).await?;
            }
            Deletion::Permanent if !found.deleted => {
                return Err(ApiError::VersionNotSoftDeleted { subject: subject.clone(), version });
            }
            Deletion::Permanent => {
                SubjectVersion::remove(&mut transaction, subject, version).await?;
                let left =
                    SubjectVersion::numbers(&mut transaction, subject, Deleted::Included).await?;
                if left.is_empty() {
                    Config::remove(&mut transaction, &scope).await?;
                    Mode::remove(&mut transaction, &scope).await?;
                }
            }
        }
        transaction.commit().await?;
        if deletion == Deletion::Permanent {
            self.cache.clear();
        }
        tracing::info!(%subject, version, ?deletion, "version deleted");
        Ok(version)
    }

    /// Deletes a subject and gives the numbers of its versions.
    ///
    /// # Errors
    /// [`ApiError::SubjectNotFound`]; [`ApiError::ReferenceExists`] while a schema of another
    /// subject needs one of its versions; [`ApiError::SubjectSoftDeleted`] the second time,
    /// [`ApiError::SubjectNotSoftDeleted`] for good before softly; [`ApiError::ReadOnly`].
    pub(crate) async fn delete_subject(
        &self,
        subject: &Subject,
        deletion: Deletion,
    ) -> Result<Vec<i32>, ApiError> {
        let mut transaction = self.store.write().await?;
        let all = SubjectVersion::numbers(&mut transaction, subject, Deleted::Included).await?;
        let live = SubjectVersion::numbers(&mut transaction, subject, Deleted::Hidden).await?;
        if all.is_empty() {
            return Err(ApiError::SubjectNotFound(subject.clone()));
        }
        if deletion == Deletion::Soft && live.is_empty() {
            return Err(ApiError::SubjectSoftDeleted(subject.clone()));
        }
        let scope = Scope::Subject(subject.clone());
        require_writable(&mut transaction, &scope).await?;
        let doomed = match deletion {
            Deletion::Soft => &live,
            Deletion::Permanent => &all,
        };
        for &version in doomed {
            let is_referenced = StoredSchema::is_referenced_elsewhere(
                &mut transaction,
                subject,
                version,
                deletion.referrers(),
            )
            .await?;
            if is_referenced {
                return Err(ApiError::ReferenceExists { subject: subject.clone(), version });
            }
        }
        match deletion {
            Deletion::Soft => {
                for &version in doomed {
                    SubjectVersion::soft_delete(&mut transaction, subject, version).await?;
                }
            }
            Deletion::Permanent if !live.is_empty() => {
                return Err(ApiError::SubjectNotSoftDeleted(subject.clone()));
            }
            Deletion::Permanent => {
                for &version in doomed {
                    SubjectVersion::remove(&mut transaction, subject, version).await?;
                }
                Config::remove(&mut transaction, &scope).await?;
                Mode::remove(&mut transaction, &scope).await?;
            }
        }
        transaction.commit().await?;
        if deletion == Deletion::Permanent {
            self.cache.clear();
        }
        tracing::info!(%subject, versions = ?doomed, ?deletion, "subject deleted");
        Ok(doomed.clone())
    }
}
