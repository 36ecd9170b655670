//! `charter doc` through the binary, on this repository's contracts and on those of the cases.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use support::copy;
use tempfile::TempDir;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn charter(arguments: &[&str], root: &Path) -> (String, i32) {
    let mut command = Command::cargo_bin("charter").unwrap();
    let output = command.args(arguments).current_dir(root).output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    (said, output.status.code().unwrap())
}

/// The pages of the contracts below `root`: names and texts.
fn pages(root: &Path) -> Vec<(String, String)> {
    let out = tempfile::tempdir().unwrap();
    let (said, code) = charter(&["doc", "--out", out.path().to_str().unwrap()], root);
    assert_eq!(code, 0, "{said}");
    let mut pages: Vec<(String, String)> = fs::read_dir(out.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(&path).unwrap())
        })
        .collect();
    pages.sort();
    assert!(said.contains(&format!("{} pages written", pages.len())), "{said}");
    pages
}

fn ours() -> Vec<(String, String)> {
    pages(&folder(".."))
}

fn page<'a>(pages: &'a [(String, String)], name: &str) -> &'a str {
    &pages.iter().find(|(page, _)| page == name).unwrap_or_else(|| panic!("no `{name}`")).1
}

/// The values of an attribute in a page.
fn attribute<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let front = format!(" {name}=\"");
    text.split(&front).skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

#[test]
fn there_is_a_page_for_each_context_one_for_the_api_and_the_same_each_time() {
    let pages = ours();
    let names: Vec<_> = pages.iter().map(|(name, _)| name.as_str()).collect();
    let expected = ["api.html", "housekeeping.html", "index.html", "reservation.html", "seat.html"];
    assert_eq!(names, expected);
    assert_eq!(pages, ours());
}

#[test]
fn every_link_leads_to_something_and_nothing_comes_from_elsewhere() {
    let pages = ours();
    let mut followed = 0;
    for (name, text) in &pages {
        let ids: Vec<&str> = attribute(text, "id");
        assert_eq!(ids.len(), ids.iter().collect::<BTreeSet<_>>().len(), "an id twice in {name}");
        for link in attribute(text, "href") {
            let (to, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if to.is_empty() { text } else { page(&pages, to) };
            assert!(
                anchor.is_empty() || attribute(target, "id").contains(&anchor),
                "{name}: {link}"
            );
            followed += 1;
        }
        for foreign in ["http://", "https://", "<script", "@import", "url(", " src="] {
            let found = text.replace("http://www.w3.org", "");
            assert!(!found.contains(foreign), "{name} has {foreign}");
        }
    }
    assert!(followed > 50, "only {followed} links");
}

#[test]
fn a_message_is_shown_with_who_sends_it_and_what_it_may_be_refused_with() {
    let pages = ours();
    let seat = page(&pages, "seat.html");
    let article = |id: &str| {
        let from =
            seat.find(&format!("<article id=\"{id}\">")).unwrap_or_else(|| panic!("no {id}"));
        &seat[from..from + seat[from..].find("</article>").unwrap()]
    };
    let hold = article("seat.holdseats");
    for said in [
        "<code>seat.holdRequest</code>",
        "<code>POST /v1/shows/{showId}/holds</code>",
        "<a href=\"#SEAT_TAKEN\"><code>SEAT_TAKEN</code></a>",
        "array of string",
    ] {
        assert!(hold.contains(said), "{said} is missing in {hold}");
    }
    let event = article("seat.seatsheld");
    assert!(
        event.contains("at <code>expiresAt</code> comes <code>seat.expireHold</code>"),
        "{event}"
    );
    for said in ["<summary>Example</summary>", "&quot;holderId&quot;: &quot;buyer-7&quot;"] {
        assert!(event.contains(said), "{said} is missing in {event}");
    }
    assert!(event.contains("private: never sent to browsers"), "{event}");
    assert!(event.contains("<code>show:{showId}</code>"), "{event}");
    let expire = article("seat.expirehold");
    assert!(expire.contains("a deadline of <code>seat.held</code>"), "{expire}");
}

#[test]
fn the_drawing_names_operations_contexts_events_and_views() {
    let pages = ours();
    let index = page(&pages, "index.html");
    let drawing = &index[index.find("<svg").unwrap()..index.find("</svg>").unwrap()];
    for said in [
        "holdSeats: HoldSeats",
        "timer of SeatsHeld: ExpireHold",
        ">seat<",
        ">SeatsHeld<",
        ">SeatView<",
    ] {
        assert!(drawing.contains(said), "{said} is missing");
    }
}

/// What a gateway's portal goes around has the same words, without a look of its own.
#[test]
fn the_catalogue_of_a_gateway_is_the_same_site_in_parts() {
    let parts = folder("../generated/contract-gateway/catalogue");
    for (name, whole) in ours() {
        let part = fs::read_to_string(parts.join(&name)).unwrap();
        assert!(part.starts_with("<main class=\"contracts\">") && part.ends_with("</main>\n"));
        assert!(!part.contains("<style") && !part.contains(" style="));
        let said = |page: &str| {
            page[page.find("</h1>").unwrap()..page.find("</main>").unwrap()].to_owned()
        };
        assert_eq!(said(&part), said(&whole), "{name}");
    }
}

/// A folder of contracts that was released and then changed says so.
#[test]
fn versions_are_those_of_the_releases() {
    let root = TempDir::new().unwrap();
    copy(&folder("tests/cases/base"), root.path());
    let text = |pages: &[(String, String)]| -> String {
        pages.iter().map(|(_, text)| text.as_str()).collect()
    };
    let before = text(&pages(root.path()));
    assert!(before.contains("Nothing is released yet.") && before.contains("not released"));
    let (said, code) = charter(&["release"], root.path());
    assert_eq!(code, 0, "{said}");
    let after = text(&pages(root.path()));
    assert!(after.contains("Released as v1, unchanged since."));
    assert!(after.contains("since v1<") && !after.contains("not released"));
}

#[test]
fn contracts_with_problems_give_no_pages() {
    let root = TempDir::new().unwrap();
    fs::create_dir_all(root.path().join("schemas/shop")).unwrap();
    fs::write(root.path().join("schemas/shop/a.avsc"), "{").unwrap();
    let (said, code) = charter(&["doc", "--out", "site"], root.path());
    assert_eq!(code, 1, "{said}");
    assert!(!root.path().join("site").exists());
}
