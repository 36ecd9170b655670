//! `charter compat` on pairs of contracts.
//!
//! A case is a folder with `old.*` and `new.*`, and `report.txt`: what the command says of the change, and of the change
//! back. `arguments.txt`, where it is there, holds more arguments. `strict.txt`, where it is there, is what it says with `--strict`.
//! `CHARTER_BLESS=1 cargo test -p charter-codegen --test compat` writes the reports anew.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use charter_codegen::check;

/// What no pair of files can break: rules about whole folders, which the cases of `charter check` break.
const OF_FOLDERS: &[&str] = &[
    "api-document-added",
    "api-document-removed",
    "charter-command-removed",
    "charter-event-removed",
    "charter-type-added",
    "charter-type-removed",
    "charter-view-removed",
];

#[test]
fn cases_say_what_they_should() {
    let bless = std::env::var_os("CHARTER_BLESS").is_some();
    let mut failures = Vec::new();
    let mut reported = BTreeSet::new();
    for case in cases() {
        let (old, new) = (file(&case, "old"), file(&case, "new"));
        let strict = case.join("strict.txt").exists();
        let more = fs::read_to_string(case.join("arguments.txt")).unwrap_or_default();
        for (name, arguments) in [("report.txt", &[][..]), ("strict.txt", &["--strict"][..])] {
            if name == "strict.txt" && !strict {
                continue;
            }
            let arguments: Vec<&str> =
                more.split_whitespace().chain(arguments.iter().copied()).collect();
            let forth = run(&case, &arguments, &old, &new);
            let back = run(&case, &arguments, &new, &old);
            let found = format!("{forth}\n==== and back ====\n{back}");
            reported.extend(
                check::rules()
                    .into_iter()
                    .map(|rule| rule.id.clone())
                    .filter(|id| found.lines().any(|line| names(line, id))),
            );
            let path = case.join(name);
            let expected = fs::read_to_string(&path).unwrap_or_default();
            if expected != found && bless {
                fs::write(&path, &found).unwrap();
            } else if expected != found {
                failures.push(format!(
                    "{}:\n--- expected\n{expected}\n--- found\n{found}",
                    path.display()
                ));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let unproven: Vec<_> = check::rules()
        .into_iter()
        .map(|rule| rule.id.as_str())
        .filter(|id| !reported.contains(*id) && !OF_FOLDERS.contains(id))
        .collect();
    assert_eq!(unproven, Vec::<&str>::new(), "rules that no case reports");
}

/// A contract held against itself, and both directions twice: no change, and the same report.
#[test]
fn a_contract_is_compatible_with_itself() {
    for case in cases() {
        let (old, new) = (file(&case, "old"), file(&case, "new"));
        for contract in [&old, &new] {
            let same = run(&case, &["--format", "json"], contract, contract);
            assert!(
                same.contains("exit code 2") || same.contains("\"changes\": []"),
                "{}: {same}",
                case.display()
            );
        }
        let once = run(&case, &["--format", "json"], &old, &new);
        assert_eq!(once, run(&case, &["--format", "json"], &old, &new), "{}", case.display());
    }
}

/// Whether a line of a report names the rule: alone, at its end, or behind the severity.
fn names(line: &str, id: &str) -> bool {
    line == id || line.ends_with(&format!("({id})")) || line.split(' ').nth(1) == Some(id)
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compat");
    let mut cases: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    cases
}

fn file(case: &Path, stem: &str) -> String {
    let names =
        fs::read_dir(case).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.into_iter().find(|name| name.starts_with(&format!("{stem}."))).unwrap()
}

fn run(case: &Path, arguments: &[&str], old: &str, new: &str) -> String {
    let output = Command::cargo_bin("charter")
        .unwrap()
        .arg("compat")
        .args(arguments)
        .args(["--date", "2026-06-01", old, new])
        .current_dir(case)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    format!(
        "{}{}exit code {}\n",
        text(output.stdout),
        text(output.stderr),
        output.status.code().unwrap()
    )
}
