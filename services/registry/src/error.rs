//! What the API answers when it cannot do what was asked: Confluent's codes, and its messages
//! where it has one.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::settings::Level;
use crate::store::StoreError;
use crate::subject::{Subject, VersionId};

/// The largest request body, in bytes: a schema of this size is a mistake, not a contract.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;

/// A refusal. Its text is the `message` of the answer, its [`code`](Self::code) the `error_code`.
///
/// The first three digits of a code are the HTTP status.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ApiError {
    #[error("HTTP 404 Not Found")]
    NoSuchPath,
    /// A route of Confluent's registry that stands for something this one does not have. 404, by
    /// which clients know a registry without it: `confluent-kafka` asks for associations first and
    /// goes on without.
    #[error("HTTP 404 Not Found: {0} are not supported by this registry; {1}")]
    UnsupportedRoute(&'static str, &'static str),
    #[error("HTTP 405 Method Not Allowed")]
    MethodNotAllowed,
    #[error(
        "HTTP 406 Not Acceptable: the answer is `application/vnd.schemaregistry.v1+json`, `application/vnd.schemaregistry+json` or `application/json`"
    )]
    NotAcceptable,
    #[error(
        "HTTP 415 Unsupported Media Type: found `{0}`, expected `application/vnd.schemaregistry.v1+json`, `application/vnd.schemaregistry+json`, `application/json` or `application/octet-stream`"
    )]
    UnsupportedMediaType(String),
    #[error("the request body is not what this route expects: {0}")]
    MalformedBody(String),
    #[error("query parameter `{name}` is `{value}`, expected an integer")]
    MalformedQuery { name: &'static str, value: String },
    #[error("the path holds percent-encoded bytes that are not UTF-8")]
    MalformedPath,

    #[error(
        "Unauthorized: expected an API key, its name as the user and its secret as the password"
    )]
    Unauthorized,
    #[error("Forbidden: the key's role is `{0}`, which does not allow this")]
    Forbidden(String),

    #[error("Subject '{0}' not found.")]
    SubjectNotFound(Subject),
    #[error("Version {0} not found.")]
    VersionNotFound(VersionId),
    #[error("Schema {0} not found")]
    SchemaNotFound(i32),
    #[error("Schema not found")]
    SchemaNotRegistered,
    #[error("Subject '{0}' was soft deleted. Set permanent=true to delete permanently")]
    SubjectSoftDeleted(Subject),
    #[error("Subject '{0}' was not deleted first before being permanently deleted")]
    SubjectNotSoftDeleted(Subject),
    #[error(
        "Subject '{subject}' Version {version} was soft deleted. Set permanent=true to delete permanently"
    )]
    VersionSoftDeleted { subject: Subject, version: i32 },
    #[error(
        "Subject '{subject}' Version {version} was not deleted first before being permanently deleted"
    )]
    VersionNotSoftDeleted { subject: Subject, version: i32 },
    #[error("Subject '{0}' does not have subject-level compatibility configured")]
    LevelNotConfigured(Subject),
    #[error("Subject '{0}' does not have subject-level mode configured")]
    ModeNotConfigured(Subject),

    #[error(
        "Schema being registered is incompatible with an earlier schema for subject \"{subject}\" under {level}, details: [{}]",
        details.join(", ")
    )]
    Incompatible { subject: Subject, level: Level, details: Vec<String> },

    #[error("Invalid schema: expected a schema in `schema`, found none")]
    EmptySchema,
    #[error("Invalid schema of type AVRO, details: {0}")]
    InvalidSchema(String),
    #[error(
        "schema type `{0}` is not stored here: this registry keeps AVRO only; register it with a registry that has a provider for `{0}`"
    )]
    SchemaTypeUnsupported(String),
    #[error("Invalid schema type {0}, expected AVRO (in capitals)")]
    SchemaTypeUnknown(String),
    #[error(
        "Invalid schema of type AVRO, details: No schema reference found for subject \"{subject}\" and version {version}"
    )]
    ReferenceNotFound { subject: String, version: i32 },
    #[error(
        "Invalid schema of type AVRO, details: references reach more than {0} schemas, expected fewer"
    )]
    TooManyReferences(usize),
    #[error("Invalid schema of type AVRO, details: {0}")]
    TooComplex(#[from] charter_avro::compat::TooComplex),
    #[error("Version is not one more than previous version: found {found}, expected {expected}")]
    VersionNotNext { found: i32, expected: i32 },
    #[error(
        "The specified version '{0}' is not a valid version id. Allowed values are between [1, 2^31-1] and the string \"latest\""
    )]
    InvalidVersion(String),
    #[error(
        "Invalid compatibility level. Valid values are none, backward, forward, full, backward_transitive, forward_transitive, and full_transitive"
    )]
    InvalidLevel,
    #[error("Invalid mode. Valid values are READWRITE, READONLY, READONLY_OVERRIDE and IMPORT")]
    InvalidMode,
    #[error("{0} is in read-only mode")]
    ReadOnly(String),
    #[error("Subject {0} is not in import mode, so the request may not choose the schema id")]
    NotImport(Subject),
    #[error("Subject {0} is not in read-write mode: in import mode the request gives the `id`")]
    NotReadWrite(Subject),
    #[error(
        "Overwrite new schema with id {0} is not permitted: the id belongs to another schema, or did before that was deleted"
    )]
    IdTaken(i32),
    #[error(
        "Overwriting version {version} of subject {subject} is not permitted: it holds another schema"
    )]
    VersionTaken { subject: Subject, version: i32 },
    #[error("Cannot import since found existing subjects; use `force=true` to import beside them")]
    SubjectsExist,
    #[error("`{0}` is not supported by this registry: {1}")]
    Unsupported(String, &'static str),
    #[error(
        "One or more references exist to the schema {{magic=1,keytype=SCHEMA,subject={subject},version={version}}}."
    )]
    ReferenceExists { subject: Subject, version: i32 },
    #[error("The specified subject '{0}' is not a valid subject.")]
    InvalidSubject(String),
    #[error(
        "The specified subject '{0}' is not a valid subject: contexts are not supported by this registry, which has the default context only"
    )]
    ContextUnsupported(String),
    #[error("the request body is larger than {MAX_BODY_BYTES} bytes")]
    BodyTooLarge,

    #[error("Error in the backend data store: {0}")]
    Store(#[from] StoreError),
    #[error("the request took longer than {0} s")]
    TimedOut(u64),
    #[error("{0} requests are in hand already: try again in a moment")]
    Overloaded(usize),
    #[error("HTTP 500 Internal Server Error")]
    Internal,
}

impl ApiError {
    /// Confluent's `error_code`, or the HTTP status where there is no finer code.
    pub(crate) fn code(&self) -> u32 {
        match self {
            Self::MalformedBody(_) | Self::MalformedQuery { .. } | Self::MalformedPath => 400,
            Self::NoSuchPath | Self::UnsupportedRoute(..) => 404,
            Self::MethodNotAllowed => 405,
            Self::NotAcceptable => 406,
            Self::UnsupportedMediaType(_) => 415,
            Self::Unauthorized => 40101,
            Self::Forbidden(_) => 40301,
            Self::SubjectNotFound(_) => 40401,
            Self::VersionNotFound(_) => 40402,
            Self::SchemaNotFound(_) | Self::SchemaNotRegistered => 40403,
            Self::SubjectSoftDeleted(_) => 40404,
            Self::SubjectNotSoftDeleted(_) => 40405,
            Self::VersionSoftDeleted { .. } => 40406,
            Self::VersionNotSoftDeleted { .. } => 40407,
            Self::LevelNotConfigured(_) => 40408,
            Self::ModeNotConfigured(_) => 40409,
            Self::Incompatible { .. } => 409,
            Self::EmptySchema
            | Self::InvalidSchema(_)
            | Self::SchemaTypeUnsupported(_)
            | Self::SchemaTypeUnknown(_)
            | Self::ReferenceNotFound { .. }
            | Self::TooManyReferences(_)
            | Self::TooComplex(_)
            | Self::VersionNotNext { .. } => 42201,
            Self::InvalidVersion(_) => 42202,
            Self::InvalidLevel => 42203,
            Self::InvalidMode => 42204,
            Self::ReadOnly(_)
            | Self::NotImport(_)
            | Self::NotReadWrite(_)
            | Self::IdTaken(_)
            | Self::VersionTaken { .. }
            | Self::SubjectsExist
            | Self::Unsupported(..) => 42205,
            Self::ReferenceExists { .. } => 42206,
            Self::InvalidSubject(_) | Self::ContextUnsupported(_) => 42208,
            Self::BodyTooLarge => 42209,
            Self::Store(StoreError::Busy | StoreError::Silent(_) | StoreError::Waiting { .. })
            | Self::TimedOut(_) => 50002,
            Self::Store(_) => 50001,
            Self::Overloaded(_) => 503,
            Self::Internal => 500,
        }
    }

    /// The HTTP status: the first three digits of the code.
    pub(crate) fn status(&self) -> StatusCode {
        let code = self.code();
        let status = if code >= 10_000 { code / 100 } else { code };
        u16::try_from(status)
            .ok()
            .and_then(|status| StatusCode::from_u16(status).ok())
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl From<sqlx::Error> for ApiError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// The body of every answer that is not a success.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub(crate) struct ErrorMessage {
    /// Confluent's code, whose first three digits are the HTTP status; or the HTTP status itself.
    #[schema(value_type = i32, example = 40401)]
    error_code: u32,
    /// What is wrong, and what to do.
    #[schema(example = "Subject 'orders-value' not found.")]
    message: String,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = self.status();
        if status.is_server_error() {
            tracing::error!(error = &self as &dyn std::error::Error, "request failed");
        }
        let body = ErrorMessage { error_code: self.code(), message: self.to_string() };
        (status, Json(body)).into_response()
    }
}
