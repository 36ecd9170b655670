//! Reading stored messages, whichever version of the contract wrote them.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};

use charter_avro::schema::Schema;
use charter_domain::{Envelope, Message, MessageType};

use super::{SchemaHash, Store, StoreError, StoredSchema};
use charter_avro::plan::Plan;

/// Decodes stored messages of `M`; keeps the plans it compiled.
#[derive(Debug)]
pub(crate) struct Messages<M> {
    store: Arc<dyn Store>,
    hashes: HashMap<&'static str, SchemaHash>,
    plans: Mutex<HashMap<(&'static str, SchemaHash), Arc<Plan>>>,
    marker: PhantomData<fn() -> M>,
}

/// Why a stored message was not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// The store did not give what is needed; it may be tried again.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The message is of a type or a schema that this contract can't read: another release wrote it.
    #[error("{0}")]
    OtherRelease(String),
    /// The message can't be read, now or later.
    #[error("{0}")]
    Unreadable(String),
}

impl<M: Message> Messages<M> {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        let hashes = M::TYPES
            .iter()
            .map(|known| (known.wire_type, SchemaHash::of(known.envelope_schema)))
            .collect();
        Self { store, hashes, plans: Mutex::default(), marker: PhantomData }
    }

    /// The schemas that messages are written with now.
    pub(crate) fn schemas() -> Vec<StoredSchema> {
        M::TYPES.iter().map(|known| StoredSchema::new(known.envelope_schema)).collect()
    }

    /// The schema that messages of this type are written with now.
    pub(crate) fn hash_of(&self, message_type: &MessageType) -> SchemaHash {
        self.hashes
            .get(message_type.wire_type)
            .copied()
            .unwrap_or_else(|| SchemaHash::of(message_type.envelope_schema))
    }

    /// The message of these bytes.
    pub(crate) async fn read(
        &self,
        wire_type: &str,
        schema: SchemaHash,
        envelope: &[u8],
    ) -> Result<Envelope<M>, ReadError> {
        let (known, plan) = self.reading(wire_type, schema).await?;
        M::decode_envelope(known, envelope, plan.as_deref())
            .map_err(|error| ReadError::Unreadable(format!("`{wire_type}`: {error}")))
    }

    /// The message of these bytes without its metadata.
    pub(crate) async fn read_payload(
        &self,
        wire_type: &str,
        schema: SchemaHash,
        envelope: &[u8],
    ) -> Result<M, ReadError> {
        let (known, plan) = self.reading(wire_type, schema).await?;
        M::decode_payload(known, envelope, plan.as_deref())
            .map_err(|error| ReadError::Unreadable(format!("`{wire_type}`: {error}")))
    }

    /// The type of this name, and the plan to read it with where this schema is not its own.
    async fn reading(
        &self,
        wire_type: &str,
        schema: SchemaHash,
    ) -> Result<(&'static MessageType, Option<Arc<Plan>>), ReadError> {
        let known = M::type_named(wire_type)
            .ok_or_else(|| ReadError::OtherRelease(format!("the contract has no `{wire_type}`")))?;
        let plan = if self.hash_of(known) == schema {
            None
        } else {
            Some(self.plan(known, schema).await?)
        };
        Ok((known, plan))
    }

    async fn plan(
        &self,
        known: &'static MessageType,
        schema: SchemaHash,
    ) -> Result<Arc<Plan>, ReadError> {
        let key = (known.wire_type, schema);
        let kept = self.plans.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(plan) = kept {
            return Ok(plan);
        }
        let unreadable = |reason: String| {
            ReadError::Unreadable(format!("`{}` of schema `{schema}`: {reason}", known.wire_type))
        };
        let json = self
            .store
            .schema(&schema)
            .await?
            .ok_or_else(|| unreadable("the store doesn't have the schema".to_owned()))?;
        let writer = Schema::parse(&json).map_err(|error| unreadable(error.to_string()))?;
        let reader =
            Schema::parse(known.envelope_schema).map_err(|error| unreadable(error.to_string()))?;
        let plan = Plan::compile(&writer, &reader).map_err(|error| {
            ReadError::OtherRelease(format!("`{}` of schema `{schema}`: {error}", known.wire_type))
        })?;
        let plan = Arc::new(plan);
        self.plans.lock().unwrap_or_else(PoisonError::into_inner).insert(key, plan.clone());
        Ok(plan)
    }
}
