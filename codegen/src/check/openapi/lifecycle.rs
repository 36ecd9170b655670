//! Deprecation, the day on which something goes (`x-sunset`), and how stable it is (`x-stability-level`).

use charter_avro::logical::{Date, TimestampMicros};
use charter_avro::source::Tree;

use super::comparison::{At, Comparison, Site};
use super::document::Node;
use super::equal::equal_values;
use super::rules::{self, Place};

/// How stable an operation or a property is (`x-stability-level`), from the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stability {
    Draft,
    Alpha,
    Beta,
    Stable,
}

impl Stability {
    /// The level of an operation or a property; stable where none is said.
    pub(crate) fn of(node: Node<'_>) -> Result<Self, String> {
        let Some(value) = node.get("x-stability-level") else { return Ok(Self::Stable) };
        match value.tree.as_str() {
            Some("draft") => Ok(Self::Draft),
            Some("alpha") => Ok(Self::Alpha),
            Some("beta") => Ok(Self::Beta),
            Some("stable") => Ok(Self::Stable),
            Some(other) => Err(format!(
                "expected `x-stability-level` to be `draft`, `alpha`, `beta` or `stable`, found `{other}`"
            )),
            None => Err(format!(
                "expected `x-stability-level` to be a string, found {}",
                value.tree.describe()
            )),
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Alpha => "alpha",
            Self::Beta => "beta",
            Self::Stable => "stable",
        }
    }

    /// Whether clients may build on it. What may not be built on may change and go.
    pub(crate) fn is_promised(self) -> bool {
        self >= Self::Beta
    }
}

/// The day on which something goes, where one is said.
pub(crate) fn sunset(node: Node<'_>) -> Option<Result<Date, String>> {
    let value = node.tree.get("x-sunset")?;
    Some(date(value))
}

fn date(value: &Tree) -> Result<Date, String> {
    let expected = "expected `x-sunset` to be a date or a time with its offset";
    let Some(text) = value.as_str() else {
        return Err(format!("{expected}, found {}", value.describe()));
    };
    let day = text.parse::<Date>().ok();
    let day = day.or_else(|| {
        // The day where the time was written, not the one in UTC.
        text.parse::<TimestampMicros>().ok()?;
        text.get(..10)?.parse().ok()
    });
    day.ok_or_else(|| format!("{expected}, found `{text}`"))
}

impl<'a> Comparison<'_, 'a> {
    /// Deprecation and stability of a property of a body.
    pub(crate) fn lifecycle(&mut self, at: &At<'_, 'a>) {
        if at.path.is_empty() {
            return;
        }
        let (base, revision) = (&at.pair.base, &at.pair.revision);
        let key = "deprecated";
        if base.deprecated && !revision.deprecated {
            self.keyword(&rules::REACTIVATED, at, key, "not deprecated any more");
        } else if revision.deprecated && !base.deprecated {
            match sunset(revision.node) {
                None => self.keyword(&rules::DEPRECATED, at, key, "deprecated now"),
                Some(Err(message)) => self.keyword(&rules::SUNSET_INVALID, at, "x-sunset", message),
                Some(Ok(day)) if day < self.today => {
                    let text = format!("deprecated now, and should have gone on {day} already");
                    self.keyword(&rules::SUNSET_TOO_SOON, at, "x-sunset", text);
                }
                Some(Ok(day)) => {
                    let text = format!("deprecated now, and goes on {day}");
                    self.keyword(&rules::DEPRECATED_WITH_SUNSET, at, key, text);
                }
            }
        }
        let levels = (Stability::of(base.node), Stability::of(revision.node));
        let (Ok(was), Ok(is)) = levels else {
            // A level that is none is the operation's fault to oasdiff; in a webhook it looks at none.
            let looked_at = matches!(at.place(), Place::RequestProperty | Place::ResponseProperty);
            let levels = [levels.0, levels.1].into_iter().filter_map(Result::err);
            for message in levels.filter(|_| looked_at && !at.site.is_webhook()) {
                let spot = (at.path, "x-stability-level");
                self.keyword_single(&rules::STABILITY_INVALID, at, spot, message);
            }
            return;
        };
        if was != is && was.is_promised() {
            let family =
                if is < was { &rules::STABILITY_DECREASED } else { &rules::STABILITY_INCREASED };
            let text = format!("is {} now, and was {}", is.as_str(), was.as_str());
            self.keyword(family, at, "x-stability-level", text);
        }
    }

    /// Deprecation of a parameter, and changes of its last day.
    pub(crate) fn parameter_lifecycle(&mut self, site: &Site, base: Node<'a>, revision: Node<'a>) {
        let (was, is) = (base.flag("deprecated"), revision.flag("deprecated"));
        let spots = (Some(base), Some(revision));
        if was && !is {
            self.note_site(&rules::REACTIVATED, site, "not deprecated any more", spots.0, spots.1);
        }
        if is && !was {
            let (family, text) = match sunset(revision) {
                Some(Err(message)) => (&rules::SUNSET_PARSE, message),
                Some(Ok(day)) if day < self.today => (
                    &rules::SUNSET_TOO_SOON,
                    format!("deprecated now, and should have gone on {day} already"),
                ),
                Some(Ok(day)) => (&rules::DEPRECATED, format!("deprecated now, and goes on {day}")),
                None => (&rules::DEPRECATED, "deprecated now".to_owned()),
            };
            self.note_site(family, site, text, spots.0, spots.1);
        }
        if !is {
            return;
        }
        match (sunset(base), sunset(revision)) {
            (Some(_), None) => {
                let text = "`x-sunset` is gone, and it is still deprecated";
                self.note_site(&rules::SUNSET_DELETED, site, text, spots.0, spots.1);
            }
            (Some(old), Some(new)) if old != new => match (old, new) {
                (_, Err(message)) | (Err(message), _) => {
                    self.note_site(&rules::SUNSET_PARSE, site, message, spots.0, spots.1);
                }
                (Ok(old), Ok(new)) if new < old && new < self.today => {
                    let text =
                        format!("goes on {new} now, which has passed, and was to go on {old}");
                    self.note_site(&rules::SUNSET_MOVED, site, text, spots.0, spots.1);
                }
                (Ok(_), Ok(_)) => {}
            },
            (Some(_), Some(_)) | (None, _) => {}
        }
    }

    /// Deprecation of an operation, and changes of its last day.
    pub(crate) fn operation_lifecycle(
        &mut self,
        subject: &str,
        base: Node<'a>,
        revision: Node<'a>,
    ) {
        let (was, is) = (base.flag("deprecated"), revision.flag("deprecated"));
        let spots = (Some(base), Some(revision));
        if was && !is {
            self.note(
                &rules::ENDPOINT_REACTIVATED,
                subject,
                "not deprecated any more",
                spots.0,
                spots.1,
            );
        }
        // A level that is none is reported for itself.
        let level = Stability::of(revision);
        if is && !was && level.is_ok() {
            let rule_and_text = match sunset(revision) {
                None => (&rules::ENDPOINT_DEPRECATED, "deprecated now".to_owned()),
                Some(Err(message)) => (&rules::OPERATION_SUNSET_PARSE, message),
                Some(Ok(day)) if day < self.today => (
                    &rules::OPERATION_SUNSET_TOO_SOON,
                    format!("deprecated now, and should have gone on {day} already"),
                ),
                Some(Ok(day)) => (
                    &rules::ENDPOINT_DEPRECATED_WITH_SUNSET,
                    format!("deprecated now, and goes on {day}"),
                ),
            };
            self.note(rule_and_text.0, subject, rule_and_text.1, spots.0, spots.1);
        }
        if !is {
            return;
        }
        match (sunset(base), sunset(revision)) {
            (Some(_), None) => {
                let text = "`x-sunset` is gone, and the operation is still deprecated";
                self.note(&rules::OPERATION_SUNSET_DELETED, subject, text, spots.0, spots.1);
            }
            (Some(old), Some(new)) if old != new => match (old, new) {
                (_, Err(message)) | (Err(message), _) => {
                    self.note(&rules::PATH_SUNSET_PARSE, subject, message, spots.0, spots.1);
                }
                (Ok(old), Ok(new)) if new < old && new < self.today => {
                    let text =
                        format!("goes on {new} now, which has passed, and was to go on {old}");
                    self.note(&rules::OPERATION_SUNSET_MOVED, subject, text, spots.0, spots.1);
                }
                (Ok(_), Ok(_)) => {}
            },
            (Some(_), Some(_)) | (None, _) => {}
        }
    }

    /// Says of an operation that is in both versions, and not the same in them, where its level is none.
    pub(crate) fn invalid_stability(
        &mut self,
        subject: &str,
        base: Node<'a>,
        revision: Node<'a>,
        changes_before: usize,
    ) {
        if self.changes.len() == changes_before && equal_values(base.tree, revision.tree) {
            return;
        }
        if let Err(message) = Stability::of(base) {
            self.note(&rules::STABILITY_INVALID, subject, message, Some(base), None);
        }
        if let Err(message) = Stability::of(revision) {
            self.note(&rules::STABILITY_INVALID, subject, message, None, Some(revision));
        }
    }

    /// Stability of an operation that is in both versions. Returns whether it is promised in the new one.
    pub(crate) fn operation_stability(
        &mut self,
        subject: &str,
        base: Node<'a>,
        revision: Node<'a>,
    ) -> bool {
        let (was, is) = (Stability::of(base), Stability::of(revision));
        if let (Ok(was), Ok(is)) = (&was, &is)
            && was != is
            && was.is_promised()
        {
            let rule = if is < was {
                &rules::OPERATION_STABILITY_DECREASED
            } else {
                &rules::OPERATION_STABILITY_INCREASED
            };
            let text = format!("the operation is {} now, and was {}", is.as_str(), was.as_str());
            self.note(rule, subject, text, Some(base), Some(revision));
        }
        is.map_or(true, Stability::is_promised)
    }
}
