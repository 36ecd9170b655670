//! What answers hold.

use serde::Serialize;
use utoipa::ToSchema;

use crate::settings::{Config, Level, LevelName};
use crate::store::{Reference, StoredSchema, SubjectVersion};

/// The one schema type there is.
pub(super) const AVRO: &str = "AVRO";

/// A version of a subject, or what was registered.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Version)]
pub(super) struct VersionAnswer {
    /// The subject.
    subject: String,
    /// The schema's id, the same in all subjects.
    #[schema(minimum = 0)]
    id: i32,
    /// The version in the subject.
    #[schema(minimum = 1)]
    version: i32,
    /// `AVRO`.
    schema_type: &'static str,
    /// What the schema takes from other subjects.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    references: Vec<Reference>,
    /// The schema's text.
    schema: String,
    /// There, and true, where the version was deleted softly.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
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
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Schema)]
pub(super) struct SchemaAnswer<'a> {
    /// `AVRO`.
    schema_type: &'static str,
    /// The schema's text.
    schema: &'a str,
    /// What the schema takes from other subjects.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(value_type = Vec<Reference>, required = false)]
    references: &'a [Reference],
    /// The highest id there is, where `fetchMaxId` asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
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
#[derive(Serialize, ToSchema)]
#[schema(as = SubjectVersion)]
pub(super) struct PlaceAnswer {
    /// The subject.
    pub(super) subject: String,
    /// Its version.
    pub(super) version: i32,
}

/// Settings as a change names them.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ChangedConfig)]
pub(super) struct ChangedConfigAnswer {
    /// The subject that requests for this one are answered from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    alias: Option<String>,
    /// Whether schemas are normalised before they are compared and stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    normalize: Option<bool>,
    /// Whether reserved field names are refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    validate_fields: Option<bool>,
    /// The compatibility level.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<LevelName>, nullable = false)]
    compatibility: Option<&'static str>,
}

impl From<Config> for ChangedConfigAnswer {
    fn from(config: Config) -> Self {
        let Config { level, normalize, validate_fields, alias } = config;
        Self { alias, normalize, validate_fields, compatibility: level.map(Level::as_str) }
    }
}

/// Settings as a read names them.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Config)]
pub(super) struct ConfigAnswer {
    /// The subject that requests for this one are answered from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    alias: Option<String>,
    /// Whether schemas are normalised before they are compared and stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    normalize: Option<bool>,
    /// Whether reserved field names are refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    validate_fields: Option<bool>,
    /// The compatibility level.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<LevelName>, nullable = false)]
    compatibility_level: Option<&'static str>,
}

impl From<Config> for ConfigAnswer {
    fn from(config: Config) -> Self {
        let Config { level, normalize, validate_fields, alias } = config;
        Self { alias, normalize, validate_fields, compatibility_level: level.map(Level::as_str) }
    }
}
