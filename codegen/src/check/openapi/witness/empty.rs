//! Whether nothing at all fits a schema, as far as that can be proved: of such a schema no change can be shown, and the
//! report names the keywords that exclude each other.

use charter_avro::source::Tree;
use regex_syntax::hir::{Hir, HirKind};

use super::cover::{Cover, may_be};
use super::validity::{self, Outcome};
use crate::check::openapi::document::Node;
use crate::check::openapi::schema::{Bound, Schema, Schemas};

/// How deep schemas are followed.
const MAX_DEPTH: usize = 12;
/// How many schemas are looked at before nothing is said.
const MAX_STEPS: usize = 500;

/// Proves that schemas of one version take nothing.
pub(crate) struct Emptiness<'s, 'a> {
    schemas: &'s Schemas<'a>,
    steps: usize,
}

impl<'s, 'a> Emptiness<'s, 'a> {
    pub(crate) fn new(schemas: &'s Schemas<'a>) -> Self {
        Self { schemas, steps: 0 }
    }

    /// Why nothing fits the schema: a clause. `None` where something may.
    pub(crate) fn of(&mut self, node: Node<'a>) -> Option<String> {
        self.at(node, 0)
    }

    fn at(&mut self, node: Node<'a>, depth: usize) -> Option<String> {
        self.steps += 1;
        if node.tree.as_bool() == Some(false) {
            return Some("`false` takes nothing".to_owned());
        }
        let enough = depth > MAX_DEPTH || self.steps > MAX_STEPS || !self.schemas.spend(1);
        if node.tree.as_bool().is_some() || enough || !self.schemas.is_bound_by(node) {
            return None;
        }
        let schema = self.schemas.at(node).schema;
        self.listed(node, &schema)
            .or_else(|| self.branches(&schema, depth))
            .or_else(|| self.types(&schema, depth))
    }

    /// Values are listed, and none of them fits what else is said.
    fn listed(&self, node: Node<'a>, schema: &Schema<'a>) -> Option<String> {
        let values = schema.constant.map(std::slice::from_ref).or(schema.listed)?;
        let fits_not = |tree: &Tree| {
            let outcome = validity::check(self.schemas, node, &tree.to_json());
            matches!(outcome, Outcome::Misfits(_))
        };
        let all_fail = values.iter().all(fits_not);
        all_fail.then(|| "none of the listed values fits the other keywords".to_owned())
    }

    fn branches(&mut self, schema: &Schema<'a>, depth: usize) -> Option<String> {
        for tree in schema.all_of {
            if let Some(reason) = self.at(schema.within(tree), depth + 1) {
                return Some(reason);
            }
        }
        for trees in [schema.any_of, schema.one_of] {
            let mut reasons = trees
                .iter()
                .map(|tree| self.at(schema.within(tree), depth + 1))
                .collect::<Vec<_>>();
            if !trees.is_empty() && reasons.iter().all(Option::is_some) {
                return reasons.swap_remove(0);
            }
        }
        let mut covered = |index: usize, tree: &'a Tree| {
            let others = schema.one_of.iter().enumerate().filter(|(other, _)| *other != index);
            let mut others = others.map(|(_, other)| other);
            others.any(|other| {
                let mut cover = Cover::new(self.schemas, self.schemas);
                self.steps += 1;
                cover.proves(schema.within(tree), schema.within(other), false)
            }) || self.at(schema.within(tree), depth + 1).is_some()
        };
        let branches = schema.one_of;
        let none = branches.len() > 1
            && branches.len() <= MAX_DEPTH
            && branches.iter().enumerate().all(|(index, tree)| covered(index, tree));
        none.then(|| {
            "whatever fits a branch of `oneOf` fits another one, and it must fit exactly one"
                .to_owned()
        })
    }

    /// Each type that a value may be of has a reason against it.
    fn types(&mut self, schema: &Schema<'a>, depth: usize) -> Option<String> {
        let mut first = None;
        for name in ["null", "boolean", "number", "string", "array", "object"] {
            let integer = name == "number" && may_be(schema, "integer");
            if !may_be(schema, name) && !integer {
                continue;
            }
            let reason = match name {
                "number" => numbers(schema),
                "string" => strings(schema),
                "array" => self.arrays(schema, depth),
                "object" => self.objects(schema, depth),
                _ => None,
            };
            first = Some(first.unwrap_or(reason?));
        }
        first
    }

    fn arrays(&mut self, schema: &Schema<'a>, depth: usize) -> Option<String> {
        if schema.max_items.is_some_and(|most| most < schema.min_items) {
            return Some("`maxItems` is below `minItems`".to_owned());
        }
        let items = schema.written("items").filter(|_| schema.prefix_items.is_empty());
        let contains = schema.written("contains");
        let least = schema.min_contains.unwrap_or(1);
        if contains.is_some() && schema.max_contains.is_some_and(|most| most < least) {
            return Some("`maxContains` is below `minContains`".to_owned());
        }
        if least > 0
            && let (Some(items), Some(contains)) = (items, contains)
            && self.apart(items, contains)
        {
            return Some("`items` takes nothing that `contains` asks for".to_owned());
        }
        let filled = schema.min_items > 0 || (contains.is_some() && least > 0);
        items.filter(|_| filled).and_then(|items| self.at(items, depth + 1))
    }

    fn objects(&mut self, schema: &Schema<'a>, depth: usize) -> Option<String> {
        if schema.max_properties.is_some_and(|most| most < schema.min_properties) {
            return Some("`maxProperties` is below `minProperties`".to_owned());
        }
        let mut names = schema.required.clone();
        names.sort_unstable();
        names.dedup();
        if schema.max_properties.is_some_and(|most| most < names.len() as u64) {
            return Some("more properties are required than `maxProperties` allows".to_owned());
        }
        names.into_iter().find_map(|name| match schema.property(name) {
            Some(node) => {
                let reason = self.at(node, depth + 1)?;
                Some(format!("`{name}` is required, and {reason}"))
            }
            None => (schema.closed && schema.pattern_properties.is_empty())
                .then(|| format!("`{name}` is required, and not listed where all must be")),
        })
    }

    /// Whether two schemas have no value in common.
    fn apart(&self, one: Node<'a>, other: Node<'a>) -> bool {
        let (a, b) = (self.schemas.at(one).schema, self.schemas.at(other).schema);
        let excluded = |schema: &Schema<'a>, node: Node<'a>| {
            let values = schema.constant.map(std::slice::from_ref).or(schema.listed);
            values.is_some_and(|values| {
                values.iter().all(|value| {
                    let outcome = validity::check(self.schemas, node, &value.to_json());
                    matches!(outcome, Outcome::Misfits(_))
                })
            })
        };
        let typed = !a.types.is_empty() && !b.types.is_empty();
        let null = a.takes_null() && b.takes_null();
        let shared = a.types.iter().any(|name| may_be(&b, name))
            || (b.types.contains(&"integer") && may_be(&a, "number"));
        (typed && !null && !shared) || excluded(&a, other) || excluded(&b, one)
    }
}

fn numbers(schema: &Schema<'_>) -> Option<String> {
    let bound = |value: Option<f64>, exclusive: Option<Bound>| match (value, exclusive) {
        (value, Some(Bound::Value(edge))) => {
            value.map_or(Some((edge, true)), |value| Some((value, false)))
        }
        (value, Some(Bound::Flag(open))) => value.map(|value| (value, open)),
        (value, None) => value.map(|value| (value, false)),
    };
    let (least, above) = bound(schema.minimum, schema.exclusive_minimum)?;
    let (most, below) = bound(schema.maximum, schema.exclusive_maximum)?;
    let crossed = least > most || (least >= most && (above || below));
    crossed.then(|| "the greatest number that is allowed is below the least".to_owned())
}

fn strings(schema: &Schema<'_>) -> Option<String> {
    let most = schema.max_length?;
    if most < schema.min_length {
        return Some("`maxLength` is below `minLength`".to_owned());
    }
    let asked = regex_syntax::parse(schema.pattern).ok().map(|pattern| least(&pattern))?;
    (asked > most).then(|| {
        format!("`pattern` asks for {asked} characters at least, and `maxLength` allows {most}")
    })
}

/// The characters that a match has at least.
fn least(pattern: &Hir) -> u64 {
    match pattern.kind() {
        HirKind::Empty | HirKind::Look(_) => 0,
        HirKind::Literal(literal) => String::from_utf8_lossy(&literal.0).chars().count() as u64,
        HirKind::Class(_) => 1,
        HirKind::Repetition(repetition) => {
            u64::from(repetition.min).saturating_mul(least(&repetition.sub))
        }
        HirKind::Capture(capture) => least(&capture.sub),
        HirKind::Concat(parts) => parts.iter().map(least).fold(0, u64::saturating_add),
        HirKind::Alternation(parts) => parts.iter().map(least).min().unwrap_or_default(),
    }
}
