//! Command ids and request hashes: what makes a repeated request the same request.

use axum::http::{HeaderMap, HeaderName};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::ids;
use crate::problem::Violation;

/// The header that makes a repeated request the same request.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The namespace of command ids made from idempotency keys: UUIDv5(URL, `urn:charter:command`).
fn namespace() -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, b"urn:charter:command")
}

/// The value of `Idempotency-Key`: 8–128 characters of `[A-Za-z0-9_:-]`. Where the contract says that the
/// operation needs one, its absence is a violation.
pub(crate) fn key(headers: &HeaderMap, is_needed: bool) -> Result<Option<String>, Violation> {
    let violation = |detail: String| Violation::of_parameter("header", "Idempotency-Key", detail);
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else {
        let missing = || violation("expected a value, found none".to_owned());
        return if is_needed { Err(missing()) } else { Ok(None) };
    };
    if values.next().is_some() {
        return Err(violation("expected one value, found more".to_owned()));
    }
    let found = value.to_str().unwrap_or_default();
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':' | b'-');
    if (8..=128).contains(&found.len()) && found.bytes().all(allowed) {
        return Ok(Some(found.to_owned()));
    }
    Err(violation(format!("expected 8 to 128 characters of `A-Za-z0-9_:-`, found {value:?}")))
}

/// The id of the command that this request sends: with a key the same for the same request, without
/// one a new one.
pub(crate) fn command_id(
    tenant: &str,
    principal: &str,
    operation: &str,
    key: Option<&str>,
) -> Uuid {
    let Some(key) = key else { return ids::now_v7() };
    let mut name = Vec::new();
    for part in [tenant, principal, operation, key] {
        name.extend_from_slice(&(part.len() as u64).to_be_bytes());
        name.extend_from_slice(part.as_bytes());
    }
    Uuid::new_v5(&namespace(), &name)
}

/// SHA-256 over the client's request as it came, before defaults: path, query and the body with its
/// members sorted, so that white space and member order don't make another request.
/// A sequence that is expected makes another request of it.
pub(crate) fn request_hash(
    path: &str,
    query: &str,
    body: Option<&Value>,
    expected_sequence: Option<i64>,
) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [path, query] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    if let Some(body) = body {
        let mut text = String::new();
        push_sorted(body, &mut text);
        hash.update(text.as_bytes());
    }
    if let Some(sequence) = expected_sequence {
        hash.update(b"if-match");
        hash.update(sequence.to_be_bytes());
    }
    hash.finalize().into()
}

fn push_sorted(value: &Value, out: &mut String) {
    match value {
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by_key(|(name, _)| *name);
            out.push('{');
            for (name, value) in sorted {
                push_text(name, out);
                out.push(':');
                push_sorted(value, out);
                out.push(',');
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for item in items {
                push_sorted(item, out);
                out.push(',');
            }
            out.push(']');
        }
        Value::String(text) => push_text(text, out),
        Value::Null | Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
    }
}

/// The text as JSON. What needs no escapes, as nearly all, is copied.
fn push_text(text: &str, out: &mut String) {
    if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&Value::from(text).to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_key_names_one_command_a_tenant_principal_and_operation() {
        let id = command_id("t", "", "holdSeats", Some("key-00001"));
        assert_eq!(id, command_id("t", "", "holdSeats", Some("key-00001")));
        assert_ne!(id, command_id("u", "", "holdSeats", Some("key-00001")));
        assert_ne!(id, command_id("t", "p", "holdSeats", Some("key-00001")));
        assert_ne!(id, command_id("t", "", "openShow", Some("key-00001")));
        // Length prefixes keep the parts apart.
        assert_ne!(command_id("ab", "c", "o", Some("k")), command_id("a", "bc", "o", Some("k")));
    }

    #[test]
    fn without_a_key_each_request_is_its_own() {
        assert_ne!(command_id("t", "", "o", None), command_id("t", "", "o", None));
    }

    #[test]
    fn the_hash_sees_values_and_not_their_order() {
        let hash = |body| request_hash("/v1/shows", "", Some(&body), None);
        assert_eq!(hash(json!({"a": 1, "b": [1, 2]})), hash(json!({"b": [1, 2], "a": 1})));
        assert_ne!(hash(json!({"a": 1, "b": [1, 2]})), hash(json!({"a": 1, "b": [2, 1]})));
        assert_ne!(request_hash("/v1/a", "b", None, None), request_hash("/v1/a?", "b", None, None));
        assert_ne!(
            request_hash("/v1/a", "b", None, None),
            request_hash("/v1/a", "b", None, Some(0))
        );
    }

    /// What was hashed before must have the same hash ever after.
    #[test]
    fn texts_are_written_as_json() {
        for text in ["", "plain", "é漢", "a\"b", "a\\b", "a\nb\u{1}", "\u{7f}/"] {
            let mut written = String::new();
            push_text(text, &mut written);
            assert_eq!(written, Value::from(text).to_string());
        }
    }

    #[test]
    fn a_short_or_odd_key_is_refused() {
        assert_eq!(key(&HeaderMap::new(), false), Ok(None));
        assert!(key(&HeaderMap::new(), true).is_err());
        for (value, good) in
            [("abcdefgh", true), ("a:b_c-D9", true), ("short", false), ("with space", false)]
        {
            let mut headers = HeaderMap::new();
            headers.insert("idempotency-key", value.parse().expect("a header"));
            assert_eq!(key(&headers, false).is_ok(), good, "{value}");
        }
    }
}
