//! From references between subjects to the schemas they mean.

use std::collections::HashSet;

use crate::error::ApiError;
use crate::store::{Connection, Reference, SubjectVersion};
use crate::subject::{Subject, VersionId};

/// The most schemas that one schema may reach through references: more is a mistake, and each is
/// parsed again when a version is compared.
const MAX_IMPORTS: usize = 1_000;

/// A reference as a request gives it: the version may be the latest.
#[derive(Clone, Debug)]
pub(crate) struct RequestedReference {
    /// The full name of the type.
    pub(crate) name: String,
    /// Where it is registered.
    pub(crate) subject: Subject,
    /// Its version there.
    pub(crate) version: VersionId,
}

/// Fixes the version of each reference and loads the texts of everything they reach.
///
/// Soft-deleted versions count: what was registered against them must stay readable.
///
/// # Errors
/// [`ApiError::ReferenceNotFound`] for a version there is none of.
pub(super) async fn resolve(
    connection: &mut Connection,
    requested: &[RequestedReference],
) -> Result<(Vec<Reference>, Vec<String>), ApiError> {
    let mut references = Vec::with_capacity(requested.len());
    for RequestedReference { name, subject, version } in requested {
        let found = match version {
            VersionId::Latest => SubjectVersion::latest(connection, subject.as_str()).await?,
            VersionId::Number(number) => {
                SubjectVersion::find(connection, subject.as_str(), *number).await?
            }
        };
        let Some(found) = found else {
            let version = match version {
                VersionId::Latest => -1,
                VersionId::Number(number) => *number,
            };
            return Err(ApiError::ReferenceNotFound { subject: subject.to_string(), version });
        };
        references.push(Reference {
            name: name.clone(),
            subject: subject.as_str().to_owned(),
            version: found.version,
        });
    }
    let imports = imports(connection, &references).await?;
    Ok((references, imports))
}

/// The texts of everything that references reach, each once. Of two references that define a name
/// the first one counts.
///
/// # Errors
/// [`ApiError::ReferenceNotFound`], [`ApiError::TooManyReferences`].
pub(super) async fn imports(
    connection: &mut Connection,
    references: &[Reference],
) -> Result<Vec<String>, ApiError> {
    let mut seen_versions = HashSet::new();
    let mut seen_names = HashSet::new();
    let mut waiting: Vec<Reference> = references.iter().rev().cloned().collect();
    let mut texts = Vec::new();
    while let Some(reference) = waiting.pop() {
        let is_new = seen_versions.insert((reference.subject.clone(), reference.version));
        if !is_new || !seen_names.insert(reference.name.clone()) {
            continue;
        }
        if texts.len() == MAX_IMPORTS {
            return Err(ApiError::TooManyReferences(MAX_IMPORTS));
        }
        let found = SubjectVersion::find(connection, &reference.subject, reference.version).await?;
        let Some(found) = found else {
            let Reference { subject, version, .. } = reference;
            return Err(ApiError::ReferenceNotFound { subject, version });
        };
        waiting.extend(found.schema.references.into_iter().rev());
        texts.push(found.schema.text);
    }
    Ok(texts)
}
