//! Who may call: security alternatives of the API and of operations, and the schemes that they name.

use super::comparison::Comparison;
use super::document::Node;
use super::operations::strings;
use super::rules::{self, Single};
use super::types::added;
use super::witness::Breach;

/// One alternative: schemes with the scopes that they ask for, sorted.
#[derive(Debug, PartialEq, Eq)]
struct Alternative<'a> {
    schemes: Vec<(&'a str, Vec<&'a str>)>,
}

impl<'a> Alternative<'a> {
    fn names(&self) -> Vec<&'a str> {
        self.schemes.iter().map(|(name, _)| *name).collect()
    }

    fn words(&self) -> String {
        let words = self.schemes.iter().map(|(name, scopes)| {
            if scopes.is_empty() {
                (*name).to_owned()
            } else {
                format!("{name}: {}", scopes.join(", "))
            }
        });
        words.collect::<Vec<_>>().join(" and ")
    }
}

/// The rules of one level.
struct Rules {
    added: &'static Single,
    removed: &'static Single,
    scope_added: &'static Single,
    scope_removed: &'static Single,
}

static GLOBAL: Rules = Rules {
    added: &rules::GLOBAL_SECURITY_ADDED,
    removed: &rules::GLOBAL_SECURITY_REMOVED,
    scope_added: &rules::GLOBAL_SECURITY_SCOPE_ADDED,
    scope_removed: &rules::GLOBAL_SECURITY_SCOPE_REMOVED,
};
static OPERATION: Rules = Rules {
    added: &rules::SECURITY_ADDED,
    removed: &rules::SECURITY_REMOVED,
    scope_added: &rules::SECURITY_SCOPE_ADDED,
    scope_removed: &rules::SECURITY_SCOPE_REMOVED,
};

impl<'a> Comparison<'_, 'a> {
    /// The API's own alternatives, and all schemes.
    pub(crate) fn security(&mut self) {
        let (base, revision) = (self.base().document.root(), self.revision().document.root());
        self.alternatives("", (base, revision), &GLOBAL);
        self.schemes(base, revision);
    }

    /// An operation's own alternatives.
    pub(crate) fn operation_security(&mut self, subject: &str, base: Node<'a>, revision: Node<'a>) {
        self.alternatives(subject, (base, revision), &OPERATION);
        let roots = (self.base().document.root(), self.revision().document.root());
        let asked = |root: Node<'a>, node: Node<'a>| {
            let own = node.get("security").is_some();
            alternatives(if own { node } else { root })
        };
        let (was, is) = (asked(roots.0, base), asked(roots.1, revision));
        let is_open = |asked: &[Alternative<'_>]| {
            asked.is_empty() || asked.iter().any(|alternative| alternative.schemes.is_empty())
        };
        if is_open(&was) && !is_open(&is) {
            let words: Vec<_> =
                is.iter().map(|alternative| format!("`{}`", alternative.words())).collect();
            let text = format!("asks for credentials now: {}", words.join(" or "));
            let rule = &rules::SECURITY_REQUIRED;
            let change = self.note(rule, subject, text, Some(base), Some(revision));
            self.shown(change, &Breach::Anonymous);
        }
    }

    fn alternatives(
        &mut self,
        subject: &str,
        (base, revision): (Node<'a>, Node<'a>),
        rules: &Rules,
    ) {
        let (mut old, mut new) = (alternatives(base), alternatives(revision));
        old.retain(|was| {
            let place = new.iter().position(|is| is == was);
            place.map(|place| new.remove(place)).is_none()
        });
        let spots = |node: Node<'a>| Some(node.get("security").unwrap_or(node));
        let spots = (spots(base), spots(revision));
        let unique = |among: &[Alternative<'_>], names: &[&str]| {
            among.iter().filter(|alternative| alternative.names() == names).count() == 1
        };
        let mut index = 0;
        while index < old.len() {
            let names = old[index].names();
            let place = new.iter().position(|is| is.names() == names);
            let Some(place) = place.filter(|_| unique(&old, &names) && unique(&new, &names)) else {
                index += 1;
                continue;
            };
            let (was, is) = (old.remove(index), new.remove(place));
            for ((name, before), (_, now)) in was.schemes.iter().zip(&is.schemes) {
                for scope in added(before, now) {
                    let text = format!("the scope `{scope}` of `{name}` is asked for now");
                    self.note(rules.scope_added, subject, text, spots.0, spots.1);
                }
                for scope in added(now, before) {
                    let text = format!("the scope `{scope}` of `{name}` is not asked for any more");
                    self.note(rules.scope_removed, subject, text, spots.0, spots.1);
                }
            }
        }
        for alternative in new.iter().filter(|alternative| !alternative.schemes.is_empty()) {
            let text = format!("the security alternative `{}` is new", alternative.words());
            self.note(rules.added, subject, text, spots.0, spots.1);
        }
        for alternative in old.iter().filter(|alternative| !alternative.schemes.is_empty()) {
            let text = format!("the security alternative `{}` is gone", alternative.words());
            self.note(rules.removed, subject, text, spots.0, spots.1);
        }
    }

    fn schemes(&mut self, base: Node<'a>, revision: Node<'a>) {
        let schemes = |root: Node<'a>| -> Vec<(&'a str, Node<'a>)> {
            root.get("components")
                .into_iter()
                .flat_map(|node| node.members("securitySchemes"))
                .collect()
        };
        let (old, new) = (schemes(base), schemes(revision));
        for (name, was) in &old {
            if let Some((_, is)) = new.iter().find(|(other, _)| other == name) {
                self.scheme(name, *was, *is);
            } else {
                let text = format!("the security scheme `{name}` is gone");
                self.note(&rules::SCHEME_REMOVED, "", text, Some(*was), None);
            }
        }
        for (name, is) in new.iter().filter(|(name, _)| !old.iter().any(|(other, _)| other == name))
        {
            let text = format!("the security scheme `{name}` is new");
            self.note(&rules::SCHEME_ADDED, "", text, None, Some(*is));
        }
    }

    fn scheme(&mut self, name: &str, base: Node<'a>, revision: Node<'a>) {
        let (Some(base), Some(revision)) =
            (self.base().resolve(base), self.revision().resolve(revision))
        else {
            return;
        };
        let spots = (Some(base), Some(revision));
        let (was, is) = (base.text("type"), revision.text("type"));
        if was != is {
            let text =
                format!("the security scheme `{name}` is of the type `{is}` now, and was `{was}`");
            self.note(&rules::SCHEME_TYPE_CHANGED, "", text, spots.0, spots.1);
        }
        let flows = |node: Node<'a>| {
            node.get("flows").map(|flows| flows.members("implicit").count()).is_some()
        };
        if !flows(base) || !flows(revision) {
            return;
        }
        for kind in ["implicit", "password", "clientCredentials", "authorizationCode"] {
            let flow = |node: Node<'a>| node.get("flows")?.get(kind);
            if let (Some(old), Some(new)) = (flow(base), flow(revision)) {
                self.flow(&format!("`{name}`, flow `{kind}`"), old, new);
            }
        }
    }

    fn flow(&mut self, words: &str, base: Node<'a>, revision: Node<'a>) {
        let spots = (Some(base), Some(revision));
        let urls = [
            ("authorizationUrl", &rules::SCHEME_URL_CHANGED),
            ("tokenUrl", &rules::SCHEME_TOKEN_URL_CHANGED),
        ];
        for (key, rule) in urls {
            let (was, is) = (base.text(key), revision.text(key));
            if was != is {
                let text = format!("{words}: `{key}` is `{is}` now, and was `{was}`");
                self.note(rule, "", text, spots.0, spots.1);
            }
        }
        for (scope, was) in base.members("scopes") {
            match revision.members("scopes").find(|(other, _)| *other == scope) {
                Some((_, is)) if is.tree.as_str() != was.tree.as_str() => {
                    let text = format!("{words}: the scope `{scope}` is described otherwise");
                    self.note(&rules::SCHEME_SCOPE_CHANGED, "", text, Some(was), Some(is));
                }
                Some(_) => {}
                None => {
                    let text = format!("{words}: the scope `{scope}` is gone");
                    self.note(&rules::SCHEME_SCOPE_REMOVED, "", text, Some(was), spots.1);
                }
            }
        }
        for (scope, is) in revision.members("scopes") {
            if !base.members("scopes").any(|(other, _)| other == scope) {
                let text = format!("{words}: the scope `{scope}` is new");
                self.note(&rules::SCHEME_SCOPE_ADDED, "", text, spots.0, Some(is));
            }
        }
    }
}

fn alternatives(node: Node<'_>) -> Vec<Alternative<'_>> {
    node.items("security")
        .map(|item| {
            let members = item.tree.as_object().unwrap_or_default();
            let mut schemes: Vec<_> = members
                .iter()
                .map(|member| {
                    let mut scopes = strings(item, &member.key);
                    scopes.sort_unstable();
                    (member.key.as_str(), scopes)
                })
                .collect();
            schemes.sort_unstable();
            Alternative { schemes }
        })
        .collect()
}
