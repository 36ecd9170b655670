//! Workflow commands of GitHub Actions, which show as annotations on the lines of a pull request.

use std::fmt::Write as _;

use super::Topic;
use crate::check::change::Change;
use crate::rules::Severity;

/// Renders `changes` as workflow commands, and the verdict.
#[must_use]
pub fn github(changes: &[Change], topic: &Topic) -> String {
    let mut out = String::new();
    for change in changes {
        let word = match change.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "notice",
        };
        // Only the files of the working tree can be annotated.
        let place = change.revision.as_ref().map_or(String::new(), |spot| {
            let origin = &spot.origin;
            format!("file={},line={},col={},", property(&origin.file), origin.line, origin.column)
        });
        let subject = super::subject(change);
        let proof = change.evidence_line().map_or(String::new(), |line| format!("{line}\n"));
        let text = format!("{subject}: {}\n{proof}{}", change.text, change.rule.mend);
        let _ = writeln!(
            out,
            "::{word} {place}title={}::{}",
            property(&change.rule.id),
            message(&text)
        );
    }
    format!("{out}{}\n", topic.verdict)
}

fn message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}
