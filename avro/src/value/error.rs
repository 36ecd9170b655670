use std::fmt;

use super::MAX_LEVELS;

/// Why a value and a schema, or a JSON text and a schema, do not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueError {
    /// Innermost first: segments are added while the error travels outwards.
    path: Vec<String>,
    message: String,
}

impl ValueError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { path: Vec::new(), message: message.into() }
    }

    pub(super) fn expected(expected: &str, found: &str) -> Self {
        Self::new(format!("expected {expected}, found {found}"))
    }

    pub(super) fn too_deep() -> Self {
        Self::new(format!("expected at most {MAX_LEVELS} values nested in one another, found more"))
    }

    /// The same error, seen from what holds the value at `segment`.
    pub(super) fn within(mut self, segment: &str) -> Self {
        self.path.push(segment.replace('~', "~0").replace('/', "~1"));
        self
    }

    /// Where, as a JSON pointer (RFC 6901); empty for the whole value.
    #[must_use]
    pub fn pointer(&self) -> String {
        self.path.iter().rev().flat_map(|segment| ["/", segment]).collect()
    }

    /// What was expected and what was found.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "at `{}`: ", self.pointer())?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for ValueError {}
