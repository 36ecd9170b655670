//! Aggregates kept in memory, the least recently used ones given up first.

use std::collections::HashMap;

use charter_domain::AggregateId;

/// An aggregate as of its last event.
#[derive(Clone, Debug)]
pub(super) struct Aggregate<D> {
    /// The state.
    pub(super) state: D,
    /// The last event's sequence, 0 for none.
    pub(super) sequence: i64,
}

/// States by aggregate, at most about `capacity` of them.
#[derive(Debug)]
pub(super) struct Cache<D> {
    capacity: usize,
    clock: u64,
    kept: HashMap<AggregateId, (u64, Aggregate<D>)>,
}

impl<D> Cache<D> {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), clock: 0, kept: HashMap::new() }
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

    pub(super) fn clear(&mut self) {
        self.kept.clear();
    }

    /// Gives up the least recently used eighth where more than the capacity is kept. Called between
    /// batches, so that a batch never loses what it loaded.
    pub(super) fn trim(&mut self) {
        if self.kept.len() <= self.capacity {
            return;
        }
        let mut used: Vec<u64> = self.kept.values().map(|(used, _)| *used).collect();
        let given_up = self.kept.len() - (self.capacity - self.capacity / 8);
        let (_, oldest_kept, _) = used.select_nth_unstable(given_up.min(self.kept.len() - 1));
        let oldest_kept = *oldest_kept;
        self.kept.retain(|_, (used, _)| *used >= oldest_kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_are_given_up() {
        let mut cache = Cache::new(8);
        let id = |number: i64| AggregateId::new("t", number.to_string());
        for number in 0..9 {
            cache.insert(id(number), Aggregate { state: (), sequence: number });
        }
        cache.get_mut(&id(0)).expect("kept so far");
        cache.trim();
        let kept: Vec<i64> = (0..9).filter(|number| cache.contains(&id(*number))).collect();
        assert_eq!(kept, [0, 3, 4, 5, 6, 7, 8]);
    }
}
