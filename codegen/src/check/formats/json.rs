//! One JSON object: the verdict, and each change with where it stands.

use serde_json::{Value, json};

use crate::check::change::{Change, Message, Proof, Sample, Side, Spot};
use crate::rules::Severity;

/// Renders `changes` as a JSON document.
#[must_use]
pub fn json(changes: &[Change]) -> String {
    let count = |severity| changes.iter().filter(|change| change.severity == severity).count();
    let document = json!({
        "breaking": count(Severity::Error) > 0,
        "errors": count(Severity::Error),
        "warnings": count(Severity::Warning),
        "notes": count(Severity::Info),
        "changes": changes.iter().map(change).collect::<Vec<_>>(),
    });
    format!("{document:#}\n")
}

fn change(change: &Change) -> Value {
    json!({
        "rule": change.rule.id,
        "severity": change.severity.as_str(),
        "subject": change.subject,
        "text": change.text,
        "pointer": change.spot().map_or("", |spot| spot.pointer.as_str()),
        "base": change.base.as_ref().map(spot),
        "revision": change.revision.as_ref().map(spot),
        "hits": change.hits,
        "witness": change.proof.as_ref().map(proof).or_else(|| change.sample.as_ref().map(sample)),
        "noWitness": change.unshown.as_ref().map(ToString::to_string),
        "accepted": change.accepted,
        "fingerprint": change.fingerprint(),
        "help": change.rule.mend,
    })
}

fn proof(proof: &Proof) -> Value {
    json!({
        "writer": proof.writer,
        "reader": proof.reader,
        "value": proof.value,
        "bytes": proof.bytes,
        "error": proof.error,
    })
}

fn sample(sample: &Sample) -> Value {
    let (base, revision) = sample
        .schemas
        .as_ref()
        .map_or((None, None), |(base, revision)| (Some(base), Some(revision)));
    json!({
        "kind": if sample.request { "request" } else { "response" },
        "part": sample.part,
        "value": sample.value,
        "validUnder": match sample.valid_under {
            Side::Base => "base",
            Side::Revision => "revision",
        },
        "message": sample.message.as_ref().map(message),
        "base": base.map(spot),
        "revision": revision.map(spot),
        "error": sample.error,
    })
}

fn message(message: &Message) -> Value {
    let headers =
        message.headers.iter().map(|(name, value)| json!({ "name": name, "value": value }));
    json!({
        "method": message.method,
        "target": message.target,
        "status": message.status,
        "headers": headers.collect::<Vec<_>>(),
        "body": message.body,
    })
}

fn spot(spot: &Spot) -> Value {
    json!({
        "file": spot.origin.file,
        "line": spot.origin.line,
        "column": spot.origin.column,
        "pointer": spot.pointer,
    })
}
