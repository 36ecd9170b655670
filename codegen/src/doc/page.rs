//! A page in the making.

use std::fmt::Write as _;

use super::File;
use crate::check::formats::escaped;

const STYLE: &str = "\
:root { color-scheme: light dark; --line: #8885; --soft: #8882; --accent: light-dark(#1d5fa8, #7db4f0); }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 68rem; padding: 0 1rem 4rem; }
nav { display: flex; flex-wrap: wrap; gap: .2rem 1rem; padding: .8rem 0; border-bottom: 1px solid var(--line); }
a { color: var(--accent); text-decoration: none; } a:hover, a:focus { text-decoration: underline; }
h1 { font-size: 1.6rem; margin: 1.2rem 0 .4rem; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; padding-bottom: .2rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 0 0 .3rem; overflow-wrap: anywhere; }
article { border: 1px solid var(--line); border-radius: .5rem; padding: .8rem 1rem; margin: .8rem 0; }
article:target { border-color: var(--accent); }
p { margin: .3rem 0; overflow-wrap: anywhere; }
.fact, .version { font-size: .9em; opacity: .85; } .version { font-weight: normal; }
code { font-family: ui-monospace, monospace; font-size: .9em; background: var(--soft); border-radius: .25rem; padding: 0 .25em; }
.wide { overflow-x: auto; } .wide svg { display: block; }
table { border-collapse: collapse; width: 100%; margin-top: .5rem; font-size: .93em; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; border-top: 1px solid var(--line); }
th { font-weight: 600; border-top: 0; }
td:first-child { white-space: nowrap; }
svg text { font: 12px ui-monospace, monospace; fill: currentColor; } svg .title { font: bold 14px system-ui, sans-serif; }
svg .box { fill: var(--soft); stroke: currentColor; stroke-opacity: .5; } svg .way { fill: none; stroke: var(--accent); stroke-opacity: .6; }
svg .timer { stroke-dasharray: 4 3; }
details { margin-top: .4rem; } summary { cursor: pointer; font-size: .93em; } pre { overflow-x: auto; background: var(--soft); border-radius: .4rem; padding: .6rem .8rem; } pre code { background: none; padding: 0; }
";

/// Whether a page is a document of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// It is, with its own look.
    Whole,
    /// It is the `main` of one, and has no look.
    Part,
}

/// The text of a page so far.
#[derive(Debug)]
pub(super) struct Page {
    title: String,
    links: Vec<(String, String)>,
    form: Form,
    body: String,
}

impl Page {
    pub(super) fn new(title: &str, links: Vec<(String, String)>, form: Form) -> Self {
        Self { title: title.to_owned(), links, form, body: String::new() }
    }

    pub(super) fn heading(&mut self, text: &str) {
        let _ = writeln!(self.body, "<h2 id=\"{}\">{}</h2>", slug(text), escaped(text));
    }

    /// Paragraphs of a contract's words; nothing of no words.
    pub(super) fn paragraph(&mut self, text: &str) {
        for part in text.split("\n\n").map(str::trim).filter(|part| !part.is_empty()) {
            let _ = writeln!(self.body, "<p>{}</p>", prose(part));
        }
    }

    /// HTML as it is.
    pub(super) fn raw(&mut self, html: &str) {
        self.body.push_str(html);
    }

    pub(super) fn file(self, name: &str) -> File {
        let Self { title, links, form, body } = self;
        let mut nav = String::new();
        for (page, text) in links {
            let current = if page == name { " aria-current=\"page\"" } else { "" };
            let _ = write!(nav, "<a href=\"{}\"{current}>{}</a>", escaped(&page), escaped(&text));
        }
        let title = escaped(&title);
        let text = match form {
            Form::Whole => format!(
                "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
                 <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
                 <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
                 <nav>{nav}</nav>\n<main>\n<h1>{title}</h1>\n{body}</main>\n</body>\n</html>\n",
            ),
            Form::Part => format!(
                "<main class=\"contracts\">\n<nav class=\"within\" aria-label=\"Contracts\">{nav}</nav>\n\
                 <h1>{title}</h1>\n{body}</main>\n"
            ),
        };
        File { name: name.to_owned(), text }
    }
}

/// A contract's words, with what stands in backticks as code.
pub(super) fn prose(text: &str) -> String {
    let mut parts = text.split('`');
    let mut out = escaped(parts.next().unwrap_or_default());
    while let Some(inside) = parts.next() {
        let _ = write!(out, "<code>{}</code>", escaped(inside));
        out.push_str(&escaped(parts.next().unwrap_or_default()));
    }
    out
}

/// The anchor of a name: letters, digits, `.`, `-`.
pub(super) fn slug(name: &str) -> String {
    name.chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '.' { c.to_ascii_lowercase() } else { '-' })
        .collect()
}
