//! A page that stands alone: no script, no font, nothing from elsewhere.

use std::fmt::Write as _;

use super::{Topic, by_subject, escaped};
use crate::check::change::{Change, Spot};
use crate::rules::Severity;

const STYLE: &str = "\
:root { color-scheme: light dark; --line: #8884; --error: #c62828; --warning: #b26a00; --info: #2e7d32; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; border-bottom: 1px solid var(--line); }
article { border-left: 4px solid; padding: .2rem 0 .2rem 1rem; margin: 1rem 0; }
.error { border-color: var(--error); } .warning { border-color: var(--warning); } .info { border-color: var(--info); }
code { font-family: ui-monospace, monospace; font-size: .9em; } .rule, .place, .help { opacity: .8; font-size: .9em; }
p { margin: .2rem 0; overflow-wrap: anywhere; }
";

/// Renders `changes` as an HTML page.
#[must_use]
pub fn html(changes: &[Change], topic: &Topic) -> String {
    let verdict = escaped(&topic.verdict);
    let mut body = String::new();
    for (subject, changes) in by_subject(changes) {
        let _ = writeln!(body, "<section>\n<h2>{}</h2>", escaped(subject));
        for change in changes {
            article(&mut body, change);
        }
        body.push_str("</section>\n");
    }
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Contracts: {verdict}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <h1>Contracts: {verdict}</h1>\n{body}</body>\n</html>\n"
    )
}

fn article(body: &mut String, change: &Change) {
    let severity = change.severity;
    let _ =
        writeln!(body, "<article class=\"{}\" id=\"{}\">", severity.as_str(), change.fingerprint());
    let _ = writeln!(body, "<p>{}</p>", code(&change.text));
    let _ = writeln!(
        body,
        "<p class=\"rule\">{} <code>{}</code></p>",
        severity.as_str(),
        change.rule.id
    );
    let places: Vec<_> = [("now", &change.revision), ("before", &change.base)]
        .into_iter()
        .filter_map(|(word, spot)| Some((word, spot.as_ref()?)))
        .map(|(word, spot)| format!("{word} <code>{}</code>", escaped(&place(spot))))
        .collect();
    let _ = writeln!(body, "<p class=\"place\">{}</p>", places.join(", "));
    if !change.hits.is_empty() {
        let _ = writeln!(body, "<p class=\"place\">hits {}</p>", escaped(&change.hits.join(", ")));
    }
    if let Some(proof) = change.evidence_line() {
        let _ = writeln!(body, "<p class=\"place\">{}</p>", code(&proof));
    }
    if let Some(reason) = &change.accepted {
        let _ = writeln!(body, "<p class=\"help\">accepted: {}</p>", escaped(reason));
    } else if severity != Severity::Info {
        let _ = writeln!(body, "<p class=\"help\">{}</p>", code(change.rule.mend));
    }
    body.push_str("</article>\n");
}

fn place(spot: &Spot) -> String {
    format!("{}:{}:{}", spot.origin.file, spot.origin.line, spot.origin.column)
}

/// A message, with what stands in backticks as code.
fn code(text: &str) -> String {
    let mut parts = text.split('`');
    let mut out = escaped(parts.next().unwrap_or_default());
    while let Some(inside) = parts.next() {
        let _ = write!(out, "<code>{}</code>", escaped(inside));
        out.push_str(&escaped(parts.next().unwrap_or_default()));
    }
    out
}
