//! Rooms and commands on sockets: Socket.IO, protocol 5, for clients of version 4, by websocket or polling.
//!
//! A command of a socket becomes the request of the operation that sends it, and goes through the same routes: guard,
//! limits, validation, idempotency. There is no second way to write. What a member of a room gets comes from the hub,
//! as for streams: rooms of Socket.IO itself would order nothing, keep nothing for those who come back, and drop for
//! slow readers in silence.

mod client;
mod command;
mod send;
mod session;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use serde_json::{Value, json};
use socketioxide::SocketIo;
use socketioxide::extract::{SocketRef, TryData};
use socketioxide::handler::ConnectHandler as _;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use super::hub::Pushed;
use super::message::{Message, Reason};
use super::stream::{MAX_NAME, STREAM, is_refused};
use super::{Push, SocketCommand};
use crate::access::{Admitted, ask};
use crate::api::Api;
use crate::operation::{Access, Operation, OperationKind};
use crate::problem::Problem;

use client::Client;
use send::{Ack, Emits, close, emit};
use session::Sessions;

/// What a guard knows of a socket that connects.
pub const SOCKET: &Operation = &Operation {
    id: "connectSocket",
    method: "GET",
    path: "/socket.io/",
    tenant: None,
    kind: OperationKind::Stream,
    access: Access::KNOWN,
};

/// Packets that wait for a socket to be written, at the most; its rooms' messages wait in queues of their own.
const BUFFER: usize = 128;
/// What a client sends and is not answered yet, at the most: commands, joins, leaves.
const MAX_IN_HAND: usize = 32;
/// How long who has opened a connection may take to say who they are.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long sockets have to be told that the process ends.
const FAREWELL: Duration = Duration::from_millis(300);
/// How long the last packets of sockets may take then.
const LAST_WRITE: Duration = Duration::from_secs(2);

/// What all sockets rest on.
#[derive(Clone)]
struct Sockets {
    push: Push,
    api: Api,
    /// The guarded operations.
    operations: Router,
}

/// The route of sockets. Commands go through `operations`, the guarded routes of the contract.
pub fn sockets(
    push: Push,
    api: Api,
    operations: Router,
    commands: &'static [SocketCommand],
) -> Router {
    let settings = *push.settings();
    let (service, io) = SocketIo::builder()
        .ping_interval(settings.ping_interval)
        .ping_timeout(settings.ping_timeout)
        .connect_timeout(CONNECT_TIMEOUT)
        .upgrade_timeout(CONNECT_TIMEOUT)
        .max_buffer_size(BUFFER)
        .max_payload(settings.message_bytes as u64)
        .ws_max_message_size(settings.message_bytes)
        .ws_max_frame_size(settings.message_bytes)
        .build_svc();
    let sessions = Sessions::new(settings.connections, Arc::clone(api.access()));
    let (tasks, stop) = (push.inner.tasks.clone(), push.inner.stop.clone());
    let sockets = Sockets { push, api, operations };
    let connecting = sockets.clone();
    let admitted = move |socket: SocketRef, TryData(auth): TryData<Value>| {
        let sockets = connecting.clone();
        async move {
            let client = client::connect(&sockets, &socket, auth.ok()).await.map_err(Refused)?;
            socket.extensions.insert(Arc::new(client));
            // Before the client is told that it is connected: what it sends then is heard.
            listen(&sockets, &socket, commands);
            Ok::<_, Refused>(())
        }
    };
    let connected = move |socket: SocketRef| {
        let sockets = sockets.clone();
        async move {
            if let Some(client) = socket.extensions.get::<Arc<Client>>() {
                client.connected.cancel();
            }
            let watched = sockets.clone();
            sockets.push.inner.tasks.spawn(async move { watched.watch(&socket).await });
        }
    };
    io.ns("/", connected.with(admitted));
    tasks.spawn(async move {
        stop.cancelled().await;
        tokio::time::sleep(FAREWELL).await;
        // Who reads nothing is cut with the process.
        let _ = tokio::time::timeout(LAST_WRITE, io.close()).await;
    });
    Router::new()
        .route_service(SOCKET.path, service)
        .route_layer(middleware::from_fn_with_state(Arc::new(sessions), session::opened))
}

/// A problem as a client reads it that can't connect: its `connect_error` has the JSON as message.
struct Refused(Problem);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.to_json().to_string())
    }
}

/// What a socket sends, each with who answers it.
fn listen(sockets: &Sockets, socket: &SocketRef, commands: &'static [SocketCommand]) {
    let joining = sockets.clone();
    socket.on("event.join", move |socket: SocketRef, ack: Ack, TryData(asked): TryData<Value>| {
        let sockets = joining.clone();
        async move {
            if let Some((client, _place)) = taken(&socket, &ack) {
                sockets.join(&socket, &client, asked.unwrap_or_default(), ack).await;
            }
        }
    });
    socket.on(
        "event.leave",
        async |socket: SocketRef, ack: Ack, TryData(asked): TryData<Value>| {
            if let Some((client, _place)) = taken(&socket, &ack) {
                let room = text_of(&asked.unwrap_or_default(), "room");
                let was_in = client.leave(&room);
                ack.send(&client, &json!({"ok": was_in, "room": room})).await;
            }
        },
    );
    for command in commands {
        let sending = sockets.clone();
        socket.on(
            command.wire_type,
            move |socket: SocketRef, ack: Ack, TryData(payload): TryData<Value>| {
                let sockets = sending.clone();
                async move {
                    if let Some((client, _place)) = taken(&socket, &ack) {
                        let answer = sockets.command(&client, command, payload.ok()).await;
                        ack.send(&client, &answer).await;
                    }
                }
            },
        );
    }
    socket.on_disconnect(async |socket: SocketRef| {
        if let Some(client) = socket.extensions.get::<Arc<Client>>() {
            client.ended.cancel();
            client.leave_all();
        }
    });
}

/// A place for one thing more that a socket asks for. Where it has too many in hand, it is told so, or closed where it
/// does not read even that.
fn taken(socket: &SocketRef, ack: &Ack) -> Option<(Arc<Client>, OwnedSemaphorePermit)> {
    let client = socket.extensions.get::<Arc<Client>>()?;
    if client.closing.is_cancelled() {
        return None;
    }
    if let Ok(place) = Arc::clone(&client.in_hand).try_acquire_owned() {
        return Some((client, place));
    }
    let detail = format!("{MAX_IN_HAND} requests of this socket are in hand already");
    let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_IN_HAND", detail);
    let refusal = json!({"ok": false, "status": "REFUSED", "problem": problem.to_json()});
    if !ack.try_send(&refusal) {
        client.closing.cancel();
    }
    None
}

/// A member of what a client sent, as text; empty where there is none.
fn text_of(asked: &Value, member: &str) -> String {
    asked.get(member).and_then(Value::as_str).unwrap_or_default().to_owned()
}

impl Sockets {
    /// Ends a socket whose credential is no longer good, and one that is to be closed.
    async fn watch(&self, socket: &SocketRef) {
        let Some(client) = socket.extensions.get::<Arc<Client>>() else { return };
        loop {
            tokio::select! {
                () = client.ended.cancelled() => return,
                () = self.push.inner.stop.cancelled() => return,
                () = client.closing.cancelled() => break,
                () = tokio::time::sleep(self.push.settings().recheck) => {}
            }
            if is_refused(self.api.access(), &client.headers).await {
                let reason = Reason::UNAUTHENTICATED;
                metrics::counter!("charter_push_dropped_total", "code" => reason.code).increment(1);
                for room in client.leave_all() {
                    emit(socket, &client, &Message::dropped(reason, &room)).await;
                }
                client.closing.cancel();
            }
        }
        client.leave_all();
        close(socket, &client).await;
    }

    /// Lets a socket into a room: it is acknowledged first, then gets the room's messages.
    async fn join(&self, socket: &SocketRef, client: &Arc<Client>, asked: Value, ack: Ack) {
        let room = text_of(&asked, "room");
        let left = CancellationToken::new();
        match self.joined(client, &asked, &room, &left).await {
            Ok(pushed) => {
                ack.send(client, &json!({"ok": true, "room": room})).await;
                let (socket, client) = (socket.clone(), Arc::clone(client));
                let tasks = &self.push.inner.tasks;
                tasks.spawn(async move { pump(&socket, &client, &room, pushed, &left).await });
            }
            Err(problem) => {
                let refusal = json!({"ok": false, "room": room, "problem": problem.to_json()});
                ack.send(client, &refusal).await;
            }
        }
    }

    async fn joined(
        &self,
        client: &Client,
        asked: &Value,
        room: &str,
        left: &CancellationToken,
    ) -> Result<BoxStream<'static, Pushed>, Problem> {
        if room.len() > MAX_NAME {
            let detail = format!("expected a room's name of at most {MAX_NAME} bytes");
            return Err(Problem::malformed(detail));
        }
        let (who, verdict) = ask(self.api.access(), STREAM, &client.headers, client.peer).await;
        if let Some(refused) = verdict.and_then(|verdict| verdict.refusal()) {
            return Err(refused);
        }
        let admitted = Admitted::of(who?, asked.get("tenant").and_then(Value::as_str))?;
        // Of a room that it is in already it is not out by this.
        client.enter(room, left, self.push.settings().rooms)?;
        let cursor = asked.get("cursor").and_then(Value::as_str);
        let joined = self.push.join(&admitted, room, cursor).await;
        if joined.is_err() {
            client.leave(room);
        }
        joined
    }
}

/// Writes a room's messages to a socket, until it has left the room or is gone.
///
/// A client hears that it is connected a moment before its socket may be written to, and may have joined by then: its
/// messages wait for that.
async fn pump(
    socket: &impl Emits,
    client: &Client,
    room: &str,
    mut pushed: BoxStream<'static, Pushed>,
    left: &CancellationToken,
) {
    let pumped = async {
        // Where the client could not be told after all, nobody says that the socket has ended.
        if tokio::time::timeout(CONNECT_TIMEOUT, client.connected.cancelled()).await.is_err() {
            return;
        }
        while let Some(next) = pushed.next().await {
            // Whoever has left, and perhaps come again, hears nothing of before.
            if left.is_cancelled() {
                return;
            }
            match next {
                Pushed::Message(message) => emit(socket, client, &message).await,
                Pushed::Dropped(reason) => {
                    emit(socket, client, &Message::dropped(reason, room)).await;
                    // It may come back at once.
                    client.leave(room);
                    return;
                }
            }
        }
    };
    tokio::select! {
        () = left.cancelled() => {}
        () = client.ended.cancelled() => {}
        () = pumped => {}
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicBool, Ordering};

    use axum::http::HeaderMap;
    use futures_util::FutureExt as _;
    use socketioxide::{SendError, SocketError};
    use tokio::sync::Semaphore;

    use super::*;

    /// A socket as the library has it: closed until a moment after its client was told that it is connected.
    #[derive(Default)]
    struct Connecting {
        is_connected: AtomicBool,
        emitted: Mutex<Vec<String>>,
    }

    impl Emits for Connecting {
        fn try_emit(&self, message: &Message) -> Result<(), SendError> {
            if !self.is_connected.load(Ordering::SeqCst) {
                return Err(SendError::Socket(SocketError::Closed));
            }
            self.emitted.lock().expect("no panic").push(message.name().to_owned());
            Ok(())
        }
    }

    #[tokio::test]
    async fn what_is_pushed_before_a_socket_may_be_written_to_is_written_then() {
        let place = Arc::new(Semaphore::new(1)).try_acquire_owned().expect("a place");
        let client = Client::new(HeaderMap::new(), None, place);
        let (socket, left) = (Connecting::default(), CancellationToken::new());
        let pushed = ["initial-load", "seat.held"]
            .map(|name| Pushed::Message(Message::new(name, None, "{}")));
        let pushed = futures_util::stream::iter(pushed).boxed();
        let mut pumped = std::pin::pin!(pump(&socket, &client, "show:a", pushed, &left));
        assert_eq!(pumped.as_mut().now_or_never(), None, "it waits");
        socket.is_connected.store(true, Ordering::SeqCst);
        client.connected.cancel();
        pumped.await;
        assert_eq!(*socket.emitted.lock().expect("no panic"), ["initial-load", "seat.held"]);
    }
}
