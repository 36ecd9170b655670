//! The document's schemas: those under `components`, and those that stand where they are used.

mod shapes;

use std::collections::{BTreeMap, BTreeSet};

use charter_avro::source::{Member, Tree};

use super::{constraints, document::Document};
use crate::ir::{
    Constraints, Object, Origin, Property, SchemaDef, SchemaId, SchemaShape, SchemaType, SchemaUse,
};
use crate::names;
use crate::problem::{Problem, Problems};
use crate::rules;

/// Keywords of schemas beside the constraints.
const KEYWORDS: &[&str] = &[
    "$ref",
    "type",
    "format",
    "contentEncoding",
    "title",
    "description",
    "properties",
    "required",
    "additionalProperties",
    "minProperties",
    "items",
    "enum",
    "oneOf",
    "discriminator",
    "default",
    "example",
    "examples",
    "deprecated",
    "x-fill",
];

/// Where a component's reference begins.
const COMPONENTS: &str = "#/components/schemas/";

/// All schemas with a name.
pub(super) struct Schemas<'a> {
    document: &'a Document<'a>,
    defs: Vec<SchemaDef>,
    names: BTreeMap<String, SchemaId>,
    /// `x-fill` of a property, by where the property stands.
    fills: BTreeMap<Origin, Origin>,
    /// Objects with a property that could not be read, by where they stand.
    broken: BTreeSet<Origin>,
}

impl<'a> Schemas<'a> {
    /// Reads `components.schemas`. Inline ones follow where they are met.
    pub(super) fn read(document: &'a Document<'a>, problems: &mut Problems) -> Self {
        let mut schemas = Self {
            document,
            defs: Vec::new(),
            names: BTreeMap::new(),
            fills: BTreeMap::new(),
            broken: BTreeSet::new(),
        };
        let components = document.tree.get("components");
        if let Some(components) = components {
            let known = [
                "schemas",
                "parameters",
                "headers",
                "responses",
                "requestBodies",
                "examples",
                "securitySchemes",
            ];
            document.object(components, "components", &known, problems);
        }
        let members =
            components.and_then(|components| components.get("schemas")).and_then(Tree::as_object);
        let mut members: Vec<&Member> = members.unwrap_or_default().iter().collect();
        members.sort_by(|a, b| a.key.cmp(&b.key));
        // All have their ids before the first is read, since they refer to each other.
        for member in &members {
            let id = SchemaId(schemas.defs.len());
            schemas.names.insert(member.key.clone(), id);
            let mut def = blank(&member.key, document.key_at(member));
            def.is_component = true;
            schemas.defs.push(def);
        }
        for (index, member) in members.iter().enumerate() {
            describe(&member.value, &member.key, &document.key_at(member), problems);
            let shape = schemas.shape(&member.value, &member.key, problems);
            let def = &mut schemas.defs[index];
            def.doc = text(&member.value, "description");
            def.example = example(&member.value);
            def.shape = shape;
        }
        schemas
    }

    /// The schema with this id.
    pub(super) fn get(&self, id: SchemaId) -> &SchemaDef {
        &self.defs[id.0]
    }

    /// All of them.
    pub(super) fn defs(&self) -> &[SchemaDef] {
        &self.defs
    }

    /// All of them, to fill in what other parts found.
    pub(super) fn defs_mut(&mut self) -> &mut [SchemaDef] {
        &mut self.defs
    }

    /// All of them, at the end.
    pub(super) fn finish(self) -> Vec<SchemaDef> {
        self.defs
    }

    /// Where the property has `x-fill`, if it does.
    pub(super) fn fill(&self, property: &Property) -> Option<&Origin> {
        self.fills.get(&property.origin)
    }

    /// Whether a property of the object could not be read, so that nothing is said of what it lacks.
    pub(super) fn is_broken(&self, object: &Object) -> bool {
        self.broken.contains(&object.origin)
    }

    /// The use behind aliases: what a value of `schema` really is.
    pub(super) fn resolved<'s>(&'s self, schema: &'s SchemaUse) -> &'s SchemaUse {
        let mut found = schema;
        // An alias of itself would never end; the document's depth bounds all others.
        for _ in 0..self.defs.len() {
            let SchemaType::Ref(id) = found.ty else { return found };
            let SchemaShape::Alias(inner) = &self.get(id).shape else { return found };
            found = inner;
        }
        found
    }

    /// Reads a schema where it is used. `name` is what an inline object, enum or `oneOf` is called.
    pub(super) fn use_of(
        &mut self,
        tree: &Tree,
        name: &str,
        problems: &mut Problems,
    ) -> Option<SchemaUse> {
        let document = self.document;
        self.known(tree, problems)?;
        let (ty, nullable) = self.ty(tree, name, problems)?;
        let constraints = constraints::read(tree, &ty, document, problems);
        let default = tree.get("default").map(Tree::to_json);
        Some(SchemaUse {
            ty,
            nullable,
            constraints,
            default,
            example: example(tree),
            origin: document.at(tree),
        })
    }

    fn known(&self, tree: &Tree, problems: &mut Problems) -> Option<()> {
        let known: Vec<&str> = KEYWORDS.iter().copied().chain(constraints::keywords()).collect();
        self.document.object(tree, "a schema", &known, problems).map(|_| ())
    }

    fn ty(
        &mut self,
        tree: &Tree,
        name: &str,
        problems: &mut Problems,
    ) -> Option<(SchemaType, bool)> {
        let document = self.document;
        if let Some(reference) = tree.get("$ref") {
            let id =
                reference.as_str().and_then(|text| self.names.get(text.strip_prefix(COMPONENTS)?));
            if id.is_none() {
                let found = reference.as_str().unwrap_or_default();
                let message = format!("expected a schema of the document, found `{found}`");
                problems.push(Problem::new(
                    &rules::OPENAPI_REFERENCE,
                    &document.at(reference),
                    message,
                ));
            }
            return Some((SchemaType::Ref(*id?), false));
        }
        if let Some(branches) = tree.get("oneOf").and_then(Tree::as_array) {
            let is_null =
                |branch: &&Tree| branch.get("type").and_then(Tree::as_str) == Some("null");
            let others: Vec<&Tree> = branches.iter().filter(|branch| !is_null(branch)).collect();
            let nullable = others.len() < branches.len();
            if let ([only], true) = (others.as_slice(), nullable) {
                return self.ty(only, name, problems).map(|(ty, _)| (ty, true));
            }
            return Some((self.inline(tree, name, problems), nullable));
        }
        let (kind, nullable) = self.kind(tree, problems)?;
        let format = text(tree, "format");
        let ty = match (kind, format.as_deref()) {
            ("boolean", None) => SchemaType::Boolean,
            ("integer", Some("int32")) => SchemaType::Int32,
            ("integer", None | Some("int64")) => SchemaType::Int64,
            ("number", Some("float")) => SchemaType::Float,
            ("number", None | Some("double")) => SchemaType::Double,
            ("string", None) if tree.get("enum").is_some() => self.inline(tree, name, problems),
            ("string", None) if text(tree, "contentEncoding").as_deref() == Some("base64") => {
                SchemaType::Base64
            }
            ("string", None | Some("uri" | "uri-reference")) => SchemaType::String,
            ("string", Some("uuid")) => SchemaType::Uuid,
            ("string", Some("date")) => SchemaType::Date,
            ("string", Some("date-time")) => SchemaType::DateTime,
            ("string", Some("decimal")) => SchemaType::Decimal { scale: None, precision: None },
            ("string", Some("byte")) => SchemaType::Base64,
            ("array", None) => {
                let Some(items) = tree.get("items") else {
                    document.misshapen("an array", "one with `items`", tree, problems);
                    return None;
                };
                SchemaType::Array(Box::new(self.use_of(items, &format!("{name}Item"), problems)?))
            }
            ("object", None) => self.object_type(tree, name, problems)?,
            (_, Some(format)) => {
                let message = format!(
                    "expected a format that the gateway enforces for `{kind}`, found `{format}`"
                );
                let at = document.at(tree.get("format").unwrap_or(tree));
                problems.push(Problem::new(&rules::OPENAPI_KEYWORD, &at, message));
                return None;
            }
            _ => {
                document.misshapen(
                    "type",
                    "a JSON type",
                    tree.get("type").unwrap_or(tree),
                    problems,
                );
                return None;
            }
        };
        Some((ty, nullable))
    }

    /// The one type of a schema, and whether null is one too.
    fn kind<'t>(&self, tree: &'t Tree, problems: &mut Problems) -> Option<(&'t str, bool)> {
        let Some(kind) = tree.get("type") else {
            self.document.misshapen(
                "a schema",
                "one with `type`, `$ref` or `oneOf`",
                tree,
                problems,
            );
            return None;
        };
        if let Some(kind) = kind.as_str() {
            return Some((kind, false));
        }
        let kinds: Option<Vec<&str>> =
            kind.as_array().and_then(|kinds| kinds.iter().map(Tree::as_str).collect());
        match kinds.as_deref() {
            Some([only]) => Some((only, false)),
            Some([one, "null"] | ["null", one]) => Some((one, true)),
            _ => {
                self.document.misshapen("type", "one type, or one type and `null`", kind, problems);
                None
            }
        }
    }

    fn object_type(
        &mut self,
        tree: &Tree,
        name: &str,
        problems: &mut Problems,
    ) -> Option<SchemaType> {
        if tree.get("properties").is_some() {
            return Some(self.inline(tree, name, problems));
        }
        let additional = tree.get("additionalProperties");
        match additional.map(|additional| (additional, additional.as_bool())) {
            Some((_, Some(false))) => Some(self.inline(tree, name, problems)),
            None | Some((_, Some(true))) => Some(SchemaType::FreeObject),
            Some((values, None)) => {
                let values = self.use_of(values, &format!("{name}Value"), problems)?;
                Some(SchemaType::Map(Box::new(values)))
            }
        }
    }

    /// Gives an inline object, enum or `oneOf` a name. One that several operations refer to is one type.
    fn inline(&mut self, tree: &Tree, name: &str, problems: &mut Problems) -> SchemaType {
        let at = self.document.at(tree);
        let known = self.defs.iter().position(|def| !def.is_component && def.origin == at);
        if let Some(index) = known {
            return SchemaType::Ref(SchemaId(index));
        }
        let id = SchemaId(self.defs.len());
        self.defs.push(blank(name, at));
        let shape = self.shape(tree, name, problems);
        let def = &mut self.defs[id.0];
        def.doc = text(tree, "description");
        def.example = example(tree);
        def.shape = shape;
        SchemaType::Ref(id)
    }

    /// No schema holds itself. Gives whether that is so: what follows walks through schemas.
    pub(super) fn check_recursion(&self, problems: &mut Problems) -> bool {
        let before = problems.errors();
        let mut done = BTreeSet::new();
        for index in 0..self.defs.len() {
            self.descend(SchemaId(index), &mut Vec::new(), &mut done, problems);
        }
        problems.errors() == before
    }

    fn descend(
        &self,
        id: SchemaId,
        open: &mut Vec<SchemaId>,
        done: &mut BTreeSet<SchemaId>,
        problems: &mut Problems,
    ) {
        if open.contains(&id) {
            let def = self.get(id);
            let message =
                format!("expected a schema that ends, found `{}` within itself", def.name);
            problems.push(Problem::new(&rules::SCHEMA_RECURSION, &def.origin, message));
        } else if !done.contains(&id) {
            open.push(id);
            for held in self.get(id).shape.held() {
                self.descend(held, open, done, problems);
            }
            open.pop();
            done.insert(id);
        }
    }

    /// Two schemas may not have one name in Rust.
    pub(super) fn check_names(&self, problems: &mut Problems) {
        let mut seen: BTreeMap<&str, &SchemaDef> = BTreeMap::new();
        for def in &self.defs {
            if let Some(other) = seen.insert(&def.rust, def) {
                let message = format!(
                    "expected schemas that differ in Rust, found `{}` and `{}`: both are `{}`",
                    def.name, other.name, def.rust
                );
                let problem = Problem::new(&rules::NAME_CLASH, &def.origin, message);
                problems
                    .push(problem.related(&other.origin, format!("`{}` stands here", other.name)));
            }
        }
    }
}

/// A schema says what it is for.
fn describe(tree: &Tree, name: &str, at: &Origin, problems: &mut Problems) {
    // A reference brings its target's description.
    if tree.get("$ref").is_none()
        && text(tree, "description").is_none_or(|doc| doc.trim().is_empty())
    {
        let message = format!("expected `{name}` to have a `description`, found none");
        problems.push(Problem::new(&rules::DESCRIPTION_MISSING, at, message));
    }
}

fn blank(name: &str, origin: Origin) -> SchemaDef {
    SchemaDef {
        name: name.to_owned(),
        rust: names::upper(name),
        doc: None,
        origin,
        is_component: false,
        in_requests: false,
        in_responses: false,
        is_merge_patch: false,
        shape: SchemaShape::Object(Object::default()),
        example: None,
    }
}

/// The string under `key`.
pub(super) fn text(tree: &Tree, key: &str) -> Option<String> {
    tree.get(key).and_then(Tree::as_str).map(ToOwned::to_owned)
}

/// `example`, or the first of `examples`.
pub(super) fn example(tree: &Tree) -> Option<serde_json::Value> {
    let first = tree.get("examples").and_then(Tree::as_array).and_then(|examples| examples.first());
    tree.get("example").or(first).map(Tree::to_json)
}

/// A schema without constraints, for what the document leaves to the gateway.
pub(super) fn plain(ty: SchemaType, origin: &Origin) -> SchemaUse {
    SchemaUse {
        ty,
        nullable: false,
        constraints: Constraints::default(),
        default: None,
        example: None,
        origin: origin.clone(),
    }
}
