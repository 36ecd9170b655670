//! A schema back to JSON, self-contained.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::{Field, FullName, Kind, Logical, NodeId, Order, Schema};
use crate::source::Member;

impl Schema {
    /// The whole schema as JSON: a name is defined where it is first used and referred to from then on. Docs,
    /// defaults, aliases, logical types and unknown attributes are kept.
    #[must_use]
    pub fn to_json(&self) -> Value {
        self.to_json_without(&[])
    }

    /// As [`Schema::to_json`], without the unknown attributes of these names, for example `charter`.
    #[must_use]
    pub fn to_json_without(&self, attributes: &[&str]) -> Value {
        let mut writer = Writer { schema: self, dropped: attributes, defined: HashSet::new() };
        writer.schema(self.root(), None)
    }
}

struct Writer<'a> {
    schema: &'a Schema,
    dropped: &'a [&'a str],
    defined: HashSet<NodeId>,
}

impl<'a> Writer<'a> {
    fn schema(&mut self, id: NodeId, namespace: Option<&str>) -> Value {
        let node = self.schema.node(id);
        if let Some(name) = node.kind.name()
            && !self.defined.insert(id)
        {
            return reference(name, namespace).into();
        }
        let mut object = Map::new();
        match &node.kind {
            Kind::Union { branches } => {
                return branches.iter().map(|branch| self.schema(*branch, namespace)).collect();
            }
            Kind::Array { items } => {
                object.insert("type".to_owned(), "array".into());
                object.insert("items".to_owned(), self.schema(*items, namespace));
            }
            Kind::Map { values } => {
                object.insert("type".to_owned(), "map".into());
                object.insert("values".to_owned(), self.schema(*values, namespace));
            }
            Kind::Record(record) => {
                let word = if record.is_error { "error" } else { "record" };
                named(
                    &mut object,
                    word,
                    &record.name,
                    namespace,
                    record.doc.as_deref(),
                    &record.aliases,
                );
                let fields = record
                    .fields
                    .iter()
                    .map(|field| self.field(field, record.name.namespace()))
                    .collect();
                object.insert("fields".to_owned(), fields);
            }
            Kind::Enum(kind) => {
                named(
                    &mut object,
                    "enum",
                    &kind.name,
                    namespace,
                    kind.doc.as_deref(),
                    &kind.aliases,
                );
                object.insert("symbols".to_owned(), kind.symbols.clone().into());
                if let Some(default) = &kind.default {
                    object.insert("default".to_owned(), default.clone().into());
                }
            }
            Kind::Fixed(fixed) => {
                named(
                    &mut object,
                    "fixed",
                    &fixed.name,
                    namespace,
                    fixed.doc.as_deref(),
                    &fixed.aliases,
                );
                object.insert("size".to_owned(), fixed.size.into());
            }
            Kind::Null
            | Kind::Boolean
            | Kind::Int
            | Kind::Long
            | Kind::Float
            | Kind::Double
            | Kind::Bytes
            | Kind::String => {
                object.insert("type".to_owned(), node.kind.type_name().into());
            }
        }
        if let Some(logical) = node.logical {
            object.insert("logicalType".to_owned(), logical.as_str().into());
            if let Logical::Decimal { precision, scale } = logical {
                object.insert("precision".to_owned(), precision.into());
                object.insert("scale".to_owned(), scale.into());
            }
        }
        self.attributes(&mut object, &node.attributes);
        if object.len() == 1 && node.kind.name().is_none() {
            return node.kind.type_name().into();
        }
        Value::Object(object)
    }

    fn field(&mut self, field: &'a Field, namespace: Option<&str>) -> Value {
        let mut object = Map::new();
        object.insert("name".to_owned(), field.name.clone().into());
        if let Some(doc) = &field.doc {
            object.insert("doc".to_owned(), doc.clone().into());
        }
        object.insert("type".to_owned(), self.schema(field.schema, namespace));
        if let Some(default) = &field.default {
            object.insert("default".to_owned(), default.to_json());
        }
        if field.order != Order::Ascending {
            object.insert("order".to_owned(), field.order.as_str().into());
        }
        if !field.aliases.is_empty() {
            object.insert("aliases".to_owned(), field.aliases.clone().into());
        }
        self.attributes(&mut object, &field.attributes);
        Value::Object(object)
    }

    fn attributes(&self, object: &mut Map<String, Value>, attributes: &[Member]) {
        for member in
            attributes.iter().filter(|member| !self.dropped.contains(&member.key.as_str()))
        {
            object.insert(member.key.clone(), member.value.to_json());
        }
    }
}

fn named(
    object: &mut Map<String, Value>,
    word: &str,
    name: &FullName,
    enclosing: Option<&str>,
    doc: Option<&str>,
    aliases: &[FullName],
) {
    object.insert("type".to_owned(), word.into());
    object.insert("name".to_owned(), name.name().into());
    // Written at each definition, so that none depends on what stands around it.
    if name.namespace().is_some() || enclosing.is_some() {
        object.insert("namespace".to_owned(), name.namespace().unwrap_or_default().into());
    }
    if let Some(doc) = doc {
        object.insert("doc".to_owned(), doc.into());
    }
    if !aliases.is_empty() {
        let own = name.namespace();
        object.insert(
            "aliases".to_owned(),
            aliases.iter().map(|alias| reference(alias, own)).collect(),
        );
    }
}

/// How `name` is referred to inside `namespace`. A leading dot says "in no namespace" where a bare name would not.
fn reference(name: &FullName, namespace: Option<&str>) -> String {
    match (name.namespace(), namespace) {
        (None, Some(_)) => format!(".{name}"),
        _ => name.to_string(),
    }
}
