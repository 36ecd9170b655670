//! Writing to a socket whose buffer may be full: it is tried again, and what does not get through in the end closes
//! the socket or leaves a message to its room's queue.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use socketioxide::adapter::LocalAdapter;
use socketioxide::extract::{AckSender, SocketRef};
use socketioxide::handler::{FromMessageParts, Value as Packed};
use socketioxide::socket::Socket;
use socketioxide::{SendError, SocketError};

use super::client::Client;
use crate::push::message::Message;

/// The pause before a packet is tried again that found the buffer full.
const FULL_PAUSE: Duration = Duration::from_millis(20);
/// How long an acknowledgement may find the buffer full. A socket that reads none is closed: its client finds the
/// outcome with the command's idempotency key.
const ACK_PATIENCE: Duration = Duration::from_secs(2);

/// The acknowledgement that a client asked for with what it sent, if it did.
pub(super) struct Ack {
    socket: Arc<Socket>,
    id: Option<i64>,
}

impl FromMessageParts<LocalAdapter> for Ack {
    type Error = Infallible;

    fn from_message_parts(
        socket: &Arc<Socket>,
        _: &mut Packed,
        id: &Option<i64>,
    ) -> Result<Self, Infallible> {
        Ok(Self { socket: Arc::clone(socket), id: *id })
    }
}

impl Ack {
    /// One try; whether there was room, or nobody to tell.
    pub(super) fn try_send(&self, answer: &Value) -> bool {
        let mut nothing = Packed::Str("".into(), None);
        let Ok(sender) = AckSender::from_message_parts(&self.socket, &mut nothing, &self.id);
        match sender.send(answer) {
            Err(SendError::Socket(SocketError::InternalChannelFull)) => false,
            Ok(()) | Err(SendError::Socket(SocketError::Closed)) => true,
            Err(SendError::Serialize(error)) => {
                tracing::error!(%error, "an acknowledgement can't be written");
                true
            }
        }
    }

    /// Sends the answer, or closes a socket that reads none.
    pub(super) async fn send(&self, client: &Client, answer: &Value) {
        let sent = async {
            while !self.try_send(answer) {
                tokio::time::sleep(FULL_PAUSE).await;
            }
        };
        tokio::select! {
            () = client.ended.cancelled() => {}
            sent = tokio::time::timeout(ACK_PATIENCE, sent) => {
                if sent.is_err() {
                    metrics::counter!("charter_push_dropped_total", "code" => "ACK_UNREAD").increment(1);
                    client.closing.cancel();
                }
            }
        }
    }
}

/// What messages are written to.
pub(super) trait Emits {
    /// One try. A socket is closed also before its client is connected: see [`Client::connected`].
    fn try_emit(&self, message: &Message) -> Result<(), SendError>;
}

impl Emits for SocketRef {
    fn try_emit(&self, message: &Message) -> Result<(), SendError> {
        self.emit(message.name(), message.body())
    }
}

/// Writes a message to a connected socket, once there is room for it or the socket is gone.
pub(super) async fn emit(socket: &impl Emits, client: &Client, message: &Message) {
    while !client.ended.is_cancelled() {
        match socket.try_emit(message) {
            Err(SendError::Socket(SocketError::InternalChannelFull)) => {
                tokio::time::sleep(FULL_PAUSE).await;
            }
            Ok(()) | Err(SendError::Socket(SocketError::Closed)) => return,
            Err(SendError::Serialize(error)) => {
                tracing::error!(%error, name = message.name(), "a message can't be written to a socket");
                return;
            }
        }
    }
}

/// Disconnects a socket, once there is room to tell it so or it is gone.
pub(super) async fn close(socket: &SocketRef, client: &Client) {
    while !client.ended.is_cancelled()
        && matches!(socket.clone().disconnect(), Err(SocketError::InternalChannelFull))
    {
        tokio::time::sleep(FULL_PAUSE).await;
    }
}
