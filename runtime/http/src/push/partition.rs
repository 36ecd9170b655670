//! Who is in which room of a partition, and its last events: where "nothing missed, nothing twice" is decided.
//!
//! One event after the other is offered, and whoever joins is given what came after their cursor under the same lock:
//! from then on each event is put into their queue, once.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::{OnceCell, mpsc, watch};

use super::message::{Message, Reason};

/// A room: the aggregate's record key, and the template it is named by.
pub(super) type RoomId = (Bytes, &'static str);

/// An event that was taken, and its message once somebody needed it.
#[derive(Debug)]
pub(super) struct Entry<T> {
    pub(super) position: i64,
    pub(super) key: Bytes,
    pub(super) content: T,
    /// The template of the room that it is sent to, with the message; `None` where it is sent nowhere.
    pub(super) message: OnceCell<Option<(&'static str, Message)>>,
    size: usize,
}

impl<T> Entry<T> {
    /// An event of so many bytes.
    pub(super) fn new(position: i64, key: Bytes, content: T, size: usize) -> Self {
        Self { position, key, content, message: OnceCell::new(), size }
    }
}

/// What is put into a member's queue.
#[derive(Debug)]
pub(super) enum Item<T> {
    /// An event.
    Event(Arc<Entry<T>>),
    /// Rows that have changed.
    Rows(Message),
}

/// How often the store may have nothing for a member whom the ring does not reach: once, where nothing was followed
/// yet. More often it lacks what the log had.
const MAX_IN_VAIN: usize = 2;

/// What is kept at the most.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Events that a partition keeps for those who come back.
    pub(super) events: usize,
    /// Bytes of them.
    pub(super) bytes: usize,
    /// Messages that wait for a member.
    pub(super) queue: usize,
}

/// A partition as it is followed.
#[derive(Debug)]
pub(super) struct Partition<T> {
    /// The last position that was taken.
    last: Option<i64>,
    /// Every later event up to the last is in the ring.
    floor: i64,
    ring: VecDeque<Arc<Entry<T>>>,
    ring_bytes: usize,
    rooms: HashMap<RoomId, Members<T>>,
    templates: Vec<&'static str>,
    limits: Limits,
    next_member: u64,
}

#[derive(Debug)]
struct Members<T> {
    members: Vec<Member<T>>,
    /// The last position at which something happened in the room.
    changed: watch::Sender<i64>,
}

#[derive(Debug)]
struct Member<T> {
    id: u64,
    /// Events up to this position were seen.
    seen: i64,
    /// The rows shown were those of this position.
    loaded: i64,
    queue: mpsc::Sender<Item<T>>,
    was_slow: Arc<AtomicU8>,
}

/// A member's end of its queue.
#[derive(Debug)]
pub(super) struct Attached<T> {
    pub(super) id: u64,
    /// What it missed, in order.
    pub(super) missed: Vec<Arc<Entry<T>>>,
    pub(super) queue: mpsc::Receiver<Item<T>>,
    /// For who keeps the room's rows up to date: given to the first member.
    pub(super) changed: Option<watch::Receiver<i64>>,
    was_slow: Arc<AtomicU8>,
}

impl<T> Attached<T> {
    /// Why the queue was closed.
    pub(super) fn reason(&self) -> Reason {
        if self.was_slow.load(Ordering::Acquire) == 0 {
            Reason::SHUTTING_DOWN
        } else {
            Reason::SLOW_READER
        }
    }
}

/// The ring does not reach back to a member's position: the store does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Behind;

/// An event was not taken, since others are missing after this position.
#[derive(Debug)]
pub(super) struct Missing<T> {
    pub(super) after: i64,
    pub(super) entry: Box<Entry<T>>,
}

impl<T> Partition<T> {
    pub(super) fn new(templates: Vec<&'static str>, limits: Limits) -> Self {
        Self {
            last: None,
            floor: -1,
            ring: VecDeque::new(),
            ring_bytes: 0,
            rooms: HashMap::new(),
            templates,
            limits,
            next_member: 0,
        }
    }

    /// The last position that was taken; `None` before the first.
    pub(super) fn last(&self) -> Option<i64> {
        self.last
    }

    /// Says where the partition stands, as long as no event was taken: everything up to `last` is stored.
    pub(super) fn begin_at(&mut self, last: i64) {
        if self.last.is_none() {
            self.last = Some(last);
            self.floor = last;
        }
    }

    /// Takes the next event, and passes over one that was taken before.
    pub(super) fn offer(&mut self, entry: Entry<T>) -> Result<(), Missing<T>> {
        match self.last {
            Some(last) if entry.position <= last => return Ok(()),
            Some(last) if entry.position > last + 1 => {
                return Err(Missing { after: last, entry: Box::new(entry) });
            }
            Some(_) => {}
            None => self.floor = entry.position - 1,
        }
        let position = entry.position;
        self.last = Some(position);
        self.ring_bytes += entry.size;
        let entry = Arc::new(entry);
        self.ring.push_back(Arc::clone(&entry));
        while self.ring.len() > self.limits.events || self.ring_bytes > self.limits.bytes {
            let Some(oldest) = self.ring.pop_front() else { break };
            self.ring_bytes -= oldest.size;
            self.floor = oldest.position;
        }
        for template in &self.templates {
            let id = (entry.key.clone(), *template);
            if let Some(room) = self.rooms.get_mut(&id) {
                let unseen = |member: &Member<T>| member.seen < position;
                room.send(unseen, || Item::Event(Arc::clone(&entry)));
                room.changed.send_replace(position);
                if room.members.is_empty() {
                    self.rooms.remove(&id);
                }
            }
        }
        Ok(())
    }

    /// Lets a member into a room who has seen everything up to `seen`, and the rows of `loaded`.
    pub(super) fn attach(
        &mut self,
        room: &RoomId,
        seen: i64,
        loaded: i64,
    ) -> Result<Attached<T>, Behind> {
        let Some(last) = self.last.filter(|_| seen >= self.floor) else { return Err(Behind) };
        let missed: Vec<_> = self
            .ring
            .iter()
            .skip(usize::try_from(seen - self.floor).unwrap_or(usize::MAX))
            .filter(|entry| entry.position > seen && entry.key == room.0)
            .cloned()
            .collect();
        let id = self.next_member;
        self.next_member += 1;
        let (sender, queue) = mpsc::channel(self.limits.queue.max(1));
        let was_slow = Arc::new(AtomicU8::new(0));
        let member = Member { id, seen, loaded, queue: sender, was_slow: Arc::clone(&was_slow) };
        let mut changed = None;
        let members = self.rooms.entry(room.clone()).or_insert_with(|| {
            let (sender, receiver) = watch::channel(last);
            changed = Some(receiver);
            Members { members: Vec::new(), changed: sender }
        });
        members.members.push(member);
        if !missed.is_empty() || loaded < 0 {
            // The rows that the member knows are of before.
            members.changed.send_replace(last);
        }
        Ok(Attached { id, missed, queue, changed, was_slow })
    }

    /// Lets a member go.
    pub(super) fn detach(&mut self, room: &RoomId, id: u64) {
        if let Some(members) = self.rooms.get_mut(room) {
            members.members.retain(|member| member.id != id);
            if members.members.is_empty() {
                self.rooms.remove(room);
            }
        }
    }

    /// Sends rows of `position` to all who have not seen later ones.
    pub(super) fn send_rows(&mut self, room: &RoomId, position: i64, message: &Message) {
        if let Some(members) = self.rooms.get_mut(room) {
            members.send(|member| member.loaded <= position, || Item::Rows(message.clone()));
            if members.members.is_empty() {
                self.rooms.remove(room);
            }
        }
    }
}

impl<T> Members<T> {
    /// Puts an item into the queues of those who are `meant`. Who has no room for it is out.
    fn send(&mut self, meant: impl Fn(&Member<T>) -> bool, item: impl Fn() -> Item<T>) {
        self.members.retain(|member| {
            if !meant(member) {
                return true;
            }
            match member.queue.try_send(item()) {
                Ok(()) => true,
                Err(mpsc::error::TrySendError::Full(_)) => {
                    member.was_slow.store(1, Ordering::Release);
                    false
                }
                Err(mpsc::error::TrySendError::Closed(_)) => false,
            }
        });
    }
}

/// A member who has seen everything up to `seen`, and what it missed: from the ring, and what that does not reach from
/// `stored`, which gives some of the stored events after a position, in order. `None` where more than `most` were stored
/// since.
pub(super) async fn catch_up<T, E, P>(
    partition: &Mutex<Partition<T>>,
    room: &RoomId,
    mut seen: i64,
    loaded: i64,
    most: usize,
    stored: impl Fn(i64) -> P,
) -> Result<Option<Attached<T>>, E>
where
    P: Future<Output = Result<Vec<Entry<T>>, E>>,
{
    let lock = || partition.lock().unwrap_or_else(PoisonError::into_inner);
    let (mut missed, mut looked_at, mut in_vain) = (Vec::new(), 0, 0);
    loop {
        if let Ok(mut attached) = lock().attach(room, seen, loaded) {
            missed.append(&mut attached.missed);
            attached.missed = missed;
            return Ok(Some(attached));
        }
        let page = stored(seen).await?;
        if let Some(last) = page.last() {
            seen = last.position;
        } else {
            // Whatever is stored later is in the log behind where it is followed from.
            lock().begin_at(seen);
            in_vain += 1;
        }
        looked_at += page.len();
        if looked_at > most || in_vain > MAX_IN_VAIN {
            return Ok(None);
        }
        missed.extend(page.into_iter().filter(|entry| entry.key == room.0).map(Arc::new));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ROOM: &str = "show:{showId}";

    /// What happens, in any order.
    #[derive(Clone, Debug)]
    enum Step {
        /// An event of one of two rooms is stored.
        Store(bool),
        /// So many stored events arrive on the log; those before are said to come again.
        Follow { count: usize, repeated: usize },
        /// The next events arrive without one before them.
        Lose,
        /// A gateway begins anew, with so many of the last events of the log.
        Restart { recent: usize },
        /// A client reads so many messages.
        Read { client: usize, count: usize },
        /// A client goes away and comes back with its cursor.
        Return { client: usize },
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => any::<bool>().prop_map(Step::Store),
            3 => (1..5_usize, 0..3_usize).prop_map(|(count, repeated)| Step::Follow { count, repeated }),
            1 => Just(Step::Lose),
            1 => (0..4_usize).prop_map(|recent| Step::Restart { recent }),
            3 => (0..3_usize, 1..6_usize).prop_map(|(client, count)| Step::Read { client, count }),
            2 => (0..3_usize).prop_map(|client| Step::Return { client }),
        ]
    }

    /// What a client missed and has not read yet.
    type Missed = VecDeque<Arc<Entry<()>>>;

    /// A client of the first room.
    struct Client {
        began: i64,
        got: Vec<i64>,
        attached: Option<(Missed, Attached<()>)>,
    }

    struct World {
        /// The key of each stored event, by position.
        stored: Vec<bool>,
        /// How many were on the log.
        logged: usize,
        partition: Mutex<Partition<()>>,
        clients: Vec<Client>,
        dropped: usize,
    }

    const LIMITS: Limits = Limits { events: 3, bytes: 1_000, queue: 2 };

    fn key(first: bool) -> Bytes {
        Bytes::from_static(if first { b"t/a" } else { b"t/b" })
    }

    fn room() -> RoomId {
        (key(true), ROOM)
    }

    impl World {
        fn entry(&self, position: usize) -> Entry<()> {
            Entry::new(i64::try_from(position).expect("few"), key(self.stored[position]), (), 1)
        }

        /// Offers an event as the follower does: what is missing before it comes from the store.
        fn offer(&self, position: usize) {
            let mut offered = self.entry(position);
            loop {
                let result = self.partition.lock().expect("no panic").offer(offered);
                let Err(Missing { after, entry }) = result else { return };
                for missing in usize::try_from(after + 1).expect("a position")..position {
                    let found = self.partition.lock().expect("no panic").offer(self.entry(missing));
                    assert!(found.is_ok());
                }
                offered = *entry;
            }
        }

        fn join(&mut self, client: usize, seen: i64) {
            let stored = |after: i64| {
                let first = usize::try_from(after + 1).expect("a position");
                let page = (first..self.stored.len()).take(2).map(|position| self.entry(position));
                std::future::ready(Ok::<_, std::convert::Infallible>(page.collect()))
            };
            let room = room();
            let joined = catch_up(&self.partition, &room, seen, -1, usize::MAX, stored);
            let Ok(attached) =
                futures_util::FutureExt::now_or_never(joined).expect("nothing waits");
            let mut attached = attached.expect("no limit");
            let missed = std::mem::take(&mut attached.missed).into();
            self.clients[client].attached = Some((missed, attached));
        }

        fn read(&mut self, client: usize, count: usize) {
            let client = &mut self.clients[client];
            for _ in 0..count {
                let Some((missed, attached)) = &mut client.attached else { return };
                let entry = match missed.pop_front() {
                    Some(entry) => entry,
                    None => match attached.queue.try_recv() {
                        Ok(Item::Event(entry)) => entry,
                        Ok(Item::Rows(_)) => continue,
                        Err(mpsc::error::TryRecvError::Empty) => return,
                        Err(mpsc::error::TryRecvError::Disconnected) => {
                            self.dropped += usize::from(attached.reason() == Reason::SLOW_READER);
                            client.attached = None;
                            return;
                        }
                    },
                };
                assert_eq!(entry.key, key(true), "an event of another room");
                client.got.push(entry.position);
            }
        }

        fn come_back(&mut self, client: usize) {
            if let Some((_, attached)) = self.clients[client].attached.take() {
                self.partition.lock().expect("no panic").detach(&room(), attached.id);
            }
            let seen = self.clients[client].got.last().copied();
            self.join(client, seen.unwrap_or(self.clients[client].began));
        }

        fn take(&mut self, step: &Step) {
            match *step {
                Step::Store(first) => self.stored.push(first),
                Step::Follow { count, repeated } => {
                    let from = self.logged.saturating_sub(repeated);
                    self.logged = (self.logged + count).min(self.stored.len());
                    for position in from..self.logged {
                        self.offer(position);
                    }
                }
                Step::Lose => {
                    if self.logged + 1 < self.stored.len() {
                        self.logged += 2;
                        self.offer(self.logged - 1);
                    }
                }
                Step::Restart { recent } => {
                    self.partition = Mutex::new(Partition::new(vec![ROOM], LIMITS));
                    let from = self.logged.saturating_sub(recent);
                    for position in from..self.logged {
                        self.offer(position);
                    }
                    for client in 0..self.clients.len() {
                        self.clients[client].attached = None;
                    }
                }
                Step::Read { client, count } => self.read(client, count),
                Step::Return { client } => self.come_back(client),
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]
        #[test]
        fn nothing_is_missed_and_nothing_comes_twice(
            before in proptest::collection::vec(any::<bool>(), 0..8),
            began in proptest::collection::vec(0..9_usize, 3),
            steps in proptest::collection::vec(step(), 0..60),
        ) {
            let most = before.len();
            let clients = began.into_iter().map(|began| {
                let began = i64::try_from(began.min(most)).expect("few") - 1;
                Client { began, got: Vec::new(), attached: None }
            });
            let mut world = World {
                logged: most,
                stored: before,
                partition: Mutex::new(Partition::new(vec![ROOM], LIMITS)),
                clients: clients.collect(),
                dropped: 0,
            };
            for step in &steps {
                world.take(step);
            }
            // At the end all is followed, and everybody comes back until they have all.
            world.take(&Step::Follow { count: usize::MAX / 2, repeated: 0 });
            for client in 0..world.clients.len() {
                for _ in 0..3 {
                    world.come_back(client);
                    world.read(client, usize::MAX / 2);
                }
                let Client { began, got, .. } = &world.clients[client];
                let expected: Vec<i64> = world.stored.iter().zip(0..)
                    .filter(|(first, position)| **first && position > began)
                    .map(|(_, position)| position)
                    .collect();
                prop_assert_eq!(got, &expected);
            }
        }
    }

    fn partition(last: i64) -> Partition<()> {
        let mut partition = Partition::new(vec![ROOM], LIMITS);
        partition.begin_at(last);
        partition
    }

    #[test]
    fn who_does_not_read_is_out_and_told_so_after_what_was_kept() {
        let mut partition = partition(-1);
        let mut slow = partition.attach(&room(), -1, -1).expect("nothing is before");
        let mut quick = partition.attach(&room(), -1, -1).expect("nothing is before");
        for position in 0..3 {
            partition.offer(Entry::new(position, key(true), (), 1)).expect("the next");
            assert!(matches!(quick.queue.try_recv(), Ok(Item::Event(_))));
        }
        for position in 0..2 {
            let Ok(Item::Event(entry)) = slow.queue.try_recv() else { panic!("two are kept") };
            assert_eq!(entry.position, position);
        }
        assert!(matches!(slow.queue.try_recv(), Err(mpsc::error::TryRecvError::Disconnected)));
        assert_eq!(slow.reason(), Reason::SLOW_READER);
        assert_eq!(partition.rooms[&room()].members.len(), 1);
    }

    #[test]
    fn the_ring_is_bounded_by_count_and_by_bytes() {
        let mut partition = partition(-1);
        for position in 0..10 {
            partition.offer(Entry::new(position, key(true), (), 400)).expect("the next");
        }
        // Three would be allowed, and 1,000 bytes are two of them.
        assert_eq!((partition.ring.len(), partition.ring_bytes, partition.floor), (2, 800, 7));
        assert!(matches!(partition.attach(&room(), 6, -1), Err(Behind)));
        let attached = partition.attach(&room(), 7, -1).expect("in the ring");
        assert_eq!(attached.missed.iter().map(|entry| entry.position).collect::<Vec<_>>(), [8, 9]);
    }

    #[test]
    fn rows_older_than_those_a_member_was_shown_are_not_sent_to_it() {
        let mut partition = partition(9);
        let mut early = partition.attach(&room(), 9, 5).expect("it is up to date");
        let mut late = partition.attach(&room(), 9, 9).expect("it is up to date");
        let rows = Message::new("stats-updated", None, "{}");
        partition.send_rows(&room(), 7, &rows);
        assert!(matches!(early.queue.try_recv(), Ok(Item::Rows(_))));
        assert!(late.queue.try_recv().is_err());
    }

    #[test]
    fn a_room_that_all_have_left_is_forgotten() {
        let mut partition = partition(-1);
        let first = partition.attach(&room(), -1, -1).expect("nothing is before");
        let second = partition.attach(&room(), -1, -1).expect("nothing is before");
        assert!(first.changed.is_some() && second.changed.is_none());
        partition.detach(&room(), first.id);
        partition.detach(&room(), second.id);
        assert!(partition.rooms.is_empty());
        // Whoever keeps its rows up to date finds out.
        assert!(first.changed.expect("the first").has_changed().is_err());
    }
}
