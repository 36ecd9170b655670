//! Reports for tools, held against what those tools take: SARIF by its official schema, annotations as GitHub reads them, the page
//! in a browser.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};

use assert_cmd::Command;
use serde_json::Value;

fn case(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compat").join(name)
}

/// What `charter compat` says of two files of a case.
fn report(name: &str, files: [&str; 2], format: &str) -> String {
    let output = Command::cargo_bin("charter")
        .unwrap()
        .args(["compat", "--date", "2026-09-01", "--format", format])
        .args(files)
        .current_dir(case(name))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

const PAIRS: &[(&str, [&str; 2])] = &[
    ("every_keyword", ["old.json", "new.json"]),
    ("every_operation", ["new.json", "old.json"]),
    ("avro_record", ["old.avsc", "new.avsc"]),
];

#[test]
fn sarif_logs_fit_the_official_schema() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sarif/sarif-schema-2.1.0.json");
    let text = std::fs::read_to_string(path).unwrap();
    // One pattern of the schema, that of languages, ends a class that it did not open, which this library does not take.
    let (unsound, sound) = ("[a-zA-Z]{2}]?$", "[a-zA-Z]{2}$");
    assert!(text.contains(unsound));
    let schema: Value = serde_json::from_str(&text.replace(unsound, sound)).unwrap();
    let validator = jsonschema::options()
        .with_draft(jsonschema::Draft::Draft4)
        .should_validate_formats(true)
        .build(&schema)
        .unwrap();
    assert!(!validator.is_valid(&serde_json::json!({ "version": "2.1.0" })), "it checks nothing");
    for (name, files) in PAIRS {
        let log: Value = serde_json::from_str(&report(name, *files, "sarif")).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&log)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert_eq!(errors, Vec::<String>::new(), "{name}");
        let run = &log["runs"][0];
        let results = run["results"].as_array().unwrap();
        assert!(!results.is_empty());
        for result in results {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
        }
    }
}

/// `::error file=F,line=L,col=C,title=T::text`: the properties as GitHub's runner splits them.
#[test]
fn annotations_carry_file_and_line() {
    for (name, files) in PAIRS {
        let report = report(name, *files, "github");
        let commands: Vec<&str> = report.lines().filter(|line| line.starts_with("::")).collect();
        assert!(!commands.is_empty());
        let mut errors = 0;
        for command in commands {
            let (head, text) = command[2..].split_once("::").expect("a message");
            let (word, properties) = head.split_once(' ').expect("properties");
            assert!(["error", "warning", "notice"].contains(&word), "{command}");
            assert!(!text.is_empty() && !text.contains('\n'), "{command}");
            let of = |key: &str| {
                properties
                    .split(',')
                    .find_map(|property| property.strip_prefix(key)?.strip_prefix('='))
            };
            let rule = of("title").expect("a title");
            assert!(charter_codegen::check::rules().iter().any(|known| known.id == rule), "{rule}");
            if let Some(file) = of("file") {
                // As seen from the root of the work tree, where there is one: annotations of a check in a folder of
                // a repository named files that GitHub did not find.
                let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
                let from_root = std::fs::read_to_string(root.join(file));
                let in_git = root.join(".git").exists();
                assert!(!in_git || from_root.is_ok(), "{command}");
                let text = from_root.or_else(|_| std::fs::read_to_string(case(name).join(file)));
                let text = text.expect("the file is there");
                let line: usize = of("line").expect("a line").parse().unwrap();
                assert!((1..=text.lines().count()).contains(&line), "{command}");
            }
            errors += usize::from(word == "error");
        }
        assert!(errors > 0, "{name} breaks");
    }
}

/// The browser that looks at pages. Where there is none, the test is skipped and says so, but for a CI that
/// promises one.
fn browser() -> Option<PathBuf> {
    let named = std::env::var_os("CHARTER_BROWSER").map(PathBuf::from);
    let known = ["chromium", "chromium-browser", "google-chrome"].map(PathBuf::from);
    let found = named.into_iter().chain(known).find(|browser| {
        let mut version = Process::new(browser);
        version.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
        version.status().is_ok_and(|status| status.success())
    });
    if found.is_none() {
        assert!(
            std::env::var_os("CHARTER_REQUIRE_BROWSER").is_none(),
            "CHARTER_REQUIRE_BROWSER is set, and there is no chromium"
        );
        eprintln!("SKIPPED: no chromium; install it, or name a browser in CHARTER_BROWSER");
    }
    found
}

#[test]
fn the_page_stands_alone_in_a_browser() {
    let Some(browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("report.html");
    std::fs::write(&page, report("every_operation", ["new.json", "old.json"], "html")).unwrap();
    let look = |arguments: &[&str]| {
        let output = Process::new(&browser)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
            .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
            .args(["--timeout=20000", "--window-size=1200,900"])
            .args(arguments)
            .arg(format!("file://{}", page.display()))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let dom = look(&["--dump-dom"]);
    // What a browser made of it: every change an article of its own, the verdict on top, nothing fetched.
    let json: Value =
        serde_json::from_str(&report("every_operation", ["new.json", "old.json"], "json")).unwrap();
    let changes = json["changes"].as_array().unwrap().len();
    assert_eq!(dom.matches("<article").count(), changes, "{dom}");
    assert!(dom.contains("<h1>"), "{dom}");
    for word in ["<script src", "<link", "<img", "http://", "url("] {
        assert!(!dom.contains(word), "the page asks for `{word}`");
    }
    let picture = folder.path().join("page.png");
    look(&[&format!("--screenshot={}", picture.display())]);
    let bytes = std::fs::read(&picture).unwrap();
    assert_eq!(&bytes[..8], b"\x89PNG\r\n\x1a\n");
    assert!(bytes.len() > 20_000, "a page of {} bytes is empty", bytes.len());
    if let Some(keep) = std::env::var_os("CHARTER_KEEP_PICTURES") {
        std::fs::copy(&picture, PathBuf::from(keep).join("check.png")).unwrap();
    }
}
