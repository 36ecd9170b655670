//! Opaque tokens that a client gives back: cursors, page tokens and the place of a command.
//!
//! All are base64url (RFC 4648 section 5) of JSON; a token that was altered is refused or leads to
//! nothing that the client couldn't ask for anyway.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use charter_domain::{ColumnType, ColumnValue, Date, Timestamp};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use uuid::Uuid;

/// The longest token that is read, in characters.
const MAX_TOKEN: usize = 4_096;

fn seal<T: Serialize>(value: &T) -> String {
    let mut token = String::new();
    push_sealed(value, &mut token);
    token
}

fn push_sealed<T: Serialize>(value: &T, out: &mut String) {
    let json = serde_json::to_vec(value).expect("plain data has a JSON form");
    URL_SAFE_NO_PAD.encode_string(json, out);
}

fn open<T: DeserializeOwned>(token: &str) -> Option<T> {
    if token.len() > MAX_TOKEN {
        return None;
    }
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token).ok()?).ok()
}

/// Positions that a client has seen, one for each context and partition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(BTreeMap<String, BTreeMap<u32, i64>>);

impl Cursor {
    /// A cursor of one context.
    pub fn of(context: &str, positions: impl IntoIterator<Item = (u32, i64)>) -> Self {
        Self(BTreeMap::from([(context.to_owned(), positions.into_iter().collect())]))
    }

    /// Reads the text form.
    #[must_use]
    pub fn parse(token: &str) -> Option<Self> {
        open(token)
    }

    /// What either has seen: the higher position of each partition.
    #[must_use]
    pub fn merged(mut self, other: Self) -> Self {
        for (context, positions) in other.0 {
            let merged = self.0.entry(context).or_default();
            for (partition, position) in positions {
                let seen = merged.entry(partition).or_insert(position);
                *seen = position.max(*seen);
            }
        }
        self
    }

    /// The positions of one context.
    pub fn positions(&self, context: &str) -> impl Iterator<Item = (u32, i64)> {
        self.0
            .get(context)
            .into_iter()
            .flatten()
            .map(|(partition, position)| (*partition, *position))
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&seal(self))
    }
}

/// Where an accepted command stands: what `at` hides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct At {
    /// The command.
    #[serde(rename = "i")]
    pub command_id: Uuid,
    /// The context.
    #[serde(rename = "c")]
    pub context: Cow<'static, str>,
    /// The command's name on the wire.
    #[serde(rename = "t")]
    pub wire_type: Cow<'static, str>,
    /// The tenant.
    #[serde(rename = "n")]
    pub tenant: String,
    /// The partition of the command topic.
    #[serde(rename = "p")]
    pub partition: u32,
    /// The command's offset in it.
    #[serde(rename = "o")]
    pub offset: u64,
    /// When the log took it, microseconds UTC.
    #[serde(rename = "a")]
    pub accepted_us: i64,
    /// The request's hash where it had an idempotency key, base64url.
    #[serde(rename = "h", skip_serializing_if = "Option::is_none", default)]
    pub hash: Option<String>,
}

impl At {
    /// Reads the text form.
    #[must_use]
    pub fn parse(token: &str) -> Option<Self> {
        open(token)
    }

    /// Adds the text form.
    pub(crate) fn push_to(&self, out: &mut String) {
        push_sealed(self, out);
    }

    /// The text form of a request hash.
    #[must_use]
    pub fn hash_text(hash: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(hash)
    }
}

/// The token of the page after the row with these values of its order. `list` names the list: a token is of
/// no other.
#[must_use]
pub fn page_token(list: &str, after: &[ColumnValue]) -> String {
    seal(&(list, after.iter().map(to_json).collect::<Vec<_>>()))
}

/// The values of a page token of this list, typed by the columns of the order; `None` where it isn't one.
#[must_use]
pub fn parse_page_token(
    token: &str,
    list: &str,
    columns: &[ColumnType],
) -> Option<Vec<ColumnValue>> {
    let (of, values): (String, Vec<Value>) = open(token)?;
    if of != list || values.len() != columns.len() {
        return None;
    }
    values.iter().zip(columns).map(|(value, kind)| from_json(value, *kind)).collect()
}

fn to_json(value: &ColumnValue) -> Value {
    match value {
        ColumnValue::Null => Value::Null,
        ColumnValue::Boolean(value) => Value::from(*value),
        ColumnValue::Integer(value) => Value::from(*value),
        ColumnValue::Real(value) => Value::from(*value),
        ColumnValue::Text(value) | ColumnValue::Json(value) => Value::from(value.as_str()),
        ColumnValue::Bytes(value) => Value::from(URL_SAFE_NO_PAD.encode(value)),
        ColumnValue::Uuid(value) => Value::from(value.to_string()),
        ColumnValue::Decimal(value) => Value::from(value.to_string()),
        ColumnValue::Timestamp(value) => Value::from(value.micros()),
        ColumnValue::Date(value) => Value::from(value.days()),
    }
}

fn from_json(value: &Value, kind: ColumnType) -> Option<ColumnValue> {
    if value.is_null() {
        return Some(ColumnValue::Null);
    }
    Some(match kind {
        ColumnType::Boolean => ColumnValue::Boolean(value.as_bool()?),
        ColumnType::Integer => ColumnValue::Integer(value.as_i64()?),
        ColumnType::Real => ColumnValue::Real(value.as_f64()?),
        ColumnType::Text => ColumnValue::Text(value.as_str()?.to_owned()),
        ColumnType::Json => ColumnValue::Json(value.as_str()?.to_owned()),
        ColumnType::Bytes => ColumnValue::Bytes(URL_SAFE_NO_PAD.decode(value.as_str()?).ok()?),
        ColumnType::Uuid => ColumnValue::Uuid(value.as_str()?.parse().ok()?),
        ColumnType::Decimal => ColumnValue::Decimal(value.as_str()?.parse().ok()?),
        ColumnType::Timestamp => ColumnValue::Timestamp(Timestamp::from_micros(value.as_i64()?)),
        ColumnType::Date => {
            ColumnValue::Date(Date::from_days(i32::try_from(value.as_i64()?).ok()?))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back() {
        let cursor = Cursor::of("seat", [(3, 41), (0, 7)]);
        let back = Cursor::parse(&cursor.to_string()).expect("a cursor");
        assert_eq!(back, cursor);
        assert_eq!(back.positions("seat").collect::<Vec<_>>(), [(0, 7), (3, 41)]);
        assert_eq!(back.positions("reservation").count(), 0);
    }

    #[test]
    fn cursors_merge_by_the_higher_position() {
        let merged = Cursor::of("seat", [(0, 7), (1, 2)])
            .merged(Cursor::of("seat", [(0, 5), (1, 3), (2, 0)]))
            .merged(Cursor::of("reservation", [(0, 1)]));
        assert_eq!(merged.positions("seat").collect::<Vec<_>>(), [(0, 7), (1, 3), (2, 0)]);
        assert_eq!(merged.positions("reservation").collect::<Vec<_>>(), [(0, 1)]);
    }

    #[test]
    fn a_page_token_keeps_each_type() {
        let values = [
            ColumnValue::Null,
            ColumnValue::Text("x".to_owned()),
            ColumnValue::Timestamp(Timestamp::from_micros(1_700_000_000_000_001)),
            ColumnValue::Date(Date::from_days(20_000)),
            ColumnValue::Decimal("420.00".parse().expect("a decimal")),
        ];
        let kinds = [
            ColumnType::Text,
            ColumnType::Text,
            ColumnType::Timestamp,
            ColumnType::Date,
            ColumnType::Decimal,
        ];
        let token = page_token("list", &values);
        assert_eq!(parse_page_token(&token, "list", &kinds).as_deref(), Some(&values[..]));
    }

    #[test]
    fn a_token_of_another_list_or_none_is_refused() {
        let token = page_token("list", &[ColumnValue::Integer(1)]);
        assert_eq!(parse_page_token(&token, "other", &[ColumnType::Integer]), None);
        assert_eq!(parse_page_token(&token, "list", &[ColumnType::Text]), None);
        assert_eq!(parse_page_token(&token, "list", &[]), None);
        assert_eq!(parse_page_token("not a token", "list", &[ColumnType::Integer]), None);
        assert_eq!(Cursor::parse("%"), None);
    }
}
