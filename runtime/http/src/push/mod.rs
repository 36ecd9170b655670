//! Push: whoever joins a room sees its rows, then every event after them, over a stream of server-sent events or on a
//! socket. What a client has to know stands in `docs/push.md`.
//!
//! A room is an aggregate, so that its events are in one partition and have an order. Each gateway follows all
//! partitions of all contexts that have rooms, and looks into an event only where somebody is in its room. A cursor is
//! a position: with it a client goes on anywhere, from the events that the gateway has in memory, or else from the
//! store's.

mod hub;
mod load;
mod message;
mod partition;
mod settings;
mod socket;
pub(crate) mod stream;
mod tasks;

use std::sync::Arc;

use axum::http::StatusCode;
use charter_domain::Contract;
use charter_domain::room::Room;
use charter_engine::{Runtime, ServiceError};
use futures_util::stream::BoxStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::access::{Admitted, forbidden};
use crate::cursor::Cursor;
use crate::operation::Operation;
use crate::problem::Problem;

pub use hub::Pushed;
pub use message::{Message, Reason};
pub use settings::{PushFlags, PushSettings};
pub use socket::{SOCKET, sockets};
pub(crate) use stream::is_refused;
pub use stream::{STREAM, routes};

use hub::{Hub, Rooms, Seen};
use tasks::Tasks;

/// What joining a room asks for.
#[derive(Clone, Copy, Debug)]
pub struct RoomAccess {
    /// The kind of rooms.
    pub room: &'static Room,
    /// The scopes that a principal must have, all of them.
    pub scopes: &'static [&'static str],
}

/// A command that a socket may send.
#[derive(Clone, Copy, Debug)]
pub struct SocketCommand {
    /// The command's name on the wire.
    pub wire_type: &'static str,
    /// The operation whose rules it is held to.
    pub operation: &'static Operation,
}

/// The rooms of all contexts. Cheap to clone.
#[derive(Clone)]
pub struct Push {
    inner: Arc<Inner>,
}

struct Inner {
    contexts: Vec<Arc<dyn Rooms>>,
    access: &'static [RoomAccess],
    settings: PushSettings,
    places: Arc<Semaphore>,
    tasks: Tasks,
    stop: CancellationToken,
}

impl std::fmt::Debug for Push {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Push").field("settings", &self.inner.settings).finish_non_exhaustive()
    }
}

/// Collects the contexts whose rooms there are.
pub struct PushBuilder {
    contexts: Vec<Arc<dyn Rooms>>,
    access: &'static [RoomAccess],
    settings: PushSettings,
    tasks: Tasks,
    stop: CancellationToken,
}

impl std::fmt::Debug for PushBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PushBuilder").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl PushBuilder {
    /// Adds a context, where it has rooms.
    ///
    /// # Errors
    /// As [`Runtime::events`].
    pub async fn context<C: Contract>(mut self, runtime: &Runtime) -> Result<Self, ServiceError> {
        if !C::ROOMS.is_empty() {
            let feed = runtime.events::<C>().await?;
            let (tasks, stop) = (self.tasks.clone(), self.stop.clone());
            let store = Arc::clone(&runtime.store);
            self.contexts.push(Arc::new(Hub::new(feed, store, self.settings, tasks, stop)));
        }
        Ok(self)
    }

    /// Follows the events from now on.
    #[must_use]
    pub fn start(self) -> Push {
        let Self { contexts, access, settings, tasks, stop } = self;
        for context in &contexts {
            Arc::clone(context).start(&tasks);
        }
        let places = Arc::new(Semaphore::new(settings.connections));
        Push { inner: Arc::new(Inner { contexts, access, settings, places, tasks, stop }) }
    }
}

/// A room's name that no contract has.
fn unknown_room(name: &str) -> Problem {
    let detail = format!("the contract has no room `{name}`; see /asyncapi.json");
    Problem::new(StatusCode::NOT_FOUND, "ROOM_UNKNOWN", detail)
}

/// `most` streams and sockets are open.
fn too_many(most: usize) -> Problem {
    let detail =
        format!("{most} streams are open already, which is the limit; `PUSH_CONNECTIONS` sets it");
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "TOO_MANY_STREAMS", detail).retry_after_s(5)
}

impl Push {
    /// Begins with what joining a room asks for. Everything ends with `stop`.
    #[must_use]
    pub fn builder(
        settings: PushSettings,
        access: &'static [RoomAccess],
        stop: CancellationToken,
    ) -> PushBuilder {
        PushBuilder { contexts: Vec::new(), access, settings, tasks: Tasks::default(), stop }
    }

    /// Waits until nothing is followed any more, after the stop.
    pub async fn stopped(&self) {
        self.inner.tasks.ended().await;
    }

    fn settings(&self) -> &PushSettings {
        &self.inner.settings
    }

    /// A place for a stream or a socket.
    fn place(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let place = Arc::clone(&self.inner.places).try_acquire_owned();
        place.map_err(|_| too_many(self.settings().connections))
    }

    /// Lets somebody into the room of this name. `cursor` is what they have seen, as text.
    async fn join(
        &self,
        admitted: &Admitted,
        name: &str,
        cursor: Option<&str>,
    ) -> Result<BoxStream<'static, Pushed>, Problem> {
        let found = self.inner.contexts.iter().find_map(|context| {
            let kinds = context.kinds().iter();
            let (room, values) =
                kinds.copied().find_map(|room| Some((room, room.key_of(name)?)))?;
            Some((Arc::clone(context), room, values))
        });
        let Some((context, room, values)) = found else { return Err(unknown_room(name)) };
        let access = self.inner.access.iter().find(|access| std::ptr::eq(access.room, room));
        let scopes = access.map_or(&[][..], |access| access.scopes);
        if let Some(missing) = scopes.iter().find(|scope| !admitted.principal.has(scope)) {
            let detail = format!("expected the scope `{missing}`, which the principal lacks");
            return Err(forbidden(detail));
        }
        let seen = match cursor {
            None => Seen::Nothing,
            Some(text) => Cursor::parse(text).map_or(Seen::Nonsense, Seen::UpTo),
        };
        let name = room.name(&values);
        context.join(room, name, admitted.tenant.clone(), values, seen).await
    }
}
