//! Parsing Canonical Form (Avro specification, "Parsing Canonical Form for Schemas").

use std::collections::HashSet;

use crate::schema::{Kind, NodeId, Schema};

impl Schema {
    /// The schema's Parsing Canonical Form: what matters for reading data, and nothing else. Two schemas with the same form
    /// write the same bytes for the same values; logical types, docs, defaults and aliases play no part in it.
    #[must_use]
    pub fn canonical_form(&self) -> String {
        let mut form = String::new();
        write(self, self.root(), &mut HashSet::new(), &mut form);
        form
    }
}

fn write(schema: &Schema, id: NodeId, defined: &mut HashSet<NodeId>, form: &mut String) {
    let kind = &schema.node(id).kind;
    if let Some(name) = kind.name()
        && !defined.insert(id)
    {
        quote(name.as_str(), form);
        return;
    }
    match kind {
        Kind::Null
        | Kind::Boolean
        | Kind::Int
        | Kind::Long
        | Kind::Float
        | Kind::Double
        | Kind::Bytes
        | Kind::String => {
            quote(kind.type_name(), form);
        }
        Kind::Array { items } => {
            form.push_str(r#"{"type":"array","items":"#);
            write(schema, *items, defined, form);
            form.push('}');
        }
        Kind::Map { values } => {
            form.push_str(r#"{"type":"map","values":"#);
            write(schema, *values, defined, form);
            form.push('}');
        }
        Kind::Union { branches } => {
            form.push('[');
            separated(branches, form, |branch, form| {
                write(schema, *branch, defined, form);
            });
            form.push(']');
        }
        Kind::Record(record) => {
            form.push_str(r#"{"name":"#);
            quote(record.name.as_str(), form);
            form.push_str(r#","type":"record","fields":["#);
            separated(&record.fields, form, |field, form| {
                form.push_str(r#"{"name":"#);
                quote(&field.name, form);
                form.push_str(r#","type":"#);
                write(schema, field.schema, defined, form);
                form.push('}');
            });
            form.push_str("]}");
        }
        Kind::Enum(kind) => {
            form.push_str(r#"{"name":"#);
            quote(kind.name.as_str(), form);
            form.push_str(r#","type":"enum","symbols":["#);
            separated(&kind.symbols, form, |symbol, form| quote(symbol, form));
            form.push_str("]}");
        }
        Kind::Fixed(fixed) => {
            form.push_str(r#"{"name":"#);
            quote(fixed.name.as_str(), form);
            form.push_str(r#","type":"fixed","size":"#);
            form.push_str(&fixed.size.to_string());
            form.push('}');
        }
    }
}

/// Names and symbols are ASCII letters, digits, dots and underscores: nothing in them needs an escape.
fn quote(text: &str, form: &mut String) {
    form.push('"');
    form.push_str(text);
    form.push('"');
}

fn separated<T>(items: &[T], form: &mut String, mut write: impl FnMut(&T, &mut String)) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            form.push(',');
        }
        write(item, form);
    }
}
