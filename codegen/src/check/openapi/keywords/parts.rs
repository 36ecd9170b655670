//! The schemas that a schema is put together from: held ones, conditions, branches, discriminators.

use charter_avro::source::{Member, Tree};

use super::super::comparison::{At, Comparison};
use super::super::document::Node;
use super::super::equal::checks_nothing_but;
use super::super::pairing::{Branches, Pairing};
use super::super::rules::{self, Family};
use super::super::schema::{Schema, Schemas};
use super::super::types::added;
use super::quoted;

/// A keyword that holds a schema: in the base, in the revision, and the rules for one that came and one that went.
type Row<'a> = (&'a str, Option<&'a Tree>, Option<&'a Tree>, [&'static Family; 2]);

impl<'a> Comparison<'_, 'a> {
    pub(super) fn held(&mut self, at: &At<'_, 'a>) {
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

    pub(super) fn conditions(&mut self, at: &At<'_, 'a>) {
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

    pub(super) fn discriminator(&mut self, at: &At<'_, 'a>) {
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
        let mapping = |node: Node<'a>| -> Vec<(&'a str, &'a str)> {
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
        let split = |branches: Branches<'a>, indices: &[usize], schemas: &Schemas<'a>| {
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
