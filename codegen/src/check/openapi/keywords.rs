//! Keyword by keyword: what a schema checks in one version and not in the other.

mod bounds;
mod parts;
mod presence;
mod values;

use charter_avro::source::{Tree, Value};

use super::comparison::{At, Comparison};
use super::rules::{self, Place};
use super::types::{TypeChange, Verdict};

impl<'a> Comparison<'_, 'a> {
    /// All keywords of two versions of a schema, but for what its properties and branches hold.
    pub(crate) fn keywords(&mut self, at: &At<'_, 'a>) {
        self.whole(at);
        self.types(at);
        self.nullability(at);
        self.values(at);
        self.bounds(at);
        self.pattern(at);
        self.held(at);
        self.conditions(at);
        self.required(at);
        self.mutability(at);
        self.discriminator(at);
        self.lifecycle(at);
    }

    fn whole(&mut self, at: &At<'_, 'a>) {
        if !at.pair.transition.moved.is_empty() {
            self.keyword(&rules::WRAPPED_IN_ONE_OF, at, "oneOf", "the object became a `oneOf`");
        }
        let Some((came, went)) = &at.pair.transition.types else { return };
        // A property that a request may not hold says nothing by its types.
        if at.place() == Place::RequestProperty && at.pair.revision.read_only {
            return;
        }
        let narrows = if at.place().is_request() { !went.is_empty() } else { came.is_empty() };
        if narrows {
            let text = format!("the types {} are gone", quoted(went));
            self.keyword(&rules::TYPES_NARROWED, at, "type", text);
        } else {
            let text = format!("the types {} are new", quoted(came));
            self.keyword(&rules::TYPES_WIDENED, at, "type", text);
        }
    }

    fn types(&mut self, at: &At<'_, 'a>) {
        let change = TypeChange { base: &at.pair.base, revision: &at.pair.revision };
        if !change.type_differs() && !change.format_differs() {
            return;
        }
        let typing = at.site.typing;
        let verdict = match at.place() {
            Place::RequestProperty if at.pair.revision.read_only => return,
            Place::RequestBody | Place::RequestProperty => change.of_request(typing),
            Place::ResponseBody | Place::ResponseProperty | Place::Header => {
                change.of_response(typing)
            }
            Place::Parameter if self.takes_single_values(at) => Verdict::Generalized,
            Place::Parameter => change.of_parameter(),
            Place::ParameterProperty => change.of_parameter_property(),
        };
        let family = match verdict {
            Verdict::Changed => &rules::TYPE_CHANGED,
            Verdict::Compatible => &rules::TYPE_COMPATIBLE,
            Verdict::Generalized => &rules::TYPE_GENERALIZED,
            Verdict::Specialized => &rules::TYPE_SPECIALIZED,
        };
        let key = if change.type_differs() { "type" } else { "format" };
        self.keyword(family, at, key, change.words());
    }

    fn nullability(&mut self, at: &At<'_, 'a>) {
        let (base, revision) = (&at.pair.base, &at.pair.revision);
        let change = TypeChange { base, revision };
        let nullable = if base.nullable != revision.nullable {
            Some(revision.nullable)
        } else if change.type_differs()
            && base.types.contains(&"null") != revision.types.contains(&"null")
        {
            // Without any type `null` is a value as all others are.
            let typed = !base.types.is_empty() && !revision.types.is_empty();
            typed.then(|| revision.types.contains(&"null")).or(at.pair.transition.null_wrapping)
        } else {
            at.pair.transition.null_wrapping
        };
        match nullable {
            Some(true) => self.keyword(&rules::BECAME_NULLABLE, at, "type", "may be `null` now"),
            Some(false) => {
                self.keyword(&rules::BECAME_NOT_NULLABLE, at, "type", "may not be `null` any more");
            }
            None => {}
        }
    }

    fn pattern(&mut self, at: &At<'_, 'a>) {
        let (old, new) = (at.pair.base.pattern, at.pair.revision.pattern);
        let (family, text) = match (old, new) {
            _ if old == new => return,
            ("", _) => {
                (&rules::PATTERN_ADDED, format!("the pattern is `{new}` now, and there was none"))
            }
            (_, "") => (&rules::PATTERN_REMOVED, format!("the pattern `{old}` is gone")),
            (_, ".*") if at.place().is_request() => (
                &rules::PATTERN_GENERALIZED,
                format!("the pattern is `{new}` now, and was `{old}`"),
            ),
            _ => (&rules::PATTERN_CHANGED, format!("the pattern is `{new}` now, and was `{old}`")),
        };
        self.keyword(family, at, "pattern", text);
        if !old.is_empty() {
            let text = format!("values need not match `{old}` any more");
            self.keyword(&rules::PATTERN_LOOSENED, at, "pattern", text);
        }
    }
}

/// A property's path.
pub(crate) fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") }
}

/// A value in a message: as JSON, cut where it is long.
pub(crate) fn short(tree: &Tree) -> String {
    let text = match &tree.value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            tree.to_json().to_string()
        }
    };
    let mut cut: String = text.chars().take(80).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut.replace(['\n', '`'], " ")
}

/// Names in backticks with commas.
pub(crate) fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
