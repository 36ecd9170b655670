//! Avro contracts as they are.

mod messages;
mod names;
mod types;
mod values;

use charter_avro::schema::{Kind, Logical, Node, NodeId, Record, SchemaSet};
use charter_avro::source::{Span, Tree};

use super::finding::{Findings, Place};
use super::rules::LintRule;
use crate::attribute::NAME;

/// The contracts, read.
pub(super) struct Schemas {
    pub(super) set: SchemaSet,
    /// Paths and trees of the files, in the order of the set's file numbers.
    pub(super) files: Vec<(String, Tree)>,
}

/// A named type and the file that holds it.
#[derive(Clone, Copy)]
pub(super) struct Named<'a> {
    pub(super) schemas: &'a Schemas,
    pub(super) node: &'a Node,
    pub(super) id: NodeId,
    pub(super) name: &'a str,
    pub(super) file: &'a str,
    pub(super) tree: &'a Tree,
}

/// A field and where it stands.
#[derive(Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) owner: Named<'a>,
    pub(super) of: &'a charter_avro::schema::Field,
    pub(super) tree: &'a Tree,
}

impl Schemas {
    pub(super) fn types(&self) -> impl Iterator<Item = Named<'_>> {
        self.set.types().map(|named| {
            let (path, tree) = &self.files[named.file];
            Named {
                schemas: self,
                node: self.set.node(named.node),
                id: named.node,
                name: named.name.as_str(),
                file: path,
                tree,
            }
        })
    }
}

impl<'a> Named<'a> {
    pub(super) fn attribute(&self, key: &str) -> Option<&'a Tree> {
        self.node.attribute(NAME)?.get(key)
    }

    pub(super) fn kind(&self) -> Option<&'a str> {
        self.attribute("kind")?.as_str()
    }

    pub(super) fn namespace(&self) -> &'a str {
        self.name.rsplit_once('.').map_or("", |(namespace, _)| namespace)
    }

    pub(super) fn simple_name(&self) -> &'a str {
        self.name.rsplit('.').next().unwrap_or(self.name)
    }

    pub(super) fn record(&self) -> Option<&'a Record> {
        if let Kind::Record(record) = &self.node.kind { Some(record) } else { None }
    }

    pub(super) fn fields(&self) -> Vec<Field<'a>> {
        let trees = self.tree.get("fields").and_then(Tree::as_array).unwrap_or_default();
        let fields = self.record().map_or([].as_slice(), |record| record.fields.as_slice());
        let owner = *self;
        fields.iter().zip(trees).map(|(field, tree)| Field { owner, of: field, tree }).collect()
    }

    /// The place of what stands at `key`, or of the type's name.
    pub(super) fn place(&self, key: &str) -> Place<'a> {
        let tree = self.tree.get(key).or_else(|| self.tree.get("name"));
        self.place_at(tree.map_or(self.tree.span, |tree| tree.span))
    }

    pub(super) fn place_at(&self, at: Span) -> Place<'a> {
        Place { file: self.file, at, within: at }
    }

    pub(super) fn push(
        &self,
        rule: &'static LintRule,
        key: &str,
        text: String,
        found: &mut Findings,
    ) {
        found.push(rule, self.place(key), self.name, text);
    }
}

impl<'a> Field<'a> {
    pub(super) fn name(&self) -> &'a str {
        &self.of.name
    }

    pub(super) fn attribute(&self, key: &str) -> Option<&'a Tree> {
        self.of.attribute(NAME)?.get(key)
    }

    pub(super) fn node(&self) -> &'a Node {
        self.owner.schemas.set.node(self.of.schema)
    }

    /// The type without `null` and without the arrays and maps around it; `None` where there are several.
    pub(super) fn core(&self) -> Option<&'a Node> {
        let set = &self.owner.schemas.set;
        let mut id = self.of.schema;
        loop {
            let node = set.node(id);
            match &node.kind {
                Kind::Array { items: inner } | Kind::Map { values: inner } => id = *inner,
                Kind::Union { branches } => {
                    let mut others =
                        branches.iter().filter(|id| !matches!(set.node(**id).kind, Kind::Null));
                    match (others.next(), others.next()) {
                        (Some(only), None) => id = *only,
                        _ => return None,
                    }
                }
                Kind::Null
                | Kind::Boolean
                | Kind::Int
                | Kind::Long
                | Kind::Float
                | Kind::Double
                | Kind::Bytes
                | Kind::String
                | Kind::Record(_)
                | Kind::Enum(_)
                | Kind::Fixed(_) => return Some(node),
            }
        }
    }

    /// The branches, where the type is a union.
    pub(super) fn branches(&self) -> Option<Vec<&'a Node>> {
        let set = &self.owner.schemas.set;
        if let Kind::Union { branches } = &self.node().kind {
            Some(branches.iter().map(|id| set.node(*id)).collect())
        } else {
            None
        }
    }

    /// The place of what stands at `key`, or of the field's name.
    pub(super) fn place(&self, key: &str) -> Place<'a> {
        let tree = self.tree.get(key).or_else(|| self.tree.get("name"));
        self.owner.place_at(tree.map_or(self.tree.span, |tree| tree.span))
    }

    pub(super) fn push(
        &self,
        rule: &'static LintRule,
        key: &str,
        text: String,
        found: &mut Findings,
    ) {
        let subject = format!("{}.{}", self.owner.name, self.name());
        found.push(rule, self.place(key), &subject, text);
    }
}

/// A type as a message says it: `long`, `timestamp-micros`, `shop.Card`.
pub(super) fn words(node: &Node) -> String {
    let name = node.kind.name().map(ToString::to_string);
    let logical = node.logical.map(Logical::as_str);
    logical
        .map_or_else(|| name.unwrap_or_else(|| node.kind.type_name().to_owned()), ToOwned::to_owned)
}

/// All rules that look at Avro contracts alone.
pub(super) fn lint(schemas: &Schemas, found: &mut Findings) {
    for named in schemas.types() {
        names::lint(&named, found);
        values::lint(&named, found);
        types::lint(&named, found);
        messages::lint(&named, found);
    }
    types::unused(schemas, found);
}
