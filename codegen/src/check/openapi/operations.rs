//! What is in an operation: its request, its responses, its tags.

use charter_avro::source::Tree;

use super::comparison::{Carrier, Comparison, Site};
use super::document::Node;
use super::media::{self, MediaPairing};
use super::paths::Names;
use super::rules::{self, Place};
use super::types::{Typing, added};
use super::witness::Breach;
use crate::check::change::{Side, Unshown};

impl<'a> Comparison<'_, 'a> {
    /// An operation that is in both versions.
    pub(crate) fn operation(
        &mut self,
        subject: &str,
        (base, revision): (Node<'a>, Node<'a>),
        names: &Names<'a>,
    ) {
        if subject.contains(" webhook:") {
            // oasdiff looks at the stability of what is under a path only.
            return self.promised_operation(subject, (base, revision), names);
        }
        let before = self.changes.len();
        if self.operation_stability(subject, base, revision) {
            self.promised_operation(subject, (base, revision), names);
        }
        self.invalid_stability(subject, base, revision, before);
    }

    fn promised_operation(
        &mut self,
        subject: &str,
        (base, revision): (Node<'a>, Node<'a>),
        names: &Names<'a>,
    ) {
        let (old, new) = (Some(base), Some(revision));
        self.operation_lifecycle(subject, base, revision);
        let ids = (base.text("operationId"), revision.text("operationId"));
        match ids {
            (was, is) if was == is => {}
            ("", is) => {
                let text = format!("the operation has the id `{is}` now");
                self.note(&rules::OPERATION_ID_ADDED, subject, text, old, new);
            }
            (was, "") => {
                let text = format!("the operation's id `{was}` is gone");
                self.note(&rules::OPERATION_ID_REMOVED, subject, text, old, new);
            }
            (was, is) => {
                let text = format!("the operation's id is `{is}` now, and was `{was}`");
                self.note(&rules::OPERATION_ID_REMOVED, subject, text, old, new);
            }
        }
        let tags = |node: Node<'a>| {
            node.items("tags").filter_map(|tag| tag.tree.as_str()).collect::<Vec<_>>()
        };
        let (was, is) = (tags(base), tags(revision));
        for tag in added(&was, &is) {
            self.note(&rules::TAG_ADDED, subject, format!("the tag `{tag}` is new"), old, new);
        }
        for tag in added(&is, &was) {
            self.note(&rules::TAG_REMOVED, subject, format!("the tag `{tag}` is gone"), old, new);
        }
        self.operation_security(subject, base, revision);
        self.parameters(subject, (base, revision), names);
        self.request_body(subject, base, revision);
        self.responses(subject, base, revision);
        self.callbacks(subject, (base, revision));
    }

    fn request_body(&mut self, subject: &str, base: Node<'a>, revision: Node<'a>) {
        let site = Site {
            place: Place::RequestBody,
            subject: subject.to_owned(),
            words: "request body".to_owned(),
            within: "of the request".to_owned(),
            typing: Typing::Strong,
            header: None,
            repeats: false,
            unseen: false,
            carrier: Carrier::None,
        };
        let key = "requestBody";
        match (base.get(key), revision.get(key)) {
            (None, None) => {}
            (None, Some(new)) => {
                let Some(body) = self.revision().resolve(new) else { return };
                if body.flag("required") {
                    let text = "new and required";
                    let change =
                        self.note_site(&rules::ADDED_REQUIRED, &site, text, None, Some(new));
                    self.shown(change, &Breach::NoBody);
                } else {
                    self.note_site(&rules::ADDED_OPTIONAL, &site, "new", None, Some(new));
                }
            }
            (Some(old), None) => {
                let change = self.note_site(&rules::REMOVED, &site, "gone", Some(old), None);
                self.shown(change, &Breach::Body);
            }
            (Some(old), Some(new)) => {
                let (Some(old), Some(new)) =
                    (self.base().resolve(old), self.revision().resolve(new))
                else {
                    return;
                };
                match (old.flag("required"), new.flag("required")) {
                    (false, true) => {
                        let change = self.note_site(
                            &rules::BECAME_REQUIRED,
                            &site,
                            "required now",
                            Some(old),
                            Some(new),
                        );
                        self.shown(change, &Breach::NoBody);
                    }
                    (true, false) => {
                        self.note_site(
                            &rules::BECAME_OPTIONAL,
                            &site,
                            "optional now",
                            Some(old),
                            Some(new),
                        );
                    }
                    (true, true) | (false, false) => {}
                }
                self.contents(&site, (old, new), None);
            }
        }
    }

    fn responses(&mut self, subject: &str, base: Node<'a>, revision: Node<'a>) {
        let responses = |node: Node<'a>| -> Vec<(&'a str, Node<'a>)> {
            node.members("responses").filter(|(status, _)| !status.starts_with("x-")).collect()
        };
        let (old, new) = (responses(base), responses(revision));
        for (status, was) in &old {
            if let Some((_, is)) = new.iter().find(|(other, _)| other == status) {
                self.response(subject, status, (*was, *is));
            } else {
                let rule = match is_success(status) {
                    Some(true) => &rules::SUCCESS_STATUS_REMOVED,
                    Some(false) => &rules::FAILURE_STATUS_REMOVED,
                    None => &rules::STATUS_RANGE_REMOVED,
                };
                let text = format!("the response `{status}` is gone");
                let change = self.note(rule, subject, text, Some(*was), None);
                self.shown(change, &Breach::Status(status));
            }
        }
        for (status, is) in &new {
            if old.iter().any(|(other, _)| other == status) {
                continue;
            }
            let rule = match is_success(status) {
                Some(true) => &rules::SUCCESS_STATUS_ADDED,
                Some(false) => &rules::FAILURE_STATUS_ADDED,
                None => continue,
            };
            self.note(rule, subject, format!("the response `{status}` is new"), None, Some(*is));
        }
    }

    fn response(&mut self, subject: &str, status: &str, (base, revision): (Node<'a>, Node<'a>)) {
        let (Some(base), Some(revision)) =
            (self.base().resolve(base), self.revision().resolve(revision))
        else {
            return;
        };
        let site = Site {
            place: Place::ResponseBody,
            subject: subject.to_owned(),
            words: format!("body of the response `{status}`"),
            within: format!("of the response `{status}`"),
            typing: Typing::Strong,
            header: None,
            repeats: false,
            unseen: false,
            carrier: Carrier::None,
        };
        self.headers(&site, status, (base, revision));
        self.links(subject, status, (base, revision));
        self.contents(&site, (base, revision), Some(status));
    }

    fn headers(&mut self, site: &Site, status: &str, (base, revision): (Node<'a>, Node<'a>)) {
        let key = "headers";
        for (name, was) in base.members(key) {
            let Some(was) = self.base().resolve(was) else { continue };
            let words = format!("header `{name}` of the response `{status}`");
            let found = revision.members(key).find(|(other, _)| *other == name);
            let Some((_, is)) = found else {
                let rule = if was.flag("required") {
                    &rules::HEADER_REMOVED_REQUIRED
                } else {
                    &rules::HEADER_REMOVED_OPTIONAL
                };
                let text = format!("{words}: gone");
                let change = self.note(rule, &site.subject, text, Some(was), None);
                if was.flag("required") {
                    self.shown(change, &Breach::HeaderMissing(status, name));
                } else {
                    self.shown(change, &Breach::Nothing(Unshown::Covered));
                }
                continue;
            };
            let Some(is) = self.revision().resolve(is) else { continue };
            let within = format!("of the {words}");
            let carrier = Carrier::Header(status.to_owned(), name.to_owned());
            let (place, typing) = (Place::Header, Typing::Loose);
            let site = Site { place, words, within, typing, carrier, ..site.clone() };
            if was.flag("required") && !is.flag("required") {
                let text = "optional now";
                let change =
                    self.note_site(&rules::BECAME_OPTIONAL, &site, text, Some(was), Some(is));
                self.shown(change, &Breach::HeaderMissing(status, name));
            }
            match (was.get("schema"), is.get("schema")) {
                (Some(old), Some(new)) => self.schemas(&site, (old, new)),
                (None, Some(_)) => {
                    let text = "has a schema now";
                    self.note_site(&rules::SCHEMA_ADDED, &site, text, Some(was), Some(is));
                }
                (Some(old), None) => {
                    let text = "has lost its schema";
                    let change =
                        self.note_site(&rules::SCHEMA_REMOVED, &site, text, Some(was), Some(is));
                    self.shown(change, &Breach::Schema(&site, Side::Base, old));
                }
                (None, None) => {}
            }
        }
        for (name, is) in revision.members(key) {
            if !base.members(key).any(|(other, _)| other == name) {
                let words = format!("header `{name}` of the response `{status}`");
                let site = Site { place: Place::Header, words, ..site.clone() };
                self.note_site(&rules::ADDED, &site, "new", None, Some(is));
            }
        }
    }

    /// The media types of a body.
    fn contents(
        &mut self,
        site: &Site,
        (base, revision): (Node<'a>, Node<'a>),
        status: Option<&str>,
    ) {
        let media = |node: Node<'a>| node.members("content").collect::<Vec<_>>();
        let (old, new) = (media(base), media(revision));
        let MediaPairing { removed, added, both } = media::pair(&old, &new);
        for (name, node) in removed {
            let text = format!("the media type `{name}` is gone");
            if status.is_none() {
                let rule = &rules::MEDIA_TYPE_REMOVED;
                let change = self.note_site(rule, site, text, Some(node), Some(revision));
                self.shown(change, &Breach::RequestMediaType(name, revision));
            }
            if let Some(status) = status {
                let text = format!("{}: the media type `{name}` is gone", site.words);
                let rule = &rules::RESPONSE_MEDIA_TYPE_REMOVED;
                let change = self.note(rule, &site.subject, text, Some(node), Some(revision));
                self.shown(change, &Breach::ResponseMediaType(status, name, revision));
            }
        }
        for (name, node) in added {
            let text = format!("the media type `{name}` is new");
            if status.is_none() {
                self.note_site(&rules::MEDIA_TYPE_ADDED, site, text, Some(base), Some(node));
            } else {
                let text = format!("{}: {text}", site.words);
                self.note(
                    &rules::RESPONSE_MEDIA_TYPE_ADDED,
                    &site.subject,
                    text,
                    Some(base),
                    Some(node),
                );
            }
        }
        let several = both.len() > 1;
        for ((was, old), (is, new)) in both {
            let carrier = status.map_or_else(
                || Carrier::Request(was.to_owned()),
                |status| Carrier::Response(status.to_owned(), is.to_owned()),
            );
            let mut site = Site { typing: Typing::of(is), carrier, ..site.clone() };
            if several {
                site.words = format!("{} (`{is}`)", site.words);
                site.within = format!("{} (`{is}`)", site.within);
            }
            if let Some(status) = status.filter(|_| was != is) {
                self.media_type_renamed(&site, status, (was, old), (is, new));
            }
            match (old.get("schema"), new.get("schema")) {
                (Some(old), Some(new)) => self.schemas(&site, (old, new)),
                (None, Some(schema)) => {
                    let text = format!("the media type `{is}` has a schema now");
                    let rule = &rules::MEDIA_TYPE_SCHEMA_ADDED;
                    let change = self.note_site(rule, &site, text, Some(old), Some(new));
                    self.shown(change, &Breach::Schema(&site, Side::Revision, schema));
                }
                (Some(schema), None) => {
                    let text = format!("the media type `{is}` has lost its schema");
                    let rule = &rules::MEDIA_TYPE_SCHEMA_REMOVED;
                    let change = self.note_site(rule, &site, text, Some(old), Some(new));
                    self.shown(change, &Breach::Schema(&site, Side::Base, schema));
                }
                (None, None) => {}
            }
        }
    }

    fn media_type_renamed(
        &mut self,
        site: &Site,
        status: &str,
        (was, old): (&str, Node<'a>),
        (is, new): (&str, Node<'a>),
    ) {
        let rule = if !media::same_parameters(was, is) {
            &rules::MEDIA_TYPE_NAME_CHANGED
        } else if media::contains(was, is) {
            &rules::MEDIA_TYPE_NAME_SPECIALIZED
        } else {
            &rules::MEDIA_TYPE_NAME_GENERALIZED
        };
        let text = format!("{}: the media type is `{is}` now, and was `{was}`", site.words);
        let change = self.note(rule, &site.subject, text, Some(old), Some(new));
        self.shown(change, &Breach::NewMediaType(status, is));
    }
}

/// Whether a status is a success; `None` for `default` and ranges.
fn is_success(status: &str) -> Option<bool> {
    status.parse::<u32>().ok().map(|status| (200..300).contains(&status))
}

/// The strings of the array at `key`.
pub(crate) fn strings<'a>(node: Node<'a>, key: &str) -> Vec<&'a str> {
    node.items(key).filter_map(|item| Tree::as_str(item.tree)).collect()
}
