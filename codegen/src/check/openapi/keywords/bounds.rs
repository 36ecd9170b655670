//! Bounds: of numbers, lengths, counts, and what numbers are multiples of.

use super::super::comparison::{At, Comparison};
use super::super::rules::{self, Family, Place, Single};
use super::super::schema::{Bound, Schema, Schemas};

/// The rules of a bound from above or from below.
struct BoundRules {
    key: &'static str,
    set: &'static Family,
    tightened: &'static Family,
    loosened: &'static Family,
    unset: &'static Family,
    /// What a tighter bound of a read-only property of a request is.
    read_only: Option<&'static Single>,
}

static MAXIMUM: BoundRules = BoundRules {
    key: "maximum",
    set: &rules::MAX_SET,
    tightened: &rules::MAX_DECREASED,
    loosened: &rules::MAX_INCREASED,
    unset: &rules::MAX_UNSET,
    read_only: Some(&rules::READ_ONLY_MAX_DECREASED),
};
static EXCLUSIVE_MAXIMUM: BoundRules = BoundRules {
    key: "exclusiveMaximum",
    set: &rules::EXCLUSIVE_MAX_SET,
    tightened: &rules::EXCLUSIVE_MAX_DECREASED,
    loosened: &rules::EXCLUSIVE_MAX_INCREASED,
    unset: &rules::EXCLUSIVE_MAX_UNSET,
    read_only: Some(&rules::READ_ONLY_EXCLUSIVE_MAX_DECREASED),
};
static MINIMUM: BoundRules = BoundRules {
    key: "minimum",
    set: &rules::MIN_SET,
    tightened: &rules::MIN_INCREASED,
    loosened: &rules::MIN_DECREASED,
    unset: &rules::MIN_UNSET,
    read_only: Some(&rules::READ_ONLY_MIN_INCREASED),
};
static EXCLUSIVE_MINIMUM: BoundRules = BoundRules {
    key: "exclusiveMinimum",
    set: &rules::EXCLUSIVE_MIN_SET,
    tightened: &rules::EXCLUSIVE_MIN_INCREASED,
    loosened: &rules::EXCLUSIVE_MIN_DECREASED,
    unset: &rules::EXCLUSIVE_MIN_UNSET,
    read_only: Some(&rules::READ_ONLY_EXCLUSIVE_MIN_INCREASED),
};
static MAX_LENGTH: BoundRules = BoundRules {
    key: "maxLength",
    set: &rules::MAX_LENGTH_SET,
    tightened: &rules::MAX_LENGTH_DECREASED,
    loosened: &rules::MAX_LENGTH_INCREASED,
    unset: &rules::MAX_LENGTH_UNSET,
    read_only: Some(&rules::READ_ONLY_MAX_LENGTH_DECREASED),
};
static MAX_ITEMS: BoundRules = BoundRules {
    key: "maxItems",
    set: &rules::MAX_ITEMS_SET,
    tightened: &rules::MAX_ITEMS_DECREASED,
    loosened: &rules::MAX_ITEMS_INCREASED,
    unset: &rules::MAX_ITEMS_UNSET,
    read_only: None,
};
static MAX_PROPERTIES: BoundRules = BoundRules {
    key: "maxProperties",
    set: &rules::MAX_PROPERTIES_SET,
    tightened: &rules::MAX_PROPERTIES_DECREASED,
    loosened: &rules::MAX_PROPERTIES_INCREASED,
    unset: &rules::MAX_PROPERTIES_UNSET,
    read_only: None,
};

impl<'a> Comparison<'_, 'a> {
    pub(super) fn bounds(&mut self, at: &At<'_, 'a>) {
        let (base, revision) = (&at.pair.base, &at.pair.revision);
        let above = |one: f64, other: f64| other < one;
        let below = |one: f64, other: f64| other > one;
        self.bound(at, &MAXIMUM, (base.maximum, revision.maximum), above);
        self.bound(at, &MINIMUM, (base.minimum, revision.minimum), below);
        self.exclusive(
            at,
            &EXCLUSIVE_MAXIMUM,
            (base.exclusive_maximum, revision.exclusive_maximum),
            above,
        );
        self.exclusive(
            at,
            &EXCLUSIVE_MINIMUM,
            (base.exclusive_minimum, revision.exclusive_minimum),
            below,
        );
        let fewer = |one: u64, other: u64| other < one;
        self.bound(at, &MAX_LENGTH, (base.max_length, revision.max_length), fewer);
        self.bound(at, &MAX_PROPERTIES, (base.max_properties, revision.max_properties), fewer);
        self.max_items(at, fewer);
        self.least(
            at,
            "minLength",
            (base.min_length, revision.min_length),
            (&rules::MIN_LENGTH_INCREASED, &rules::MIN_LENGTH_DECREASED),
        );
        if !(at.place() == Place::RequestProperty && revision.read_only) {
            self.least(
                at,
                "minItems",
                (base.min_items, revision.min_items),
                (&rules::MIN_ITEMS_INCREASED, &rules::MIN_ITEMS_DECREASED),
            );
        }
        self.least(
            at,
            "minProperties",
            (base.min_properties, revision.min_properties),
            (&rules::MIN_PROPERTIES_INCREASED, &rules::MIN_PROPERTIES_DECREASED),
        );
        self.contained(at);
        if base.multiple_of != revision.multiple_of {
            let text = match (base.multiple_of, revision.multiple_of) {
                (Some(old), Some(new)) => format!("`multipleOf` is `{new}` now, and was `{old}`"),
                (None, Some(new)) => format!("`multipleOf` is `{new}` now, and there was none"),
                (Some(old), None) => format!("`multipleOf` `{old}` is gone"),
                (None, None) => String::new(),
            };
            // What got wider for those who send is narrower for nobody.
            let harmless = match (base.multiple_of, revision.multiple_of) {
                (Some(_), None) => at.place().is_request(),
                (None, Some(_)) => !at.place().is_request(),
                (Some(old), Some(new)) if at.place().is_request() => (old / new).fract() == 0.0,
                (Some(old), Some(new)) => (new / old).fract() == 0.0,
                (None, None) => true,
            };
            if !harmless {
                self.keyword(&rules::MULTIPLE_OF_CHANGED, at, "multipleOf", text);
            }
        }
        if revision.unique_items && !base.unique_items {
            self.keyword(
                &rules::UNIQUE_ITEMS_SET,
                at,
                "uniqueItems",
                "items must differ from one another now",
            );
        } else if base.unique_items && !revision.unique_items {
            self.keyword(&rules::UNIQUE_ITEMS_UNSET, at, "uniqueItems", "items may be equal now");
        }
    }

    /// A bound that may be absent. `tighter` tells whether the second of two values is.
    fn bound<T: Copy + PartialEq + std::fmt::Display>(
        &mut self,
        at: &At<'_, 'a>,
        rules: &BoundRules,
        (base, revision): (Option<T>, Option<T>),
        tighter: impl Fn(T, T) -> bool,
    ) {
        let key = rules.key;
        let hidden_from_requests =
            at.place() == Place::RequestProperty && at.pair.revision.read_only;
        let hidden_from_responses =
            at.place() == Place::ResponseProperty && at.pair.revision.write_only;
        match (base, revision) {
            (None, Some(_)) if hidden_from_requests => {}
            (None, Some(new)) => {
                self.keyword(
                    rules.set,
                    at,
                    key,
                    format!("`{key}` is `{new}` now, and there was none"),
                );
            }
            (Some(old), Some(new)) if old != new => {
                let text = format!("`{key}` is `{new}` now, and was `{old}`");
                match (tighter(old, new), rules.read_only) {
                    (true, Some(single)) if hidden_from_requests => {
                        self.keyword_single(single, at, (at.path, key), text);
                    }
                    (true, _) => self.keyword(rules.tightened, at, key, text),
                    (false, _) if hidden_from_responses => {}
                    (false, _) => self.keyword(rules.loosened, at, key, text),
                }
            }
            (Some(_), None) if hidden_from_responses => {}
            (Some(old), None) => {
                self.keyword(rules.unset, at, key, format!("`{key}` `{old}` is gone"));
            }
            (Some(_), Some(_)) | (None, None) => {}
        }
    }

    /// An exclusive bound: a number, or OpenAPI 3.0's flag, of which `true` is the tighter.
    fn exclusive(
        &mut self,
        at: &At<'_, 'a>,
        rules: &BoundRules,
        (base, revision): (Option<Bound>, Option<Bound>),
        tighter: impl Fn(f64, f64) -> bool,
    ) {
        let value = |bound: Bound| match bound {
            Bound::Value(value) => Some(value),
            Bound::Flag(_) => None,
        };
        match (base, revision) {
            (Some(Bound::Value(_)) | None, Some(Bound::Value(_)) | None) => {
                self.bound(at, rules, (base.and_then(value), revision.and_then(value)), tighter);
            }
            (base, revision) => {
                let is_set = |bound: Option<Bound>| match bound {
                    Some(Bound::Flag(flag)) => flag,
                    Some(Bound::Value(_)) => true,
                    None => false,
                };
                let key = rules.key;
                match (is_set(base), is_set(revision)) {
                    (false, true) => {
                        self.keyword(rules.set, at, key, format!("`{key}` is set now"));
                    }
                    (true, false) => {
                        self.keyword(rules.unset, at, key, format!("`{key}` is not set any more"));
                    }
                    (true, true) | (false, false) => {}
                }
            }
        }
    }

    fn max_items(&mut self, at: &At<'_, 'a>, fewer: impl Fn(u64, u64) -> bool) {
        let (base, revision) = (&at.pair.base, &at.pair.revision);
        if at.place() == Place::ParameterProperty && at.path == "items" {
            return;
        }
        self.bound(at, &MAX_ITEMS, (base.max_items, revision.max_items), &fewer);
        // Of a parameter, `maxItems` of its items counts as its own where it has none.
        if at.place() == Place::Parameter && base.max_items == revision.max_items {
            let items = |schema: &Schema<'a>, schemas: &Schemas<'a>| {
                let tree = schema.single.items?;
                schemas.at(schema.within(tree)).schema.max_items
            };
            let (base, revision) = (items(base, self.old), items(revision, self.new));
            if base.is_some() && revision.is_some() {
                self.bound(at, &MAX_ITEMS, (base, revision), fewer);
            }
        }
    }

    /// A bound from below that is zero where it is absent.
    fn least(
        &mut self,
        at: &At<'_, 'a>,
        key: &str,
        (base, revision): (u64, u64),
        (increased, decreased): (&Family, &Family),
    ) {
        let text = format!("`{key}` is `{revision}` now, and was `{base}`");
        let hidden = at.place() == Place::ResponseProperty && at.pair.revision.write_only;
        if revision > base {
            self.keyword(increased, at, key, text);
        } else if revision < base && !hidden {
            self.keyword(decreased, at, key, text);
        }
    }

    fn contained(&mut self, at: &At<'_, 'a>) {
        let (base, revision) = (&at.pair.base, &at.pair.revision);
        let bounds = [
            (
                "minContains",
                base.min_contains,
                revision.min_contains,
                [&rules::MIN_CONTAINS_INCREASED, &rules::MIN_CONTAINS_DECREASED],
            ),
            (
                "maxContains",
                base.max_contains,
                revision.max_contains,
                [&rules::MAX_CONTAINS_INCREASED, &rules::MAX_CONTAINS_DECREASED],
            ),
        ];
        for (key, old, new, [increased, decreased]) in bounds {
            if let (Some(old), Some(new)) = (old, new)
                && old != new
            {
                let family = if new > old { increased } else { decreased };
                self.keyword(family, at, key, format!("`{key}` is `{new}` now, and was `{old}`"));
            }
        }
    }
}
