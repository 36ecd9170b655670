//! Paths and their operations: which is which, what came, what went.

use std::collections::HashMap;

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
        let (old, new) = (Paths::of(base), Paths::of(revision));
        for (path, item) in &old.all {
            match new.find(path) {
                Some((now, node, names)) => self.items((path, now), (*item, node), &names),
                None => self.path_removed(path, *item),
            }
        }
        for (path, item) in &new.all {
            if old.find(path).is_none() {
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

/// The paths of a document, in its order, found by what they are and by their shape.
struct Paths<'a> {
    all: Vec<(&'a str, Node<'a>)>,
    named: HashMap<&'a str, usize>,
    shaped: HashMap<Shape, usize>,
}

/// A path without the names of its parameters, and how many it has.
type Shape = (String, usize);

impl<'a> Paths<'a> {
    fn of(root: Node<'a>) -> Self {
        let all: Vec<_> =
            root.members("paths").filter(|(path, _)| !path.starts_with("x-")).collect();
        let (mut named, mut shaped) = (HashMap::new(), HashMap::new());
        for (index, (path, _)) in all.iter().enumerate() {
            named.entry(*path).or_insert(index);
            let (plain, parameters) = normal(path);
            shaped.entry((plain, parameters.len())).or_insert(index);
        }
        Self { all, named, shaped }
    }

    /// The path that is `path`, whatever its parameters are called.
    fn find(&self, path: &'a str) -> Option<(&'a str, Node<'a>, Names<'a>)> {
        if let Some(index) = self.named.get(path) {
            let (name, node) = self.all[*index];
            return Some((name, node, Vec::new()));
        }
        let (plain, names) = normal(path);
        let (name, node) = self.all[*self.shaped.get(&(plain, names.len()))?];
        let (_, others) = normal(name);
        Some((name, node, names.into_iter().zip(others).collect()))
    }
}

pub(crate) fn operations(item: Node<'_>) -> impl Iterator<Item = (&'static str, Node<'_>)> {
    METHODS.into_iter().filter_map(move |method| Some((method, item.get(method)?)))
}

fn subject(method: &str, path: &str) -> String {
    format!("{} {path}", method.to_uppercase())
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
