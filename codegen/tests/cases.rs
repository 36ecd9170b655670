//! Every rule, broken once, through the binary.
//!
//! `cases/base` holds sound contracts. A case is a folder with `change.txt`, what it changes in them, and
//! `stderr.txt`, what the run then says; where the run is clean, `generated.txt` lists what it makes.
//! `CHARTER_BLESS=1 cargo test -p charter-codegen --test cases` writes the expected files anew.
//!
//! `change.txt`: a line `file PATH`, then blocks of lines to be removed (`-`) and put in their place
//! (`+`); a file that isn't there is made of its `+` lines; `drop PATH` removes one; `#` is a comment.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use charter_codegen::rules;

mod support;

use support::{change, copy};

#[test]
fn cases_say_what_they_should() {
    let bless = std::env::var_os("CHARTER_BLESS").is_some();
    let mut failures = Vec::new();
    let mut broken = BTreeSet::new();
    let mut names: Vec<PathBuf> = fs::read_dir(cases())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    names.sort();
    for case in names.iter().filter(|case| !case.ends_with("base")) {
        let root = tempfile::tempdir().unwrap();
        copy(&cases().join("base"), root.path());
        change(&fs::read_to_string(case.join("change.txt")).unwrap(), root.path());
        let output = Command::cargo_bin("charter")
            .unwrap()
            .args(["generate", "--root"])
            .arg(root.path())
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        broken.extend(
            rules::ALL.iter().map(|rule| rule.id).filter(|id| said.lines().any(|line| line == *id)),
        );
        let mut found = vec![("stderr.txt", said)];
        match output.status.code() {
            Some(0) => found
                .push(("generated.txt", files(&root.path().join("generated")).join("\n") + "\n")),
            Some(1) => {
                assert!(!root.path().join("generated").exists(), "{case:?} generates nothing");
            }
            code => panic!("{case:?} exits with {code:?}: {}", found[0].1),
        }
        for (name, found) in found {
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
    let unproven: Vec<_> =
        rules::ALL.iter().filter(|rule| !broken.contains(rule.id)).map(|rule| rule.id).collect();
    assert_eq!(unproven, Vec::<&str>::new(), "rules that no case breaks");
}

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

/// All files below `folder`, sorted, with `/`.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_dir() {
            found.extend(files(&entry.path()).into_iter().map(|below| format!("{name}/{below}")));
        } else {
            found.push(name);
        }
    }
    found.sort();
    found
}
