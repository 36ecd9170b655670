//! What is wrong with the contracts, collected over a whole run.

use crate::ir::Origin;
use crate::rules::{Rule, Severity};

/// One breach of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The rule's id: `KEY_UNKNOWN`.
    pub rule: &'static str,
    /// Whether it stops generation.
    pub severity: Severity,
    /// What was expected and what was found.
    pub message: String,
    /// Where.
    pub origin: Origin,
    /// What the excerpt's underline says.
    pub label: String,
    /// Other places that belong to it, each with what stands there.
    pub related: Vec<(Origin, String)>,
    /// What mends it.
    pub help: String,
}

impl Problem {
    /// A breach of `rule` at `origin`.
    #[must_use]
    pub fn new(rule: &'static Rule, origin: &Origin, message: impl Into<String>) -> Self {
        Self {
            rule: rule.id,
            severity: rule.severity,
            message: message.into(),
            origin: origin.clone(),
            label: "here".to_owned(),
            related: Vec::new(),
            help: rule.mend.to_owned(),
        }
    }

    /// The same problem with another word under the excerpt.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// The same problem with a second place.
    #[must_use]
    pub fn related(mut self, origin: &Origin, text: impl Into<String>) -> Self {
        self.related.push((origin.clone(), text.into()));
        self
    }

    /// The same problem with a help of its own instead of the rule's.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }
}

/// The problems of a run.
#[derive(Clone, Debug, Default)]
pub struct Problems {
    found: Vec<Problem>,
}

impl Problems {
    /// Adds a problem.
    pub fn push(&mut self, problem: Problem) {
        self.found.push(problem);
    }

    /// How many are errors so far.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.found.iter().filter(|problem| problem.severity == Severity::Error).count()
    }

    /// Of the errors after the first `count`, makes breaches of one rule breaches of another: they were
    /// found by a proof that serves both.
    pub(crate) fn rename_since(&mut self, count: usize, from: &'static Rule, to: &'static Rule) {
        let errors = self.found.iter_mut().filter(|problem| problem.severity == Severity::Error);
        for problem in errors.skip(count).filter(|problem| problem.rule == from.id) {
            problem.rule = to.id;
            to.mend.clone_into(&mut problem.help);
        }
    }

    /// All, each once, sorted by file and place.
    #[must_use]
    pub fn into_sorted(mut self) -> Vec<Problem> {
        self.found
            .sort_by(|a, b| (&a.origin, a.rule, &a.message).cmp(&(&b.origin, b.rule, &b.message)));
        self.found.dedup();
        self.found
    }
}

/// A place in a file as the contracts' documents give it.
#[must_use]
pub(crate) fn origin(file: &str, span: charter_avro::source::Span) -> Origin {
    Origin {
        file: file.to_owned(),
        line: span.line,
        column: span.column,
        start: span.start,
        end: span.end,
    }
}
