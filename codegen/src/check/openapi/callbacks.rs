//! Callbacks: what the server sends to clients outside their requests. oasdiff does not look at them, so that its verdict stands
//! where nobody runs strictly.

use charter_avro::source::Tree;

use super::comparison::{Carrier, Comparison, Site};
use super::document::Node;
use super::paths::METHODS;
use super::rules::{self, Place};
use super::types::Typing;
use super::witness::Breach;
use crate::check::change::Unshown;

impl<'a> Comparison<'_, 'a> {
    /// The callbacks of an operation.
    pub(crate) fn callbacks(&mut self, subject: &str, (base, revision): (Node<'a>, Node<'a>)) {
        let key = "callbacks";
        for (name, was) in base.members(key) {
            let Some((_, is)) = revision.members(key).find(|(other, _)| *other == name) else {
                let text = format!("the callback `{name}` is gone");
                let change = self.note(&rules::CALLBACK_REMOVED, subject, text, Some(was), None);
                self.shown(change, &Breach::Nothing(Unshown::NotSent));
                continue;
            };
            let (Some(was), Some(is)) = (self.base().resolve(was), self.revision().resolve(is))
            else {
                continue;
            };
            for (address, old) in members(was) {
                if let Some((_, new)) = members(is).find(|(other, _)| *other == address) {
                    self.callback(subject, name, (old, new));
                } else {
                    let text = format!("the callback `{name}` does not call `{address}` any more");
                    let change =
                        self.note(&rules::CALLBACK_REMOVED, subject, text, Some(old), Some(is));
                    self.shown(change, &Breach::Nothing(Unshown::NotSent));
                }
            }
        }
        for (name, is) in revision.members(key) {
            if !base.members(key).any(|(other, _)| other == name) {
                let text = format!("the callback `{name}` is new");
                self.note(&rules::CALLBACK_ADDED, subject, text, None, Some(is));
            }
        }
    }

    fn callback(&mut self, subject: &str, name: &str, (base, revision): (Node<'a>, Node<'a>)) {
        let (Some(base), Some(revision)) =
            (self.base().resolve(base), self.revision().resolve(revision))
        else {
            return;
        };
        for method in METHODS {
            let Some(old) = base.get(method) else { continue };
            let Some(new) = revision.get(method) else {
                let text = format!("the callback `{name}` makes no `{method}` any more");
                let change =
                    self.note(&rules::CALLBACK_REMOVED, subject, text, Some(old), Some(revision));
                self.shown(change, &Breach::Nothing(Unshown::NotSent));
                continue;
            };
            let body = |node: Node<'a>| node.get("requestBody");
            let (Some(old), Some(new)) = (
                body(old).and_then(|node| self.base().resolve(node)),
                body(new).and_then(|node| self.revision().resolve(node)),
            ) else {
                continue;
            };
            for (media_type, was) in old.members("content") {
                let found = new.members("content").find(|(other, _)| *other == media_type);
                let schemas = (was.get("schema"), found.and_then(|(_, is)| is.get("schema")));
                if let (Some(was), Some(is)) = schemas {
                    // The server sends it: to clients it is what an answer is.
                    let site = Site {
                        place: Place::ResponseBody,
                        subject: subject.to_owned(),
                        words: format!("body of the callback `{name}`"),
                        within: format!("of the callback `{name}`"),
                        typing: Typing::of(media_type),
                        header: None,
                        repeats: false,
                        unseen: true,
                        carrier: Carrier::None,
                    };
                    self.schemas(&site, (was, is));
                }
            }
        }
    }

    /// The links of a response: ways on that clients may follow.
    pub(crate) fn links(
        &mut self,
        subject: &str,
        status: &str,
        (base, revision): (Node<'a>, Node<'a>),
    ) {
        let key = "links";
        for (name, was) in base.members(key) {
            if !revision.members(key).any(|(other, _)| other == name) {
                let text = format!("the link `{name}` of the response `{status}` is gone");
                let change =
                    self.note(&rules::LINK_REMOVED, subject, text, Some(was), Some(revision));
                self.shown(change, &Breach::Nothing(Unshown::NotSent));
            }
        }
    }
}

fn members(node: Node<'_>) -> impl Iterator<Item = (&str, Node<'_>)> {
    let members: &[_] = Tree::as_object(node.tree).unwrap_or_default();
    members.iter().map(move |member| (member.key.as_str(), node.within(&member.value)))
}
