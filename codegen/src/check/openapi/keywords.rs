//! Keyword by keyword: what a schema checks in one version and not in the other.

use charter_avro::source::{Member, Tree, Value};

use super::comparison::{At, Comparison};
use super::equal::{checks_nothing_but, equal_values};
use super::pairing::{Branches, Pairing};
use super::rules::{self, Family, Place, Single};
use super::schema::{Bound, Schema};
use super::types::{TypeChange, Verdict, added};

/// A keyword that holds a schema: in the base, in the revision, and the rules for one that came and one that went.
type Row<'a> = (&'a str, Option<&'a Tree>, Option<&'a Tree>, [&'static Family; 2]);

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

    fn values(&mut self, at: &At<'_, 'a>) {
        self.listed(at);
        let (base, revision) = (&at.pair.base, &at.pair.revision);
        match (base.constant, revision.constant) {
            (None, Some(value)) => {
                self.keyword(
                    &rules::CONST_ADDED,
                    at,
                    "const",
                    format!("must be `{}` now", short(value)),
                );
            }
            (Some(value), None) => {
                let text = format!("need not be `{}` any more", short(value));
                self.keyword(&rules::CONST_REMOVED, at, "const", text);
            }
            (Some(old), Some(new)) if !equal_values(old, new) => {
                let text = format!("must be `{}` now, and was `{}`", short(new), short(old));
                self.keyword(&rules::CONST_CHANGED, at, "const", text);
            }
            (Some(_), Some(_)) | (None, None) => {}
        }
        // Of a parameter, defaults are compared with the parameter itself.
        if at.site.place != Place::Parameter {
            self.default(at);
        }
        self.extensible(at);
    }

    pub(crate) fn default(&mut self, at: &At<'_, 'a>) {
        match (at.pair.base.default, at.pair.revision.default) {
            (None, Some(value)) => {
                self.keyword(
                    &rules::DEFAULT_ADDED,
                    at,
                    "default",
                    format!("the default is `{}` now", short(value)),
                );
            }
            (Some(value), None) => {
                let text = format!("the default `{}` is gone", short(value));
                self.keyword(&rules::DEFAULT_REMOVED, at, "default", text);
            }
            (Some(old), Some(new)) if !equal_values(old, new) => {
                let text = format!("the default is `{}` now, and was `{}`", short(new), short(old));
                self.keyword(&rules::DEFAULT_CHANGED, at, "default", text);
            }
            (Some(_), Some(_)) | (None, None) => {}
        }
    }

    fn listed(&mut self, at: &At<'_, 'a>) {
        let (base, revision) = (at.pair.base.listed, at.pair.revision.listed);
        let missing = |from: Option<&'a [Tree]>, to: Option<&'a [Tree]>| -> Vec<&'a Tree> {
            let to = to.unwrap_or_default();
            let from = from.unwrap_or_default().iter();
            from.filter(|value| !to.iter().any(|other| equal_values(value, other))).collect()
        };
        let (removed, added) = (missing(base, revision), missing(revision, base));
        if base.is_none() && !added.is_empty() {
            self.keyword(&rules::BECAME_ENUM, at, "enum", "takes listed values only now");
            if at.site.header.is_some() {
                let text = "takes listed values only now";
                self.keyword_single(
                    &rules::HEADER_PROPERTY_BECAME_ENUM,
                    at,
                    (at.path, "enum"),
                    text,
                );
            }
        }
        if base.is_some() && revision.is_none() && !removed.is_empty() {
            let text = "other values than the listed ones are possible now";
            self.keyword(&rules::ENUM_REMOVED, at, "enum", text);
        }
        for value in removed {
            let text = format!("the value `{}` is gone", short(value));
            let read_only = at.place() == Place::RequestProperty && at.pair.revision.read_only;
            if at.place() == Place::ResponseBody {
                self.keyword_single(
                    &rules::RESPONSE_ENUM_VALUE_REMOVED,
                    at,
                    (at.path, "enum"),
                    text,
                );
            } else if read_only {
                self.keyword_single(
                    &rules::READ_ONLY_ENUM_VALUE_REMOVED,
                    at,
                    (at.path, "enum"),
                    text,
                );
            } else {
                self.keyword(&rules::ENUM_VALUE_REMOVED, at, "enum", text);
            }
        }
        for value in added {
            // A response that had no list could hold the value already, and so the list narrows it.
            if base.is_none() && matches!(at.place(), Place::ResponseBody | Place::Header) {
                continue;
            }
            let text = format!("the value `{}` is new", short(value));
            if at.place() == Place::ResponseProperty && at.pair.revision.write_only {
                self.keyword_single(
                    &rules::WRITE_ONLY_ENUM_VALUE_ADDED,
                    at,
                    (at.path, "enum"),
                    text,
                );
            } else {
                self.keyword(&rules::ENUM_VALUE_ADDED, at, "enum", text);
            }
        }
    }

    fn extensible(&mut self, at: &At<'_, 'a>) {
        let key = "x-extensible-enum";
        let values = |schema: &Schema<'a>| schema.node.tree.get(key).and_then(Tree::as_array);
        let (Some(base), Some(revision)) = (values(&at.pair.base), values(&at.pair.revision))
        else {
            return;
        };
        if at.place() == Place::RequestProperty && at.pair.revision.read_only {
            return;
        }
        for value in
            base.iter().filter(|value| !revision.iter().any(|other| equal_values(value, other)))
        {
            let text = format!("the value `{}` of `{key}` is gone", short(value));
            self.keyword(&rules::EXTENSIBLE_VALUE_REMOVED, at, key, text);
        }
    }

    fn bounds(&mut self, at: &At<'_, 'a>) {
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
            let items = |schema: &Schema<'a>, schemas: &super::schema::Schemas<'a>| {
                let tree = schema.single.items?;
                schemas.at(schema.node.within(tree)).schema.max_items
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

    fn held(&mut self, at: &At<'_, 'a>) {
        let (base, revision) = (&at.pair.base, &at.pair.revision);
        let words =
            |key: &str, old: &str, new: &str| format!("`{key}` changed from `{old}` to `{new}`");
        if base.content_encoding != revision.content_encoding {
            let key = "contentEncoding";
            let text = words(key, base.content_encoding, revision.content_encoding);
            self.keyword(&rules::CONTENT_ENCODING_CHANGED, at, key, text);
        }
        if base.content_media_type != revision.content_media_type {
            let key = "contentMediaType";
            let text = words(key, base.content_media_type, revision.content_media_type);
            self.keyword(&rules::CONTENT_MEDIA_TYPE_CHANGED, at, key, text);
        }
        self.additional(at);
        let (old, new) = (&base.single, &revision.single);
        let singles: [Row<'_>; 9] = [
            (
                "contentSchema",
                old.content_schema,
                new.content_schema,
                [&rules::CONTENT_SCHEMA_ADDED, &rules::CONTENT_SCHEMA_REMOVED],
            ),
            (
                "contains",
                old.contains,
                new.contains,
                [&rules::CONTAINS_ADDED, &rules::CONTAINS_REMOVED],
            ),
            (
                "propertyNames",
                old.property_names,
                new.property_names,
                [&rules::PROPERTY_NAMES_ADDED, &rules::PROPERTY_NAMES_REMOVED],
            ),
            (
                "unevaluatedItems",
                old.unevaluated_items,
                new.unevaluated_items,
                [&rules::UNEVALUATED_ITEMS_ADDED, &rules::UNEVALUATED_ITEMS_REMOVED],
            ),
            (
                "unevaluatedProperties",
                old.unevaluated_properties,
                new.unevaluated_properties,
                [&rules::UNEVALUATED_PROPERTIES_ADDED, &rules::UNEVALUATED_PROPERTIES_REMOVED],
            ),
            ("if", old.condition, new.condition, [&rules::IF_ADDED, &rules::IF_REMOVED]),
            ("then", old.then, new.then, [&rules::THEN_ADDED, &rules::THEN_REMOVED]),
            ("else", old.otherwise, new.otherwise, [&rules::ELSE_ADDED, &rules::ELSE_REMOVED]),
            ("not", old.not, new.not, [&rules::NOT_ADDED, &rules::NOT_REMOVED]),
        ];
        for (key, old, new, [came, went]) in singles {
            match (old, new) {
                (None, Some(_)) => self.keyword(came, at, key, format!("`{key}` is new")),
                (Some(_), None) => self.keyword(went, at, key, format!("`{key}` is gone")),
                (Some(_), Some(_)) | (None, None) => {}
            }
        }
    }

    /// Properties that are not listed. That a schema for them is new is a matter of its own; what changes in it is
    /// found where it is compared.
    fn additional(&mut self, at: &At<'_, 'a>) {
        let (base, revision) = (&at.pair.base, &at.pair.revision);
        let key = "additionalProperties";
        let schema = |schema: &Schema<'a>| schema.single.additional_properties;
        match ((base.closed, schema(base)), (revision.closed, schema(revision))) {
            ((false, _), (true, _)) => {
                let text = "properties that are not listed are refused now";
                self.keyword(&rules::ADDITIONAL_FORBIDDEN, at, key, text);
            }
            ((true, _), (false, _)) | ((false, Some(_)), (false, None)) => {
                let text = "properties that are not listed are possible now";
                self.keyword(&rules::ADDITIONAL_ALLOWED, at, key, text);
            }
            ((false, None), (false, Some(tree))) if !checks_nothing_but(tree, &[]) => {
                let text = "properties that are not listed must fit a schema now";
                self.keyword(&rules::ADDITIONAL_RESTRICTED, at, key, text);
            }
            ((false, _), (false, _)) | ((true, _), (true, _)) => {}
        }
    }

    fn conditions(&mut self, at: &At<'_, 'a>) {
        let (base, revision) = (&at.pair.base, &at.pair.revision);
        self.names(
            at,
            "patternProperties",
            (base.pattern_properties, revision.pattern_properties),
            (&rules::PATTERN_PROPERTY_ADDED, &rules::PATTERN_PROPERTY_REMOVED),
        );
        self.names(
            at,
            "dependentSchemas",
            (base.dependent_schemas, revision.dependent_schemas),
            (&rules::DEPENDENT_SCHEMA_ADDED, &rules::DEPENDENT_SCHEMA_REMOVED),
        );
        self.names(
            at,
            "dependentRequired",
            (base.dependent_required, revision.dependent_required),
            (&rules::DEPENDENT_REQUIRED_ADDED, &rules::DEPENDENT_REQUIRED_REMOVED),
        );
        for member in base.dependent_required {
            let Some(other) =
                revision.dependent_required.iter().find(|other| other.key == member.key)
            else {
                continue;
            };
            let names = |tree: &'a Tree| -> Vec<&'a str> {
                tree.as_array().unwrap_or_default().iter().filter_map(Tree::as_str).collect()
            };
            let (old, new) = (names(&member.value), names(&other.value));
            let (came, went) = (added(&old, &new), added(&new, &old));
            if !came.is_empty() || !went.is_empty() {
                let text = format!(
                    "with `{}`, the properties {} are required now, and were {}",
                    member.key,
                    quoted(&new),
                    quoted(&old)
                );
                self.keyword(&rules::DEPENDENT_REQUIRED_CHANGED, at, "dependentRequired", text);
            }
        }
    }

    fn names(
        &mut self,
        at: &At<'_, 'a>,
        key: &str,
        (base, revision): (&'a [Member], &'a [Member]),
        (came, went): (&Family, &Family),
    ) {
        let missing = |from: &'a [Member], to: &'a [Member]| {
            let lacks = move |member: &&Member| !to.iter().any(|other| other.key == member.key);
            from.iter().filter(lacks).map(|member| member.key.as_str()).collect::<Vec<_>>()
        };
        for name in missing(revision, base) {
            self.keyword(came, at, key, format!("`{key}` has `{name}` now"));
        }
        for name in missing(base, revision) {
            self.keyword(went, at, key, format!("`{key}` has lost `{name}`"));
        }
    }

    fn required(&mut self, at: &At<'_, 'a>) {
        let (base, revision) = (&at.pair.base, &at.pair.revision);
        for name in added(&base.required, &revision.required) {
            if revision.property(name).is_some() {
                self.became_required(at, name);
            } else {
                let text = format!("`{name}` is required now, and is not listed");
                self.keyword(&rules::REQUIRED_NAME_ADDED, at, "required", text);
            }
        }
        for name in added(&revision.required, &base.required) {
            if revision.property(name).is_some() {
                self.became_optional(at, name);
            } else if base.property(name).is_none() {
                let text = format!("`{name}` is not required any more");
                self.keyword(&rules::REQUIRED_NAME_REMOVED, at, "required", text);
            }
        }
    }

    fn became_required(&mut self, at: &At<'_, 'a>, name: &str) {
        let (Some(_), Some(now)) = (at.pair.base.property(name), at.pair.revision.property(name))
        else {
            return;
        };
        let now = self.new.at(now).schema;
        let path = joined(at.path, name);
        let (key, text) = ("required", "required now");
        match at.site.place {
            Place::RequestBody if now.read_only => {}
            Place::RequestBody if now.default.is_some() => {
                let family = &rules::BECAME_REQUIRED_WITH_DEFAULT;
                self.property(
                    family,
                    Place::RequestProperty,
                    at,
                    (&path, key),
                    "required now, with a default",
                );
            }
            Place::RequestBody => {
                self.property(
                    &rules::BECAME_REQUIRED,
                    Place::RequestProperty,
                    at,
                    (&path, key),
                    text,
                );
            }
            Place::ResponseBody if now.write_only => {
                self.keyword_single(&rules::WRITE_ONLY_BECAME_REQUIRED, at, (&path, key), text);
            }
            Place::ResponseBody => {
                self.property(
                    &rules::BECAME_REQUIRED,
                    Place::ResponseProperty,
                    at,
                    (&path, key),
                    text,
                );
            }
            Place::Parameter if at.site.header.is_some() && !now.read_only => {
                self.keyword_single(
                    &rules::HEADER_PROPERTY_BECAME_REQUIRED,
                    at,
                    (&path, key),
                    text,
                );
            }
            Place::Parameter if at.site.header.is_none() => {
                self.property(
                    &rules::BECAME_REQUIRED,
                    Place::ParameterProperty,
                    at,
                    (&path, key),
                    text,
                );
            }
            Place::Parameter
            | Place::Header
            | Place::RequestProperty
            | Place::ParameterProperty
            | Place::ResponseProperty => {}
        }
    }

    fn became_optional(&mut self, at: &At<'_, 'a>, name: &str) {
        let path = joined(at.path, name);
        let was = at.pair.base.property(name);
        let Some(now) = at.pair.revision.property(name) else { return };
        let now = self.new.at(now).schema;
        let (key, text) = ("required", "optional now");
        match at.site.place {
            Place::RequestBody if was.is_some() && !now.read_only => {
                self.property(
                    &rules::BECAME_OPTIONAL,
                    Place::RequestProperty,
                    at,
                    (&path, key),
                    text,
                );
            }
            Place::ResponseBody => {
                let hidden = match was {
                    Some(node) if !at.path.is_empty() => self.old.at(node).schema.write_only,
                    None if !at.path.is_empty() => return,
                    Some(_) | None => now.write_only,
                };
                if hidden {
                    self.keyword_single(&rules::WRITE_ONLY_BECAME_OPTIONAL, at, (&path, key), text);
                } else {
                    self.property(
                        &rules::BECAME_OPTIONAL,
                        Place::ResponseProperty,
                        at,
                        (&path, key),
                        text,
                    );
                }
            }
            Place::RequestBody
            | Place::Parameter
            | Place::Header
            | Place::RequestProperty
            | Place::ParameterProperty
            | Place::ResponseProperty => {}
        }
    }

    fn mutability(&mut self, at: &At<'_, 'a>) {
        let Some(parent) = at.parent.filter(|parent| parent.revision.property(at.name).is_some())
        else {
            return;
        };
        let required = parent.base.requires(at.name);
        let (base, revision) = (&at.pair.base, &at.pair.revision);
        if base.write_only != revision.write_only {
            let rule = match (at.place(), required, revision.write_only) {
                (Place::RequestProperty, true, true) => &rules::REQUEST_REQUIRED_WRITE_ONLY,
                (Place::RequestProperty, true, false) => &rules::REQUEST_REQUIRED_NOT_WRITE_ONLY,
                (Place::RequestProperty, false, true) => &rules::REQUEST_OPTIONAL_WRITE_ONLY,
                (Place::RequestProperty, false, false) => &rules::REQUEST_OPTIONAL_NOT_WRITE_ONLY,
                (Place::ResponseProperty, true, true) => &rules::RESPONSE_REQUIRED_WRITE_ONLY,
                (Place::ResponseProperty, true, false) => &rules::RESPONSE_REQUIRED_NOT_WRITE_ONLY,
                (Place::ResponseProperty, false, true) => &rules::RESPONSE_OPTIONAL_WRITE_ONLY,
                (Place::ResponseProperty, false, false) => &rules::RESPONSE_OPTIONAL_NOT_WRITE_ONLY,
                _ => return,
            };
            let text =
                if revision.write_only { "write-only now" } else { "not write-only any more" };
            self.keyword_single(rule, at, (at.path, "writeOnly"), text);
        }
        if base.read_only != revision.read_only {
            let rule = match (at.place(), required, revision.read_only) {
                (Place::RequestProperty, true, true) => &rules::REQUEST_REQUIRED_READ_ONLY,
                (Place::RequestProperty, true, false) => &rules::REQUEST_REQUIRED_NOT_READ_ONLY,
                (Place::RequestProperty, false, true) => &rules::REQUEST_OPTIONAL_READ_ONLY,
                (Place::RequestProperty, false, false) => &rules::REQUEST_OPTIONAL_NOT_READ_ONLY,
                (Place::ResponseProperty, true, true) => &rules::RESPONSE_REQUIRED_READ_ONLY,
                (Place::ResponseProperty, true, false) => &rules::RESPONSE_REQUIRED_NOT_READ_ONLY,
                (Place::ResponseProperty, false, true) => &rules::RESPONSE_OPTIONAL_READ_ONLY,
                (Place::ResponseProperty, false, false) => &rules::RESPONSE_OPTIONAL_NOT_READ_ONLY,
                _ => return,
            };
            let text = if revision.read_only { "read-only now" } else { "not read-only any more" };
            self.keyword_single(rule, at, (at.path, "readOnly"), text);
        }
    }

    fn discriminator(&mut self, at: &At<'_, 'a>) {
        let key = "discriminator";
        let (old, new) = match (at.pair.base.discriminator, at.pair.revision.discriminator) {
            (None, None) => return,
            (None, Some(_)) => {
                return self.keyword(
                    &rules::DISCRIMINATOR_ADDED,
                    at,
                    key,
                    "a discriminator is new",
                );
            }
            (Some(_), None) => {
                return self.keyword(
                    &rules::DISCRIMINATOR_REMOVED,
                    at,
                    key,
                    "the discriminator is gone",
                );
            }
            (Some(old), Some(new)) => (old, new),
        };
        let names = (old.text("propertyName"), new.text("propertyName"));
        if names.0 != names.1 {
            let text = format!("the discriminator is `{}` now, and was `{}`", names.1, names.0);
            self.keyword(&rules::DISCRIMINATOR_NAME_CHANGED, at, key, text);
        }
        let mapping = |node: super::document::Node<'a>| -> Vec<(&'a str, &'a str)> {
            node.members("mapping")
                .filter_map(|(name, node)| Some((name, node.tree.as_str()?)))
                .collect()
        };
        let (old, new) = (mapping(old), mapping(new));
        for (name, target) in &new {
            match old.iter().find(|(other, _)| other == name) {
                None => {
                    let text = format!("the discriminator's value `{name}` is new");
                    self.keyword(&rules::MAPPING_ADDED, at, key, text);
                }
                Some((_, before)) if before != target => {
                    let text = format!(
                        "the discriminator's value `{name}` leads to `{target}` now, and led to `{before}`"
                    );
                    self.keyword(&rules::MAPPING_CHANGED, at, key, text);
                }
                Some(_) => {}
            }
        }
        for (name, _) in old.iter().filter(|(name, _)| !new.iter().any(|(other, _)| other == name))
        {
            let text = format!("the discriminator's value `{name}` is gone");
            self.keyword(&rules::MAPPING_DELETED, at, key, text);
        }
    }

    /// Branches that came or went.
    pub(crate) fn branches(
        &mut self,
        at: &At<'_, 'a>,
        key: &str,
        (base, revision): (Branches<'a>, Branches<'a>),
        pairing: &Pairing,
    ) {
        let (came, went) = match key {
            "allOf" => return self.conjuncts(at, (base, revision), pairing),
            "anyOf" => (&rules::ANY_OF_ADDED, &rules::ANY_OF_REMOVED),
            "oneOf" => (&rules::ONE_OF_ADDED, &rules::ONE_OF_REMOVED),
            _ => (&rules::PREFIX_ITEMS_ADDED, &rules::PREFIX_ITEMS_REMOVED),
        };
        if !pairing.added.is_empty() {
            self.keyword(
                came,
                at,
                key,
                format!("`{key}` has {} now", revision.names(&pairing.added)),
            );
        }
        if !pairing.removed.is_empty() {
            self.keyword(
                went,
                at,
                key,
                format!("`{key}` has lost {}", base.names(&pairing.removed)),
            );
        }
    }

    /// Branches of `allOf`: those that check nothing are told apart.
    fn conjuncts(
        &mut self,
        at: &At<'_, 'a>,
        (base, revision): (Branches<'a>, Branches<'a>),
        pairing: &Pairing,
    ) {
        let key = "allOf";
        let split =
            |branches: Branches<'a>, indices: &[usize], schemas: &super::schema::Schemas<'a>| {
                indices.iter().partition::<Vec<usize>, _>(|index| {
                    !checks_nothing_but(schemas.at(branches.get(**index)).schema.node.tree, &[])
                })
            };
        let (checking, idle) = split(revision, &pairing.added, self.new);
        for (family, indices) in
            [(&rules::ALL_OF_ADDED, checking), (&rules::ALL_OF_ADDED_ANNOTATION, idle)]
        {
            if !indices.is_empty() {
                self.keyword(
                    family,
                    at,
                    key,
                    format!("`{key}` has {} now", revision.names(&indices)),
                );
            }
        }
        let (checking, idle) = split(base, &pairing.removed, self.old);
        for (family, indices) in
            [(&rules::ALL_OF_REMOVED, checking), (&rules::ALL_OF_REMOVED_ANNOTATION, idle)]
        {
            if !indices.is_empty() {
                self.keyword(family, at, key, format!("`{key}` has lost {}", base.names(&indices)));
            }
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
