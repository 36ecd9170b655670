//! Defaults and examples: JSON values as values of an Avro type.

use charter_avro::logical::{
    CalendarDuration, Date, LocalTimestampMicros, LocalTimestampMillis, LocalTimestampNanos,
    TimeMicros, TimeMillis, TimestampMicros, TimestampMillis, TimestampNanos,
};
use charter_avro::source::Tree;
use serde_json::Value as Json;

use crate::ir::{Constant, Logical, Shape, Type, TypeId};
use crate::types::Types;

/// The default `tree` in Avro's own JSON form, which the schema parser has proven to fit `ty`. `None`
/// where a record leaves out a field whose default is not known yet.
pub(crate) fn of_default(tree: &Tree, ty: &Type, types: &Types) -> Option<Constant> {
    match ty {
        Type::Null => tree.is_null().then_some(Constant::Null),
        Type::Boolean => tree.as_bool().map(Constant::Boolean),
        Type::Int => int(tree),
        Type::Long => tree.as_i64().map(Constant::Long),
        Type::Float => float(tree).map(Constant::Float),
        Type::Double => tree.as_number().map(|number| Constant::Double(number.as_f64())),
        Type::Bytes => bytes(tree).map(Constant::Bytes),
        Type::String => tree.as_str().map(|text| Constant::String(text.to_owned())),
        Type::Logical(logical) => logical_default(tree, *logical),
        Type::Array(items) => {
            let items = tree.as_array()?.iter().map(|item| of_default(item, items, types));
            items.collect::<Option<_>>().map(Constant::Array)
        }
        Type::Map(values) => {
            let entries = tree.as_object()?.iter().map(|member| {
                Some((member.key.clone(), of_default(&member.value, values, types)?))
            });
            entries.collect::<Option<_>>().map(Constant::Map)
        }
        Type::Optional { .. } if tree.is_null() => Some(Constant::Null),
        Type::Optional { inner, .. } => {
            of_default(tree, inner, types).map(|value| Constant::Some(Box::new(value)))
        }
        Type::Named { id, .. } => named_default(tree, *id, types),
    }
}

fn int(tree: &Tree) -> Option<Constant> {
    i32::try_from(tree.as_i64()?).ok().map(Constant::Int)
}

fn float(tree: &Tree) -> Option<f32> {
    tree.as_number()?.as_str().parse().ok()
}

/// One byte a character (Avro specification, "Schema Declaration", defaults of bytes and fixed).
fn bytes(tree: &Tree) -> Option<Vec<u8>> {
    tree.as_str()?.chars().map(|character| u8::try_from(u32::from(character)).ok()).collect()
}

fn logical_default(tree: &Tree, logical: Logical) -> Option<Constant> {
    match logical {
        Logical::Date | Logical::TimeMillis => int(tree),
        Logical::TimeMicros
        | Logical::TimestampMillis
        | Logical::TimestampMicros
        | Logical::TimestampNanos
        | Logical::LocalTimestampMillis
        | Logical::LocalTimestampMicros
        | Logical::LocalTimestampNanos => tree.as_i64().map(Constant::Long),
        Logical::Uuid { fixed: false } => tree.as_str().and_then(uuid).map(Constant::Uuid),
        Logical::Uuid { fixed: true } => {
            let bytes = bytes(tree)?.try_into().ok()?;
            let hex = format!("{:032x}", u128::from_be_bytes(bytes));
            uuid_of_hex(&hex).map(Constant::Uuid)
        }
        Logical::Decimal { scale, .. } => {
            let unscaled = unscaled(&bytes(tree)?)?;
            Some(Constant::Decimal { unscaled, scale })
        }
        Logical::Duration => bytes(tree).map(Constant::Bytes),
    }
}

/// The two's-complement big-endian number of at most 16 bytes.
fn unscaled(bytes: &[u8]) -> Option<i128> {
    let first = *bytes.first()?;
    let sign = if first & 0x80 == 0 { 0 } else { 0xff };
    let mut wide = [sign; 16];
    let start = wide.len().checked_sub(bytes.len())?;
    wide[start..].copy_from_slice(bytes);
    Some(i128::from_be_bytes(wide))
}

fn named_default(tree: &Tree, id: TypeId, types: &Types) -> Option<Constant> {
    match &types.def(id).shape {
        Shape::Record(record) => {
            tree.as_object()?;
            let fields = record.fields.iter().map(|field| match tree.get(&field.name) {
                Some(value) => of_default(value, &field.ty, types),
                None => field.default.clone(),
            });
            fields.collect::<Option<_>>().map(|fields| Constant::Record { id, fields })
        }
        Shape::Enum(symbols) => {
            let variant = symbols
                .variants
                .iter()
                .position(|variant| Some(variant.symbol.as_str()) == tree.as_str())?;
            Some(Constant::Enum { id, variant })
        }
        Shape::Fixed { .. } => bytes(tree).map(Constant::Bytes),
        Shape::Union(union) => union.branches.iter().enumerate().find_map(|(branch, candidate)| {
            let value = of_default(tree, &candidate.ty, types)?;
            let is_null = value == Constant::Null;
            Some(if is_null {
                value
            } else {
                Constant::Union { id, branch, value: Box::new(value) }
            })
        }),
    }
}

/// A value of `ty` in plain JSON as the gateway speaks it: dates, times, uuids and decimals as strings.
/// `None` where it is no such value. Unions of several branches and bytes have no plain form here.
pub(crate) fn of_plain(json: &Json, ty: &Type, types: &Types) -> Option<Constant> {
    match ty {
        Type::Null => json.is_null().then_some(Constant::Null),
        Type::Boolean => json.as_bool().map(Constant::Boolean),
        Type::Int => i32::try_from(json.as_i64()?).ok().map(Constant::Int),
        Type::Long => json.as_i64().map(Constant::Long),
        Type::Float => json.to_string().parse().ok().map(Constant::Float),
        Type::Double => json.as_f64().map(Constant::Double),
        Type::Bytes => None,
        Type::String => json.as_str().map(|text| Constant::String(text.to_owned())),
        Type::Logical(logical) => logical_plain(json.as_str()?, *logical),
        Type::Array(items) => {
            let items = json.as_array()?.iter().map(|item| of_plain(item, items, types));
            items.collect::<Option<_>>().map(Constant::Array)
        }
        Type::Map(values) => {
            let entries = json
                .as_object()?
                .iter()
                .map(|(key, value)| Some((key.clone(), of_plain(value, values, types)?)));
            entries.collect::<Option<_>>().map(Constant::Map)
        }
        Type::Optional { .. } if json.is_null() => Some(Constant::Null),
        Type::Optional { inner, .. } => {
            of_plain(json, inner, types).map(|value| Constant::Some(Box::new(value)))
        }
        Type::Named { id, .. } => named_plain(json, *id, types),
    }
}

/// Whether `json` shows a value of `ty`. Where plain JSON has no one form for the type, anything does.
pub(crate) fn is_example(json: &Json, ty: &Type, types: &Types) -> bool {
    match ty {
        Type::Bytes => json.is_string(),
        Type::Optional { inner, .. } => json.is_null() || is_example(json, inner, types),
        Type::Array(items) => json
            .as_array()
            .is_some_and(|found| found.iter().all(|item| is_example(item, items, types))),
        Type::Map(values) => json
            .as_object()
            .is_some_and(|found| found.values().all(|value| is_example(value, values, types))),
        Type::Named { id, .. } => match &types.def(*id).shape {
            Shape::Union(_) => true,
            Shape::Fixed { .. } => json.is_string(),
            Shape::Record(record) => json.as_object().is_some_and(|object| {
                object.keys().all(|key| record.fields.iter().any(|field| field.name == *key))
                    && record.fields.iter().all(|field| match object.get(&field.name) {
                        Some(value) => is_example(value, &field.ty, types),
                        None => field.default.is_some(),
                    })
            }),
            Shape::Enum(_) => of_plain(json, ty, types).is_some(),
        },
        Type::Null
        | Type::Boolean
        | Type::Int
        | Type::Long
        | Type::Float
        | Type::Double
        | Type::String
        | Type::Logical(_) => of_plain(json, ty, types).is_some(),
    }
}

fn named_plain(json: &Json, id: TypeId, types: &Types) -> Option<Constant> {
    match &types.def(id).shape {
        Shape::Record(record) => {
            let object = json.as_object()?;
            let fields = record.fields.iter().map(|field| match object.get(&field.name) {
                Some(value) => of_plain(value, &field.ty, types),
                None => field.default.clone(),
            });
            fields.collect::<Option<_>>().map(|fields| Constant::Record { id, fields })
        }
        Shape::Enum(symbols) => {
            let variant = symbols
                .variants
                .iter()
                .position(|variant| Some(variant.symbol.as_str()) == json.as_str())?;
            Some(Constant::Enum { id, variant })
        }
        Shape::Fixed { .. } | Shape::Union(_) => None,
    }
}

fn logical_plain(text: &str, logical: Logical) -> Option<Constant> {
    let long = |value: Option<i64>| value.map(Constant::Long);
    match logical {
        Logical::Decimal { scale, precision, .. } => decimal(text, precision, scale),
        Logical::Uuid { .. } => uuid(text).map(Constant::Uuid),
        Logical::Date => text.parse::<Date>().ok().map(|date| Constant::Int(date.days())),
        Logical::TimeMillis => {
            text.parse::<TimeMillis>().ok().map(|time| Constant::Int(time.millis()))
        }
        Logical::TimeMicros => long(text.parse::<TimeMicros>().ok().map(TimeMicros::micros)),
        Logical::TimestampMillis => {
            long(text.parse::<TimestampMillis>().ok().map(TimestampMillis::millis))
        }
        Logical::TimestampMicros => {
            long(text.parse::<TimestampMicros>().ok().map(TimestampMicros::micros))
        }
        Logical::TimestampNanos => {
            long(text.parse::<TimestampNanos>().ok().map(TimestampNanos::nanos))
        }
        Logical::LocalTimestampMillis => {
            long(text.parse::<LocalTimestampMillis>().ok().map(LocalTimestampMillis::millis))
        }
        Logical::LocalTimestampMicros => {
            long(text.parse::<LocalTimestampMicros>().ok().map(LocalTimestampMicros::micros))
        }
        Logical::LocalTimestampNanos => {
            long(text.parse::<LocalTimestampNanos>().ok().map(LocalTimestampNanos::nanos))
        }
        Logical::Duration => {
            text.parse::<CalendarDuration>().ok().map(|_| Constant::Bytes(Vec::new()))
        }
    }
}

/// A decimal's text with at most `scale` digits after the point and `precision` digits in all.
fn decimal(text: &str, precision: u32, scale: u32) -> Option<Constant> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let scale_length = scale as usize;
    if whole.is_empty()
        || !is_digits(whole)
        || !is_digits(fraction)
        || fraction.len() > scale_length
    {
        return None;
    }
    let unscaled: i128 = format!("{whole}{fraction:0<scale_length$}").parse().ok()?;
    let fits = unscaled < 10_i128.checked_pow(precision)?;
    fits.then_some(Constant::Decimal { unscaled: sign * unscaled, scale })
}

/// A UUID's text, in lower case.
fn uuid(text: &str) -> Option<String> {
    let text = text.to_ascii_lowercase();
    let parts: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    let hex = parts.concat();
    (lengths == [8, 4, 4, 4, 12] && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .then_some(text)
}

fn uuid_of_hex(hex: &str) -> Option<String> {
    let part = |range: std::ops::Range<usize>| hex.get(range);
    Some([part(0..8)?, part(8..12)?, part(12..16)?, part(16..20)?, part(20..32)?].join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_keeps_its_scale_and_no_more() {
        assert_eq!(decimal("420.5", 14, 2), Some(Constant::Decimal { unscaled: 42_050, scale: 2 }));
        assert_eq!(decimal("-1", 14, 2), Some(Constant::Decimal { unscaled: -100, scale: 2 }));
        assert_eq!(decimal("0.001", 14, 2), None);
        assert_eq!(decimal("100", 2, 0), None);
        assert_eq!(decimal(".5", 14, 2), None);
    }

    #[test]
    fn a_decimals_bytes_are_twos_complement() {
        assert_eq!(unscaled(&[0xff, 0x38]), Some(-200));
        assert_eq!(unscaled(&[0x00, 0xc8]), Some(200));
        assert_eq!(unscaled(&[0; 17]), None);
    }

    #[test]
    fn a_uuid_has_five_groups() {
        assert!(uuid("7B1F3C52-9a4e-5d0a-8f2e-0a4b6c1d2e3f").is_some());
        assert!(uuid("7b1f3c529a4e5d0a8f2e0a4b6c1d2e3f").is_none());
    }
}
