//! Whether one schema takes all that another takes, as far as that can be proved keyword by keyword: a break that
//! changes the text of a schema and not what it takes has no witness, and this says so.

use std::collections::HashSet;
use std::rc::Rc;

use charter_avro::source::{Member, Tree};
use serde_json::Value;

use super::validity::{self, Outcome};
use crate::check::openapi::document::Node;
use crate::check::openapi::schema::{Bound, Schema, Schemas};
use crate::check::openapi::types::Typing;

/// How many pairs of schemas are looked at before nothing is said.
const MAX_STEPS: usize = 2_000;
/// How deep schemas are followed.
const MAX_DEPTH: usize = 40;
/// How many schemas of `allOf` are looked at together.
const MAX_PARTS: usize = 32;

/// A question about schemas of two versions.
pub(crate) struct Cover<'s, 'a> {
    inner: &'s Schemas<'a>,
    outer: &'s Schemas<'a>,
    assumed: HashSet<(usize, usize)>,
    /// The same in the order in which it was assumed.
    order: Vec<(usize, usize)>,
    steps: usize,
}

impl<'s, 'a> Cover<'s, 'a> {
    pub(crate) fn new(inner: &'s Schemas<'a>, outer: &'s Schemas<'a>) -> Self {
        Self { inner, outer, assumed: HashSet::new(), order: Vec::new(), steps: 0 }
    }

    /// Whether all that fits `one` fits `other`. `loose` says that values are text on the wire,
    /// where `null` is none and all else is a text.
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
        let enough = depth > MAX_DEPTH || self.steps > MAX_STEPS || !self.inner.spend(1);
        if enough || !self.inner.is_bound_by(one) {
            return false;
        }
        let a = self.inner.at(one).schema;
        let next = depth + 1;
        // What stands beside a reference counts as well as what it leads to.
        if let Some(beside) = self.outer.only_beside(other) {
            let target = self.outer.reader.resolve(other);
            return self.listed(&a, other, loose)
                || (target.is_some_and(|target| self.narrower(one, target, loose, next))
                    && self.whole(one, (&a, &beside), loose, next));
        }
        let b = self.outer.at(other).schema;
        if loose && a.types == ["null"] {
            return true;
        }
        // Values end, so that what holds itself may be taken to fit while it is looked at.
        let pair = (a.node.address(), b.node.address());
        if !self.assumed.insert(pair) {
            return true;
        }
        let mark = self.order.len();
        self.order.push(pair);
        let proved = self.listed(&a, other, loose)
            || self.whole(one, (&a, &b), loose, next)
            || a.all_of.iter().any(|tree| self.narrower(a.within(tree), other, loose, next))
            || [a.any_of, a.one_of].into_iter().any(|branches| {
                let branch = |tree| self.narrower(a.within(tree), other, loose, next);
                !branches.is_empty() && branches.iter().all(branch)
            });
        if !proved {
            // What was proved on the way rests on what is not so.
            for pair in self.order.drain(mark..) {
                self.assumed.remove(&pair);
            }
        }
        proved
    }

    /// Whether the values are listed, and each fits; as text, where all is read.
    fn listed(&self, a: &Schema<'a>, other: Node<'a>, loose: bool) -> bool {
        let constant = a.constant.map(std::slice::from_ref);
        let fits = |value: &Value| validity::check(self.outer, other, value) == Outcome::Fits;
        let taken = |tree: &Tree| {
            let value = tree.to_json();
            let typing = if loose { Typing::Loose } else { Typing::Strong };
            (loose && value.is_null()) || super::spellings(&value, typing).iter().any(fits)
        };
        constant.or(a.listed).is_some_and(|values| values.iter().all(taken))
    }

    fn whole(
        &mut self,
        one: Node<'a>,
        (a, b): (&Schema<'a>, &Schema<'a>),
        loose: bool,
        depth: usize,
    ) -> bool {
        let single = &b.single;
        let unknown = [single.condition, single.contains, single.property_names];
        let unknown = unknown.iter().any(Option::is_some)
            || ["unevaluatedProperties", "unevaluatedItems", "contains", "propertyNames"]
                .iter()
                .any(|key| b.written(key).is_some())
            || !b.dependent_schemas.is_empty()
            || b.listed.is_some()
            || b.constant.is_some();
        if unknown || !self.is_choice(b) || (loose && !b.one_of.is_empty()) {
            return false;
        }
        // What all of several schemas take, each of them takes.
        let parts = self.parts(one, a);
        let kept_out = |tree: &'a Tree| {
            let excluded = b.within(tree);
            parts.iter().any(|part| {
                let own = part.single.not.map(|tree| part.within(tree));
                let mut turned = Cover::new(self.outer, self.inner);
                own.is_some_and(|own| turned.narrower(excluded, own, false, depth))
            })
        };
        if !single.not.is_none_or(kept_out) {
            return false;
        }
        let branches = if b.any_of.is_empty() { b.one_of } else { b.any_of };
        parts.iter().any(|part| types(part, b, loose))
            && parts.iter().any(|part| numbers(part, b))
            && parts.iter().any(|part| strings(part, b))
            && parts.iter().any(|part| self.arrays(part, b, loose, depth))
            && self.objects(&parts, b, loose, depth)
            && b.all_of.iter().all(|tree| self.narrower(one, b.within(tree), loose, depth))
            && (branches.is_empty()
                || branches.iter().any(|tree| self.narrower(one, b.within(tree), loose, depth)))
    }

    /// Whether the branches are a choice as `anyOf` is one: no value fits two branches of a `oneOf`, for they are of
    /// different types.
    fn is_choice(&self, b: &Schema<'a>) -> bool {
        if !b.any_of.is_empty() && !b.one_of.is_empty() {
            return false;
        }
        let branches: Vec<_> =
            b.one_of.iter().map(|tree| self.outer.at(b.within(tree)).schema).collect();
        let names = |schema: &Schema<'a>| {
            let mut names = schema.types.clone();
            names.extend(names.contains(&"number").then_some("integer"));
            names.extend(schema.nullable.then_some("null"));
            names
        };
        branches.iter().all(|branch| !branch.types.is_empty())
            && (1..branches.len()).all(|index| {
                let own = names(&branches[index]);
                branches[..index].iter().all(|other| {
                    let others = names(other);
                    own.iter().all(|name| !others.contains(name))
                })
            })
    }

    /// What a reference leads to that has keywords beside it.
    fn target(&self, node: Node<'a>) -> Option<Node<'a>> {
        let beside = !self.inner.beside(node).is_empty();
        beside.then(|| self.inner.reader.resolve(node)).flatten()
    }

    /// A schema and those that it asks for with `allOf`, or by a reference with keywords beside it.
    fn parts(&self, one: Node<'a>, a: &Schema<'a>) -> Vec<Rc<Schema<'a>>> {
        let mut parts = vec![self.inner.at(one).schema];
        let mut next: Vec<Node<'a>> = a.all_of.iter().map(|tree| a.within(tree)).collect();
        next.extend(self.target(one));
        while let Some(node) = next.pop() {
            if parts.len() > MAX_PARTS {
                break;
            }
            next.extend(self.target(node));
            if self.inner.is_bound_by(node) {
                let part = self.inner.at(node).schema;
                next.extend(part.all_of.iter().map(|tree| part.within(tree)));
                parts.push(part);
            }
        }
        parts
    }

    fn arrays(&mut self, a: &Schema<'a>, b: &Schema<'a>, loose: bool, depth: usize) -> bool {
        if !may_be(a, "array") {
            return true;
        }
        let counts = a.min_items >= b.min_items
            && at_most(a.max_items, b.max_items)
            && (a.unique_items || !b.unique_items);
        let item = |schema: &Schema<'a>, index: usize| {
            let before = schema.prefix_items.get(index).map(|tree| schema.within(tree));
            before.or_else(|| schema.written("items"))
        };
        let all = a.prefix_items.len().max(b.prefix_items.len());
        // The last is what is behind both lists.
        let items = (0..=all).all(|index| match (item(a, index), item(b, index)) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(one), Some(other)) => self.narrower(one, other, loose, depth),
        });
        counts && items
    }

    fn objects(
        &mut self,
        parts: &[Rc<Schema<'a>>],
        b: &Schema<'a>,
        loose: bool,
        depth: usize,
    ) -> bool {
        if parts.iter().any(|a| !may_be(a, "object")) {
            return true;
        }
        let requires = |name: &str| parts.iter().any(|a| a.requires(name));
        let counts = (b.min_properties == 0
            || parts.iter().any(|a| a.min_properties >= b.min_properties))
            && parts.iter().any(|a| at_most(a.max_properties, b.max_properties))
            && b.required.iter().all(|name| requires(name));
        let dependent = b.dependent_required.iter().all(|member| {
            let asked = |members: &'a [Member]| {
                let own = members.iter().find(|other| other.key == member.key);
                let names = own.and_then(|own| own.value.as_array()).unwrap_or_default();
                names.iter().filter_map(Tree::as_str)
            };
            asked(b.dependent_required).all(|name| {
                let mut others = parts.iter().flat_map(|a| asked(a.dependent_required));
                requires(name) || others.any(|other| other == name)
            })
        });
        if !counts || !dependent || !b.pattern_properties.is_empty() {
            return false;
        }
        for member in b.properties.iter().filter(|member| !member.value.is_null()) {
            let fits = parts.iter().any(|a| match a.property(&member.key) {
                Some(one) => self.narrower(one, b.within(&member.value), loose, depth),
                None => a.closed && a.pattern_properties.is_empty(),
            });
            if !fits {
                return false;
            }
        }
        let Some(rest) =
            b.written("additionalProperties").filter(|node| node.tree.as_bool() != Some(true))
        else {
            return true;
        };
        parts.iter().any(|a| {
            let own = a.properties.iter().filter(|member| b.property(&member.key).is_none());
            let own: Vec<Node<'a>> = own.map(|member| a.within(&member.value)).collect();
            let unlisted = a.closed
                || a.written("additionalProperties")
                    .is_some_and(|one| self.narrower(one, rest, loose, depth));
            a.pattern_properties.is_empty()
                && unlisted
                && own.into_iter().all(|one| self.narrower(one, rest, loose, depth))
        })
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
    if a.types.is_empty() || (!loose && a.takes_null() && !b.takes_null()) {
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
            || (*name == "null" && (loose || b.takes_null()))
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
