//! The constraints of a schema, by the type that they belong to.

use charter_avro::source::Tree;

use super::document::Document;
use crate::ir::{Constraints, SchemaType};
use crate::problem::{Problem, Problems};
use crate::rules;

const OF_STRINGS: &[&str] = &["minLength", "maxLength", "pattern"];
const OF_NUMBERS: &[&str] =
    &["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
const OF_ARRAYS: &[&str] = &["minItems", "maxItems", "uniqueItems"];

/// All keywords of this module.
pub(super) fn keywords() -> impl Iterator<Item = &'static str> {
    OF_STRINGS.iter().chain(OF_NUMBERS).chain(OF_ARRAYS).copied()
}

/// Reads the constraints of a schema of type `ty`.
pub(super) fn read(
    tree: &Tree,
    ty: &SchemaType,
    document: &Document<'_>,
    problems: &mut Problems,
) -> Constraints {
    let mut reader = Reader { tree, document, problems };
    let own = of_type(ty);
    for keyword in keywords().filter(|keyword| !own.contains(keyword)) {
        if let Some(member) = tree.member(keyword) {
            let message =
                format!("expected a constraint that fits the schema's type, found `{keyword}`");
            reader.problems.push(Problem::new(
                &rules::CONSTRAINT,
                &document.key_at(member),
                message,
            ));
        }
    }
    if own.is_empty() {
        return Constraints::default();
    }
    let constraints = Constraints {
        min_length: reader.count("minLength"),
        max_length: reader.count("maxLength"),
        pattern: reader.pattern(),
        format: plain_format(tree, ty),
        minimum: reader.number("minimum", ty),
        maximum: reader.number("maximum", ty),
        exclusive_minimum: reader.number("exclusiveMinimum", ty),
        exclusive_maximum: reader.number("exclusiveMaximum", ty),
        multiple_of: reader.number("multipleOf", ty),
        min_items: reader.count("minItems"),
        max_items: reader.count("maxItems"),
        unique_items: tree.get("uniqueItems").and_then(Tree::as_bool).unwrap_or_default(),
    };
    let number =
        |number: &Option<serde_json::Number>| number.as_ref().and_then(serde_json::Number::as_f64);
    reader.ordered("minLength", constraints.min_length, "maxLength", constraints.max_length);
    reader.ordered("minItems", constraints.min_items, "maxItems", constraints.max_items);
    reader.ordered(
        "minimum",
        number(&constraints.minimum),
        "maximum",
        number(&constraints.maximum),
    );
    if number(&constraints.multiple_of).is_some_and(|divisor| divisor <= 0.0) {
        reader.wrong("multipleOf", "a number above 0");
    }
    constraints
}

/// The format of a string that is a string in Rust too.
fn plain_format(tree: &Tree, ty: &SchemaType) -> Option<String> {
    let format = tree.get("format").and_then(Tree::as_str)?;
    (*ty == SchemaType::String).then(|| format.to_owned())
}

fn of_type(ty: &SchemaType) -> &'static [&'static str] {
    match ty {
        SchemaType::String | SchemaType::Decimal { .. } | SchemaType::Base64 => OF_STRINGS,
        SchemaType::Int32 | SchemaType::Int64 | SchemaType::Float | SchemaType::Double => {
            OF_NUMBERS
        }
        SchemaType::Array(_) => OF_ARRAYS,
        SchemaType::Boolean
        | SchemaType::Uuid
        | SchemaType::Date
        | SchemaType::DateTime
        | SchemaType::Map(_)
        | SchemaType::Ref(_)
        | SchemaType::FreeObject => &[],
    }
}

struct Reader<'a> {
    tree: &'a Tree,
    document: &'a Document<'a>,
    problems: &'a mut Problems,
}

impl Reader<'_> {
    fn wrong(&mut self, keyword: &str, expected: &str) {
        let Some(value) = self.tree.get(keyword) else { return };
        let message = format!("expected `{keyword}` to be {expected}, found `{}`", value.to_json());
        self.problems.push(Problem::new(&rules::CONSTRAINT, &self.document.at(value), message));
    }

    fn count(&mut self, keyword: &str) -> Option<u64> {
        let count = self.tree.get(keyword)?.as_u64();
        if count.is_none() {
            self.wrong(keyword, "a whole number from 0");
        }
        count
    }

    fn number(&mut self, keyword: &str, ty: &SchemaType) -> Option<serde_json::Number> {
        let number = self.tree.get(keyword)?;
        let whole = number.as_i64();
        let within = if *ty == SchemaType::Int32 {
            whole.is_some_and(|number| i32::try_from(number).is_ok())
        } else {
            whole.is_some() || (*ty != SchemaType::Int64 && number.as_number().is_some())
        };
        if !within {
            self.wrong(keyword, "a number of the schema's type");
            return None;
        }
        if let serde_json::Value::Number(number) = number.to_json() { Some(number) } else { None }
    }

    fn pattern(&mut self) -> Option<String> {
        let pattern = self.tree.get("pattern")?.as_str();
        if pattern.is_none_or(|pattern| regex::Regex::new(pattern).is_err()) {
            self.wrong("pattern", "a regular expression without look-around and back-references");
            return None;
        }
        pattern.map(ToOwned::to_owned)
    }

    fn ordered<T: PartialOrd>(&mut self, low: &str, least: Option<T>, high: &str, most: Option<T>) {
        if let (Some(least), Some(most)) = (least, most)
            && least > most
        {
            self.wrong(low, &format!("at most `{high}`"));
        }
    }
}
