//! The command line itself: what it writes, what it removes, and its exit codes.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use tempfile::TempDir;

/// The contracts that the cases start from.
fn contracts() -> TempDir {
    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            let target = to.join(entry.file_name());
            if entry.path().is_dir() {
                copy(&entry.path(), &target);
            } else {
                fs::copy(entry.path(), target).unwrap();
            }
        }
    }
    let root = tempfile::tempdir().unwrap();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/base"), root.path());
    root
}

fn charter(arguments: &[&str], root: &Path) -> Output {
    Command::cargo_bin("charter").unwrap().args(arguments).current_dir(root).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Every file below `folder` with its bytes.
fn snapshot(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(snapshot(&path));
        } else {
            found.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found
}

#[test]
fn a_second_run_writes_nothing() {
    let root = contracts();
    assert_eq!(charter(&["generate"], root.path()).status.code(), Some(0));
    let first = snapshot(&root.path().join("generated"));
    let second = charter(&["generate"], root.path());
    assert_eq!((second.status.code(), said(&second)), (Some(0), String::new()));
    assert_eq!(snapshot(&root.path().join("generated")), first);
    let check = charter(&["generate", "--check"], root.path());
    assert_eq!((check.status.code(), said(&check)), (Some(0), String::new()));
}

#[test]
fn two_repositories_with_the_same_contracts_hold_the_same_bytes() {
    let (one, other) = (contracts(), contracts());
    for root in [&one, &other] {
        assert_eq!(charter(&["generate"], root.path()).status.code(), Some(0));
    }
    let relative = |root: &TempDir| -> Vec<(PathBuf, Vec<u8>)> {
        let strip = |path: PathBuf| path.strip_prefix(root.path()).unwrap().to_owned();
        snapshot(&root.path().join("generated"))
            .into_iter()
            .map(|(path, bytes)| (strip(path), bytes))
            .collect()
    };
    let files = relative(&one);
    assert_eq!(files, relative(&other));
    for (path, bytes) in &files {
        assert!(!bytes.contains(&b'\r'), "{} has LF only", path.display());
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(
            text.ends_with('\n') && !text.ends_with("\n\n"),
            "{} ends in one LF",
            path.display()
        );
    }
}

#[test]
fn check_names_what_is_stale_and_the_command_that_mends() {
    let root = contracts();
    assert_eq!(charter(&["generate"], root.path()).status.code(), Some(0));
    let line = root.path().join("schemas/shop/types/line.avsc");
    let text = fs::read_to_string(&line).unwrap();
    fs::write(&line, text.replace("The article.", "The article's number.")).unwrap();
    fs::remove_file(root.path().join("generated/contract-shared/Cargo.toml")).unwrap();
    let orphan = root.path().join("generated/contract-old/src/lib.rs");
    fs::create_dir_all(orphan.parent().unwrap()).unwrap();
    fs::write(&orphan, format!("// {}\n", charter_codegen::sync::BANNER)).unwrap();
    let by_hand = root.path().join("generated/contract-old/notes.txt");
    fs::write(&by_hand, "mine\n").unwrap();

    let before = snapshot(root.path());
    let check = charter(&["generate", "--check"], root.path());
    assert_eq!(check.status.code(), Some(4));
    let report = said(&check);
    assert!(report.starts_with("generated files need an update:\n"), "{report}");
    assert!(
        report.contains("  generated/contract-old/src/lib.rs (no longer generated)\n"),
        "{report}"
    );
    assert!(report.contains("  generated/contract-shared/Cargo.toml (missing)\n"), "{report}");
    assert!(report.contains(" (differs)\n"), "{report}");
    assert!(report.ends_with("run `charter generate`\n"), "{report}");
    assert_eq!(snapshot(root.path()), before, "a check writes nothing");

    assert_eq!(charter(&["generate"], root.path()).status.code(), Some(0));
    assert!(!orphan.exists() && by_hand.exists());
    assert_eq!(charter(&["generate", "--check"], root.path()).status.code(), Some(0));
}

#[test]
fn problems_leave_generated_files_as_they_are() {
    let root = contracts();
    assert_eq!(charter(&["generate"], root.path()).status.code(), Some(0));
    let before = snapshot(&root.path().join("generated"));
    fs::write(root.path().join("schemas/shop/types/line.avsc"), "{").unwrap();
    assert_eq!(charter(&["generate"], root.path()).status.code(), Some(1));
    assert_eq!(charter(&["generate", "--check"], root.path()).status.code(), Some(1));
    assert_eq!(snapshot(&root.path().join("generated")), before);
}

#[test]
fn json_says_the_same_to_tools() {
    let root = contracts();
    let view = root.path().join("schemas/shop/views/order_view.avsc");
    let text = fs::read_to_string(&view).unwrap();
    fs::write(&view, text.replace("\"key\": [\"orderId\"]", "\"key\": [\"order\"]")).unwrap();
    let output = charter(&["generate", "--format", "json"], root.path());
    assert_eq!(output.status.code(), Some(1));
    let problems: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
    let found = problems
        .as_array()
        .unwrap()
        .iter()
        .find(|problem| problem["rule"] == "KEY_UNKNOWN")
        .expect("the key is unknown");
    assert_eq!(found["severity"], "error");
    let at =
        serde_json::json!({"file": "schemas/shop/views/order_view.avsc", "line": 4, "column": 40});
    assert_eq!(found["at"], at);
}

#[test]
fn a_folder_without_contracts_is_no_place_to_run() {
    let root = tempfile::tempdir().unwrap();
    let output = charter(&["generate"], root.path());
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        said(&output),
        "error: `.` holds no folder `schemas`; name the repository's root with `--root`\n"
    );
    assert_eq!(charter(&["generate", "--frobnicate"], root.path()).status.code(), Some(2));
}

#[test]
fn every_rule_is_explained() {
    let root = tempfile::tempdir().unwrap();
    let all = charter(&["explain"], root.path());
    assert_eq!(all.status.code(), Some(0));
    let listed = String::from_utf8(all.stdout).unwrap();
    assert!(listed.contains("KEY_UNKNOWN: a `key` names fields of its record, each once\n"));
    assert!(listed.contains("SOURCE_SYNTAX: a file is JSON or YAML\n"));
    let one = charter(&["explain", "DOC_MISSING"], root.path());
    assert_eq!(
        String::from_utf8(one.stdout).unwrap(),
        "DOC_MISSING\n\nHolds when every type, field and rejection of the contracts has a `doc`.\n\
         A breach is a warning.\nTo mend a breach, add a `doc` that says what it means, in a sentence.\n"
    );
    assert_eq!(charter(&["explain", "NO_SUCH_RULE"], root.path()).status.code(), Some(2));
}
