//! Every rule of `charter lint`, broken once and kept once, through the binary.
//!
//! `lint/<rule>/bad` holds contracts that break the rule, with `report.txt`, what the run then says: file, line, column
//! and text. `lint/<rule>/good` holds them mended, about which nothing is said. `CHARTER_BLESS=1 cargo test -p
//! charter-codegen --test lint` writes the reports anew.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use charter_codegen::lint::rules;
use charter_codegen::{check, rules as generate_rules};
use serde_json::Value;

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lint")
}

fn lint(root: &Path, flags: &[&str]) -> Output {
    Command::cargo_bin("charter")
        .unwrap()
        .args(["lint", "--root"])
        .arg(root)
        .args(flags)
        .output()
        .unwrap()
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

#[test]
fn bad_contracts_are_reported_where_they_are_bad_and_good_ones_are_not() {
    let bless = std::env::var_os("CHARTER_BLESS").is_some();
    let mut failures = Vec::new();
    for rule in rules::all() {
        let case = cases().join(rule.id);
        assert!(case.is_dir(), "`{}` has no case", rule.id);
        let bad = lint(&case.join("bad"), &["--format", "short"]);
        assert_ne!(bad.status.code(), Some(2), "`{}`: {}", rule.id, text(bad.stderr));
        let said = text(bad.stdout);
        let mine = format!(" {} {}: ", rule.severity.as_str(), rule.id);
        assert!(
            said.lines().any(|line| line.contains(&mine)),
            "`{}` is not reported:\n{said}",
            rule.id
        );
        let expected = case.join("bad/report.txt");
        if bless {
            fs::write(&expected, &said).unwrap();
        } else if fs::read_to_string(&expected).unwrap_or_default() != said {
            failures.push(format!("{}:\n{said}", expected.display()));
        }
        let good = lint(&case.join("good"), &["--format", "short", "--fail-on", "info"]);
        assert_eq!(text(good.stdout), "", "`{}`, mended", rule.id);
        assert_eq!(good.status.code(), Some(0));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn each_case_is_a_rules() {
    let known: BTreeSet<String> = rules::all().iter().map(|rule| rule.id.to_owned()).collect();
    let cases: BTreeSet<String> = fs::read_dir(cases())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(cases, known);
}

#[test]
fn ids_are_lints_alone_and_every_row_is_full() {
    let changes: BTreeSet<&str> = check::rules().iter().map(|rule| rule.id.as_str()).collect();
    let all = rules::all();
    for pair in all.windows(2) {
        assert_ne!(pair[0].id, pair[1].id);
    }
    for rule in all {
        assert!(!changes.contains(rule.id), "`{}` is a rule about changes", rule.id);
        assert!(generate_rules::find(rule.id).is_none(), "`{}` is a rule of the compiler", rule.id);
        for words in [rule.purpose, rule.source, rule.bad, rule.good, rule.mend] {
            assert!(!words.is_empty() && !words.ends_with('.'), "`{}`: `{words}`", rule.id);
        }
        assert_ne!(rule.bad, rule.good, "`{}`", rule.id);
    }
}

#[test]
fn this_repositorys_contracts_are_clean() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let output = lint(&root, &["--fail-on", "info"]);
    assert_eq!(text(output.stdout), "");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn the_severity_that_fails_a_run_can_be_chosen() {
    let note = cases().join("doc-sentence/bad");
    let warning = cases().join("field-doc/bad");
    let error = cases().join("money-float/bad");
    let code = |case: &Path, flags: &[&str]| lint(case, flags).status.code();
    assert_eq!(code(&note, &[]), Some(0));
    assert_eq!(code(&note, &["--fail-on", "info"]), Some(1));
    assert_eq!(code(&warning, &[]), Some(1));
    assert_eq!(code(&warning, &["--fail-on", "error"]), Some(0));
    assert_eq!(code(&error, &["--fail-on", "error"]), Some(1));
}

#[test]
fn what_cannot_be_read_is_located_and_no_verdict() {
    let root = tempfile::tempdir().unwrap();
    assert_eq!(lint(root.path(), &[]).status.code(), Some(2));
    fs::create_dir_all(root.path().join("openapi")).unwrap();
    let document = "openapi: 3.1.0\ninfo: {}\npaths:\n  /a: { get: { parameters: [{ $ref: '#/nowhere' }] } }\n";
    fs::write(root.path().join("openapi/shop.yaml"), document).unwrap();
    let output = lint(root.path(), &["--format", "json"]);
    assert_eq!(output.status.code(), Some(2));
    let problems: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(problems[0]["rule"], "OPENAPI_REFERENCE");
    assert_eq!(problems[0]["at"]["line"], 4);
    fs::write(root.path().join("openapi/shop.yaml"), "openapi: [").unwrap();
    assert_eq!(lint(root.path(), &[]).status.code(), Some(2));
}

#[test]
fn an_excerpt_shows_the_place_and_what_to_do() {
    let output = lint(&cases().join("money-float/bad"), &[]);
    let said = text(output.stdout);
    assert!(
        said.contains("shop.OrderPlaced.totalAmount: expected a decimal, found `double`"),
        "{said}"
    );
    assert!(said.contains("\"name\": \"totalAmount\""), "the line is shown:\n{said}");
    assert!(said.contains("help: use `bytes` with the logical type `decimal`"), "{said}");
    assert!(said.ends_with("1 error\n"), "{said}");
}

#[test]
fn reports_for_tools_say_the_same() {
    let case = cases().join("field-name/bad");
    let report = |format: &str| text(lint(&case, &["--format", format]).stdout);
    let json: Value = serde_json::from_str(&report("json")).unwrap();
    assert_eq!(json["warnings"], 1);
    let finding = &json["findings"][0];
    assert_eq!(finding["rule"], "field-name");
    assert_eq!(finding["pointer"], "/fields/1/name");
    assert_eq!(finding["at"]["file"], "schemas/shop/events/order_placed.avsc");
    let sarif: Value = serde_json::from_str(&report("sarif")).unwrap();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "field-name");
    assert_eq!(result["partialFingerprints"].as_object().map(serde_json::Map::len), Some(1));
    let github = report("github");
    let place = format!("schemas/shop/events/order_placed.avsc,line={}", finding["at"]["line"]);
    assert!(github.starts_with("::warning ") && github.contains(&place), "{github}");
    assert!(github.ends_with("0 errors, 1 warning, 0 notes\n"), "{github}");
    assert!(
        report("junit").contains("<testsuites name=\"charter lint\" tests=\"1\" failures=\"0\">")
    );
    assert!(report("markdown").starts_with("## Contracts: 0 errors, 1 warning, 0 notes\n"));
    assert!(report("html").contains("<h1>Contracts: 0 errors, 1 warning, 0 notes</h1>"));
    let silent = text(lint(&cases().join("field-name/good"), &["--format", "junit"]).stdout);
    assert!(silent.contains("name=\"nothing found\""), "{silent}");
}

#[test]
fn an_allowance_holds_for_its_line_its_file_or_all() {
    let event = |field: &str, record: &str| {
        format!(
            "{{\n  \"type\": \"record\", \"namespace\": \"shop\", \"name\": \"OrderPlaced\", \"doc\": \"An order was placed.\",\n  \
             \"charter\": {{ \"kind\": \"event\", \"key\": [\"orderId\"]{record} }},\n  \"fields\": [\n    \
             {{ \"name\": \"orderId\", \"type\": \"string\", \"charter\": {{ \"example\": \"order-7\"{field} }} }},\n    \
             {{ \"name\": \"buyerId\", \"type\": \"string\", \"charter\": {{ \"example\": \"buyer-7\" }} }}\n  ]\n}}\n"
        )
    };
    let allow = ", \"lint\": { \"allow\": { \"field-doc\": \"The names say it.\" } }";
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("schemas/shop/events/order_placed.avsc");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let said = |contract: String, config: &str| {
        fs::write(&path, contract).unwrap();
        fs::write(root.path().join("charter-lint.yaml"), config).unwrap();
        let output = lint(root.path(), &["--format", "short"]);
        let lines = text(output.stdout);
        let rows = lines.lines().map(|line| {
            let (place, rest) = line.split_once(": ").unwrap();
            let rule = rest.split([' ', ':']).nth(1).unwrap();
            format!("{rule}:/{}", place.rsplit('/').next().unwrap())
        });
        rows.collect::<Vec<_>>()
    };
    assert_eq!(
        said(event("", ""), "{}"),
        ["field-doc:/order_placed.avsc:5:15", "field-doc:/order_placed.avsc:6:15"]
    );
    assert_eq!(said(event(allow, ""), "{}"), ["field-doc:/order_placed.avsc:6:15"]);
    assert_eq!(said(event("", allow), "{}"), Vec::<String>::new());
    let file = "files: { schemas/shop/events/order_placed.avsc: { field-doc: The names say it. } }";
    assert_eq!(said(event("", ""), file), Vec::<String>::new());
    assert_eq!(
        said(event("", ""), "files: { schemas/shop/: { field-doc: The names say it. } }"),
        Vec::<String>::new()
    );
    assert_eq!(
        said(event("", ""), "allow: { field-doc: The names say it. }"),
        Vec::<String>::new()
    );
    // The narrowest allowance counts; the wider one is then the one that nobody needs.
    let both = said(event("", allow), "allow: { field-doc: The names say it. }");
    assert_eq!(both.len(), 1);
    assert!(both[0].starts_with("allowance-unused:"), "{both:?}");
}

#[test]
fn examples_of_openapi_3_0_are_judged_as_3_0_means_them() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("openapi")).unwrap();
    let document = |example: &str| {
        format!(
            "openapi: 3.0.3\ninfo: {{ title: Shop, version: 1.0.0, description: Orders. }}\npaths: {{}}\ncomponents:\n  schemas:\n    \
             Order:\n      type: object\n      description: An order.\n      additionalProperties: false\n      properties:\n        \
             notes: {{ type: string, nullable: true, description: Words., example: {example} }}\n        \
             share: {{ type: number, description: A part., minimum: 0, exclusiveMinimum: true, example: 0 }}\n"
        )
    };
    let rules = |example: &str| {
        fs::write(root.path().join("openapi/shop.yaml"), document(example)).unwrap();
        let said = text(lint(root.path(), &["--format", "short"]).stdout);
        said.lines().filter(|line| line.contains("example-valid")).count()
    };
    assert_eq!(rules("null"), 1, "0 is not above 0");
    assert_eq!(rules("7"), 2, "and 7 is no string");
}

#[test]
fn explain_knows_every_rule() {
    let explain = |id: &str| {
        let output = Command::cargo_bin("charter").unwrap().args(["explain", id]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{id}");
        text(output.stdout)
    };
    for rule in rules::all() {
        let said = explain(rule.id);
        for words in [rule.purpose, rule.source, rule.bad, rule.good, rule.mend] {
            assert!(said.contains(words), "`{}` says `{words}`:\n{said}", rule.id);
        }
    }
}
