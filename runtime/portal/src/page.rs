//! A page: what stands between the shell's head and foot.

use std::borrow::Cow;

/// A page of the portal.
#[derive(Clone, Debug)]
pub struct Page {
    /// Where it is: `/live`.
    pub path: Cow<'static, str>,
    /// What links call it; without a title, no link leads to it.
    pub title: Option<&'static str>,
    /// What the front page says of it, in a sentence.
    pub about: &'static str,
    /// Its part of the document: HTML without scripts and without style attributes.
    pub body: &'static str,
    /// Its style sheets, by path.
    pub styles_at: Vec<&'static str>,
    /// Its scripts, by path, in their order.
    pub scripts_at: Vec<&'static str>,
    /// Where its styles may come from.
    pub styles: Styles,
}

impl Page {
    /// A page with a style sheet and a script of its own.
    #[must_use]
    pub fn new(
        path: impl Into<Cow<'static, str>>,
        title: &'static str,
        body: &'static str,
    ) -> Self {
        Self {
            path: path.into(),
            title: Some(title),
            about: "",
            body,
            styles_at: Vec::new(),
            scripts_at: Vec::new(),
            styles: Styles::Files,
        }
    }

    /// What the front page says of it.
    #[must_use]
    pub fn about(mut self, about: &'static str) -> Self {
        self.about = about;
        self
    }

    /// Loads a style sheet.
    #[must_use]
    pub fn style(mut self, path: &'static str) -> Self {
        self.styles_at.push(path);
        self
    }

    /// Loads a script, after those before.
    #[must_use]
    pub fn script(mut self, path: &'static str) -> Self {
        self.scripts_at.push(path);
        self
    }
}

/// Where a page's styles may come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Styles {
    /// From style sheets that the portal serves.
    Files,
    /// Also from the page itself, for scripts of others that need it.
    Inline,
}
