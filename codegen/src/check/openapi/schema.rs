//! Schema objects, read once each.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use charter_avro::source::{Member, Tree, Value};
use regex::{Regex, RegexBuilder};

use super::document::{Node, Reader, reference};

/// The size of a compiled pattern: larger ones are not tried.
const MAX_PATTERN_BYTES: usize = 1 << 20;

/// A schema object's keywords. `null` counts as absent everywhere.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a keyword of its own")]
pub(crate) struct Schema<'a> {
    pub(crate) node: Node<'a>,
    /// What the `$ref` leads to, where keywords stand beside it.
    pub(crate) target: Option<Node<'a>>,
    /// The types of `type`, as listed.
    pub(crate) types: Vec<&'a str>,
    pub(crate) nullable: bool,
    pub(crate) format: &'a str,
    pub(crate) pattern: &'a str,
    pub(crate) title: &'a str,
    pub(crate) listed: Option<&'a [Tree]>,
    pub(crate) constant: Option<&'a Tree>,
    pub(crate) default: Option<&'a Tree>,
    pub(crate) maximum: Option<f64>,
    pub(crate) minimum: Option<f64>,
    pub(crate) exclusive_maximum: Option<Bound>,
    pub(crate) exclusive_minimum: Option<Bound>,
    pub(crate) multiple_of: Option<f64>,
    pub(crate) max_length: Option<u64>,
    pub(crate) min_length: u64,
    pub(crate) max_items: Option<u64>,
    pub(crate) min_items: u64,
    pub(crate) max_properties: Option<u64>,
    pub(crate) min_properties: u64,
    pub(crate) max_contains: Option<u64>,
    pub(crate) min_contains: Option<u64>,
    pub(crate) unique_items: bool,
    pub(crate) read_only: bool,
    pub(crate) write_only: bool,
    pub(crate) deprecated: bool,
    pub(crate) required: Vec<&'a str>,
    pub(crate) properties: &'a [Member],
    pub(crate) pattern_properties: &'a [Member],
    pub(crate) dependent_schemas: &'a [Member],
    pub(crate) dependent_required: &'a [Member],
    pub(crate) all_of: &'a [Tree],
    pub(crate) any_of: &'a [Tree],
    pub(crate) one_of: &'a [Tree],
    pub(crate) prefix_items: &'a [Tree],
    pub(crate) single: Singles<'a>,
    /// Whether properties that are not listed are refused: `additionalProperties: false`.
    pub(crate) closed: bool,
    pub(crate) content_media_type: &'a str,
    pub(crate) content_encoding: &'a str,
    pub(crate) discriminator: Option<Node<'a>>,
}

/// The keywords that hold one schema. Where one of them is a boolean, it is absent here.
#[derive(Debug, Default)]
pub(crate) struct Singles<'a> {
    pub(crate) items: Option<&'a Tree>,
    pub(crate) additional_properties: Option<&'a Tree>,
    pub(crate) contains: Option<&'a Tree>,
    pub(crate) property_names: Option<&'a Tree>,
    pub(crate) unevaluated_items: Option<&'a Tree>,
    pub(crate) unevaluated_properties: Option<&'a Tree>,
    pub(crate) condition: Option<&'a Tree>,
    pub(crate) then: Option<&'a Tree>,
    pub(crate) otherwise: Option<&'a Tree>,
    pub(crate) not: Option<&'a Tree>,
    pub(crate) content_schema: Option<&'a Tree>,
}

/// An exclusive bound: a flag beside the bound in OpenAPI 3.0, a number of its own in 3.1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bound {
    Flag(bool),
    Value(f64),
}

/// A schema where it is used.
#[derive(Clone, Debug)]
pub(crate) struct Use<'a> {
    /// What is written there.
    pub(crate) written: Node<'a>,
    pub(crate) schema: Rc<Schema<'a>>,
}

/// The schemas of a document, read when they are asked for.
#[derive(Debug)]
pub(crate) struct Schemas<'a> {
    pub(crate) reader: Reader<'a>,
    known: RefCell<HashMap<usize, Rc<Schema<'a>>>>,
    patterns: RefCell<HashMap<&'a str, Option<Regex>>>,
    /// How much looking for a value may still take.
    pub(crate) effort: Cell<u64>,
}

impl<'a> Schemas<'a> {
    pub(crate) fn new(reader: Reader<'a>) -> Self {
        Self {
            reader,
            known: RefCell::default(),
            patterns: RefCell::default(),
            effort: Cell::new(0),
        }
    }

    /// Takes from what looking for a value may take. Returns whether anything was left.
    pub(crate) fn spend(&self, effort: u64) -> bool {
        let left = self.effort.get();
        self.effort.set(left.saturating_sub(effort));
        left > 0
    }

    /// Whether `text` matches a pattern of the document; `None` where that cannot be told.
    pub(crate) fn matches(&self, pattern: &'a str, text: &str) -> Option<bool> {
        let mut patterns = self.patterns.borrow_mut();
        let regex = patterns.entry(pattern).or_insert_with(|| {
            RegexBuilder::new(pattern).size_limit(MAX_PATTERN_BYTES).build().ok()
        });
        regex.as_ref().map(|regex| regex.is_match(text))
    }

    /// The schema that stands at `node`; an empty one where a reference leads nowhere, which is noted.
    pub(crate) fn at(&self, node: Node<'a>) -> Use<'a> {
        let target = self.reader.resolve(node).unwrap_or(node);
        let beside = self.beside(node);
        let address = if beside.is_empty() { target.address() } else { node.address() };
        let known = self.known.borrow().get(&address).cloned();
        let schema = known.unwrap_or_else(|| {
            let mut schema = self.read(target);
            if !beside.is_empty() {
                schema.node = node;
                schema.target = Some(target);
            }
            for member in &beside {
                self.keyword(&mut schema, member);
            }
            let schema = Rc::new(schema);
            self.known.borrow_mut().insert(address, Rc::clone(&schema));
            schema
        });
        Use { written: node, schema }
    }

    /// The keywords beside the `$ref` that `node` is, which count in OpenAPI 3.1 and stand over those that it leads to.
    pub(crate) fn beside(&self, node: Node<'a>) -> Vec<&'a Member> {
        self.reader.document.beside(node)
    }

    /// Whether all that fits at `node` fits [`Self::at`] of it: not so where keywords beside a `$ref` say which properties
    /// or items others are about.
    pub(crate) fn is_bound_by(&self, node: Node<'a>) -> bool {
        let about_others = [
            "properties",
            "patternProperties",
            "additionalProperties",
            "unevaluatedProperties",
            "items",
            "prefixItems",
            "unevaluatedItems",
            "contains",
            "minContains",
            "maxContains",
            "if",
            "then",
            "else",
        ];
        self.beside(node).iter().all(|member| !about_others.contains(&member.key.as_str()))
    }

    /// What stands beside the `$ref` that `node` is, as a schema of its own.
    pub(crate) fn only_beside(&self, node: Node<'a>) -> Option<Schema<'a>> {
        let beside = self.beside(node);
        if beside.is_empty() {
            return None;
        }
        let mut schema = self.read(node);
        for member in beside {
            self.keyword(&mut schema, member);
        }
        Some(schema)
    }

    fn read(&self, node: Node<'a>) -> Schema<'a> {
        let mut schema = Schema {
            node,
            target: None,
            types: Vec::new(),
            nullable: false,
            format: "",
            pattern: "",
            title: "",
            listed: None,
            constant: None,
            default: None,
            maximum: None,
            minimum: None,
            exclusive_maximum: None,
            exclusive_minimum: None,
            multiple_of: None,
            max_length: None,
            min_length: 0,
            max_items: None,
            min_items: 0,
            max_properties: None,
            min_properties: 0,
            max_contains: None,
            min_contains: None,
            unique_items: false,
            read_only: false,
            write_only: false,
            deprecated: false,
            required: Vec::new(),
            properties: &[],
            pattern_properties: &[],
            dependent_schemas: &[],
            dependent_required: &[],
            all_of: &[],
            any_of: &[],
            one_of: &[],
            prefix_items: &[],
            single: Singles::default(),
            closed: false,
            content_media_type: "",
            content_encoding: "",
            discriminator: None,
        };
        match &node.tree.value {
            Value::Object(members) if reference(node.tree).is_none() => {
                for member in members.iter().filter(|member| !member.value.is_null()) {
                    self.keyword(&mut schema, member);
                }
            }
            // A reference that leads nowhere, which is noted; `true`, which is the empty schema; `false`.
            Value::Object(_) | Value::Bool(_) => {}
            Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                self.reader.misshapen(node, "schema", "an object");
            }
        }
        schema
    }

    fn keyword(&self, schema: &mut Schema<'a>, member: &'a Member) {
        let read = Keyword { schemas: self, file: schema.node.file, member };
        let single = &mut schema.single;
        match member.key.as_str() {
            "type" => schema.types = read.types(),
            "nullable" => schema.nullable = read.flag(),
            "format" => schema.format = read.text(),
            "pattern" => schema.pattern = read.text(),
            "title" => schema.title = read.text(),
            "enum" => schema.listed = Some(read.list()),
            "const" => schema.constant = Some(&member.value),
            "default" => schema.default = Some(&member.value),
            "maximum" => schema.maximum = read.number(),
            "minimum" => schema.minimum = read.number(),
            "exclusiveMaximum" => schema.exclusive_maximum = read.bound(),
            "exclusiveMinimum" => schema.exclusive_minimum = read.bound(),
            "multipleOf" => schema.multiple_of = read.number(),
            "maxLength" => schema.max_length = read.count(),
            "minLength" => schema.min_length = read.count().unwrap_or_default(),
            "maxItems" => schema.max_items = read.count(),
            "minItems" => schema.min_items = read.count().unwrap_or_default(),
            "maxProperties" => schema.max_properties = read.count(),
            "minProperties" => schema.min_properties = read.count().unwrap_or_default(),
            "maxContains" => schema.max_contains = read.count(),
            "minContains" => schema.min_contains = read.count(),
            "uniqueItems" => schema.unique_items = read.flag(),
            "readOnly" => schema.read_only = read.flag(),
            "writeOnly" => schema.write_only = read.flag(),
            "deprecated" => schema.deprecated = read.flag(),
            "required" => schema.required = read.names(),
            "properties" => schema.properties = read.members(),
            "patternProperties" => schema.pattern_properties = read.members(),
            "dependentSchemas" => schema.dependent_schemas = read.members(),
            "dependentRequired" => schema.dependent_required = read.members(),
            "allOf" => schema.all_of = read.list(),
            "anyOf" => schema.any_of = read.list(),
            "oneOf" => schema.one_of = read.list(),
            "prefixItems" => schema.prefix_items = read.list(),
            "additionalProperties" => {
                schema.closed = member.value.as_bool() == Some(false);
                single.additional_properties = read.schema();
            }
            "items" => single.items = read.schema(),
            "contains" => single.contains = read.schema(),
            "propertyNames" => single.property_names = read.schema(),
            "unevaluatedItems" => single.unevaluated_items = read.schema(),
            "unevaluatedProperties" => single.unevaluated_properties = read.schema(),
            "if" => single.condition = read.schema(),
            "then" => single.then = read.schema(),
            "else" => single.otherwise = read.schema(),
            "not" => single.not = read.schema(),
            "contentSchema" => single.content_schema = read.schema(),
            "contentMediaType" => schema.content_media_type = read.text(),
            "contentEncoding" => schema.content_encoding = read.text(),
            "discriminator" => schema.discriminator = Some(schema.node.within(&member.value)),
            _ => {}
        }
    }
}

impl<'a> Schema<'a> {
    /// A schema that one of the keywords holds, with the file that it stands in: that of the `$ref`, where the keyword
    /// stands beside one, else that of what it leads to.
    pub(crate) fn within(&self, tree: &'a Tree) -> Node<'a> {
        let Some(target) = self.target.filter(|target| target.file != self.node.file) else {
            return self.node.within(tree);
        };
        let is = |other: &Tree| std::ptr::eq(other, tree);
        let members = self.node.tree.as_object().unwrap_or_default();
        let own = members.iter().any(|member| {
            let items = member.value.as_array().unwrap_or_default();
            let named = member.value.as_object().unwrap_or_default();
            is(&member.value)
                || items.iter().any(is)
                || named.iter().any(|member| is(&member.value))
        });
        if own { self.node.within(tree) } else { target.within(tree) }
    }

    /// What is written at `key`: beside the `$ref`, or where it leads to.
    pub(crate) fn written(&self, key: &str) -> Option<Node<'a>> {
        self.node.get(key).or_else(|| self.target?.get(key))
    }

    /// The property `name`.
    pub(crate) fn property(&self, name: &str) -> Option<Node<'a>> {
        let member =
            self.properties.iter().find(|member| member.key == name && !member.value.is_null());
        member.map(|member| self.within(&member.value))
    }

    pub(crate) fn requires(&self, name: &str) -> bool {
        self.required.contains(&name)
    }

    /// Whether `null` is listed as a type, or allowed as OpenAPI 3.0 says it.
    pub(crate) fn takes_null(&self) -> bool {
        self.nullable || self.types.contains(&"null")
    }
}

/// One keyword, read with notes on what has the wrong shape.
struct Keyword<'s, 'a> {
    schemas: &'s Schemas<'a>,
    file: u32,
    member: &'a Member,
}

impl<'a> Keyword<'_, 'a> {
    fn misshapen(&self, tree: &'a Tree, expected: &str) {
        let node = Node { tree, file: self.file };
        self.schemas.reader.misshapen(node, &self.member.key, expected);
    }

    fn expect<T>(&self, found: Option<T>, expected: &str) -> Option<T> {
        if found.is_none() {
            self.misshapen(&self.member.value, expected);
        }
        found
    }

    fn text(&self) -> &'a str {
        self.expect(self.member.value.as_str(), "a string").unwrap_or_default()
    }

    fn flag(&self) -> bool {
        self.expect(self.member.value.as_bool(), "a boolean").unwrap_or_default()
    }

    fn number(&self) -> Option<f64> {
        self.expect(
            self.member.value.as_number().map(charter_avro::source::Number::as_f64),
            "a number",
        )
    }

    /// A count; `10.0` counts as 10, for so some tools write it.
    fn count(&self) -> Option<u64> {
        let number = self.member.value.as_number();
        let count = number.and_then(|number| {
            let whole = Some(number.as_f64())
                .filter(|value| value.fract() == 0.0 && (0.0..9.0e15).contains(value));
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "within 0..2^53 and whole"
            )]
            number.as_u64().or(whole.map(|value| value as u64))
        });
        self.expect(count, "a number from 0")
    }

    fn bound(&self) -> Option<Bound> {
        let value = &self.member.value;
        let flag = value.as_bool().map(Bound::Flag);
        let bound = flag.or_else(|| value.as_number().map(|number| Bound::Value(number.as_f64())));
        self.expect(bound, "a number or a boolean")
    }

    fn list(&self) -> &'a [Tree] {
        self.expect(self.member.value.as_array(), "an array").unwrap_or_default()
    }

    fn members(&self) -> &'a [Member] {
        self.expect(self.member.value.as_object(), "an object").unwrap_or_default()
    }

    fn names(&self) -> Vec<&'a str> {
        let names = self.list().iter().filter_map(|item| {
            if item.as_str().is_none() {
                self.misshapen(item, "an array of strings");
            }
            item.as_str()
        });
        names.collect()
    }

    fn types(&self) -> Vec<&'a str> {
        match self.member.value.as_str() {
            Some(one) => vec![one],
            None if self.member.value.as_array().is_some() => self.names(),
            None => {
                self.misshapen(&self.member.value, "a string or an array of strings");
                Vec::new()
            }
        }
    }

    fn schema(&self) -> Option<&'a Tree> {
        match &self.member.value.value {
            Value::Object(_) => Some(&self.member.value),
            Value::Bool(_) | Value::Null => None,
            Value::Number(_) | Value::String(_) | Value::Array(_) => {
                self.misshapen(&self.member.value, "a schema");
                None
            }
        }
    }
}
