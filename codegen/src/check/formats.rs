//! Reports for tools and pages.

mod github;
mod html;
mod json;
mod junit;
mod markdown;
mod sarif;

pub use github::github;
pub use html::html;
pub use json::json;
pub use junit::junit;
pub use markdown::markdown;
pub use sarif::sarif;

use super::change::Change;
use crate::report;

/// What a report is about, and how it says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// The command that made it.
    pub command: &'static str,
    /// What it all comes to, in a line.
    pub verdict: String,
    /// What stands above the errors.
    pub errors: &'static str,
    /// What the notes are called: `3 compatible`.
    pub notes: &'static str,
    /// What a run without anything is called.
    pub nothing: &'static str,
}

impl Topic {
    /// A report about changes.
    #[must_use]
    pub fn changes(changes: &[Change]) -> Self {
        Self {
            command: "charter check",
            verdict: report::verdict(changes),
            errors: "Breaking",
            notes: "compatible",
            nothing: "nothing changed",
        }
    }
}

/// What a report calls the subject of a change.
fn subject(change: &Change) -> &str {
    if change.subject.is_empty() { "the whole document" } else { &change.subject }
}

/// Subjects in the order in which they come first, each with its changes.
fn by_subject(changes: &[Change]) -> Vec<(&str, Vec<&Change>)> {
    let mut groups: Vec<(&str, Vec<&Change>)> = Vec::new();
    for change in changes {
        let subject = subject(change);
        match groups.iter_mut().find(|(other, _)| *other == subject) {
            Some((_, group)) => group.push(change),
            None => groups.push((subject, vec![change])),
        }
    }
    groups
}

/// Text between the tags of XML and HTML, and in attributes. Characters that XML cannot hold become spaces.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(letter),
            _ if letter.is_control() => out.push(' '),
            _ => out.push(letter),
        }
    }
    out
}
