//! A registry in memory, for tests of what rests on one.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use charter_avro::plan::Plan;
use charter_avro::schema::Schema;

use super::registry::{RegisteredSchema, RegistryError, SchemaRegistry};

/// A registry in memory. As Confluent's does by default, it refuses a schema that can't read what the
/// last one of its subject wrote. Ids begin at 1.
#[derive(Debug, Default)]
pub struct MemoryRegistry {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The schema with id `n` at `n - 1`.
    schemas: Vec<String>,
    subjects: BTreeMap<String, Vec<u32>>,
    is_down: bool,
}

impl MemoryRegistry {
    /// An empty registry.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets every call fail as unavailable, or no longer.
    pub fn set_down(&self, is_down: bool) {
        self.lock().is_down = is_down;
    }

    /// The subjects in order.
    #[must_use]
    pub fn subjects(&self) -> Vec<String> {
        self.lock().subjects.keys().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn up(&self) -> Result<MutexGuard<'_, State>, RegistryError> {
        let state = self.lock();
        if state.is_down {
            let (url, reason) = ("memory".to_owned(), "it is down".to_owned());
            return Err(RegistryError::Unavailable { url, reason });
        }
        Ok(state)
    }
}

impl State {
    fn schema(&self, id: u32) -> Option<&String> {
        let index = usize::try_from(id).ok()?.checked_sub(1)?;
        self.schemas.get(index)
    }

    fn look_up(&self, subject: &str, schema: &str) -> Option<u32> {
        let ids = self.subjects.get(subject)?;
        ids.iter().copied().find(|id| self.schema(*id).is_some_and(|known| known == schema))
    }
}

#[async_trait]
impl SchemaRegistry for MemoryRegistry {
    async fn register(&self, subject: &str, schema: &str) -> Result<u32, RegistryError> {
        let mut state = self.up()?;
        if let Some(id) = state.look_up(subject, schema) {
            return Ok(id);
        }
        let invalid = |error: &dyn std::fmt::Display| RegistryError::Invalid {
            subject: subject.to_owned(),
            reason: error.to_string(),
        };
        let reader = Schema::parse(schema).map_err(|error| invalid(&error))?;
        let last = state.subjects.get(subject).and_then(|ids| ids.last());
        if let Some(last) = last.and_then(|id| state.schema(*id)) {
            let writer = Schema::parse(last).map_err(|error| invalid(&error))?;
            Plan::compile(&writer, &reader).map_err(|error| RegistryError::Incompatible {
                subject: subject.to_owned(),
                reason: error.to_string(),
            })?;
        }
        let index = state.schemas.iter().position(|known| known == schema).unwrap_or_else(|| {
            state.schemas.push(schema.to_owned());
            state.schemas.len() - 1
        });
        let id = u32::try_from(index + 1).unwrap_or(u32::MAX);
        state.subjects.entry(subject.to_owned()).or_default().push(id);
        Ok(id)
    }

    async fn look_up(&self, subject: &str, schema: &str) -> Result<Option<u32>, RegistryError> {
        Ok(self.up()?.look_up(subject, schema))
    }

    async fn schema(&self, id: u32) -> Result<Option<RegisteredSchema>, RegistryError> {
        let found = self.up()?.schema(id).cloned();
        Ok(found.map(|schema| RegisteredSchema { schema, references: Vec::new() }))
    }
}
