//! Who is on a socket, and which rooms it is in.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::Value;
use socketioxide::extract::SocketRef;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::{MAX_IN_HAND, SOCKET, Sockets};
use crate::access::{API_KEY, ask};
use crate::problem::Problem;
use crate::push::stream::Open;
use crate::server::Peer;

/// What proxies say of whose request it is.
const FORWARDED: HeaderName = HeaderName::from_static("x-forwarded-for");

/// A client on its socket.
pub(super) struct Client {
    /// Its credentials, as headers.
    pub(super) headers: HeaderMap,
    pub(super) peer: Option<IpAddr>,
    /// As the connection's extension, for the operations' guard.
    pub(super) connection: Option<Peer>,
    /// The rooms that it is in, each with what says that it has left.
    rooms: Mutex<HashMap<String, CancellationToken>>,
    pub(super) in_hand: Arc<Semaphore>,
    /// It was told that it is connected, and may be written to.
    pub(super) connected: CancellationToken,
    /// It is to be closed.
    pub(super) closing: CancellationToken,
    /// It is gone.
    pub(super) ended: CancellationToken,
    _open: Open,
}

/// Finds out who connects; their credentials are headers, or members of the handshake: `key`, `token`.
pub(super) async fn connect(
    sockets: &Sockets,
    socket: &SocketRef,
    auth: Option<Value>,
) -> Result<Client, Problem> {
    let parts = socket.req_parts();
    let mut headers = HeaderMap::new();
    for name in [API_KEY, header::AUTHORIZATION, FORWARDED] {
        for value in parts.headers.get_all(&name) {
            headers.append(&name, value.clone());
        }
    }
    let member = |name: &str| auth.as_ref()?.get(name)?.as_str().map(str::to_owned);
    for (name, value) in [
        (API_KEY, member("key")),
        (header::AUTHORIZATION, member("token").map(|token| format!("Bearer {token}"))),
    ] {
        if let Some(value) = value {
            let mut value = HeaderValue::try_from(value).map_err(|_| {
                Problem::malformed("the credential has characters that no header can have")
            })?;
            value.set_sensitive(true);
            headers.append(name, value);
        }
    }
    let connection = parts.extensions.get::<Peer>().copied();
    let peer = connection.map(|peer| peer.0.ip());
    let (who, verdict) = ask(sockets.api.access(), SOCKET, &headers, peer).await;
    if let Some(refused) = verdict.and_then(|verdict| verdict.refusal()) {
        return Err(refused);
    }
    who?;
    let place = sockets.push.place()?;
    Ok(Client::new(headers, connection, place))
}

impl Client {
    /// A client with its credentials and its place.
    pub(super) fn new(
        headers: HeaderMap,
        connection: Option<Peer>,
        place: OwnedSemaphorePermit,
    ) -> Self {
        Self {
            headers,
            peer: connection.map(|peer| peer.0.ip()),
            connection,
            rooms: Mutex::default(),
            in_hand: Arc::new(Semaphore::new(MAX_IN_HAND)),
            connected: CancellationToken::new(),
            closing: CancellationToken::new(),
            ended: CancellationToken::new(),
            _open: Open::new("socket", place),
        }
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<String, CancellationToken>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that the socket is in a room, of `most`.
    pub(super) fn enter(
        &self,
        room: &str,
        left: &CancellationToken,
        most: usize,
    ) -> Result<(), Problem> {
        let mut rooms = self.rooms();
        if rooms.contains_key(room) {
            let detail = "the socket is in the room already";
            return Err(Problem::new(StatusCode::CONFLICT, "ROOM_JOINED", detail));
        }
        if rooms.len() >= most {
            let detail = format!("a socket is in {most} rooms at most; `PUSH_ROOMS` sets it");
            return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_ROOMS", detail));
        }
        rooms.insert(room.to_owned(), left.clone());
        Ok(())
    }

    /// Lets it out of a room; whether it was in.
    pub(super) fn leave(&self, room: &str) -> bool {
        let left = self.rooms().remove(room);
        if let Some(left) = &left {
            left.cancel();
        }
        left.is_some()
    }

    /// Lets it out of all rooms; gives their names.
    pub(super) fn leave_all(&self) -> Vec<String> {
        let left = std::mem::take(&mut *self.rooms());
        left.values().for_each(CancellationToken::cancel);
        left.into_keys().collect()
    }
}
