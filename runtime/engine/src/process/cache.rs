//! Aggregates kept in memory, the least recently used ones given up first.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use charter_domain::AggregateId;

/// The memory that all caches of a process share, in bytes of the events that were folded.
#[derive(Debug)]
pub(crate) struct Budget {
    bytes: usize,
    used: AtomicUsize,
    caches: AtomicUsize,
}

impl Budget {
    /// A budget of so many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        Self { bytes, used: AtomicUsize::new(0), caches: AtomicUsize::new(0) }
    }

    /// What a cache may keep now: all of it while there is room for all, else an even share.
    fn allowed(&self) -> usize {
        if self.used.load(Ordering::Relaxed) <= self.bytes {
            return usize::MAX;
        }
        self.bytes / self.caches.load(Ordering::Relaxed).max(1)
    }
}

/// An aggregate as of its last event.
#[derive(Clone, Debug)]
pub(super) struct Aggregate<D> {
    /// The state.
    pub(super) state: D,
    /// The last event's sequence, 0 for none.
    pub(super) sequence: i64,
    /// The bytes of the events that were folded: nobody knows what the state takes, and it seldom takes
    /// more.
    pub(super) bytes: usize,
}

/// States by aggregate, at most about `capacity` of them, and of all caches' bytes about the budget's.
#[derive(Debug)]
pub(super) struct Cache<D> {
    capacity: usize,
    budget: Arc<Budget>,
    /// What the budget knows of.
    counted: usize,
    clock: u64,
    kept: HashMap<AggregateId, (u64, Aggregate<D>)>,
}

impl<D> Cache<D> {
    pub(super) fn new(capacity: usize, budget: Arc<Budget>) -> Self {
        budget.caches.fetch_add(1, Ordering::Relaxed);
        Self { capacity: capacity.max(1), budget, counted: 0, clock: 0, kept: HashMap::new() }
    }

    pub(super) fn contains(&self, id: &AggregateId) -> bool {
        self.kept.contains_key(id)
    }

    pub(super) fn get_mut(&mut self, id: &AggregateId) -> Option<&mut Aggregate<D>> {
        self.clock += 1;
        let (used, aggregate) = self.kept.get_mut(id)?;
        *used = self.clock;
        Some(aggregate)
    }

    pub(super) fn insert(&mut self, id: AggregateId, aggregate: Aggregate<D>) {
        self.clock += 1;
        self.kept.insert(id, (self.clock, aggregate));
    }

    /// Forgets an aggregate; the budget learns of it with the next [`trim`](Self::trim).
    pub(super) fn forget(&mut self, id: &AggregateId) {
        self.kept.remove(id);
    }

    /// Gives up the least recently used ones where more than the capacity is kept, or more bytes than are
    /// allowed, and an eighth more, so that not each batch has to. The last one used is always kept. Called
    /// between batches, so that a batch never loses what it loaded.
    pub(super) fn trim(&mut self) {
        let mut bytes: usize = self.kept.values().map(|(_, aggregate)| aggregate.bytes).sum();
        self.count(bytes);
        let allowed = self.budget.allowed();
        if self.kept.len() <= self.capacity && bytes <= allowed {
            return;
        }
        let mut by_use: Vec<(u64, usize)> =
            self.kept.values().map(|(used, aggregate)| (*used, aggregate.bytes)).collect();
        by_use.sort_unstable();
        let most = if by_use.len() > self.capacity {
            self.capacity - self.capacity / 8
        } else {
            self.capacity
        };
        let most_bytes = if bytes > allowed { allowed - allowed / 8 } else { allowed };
        let mut left = by_use.len();
        let mut oldest_kept = 0;
        for (used, weight) in by_use {
            oldest_kept = used;
            if left == 1 || (left <= most && bytes <= most_bytes) {
                break;
            }
            left -= 1;
            bytes -= weight;
        }
        self.kept.retain(|_, (used, _)| *used >= oldest_kept);
        self.count(bytes);
    }

    /// Tells the budget what is kept.
    fn count(&mut self, bytes: usize) {
        self.budget.used.fetch_add(bytes, Ordering::Relaxed);
        self.budget.used.fetch_sub(self.counted, Ordering::Relaxed);
        self.counted = bytes;
    }
}

impl<D> Drop for Cache<D> {
    fn drop(&mut self) {
        self.count(0);
        self.budget.caches.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: i64) -> AggregateId {
        AggregateId::new("t", number.to_string())
    }

    fn insert(cache: &mut Cache<()>, number: i64, bytes: usize) {
        cache.insert(id(number), Aggregate { state: (), sequence: number, bytes });
    }

    fn kept(cache: &Cache<()>) -> Vec<i64> {
        (0..20).filter(|number| cache.contains(&id(*number))).collect()
    }

    #[test]
    fn the_least_recently_used_are_given_up() {
        let mut cache = Cache::new(8, Arc::new(Budget::new(1_000)));
        for number in 0..9 {
            insert(&mut cache, number, 1);
        }
        cache.get_mut(&id(0)).expect("kept so far");
        cache.trim();
        assert_eq!(kept(&cache), [0, 3, 4, 5, 6, 7, 8]);
    }

    #[test]
    fn caches_share_a_budget_of_bytes() {
        let budget = Arc::new(Budget::new(1_600));
        let (mut one, mut other) =
            (Cache::new(100, budget.clone()), Cache::new(100, budget.clone()));
        for number in 0..15 {
            insert(&mut one, number, 100);
        }
        one.trim();
        assert_eq!(kept(&one).len(), 15, "there is room while nobody else wants it");
        insert(&mut other, 0, 400);
        other.trim();
        assert_eq!(kept(&other), [0], "within its share");
        one.trim();
        assert_eq!(kept(&one), [8, 9, 10, 11, 12, 13, 14], "800 and an eighth less");
        one.get_mut(&id(9)).expect("kept").bytes = 5_000;
        one.trim();
        assert_eq!(kept(&one), [9], "the last one used, however large");
        drop(one);
        assert_eq!(budget.used.load(Ordering::Relaxed), 400);
        other.forget(&id(0));
        other.trim();
        assert!(kept(&other).is_empty());
        assert_eq!(budget.used.load(Ordering::Relaxed), 0);
    }
}
