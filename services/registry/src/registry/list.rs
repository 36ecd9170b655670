//! Listing subjects, versions and schemas.

use super::Registry;
use super::lookup::{find_version, require_subject};
use crate::error::ApiError;
use crate::store::{Deleted, StoredSchema, SubjectVersion};
use crate::subject::{Subject, VersionId};

/// Which versions a list of schemas holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SchemaFilter {
    /// All of them.
    Every,
    /// The highest of each subject.
    Latest,
}

impl Registry {
    /// The subjects that begin with `prefix`, in order.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) async fn subjects(
        &self,
        prefix: &str,
        deleted: Deleted,
    ) -> Result<Vec<String>, ApiError> {
        let mut connection = self.store.read().await?;
        Ok(SubjectVersion::subjects(&mut connection, prefix, deleted).await?)
    }

    /// The version numbers of a subject, ascending.
    ///
    /// # Errors
    /// [`ApiError::SubjectNotFound`].
    pub(crate) async fn versions(
        &self,
        subject: &Subject,
        deleted: Deleted,
    ) -> Result<Vec<i32>, ApiError> {
        let mut connection = self.store.read().await?;
        require_subject(&mut connection, subject, deleted).await?;
        Ok(SubjectVersion::numbers(&mut connection, subject, deleted).await?)
    }

    /// The versions of the subjects that begin with `prefix`, by subject and version.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) async fn schemas(
        &self,
        prefix: &str,
        deleted: Deleted,
        filter: SchemaFilter,
    ) -> Result<Vec<SubjectVersion>, ApiError> {
        let mut connection = self.store.read().await?;
        let mut versions = SubjectVersion::with_prefix(&mut connection, prefix, deleted).await?;
        if filter == SchemaFilter::Latest {
            // Of two neighbours with one subject the first, older one goes.
            versions.reverse();
            versions.dedup_by(|older, newer| older.subject == newer.subject);
            versions.reverse();
        }
        Ok(versions)
    }

    /// Where an id is used: subjects and versions, in that order.
    ///
    /// # Errors
    /// [`ApiError::SchemaNotRegistered`] for an id that no schema has.
    pub(crate) async fn places(
        &self,
        id: i32,
        deleted: Deleted,
    ) -> Result<Vec<(String, i32)>, ApiError> {
        let mut connection = self.store.read().await?;
        if StoredSchema::by_id(&mut connection, id).await?.is_none() {
            return Err(ApiError::SchemaNotRegistered);
        }
        Ok(SubjectVersion::places(&mut connection, id, deleted).await?)
    }

    /// The ids of the schemas that reference a version, ascending.
    ///
    /// # Errors
    /// [`ApiError::SubjectNotFound`], [`ApiError::VersionNotFound`].
    pub(crate) async fn referenced_by(
        &self,
        subject: &Subject,
        version: VersionId,
        deleted: Deleted,
    ) -> Result<Vec<i32>, ApiError> {
        let mut connection = self.store.read().await?;
        let found = find_version(&mut connection, subject, version, Deleted::Included).await?;
        Ok(StoredSchema::referrers(&mut connection, subject, found.version, deleted).await?)
    }

    /// The highest id there is, 0 in an empty registry.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) async fn max_id(&self) -> Result<i32, ApiError> {
        let mut connection = self.store.read().await?;
        Ok(StoredSchema::max_id(&mut connection).await?)
    }
}
