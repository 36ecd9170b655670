//! A value of a type as the contract's examples have it, in the JSON that the API speaks.

use serde_json::{Map, Value as Json, json};

use crate::ir::{Contracts, Field, Logical, Shape, Type, TypeId};

/// How deep types may stand in each other before a value is left out: types may name themselves.
const DEPTH: usize = 8;

/// A value of the type: of each field the example that the contract gives, else one of its kind.
pub(super) fn of(contracts: &Contracts, id: TypeId) -> Json {
    named(contracts, id, DEPTH)
}

fn named(contracts: &Contracts, id: TypeId, depth: usize) -> Json {
    match &contracts.type_of(id).shape {
        Shape::Record(record) => {
            let members = record.fields.iter();
            let members = members.map(|item| (item.name.clone(), field(contracts, item, depth)));
            Json::Object(members.collect::<Map<_, _>>())
        }
        Shape::Enum(symbols) => {
            symbols.variants.first().map_or(Json::Null, |variant| json!(variant.symbol))
        }
        Shape::Fixed { size } => json!("A".repeat(*size)),
        Shape::Union(union) => {
            union.branches.first().map_or(Json::Null, |branch| value(contracts, &branch.ty, depth))
        }
    }
}

fn field(contracts: &Contracts, field: &Field, depth: usize) -> Json {
    field.example.clone().unwrap_or_else(|| value(contracts, &field.ty, depth))
}

fn value(contracts: &Contracts, ty: &Type, depth: usize) -> Json {
    if depth == 0 {
        return Json::Null;
    }
    match ty {
        Type::Null => Json::Null,
        Type::Boolean => json!(true),
        Type::Int | Type::Long => json!(1),
        Type::Float | Type::Double => json!(1.5),
        Type::Bytes => json!("AQID"),
        Type::String => json!("text"),
        Type::Logical(logical) => json!(match logical {
            Logical::Decimal { .. } => "12.50",
            Logical::Uuid { .. } => "01934f6e-7c1b-7d2a-9a55-0c7b7b6f1d20",
            Logical::Date => "2026-11-22",
            Logical::TimeMillis | Logical::TimeMicros => "09:30:00",
            Logical::TimestampMillis | Logical::TimestampMicros | Logical::TimestampNanos =>
                "2026-11-22T09:30:00Z",
            Logical::LocalTimestampMillis
            | Logical::LocalTimestampMicros
            | Logical::LocalTimestampNanos => "2026-11-22T09:30:00",
            Logical::Duration => "P1D",
        }),
        Type::Array(items) => json!([value(contracts, items, depth - 1)]),
        Type::Map(values) => json!({ "key": value(contracts, values, depth - 1) }),
        Type::Optional { inner, .. } => value(contracts, inner, depth - 1),
        Type::Named { id, .. } => named(contracts, *id, depth - 1),
    }
}
