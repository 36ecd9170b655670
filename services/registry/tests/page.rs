//! The page at `/` as a browser shows it. Where there is no browser the test says SKIPPED; where `CHARTER_REQUIRE_BROWSER`
//! promises one, that is a failure.

mod support;

use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;
use support::{Server, record, say};
use tokio::process::Command;

/// Longer than a browser takes to start on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// The browser in `CHARTER_BROWSER`, or one of those that are known.
async fn browser() -> Option<PathBuf> {
    let named = std::env::var_os("CHARTER_BROWSER").map(PathBuf::from);
    let known = ["chromium", "chromium-browser", "google-chrome"].map(PathBuf::from);
    for browser in named.into_iter().chain(known) {
        let version = Command::new(&browser).arg("--version").output().await;
        if version.is_ok_and(|output| output.status.success()) {
            return Some(browser);
        }
    }
    let required = std::env::var_os("CHARTER_REQUIRE_BROWSER").is_some();
    assert!(!required, "CHARTER_REQUIRE_BROWSER is set, and there is no chromium");
    say("SKIPPED: no chromium; install it, or name a browser in CHARTER_BROWSER");
    None
}

#[tokio::test]
async fn a_browser_shows_versions_side_by_side_with_level_and_references() {
    let Some(browser) = browser().await else { return };
    let server = Server::start_embedded().await;
    server.register("money", &record("Money", "cents", "long")).await;
    let order = |more: &str| {
        format!(
            r#"{{"type":"record","name":"Order","fields":[{more}{{"name":"total","type":"Money"}}]}}"#
        )
    };
    let note = r#"{"name":"note","type":["null","string"],"default":null},"#;
    for schema in [order(""), order(note)] {
        let references = json!([{ "name": "Money", "subject": "money", "version": 1 }]);
        let body = json!({ "schema": schema, "references": references });
        server.post("/subjects/orders-value/versions", body).await.ok();
    }
    server.put("/config/orders-value", json!({ "compatibility": "FULL_TRANSITIVE" })).await.ok();

    let profile = tempfile::tempdir().expect("a directory");
    let shown = async |subject: &str| {
        let look = Command::new(&browser)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            // The time of the page, which stands still while it waits for answers.
            .args(["--virtual-time-budget=10000", "--dump-dom"])
            .arg(format!("{}/#{subject}", server.url))
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(PATIENCE, look).await.expect("in time").expect("runs");
        String::from_utf8(output.stdout).expect("text")
    };
    let page = shown("orders-value").await;
    for part in [
        r#"<p id="count">2 of 2 subjects</p>"#,
        r#"<h2 id="name">orders-value</h2>"#,
        r#"<dd id="level">FULL_TRANSITIVE</dd>"#,
        r##"<dd id="references"><a href="#money">Money (money 1)</a></dd>"##,
        r#"<span class="new">      "name": "note",</span>"#,
    ] {
        assert!(page.contains(part), "`{part}` is not in {page}");
    }
    assert!(!page.contains(r#"class="gone""#), "{page}");
    let page = shown("money").await;
    let referrers = r##"<dd id="referrers"><a href="#orders-value">orders-value 1</a>, <a href="#orders-value">orders-value 2</a></dd>"##;
    assert!(page.contains(referrers), "{page}");
    server.stop().await;
}
