//! Problems as people and tools read them. The only module that knows miette.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource,
    Severity as Level, SourceCode,
};
use serde_json::json;

use crate::ir::Origin;
use crate::problem::Problem;
use crate::rules::Severity;

/// The width that messages are wrapped at: a fixed one, so that a report is the same everywhere.
const WIDTH: usize = 110;

/// Renders `problems` with excerpts of the files in `texts` (path to text), and a line that counts them.
#[must_use]
pub fn render(problems: &[Problem], texts: &BTreeMap<String, String>, colour: bool) -> String {
    let theme = if colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(WIDTH)
        .with_links(false)
        .with_context_lines(1)
        .without_syntax_highlighting();
    let sources: BTreeMap<&str, Arc<NamedSource<String>>> = texts
        .iter()
        .map(|(path, text)| (path.as_str(), Arc::new(NamedSource::new(path, text.clone()))))
        .collect();
    let mut out = String::new();
    for problem in problems {
        let rendered = Rendered::new(problem, &sources);
        if handler.render_report(&mut out, &rendered).is_err() {
            // The handler fails only where an excerpt lies outside its text; the facts still stand.
            let Problem { rule, message, origin, .. } = problem;
            let _ = writeln!(
                out,
                "{rule}: {message} ({}:{}:{})",
                origin.file, origin.line, origin.column
            );
        }
        out.push('\n');
    }
    let out = out.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    format!("{}\n\n{}\n", out.trim_end(), count(problems)).trim_start_matches('\n').to_owned()
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

fn count(problems: &[Problem]) -> String {
    let plural =
        |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    let errors = problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    let warnings = problems.len() - errors;
    match (errors, warnings) {
        (_, 0) => plural(errors, "error"),
        (0, _) => plural(warnings, "warning"),
        (_, _) => format!("{}, {}", plural(errors, "error"), plural(warnings, "warning")),
    }
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
    fn new(problem: &Problem, sources: &BTreeMap<&str, Arc<NamedSource<String>>>) -> Self {
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
            level: match problem.severity {
                Severity::Error => Level::Error,
                Severity::Warning => Level::Warning,
            },
            message: problem.message.clone(),
            help: Some(problem.help.clone()),
            label: label(&problem.origin, Some(problem.label.clone())),
            source: sources.get(problem.origin.file.as_str()).cloned(),
            related: related.collect(),
        }
    }
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
