//! What a comparison finds.

use std::fmt;

use charter_avro::fingerprint::crc64;

pub use super::sample::{Message, Sample, Side, Unshown};
use crate::ir::Origin;
use crate::rules::Severity;

/// Which aspect of a contract a rule looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Something is new, or gone.
    Existence,
    /// Whether something may be absent or null.
    Requiredness,
    /// Who may write: read-only, write-only.
    Mutability,
    /// The type of a value.
    Type,
    /// Bounds of a value.
    Constraints,
    /// The listed values, the only one, the default.
    Values,
    /// How schemas are put together.
    Structure,
    /// Deprecation, sunset, stability, versions.
    Lifecycle,
}

/// A rule about changes.
#[derive(Debug, PartialEq, Eq)]
pub struct ChangeRule {
    /// The stable id: `request-property-max-length-decreased`.
    pub id: String,
    /// What it looks at.
    pub kind: Kind,
    /// How bad the change is.
    pub severity: Severity,
    /// How bad it is in a strict run: never less than `severity`.
    pub strict: Severity,
    /// What is reported.
    pub what: String,
    /// What a person can do.
    pub mend: &'static str,
}

impl ChangeRule {
    /// A rule of which `letter` says how bad it is: `E` error, `W` warning, `I` information. A small letter is what a
    /// strict run makes of it; else it is a warning at worst. `None` for any other letter.
    pub(crate) fn new(
        id: String,
        kind: Kind,
        letter: char,
        what: String,
        mend: &'static str,
    ) -> Option<Self> {
        let strict = match letter.to_ascii_uppercase() {
            'E' => Severity::Error,
            'W' => Severity::Warning,
            'I' => Severity::Info,
            _ => return None,
        };
        let own = letter.is_ascii_lowercase();
        let severity = if own { strict.max(Severity::Warning) } else { strict };
        Some(Self { id, kind, severity, strict, what, mend })
    }
}

/// Where something stands in a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// File, line and column.
    pub origin: Origin,
    /// The JSON pointer (RFC 6901) within the file; empty for the whole document.
    pub pointer: String,
}

/// A message that one version writes and the other cannot read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Which version writes.
    pub writer: String,
    /// Which version reads.
    pub reader: String,
    /// The smallest such value, as JSON. `None` where the pair is refused before any message.
    pub value: Option<serde_json::Value>,
    /// The same in Avro's binary form, as hexadecimal digits.
    pub bytes: String,
    /// What the reader says.
    pub error: String,
}

impl fmt::Display for Proof {
    /// One sentence.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { writer, reader, value, bytes, error } = self;
        match value {
            Some(value) => {
                write!(f, "{writer} writes {value} (bytes {bytes}), {reader} says: {error}")
            }
            None => write!(f, "{reader} refuses what {writer} writes: {error}"),
        }
    }
}

/// One difference between two versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The rule that it falls under.
    pub rule: &'static ChangeRule,
    /// How bad it is.
    pub severity: Severity,
    /// What changed, from what to what.
    pub text: String,
    /// What it belongs to: `POST /orders`, `shop.OrderPlaced`; empty for a whole document.
    pub subject: String,
    /// The part of the text that is the same whatever versions are compared. Empty where the whole text is.
    pub identity: String,
    /// What touches it: operations, views, rooms, messages.
    pub hits: Vec<String>,
    /// Why it is accepted, although it breaks.
    pub accepted: Option<String>,
    /// A message that shows it.
    pub proof: Option<Proof>,
    /// A request or an answer that shows it.
    pub sample: Option<Sample>,
    /// Why none does.
    pub unshown: Option<Unshown>,
    /// Where it was.
    pub base: Option<Spot>,
    /// Where it is now.
    pub revision: Option<Spot>,
}

impl Change {
    /// The place that a report points at: where it is now, or where it was.
    #[must_use]
    pub fn spot(&self) -> Option<&Spot> {
        self.revision.as_ref().or(self.base.as_ref())
    }

    /// What shows the change, in a sentence.
    #[must_use]
    pub fn evidence(&self) -> Option<String> {
        let proof = self.proof.as_ref().map(Proof::to_string);
        proof.or_else(|| self.sample.as_ref().map(Sample::to_string))
    }

    /// The line of a report that shows the change, or says why nothing does.
    #[must_use]
    pub fn evidence_line(&self) -> Option<String> {
        let shown = self.evidence().map(|text| format!("proof: {text}"));
        shown.or_else(|| self.unshown.as_ref().map(|reason| format!("no proof: {reason}")))
    }

    /// A change of which nothing but this is known yet.
    #[must_use]
    pub fn new(
        rule: &'static ChangeRule,
        severity: Severity,
        subject: String,
        text: String,
    ) -> Self {
        Self {
            rule,
            severity,
            text,
            subject,
            identity: String::new(),
            hits: Vec::new(),
            accepted: None,
            proof: None,
            sample: None,
            unshown: None,
            base: None,
            revision: None,
        }
    }

    /// What is the same for the same change in every run, whatever line it stands on: 16 hexadecimal digits.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let words = if self.identity.is_empty() { &self.text } else { &self.identity };
        let text = [self.rule.id.as_str(), &self.subject, words].join("\0");
        format!("{:016x}", crc64(text.as_bytes()))
    }
}

/// Sorts changes for a report: the worst first, then by subject, rule and text; each once.
pub fn sort(changes: &mut Vec<Change>) {
    changes.sort_by(|a, b| {
        (a.severity, &a.subject, &a.rule.id, &a.text, &a.revision, &a.base).cmp(&(
            b.severity,
            &b.subject,
            &b.rule.id,
            &b.text,
            &b.revision,
            &b.base,
        ))
    });
    changes.dedup();
}
