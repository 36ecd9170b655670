//! One tree with source positions for every document that Charter reads: `.avsc` files (JSON) and OpenAPI
//! documents (JSON or YAML). Keys keep their order and their own spans; duplicate keys are refused, which
//! plain `serde_json` would accept; numbers keep every digit that was written.

mod json;
mod number;
#[cfg(test)]
mod tests;
mod yaml;

use std::fmt;

pub use number::Number;

/// How deep arrays and objects may nest, root included. Deeper documents are refused, so that a recursive walk
/// over a [`Tree`] cannot overflow a thread's stack (`serde_json` has the same bound).
pub const MAX_DEPTH: usize = 128;

/// Where something stands in a source text.
///
/// `start` and `end` are byte offsets (end exclusive); `line` and `column` name the start, count from 1, and a
/// column is one character. The default span is all zero and stands for "no position".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Hash, PartialOrd, Ord)]
pub struct Span {
    /// Byte offset of the first byte.
    pub start: u32,
    /// Byte offset behind the last byte.
    pub end: u32,
    /// Line of the first byte, from 1.
    pub line: u32,
    /// Column of the first byte in characters, from 1.
    pub column: u32,
}

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// The value.
    pub value: Value,
    /// From the value's first character to its last. For a YAML alias, the span of what the anchor names.
    pub span: Span,
}

/// What a [`Tree`] holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, exactly as written.
    Number(Number),
    /// A string, escapes resolved.
    String(String),
    /// An array.
    Array(Vec<Tree>),
    /// An object, members in source order, keys unique.
    Object(Vec<Member>),
}

/// One member of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The key, escapes resolved.
    pub key: String,
    /// Where the key stands, quotes included.
    pub key_span: Span,
    /// The value.
    pub value: Tree,
}

/// Why a text is not a document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SourceError {
    /// Stable id of the rule: `SOURCE_SYNTAX`, `SOURCE_DUPLICATE_KEY`, `SOURCE_DEPTH`, `SOURCE_NUMBER` or `SOURCE_SIZE`.
    pub rule: &'static str,
    /// What was expected and what was found.
    pub message: String,
    /// Where.
    pub span: Span,
}

impl Tree {
    /// Reads a JSON text (RFC 8259, strictly).
    ///
    /// # Errors
    /// The first place where the text is not JSON, a key comes twice in one object, the nesting passes
    /// [`MAX_DEPTH`], or a number is outside the range of a double.
    pub fn parse_json(text: &str) -> Result<Self, SourceError> {
        json::parse(text)
    }

    /// Reads one YAML 1.2 document with the core schema's plain scalars (`null`, booleans, numbers).
    ///
    /// Anchors and aliases are resolved. Merge keys (`<<`) are not special, tags other than the core schema's are refused.
    ///
    /// # Errors
    /// As [`Tree::parse_json`]; also when a key is not a scalar, or when there is not exactly one document.
    pub fn parse_yaml(text: &str) -> Result<Self, SourceError> {
        yaml::parse(text)
    }

    /// The member `key` of an object; `None` also when this is no object.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Tree> {
        self.member(key).map(|member| &member.value)
    }

    /// The member `key` of an object, with the key's span.
    #[must_use]
    pub fn member(&self, key: &str) -> Option<&Member> {
        self.as_object()?.iter().find(|member| member.key == key)
    }

    /// The string, if this is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_) => None,
        }
    }

    /// The boolean, if this is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match &self.value {
            Value::Bool(flag) => Some(*flag),
            Value::Null
            | Value::String(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_) => None,
        }
    }

    /// The number, if this is one.
    #[must_use]
    pub fn as_number(&self) -> Option<&Number> {
        match &self.value {
            Value::Number(number) => Some(number),
            Value::Null
            | Value::Bool(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => None,
        }
    }

    /// The number, if this is a whole one that an `i64` holds.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        self.as_number()?.as_i64()
    }

    /// The number, if this is a whole one that a `u64` holds.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        self.as_number()?.as_u64()
    }

    /// The items, if this is an array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Tree]> {
        match &self.value {
            Value::Array(items) => Some(items),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Object(_) => None,
        }
    }

    /// The members, if this is an object.
    #[must_use]
    pub fn as_object(&self) -> Option<&[Member]> {
        match &self.value {
            Value::Object(members) => Some(members),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => None,
        }
    }

    /// Whether this is `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.value == Value::Null
    }

    /// The same value without positions. A number beyond 64 bits becomes the nearest double.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(flag) => serde_json::Value::Bool(*flag),
            Value::Number(number) => number.to_json(),
            Value::String(text) => serde_json::Value::String(text.clone()),
            Value::Array(items) => items.iter().map(Tree::to_json).collect(),
            Value::Object(members) => {
                members.iter().map(|member| (member.key.clone(), member.value.to_json())).collect()
            }
        }
    }

    /// What kind of JSON value this is, for messages: `a string`, `an object`, `null`, …
    #[must_use]
    pub fn describe(&self) -> &'static str {
        match &self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        }
    }
}

impl fmt::Display for Span {
    /// `line:column`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}
