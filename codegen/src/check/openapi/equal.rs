//! Whether two schemas are the same: with all that they say, or with all that they check. References are followed,
//! and recursive schemas are the same unless something speaks against it.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use charter_avro::source::{Member, Tree, Value};

use super::document::{Node, reference};
use super::schema::Schemas;

/// The pairs that a comparison may look at before it gives up and calls them different.
const MAX_STEPS: usize = 200_000;

/// What counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Sense {
    /// Everything that is written.
    Whole,
    /// What values fit: titles, descriptions, examples and defaults don't count.
    Checks,
}

/// Compares values of two documents.
#[derive(Debug)]
pub(crate) struct Equality<'s, 'a> {
    base: &'s Schemas<'a>,
    revision: &'s Schemas<'a>,
    known: RefCell<HashMap<(usize, usize, Sense), bool>>,
}

/// One question: what it takes for granted while it looks, and how much it has looked at.
struct Question {
    sense: Sense,
    assumed: HashSet<(usize, usize)>,
    steps: usize,
    /// Whether the two sides are swapped.
    swapped: bool,
    /// Whether `assumed` is from the way to the question, so that the answer holds on that way only.
    bound: bool,
}

/// The pairs that a question on a way may look at; such answers are not kept.
const MAX_BOUND_STEPS: usize = 2_000;

impl Question {
    fn new(sense: Sense, swapped: bool) -> Self {
        Self { sense, assumed: HashSet::new(), steps: 0, swapped, bound: false }
    }
}

impl<'s, 'a> Equality<'s, 'a> {
    pub(crate) fn new(base: &'s Schemas<'a>, revision: &'s Schemas<'a>) -> Self {
        Self { base, revision, known: RefCell::default() }
    }

    /// Whether a schema of the base and one of the revision are the same.
    pub(crate) fn same(&self, base: Node<'a>, revision: Node<'a>, sense: Sense) -> bool {
        let key = (base.address(), revision.address(), sense);
        if let Some(known) = self.known.borrow().get(&key) {
            return *known;
        }
        let mut question = Question::new(sense, false);
        let same = self.schemas(base, revision, &mut question);
        let mut known = self.known.borrow_mut();
        known.insert(key, same);
        if same {
            // All that was assumed on the way supports itself.
            known.extend(
                question.assumed.into_iter().map(|(one, other)| ((one, other, sense), true)),
            );
        }
        same
    }

    /// Whether two schemas of which it is not known which side they are from check the same: `plain` may be of the
    /// revision and `other` of the base when `swapped`.
    pub(crate) fn same_checks(&self, plain: Node<'a>, other: Node<'a>, swapped: bool) -> bool {
        self.schemas(plain, other, &mut Question::new(Sense::Checks, swapped))
    }

    /// Whether a schema of the base and one of the revision are the same but for what `trail`, the pairs on the way to
    /// them, holds already: that is compared there, so that a reference back to it tells nothing new.
    pub(crate) fn same_on(
        &self,
        base: Node<'a>,
        revision: Node<'a>,
        trail: &[(usize, usize)],
    ) -> bool {
        if self.same(base, revision, Sense::Whole) {
            return true;
        }
        let assumed = trail.iter().copied().collect();
        let mut question = Question { assumed, bound: true, ..Question::new(Sense::Whole, false) };
        self.schemas(base, revision, &mut question)
    }

    fn sides(&self, question: &Question) -> (&'s Schemas<'a>, &'s Schemas<'a>) {
        if question.swapped { (self.revision, self.base) } else { (self.base, self.revision) }
    }

    fn schemas(&self, one: Node<'a>, other: Node<'a>, question: &mut Question) -> bool {
        let (left, right) = self.sides(question);
        let beside = (left.beside(one), right.beside(other));
        let (Some(one), Some(other)) = (left.reader.resolve(one), right.reader.resolve(other))
        else {
            return false;
        };
        if !beside.0.is_empty() || !beside.1.is_empty() {
            let count =
                beside.0.iter().filter(|member| matters(&member.key, question.sense)).count();
            let others: Vec<_> =
                beside.1.iter().filter(|member| matters(&member.key, question.sense)).collect();
            let same = beside.0.iter().filter(|member| matters(&member.key, question.sense)).all(
                |member| {
                    let found = others.iter().find(|other| other.key == member.key);
                    found.is_some_and(|found| equal_values(&member.value, &found.value))
                },
            );
            if !same || count != others.len() {
                return false;
            }
        }
        let pair = (one.address(), other.address());
        if !question.swapped
            && !question.bound
            && let Some(known) = self.known.borrow().get(&(pair.0, pair.1, question.sense))
        {
            return *known;
        }
        if !question.assumed.insert(pair) {
            return true;
        }
        question.steps += 1;
        if question.steps > if question.bound { MAX_BOUND_STEPS } else { MAX_STEPS } {
            return false;
        }
        let same = match (&one.tree.value, &other.tree.value) {
            (Value::Object(members), Value::Object(others)) => {
                self.keywords((one, members), (other, others), question)
            }
            _ => equal_values(one.tree, other.tree),
        };
        if !same && !question.swapped && !question.bound {
            // A difference is one whatever was assumed.
            self.known.borrow_mut().insert((pair.0, pair.1, question.sense), false);
        }
        same
    }

    fn keywords(
        &self,
        (one, members): (Node<'a>, &'a [Member]),
        (other, others): (Node<'a>, &'a [Member]),
        question: &mut Question,
    ) -> bool {
        let counts =
            |member: &&Member| !member.value.is_null() && matters(&member.key, question.sense);
        if members.iter().filter(counts).count() != others.iter().filter(counts).count() {
            return false;
        }
        let members: Vec<&Member> = members.iter().filter(counts).collect();
        members.into_iter().all(|member| {
            let Some(found) = others.iter().find(|candidate| candidate.key == member.key) else {
                return false;
            };
            let pair = (one.within(&member.value), other.within(&found.value));
            match member.key.as_str() {
                "properties" | "patternProperties" | "dependentSchemas" | "$defs"
                | "definitions" => self.named(pair.0, pair.1, question),
                "allOf" | "anyOf" | "oneOf" => self.lists(pair.0, pair.1, question),
                "prefixItems" => self.in_order(pair.0, pair.1, question),
                "items"
                | "additionalProperties"
                | "contains"
                | "propertyNames"
                | "unevaluatedItems"
                | "unevaluatedProperties"
                | "if"
                | "then"
                | "else"
                | "not"
                | "contentSchema" => self.schemas(pair.0, pair.1, question),
                "required" | "enum" | "type" => same_set(&member.value, &found.value),
                _ => equal_values(&member.value, &found.value),
            }
        })
    }

    fn named(&self, one: Node<'a>, other: Node<'a>, question: &mut Question) -> bool {
        let (Some(members), Some(others)) = (one.tree.as_object(), other.tree.as_object()) else {
            return equal_values(one.tree, other.tree);
        };
        members.len() == others.len()
            && members.iter().all(|member| {
                let found = others.iter().find(|candidate| candidate.key == member.key);
                found.is_some_and(|found| {
                    self.schemas(one.within(&member.value), other.within(&found.value), question)
                })
            })
    }

    fn lists(&self, one: Node<'a>, other: Node<'a>, question: &mut Question) -> bool {
        let (Some(items), Some(others)) = (one.tree.as_array(), other.tree.as_array()) else {
            return false;
        };
        // Branches of one name, with other keywords beside the reference: in order they are the same, else oasdiff holds
        // each against the first of its name.
        if names_repeat(others) {
            return self.in_order(one, other, question)
                || (items.len() == others.len()
                    && items.iter().all(|item| {
                        let first = others.iter().find(|found| reference(found) == reference(item));
                        first.is_some_and(|first| {
                            self.schemas(one.within(item), other.within(first), question)
                        })
                    }));
        }
        let mut left: Vec<&Tree> = others.iter().collect();
        items.len() == others.len()
            && items.iter().all(|item| {
                let place = (0..left.len()).find(|place| {
                    // A branch of another name is another branch, whatever it holds.
                    let named = match (reference(item), reference(left[*place])) {
                        (Some(name), Some(found)) => name == found,
                        (Some(_) | None, None) | (None, Some(_)) => true,
                    };
                    named && self.schemas(one.within(item), other.within(left[*place]), question)
                });
                place.map(|place| left.swap_remove(place)).is_some()
            })
    }

    fn in_order(&self, one: Node<'a>, other: Node<'a>, question: &mut Question) -> bool {
        let (Some(items), Some(others)) = (one.tree.as_array(), other.tree.as_array()) else {
            return false;
        };
        items.len() == others.len()
            && items
                .iter()
                .zip(others)
                .all(|(item, found)| self.schemas(one.within(item), other.within(found), question))
    }
}

/// Whether all branches are references, and two of them have the same name.
fn names_repeat(items: &[Tree]) -> bool {
    let mut known = HashSet::new();
    let mut repeats = false;
    let all_named = items.iter().all(|item| {
        reference(item).is_some_and(|name| {
            repeats |= !known.insert(name);
            true
        })
    });
    all_named && repeats
}

fn matters(key: &str, sense: Sense) -> bool {
    sense == Sense::Whole
        || !matches!(
            key,
            "title"
                | "description"
                | "default"
                | "example"
                | "examples"
                | "externalDocs"
                | "$comment"
        )
}

/// Whether a schema checks nothing at all beside the keywords `but`.
pub(crate) fn checks_nothing_but(tree: &Tree, but: &[&str]) -> bool {
    let members = tree.as_object().unwrap_or_default();
    reference(tree).is_none()
        && members.iter().all(|member| {
            member.value.is_null()
                || !matters(&member.key, Sense::Checks)
                || but.contains(&member.key.as_str())
        })
}

/// Whether two plain values are equal: numbers by value, objects whatever the order of their members.
pub(crate) fn equal_values(one: &Tree, other: &Tree) -> bool {
    #[expect(clippy::float_cmp, reason = "the same number written twice is the same double")]
    match (&one.value, &other.value) {
        (Value::Number(number), Value::Number(found)) => {
            number == found || number.as_f64() == found.as_f64()
        }
        (Value::Array(items), Value::Array(others)) => {
            items.len() == others.len()
                && items.iter().zip(others).all(|(item, found)| equal_values(item, found))
        }
        (Value::Object(members), Value::Object(others)) => {
            members.len() == others.len()
                && members.iter().all(|member| {
                    let found = others.iter().find(|candidate| candidate.key == member.key);
                    found.is_some_and(|found| equal_values(&member.value, &found.value))
                })
        }
        (value, found) => value == found,
    }
}

fn same_set(one: &Tree, other: &Tree) -> bool {
    match (one.as_array(), other.as_array()) {
        (Some(items), Some(others)) => {
            let within = |items: &[Tree], others: &[Tree]| {
                items.iter().all(|item| others.iter().any(|other| equal_values(item, other)))
            };
            within(items, others) && within(others, items)
        }
        (Some([item]), None) => equal_values(item, other),
        (None, Some([item])) => equal_values(one, item),
        _ => equal_values(one, other),
    }
}
