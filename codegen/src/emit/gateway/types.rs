//! Rust types of the document's schemas, and the way of a value between a schema and an Avro type.

use crate::emit::scope::Scope;
use crate::ir::{Gateway, Logical, Property, SchemaShape, SchemaType, SchemaUse, Type};

/// The module that holds the schemas' types.
pub(super) const SCHEMAS: &str = "crate::schemas";

/// What emitters of the gateway's files work in: the names of a file, and the document.
pub(super) struct Place<'a, 'b> {
    pub(super) scope: &'b mut Scope<'a>,
    pub(super) gateway: &'a Gateway,
}

impl Place<'_, '_> {
    /// The Rust type of a schema without regard to null.
    pub(super) fn base(&mut self, ty: &SchemaType) -> String {
        match ty {
            SchemaType::Boolean => "bool".to_owned(),
            SchemaType::Int32 => "i32".to_owned(),
            SchemaType::Int64 => "i64".to_owned(),
            SchemaType::Float => "f32".to_owned(),
            SchemaType::Double => "f64".to_owned(),
            SchemaType::String
            | SchemaType::Decimal { scale: None, .. }
            | SchemaType::Decimal { precision: None, .. } => "String".to_owned(),
            SchemaType::Uuid => self.scope.name("charter_avro::codec", "Uuid"),
            SchemaType::Date => self.scope.name("charter_avro::logical", "Date"),
            SchemaType::DateTime => self.scope.name("charter_avro::logical", "Timestamp"),
            SchemaType::Decimal { scale: Some(scale), precision: Some(precision) } => {
                format!(
                    "{}<{precision}, {scale}>",
                    self.scope.name("charter_avro::codec", "Decimal")
                )
            }
            SchemaType::Base64 => self.scope.name("charter_avro::codec", "Bytes"),
            SchemaType::Array(items) => format!("Vec<{}>", self.nullable(items)),
            SchemaType::Map(values) => {
                let map = self.scope.name("std::collections", "BTreeMap");
                format!("{map}<String, {}>", self.nullable(values))
            }
            SchemaType::Ref(id) => self.scope.name(SCHEMAS, &self.gateway.schema(*id).rust),
            SchemaType::FreeObject => {
                let map = self.scope.name("serde_json", "Map");
                format!("{map}<String, {}>", self.scope.name("serde_json", "Value"))
            }
        }
    }

    /// The Rust type of a schema.
    pub(super) fn nullable(&mut self, schema: &SchemaUse) -> String {
        let base = self.base(&schema.ty);
        if schema.nullable { format!("Option<{base}>") } else { base }
    }

    /// The Rust type of a property.
    pub(super) fn property(&mut self, property: &Property, merge_patch: bool) -> String {
        let base = self.base(&property.schema.ty);
        if merge_patch && property.schema.nullable {
            format!("{}<{base}>", self.scope.name("charter_http::patch", "Patch"))
        } else if is_optional(property) {
            format!("Option<{base}>")
        } else {
            base
        }
    }

    /// The type as `utoipa` is to show it: types that it doesn't know by those that look alike.
    pub(super) fn shown(&mut self, ty: &SchemaType) -> String {
        match ty {
            SchemaType::Date
            | SchemaType::DateTime
            | SchemaType::Decimal { .. }
            | SchemaType::Base64 => "String".to_owned(),
            SchemaType::Array(items) => format!("Vec<{}>", self.shown_nullable(items)),
            SchemaType::Map(values) => {
                let map = self.scope.name("std::collections", "BTreeMap");
                format!("{map}<String, {}>", self.shown_nullable(values))
            }
            SchemaType::FreeObject => "std::collections::HashMap<String, Object>".to_owned(),
            SchemaType::Boolean
            | SchemaType::Int32
            | SchemaType::Int64
            | SchemaType::Float
            | SchemaType::Double
            | SchemaType::String
            | SchemaType::Uuid
            | SchemaType::Ref(_) => self.base(ty),
        }
    }

    fn shown_nullable(&mut self, schema: &SchemaUse) -> String {
        let shown = self.shown(&schema.ty);
        if schema.nullable { format!("Option<{shown}>") } else { shown }
    }

    /// From a value of the document to one of Avro. `None` where it is the same in Rust.
    pub(super) fn way_in(&mut self, ty: &SchemaType, avro: &Type) -> Option<Way> {
        match (ty, avro) {
            (_, Type::Optional { inner, null_first }) => {
                let inner = self.way_in(ty, inner);
                let some = Way::call("Some").after(inner);
                Some(if *null_first { some } else { self.wrapped("NullLast", Some(some)) })
            }
            (SchemaType::Int32, Type::Long) => Some(Way::call("i64::from")),
            (SchemaType::Float, Type::Double) => Some(Way::call("f64::from")),
            (SchemaType::Uuid, Type::Logical(Logical::Uuid { fixed: true })) => {
                Some(self.wrapped("FixedUuid", None))
            }
            (
                SchemaType::Decimal { .. },
                Type::Logical(Logical::Decimal { fixed: Some(_), .. }),
            ) => Some(self.wrapped("FixedDecimal", None)),
            (SchemaType::DateTime, Type::Logical(logical))
                if *logical != Logical::TimestampMicros =>
            {
                Some(Way::Into)
            }
            (SchemaType::Ref(id), avro) => match &self.gateway.schema(*id).shape {
                SchemaShape::Alias(alias) => {
                    Some(Way::Field.then(self.way_in(&alias.ty.clone(), avro)))
                }
                SchemaShape::Object(_) | SchemaShape::Enum(_) | SchemaShape::OneOf(_) => {
                    let boxed = matches!(avro, Type::Named { boxed: true, .. });
                    Some(if boxed {
                        Way::call("Box::new").after(Some(Way::Into))
                    } else {
                        Way::Into
                    })
                }
            },
            (SchemaType::Array(items), Type::Array(avro)) => {
                self.way_in(&items.ty, avro).map(Way::each)
            }
            (SchemaType::Map(values), Type::Map(avro)) => {
                self.way_in(&values.ty, avro).map(Way::each_value)
            }
            _ => None,
        }
    }

    /// From a value of Avro to one of the document. `None` where it is the same in Rust.
    pub(super) fn way_out(&mut self, avro: &Type, ty: &SchemaType) -> Option<Way> {
        match (avro, ty) {
            (Type::Int, SchemaType::Int64) => Some(Way::call("i64::from")),
            (Type::Float, SchemaType::Double) => Some(Way::call("f64::from")),
            (Type::Logical(Logical::Uuid { fixed: true }), SchemaType::Uuid)
            | (
                Type::Logical(Logical::Decimal { fixed: Some(_), .. }),
                SchemaType::Decimal { .. },
            ) => Some(Way::Field),
            (Type::Logical(logical), SchemaType::DateTime)
                if *logical != Logical::TimestampMicros =>
            {
                Some(Way::Into)
            }
            (Type::Named { boxed, .. }, SchemaType::Ref(_)) => {
                Some(if *boxed { Way::Deref.then(Some(Way::Into)) } else { Way::Into })
            }
            (avro, SchemaType::Ref(id)) => {
                let schema = self.gateway.schema(*id);
                let SchemaShape::Alias(alias) = &schema.shape else { return Some(Way::Into) };
                let inner = self.way_out(avro, &alias.ty.clone());
                let name = self.scope.name(SCHEMAS, &schema.rust);
                Some(Way::call(&name).after(inner))
            }
            (Type::Array(avro), SchemaType::Array(items)) => {
                self.way_out(avro, &items.ty).map(Way::each)
            }
            (Type::Map(avro), SchemaType::Map(values)) => {
                self.way_out(avro, &values.ty).map(Way::each_value)
            }
            _ => None,
        }
    }

    fn wrapped(&mut self, codec: &str, inner: Option<Way>) -> Way {
        let name = self.scope.name("charter_avro::codec", codec);
        Way::call(&name).after(inner)
    }
}

/// Whether a property's Rust type says that there may be nothing.
pub(super) fn is_optional(property: &Property) -> bool {
    !property.required || property.schema.nullable
}

/// What is done to a value on its way.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Way {
    /// `value.into()`
    Into,
    /// `value.0`
    Field,
    /// `(*value)`
    Deref,
    /// `function(value)`
    Call(String),
    /// To each item of a list.
    Each(Box<Way>),
    /// To each value of a map.
    EachValue(Box<Way>),
    /// One after the other.
    Both(Box<Way>, Box<Way>),
}

impl Way {
    fn call(function: &str) -> Self {
        Self::Call(function.to_owned())
    }

    fn each(self) -> Self {
        Self::Each(Box::new(self))
    }

    fn each_value(self) -> Self {
        Self::EachValue(Box::new(self))
    }

    fn then(self, next: Option<Self>) -> Self {
        match next {
            None => self,
            Some(next) => Self::Both(Box::new(self), Box::new(next)),
        }
    }

    fn after(self, first: Option<Self>) -> Self {
        match first {
            None => self,
            Some(first) => Self::Both(Box::new(first), Box::new(self)),
        }
    }

    /// The expression of `value` when it has gone this way.
    pub(super) fn apply(&self, value: &str) -> String {
        match self {
            Self::Into => format!("{value}.into()"),
            Self::Field => format!("{value}.0"),
            Self::Deref => format!("(*{value})"),
            Self::Call(function) => format!("{function}({value})"),
            Self::Each(way) => format!("{value}.into_iter().map({}).collect()", way.function()),
            Self::EachValue(way) => {
                format!(
                    "{value}.into_iter().map(|(key, value)| (key, {})).collect()",
                    way.apply("value")
                )
            }
            Self::Both(first, next) => next.apply(&first.apply(value)),
        }
    }

    /// The function that takes a value this way.
    pub(super) fn function(&self) -> String {
        match self {
            Self::Into => "Into::into".to_owned(),
            Self::Call(function) => function.clone(),
            Self::Field | Self::Deref | Self::Each(_) | Self::EachValue(_) | Self::Both(..) => {
                format!("|value| {}", self.apply("value"))
            }
        }
    }
}

/// `value` gone its way, where there is one.
pub(super) fn gone(way: Option<&Way>, value: &str) -> String {
    way.map_or_else(|| value.to_owned(), |way| way.apply(value))
}

/// An optional value gone its way, where there is one.
pub(super) fn gone_within(way: Option<&Way>, value: &str) -> String {
    way.map_or_else(|| value.to_owned(), |way| format!("{value}.map({})", way.function()))
}
