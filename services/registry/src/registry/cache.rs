//! Schemas by id, in memory. An id means one schema for ever, so that nothing in here can be wrong;
//! what is deleted for good is forgotten.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::Weighter;
use quick_cache::sync::Cache;

/// The memory that schemas may take, in bytes: 10,000 of the usual 1 KiB.
const CAPACITY_BYTES: u64 = 16 * 1024 * 1024;

/// About how many schemas that is.
const USUAL_SCHEMAS: usize = 10_000;

/// What an entry takes beside its body, in bytes.
const ENTRY_BYTES: u64 = 256;

/// A schema as it is served by its id.
#[derive(Debug)]
pub(crate) struct ServedSchema {
    /// The answer's body, which says all there is of the schema.
    pub(crate) body: bytes::Bytes,
    /// The answer's entity tag, with its quotes.
    pub(crate) etag: axum::http::HeaderValue,
}

/// Bounded by the bytes that its schemas take.
#[derive(Debug)]
pub(super) struct SchemaCache {
    served: Cache<i32, Arc<ServedSchema>, Bytes>,
    /// Goes up each time that it is emptied.
    generation: AtomicU64,
}

#[derive(Clone, Debug)]
struct Bytes;

impl Weighter<i32, Arc<ServedSchema>> for Bytes {
    fn weight(&self, _id: &i32, served: &Arc<ServedSchema>) -> u64 {
        ENTRY_BYTES + u64::try_from(served.body.len()).unwrap_or(u64::MAX - ENTRY_BYTES)
    }
}

impl Default for SchemaCache {
    fn default() -> Self {
        let served = Cache::with_weighter(USUAL_SCHEMAS, CAPACITY_BYTES, Bytes);
        Self { served, generation: AtomicU64::new(0) }
    }
}

impl SchemaCache {
    pub(super) fn get(&self, id: i32) -> Option<Arc<ServedSchema>> {
        self.served.get(&id)
    }

    /// To be read before the database is, and handed to [`Self::insert`] after.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    /// Keeps what was read, unless the cache was emptied since: it may be what was deleted.
    pub(super) fn insert(&self, id: i32, served: &Arc<ServedSchema>, generation: u64) {
        self.served.insert(id, Arc::clone(served));
        // After the insertion: whoever empties it raises the number first.
        if self.generation() != generation {
            self.served.remove(&id);
        }
    }

    /// Forgets all, since something was deleted for good. That is rare.
    pub(super) fn clear(&self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
        self.served.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served() -> Arc<ServedSchema> {
        Arc::new(ServedSchema {
            body: bytes::Bytes::new(),
            etag: axum::http::HeaderValue::from_static("\"x\""),
        })
    }

    #[test]
    fn what_was_read_before_a_deletion_is_not_kept_after_it() {
        let cache = SchemaCache::default();
        cache.insert(1, &served(), cache.generation());
        assert!(cache.get(1).is_some());
        let read_before = cache.generation();
        cache.clear();
        assert!(cache.get(1).is_none());
        cache.insert(1, &served(), read_before);
        assert!(cache.get(1).is_none());
    }
}
