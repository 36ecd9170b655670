//! What the attribute `charter` says in two versions of a type: kind, name on the wire, key, rejections, rooms, modes.

use charter_avro::compat::Mode;
use charter_avro::schema::Node;
use charter_avro::source::{Member, Tree};

use super::rules::{self, Row};
use super::structure::BothFields;
use super::{Found, Version};
use crate::attribute::NAME;
use crate::check::openapi::equal_values;

/// The mode of a subject that asks for none (ADR 0029).
pub const DEFAULT_MODE: Mode = Mode::BackwardTransitive;

/// Compares the attributes of two versions of a type.
pub(super) fn compare(
    old: &Version,
    new: &Version,
    (was, is): (&Node, &Node),
    pointer: &str,
    found: &mut Found,
) {
    if was.attribute(NAME).is_none() && is.attribute(NAME).is_none() {
        return;
    }
    let mut pair = Pair {
        name: is.kind.name().map(ToString::to_string).unwrap_or_default(),
        old: (old, was),
        new: (new, is),
        pointer,
        found,
    };
    pair.kind();
    pair.wire_type();
    pair.key();
    pair.rejections();
    pair.flags();
    pair.mode();
}

/// Compares the attributes of two versions of a field.
pub(super) fn compare_field(both: &BothFields<'_>, found: &mut Found) {
    let (old, new) = both.both();
    let attributes = [old, new].map(|field| field.attribute(NAME));
    if attributes == [None, None] {
        return;
    }
    let private = |attribute: Option<&Tree>| -> bool {
        attribute.and_then(|tree| tree.get("private")?.as_bool()).unwrap_or_default()
    };
    match attributes.map(private) {
        [false, true] => both.push(&rules::PRIVATE_SET, "private now", found),
        [true, false] => both.push(&rules::PRIVATE_UNSET, "not private any more", found),
        [true, true] | [false, false] => {}
    }
    let unit = |attribute: Option<&'_ Tree>| -> Option<String> {
        attribute.and_then(|tree| tree.get("unit")?.as_str().map(ToOwned::to_owned))
    };
    if let [Some(was), Some(is)] = attributes.map(unit)
        && was != is
    {
        both.push(&rules::UNIT_CHANGED, &format!("in `{is}` now, and was in `{was}`"), found);
    }
}

struct Pair<'p> {
    name: String,
    old: (&'p Version, &'p Node),
    new: (&'p Version, &'p Node),
    pointer: &'p str,
    found: &'p mut Found,
}

impl<'p> Pair<'p> {
    fn values(&self, key: &str) -> (Option<&'p Tree>, Option<&'p Tree>) {
        let value = |node: &'p Node| node.attribute(NAME).and_then(|tree| tree.get(key));
        (value(self.old.1), value(self.new.1))
    }

    fn texts(&self, key: &str) -> (Option<&'p str>, Option<&'p str>) {
        let (old, new) = self.values(key);
        (old.and_then(Tree::as_str), new.and_then(Tree::as_str))
    }

    fn push(&mut self, row: &Row, key: &str, text: &str) {
        let (old, new) = self.values(key);
        let spot = |(version, node): (&Version, &Node), tree: Option<&Tree>| match tree {
            Some(tree) => {
                version.spot(node.file, tree.span, &format!("{}/{NAME}/{key}", self.pointer))
            }
            None => version.spot_of(node, self.pointer),
        };
        let spots = (spot(self.old, old), spot(self.new, new));
        let text = format!("`{}`: {text}", self.name);
        self.found.push(row, text, Some(spots.0), Some(spots.1));
    }

    fn kind(&mut self) {
        let (old, new) = self.texts("kind");
        if old != new {
            let word = |kind: Option<&str>| {
                kind.map_or("a plain type".to_owned(), |kind| format!("`{kind}`"))
            };
            let text = format!("is {} now, and was {}", word(new), word(old));
            self.push(&rules::KIND_CHANGED, "kind", &text);
        }
    }

    /// The name on the wire, which follows from the type's where none is said.
    fn wire_type(&mut self) {
        let message = |kind: Option<&str>| matches!(kind, Some("command" | "event"));
        let kinds = self.texts("kind");
        if !message(kinds.0) || !message(kinds.1) {
            return;
        }
        let (old, new) = self.texts("type");
        let name = |text: Option<&str>, node: &Node| {
            text.map_or_else(|| default_wire_type(node), ToOwned::to_owned)
        };
        let (was, is) = (name(old, self.old.1), name(new, self.new.1));
        if was != is {
            let text = format!("is called `{is}` on the wire now, and was called `{was}`");
            self.push(&rules::WIRE_TYPE_CHANGED, "type", &text);
        }
    }

    fn key(&mut self) {
        let (old, new) = self.values("key");
        if differs(old, new) {
            let words = |tree: Option<&Tree>| {
                tree.map_or("none".to_owned(), |tree| tree.to_json().to_string())
            };
            let text = format!("the key is `{}` now, and was `{}`", words(new), words(old));
            self.push(&rules::KEY_CHANGED, "key", &text);
        }
    }

    fn rejections(&mut self) {
        let (old, new) = self.values("rejections");
        let members = |tree: Option<&'p Tree>| -> &'p [Member] {
            tree.and_then(Tree::as_object).unwrap_or_default()
        };
        let (old, new) = (members(old), members(new));
        for was in old {
            let key = format!("rejections/{}", was.key);
            let Some(is) = new.iter().find(|is| is.key == was.key) else {
                self.push(
                    &rules::REJECTION_REMOVED,
                    "rejections",
                    &format!("is not refused with `{}` any more", was.key),
                );
                continue;
            };
            let value = |member: &Member, key: &str| {
                member.value.get(key).map(|tree| tree.to_json().to_string())
            };
            let (before, now) = (value(was, "status"), value(is, "status"));
            if before != now {
                let word = |status: Option<String>| status.unwrap_or_else(|| "none".to_owned());
                let text = format!(
                    "`{}` has the status {} now, and had {}",
                    was.key,
                    word(now),
                    word(before)
                );
                self.push(&rules::REJECTION_STATUS, &key, &text);
            }
            let (before, now) = (value(was, "details"), value(is, "details"));
            if before != now {
                let word = |details: Option<String>| details.unwrap_or_else(|| "none".to_owned());
                let text = format!(
                    "`{}` has the details {} now, and had {}",
                    was.key,
                    word(now),
                    word(before)
                );
                self.push(&rules::REJECTION_DETAILS, &key, &text);
            }
        }
        for is in new.iter().filter(|is| !old.iter().any(|was| was.key == is.key)) {
            self.push(
                &rules::REJECTION_ADDED,
                "rejections",
                &format!("may be refused with `{}` now", is.key),
            );
        }
    }

    fn flags(&mut self) {
        let flag = |tree: Option<&Tree>| tree.and_then(Tree::as_bool).unwrap_or_default();
        let (old, new) = self.values("socket");
        match (flag(old), flag(new)) {
            (true, false) => {
                self.push(&rules::SOCKET_CLOSED, "socket", "is not taken from sockets any more");
            }
            (false, true) => {
                self.push(&rules::SOCKET_OPENED, "socket", "is taken from sockets now");
            }
            (true, true) | (false, false) => {}
        }
        let (old, new) = self.texts("broadcast");
        match (old, new) {
            (None, Some(room)) => {
                self.push(
                    &rules::ROOM_ADDED,
                    "broadcast",
                    &format!("is sent to the room `{room}` now"),
                );
            }
            (Some(was), is) if is != Some(was) => {
                let now = is.map_or("no room".to_owned(), |room| format!("the room `{room}`"));
                let text = format!("is sent to {now} now, and was sent to `{was}`");
                self.push(&rules::ROOM_CHANGED, "broadcast", &text);
            }
            (Some(_), _) | (None, None) => {}
        }
        self.load();
        for (key, row, text) in [
            ("deadline", &rules::DEADLINE_CHANGED, "another deadline"),
            ("from", &rules::FOLD_CHANGED, "folds other contexts"),
            ("index", &rules::INDEX_CHANGED, "other indexes"),
        ] {
            let (old, new) = self.values(key);
            // Which reactors send a command is nothing to those who read or send it.
            let command = key == "from" && self.texts("kind").1 == Some("command");
            if differs(old, new) && !command {
                self.push(row, key, text);
            }
        }
    }

    /// Which room shows the rows, under which name, and whether it does again.
    fn load(&mut self) {
        let (old, new) = self.values("load");
        let updates = |tree: Option<&Tree>| {
            tree.and_then(|load| load.get("updates")).and_then(Tree::as_bool).unwrap_or_default()
        };
        let text = |tree: Option<&'p Tree>, key: &str| {
            tree.and_then(|load| load.get(key)).and_then(Tree::as_str).unwrap_or_default()
        };
        let place = |tree: Option<&'p Tree>| (text(tree, "room"), text(tree, "as"));
        let words = |tree: Option<&'p Tree>| {
            let (room, name) = place(tree);
            if tree.is_none() { "nowhere".to_owned() } else { format!("as `{name}` into `{room}`") }
        };
        if old.is_none() && new.is_some() {
            self.push(&rules::LOAD_ADDED, "load", &format!("is loaded {} now", words(new)));
        } else if place(old) != place(new) {
            let text = format!("is loaded {} now, and was loaded {}", words(new), words(old));
            self.push(&rules::LOAD_CHANGED, "load", &text);
        } else {
            match (updates(old), updates(new)) {
                (true, false) => {
                    self.push(
                        &rules::LOAD_CHANGED,
                        "load",
                        "is not sent again when it has changed",
                    );
                }
                (false, true) => {
                    self.push(&rules::LOAD_ADDED, "load", "is sent again when it has changed");
                }
                (true, true) | (false, false) => {}
            }
        }
    }

    fn mode(&mut self) {
        let (old, new) = self.texts("compatibility");
        let mode =
            |text: Option<&str>| text.and_then(|text| text.parse().ok()).unwrap_or(DEFAULT_MODE);
        let (was, is): (Mode, Mode) = (mode(old), mode(new));
        if was == is {
            return;
        }
        let loses = |promise: fn(Mode) -> bool| promise(was) && !promise(is);
        let weaker =
            loses(Mode::is_backward) || loses(Mode::is_forward) || loses(Mode::is_transitive);
        let row = if weaker { &rules::MODE_WEAKENED } else { &rules::MODE_CHANGED };
        self.push(row, "compatibility", &format!("promises {is} now, and promised {was}"));
    }
}

fn differs(old: Option<&Tree>, new: Option<&Tree>) -> bool {
    match (old, new) {
        (Some(old), Some(new)) => !equal_values(old, new),
        (None, None) => false,
        (Some(_), None) | (None, Some(_)) => true,
    }
}

/// `<context>.<lowerCamelName>`.
fn default_wire_type(node: &Node) -> String {
    let Some(name) = node.kind.name() else { return String::new() };
    let mut short = name.name().to_owned();
    if let Some(first) = short.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    format!("{}.{short}", name.namespace().unwrap_or_default())
}
