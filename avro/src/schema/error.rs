//! What can be wrong with a schema.

use std::fmt;

use crate::source::{SourceError, Span};

/// One problem of a schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SchemaError {
    /// Stable id of the rule, for example `AVRO_UNKNOWN_TYPE`.
    pub rule: &'static str,
    /// What was expected and what was found.
    pub message: String,
    /// Which of the files given to the parser, from 0.
    pub file: usize,
    /// Where in that file.
    pub span: Span,
    /// What to do about it.
    pub help: Option<String>,
}

/// All problems of a schema, sorted by file and place. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaErrors(pub Vec<SchemaError>);

impl SchemaError {
    pub(super) fn from_source(error: SourceError, file: usize) -> Self {
        Self { rule: error.rule, message: error.message, file, span: error.span, help: None }
    }
}

impl fmt::Display for SchemaErrors {
    /// `line:column: message [RULE]`, joined with `; `.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{}: {} [{}]", error.span, error.message, error.rule)?;
        }
        Ok(())
    }
}

impl std::error::Error for SchemaErrors {}
