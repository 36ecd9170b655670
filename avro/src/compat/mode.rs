//! The compatibility modes of schema registries.

use std::fmt;
use std::str::FromStr;

use super::Incompatibility;
use super::report::report;
use super::verdicts::{Budget, TooComplex, Verdicts};
use crate::schema::Schema;

/// Which versions of a schema must be able to read which others' data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Mode {
    /// None.
    None,
    /// The new one reads the last one's.
    #[default]
    Backward,
    /// The new one reads every earlier one's.
    BackwardTransitive,
    /// The last one reads the new one's.
    Forward,
    /// Every earlier one reads the new one's.
    ForwardTransitive,
    /// The new one and the last one read each other's.
    Full,
    /// The new one and every earlier one read each other's.
    FullTransitive,
}

/// Who reads whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The new schema reads what the earlier one wrote.
    Backward,
    /// The earlier schema reads what the new one writes.
    Forward,
}

/// One reason why a new schema may not follow the earlier ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Index of the earlier schema.
    pub previous: usize,
    /// Who cannot read whom.
    pub direction: Direction,
    /// Why.
    pub incompatibility: Incompatibility,
}

/// A text that names no mode.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected NONE, BACKWARD, BACKWARD_TRANSITIVE, FORWARD, FORWARD_TRANSITIVE, FULL or FULL_TRANSITIVE, found `{found}`"
)]
pub struct UnknownMode {
    /// The text.
    pub found: String,
}

/// Everything that speaks against `new` after `previous` (oldest first) under `mode`. Modes that are not transitive look at the
/// last of `previous` only. The latest version's reasons come first.
#[must_use]
pub fn check_mode(mode: Mode, new: &Schema, previous: &[Schema]) -> Vec<Violation> {
    match check_mode_within(Budget::UNBOUNDED, mode, new, previous) {
        Ok(violations) => violations,
        Err(TooComplex { .. }) => unreachable!("nothing bounds it"),
    }
}

/// As [`check_mode`], for schemas of anybody: each comparison of two may take `budget`.
///
/// # Errors
/// [`TooComplex`] when one would take more.
pub fn check_mode_within(
    budget: Budget,
    mode: Mode,
    new: &Schema,
    previous: &[Schema],
) -> Result<Vec<Violation>, TooComplex> {
    let considered = if mode.is_transitive() { previous.len() } else { previous.len().min(1) };
    let mut violations = Vec::new();
    for (index, earlier) in previous.iter().enumerate().rev().take(considered) {
        let mut add = |direction: Direction, reader: &Schema, writer: &Schema| {
            let found = report(&Verdicts::within(budget, reader, writer)?).into_iter();
            violations.extend(found.map(|incompatibility| Violation {
                previous: index,
                direction,
                incompatibility,
            }));
            Ok(())
        };
        if mode.is_backward() {
            add(Direction::Backward, new, earlier)?;
        }
        if mode.is_forward() {
            add(Direction::Forward, earlier, new)?;
        }
    }
    Ok(violations)
}

impl Mode {
    /// All modes.
    pub const ALL: [Self; 7] = [
        Self::None,
        Self::Backward,
        Self::BackwardTransitive,
        Self::Forward,
        Self::ForwardTransitive,
        Self::Full,
        Self::FullTransitive,
    ];

    /// The word for it: `BACKWARD_TRANSITIVE`, …
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Backward => "BACKWARD",
            Self::BackwardTransitive => "BACKWARD_TRANSITIVE",
            Self::Forward => "FORWARD",
            Self::ForwardTransitive => "FORWARD_TRANSITIVE",
            Self::Full => "FULL",
            Self::FullTransitive => "FULL_TRANSITIVE",
        }
    }

    /// Whether it looks at all earlier versions.
    #[must_use]
    pub fn is_transitive(self) -> bool {
        matches!(self, Self::BackwardTransitive | Self::ForwardTransitive | Self::FullTransitive)
    }

    /// Whether the new schema must read earlier data.
    #[must_use]
    pub fn is_backward(self) -> bool {
        matches!(
            self,
            Self::Backward | Self::BackwardTransitive | Self::Full | Self::FullTransitive
        )
    }

    /// Whether earlier schemas must read new data.
    #[must_use]
    pub fn is_forward(self) -> bool {
        matches!(self, Self::Forward | Self::ForwardTransitive | Self::Full | Self::FullTransitive)
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Mode {
    type Err = UnknownMode;

    fn from_str(text: &str) -> Result<Self, UnknownMode> {
        let found = Self::ALL.into_iter().find(|mode| mode.as_str() == text);
        found.ok_or_else(|| UnknownMode { found: text.to_owned() })
    }
}
