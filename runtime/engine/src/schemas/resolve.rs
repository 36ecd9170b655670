//! From a schema id on the wire to the type that reads it.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use charter_avro::plan::Plan;
use charter_avro::schema::Schema;

use super::registry::{RegistryError, SchemaRegistry};

/// The most ids that are remembered. A topic has a few for each message type; more come only from
/// whoever writes ids at random, and must not fill the memory.
const MOST_IDS: usize = 4_096;

/// What an id of the registry means to the types of one topic.
#[derive(Clone, Debug)]
pub(super) enum Meaning {
    /// It is the type with this index, read as written or by a plan.
    Type {
        /// The index among the targets.
        index: usize,
        /// `None` where the writer's bytes are the reader's.
        plan: Option<Arc<Plan>>,
    },
    /// It is another type.
    Other {
        /// Its name, or its type where it has none.
        name: Arc<str>,
    },
    /// It is the type with this index, but can't be read as it, or isn't a schema at all.
    Unreadable {
        /// Why not.
        reason: Arc<str>,
    },
}

/// The types that a topic's records are read as, and the ids seen so far.
#[derive(Debug)]
pub(super) struct Resolver {
    registry: Arc<dyn SchemaRegistry>,
    /// The readers' full names and schemas.
    targets: Vec<(String, Schema)>,
    known: RwLock<HashMap<u32, Meaning>>,
    /// Held while an id is fetched, so that each is fetched once.
    fetching: tokio::sync::Mutex<()>,
}

impl Resolver {
    /// Reads the `targets`, whose own ids are given.
    pub(super) fn new(
        registry: Arc<dyn SchemaRegistry>,
        targets: Vec<(String, Schema)>,
        own: &[u32],
    ) -> Self {
        let known = own
            .iter()
            .enumerate()
            .map(|(index, id)| (*id, Meaning::Type { index, plan: None }))
            .collect();
        let fetching = tokio::sync::Mutex::default();
        Self { registry, targets, known: RwLock::new(known), fetching }
    }

    /// What the id means, where that is known already.
    pub(super) fn known(&self, id: u32) -> Option<Meaning> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    /// What the id means, asked of the registry where it is new; `None` where the registry has no such
    /// id.
    pub(super) async fn resolve(&self, id: u32) -> Result<Option<Meaning>, RegistryError> {
        if let Some(meaning) = self.known(id) {
            return Ok(Some(meaning));
        }
        let _fetching = self.fetching.lock().await;
        if let Some(meaning) = self.known(id) {
            return Ok(Some(meaning));
        }
        let meaning = match self.registry.schema(id).await {
            Ok(None) => return Ok(None),
            Ok(Some(registered)) => match registered.parse() {
                Ok(writer) => self.meaning(&writer),
                Err(error) => Meaning::Unreadable { reason: error.to_string().into() },
            },
            Err(RegistryError::Unusable { reason, .. }) => {
                Meaning::Unreadable { reason: reason.into() }
            }
            Err(error) => return Err(error),
        };
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() < MOST_IDS {
            known.insert(id, meaning.clone());
        }
        Ok(Some(meaning))
    }

    fn meaning(&self, writer: &Schema) -> Meaning {
        let root = &writer.node(writer.root()).kind;
        let name = root.name().map_or_else(|| root.type_name(), |name| name.as_str());
        let target = self.targets.iter().position(|(target, _)| target == name);
        let Some((index, (_, reader))) =
            target.and_then(|index| Some((index, self.targets.get(index)?)))
        else {
            return Meaning::Other { name: name.into() };
        };
        match Plan::compile(writer, reader) {
            Ok(plan) if plan.is_identical() => Meaning::Type { index, plan: None },
            Ok(plan) => Meaning::Type { index, plan: Some(Arc::new(plan)) },
            Err(error) => Meaning::Unreadable { reason: error.to_string().into() },
        }
    }
}
