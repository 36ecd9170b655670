//! Finding schemas: by id, by version, by content.

use std::sync::Arc;

use super::references::{self, RequestedReference};
use super::{InForce, Registry, ServedSchema, compute};
use crate::canonical::{Form, canonical};
use crate::error::ApiError;
use crate::parse::{self, ParsedSchema};
use crate::store::{Connection, Deleted, StoredSchema, SubjectVersion};
use crate::subject::{Scope, Subject, VersionId};

/// A schema as a request sends it, checked for what the registry can keep at all.
#[derive(Clone, Debug)]
pub(crate) struct Submission {
    /// The text.
    pub(crate) schema: String,
    /// What it takes from other subjects.
    pub(crate) references: Vec<RequestedReference>,
    /// Whether the request asks for the normalised form.
    pub(crate) normalize: bool,
}

/// How the text of a schema is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// As stored.
    Stored,
    /// With its references put in.
    Resolved,
}

impl Registry {
    /// The schema with an id as it is served, from memory where it is there. `serve` makes the
    /// answer of a schema that was not.
    ///
    /// # Errors
    /// [`ApiError::SchemaNotFound`].
    pub(crate) async fn served(
        &self,
        id: i32,
        serve: impl FnOnce(&StoredSchema) -> ServedSchema,
    ) -> Result<Arc<ServedSchema>, ApiError> {
        if let Some(served) = self.cache.get(id) {
            metrics::counter!("charter_registry_schema_cache_hits_total").increment(1);
            return Ok(served);
        }
        metrics::counter!("charter_registry_schema_cache_misses_total").increment(1);
        let generation = self.cache.generation();
        let mut connection = self.store.read().await?;
        let schema = StoredSchema::by_id(&mut connection, id).await?;
        let served = Arc::new(serve(&schema.ok_or(ApiError::SchemaNotFound(id))?));
        self.cache.insert(id, &served, generation);
        Ok(served)
    }

    /// The schema with an id, past the memory.
    ///
    /// # Errors
    /// [`ApiError::SchemaNotFound`].
    pub(crate) async fn schema(&self, id: i32, format: Format) -> Result<StoredSchema, ApiError> {
        let mut connection = self.store.read().await?;
        let schema = StoredSchema::by_id(&mut connection, id).await?;
        let schema = schema.ok_or(ApiError::SchemaNotFound(id))?;
        formatted(&mut connection, schema, format).await
    }

    /// A version of a subject. The latest is never a deleted one.
    ///
    /// # Errors
    /// [`ApiError::SubjectNotFound`], [`ApiError::VersionNotFound`].
    pub(crate) async fn version(
        &self,
        subject: &Subject,
        version: VersionId,
        deleted: Deleted,
        format: Format,
    ) -> Result<SubjectVersion, ApiError> {
        let mut connection = self.store.read().await?;
        let found = find_version(&mut connection, subject, version, deleted).await?;
        let schema = formatted(&mut connection, found.schema, format).await?;
        Ok(SubjectVersion { schema, ..found })
    }

    /// The version of a subject that holds a schema.
    ///
    /// # Errors
    /// [`ApiError::SubjectNotFound`], [`ApiError::SchemaNotRegistered`], and those of parsing.
    pub(crate) async fn find_schema(
        &self,
        subject: &Subject,
        submission: &Submission,
        deleted: Deleted,
        format: Format,
    ) -> Result<SubjectVersion, ApiError> {
        let mut connection = self.store.read().await?;
        let in_force = InForce::of(&mut connection, &Scope::Subject(subject.clone())).await?;
        let parsed = prepare(&mut connection, submission, in_force).await?;
        let found = registered(&mut connection, subject, &parsed, deleted).await?;
        let Some(found) = found else {
            require_subject(&mut connection, subject, deleted).await?;
            return Err(ApiError::SchemaNotRegistered);
        };
        let schema = formatted(&mut connection, found.schema, format).await?;
        Ok(SubjectVersion { schema, ..found })
    }
}

/// Parses a submission under the settings in force.
pub(super) async fn prepare(
    connection: &mut Connection,
    submission: &Submission,
    in_force: InForce,
) -> Result<ParsedSchema, ApiError> {
    if submission.schema.trim().is_empty() {
        return Err(ApiError::EmptySchema);
    }
    let (references, imports) = references::resolve(connection, &submission.references).await?;
    let normalize = submission.normalize || in_force.normalize;
    let form = if normalize { Form::Normalized } else { Form::Registered };
    let text = submission.schema.clone();
    compute(move || parse::parse(&text, references, &imports, form)).await
}

/// The version of a subject that holds a schema: the same text and references, or, for a schema
/// sent with its references put in, the same meaning.
pub(super) async fn registered(
    connection: &mut Connection,
    subject: &Subject,
    parsed: &ParsedSchema,
    deleted: Deleted,
) -> Result<Option<SubjectVersion>, ApiError> {
    let found =
        SubjectVersion::with_identity(connection, subject, &parsed.identity, deleted).await?;
    if found.is_some() || !parsed.references.is_empty() {
        return Ok(found);
    }
    let found =
        SubjectVersion::with_resolved(connection, subject, &parsed.resolved, deleted).await?;
    Ok(found.filter(|version| !version.schema.references.is_empty()))
}

/// A version, or why there is none.
pub(super) async fn find_version(
    connection: &mut Connection,
    subject: &Subject,
    version: VersionId,
    deleted: Deleted,
) -> Result<SubjectVersion, ApiError> {
    let found = match version {
        VersionId::Latest => SubjectVersion::latest(connection, subject.as_str()).await?,
        VersionId::Number(number) => {
            let found = SubjectVersion::find(connection, subject.as_str(), number).await?;
            found.filter(|version| !version.deleted || deleted != Deleted::Hidden)
        }
    };
    if let Some(found) = found {
        return Ok(found);
    }
    require_subject(connection, subject, deleted).await?;
    Err(ApiError::VersionNotFound(version))
}

/// Refuses a subject without versions.
pub(super) async fn require_subject(
    connection: &mut Connection,
    subject: &Subject,
    deleted: Deleted,
) -> Result<(), ApiError> {
    let counted = match deleted {
        Deleted::Hidden => Deleted::Hidden,
        Deleted::Included | Deleted::Only => Deleted::Included,
    };
    if SubjectVersion::numbers(connection, subject, counted).await?.is_empty() {
        return Err(ApiError::SubjectNotFound(subject.clone()));
    }
    Ok(())
}

async fn formatted(
    connection: &mut Connection,
    schema: StoredSchema,
    format: Format,
) -> Result<StoredSchema, ApiError> {
    if format == Format::Stored || schema.references.is_empty() {
        return Ok(schema);
    }
    let imports = references::imports(connection, &schema.references).await?;
    compute(move || {
        let tree = parse::parse_schema(&schema.text, &imports)?.to_json();
        let text = canonical(&tree, std::collections::HashSet::new(), Form::Registered).to_string();
        Ok(StoredSchema { text, ..schema })
    })
    .await
}
