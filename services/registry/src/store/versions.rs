//! The versions of subjects.

use super::StoreError;
use super::connection::{Connection, run};
use super::schemas::{SchemaRow, StoredSchema, remove_unused};
use crate::subject::Subject;

/// Whether soft-deleted versions count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deleted {
    /// They do not.
    Hidden,
    /// They do, beside the others.
    Included,
    /// Nothing else does.
    Only,
}

impl Deleted {
    /// The lowest value of the `deleted` column that counts.
    fn lowest(self) -> i32 {
        match self {
            Self::Hidden | Self::Included => 0,
            Self::Only => 1,
        }
    }

    /// The highest value of the `deleted` column that counts.
    pub(super) fn highest(self) -> i32 {
        match self {
            Self::Hidden => 0,
            Self::Included | Self::Only => 1,
        }
    }
}

/// A version of a subject with its schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SubjectVersion {
    /// The subject.
    pub(crate) subject: String,
    /// From 1.
    pub(crate) version: i32,
    /// Whether it is soft-deleted.
    pub(crate) deleted: bool,
    /// What it names.
    pub(crate) schema: StoredSchema,
}

#[derive(sqlx::FromRow)]
struct VersionRow {
    subject: String,
    version: i32,
    /// 0 or 1.
    deleted: i32,
    #[sqlx(flatten)]
    schema: SchemaRow,
}

impl VersionRow {
    fn version(self) -> Result<SubjectVersion, StoreError> {
        Ok(SubjectVersion {
            subject: self.subject,
            version: self.version,
            deleted: self.deleted != 0,
            schema: self.schema.schema()?,
        })
    }
}

impl SubjectVersion {
    /// A version by its number, soft-deleted or not.
    pub(crate) async fn find(
        connection: &mut Connection,
        subject: &str,
        version: i32,
    ) -> Result<Option<Self>, StoreError> {
        let row: Option<VersionRow> = run!(
            connection,
            fetch_optional,
            sqlx::query_as(
                "SELECT v.subject, v.version, v.deleted, s.id, s.text, s.reference_list
             FROM versions v JOIN schemas s ON s.id = v.schema_id
             WHERE v.subject = $1 AND v.version = $2",
            )
            .bind(subject)
            .bind(version)
        )?;
        row.map(VersionRow::version).transpose()
    }

    /// The highest version that is not deleted.
    pub(crate) async fn latest(
        connection: &mut Connection,
        subject: &str,
    ) -> Result<Option<Self>, StoreError> {
        let row: Option<VersionRow> = run!(
            connection,
            fetch_optional,
            sqlx::query_as(
                "SELECT v.subject, v.version, v.deleted, s.id, s.text, s.reference_list
             FROM versions v JOIN schemas s ON s.id = v.schema_id
             WHERE v.subject = $1 AND v.deleted = 0 ORDER BY v.version DESC LIMIT 1",
            )
            .bind(subject)
        )?;
        row.map(VersionRow::version).transpose()
    }

    /// The version of a subject with a schema of this identity: one that is not deleted before one
    /// that is, then the highest.
    pub(crate) async fn with_identity(
        connection: &mut Connection,
        subject: &Subject,
        identity: &[u8],
        deleted: Deleted,
    ) -> Result<Option<Self>, StoreError> {
        let sql = "SELECT v.subject, v.version, v.deleted, s.id, s.text, s.reference_list
             FROM schemas s JOIN versions v ON v.schema_id = s.id
             WHERE s.identity = $1 AND v.subject = $2 AND v.deleted BETWEEN $3 AND $4
             ORDER BY v.deleted, v.version DESC LIMIT 1";
        Self::matching(connection, sql, identity, subject, deleted).await
    }

    /// The version of a subject whose schema says the same once its references are put in.
    pub(crate) async fn with_resolved(
        connection: &mut Connection,
        subject: &Subject,
        resolved: &[u8],
        deleted: Deleted,
    ) -> Result<Option<Self>, StoreError> {
        let sql = "SELECT v.subject, v.version, v.deleted, s.id, s.text, s.reference_list
             FROM versions v JOIN schemas s ON s.id = v.schema_id
             WHERE v.subject = $2 AND s.resolved = $1 AND v.deleted BETWEEN $3 AND $4
             ORDER BY v.deleted, v.version DESC LIMIT 1";
        Self::matching(connection, sql, resolved, subject, deleted).await
    }

    /// The one row of a query that takes a hash, a subject and which deleted versions count.
    async fn matching(
        connection: &mut Connection,
        sql: &'static str,
        hash: &[u8],
        subject: &Subject,
        deleted: Deleted,
    ) -> Result<Option<Self>, StoreError> {
        let row: Option<VersionRow> = run!(
            connection,
            fetch_optional,
            sqlx::query_as(sql)
                .bind(hash)
                .bind(subject.as_str())
                .bind(deleted.lowest())
                .bind(deleted.highest())
        )?;
        row.map(VersionRow::version).transpose()
    }

    /// The versions of one subject, oldest first.
    pub(crate) async fn of_subject(
        connection: &mut Connection,
        subject: &Subject,
        deleted: Deleted,
    ) -> Result<Vec<Self>, StoreError> {
        let rows: Vec<VersionRow> = run!(
            connection,
            fetch_all,
            sqlx::query_as(
                "SELECT v.subject, v.version, v.deleted, s.id, s.text, s.reference_list
             FROM versions v JOIN schemas s ON s.id = v.schema_id
             WHERE v.subject = $1 AND v.deleted BETWEEN $2 AND $3 ORDER BY v.version",
            )
            .bind(subject.as_str())
            .bind(deleted.lowest())
            .bind(deleted.highest())
        )?;
        rows.into_iter().map(VersionRow::version).collect()
    }

    /// The versions of every subject that begins with `prefix`, by subject and version.
    pub(crate) async fn with_prefix(
        connection: &mut Connection,
        prefix: &str,
        deleted: Deleted,
    ) -> Result<Vec<Self>, StoreError> {
        let rows: Vec<VersionRow> = run!(
            connection,
            fetch_all,
            sqlx::query_as(
                "SELECT v.subject, v.version, v.deleted, s.id, s.text, s.reference_list
             FROM versions v JOIN schemas s ON s.id = v.schema_id
             WHERE substr(v.subject, 1, length($1)) = $1 AND v.deleted BETWEEN $2 AND $3
             ORDER BY v.subject, v.version",
            )
            .bind(prefix)
            .bind(deleted.lowest())
            .bind(deleted.highest())
        )?;
        rows.into_iter().map(VersionRow::version).collect()
    }

    /// Where an id is used: subjects and versions, in that order.
    pub(crate) async fn places(
        connection: &mut Connection,
        schema_id: i32,
        deleted: Deleted,
    ) -> Result<Vec<(String, i32)>, StoreError> {
        Ok(run!(
            connection,
            fetch_all,
            sqlx::query_as(
                "SELECT subject, version FROM versions
             WHERE schema_id = $1 AND deleted BETWEEN $2 AND $3 ORDER BY subject, version",
            )
            .bind(schema_id)
            .bind(deleted.lowest())
            .bind(deleted.highest())
        )?)
    }

    /// The version numbers of a subject, ascending.
    pub(crate) async fn numbers(
        connection: &mut Connection,
        subject: &Subject,
        deleted: Deleted,
    ) -> Result<Vec<i32>, StoreError> {
        Ok(run!(
            connection,
            fetch_all,
            sqlx::query_scalar(
                "SELECT version FROM versions
             WHERE subject = $1 AND deleted BETWEEN $2 AND $3 ORDER BY version",
            )
            .bind(subject.as_str())
            .bind(deleted.lowest())
            .bind(deleted.highest())
        )?)
    }

    /// The numbers and schema ids of the versions of a subject that are not deleted, ascending.
    pub(crate) async fn live(
        connection: &mut Connection,
        subject: &Subject,
    ) -> Result<Vec<(i32, i32)>, StoreError> {
        Ok(run!(
            connection,
            fetch_all,
            sqlx::query_as(
                "SELECT version, schema_id FROM versions WHERE subject = $1 AND deleted = 0
             ORDER BY version",
            )
            .bind(subject.as_str())
        )?)
    }

    /// The subjects that begin with `prefix`, in order. `Only` gives those of which every version
    /// is deleted.
    pub(crate) async fn subjects(
        connection: &mut Connection,
        prefix: &str,
        deleted: Deleted,
    ) -> Result<Vec<String>, StoreError> {
        Ok(run!(
            connection,
            fetch_all,
            sqlx::query_scalar(
                "SELECT subject FROM versions WHERE substr(subject, 1, length($1)) = $1
             GROUP BY subject HAVING MIN(deleted) BETWEEN $2 AND $3 ORDER BY subject",
            )
            .bind(prefix)
            .bind(deleted.lowest())
            .bind(deleted.highest())
        )?)
    }

    /// Names a schema as a version.
    pub(crate) async fn insert(
        connection: &mut Connection,
        subject: &Subject,
        version: i32,
        schema_id: i32,
    ) -> Result<(), StoreError> {
        run!(
            connection,
            execute,
            sqlx::query("INSERT INTO versions (subject, version, schema_id) VALUES ($1, $2, $3)")
                .bind(subject.as_str())
                .bind(version)
                .bind(schema_id)
        )?;
        Ok(())
    }

    /// Hides a version.
    pub(crate) async fn soft_delete(
        connection: &mut Connection,
        subject: &Subject,
        version: i32,
    ) -> Result<(), StoreError> {
        run!(
            connection,
            execute,
            sqlx::query("UPDATE versions SET deleted = 1 WHERE subject = $1 AND version = $2")
                .bind(subject.as_str())
                .bind(version)
        )?;
        Ok(())
    }

    /// Removes a version, and its schema when nothing else names that.
    pub(crate) async fn remove(
        connection: &mut Connection,
        subject: &Subject,
        version: i32,
    ) -> Result<(), StoreError> {
        let schema_id: Option<i32> = run!(
            connection,
            fetch_optional,
            sqlx::query_scalar(
                "DELETE FROM versions WHERE subject = $1 AND version = $2 RETURNING schema_id",
            )
            .bind(subject.as_str())
            .bind(version)
        )?;
        match schema_id {
            Some(schema_id) => remove_unused(connection, schema_id).await,
            None => Ok(()),
        }
    }
}
