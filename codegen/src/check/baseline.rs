//! Changes that are known: a file of fingerprints, with what they stand for.

use std::collections::BTreeSet;

use charter_avro::source::Tree;
use serde_json::json;

use super::change::Change;

/// `changes` as a baseline.
#[must_use]
pub fn text(changes: &[Change]) -> String {
    let mut known: Vec<_> = changes
        .iter()
        .map(|change| {
            (
                change.fingerprint(),
                change.rule.id.as_str(),
                change.subject.as_str(),
                change.text.as_str(),
            )
        })
        .collect();
    known.sort_unstable();
    known.dedup();
    let items: Vec<_> = known
        .into_iter()
        .map(|(fingerprint, rule, subject, text)| {
            json!({"fingerprint": fingerprint, "rule": rule, "subject": subject, "text": text})
        })
        .collect();
    format!("{:#}\n", serde_json::Value::Array(items))
}

/// Removes the changes that the baseline `text` knows.
///
/// # Errors
/// Where the text is no baseline.
pub fn leave_out(changes: &mut Vec<Change>, text: &str) -> Result<(), String> {
    let tree = Tree::parse_json(text).map_err(|error| error.message)?;
    let items = tree.as_array().ok_or("expected an array, as `--write-baseline` writes it")?;
    let known: BTreeSet<&str> =
        items.iter().filter_map(|item| item.get("fingerprint").and_then(Tree::as_str)).collect();
    changes.retain(|change| !known.contains(change.fingerprint().as_str()));
    Ok(())
}
