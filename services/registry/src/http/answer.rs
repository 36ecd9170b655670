//! What answers hold.

use serde::Serialize;

use crate::settings::{Config, Level};
use crate::store::{Reference, StoredSchema, SubjectVersion};

/// The one schema type there is.
pub(super) const AVRO: &str = "AVRO";

/// A version of a subject, or what was registered.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VersionAnswer {
    subject: String,
    id: i32,
    version: i32,
    schema_type: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    references: Vec<Reference>,
    schema: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    deleted: bool,
}

impl From<SubjectVersion> for VersionAnswer {
    fn from(version: SubjectVersion) -> Self {
        let StoredSchema { id, text, references } = version.schema;
        Self {
            subject: version.subject,
            id,
            version: version.version,
            schema_type: AVRO,
            references,
            schema: text,
            deleted: version.deleted,
        }
    }
}

/// A schema by its id.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SchemaAnswer<'a> {
    schema_type: &'static str,
    schema: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    references: &'a [Reference],
    #[serde(skip_serializing_if = "Option::is_none")]
    max_id: Option<i32>,
}

impl<'a> SchemaAnswer<'a> {
    /// The answer for a schema, with the highest id there is where it was asked for.
    pub(super) fn new(schema: &'a StoredSchema, max_id: Option<i32>) -> Self {
        let StoredSchema { text, references, .. } = schema;
        Self { schema_type: AVRO, schema: text, references, max_id }
    }
}

/// Where an id is used.
#[derive(Serialize)]
pub(super) struct PlaceAnswer {
    /// The subject.
    pub(super) subject: String,
    /// Its version.
    pub(super) version: i32,
}

/// Settings as a change names them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChangedConfigAnswer {
    #[serde(skip_serializing_if = "Option::is_none")]
    alias: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    normalize: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    validate_fields: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compatibility: Option<&'static str>,
}

impl From<Config> for ChangedConfigAnswer {
    fn from(config: Config) -> Self {
        let Config { level, normalize, validate_fields, alias } = config;
        Self { alias, normalize, validate_fields, compatibility: level.map(Level::as_str) }
    }
}

/// Settings as a read names them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConfigAnswer {
    #[serde(skip_serializing_if = "Option::is_none")]
    alias: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    normalize: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    validate_fields: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compatibility_level: Option<&'static str>,
}

impl From<Config> for ConfigAnswer {
    fn from(config: Config) -> Self {
        let Config { level, normalize, validate_fields, alias } = config;
        Self { alias, normalize, validate_fields, compatibility_level: level.map(Level::as_str) }
    }
}
