//! Schema nodes to the representation's types.

use std::collections::BTreeMap;

use charter_avro::schema::{self, Kind, NamedType, NodeId};

use super::{Parsed, SHARED, Types};
use crate::attribute::{self, Attribute};
use crate::constant;
use crate::ir::{
    Branch, EnumDef, Field, Logical, Origin, Record, Role, RustPath, Shape, Type, TypeDef, TypeId,
    UnionDef, Variant,
};
use crate::names;
use crate::problem::{Problem, Problems, origin};
use crate::rules;

/// The most digits that the Rust type of a decimal holds, whatever they are.
const MAX_DECIMAL_DIGITS: u32 = 28;

/// Lowers all types of the contracts that nothing broken is part of.
pub(crate) fn lower(parsed: &Parsed, problems: &mut Problems) -> Types {
    let mut named: Vec<&NamedType> =
        parsed.set.types().filter(|named| !parsed.broken.holds(named.name.as_str())).collect();
    named.sort_by(|a, b| a.name.cmp(&b.name));
    let mut lowering =
        Lowering { parsed, problems, types: Types::default(), union_names: BTreeMap::new() };
    lowering.types.broken = parsed.broken.clone();
    lowering.assign(&named);
    for named in &named {
        lowering.named(named);
    }
    super::graph::finish(&mut lowering.types.defs);
    lowering.defaults(&named);
    lowering.examples(&named);
    lowering.types
}

struct Lowering<'a> {
    parsed: &'a Parsed,
    problems: &'a mut Problems,
    types: Types,
    /// What each union is called, after the record and the field that hold it.
    union_names: BTreeMap<NodeId, String>,
}

/// Where a type is used.
struct Place<'a> {
    file: &'a str,
    at: Origin,
    namespace: &'a str,
    role: Role,
}

/// The unions found in a record, for they come behind it.
type Unions = Vec<(TypeId, TypeDef)>;

impl<'a> Lowering<'a> {
    /// Gives ids: to the named types in order, each followed by the unions in its fields.
    fn assign(&mut self, named: &[&NamedType]) {
        let mut next = 0;
        for named in named {
            self.types.ids.insert(named.name.to_string(), TypeId(next));
            next += 1;
            let Kind::Record(record) = &self.parsed.set.node(named.node).kind else { continue };
            for field in &record.fields {
                let mut unions = Vec::new();
                self.unions(field.schema, &mut unions);
                for (index, node) in unions.into_iter().enumerate() {
                    let suffix = if index == 0 { String::new() } else { (index + 1).to_string() };
                    let name =
                        format!("{}{}{suffix}", named.name.name(), names::upper(&field.name));
                    self.union_names.insert(node, name);
                    self.types.unions.insert(node, TypeId(next));
                    next += 1;
                }
            }
        }
    }

    /// The unions of several branches below `id`, without those in named types.
    fn unions(&self, id: NodeId, found: &mut Vec<NodeId>) {
        match &self.parsed.set.node(id).kind {
            Kind::Array { items: inner } | Kind::Map { values: inner } => {
                self.unions(*inner, found);
            }
            Kind::Union { branches } => {
                if self.optional(branches).is_none() {
                    found.push(id);
                }
                for branch in branches {
                    self.unions(*branch, found);
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
            | Kind::Fixed(_) => {}
        }
    }

    /// The other branch of a union of null and one type, and whether null is first.
    fn optional(&self, branches: &[NodeId]) -> Option<(NodeId, bool)> {
        let is_null = |id: NodeId| matches!(self.parsed.set.node(id).kind, Kind::Null);
        match *branches {
            [first, second] if is_null(first) => Some((second, true)),
            [first, second] if is_null(second) => Some((first, false)),
            _ => None,
        }
    }

    fn named(&mut self, named: &NamedType) {
        let parsed = self.parsed;
        let node = parsed.set.node(named.node);
        let file = parsed.paths[named.file].as_str();
        let attribute = node
            .attribute(attribute::NAME)
            .map_or_else(Attribute::default, |tree| attribute::of_type(tree, file, self.problems));
        let role = attribute.kind.as_ref().map_or(Role::Type, |kind| kind.value);
        let at = origin(file, node.span);
        if node.kind.doc().is_none_or(|doc| doc.trim().is_empty()) {
            let message = format!("expected `{}` to have a `doc`, found none", named.name);
            let first_byte = Origin { end: at.start + 1, ..at.clone() };
            self.problems.push(Problem::new(&rules::DOC_MISSING, &first_byte, message));
        }
        let namespace = named.name.namespace().unwrap_or_default();
        let mut place = Place { file, at, namespace, role };
        let mut unions = Vec::new();
        let shape = self.shape(&node.kind, &mut place, &mut unions);
        let mut def = definition(named.name.name(), shape, &place);
        def.origin = origin(file, node.span);
        def.doc = node.kind.doc().map(ToOwned::to_owned);
        def.schema = parsed.schema_text(named.name.as_str());
        let misplaced = attribute.kind.as_ref().filter(|_| !matches!(def.shape, Shape::Record(_)));
        if let Some(kind) = misplaced {
            let message = format!("expected `kind` on a record, found it on `{}`", named.name);
            let help = "a message and a view are records";
            self.problems
                .push(Problem::new(&rules::CHARTER_SHAPE, &kind.origin, message).help(help));
        }
        if attribute.kind_unknown || misplaced.is_some() {
            self.types.broken.add(named.name.to_string());
        }
        self.types.attributes.insert(TypeId(self.types.defs.len()), attribute);
        self.types.defs.push(def);
        unions.sort_by_key(|(id, _)| *id);
        self.types.defs.extend(unions.into_iter().map(|(_, union)| union));
    }

    fn shape(&mut self, kind: &'a Kind, place: &mut Place<'_>, unions: &mut Unions) -> Shape {
        let aliases = kind.aliases().iter().map(ToString::to_string).collect();
        match kind {
            Kind::Record(record) => {
                let fields =
                    record.fields.iter().map(|field| self.field(field, place, unions)).collect();
                Shape::Record(Record { fields, aliases })
            }
            Kind::Enum(symbols) => {
                let variant = |symbol: &String| Variant {
                    symbol: symbol.clone(),
                    rust: names::upper(symbol),
                    doc: None,
                };
                let default = symbols.default.as_ref();
                Shape::Enum(EnumDef {
                    variants: symbols.symbols.iter().map(variant).collect(),
                    default: default
                        .and_then(|name| symbols.symbols.iter().position(|symbol| symbol == name)),
                    aliases,
                })
            }
            Kind::Fixed(fixed) => Shape::Fixed { size: fixed.size },
            Kind::Null
            | Kind::Boolean
            | Kind::Int
            | Kind::Long
            | Kind::Float
            | Kind::Double
            | Kind::Bytes
            | Kind::String
            | Kind::Array { .. }
            | Kind::Map { .. }
            | Kind::Union { .. } => {
                unreachable!("a contract file holds a record, an enum or a fixed")
            }
        }
    }

    fn field(
        &mut self,
        field: &'a schema::Field,
        place: &mut Place<'_>,
        unions: &mut Unions,
    ) -> Field {
        place.at = origin(place.file, field.name_span);
        if field.doc.as_ref().is_none_or(|doc| doc.trim().is_empty()) {
            let message = format!("expected field `{}` to have a `doc`, found none", field.name);
            self.problems.push(Problem::new(&rules::DOC_MISSING, &place.at, message));
        }
        let attribute = field
            .attribute(attribute::NAME)
            .map(|tree| attribute::of_field(tree, place.file, self.problems))
            .unwrap_or_default();
        Field {
            name: field.name.clone(),
            rust: names::field(&field.name),
            doc: field.doc.clone(),
            unit: attribute.unit,
            example: attribute.example,
            private: attribute.private,
            ty: self.ty(field.schema, place, unions),
            default: None,
            aliases: field.aliases.clone(),
            origin: place.at.clone(),
        }
    }

    fn ty(&mut self, id: NodeId, place: &Place<'_>, unions: &mut Unions) -> Type {
        let parsed = self.parsed;
        let node = parsed.set.node(id);
        if node.kind.name().is_none()
            && let Some(member) =
                node.attributes.iter().find(|member| member.key == attribute::NAME)
        {
            let message =
                "expected `charter` on a named type or a field, found it on the type of a field";
            let at = origin(place.file, member.key_span);
            self.problems
                .push(Problem::new(&rules::CHARTER_KEY, &at, message).help("move it to the field"));
        }
        if let Some(logical) = node.logical {
            return self.logical(logical, &node.kind, place);
        }
        match &node.kind {
            Kind::Null => Type::Null,
            Kind::Boolean => Type::Boolean,
            Kind::Int => Type::Int,
            Kind::Long => Type::Long,
            Kind::Float => Type::Float,
            Kind::Double => Type::Double,
            Kind::Bytes => Type::Bytes,
            Kind::String => Type::String,
            Kind::Array { items } => Type::Array(Box::new(self.ty(*items, place, unions))),
            Kind::Map { values } => Type::Map(Box::new(self.ty(*values, place, unions))),
            Kind::Union { branches } => match self.optional(branches) {
                Some((inner, null_first)) => {
                    Type::Optional { inner: Box::new(self.ty(inner, place, unions)), null_first }
                }
                None => self.union(id, branches, place, unions),
            },
            Kind::Record(_) | Kind::Enum(_) | Kind::Fixed(_) => self.reference(&node.kind, place),
        }
    }

    fn reference(&mut self, kind: &Kind, place: &Place<'_>) -> Type {
        let name = kind.name().expect("a record, an enum and a fixed have names");
        let namespace = name.namespace().unwrap_or_default();
        if namespace != place.namespace && namespace != SHARED {
            let own = place.namespace;
            let message = format!(
                "expected a type of `{own}` or `{SHARED}`, found `{name}` of another context"
            );
            self.problems.push(Problem::new(&rules::CONTEXT_CROSSING, &place.at, message));
        }
        Type::Named { id: self.types.ids[name.as_str()], boxed: false }
    }

    fn logical(&mut self, logical: schema::Logical, kind: &Kind, place: &Place<'_>) -> Type {
        let fixed = if let Kind::Fixed(fixed) = kind { Some(fixed.size) } else { None };
        Type::Logical(match logical {
            schema::Logical::Decimal { precision, scale } => {
                if precision > MAX_DECIMAL_DIGITS {
                    let message =
                        format!("expected at most {MAX_DECIMAL_DIGITS} digits, found {precision}");
                    self.problems.push(Problem::new(&rules::DECIMAL_DIGITS, &place.at, message));
                }
                Logical::Decimal { precision, scale, fixed }
            }
            schema::Logical::Uuid => Logical::Uuid { fixed: fixed.is_some() },
            schema::Logical::Date => Logical::Date,
            schema::Logical::TimeMillis => Logical::TimeMillis,
            schema::Logical::TimeMicros => Logical::TimeMicros,
            schema::Logical::TimestampMillis => Logical::TimestampMillis,
            schema::Logical::TimestampMicros => Logical::TimestampMicros,
            schema::Logical::TimestampNanos => Logical::TimestampNanos,
            schema::Logical::LocalTimestampMillis => Logical::LocalTimestampMillis,
            schema::Logical::LocalTimestampMicros => Logical::LocalTimestampMicros,
            schema::Logical::LocalTimestampNanos => Logical::LocalTimestampNanos,
            schema::Logical::Duration => Logical::Duration,
        })
    }

    fn union(
        &mut self,
        node: NodeId,
        branches: &[NodeId],
        place: &Place<'_>,
        unions: &mut Unions,
    ) -> Type {
        let parsed = self.parsed;
        let id = self.types.unions[&node];
        let name = self.union_names[&node].clone();
        let branches = branches
            .iter()
            .map(|branch| {
                let kind = &parsed.set.node(*branch).kind;
                Branch {
                    name: kind
                        .name()
                        .map_or_else(|| kind.type_name().to_owned(), ToString::to_string),
                    rust: names::upper(kind.name().map_or(kind.type_name(), |name| name.name())),
                    ty: self.ty(*branch, place, unions),
                }
            })
            .collect();
        // Whatever record holds it, it is a type of the context like any other.
        let place = Place { at: place.at.clone(), role: Role::Type, ..*place };
        unions.push((id, definition(&name, Shape::Union(UnionDef { branches }), &place)));
        Type::Named { id, boxed: false }
    }

    /// Fills in the defaults. One of a record takes what it leaves out from the record's own fields, so
    /// that the rounds go on until they add nothing.
    fn defaults(&mut self, named: &[&NamedType]) {
        let parsed = self.parsed;
        loop {
            let mut found = Vec::new();
            for (id, record) in records(parsed, &self.types, named) {
                let lowered = self.types.fields(id);
                for (index, (field, lowered)) in record.fields.iter().zip(lowered).enumerate() {
                    let missing = field.default.as_ref().filter(|_| lowered.default.is_none());
                    let default = missing
                        .and_then(|tree| constant::of_default(tree, &lowered.ty, &self.types));
                    found.extend(default.map(|default| (id, index, default)));
                }
            }
            if found.is_empty() {
                return;
            }
            for (id, index, default) in found {
                if let Shape::Record(record) = &mut self.types.defs[id.0].shape {
                    record.fields[index].default = Some(default);
                }
            }
        }
    }

    fn examples(&mut self, named: &[&NamedType]) {
        for (id, record) in records(self.parsed, &self.types, named) {
            for (field, lowered) in record.fields.iter().zip(self.types.fields(id)) {
                let example = field.attribute(attribute::NAME).and_then(|tree| tree.get("example"));
                let Some(tree) = example else { continue };
                if !constant::is_example(&tree.to_json(), &lowered.ty, &self.types) {
                    let expected = self.types.describe(&lowered.ty);
                    let message =
                        format!("expected an example of {expected}, found `{}`", tree.to_json());
                    let at = origin(&lowered.origin.file, tree.span);
                    self.problems.push(Problem::new(&rules::EXAMPLE_MISFIT, &at, message));
                }
            }
        }
    }
}

/// The records among `named`.
fn records<'a>(
    parsed: &'a Parsed,
    types: &Types,
    named: &[&NamedType],
) -> impl Iterator<Item = (TypeId, &'a schema::Record)> {
    named.iter().filter_map(|named| match &parsed.set.node(named.node).kind {
        Kind::Record(record) => Some((types.find(named.name.as_str())?, record)),
        Kind::Null
        | Kind::Boolean
        | Kind::Int
        | Kind::Long
        | Kind::Float
        | Kind::Double
        | Kind::Bytes
        | Kind::String
        | Kind::Array { .. }
        | Kind::Map { .. }
        | Kind::Union { .. }
        | Kind::Enum(_)
        | Kind::Fixed(_) => None,
    })
}

fn definition(name: &str, shape: Shape, place: &Place<'_>) -> TypeDef {
    TypeDef {
        full_name: format!("{}.{name}", place.namespace),
        namespace: place.namespace.to_owned(),
        name: name.to_owned(),
        doc: None,
        origin: place.at.clone(),
        rust: RustPath {
            krate: format!("contract_{}", names::column(place.namespace)),
            module: place.role.module().to_owned(),
            name: names::upper(name),
        },
        role: place.role,
        is_copy: matches!(shape, Shape::Enum(_)),
        shape,
        min_wire_len: 0,
        schema: String::new(),
        is_eq: true,
        is_lent: false,
    }
}
