//! What goes around every page: head, links, foot.

use std::fmt::Write as _;

use crate::page::Page;

/// Style sheets of every page.
const STYLES: [&str; 1] = ["/portal/shell.css"];
/// Scripts of every page.
const SCRIPTS: [&str; 1] = ["/portal/shell.js"];

/// The document of `page`, one of `pages`.
pub(crate) fn whole(api: &str, pages: &[Page], page: &Page) -> String {
    let mut styles = String::new();
    for path in STYLES.iter().chain(&page.styles_at) {
        let _ = writeln!(styles, "<link rel=\"stylesheet\" href=\"{path}\">");
    }
    let mut scripts = String::new();
    for path in SCRIPTS.iter().chain(&page.scripts_at) {
        let _ = writeln!(scripts, "<script src=\"{path}\" defer></script>");
    }
    let title = match page.title {
        Some(title) if page.path != "/" => format!("{title} · {api}"),
        Some(_) | None => api.to_owned(),
    };
    let links = links(pages, page);
    let body = page.body.replace("<!-- pages -->", &cards(pages));
    format!(
        r##"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="icon" href="/portal/mark.svg" type="image/svg+xml">
{styles}{scripts}</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header class="shell">
<a class="brand" href="/"><img src="/portal/mark.svg" alt="" width="28" height="28"><span>{api}</span></a>
<nav aria-label="Portal">{links}</nav>
<button id="credentials" type="button" class="quiet" hidden></button>
</header>
<div id="content" class="content">
{body}</div>
</body>
</html>
"##
    )
}

/// Pages that links lead to.
fn linked(pages: &[Page]) -> impl Iterator<Item = (&Page, &'static str)> {
    pages
        .iter()
        .filter(|page| page.path != "/")
        .filter_map(|page| page.title.map(|title| (page, title)))
}

fn links(pages: &[Page], here: &Page) -> String {
    let mut links = String::new();
    for (page, title) in linked(pages) {
        // A page without a link of its own lies below the one that has.
        let is_here = here.path.starts_with(&*page.path);
        let current = if is_here { " aria-current=\"page\"" } else { "" };
        let _ = write!(links, "<a href=\"{}\"{current}>{title}</a>", page.path);
    }
    links
}

fn cards(pages: &[Page]) -> String {
    let mut cards = String::new();
    for (page, title) in linked(pages) {
        let _ = writeln!(
            cards,
            "<a class=\"card\" href=\"{}\"><h2>{title}</h2><p>{}</p></a>",
            page.path, page.about
        );
    }
    cards
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_name_the_page_that_one_is_on() {
        let pages = [
            Page::new("/", "Charter", "<!-- pages -->"),
            Page::new("/catalogue/", "Events", "all").about("What happens."),
            Page { title: None, ..Page::new("/catalogue/seat.html", "", "seat") },
        ];
        let front = whole("Charter", &pages, &pages[0]);
        assert!(front.contains("<title>Charter</title>"), "{front}");
        let card = r#"<a class="card" href="/catalogue/"><h2>Events</h2><p>What happens.</p></a>"#;
        assert!(front.contains(card), "{front}");
        let below = whole("Charter", &pages, &pages[2]);
        let link = r#"<a href="/catalogue/" aria-current="page">Events</a>"#;
        assert!(below.contains(link), "{below}");
        assert!(!below.contains(r#"href="/catalogue/seat.html""#), "{below}");
    }
}
