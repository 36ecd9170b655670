//! What schemas with a name are made of: objects, enums, `oneOf`s, and others under another name.

use charter_avro::source::Tree;

use super::{COMPONENTS, Schemas, describe, text};
use crate::ir::{Object, OneOf, OneOfBranch, Property, SchemaShape, Variant};
use crate::names;
use crate::problem::{Problem, Problems};
use crate::rules;

impl Schemas<'_> {
    /// What a schema with a name is made of.
    pub(super) fn shape(
        &mut self,
        tree: &Tree,
        name: &str,
        problems: &mut Problems,
    ) -> SchemaShape {
        if tree.get("$ref").is_none() {
            if let Some(values) = tree.get("enum") {
                let _ = self.known(tree, problems);
                return SchemaShape::Enum(self.variants(values, problems));
            }
            if tree.get("discriminator").is_some() {
                let _ = self.known(tree, problems);
                return SchemaShape::OneOf(self.one_of(tree, problems));
            }
            if tree.get("properties").is_some()
                || tree.get("additionalProperties").and_then(Tree::as_bool) == Some(false)
            {
                let _ = self.known(tree, problems);
                return SchemaShape::Object(self.object(tree, name, problems));
            }
            if tree.get("oneOf").is_some() && tree.get("type").is_none() {
                self.document.misshapen("oneOf", "beside a `discriminator`", tree, problems);
                return SchemaShape::Object(Object::default());
            }
        }
        let alias = self.use_of(tree, name, problems);
        alias.map_or_else(|| SchemaShape::Object(Object::default()), SchemaShape::Alias)
    }

    fn variants(&mut self, values: &Tree, problems: &mut Problems) -> Vec<Variant> {
        let mut variants: Vec<Variant> = Vec::new();
        for value in values.as_array().unwrap_or_default() {
            let Some(symbol) = value.as_str() else {
                self.document.misshapen("a value of an enum", "a string", value, problems);
                continue;
            };
            let rust = names::upper(symbol);
            if let Some(other) = variants.iter().find(|variant| variant.rust == rust) {
                let message = format!(
                    "expected values that differ in Rust, found `{symbol}` and `{}`",
                    other.symbol
                );
                problems.push(Problem::new(&rules::NAME_CLASH, &self.document.at(value), message));
            }
            variants.push(Variant { symbol: symbol.to_owned(), rust, doc: None });
        }
        if variants.is_empty() {
            self.document.misshapen("enum", "a list of strings", values, problems);
        }
        variants
    }

    fn one_of(&mut self, tree: &Tree, problems: &mut Problems) -> OneOf {
        let document = self.document;
        let discriminator = tree.get("discriminator");
        let property =
            discriminator.and_then(|tree| tree.get("propertyName")).and_then(Tree::as_str);
        let mapping = discriminator
            .and_then(|tree| tree.get("mapping"))
            .and_then(Tree::as_object)
            .unwrap_or_default();
        let mut branches = Vec::new();
        for branch in tree.get("oneOf").and_then(Tree::as_array).unwrap_or_default() {
            let reference = branch.get("$ref").and_then(Tree::as_str);
            let found = reference.and_then(|text| Some((text, text.strip_prefix(COMPONENTS)?)));
            let Some((text, name, id)) =
                found.and_then(|(text, name)| Some((text, name, *self.names.get(name)?)))
            else {
                if branch.get("type").and_then(Tree::as_str) != Some("null") {
                    document.misshapen(
                        "a branch of `oneOf`",
                        "a `$ref` to an object",
                        branch,
                        problems,
                    );
                }
                continue;
            };
            let value = mapping.iter().find(|member| member.value.as_str() == Some(text));
            let value = value.map_or(name, |member| member.key.as_str());
            branches.push(OneOfBranch {
                value: value.to_owned(),
                rust: names::upper(value),
                schema: id,
            });
        }
        if property.is_none() || branches.is_empty() {
            document.misshapen(
                "oneOf",
                "a list of objects with `discriminator.propertyName`",
                tree,
                problems,
            );
        }
        OneOf { property: property.unwrap_or_default().to_owned(), branches }
    }

    fn object(&mut self, tree: &Tree, name: &str, problems: &mut Problems) -> Object {
        let document = self.document;
        let members = tree.get("properties").and_then(Tree::as_object).unwrap_or_default();
        let required = tree.get("required").and_then(Tree::as_array).unwrap_or_default();
        for item in required {
            if !members.iter().any(|member| Some(member.key.as_str()) == item.as_str()) {
                document.misshapen("required", "a list of properties", item, problems);
            }
        }
        let mut properties: Vec<Property> = Vec::new();
        for member in members {
            let origin = document.key_at(member);
            let inline = format!("{name}{}", names::upper(&member.key));
            describe(&member.value, &member.key, &origin, problems);
            let Some(schema) = self.use_of(&member.value, &inline, problems) else {
                self.broken.insert(document.at(tree));
                continue;
            };
            if let Some(fill) = member.value.get("x-fill") {
                if fill.as_str() != Some("uuid") {
                    document.misshapen("x-fill", "`uuid`", fill, problems);
                }
                self.fills.insert(origin.clone(), document.at(fill));
            }
            let rust = names::field(&member.key);
            if let Some(other) = properties.iter().find(|property| property.rust == rust) {
                let message = format!(
                    "expected properties that differ in Rust, found `{}` and `{}`: both are `{rust}`",
                    member.key, other.name
                );
                let problem = Problem::new(&rules::NAME_CLASH, &origin, message);
                problems
                    .push(problem.related(&other.origin, format!("`{}` stands here", other.name)));
            }
            properties.push(Property {
                name: member.key.clone(),
                rust,
                doc: text(&member.value, "description"),
                required: required.iter().any(|item| item.as_str() == Some(&member.key)),
                schema,
                origin,
            });
        }
        let count = tree.get("minProperties").and_then(Tree::as_u64);
        Object {
            properties,
            closed: tree.get("additionalProperties").and_then(Tree::as_bool) == Some(false),
            origin: document.at(tree),
            min_properties: count.and_then(|count| usize::try_from(count).ok()),
        }
    }
}
