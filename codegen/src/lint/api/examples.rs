//! Examples and defaults: that they are there, and that their schemas allow them.
//!
//! The judge is JSON Schema 2020-12 by the crate `jsonschema`, with formats asserted. Schemas of OpenAPI 3.0 are
//! brought to that dialect first.

use std::collections::HashMap;
use std::rc::Rc;

use charter_avro::source::{Tree, Value as Source};
use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};

use super::model::{Api, Role, SchemaSite, is_reference, members, types};
use crate::check::openapi::Node;
use crate::lint::finding::Findings;
use crate::lint::rules::api as rules;

/// The longest text of one violation, in characters: it may quote the whole value.
const MAX_DETAIL: usize = 200;

pub(super) fn lint(api: &Api<'_>, found: &mut Findings) {
    let mut judge = Judge { api, validators: HashMap::new() };
    for media in &api.media {
        let json = media.kind.ends_with("json");
        let schema = media.node.get("schema");
        let shown = examples(api, media.node);
        let whole = schema.is_some_and(|schema| shows_itself(api, schema));
        if media.is_plain && shown.is_empty() && !whole && media.kind == "application/json" {
            let text = format!("expected an example of `{}`, found none", media.kind);
            found.push(
                &rules::BODY_EXAMPLE,
                api.place_at(media.node, media.key),
                &media.subject,
                text,
            );
        }
        if let Some(schema) = schema.filter(|_| json) {
            for example in shown {
                judge.example(schema, example, &media.subject, found);
            }
        }
    }
    for parameter in &api.parameters {
        let node = parameter.node;
        let shown = examples(api, node);
        let Some(schema) = node.get("schema") else { continue };
        let free = matches!(node.text("in"), "path" | "query") && is_free(api.resolve(schema));
        if free && shown.is_empty() && !shows_itself(api, schema) {
            let text = "expected an example, found none";
            found.push(
                &rules::PARAMETER_EXAMPLE,
                api.place(node, "name"),
                &parameter.subject,
                text,
            );
        }
        for example in shown {
            judge.example(schema, example, &parameter.subject, found);
        }
    }
    for site in &api.schemas {
        judge.schema(site, found);
    }
}

/// Whether a regular expression is one, as ECMA-262 has them.
///
/// # Errors
/// Why it is none.
pub(super) fn pattern(pattern: &str) -> Result<(), String> {
    let schema = json!({ "type": "string", "pattern": pattern });
    jsonschema::options().with_draft(Draft::Draft202012).build(&schema).map(|_| ()).map_err(
        |error| {
            let text = error.to_string();
            text.lines().last().unwrap_or_default().trim().to_owned()
        },
    )
}

/// `example` and the values of `examples` of a parameter or body.
fn examples<'a>(api: &Api<'a>, node: Node<'a>) -> Vec<Node<'a>> {
    let named = members(node, "examples").filter_map(|member| {
        let example = api.resolve(node.within(&member.value));
        example.tree.get("value").map(|tree| example.within(tree))
    });
    node.tree.get("example").map(|tree| node.within(tree)).into_iter().chain(named).collect()
}

/// Whether a schema says by itself what a value looks like.
fn shows_itself<'a>(api: &Api<'a>, schema: Node<'a>) -> bool {
    let target = api.resolve(schema);
    [schema, target].iter().any(|node| {
        ["example", "examples", "default", "enum", "const"]
            .iter()
            .any(|key| node.tree.get(key).is_some())
    })
}

/// Whether a schema's values are texts or numbers that nobody can guess.
fn is_free(schema: Node<'_>) -> bool {
    let types = types(schema);
    ["string", "integer", "number"].iter().any(|ty| types.contains(ty))
}

struct Judge<'j, 'a> {
    api: &'j Api<'a>,
    /// By the schemas' addresses; `None` where a schema cannot be compiled, which other rules report.
    validators: HashMap<usize, Option<Rc<Validator>>>,
}

impl<'a> Judge<'_, 'a> {
    fn schema(&mut self, site: &SchemaSite<'a>, found: &mut Findings) {
        let node = site.node;
        let api = self.api;
        if let Role::Property(_, key) = site.role
            && !is_reference(node)
            && is_free(node)
            && !shows_itself(api, node)
        {
            let text = "expected an example, found none";
            found.push(&rules::PROPERTY_EXAMPLE, api.place_at(node, key), &site.subject, text);
        }
        let single = node.tree.get("example").map(|tree| node.within(tree));
        for example in node.items("examples").chain(single) {
            self.example(node, example, &site.subject, found);
        }
        if let Some(default) = node.tree.get("default")
            && let Some(trouble) = self.trouble(node, default)
        {
            let place = api.place(node, "default");
            let text = format!("expected a default that the schema allows, found that {trouble}");
            found.push(&rules::DEFAULT_VALID, place, &site.subject, text);
        }
    }

    fn example(
        &mut self,
        schema: Node<'a>,
        example: Node<'a>,
        subject: &str,
        found: &mut Findings,
    ) {
        if let Some(trouble) = self.trouble(schema, example.tree) {
            let text = format!("expected an example that the schema allows, found that {trouble}");
            found.push(&rules::EXAMPLE_VALID, self.api.place(example, ""), subject, text);
        }
    }

    /// Why `schema` does not allow `value`.
    fn trouble(&mut self, schema: Node<'a>, value: &Tree) -> Option<String> {
        let api = self.api;
        let validator = self.validators.entry(schema.address()).or_insert_with(|| {
            let document = Closing::new(api).document(schema);
            let options =
                jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true);
            options.offline().build(&document).ok().map(Rc::new)
        });
        let validator = Rc::clone(validator.as_ref()?);
        let value = value.to_json();
        let error = validator.iter_errors(&value).next()?;
        let place = error.instance_path().to_string();
        let place = if place.is_empty() { String::new() } else { format!("`{place}`: ") };
        let text: String = error.to_string().chars().take(MAX_DETAIL).collect();
        Some(format!("{place}{text}"))
    }
}

/// A schema as a document of its own: what it refers to stands under `$defs`.
struct Closing<'c, 'a> {
    api: &'c Api<'a>,
    /// The addresses of what is under `$defs`, in order.
    known: Vec<usize>,
    waiting: Vec<Node<'a>>,
    minor: u32,
}

impl<'c, 'a> Closing<'c, 'a> {
    fn new(api: &'c Api<'a>) -> Self {
        Self { api, known: Vec::new(), waiting: Vec::new(), minor: api.minor() }
    }

    fn document(mut self, schema: Node<'a>) -> Value {
        let mut document = self.value(schema, true);
        let mut defs = Map::new();
        while let Some(node) = self.waiting.pop() {
            let index =
                self.known.iter().position(|known| *known == node.address()).unwrap_or_default();
            let value = self.value(node, true);
            defs.insert(index.to_string(), value);
        }
        if let Value::Object(members) = &mut document {
            members.insert("$defs".to_owned(), Value::Object(defs));
        }
        document
    }

    /// A value of a schema, and whether it is a schema itself: names of properties are no keywords.
    fn value(&mut self, node: Node<'a>, is_schema: bool) -> Value {
        match &node.tree.value {
            Source::Object(members) => {
                let mut object = Map::new();
                for member in members {
                    let inner = node.within(&member.value);
                    let key = member.key.as_str();
                    if is_schema && says_nothing(key) {
                        continue;
                    }
                    if is_schema && key == "$ref" {
                        object.insert(key.to_owned(), self.reference(node));
                    } else if is_schema && matches!(key, "enum" | "const") {
                        object.insert(key.to_owned(), member.value.to_json());
                    } else {
                        let map = matches!(
                            key,
                            "properties"
                                | "patternProperties"
                                | "dependentSchemas"
                                | "dependentRequired"
                        );
                        let inner = self.value(inner, !(is_schema && map));
                        object.insert(key.to_owned(), inner);
                    }
                }
                if is_schema && self.minor == 0 {
                    from_3_0(&mut object);
                }
                Value::Object(object)
            }
            Source::Array(items) => {
                items.iter().map(|item| self.value(node.within(item), is_schema)).collect()
            }
            Source::Null | Source::Bool(_) | Source::Number(_) | Source::String(_) => {
                node.tree.to_json()
            }
        }
    }

    fn reference(&mut self, node: Node<'a>) -> Value {
        let Some(target) = self.api.reader.step(node) else { return json!("#/$defs/unknown") };
        let address = target.address();
        let index = self.known.iter().position(|known| *known == address).unwrap_or_else(|| {
            self.known.push(address);
            self.waiting.push(target);
            self.known.len() - 1
        });
        json!(format!("#/$defs/{index}"))
    }
}

/// Whether a keyword says nothing about values, or has another place in the document made here.
fn says_nothing(key: &str) -> bool {
    matches!(
        key,
        "example" | "examples" | "default" | "discriminator" | "$defs" | "$id" | "$anchor"
    ) || key.starts_with("x-")
}

/// What OpenAPI 3.0 says otherwise than JSON Schema 2020-12: `nullable`, and exclusive bounds that are booleans.
fn from_3_0(object: &mut Map<String, Value>) {
    if object.remove("nullable") == Some(Value::Bool(true)) {
        if let Some(ty) = object.get("type").and_then(Value::as_str).map(ToOwned::to_owned) {
            object.insert("type".to_owned(), json!([ty, "null"]));
        }
        if let Some(Value::Array(values)) = object.get_mut("enum")
            && !values.contains(&Value::Null)
        {
            values.push(Value::Null);
        }
    }
    for (flag, bound) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
        match object.get(flag) {
            Some(Value::Bool(true)) => {
                if let Some(value) = object.remove(bound) {
                    object.insert(flag.to_owned(), value);
                }
            }
            Some(Value::Bool(false)) => {
                object.remove(flag);
            }
            _ => {}
        }
    }
}
