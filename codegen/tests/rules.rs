//! `docs/rules.md` lists the rules as they are.
//!
//! `CHARTER_BLESS=1 cargo test -p charter-codegen --test rules` writes it anew.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use charter_codegen::check;
use charter_codegen::check::change::ChangeRule;
use charter_codegen::lint;
use charter_codegen::lint::rules::LintRule;

fn table() -> String {
    let mut text = "# Rules about changes\n\n\
        Written by the test `rules` of `charter-codegen` from the rules themselves. `strict` is the severity with `--strict` where it differs.\n\n\
        | rule | severity | strict | reported when |\n|---|---|---|---|\n"
        .to_owned();
    for ChangeRule { id, severity, strict, what, .. } in check::rules() {
        let strict = if strict == severity { "" } else { strict.as_str() };
        let _ = writeln!(text, "| `{id}` | {} | {strict} | {what} |", severity.as_str());
    }
    text.push_str(
        "\n# Rules of `charter lint`\n\n\
         Each has a pair of contracts in `codegen/tests/lint`, one that breaks it and one that keeps it.\n\n\
         | rule | severity | asks that | source | breaks it | keeps it | fix |\n|---|---|---|---|---|---|---|\n",
    );
    for LintRule { id, severity, purpose, source, bad, good, mend } in lint::rules::all() {
        let severity = severity.as_str();
        let (bad, good) = (shown(bad), shown(good));
        let _ = writeln!(
            text,
            "| `{id}` | {severity} | {purpose} | {source} | {bad} | {good} | {mend} |"
        );
    }
    text
}

/// An example in a cell: code where it is a piece of a contract, words where it describes one.
fn shown(example: &str) -> String {
    let text = example.replace('|', "\\|");
    if example.contains('`') || !example.contains([':', '{', '/', '"']) {
        text
    } else {
        format!("`{text}`")
    }
}

#[test]
fn the_table_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/rules.md");
    let expected = table();
    if std::env::var_os("CHARTER_BLESS").is_some() {
        fs::write(&path, &expected).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap_or_default(), expected, "bless it");
}

#[test]
fn ids_are_unique_and_say_what_to_do() {
    let rules = check::rules();
    for pair in rules.windows(2) {
        assert_ne!(pair[0].id, pair[1].id);
    }
    for rule in rules {
        assert!(rule.severity >= rule.strict, "`{}`: strict is never milder", rule.id);
        assert!(!rule.mend.is_empty() && !rule.mend.ends_with('.'), "`{}`", rule.id);
    }
}
