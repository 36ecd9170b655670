//! A context's rooms: its events followed, each given to whoever is in its room.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use axum::http::StatusCode;
use charter_domain::room::Room;
use charter_domain::{AggregateId, Contract, composite_key};
use charter_engine::feed::{EventFeed, EventSink, FeedError, FeedEvent, Gap};
use charter_engine::store::Store;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::load::{FRESH, Loaded, Place, Why, updated};
use super::message::{Message, Reason, of_event};
use super::partition::{Attached, Entry, Item, Limits, Partition, RoomId, catch_up};
use super::settings::PushSettings;
use super::tasks::Tasks;
use crate::cursor::Cursor;
use crate::problem::Problem;
use crate::status::store_problem;

/// How often a room is told of rows that have changed: 4 times a second at most.
const UPDATE_PAUSE: Duration = Duration::from_millis(250);
/// How long is waited for the views to have come to what changed, before they are shown as they are.
const UPDATE_WAIT: Duration = Duration::from_secs(5);
/// How often is looked whether the events have come that rows show.
const FOLLOW_PAUSE: Duration = Duration::from_millis(10);
/// How often all rows are read anew for a member whom the ring leaves behind meanwhile.
const LOAD_TRIES: usize = 4;
/// The pause before they are.
const LOAD_PAUSE: Duration = Duration::from_millis(250);
/// Events read from the store at a time.
const PAGE: u32 = 500;
/// How many rooms' rows are read at once.
const MAX_LOADS: usize = 2;

/// What a member of a room gets next.
#[derive(Clone, Debug)]
pub enum Pushed {
    /// A message.
    Message(Message),
    /// The end, and why.
    Dropped(Reason),
}

/// What a client says of what it has seen.
#[derive(Clone, Debug)]
pub(super) enum Seen {
    /// Nothing.
    Nothing,
    /// Something that is no cursor.
    Nonsense,
    /// Everything up to here.
    UpTo(Cursor),
}

/// A context's rooms, whichever context it is.
#[async_trait]
pub(super) trait Rooms: Send + Sync {
    /// The kinds of rooms.
    fn kinds(&self) -> &'static [&'static Room];

    /// Follows the context's events until the stop.
    fn start(self: Arc<Self>, tasks: &Tasks);

    /// Lets a member into the room of `name`, whose aggregate has the key `values`.
    async fn join(
        self: Arc<Self>,
        room: &'static Room,
        name: String,
        tenant: String,
        values: Vec<String>,
        seen: Seen,
    ) -> Result<BoxStream<'static, Pushed>, Problem>;
}

/// The rooms of `C`.
pub(super) struct Hub<C: Contract> {
    feed: EventFeed<C>,
    store: Arc<dyn Store>,
    partitions: Vec<Mutex<Partition<FeedEvent<C::Event>>>>,
    loads: Mutex<HashMap<RoomId, SharedRows>>,
    loading: tokio::sync::Semaphore,
    settings: PushSettings,
    tasks: Tasks,
    stop: CancellationToken,
}

/// A room's rows, which one reads for all who wait for them.
type SharedRows = Arc<tokio::sync::Mutex<Option<Arc<Loaded>>>>;

type EventOf<C> = FeedEvent<<C as Contract>::Event>;

/// A partition's place in the hub, which its events are offered to.
struct Sink<'a, C: Contract> {
    hub: &'a Hub<C>,
    partition: u32,
}

impl<C: Contract> EventSink<C::Event> for Sink<'_, C> {
    fn offer(&self, event: EventOf<C>) -> Result<(), Gap<C::Event>> {
        let size = event.size();
        let entry = Entry::new(event.position, event.key.clone(), event, size);
        let offered = self.hub.partition(self.partition).offer(entry);
        offered.map_err(|missing| {
            let entry = *missing.entry;
            Gap { after: missing.after, event: Box::new(entry.content) }
        })
    }
}

impl<C: Contract> Hub<C> {
    pub(super) fn new(
        feed: EventFeed<C>,
        store: Arc<dyn Store>,
        settings: PushSettings,
        tasks: Tasks,
        stop: CancellationToken,
    ) -> Self {
        let limits = Limits {
            events: settings.recent_events,
            bytes: settings.recent_bytes,
            queue: settings.queue,
        };
        let templates: Vec<_> = C::ROOMS.iter().map(|room| room.template).collect();
        let partitions = (0..feed.partitions())
            .map(|_| Mutex::new(Partition::new(templates.clone(), limits)))
            .collect();
        Self {
            feed,
            store,
            partitions,
            loads: Mutex::default(),
            loading: tokio::sync::Semaphore::new(MAX_LOADS),
            settings,
            tasks,
            stop,
        }
    }

    fn partition(&self, partition: u32) -> MutexGuard<'_, Partition<EventOf<C>>> {
        self.partitions[partition as usize].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The event's message and the template of its room; made once, by who needs it first.
    async fn message(
        &self,
        place: &Place,
        entry: &Entry<EventOf<C>>,
    ) -> Result<Option<Message>, FeedError> {
        let made = entry.message.get_or_try_init(|| async {
            let Some(envelope) = self.feed.read(&entry.content).await? else { return Ok(None) };
            let name = |room: &Room| room.name(&place.values);
            let made = of_event(C::NAME, place.partition, &envelope, name);
            Ok::<_, FeedError>(made.map(|(room, message)| (room.template, message)))
        });
        let made = made.await?.as_ref();
        Ok(made.filter(|(of, _)| *of == place.room.template).map(|(_, message)| message.clone()))
    }

    /// The room's rows, read now or a moment ago by another one who came.
    async fn rows(&self, place: &Place, id: &RoomId) -> Result<Arc<Loaded>, Problem> {
        let shared = {
            let mut loads = self.loads.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(loads.entry(id.clone()).or_default())
        };
        let mut kept = shared.lock().await;
        if let Some(loaded) = kept.as_ref().filter(|loaded| loaded.is_fresh()) {
            return Ok(Arc::clone(loaded));
        }
        let _one = self.loading.acquire().await.map_err(|error| Problem::internal(&error))?;
        let loaded = Arc::new(Loaded::read(&self.store, place).await?);
        *kept = Some(Arc::clone(&loaded));
        Ok(loaded)
    }

    /// Lets go of rows that are no longer fresh.
    fn forget_rows(&self) {
        let mut loads = self.loads.lock().unwrap_or_else(PoisonError::into_inner);
        loads.retain(|_, shared| match shared.try_lock() {
            Ok(kept) => kept.as_ref().is_some_and(|loaded| loaded.is_fresh()),
            // Somebody reads them.
            Err(_) => true,
        });
    }

    /// A member who has seen everything up to `seen`, and what it missed. `None` where more was stored since than
    /// is gone through for one.
    async fn attach(
        &self,
        place: &Place,
        id: &RoomId,
        seen: i64,
        loaded: i64,
    ) -> Result<Option<Attached<EventOf<C>>>, Problem> {
        let feed = &self.feed;
        let number = place.partition;
        let stored = move |after: i64| async move {
            let page = feed.stored(number, after, PAGE).await.map_err(store_problem)?;
            let entry = |event: EventOf<C>| {
                let size = event.size();
                Entry::new(event.position, event.key.clone(), event, size)
            };
            Ok::<Vec<_>, Problem>(page.into_iter().map(entry).collect())
        };
        let partition = &self.partitions[place.partition as usize];
        catch_up(partition, id, seen, loaded, self.settings.replayed_events, stored).await
    }

    /// The position up to which a client has seen the partition; `None` where it can't have.
    async fn seen(&self, place: &Place, cursor: &Cursor) -> Result<Option<i64>, Problem> {
        let here = cursor.positions(C::NAME).find(|(partition, _)| *partition == place.partition);
        let seen = here.map_or(-1, |(_, position)| position).max(-1);
        if self.partition(place.partition).last().is_some_and(|last| seen <= last) {
            return Ok(Some(seen));
        }
        // Another gateway may be ahead of this one.
        let stored = self.feed.last_stored(place.partition).await.map_err(store_problem)?;
        Ok((seen <= stored).then_some(seen))
    }

    /// A member who has seen the rows of a moment ago, and those.
    async fn fresh(
        &self,
        place: &Place,
        id: &RoomId,
    ) -> Result<(Arc<Loaded>, Attached<EventOf<C>>), Problem> {
        let parked = self.store.parked(C::NAME, place.partition).await.map_err(store_problem)?;
        if parked.iter().any(|parked| parked.aggregate.record_key().as_bytes() == id.0) {
            let detail =
                "the room's rows were set aside and lack later events; an operator mends it";
            let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "VIEW_PARKED", detail);
            return Err(problem.retry_after_s(60));
        }
        for _ in 0..LOAD_TRIES {
            let loaded = self.rows(place, id).await?;
            let (seen, shown) = (loaded.position, loaded.position.max(0));
            if let Some(attached) = self.attach(place, id, seen, shown).await? {
                return Ok((loaded, attached));
            }
            // The views are behind by more than is gone through; what was read is of no use.
            self.loads.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
            tokio::time::sleep(LOAD_PAUSE).await;
        }
        Err(Problem::unavailable("the views are far behind the events; try again"))
    }

    /// Waits until the events up to a position that rows show were given out, so that whoever comes back with the
    /// rows' cursor has them; whether they were in time.
    async fn is_followed(&self, partition: u32, position: i64) -> bool {
        let given = async {
            while self.partition(partition).last().is_none_or(|last| last < position) {
                tokio::time::sleep(FOLLOW_PAUSE).await;
            }
        };
        tokio::select! {
            () = self.stop.cancelled() => false,
            given = tokio::time::timeout(UPDATE_WAIT, given) => given.is_ok(),
        }
    }

    /// Tells the room of rows that have changed, for as long as somebody is in it.
    async fn keep_updated(
        self: Arc<Self>,
        place: Place,
        id: RoomId,
        mut changed: watch::Receiver<i64>,
    ) {
        loop {
            let next = tokio::select! {
                () = self.stop.cancelled() => return,
                next = changed.changed() => next,
            };
            if next.is_err() {
                return;
            }
            let began = Instant::now();
            let position = *changed.borrow_and_update();
            let seen = [(place.partition, position)];
            let projected = self.store.wait_projected(C::NAME, &seen);
            // Where the views are late, they are shown as they are, and again with the next event.
            let _ = tokio::time::timeout(UPDATE_WAIT, projected).await;
            for load in place.room.loads.iter().filter(|load| load.is_live) {
                match updated(&self.store, &place, load).await {
                    Ok((position, message)) => {
                        if self.is_followed(place.partition, position).await {
                            self.partition(place.partition).send_rows(&id, position, &message);
                        } else {
                            // Once more, when the events have come.
                            changed.mark_changed();
                        }
                    }
                    Err(problem) => {
                        tracing::warn!(room = place.name, ?problem, "changed rows can't be read");
                        metrics::counter!("charter_push_update_failures_total", "context" => C::NAME)
                            .increment(1);
                    }
                }
            }
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep_until(began + UPDATE_PAUSE) => {}
            }
        }
    }
}

#[async_trait]
impl<C: Contract> Rooms for Hub<C> {
    fn kinds(&self) -> &'static [&'static Room] {
        C::ROOMS
    }

    fn start(self: Arc<Self>, tasks: &Tasks) {
        for partition in 0..self.feed.partitions() {
            let hub = Arc::clone(&self);
            tasks.spawn(async move {
                let sink = Sink { hub: &hub, partition };
                let recent = hub.settings.recent_events as u64;
                hub.feed.follow(partition, recent, &sink, &hub.stop).await;
            });
        }
        let hub = self;
        tasks.spawn(async move {
            loop {
                tokio::select! {
                    () = hub.stop.cancelled() => return,
                    () = tokio::time::sleep(FRESH) => hub.forget_rows(),
                }
            }
        });
    }

    async fn join(
        self: Arc<Self>,
        room: &'static Room,
        name: String,
        tenant: String,
        values: Vec<String>,
        seen: Seen,
    ) -> Result<BoxStream<'static, Pushed>, Problem> {
        let key = composite_key(&values.iter().map(String::as_str).collect::<Vec<_>>());
        let aggregate = AggregateId::new(tenant.clone(), key);
        let partition = self.feed.partition_of(&aggregate);
        let place = Place { context: C::NAME, room, name, tenant, values, partition };
        let id: RoomId = (aggregate.record_key().into(), room.template);
        let (seen, why) = match seen {
            Seen::Nothing => (None, Why::Joined),
            Seen::Nonsense => (None, Why::Unknown),
            Seen::UpTo(cursor) => match self.seen(&place, &cursor).await? {
                Some(seen) => (Some(seen), Why::TooOld),
                None => (None, Why::Unknown),
            },
        };
        let resumed = match seen {
            Some(seen) => self.attach(&place, &id, seen, -1).await?,
            None => None,
        };
        let (first, attached) = if let Some(attached) = resumed {
            (VecDeque::new(), attached)
        } else {
            let (loaded, attached) = self.fresh(&place, &id).await?;
            (loaded.messages(why).iter().cloned().collect(), attached)
        };
        let mut reading = Reading {
            hub: Arc::clone(&self),
            place,
            id,
            first,
            missed: VecDeque::new(),
            attached,
            has_ended: false,
        };
        reading.missed.extend(std::mem::take(&mut reading.attached.missed));
        if let Some(changed) = reading.attached.changed.take()
            && room.loads.iter().any(|load| load.is_live)
        {
            let (place, id) = (reading.place.clone(), reading.id.clone());
            self.tasks.spawn(Arc::clone(&self).keep_updated(place, id, changed));
        }
        metrics::gauge!("charter_push_subscriptions").increment(1);
        Ok(stream::unfold(reading, async |mut reading| {
            let next = reading.next().await?;
            Some((next, reading))
        })
        .boxed())
    }
}

/// A member's way through what it is to get.
struct Reading<C: Contract> {
    hub: Arc<Hub<C>>,
    place: Place,
    id: RoomId,
    first: VecDeque<Message>,
    missed: VecDeque<Arc<Entry<EventOf<C>>>>,
    attached: Attached<EventOf<C>>,
    has_ended: bool,
}

impl<C: Contract> Reading<C> {
    async fn next(&mut self) -> Option<Pushed> {
        if self.has_ended {
            return None;
        }
        loop {
            if self.hub.stop.is_cancelled() {
                return Some(self.end(Reason::SHUTTING_DOWN));
            }
            if let Some(message) = self.first.pop_front() {
                return Some(Pushed::Message(message));
            }
            let entry = if let Some(entry) = self.missed.pop_front() {
                entry
            } else {
                let item = tokio::select! {
                    () = self.hub.stop.cancelled() => return Some(self.end(Reason::SHUTTING_DOWN)),
                    item = self.attached.queue.recv() => item,
                };
                match item {
                    Some(Item::Event(entry)) => entry,
                    Some(Item::Rows(message)) => return Some(Pushed::Message(message)),
                    None => {
                        let reason = self.attached.reason();
                        return Some(self.end(reason));
                    }
                }
            };
            match self.hub.message(&self.place, &entry).await {
                Ok(Some(message)) => return Some(Pushed::Message(message)),
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(room = self.place.name, %error, "a subscription ends");
                    return Some(self.end(Reason::UNAVAILABLE));
                }
            }
        }
    }

    fn end(&mut self, reason: Reason) -> Pushed {
        self.has_ended = true;
        metrics::counter!("charter_push_dropped_total", "code" => reason.code).increment(1);
        Pushed::Dropped(reason)
    }
}

impl<C: Contract> Drop for Reading<C> {
    fn drop(&mut self) {
        self.hub.partition(self.place.partition).detach(&self.id, self.attached.id);
        metrics::gauge!("charter_push_subscriptions").decrement(1);
    }
}
