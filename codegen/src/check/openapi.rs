//! Two versions of an OpenAPI document (3.0 or 3.1), and what the difference means to clients: what they send must
//! still be taken, what they get must still be what they expect. The rules and their ids are oasdiff's; `docs/check.md`
//! has the table.

mod callbacks;
mod comparison;
mod document;
mod equal;
mod keywords;
mod lifecycle;
mod media;
mod operations;
mod pairing;
mod parameters;
mod paths;
pub(crate) mod rules;
mod schema;
mod security;
mod transition;
mod types;
mod versions;
mod walk;
mod witness;

use charter_avro::logical::Date;

pub use comparison::Strictness;
pub use document::{Document, Files, parse};
pub(crate) use document::{Node, Reader};
pub(crate) use equal::equal_values;

use self::comparison::Comparison;
use self::schema::Schemas;
use super::change::{self, Change, Spot};
use crate::problem::{Problem, Problems};
use crate::rules::OPENAPI_SHAPE;

/// The stack that a comparison of nested schemas may need: bounded by how deep schemas may hold one another.
const STACK_BYTES: usize = 256 << 20;

/// Everything that differs between `base` and `revision`, the worst first. Sunsets are held against `today`.
///
/// # Errors
/// Where a document is not one that can be compared: all that is wrong with it, sorted by file and place.
pub fn compare(
    base: &Document,
    revision: &Document,
    today: Date,
    strictness: Strictness,
) -> Result<Vec<Change>, Vec<Problem>> {
    std::thread::scope(|scope| {
        let compare = || compare_here(base, revision, today, strictness);
        let thread =
            std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, compare);
        match thread.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(compared)) => compared,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            // No thread is to be had; the stack that is there serves all documents that people write.
            Err(_) => compare_here(base, revision, today, strictness),
        }
    })
}

fn compare_here(
    base: &Document,
    revision: &Document,
    today: Date,
    strictness: Strictness,
) -> Result<Vec<Change>, Vec<Problem>> {
    let mut problems = Problems::default();
    for document in [base, revision] {
        shape(document, &mut problems);
    }
    let (old, new) = (Schemas::new(Reader::new(base)), Schemas::new(Reader::new(revision)));
    let mut comparison = Comparison::new(&old, &new, today, strictness);
    if problems.errors() == 0 {
        comparison.paths();
        comparison.security();
        comparison.components();
        comparison.servers();
        comparison.versions();
    }
    let Comparison { mut changes, problems: found, .. } = comparison;
    for problem in
        found.into_iter().chain(old.reader.into_problems()).chain(new.reader.into_problems())
    {
        problems.push(problem);
    }
    if problems.errors() > 0 {
        return Err(problems.into_sorted());
    }
    change::sort(&mut changes);
    Ok(changes)
}

/// A document that came or went as a whole.
pub(super) fn whole(
    path: &str,
    text: String,
    came: bool,
    strictness: Strictness,
) -> Option<Change> {
    let rule = rules::single(if came { &rules::DOCUMENT_ADDED } else { &rules::DOCUMENT_REMOVED })?;
    let severity = if strictness == Strictness::Strict { rule.strict } else { rule.severity };
    let top = charter_avro::source::Span { line: 1, column: 1, ..Default::default() };
    let spot = Some(Spot { origin: crate::problem::origin(path, top), pointer: String::new() });
    let (base, revision) = if came { (None, spot) } else { (spot, None) };
    let unshown = (!came).then_some(change::Unshown::Document);
    Some(Change { unshown, base, revision, ..Change::new(rule, severity, String::new(), text) })
}

/// Whether a document is an OpenAPI document at all.
fn shape(document: &Document, problems: &mut Problems) {
    let root = document.root();
    let version = root.text("openapi");
    if !version.starts_with("3.") {
        let found = if version.is_empty() { "none".to_owned() } else { format!("`{version}`") };
        let message = format!("expected `openapi` to be a version 3.x, found {found}");
        let at = document.origin(root.get("openapi").unwrap_or(root));
        let problem = Problem::new(&OPENAPI_SHAPE, &at, message);
        problems.push(problem.help("compare documents of OpenAPI 3.0 or 3.1"));
    }
}
