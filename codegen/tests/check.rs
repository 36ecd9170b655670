//! `charter check` and `charter release` on folders of contracts.
//!
//! A case is a folder in `tests/checks` with `change.txt`, what it changes in the contracts of `cases/base` after their
//! first release, and `report.txt`, what the check then says. `CHARTER_BLESS=1 cargo test -p charter-codegen --test
//! check` writes the reports anew.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Output};

use assert_cmd::Command;
use serde_json::Value;
use support::{change, copy};
use tempfile::TempDir;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

/// The contracts that the cases start from.
fn contracts() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    copy(&folder("cases/base"), root.path());
    root
}

/// The same, released.
fn released() -> TempDir {
    let root = contracts();
    assert_eq!(code(&charter(&["release"], root.path())), 0);
    root
}

fn charter(arguments: &[&str], root: &Path) -> Output {
    Command::cargo_bin("charter").unwrap().args(arguments).current_dir(root).output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn report(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn git(arguments: &[&str], root: &Path) {
    let identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
    let status =
        Process::new("git").args(identity).args(arguments).current_dir(root).output().unwrap();
    assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stderr));
}

const ORDER_PLACED: &str = "schemas/shop/events/order_placed.avsc";

/// Gives an event a new required field, which its history does not have.
fn break_event(root: &Path) {
    let path = root.join(ORDER_PLACED);
    let text = fs::read_to_string(&path).unwrap();
    let field = "{ \"name\": \"channel\", \"type\": \"string\", \"doc\": \"How.\" },\n    { \"name\": \"buyer\"";
    fs::write(&path, text.replace("{ \"name\": \"buyer\"", field)).unwrap();
}

#[test]
fn cases_say_what_they_should() {
    let bless = std::env::var_os("CHARTER_BLESS").is_some();
    let mut failures = Vec::new();
    let mut reported = BTreeSet::new();
    let mut cases: Vec<_> =
        fs::read_dir(folder("checks")).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    for case in cases {
        let root = released();
        change(&fs::read_to_string(case.join("change.txt")).unwrap(), root.path());
        let output = charter(&["check"], root.path());
        let found = format!("{}{}exit code {}\n", report(&output), said(&output), code(&output));
        reported.extend(found.lines().map(ToOwned::to_owned));
        reported.extend(
            found
                .lines()
                .filter_map(|line| Some(line.strip_suffix(')')?.rsplit_once('(')?.1.to_owned())),
        );
        let path = case.join("report.txt");
        let expected = fs::read_to_string(&path).unwrap_or_default();
        if expected != found && bless {
            fs::write(&path, &found).unwrap();
        } else if expected != found {
            failures
                .push(format!("{}:\n--- expected\n{expected}\n--- found\n{found}", path.display()));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    for rule in [
        "api-document-added",
        "api-document-removed",
        "charter-command-removed",
        "charter-event-removed",
        "charter-type-added",
        "charter-type-removed",
        "charter-view-removed",
    ] {
        assert!(reported.contains(rule), "no case reports `{rule}`");
    }
}

#[test]
fn a_release_freezes_the_contracts_and_the_next_check_is_empty() {
    let root = contracts();
    let first = charter(&["check"], root.path());
    assert_eq!((code(&first), report(&first)), (0, "nothing changed\n".to_owned()));
    assert!(said(&first).starts_with("nothing is released yet"), "{}", said(&first));

    let release = charter(&["release"], root.path());
    assert_eq!(
        (code(&release), said(&release)),
        (0, "released v1: the first release\n".to_owned())
    );
    let frozen = root.path().join("schemas/released/v1/shop/events/order_placed.avsc");
    assert_eq!(fs::read(frozen).unwrap(), fs::read(root.path().join(ORDER_PLACED)).unwrap());
    assert!(root.path().join("openapi/released/v1/gateway.yaml").exists());

    let check = charter(&["check"], root.path());
    assert_eq!(
        (code(&check), report(&check), said(&check)),
        (0, "nothing changed\n".to_owned(), String::new())
    );
    let again = charter(&["release"], root.path());
    assert_eq!((code(&again), said(&again)), (0, "nothing changed since v1\n".to_owned()));
}

#[test]
fn a_break_is_refused_until_somebody_says_why() {
    let root = released();
    break_event(root.path());
    let refused = charter(&["release"], root.path());
    assert_eq!(code(&refused), 1);
    assert!(said(&refused).starts_with("not released: something breaks"), "{}", said(&refused));
    assert!(!root.path().join("schemas/released/v2").exists());

    let rule = "avro-backward-field-without-default";
    let wrong = charter(
        &["release", "--allow", &format!("{rule}@shop.Other"), "--reason", "no"],
        root.path(),
    );
    assert_eq!(code(&wrong), 2);
    assert!(
        said(&wrong)
            .contains("nothing breaks `avro-backward-field-without-default` at `shop.Other`")
    );
    let silent = charter(&["release", "--allow", &format!("{rule}@{ORDER_PLACED}")], root.path());
    assert_eq!(code(&silent), 2, "a break needs a reason");

    let allowed = charter(
        &["release", "--allow", &format!("{rule}@{ORDER_PLACED}"), "--reason", "no history yet"],
        root.path(),
    );
    assert_eq!(
        (code(&allowed), said(&allowed)),
        (0, "released v2: nothing breaks: 0 errors, 1 warning, 1 note\n".to_owned())
    );
    let accepted = fs::read_to_string(root.path().join("schemas/released/accepted.json")).unwrap();
    let accepted: Value = serde_json::from_str(&accepted).unwrap();
    assert_eq!(accepted[0]["rule"], rule);
    assert_eq!(accepted[0]["subject"], "shop.OrderPlaced");
    assert_eq!(accepted[0]["reason"], "no history yet");
    assert_eq!(accepted[0]["release"], 2);
    let changelog = fs::read_to_string(root.path().join("schemas/released/CHANGELOG.md")).unwrap();
    assert!(changelog.starts_with(
        "# Changelog of the contracts\n\n## v2\n\n### To look at\n\n- shop.OrderPlaced: "
    ));
    assert!(changelog.contains("(accepted: no history yet)\n"), "{changelog}");
    assert!(changelog.ends_with("## v1\n\nThe first release.\n"), "{changelog}");

    // v1 is still there, and still not read; that is accepted.
    let check = charter(&["check", "--format", "json"], root.path());
    assert_eq!(code(&check), 0);
    let found: Value = serde_json::from_slice(&check.stdout).unwrap();
    assert_eq!(found["changes"][0]["accepted"], "no history yet");
}

#[test]
fn the_working_tree_is_held_against_a_commit_and_a_folder() {
    let root = contracts();
    git(&["init", "-q"], root.path());
    git(&["add", "-A"], root.path());
    git(&["commit", "-q", "-m", "contracts"], root.path());
    git(&["tag", "out"], root.path());
    break_event(root.path());
    let status = Process::new("git")
        .args(["status", "--porcelain"])
        .current_dir(root.path())
        .output()
        .unwrap();
    let check = charter(&["check", "--against", "git:out", "--format", "json"], root.path());
    assert_eq!(code(&check), 1, "{}", said(&check));
    let found: Value = serde_json::from_slice(&check.stdout).unwrap();
    assert_eq!(found["changes"][0]["rule"], "avro-backward-field-without-default");
    assert_eq!(found["changes"][0]["base"]["file"], format!("out:{ORDER_PLACED}"));
    assert_eq!(found["changes"][0]["revision"]["file"], ORDER_PLACED);
    let witness = &found["changes"][0]["witness"];
    // The old event in full: two empty strings and a zero; the new reader misses its field.
    assert_eq!(witness["bytes"], "000000", "{witness}");
    assert!(witness["error"].as_str().unwrap().contains("channel"), "{witness}");
    let hits = found["changes"][0]["hits"].as_array().unwrap();
    assert!(hits.iter().any(|hit| hit == "projection of shop.OrderView"), "{hits:?}");
    assert!(hits.iter().any(|hit| hit == "room order:{orderId}"), "{hits:?}");
    let after = Process::new("git")
        .args(["status", "--porcelain"])
        .current_dir(root.path())
        .output()
        .unwrap();
    assert_eq!(status.stdout, after.stdout, "the work tree is not touched");

    let other = contracts();
    let against = format!("dir:{}", other.path().display());
    assert_eq!(code(&charter(&["check", "--against", &against], root.path())), 1);
    for wrong in ["git:no-such-branch", "git:--output=x", "dir:nowhere", "elsewhere"] {
        assert_eq!(code(&charter(&["check", "--against", wrong], root.path())), 2, "{wrong}");
    }
}

#[test]
fn what_the_baseline_knows_is_not_told_again() {
    let root = released();
    break_event(root.path());
    let known = ["check", "--baseline", "known.json"];
    let written = charter(&[&known[..], &["--write-baseline"]].concat(), root.path());
    assert_eq!((code(&written), said(&written)), (0, "2 known from now on\n".to_owned()));
    let check = charter(&known, root.path());
    assert_eq!((code(&check), report(&check)), (0, "nothing changed\n".to_owned()));
    // The same changes on another line are still known.
    let path = root.path().join(ORDER_PLACED);
    fs::write(&path, format!("\n\n{}", fs::read_to_string(&path).unwrap())).unwrap();
    assert_eq!(code(&charter(&known, root.path())), 0);
}

#[test]
fn contracts_that_cannot_be_read_are_no_verdict() {
    let root = released();
    fs::write(root.path().join(ORDER_PLACED), "{").unwrap();
    fs::write(root.path().join("openapi/gateway.yaml"), "openapi: 3.1.0\npaths: [").unwrap();
    let check = charter(&["check"], root.path());
    assert_eq!(code(&check), 2);
    assert!(said(&check).contains("2 errors"), "{}", said(&check));
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(code(&charter(&["check"], empty.path())), 2);
}

#[test]
fn a_report_has_the_form_that_is_asked_for() {
    let root = released();
    break_event(root.path());
    let as_format = |format: &str| {
        let output = charter(&["check", "--format", format], root.path());
        assert_eq!(code(&output), 1, "{format}: {}", said(&output));
        report(&output)
    };
    let rule = "avro-backward-field-without-default";
    let github = as_format("github");
    let place = format!(
        "::error file={ORDER_PLACED},line=7,col=15,title={rule}::shop.OrderPlaced: readers of"
    );
    assert!(github.starts_with(&place), "{github}");
    assert!(github.contains("%0Agive the new field a default"), "{github}");

    let sarif: Value = serde_json::from_str(&as_format("sarif")).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], rule);
    assert_eq!(result["level"], "error");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], ORDER_PLACED);
    assert_eq!(
        (&place["region"]["startLine"], &place["region"]["startColumn"]),
        (&7.into(), &15.into())
    );
    let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
    assert_eq!(sarif["runs"][0]["tool"]["driver"]["rules"][index]["id"], rule);

    let junit = as_format("junit");
    assert!(
        junit.contains("<testsuites name=\"charter check\" tests=\"2\" failures=\"1\">"),
        "{junit}"
    );
    assert!(
        junit.contains(&format!("<failure type=\"{rule}\" message=\"readers of the new version")),
        "{junit}"
    );
    let markdown = as_format("markdown");
    assert!(
        markdown
            .starts_with("## Contracts: breaking: 1 error, 0 warnings, 1 note\n\n### Breaking\n"),
        "{markdown}"
    );
    assert!(markdown.contains("<details><summary>1 compatible</summary>"), "{markdown}");
    let html = as_format("html");
    assert!(html.starts_with("<!doctype html>") && html.ends_with("</html>\n"), "{html}");
    assert!(!html.contains("<script") && !html.contains("http"), "the page stands alone");
    assert!(html.contains("<article class=\"error\""), "{html}");
    let short = as_format("short");
    assert!(short.starts_with(&format!("error {rule} shop.OrderPlaced: ")), "{short}");
}

#[test]
fn a_types_users_are_listed() {
    let root = contracts();
    let impact = charter(&["impact", "shop.Channel"], root.path());
    assert_eq!(code(&impact), 0, "{}", said(&impact));
    let users = report(&impact);
    assert!(users.contains("command shop.PlaceOrder\n"), "{users}");
    assert!(users.contains("operation POST /v1/tenants/{tenantId}/orders\n"), "{users}");
    assert_eq!(code(&charter(&["impact", "shop.Nothing"], root.path())), 2);
}

/// An instance with older contracts cannot claim what one with newer ones has claimed: the number that says which is which is
/// the release's.
#[test]
fn a_release_raises_the_version_of_the_contracts() {
    let root = released();
    let version = || {
        let output = charter(&["generate"], root.path());
        assert_eq!(code(&output), 0, "{}", said(&output));
        let mut versions = BTreeSet::new();
        for folder in fs::read_dir(root.path().join("generated")).unwrap() {
            let context = folder.unwrap().path().join("src/context.rs");
            if let Ok(text) = fs::read_to_string(context) {
                let line = text.lines().find(|line| line.contains("const VERSION: u32"));
                versions.insert(line.expect("a version").trim().to_owned());
            }
        }
        versions.into_iter().collect::<Vec<_>>()
    };
    assert_eq!(version(), ["const VERSION: u32 = 1;"]);
    let path = root.path().join("openapi/gateway.yaml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{text}\n# The same contracts with another comment.\n")).unwrap();
    assert_eq!(version(), ["const VERSION: u32 = 1;"]);
    let output = charter(&["release"], root.path());
    assert_eq!(code(&output), 0, "{}", said(&output));
    assert!(said(&output).contains("the contracts' version is 2 now"), "{}", said(&output));
    assert_eq!(version(), ["const VERSION: u32 = 2;"]);
}
