//! What the runtime asks of a schema registry.

use std::fmt::Debug;

use async_trait::async_trait;
use charter_avro::schema::{Schema, SchemaErrors};

/// A Confluent-compatible schema registry.
#[async_trait]
pub trait SchemaRegistry: Debug + Send + Sync + 'static {
    /// The id of `schema` (Avro, as JSON) under `subject`, which gets it as a new version where it has
    /// no such schema yet.
    ///
    /// # Errors
    /// [`RegistryError::Incompatible`] and [`RegistryError::Invalid`] where the registry doesn't want
    /// it, [`RegistryError::Unavailable`].
    async fn register(&self, subject: &str, schema: &str) -> Result<u32, RegistryError>;

    /// The id of `schema` under `subject`; `None` where it isn't registered there.
    ///
    /// # Errors
    /// [`RegistryError::Unavailable`].
    async fn look_up(&self, subject: &str, schema: &str) -> Result<Option<u32>, RegistryError>;

    /// The schema with this id; `None` where the registry has none.
    ///
    /// # Errors
    /// [`RegistryError::Unusable`] where it is surely the schema's fault that it can't be had; for all
    /// else [`RegistryError::Unavailable`], so that nothing is given up for a trouble that may pass.
    async fn schema(&self, id: u32) -> Result<Option<RegisteredSchema>, RegistryError>;
}

/// A schema as a registry keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredSchema {
    /// The schema as JSON.
    pub schema: String,
    /// The schemas that it names without containing them, each after those that it names itself.
    pub references: Vec<String>,
}

impl RegisteredSchema {
    /// The schema with all that it names.
    ///
    /// # Errors
    /// Where it is no Avro schema.
    pub fn parse(&self) -> Result<Schema, SchemaErrors> {
        let references: Vec<&str> = self.references.iter().map(String::as_str).collect();
        Schema::parse_with_references(&self.schema, &references)
    }
}

/// Why a registry didn't answer or refused.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// It can't be reached or is out of order.
    #[error(
        "the schema registry at `{url}` is not available: {reason}; start it, or name another in SCHEMA_REGISTRY_URL"
    )]
    Unavailable {
        /// Where it was looked for.
        url: String,
        /// What went wrong.
        reason: String,
    },
    /// The subject has a schema that the new one may not follow.
    #[error("subject `{subject}` refuses the schema as incompatible: {reason}")]
    Incompatible {
        /// The subject.
        subject: String,
        /// What the registry said.
        reason: String,
    },
    /// The registry doesn't take it as a schema.
    #[error("subject `{subject}` refuses the schema as invalid: {reason}")]
    Invalid {
        /// The subject.
        subject: String,
        /// What the registry said.
        reason: String,
    },
    /// The registry has the schema, and it is none that messages can be read by.
    #[error("schema {id} can't be used: {reason}")]
    Unusable {
        /// The schema's id.
        id: u32,
        /// Why not.
        reason: String,
    },
    /// It refused otherwise.
    #[error("the schema registry at `{url}` refused: {reason} (error code {code})")]
    Refused {
        /// Where it is.
        url: String,
        /// Its error code, as in Confluent's documentation; 0 where it gave none.
        code: u32,
        /// What it said.
        reason: String,
    },
}
