//! Markdown for a comment on a pull request: the verdict, what breaks, and the rest folded away.

use std::fmt::Write as _;

use super::{Topic, subject};
use crate::check::change::Change;
use crate::rules::Severity;

/// Renders `changes` as Markdown.
#[must_use]
pub fn markdown(changes: &[Change], topic: &Topic) -> String {
    let mut out = format!("## Contracts: {}\n", topic.verdict);
    let of = |severity| changes.iter().filter(move |change| change.severity == severity);
    for (severity, title) in [(Severity::Error, topic.errors), (Severity::Warning, "To look at")] {
        if of(severity).next().is_none() {
            continue;
        }
        let _ = writeln!(
            out,
            "\n### {title}\n\n| what | change | where | what to do |\n|---|---|---|---|"
        );
        for change in of(severity) {
            let hits = if change.hits.is_empty() {
                String::new()
            } else {
                format!("<br>hits {}", change.hits.join(", "))
            };
            let proof =
                change.evidence_line().map_or(String::new(), |proof| format!("<br>{proof}"));
            let accepted = change
                .accepted
                .as_ref()
                .map_or(String::new(), |reason| format!("<br>accepted: {reason}"));
            let _ = writeln!(
                out,
                "| {} | {}<br>`{}`{} | {} | {}{} |",
                cell(subject(change)),
                cell(&change.text),
                change.rule.id,
                cell(&(hits + &proof)),
                cell(&place(change)),
                cell(change.rule.mend),
                cell(&accepted)
            );
        }
    }
    let notes: Vec<_> = of(Severity::Info).collect();
    if !notes.is_empty() {
        let _ = writeln!(out, "\n<details><summary>{} {}</summary>\n", notes.len(), topic.notes);
        for change in notes {
            let _ = writeln!(
                out,
                "- {}: {} (`{}`)",
                cell(subject(change)),
                cell(&change.text),
                change.rule.id
            );
        }
        out.push_str("\n</details>\n");
    }
    out
}

fn place(change: &Change) -> String {
    change
        .spot()
        .map_or(String::new(), |spot| format!("`{}:{}`", spot.origin.file, spot.origin.line))
}

/// A text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
