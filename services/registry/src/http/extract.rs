//! Paths, queries and bodies, refused in the API's own words.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::registry::{Format, RequestedReference, RequestedVersion, Submission};
use crate::store::Deleted;
use crate::subject::{Subject, VersionId};

/// A part of the path, percent-decoded.
pub(super) struct PathPart<T>(pub(super) T);

impl<T, S> FromRequestParts<S> for PathPart<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(part)) => Ok(Self(part)),
            Err(_) => Err(ApiError::MalformedPath),
        }
    }
}

/// The id of a path. Confluent's registry has no resource at anything that is not an integer.
pub(super) fn schema_id(text: &str) -> Result<i32, ApiError> {
    text.parse().map_err(|_| ApiError::NoSuchPath)
}

/// The query. A flag is set by `true` in any case, as JAX-RS reads it; unknown names are left alone.
#[derive(Debug)]
pub(super) struct Params(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(pairs)) => Ok(Self(pairs)),
            Err(rejection) => Err(ApiError::MalformedBody(rejection.body_text())),
        }
    }
}

impl Params {
    /// The value of a name; nothing when it is absent or empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let pair = self.0.iter().find(|(key, _)| key == name);
        pair.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// Whether a flag is set.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.text(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Which versions count: `deletedOnly` before `deleted`.
    pub(super) fn deleted(&self) -> Deleted {
        if self.flag("deletedOnly") {
            Deleted::Only
        } else if self.flag("deleted") {
            Deleted::Included
        } else {
            Deleted::Hidden
        }
    }

    /// How schemas are written. Unknown formats are the stored one, as in Confluent's registry.
    pub(super) fn format(&self) -> Format {
        match self.text("format") {
            Some(format) if format.eq_ignore_ascii_case("resolved") => Format::Resolved,
            Some(_) | None => Format::Stored,
        }
    }

    /// The part of a list that `offset` (from 0) and `limit` (all when negative or absent) ask for.
    pub(super) fn page<T>(&self, items: Vec<T>) -> Result<Vec<T>, ApiError> {
        let offset = usize::try_from(self.integer("offset", 0)?).unwrap_or(0);
        let limit = usize::try_from(self.integer("limit", -1)?).unwrap_or(usize::MAX);
        Ok(items.into_iter().skip(offset).take(limit).collect())
    }

    fn integer(&self, name: &'static str, default: i64) -> Result<i64, ApiError> {
        self.text(name).map_or(Ok(default), |value| {
            value.parse().map_err(|_| ApiError::MalformedQuery { name, value: value.to_owned() })
        })
    }
}

/// A JSON body, at most [`crate::error::MAX_BODY_BYTES`] long.
pub(super) struct Body<T>(pub(super) T);

impl<T, S> FromRequest<S> for Body<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| {
            if rejection.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
                ApiError::BodyTooLarge
            } else {
                ApiError::MalformedBody(rejection.body_text())
            }
        })?;
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|error| ApiError::MalformedBody(error.to_string()))
    }
}

/// A schema in the body of a request.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NewSchema)]
pub(super) struct SchemaBody {
    /// The schema's text.
    #[schema(required = true, nullable = false, example = "\"string\"")]
    schema: Option<String>,
    /// `AVRO`, also where it is absent.
    schema_type: Option<String>,
    /// What the schema takes from other subjects.
    references: Option<Vec<ReferenceBody>>,
    /// The id to give it, in import mode.
    id: Option<i32>,
    /// The version to give it: the next one (-1: or the latest, if it is this schema), or any in import mode.
    version: Option<i32>,
    #[schema(ignore)]
    metadata: Option<serde_json::Value>,
    #[schema(ignore)]
    rule_set: Option<serde_json::Value>,
    #[schema(ignore)]
    schema_tags_to_add: Option<serde_json::Value>,
    #[schema(ignore)]
    schema_tags_to_remove: Option<serde_json::Value>,
    #[schema(ignore)]
    propagate_schema_tags: Option<bool>,
}

/// A schema of another subject.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewReference)]
struct ReferenceBody {
    /// The full name of the type, as the referring schema writes it.
    #[schema(required = true, nullable = false)]
    name: Option<String>,
    /// Where it is registered.
    #[schema(required = true, nullable = false)]
    subject: Option<String>,
    /// Its version there; -1 for the latest.
    #[schema(required = true, nullable = false)]
    version: Option<i32>,
}

impl SchemaBody {
    /// The id that an import gives; a negative one is none.
    pub(super) fn id(&self) -> Option<i32> {
        self.id.filter(|id| *id >= 0)
    }

    /// The version that the request asks for.
    pub(super) fn version(&self) -> Result<RequestedVersion, ApiError> {
        match self.version {
            None | Some(0) => Ok(RequestedVersion::Any),
            Some(-1) => Ok(RequestedVersion::Latest),
            Some(number) if number > 0 => Ok(RequestedVersion::Number(number)),
            Some(number) => Err(ApiError::InvalidVersion(number.to_string())),
        }
    }

    /// The schema, when it is one that this registry can keep.
    ///
    /// # Errors
    /// [`ApiError::SchemaTypeUnsupported`], [`ApiError::SchemaTypeUnknown`],
    /// [`ApiError::Unsupported`] for metadata, rule sets and tags, [`ApiError::InvalidSchema`] for
    /// an incomplete reference.
    pub(super) fn submission(self, params: &Params) -> Result<Submission, ApiError> {
        match self.schema_type.as_deref() {
            None | Some("" | "AVRO") => {}
            Some(kind @ ("JSON" | "PROTOBUF")) => {
                return Err(ApiError::SchemaTypeUnsupported(kind.to_owned()));
            }
            Some(kind) => return Err(ApiError::SchemaTypeUnknown(kind.to_owned())),
        }
        let tags =
            "tags are metadata, which is not supported; keep them as attributes in the schema";
        let rules =
            "rules run in Confluent's clients, which must not trust a registry that drops them";
        for (name, value, why) in [
            ("metadata", &self.metadata, "keep it as attributes in the schema"),
            ("ruleSet", &self.rule_set, rules),
            ("schemaTagsToAdd", &self.schema_tags_to_add, tags),
            ("schemaTagsToRemove", &self.schema_tags_to_remove, tags),
        ] {
            if value.as_ref().is_some_and(|value| !is_nothing(value)) {
                return Err(ApiError::Unsupported(name.to_owned(), why));
            }
        }
        if self.propagate_schema_tags == Some(true) {
            return Err(ApiError::Unsupported("propagateSchemaTags".to_owned(), tags));
        }
        let references = self.references.unwrap_or_default();
        let references =
            references.into_iter().map(ReferenceBody::reference).collect::<Result<_, _>>()?;
        Ok(Submission {
            schema: self.schema.ok_or(ApiError::EmptySchema)?,
            references,
            normalize: params.flag("normalize"),
        })
    }
}

impl ReferenceBody {
    fn reference(self) -> Result<RequestedReference, ApiError> {
        let (Some(name), Some(subject), Some(version)) = (self.name, self.subject, self.version)
        else {
            let message = "expected `name`, `subject` and `version` in each of `references`";
            return Err(ApiError::InvalidSchema(message.to_owned()));
        };
        let subject = Subject::parse(&subject)?;
        Ok(RequestedReference { name, subject, version: VersionId::parse(&version.to_string())? })
    }
}

/// Whether a value says nothing: clients send such for what they do not use.
fn is_nothing(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::Null => true,
        serde_json::Value::Array(items) => items.is_empty(),
        serde_json::Value::Object(members) => members.values().all(is_nothing),
        serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::String(_) => false,
    }
}
