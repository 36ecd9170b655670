//! Paths and their operations: which is which, what came, what went.

use super::comparison::Comparison;
use super::document::Node;
use super::lifecycle::{Stability, sunset};
use super::rules::{self, Single};
use super::witness::{Breach, End, Exchange};

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
                Some((now, node, names)) => self.items((path, now), (*item, node), &names),
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
                let name = format!("webhook:{name}");
                self.items((&name, &name), (item, *node), &Vec::new());
            } else {
                let text = format!("the webhook `{name}` is gone");
                let change = self.note(&rules::WEBHOOK_REMOVED, "", text, Some(item), None);
                self.exchange = self.gone(&format!("webhook:{name}"), item);
                self.shown(change, &Breach::Webhook);
                self.exchange = None;
            }
        }
        for (name, item) in new {
            if !base.members("webhooks").any(|(other, _)| other == name) {
                let text = format!("the webhook `{name}` is new");
                self.note(&rules::WEBHOOK_ADDED, "", text, None, Some(item));
            }
        }
    }

    /// A path that is gone, with its first operation.
    fn gone(&self, path: &str, item: Node<'a>) -> Option<Exchange<'a>> {
        let item = self.base().resolve(item)?;
        let (method, operation) = operations(item).next()?;
        let base = Some(End { path: path.to_owned(), item, operation });
        Some(Exchange { method, base, revision: None })
    }

    fn items(
        &mut self,
        (path, now): (&str, &str),
        (base, revision): (Node<'a>, Node<'a>),
        names: &Names<'a>,
    ) {
        let (Some(base), Some(revision)) =
            (self.base().resolve(base), self.revision().resolve(revision))
        else {
            return;
        };
        let exchange = |method: &'static str| {
            let end = |path: &str, item: Node<'a>| {
                Some(End { path: path.to_owned(), item, operation: item.get(method)? })
            };
            Exchange { method, base: end(path, base), revision: end(now, revision) }
        };
        for method in METHODS {
            let subject = subject(method, path);
            let versions = (base.get(method), revision.get(method));
            self.exchange = (versions.0.is_some()).then(|| exchange(method));
            match versions {
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
        let both = METHODS.into_iter().find(|method| base.get(method).is_some());
        self.exchange = both.map(exchange);
        self.shared_parameters(path, (base, revision), names);
        self.exchange = None;
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
                Ok(_) => {
                    let base = Some(End { path: path.to_owned(), item, operation });
                    self.exchange = Some(Exchange { method, base, revision: None });
                    self.operation_removed(&subject, operation, &PATH);
                    self.exchange = None;
                }
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
        let change = self.note(rule, subject, text, Some(operation), None);
        let lifecycle = change.is_some_and(|change| self.changes[change].unshown.is_some());
        if !lifecycle {
            self.shown(change, &Breach::Operation);
        }
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
fn find<'a>(
    path: &'a str,
    among: &[(&'a str, Node<'a>)],
) -> Option<(&'a str, Node<'a>, Names<'a>)> {
    if let Some((name, node)) = among.iter().find(|(other, _)| *other == path) {
        return Some((name, *node, Vec::new()));
    }
    let (plain, names) = normal(path);
    among.iter().filter(|(other, _)| other.contains('{') == path.contains('{')).find_map(
        |(name, node)| {
            let (other, others) = normal(name);
            (other == plain && names.len() == others.len())
                .then(|| (*name, *node, names.iter().copied().zip(others).collect()))
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
