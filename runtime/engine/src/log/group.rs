//! Groups of consumers within one process: who works on which partitions of a topic.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use async_trait::async_trait;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{Change, Membership, Release};

/// The groups of a log by (group, topic). A group is forgotten when its last member and guard are gone.
#[derive(Debug, Default)]
pub(super) struct Groups {
    groups: Mutex<HashMap<(String, String), Weak<Group>>>,
}

impl Groups {
    /// Joins `group` on `topic`, whose members end when `closed` is cancelled.
    pub(super) fn join(
        &self,
        group: &str,
        topic: &str,
        partitions: u32,
        closed: &CancellationToken,
    ) -> Box<dyn Membership> {
        let joined = {
            let mut groups = lock(&self.groups);
            groups.retain(|_, group| group.strong_count() > 0);
            let known = groups.entry((group.to_owned(), topic.to_owned())).or_default();
            known.upgrade().unwrap_or_else(|| {
                let made = Arc::new(Group::new(partitions));
                *known = Arc::downgrade(&made);
                made
            })
        };
        Box::new(joined.join(closed.clone()))
    }
}

/// One group on one topic.
#[derive(Debug)]
struct Group {
    state: Mutex<State>,
}

/// Every partition is free, or owned by a member, or being given up by one.
#[derive(Debug)]
struct State {
    owners: Vec<Owner>,
    members: BTreeMap<u64, Seat>,
    next_member: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    Nobody,
    Member(u64),
    /// Revoked, and not given up yet.
    Leaving,
}

/// What a member has not been told yet. Each list is bounded by the partition count.
#[derive(Debug, Default)]
struct Seat {
    assigned: BTreeSet<u32>,
    revoked: BTreeSet<u32>,
    changed: Arc<Notify>,
}

impl Group {
    fn new(partitions: u32) -> Self {
        let owners = (0..partitions).map(|_| Owner::Nobody).collect();
        let state = State { owners, members: BTreeMap::new(), next_member: 0 };
        Self { state: Mutex::new(state) }
    }

    fn join(self: Arc<Self>, closed: CancellationToken) -> Member {
        let (id, changed) = {
            let mut state = lock(&self.state);
            let id = state.next_member;
            state.next_member += 1;
            let seat = Seat::default();
            let changed = Arc::clone(&seat.changed);
            state.members.insert(id, seat);
            state.balance();
            (id, changed)
        };
        Member { id, group: self, changed, closed }
    }

    /// The partitions were given up.
    fn release(&self, partitions: &[u32]) {
        let mut state = lock(&self.state);
        for partition in partitions {
            if let Some(owner) = state.owners.get_mut(*partition as usize) {
                *owner = Owner::Nobody;
            }
        }
        state.balance();
    }

    fn leave(&self, member: u64) {
        let mut state = lock(&self.state);
        let untold = state.members.remove(&member).map(|seat| seat.revoked).unwrap_or_default();
        for (partition, owner) in (0..).zip(state.owners.iter_mut()) {
            if *owner == Owner::Member(member) || untold.contains(&partition) {
                *owner = Owner::Nobody;
            }
        }
        state.balance();
    }
}

impl State {
    /// Gives each member its share, the earlier members one more where it doesn't come out even, and
    /// moves no partition that it needn't.
    fn balance(&mut self) {
        if self.members.is_empty() {
            return;
        }
        let least = self.owners.len() / self.members.len();
        let mut larger = self.owners.len() % self.members.len();
        let mut free = Vec::new();
        for (partition, owner) in (0..).zip(&self.owners) {
            if *owner == Owner::Nobody {
                free.push(partition);
            }
        }
        let mut wanting = Vec::new();
        for (id, seat) in &mut self.members {
            let share = least + usize::from(larger > 0);
            larger = larger.saturating_sub(1);
            let mut owned: Vec<u32> = (0..)
                .zip(&self.owners)
                .filter(|(_, owner)| **owner == Owner::Member(*id))
                .map(|(partition, _)| partition)
                .collect();
            while owned.len() > share {
                let Some(partition) = owned.pop() else { break };
                if seat.assigned.remove(&partition) {
                    // It never heard of it, so nothing has to stop.
                    self.owners[partition as usize] = Owner::Nobody;
                    free.push(partition);
                } else {
                    self.owners[partition as usize] = Owner::Leaving;
                    seat.revoked.insert(partition);
                    seat.changed.notify_one();
                }
            }
            wanting.push((*id, share.saturating_sub(owned.len())));
        }
        free.sort_unstable();
        let mut free = free.into_iter();
        for (id, count) in wanting {
            let Some(seat) = self.members.get_mut(&id) else { continue };
            for partition in free.by_ref().take(count) {
                self.owners[partition as usize] = Owner::Member(id);
                seat.assigned.insert(partition);
                seat.changed.notify_one();
            }
        }
    }

    /// What the member has to be told next: what it loses before what it gains.
    fn take_change(&mut self, member: u64, group: &Arc<Group>) -> Option<Change> {
        let seat = self.members.get_mut(&member)?;
        if !seat.revoked.is_empty() {
            let partitions: Vec<u32> = std::mem::take(&mut seat.revoked).into_iter().collect();
            let group = Arc::clone(group);
            let given_up = partitions.clone();
            let done = Release::new(move || group.release(&given_up));
            return Some(Change::Revoked { partitions, done });
        }
        if seat.assigned.is_empty() {
            return None;
        }
        Some(Change::Assigned(std::mem::take(&mut seat.assigned).into_iter().collect()))
    }
}

/// A member of a group; leaves when dropped.
#[derive(Debug)]
struct Member {
    id: u64,
    group: Arc<Group>,
    changed: Arc<Notify>,
    closed: CancellationToken,
}

#[async_trait]
impl Membership for Member {
    async fn next(&mut self) -> Option<Change> {
        loop {
            if self.closed.is_cancelled() {
                return None;
            }
            if let Some(change) = lock(&self.group.state).take_change(self.id, &self.group) {
                return Some(change);
            }
            tokio::select! {
                () = self.changed.notified() => {}
                () = self.closed.cancelled() => return None,
            }
        }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.group.leave(self.id);
    }
}

/// No code panics while it holds one of these locks half-way through a change.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    /// What the member is told without waiting.
    fn told(member: &mut Box<dyn Membership>) -> Option<Change> {
        member.next().now_or_never().map(|change| change.expect("the group is open"))
    }

    fn assigned(change: Option<Change>) -> Vec<u32> {
        match change {
            Some(Change::Assigned(partitions)) => partitions,
            other => panic!("expected an assignment, found {other:?}"),
        }
    }

    fn revoked(change: Option<Change>) -> (Vec<u32>, Release) {
        match change {
            Some(Change::Revoked { partitions, done }) => (partitions, done),
            other => panic!("expected a revocation, found {other:?}"),
        }
    }

    #[test]
    fn a_partition_moves_only_when_it_was_given_up() {
        let groups = Groups::default();
        let closed = CancellationToken::new();
        let mut first = groups.join("g", "t", 5, &closed);
        assert_eq!(assigned(told(&mut first)), [0, 1, 2, 3, 4]);
        assert!(told(&mut first).is_none());

        let mut second = groups.join("g", "t", 5, &closed);
        let (partitions, done) = revoked(told(&mut first));
        assert_eq!(partitions, [3, 4]);
        assert!(told(&mut second).is_none(), "not given up yet");
        drop(done);
        assert_eq!(assigned(told(&mut second)), [3, 4]);

        drop(first);
        assert_eq!(assigned(told(&mut second)), [0, 1, 2]);
    }

    #[test]
    fn a_guard_outlives_its_membership() {
        let groups = Groups::default();
        let closed = CancellationToken::new();
        let mut first = groups.join("g", "t", 2, &closed);
        assert_eq!(assigned(told(&mut first)), [0, 1]);
        let mut second = groups.join("g", "t", 2, &closed);
        let (partitions, done) = revoked(told(&mut first));
        assert_eq!(partitions, [1]);
        drop(first);
        assert_eq!(assigned(told(&mut second)), [0], "1 is still worked on");
        drop(done);
        assert_eq!(assigned(told(&mut second)), [1]);
    }

    #[test]
    fn what_nobody_heard_of_moves_at_once() {
        let groups = Groups::default();
        let closed = CancellationToken::new();
        let mut first = groups.join("g", "t", 4, &closed);
        let mut second = groups.join("g", "t", 4, &closed);
        assert_eq!(assigned(told(&mut first)), [0, 1]);
        assert_eq!(assigned(told(&mut second)), [2, 3]);
    }

    #[test]
    fn a_member_that_leaves_before_hearing_of_a_revocation_frees_it() {
        let groups = Groups::default();
        let closed = CancellationToken::new();
        let mut first = groups.join("g", "t", 2, &closed);
        assert_eq!(assigned(told(&mut first)), [0, 1]);
        let mut second = groups.join("g", "t", 2, &closed);
        drop(first);
        assert_eq!(assigned(told(&mut second)), [0, 1]);
    }

    #[test]
    fn groups_and_topics_are_apart_and_closing_ends_them() {
        let groups = Groups::default();
        let closed = CancellationToken::new();
        let mut one = groups.join("g", "t", 1, &closed);
        let mut other_group = groups.join("h", "t", 1, &closed);
        let mut other_topic = groups.join("g", "u", 1, &closed);
        for member in [&mut one, &mut other_group, &mut other_topic] {
            assert_eq!(assigned(told(member)), [0]);
        }
        closed.cancel();
        assert!(matches!(one.next().now_or_never(), Some(None)));
    }
}
