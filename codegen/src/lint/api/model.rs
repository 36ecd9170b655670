//! A document as the rules look at it: its operations, parameters, bodies and schemas, each where it is written, and
//! whether clients send it or get it.

use std::collections::BTreeSet;

use charter_avro::source::{Member, Span, Tree, Value};

use crate::check::openapi::{Document, Node, Reader};
use crate::lint::finding::Place;
use crate::problem::Problem;

/// The methods of HTTP that a path may have (OpenAPI 3.1, Path Item Object).
const METHODS: &[&str] = &["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// Keywords that hold one schema.
const ONE: &[&str] = &[
    "additionalProperties",
    "contains",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
];
/// Keywords that hold a list of schemas.
const LIST: &[&str] = &["allOf", "anyOf", "oneOf", "prefixItems"];
/// Keywords that hold schemas by names, but for `properties`.
const NAMED: &[&str] = &["$defs", "dependentSchemas", "patternProperties"];

/// A document.
pub(in crate::lint) struct Api<'a> {
    pub(super) reader: Reader<'a>,
    pub(in crate::lint) operations: Vec<Operation<'a>>,
    /// Parameters and headers, where they are written.
    pub(super) parameters: Vec<Site<'a>>,
    /// Bodies, where they are written.
    pub(super) media: Vec<Media<'a>>,
    /// Schemas, where they are written; no references.
    pub(super) schemas: Vec<SchemaSite<'a>>,
    /// The schemas that clients send, by their addresses.
    sent: BTreeSet<usize>,
    /// What references lead to, by address.
    referred: BTreeSet<usize>,
    /// The responses with status 200 or 201, by address.
    successes: BTreeSet<usize>,
}

/// Something with a name.
#[derive(Clone, Debug)]
pub(super) struct Site<'a> {
    pub(super) node: Node<'a>,
    pub(super) subject: String,
}

/// The content of a request or response.
#[derive(Clone, Debug)]
pub(super) struct Media<'a> {
    pub(super) node: Node<'a>,
    pub(super) subject: String,
    pub(super) key: Span,
    /// `application/json`.
    pub(super) kind: &'a str,
    /// Whether it is what a client sends, or gets when all went well: not an error's.
    pub(super) is_plain: bool,
}

/// A schema where it is written.
#[derive(Clone, Debug)]
pub(super) struct SchemaSite<'a> {
    pub(super) node: Node<'a>,
    pub(super) subject: String,
    pub(super) role: Role<'a>,
}

/// What a schema is to what holds it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Role<'a> {
    /// Of `components`.
    Component,
    /// A property of this name.
    Property(&'a str, Span),
    /// Of a parameter or header of this name.
    Parameter(&'a str),
    /// Anything else: items, branches, bodies.
    Part,
}

/// An operation.
pub(in crate::lint) struct Operation<'a> {
    /// `GET /orders`.
    pub(in crate::lint) subject: String,
    pub(super) method: &'a str,
    pub(super) node: Node<'a>,
    /// Where the method is written.
    pub(super) key: Span,
    /// The parameters, of the path and of the operation, references followed.
    pub(super) parameters: Vec<Node<'a>>,
    /// The responses by status: the key, what stands there, and what that leads to.
    pub(in crate::lint) responses: Vec<(&'a Member, Node<'a>, Node<'a>)>,
}

impl<'a> Operation<'a> {
    /// The string of an extension: `x-command`.
    pub(in crate::lint) fn extension(&self, key: &str) -> Option<&'a str> {
        self.node.tree.get(key)?.as_str()
    }
}

impl<'a> Api<'a> {
    pub(in crate::lint) fn new(document: &'a Document) -> Self {
        let mut api = Self {
            reader: Reader::new(document),
            operations: Vec::new(),
            parameters: Vec::new(),
            media: Vec::new(),
            schemas: Vec::new(),
            sent: BTreeSet::new(),
            referred: BTreeSet::new(),
            successes: BTreeSet::new(),
        };
        let root = document.root();
        for path in members(root, "paths") {
            api.path(&path.key, root.within(&path.value));
        }
        api.components(root);
        for (file, (_, tree)) in (0..).zip(document.trees()) {
            api.references(Node { tree, file });
        }
        api
    }

    pub(super) fn document(&self) -> &'a Document {
        self.reader.document
    }

    /// What `node` leads to; itself where its reference leads nowhere, which other rules report.
    pub(super) fn resolve(&self, node: Node<'a>) -> Node<'a> {
        self.reader.resolve(node).unwrap_or(node)
    }

    /// Whether clients send values of the schema.
    pub(super) fn is_sent(&self, schema: Node<'a>) -> bool {
        self.sent.contains(&schema.address())
    }

    /// Whether a reference leads to this very value.
    pub(super) fn is_referred(&self, tree: &Tree) -> bool {
        self.referred.contains(&(std::ptr::from_ref(tree) as usize))
    }

    /// The minor version of OpenAPI: 0 of 3.0, 1 of 3.1.
    pub(super) fn minor(&self) -> u32 {
        let version = self.document().root().text("openapi");
        version.split('.').nth(1).and_then(|minor| minor.parse().ok()).unwrap_or(1)
    }

    pub(super) fn file(&self, node: Node<'a>) -> &'a str {
        self.document().path_of(node.file)
    }

    /// The place of what stands at `key` of `node`, or of `node` itself.
    pub(super) fn place(&self, node: Node<'a>, key: &str) -> Place<'a> {
        let at = node.tree.get(key).map_or(node.tree.span, |tree| tree.span);
        Place { file: self.file(node), at, within: at }
    }

    /// The place of the key that `node` stands at.
    pub(super) fn place_at(&self, node: Node<'a>, at: Span) -> Place<'a> {
        Place { file: self.file(node), at, within: node.tree.span }
    }

    /// The place of the key that something stands at, for rules about both kinds of contracts.
    pub(in crate::lint) fn place_of_key(&self, node: Node<'a>, at: Span) -> Place<'a> {
        self.place_at(node, at)
    }

    /// What is wrong with references.
    pub(in crate::lint) fn into_problems(self) -> Vec<Problem> {
        self.reader.into_problems()
    }

    fn path(&mut self, path: &'a str, node: Node<'a>) {
        let item = self.resolve(node);
        let shared: Vec<Node<'a>> = item.items("parameters").collect();
        for parameter in &shared {
            self.parameter(*parameter, path);
        }
        for member in item.tree.as_object().unwrap_or_default() {
            if !METHODS.contains(&member.key.as_str()) || member.value.as_object().is_none() {
                continue;
            }
            let node = item.within(&member.value);
            let subject = format!("{} {path}", member.key.to_uppercase());
            for parameter in node.items("parameters") {
                self.parameter(parameter, &subject);
            }
            if let Some(body) = node.get("requestBody") {
                self.body(body, &subject);
            }
            let mut responses = Vec::new();
            for response in members(node, "responses") {
                let here = node.within(&response.value);
                let subject = format!("{subject} {}", response.key);
                let target = self.resolve(here);
                if matches!(response.key.as_str(), "200" | "201") {
                    self.successes.insert(target.address());
                }
                self.response(here, &subject);
                responses.push((response, here, target));
            }
            let parameters = self.effective(&shared, node);
            for parameter in &parameters {
                if let Some(schema) = parameter.get("schema") {
                    self.send(schema);
                }
            }
            if let Some(body) = node.get("requestBody") {
                for media in members(self.resolve(body), "content") {
                    let media = self.resolve(body).within(&media.value);
                    if let Some(schema) = media.get("schema") {
                        self.send(schema);
                    }
                }
            }
            self.operations.push(Operation {
                subject,
                method: &member.key,
                node,
                key: member.key_span,
                parameters,
                responses,
            });
        }
    }

    /// The parameters of an operation: its own, and those of the path that it does not replace.
    fn effective(&self, shared: &[Node<'a>], operation: Node<'a>) -> Vec<Node<'a>> {
        let own: Vec<Node<'a>> =
            operation.items("parameters").map(|node| self.resolve(node)).collect();
        let name = |node: &Node<'a>| (node.text("in"), node.text("name"));
        let others = shared.iter().map(|node| self.resolve(*node));
        let others: Vec<Node<'a>> =
            others.filter(|node| own.iter().all(|own| name(own) != name(node))).collect();
        others.into_iter().chain(own).collect()
    }

    fn components(&mut self, root: Node<'a>) {
        let Some(components) = root.get("components") else { return };
        for schema in members(components, "schemas") {
            let subject = format!("schemas/{}", schema.key);
            self.schema(components.within(&schema.value), &subject, Role::Component);
        }
        for parameter in members(components, "parameters") {
            let subject = format!("parameters/{}", parameter.key);
            self.parameter(components.within(&parameter.value), &subject);
        }
        for header in members(components, "headers") {
            let subject = format!("headers/{}", header.key);
            self.header(components.within(&header.value), &subject);
        }
        for body in members(components, "requestBodies") {
            let subject = format!("requestBodies/{}", body.key);
            self.body(components.within(&body.value), &subject);
        }
        for response in members(components, "responses") {
            let subject = format!("responses/{}", response.key);
            self.response(components.within(&response.value), &subject);
        }
    }

    fn parameter(&mut self, node: Node<'a>, owner: &str) {
        if is_reference(node) {
            return;
        }
        let name = node.text("name");
        let subject = if owner.starts_with("parameters/") {
            owner.to_owned()
        } else {
            format!("{owner} {name}")
        };
        if let Some(schema) = node.get("schema") {
            self.schema(schema, &subject, Role::Parameter(name));
        }
        self.parameters.push(Site { node, subject });
    }

    fn header(&mut self, node: Node<'a>, subject: &str) {
        if is_reference(node) {
            return;
        }
        if let Some(schema) = node.get("schema") {
            self.schema(schema, subject, Role::Parameter(""));
        }
        self.parameters.push(Site { node, subject: subject.to_owned() });
    }

    fn body(&mut self, node: Node<'a>, subject: &str) {
        if !is_reference(node) {
            self.content(node, subject, true);
        }
    }

    fn response(&mut self, node: Node<'a>, subject: &str) {
        if is_reference(node) {
            return;
        }
        for header in members(node, "headers") {
            self.header(node.within(&header.value), &format!("{subject} {}", header.key));
        }
        self.content(node, subject, self.successes.contains(&node.address()));
    }

    fn content(&mut self, node: Node<'a>, subject: &str, is_plain: bool) {
        for media in members(node, "content") {
            let here = node.within(&media.value);
            if let Some(schema) = here.get("schema") {
                self.schema(schema, subject, Role::Part);
            }
            self.media.push(Media {
                node: here,
                subject: subject.to_owned(),
                key: media.key_span,
                kind: &media.key,
                is_plain,
            });
        }
    }

    fn schema(&mut self, node: Node<'a>, subject: &str, role: Role<'a>) {
        if node.tree.as_object().is_none() {
            return;
        }
        let pure = is_reference(node)
            && node.tree.as_object().is_some_and(|members| {
                members.iter().all(|member| matches!(member.key.as_str(), "$ref" | "summary"))
            });
        if !pure || matches!(role, Role::Property(..)) {
            self.schemas.push(SchemaSite { node, subject: subject.to_owned(), role });
        }
        if is_reference(node) {
            return;
        }
        let owner = subject.strip_prefix("schemas/").unwrap_or(subject);
        for property in members(node, "properties") {
            let role = Role::Property(&property.key, property.key_span);
            self.schema(node.within(&property.value), &format!("{owner}.{}", property.key), role);
        }
        for inner in inner_schemas(node) {
            self.schema(inner, subject, Role::Part);
        }
    }

    /// Marks a schema, and all that it leads to, as one that clients send.
    fn send(&mut self, schema: Node<'a>) {
        let mut stack = vec![schema];
        while let Some(node) = stack.pop() {
            if !self.sent.insert(node.address()) {
                continue;
            }
            if is_reference(node) {
                stack.push(self.resolve(node));
            }
            stack.extend(members(node, "properties").map(|member| node.within(&member.value)));
            stack.extend(inner_schemas(node));
        }
    }

    /// Marks what the references below `tree` lead to.
    fn references(&mut self, root: Node<'a>) {
        let mut stack = vec![root.tree];
        while let Some(tree) = stack.pop() {
            let node = root.within(tree);
            if is_reference(node)
                && let Some(target) = self.reader.step(node)
            {
                self.referred.insert(target.address());
            }
            match &tree.value {
                Value::Object(members) => stack.extend(members.iter().map(|member| &member.value)),
                Value::Array(items) => stack.extend(items),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
    }
}

/// The members of the object at `key`.
pub(super) fn members<'a>(node: Node<'a>, key: &str) -> impl Iterator<Item = &'a Member> + use<'a> {
    node.tree.get(key).and_then(Tree::as_object).unwrap_or_default().iter()
}

/// The schemas that a schema holds directly, but for its properties.
pub(super) fn inner_schemas(node: Node<'_>) -> Vec<Node<'_>> {
    let mut inner: Vec<Node<'_>> = ONE.iter().filter_map(|key| node.get(key)).collect();
    inner.extend(LIST.iter().flat_map(|key| node.items(key)));
    inner.extend(
        NAMED.iter().flat_map(|key| members(node, key)).map(|member| node.within(&member.value)),
    );
    inner.retain(|inner| inner.tree.as_object().is_some());
    inner
}

/// Whether there is a `$ref`.
pub(super) fn is_reference(node: Node<'_>) -> bool {
    node.tree.get("$ref").is_some_and(|reference| reference.as_str().is_some())
}

/// The types that a schema allows, `null` aside.
pub(super) fn types(node: Node<'_>) -> Vec<&str> {
    let Some(ty) = node.tree.get("type") else { return Vec::new() };
    let all = match ty.as_array() {
        Some(items) => items.iter().filter_map(Tree::as_str).collect(),
        None => ty.as_str().into_iter().collect::<Vec<_>>(),
    };
    all.into_iter().filter(|ty| *ty != "null").collect()
}
