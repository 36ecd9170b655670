//! The API as an OpenAPI document, at `/openapi.json`: what `utoipa` gathers from the routes, with what it has no words
//! for put in.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::{Map, Value, json};
use utoipa::openapi::OpenApi as Document;
use utoipa::{IntoParams, IntoResponses, OpenApi};

use super::negotiate::{CONSUMED, PRODUCED};
use crate::error::ErrorMessage;

/// What the document says of the whole.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Schema registry",
        description = "A schema registry for Avro with the REST API of Confluent's Schema Registry. What that one has beside \
            (JSON Schema, Protobuf, contexts, metadata, rule sets, associations) is refused with an error that says so.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags(
        (name = "Schemas", description = "Schemas by their ids."),
        (name = "Subjects", description = "Subjects and their versions."),
        (name = "Compatibility", description = "Whether a schema may be registered."),
        (name = "Config", description = "Compatibility levels and other settings, of the registry and of subjects."),
        (name = "Mode", description = "What may be written, in the registry and in subjects."),
        (name = "Server", description = "What the server says of itself."),
    ),
    security((), ("basic" = []), ("bearer" = [])),
    components(schemas(ErrorMessage)),
)]
pub(super) struct Frame;

/// A subject of the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "the shape of a path, for the document")]
pub(super) struct SubjectPath {
    /// The subject; or an alias for it.
    #[param(example = "orders-value")]
    subject: String,
}

/// A version of the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "the shape of a path, for the document")]
pub(super) struct VersionPath {
    /// A number from 1 on, or `latest` or `-1` for the highest that is not deleted.
    #[param(example = "latest")]
    version: String,
}

/// An id of the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "the shape of a path, for the document")]
pub(super) struct IdPath {
    /// The schema's id.
    #[param(example = 1)]
    id: i32,
}

/// Which part of a list is asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the shape of a query, for the document")]
pub(super) struct PageQuery {
    /// How many to leave out at the beginning.
    #[param(required = false)]
    offset: i64,
    /// How many to give; all where it is negative or absent.
    #[param(required = false)]
    limit: i64,
}

/// Which versions count.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "the shape of a query, for the document")]
pub(super) struct DeletedQuery {
    /// Also what was deleted softly.
    #[param(required = false)]
    deleted: bool,
    /// Only what was deleted softly.
    #[param(required = false)]
    deleted_only: bool,
}

/// Which subjects count.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "the shape of a query, for the document")]
pub(super) struct PrefixQuery {
    /// Only subjects that begin so; `:*:` stands for all of them.
    #[param(required = false)]
    subject_prefix: String,
}

/// Which versions of a subject are listed.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "the shape of a query, for the document")]
pub(super) struct LatestQuery {
    /// Only the latest of each subject.
    #[param(required = false)]
    latest_only: bool,
}

/// How versions that were deleted are shown.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "the shape of a query, for the document")]
pub(super) struct SignQuery {
    /// Also what was deleted softly, with its sign turned.
    #[param(required = false)]
    deleted_as_negative: bool,
}

/// What else is told of a schema.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "the shape of a query, for the document")]
pub(super) struct IdQuery {
    /// Also the highest id there is.
    #[param(required = false)]
    fetch_max_id: bool,
    /// A subject that has the schema; it is checked to be a subject's name, since there is one context.
    #[param(required = false)]
    subject: String,
}

/// How schemas are written.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the shape of a query, for the document")]
pub(super) struct FormatQuery {
    /// `resolved`: with the schemas that it references put in.
    #[param(required = false)]
    format: String,
}

/// Whether schemas are compared in their normalised form.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the shape of a query, for the document")]
pub(super) struct NormalizeQuery {
    /// Order of attributes and aliases, empty docs and a scale of 0 make no difference.
    #[param(required = false)]
    normalize: bool,
}

/// How much is told.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the shape of a query, for the document")]
pub(super) struct VerboseQuery {
    /// Also every reason against the schema.
    #[param(required = false)]
    verbose: bool,
}

/// How a deletion is meant.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the shape of a query, for the document")]
pub(super) struct PermanentQuery {
    /// For good, what was deleted softly before.
    #[param(required = false)]
    permanent: bool,
}

/// Whether a mode is set against a safeguard.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the shape of a query, for the document")]
pub(super) struct ForceQuery {
    /// Import beside the subjects that are there.
    #[param(required = false)]
    force: bool,
}

/// Where settings come from.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "the shape of a query, for the document")]
pub(super) struct InheritanceQuery {
    /// Where the subject has none of its own, those of the registry.
    #[param(required = false)]
    default_to_global: bool,
}

/// What every route may answer beside what its operation says.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "the shape of answers, for the document")]
pub(super) enum Failures {
    /// Refused: `error_code` and `message` say why. A route that isn't there (404), a content type that isn't spoken (406,
    /// 415), no key (40101) or one that doesn't allow it (40301).
    #[response(status = "4XX")]
    Refused(ErrorMessage),
    /// The database is away or full (50001, 50002), too much is in hand (503), or the request took too long (50002).
    #[response(status = "5XX")]
    Failed(ErrorMessage),
}

/// What is served at `/openapi.json`, made once for each router.
pub(super) fn rendered(document: &Document) -> Bytes {
    let mut value = serde_json::to_value(document).expect("a document is JSON");
    let info = &mut value["info"];
    info["version"] = env!("CARGO_PKG_VERSION").into();
    value["components"]["securitySchemes"] = json!({
        "basic": { "type": "http", "scheme": "basic", "description": "Name and secret of an API key." },
        "bearer": { "type": "http", "scheme": "bearer", "description": "`NAME:SECRET` of an API key." },
    });
    for operation in operations(&mut value) {
        if let Some(content) = operation.pointer_mut("/requestBody/content") {
            speak(content, &CONSUMED);
        }
        let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
        for response in responses.into_iter().flat_map(Map::values_mut) {
            if let Some(content) = response.get_mut("content") {
                speak(content, &PRODUCED);
            }
        }
    }
    serde_json::to_vec(&value).expect("a document is JSON").into()
}

/// The operations of the API: health and metrics don't speak its types.
fn operations(document: &mut Value) -> impl Iterator<Item = &mut Value> {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    paths
        .into_iter()
        .flatten()
        .filter(|(path, _)| !path.starts_with("/health/") && *path != "/metrics")
        .map(|(_, item)| item)
        .filter_map(Value::as_object_mut)
        .flat_map(Map::values_mut)
}

/// The same body in each of the types that are spoken.
fn speak(content: &mut Value, types: &[&str]) {
    if let Some(body) = content.get("application/json").cloned() {
        let bodies = types.iter().map(|name| ((*name).to_owned(), body.clone()));
        *content = bodies.collect::<Map<_, _>>().into();
    }
}

/// `GET /openapi.json`.
pub(super) fn answer(document: &Bytes) -> Response {
    let cache = (header::CACHE_CONTROL, "no-cache");
    ([(header::CONTENT_TYPE, "application/json"), cache], document.clone()).into_response()
}
