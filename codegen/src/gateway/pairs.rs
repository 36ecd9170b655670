//! Pairs of a schema and an Avro type: proof that values cross, and how their parts meet.

mod parts;

use std::collections::BTreeMap;

use super::Scope;
use super::schemas::Schemas;
use crate::constant;
use crate::ir::{
    Constant, Conversion, Direction, Field, Logical, Operation, Origin, Parameter, Property,
    SchemaId, SchemaShape, SchemaType, SchemaUse, Shape, Type, TypeId,
};
use crate::problem::Problem;
use crate::rules;
use crate::types;

/// What was proven so far.
#[derive(Default)]
pub(super) struct Pairs {
    /// In the order of names; `None` while its parts are looked at.
    conversions: BTreeMap<(String, String, Direction), Option<Conversion>>,
    /// The precision and scale that each decimal of the document meets, by where it stands.
    decimals: BTreeMap<Origin, (u32, u32)>,
}

impl Pairs {
    pub(super) fn finish(self) -> Vec<Conversion> {
        self.conversions.into_values().flatten().collect()
    }

    /// Tells each decimal of the document what it meets.
    pub(super) fn settle_decimals(&self, schemas: &mut Schemas<'_>, operations: &mut [Operation]) {
        for def in schemas.defs_mut() {
            match &mut def.shape {
                SchemaShape::Object(object) => {
                    object
                        .properties
                        .iter_mut()
                        .for_each(|property| self.settle(&mut property.schema));
                }
                SchemaShape::Alias(schema) => self.settle(schema),
                SchemaShape::Enum(_) | SchemaShape::OneOf(_) => {}
            }
        }
        let parameters = operations.iter_mut().flat_map(|operation| &mut operation.parameters);
        parameters.for_each(|parameter| self.settle(&mut parameter.schema));
    }

    fn settle(&self, schema: &mut SchemaUse) {
        if let SchemaType::Array(inner) | SchemaType::Map(inner) = &mut schema.ty {
            self.settle(inner);
        } else if let SchemaType::Decimal { precision, scale } = &mut schema.ty
            && let Some((of_precision, of_scale)) = self.decimals.get(&schema.origin)
        {
            (*precision, *scale) = (Some(*of_precision), Some(*of_scale));
        }
    }
}

/// Whether a value must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// Always.
    Required,
    /// It may be absent.
    Optional,
    /// Where it is absent, the gateway makes one.
    Filled,
    /// A merge patch: absent keeps, and null clears under another name.
    Patched,
}

impl Presence {
    pub(super) fn of_parameter(parameter: &Parameter) -> Self {
        if parameter.required { Self::Required } else { Self::Optional }
    }

    pub(super) fn of_property(property: &Property) -> Self {
        if property.required { Self::Required } else { Self::Optional }
    }

    /// The same in a merge patch.
    pub(super) fn in_merge_patch(self) -> Self {
        if self == Self::Optional { Self::Patched } else { self }
    }
}

/// A pair that breaks rules, which are reported.
pub(super) struct Breach;

/// The document's side of a pair.
pub(super) struct Side<'a> {
    pub(super) schema: &'a SchemaUse,
    /// Where the parameter or property stands.
    pub(super) origin: &'a Origin,
    pub(super) presence: Presence,
}

impl Scope<'_> {
    /// Proves that values of a parameter or property and of a field become one another. Gives what the
    /// field gets where the value is absent; `None` where it never is.
    pub(super) fn meet_field(
        &mut self,
        side: &Side<'_>,
        field: &Field,
        direction: Direction,
    ) -> Result<Option<Constant>, Breach> {
        let before = self.problems.errors();
        self.meet(side.schema, side.origin, types::inner(&field.ty), &field.origin, direction);
        let optional = self.types.allows_null(&field.ty);
        let absent = match direction {
            Direction::Request => self.absent(side, field, optional),
            Direction::Response => {
                self.check_null_response(side, field, optional);
                None
            }
        };
        if self.problems.errors() == before { Ok(absent) } else { Err(Breach) }
    }

    /// Request: nulls, absence and defaults.
    fn absent(&mut self, side: &Side<'_>, field: &Field, optional: bool) -> Option<Constant> {
        if side.schema.nullable && !optional {
            self.null_pair(side, field, "may be null", "is not optional");
        }
        let default = side.schema.default.as_ref();
        match side.presence {
            Presence::Required | Presence::Filled => return None,
            Presence::Patched => {
                if !optional && field.default.is_none() {
                    self.null_pair(
                        side,
                        field,
                        "may be absent",
                        "is not optional and has no default",
                    );
                }
                return Some(field.default.clone().unwrap_or(Constant::Null));
            }
            Presence::Optional => {}
        }
        match (default, &field.default) {
            (Some(json), Some(of_field)) => {
                let found = constant::of_plain(json, &field.ty, self.types);
                if found.as_ref() != Some(of_field) {
                    self.default_pair(side, field, &format!("`{json}`"));
                }
                found
            }
            (Some(json), None) => {
                self.default_pair(side, field, &format!("`{json}`"));
                None
            }
            (None, Some(of_field)) => {
                if *of_field != Constant::Null {
                    self.default_pair(side, field, "none");
                }
                Some(of_field.clone())
            }
            (None, None) if optional => Some(Constant::Null),
            (None, None) => {
                self.null_pair(side, field, "may be absent", "is not optional and has no default");
                None
            }
        }
    }

    fn check_null_response(&mut self, side: &Side<'_>, field: &Field, optional: bool) {
        if optional && !side.schema.nullable && side.presence == Presence::Required {
            self.null_pair(side, field, "is always there", "may be null");
        }
        if side.schema.nullable && !optional {
            self.null_pair(side, field, "may be null", "is not optional");
        }
    }

    fn null_pair(&mut self, side: &Side<'_>, field: &Field, of_document: &str, of_contract: &str) {
        let message = format!(
            "expected both sides to agree on `{}`, found one that {of_document}",
            field.name
        );
        let problem = Problem::new(&rules::NULL_PAIR, side.origin, message).label(of_document);
        self.problems.push(
            problem.related(&field.origin, format!("the field `{}` {of_contract}", field.name)),
        );
    }

    fn default_pair(&mut self, side: &Side<'_>, field: &Field, found: &str) {
        let (expected, has) = if field.default.is_some() {
            ("the default", "has another default")
        } else {
            ("no default, as", "has no default")
        };
        let message = format!("expected {expected} of the field `{}`, found {found}", field.name);
        let problem = Problem::new(&rules::DEFAULT_PAIR, side.origin, message);
        self.problems
            .push(problem.related(&field.origin, format!("the field `{}` {has}", field.name)));
    }

    /// Proves that values of `schema` and of `ty` become one another, null apart.
    pub(super) fn meet(
        &mut self,
        schema: &SchemaUse,
        at: &Origin,
        ty: &Type,
        field_at: &Origin,
        direction: Direction,
    ) {
        let schema = self.schemas.resolved(schema).clone();
        match (&schema.ty, ty) {
            (SchemaType::Boolean, Type::Boolean)
            | (SchemaType::Int32, Type::Int)
            | (SchemaType::Int64, Type::Long)
            | (SchemaType::Float, Type::Float)
            | (SchemaType::Double, Type::Double)
            | (SchemaType::String, Type::String)
            | (SchemaType::Base64, Type::Bytes)
            | (SchemaType::Uuid, Type::Logical(Logical::Uuid { .. }))
            | (SchemaType::Date, Type::Logical(Logical::Date))
            | (
                SchemaType::DateTime,
                Type::Logical(
                    Logical::TimestampMillis | Logical::TimestampMicros | Logical::TimestampNanos,
                ),
            ) => {}
            (
                SchemaType::Decimal { .. },
                Type::Logical(Logical::Decimal { precision, scale, .. }),
            ) => {
                let meets = (*precision, *scale);
                let known = *self.pairs.decimals.entry(schema.origin.clone()).or_insert(meets);
                if known != meets {
                    let other = format!("decimal({}, {})", known.0, known.1);
                    self.type_pair(&format!("a schema that meets {other} too"), at, ty, field_at);
                }
            }
            (SchemaType::Array(items), Type::Array(of_items)) => {
                self.meet_item(items, at, of_items, field_at, direction);
            }
            (SchemaType::Map(values), Type::Map(of_values)) => {
                self.meet_item(values, at, of_values, field_at, direction);
            }
            (SchemaType::Ref(schema), Type::Named { id, .. }) => {
                self.meet_named(*schema, *id, at, field_at, direction);
            }

            (found, _) => {
                let found = self.describe(found);
                self.type_pair(&found, at, ty, field_at);
            }
        }
    }

    fn meet_item(
        &mut self,
        schema: &SchemaUse,
        at: &Origin,
        ty: &Type,
        field_at: &Origin,
        direction: Direction,
    ) {
        let optional = self.types.allows_null(ty);
        if schema.nullable != optional {
            let message = "expected the items of both sides to agree, found null on one side only";
            let problem = Problem::new(&rules::NULL_PAIR, at, message);
            self.problems.push(problem.related(field_at, "the field stands here"));
        }
        self.meet(schema, at, types::inner(ty), field_at, direction);
    }

    fn type_pair(&mut self, found: &str, at: &Origin, ty: &Type, field_at: &Origin) {
        let expected = self.types.describe(ty);
        let message = format!(
            "expected {} for the Avro type {expected}, found {found}",
            counterpart(ty, self)
        );
        let problem = Problem::new(&rules::TYPE_PAIR, at, message).label(found);
        self.problems.push(problem.related(field_at, format!("the Avro type is {expected}")));
    }

    fn meet_named(
        &mut self,
        schema: SchemaId,
        id: TypeId,
        at: &Origin,
        field_at: &Origin,
        direction: Direction,
    ) {
        let def = self.schemas.get(schema).clone();
        let key = (def.name.clone(), self.types.def(id).full_name.clone(), direction);
        if self.pairs.conversions.contains_key(&key) {
            return;
        }
        self.pairs.conversions.insert(key.clone(), None);
        let types = self.types;
        let parts = match (&def.shape, &types.def(id).shape) {
            (SchemaShape::Object(object), Shape::Record(_)) => {
                self.meet_record(&def, object, id, direction, None)
            }
            (SchemaShape::Enum(variants), Shape::Enum(symbols)) => {
                self.meet_enum(&def, variants, id, &symbols.variants, direction)
            }
            (SchemaShape::OneOf(one_of), Shape::Union(union)) => {
                self.meet_union(&def, one_of, id, &union.branches, direction)
            }
            (
                SchemaShape::Object(_)
                | SchemaShape::Enum(_)
                | SchemaShape::OneOf(_)
                | SchemaShape::Alias(_),
                _,
            ) => {
                let found = self.describe(&SchemaType::Ref(schema));
                self.type_pair(&found, at, &Type::Named { id, boxed: false }, field_at);
                None
            }
        };
        let conversion = parts.map(|parts| Conversion { schema, id, direction, parts });
        self.pairs.conversions.insert(key, conversion);
    }

    fn describe(&self, ty: &SchemaType) -> String {
        match ty {
            SchemaType::Boolean => "a boolean".to_owned(),
            SchemaType::Int32 => "an int32".to_owned(),
            SchemaType::Int64 => "an int64".to_owned(),
            SchemaType::Float => "a float".to_owned(),
            SchemaType::Double => "a double".to_owned(),
            SchemaType::String => "a string".to_owned(),
            SchemaType::Uuid => "a uuid".to_owned(),
            SchemaType::Date => "a date".to_owned(),
            SchemaType::DateTime => "a date-time".to_owned(),
            SchemaType::Decimal { .. } => "a decimal".to_owned(),
            SchemaType::Base64 => "base64".to_owned(),
            SchemaType::Array(_) => "an array".to_owned(),
            SchemaType::Map(_) => "a map".to_owned(),
            SchemaType::FreeObject => "an object of anything".to_owned(),
            SchemaType::Ref(id) => {
                let def = self.schemas.get(*id);
                let kind = match def.shape {
                    SchemaShape::Object(_) => "object",
                    SchemaShape::Enum(_) => "enum",
                    SchemaShape::OneOf(_) => "oneOf",
                    SchemaShape::Alias(_) => "schema",
                };
                format!("the {kind} `{}`", def.name)
            }
        }
    }
}

/// What no schema meets.
const NONE: &str = "nothing, for it has no counterpart,";

/// The schema that meets `ty`, in words.
fn counterpart(ty: &Type, scope: &Scope<'_>) -> &'static str {
    match ty {
        Type::Null => "null",
        Type::Boolean => "`type: boolean`",
        Type::Int => "`type: integer, format: int32`",
        Type::Long => "`type: integer, format: int64`",
        Type::Float => "`type: number, format: float`",
        Type::Double => "`type: number, format: double`",
        Type::Bytes => "`type: string, contentEncoding: base64`",
        Type::String => "`type: string`",
        Type::Array(_) => "`type: array`",
        Type::Map(_) => "an object with `additionalProperties: <schema>`",
        Type::Optional { inner, .. } => counterpart(inner, scope),
        Type::Logical(logical) => match logical {
            Logical::Decimal { .. } => "`type: string, format: decimal`",
            Logical::Uuid { .. } => "`type: string, format: uuid`",
            Logical::Date => "`type: string, format: date`",
            Logical::TimestampMillis | Logical::TimestampMicros | Logical::TimestampNanos => {
                "`type: string, format: date-time`"
            }
            Logical::TimeMillis
            | Logical::TimeMicros
            | Logical::LocalTimestampMillis
            | Logical::LocalTimestampMicros
            | Logical::LocalTimestampNanos
            | Logical::Duration => NONE,
        },
        Type::Named { id, .. } => match scope.types.def(*id).shape {
            Shape::Record(_) => "an object",
            Shape::Enum(_) => "an enum",
            Shape::Fixed { .. } => NONE,
            Shape::Union(_) => "a `oneOf` with a discriminator",
        },
    }
}
