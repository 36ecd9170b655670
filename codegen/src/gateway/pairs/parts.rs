//! The parts of a pair: properties and fields, values and symbols, branches.

use super::{Presence, Side};
use crate::attribute::list;
use crate::gateway::Scope;
use crate::ir::{
    Branch, ConversionParts, Direction, Field, Object, OneOf, PartSource, Property, SchemaDef,
    SchemaShape, SchemaType, Type, TypeId, Variant,
};
use crate::problem::Problem;
use crate::rules;
use crate::types;

impl Scope<'_> {
    /// Object and record. `discriminator` is a property that tells the branch of a union, and no field, with its
    /// value.
    pub(super) fn meet_record(
        &mut self,
        def: &SchemaDef,
        object: &Object,
        id: TypeId,
        direction: Direction,
        discriminator: Option<(&str, &str)>,
    ) -> Option<ConversionParts> {
        let types = self.types;
        let fields = types.fields(id);
        let before = self.problems.errors();
        if !object.closed {
            let message = format!("expected `{}` to say `additionalProperties: false`", def.name);
            let problem = Problem::new(&rules::OBJECT_OPEN, &def.origin, message);
            self.problems.push(
                problem.related(&types.head(id), format!("it meets `{}`", types.def(id).full_name)),
            );
        }
        let properties = object
            .properties
            .iter()
            .filter(|property| discriminator.is_none_or(|(name, _)| property.name != name));
        for property in
            properties.clone().filter(|property| types::field(fields, &property.name).is_none())
        {
            let message = format!(
                "expected a field of `{}`, found `{}`",
                types.def(id).full_name,
                property.name
            );
            let problem = Problem::new(&rules::PROPERTY_UNKNOWN, &property.origin, message);
            self.problems.push(
                problem
                    .related(&types.head(id), format!("`{}` stands here", types.def(id).full_name)),
            );
        }
        let parts: Vec<PartSource> = match direction {
            Direction::Request => {
                fields.iter().filter_map(|field| self.field_source(def, object, field)).collect()
            }
            Direction::Response => {
                let mut parts = Vec::new();
                for property in &object.properties {
                    let Some((index, field)) = types::field(fields, &property.name) else {
                        let tag = discriminator.filter(|(name, _)| property.name == *name);
                        parts.push(tag.map_or(PartSource::Absent, |(_, value)| {
                            PartSource::Tag(value.to_owned())
                        }));
                        continue;
                    };
                    let presence = Presence::of_property(property);
                    let side =
                        Side { schema: &property.schema, origin: &property.origin, presence };
                    if field.private {
                        let message = format!(
                            "expected no private field in a response, found `{}`",
                            field.name
                        );
                        let problem =
                            Problem::new(&rules::PRIVATE_FIELD, &property.origin, message);
                        self.problems.push(
                            problem.related(&field.origin, format!("`{}` is private", field.name)),
                        );
                    }
                    let _ = self.meet_field(&side, field, direction);
                    parts.push(PartSource::Field(index));
                }
                parts
            }
        };
        (self.problems.errors() == before).then_some(ConversionParts::Fields(parts))
    }

    /// Request: what a field of a nested record gets.
    fn field_source(
        &mut self,
        def: &SchemaDef,
        object: &Object,
        field: &Field,
    ) -> Option<PartSource> {
        let found =
            object.properties.iter().enumerate().find(|(_, property)| property.name == field.name);
        if let Some((index, property)) = found {
            let presence = Presence::of_property(property);
            let side = Side { schema: &property.schema, origin: &property.origin, presence };
            let absent = self.meet_field(&side, field, Direction::Request).ok()?;
            return Some(PartSource::Property { property: index, absent });
        }
        if let Some(default) = &field.default {
            return Some(PartSource::Constant(default.clone()));
        }
        if self.schemas.is_broken(object) {
            return None;
        }
        let message = format!(
            "expected `{}` to have a property for the field `{}`, found none",
            def.name, field.name
        );
        let problem = Problem::new(&rules::FIELD_UNSUPPLIED, &def.origin, message);
        self.problems
            .push(problem.related(&field.origin, format!("`{}` needs a value", field.name)));
        None
    }

    /// Enums: a request's values are all symbols; a response knows all symbols.
    pub(super) fn meet_enum(
        &mut self,
        def: &SchemaDef,
        values: &[Variant],
        id: TypeId,
        symbols: &[Variant],
        direction: Direction,
    ) -> Option<ConversionParts> {
        let (from, to) = match direction {
            Direction::Request => (values, symbols),
            Direction::Response => (symbols, values),
        };
        let position = |symbol: &str| to.iter().position(|variant| variant.symbol == symbol);
        let (mut pairs, mut missing) = (Vec::new(), Vec::new());
        for (index, variant) in from.iter().enumerate() {
            match position(&variant.symbol) {
                Some(other) => pairs.push((index, other)),
                None => missing.push(variant.symbol.as_str()),
            }
        }
        if missing.is_empty() {
            return Some(ConversionParts::Variants(pairs));
        }
        let name = &self.types.def(id).full_name;
        let missing = list(&missing);
        let message = match direction {
            Direction::Request => {
                format!("expected values of a request that `{name}` has, found {missing} too")
            }
            Direction::Response => {
                format!("expected a response to know every symbol of `{name}`, found no {missing}")
            }
        };
        let problem = Problem::new(&rules::ENUM_PAIR, &def.origin, message);
        self.problems.push(problem.related(&self.types.head(id), format!("`{name}` stands here")));
        None
    }

    /// `oneOf` and union of records: the discriminator's value is the record's name or full name.
    pub(super) fn meet_union(
        &mut self,
        def: &SchemaDef,
        one_of: &OneOf,
        id: TypeId,
        branches: &[Branch],
        direction: Direction,
    ) -> Option<ConversionParts> {
        let types = self.types;
        let is_named = |branch: &Branch, value: &str| {
            branch.name == value || branch.name.rsplit('.').next() == Some(value)
        };
        let of_union = |value: &str| branches.iter().position(|branch| is_named(branch, value));
        let mut pairs = Vec::new();
        let mut lonely: Vec<&str> = Vec::new();
        for (index, branch) in one_of.branches.iter().enumerate() {
            match of_union(&branch.value) {
                Some(other) => pairs.push((index, other)),
                None => lonely.push(&branch.value),
            }
        }
        let of_contract = branches.iter().filter(|branch| branch.ty != Type::Null);
        lonely.extend(
            of_contract
                .filter(|branch| {
                    !one_of.branches.iter().any(|candidate| is_named(branch, &candidate.value))
                })
                .map(|branch| branch.name.as_str()),
        );
        if !lonely.is_empty() {
            let message =
                format!("expected the same records on both sides, found {} on one", list(&lonely));
            let problem = Problem::new(&rules::UNION_PAIR, &def.origin, message);
            self.problems.push(problem.related(&types.head(id), "the union stands here"));
            return None;
        }
        let before = self.problems.errors();
        for (index, other) in &pairs {
            let schema = self.schemas.get(one_of.branches[*index].schema).clone();
            let tells = |property: &Property| {
                property.name == one_of.property
                    && property.required
                    && property.schema.ty == SchemaType::String
            };
            if let SchemaShape::Object(object) = &schema.shape
                && !object.properties.iter().any(tells)
            {
                let message = format!(
                    "expected `{}` to have `{}`, a required string",
                    schema.name, one_of.property
                );
                let problem = Problem::new(&rules::UNION_PAIR, &schema.origin, message);
                self.problems.push(problem.related(&def.origin, "the discriminator is named here"));
            }
            let record = branches[*other].ty.named().filter(|id| types.record(*id).is_some());
            let (SchemaShape::Object(object), Some(record)) = (&schema.shape, record) else {
                let message = format!(
                    "expected an object and a record for `{}`",
                    one_of.branches[*index].value
                );
                self.problems.push(Problem::new(&rules::UNION_PAIR, &schema.origin, message));
                continue;
            };
            let key = (schema.name.clone(), types.def(record).full_name.clone(), direction);
            let tag = Some((one_of.property.as_str(), one_of.branches[*index].value.as_str()));
            let parts = self.meet_record(&schema, object, record, direction, tag);
            let schema = one_of.branches[*index].schema;
            let conversion =
                parts.map(|parts| crate::ir::Conversion { schema, id: record, direction, parts });
            self.pairs.conversions.insert(key, conversion);
        }
        if direction == Direction::Response {
            pairs = pairs.into_iter().map(|(document, contract)| (contract, document)).collect();
        }
        (self.problems.errors() == before).then_some(ConversionParts::Branches(pairs))
    }
}
