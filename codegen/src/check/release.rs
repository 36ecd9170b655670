//! Contracts frozen as the next version, breaks that were accepted on the way, and their changelog.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use charter_avro::source::Tree;
use serde_json::json;

use super::change::Change;
use super::contracts::{Contracts, RELEASED};
use crate::rules::Severity;
use crate::sync::DiskError;

/// The accepted breaks, where a reviewer sees them.
pub const ACCEPTED: &str = "schemas/released/accepted.json";
/// What changed from release to release.
pub const CHANGELOG: &str = "schemas/released/CHANGELOG.md";

/// A break that somebody accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// The release that it came with.
    pub release: u32,
    /// The rule's id.
    pub rule: String,
    /// What it is about: a type's full name, an operation.
    pub subject: String,
    /// The change's fingerprint.
    pub fingerprint: String,
    /// What was accepted, in words.
    pub text: String,
    /// Why.
    pub reason: String,
}

/// A break to accept, as the command line names it: `RULE@PATH`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// The rule's id.
    pub rule: String,
    /// Where: a file, a subject or a JSON pointer.
    pub path: String,
}

/// Why there are no acceptances to be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AcceptedError {
    /// The file cannot be read.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The file is not what `charter release` writes.
    #[error("`{ACCEPTED}` is not as `charter release` writes it: {0}")]
    Shape(String),
}

impl std::str::FromStr for Allowance {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (rule, path) = text.split_once('@').ok_or_else(|| {
            format!("expected RULE@PATH, as `charter-key-changed@seat.HoldSeats`, found `{text}`")
        })?;
        Ok(Self { rule: rule.to_owned(), path: path.to_owned() })
    }
}

impl Allowance {
    /// Whether it means `change`.
    #[must_use]
    pub fn allows(&self, change: &Change) -> bool {
        let spots = [&change.base, &change.revision].into_iter().flatten();
        self.rule == change.rule.id
            && (self.path == change.subject
                || spots
                    .into_iter()
                    .any(|spot| self.path == spot.origin.file || self.path == spot.pointer))
    }
}

/// Reads the accepted breaks below `root`.
///
/// # Errors
/// Where the file is there and cannot be read.
pub fn accepted(root: &Path) -> Result<Vec<Acceptance>, AcceptedError> {
    let path = root.join(ACCEPTED);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(DiskError::new("read", &path)(error).into()),
    };
    let shape = |what: &str| AcceptedError::Shape(what.to_owned());
    let tree = Tree::parse_json(&text).map_err(|error| AcceptedError::Shape(error.message))?;
    let items = tree.as_array().ok_or_else(|| shape("expected an array"))?;
    let acceptance = |item: &Tree| {
        let text = |key: &str| {
            let value = item.get(key).and_then(Tree::as_str);
            value
                .map(ToOwned::to_owned)
                .ok_or_else(|| shape(&format!("expected a string at `{key}`")))
        };
        let release = item
            .get("release")
            .and_then(Tree::as_u64)
            .and_then(|number| u32::try_from(number).ok());
        Ok(Acceptance {
            release: release.ok_or_else(|| shape("expected a number at `release`"))?,
            rule: text("rule")?,
            subject: text("subject")?,
            fingerprint: text("fingerprint")?,
            text: text("text")?,
            reason: text("reason")?,
        })
    };
    items.iter().map(acceptance).collect()
}

/// Makes warnings of the errors that were accepted, with the reason.
pub fn accept(changes: &mut [Change], accepted: &[Acceptance]) {
    for change in changes.iter_mut().filter(|change| change.severity == Severity::Error) {
        let fingerprint = change.fingerprint();
        let found = accepted.iter().find(|acceptance| acceptance.fingerprint == fingerprint);
        if let Some(acceptance) = found {
            change.severity = Severity::Warning;
            change.accepted = Some(acceptance.reason.clone());
        }
    }
}

/// The acceptance of a change for the release `number`.
#[must_use]
pub fn acceptance(change: &Change, number: u32, reason: &str) -> Acceptance {
    Acceptance {
        release: number,
        rule: change.rule.id.clone(),
        subject: change.subject.clone(),
        fingerprint: change.fingerprint(),
        text: change.text.clone(),
        reason: reason.to_owned(),
    }
}

/// The files that freeze `contracts` as the release `number`: path from the root, text.
#[must_use]
pub fn files(contracts: &Contracts, number: u32) -> Vec<(PathBuf, String)> {
    let folder = |kind: &str| Path::new(kind).join(RELEASED).join(format!("v{number}"));
    let schemas =
        contracts.schemas.iter().map(|(path, text)| (folder("schemas").join(path), text.clone()));
    let openapi =
        contracts.openapi.iter().map(|(path, text)| (folder("openapi").join(path), text.clone()));
    schemas.chain(openapi).collect()
}

/// The accepted breaks as their file.
#[must_use]
pub fn accepted_text(accepted: &[Acceptance]) -> String {
    let items: Vec<_> = accepted
        .iter()
        .map(|acceptance| {
            json!({
                "release": acceptance.release,
                "rule": acceptance.rule,
                "subject": acceptance.subject,
                "text": acceptance.text,
                "reason": acceptance.reason,
                "fingerprint": acceptance.fingerprint,
            })
        })
        .collect();
    format!("{:#}\n", serde_json::Value::Array(items))
}

/// The changelog with a section for the release `number` in front of what is there.
#[must_use]
pub fn changelog(before: &str, number: u32, changes: &[Change]) -> String {
    let title = "# Changelog of the contracts\n";
    let earlier = before.strip_prefix(title).unwrap_or(before).trim_start();
    let mut text = format!("{title}\n## v{number}\n");
    if changes.is_empty() {
        text.push_str("\nThe first release.\n");
    }
    for (severity, heading) in [
        (Severity::Error, "Breaking"),
        (Severity::Warning, "To look at"),
        (Severity::Info, "Compatible"),
    ] {
        let of_severity: Vec<_> =
            changes.iter().filter(|change| change.severity == severity).collect();
        if of_severity.is_empty() {
            continue;
        }
        let _ = writeln!(text, "\n### {heading}\n");
        for change in of_severity {
            let subject = if change.subject.is_empty() { "" } else { ": " };
            let reason = change
                .accepted
                .as_ref()
                .map_or(String::new(), |reason| format!(" (accepted: {reason})"));
            let _ = writeln!(text, "- {}{subject}{}{reason}", change.subject, change.text);
        }
    }
    if !earlier.is_empty() {
        text.push('\n');
        text.push_str(earlier);
    }
    text
}
