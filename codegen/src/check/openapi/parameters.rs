//! Parameters of operations, and of all operations of a path.

use super::comparison::{At, Carrier, Comparison, Site, Strictness};
use super::document::Node;
use super::paths::{Names, operations};
use super::rules::{self, Place};
use super::types::Typing;
use super::witness::{Breach, End, Exchange};
use crate::check::change::{Side, Unshown};

/// A parameter, references followed.
#[derive(Clone, Copy, Debug)]
struct Parameter<'a> {
    node: Node<'a>,
    /// Its schema, which is that of a property where an object's properties are parameters of their own.
    schema: Option<Node<'a>>,
    name: &'a str,
    place: &'a str,
}

impl<'a> Parameter<'a> {
    fn required(&self) -> bool {
        self.node.flag("required")
    }

    fn words(&self) -> String {
        format!("`{}` parameter `{}`", self.place, self.name)
    }

    /// How it is written: `style` and `explode`, with the defaults of the specification.
    fn style(&self) -> (&'a str, bool) {
        let style = match (self.node.text("style"), self.place) {
            ("", "query" | "cookie") => "form",
            ("", _) => "simple",
            (style, _) => style,
        };
        let explode = self.node.get("explode").and_then(|node| node.tree.as_bool());
        (style, explode.unwrap_or(style == "form"))
    }

    /// Whether it stands among what comes after `?` or in a cookie.
    fn is_loose(&self) -> bool {
        matches!(self.place, "query" | "cookie")
    }
}

impl<'a> Comparison<'_, 'a> {
    /// The parameters of an operation.
    pub(crate) fn parameters(
        &mut self,
        subject: &str,
        (base, revision): (Node<'a>, Node<'a>),
        names: &Names<'a>,
    ) {
        let mut old = parameters(base, |node| self.base().resolve(node));
        let mut new = parameters(revision, |node| self.revision().resolve(node));
        self.exploded(subject, &mut old, &mut new);
        for was in old {
            let found = new.iter().position(|is| is_same(&was, is, names));
            match found.map(|index| new.remove(index)) {
                Some(is) => self.parameter(subject, &was, &is, false),
                None => self.parameter_removed(subject, &was),
            }
        }
        for is in new {
            // oasdiff looks for a new parameter by its name alone, and its verdict stands unless a run is strict.
            let first = first_of(revision, is.name, |node| self.revision().resolve(node));
            let first =
                first.filter(|_| self.strictness == Strictness::Parity && is.place != "path");
            let as_first = first.is_some_and(|first| first.required());
            let rule = match (is.place, is.required() || as_first) {
                ("path", _) => &rules::NEW_PATH_PARAMETER,
                (_, true) => &rules::NEW_REQUIRED_PARAMETER,
                (_, false) => &rules::NEW_OPTIONAL_PARAMETER,
            };
            let required = match (is.required(), first) {
                (true, _) => "new and required".to_owned(),
                (false, Some(first)) if as_first => {
                    format!("new, and the {} is required", first.words())
                }
                (false, _) => "new".to_owned(),
            };
            let unseen = is.required() && first.is_some_and(|first| !first.required());
            let text = format!("{}: {required}", is.words());
            let change = self.note_where(rule, (subject, unseen), text, None, Some(is.node));
            if as_first && !is.required() {
                self.shown(change, &Breach::Nothing(Unshown::Covered));
                continue;
            }
            if is.place == "path" {
                self.shown(change, &Breach::PathParameter(is.name, is.schema));
            } else {
                self.shown(change, &Breach::ParameterMissing(is.place, is.name));
            }
        }
    }

    /// The parameters of all operations of a path.
    pub(crate) fn shared_parameters(
        &mut self,
        path: &str,
        (base, revision): (Node<'a>, Node<'a>),
        names: &Names<'a>,
    ) {
        let old = parameters(base, |node| self.base().resolve(node));
        let mut new = parameters(revision, |node| self.revision().resolve(node));
        for was in old {
            let found = new.iter().position(|is| is_same(&was, is, names));
            if let Some(is) = found.map(|index| new.remove(index)) {
                self.parameter(path, &was, &is, true);
            } else {
                let text = format!("{}, for all operations: gone", was.words());
                let rule = &rules::SHARED_PARAMETER_REMOVED;
                let change = self.note(rule, path, text, Some(was.node), None);
                self.shown(change, &Breach::ParameterSent(was.place, was.name, was.schema));
            }
        }
        for is in new.into_iter().filter(|is| is.place != "path") {
            let rule = if is.required() {
                &rules::NEW_REQUIRED_SHARED_PARAMETER
            } else {
                &rules::NEW_OPTIONAL_SHARED_PARAMETER
            };
            for (method, _) in operations(revision) {
                let required = if is.required() { "new and required" } else { "new" };
                let text = format!("{}, for all operations: {required}", is.words());
                let subject = format!("{} {path}", method.to_uppercase());
                let change = self.note(rule, &subject, text, None, Some(is.node));
                // The operation itself may be new, and then nobody sent it anything.
                let before = base.get(method);
                let here = self.exchange.take();
                self.exchange = here.as_ref().zip(before).map(|(exchange, operation)| {
                    let end = exchange.base.clone();
                    let base = end.map(|end| End { operation, ..end });
                    Exchange { method, base, revision: None }
                });
                self.shown(change, &Breach::ParameterMissing(is.place, is.name));
                self.exchange = here;
            }
        }
    }

    /// Pairs parameters with the properties of an object that is written as parameters of their own, which looks the
    /// same on the wire.
    fn exploded(
        &mut self,
        subject: &str,
        old: &mut Vec<Parameter<'a>>,
        new: &mut Vec<Parameter<'a>>,
    ) {
        {
            let (simple, exploded, forwards) = (&mut *old, &mut *new, true);
            self.explode(subject, simple, exploded, forwards);
        }
        self.explode(subject, new, old, false);
    }

    fn explode(
        &mut self,
        subject: &str,
        simple: &mut Vec<Parameter<'a>>,
        exploded: &mut Vec<Parameter<'a>>,
        forwards: bool,
    ) {
        exploded.retain(|object| {
            if !self.is_exploded(object, forwards) {
                return true;
            }
            let before = simple.len();
            simple.retain(|parameter| {
                let property = self.property_of(object, parameter, forwards);
                let Some(schema) = property.filter(|_| {
                    parameter.is_loose()
                        && parameter.place == object.place
                        && !self.is_exploded(parameter, !forwards)
                }) else {
                    return true;
                };
                let property = Parameter { schema: Some(schema), name: parameter.name, ..*object };
                let (was, is) =
                    if forwards { (*parameter, property) } else { (property, *parameter) };
                self.parameter(subject, &was, &is, false);
                false
            });
            simple.len() == before
        });
    }

    /// The property of `object` that is called as `parameter` is.
    fn property_of(
        &self,
        object: &Parameter<'a>,
        parameter: &Parameter<'a>,
        in_revision: bool,
    ) -> Option<Node<'a>> {
        let schemas = if in_revision { self.new } else { self.old };
        schemas.at(object.schema?).schema.property(parameter.name)
    }

    fn is_exploded(&self, parameter: &Parameter<'a>, in_revision: bool) -> bool {
        let schemas = if in_revision { self.new } else { self.old };
        let explicit = parameter.node.flag("explode") && parameter.style().0 == "form";
        explicit
            && parameter.is_loose()
            && parameter.schema.is_some_and(|schema| {
                let schema = schemas.at(schema).schema;
                schema.types == ["object"] && !schema.properties.is_empty()
            })
    }

    fn parameter_removed(&mut self, subject: &str, was: &Parameter<'a>) {
        let site = site(subject, was, was, false);
        let (family, text) = if was.node.flag("deprecated") {
            match super::lifecycle::sunset(was.node) {
                None => {
                    (&rules::REMOVED_WITH_DEPRECATION, "gone after it was deprecated".to_owned())
                }
                Some(Err(message)) => (&rules::SUNSET_PARSE, message),
                Some(Ok(day)) if self.today < day => {
                    (&rules::REMOVED_BEFORE_SUNSET, format!("gone, and was to stay until {day}"))
                }
                Some(Ok(_)) => return,
            }
        } else {
            (&rules::REMOVED, "gone".to_owned())
        };
        let change = self.note_site(family, &site, text, Some(was.node), None);
        self.shown(change, &Breach::ParameterSent(was.place, was.name, was.schema));
    }

    fn parameter(&mut self, subject: &str, was: &Parameter<'a>, is: &Parameter<'a>, shared: bool) {
        let site = site(subject, was, is, shared);
        let spots = (Some(was.node), Some(is.node));
        match (was.required(), is.required()) {
            (false, true) => {
                let text = "required now";
                let change = self.note_site(&rules::BECAME_REQUIRED, &site, text, spots.0, spots.1);
                self.shown(change, &Breach::ParameterMissing(was.place, was.name));
            }
            (true, false) => {
                self.note_site(&rules::BECAME_OPTIONAL, &site, "optional now", spots.0, spots.1);
            }
            (true, true) | (false, false) => {}
        }
        let same_shape = was.schema.map(Node::address) == was.node.get("schema").map(Node::address)
            && is.schema.map(Node::address) == is.node.get("schema").map(Node::address);
        if same_shape && was.style() != is.style() && was.schema.is_some() && is.schema.is_some() {
            let words = |(style, explode)| format!("`style: {style}, explode: {explode}`");
            let text = format!(
                "written as {} now, and was written as {}",
                words(is.style()),
                words(was.style())
            );
            let change = self.note_site(&rules::STYLE_CHANGED, &site, text, spots.0, spots.1);
            self.shown(change, &Breach::Nothing(Unshown::Spelling));
        }
        self.parameter_lifecycle(&site, was.node, is.node);
        match (was.schema, is.schema) {
            (Some(old), Some(new)) => {
                if !was.required() && !is.required() {
                    self.parameter_default(&site, old, new);
                }
                self.schemas(&site, (old, new));
            }
            (None, Some(schema)) => {
                let text = "has a schema now";
                let change = self.note_site(&rules::SCHEMA_ADDED, &site, text, spots.0, spots.1);
                self.shown(change, &Breach::Schema(&site, Side::Revision, schema));
            }
            (Some(_), None) => {
                self.note_site(
                    &rules::SCHEMA_REMOVED,
                    &site,
                    "has lost its schema",
                    spots.0,
                    spots.1,
                );
            }
            (None, None) => self.parameter_content(&site, was.node, is.node),
        }
    }

    /// The default of an optional parameter: what a request means that leaves it out.
    fn parameter_default(&mut self, site: &Site, old: Node<'a>, new: Node<'a>) {
        let (base, revision) = (self.old.at(old), self.new.at(new));
        if let Some(pair) = self.pair(site, &base, &revision, &[]) {
            let at = At { site, path: "", name: "", pair: &pair, parent: None };
            self.default(&at);
        }
    }

    /// A parameter that is written in a media type.
    fn parameter_content(&mut self, site: &Site, was: Node<'a>, is: Node<'a>) {
        for (name, old) in was.members("content") {
            if let Some((_, new)) = is.members("content").find(|(other, _)| *other == name) {
                if let (Some(old), Some(new)) = (old.get("schema"), new.get("schema")) {
                    let site = Site { typing: Typing::of(name), unseen: true, ..site.clone() };
                    self.schemas(&site, (old, new));
                }
            } else {
                let text = format!("the media type `{name}` is gone");
                let change =
                    self.note_site(&rules::MEDIA_TYPE_REMOVED, site, text, Some(old), Some(is));
                self.shown(change, &Breach::Nothing(Unshown::Spelling));
            }
        }
        for (name, new) in is.members("content") {
            if !was.members("content").any(|(other, _)| other == name) {
                let text = format!("the media type `{name}` is new");
                self.note_site(&rules::MEDIA_TYPE_ADDED, site, text, Some(was), Some(new));
            }
        }
    }
}

/// The first parameter of an operation that is called `name`, wherever it is sent.
fn first_of<'a>(
    operation: Node<'a>,
    name: &str,
    resolve: impl Fn(Node<'a>) -> Option<Node<'a>>,
) -> Option<Parameter<'a>> {
    parameters(operation, resolve).into_iter().find(|parameter| parameter.name == name)
}

/// Whether two parameters are the same one. Path parameters may have other names.
fn is_same(was: &Parameter<'_>, is: &Parameter<'_>, names: &Names<'_>) -> bool {
    if was.place != is.place {
        return false;
    }
    if was.place == "path" && !names.is_empty() {
        return names.iter().any(|(old, new)| *old == was.name && *new == is.name);
    }
    was.name == is.name
}

fn site(subject: &str, was: &Parameter<'_>, is: &Parameter<'_>, shared: bool) -> Site {
    let words = if shared { format!("{}, for all operations", was.words()) } else { was.words() };
    Site {
        place: Place::Parameter,
        subject: subject.to_owned(),
        within: format!("of the {words}"),
        words,
        typing: Typing::Loose,
        header: (was.place == "header").then(|| was.name.to_owned()),
        repeats: is.style() == ("form", true),
        unseen: shared,
        carrier: Carrier::Parameter(was.place.to_owned(), was.name.to_owned()),
    }
}

fn parameters<'a>(
    node: Node<'a>,
    resolve: impl Fn(Node<'a>) -> Option<Node<'a>>,
) -> Vec<Parameter<'a>> {
    node.items("parameters")
        .filter_map(resolve)
        .map(|node| Parameter {
            node,
            schema: node.get("schema"),
            name: node.text("name"),
            place: node.text("in"),
        })
        .collect()
}
