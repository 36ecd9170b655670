//! JSON as a client sends it, read more strictly than `serde_json` reads a [`Value`]: a member that comes
//! twice is refused (RFC 8259 section 4 leaves open which one counts), and U+0000, which no database text
//! can hold, is found.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::problem::Violation;

/// Up to here every whole number is a float of its own: 2^53.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Reads a whole body.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_slice::<Strict>(bytes).map(|Strict(value)| value)
}

/// Names every text that holds U+0000.
pub(crate) fn check_texts(value: &Value, violations: &mut Vec<Violation>) {
    // Pointers are only put together where there is something to name.
    if holds_zero(value) {
        name_texts(value, &mut String::new(), violations);
    }
}

fn holds_zero(value: &Value) -> bool {
    match value {
        Value::String(text) => check_text(text).is_some(),
        Value::Array(items) => items.iter().any(holds_zero),
        Value::Object(members) => members.values().any(holds_zero),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn name_texts(value: &Value, pointer: &mut String, violations: &mut Vec<Violation>) {
    match value {
        Value::String(text) => violations.extend(
            check_text(text)
                .map(|detail| Violation { pointer: pointer.clone(), detail: detail.to_owned() }),
        ),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                within(pointer, &index.to_string(), |pointer| {
                    name_texts(item, pointer, violations);
                });
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                within(pointer, name, |pointer| name_texts(member, pointer, violations));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Writes numbers without a fraction as integers: `1.0` and `1e0` are integers in JSON Schema (2020-12,
/// section 4.2.3), but not for `serde`.
pub(crate) fn whole_numbers(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            let whole = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < EXACT);
            if let Some(whole) = whole {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "it is whole and within bounds"
                )]
                let whole = whole as i64;
                *value = Value::from(whole);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(whole_numbers),
        Value::Object(members) => members.values_mut().for_each(whole_numbers),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What is wrong with a text that holds U+0000.
pub(crate) fn check_text(text: &str) -> Option<&'static str> {
    text.contains('\0').then_some("expected a text without U+0000")
}

fn within(pointer: &mut String, name: &str, check: impl FnOnce(&mut String)) {
    let length = pointer.len();
    pointer.push('/');
    pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
    check(pointer);
    pointer.truncate(length);
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number is too large"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            all.push(item);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some((name, Strict(value))) = members.next_entry::<String, _>()? {
            if all.contains_key(&name) {
                return Err(A::Error::custom(format!("member `{name}` comes twice")));
            }
            all.insert(name, value);
        }
        Ok(Value::Object(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_value_is_read_as_it_stands() {
        let text =
            r#"{"a": [null, true, -1, 18446744073709551615, 1.5, "x\u00e9"], "b": {"a": {}}}"#;
        let expected = json!({"a": [null, true, -1, 18_446_744_073_709_551_615_u64, 1.5, "xé"], "b": {"a": {}}});
        assert_eq!(parse(text.as_bytes()).expect("JSON"), expected);
    }

    #[test]
    fn a_member_that_comes_twice_is_refused_where_it_stands() {
        let error = parse(b"{\"a\": 1,\n \"b\": {\"c\": 1, \"c\": 2}}").expect_err("twice");
        assert!(error.to_string().starts_with("member `c` comes twice at line 2"), "{error}");
    }

    #[test]
    fn whole_numbers_are_integers() {
        let mut value = parse(b"[1.0, 1e2, -0.0, 1.5, 1e300, {\"a\": 3.0}]").expect("JSON");
        whole_numbers(&mut value);
        assert_eq!(value, json!([1, 100, 0, 1.5, 1e300, {"a": 3}]));
    }

    #[test]
    fn zero_characters_are_found() {
        let mut violations = Vec::new();
        let body = json!({"a": ["x", "y\0"], "b/c": "\0", "d": "fine"});
        check_texts(&body, &mut violations);
        let pointers: Vec<_> = violations.iter().map(|violation| &*violation.pointer).collect();
        assert_eq!(pointers, ["/a/1", "/b~1c"]);
    }
}
