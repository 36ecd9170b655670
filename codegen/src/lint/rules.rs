//! What `charter lint` asks for: a row each, in two tables. `charter explain RULE` prints one, `docs/rules.md` all.

pub(super) mod api;
pub(super) mod contracts;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::check::change::{ChangeRule, Kind};
use crate::rules::Severity;

/// A rule about contracts as they are.
#[derive(Debug, PartialEq, Eq)]
pub struct LintRule {
    /// The stable id: `field-doc`.
    pub id: &'static str,
    /// How bad a breach is.
    pub severity: Severity,
    /// What must hold.
    pub purpose: &'static str,
    /// Where the rule comes from.
    pub source: &'static str,
    /// What breaks it.
    pub bad: &'static str,
    /// What keeps it.
    pub good: &'static str,
    /// What mends a breach.
    pub mend: &'static str,
}

/// All rules, sorted by id.
#[must_use]
pub fn all() -> Vec<&'static LintRule> {
    let mut all: Vec<_> = contracts::ROWS.iter().chain(api::ROWS).copied().collect();
    all.sort_by_key(|rule| rule.id);
    all
}

/// The rule with this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static LintRule> {
    contracts::ROWS.iter().chain(api::ROWS).copied().find(|rule| rule.id == id)
}

/// The rules as reports for tools take them, by id.
pub(super) static FOR_REPORTS: LazyLock<BTreeMap<&'static str, ChangeRule>> = LazyLock::new(|| {
    let row = |rule: &'static LintRule| ChangeRule {
        id: rule.id.to_owned(),
        kind: Kind::Structure,
        severity: rule.severity,
        strict: rule.severity,
        what: format!("a contract breaks: {}", rule.purpose),
        mend: rule.mend,
    };
    all().into_iter().map(|rule| (rule.id, row(rule))).collect()
});

macro_rules! rows {
    ($($id:ident $name:literal $severity:ident $purpose:literal $source:literal $bad:literal $good:literal $mend:literal;)*) => {
        $(
            #[doc = $purpose]
            pub(in crate::lint) static $id: crate::lint::rules::LintRule = crate::lint::rules::LintRule {
                id: $name,
                severity: crate::rules::Severity::$severity,
                purpose: $purpose,
                source: $source,
                bad: $bad,
                good: $good,
                mend: $mend,
            };
        )*
        pub(super) static ROWS: &[&crate::lint::rules::LintRule] = &[$(&$id),*];
    };
}
pub(super) use rows;
