//! Names in the API: subjects, versions, and what a setting applies to.

use std::fmt;

use crate::error::ApiError;

/// The name of a subject in the default context, the only one there is.
///
/// Any text without control characters, but for the names that Confluent's registry keeps for
/// itself (`__GLOBAL`, `__EMPTY`, `*`, the empty text) and names in another context
/// (`:.context:subject`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Subject(String);

impl Subject {
    /// Reads a subject as it stands in a path, a query or a reference.
    ///
    /// `:.:name` is the default context spelled out, so it is `name`.
    ///
    /// # Errors
    /// [`ApiError::InvalidSubject`] for a reserved name or one with control characters,
    /// [`ApiError::ContextUnsupported`] for a name in another context.
    pub(crate) fn parse(text: &str) -> Result<Self, ApiError> {
        let name = default_context(text)?;
        let reserved = matches!(name, "" | "*" | "__GLOBAL" | "__EMPTY");
        if reserved || name.chars().any(char::is_control) {
            return Err(ApiError::InvalidSubject(text.to_owned()));
        }
        Ok(Self(name.to_owned()))
    }

    /// The name as stored.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Strips the default context from a subject or a subject prefix (`:.:`, and `:*:` in a prefix is
/// left to the caller).
///
/// # Errors
/// [`ApiError::ContextUnsupported`] when another context is named.
pub(crate) fn default_context(text: &str) -> Result<&str, ApiError> {
    if let Some(rest) = text.strip_prefix(":.:") {
        return Ok(rest);
    }
    if text.starts_with(":.") || text.starts_with(":*:") {
        return Err(ApiError::ContextUnsupported(text.to_owned()));
    }
    Ok(text)
}

/// What a compatibility level or a mode applies to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The whole registry.
    Global,
    /// One subject, whether or not it has versions.
    Subject(Subject),
}

impl Scope {
    /// Reads the `{subject}` of `/config/{subject}` and `/mode/{subject}`, where the default
    /// context without a subject (`:.:`) means the whole registry.
    ///
    /// # Errors
    /// As [`Subject::parse`].
    pub(crate) fn parse(text: &str) -> Result<Self, ApiError> {
        if matches!(text, ":.:" | ":.") {
            return Ok(Self::Global);
        }
        Subject::parse(text).map(Self::Subject)
    }

    /// The key of the setting's row: the subject, or the empty text.
    pub(crate) fn key(&self) -> &str {
        match self {
            Self::Global => "",
            Self::Subject(subject) => subject.as_str(),
        }
    }
}

/// A version as a path names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VersionId {
    /// `latest` or `-1`: the highest version that is not deleted.
    Latest,
    /// 1 to 2^31-1.
    Number(i32),
}

impl VersionId {
    /// Reads `latest` (in any case), `-1`, or a number from 1.
    ///
    /// # Errors
    /// [`ApiError::InvalidVersion`] for anything else.
    pub(crate) fn parse(text: &str) -> Result<Self, ApiError> {
        let trimmed = text.trim();
        if trimmed.eq_ignore_ascii_case("latest") {
            return Ok(Self::Latest);
        }
        match trimmed.parse::<i32>() {
            Ok(-1) => Ok(Self::Latest),
            Ok(number) if number >= 1 => Ok(Self::Number(number)),
            Ok(_) | Err(_) => Err(ApiError::InvalidVersion(trimmed.to_owned())),
        }
    }
}

impl fmt::Display for VersionId {
    /// As Confluent's messages write it: the number, and -1 for the latest.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => f.write_str("-1"),
            Self::Number(number) => write!(f, "{number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_plain_names_in_the_default_context() {
        for (text, name) in [
            ("orders-value", "orders-value"),
            (":.:orders-value", "orders-value"),
            ("ns:my-subject:v1", "ns:my-subject:v1"),
            ("a/b", "a/b"),
        ] {
            assert_eq!(Subject::parse(text).expect(text).as_str(), name);
        }
        for text in ["", "*", "__GLOBAL", "__EMPTY", "a\u{7}b", ":.:"] {
            assert_eq!(Subject::parse(text).expect_err(text).code(), 42208);
        }
        assert_eq!(Subject::parse(":.team:orders").expect_err("context").code(), 42208);
    }

    #[test]
    fn versions_are_latest_or_a_number_from_one() {
        assert_eq!(VersionId::parse("latest").expect("latest"), VersionId::Latest);
        assert_eq!(VersionId::parse("-1").expect("-1"), VersionId::Latest);
        assert_eq!(VersionId::parse("7").expect("7"), VersionId::Number(7));
        for text in ["0", "-2", "earliest", "2147483648", ""] {
            assert_eq!(VersionId::parse(text).expect_err(text).code(), 42202);
        }
    }
}
