//! What a comparison carries with it, and how it reports.

use std::collections::HashSet;
use std::rc::Rc;

use charter_avro::logical::Date;
use charter_avro::source::{Span, Tree};

use super::document::{Document, Node, Reader};
use super::equal::{Equality, Sense};
use super::rules::{self, Family, Place, Single};
use super::schema::{Schema, Schemas, Use};
use super::transition::Transition;
use super::types::Typing;
use super::witness::{Exchange, Pending, Way};
use crate::check::change::{Change, ChangeRule, Kind, Spot, Unshown};
use crate::problem::Problem;
use crate::rules::Severity;

/// Pairs of schemas that a run looks at; beyond them each pair is looked at once only, wherever it stands.
const MAX_VISITS: usize = 20_000;
/// How deep schemas may hold one another. Far above what is written; a run has the stack for it.
const MAX_DEPTH: usize = 400;

/// How strictly a run judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// As oasdiff does; rules of charter's own are warnings.
    Parity,
    /// With charter's own rules at their full severity.
    Strict,
}

/// Two documents under comparison.
pub(crate) struct Comparison<'s, 'a> {
    pub(crate) old: &'s Schemas<'a>,
    pub(crate) new: &'s Schemas<'a>,
    pub(crate) equality: Equality<'s, 'a>,
    /// The day that sunsets are held against.
    pub(crate) today: Date,
    pub(crate) strictness: Strictness,
    pub(crate) changes: Vec<Change>,
    /// Where schemas nest too deep to be compared.
    pub(crate) problems: Vec<Problem>,
    /// The schemas on the way to what is compared just now.
    pub(crate) way: Way<'a>,
    /// Breaks of the site at hand that wait for a witness.
    pub(crate) pending: Vec<Pending<'a>>,
    /// How many witnesses were looked for, and what that took.
    pub(crate) witnessed: usize,
    pub(crate) effort: u64,
    /// The schemas as witnesses read them, base and revision: what is wrong with a part that is not compared is no problem.
    pub(crate) quiet: [Schemas<'a>; 2],
    /// The operation that is compared just now, of which whole messages are put together.
    pub(crate) exchange: Option<Exchange<'a>>,
    visits: usize,
    visited: HashSet<(usize, usize, bool)>,
}

/// Where a schema that is compared as a whole stands.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub(crate) place: Place,
    /// The operation: `POST /orders`.
    pub(crate) subject: String,
    /// `request body`, `` `query` parameter `limit` ``, …
    pub(crate) words: String,
    /// `` of the response `200` ``, … for what is within.
    pub(crate) within: String,
    pub(crate) typing: Typing,
    /// The name of the header, where it is a request's.
    pub(crate) header: Option<String>,
    /// Whether it is a parameter that is repeated for each item of an array.
    pub(crate) repeats: bool,
    /// Whether oasdiff does not look there.
    pub(crate) unseen: bool,
    pub(crate) carrier: Carrier,
}

/// Which part of a message holds the value.
#[derive(Clone, Debug)]
pub(crate) enum Carrier {
    /// None that could be put together.
    None,
    /// A request's body, by media type.
    Request(String),
    /// A parameter: place and name.
    Parameter(String, String),
    /// An answer's body: status and media type.
    Response(String, String),
    /// An answer's header: status and name.
    Header(String, String),
}

/// Two versions of a schema.
#[derive(Clone, Debug)]
pub(crate) struct Pair<'a> {
    pub(crate) base: Rc<Schema<'a>>,
    pub(crate) revision: Rc<Schema<'a>>,
    pub(crate) transition: Rc<Transition<'a>>,
}

/// Two versions of a schema, and where they stand.
pub(crate) struct At<'p, 'a> {
    pub(crate) site: &'p Site,
    /// The way from the site, empty at the site itself.
    pub(crate) path: &'p str,
    /// The name, where it is a property.
    pub(crate) name: &'p str,
    pub(crate) pair: &'p Pair<'a>,
    pub(crate) parent: Option<&'p Pair<'a>>,
}

impl At<'_, '_> {
    pub(crate) fn place(&self) -> Place {
        match (self.site.place, self.path.is_empty()) {
            (Place::RequestBody, false) => Place::RequestProperty,
            (Place::Parameter, false) => Place::ParameterProperty,
            (Place::ResponseBody, false) => Place::ResponseProperty,
            (place, true | false) => place,
        }
    }
}

impl Site {
    pub(crate) fn is_webhook(&self) -> bool {
        self.subject.contains(" webhook:")
    }

    /// What a text calls what stands at `path`.
    pub(crate) fn name(&self, path: &str) -> String {
        if path.is_empty() {
            return self.words.clone();
        }
        format!("property `{path}` {}", self.within)
    }
}

impl<'s, 'a> Comparison<'s, 'a> {
    pub(crate) fn new(
        old: &'s Schemas<'a>,
        new: &'s Schemas<'a>,
        today: Date,
        strictness: Strictness,
    ) -> Self {
        Self {
            old,
            new,
            equality: Equality::new(old, new),
            today,
            strictness,
            changes: Vec::new(),
            problems: Vec::new(),
            way: Way::new(),
            pending: Vec::new(),
            witnessed: 0,
            effort: 0,
            quiet: [old, new].map(|schemas| Schemas::new(Reader::new(schemas.reader.document))),
            exchange: None,
            visits: 0,
            visited: HashSet::new(),
        }
    }

    pub(crate) fn base(&self) -> &Reader<'a> {
        &self.old.reader
    }

    pub(crate) fn revision(&self) -> &Reader<'a> {
        &self.new.reader
    }

    /// Reports under a rule that stands by itself. Returns which change that is.
    pub(crate) fn note(
        &mut self,
        rule: &Single,
        subject: &str,
        text: impl Into<String>,
        base: Option<Node<'a>>,
        revision: Option<Node<'a>>,
    ) -> Option<usize> {
        self.note_where(rule, (subject, false), text, base, revision)
    }

    /// As [`Self::note`]; `unseen` says that oasdiff does not report it here.
    pub(crate) fn note_where(
        &mut self,
        rule: &Single,
        (subject, unseen): (&str, bool),
        text: impl Into<String>,
        base: Option<Node<'a>>,
        revision: Option<Node<'a>>,
    ) -> Option<usize> {
        let base = base.map(|node| self.base().document.spot(node));
        let revision = revision.map(|node| self.revision().document.spot(node));
        let rule = rules::single(rule)?;
        Some(self.push(rule, unseen, (subject, ""), text.into(), (base, revision)))
    }

    /// Reports under a family, of the whole that `site` is. Returns which change that is.
    pub(crate) fn note_site(
        &mut self,
        family: &Family,
        site: &Site,
        text: impl AsRef<str>,
        base: Option<Node<'a>>,
        revision: Option<Node<'a>>,
    ) -> Option<usize> {
        let base = base.map(|node| self.base().document.spot(node));
        let revision = revision.map(|node| self.revision().document.spot(node));
        let rule = rules::at(family, site.place)?;
        let text = format!("{}: {}", site.words, text.as_ref());
        Some(self.push(rule, site.unseen, (&site.subject, ""), text, (base, revision)))
    }

    /// Reports a change of the keyword `key` of a schema, unless a change of the whole schema tells it already.
    pub(crate) fn keyword(
        &mut self,
        family: &Family,
        at: &At<'_, 'a>,
        key: &str,
        text: impl AsRef<str>,
    ) {
        if at.pair.transition.explains(family, at.place()) {
            return;
        }
        let Some(rule) = rules::at(family, at.place()) else { return };
        let spots = self.spots(at.pair, key);
        let text = format!("{}: {}", at.site.name(at.path), text.as_ref());
        // Within a header oasdiff compares nothing, and in a webhook no stability.
        let unseen = at.site.unseen
            || (at.site.place == Place::Header && !at.path.is_empty())
            || (std::ptr::eq(family, &raw const rules::STABILITY_DECREASED)
                && at.site.is_webhook());
        self.push(rule, unseen, (&at.site.subject, key), text, spots);
    }

    /// Reports a change of the keyword `key` under a rule that stands by itself. `path` is what it is about.
    pub(crate) fn keyword_single(
        &mut self,
        rule: &Single,
        at: &At<'_, 'a>,
        (path, key): (&str, &str),
        text: impl AsRef<str>,
    ) {
        let Some(rule) = rules::single(rule) else { return };
        if at.pair.transition.explains_kind(rule.kind) {
            return;
        }
        let spots = self.spots(at.pair, key);
        let text = format!("{}: {}", at.site.name(path), text.as_ref());
        self.push(rule, at.site.unseen, (&at.site.subject, key), text, spots);
    }

    /// Reports under a family, of a property `path` of the schema, at `key`.
    pub(crate) fn property(
        &mut self,
        family: &Family,
        place: Place,
        at: &At<'_, 'a>,
        (path, key): (&str, &str),
        text: impl AsRef<str>,
    ) {
        if at.pair.transition.explains_kind(family.kind) {
            return;
        }
        let Some(rule) = rules::at(family, place) else { return };
        let spots = self.spots(at.pair, key);
        let text = format!("{}: {}", at.site.name(path), text.as_ref());
        self.push(rule, at.site.unseen, (&at.site.subject, key), text, spots);
    }

    /// Reports a change: of an operation, of a keyword of the schema at hand. Returns which it is.
    fn push(
        &mut self,
        rule: &'static ChangeRule,
        unseen: bool,
        (subject, key): (&str, &str),
        text: String,
        (base, revision): (Option<Spot>, Option<Spot>),
    ) -> usize {
        let severity = match self.strictness {
            Strictness::Strict => rule.strict,
            Strictness::Parity if unseen => rule.severity.max(Severity::Warning),
            Strictness::Parity => rule.severity,
        };
        let breaks = severity != Severity::Info;
        let unshown = match key {
            _ if !breaks => None,
            _ if rule.kind == Kind::Lifecycle => Some(Unshown::Promise),
            "default" => Some(Unshown::Meaning),
            _ => None,
        };
        let index = self.changes.len();
        if breaks && unshown.is_none() && !self.way.is_empty() {
            // `required` of what is in `properties`: the keyword is the first step.
            let keyword = key.split('/').next().unwrap_or_default().to_owned();
            self.pending.push(Pending { change: index, keyword, way: self.way.clone() });
        }
        let change = Change::new(rule, severity, subject.to_owned(), text);
        self.changes.push(Change { unshown, base, revision, ..change });
        index
    }

    /// Where `key` stands in both versions of a schema; the schema itself where it does not.
    fn spots(&self, pair: &Pair<'a>, key: &str) -> (Option<Spot>, Option<Spot>) {
        let spot = |document: &'a Document, schema: &Schema<'a>| {
            let mut found: Option<(&'a Tree, Span)> =
                Some((schema.node.tree, schema.node.tree.span));
            for step in key.split('/').filter(|step| !step.is_empty()) {
                let name = step.replace("~1", "/").replace("~0", "~");
                found = found.and_then(|(tree, _)| tree.member(&name)).map(|member| {
                    // What fills several lines is best named by its key.
                    let long =
                        member.value.as_object().is_some() || member.value.as_array().is_some();
                    (&member.value, if long { member.key_span } else { member.value.span })
                });
            }
            let (tree, span) = found.unwrap_or((schema.node.tree, schema.node.tree.span));
            let node = schema.node.within(tree);
            Spot { origin: document.origin_of(node.file, span), ..document.spot(node) }
        };
        (
            Some(spot(self.base().document, &pair.base)),
            Some(spot(self.revision().document, &pair.revision)),
        )
    }

    /// The two versions as a pair, when there is something to compare and this is the place to do so.
    pub(crate) fn pair(
        &mut self,
        site: &Site,
        base: &Use<'a>,
        revision: &Use<'a>,
        trail: &[(usize, usize)],
    ) -> Option<Pair<'a>> {
        let addresses = (base.schema.node.address(), revision.schema.node.address());
        if self.equality.same(base.written, revision.written, Sense::Whole)
            || trail.contains(&addresses)
        {
            return None;
        }
        self.visits += 1;
        let first = self.visited.insert((addresses.0, addresses.1, site.place.is_request()));
        if self.visits > MAX_VISITS && !first {
            return None;
        }
        if trail.len() >= MAX_DEPTH {
            self.too_deep(revision);
            return None;
        }
        let transition =
            Transition::new(&base.schema, &revision.schema, (self.old, self.new), &self.equality);
        Some(Pair {
            base: Rc::clone(&base.schema),
            revision: Rc::clone(&revision.schema),
            transition: Rc::new(transition),
        })
    }

    fn too_deep(&mut self, revision: &Use<'a>) {
        let message =
            format!("expected schemas that hold one another at most {MAX_DEPTH} deep, found more");
        let at = self.revision().document.origin(revision.written);
        let problem = Problem::new(&crate::rules::OPENAPI_SHAPE, &at, message);
        if self.problems.is_empty() {
            self.problems.push(
                problem
                    .help("bring deeply nested schemas nearer to the root; nothing was compared"),
            );
        }
    }
}
