//! What a lint finds.

use charter_avro::source::{Span, Tree, Value};

use super::rules::{self, LintRule};
use crate::check::change::{Change, Spot};
use crate::problem::{Problem, origin};
use crate::rules::Severity;

/// One breach of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: &'static LintRule,
    /// What it belongs to: `shop.OrderPlaced`, `POST /orders`, `schemas/Order`.
    pub subject: String,
    /// What was expected, and what was found.
    pub text: String,
    /// Where.
    pub spot: Spot,
    /// The value that an allowance has to stand in or around.
    pub(super) within: Span,
}

impl Finding {
    /// The finding as people read it.
    #[must_use]
    pub fn problem(&self) -> Problem {
        Problem {
            rule: self.rule.id,
            severity: self.rule.severity,
            message: format!("{}: {}", self.subject, self.text),
            origin: self.spot.origin.clone(),
            label: "here".to_owned(),
            related: Vec::new(),
            help: self.rule.mend.to_owned(),
        }
    }

    /// The finding as reports for tools take it: something about what is there now.
    #[must_use]
    pub fn change(&self) -> Option<Change> {
        let rule = rules::FOR_REPORTS.get(self.rule.id)?;
        let mut change =
            Change::new(rule, self.rule.severity, self.subject.clone(), self.text.clone());
        change.revision = Some(self.spot.clone());
        // The same breach at two places of one subject is two findings.
        change.identity = format!("{}\0{}", self.spot.pointer, self.text);
        Some(change)
    }
}

/// Where a finding is shown, and what it is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    /// The file.
    pub(super) file: &'a str,
    /// The span that is shown.
    pub(super) at: Span,
    /// The value that it is about.
    pub(super) within: Span,
}

/// The findings of a run.
#[derive(Debug, Default)]
pub(super) struct Findings {
    found: Vec<Finding>,
}

impl Findings {
    pub(super) fn push(
        &mut self,
        rule: &'static LintRule,
        place: Place<'_>,
        subject: &str,
        text: impl Into<String>,
    ) {
        self.found.push(Finding {
            rule,
            subject: subject.to_owned(),
            text: text.into(),
            spot: Spot { origin: origin(place.file, first_byte(place)), pointer: String::new() },
            within: place.within,
        });
    }

    pub(super) fn into_inner(self) -> Vec<Finding> {
        self.found
    }
}

/// An object or array of many lines is shown by its first byte.
fn first_byte(place: Place<'_>) -> Span {
    let length = place.at.end.saturating_sub(place.at.start);
    if place.at == place.within && length > 60 {
        Span { end: place.at.start + 1, ..place.at }
    } else {
        place.at
    }
}

/// The order of a report: by file and place.
pub(super) fn sort(findings: &mut Vec<Finding>) {
    findings.sort_by(|a, b| {
        (&a.spot, a.rule.id, &a.subject, &a.text).cmp(&(&b.spot, b.rule.id, &b.subject, &b.text))
    });
    findings.dedup();
}

/// The JSON pointer (RFC 6901) of the innermost value below `root` that begins at `start` or holds it.
pub(super) fn pointer(root: &Tree, start: u32) -> String {
    let mut text = String::new();
    let mut here = root;
    loop {
        let holds = |span: Span| span.start <= start && start < span.end;
        let next = match &here.value {
            Value::Object(members) => members
                .iter()
                .find(|member| holds(member.value.span) || holds(member.key_span))
                .map(|member| (member.key.replace('~', "~0").replace('/', "~1"), &member.value)),
            Value::Array(items) => items
                .iter()
                .enumerate()
                .find(|(_, item)| holds(item.span))
                .map(|(index, item)| (index.to_string(), item)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        };
        let Some((step, tree)) = next else { return text };
        text.push('/');
        text.push_str(&step);
        if tree.span.start == start {
            return text;
        }
        here = tree;
    }
}

/// How bad `findings` are: the worst severity.
#[must_use]
pub fn worst(findings: &[Finding]) -> Option<Severity> {
    findings.iter().map(|finding| finding.rule.severity).min()
}

/// One line that says what `findings` come to.
#[must_use]
pub fn verdict(findings: &[Finding]) -> String {
    let count =
        |severity| findings.iter().filter(|finding| finding.rule.severity == severity).count();
    let plural =
        |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    if findings.is_empty() {
        return "nothing found".to_owned();
    }
    format!(
        "{}, {}, {}",
        plural(count(Severity::Error), "error"),
        plural(count(Severity::Warning), "warning"),
        plural(count(Severity::Info), "note")
    )
}
