//! Values to JSON.

use serde_json::{Map, Value as Json};

use super::record::{bare_branch, branch_name, described, matched};
use super::{JsonForm, Value, ValueError, plain};
use crate::schema::{Kind, Logical, NodeId, Schema};

/// The value of the node `id` as JSON.
pub(super) fn write(
    schema: &Schema,
    id: NodeId,
    value: &Value,
    form: JsonForm,
) -> Result<Json, ValueError> {
    let node = schema.node(id);
    if let (JsonForm::Plain, Some(logical)) = (form, node.logical)
        && let Some(text) = plain::to_text(logical, value)
    {
        return Ok(text.into());
    }
    if let (
        JsonForm::Plain,
        Some(Logical::Decimal { .. }),
        Value::Bytes(bytes) | Value::Fixed(bytes),
    ) = (form, node.logical, value)
    {
        return Ok(Json::Object(Map::from_iter([(
            plain::UNSCALED.to_owned(),
            plain::base64(bytes).into(),
        )])));
    }
    Ok(match (&node.kind, value) {
        (Kind::Null, Value::Null) => Json::Null,
        (Kind::Boolean, Value::Boolean(flag)) => (*flag).into(),
        (Kind::Int, Value::Int(number)) => (*number).into(),
        (Kind::Long, Value::Long(number)) => (*number).into(),
        (Kind::Float, Value::Float(number)) => floating(f64::from(*number), &number.to_string()),
        (Kind::Double, Value::Double(number)) => floating(*number, &number.to_string()),
        (Kind::Bytes, Value::Bytes(bytes)) => bytes_as(form, bytes),
        (Kind::Fixed(fixed), Value::Fixed(bytes)) if bytes.len() == fixed.size => {
            bytes_as(form, bytes)
        }
        (Kind::String, Value::String(text)) => text.clone().into(),
        (Kind::Enum(kind), Value::Enum(symbol)) if kind.symbols.contains(symbol) => {
            symbol.clone().into()
        }
        (Kind::Array { items }, Value::Array(values)) => {
            let mut list = Vec::with_capacity(values.len());
            for (index, value) in values.iter().enumerate() {
                list.push(
                    write(schema, *items, value, form)
                        .map_err(|error| error.within(&index.to_string()))?,
                );
            }
            Json::Array(list)
        }
        (Kind::Map { values }, Value::Map(entries)) => {
            let mut object = Map::new();
            for (key, value) in entries {
                object.insert(
                    key.clone(),
                    write(schema, *values, value, form).map_err(|error| error.within(key))?,
                );
            }
            Json::Object(object)
        }
        (Kind::Record(record), Value::Record(fields)) => {
            let mut object = Map::new();
            for (field, value) in matched(record, fields)? {
                let json = write(schema, field.schema, value, form)
                    .map_err(|error| error.within(&field.name))?;
                object.insert(field.name.clone(), json);
            }
            Json::Object(object)
        }
        (Kind::Union { branches }, Value::Union(index, value)) => {
            union(schema, branches, *index, value, form)?
        }
        _ => return Err(ValueError::expected(&described(&node.kind), value.describe())),
    })
}

fn union(
    schema: &Schema,
    branches: &[NodeId],
    index: u32,
    value: &Value,
    form: JsonForm,
) -> Result<Json, ValueError> {
    let Some(branch) = branches.get(index as usize) else {
        return Err(ValueError::new(format!(
            "expected a branch within 0..{}, found `{index}`",
            branches.len()
        )));
    };
    let json = write(schema, *branch, value, form)?;
    let bare = form == JsonForm::Plain && bare_branch(schema, branches).is_some();
    if bare || matches!(schema.node(*branch).kind, Kind::Null) {
        return Ok(json);
    }
    Ok(Json::Object(Map::from_iter([(branch_name(schema, *branch).to_owned(), json)])))
}

/// A number, or the word for what JSON has no number for. A float goes by way of its shortest text, so that 0.1 stays 0.1.
fn floating(number: f64, shortest: &str) -> Json {
    if number.is_nan() {
        "NaN".into()
    } else if number.is_infinite() {
        if number > 0.0 { "Infinity" } else { "-Infinity" }.into()
    } else {
        shortest.parse::<f64>().unwrap_or(number).into()
    }
}

fn bytes_as(form: JsonForm, bytes: &[u8]) -> Json {
    match form {
        JsonForm::Avro => bytes.iter().map(|byte| char::from(*byte)).collect::<String>().into(),
        JsonForm::Plain => plain::base64(bytes).into(),
    }
}
