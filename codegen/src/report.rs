//! Problems as people and tools read them. The only module that knows miette.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource,
    Severity as Level, SourceCode,
};
use serde_json::json;

use crate::check::change::Change;
use crate::ir::Origin;
use crate::problem::Problem;
use crate::rules::Severity;

/// The longest line that an excerpt is shown of: a file on one line would fill pages.
const LONGEST_LINE: usize = 400;

/// The width that messages are wrapped at: a fixed one, so that a report is the same everywhere.
const WIDTH: usize = 110;

/// Renders `problems` with excerpts of the files in `texts` (path to text), and a line that counts them.
#[must_use]
pub fn render(problems: &[Problem], texts: &BTreeMap<String, String>, colour: bool) -> String {
    let handler = handler(colour);
    let sources = sources(texts);
    let mut out = String::new();
    for problem in problems {
        let rendered = Rendered::new(problem, &sources);
        if handler.render_report(&mut out, &rendered).is_err() {
            // The handler fails only where an excerpt lies outside its text; the facts still stand.
            let Problem { rule, message, origin, .. } = problem;
            let _ = writeln!(out, "{rule}: {message} ({})", place_of(origin));
        }
        out.push('\n');
    }
    let out = out.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    format!("{}\n\n{}\n", out.trim_end(), count(problems)).trim_start_matches('\n').to_owned()
}

/// Renders `changes` for a person: by subject, with excerpts of the files in `texts` for all that is worse than
/// information, and a verdict.
#[must_use]
pub fn render_changes(
    changes: &[Change],
    texts: &BTreeMap<String, String>,
    colour: bool,
) -> String {
    let sources = sources(texts);
    let mut subjects: BTreeMap<&str, Vec<&Change>> = BTreeMap::new();
    for change in changes {
        subjects.entry(&change.subject).or_default().push(change);
    }
    let mut groups: Vec<_> = subjects.into_iter().collect();
    // What breaks comes first; the changes of a subject are sorted like that already.
    groups.sort_by_key(|(_, changes)| changes[0].severity);
    let mut out = String::new();
    for (subject, changes) in groups {
        let subject = if subject.is_empty() { "the whole document" } else { subject };
        let _ = writeln!(out, "{subject}");
        let (notes, others): (Vec<&Change>, Vec<&Change>) =
            changes.into_iter().partition(|change| change.severity == Severity::Info);
        for change in others {
            out.push('\n');
            let rendered = Rendered::of_change(change, &sources, texts);
            if handler(colour).render_report(&mut out, &rendered).is_err() {
                let _ = writeln!(out, "{}: {}", change.rule.id, change.text);
            }
        }
        if !notes.is_empty() {
            out.push('\n');
        }
        for note in notes {
            let _ = writeln!(out, "  {} ({})", note.text, note.rule.id);
        }
        out.push('\n');
    }
    let out = out.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    format!("{}\n{}\n", out, verdict(changes)).trim_start_matches('\n').to_owned()
}

/// Renders `changes` a line each, and a verdict: for logs.
#[must_use]
pub fn render_short(changes: &[Change]) -> String {
    let mut out = String::new();
    for change in changes {
        let subject = if change.subject.is_empty() { "" } else { ": " };
        let place = change.spot().map(|spot| &spot.origin);
        let place = place.map_or(String::new(), |origin| format!(" ({})", place_of(origin)));
        let _ = writeln!(
            out,
            "{} {} {}{subject}{}{place}",
            change.severity.as_str(),
            change.rule.id,
            change.subject,
            change.text
        );
    }
    format!("{out}{}\n", verdict(changes))
}

fn place_of(origin: &Origin) -> String {
    format!("{}:{}:{}", origin.file, origin.line, origin.column)
}

/// One line that says what `changes` come to.
#[must_use]
pub fn verdict(changes: &[Change]) -> String {
    let count = |severity| changes.iter().filter(|change| change.severity == severity).count();
    let plural =
        |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let counts = format!(
        "{}, {}, {}",
        plural(errors, "error"),
        plural(warnings, "warning"),
        plural(count(Severity::Info), "note")
    );
    match (errors, changes.len()) {
        (0, 0) => "nothing changed".to_owned(),
        (0, _) => format!("nothing breaks: {counts}"),
        (_, _) => format!("breaking: {counts}"),
    }
}

/// Renders `problems` as one JSON document: an array of objects in the order of the report.
#[must_use]
pub fn render_json(problems: &[Problem]) -> String {
    let place = |origin: &Origin| json!({"file": origin.file, "line": origin.line, "column": origin.column});
    let list: Vec<_> = problems
        .iter()
        .map(|problem| {
            json!({
                "rule": problem.rule,
                "severity": problem.severity.as_str(),
                "message": problem.message,
                "at": place(&problem.origin),
                "related": problem.related.iter().map(|(origin, text)| {
                    json!({"at": place(origin), "text": text})
                }).collect::<Vec<_>>(),
                "help": problem.help,
            })
        })
        .collect();
    format!("{:#}\n", serde_json::Value::Array(list))
}

/// The files of a report by their paths.
type Sources<'t> = BTreeMap<&'t str, Arc<NamedSource<String>>>;

fn sources(texts: &BTreeMap<String, String>) -> Sources<'_> {
    texts
        .iter()
        .filter(|(_, text)| text.lines().all(|line| line.len() <= LONGEST_LINE))
        .map(|(path, text)| (path.as_str(), Arc::new(NamedSource::new(path, text.clone()))))
        .collect()
}

fn handler(colour: bool) -> GraphicalReportHandler {
    let theme = if colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    GraphicalReportHandler::new_themed(theme)
        .with_width(WIDTH)
        .with_links(false)
        .with_context_lines(1)
        .without_syntax_highlighting()
}

fn count(problems: &[Problem]) -> String {
    let plural =
        |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    let kinds =
        [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Info, "note")];
    let counts = kinds.map(|(severity, noun)| {
        (problems.iter().filter(|problem| problem.severity == severity).count(), noun)
    });
    let said: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, noun)| plural(*count, noun))
        .collect();
    if said.is_empty() { plural(0, "error") } else { said.join(", ") }
}

/// A problem, or one of its related places, as miette takes it.
#[derive(Debug)]
struct Rendered {
    code: Option<&'static str>,
    level: Level,
    message: String,
    help: Option<String>,
    label: LabeledSpan,
    source: Option<Arc<NamedSource<String>>>,
    related: Vec<Rendered>,
}

impl Rendered {
    fn new(problem: &Problem, sources: &Sources<'_>) -> Self {
        let related = problem.related.iter().map(|(origin, text)| Self {
            code: None,
            level: Level::Advice,
            message: text.clone(),
            help: None,
            label: label(origin, None),
            source: sources.get(origin.file.as_str()).cloned(),
            related: Vec::new(),
        });
        Self {
            code: Some(problem.rule),
            level: level(problem.severity),
            message: located(&problem.message, &problem.origin, sources),
            help: Some(problem.help.clone()),
            label: label(&problem.origin, Some(problem.label.clone())),
            source: sources.get(problem.origin.file.as_str()).cloned(),
            related: related.collect(),
        }
    }
}

impl Rendered {
    fn of_change(change: &Change, sources: &Sources<'_>, texts: &BTreeMap<String, String>) -> Self {
        let line = |origin: &Origin, words: &str| {
            let text = texts.get(&origin.file).map_or("", String::as_str);
            label(&first_line(origin, text), Some(words.to_owned()))
        };
        let level = level(change.severity);
        let message = change.text.clone();
        let help = Some(help(change)).filter(|_| level != Level::Advice);
        let spots = (change.revision.as_ref(), change.base.as_ref());
        let (spot, words) = match spots {
            (Some(spot), _) => (&spot.origin, "now"),
            (None, Some(spot)) => (&spot.origin, "before"),
            (None, None) => return Self { message, ..Self::plain(level, &change.rule.id) },
        };
        let before = change.base.as_ref().filter(|before| {
            change.revision.is_some() && sources.contains_key(before.origin.file.as_str())
        });
        let related = before.map(|before| Self {
            message: "before".to_owned(),
            label: line(&before.origin, "before"),
            source: sources.get(before.origin.file.as_str()).cloned(),
            ..Self::plain(Level::Advice, "")
        });
        Self {
            message: located(&message, spot, sources),
            help,
            label: line(spot, words),
            source: sources.get(spot.file.as_str()).cloned(),
            related: related.into_iter().collect(),
            ..Self::plain(level, &change.rule.id)
        }
    }

    fn plain(level: Level, code: &'static str) -> Self {
        Self {
            code: Some(code).filter(|code| !code.is_empty()),
            level,
            message: String::new(),
            help: None,
            label: LabeledSpan::new_primary_with_span(None, (0, 0)),
            source: None,
            related: Vec::new(),
        }
    }
}

/// A message with its place, where no excerpt shows it.
fn located(message: &str, origin: &Origin, sources: &Sources<'_>) -> String {
    if sources.contains_key(origin.file.as_str()) {
        message.to_owned()
    } else {
        format!("{message} ({})", place_of(origin))
    }
}

/// What to do, whom it hits, and why it is accepted.
fn help(change: &Change) -> String {
    let mut help = change.rule.mend.to_owned();
    if !change.hits.is_empty() {
        let _ = write!(help, "\nhits {}", change.hits.join(", "));
    }
    if let Some(proof) = change.evidence_line() {
        let _ = write!(help, "\n{proof}");
    }
    if let Some(reason) = &change.accepted {
        let _ = write!(help, "\naccepted: {reason}");
    }
    help
}

fn level(severity: Severity) -> Level {
    match severity {
        Severity::Error => Level::Error,
        Severity::Warning => Level::Warning,
        Severity::Info => Level::Advice,
    }
}

/// An origin that ends with its line: what is long would fill the page.
fn first_line(origin: &Origin, text: &str) -> Origin {
    let (start, end) = (origin.start as usize, origin.end as usize);
    let length =
        text.get(start..end).and_then(|text| text.find('\n')).unwrap_or(end.saturating_sub(start));
    let end = origin.start + u32::try_from(length).unwrap_or(u32::MAX);
    Origin { end, ..origin.clone() }
}

fn label(origin: &Origin, text: Option<String>) -> LabeledSpan {
    let start = origin.start as usize;
    LabeledSpan::new_primary_with_span(text, (start, (origin.end as usize).saturating_sub(start)))
}

impl fmt::Display for Rendered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Rendered {}

impl Diagnostic for Rendered {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.code.map(|code| Box::new(code) as Box<dyn fmt::Display>)
    }

    fn severity(&self) -> Option<Level> {
        Some(self.level)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_deref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(std::iter::once(self.label.clone())))
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        if self.related.is_empty() {
            return None;
        }
        Some(Box::new(self.related.iter().map(|related| related as &dyn Diagnostic)))
    }
}
