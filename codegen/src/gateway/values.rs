//! Defaults and examples of the document: values that its own schemas must allow.

use charter_avro::logical::{Date, TimestampNanos};
use serde_json::Value as Json;

use super::schemas::Schemas;
use crate::ir::{Constraints, SchemaShape, SchemaType, SchemaUse};
use crate::problem::{Problem, Problems};
use crate::rules;

impl Schemas<'_> {
    /// Checks the defaults and examples of every property.
    pub(super) fn check_values(&self, problems: &mut Problems) {
        for def in self.defs() {
            match &def.shape {
                SchemaShape::Object(object) => {
                    for property in &object.properties {
                        self.check_value(&property.schema, problems);
                    }
                }
                SchemaShape::Alias(schema) => self.check_value(schema, problems),
                SchemaShape::Enum(_) | SchemaShape::OneOf(_) => {}
            }
        }
    }

    /// Checks the default and the example of one schema.
    pub(super) fn check_value(&self, schema: &SchemaUse, problems: &mut Problems) {
        for (what, value) in [("default", &schema.default), ("example", &schema.example)] {
            if let Some(value) = value
                && let Err(expected) = self.allows(value, schema)
            {
                let message = format!("expected the {what} to be {expected}, found `{value}`");
                problems.push(Problem::new(&rules::DEFAULT_MISFIT, &schema.origin, message));
            }
        }
    }

    /// Whether a value meets a schema; else what was expected.
    fn allows(&self, value: &Json, schema: &SchemaUse) -> Result<(), String> {
        if value.is_null() && schema.nullable {
            return Ok(());
        }
        let is =
            |holds: bool, expected: &str| if holds { Ok(()) } else { Err(expected.to_owned()) };
        let text = value.as_str();
        match &schema.ty {
            SchemaType::Boolean => is(value.is_boolean(), "a boolean")?,
            SchemaType::Int32 => {
                is(
                    value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
                    "a whole number of 32 bits",
                )?;
            }
            SchemaType::Int64 => is(value.is_i64(), "a whole number of 64 bits")?,
            SchemaType::Float | SchemaType::Double => is(value.is_number(), "a number")?,
            SchemaType::String | SchemaType::Base64 => is(text.is_some(), "a string")?,
            SchemaType::Uuid => is(text.is_some_and(is_uuid), "a uuid")?,
            SchemaType::Date => {
                is(text.is_some_and(|text| text.parse::<Date>().is_ok()), "a date")?;
            }
            SchemaType::DateTime => {
                is(
                    text.is_some_and(|text| text.parse::<TimestampNanos>().is_ok()),
                    "a time with offset",
                )?;
            }
            SchemaType::Decimal { .. } => {
                is(text.is_some_and(is_decimal), "a decimal in a string")?;
            }
            SchemaType::FreeObject => is(value.is_object(), "an object")?,
            SchemaType::Array(items) => {
                let found = value.as_array().ok_or("an array")?;
                found.iter().try_for_each(|item| self.allows(item, items))?;
            }
            SchemaType::Map(values) => {
                let found = value.as_object().ok_or("an object")?;
                found.values().try_for_each(|value| self.allows(value, values))?;
            }
            SchemaType::Ref(id) => self.allows_shape(value, &self.get(*id).shape)?,
        }
        within(value, &schema.constraints)
    }

    fn allows_shape(&self, value: &Json, shape: &SchemaShape) -> Result<(), String> {
        match shape {
            SchemaShape::Enum(variants) => {
                let found =
                    variants.iter().any(|variant| Some(variant.symbol.as_str()) == value.as_str());
                if found { Ok(()) } else { Err("a value of the enum".to_owned()) }
            }
            SchemaShape::Alias(schema) => self.allows(value, schema),
            SchemaShape::OneOf(one_of) => {
                let branch = value.get(&one_of.property).and_then(Json::as_str);
                let known = one_of
                    .branches
                    .iter()
                    .any(|candidate| Some(candidate.value.as_str()) == branch);
                if known { Ok(()) } else { Err(format!("an object with `{}`", one_of.property)) }
            }
            SchemaShape::Object(object) => {
                let found = value.as_object().ok_or("an object")?;
                for property in &object.properties {
                    match found.get(&property.name) {
                        Some(value) => self.allows(value, &property.schema)?,
                        None if property.required => {
                            return Err(format!("an object with `{}`", property.name));
                        }
                        None => {}
                    }
                }
                let unknown = found
                    .keys()
                    .find(|key| object.properties.iter().all(|known| known.name != **key));
                match unknown {
                    Some(unknown) if object.closed => Err(format!("an object without `{unknown}`")),
                    _ => Ok(()),
                }
            }
        }
    }
}

fn within(value: &Json, constraints: &Constraints) -> Result<(), String> {
    if let Some(text) = value.as_str() {
        let length = text.chars().count() as u64;
        let pattern =
            constraints.pattern.as_ref().and_then(|pattern| regex::Regex::new(pattern).ok());
        if constraints.min_length.is_some_and(|least| length < least)
            || constraints.max_length.is_some_and(|most| length > most)
        {
            return Err("as long as the schema says".to_owned());
        }
        if pattern.is_some_and(|pattern| !pattern.is_match(text)) {
            return Err("a match of the schema's pattern".to_owned());
        }
    }
    if let Some(number) = value.as_f64() {
        let bound = |bound: &Option<serde_json::Number>| {
            bound.as_ref().and_then(serde_json::Number::as_f64)
        };
        if bound(&constraints.minimum).is_some_and(|least| number < least)
            || bound(&constraints.maximum).is_some_and(|most| number > most)
            || bound(&constraints.exclusive_minimum).is_some_and(|least| number <= least)
            || bound(&constraints.exclusive_maximum).is_some_and(|most| number >= most)
        {
            return Err("within the schema's bounds".to_owned());
        }
    }
    if let Some(items) = value.as_array() {
        let count = items.len() as u64;
        if constraints.min_items.is_some_and(|least| count < least)
            || constraints.max_items.is_some_and(|most| count > most)
        {
            return Err("as many items as the schema says".to_owned());
        }
    }
    Ok(())
}

fn is_uuid(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    [whole, fraction]
        .iter()
        .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}
