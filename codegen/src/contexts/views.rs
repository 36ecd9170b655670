//! Views as tables.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::keys;
use crate::attribute::Spanned;
use crate::ir::{Column, ColumnKind, Context, Logical, Role, Shape, Type, TypeId, View};
use crate::problem::{Problem, Problems};
use crate::types::Types;
use crate::{names, rules};

/// Builds the views of a context.
pub(super) fn build(ids: &[TypeId], types: &Types, problems: &mut Problems) -> Vec<View> {
    ids.iter().map(|id| view(*id, types, problems)).collect()
}

/// No message, type or view holds a view: rows have no codec.
pub(super) fn check_held(types: &Types, problems: &mut Problems) {
    let fields = types.all().flat_map(|id| types.fields(id));
    for (field, view) in fields.filter_map(|field| Some((field, held(&field.ty, types)?))) {
        let name = &types.def(view).full_name;
        let message = format!("expected `{}` to hold no view, found `{name}`", field.name);
        let problem = Problem::new(&rules::VIEW_HELD, &field.origin, message);
        problems.push(problem.related(&types.head(view), format!("`{name}` is a view")));
    }
}

/// The first view among the types that a value of `ty` is made of, records left out: their fields are looked
/// at by themselves.
fn held(ty: &Type, types: &Types) -> Option<TypeId> {
    match ty {
        Type::Named { id, .. } => match &types.def(*id).shape {
            Shape::Record(_) => (types.def(*id).role == Role::View).then_some(*id),
            Shape::Union(union) => union.branches.iter().find_map(|branch| held(&branch.ty, types)),
            Shape::Enum(_) | Shape::Fixed { .. } => None,
        },
        Type::Array(inner) | Type::Map(inner) | Type::Optional { inner, .. } => held(inner, types),
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

fn view(id: TypeId, types: &Types, problems: &mut Problems) -> View {
    let def = types.def(id);
    let attribute = &types.attributes[&id];
    let columns: Vec<Column> = types
        .fields(id)
        .iter()
        .map(|field| Column {
            name: names::column(&field.name),
            kind: column_kind(&field.ty, types),
            nullable: matches!(field.ty, Type::Optional { .. }),
        })
        .collect();
    let key = keys::resolve(id, types, problems);
    let indexes = attribute
        .indexes
        .iter()
        .map(|index| self::index(id, index, &columns, types, problems))
        .collect();
    let from = attribute.from.iter().map(|context| context.value.clone()).collect::<Vec<_>>();
    let mut view = View {
        id,
        table: format!("{}_{}", names::column(&def.namespace), names::column(&def.name)),
        key,
        columns,
        indexes,
        from: if from.is_empty() { vec![def.namespace.clone()] } else { from },
        fingerprint: String::new(),
    };
    view.fingerprint = fingerprint(&view);
    view
}

fn index(
    id: TypeId,
    index: &Spanned<Vec<Spanned<String>>>,
    columns: &[Column],
    types: &Types,
    problems: &mut Problems,
) -> Vec<usize> {
    let found = keys::fields(id, &index.value, &rules::INDEX_UNKNOWN, "index", types, problems);
    for column in found.iter().filter(|column| columns[**column].kind == ColumnKind::Json) {
        let field = &types.fields(id)[*column];
        let found = types.describe(&field.ty);
        let message =
            format!("expected an indexed field to have an order, found `{}`: {found}", field.name);
        let problem = Problem::new(&rules::INDEX_TYPE, &index.origin, message);
        problems.push(problem.related(&field.origin, format!("`{}` is {found}", field.name)));
    }
    found
}

fn column_kind(ty: &Type, types: &Types) -> ColumnKind {
    match ty {
        Type::Boolean => ColumnKind::Boolean,
        Type::Int | Type::Long => ColumnKind::Integer,
        Type::Float | Type::Double => ColumnKind::Real,
        Type::Bytes => ColumnKind::Bytes,
        Type::String => ColumnKind::Text,
        Type::Logical(logical) => match logical {
            Logical::Decimal { .. } => ColumnKind::Decimal,
            Logical::Uuid { .. } => ColumnKind::Uuid,
            Logical::Date => ColumnKind::Date,
            Logical::TimestampMicros => ColumnKind::Timestamp,
            Logical::TimeMillis
            | Logical::TimeMicros
            | Logical::TimestampMillis
            | Logical::TimestampNanos
            | Logical::LocalTimestampMillis
            | Logical::LocalTimestampMicros
            | Logical::LocalTimestampNanos => ColumnKind::Integer,
            Logical::Duration => ColumnKind::Bytes,
        },
        Type::Optional { inner, .. } => column_kind(inner, types),
        Type::Null | Type::Array(_) | Type::Map(_) => ColumnKind::Json,
        Type::Named { id, .. } => match &types.def(*id).shape {
            Shape::Enum(_) => ColumnKind::Text,
            Shape::Fixed { .. } => ColumnKind::Bytes,
            Shape::Record(_) | Shape::Union(_) => ColumnKind::Json,
        },
    }
}

/// What makes two tables the same to a projection: their columns, key and indexes.
fn fingerprint(view: &View) -> String {
    let mut shape = view.table.clone();
    for column in &view.columns {
        let nullable = if column.nullable { "?" } else { "" };
        let _ = write!(shape, "\n{} {:?}{nullable}", column.name, column.kind);
    }
    let _ = write!(shape, "\nkey {:?}\nindexes {:?}", view.key, view.indexes);
    format!("{:016x}", charter_avro::fingerprint::crc64(shape.as_bytes()))
}

/// Checks that views fold, and reactors see, events that there are.
pub(super) fn check_sources(contexts: &[Context], types: &Types, problems: &mut Problems) {
    let with_events: BTreeSet<&str> = contexts
        .iter()
        .filter(|context| !context.events.is_empty())
        .map(|context| context.name.as_str())
        .collect();
    let commands = contexts.iter().flat_map(|context| &context.commands).map(|command| command.id);
    let views = contexts.iter().flat_map(|context| &context.views).map(|view| view.id);
    for id in commands.chain(views) {
        for from in &types.attributes[&id].from {
            if !with_events.contains(from.value.as_str()) {
                let message =
                    format!("expected the name of a context with events, found `{}`", from.value);
                problems.push(Problem::new(&rules::VIEW_FROM, &from.origin, message));
            }
        }
    }
}
