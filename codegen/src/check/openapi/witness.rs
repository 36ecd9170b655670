//! Witnesses: for a break, a smallest value that one version of a schema takes and the other refuses. Candidates are made
//! from the keywords of both versions where the change is, wrapped in what lies on the way there, and held against both
//! versions; the shortest that shows the break is kept. Where none is found nothing is claimed.

mod candidates;
mod validity;

use serde_json::Value;

use self::candidates::Maker;
use self::validity::Outcome;
use super::comparison::{Comparison, Site};
use super::document::Node;
use super::schema::Schemas;
use super::types::Typing;
use crate::check::change::{Sample, Spot};

/// Breaks of one comparison that are given a witness: a report that is longer is read for its list, not its values.
const MAX_WITNESSES: usize = 100;

/// How deep what changed may lie.
const MAX_DEPTH: usize = 32;
/// The ways in which a schema that holds another may be tried with it.
const MAX_WAYS: usize = 3;
/// So many values are many.
const MANY: usize = 128;

/// Both versions of each schema on the way from a site to what changed.
pub(crate) type Way<'a> = Vec<(Node<'a>, Node<'a>)>;

/// A break that waits for its witness: the change's index, and the way to it.
#[derive(Debug)]
pub(crate) struct Pending<'a> {
    pub(crate) change: usize,
    pub(crate) way: Way<'a>,
}

/// One version of the schemas on the way.
struct Side<'s, 'a> {
    schemas: &'s Schemas<'a>,
    way: Vec<Node<'a>>,
}

impl<'a> Comparison<'_, 'a> {
    /// Finds witnesses for the breaks of a site that wait for them.
    pub(crate) fn witnesses(&mut self, site: &Site) {
        for pending in std::mem::take(&mut self.pending) {
            if self.witnessed >= MAX_WITNESSES {
                return;
            }
            self.witnessed += 1;
            if let Some(sample) = self.witness(site, &pending.way) {
                self.changes[pending.change].sample = Some(sample);
            }
        }
    }

    fn witness(&self, site: &Site, way: &Way<'a>) -> Option<Sample> {
        if way.len() > MAX_DEPTH {
            return None;
        }
        let old = Side { schemas: self.old, way: way.iter().map(|pair| pair.0).collect() };
        let new = Side { schemas: self.new, way: way.iter().map(|pair| pair.1).collect() };
        // Requests that were fine are refused; answers that were impossible come.
        let (fits, misfits) = if site.place.is_request() { (old, new) } else { (new, old) };
        let (value, error) = find(&fits, &misfits, site.typing)?;
        let spot = |side: &Side<'_, 'a>| -> Spot { side.schemas.reader.document.spot(side.way[0]) };
        let (base, revision) = if site.place.is_request() {
            (spot(&fits), spot(&misfits))
        } else {
            (spot(&misfits), spot(&fits))
        };
        Some(Sample {
            request: site.place.is_request(),
            part: site.words.clone(),
            value: Some(value),
            schemas: Some((base, revision)),
            error,
        })
    }
}

/// The shortest value that fits one side and not the other, and why it does not.
fn find<'a>(
    fits: &Side<'_, 'a>,
    misfits: &Side<'_, 'a>,
    typing: Typing,
) -> Option<(Value, String)> {
    let (maker, other) = (Maker::new(fits.schemas), Maker::new(misfits.schemas));
    let (last, last_other) = (*fits.way.last()?, *misfits.way.last()?);
    let mut values = maker.values(last, 0);
    values.extend(other.values(last_other, 0));
    values.extend(maker.with_members_of(last, &other, last_other));
    for index in (1..fits.way.len()).rev() {
        let (holder, held) = (fits.way[index - 1], fits.way[index]);
        // Several ways to hold a value are tried while there are few values: their number must not grow with the depth.
        let ways = if values.len() > MANY { 1 } else { MAX_WAYS };
        let wrap = |value| maker.wrap(holder, held, value).into_iter().take(ways);
        values = values.into_iter().flat_map(wrap).collect();
    }
    // The shortest first, so that the first that shows the break is it.
    let mut values: Vec<(usize, Value)> =
        values.into_iter().map(|value| (value.to_string().len(), value)).collect();
    values.sort_by_key(|(length, _)| *length);
    values.dedup();
    for (_, value) in values {
        if validity::check(fits.schemas, fits.way[0], &value) != Outcome::Fits {
            continue;
        }
        let refused = spellings(&value, typing)
            .map(|spelling| validity::check(misfits.schemas, misfits.way[0], &spelling));
        if let Some(error) = all_misfit(refused) {
            return Some((value, error));
        }
    }
    None
}

/// The first reason, where every spelling is refused.
fn all_misfit(outcomes: impl Iterator<Item = Outcome>) -> Option<String> {
    let mut reason = None;
    for outcome in outcomes {
        match outcome {
            Outcome::Misfits(text) => reason = reason.or(Some(text)),
            Outcome::Fits | Outcome::Unknown => return None,
        }
    }
    reason
}

/// What a value may be read as: where it is text on the wire, `1` is a number and a string.
fn spellings(value: &Value, typing: Typing) -> impl Iterator<Item = Value> {
    let other = match (typing, value) {
        (Typing::Loose, Value::String(text)) => serde_json::from_str(text)
            .ok()
            .filter(|read: &Value| read.is_number() || read.is_boolean()),
        (Typing::Loose, Value::Number(_) | Value::Bool(_)) => {
            Some(Value::String(value.to_string()))
        }
        (Typing::Loose, Value::Null | Value::Array(_) | Value::Object(_)) | (Typing::Strong, _) => {
            None
        }
    };
    std::iter::once(value.clone()).chain(other)
}

/// What shows a break that is no matter of schemas: the request that was taken, or the answer that may come, in words.
pub(crate) fn in_words(rule: &str, subject: &str, text: &str) -> Option<Sample> {
    let words = text.split_once(": ").map_or("", |(words, _)| words);
    let quoted = text.rsplit_once("media type `").and_then(|(_, rest)| rest.split('`').next());
    let (request, part, error) = match rule {
        "api-removed-without-deprecation"
        | "api-removed-before-sunset"
        | "api-path-removed-without-deprecation"
        | "api-path-removed-before-sunset" => {
            (true, format!("`{subject}`"), "there is no such operation any more")
        }
        "new-required-request-parameter"
        | "new-request-path-parameter"
        | "new-required-request-default-parameter-to-existing-path"
        | "request-parameter-became-required" => {
            (true, format!("`{subject}` without the {words}"), "it is required")
        }
        "request-body-added-required" | "request-body-became-required" => {
            (true, format!("`{subject}` without a body"), "it is required")
        }
        "request-body-removed" => {
            (true, format!("`{subject}` with a body"), "there is none any more")
        }
        "request-body-media-type-removed" => {
            let media_type = quoted?;
            (true, format!("`{subject}` with a body of `{media_type}`"), "it is not taken any more")
        }
        "required-response-header-removed" | "response-header-became-optional" => {
            (false, format!("an answer to `{subject}` without the {words}"), "it was required")
        }
        "response-media-type-removed" => {
            let media_type = quoted?;
            let part = format!("an answer to `{subject}` that accepts `{media_type}` only");
            (false, part, "it is not answered in that media type any more")
        }
        "response-success-status-removed" => {
            let status = text.split('`').nth(1)?;
            let part =
                format!("an answer to `{subject}` with another success status than `{status}`");
            (false, part, "clients wait for the status that is gone")
        }
        _ => return None,
    };
    Some(Sample { request, part, value: None, schemas: None, error: error.to_owned() })
}
