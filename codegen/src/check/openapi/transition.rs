//! Changes that are one to a person and many to a comparison keyword by keyword: a schema that became nullable by way
//! of a `oneOf`, an object that became a `oneOf` of objects, a type that became a list of types, a `null` among the
//! types. What such a change explains is not reported again.

use charter_avro::source::Tree;

use super::document::Node;
use super::equal::{Equality, checks_nothing_but};
use super::rules::{self, Family, Place};
use super::schema::{Schema, Schemas};
use super::types::{TypeChange, TypeList, added};
use crate::check::change::Kind;

/// What happened to a schema as a whole.
#[derive(Debug, Default)]
pub(crate) struct Transition<'a> {
    /// It was wrapped in `oneOf: [{type: null}, …]` (`true`), or unwrapped (`false`).
    pub(crate) null_wrapping: Option<bool>,
    /// The properties of an object that became a `oneOf` and that some branch of it has.
    pub(crate) moved: Vec<&'a str>,
    /// Types that came, and types that went, where both versions are lists of types.
    pub(crate) types: Option<(Vec<&'a str>, Vec<&'a str>)>,
    only_null: bool,
}

impl<'a> Transition<'a> {
    pub(crate) fn new(
        base: &Schema<'a>,
        revision: &Schema<'a>,
        (old, new): (&Schemas<'a>, &Schemas<'a>),
        equality: &Equality<'_, 'a>,
    ) -> Self {
        let wrapped = is_wrapped(base, revision, new, equality, false);
        let unwrapped = !wrapped && is_wrapped(revision, base, old, equality, true);
        Self {
            null_wrapping: (wrapped || unwrapped).then_some(wrapped),
            moved: moved(base, revision, new),
            types: lists(base, revision, old, new),
            only_null: TypeChange { base, revision }.only_null(),
        }
    }

    /// Whether a finding of `family` is told already by the transition.
    pub(crate) fn explains(&self, family: &Family, place: Place) -> bool {
        let is = |known: &[&Family]| known.iter().any(|other| std::ptr::eq(*other, family));
        let nullable = is(&[&rules::BECAME_NULLABLE, &rules::BECAME_NOT_NULLABLE]);
        let structural = matches!(family.kind, Kind::Type | Kind::Structure);
        let wrapping = self.null_wrapping.is_some() && !nullable && self.explains_kind(family.kind);
        // Of a property there is no rule for the whole, so that the new branches stand for it.
        let in_property = matches!(place, Place::RequestProperty | Place::ResponseProperty);
        let reports =
            is(&[&rules::WRAPPED_IN_ONE_OF]) || (in_property && is(&[&rules::ONE_OF_ADDED]));
        let objects = !self.moved.is_empty() && structural && !reports;
        let list = self.types.is_some()
            && structural
            && !is(&[&rules::TYPES_NARROWED, &rules::TYPES_WIDENED]);
        let null = self.only_null && family.kind == Kind::Type && !nullable;
        wrapping || objects || list || null
    }

    /// Whether findings of this kind are told already by a wrapping with `null`.
    pub(crate) fn explains_kind(&self, kind: Kind) -> bool {
        let told = match kind {
            Kind::Type
            | Kind::Values
            | Kind::Constraints
            | Kind::Structure
            | Kind::Existence
            | Kind::Requiredness => true,
            Kind::Mutability | Kind::Lifecycle => false,
        };
        told && self.null_wrapping.is_some()
    }
}

/// Whether `wrapped` is `oneOf: [{type: null}, plain]`.
fn is_wrapped<'a>(
    plain: &Schema<'a>,
    wrapped: &Schema<'a>,
    schemas: &Schemas<'a>,
    equality: &Equality<'_, 'a>,
    swapped: bool,
) -> bool {
    let composed = !(plain.one_of.is_empty() && plain.any_of.is_empty() && plain.all_of.is_empty())
        || plain.single.not.is_some();
    // A schema that took null already would refuse it when wrapped: both branches would fit.
    if composed || plain.takes_null() || wrapped.one_of.len() != 2 {
        return false;
    }
    if !checks_nothing_but(wrapped.node.tree, &["oneOf"]) {
        return false;
    }
    let is_null = |tree: &'a Tree| {
        let branch = schemas.at(wrapped.within(tree)).schema;
        branch.types == ["null"] && checks_nothing_but(branch.node.tree, &["type"])
    };
    let payload: Vec<&Tree> = wrapped.one_of.iter().filter(|tree| !is_null(tree)).collect();
    let [payload] = payload[..] else { return false };
    equality.same_checks(plain.node, wrapped.within(payload), swapped)
}

/// The properties of `base`, an object, that a branch of `revision` has, which is nothing but a `oneOf`.
fn moved<'a>(base: &Schema<'a>, revision: &Schema<'a>, schemas: &Schemas<'a>) -> Vec<&'a str> {
    let object = base.one_of.is_empty() && !base.properties.is_empty();
    let wrapper =
        !revision.one_of.is_empty() && revision.properties.is_empty() && revision.types.is_empty();
    if !object || !wrapper {
        return Vec::new();
    }
    let branches: Vec<_> =
        revision.one_of.iter().map(|tree| schemas.at(revision.within(tree)).schema).collect();
    base.properties
        .iter()
        .map(|member| member.key.as_str())
        .filter(|name| branches.iter().any(|branch| branch.property(name).is_some()))
        .collect()
}

/// The types that came and went, where both versions are lists of types and one of them is written with branches.
fn lists<'a>(
    base: &Schema<'a>,
    revision: &Schema<'a>,
    old: &Schemas<'a>,
    new: &Schemas<'a>,
) -> Option<(Vec<&'a str>, Vec<&'a str>)> {
    if base.one_of.is_empty()
        && base.any_of.is_empty()
        && revision.one_of.is_empty()
        && revision.any_of.is_empty()
    {
        return None;
    }
    let (base, revision) = (list(base, old)?, list(revision, new)?);
    if !base.branched && !revision.branched {
        return None;
    }
    let (came, went) = (added(&base.types, &revision.types), added(&revision.types, &base.types));
    // As many branches as before, and none of a new type: branches of one type count as they are many.
    if base.types.len() == revision.types.len() && came.is_empty() {
        return None;
    }
    (!came.is_empty() || !went.is_empty()).then_some((came, went))
}

fn list<'a>(schema: &Schema<'a>, schemas: &Schemas<'a>) -> Option<TypeList<'a>> {
    if schema.single.not.is_some() || !schema.all_of.is_empty() || !schema.properties.is_empty() {
        return None;
    }
    if let Some(first) = schema.types.first() {
        return Some(TypeList { types: vec![first], branched: false });
    }
    let branches = |trees: &'a [Tree]| -> Option<Vec<&'a str>> {
        let types = trees.iter().map(|tree| plain_type(schema.within(tree), schemas));
        types.collect::<Option<Vec<_>>>().filter(|types| !types.is_empty())
    };
    let types = branches(schema.one_of).or_else(|| branches(schema.any_of))?;
    Some(TypeList { types, branched: true })
}

/// The one type of a schema that has neither properties nor branches.
fn plain_type<'a>(node: Node<'a>, schemas: &Schemas<'a>) -> Option<&'a str> {
    let schema = schemas.at(node).schema;
    let simple = schema.properties.is_empty()
        && schema.one_of.is_empty()
        && schema.any_of.is_empty()
        && schema.all_of.is_empty();
    match schema.types[..] {
        [one] if simple => Some(one),
        _ => None,
    }
}
