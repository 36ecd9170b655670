//! From the text of a request to a schema that can be compared and stored.

use std::collections::HashSet;

use charter_avro::schema::Schema;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::canonical::{Form, canonical, collect_names};
use crate::error::ApiError;
use crate::store::Reference;

/// A schema with everything that is known of it before it has an id.
#[derive(Clone, Debug)]
pub(crate) struct ParsedSchema {
    /// The tree that compatibility is judged on.
    pub(crate) schema: Schema,
    /// Canonical text.
    pub(crate) text: String,
    /// What it takes from other subjects.
    pub(crate) references: Vec<Reference>,
    /// SHA-256 of text and references: equal for schemas that share an id.
    pub(crate) identity: [u8; 32],
    /// SHA-256 of the self-contained, normalised form: equal for schemas that say the same.
    pub(crate) resolved: [u8; 32],
}

/// Parses a schema. `imports` are the texts of all schemas that `references` reach.
///
/// # Errors
/// [`ApiError::InvalidSchema`] with every problem and its line and column.
pub(crate) fn parse(
    text: &str,
    mut references: Vec<Reference>,
    imports: &[String],
    form: Form,
) -> Result<ParsedSchema, ApiError> {
    let schema = parse_schema(text, imports)?;
    let invalid = |error: serde_json::Error| ApiError::InvalidSchema(error.to_string());
    let value: Value = serde_json::from_str(text).map_err(invalid)?;
    let mut known = HashSet::new();
    for import in imports {
        collect_names(&serde_json::from_str(import).map_err(invalid)?, &mut known);
    }
    if form == Form::Normalized {
        references.sort();
        references.dedup();
    }
    let text = canonical(&value, known, form).to_string();
    let resolved = canonical(&schema.to_json(), HashSet::new(), Form::Normalized).to_string();
    let mut identity = Sha256::new();
    identity.update(&text);
    for reference in &references {
        // NUL is in no name, so two lists never read as one.
        identity.update([0]);
        identity.update(&reference.name);
        identity.update([0]);
        identity.update(&reference.subject);
        identity.update([0]);
        identity.update(reference.version.to_be_bytes());
    }
    Ok(ParsedSchema {
        schema,
        text,
        references,
        identity: identity.finalize().into(),
        resolved: Sha256::digest(&resolved).into(),
    })
}

/// Parses a schema for its tree only.
///
/// # Errors
/// As [`parse`].
pub(crate) fn parse_schema(text: &str, imports: &[String]) -> Result<Schema, ApiError> {
    let imports: Vec<&str> = imports.iter().map(String::as_str).collect();
    Schema::parse_with_references(text, &imports)
        .map_err(|errors| ApiError::InvalidSchema(errors.to_string()))
}
