//! The contract at run time: each operation's parameters and body compiled to validators, and the
//! routes that show the document.
//!
//! Validation is JSON Schema 2020-12, the dialect of OpenAPI 3.1 (section 4.8.24.1), by the `jsonschema`
//! crate; formats are asserted.

use std::collections::HashMap;

use axum::Router;
use axum::http::{HeaderName, header};
use axum::routing::get;
use charter_domain::{Date, Timestamp};
use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use serde_json::{Value, json as value};

use crate::json;
use crate::operation::Operation;
use crate::problem::{MAX_VIOLATIONS, Violation};

/// The longest text of one violation, in characters: a violation may quote the value it is about.
const MAX_DETAIL: usize = 300;

/// The contract's OpenAPI document, ready to validate.
#[derive(Debug)]
pub struct Document {
    operations: HashMap<String, OperationSchema>,
}

/// What the document says of one operation's input.
#[derive(Debug)]
pub(crate) struct OperationSchema {
    pub(crate) parameters: Vec<Parameter>,
    /// Headers that the contract bounds and no other part of the runtime reads as a whole.
    pub(crate) headers: Vec<(HeaderName, Parameter)>,
    pub(crate) body: Option<BodySchema>,
    /// Whether it takes no request without an `Idempotency-Key`.
    pub(crate) needs_key: bool,
    /// What it does with `If-Match`.
    pub(crate) if_match: IfMatch,
    /// The media types of its good answers.
    pub(crate) produces: Vec<String>,
}

/// What an operation does with `If-Match`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IfMatch {
    /// Its contract has no such header.
    None,
    Optional,
    Required,
}

/// One path, query or header parameter.
#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) required: bool,
    pub(crate) kind: ParameterKind,
    pub(crate) default: Option<Value>,
    validator: Validator,
}

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Path,
    Query,
    Header,
}

impl Place {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
        }
    }
}

/// How a parameter's text becomes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ParameterKind {
    Text,
    Number,
    Boolean,
}

/// The body that an operation takes.
#[derive(Debug)]
pub(crate) struct BodySchema {
    pub(crate) required: bool,
    pub(crate) media_types: Vec<String>,
    validator: Validator,
}

/// A document that can't be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// Not JSON.
    #[error("the contract's document should be JSON")]
    Json(#[from] serde_json::Error),
    /// An operation of the generated code is not in the document.
    #[error("the contract has no operation `{0}`; run `charter generate`")]
    UnknownOperation(String),
    /// A schema can't be compiled.
    #[error("the schema of {place} can't be used: {reason}")]
    Schema {
        /// Which.
        place: String,
        /// Why.
        reason: String,
    },
    /// A reference leads nowhere.
    #[error("`{0}` leads nowhere in the contract")]
    Reference(String),
}

impl Document {
    /// Compiles the parts of the OpenAPI document `json` that `operations` need.
    ///
    /// # Errors
    /// Where the document lacks an operation or holds a schema that is none.
    pub fn compile(json: &str, operations: &[&Operation]) -> Result<Self, DocumentError> {
        let mut root: Value = serde_json::from_str(json)?;
        bound_integers(&mut root);
        let compiled = operations
            .iter()
            .map(|operation| {
                let schema = OperationSchema::compile(&root, operation)?;
                Ok((operation.id.to_owned(), schema))
            })
            .collect::<Result<_, DocumentError>>()?;
        Ok(Self { operations: compiled })
    }

    pub(crate) fn operation(&self, id: &str) -> Option<&OperationSchema> {
        self.operations.get(id)
    }
}

/// `GET /openapi.json` and `GET /openapi.yaml`: the contract as its authors wrote it. `GET /asyncapi.json`: the messages
/// behind it.
pub fn routes<S: Clone + Send + Sync + 'static>(
    json: &'static str,
    yaml: &'static str,
    asyncapi: &'static str,
) -> Router<S> {
    let show = |media_type: &'static str, text: &'static str| {
        get(move || async move { ([(header::CONTENT_TYPE, media_type)], text) })
    };
    Router::new()
        .route("/openapi.json", show("application/json", json))
        .route("/openapi.yaml", show("application/yaml", yaml))
        .route("/asyncapi.json", show("application/vnd.aai.asyncapi+json;version=3.0.0", asyncapi))
}

impl OperationSchema {
    fn compile(root: &Value, operation: &Operation) -> Result<Self, DocumentError> {
        let unknown = || DocumentError::UnknownOperation(operation.id.to_owned());
        let item =
            root.get("paths").and_then(|paths| paths.get(operation.path)).ok_or_else(unknown)?;
        let found = item.get(operation.method.to_ascii_lowercase()).ok_or_else(unknown)?;

        let (mut parameters, mut headers) = (Vec::new(), Vec::new());
        let (mut needs_key, mut if_match) = (false, IfMatch::None);
        for list in [item.get("parameters"), found.get("parameters")].into_iter().flatten() {
            for parameter in list.as_array().into_iter().flatten() {
                let parameter = resolve(root, parameter)?;
                match header_parameter(parameter) {
                    Some(("idempotency-key", required)) => needs_key = required,
                    Some(("if-match", true)) => if_match = IfMatch::Required,
                    Some(("if-match", false)) => if_match = IfMatch::Optional,
                    Some(_) | None => {}
                }
                if let Some(parameter) = Parameter::compile(root, parameter, operation)? {
                    match parameter.place {
                        Place::Header => {
                            // A name that no header can have is never found.
                            let name = HeaderName::from_bytes(parameter.name.as_bytes());
                            headers.extend(name.ok().map(|name| (name, parameter)));
                        }
                        Place::Path | Place::Query => parameters.push(parameter),
                    }
                }
            }
        }
        let body = match found.get("requestBody") {
            Some(body) => Some(BodySchema::compile(root, resolve(root, body)?, operation)?),
            None => None,
        };
        let mut produces = Vec::new();
        for (status, response) in
            found.get("responses").and_then(Value::as_object).into_iter().flatten()
        {
            if status.starts_with('2') {
                let content = resolve(root, response)?.get("content").and_then(Value::as_object);
                produces.extend(content.into_iter().flat_map(|content| content.keys().cloned()));
            }
        }
        produces.sort_unstable();
        produces.dedup();
        Ok(Self { parameters, headers, body, needs_key, if_match, produces })
    }
}

/// Headers that are read, and refused, where their meaning is known: they are tokens of this API, or apply to every
/// operation. What HTTP itself says of a header (RFC 9110) no contract changes: OpenAPI 3.1 section 4.8.12.2.
const READ_ELSEWHERE: [&str; 6] = [
    "idempotency-key",
    "consistent-with",
    "x-correlation-id",
    "accept",
    "content-type",
    "authorization",
];

/// A header that the runtime heeds as the contract says, in lower case, and whether it is required.
fn header_parameter(parameter: &Value) -> Option<(&'static str, bool)> {
    let text = |key: &str| parameter.get(key).and_then(Value::as_str).unwrap_or_default();
    let known = ["idempotency-key", "if-match"];
    let name = known.into_iter().find(|known| known.eq_ignore_ascii_case(text("name")))?;
    let required = parameter.get("required").and_then(Value::as_bool) == Some(true);
    (text("in") == "header").then_some((name, required))
}

impl Parameter {
    fn compile(
        root: &Value,
        parameter: &Value,
        operation: &Operation,
    ) -> Result<Option<Self>, DocumentError> {
        let place = match parameter.get("in").and_then(Value::as_str) {
            Some("path") => Place::Path,
            Some("query") => Place::Query,
            Some("header") => Place::Header,
            _ => return Ok(None),
        };
        let name = parameter.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let is_read_elsewhere = READ_ELSEWHERE.iter().any(|read| read.eq_ignore_ascii_case(&name));
        if place == Place::Header && is_read_elsewhere {
            return Ok(None);
        }
        let schema = parameter.get("schema").cloned().unwrap_or_else(|| value!({}));
        let plain = resolve(root, &schema)?;
        let kind = match plain.get("type").and_then(Value::as_str) {
            Some("integer" | "number") => ParameterKind::Number,
            Some("boolean") => ParameterKind::Boolean,
            _ => ParameterKind::Text,
        };
        Ok(Some(Self {
            place,
            required: parameter.get("required").and_then(Value::as_bool).unwrap_or(false),
            kind,
            default: plain.get("default").cloned(),
            validator: validator(
                root,
                &schema,
                &format!("parameter `{name}` of `{}`", operation.id),
            )?,
            name,
        }))
    }

    /// Reads the parameter's text, and says where it breaks the contract.
    pub(crate) fn read(&self, text: &str, violations: &mut Vec<Violation>) -> Option<Value> {
        let value = match self.kind {
            ParameterKind::Text => Value::from(text),
            ParameterKind::Boolean => match text {
                "true" => Value::from(true),
                "false" => Value::from(false),
                _ => Value::from(text),
            },
            ParameterKind::Number => text
                .parse::<i64>()
                .map(Value::from)
                .or_else(|_| text.parse::<f64>().map(Value::from))
                .unwrap_or_else(|_| Value::from(text)),
        };
        let before = violations.len();
        if let Some(detail) = json::check_text(text) {
            violations.push(Violation::of_parameter(self.place.name(), &self.name, detail));
        }
        if !self.validator.is_valid(&value) {
            for error in self.validator.iter_errors(&value) {
                violations.push(Violation::of_parameter(
                    self.place.name(),
                    &self.name,
                    detail_of(&error),
                ));
            }
        }
        (violations.len() == before).then_some(value)
    }
}

impl BodySchema {
    fn compile(root: &Value, body: &Value, operation: &Operation) -> Result<Self, DocumentError> {
        let content = body.get("content").and_then(Value::as_object);
        let media_types: Vec<String> =
            content.into_iter().flat_map(|content| content.keys().cloned()).collect();
        let schema = content
            .and_then(|content| content.values().next())
            .and_then(|media| media.get("schema"))
            .cloned()
            .unwrap_or_else(|| value!({}));
        Ok(Self {
            required: body.get("required").and_then(Value::as_bool).unwrap_or(false),
            media_types,
            validator: validator(root, &schema, &format!("the body of `{}`", operation.id))?,
        })
    }

    /// Names every violation of the body, up to a hundred.
    pub(crate) fn check(&self, body: &Value, violations: &mut Vec<Violation>) {
        // Without naming what is wrong the crate looks several times faster, and most bodies are right.
        if self.validator.is_valid(body) {
            return;
        }
        for error in self.validator.iter_errors(body) {
            for violation in violations_of(&error) {
                if violations.len() >= MAX_VIOLATIONS {
                    return;
                }
                violations.push(violation);
            }
        }
    }
}

/// A missing or unexpected member is named by its own pointer, not by its parent's.
fn violations_of(error: &ValidationError<'_>) -> Vec<Violation> {
    let parent = error.instance_path().as_str();
    let at = |name: &str, detail: String| Violation {
        pointer: format!("{parent}/{}", name.replace('~', "~0").replace('/', "~1")),
        detail: shorten(detail),
    };
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the crate's own list grows; others stand at their value"
    )]
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            vec![at(name, "expected a value, found none".to_owned())]
        }
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => unexpected
            .iter()
            .map(|name| at(name, "the contract has no such member".to_owned()))
            .collect(),
        _ => vec![Violation { pointer: parent.to_owned(), detail: detail_of(error) }],
    }
}

fn detail_of(error: &ValidationError<'_>) -> String {
    shorten(error.to_string())
}

fn shorten(detail: String) -> String {
    match detail.char_indices().nth(MAX_DETAIL) {
        Some((end, _)) => format!("{}…", &detail[..end]),
        None => detail,
    }
}

fn validator(root: &Value, schema: &Value, place: &str) -> Result<Validator, DocumentError> {
    // References are resolved within the document, so its components come along.
    let whole = value!({
        "allOf": [schema],
        "components": root.get("components").cloned().unwrap_or_else(|| value!({})),
    });
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .with_pattern_options(PatternOptions::regex())
        .should_validate_formats(true)
        .with_format("decimal", is_decimal)
        .with_format("date", |text: &str| text.parse::<Date>().is_ok())
        .with_format("date-time", |text: &str| text.parse::<Timestamp>().is_ok())
        .build(&whole)
        .map_err(|error| DocumentError::Schema {
            place: place.to_owned(),
            reason: error.to_string(),
        })
}

/// A decimal number without exponent: `-?digits[.digits]`.
fn is_decimal(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole) && digits(fraction)
}

/// `format: int32` and `int64` say a range (OpenAPI 3.1 section 4.4) that JSON Schema doesn't assert.
fn bound_integers(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            let bounds = match members.get("format").and_then(Value::as_str) {
                Some("int32") => Some((i64::from(i32::MIN), i64::from(i32::MAX))),
                Some("int64") => Some((i64::MIN, i64::MAX)),
                _ => None,
            };
            if let Some((minimum, maximum)) = bounds {
                members.entry("minimum").or_insert_with(|| Value::from(minimum));
                members.entry("maximum").or_insert_with(|| Value::from(maximum));
            }
            members.values_mut().for_each(bound_integers);
        }
        Value::Array(items) => items.iter_mut().for_each(bound_integers),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Follows `$ref` within the document.
fn resolve<'a>(root: &'a Value, value: &'a Value) -> Result<&'a Value, DocumentError> {
    let mut found = value;
    // A chain longer than this is a circle.
    for _ in 0..16 {
        let Some(reference) = found.get("$ref").and_then(Value::as_str) else {
            return Ok(found);
        };
        found = reference
            .strip_prefix('#')
            .and_then(|pointer| root.pointer(pointer))
            .ok_or_else(|| DocumentError::Reference(reference.to_owned()))?;
    }
    Err(DocumentError::Reference(value.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::OperationKind;

    const DOCUMENT: &str = r##"{
      "paths": {"/v1/shows/{showId}/holds": {"post": {
        "operationId": "holdSeats",
        "parameters": [
          {"$ref": "#/components/parameters/ShowId"},
          {"name": "Idempotency-Key", "in": "header", "required": true, "schema": {"type": "string"}},
          {"name": "Prefer", "in": "header", "schema": {"type": "string", "maxLength": 8}},
          {"name": "limit", "in": "query", "schema": {"type": "integer", "format": "int32", "minimum": 1, "default": 200}}
        ],
        "requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Hold"}}}}
      }}},
      "components": {
        "parameters": {"ShowId": {"name": "showId", "in": "path", "required": true, "schema": {"type": "string", "pattern": "^[a-z-]+$", "maxLength": 8}}},
        "schemas": {"Hold": {"type": "object", "additionalProperties": false, "required": ["seatIds", "holderId"], "properties": {
          "seatIds": {"type": "array", "minItems": 1, "items": {"type": "string"}},
          "holderId": {"type": "string"},
          "amount": {"type": "string", "format": "decimal"},
          "day": {"type": "string", "format": "date"}
        }}}
      }
    }"##;

    const OPERATION: Operation = Operation {
        id: "holdSeats",
        method: "POST",
        path: "/v1/shows/{showId}/holds",
        tenant: None,
        kind: OperationKind::Query,
        access: crate::operation::Access::KNOWN,
    };

    fn violations(body: &Value) -> Vec<(String, String)> {
        let document = Document::compile(DOCUMENT, &[&OPERATION]).expect("a document");
        let mut found = Vec::new();
        let operation = document.operation("holdSeats").expect("the operation");
        operation.body.as_ref().expect("a body").check(body, &mut found);
        found.into_iter().map(|violation| (violation.pointer, violation.detail)).collect()
    }

    #[test]
    fn every_violation_is_named_at_once_where_it_stands() {
        let found =
            violations(&value!({"seatIds": [], "seat": 1, "amount": "1e3", "day": "2026-02-30"}));
        let pointers: Vec<_> = found.iter().map(|(pointer, _)| pointer.as_str()).collect();
        for expected in ["/seatIds", "/seat", "/holderId", "/amount", "/day"] {
            assert!(pointers.contains(&expected), "{expected} is missing in {found:?}");
        }
        assert_eq!(pointers.len(), 5);
    }

    #[test]
    fn a_good_body_has_no_violation() {
        let body =
            value!({"seatIds": ["a"], "holderId": "b", "amount": "-12.50", "day": "2026-02-28"});
        assert_eq!(violations(&body), []);
    }

    #[test]
    fn an_operation_may_need_a_key() {
        let compiled = |text: &str| Document::compile(text, &[&OPERATION]).expect("a document");
        let needs_key =
            |document: &Document| document.operation("holdSeats").map(|one| one.needs_key);
        assert_eq!(needs_key(&compiled(DOCUMENT)), Some(true));
        let optional = DOCUMENT.replace(r#""header", "required": true"#, r#""header""#);
        assert_eq!(needs_key(&compiled(&optional)), Some(false));
    }

    #[test]
    fn a_parameter_is_read_in_its_type() {
        let document = Document::compile(DOCUMENT, &[&OPERATION]).expect("a document");
        let parameters = &document.operation("holdSeats").expect("the operation").parameters;
        let mut found = Vec::new();
        assert_eq!(parameters[1].read("20", &mut found), Some(Value::from(20)));
        assert_eq!(parameters[1].default, Some(Value::from(200)));
        assert!(found.is_empty());
        assert_eq!(parameters[1].read("x", &mut found), None);
        assert_eq!(parameters[1].read("3000000000", &mut found), None);
        assert_eq!(parameters[0].read("UPPERCASE", &mut found), None);
        let places: Vec<_> = found.iter().map(|violation| violation.pointer.as_str()).collect();
        assert_eq!(places, ["query/limit", "query/limit", "path/showId", "path/showId"]);
    }

    /// A contract bounded `Prefer` and `If-None-Match`, and any length was taken.
    #[test]
    fn a_header_is_held_against_its_schema() {
        let document = Document::compile(DOCUMENT, &[&OPERATION]).expect("a document");
        let headers = &document.operation("holdSeats").expect("the operation").headers;
        // What is read elsewhere is not among them.
        let names: Vec<_> = headers.iter().map(|(_, header)| header.name.as_str()).collect();
        assert_eq!(names, ["Prefer"]);
        let mut found = Vec::new();
        assert_eq!(headers[0].1.read("wait=5", &mut found), Some(Value::from("wait=5")));
        assert_eq!(headers[0].1.read("wait=5, foo", &mut found), None);
        let places: Vec<_> = found.iter().map(|violation| violation.pointer.as_str()).collect();
        assert_eq!(places, ["header/Prefer"]);
    }

    #[test]
    fn an_operation_that_the_contract_lacks_is_refused() {
        let other = Operation { path: "/v1/other", ..OPERATION };
        assert!(matches!(
            Document::compile(DOCUMENT, &[&other]),
            Err(DocumentError::UnknownOperation(id)) if id == "holdSeats"
        ));
    }

    #[test]
    fn a_long_value_is_not_quoted_whole() {
        let found = violations(&value!({"seatIds": "x".repeat(10_000), "holderId": "b"}));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].1.chars().count(), MAX_DETAIL + 1);
    }
}
