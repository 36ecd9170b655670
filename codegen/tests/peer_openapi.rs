//! Our verdicts on pairs of OpenAPI documents against oasdiff's.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use charter_avro::logical::Date;
use charter_codegen::check::change::Change;
use charter_codegen::check::openapi::{Document, Files, Strictness, compare};
use charter_codegen::rules::Severity;
use serde_json::Value;

struct NoFiles;

impl Files for NoFiles {
    fn read(&self, path: &str) -> Result<String, String> {
        Err(format!("no file `{path}` in this test"))
    }
}

/// The peer cases, in the folder that `PEER_CASES` names, else beside the repository. `None`, said plainly, when they
/// are not there: the project itself does not contain them.
fn peer_cases() -> Option<Vec<Value>> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/peer_cases");
    let folder = std::env::var_os("PEER_CASES").map_or(beside, PathBuf::from);
    match std::fs::read_to_string(folder.join("oasdiff_cases.json")) {
        Ok(text) => Some(serde_json::from_str(&text).expect("peer cases are a JSON array")),
        Err(error) => {
            eprintln!(
                "SKIPPED: no peer cases ({error}); set PEER_CASES to the folder that holds them"
            );
            None
        }
    }
}

fn document(value: &Value) -> Document {
    Document::load("api.json", value.to_string(), &NoFiles).unwrap()
}

/// What oasdiff reads is read: a document that is refused is a difference, too.
fn judged(case: &Value) -> Result<Vec<Change>, String> {
    let (base, revision) = (document(&case["base"]), document(&case["revision"]));
    compare(&base, &revision, today(), Strictness::Parity).map_err(|problems| {
        problems.iter().map(|problem| problem.message.clone()).collect::<Vec<_>>().join("; ")
    })
}

/// The day on which the cases' verdicts were taken; their sunsets lie around it.
fn today() -> Date {
    "2026-09-01".parse().unwrap()
}

#[test]
fn verdicts_are_those_of_oasdiff() {
    let Some(cases) = peer_cases() else { return };
    let mut wrong = Vec::new();
    let mut ids = BTreeMap::new();
    for case in &cases {
        let changes = match judged(case) {
            Ok(changes) => changes,
            Err(refused) => {
                wrong.push(format!("{}: refused: {refused}", case["name"]));
                continue;
            }
        };
        let breaking = changes.iter().any(|change| change.severity == Severity::Error);
        let named: Vec<_> = changes
            .iter()
            .map(|change| {
                format!(
                    "{:?} {} {} {}",
                    change.severity, change.rule.id, change.subject, change.text
                )
            })
            .collect();
        if breaking != case["breaking"].as_bool().unwrap() {
            wrong.push(format!(
                "{}: breaking {breaking}\n  ours: {named:#?}\n  theirs: {:#}",
                case["name"], case["expected"]
            ));
        }
        let expected: BTreeSet<String> = case["expected"]
            .as_array()
            .unwrap()
            .iter()
            .map(|change| change["id"].as_str().unwrap().to_owned())
            .collect();
        let found: BTreeSet<String> = changes.iter().map(|change| change.rule.id.clone()).collect();
        for (side, id) in expected
            .difference(&found)
            .map(|id| ("theirs only", id))
            .chain(found.difference(&expected).map(|id| ("ours only", id)))
        {
            ids.entry((side, id.clone())).or_insert_with(Vec::new).push(case["name"].to_string());
        }
    }
    for ((side, id), names) in &ids {
        println!("{side} {id}: {} {:?}", names.len(), &names[..names.len().min(3)]);
    }
    println!("{} cases, {} verdicts differ", cases.len(), wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
