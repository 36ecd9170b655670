//! What follows from how types hold one another: which need a box, how small they are on the wire, which
//! can be compared, which have a form that borrows.

use super::METADATA;
use crate::ir::{Role, Shape, Type, TypeDef, TypeId};

/// Fills in what depends on other types. Schemas are finite, which the parser has proven: a type holds
/// itself only through a union, an array or a map.
pub(super) fn finish(defs: &mut [TypeDef]) {
    let edges: Vec<Vec<TypeId>> =
        defs.iter().map(|def| parts(def).into_iter().filter_map(held).collect()).collect();
    for (index, def) in defs.iter_mut().enumerate() {
        let recursive = |to: TypeId| reaches(&edges, to, TypeId(index));
        for ty in parts_mut(def) {
            box_recursive(ty, &recursive);
        }
    }
    for index in 0..defs.len() {
        defs[index].min_wire_len = min_wire_len(defs, TypeId(index), &mut Vec::new());
        defs[index].is_eq = is_eq(defs, TypeId(index), &mut Vec::new());
    }
    for id in in_events(defs) {
        defs[id.0].is_lent = holds_text(defs, id);
    }
}

/// Events, the metadata, and every type that they are made of.
fn in_events(defs: &[TypeDef]) -> Vec<TypeId> {
    let roots = (0..defs.len()).map(TypeId).filter(|id| {
        let def = &defs[id.0];
        def.role == Role::Event || def.full_name == METADATA
    });
    made_of(defs, roots.collect())
}

/// These types and every type that they are made of.
fn made_of(defs: &[TypeDef], mut open: Vec<TypeId>) -> Vec<TypeId> {
    let mut all = Vec::new();
    while let Some(id) = open.pop() {
        if !all.contains(&id) {
            all.push(id);
            open.extend(parts(&defs[id.0]).into_iter().filter_map(innermost));
        }
    }
    all
}

/// Whether a value of a record or a union has text or bytes in it, which can be borrowed from a message.
fn holds_text(defs: &[TypeDef], id: TypeId) -> bool {
    made_of(defs, vec![id]).into_iter().any(|id| parts(&defs[id.0]).into_iter().any(is_text))
}

fn is_text(ty: &Type) -> bool {
    match ty {
        Type::Bytes | Type::String | Type::Map(_) => true,
        Type::Array(inner) | Type::Optional { inner, .. } => is_text(inner),
        Type::Null
        | Type::Boolean
        | Type::Int
        | Type::Long
        | Type::Float
        | Type::Double
        | Type::Logical(_)
        | Type::Named { .. } => false,
    }
}

/// The named type in a type, however deep in arrays and maps.
pub(crate) fn innermost(ty: &Type) -> Option<TypeId> {
    match ty {
        Type::Named { id, .. } => Some(*id),
        Type::Array(inner) | Type::Map(inner) | Type::Optional { inner, .. } => innermost(inner),
        Type::Null
        | Type::Boolean
        | Type::Int
        | Type::Long
        | Type::Float
        | Type::Double
        | Type::Bytes
        | Type::String
        | Type::Logical(_) => None,
    }
}

fn parts(def: &TypeDef) -> Vec<&Type> {
    match &def.shape {
        Shape::Record(record) => record.fields.iter().map(|field| &field.ty).collect(),
        Shape::Union(union) => union.branches.iter().map(|branch| &branch.ty).collect(),
        Shape::Enum(_) | Shape::Fixed { .. } => Vec::new(),
    }
}

fn parts_mut(def: &mut TypeDef) -> Vec<&mut Type> {
    match &mut def.shape {
        Shape::Record(record) => record.fields.iter_mut().map(|field| &mut field.ty).collect(),
        Shape::Union(union) => union.branches.iter_mut().map(|branch| &mut branch.ty).collect(),
        Shape::Enum(_) | Shape::Fixed { .. } => Vec::new(),
    }
}

/// The type that a value of `ty` holds in its own memory, if it is a named one.
fn held(ty: &Type) -> Option<TypeId> {
    match ty {
        Type::Named { id, .. } => Some(*id),
        Type::Optional { inner, .. } => held(inner),
        Type::Null
        | Type::Boolean
        | Type::Int
        | Type::Long
        | Type::Float
        | Type::Double
        | Type::Bytes
        | Type::String
        | Type::Logical(_)
        | Type::Array(_)
        | Type::Map(_) => None,
    }
}

fn reaches(edges: &[Vec<TypeId>], from: TypeId, to: TypeId) -> bool {
    let mut seen = vec![false; edges.len()];
    let mut open = vec![from];
    while let Some(id) = open.pop() {
        if id == to {
            return true;
        }
        if !std::mem::replace(&mut seen[id.0], true) {
            open.extend(&edges[id.0]);
        }
    }
    false
}

fn box_recursive(ty: &mut Type, recursive: &impl Fn(TypeId) -> bool) {
    match ty {
        Type::Named { id, boxed } => *boxed = recursive(*id),
        Type::Optional { inner, .. } => box_recursive(inner, recursive),
        Type::Null
        | Type::Boolean
        | Type::Int
        | Type::Long
        | Type::Float
        | Type::Double
        | Type::Bytes
        | Type::String
        | Type::Logical(_)
        | Type::Array(_)
        | Type::Map(_) => {}
    }
}

/// The fewest bytes of a value; a type in progress counts 0, and so never makes another too large.
fn min_wire_len(defs: &[TypeDef], id: TypeId, open: &mut Vec<TypeId>) -> usize {
    if open.contains(&id) {
        return 0;
    }
    open.push(id);
    let mut of = |ty: &Type| match ty {
        Type::Null => 0,
        Type::Boolean
        | Type::Int
        | Type::Long
        | Type::Bytes
        | Type::String
        | Type::Array(_)
        | Type::Map(_)
        | Type::Optional { .. } => 1,
        Type::Float => 4,
        Type::Double => 8,
        Type::Logical(logical) => logical.min_wire_len(),
        Type::Named { id, .. } => min_wire_len(defs, *id, open),
    };
    let len = match &defs[id.0].shape {
        Shape::Record(record) => record.fields.iter().map(|field| of(&field.ty)).sum(),
        Shape::Union(union) => {
            1 + union.branches.iter().map(|branch| of(&branch.ty)).min().unwrap_or(0)
        }
        Shape::Enum(_) => 1,
        Shape::Fixed { size } => *size,
    };
    open.pop();
    len
}

fn is_eq(defs: &[TypeDef], id: TypeId, open: &mut Vec<TypeId>) -> bool {
    if open.contains(&id) {
        return true;
    }
    open.push(id);
    let eq = parts(&defs[id.0]).into_iter().all(|ty| is_eq_type(defs, ty, open));
    open.pop();
    eq
}

fn is_eq_type(defs: &[TypeDef], ty: &Type, open: &mut Vec<TypeId>) -> bool {
    match ty {
        Type::Float | Type::Double => false,
        Type::Array(inner) | Type::Map(inner) | Type::Optional { inner, .. } => {
            is_eq_type(defs, inner, open)
        }
        Type::Named { id, .. } => is_eq(defs, *id, open),
        Type::Null
        | Type::Boolean
        | Type::Int
        | Type::Long
        | Type::Bytes
        | Type::String
        | Type::Logical(_) => true,
    }
}
