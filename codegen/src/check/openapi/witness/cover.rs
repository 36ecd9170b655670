//! Whether one schema takes all that another takes, as far as that can be proved keyword by keyword: a break that
//! changes the text of a schema and not what it takes has no witness, and this says so.

use std::collections::HashSet;

use charter_avro::source::{Member, Tree};

use super::validity::{self, Outcome};
use crate::check::openapi::document::Node;
use crate::check::openapi::schema::{Bound, Schema, Schemas};

/// How many pairs of schemas are looked at before nothing is said.
const MAX_STEPS: usize = 2_000;
/// How deep schemas are followed.
const MAX_DEPTH: usize = 40;

/// A question about schemas of two versions.
pub(crate) struct Cover<'s, 'a> {
    inner: &'s Schemas<'a>,
    outer: &'s Schemas<'a>,
    assumed: HashSet<(usize, usize)>,
    steps: usize,
}

impl<'s, 'a> Cover<'s, 'a> {
    pub(crate) fn new(inner: &'s Schemas<'a>, outer: &'s Schemas<'a>) -> Self {
        Self { inner, outer, assumed: HashSet::new(), steps: 0 }
    }

    /// Whether all that fits `one` fits `other`. `loose` says that the value is text on the wire, which any text is.
    pub(crate) fn proves(&mut self, one: Node<'a>, other: Node<'a>, loose: bool) -> bool {
        self.narrower(one, other, loose, 0)
    }

    fn narrower(&mut self, one: Node<'a>, other: Node<'a>, loose: bool, depth: usize) -> bool {
        match (one.tree.as_bool(), other.tree.as_bool()) {
            (_, Some(true)) | (Some(false), _) => return true,
            (_, Some(false)) => return false,
            (Some(true) | None, None) => {}
        }
        self.steps += 1;
        // What stands beside a reference counts as well as what it leads to, which is not followed up here.
        let beside =
            self.inner.only_beside(one).is_some() || self.outer.only_beside(other).is_some();
        if beside || depth > MAX_DEPTH || self.steps > MAX_STEPS {
            return false;
        }
        let (a, b) = (self.inner.at(one).schema, self.outer.at(other).schema);
        // Values end, so that what holds itself may be taken to fit while it is looked at.
        let pair = (a.node.address(), b.node.address());
        if !self.assumed.insert(pair) {
            return true;
        }
        let next = depth + 1;
        let proved = self.listed(&a, other)
            || self.whole(one, (&a, &b), loose, next)
            || a.all_of.iter().any(|tree| self.narrower(a.within(tree), other, loose, next))
            || [a.any_of, a.one_of].into_iter().any(|branches| {
                let branch = |tree| self.narrower(a.within(tree), other, loose, next);
                !branches.is_empty() && branches.iter().all(branch)
            });
        if !proved {
            self.assumed.remove(&pair);
        }
        proved
    }

    /// Whether the values are listed, and each fits.
    fn listed(&self, a: &Schema<'a>, other: Node<'a>) -> bool {
        let constant = a.constant.map(std::slice::from_ref);
        let fits =
            |tree: &Tree| validity::check(self.outer, other, &tree.to_json()) == Outcome::Fits;
        constant.or(a.listed).is_some_and(|values| values.iter().all(fits))
    }

    fn whole(
        &mut self,
        one: Node<'a>,
        (a, b): (&Schema<'a>, &Schema<'a>),
        loose: bool,
        depth: usize,
    ) -> bool {
        let single = &b.single;
        let unknown = [single.not, single.condition, single.contains, single.property_names];
        let unknown = unknown.iter().any(Option::is_some)
            || ["unevaluatedProperties", "unevaluatedItems", "contains", "propertyNames"]
                .iter()
                .any(|key| b.written(key).is_some())
            || !b.one_of.is_empty()
            || !b.dependent_schemas.is_empty()
            || !b.prefix_items.is_empty()
            || b.listed.is_some()
            || b.constant.is_some();
        !unknown
            && types(a, b, loose)
            && numbers(a, b)
            && strings(a, b)
            && self.arrays(a, b, depth)
            && self.objects(a, b, depth)
            && b.all_of.iter().all(|tree| self.narrower(one, b.within(tree), loose, depth))
            && (b.any_of.is_empty()
                || b.any_of.iter().any(|tree| self.narrower(one, b.within(tree), loose, depth)))
    }

    fn arrays(&mut self, a: &Schema<'a>, b: &Schema<'a>, depth: usize) -> bool {
        if !may_be(a, "array") {
            return true;
        }
        let counts = a.min_items >= b.min_items
            && at_most(a.max_items, b.max_items)
            && (a.unique_items || !b.unique_items);
        let items = match (a.written("items"), b.written("items")) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(one), Some(other)) => {
                a.prefix_items.is_empty() && self.narrower(one, other, false, depth)
            }
        };
        counts && items
    }

    fn objects(&mut self, a: &Schema<'a>, b: &Schema<'a>, depth: usize) -> bool {
        if !may_be(a, "object") {
            return true;
        }
        let counts = a.min_properties >= b.min_properties
            && at_most(a.max_properties, b.max_properties)
            && b.required.iter().all(|name| a.requires(name));
        let dependent = b.dependent_required.iter().all(|member| {
            let asked = |members: &'a [Member]| {
                let own = members.iter().find(|other| other.key == member.key);
                let names = own.and_then(|own| own.value.as_array()).unwrap_or_default();
                names.iter().filter_map(Tree::as_str)
            };
            asked(b.dependent_required).all(|name| {
                a.requires(name) || asked(a.dependent_required).any(|other| other == name)
            })
        });
        if !counts || !dependent || !b.pattern_properties.is_empty() {
            return false;
        }
        let plain = a.pattern_properties.is_empty();
        for member in b.properties.iter().filter(|member| !member.value.is_null()) {
            let fits = match a.property(&member.key) {
                Some(one) => self.narrower(one, b.within(&member.value), false, depth),
                None => a.closed && plain,
            };
            if !fits {
                return false;
            }
        }
        let Some(rest) =
            b.written("additionalProperties").filter(|node| node.tree.as_bool() != Some(true))
        else {
            return true;
        };
        let own = a.properties.iter().filter(|member| b.property(&member.key).is_none());
        let own: Vec<Node<'a>> = own.map(|member| a.within(&member.value)).collect();
        let unlisted = a.closed
            || a.written("additionalProperties")
                .is_some_and(|one| self.narrower(one, rest, false, depth));
        plain && unlisted && own.into_iter().all(|one| self.narrower(one, rest, false, depth))
    }
}

/// Whether a value of the schema may be of a type.
pub(super) fn may_be(schema: &Schema<'_>, name: &str) -> bool {
    schema.types.is_empty()
        || schema.types.contains(&name)
        || (name == "number" && schema.types.contains(&"integer"))
        || (name == "null" && schema.nullable)
}

fn types(a: &Schema<'_>, b: &Schema<'_>, loose: bool) -> bool {
    if b.types.is_empty() {
        return true;
    }
    if a.types.is_empty() || (a.takes_null() && !b.takes_null()) {
        return false;
    }
    let any_text = loose
        && b.types.contains(&"string")
        && b.pattern.is_empty()
        && b.min_length == 0
        && b.max_length.is_none()
        && !validity::judges(b.format);
    a.types.iter().all(|name| {
        b.types.contains(name)
            || (*name == "integer" && b.types.contains(&"number"))
            || (*name == "null" && b.takes_null())
            || (any_text && matches!(*name, "integer" | "number" | "boolean"))
    })
}

fn numbers(a: &Schema<'_>, b: &Schema<'_>) -> bool {
    if !may_be(a, "number") && !may_be(a, "integer") {
        return true;
    }
    // The bound itself, and whether it is none of the values.
    let upper = |schema: &Schema<'_>| edge(schema.maximum, schema.exclusive_maximum, f64::min);
    let lower = |schema: &Schema<'_>| edge(schema.minimum, schema.exclusive_minimum, f64::max);
    let within =
        |inner: Option<(f64, bool)>, outer: Option<(f64, bool)>, sign: f64| match (inner, outer) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some((one, open)), Some((other, shut))) => {
                let gap = (other - one) * sign;
                gap > 0.0 || (gap == 0.0 && (open || !shut))
            }
        };
    let steps = match (a.multiple_of, b.multiple_of) {
        (_, None) => true,
        (Some(one), Some(other)) => one.to_bits() == other.to_bits(),
        (None, Some(_)) => false,
    };
    let format = a.format == b.format || b.format != "int32";
    within(upper(a), upper(b), 1.0) && within(lower(a), lower(b), -1.0) && steps && format
}

fn edge(
    bound: Option<f64>,
    exclusive: Option<Bound>,
    tighter: fn(f64, f64) -> f64,
) -> Option<(f64, bool)> {
    match (bound, exclusive) {
        (Some(bound), Some(Bound::Value(value))) => {
            let edge = tighter(bound, value);
            Some((edge, edge.to_bits() == value.to_bits()))
        }
        (None, Some(Bound::Value(value))) => Some((value, true)),
        (bound, Some(Bound::Flag(open))) => bound.map(|bound| (bound, open)),
        (bound, None) => bound.map(|bound| (bound, false)),
    }
}

fn strings(a: &Schema<'_>, b: &Schema<'_>) -> bool {
    if !may_be(a, "string") {
        return true;
    }
    a.min_length >= b.min_length
        && at_most(a.max_length, b.max_length)
        && (matches!(b.pattern, "" | ".*") || a.pattern == b.pattern)
        && (a.format == b.format || !validity::judges(b.format))
}

fn at_most(one: Option<u64>, other: Option<u64>) -> bool {
    match (one, other) {
        (_, None) => true,
        (Some(one), Some(other)) => one <= other,
        (None, Some(_)) => false,
    }
}
