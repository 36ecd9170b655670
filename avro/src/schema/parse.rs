//! Trees to nodes. One walk over each file makes the nodes and leaves a placeholder wherever a name is used; when all
//! files are read, [`super::link`] puts the named nodes in the placeholders' stead, so that order plays no part.

use std::collections::{HashMap, HashSet};

use super::link::Reference;
use super::logical::{self, Unfit};
use super::{Enum, Fixed, FullName, Kind, Logical, Node, NodeId, Record, SchemaError};
use crate::source::{Member, Span, Tree, Value};

/// How much a schema may leave to a reader's mercy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strictness {
    /// As Avro implementations read: what they ignore is ignored.
    Reader,
    /// As contracts are written: what readers ignore or see differently is a problem.
    Contract,
}

/// Where a name is defined.
#[derive(Clone, Copy, Debug)]
pub(super) struct Definition {
    pub(super) node: NodeId,
    pub(super) file: usize,
    pub(super) span: Span,
}

/// The branches of one union, with where each of them stands.
#[derive(Debug)]
pub(super) struct UnionSite {
    pub(super) node: NodeId,
    pub(super) spans: Vec<Span>,
}

/// Everything that the files read so far have given.
#[derive(Debug)]
pub(super) struct Parser {
    pub(super) strictness: Strictness,
    pub(super) file: usize,
    /// How messages name the files; empty where they have no names.
    pub(super) paths: Vec<String>,
    pub(super) nodes: Vec<Node>,
    /// Nodes that stand for something broken: whatever meets them is right.
    pub(super) holes: HashSet<NodeId>,
    pub(super) names: HashMap<FullName, Definition>,
    pub(super) references: Vec<Reference>,
    pub(super) unions: Vec<UnionSite>,
    pub(super) errors: Vec<SchemaError>,
}

impl Parser {
    pub(super) fn new(strictness: Strictness) -> Self {
        Self {
            strictness,
            file: 0,
            paths: Vec::new(),
            nodes: Vec::new(),
            holes: HashSet::new(),
            names: HashMap::new(),
            references: Vec::new(),
            unions: Vec::new(),
            errors: Vec::new(),
        }
    }

    /// Reads one file's schema; its problems join the others.
    pub(super) fn file(&mut self, file: usize, text: &str) -> NodeId {
        self.file = file;
        match Tree::parse_json(text) {
            Ok(tree) => self.schema(&tree, None),
            Err(error) => {
                let span = error.span;
                self.errors.push(SchemaError::from_source(error, file));
                self.hole(span)
            }
        }
    }

    /// The node for `tree`, whose names are relative to `namespace`.
    pub(super) fn schema(&mut self, tree: &Tree, namespace: Option<&str>) -> NodeId {
        match &tree.value {
            Value::String(name) => match primitive(name) {
                Some(kind) => self.node(kind, tree.span),
                None => self.reference(name, tree.span, namespace),
            },
            Value::Array(branches) => self.union(branches, tree.span, namespace),
            Value::Object(_) => self.object(tree, namespace),
            Value::Null | Value::Bool(_) | Value::Number(_) => {
                let message = format!(
                    "expected a type name, an object or an array of types, found {}",
                    tree.describe()
                );
                let help = matches!(tree.value, Value::Null)
                    .then(|| "the null type is written `\"null\"`".to_owned());
                self.report("AVRO_NOT_A_SCHEMA", message, tree.span, help);
                self.hole(tree.span)
            }
        }
    }

    fn object(&mut self, tree: &Tree, namespace: Option<&str>) -> NodeId {
        let Some(kind) = tree.get("type") else {
            let help = Some("for example `\"type\": \"record\"`".to_owned());
            self.report(
                "AVRO_MISSING_ATTRIBUTE",
                "expected an attribute `type`, found none".to_owned(),
                tree.span,
                help,
            );
            return self.hole(tree.span);
        };
        let Some(name) = kind.as_str() else {
            let message =
                format!("expected `type` of a schema to be a name, found {}", kind.describe());
            let help = Some("write the inner schema in place of the object around it".to_owned());
            self.report("AVRO_WRONG_ATTRIBUTE", message, kind.span, help);
            return self.hole(tree.span);
        };
        match name {
            "record" | "error" => self.record(tree, namespace, name == "error"),
            "enum" => self.enumeration(tree, namespace),
            "fixed" => self.fixed(tree, namespace),
            "array" => {
                let id = self.node(Kind::Null, tree.span);
                let items = self.inner(tree, "items", namespace);
                self.fill(id, Kind::Array { items }, None, unknown(tree, &["type", "items"]))
            }
            "map" => {
                let id = self.node(Kind::Null, tree.span);
                let values = self.inner(tree, "values", namespace);
                self.fill(id, Kind::Map { values }, None, unknown(tree, &["type", "values"]))
            }
            name => match primitive(name) {
                Some(kind) => {
                    let id = self.node(Kind::Null, tree.span);
                    let (logical, attributes) = self.logical(&kind, tree, unknown(tree, &["type"]));
                    self.fill(id, kind, logical, attributes)
                }
                None => self.reference_object(name, tree, kind.span, namespace),
            },
        }
    }

    /// `{"type": "seat.SeatStatus"}`: allowed, but nothing else can be said about the type there.
    fn reference_object(
        &mut self,
        name: &str,
        tree: &Tree,
        span: Span,
        namespace: Option<&str>,
    ) -> NodeId {
        if self.strictness == Strictness::Contract
            && let Some(lost) = unknown(tree, &["type"]).first()
        {
            let message = format!(
                "expected only `type` beside a reference, found `{}`, which would be lost",
                lost.key
            );
            let help = Some(format!("say it where `{name}` is defined, or on the field"));
            self.report("AVRO_REFERENCE_ATTRIBUTES", message, lost.key_span, help);
        }
        self.reference(name, span, namespace)
    }

    fn inner(&mut self, tree: &Tree, key: &str, namespace: Option<&str>) -> NodeId {
        if let Some(inner) = tree.get(key) {
            return self.schema(inner, namespace);
        }
        let message = format!("expected an attribute `{key}`, found none");
        self.report("AVRO_MISSING_ATTRIBUTE", message, tree.span, None);
        self.hole(tree.span)
    }

    fn union(&mut self, branches: &[Tree], span: Span, namespace: Option<&str>) -> NodeId {
        let id = self.node(Kind::Null, span);
        let spans = branches.iter().map(|branch| branch.span).collect();
        let branches: Vec<NodeId> =
            branches.iter().map(|branch| self.schema(branch, namespace)).collect();
        if branches.is_empty() && self.strictness == Strictness::Contract {
            let message = "expected at least one type in a union, found none".to_owned();
            self.report(
                "AVRO_EMPTY_UNION",
                message,
                span,
                Some("no value fits an empty union".to_owned()),
            );
        }
        self.unions.push(UnionSite { node: id, spans });
        self.fill(id, Kind::Union { branches }, None, Vec::new())
    }

    fn record(&mut self, tree: &Tree, namespace: Option<&str>, is_error: bool) -> NodeId {
        let id = self.node(Kind::Null, tree.span);
        let Some(name) = self.define(tree, namespace, id) else {
            self.holes.insert(id);
            return id;
        };
        let doc = self.doc(tree);
        let aliases = self.aliases(tree, &name);
        let fields = self.fields(tree, name.namespace());
        let attributes = unknown(tree, &["type", "name", "namespace", "doc", "aliases", "fields"]);
        self.refuse_logical("record", &attributes);
        self.fill(
            id,
            Kind::Record(Record { name, doc, aliases, fields, is_error }),
            None,
            attributes,
        )
    }

    fn enumeration(&mut self, tree: &Tree, namespace: Option<&str>) -> NodeId {
        let id = self.node(Kind::Null, tree.span);
        let Some(name) = self.define(tree, namespace, id) else {
            self.holes.insert(id);
            return id;
        };
        let doc = self.doc(tree);
        let aliases = self.aliases(tree, &name);
        let symbols = self.symbols(tree);
        let default = self.symbol_default(tree, &symbols);
        let attributes =
            unknown(tree, &["type", "name", "namespace", "doc", "aliases", "symbols", "default"]);
        self.refuse_logical("enum", &attributes);
        self.fill(id, Kind::Enum(Enum { name, doc, aliases, symbols, default }), None, attributes)
    }

    fn fixed(&mut self, tree: &Tree, namespace: Option<&str>) -> NodeId {
        let id = self.node(Kind::Null, tree.span);
        let Some(name) = self.define(tree, namespace, id) else {
            self.holes.insert(id);
            return id;
        };
        let doc = self.doc(tree);
        let aliases = self.aliases(tree, &name);
        let Some(size) = self.size(tree) else {
            self.holes.insert(id);
            return id;
        };
        let kind = Kind::Fixed(Fixed { name, doc, aliases, size });
        let attributes = unknown(tree, &["type", "name", "namespace", "doc", "aliases", "size"]);
        let (logical, attributes) = self.logical(&kind, tree, attributes);
        self.fill(id, kind, logical, attributes)
    }

    /// Takes the logical type out of the unknown attributes, if it is one and fits `kind`.
    fn logical(
        &mut self,
        kind: &Kind,
        tree: &Tree,
        mut attributes: Vec<Member>,
    ) -> (Option<Logical>, Vec<Member>) {
        match logical::read(kind, tree) {
            Ok(None) => (None, attributes),
            Ok(Some(logical)) => {
                let decimal = matches!(logical, Logical::Decimal { .. });
                let taken = |key: &str| {
                    key == "logicalType" || (decimal && (key == "precision" || key == "scale"))
                };
                attributes.retain(|member| !taken(&member.key));
                (Some(logical), attributes)
            }
            Err(Unfit { rule, message, span, help }) => {
                if self.strictness == Strictness::Contract {
                    self.report(rule, message, span, help);
                }
                (None, attributes)
            }
        }
    }

    fn refuse_logical(&mut self, kind: &str, attributes: &[Member]) {
        let found = attributes.iter().find(|member| member.key == "logicalType");
        if let (Strictness::Contract, Some(member)) = (self.strictness, found) {
            let message = format!("expected no logical type on {kind}, found one");
            self.report("AVRO_INVALID_LOGICAL_TYPE", message, member.key_span, None);
        }
    }

    fn reference(&mut self, name: &str, span: Span, namespace: Option<&str>) -> NodeId {
        self.references.push(Reference {
            name: name.to_owned(),
            namespace: namespace.map(str::to_owned),
            file: self.file,
            span,
        });
        Reference::placeholder(self.references.len() - 1)
    }

    /// A new node without logical type or attributes.
    pub(super) fn node(&mut self, kind: Kind, span: Span) -> NodeId {
        let id = NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        let file = u32::try_from(self.file).unwrap_or(u32::MAX);
        self.nodes.push(Node { kind, logical: None, span, file, attributes: Vec::new() });
        id
    }

    /// A node that stands for something broken.
    pub(super) fn hole(&mut self, span: Span) -> NodeId {
        let id = self.node(Kind::Null, span);
        self.holes.insert(id);
        id
    }

    fn fill(
        &mut self,
        id: NodeId,
        kind: Kind,
        logical: Option<Logical>,
        attributes: Vec<Member>,
    ) -> NodeId {
        let node = &mut self.nodes[id.0 as usize];
        node.kind = kind;
        node.logical = logical;
        node.attributes = attributes;
        id
    }

    pub(super) fn report(
        &mut self,
        rule: &'static str,
        message: String,
        span: Span,
        help: Option<String>,
    ) {
        self.errors.push(SchemaError { rule, message, file: self.file, span, help });
    }
}

/// The primitive type called `name`.
pub(super) fn primitive(name: &str) -> Option<Kind> {
    Some(match name {
        "null" => Kind::Null,
        "boolean" => Kind::Boolean,
        "int" => Kind::Int,
        "long" => Kind::Long,
        "float" => Kind::Float,
        "double" => Kind::Double,
        "bytes" => Kind::Bytes,
        "string" => Kind::String,
        _ => return None,
    })
}

/// The members of an object that Avro does not define.
pub(super) fn unknown(tree: &Tree, known: &[&str]) -> Vec<Member> {
    let members = tree.as_object().unwrap_or_default();
    members.iter().filter(|member| !known.contains(&member.key.as_str())).cloned().collect()
}
