//! The schemas of this process in the registry.

use std::sync::Arc;

use charter_avro::schema::{Schema, SchemaErrors};
use charter_domain::Message;

use super::codec::{MessageCodec, RecordCodec, WireRecord};
use super::registry::{RegistryError, SchemaRegistry};

/// What a process does at its start with schemas that the registry lacks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Registration {
    /// It registers them: development, where the contract on disk is the newest.
    #[default]
    Register,
    /// It refuses to start (`SCHEMA_REGISTRY_READ_ONLY=true`): production, where a release registered
    /// them.
    LookUp,
}

/// Registers or looks up schemas, and makes the codecs of topics.
#[derive(Clone, Debug)]
pub struct SchemaCatalog {
    registry: Arc<dyn SchemaRegistry>,
    registration: Registration,
}

impl SchemaCatalog {
    /// The catalog in `registry`.
    pub fn new(registry: Arc<dyn SchemaRegistry>, registration: Registration) -> Self {
        Self { registry, registration }
    }

    /// The registry.
    pub(crate) fn registry(&self) -> Arc<dyn SchemaRegistry> {
        Arc::clone(&self.registry)
    }

    /// The codec of the messages of `topic`, all of whose schemas are then in the registry.
    ///
    /// # Errors
    /// [`SchemaError`], which names the subject and the reason.
    pub async fn messages<M: Message>(&self, topic: &str) -> Result<MessageCodec<M>, SchemaError> {
        let mut ids = Vec::new();
        let mut targets = Vec::new();
        for message_type in M::TYPES {
            let name = message_type.envelope_name;
            ids.push(self.prepare(topic, name, message_type.envelope_schema).await?);
            targets.push((name.to_owned(), parse(name, message_type.envelope_schema)?));
        }
        Ok(MessageCodec::new(Arc::clone(&self.registry), topic, targets, ids))
    }

    /// The codec of a topic whose records are all of one type.
    ///
    /// # Errors
    /// [`SchemaError`], which names the subject and the reason.
    pub async fn records<T: WireRecord>(&self, topic: &str) -> Result<RecordCodec<T>, SchemaError> {
        let id = self.prepare(topic, T::FULL_NAME, T::SCHEMA).await?;
        let target = (T::FULL_NAME.to_owned(), parse(T::FULL_NAME, T::SCHEMA)?);
        Ok(RecordCodec::new(Arc::clone(&self.registry), target, id))
    }

    /// The id of a schema under its subject, `<topic>-<full name>` (`TopicRecordNameStrategy`).
    async fn prepare(&self, topic: &str, name: &str, schema: &str) -> Result<u32, SchemaError> {
        let subject = format!("{topic}-{name}");
        match self.registration {
            Registration::Register => Ok(self.registry.register(&subject, schema).await?),
            Registration::LookUp => {
                let found = self.registry.look_up(&subject, schema).await?;
                found.ok_or(SchemaError::Missing { subject })
            }
        }
    }
}

fn parse(name: &str, schema: &str) -> Result<Schema, SchemaError> {
    Schema::parse(schema)
        .map_err(|source| SchemaError::Unparsable { name: name.to_owned(), source })
}

/// Why a process can't use the registry's schemas.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// The registry lacks a schema and this process may not register it.
    #[error(
        "subject `{subject}` lacks this build's schema, and SCHEMA_REGISTRY_READ_ONLY forbids to register it; register it with the release, or start without SCHEMA_REGISTRY_READ_ONLY"
    )]
    Missing {
        /// The subject.
        subject: String,
    },
    /// The registry refused or didn't answer.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// Generated code holds what is no schema.
    #[error("the schema of `{name}` in this build is no Avro schema; run `charter generate`")]
    Unparsable {
        /// The full name.
        name: String,
        /// What is wrong with it.
        #[source]
        source: SchemaErrors,
    },
}
