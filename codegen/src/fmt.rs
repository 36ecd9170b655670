//! `.avsc` files in one layout: what is written by several people looks as if one had written it, and a change shows as
//! what it is.
//!
//! The layout is a function of the schema alone, so that formatting twice changes nothing: keys in the order in which
//! people read them, two spaces a level, on one line what fits into [`WIDTH`] columns, all else a line each. Values,
//! the order of fields, symbols, branches and rejections, and attributes that Avro does not know stay as they are.

use charter_avro::source::{Member, SourceError, Tree, Value};

/// The columns that a line may have. A text that is longer by itself stands alone.
pub const WIDTH: usize = 118;

/// What a value is, which says in which order its keys stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// A schema: a named type, a reference, a collection, a union.
    Schema,
    /// The fields of a record.
    Fields,
    /// A field.
    Field,
    /// The attribute `charter`.
    Charter,
    /// The rejections of a command, by code.
    Rejections,
    /// One of them.
    Rejection,
    /// Anything else, left in its order.
    Plain,
}

/// Avro's keys in the order in which they stand; `*` is where all others do.
const SCHEMA_KEYS: &[&str] = &[
    "type",
    "namespace",
    "name",
    "aliases",
    "logicalType",
    "precision",
    "scale",
    "doc",
    "charter",
    "*",
    "order",
    "size",
    "items",
    "values",
    "symbols",
    "fields",
    "default",
];
const FIELD_KEYS: &[&str] = &["name", "type", "aliases", "doc", "default", "order", "*", "charter"];
const CHARTER_KEYS: &[&str] = &[
    "kind",
    "type",
    "key",
    "from",
    "index",
    "compatibility",
    "socket",
    "broadcast",
    "rejections",
    "deadline",
    "unit",
    "private",
    "example",
    "*",
    "lint",
];
const REJECTION_KEYS: &[&str] = &["status", "details", "doc", "*"];
/// The keys of a named type that share a line.
const HEADER: &[&str] = &["type", "namespace", "name"];

/// The text of an `.avsc` file in the one layout, with LF and one at its end.
///
/// # Errors
/// Where `text` is no JSON.
pub fn format(text: &str) -> Result<String, SourceError> {
    let tree = Tree::parse_json(text)?;
    let mut layout = Layout { out: String::with_capacity(text.len()) };
    layout.broken(&tree, Role::Schema, 0);
    layout.out.push('\n');
    Ok(layout.out)
}

struct Layout {
    out: String,
}

impl Layout {
    /// Writes a value that begins in the column where the text stands, and behind which comes at most a comma.
    fn value(&mut self, tree: &Tree, role: Role, indent: usize) {
        let line = self.out.rsplit('\n').next().unwrap_or_default().chars().count();
        let mut flat = String::new();
        flat_value(tree, role, &mut flat);
        if !has_fields(tree, role) && line + flat.chars().count() < WIDTH {
            self.out.push_str(&flat);
        } else {
            self.broken(tree, role, indent);
        }
    }

    /// Writes a value over several lines, where it can be.
    fn broken(&mut self, tree: &Tree, role: Role, indent: usize) {
        match &tree.value {
            Value::Object(members) if !members.is_empty() => self.object(members, role, indent),
            Value::Array(items) if !items.is_empty() => {
                self.out.push('[');
                for (index, item) in items.iter().enumerate() {
                    self.separate(index, indent + 1);
                    self.value(item, of_item(role), indent + 1);
                }
                self.end(']', indent);
            }
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => flat_value(tree, role, &mut self.out),
        }
    }

    fn object(&mut self, members: &[Member], role: Role, indent: usize) {
        let members = ordered(members, role);
        let header = header(&members, role);
        self.out.push('{');
        for (index, member) in members.iter().enumerate() {
            if index > 0 && index < header {
                self.out.push_str(", ");
            } else {
                self.separate(index, indent + 1);
            }
            self.out.push_str(&quoted(&member.key));
            self.out.push_str(": ");
            self.value(&member.value, of_member(role, member), indent + 1);
        }
        self.end('}', indent);
    }

    fn separate(&mut self, index: usize, indent: usize) {
        if index > 0 {
            self.out.push(',');
        }
        self.line(indent);
    }

    fn end(&mut self, bracket: char, indent: usize) {
        self.line(indent);
        self.out.push(bracket);
    }

    fn line(&mut self, indent: usize) {
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n("  ", indent));
    }
}

/// How many members at the beginning share a line.
fn header(members: &[&Member], role: Role) -> usize {
    let short = |member: &&&Member| {
        HEADER.contains(&member.key.as_str()) && member.value.as_str().is_some()
    };
    let named = members.iter().any(|member| member.key == "name");
    if role == Role::Schema && named { members.iter().take_while(short).count() } else { 0 }
}

/// Whether a value holds the fields of a record, which stand on lines of their own however short they are.
fn has_fields(tree: &Tree, role: Role) -> bool {
    match &tree.value {
        Value::Object(members) => members.iter().any(|member| {
            let role = of_member(role, member);
            let some = member.value.as_array().is_some_and(|items| !items.is_empty());
            (role == Role::Fields && some) || has_fields(&member.value, role)
        }),
        Value::Array(items) => {
            (role == Role::Fields && !items.is_empty())
                || items.iter().any(|item| has_fields(item, of_item(role)))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn of_item(role: Role) -> Role {
    match role {
        Role::Fields => Role::Field,
        // The branches of a union.
        Role::Schema => Role::Schema,
        Role::Field | Role::Charter | Role::Rejections | Role::Rejection | Role::Plain => {
            Role::Plain
        }
    }
}

fn of_member(role: Role, member: &Member) -> Role {
    match (role, member.key.as_str()) {
        (Role::Schema, "fields") => Role::Fields,
        (Role::Schema, "type" | "items" | "values") | (Role::Field, "type") => Role::Schema,
        (Role::Schema | Role::Field, "charter") => Role::Charter,
        (Role::Charter, "rejections") => Role::Rejections,
        (Role::Rejections, _) => Role::Rejection,
        _ => Role::Plain,
    }
}

/// The members in the order in which they are written; those of no rank in the order in which they came.
fn ordered(members: &[Member], role: Role) -> Vec<&Member> {
    let keys = match role {
        Role::Schema => SCHEMA_KEYS,
        Role::Field => FIELD_KEYS,
        Role::Charter => CHARTER_KEYS,
        Role::Rejection => REJECTION_KEYS,
        Role::Fields | Role::Rejections | Role::Plain => &["*"],
    };
    let rank = |key: &str| {
        let place = |key: &str| keys.iter().position(|known| *known == key);
        place(key).filter(|_| key != "*").or_else(|| place("*"))
    };
    let mut ordered: Vec<&Member> = members.iter().collect();
    ordered.sort_by_key(|member| rank(&member.key));
    ordered
}

fn flat_value(tree: &Tree, role: Role, out: &mut String) {
    match &tree.value {
        Value::Object(members) if !members.is_empty() => {
            let mut before = "{ ";
            for member in ordered(members, role) {
                out.push_str(before);
                out.push_str(&quoted(&member.key));
                out.push_str(": ");
                flat_value(&member.value, of_member(role, member), out);
                before = ", ";
            }
            out.push_str(" }");
        }
        Value::Object(_) => out.push_str("{}"),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                flat_value(item, of_item(role), out);
            }
            out.push(']');
        }
        Value::String(text) => out.push_str(&quoted(text)),
        Value::Number(number) => out.push_str(number.as_str()),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Null => out.push_str("null"),
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
