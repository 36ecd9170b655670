//! Schemas by id and by identity, the ids to give, and who references whom.

use serde::{Deserialize, Serialize};

use super::connection::{Connection, run};
use super::{Deleted, StoreError};
use crate::subject::Subject;

/// A type that a schema takes from another subject.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
pub(crate) struct Reference {
    /// The full name of the type, as the referring schema writes it.
    pub(crate) name: String,
    /// Where it is registered.
    pub(crate) subject: String,
    /// Its version there, from 1.
    pub(crate) version: i32,
}

/// A schema as it was registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredSchema {
    /// Unique in the registry, never given twice.
    pub(crate) id: i32,
    /// Canonical text.
    pub(crate) text: String,
    /// What it takes from other subjects.
    pub(crate) references: Vec<Reference>,
}

/// A schema to be stored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewSchema<'a> {
    /// SHA-256 of text and references.
    pub(crate) identity: &'a [u8],
    /// SHA-256 of the self-contained form.
    pub(crate) resolved: &'a [u8],
    /// Canonical text.
    pub(crate) text: &'a str,
    /// What it takes from other subjects.
    pub(crate) references: &'a [Reference],
}

/// A row that holds a schema.
#[derive(sqlx::FromRow)]
pub(super) struct SchemaRow {
    id: i32,
    text: String,
    reference_list: String,
}

impl SchemaRow {
    pub(super) fn schema(self) -> Result<StoredSchema, StoreError> {
        let references = serde_json::from_str(&self.reference_list).map_err(|_| {
            StoreError::Corrupt { what: "reference list", value: self.reference_list }
        })?;
        Ok(StoredSchema { id: self.id, text: self.text, references })
    }
}

impl StoredSchema {
    /// The schema with an id.
    pub(crate) async fn by_id(
        connection: &mut Connection,
        id: i32,
    ) -> Result<Option<Self>, StoreError> {
        let row: Option<SchemaRow> = run!(
            connection,
            fetch_optional,
            sqlx::query_as("SELECT id, text, reference_list FROM schemas WHERE id = $1").bind(id)
        )?;
        row.map(SchemaRow::schema).transpose()
    }

    /// The lowest id that a schema with this identity has.
    pub(crate) async fn id_of(
        connection: &mut Connection,
        identity: &[u8],
    ) -> Result<Option<i32>, StoreError> {
        Ok(run!(
            connection,
            fetch_optional,
            sqlx::query_scalar("SELECT id FROM schemas WHERE identity = $1 ORDER BY id LIMIT 1")
                .bind(identity)
        )?)
    }

    /// The identity of the schema that had an id before it was deleted for good.
    pub(crate) async fn retired_identity(
        connection: &mut Connection,
        id: i32,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(run!(
            connection,
            fetch_optional,
            sqlx::query_scalar("SELECT identity FROM retired_ids WHERE id = $1").bind(id)
        )?)
    }

    /// The highest id there is, 0 in an empty registry.
    pub(crate) async fn max_id(connection: &mut Connection) -> Result<i32, StoreError> {
        Ok(run!(
            connection,
            fetch_one,
            sqlx::query_scalar("SELECT COALESCE(MAX(id), 0) FROM schemas")
        )?)
    }

    /// The ids of the schemas that reference a version, ascending.
    pub(crate) async fn referrers(
        connection: &mut Connection,
        subject: &Subject,
        version: i32,
        deleted: Deleted,
    ) -> Result<Vec<i32>, StoreError> {
        Ok(run!(connection, fetch_all, sqlx::query_scalar(
            "SELECT r.schema_id FROM referrers r WHERE r.subject = $1 AND r.version = $2
             AND EXISTS (SELECT 1 FROM versions v WHERE v.schema_id = r.schema_id AND v.deleted <= $3)
             ORDER BY r.schema_id",
        )
        .bind(subject.as_str())
        .bind(version)
        .bind(deleted.highest()))?)
    }

    /// Whether a version of another subject than `subject` itself references the version.
    pub(crate) async fn is_referenced_elsewhere(
        connection: &mut Connection,
        subject: &Subject,
        version: i32,
        deleted: Deleted,
    ) -> Result<bool, StoreError> {
        Ok(run!(connection, fetch_one, sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM referrers r JOIN versions v ON v.schema_id = r.schema_id
             WHERE r.subject = $1 AND r.version = $2 AND v.deleted <= $3 AND v.subject <> $1)",
        )
        .bind(subject.as_str())
        .bind(version)
        .bind(deleted.highest()))?)
    }
}

impl NewSchema<'_> {
    /// Stores the schema under the next id and gives that.
    pub(crate) async fn insert(self, connection: &mut Connection) -> Result<i32, StoreError> {
        let id: i64 = run!(
            connection,
            fetch_one,
            sqlx::query_scalar(
                "UPDATE next_schema_id SET value = value + 1 WHERE one = 1 RETURNING value - 1",
            )
        )?;
        let id = i32::try_from(id).map_err(|_| StoreError::IdsExhausted)?;
        self.insert_row(connection, id).await?;
        Ok(id)
    }

    /// Stores the schema under an id that the request chose, which no schema has yet. Later ids
    /// are higher.
    pub(crate) async fn insert_with_id(
        self,
        connection: &mut Connection,
        id: i32,
    ) -> Result<(), StoreError> {
        run!(
            connection,
            execute,
            sqlx::query("UPDATE next_schema_id SET value = $1 WHERE one = 1 AND value < $1")
                .bind(i64::from(id) + 1)
        )?;
        self.insert_row(connection, id).await
    }

    async fn insert_row(self, connection: &mut Connection, id: i32) -> Result<(), StoreError> {
        let reference_list = serde_json::to_string(self.references)
            .expect("references are strings and numbers, which JSON can hold");
        run!(
            connection,
            execute,
            sqlx::query(
                "INSERT INTO schemas (id, identity, resolved, text, reference_list)
             VALUES ($1, $2, $3, $4, $5)",
            )
            .bind(id)
            .bind(self.identity)
            .bind(self.resolved)
            .bind(self.text)
            .bind(reference_list)
        )?;
        for reference in self.references {
            run!(
                connection,
                execute,
                sqlx::query(
                    "INSERT INTO referrers (subject, version, schema_id) VALUES ($1, $2, $3)
                 ON CONFLICT DO NOTHING",
                )
                .bind(&reference.subject)
                .bind(reference.version)
                .bind(id)
            )?;
        }
        Ok(())
    }
}

/// Removes a schema that no version names any more. Its id stays taken.
pub(super) async fn remove_unused(connection: &mut Connection, id: i32) -> Result<(), StoreError> {
    let is_used: bool = run!(
        connection,
        fetch_one,
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM versions WHERE schema_id = $1)").bind(id)
    )?;
    if is_used {
        return Ok(());
    }
    run!(
        connection,
        execute,
        sqlx::query(
            "INSERT INTO retired_ids (id, identity) SELECT id, identity FROM schemas WHERE id = $1
             ON CONFLICT DO NOTHING"
        )
        .bind(id)
    )?;
    run!(connection, execute, sqlx::query("DELETE FROM referrers WHERE schema_id = $1").bind(id))?;
    run!(connection, execute, sqlx::query("DELETE FROM schemas WHERE id = $1").bind(id))?;
    Ok(())
}
