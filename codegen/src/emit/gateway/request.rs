//! Values of Avro fields from what a request says.

use super::types::{Place, gone, gone_within};
use crate::ir::{Constant, SchemaUse, Type};

impl Place<'_, '_> {
    /// The value of an Avro field from an optional or plain Rust value of the document's schema.
    /// `absent` stands for a value that is not there.
    pub(super) fn field_value(
        &mut self,
        value: &str,
        optional: bool,
        schema: &SchemaUse,
        avro: &Type,
        absent: Option<&Constant>,
    ) -> String {
        if !optional {
            let way = self.way_in(&schema.ty, avro);
            return gone(way.as_ref(), value);
        }
        if let Type::Optional { inner, null_first } = avro
            && absent.is_none_or(|absent| *absent == Constant::Null)
        {
            let way = self.way_in(&schema.ty, inner);
            let value = gone_within(way.as_ref(), value);
            return if *null_first {
                value
            } else {
                format!("{}({value})", self.scope.name("charter_avro::codec", "NullLast"))
            };
        }
        let way = self.way_in(&schema.ty, avro);
        let value = gone_within(way.as_ref(), value);
        let absent = absent.unwrap_or(&Constant::Null);
        let plain = self.scope.constant(avro, absent);
        match absent {
            Constant::Array(items) if items.is_empty() => format!("{value}.unwrap_or_default()"),
            Constant::Map(entries) if entries.is_empty() => format!("{value}.unwrap_or_default()"),
            Constant::String(text) if text.is_empty() => format!("{value}.unwrap_or_default()"),
            Constant::Null
            | Constant::Boolean(_)
            | Constant::Int(_)
            | Constant::Long(_)
            | Constant::Float(_)
            | Constant::Double(_)
            | Constant::Enum { .. } => format!("{value}.unwrap_or({plain})"),
            Constant::Bytes(_)
            | Constant::String(_)
            | Constant::Uuid(_)
            | Constant::Decimal { .. }
            | Constant::Array(_)
            | Constant::Map(_)
            | Constant::Record { .. }
            | Constant::Some(_)
            | Constant::Union { .. } => format!("{value}.unwrap_or_else(|| {plain})"),
        }
    }
}
