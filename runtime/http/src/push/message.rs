//! What is sent, made once for all who get it: the frame of a server-sent event, whose data is the body that sockets get.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use charter_domain::room::Room;
use charter_domain::{Envelope, Event};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::cursor::Cursor;

/// The name of the message that shows a room's rows.
pub(super) const INITIAL_LOAD: &str = "initial-load";
/// The name of the message that ends a stream, or a socket's part in a room.
pub(super) const DROPPED: &str = "dropped";

/// A message to whoever is in a room. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Message {
    name: Arc<str>,
    frame: Bytes,
    data: Range<usize>,
    /// The body, once a socket needed it.
    body: Arc<OnceLock<Box<RawValue>>>,
}

impl Message {
    /// The message `name` with the JSON `data`; `id` is what a client comes back with.
    pub(super) fn new(name: &str, id: Option<&str>, data: &str) -> Self {
        let mut frame = String::with_capacity(name.len() + data.len() + 80);
        frame.push_str("event: ");
        frame.push_str(name);
        if let Some(id) = id {
            frame.push_str("\nid: ");
            frame.push_str(id);
        }
        frame.push_str("\ndata: ");
        let begin = frame.len();
        // JSON has no line feed in it: those of strings are escaped.
        frame.push_str(data);
        let data = begin..frame.len();
        frame.push_str("\n\n");
        Self { name: name.into(), frame: frame.into(), data, body: Arc::default() }
    }

    /// What ends a stream.
    pub(super) fn dropped(reason: Reason, room: &str) -> Self {
        let Reason { code, detail } = reason;
        let data = serde_json::json!({"room": room, "code": code, "detail": detail});
        Self::new(DROPPED, None, &data.to_string())
    }

    /// The name: `seat.held`, `initial-load`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The frame of a server-sent event (HTML standard, "Interpreting an event stream").
    #[must_use]
    pub fn frame(&self) -> Bytes {
        self.frame.clone()
    }

    /// The body as JSON.
    #[must_use]
    pub fn data(&self) -> Bytes {
        self.frame.slice(self.data.clone())
    }

    /// The body as a socket writes it, read once for all sockets.
    pub(super) fn body(&self) -> &RawValue {
        self.body.get_or_init(|| {
            serde_json::from_slice(&self.frame[self.data.clone()]).expect("a body is JSON")
        })
    }
}

/// Why a subscription ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The stable code.
    pub code: &'static str,
    /// What a person reads.
    pub detail: &'static str,
}

impl Reason {
    /// The reader did not keep up.
    pub const SLOW_READER: Self = Self {
        code: "SLOW_READER",
        detail: "messages came faster than they were read; come back with the last cursor",
    };
    /// The process ends.
    pub const SHUTTING_DOWN: Self =
        Self { code: "SHUTTING_DOWN", detail: "this gateway ends; come back with the last cursor" };
    /// The credential is no longer good.
    pub const UNAUTHENTICATED: Self = Self {
        code: "UNAUTHENTICATED",
        detail: "the credential is no longer good; come back with another one and the last cursor",
    };
    /// Something that is needed did not answer.
    pub const UNAVAILABLE: Self = Self {
        code: "UNAVAILABLE",
        detail: "an event could not be read; come back with the last cursor",
    };
}

/// The JSON of a string or another plain value.
pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("plain data has a JSON form")
}

/// The cursor at a position of a partition; with -1 nothing was seen yet.
pub(super) fn cursor(context: &str, partition: u32, position: i64) -> String {
    let seen = (position >= 0).then_some((partition, position));
    Cursor::of(context, seen).to_string()
}

/// An event as its room gets it; `None` where it is sent to none.
pub(super) fn of_event<E: Event>(
    context: &str,
    partition: u32,
    envelope: &Envelope<E>,
    name_of: impl FnOnce(&Room) -> String,
) -> Option<(&'static Room, Message)> {
    let broadcast = envelope.payload.broadcast()?;
    let metadata = &envelope.metadata;
    let wire_type = envelope.payload.message_type().wire_type;
    let cursor = cursor(context, partition, metadata.position);
    let data = format!(
        r#"{{"room":{},"cursor":"{cursor}","type":"{wire_type}","id":"{}","time":{},"key":{},"sequence":{},"payload":{}}}"#,
        json(&name_of(broadcast.room)),
        metadata.id,
        json(&metadata.time),
        json(&metadata.key),
        metadata.sequence,
        broadcast.payload,
    );
    Some((broadcast.room, Message::new(wire_type, Some(&cursor), &data)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_what_event_sources_read() {
        let message = Message::new("seat.held", Some("abc"), r#"{"a":1}"#);
        assert_eq!(message.frame(), "event: seat.held\nid: abc\ndata: {\"a\":1}\n\n");
        assert_eq!(message.data(), r#"{"a":1}"#);
        let ended = Message::dropped(Reason::SLOW_READER, "show:a");
        assert!(
            ended.frame().starts_with(
                b"event: dropped\ndata: {\"room\":\"show:a\",\"code\":\"SLOW_READER\","
            )
        );
    }

    #[test]
    fn before_the_first_event_a_cursor_has_no_position() {
        assert_eq!(Cursor::parse(&cursor("seat", 3, -1)), Some(Cursor::of("seat", [])));
        assert_eq!(Cursor::parse(&cursor("seat", 3, 7)), Some(Cursor::of("seat", [(3, 7)])));
    }
}
