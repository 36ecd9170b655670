//! Why a schema may not follow earlier versions: in the shape that Confluent's registry gives, and
//! as data.

use std::fmt;

use charter_avro::compat::{
    Budget, Direction, Incompatibility, IncompatibilityKind, Message, TooComplex, Violation,
    Witness, Witnesses, check_mode_within,
};
use charter_avro::schema::{Kind, Schema};
use charter_avro::source::Span;
use serde::Serialize;
use utoipa::ToSchema;

use crate::settings::Level;

/// The longest text of an earlier schema that a message quotes whole, in bytes.
const MAX_QUOTED_BYTES: usize = 10 * 1024;

/// An earlier version to compare with.
#[derive(Debug)]
pub(crate) struct Earlier {
    /// Its number.
    pub(crate) version: i32,
    /// Its canonical text.
    pub(crate) text: String,
    /// The same, parsed.
    pub(crate) schema: Schema,
}

/// What a comparison may take: about a second and 50 MB. Ten thousand fields take a tenth of it.
const BUDGET: Budget = Budget { pairs: 250_000, steps: 5_000_000 };

/// The most violations that an answer lists: more help nobody, and a schema can have ten thousand.
const MOST_LISTED: usize = 100;

/// The most that are shown in data: each takes time that grows with the schemas.
const MOST_SHOWN: usize = 10;

/// The longest message that is written out as data, in bytes.
const MOST_SHOWN_BYTES: usize = 1024;

/// What holding a schema against earlier ones found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// The reasons, the first hundred of them; nothing when the schema may follow.
    pub(crate) violations: Vec<Finding>,
    /// How many more there are.
    pub(crate) unlisted: usize,
    /// Number and canonical text of each version that they are against.
    versions: Vec<(i32, String)>,
}

/// One reason why a schema may not follow, with both its places, and what it does to data.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Violation)]
pub(crate) struct Finding {
    /// Avro Java's word for the kind.
    #[schema(example = "TYPE_MISMATCH")]
    error_type: &'static str,
    /// `BACKWARD`: the new schema cannot read what the version's wrote. `FORWARD`: the other way.
    direction: &'static str,
    /// The earlier version that it is against.
    version: i32,
    /// The place in Avro Java's terms.
    path: String,
    /// JSON pointer into the schema that reads.
    reader_pointer: String,
    /// JSON pointer into the schema that writes.
    writer_pointer: String,
    /// Where in the new schema's text as it was sent, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i32>, nullable = false)]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i32>, nullable = false)]
    column: Option<u32>,
    /// One sentence.
    message: String,
    /// Avro Java's words.
    additional_info: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    witness: Option<Shown>,
    /// Confluent's sentence, for its list of messages.
    #[serde(skip)]
    description: String,
}

/// A value that the writer can write and the reader cannot read.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Witness)]
pub(crate) struct Shown {
    /// As JSON; nothing where no value exists, or a large one only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    value: Option<serde_json::Value>,
    /// Its bytes in hexadecimal digits, without the frame of magic byte and id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    bytes: Option<String>,
    /// The reader's field that fails; empty for the whole value.
    field: String,
    /// What the reader says.
    error: String,
}

/// Holds `new` against `earlier` (oldest first) under `level`. The latest version's reasons come
/// first.
///
/// # Errors
/// [`TooComplex`] for schemas that would take seconds to compare.
pub(crate) fn check(
    new: &Schema,
    earlier: Vec<Earlier>,
    level: Level,
) -> Result<Findings, TooComplex> {
    let schemas: Vec<Schema> = earlier.iter().map(|version| version.schema.clone()).collect();
    let violations = check_mode_within(BUDGET, level, new, &schemas)?;
    let mut findings = Findings {
        unlisted: violations.len().saturating_sub(MOST_LISTED),
        versions: earlier.into_iter().map(|version| (version.version, version.text)).collect(),
        ..Findings::default()
    };
    // Preparing takes time too; neighbours are mostly of one pair.
    let mut prepared: Option<((usize, Direction), Witnesses)> = None;
    for violation in violations.iter().take(MOST_LISTED) {
        let shown = (findings.violations.len() < MOST_SHOWN).then(|| {
            let pair = (violation.previous, violation.direction);
            if prepared.as_ref().is_none_or(|(of, _)| *of != pair) {
                let old = &schemas[violation.previous];
                prepared = Some((
                    pair,
                    match violation.direction {
                        Direction::Backward => Witnesses::new(new, old),
                        Direction::Forward => Witnesses::new(old, new),
                    },
                ));
            }
            prepared.as_ref().map(|(_, pair)| Shown::from(pair.of(&violation.incompatibility)))
        });
        let version = findings.versions.get(violation.previous).map_or(0, |(number, _)| *number);
        findings.violations.push(finding(new, violation, version, shown.flatten()));
    }
    Ok(findings)
}

impl Findings {
    /// The list as Confluent's registry writes it: the violations of each version with its number
    /// and text behind them, then the settings in force. Empty when there are none.
    pub(crate) fn messages(&self, validate_fields: bool, level: Level) -> Vec<String> {
        let mut messages = Vec::new();
        for (index, found) in self.violations.iter().enumerate() {
            messages.push(found.to_string());
            let is_last_of_version =
                self.violations.get(index + 1).is_none_or(|next| next.version != found.version);
            let text = self.versions.iter().find(|(number, _)| *number == found.version);
            if is_last_of_version && let Some((number, text)) = text {
                messages.push(format!("{{oldSchemaVersion: {number}}}"));
                messages.push(quoted(text));
            }
        }
        if self.unlisted > 0 {
            messages.push(format!("{{more: {} violations are not listed}}", self.unlisted));
        }
        if !messages.is_empty() {
            messages
                .push(format!("{{validateFields: '{validate_fields}', compatibility: '{level}'}}"));
        }
        messages
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { error_type, description, additional_info, .. } = self;
        write!(f, "{{errorType:'{error_type}', description:'{description}'")?;
        write!(f, ", additionalInfo:'{additional_info}'")?;
        if let Some(Shown { value, bytes, error, .. }) = &self.witness {
            match (value, bytes) {
                (Some(value), Some(bytes)) => {
                    write!(f, ", witness:'{value} (bytes {bytes}) is not read: {error}'")?;
                }
                (_, _) => write!(f, ", witness:'{error}'")?,
            }
        }
        f.write_str("}")
    }
}

impl From<Witness> for Shown {
    fn from(witness: Witness) -> Self {
        let Witness { message, field, error } = witness;
        let message = message.filter(|message| message.bytes.len() <= MOST_SHOWN_BYTES);
        let (value, bytes) = match message {
            Some(Message { value, bytes }) => (Some(value), Some(hexadecimal(&bytes))),
            None => (None, None),
        };
        Self { value, bytes, field, error }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect()
}

fn finding(new: &Schema, violation: &Violation, version: i32, witness: Option<Shown>) -> Finding {
    let found = &violation.incompatibility;
    let place = place(new, violation);
    Finding {
        error_type: found.kind.as_str(),
        direction: match violation.direction {
            Direction::Backward => "BACKWARD",
            Direction::Forward => "FORWARD",
        },
        version,
        path: found.path.clone(),
        reader_pointer: found.reader_path.clone(),
        writer_pointer: found.writer_path.clone(),
        line: place.map(|span| span.line),
        column: place.map(|span| span.column),
        message: found.message.clone(),
        additional_info: found.detail.clone(),
        witness,
        description: description(new, violation),
    }
}

/// One sentence with the path, and the place in the new schema as it was sent.
fn description(new: &Schema, violation: &Violation) -> String {
    let Incompatibility { kind, path, detail, .. } = &violation.incompatibility;
    let (reader, writer) = match violation.direction {
        Direction::Backward => ("new", "old"),
        Direction::Forward => ("old", "new"),
    };
    let sentence = match kind {
        IncompatibilityKind::TypeMismatch => format!(
            "The type (path '{path}') of a field in the {reader} schema does not match with the {writer} schema"
        ),
        IncompatibilityKind::NameMismatch => {
            format!("The name of the schema has changed (path '{path}')")
        }
        IncompatibilityKind::FixedSizeMismatch => format!(
            "The size of FIXED type field at path '{path}' in the {reader} schema does not match with the {writer} schema"
        ),
        IncompatibilityKind::MissingEnumSymbols => format!(
            "The {reader} schema is missing enum symbols '{detail}' at path '{path}' in the {writer} schema"
        ),
        IncompatibilityKind::ReaderFieldMissingDefaultValue => format!(
            "The field '{detail}' at path '{path}' in the {reader} schema has no default value and is missing in the {writer} schema"
        ),
        IncompatibilityKind::MissingUnionBranch => format!(
            "The {reader} schema is missing a type inside a union field at path '{path}' in the {writer} schema"
        ),
        IncompatibilityKind::AmbiguousField => format!(
            "The field at path '{path}' in the {reader} schema fits several fields of the {writer} schema by its name and aliases"
        ),
    };
    match place(new, violation) {
        Some(Span { line, column, .. }) => {
            format!("{sentence} (new schema, line {line}, column {column})")
        }
        None => sentence,
    }
}

/// Where in the new schema's own text, not in one that it references.
fn place(new: &Schema, violation: &Violation) -> Option<Span> {
    let found = &violation.incompatibility;
    let (pointer, span, file) = match violation.direction {
        Direction::Backward => (&found.reader_path, found.reader_span, found.reader_file),
        Direction::Forward => (&found.writer_path, found.writer_span, found.writer_file),
    };
    let span = field_span(new, pointer).unwrap_or(span);
    (file == 0 && span != Span::default()).then_some(span)
}

/// The place of the field that a pointer ends at; nothing when it ends elsewhere, where the
/// violation's own span is the exact one.
fn field_span(schema: &Schema, pointer: &str) -> Option<Span> {
    let mut segments = pointer.split('/').skip(1);
    let mut node = schema.root();
    loop {
        node = match (&schema.node(node).kind, segments.next()?) {
            (Kind::Record(record), "fields") => {
                let field = record.fields.get(segments.next()?.parse::<usize>().ok()?)?;
                match segments.next() {
                    None => return Some(field.span),
                    Some(_) => field.schema,
                }
            }
            (Kind::Array { items: inner }, "items") | (Kind::Map { values: inner }, "values") => {
                *inner
            }
            (Kind::Union { branches }, index) => *branches.get(index.parse::<usize>().ok()?)?,
            (_, _) => return None,
        };
    }
}

fn quoted(text: &str) -> String {
    if text.len() <= MAX_QUOTED_BYTES {
        return format!("{{oldSchema: '{text}'}}");
    }
    let end = text.floor_char_boundary(MAX_QUOTED_BYTES);
    format!("{{oldSchema: <truncated> '{}...'}}", &text[..end])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn earlier(version: i32, text: &str) -> Earlier {
        let schema = Schema::parse(text).expect("schema");
        Earlier { version, text: text.to_owned(), schema }
    }

    #[test]
    fn every_violation_names_its_place_and_the_version_it_is_against() {
        let one = r#"{"type":"record","name":"R","fields":[{"name":"a","type":"string"}]}"#;
        let two = r#"{"type":"record","name":"R","fields":[]}"#;
        let new = "{\"type\":\"record\",\"name\":\"R\",\"fields\":[\n  {\"name\":\"a\",\"type\":\"int\"}]}";
        let new = Schema::parse(new).expect("schema");
        let findings =
            check(&new, vec![earlier(1, one), earlier(2, two)], Level::BackwardTransitive)
                .expect("compares");
        let messages = findings.messages(false, Level::BackwardTransitive);
        assert_eq!(messages.len(), 7, "{messages:#?}");
        let missing = "{errorType:'READER_FIELD_MISSING_DEFAULT_VALUE', description:'The field 'a' at path '/fields/0' in the new schema has no default value and is missing in the old schema (new schema, line 2, column 3)', additionalInfo:'a', witness:'{} (bytes ) is not read: byte 0, field `a`: the writer has no such field, and there is no usable default'}";
        assert_eq!(messages[0], missing);
        assert_eq!(messages[1], "{oldSchemaVersion: 2}");
        assert_eq!(messages[2], format!("{{oldSchema: '{two}'}}"));
        assert!(messages[3].starts_with("{errorType:'TYPE_MISMATCH', description:'The type (path '/fields/0/type') of a field in the new schema does not match with the old schema"));
        assert_eq!(messages[4], "{oldSchemaVersion: 1}");
        assert_eq!(messages[6], "{validateFields: 'false', compatibility: 'BACKWARD_TRANSITIVE'}");
        assert_eq!(
            serde_json::to_value(&findings.violations[1]).expect("json"),
            json!({
                "errorType": "TYPE_MISMATCH", "direction": "BACKWARD", "version": 1,
                "path": "/fields/0/type", "readerPointer": "/fields/0/type",
                "writerPointer": "/fields/0/type", "line": 2, "column": 22,
                "message": "the reader expects `int`, the writer writes `string`",
                "additionalInfo": "reader type: INT not compatible with writer type: STRING",
                "witness": {
                    "value": { "a": "" }, "bytes": "00", "field": "a",
                    "error": "byte 0, field `a`: expected int, found string"
                }
            })
        );
    }

    #[test]
    fn of_many_violations_a_hundred_are_listed_and_ten_shown() {
        let fields = |kind: &str| {
            let fields: Vec<_> = (0..150)
                .map(|field| json!({ "name": format!("f{field}"), "type": kind }))
                .collect();
            json!({ "type": "record", "name": "R", "fields": fields }).to_string()
        };
        let new = Schema::parse(&fields("int")).expect("schema");
        let findings =
            check(&new, vec![earlier(1, &fields("string"))], Level::Backward).expect("compares");
        assert_eq!((findings.violations.len(), findings.unlisted), (100, 50));
        let shown = findings.violations.iter().filter(|found| found.witness.is_some()).count();
        assert_eq!(shown, 10);
        let messages = findings.messages(false, Level::Backward);
        assert_eq!(messages[102], "{more: 50 violations are not listed}");
    }
}
