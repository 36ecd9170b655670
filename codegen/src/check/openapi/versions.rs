//! The document's own version, its servers and its components.

use super::comparison::Comparison;
use super::rules;
use crate::rules::Severity;

impl Comparison<'_, '_> {
    /// Schemas of `components` that are gone.
    pub(crate) fn components(&mut self) {
        let (base, revision) = (self.base().document.root(), self.revision().document.root());
        let (Some(old), new) = (base.get("components"), revision.get("components")) else { return };
        for (name, schema) in old.members("schemas") {
            let kept =
                new.is_some_and(|new| new.members("schemas").any(|(other, _)| other == name));
            if !kept {
                let text = format!("the schema `{name}` is gone");
                self.note(&rules::SCHEMA_COMPONENT_REMOVED, "", text, Some(schema), None);
            }
        }
    }

    /// Servers that are gone.
    pub(crate) fn servers(&mut self) {
        let (base, revision) = (self.base().document.root(), self.revision().document.root());
        for server in base.items("servers") {
            let url = server.text("url");
            if !revision.items("servers").any(|other| other.text("url") == url) {
                let text = format!("the server `{url}` is gone");
                self.note(&rules::SERVER_REMOVED, "", text, Some(server), None);
            }
        }
    }

    /// Whether the version tells of what breaks (Semantic Versioning 2.0.0), where both documents have one.
    pub(crate) fn versions(&mut self) {
        let (base, revision) = (self.base().document.root(), self.revision().document.root());
        let (Some(old), Some(new)) = (base.get("info"), revision.get("info")) else { return };
        let (was, is) = (old.text("version"), new.text("version"));
        let (Some(before), Some(now)) = (semantic(was), semantic(is)) else { return };
        if !self.changes.iter().any(|change| change.severity == Severity::Error) {
            return;
        }
        let bumped = if before.0 == 0 && now.0 == 0 { now.1 > before.1 } else { now.0 > before.0 };
        let (rule, text) = if was == is {
            (
                &rules::VERSION_NOT_BUMPED,
                format!("something breaks, and the version is `{is}` still"),
            )
        } else if now <= before {
            (
                &rules::VERSION_DECREASED,
                format!("something breaks, and the version is `{is}`, and was `{was}`"),
            )
        } else if !bumped {
            (
                &rules::MAJOR_VERSION_NOT_BUMPED,
                format!("something breaks, and the version went from `{was}` to `{is}` only"),
            )
        } else {
            return;
        };
        self.note(rule, "", text, old.get("version"), new.get("version"));
    }
}

/// Major, minor and patch of a version.
fn semantic(text: &str) -> Option<(u64, u64, u64)> {
    let plain = text.strip_prefix('v').unwrap_or(text);
    let core = plain.split(['-', '+']).next()?;
    let number = |text: &str| {
        let sound = text == "0" || !text.starts_with('0');
        text.parse::<u64>().ok().filter(|_| sound && text.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let mut parts = core.split('.').map(number);
    let version = (parts.next()??, parts.next()??, parts.next()??);
    parts.next().is_none().then_some(version)
}
