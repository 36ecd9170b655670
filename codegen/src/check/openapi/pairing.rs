//! Which branch of a `oneOf`, `anyOf`, `allOf` or `prefixItems` is which in the other version: references by their
//! names, inline schemas by being the same, then by their titles, then as the only ones left. A branch that was moved
//! behind a reference, or out of one, is no change.

use charter_avro::source::Tree;

use super::document::{Node, reference};
use super::equal::{Equality, Sense};
use super::schema::Schema;

/// Branches by index.
#[derive(Debug, Default)]
pub(crate) struct Pairing {
    pub(crate) added: Vec<usize>,
    pub(crate) removed: Vec<usize>,
    /// Base and revision of branches that may differ.
    pub(crate) both: Vec<(usize, usize)>,
}

/// The branches of one keyword.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Branches<'a> {
    node: Node<'a>,
    trees: &'a [Tree],
}

impl<'a> Branches<'a> {
    pub(crate) fn new(schema: &Schema<'a>, trees: &'a [Tree]) -> Self {
        let node = trees.first().map_or(schema.node, |tree| schema.within(tree));
        Self { node, trees }
    }

    pub(crate) fn get(self, index: usize) -> Node<'a> {
        self.node.within(&self.trees[index])
    }

    /// What a report calls a branch: its reference, or its number and title.
    pub(crate) fn name(self, index: usize) -> String {
        let tree = &self.trees[index];
        match (reference(tree), title(tree)) {
            (Some(reference), _) => reference.to_owned(),
            (None, "") => format!("#{}", index + 1),
            (None, title) => format!("#{}: {title}", index + 1),
        }
    }

    pub(crate) fn names(self, indices: &[usize]) -> String {
        let names: Vec<_> =
            indices.iter().map(|index| format!("`{}`", self.name(*index))).collect();
        names.join(", ")
    }

    fn inline(self) -> Vec<usize> {
        (0..self.trees.len()).filter(|index| reference(&self.trees[*index]).is_none()).collect()
    }

    fn references(self) -> Vec<usize> {
        (0..self.trees.len()).filter(|index| reference(&self.trees[*index]).is_some()).collect()
    }
}

fn title(tree: &Tree) -> &str {
    tree.get("title").and_then(Tree::as_str).unwrap_or_default()
}

/// Pairs the branches of two versions. `trail` has the pairs on the way to them.
pub(crate) fn pair<'a>(
    base: Branches<'a>,
    revision: Branches<'a>,
    equality: &Equality<'_, 'a>,
    trail: &[(usize, usize)],
) -> Pairing {
    let mut pairing = Pairing::default();
    by_name(base, revision, &mut pairing);
    let (mut removed, mut added) = (base.inline(), revision.inline());
    matched(&mut removed, &mut added, |one, other| {
        equality.same_on(base.get(one), revision.get(other), trail)
    });
    let titled = matched(&mut removed, &mut added, |one, other| {
        let title = title(&base.trees[one]);
        !title.is_empty() && title == self::title(&revision.trees[other])
    });
    pairing.both.extend(titled);
    if let ([one], [other]) = (&removed[..], &added[..])
        && title(&base.trees[*one]).is_empty()
        && title(&revision.trees[*other]).is_empty()
    {
        pairing.both.push((*one, *other));
        removed.clear();
        added.clear();
    }
    pairing.removed.append(&mut removed);
    pairing.added.append(&mut added);
    let (mut removed, mut added) =
        (std::mem::take(&mut pairing.removed), std::mem::take(&mut pairing.added));
    matched(&mut removed, &mut added, |one, other| {
        let crosses =
            reference(&base.trees[one]).is_some() != reference(&revision.trees[other]).is_some();
        crosses && equality.same(base.get(one), revision.get(other), Sense::Checks)
    });
    Pairing { added, removed, both: pairing.both }
}

fn by_name<'a>(base: Branches<'a>, revision: Branches<'a>, pairing: &mut Pairing) {
    let (mut removed, mut added) = (base.references(), revision.references());
    let named = |branches: Branches<'a>, index: usize| reference(&branches.trees[index]);
    let both =
        matched(&mut removed, &mut added, |one, other| named(base, one) == named(revision, other));
    // Branches of one name have keywords beside the reference that differ: oasdiff holds each against the first of them.
    let first = |index| {
        let mut places = 0..revision.trees.len();
        places.find(|place| named(revision, *place) == named(revision, index)).unwrap_or(index)
    };
    pairing.both.extend(both.into_iter().map(|(one, other)| (one, first(other))));
    pairing.removed.extend(removed);
    pairing.added.extend(added);
}

/// Takes pairs that fit out of both lists, the first that fits each.
fn matched(
    removed: &mut Vec<usize>,
    added: &mut Vec<usize>,
    fits: impl Fn(usize, usize) -> bool,
) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    removed.retain(|one| {
        let place = added.iter().position(|other| fits(*one, *other));
        if let Some(place) = place {
            found.push((*one, added.remove(place)));
        }
        place.is_none()
    });
    found
}
