//! JSON to values.

use serde_json::{Map, Value as Json};

use super::default;
use super::record::{bare_branch, branch_name, described, in_branch, null_branch};
use super::{JsonForm, MAX_LEVELS, Value, ValueError, plain};
use crate::schema::{Kind, NodeId, Record, Schema};

/// Reads JSON of one schema.
pub(super) struct Input<'s> {
    schema: &'s Schema,
    form: JsonForm,
    level: usize,
}

impl<'s> Input<'s> {
    pub(super) fn new(schema: &'s Schema, form: JsonForm) -> Self {
        Self { schema, form, level: 0 }
    }

    pub(super) fn read(&mut self, id: NodeId, json: &Json) -> Result<Value, ValueError> {
        if self.level == MAX_LEVELS {
            return Err(ValueError::too_deep());
        }
        self.level += 1;
        let value = self.value(id, json)?;
        self.level -= 1;
        Ok(value)
    }

    fn value(&mut self, id: NodeId, json: &Json) -> Result<Value, ValueError> {
        let schema = self.schema;
        let node = schema.node(id);
        let kind = &node.kind;
        let unfit = || match (self.form, node.logical) {
            (JsonForm::Plain, Some(logical)) => {
                ValueError::expected(&plain::described(logical), &found(json))
            }
            _ => ValueError::expected(&described(kind), &found(json)),
        };
        if let (JsonForm::Plain, Some(logical), Some(text)) =
            (self.form, node.logical, json.as_str())
        {
            return plain::from_text(logical, kind, text).ok_or_else(unfit);
        }
        match kind {
            Kind::Null => json.is_null().then_some(Value::Null).ok_or_else(unfit),
            Kind::Boolean => json.as_bool().map(Value::Boolean).ok_or_else(unfit),
            Kind::Int => {
                let number = json.as_i64().and_then(|number| i32::try_from(number).ok());
                number.map(Value::Int).ok_or_else(unfit)
            }
            Kind::Long => json.as_i64().map(Value::Long).ok_or_else(unfit),
            Kind::Float => float(json).map(Value::Float).ok_or_else(unfit),
            Kind::Double => double(json).map(Value::Double).ok_or_else(unfit),
            Kind::String => {
                json.as_str().map(|text| Value::String(text.to_owned())).ok_or_else(unfit)
            }
            Kind::Bytes => self.bytes(json).map(Value::Bytes).ok_or_else(unfit),
            Kind::Fixed(fixed) => {
                let bytes = self.bytes(json).filter(|bytes| bytes.len() == fixed.size);
                bytes.map(Value::Fixed).ok_or_else(unfit)
            }
            Kind::Enum(symbols) => {
                let symbol = json
                    .as_str()
                    .filter(|symbol| symbols.symbols.iter().any(|known| known == symbol));
                symbol.map(|symbol| Value::Enum(symbol.to_owned())).ok_or_else(unfit)
            }
            Kind::Array { items } => {
                let list = json.as_array().ok_or_else(unfit)?;
                let mut values = Vec::with_capacity(list.len());
                for (index, json) in list.iter().enumerate() {
                    values.push(
                        self.read(*items, json)
                            .map_err(|error| error.within(&index.to_string()))?,
                    );
                }
                Ok(Value::Array(values))
            }
            Kind::Map { values } => {
                let object = json.as_object().ok_or_else(unfit)?;
                let mut entries = Vec::with_capacity(object.len());
                for (key, json) in object {
                    entries.push((
                        key.clone(),
                        self.read(*values, json).map_err(|error| error.within(key))?,
                    ));
                }
                Ok(Value::Map(entries))
            }
            Kind::Record(record) => self.record(record, json.as_object().ok_or_else(unfit)?),
            Kind::Union { branches } => self.union(branches, json),
        }
    }

    fn record(&mut self, record: &Record, object: &Map<String, Json>) -> Result<Value, ValueError> {
        if let Some(key) =
            object.keys().find(|key| !record.fields.iter().any(|field| field.name == **key))
        {
            return Err(ValueError::new(format!(
                "expected fields of `{}`, found `{key}`",
                record.name
            ))
            .within(key));
        }
        let mut fields = Vec::with_capacity(record.fields.len());
        for field in &record.fields {
            let value = match (object.get(&field.name), self.form, &field.default) {
                (Some(json), _, _) => self.read(field.schema, json),
                (None, JsonForm::Plain, Some(tree)) => {
                    default::read(self.schema, field.schema, tree)
                }
                (None, _, _) => Err(ValueError::new("expected a value, found none")),
            };
            fields.push((field.name.clone(), value.map_err(|error| error.within(&field.name))?));
        }
        Ok(Value::Record(fields))
    }

    fn union(&mut self, branches: &[NodeId], json: &Json) -> Result<Value, ValueError> {
        if let (true, Some(index)) = (json.is_null(), null_branch(self.schema, branches)) {
            return Ok(in_branch(index, Value::Null));
        }
        if let (JsonForm::Plain, Some(index)) = (self.form, bare_branch(self.schema, branches)) {
            return Ok(in_branch(index, self.read(branches[index], json)?));
        }
        let entry = json
            .as_object()
            .filter(|object| object.len() == 1)
            .and_then(|object| object.iter().next());
        let chosen = entry.and_then(|(name, json)| {
            let index =
                branches.iter().position(|branch| branch_name(self.schema, *branch) == name)?;
            Some((index, name, json))
        });
        let Some((index, name, json)) = chosen else {
            let names: Vec<String> = branches
                .iter()
                .map(|branch| format!("`{}`", branch_name(self.schema, *branch)))
                .collect();
            let expected =
                format!("an object with one key, the type's name, out of {}", names.join(", "));
            return Err(ValueError::expected(&expected, &found(json)));
        };
        let value = self.read(branches[index], json).map_err(|error| error.within(name))?;
        Ok(in_branch(index, value))
    }

    fn bytes(&self, json: &Json) -> Option<Vec<u8>> {
        match self.form {
            JsonForm::Avro => default::bytes(json.as_str()?),
            JsonForm::Plain => match json.as_object() {
                Some(object) if object.len() == 1 => {
                    plain::from_base64(object.get(plain::UNSCALED)?.as_str()?)
                }
                _ => plain::from_base64(json.as_str()?),
            },
        }
    }
}

/// A number, rounded once; or the word for what JSON has no number for.
fn float(json: &Json) -> Option<f32> {
    match json {
        Json::Number(number) => {
            number.to_string().parse().ok().filter(|number: &f32| number.is_finite())
        }
        Json::String(word) => match word.as_str() {
            "NaN" => Some(f32::NAN),
            "Infinity" => Some(f32::INFINITY),
            "-Infinity" => Some(f32::NEG_INFINITY),
            _ => None,
        },
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    }
}

fn double(json: &Json) -> Option<f64> {
    match json {
        Json::Number(number) => number.as_f64(),
        Json::String(_) => float(json).map(f64::from),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    }
}

/// What a JSON value is, for messages; short ones in full.
fn found(json: &Json) -> String {
    const LONGEST: usize = 40;
    match json {
        Json::Null => "null".to_owned(),
        Json::Array(_) => "an array".to_owned(),
        Json::Object(_) => "an object".to_owned(),
        Json::String(text) if text.chars().count() > LONGEST => "a longer string".to_owned(),
        Json::Bool(_) | Json::Number(_) | Json::String(_) => format!("`{json}`"),
    }
}
