//! SARIF 2.1.0 (OASIS), which code scanning takes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::check::change::{Change, ChangeRule, Spot};
use crate::rules::Severity;

/// Renders `changes` as a SARIF log.
#[must_use]
pub fn sarif(changes: &[Change]) -> String {
    let rules: BTreeMap<&str, &ChangeRule> =
        changes.iter().map(|change| (change.rule.id.as_str(), change.rule)).collect();
    let index: BTreeMap<&str, usize> =
        rules.keys().enumerate().map(|(index, id)| (*id, index)).collect();
    let log = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "charter",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.values().map(|rule| descriptor(rule)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": changes.iter().map(|change| result(change, &index)).collect::<Vec<_>>(),
        }],
    });
    format!("{log:#}\n")
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn descriptor(rule: &ChangeRule) -> Value {
    json!({
        "id": rule.id,
        "shortDescription": { "text": rule.what },
        "help": { "text": rule.mend },
        "defaultConfiguration": { "level": level(rule.severity) },
    })
}

fn result(change: &Change, index: &BTreeMap<&str, usize>) -> Value {
    let subject = super::subject(change);
    let proof = change.evidence_line().map_or(String::new(), |line| format!("\n{line}"));
    let mut result = json!({
        "ruleId": change.rule.id,
        "ruleIndex": index.get(change.rule.id.as_str()),
        "level": level(change.severity),
        "message": { "text": format!("{subject}: {}{proof}", change.text) },
        "partialFingerprints": { "charter/v1": change.fingerprint() },
    });
    if let Some(spot) = change.spot() {
        result["locations"] = json!([location(spot)]);
    }
    if let (Some(_), Some(before)) = (&change.revision, &change.base) {
        let mut related = location(before);
        related["id"] = json!(0);
        related["message"] = json!({ "text": "before" });
        result["relatedLocations"] = json!([related]);
    }
    if let Some(reason) = &change.accepted {
        result["suppressions"] = json!([{ "kind": "external", "justification": reason }]);
    }
    result
}

fn location(spot: &Spot) -> Value {
    let uri: String = spot
        .origin
        .file
        .chars()
        .map(|letter| if letter == ' ' { "%20".to_owned() } else { letter.to_string() })
        .collect();
    json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri },
            "region": { "startLine": spot.origin.line.max(1), "startColumn": spot.origin.column.max(1) },
        },
        "logicalLocations": [{ "fullyQualifiedName": spot.pointer }],
    })
}
