//! From a schema to the schemas in it.

use charter_avro::source::{Member, Tree};

use super::comparison::{At, Comparison, Pair, Site};
use super::document::Node;
use super::keywords::joined;
use super::pairing::{Branches, pair};
use super::rules::{self, Place};
use super::schema::Schema;
use super::types::{Typing, contains};

/// The pairs on the way from the site to a schema.
type Trail = Vec<(usize, usize)>;

/// Two versions of a schema as they are written.
type Written<'a> = (Node<'a>, Node<'a>);

impl<'a> Comparison<'_, 'a> {
    /// Compares two schemas and all that they hold.
    pub(crate) fn schemas(&mut self, site: &Site, written: Written<'a>) {
        self.descend(site, written, ("", ""), None, &mut Trail::new());
        self.witnesses(site);
    }

    fn descend(
        &mut self,
        site: &Site,
        written: Written<'a>,
        (path, name): (&str, &str),
        parent: Option<&Pair<'a>>,
        trail: &mut Trail,
    ) {
        let (base, revision) = (self.old.at(written.0), self.new.at(written.1));
        let Some(pair) = self.pair(site, &base, &revision, trail) else { return };
        trail.push((base.schema.node.address(), revision.schema.node.address()));
        self.way.push((base.schema.node, revision.schema.node));
        let at = At { site, path, name, pair: &pair, parent };
        let refuses = |node: Node<'a>| node.tree.as_bool() == Some(false);
        match (refuses(written.0), refuses(written.1)) {
            (false, true) => self.closed(&at, "type", "takes nothing any more"),
            (true, false) => self.opened(&at, "type", "took nothing, and does now"),
            (true, true) | (false, false) => {
                self.keywords(&at);
                self.properties(&at, trail);
                self.composed(&at, trail);
                self.end_of_items(&at);
                self.singles(&at, trail);
                self.named(&at, trail);
            }
        }
        self.way.pop();
        trail.pop();
    }

    /// Reports that no value is left at `key`.
    fn closed(&mut self, at: &At<'_, 'a>, key: &str, text: &str) {
        let request = at.site.place.is_request();
        let family = if request { &rules::TYPE_CHANGED } else { &rules::TYPE_SPECIALIZED };
        self.keyword(family, at, key, text);
    }

    /// Reports that there are values at `key`, where there were none.
    fn opened(&mut self, at: &At<'_, 'a>, key: &str, text: &str) {
        self.keyword(&rules::TYPE_GENERALIZED, at, key, text);
    }

    /// `items: false` refuses all items that `prefixItems` does not list.
    fn end_of_items(&mut self, at: &At<'_, 'a>) {
        let refused = |schema: &Schema<'a>| {
            schema.written("items").is_some_and(|node| node.tree.as_bool() == Some(false))
        };
        match (refused(&at.pair.base), refused(&at.pair.revision)) {
            (false, true) => self.closed(at, "items", "`items` is `false` now, and was not"),
            (true, false) => self.opened(at, "items", "`items` is not `false` any more"),
            (true, true) | (false, false) => {}
        }
    }

    fn properties(&mut self, at: &At<'_, 'a>, trail: &mut Trail) {
        let (base, revision) = (&at.pair.base, &at.pair.revision);
        for member in base.properties.iter().filter(|member| !member.value.is_null()) {
            match revision.property(&member.key) {
                Some(now) => {
                    let path = joined(at.path, &member.key);
                    let written = (base.within(&member.value), now);
                    self.descend(at.site, written, (&path, &member.key), Some(at.pair), trail);
                }
                None => self.property_removed(at, member),
            }
        }
        for member in revision.properties.iter().filter(|member| !member.value.is_null()) {
            if base.property(&member.key).is_none() {
                self.property_added(at, member);
            }
        }
    }

    fn property_removed(&mut self, at: &At<'_, 'a>, member: &'a Member) {
        let name = member.key.as_str();
        if at.pair.transition.moved.contains(&name) {
            return;
        }
        let was = self.old.at(at.pair.base.within(&member.value)).schema;
        let path = joined(at.path, name);
        let key = format!("properties/{}", escaped(name));
        let spot = (path.as_str(), key.as_str());
        let text = "gone";
        match (at.site.place, at.pair.base.requires(name), was.write_only) {
            (Place::RequestBody, _, _) if was.read_only => {}
            (Place::RequestBody, _, _) => {
                self.property(&rules::REMOVED, Place::RequestProperty, at, spot, text);
            }
            (Place::ResponseBody, true, false) => {
                self.keyword_single(&rules::RESPONSE_REQUIRED_REMOVED, at, spot, text);
            }
            (Place::ResponseBody, true, true) => {
                self.keyword_single(&rules::RESPONSE_REQUIRED_WRITE_ONLY_REMOVED, at, spot, text);
            }
            (Place::ResponseBody, false, false) => {
                self.keyword_single(&rules::RESPONSE_OPTIONAL_REMOVED, at, spot, text);
            }
            (Place::ResponseBody, false, true) => {
                self.keyword_single(&rules::RESPONSE_OPTIONAL_WRITE_ONLY_REMOVED, at, spot, text);
            }
            (Place::Parameter, _, _) => {
                self.property(&rules::REMOVED, Place::ParameterProperty, at, spot, text);
            }
            (
                Place::Header
                | Place::RequestProperty
                | Place::ParameterProperty
                | Place::ResponseProperty,
                _,
                _,
            ) => {}
        }
    }

    fn property_added(&mut self, at: &At<'_, 'a>, member: &'a Member) {
        let name = member.key.as_str();
        let now = self.new.at(at.pair.revision.within(&member.value)).schema;
        let path = joined(at.path, name);
        let key = format!("properties/{}", escaped(name));
        let spot = (path.as_str(), key.as_str());
        let required = at.pair.revision.requires(name);
        let text = if required { "new and required" } else { "new" };
        let rule = match (at.site.place, required) {
            (Place::RequestBody | Place::Parameter, _) if now.read_only => return,
            (Place::RequestBody, true) if now.default.is_some() => {
                &rules::NEW_REQUIRED_PROPERTY_WITH_DEFAULT
            }
            (Place::RequestBody, true) => &rules::NEW_REQUIRED_PROPERTY,
            (Place::RequestBody, false) => &rules::NEW_OPTIONAL_PROPERTY,
            (Place::ResponseBody, true) if now.write_only => {
                &rules::RESPONSE_REQUIRED_WRITE_ONLY_ADDED
            }
            (Place::ResponseBody, true) => &rules::RESPONSE_REQUIRED_ADDED,
            (Place::ResponseBody, false) if now.write_only => {
                &rules::RESPONSE_OPTIONAL_WRITE_ONLY_ADDED
            }
            (Place::ResponseBody, false) => &rules::RESPONSE_OPTIONAL_ADDED,
            (Place::Parameter, true) if at.site.header.is_some() => {
                &rules::HEADER_PROPERTY_NEW_REQUIRED
            }
            (Place::Parameter, true) => {
                let family = &rules::ADDED_REQUIRED_PROPERTY;
                return self.property(family, Place::ParameterProperty, at, spot, text);
            }
            (Place::Parameter, false) => {
                let family = &rules::ADDED_OPTIONAL_PROPERTY;
                return self.property(family, Place::ParameterProperty, at, spot, text);
            }
            (
                Place::Header
                | Place::RequestProperty
                | Place::ParameterProperty
                | Place::ResponseProperty,
                _,
            ) => return,
        };
        self.keyword_single(rule, at, spot, text);
    }

    fn composed(&mut self, at: &At<'_, 'a>, trail: &mut Trail) {
        let (base, revision) = (&at.pair.base, &at.pair.revision);
        let keys = [
            ("allOf", base.all_of, revision.all_of),
            ("anyOf", base.any_of, revision.any_of),
            ("oneOf", base.one_of, revision.one_of),
            ("prefixItems", base.prefix_items, revision.prefix_items),
        ];
        for (key, old, new) in keys {
            if old.is_empty() && new.is_empty() {
                continue;
            }
            let (old, new) = (Branches::new(base, old), Branches::new(revision, new));
            let pairing = pair(old, new, &self.equality, trail);
            self.branches(at, key, (old, new), &pairing);
            for (one, other) in pairing.both {
                let path = joined(at.path, &format!("{key}[{}]", new.name(other)));
                let written = (old.get(one), new.get(other));
                self.descend(at.site, written, (&path, ""), Some(at.pair), trail);
            }
        }
    }

    fn singles(&mut self, at: &At<'_, 'a>, trail: &mut Trail) {
        let (old, new) = (&at.pair.base.single, &at.pair.revision.single);
        let singles: [(&str, Option<&'a Tree>, Option<&'a Tree>); 11] = [
            ("items", old.items, new.items),
            ("additionalProperties", old.additional_properties, new.additional_properties),
            ("contains", old.contains, new.contains),
            ("propertyNames", old.property_names, new.property_names),
            ("unevaluatedItems", old.unevaluated_items, new.unevaluated_items),
            ("unevaluatedProperties", old.unevaluated_properties, new.unevaluated_properties),
            ("if", old.condition, new.condition),
            ("then", old.then, new.then),
            ("else", old.otherwise, new.otherwise),
            ("not", old.not, new.not),
            ("contentSchema", old.content_schema, new.content_schema),
        ];
        for (key, old, new) in singles {
            if let (Some(old), Some(new)) = (old, new) {
                let written = (at.pair.base.within(old), at.pair.revision.within(new));
                self.descend(at.site, written, (&joined(at.path, key), ""), Some(at.pair), trail);
            }
        }
    }

    fn named(&mut self, at: &At<'_, 'a>, trail: &mut Trail) {
        let (base, revision) = (&at.pair.base, &at.pair.revision);
        let maps = [
            ("patternProperties", base.pattern_properties, revision.pattern_properties),
            ("dependentSchemas", base.dependent_schemas, revision.dependent_schemas),
        ];
        for (key, old, new) in maps {
            for member in old {
                if let Some(other) = new.iter().find(|other| other.key == member.key) {
                    let path = joined(at.path, &format!("{key}[{}]", member.key));
                    let written = (base.within(&member.value), revision.within(&other.value));
                    self.descend(at.site, written, (&path, ""), Some(at.pair), trail);
                }
            }
        }
    }

    /// Whether a parameter that became an array still takes the single value that clients send: `?colour=red` is an
    /// array of one where values are repeated (OpenAPI, "Style Examples").
    pub(crate) fn takes_single_values(&self, at: &At<'_, 'a>) -> bool {
        let (base, revision) = (&at.pair.base, &at.pair.revision);
        let without_null = |types: &[&'a str]| -> Vec<&'a str> {
            types.iter().copied().filter(|name| *name != "null").collect()
        };
        let was = without_null(&base.types);
        let came = super::types::added(&base.types, &revision.types);
        if !at.site.repeats || without_null(&came) != ["array"] || was.is_empty() {
            return false;
        }
        let Some(items) = revision.single.items else { return false };
        let item = self.new.at(revision.within(items)).schema;
        contains(&without_null(&item.types), &was, Typing::Loose)
            && same_but_type(base.node, item.node)
    }
}

/// Whether two schemas check the same but for their types.
fn same_but_type(base: Node<'_>, revision: Node<'_>) -> bool {
    fn own(tree: &Tree) -> Vec<&Member> {
        let members = tree.as_object().unwrap_or_default().iter();
        members
            .filter(|member| {
                !matches!(member.key.as_str(), "type" | "nullable") && !member.value.is_null()
            })
            .filter(|member| !is_annotation(&member.key))
            .collect()
    }
    let (old, new) = (own(base.tree), own(revision.tree));
    old.len() == new.len()
        && old.iter().all(|member| {
            let found = new.iter().find(|other| other.key == member.key);
            found.is_some_and(|found| super::equal::equal_values(&member.value, &found.value))
        })
}

fn is_annotation(key: &str) -> bool {
    matches!(
        key,
        "title" | "description" | "default" | "example" | "examples" | "externalDocs" | "$comment"
    )
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
