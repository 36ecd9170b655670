//! Contract files read together.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::parse::{Parser, Strictness};
use super::{FullName, Kind, Node, NodeId, Schema, SchemaError};

/// One contract file.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// How messages name it; never opened.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// A type that a contract file defines.
#[derive(Clone, Debug)]
pub struct NamedType {
    /// Its full name.
    pub name: FullName,
    /// Its node.
    pub node: NodeId,
    /// Index of its file.
    pub file: usize,
}

/// Many files, each with one named type, whose names resolve across files in any order.
#[derive(Clone, Debug, Default)]
pub struct SchemaSet {
    arena: Arc<Vec<Node>>,
    types: Vec<NamedType>,
    by_name: HashMap<FullName, usize>,
}

impl SchemaSet {
    /// Reads contract files. They must be sound for every reader: what Avro implementations ignore or see
    /// differently (an unfit logical type, a default of another branch than the first) is a problem here.
    ///
    /// All problems of all files come back, sorted by file and place. A file with a problem is left out of
    /// [`SchemaSet::types`]; files that refer to its type are not.
    #[must_use]
    pub fn parse(files: &[SourceFile]) -> (Self, Vec<SchemaError>) {
        let mut parser = Parser::new(Strictness::Contract);
        parser.paths = files.iter().map(|file| file.path.clone()).collect();
        let mut roots: Vec<NodeId> = Vec::with_capacity(files.len());
        for (file, source) in files.iter().enumerate() {
            let known = parser.names.len();
            let problems = parser.errors.len();
            let root = parser.file(file, &source.text);
            if parser.errors.len() == problems {
                check_shape(&mut parser, file, root, known);
            }
            roots.push(root);
        }
        parser.link(&mut roots);
        let broken: HashSet<usize> = parser.errors.iter().map(|error| error.file).collect();
        let mut set =
            Self { arena: Arc::new(parser.nodes), types: Vec::new(), by_name: HashMap::new() };
        for (file, root) in roots.into_iter().enumerate().filter(|(file, _)| !broken.contains(file))
        {
            if let Some(name) = set.node(root).kind.name().cloned() {
                set.by_name.insert(name.clone(), set.types.len());
                set.types.push(NamedType { name, node: root, file });
            }
        }
        (set, parser.errors)
    }

    /// The types of all files without a problem, in the order of the files.
    pub fn types(&self) -> impl Iterator<Item = &NamedType> {
        self.types.iter()
    }

    /// The type with this full name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&NamedType> {
        self.by_name.get(&FullName::new(None, name)).map(|index| &self.types[*index])
    }

    /// The schema of the type with this full name.
    #[must_use]
    pub fn schema(&self, name: &str) -> Option<Schema> {
        self.get(name).map(|found| self.schema_of(found.node))
    }

    /// The schema that starts at a node of this set.
    #[must_use]
    pub fn schema_of(&self, node: NodeId) -> Schema {
        Schema { arena: Arc::clone(&self.arena), root: node }
    }

    /// A node.
    ///
    /// # Panics
    /// If `id` comes from another set with more nodes.
    #[must_use]
    pub fn node(&self, id: NodeId) -> &Node {
        &self.arena[id.0 as usize]
    }
}

/// A contract file holds one named type and defines no second one inside it.
fn check_shape(parser: &mut Parser, file: usize, root: NodeId, known: usize) {
    let Some(node) = parser.nodes.get(root.0 as usize) else {
        // A placeholder: the file holds nothing but a reference.
        if let Some(reference) = parser.references.last() {
            let span = reference.span;
            let message = "expected a record, an enum or a fixed, found a reference".to_owned();
            parser.report("AVRO_NOT_NAMED", message, span, None);
        }
        return;
    };
    let span = node.span;
    if node.kind.name().is_none() {
        let message =
            format!("expected a record, an enum or a fixed, found `{}`", node.kind.type_name());
        let help = Some("a contract file holds one named type".to_owned());
        parser.report("AVRO_NOT_NAMED", message, span, help);
        return;
    }
    if parser.names.len() == known + 1 {
        return;
    }
    let inner = parser
        .names
        .iter()
        .filter(|(_, definition)| definition.file == file && definition.node != root);
    let mut inner: Vec<_> =
        inner.map(|(name, definition)| (definition.span, name.clone())).collect();
    inner.sort();
    for (span, name) in inner {
        let message = format!("expected one named type in a file, found `{name}` inside it");
        let help = Some(format!("move it to a file of its own and refer to it as `{name}`"));
        parser.report("AVRO_NESTED_DEFINITION", message, span, help);
    }
}

impl Schema {
    /// Every named type of this schema's arena that can be reached from its root, itself included, in order of first use.
    #[must_use]
    pub fn named_types(&self) -> Vec<NodeId> {
        let mut seen: HashSet<NodeId> = HashSet::new();
        let mut named = Vec::new();
        let mut stack = vec![self.root];
        while let Some(id) = stack.pop() {
            if !seen.insert(id) {
                continue;
            }
            let node = self.node(id);
            if matches!(node.kind, Kind::Record(_) | Kind::Enum(_) | Kind::Fixed(_)) {
                named.push(id);
            }
            stack.extend(node.kind.children().into_iter().rev());
        }
        named
    }
}
