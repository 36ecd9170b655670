//! Paths and their operations: which is which, what came, what went.

use super::comparison::Comparison;
use super::document::Node;
use super::lifecycle::{Stability, sunset};
use super::rules::{self, Single};

/// The methods that a path may have.
pub(crate) const METHODS: [&str; 9] =
    ["get", "head", "post", "put", "patch", "delete", "connect", "options", "trace"];

/// What a path's parameters are called in both versions, by their order.
pub(crate) type Names<'a> = Vec<(&'a str, &'a str)>;

impl<'a> Comparison<'_, 'a> {
    /// All paths and webhooks.
    pub(crate) fn paths(&mut self) {
        let (base, revision) = (self.base().document.root(), self.revision().document.root());
        let old: Vec<_> = paths(base).collect();
        let new: Vec<_> = paths(revision).collect();
        for (path, item) in &old {
            match find(path, &new) {
                Some((node, names)) => self.items(path, (*item, node), &names),
                None => self.path_removed(path, *item),
            }
        }
        for (path, item) in &new {
            if find(path, &old).is_none() {
                let Some(item) = self.revision().resolve(*item) else { continue };
                for (method, operation) in operations(item) {
                    let subject = subject(method, path);
                    self.note(
                        &rules::ENDPOINT_ADDED,
                        &subject,
                        "the operation is new",
                        None,
                        Some(operation),
                    );
                }
            }
        }
        self.webhooks(base, revision);
    }

    fn webhooks(&mut self, base: Node<'a>, revision: Node<'a>) {
        let new: Vec<_> = revision.members("webhooks").collect();
        for (name, item) in base.members("webhooks") {
            if let Some((_, node)) = new.iter().find(|(other, _)| *other == name) {
                self.items(&format!("webhook:{name}"), (item, *node), &Vec::new());
            } else {
                let text = format!("the webhook `{name}` is gone");
                self.note(&rules::WEBHOOK_REMOVED, "", text, Some(item), None);
            }
        }
        for (name, item) in new {
            if !base.members("webhooks").any(|(other, _)| other == name) {
                let text = format!("the webhook `{name}` is new");
                self.note(&rules::WEBHOOK_ADDED, "", text, None, Some(item));
            }
        }
    }

    fn items(&mut self, path: &str, (base, revision): (Node<'a>, Node<'a>), names: &Names<'a>) {
        let (Some(base), Some(revision)) =
            (self.base().resolve(base), self.revision().resolve(revision))
        else {
            return;
        };
        for method in METHODS {
            let subject = subject(method, path);
            match (base.get(method), revision.get(method)) {
                (Some(old), Some(new)) => self.operation(&subject, (old, new), names),
                (Some(old), None) => match Stability::of(old) {
                    Err(message) => {
                        self.note(&rules::STABILITY_INVALID, &subject, message, Some(old), None);
                    }
                    Ok(level) if !level.is_promised() => {}
                    Ok(_) => self.operation_removed(&subject, old, &OPERATION),
                },
                (None, Some(new)) => {
                    self.note(
                        &rules::ENDPOINT_ADDED,
                        &subject,
                        "the operation is new",
                        None,
                        Some(new),
                    );
                }
                (None, None) => {}
            }
        }
        self.shared_parameters(path, (base, revision), names);
    }

    fn path_removed(&mut self, path: &str, item: Node<'a>) {
        let Some(item) = self.base().resolve(item) else { return };
        for (method, operation) in operations(item) {
            let subject = subject(method, path);
            match Stability::of(operation) {
                Err(message) => {
                    self.note(&rules::STABILITY_INVALID, &subject, message, Some(operation), None);
                }
                Ok(level) if !level.is_promised() => {}
                Ok(_) => self.operation_removed(&subject, operation, &PATH),
            }
        }
    }

    fn operation_removed(&mut self, subject: &str, operation: Node<'a>, rules: &Removal) {
        let (rule, text) = if operation.flag("deprecated") {
            match sunset(operation) {
                None => {
                    (rules.deprecated, format!("{} is gone after it was deprecated", rules.words))
                }
                Some(Err(message)) => (&rules::PATH_SUNSET_PARSE, message),
                Some(Ok(day)) if self.today < day => {
                    (rules.early, format!("{} is gone, and was to stay until {day}", rules.words))
                }
                Some(Ok(_)) => return,
            }
        } else {
            (rules.plain, format!("{} is gone, and was not deprecated", rules.words))
        };
        self.note(rule, subject, text, Some(operation), None);
    }
}

/// The rules for something that is gone.
struct Removal {
    words: &'static str,
    plain: &'static Single,
    deprecated: &'static Single,
    early: &'static Single,
}

static PATH: Removal = Removal {
    words: "the path",
    plain: &rules::PATH_REMOVED,
    deprecated: &rules::PATH_REMOVED_DEPRECATED,
    early: &rules::PATH_REMOVED_BEFORE_SUNSET,
};
static OPERATION: Removal = Removal {
    words: "the operation",
    plain: &rules::OPERATION_REMOVED,
    deprecated: &rules::OPERATION_REMOVED_DEPRECATED,
    early: &rules::OPERATION_REMOVED_BEFORE_SUNSET,
};

fn paths(root: Node<'_>) -> impl Iterator<Item = (&str, Node<'_>)> {
    root.members("paths").filter(|(path, _)| !path.starts_with("x-"))
}

pub(crate) fn operations(item: Node<'_>) -> impl Iterator<Item = (&'static str, Node<'_>)> {
    METHODS.into_iter().filter_map(move |method| Some((method, item.get(method)?)))
}

fn subject(method: &str, path: &str) -> String {
    format!("{} {path}", method.to_uppercase())
}

/// The path that is `path`, whatever its parameters are called.
fn find<'a>(path: &'a str, among: &[(&'a str, Node<'a>)]) -> Option<(Node<'a>, Names<'a>)> {
    if let Some((_, node)) = among.iter().find(|(other, _)| *other == path) {
        return Some((*node, Vec::new()));
    }
    let (plain, names) = normal(path);
    among.iter().filter(|(other, _)| other.contains('{') == path.contains('{')).find_map(
        |(other, node)| {
            let (other, others) = normal(other);
            (other == plain && names.len() == others.len())
                .then(|| (*node, names.iter().copied().zip(others).collect()))
        },
    )
}

/// A path without the names of its parameters, and those names.
fn normal(path: &str) -> (String, Vec<&str>) {
    let mut plain = String::with_capacity(path.len());
    let mut names = Vec::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        plain.push_str(before);
        plain.push_str("{}");
        let (name, left) = after.split_once('}').unwrap_or((after, ""));
        names.push(name);
        rest = left;
    }
    plain.push_str(rest);
    (plain, names)
}
