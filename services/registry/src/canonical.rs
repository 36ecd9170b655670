//! The text under which a schema is stored, the same however the sender laid it out.
//!
//! As Confluent's registry, which stores what Avro Java's `Schema.toString` writes: attributes in
//! one order, names split from namespaces, a namespace left out where it is the enclosing one,
//! `"order": "ascending"` left out, no white space. Unlike Parsing Canonical Form it keeps docs,
//! defaults, aliases, logical types and every other attribute: those are what people register
//! schemas for. Names are short within their namespace, which some clients count on when they put
//! references in (`schema_registry_converter` 6 finds them in no other way).

use std::collections::HashSet;

use serde_json::{Map, Value};

/// How far two texts may differ and still be one schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// In layout only.
    Registered,
    /// Also in the order of attributes and aliases, empty docs and a scale of 0: what `normalize`
    /// asks for.
    Normalized,
}

/// Writes a schema in a form. `known` are the full names that its references define.
///
/// The schema has been parsed: what is not a schema comes out as it is.
pub(crate) fn canonical(schema: &Value, mut known: HashSet<String>, form: Form) -> Value {
    // A name may be used before it is defined, so the definitions are collected first.
    collect_names(schema, &mut known);
    Writer { form, known }.schema(schema, "")
}

/// Adds the full names that a schema defines to `names`.
pub(crate) fn collect_names(schema: &Value, names: &mut HashSet<String>) {
    let mut writer = Writer { form: Form::Registered, known: std::mem::take(names) };
    writer.schema(schema, "");
    *names = writer.known;
}

const PRIMITIVES: [&str; 8] =
    ["null", "boolean", "int", "long", "float", "double", "bytes", "string"];

/// Whether a name alone would be read as something else.
fn is_type_word(name: &str) -> bool {
    PRIMITIVES.contains(&name)
        || matches!(name, "record" | "error" | "enum" | "fixed" | "array" | "map" | "union")
}

struct Writer {
    form: Form,
    /// Full names that can be referred to.
    known: HashSet<String>,
}

/// A name taken apart.
struct Name {
    space: String,
    simple: String,
}

impl Name {
    /// Avro 1.12, "Names": a dotted name is a full name, else `namespace`, else the enclosing one.
    fn of(object: &Map<String, Value>, enclosing: &str) -> Self {
        let name = object.get("name").and_then(Value::as_str).unwrap_or_default();
        let space = object.get("namespace").and_then(Value::as_str).unwrap_or(enclosing);
        match name.rsplit_once('.') {
            Some((space, simple)) => Self { space: space.to_owned(), simple: simple.to_owned() },
            None => Self { space: space.to_owned(), simple: name.to_owned() },
        }
    }

    fn full(&self) -> String {
        qualify(&self.simple, &self.space)
    }
}

fn qualify(name: &str, space: &str) -> String {
    if space.is_empty() || name.contains('.') { name.to_owned() } else { format!("{space}.{name}") }
}

impl Writer {
    fn schema(&mut self, schema: &Value, enclosing: &str) -> Value {
        match schema {
            Value::String(name) => self.reference(name, enclosing),
            Value::Array(branches) => {
                branches.iter().map(|branch| self.schema(branch, enclosing)).collect()
            }
            Value::Object(object) => self.object(object, enclosing),
            Value::Null | Value::Bool(_) | Value::Number(_) => schema.clone(),
        }
    }

    fn reference(&self, name: &str, enclosing: &str) -> Value {
        if PRIMITIVES.contains(&name) {
            return name.into();
        }
        let full = qualify(name, enclosing);
        if !self.known.contains(&full) && self.known.contains(name) {
            return name.into();
        }
        match full.rsplit_once('.') {
            Some((space, simple)) if space == enclosing && !is_type_word(simple) => simple.into(),
            Some(_) | None => full.into(),
        }
    }

    fn object(&mut self, object: &Map<String, Value>, enclosing: &str) -> Value {
        let Some(kind) = object.get("type") else { return object.clone().into() };
        match kind.as_str() {
            Some("record" | "error") => self.record(object, enclosing),
            Some("enum") => self.named(object, enclosing, &["symbols", "default"]),
            Some("fixed") => self.named(object, enclosing, &["size"]),
            Some("array") => self.container(object, enclosing, "items"),
            Some("map") => self.container(object, enclosing, "values"),
            Some(name) if PRIMITIVES.contains(&name) => {
                let rest = self.attributes(object, &["type"]);
                if rest.is_empty() {
                    return name.into();
                }
                let mut out = Map::from_iter([("type".to_owned(), name.into())]);
                out.extend(rest);
                out.into()
            }
            // A reference, or a schema for a type, takes no attributes (Avro Java drops them).
            Some(_) | None => self.schema(kind, enclosing),
        }
    }

    fn record(&mut self, object: &Map<String, Value>, enclosing: &str) -> Value {
        let name = Name::of(object, enclosing);
        let mut out = self.head(object, &name, enclosing);
        let fields = object.get("fields").and_then(Value::as_array);
        let fields: Vec<Value> = fields
            .into_iter()
            .flatten()
            .filter_map(Value::as_object)
            .map(|field| self.field(field, &name.space))
            .collect();
        out.insert("fields".to_owned(), fields.into());
        out.extend(
            self.attributes(object, &["type", "name", "namespace", "doc", "fields", "aliases"]),
        );
        self.aliases(object, &name.space, &mut out);
        out.into()
    }

    fn field(&mut self, field: &Map<String, Value>, space: &str) -> Value {
        let mut out = Map::new();
        copy(field, "name", &mut out);
        if let Some(schema) = field.get("type") {
            out.insert("type".to_owned(), self.schema(schema, space));
        }
        copy(field, "doc", &mut out);
        copy(field, "default", &mut out);
        if field.get("order").is_some_and(|order| order != "ascending") {
            copy(field, "order", &mut out);
        }
        self.aliases(field, "", &mut out);
        out.extend(self.attributes(field, &["name", "type", "doc", "default", "order", "aliases"]));
        out.into()
    }

    /// An enum or a fixed.
    fn named(&mut self, object: &Map<String, Value>, enclosing: &str, own: &[&str]) -> Value {
        let name = Name::of(object, enclosing);
        let mut out = self.head(object, &name, enclosing);
        for key in own {
            copy(object, key, &mut out);
        }
        let known = ["type", "name", "namespace", "doc", "aliases"];
        out.extend(self.attributes(object, &[&known, own].concat()));
        self.aliases(object, &name.space, &mut out);
        out.into()
    }

    /// What records, enums and fixed begin with. From here on the name is known.
    fn head(
        &mut self,
        object: &Map<String, Value>,
        name: &Name,
        enclosing: &str,
    ) -> Map<String, Value> {
        self.known.insert(name.full());
        let mut out = Map::new();
        copy(object, "type", &mut out);
        out.insert("name".to_owned(), name.simple.as_str().into());
        if name.space != enclosing {
            out.insert("namespace".to_owned(), name.space.as_str().into());
        }
        if self.form == Form::Registered || object.get("doc").is_some_and(|doc| doc != "") {
            copy(object, "doc", &mut out);
        }
        out
    }

    fn container(&mut self, object: &Map<String, Value>, enclosing: &str, of: &str) -> Value {
        let mut out = Map::new();
        copy(object, "type", &mut out);
        if let Some(inner) = object.get(of) {
            out.insert(of.to_owned(), self.schema(inner, enclosing));
        }
        out.extend(self.attributes(object, &["type", of]));
        out.into()
    }

    /// The attributes that have no place of their own.
    fn attributes(&self, object: &Map<String, Value>, placed: &[&str]) -> Map<String, Value> {
        let mut rest: Vec<(String, Value)> = object
            .iter()
            .filter(|(key, _)| !placed.contains(&key.as_str()))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        if self.form == Form::Normalized {
            let is_decimal = object.get("logicalType").is_some_and(|logical| logical == "decimal");
            rest.retain(|(key, value)| !(is_decimal && key == "scale" && value == 0));
            rest.sort_by(|(a, _), (b, _)| a.cmp(b));
        }
        rest.into_iter().collect()
    }

    /// Aliases, short where they are in the namespace of what they rename.
    fn aliases(&self, object: &Map<String, Value>, space: &str, out: &mut Map<String, Value>) {
        let Some(aliases) = object.get("aliases").and_then(Value::as_array) else { return };
        let mut aliases: Vec<String> = aliases
            .iter()
            .filter_map(Value::as_str)
            .map(|alias| match alias.rsplit_once('.') {
                Some((own, simple)) if own == space => simple.to_owned(),
                Some(_) | None => alias.to_owned(),
            })
            .collect();
        if self.form == Form::Normalized {
            aliases.sort_unstable();
        }
        if !aliases.is_empty() {
            out.insert("aliases".to_owned(), aliases.into());
        }
    }
}

fn copy(from: &Map<String, Value>, key: &str, to: &mut Map<String, Value>) {
    if let Some(value) = from.get(key) {
        to.insert(key.to_owned(), value.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(schema: &str, form: Form) -> String {
        let schema = serde_json::from_str(schema).expect("json");
        canonical(&schema, HashSet::new(), form).to_string()
    }

    #[test]
    fn layout_and_attribute_order_do_not_matter() {
        let expected = r#"{"type":"record","name":"Order","namespace":"shop","doc":"d","fields":[{"name":"id","type":"long","doc":"x","default":0,"unit":"none"}],"charter":{"kind":"event"}}"#;
        for text in [
            r#"{"fields":[{"unit":"none","default":0,"order":"ascending","doc":"x","type":{"type":"long"},"name":"id"}],
                "charter":{"kind":"event"},"doc":"d","namespace":"shop","name":"Order","type":"record"}"#,
            r#"{"type":"record","name":"shop.Order","doc":"d","charter":{"kind":"event"},"aliases":[],
                "fields":[{"name":"id","type":"long","doc":"x","default":0,"unit":"none"}]}"#,
        ] {
            assert_eq!(write(text, Form::Registered), expected);
        }
    }

    #[test]
    fn an_enclosing_namespace_is_left_out_of_definitions_and_uses() {
        let explicit = r#"{"type":"record","name":"A","namespace":"n","fields":[
            {"name":"b","type":{"type":"record","name":"B","namespace":"n","fields":[]}},
            {"name":"c","type":["null","n.B"]},
            {"name":"d","type":{"type":"enum","name":"E","namespace":"","symbols":["X"]}},
            {"name":"e","type":["E",{"type":"array","items":{"type":"fixed","name":"m.int","size":1}},"m.int"]}]}"#;
        assert_eq!(
            write(explicit, Form::Registered),
            r#"{"type":"record","name":"A","namespace":"n","fields":[{"name":"b","type":{"type":"record","name":"B","fields":[]}},{"name":"c","type":["null","B"]},{"name":"d","type":{"type":"enum","name":"E","namespace":"","symbols":["X"]}},{"name":"e","type":["E",{"type":"array","items":{"type":"fixed","name":"int","namespace":"m","size":1}},"m.int"]}]}"#
        );
    }

    #[test]
    fn normalizing_sorts_attributes_and_aliases() {
        let text = r#"{"type":"record","name":"R","doc":"","zeta":1,"alpha":2,"aliases":["Q","P"],"fields":[
            {"name":"d","type":{"type":"bytes","scale":0,"precision":4,"logicalType":"decimal"}}]}"#;
        assert_eq!(
            write(text, Form::Normalized),
            r#"{"type":"record","name":"R","fields":[{"name":"d","type":{"type":"bytes","logicalType":"decimal","precision":4}}],"alpha":2,"zeta":1,"aliases":["P","Q"]}"#
        );
        assert!(write(text, Form::Registered).contains(r#""doc":"","#));
    }

    #[test]
    fn a_primitive_without_attributes_is_its_name() {
        assert_eq!(write(r#"{ "type" : "string" }"#, Form::Registered), r#""string""#);
        assert_eq!(
            write(r#"{"logicalType":"uuid","type":"string"}"#, Form::Registered),
            r#"{"type":"string","logicalType":"uuid"}"#
        );
    }
}
