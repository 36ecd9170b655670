//! Places and values of contracts as a person would say them.

use serde_json::Value as Json;

/// Characters of a value that a sentence shows at most.
const SHOWN: usize = 96;

/// What happened at a place.
pub(super) fn sentence(from: Option<&Json>, to: Option<&Json>, path: &[String]) -> String {
    let place = place(path, "the whole");
    match (from, to) {
        (None, Some(to)) if is_symbol(to, path) => format!("{place} is new"),
        (None, Some(to)) => format!("{place} is new: {}", value(to)),
        (Some(_), None) => format!("{place} is gone"),
        (Some(from), Some(to)) => format!("{place}: {} became {}", value(from), value(to)),
        (None, None) => place,
    }
}

/// An item of a list of plain values is its own name.
fn is_symbol(value: &Json, path: &[String]) -> bool {
    path.last().map(String::as_str) == value.as_str()
}

/// A place in a part: ``field `seatIds`, type``.
pub(super) fn place(path: &[String], whole: &str) -> String {
    const NAMED: [(&str, &str); 10] = [
        ("fields", "field"),
        ("symbols", "symbol"),
        ("parameters", "parameter"),
        ("properties", "property"),
        ("rejections", "rejection"),
        ("responses", "response"),
        ("enum", "value"),
        ("required", "required"),
        ("content", "media type"),
        ("headers", "header"),
    ];
    let mut words = Vec::new();
    let mut rest = path.iter();
    while let Some(key) = rest.next() {
        let noun = NAMED.iter().find(|(list, _)| list == key).map(|(_, noun)| noun);
        match (noun, rest.as_slice().first()) {
            (Some(noun), Some(name)) => {
                words.push(format!("{noun} `{name}`"));
                rest.next();
            }
            _ if key == "charter" => {}
            _ => words.push(key.clone()),
        }
    }
    if words.is_empty() { whole.to_owned() } else { words.join(", ") }
}

/// A value: a type in words where it is one, else shortened JSON.
fn value(value: &Json) -> String {
    let text = match value {
        Json::Object(field) if field.contains_key("name") && field.contains_key("type") => {
            let default = field.get("default").map(|default| format!(", default {default}"));
            format!("{}{}", avro(&field["type"]), default.unwrap_or_default())
        }
        Json::Object(_) | Json::Array(_) if is_avro(value) => avro(value),
        Json::Null
        | Json::Bool(_)
        | Json::Number(_)
        | Json::String(_)
        | Json::Array(_)
        | Json::Object(_) => value.to_string(),
    };
    if text.chars().count() <= SHOWN {
        text
    } else {
        format!("{}…", text.chars().take(SHOWN).collect::<String>())
    }
}

fn is_avro(value: &Json) -> bool {
    match value {
        Json::Object(members) => {
            ["items", "values", "logicalType", "symbols", "fields", "size"]
                .iter()
                .any(|key| members.contains_key(*key))
                && members.contains_key("type")
        }
        Json::Array(branches) => {
            branches.len() > 1 && branches.iter().any(|branch| branch == "null")
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => false,
    }
}

/// An Avro type: `optional array of string`, `long (timestamp-micros)`.
fn avro(schema: &Json) -> String {
    match schema {
        Json::String(name) => name.clone(),
        Json::Array(branches) => match branches.as_slice() {
            [null, inner] if null == "null" => format!("optional {}", avro(inner)),
            [inner, null] if null == "null" => format!("optional {}", avro(inner)),
            branches => {
                format!("one of {}", branches.iter().map(avro).collect::<Vec<_>>().join(", "))
            }
        },
        Json::Object(members) => match members.get("type").and_then(Json::as_str) {
            Some("array") => {
                format!("array of {}", avro(members.get("items").unwrap_or(&Json::Null)))
            }
            Some("map") => format!("map of {}", avro(members.get("values").unwrap_or(&Json::Null))),
            Some(base) => {
                let name = members.get("name").and_then(Json::as_str).unwrap_or(base);
                match members.get("logicalType").and_then(Json::as_str) {
                    Some("decimal") => {
                        let part = |key: &str| {
                            members.get(key).map_or("0".to_owned(), ToString::to_string)
                        };
                        format!("{name} (decimal {}, {})", part("precision"), part("scale"))
                    }
                    Some(logical) => format!("{name} ({logical})"),
                    None => name.to_owned(),
                }
            }
            None => members.get("type").map_or_else(|| schema.to_string(), avro),
        },
        Json::Null | Json::Bool(_) | Json::Number(_) => schema.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn types_are_said_in_words() {
        assert_eq!(
            avro(&json!(["null", {"type": "array", "items": "string"}])),
            "optional array of string"
        );
        assert_eq!(
            avro(&json!({"type": "long", "logicalType": "timestamp-micros"})),
            "long (timestamp-micros)"
        );
        assert_eq!(
            avro(&json!({"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2})),
            "bytes (decimal 9, 2)"
        );
    }

    #[test]
    fn places_are_said_by_the_names_in_them() {
        let path = ["fields", "seatIds", "type", "items"].map(str::to_owned);
        assert_eq!(place(&path, ""), "field `seatIds`, type, items");
        let path = ["charter", "rejections", "SEAT_TAKEN", "status"].map(str::to_owned);
        assert_eq!(place(&path, ""), "rejection `SEAT_TAKEN`, status");
    }
}
