//! Why a schema may not follow earlier versions, in the shape that Confluent's registry gives.

use charter_avro::compat::{
    Direction, Incompatibility, IncompatibilityKind, Violation, check_mode,
};
use charter_avro::schema::{Kind, Schema};
use charter_avro::source::Span;

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

/// Every violation of `level` by `new`, with its place; after those of one earlier version its
/// number and text. Nothing when the schema may follow. `earlier` is oldest first; the latest
/// version's violations come first.
pub(crate) fn describe(new: &Schema, earlier: &[Earlier], level: Level) -> Vec<String> {
    let schemas: Vec<Schema> = earlier.iter().map(|version| version.schema.clone()).collect();
    let violations = check_mode(level, new, &schemas);
    let mut messages = Vec::new();
    for (index, violation) in violations.iter().enumerate() {
        messages.push(message(new, violation));
        let is_last_of_version =
            violations.get(index + 1).is_none_or(|next| next.previous != violation.previous);
        if is_last_of_version && let Some(version) = earlier.get(violation.previous) {
            messages.push(format!("{{oldSchemaVersion: {}}}", version.version));
            messages.push(quoted(&version.text));
        }
    }
    messages
}

fn message(new: &Schema, violation: &Violation) -> String {
    let Incompatibility { kind, detail, .. } = &violation.incompatibility;
    let description = description(new, violation);
    format!("{{errorType:'{kind}', description:'{description}', additionalInfo:'{detail}'}}")
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
        let messages =
            describe(&new, &[earlier(1, one), earlier(2, two)], Level::BackwardTransitive);
        assert_eq!(messages.len(), 6, "{messages:#?}");
        let missing = "{errorType:'READER_FIELD_MISSING_DEFAULT_VALUE', description:'The field 'a' at path '/fields/0' in the new schema has no default value and is missing in the old schema (new schema, line 2, column 3)', additionalInfo:'a'}";
        assert_eq!(messages[0], missing);
        assert_eq!(messages[1], "{oldSchemaVersion: 2}");
        assert_eq!(messages[2], format!("{{oldSchema: '{two}'}}"));
        assert!(messages[3].starts_with("{errorType:'TYPE_MISMATCH', description:'The type (path '/fields/0/type') of a field in the new schema does not match with the old schema"));
        assert_eq!(messages[4], "{oldSchemaVersion: 1}");
    }
}
