//! Bytes as JSON, by the schema that they were written with, whatever this build knows.

use std::fmt::Write as _;
use std::sync::{Arc, PoisonError};

use charter_avro::schema::Schema;
use charter_avro::value::{JsonForm, Value};
use serde::Serialize;

use super::Operator;
use crate::store::SchemaHash;

/// The most bytes that are shown in hexadecimal.
const MOST_HEX: usize = 256;
/// Byte 0 and a schema's id, before the Avro bytes of the log.
const FRAME: usize = 5;

/// A message as far as it can be read.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Decoded {
    /// The message as JSON, in the form that the contracts have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<serde_json::Value>,
    /// Why it can't be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// How many bytes it has.
    pub bytes: usize,
    /// The first of its bytes in hexadecimal, where it can't be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hex: Option<String>,
}

impl Decoded {
    fn of(bytes: &[u8], read: Result<serde_json::Value, String>) -> Self {
        let (value, problem) = match read {
            Ok(value) => (Some(value), None),
            Err(problem) => (None, Some(problem)),
        };
        let hex = problem.is_some().then(|| {
            bytes.iter().take(MOST_HEX).fold(String::new(), |mut text, byte| {
                // A string takes all.
                let _ = write!(text, "{byte:02x}");
                text
            })
        });
        Self { value, problem, bytes: bytes.len(), hex }
    }
}

impl Operator {
    /// A record's value, framed as on the log.
    pub(super) async fn framed(&self, bytes: &[u8]) -> Decoded {
        let read = match bytes.split_first_chunk::<FRAME>() {
            Some(([0, id @ ..], body)) => {
                let id = u32::from_be_bytes(*id);
                self.registered(id).await.and_then(|schema| json(&schema, body))
            }
            Some(_) | None => Err("it doesn't begin with byte 0 and a schema id".to_owned()),
        };
        Decoded::of(bytes, read)
    }

    /// An envelope of the store.
    pub(super) async fn stored(&self, hash: &SchemaHash, bytes: &[u8]) -> Decoded {
        let read = match self.store.schema(hash).await {
            Ok(Some(text)) => Schema::parse(&text)
                .map_err(|error| error.to_string())
                .and_then(|schema| json(&schema, bytes)),
            Ok(None) => Err("the store lacks the schema that it was written with".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        Decoded::of(bytes, read)
    }

    async fn registered(&self, id: u32) -> Result<Arc<Schema>, String> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
        if let Some(schema) = known {
            return Ok(schema);
        }
        let registry = self.registry.as_ref().ok_or_else(|| {
            format!(
                "it has schema {id} of the registry, which is asked only where the platform runs"
            )
        })?;
        let found = registry.schema(id).await.map_err(|error| error.to_string())?;
        let found = found.ok_or_else(|| format!("the registry has no schema {id}"))?;
        let schema = Arc::new(found.parse().map_err(|error| error.to_string())?);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(id, Arc::clone(&schema));
        Ok(schema)
    }
}

fn json(schema: &Schema, bytes: &[u8]) -> Result<serde_json::Value, String> {
    let value = Value::decode(schema, bytes).map_err(|error| error.to_string())?;
    value.to_json(schema, JsonForm::Plain).map_err(|error| error.to_string())
}
