//! `JUnit`'s XML: a test case for each rule that was hit at a place, failed where it breaks.

use std::fmt::Write as _;

use super::{Topic, by_subject, escaped};
use crate::check::change::Change;
use crate::rules::Severity;

/// Renders `changes` as a `JUnit` report. A run without changes has one test, which passed.
#[must_use]
pub fn junit(changes: &[Change], topic: &Topic) -> String {
    let failures = |changes: &[&Change]| {
        changes.iter().filter(|change| change.severity == Severity::Error).count()
    };
    let all: Vec<&Change> = changes.iter().collect();
    let mut out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    let _ = writeln!(
        out,
        "<testsuites name=\"{}\" tests=\"{}\" failures=\"{}\">",
        topic.command,
        all.len().max(1),
        failures(&all)
    );
    for (subject, changes) in by_subject(changes) {
        let _ = writeln!(
            out,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\">",
            escaped(subject),
            changes.len(),
            failures(&changes)
        );
        for change in changes {
            case(&mut out, subject, change);
        }
        out.push_str("  </testsuite>\n");
    }
    if changes.is_empty() {
        out.push_str("  <testsuite name=\"contracts\" tests=\"1\" failures=\"0\">\n");
        let _ = writeln!(
            out,
            "    <testcase classname=\"contracts\" name=\"{}\"/>\n  </testsuite>",
            topic.nothing
        );
    }
    out.push_str("</testsuites>\n");
    out
}

fn case(out: &mut String, subject: &str, change: &Change) {
    let place = change.spot().map_or(String::new(), |spot| {
        format!("{}:{}:{}", spot.origin.file, spot.origin.line, spot.origin.column)
    });
    let name = format!("{}: {}", change.rule.id, change.text);
    let (name, subject) = (escaped(&name), escaped(subject));
    let _ = write!(out, "    <testcase classname=\"{subject}\" name=\"{name}\"");
    if change.severity == Severity::Error {
        let (rule, text) = (escaped(&change.rule.id), escaped(&change.text));
        let proof = change.evidence_line().map_or(String::new(), |line| format!("{line}\n"));
        let rest = escaped(&format!("{place}\n{proof}{}", change.rule.mend));
        let _ = writeln!(
            out,
            ">\n      <failure type=\"{rule}\" message=\"{text}\">{rest}</failure>\n    </testcase>"
        );
    } else {
        let severity = change.severity.as_str();
        let _ = writeln!(
            out,
            ">\n      <system-out>{severity} {}</system-out>\n    </testcase>",
            escaped(&place)
        );
    }
}
