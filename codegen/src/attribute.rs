//! The attribute `charter`: what Avro has no word for, read strictly.

use charter_avro::source::{Member, Tree};

use crate::ir::{Origin, Role};
use crate::lint::allow::{ALLOW, LINT};
use crate::problem::{Problem, Problems, origin};
use crate::rules;

/// The attribute's name in a schema.
pub(crate) const NAME: &str = "charter";

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spanned<T> {
    pub(crate) value: T,
    pub(crate) origin: Origin,
}

/// The attribute of a named type.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attribute {
    /// The role that `kind` gives, and where it does.
    pub(crate) kind: Option<Spanned<Role>>,
    /// Whether `kind` is there and gives none, so that nobody knows what the type is for.
    pub(crate) kind_unknown: bool,
    pub(crate) wire_type: Option<Spanned<String>>,
    pub(crate) key: Vec<Spanned<String>>,
    /// Whether `key` is there, whatever it holds.
    pub(crate) has_key: bool,
    pub(crate) rejections: Vec<DeclaredRejection>,
    pub(crate) deadline: Option<DeclaredDeadline>,
    pub(crate) socket: bool,
    pub(crate) broadcast: Option<Spanned<String>>,
    pub(crate) indexes: Vec<Spanned<Vec<Spanned<String>>>>,
    pub(crate) from: Vec<Spanned<String>>,
    pub(crate) load: Option<DeclaredLoad>,
}

/// `load`: the room that shows a view's rows, and under which name.
#[derive(Clone, Debug)]
pub(crate) struct DeclaredLoad {
    pub(crate) room: Spanned<String>,
    pub(crate) name: Spanned<String>,
    pub(crate) updates: bool,
}

/// An entry of `rejections`.
#[derive(Clone, Debug)]
pub(crate) struct DeclaredRejection {
    pub(crate) code: Spanned<String>,
    pub(crate) status: Spanned<u64>,
    pub(crate) details: Option<Spanned<String>>,
    pub(crate) doc: Option<String>,
}

/// `deadline`.
#[derive(Clone, Debug)]
pub(crate) struct DeclaredDeadline {
    pub(crate) origin: Origin,
    pub(crate) set: Spanned<String>,
    pub(crate) at: Spanned<String>,
    pub(crate) copy: Vec<Spanned<String>>,
}

/// The attribute of a field.
#[derive(Clone, Debug, Default)]
pub(crate) struct FieldAttribute {
    pub(crate) unit: Option<String>,
    pub(crate) example: Option<serde_json::Value>,
    pub(crate) private: bool,
}

/// The keys that a type of a role may have. `compatibility` is for every type that lives in a registry.
fn keys(role: Role) -> &'static [&'static str] {
    match role {
        Role::Type => &["kind", "compatibility", LINT],
        Role::Command => &[
            "kind",
            "type",
            "key",
            "rejections",
            "deadline",
            "socket",
            "from",
            "compatibility",
            LINT,
        ],
        Role::Event => &["kind", "type", "key", "broadcast", "compatibility", LINT],
        Role::View => &["kind", "key", "index", "from", "load", LINT],
    }
}

/// The modes of a schema registry.
const COMPATIBILITIES: &[&str] = &[
    "NONE",
    "BACKWARD",
    "BACKWARD_TRANSITIVE",
    "FORWARD",
    "FORWARD_TRANSITIVE",
    "FULL",
    "FULL_TRANSITIVE",
];

/// Reads the attribute of a named type in `file`.
pub(crate) fn of_type(tree: &Tree, file: &str, problems: &mut Problems) -> Attribute {
    let mut reader = Reader { file, problems };
    let Some(members) = reader.object(NAME, tree) else { return Attribute::default() };
    let mut attribute = Attribute::default();
    if let Some(member) = members.iter().find(|member| member.key == "kind") {
        attribute.kind = reader.kind(member);
        attribute.kind_unknown = attribute.kind.is_none();
        if attribute.kind_unknown {
            // What the other keys mean depends on the kind; the one problem is enough.
            return attribute;
        }
    }
    let role = attribute.kind.as_ref().map_or(Role::Type, |kind| kind.value);
    for member in members {
        if !keys(role).contains(&member.key.as_str()) {
            reader.unknown(member, role);
            continue;
        }
        let value = &member.value;
        match member.key.as_str() {
            "type" => attribute.wire_type = reader.string(member),
            "key" => {
                attribute.has_key = true;
                attribute.key = reader.strings("key", value);
            }
            "rejections" => attribute.rejections = reader.rejections(value),
            "deadline" => attribute.deadline = reader.deadline(value),
            "socket" => attribute.socket = reader.boolean(member),
            "broadcast" => attribute.broadcast = reader.string(member),
            "index" => attribute.indexes = reader.indexes(value),
            "from" => attribute.from = reader.strings("from", value),
            "load" => attribute.load = reader.load(value),
            "compatibility" => reader.compatibility(member),
            LINT => reader.lint(member),
            _ => {}
        }
    }
    attribute
}

/// Reads the attribute of a field in `file`.
pub(crate) fn of_field(tree: &Tree, file: &str, problems: &mut Problems) -> FieldAttribute {
    let mut reader = Reader { file, problems };
    let mut attribute = FieldAttribute::default();
    for member in reader.object(NAME, tree).unwrap_or_default() {
        match member.key.as_str() {
            "unit" => attribute.unit = reader.string(member).map(|unit| unit.value),
            "private" => attribute.private = reader.boolean(member),
            "example" => attribute.example = Some(member.value.to_json()),
            LINT => reader.lint(member),
            _ => reader.unknown_of(member, "a field", &["unit", "example", "private", LINT]),
        }
    }
    attribute
}

struct Reader<'a> {
    file: &'a str,
    problems: &'a mut Problems,
}

impl Reader<'_> {
    fn at(&self, tree: &Tree) -> Origin {
        origin(self.file, tree.span)
    }

    fn misshapen(&mut self, key: &str, expected: &str, tree: &Tree) {
        let found = tree.describe();
        let found = tree.as_str().map_or_else(|| found.to_owned(), |text| format!("`{text}`"));
        let message = format!("expected `{key}` to be {expected}, found {found}");
        self.problems.push(Problem::new(&rules::CHARTER_SHAPE, &self.at(tree), message));
    }

    fn unknown(&mut self, member: &Member, role: Role) {
        let whose = match role {
            Role::Type => "a shared type",
            Role::Command => "a command",
            Role::Event => "an event",
            Role::View => "a view",
        };
        self.unknown_of(member, whose, keys(role));
    }

    fn unknown_of(&mut self, member: &Member, whose: &str, known: &[&str]) {
        let message = format!("expected a key of {whose}, found `{}`", member.key);
        let help = format!("{whose} knows {}", list(known));
        let at = origin(self.file, member.key_span);
        self.problems.push(Problem::new(&rules::CHARTER_KEY, &at, message).help(help));
    }

    fn object<'t>(&mut self, key: &str, tree: &'t Tree) -> Option<&'t [Member]> {
        let members = tree.as_object();
        if members.is_none() {
            self.misshapen(key, "an object", tree);
        }
        members
    }

    fn kind(&mut self, member: &Member) -> Option<Spanned<Role>> {
        let role = match member.value.as_str() {
            Some("command") => Role::Command,
            Some("event") => Role::Event,
            Some("view") => Role::View,
            Some(_) | None => {
                self.misshapen("kind", "`command`, `event` or `view`", &member.value);
                return None;
            }
        };
        Some(Spanned { value: role, origin: self.at(&member.value) })
    }

    fn text(&mut self, key: &str, tree: &Tree) -> Option<Spanned<String>> {
        let Some(text) = tree.as_str() else {
            self.misshapen(key, "a string", tree);
            return None;
        };
        Some(Spanned { value: text.to_owned(), origin: self.at(tree) })
    }

    fn string(&mut self, member: &Member) -> Option<Spanned<String>> {
        self.text(&member.key, &member.value)
    }

    fn boolean(&mut self, member: &Member) -> bool {
        member.value.as_bool().unwrap_or_else(|| {
            self.misshapen(&member.key, "true or false", &member.value);
            false
        })
    }

    fn strings(&mut self, key: &str, tree: &Tree) -> Vec<Spanned<String>> {
        let Some(items) = tree.as_array().filter(|items| !items.is_empty()) else {
            self.misshapen(key, "a list of at least one name", tree);
            return Vec::new();
        };
        items.iter().filter_map(|item| self.text(key, item)).collect()
    }

    fn indexes(&mut self, tree: &Tree) -> Vec<Spanned<Vec<Spanned<String>>>> {
        let Some(items) = tree.as_array() else {
            self.misshapen("index", "a list of lists of fields", tree);
            return Vec::new();
        };
        items
            .iter()
            .map(|item| Spanned { value: self.strings("index", item), origin: self.at(item) })
            .filter(|index| !index.value.is_empty())
            .collect()
    }

    /// What `charter lint` is not to report: `{"allow": {"rule": "reason"}}`. Which rules there are is its business.
    fn lint(&mut self, member: &Member) {
        for part in self.object(LINT, &member.value).unwrap_or_default() {
            if part.key != ALLOW {
                self.unknown_of(part, "`lint`", &[ALLOW]);
                continue;
            }
            for allowed in self.object(ALLOW, &part.value).unwrap_or_default() {
                if allowed.value.as_str().is_none() {
                    self.misshapen(&allowed.key, "a reason in words", &allowed.value);
                }
            }
        }
    }

    fn compatibility(&mut self, member: &Member) {
        if !member.value.as_str().is_some_and(|mode| COMPATIBILITIES.contains(&mode)) {
            self.misshapen(
                "compatibility",
                &format!("one of {}", list(COMPATIBILITIES)),
                &member.value,
            );
        }
    }

    fn rejections(&mut self, tree: &Tree) -> Vec<DeclaredRejection> {
        let members = self.object("rejections", tree).unwrap_or_default();
        members.iter().filter_map(|member| self.rejection(member)).collect()
    }

    fn rejection(&mut self, member: &Member) -> Option<DeclaredRejection> {
        let members = self.object(&member.key, &member.value)?;
        let code =
            Spanned { value: member.key.clone(), origin: origin(self.file, member.key_span) };
        let (mut status, mut details, mut doc) = (None, None, None);
        for part in members {
            match part.key.as_str() {
                "status" => {
                    status = part
                        .value
                        .as_u64()
                        .map(|value| Spanned { value, origin: self.at(&part.value) });
                    if status.is_none() {
                        self.misshapen("status", "a number", &part.value);
                        return None;
                    }
                }
                "details" => details = self.string(part),
                "doc" => doc = self.string(part).map(|doc| doc.value),
                _ => self.unknown_of(part, "a rejection", &["status", "details", "doc"]),
            }
        }
        let Some(status) = status else {
            let message =
                format!("expected the rejection `{}` to have a `status`, found none", member.key);
            self.problems.push(Problem::new(&rules::CHARTER_SHAPE, &code.origin, message));
            return None;
        };
        Some(DeclaredRejection { code, status, details, doc })
    }

    fn load(&mut self, tree: &Tree) -> Option<DeclaredLoad> {
        let members = self.object("load", tree)?;
        let (mut room, mut name, mut updates) = (None, None, false);
        for member in members {
            match member.key.as_str() {
                "room" => room = self.string(member),
                "as" => name = self.string(member),
                "updates" => updates = self.boolean(member),
                _ => self.unknown_of(member, "a load", &["room", "as", "updates"]),
            }
        }
        self.all_there("load", tree, &["room", "as"]);
        Some(DeclaredLoad { room: room?, name: name?, updates })
    }

    /// Says which of the keys that an object must have are missing.
    fn all_there(&mut self, name: &str, tree: &Tree, keys: &[&str]) {
        for key in keys.iter().filter(|key| tree.get(key).is_none()) {
            let message = format!("expected `{name}` to have `{key}`, found none");
            self.problems.push(Problem::new(&rules::CHARTER_SHAPE, &self.at(tree), message));
        }
    }

    fn deadline(&mut self, tree: &Tree) -> Option<DeclaredDeadline> {
        let members = self.object("deadline", tree)?;
        let (mut set, mut at, mut copy) = (None, None, Vec::new());
        for member in members {
            match member.key.as_str() {
                "set" => set = self.string(member),
                "at" => at = self.string(member),
                "copy" => copy = self.strings("copy", &member.value),
                _ => self.unknown_of(member, "a deadline", &["set", "at", "copy"]),
            }
        }
        self.all_there("deadline", tree, &["set", "at"]);
        Some(DeclaredDeadline { origin: self.at(tree), set: set?, at: at?, copy })
    }
}

/// `a`, `b` and `c` in backticks.
pub(crate) fn list<S: AsRef<str>>(names: &[S]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{}`", name.as_ref())).collect();
    match quoted.as_slice() {
        [] => "none".to_owned(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
