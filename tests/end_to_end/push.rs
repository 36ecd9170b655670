//! Rooms as streams of server-sent events: what is shown first, what follows, and how a client goes on.

use std::io::{BufRead, BufReader};
use std::time::Duration;

use reqwest::blocking::{RequestBuilder, Response};
use serde_json::{Value, json};

use crate::World;
use crate::support::{Answer, Client, Platform, command};

/// The longest that a test waits for one message.
const PATIENCE: Duration = Duration::from_secs(45);

/// One message of a stream.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) id: Option<String>,
    pub(crate) data: Value,
}

/// A client of a room that remembers what browsers do.
pub(crate) struct Stream {
    lines: std::io::Lines<BufReader<Response>>,
    /// The last message's id.
    last: Option<String>,
}

impl Stream {
    /// Joins `room`, with the cursor of a stream before.
    fn open(client: &Client, room: &str, cursor: Option<&str>) -> Self {
        let mut request = client.get(&format!("/v1/streams/{room}")).timeout(PATIENCE);
        if let Some(cursor) = cursor {
            request = request.header("Last-Event-ID", cursor);
        }
        Self::of(request)
    }

    pub(crate) fn of(request: RequestBuilder) -> Self {
        let response = request.send().expect("an answer");
        assert_eq!(response.status(), 200, "{}", response.text().expect("a body"));
        let kind = response.headers()["content-type"].to_str().expect("text");
        assert_eq!(kind, "text/event-stream");
        Self { lines: BufReader::new(response).lines(), last: None }
    }

    /// The next message; `None` at the end.
    pub(crate) fn next(&mut self) -> Option<Event> {
        let (mut name, mut id, mut data) = (String::new(), None, None);
        for line in self.lines.by_ref() {
            let line = line.ok()?;
            match line.split_once(": ") {
                Some(("event", value)) => value.clone_into(&mut name),
                Some(("id", value)) => id = Some(value.to_owned()),
                Some(("data", value)) => data = Some(serde_json::from_str(value).expect("JSON")),
                _ => {}
            }
            if line.is_empty()
                && let Some(data) = data.take()
            {
                if id.is_some() {
                    self.last.clone_from(&id);
                }
                return Some(Event { name, id, data });
            }
        }
        None
    }

    /// The next message that is no update of rows.
    #[track_caller]
    fn event(&mut self) -> Event {
        loop {
            let event = self.next().expect("another message");
            if event.name != "stats-updated" {
                return event;
            }
        }
    }

    #[track_caller]
    fn expect(&mut self, name: &str) -> Event {
        let event = self.event();
        assert_eq!(event.name, name, "{event:?}");
        event
    }
}

fn open_show(client: &Client, show: &str) -> Answer {
    let body = json!({
        "showId": show, "title": "x",
        "sections": [{"sectionId": "a", "rows": 2, "seatsPerRow": 3}],
    });
    client.decide(client.post("/v1/shows", &body)).expect(200)
}

fn hold(client: &Client, show: &str, seat: &str, holder: &str) -> Answer {
    let body = json!({"seatIds": [seat], "holderId": holder});
    client.decide(client.post(&format!("/v1/shows/{show}/holds"), &body))
}

pub(crate) fn a_room_shows_its_rows_and_then_its_events(platform: &mut World) {
    let show = &platform.name("pushed");
    let opened = open_show(platform, show);
    let held = hold(platform, show, "a-row-1-seat-1", "buyer-1").expect(200);
    platform.read(&format!("/v1/shows/{show}"), held.str("cursor")).expect(200);
    let room = format!("show:{show}");
    let mut stream = Stream::open(platform, &room, None);
    let first = stream.expect("initial-load");
    assert_eq!(first.data["room"], json!(room));
    assert_eq!(first.data["reason"], "JOINED");
    assert_eq!((&first.data["part"], &first.data["parts"]), (&json!(1), &json!(1)));
    assert_eq!(first.id.as_deref(), first.data["cursor"].as_str());
    let seats = first.data["seats"].as_array().expect("seats");
    assert_eq!(seats.len(), 6);
    // Rows are those of a read: nothing private, nothing else left out.
    let read = Answer::send(platform.get(&format!("/v1/shows/{show}/seats"))).expect(200);
    assert_eq!(first.data["seats"], read.json["items"]);
    assert!(seats.iter().all(|seat| seat.get("holderId").is_none()), "{seats:?}");
    assert_eq!(
        first.data["stats"],
        json!([{"showId": show, "sectionId": "a", "seats": 6, "available": 5, "held": 1, "reserved": 0}])
    );

    let held = hold(platform, show, "a-row-2-seat-2", "buyer-2").expect(200);
    let event = stream.expect("seat.held");
    assert_eq!(event.data["type"], "seat.held");
    assert_eq!(event.data["key"], json!(show));
    // The show was opened, then two holds.
    assert_eq!(event.data["sequence"], 3);
    assert_eq!(event.data["payload"]["seatIds"], json!(["a-row-2-seat-2"]));
    assert_eq!(event.data["payload"]["holdId"], held.json["commandId"]);
    assert!(event.data["payload"].get("holderId").is_none(), "{event:?}");
    // What is told again is told when it is so.
    let updated = loop {
        let event = stream.next().expect("another message");
        if event.name == "stats-updated" {
            break event;
        }
    };
    assert_eq!(updated.id, None);
    assert_eq!(updated.data["stats"][0]["held"], 2);

    // Refused commands change nothing that a room sees; the next fact is the next message.
    hold(platform, show, "a-row-2-seat-2", "buyer-3").expect(409);
    let body = json!({"seatIds": ["a-row-2-seat-2"], "holderId": "buyer-2"});
    platform.decide(platform.post(&format!("/v1/shows/{show}/confirmations"), &body)).expect(200);
    assert_eq!(stream.expect("seat.reserved").data["sequence"], 4);
    // A read that is consistent with a message's cursor has seen it.
    let cursor = stream.last.clone().expect("an id");
    let seat =
        platform.read(&format!("/v1/shows/{show}/seats/a-row-2-seat-2"), &cursor).expect(200);
    assert_eq!(seat.str("status"), "RESERVED");
    // And the cursor of an outcome is one that a stream goes on from.
    let mut behind = Stream::open(platform, &room, Some(opened.str("cursor")));
    let types: Vec<_> = (0..3).map(|_| behind.event().name).collect();
    assert_eq!(types, ["seat.held", "seat.held", "seat.reserved"]);
}

pub(crate) fn a_client_that_comes_back_misses_nothing_and_sees_nothing_twice(platform: &mut World) {
    let show = &platform.name("kept");
    open_show(platform, show);
    let room = format!("show:{show}");
    let mut stream = Stream::open(platform, &room, None);
    stream.expect("initial-load");
    hold(platform, show, "a-row-1-seat-1", "buyer-1").expect(200);
    // Opened before or after it was shown, the event that opened the show may come too.
    let mut last = stream.event();
    if last.name == "seat.showOpened" {
        last = stream.event();
    }
    assert_eq!(last.data["sequence"], 2);
    let cursor = stream.last.take().expect("an id");
    drop(stream);
    hold(platform, show, "a-row-1-seat-2", "buyer-1").expect(200);
    platform.crash();
    hold(platform, show, "a-row-1-seat-3", "buyer-1").expect(200);

    let mut back = Stream::open(platform, &room, Some(&cursor));
    let sequences: Vec<Value> =
        (0..2).map(|_| back.expect("seat.held").data["sequence"].clone()).collect();
    assert_eq!(sequences, [3, 4]);
    hold(platform, show, "a-row-2-seat-1", "buyer-1").expect(200);
    assert_eq!(back.expect("seat.held").data["sequence"], 5);
    // What is no cursor of here is said so, and all is shown.
    let mut stranger = Stream::open(platform, &room, Some("nonsense"));
    assert_eq!(stranger.expect("initial-load").data["reason"], "CURSOR_UNKNOWN");
}

pub(crate) fn a_room_that_is_none_is_refused(platform: &mut World) {
    for room in ["hall:a", "show:", "show"] {
        let answer = Answer::send(platform.get(&format!("/v1/streams/{room}"))).expect(404);
        assert_eq!(answer.str("code"), "ROOM_UNKNOWN");
    }
    // A room of an aggregate that is not there yet is one.
    let show = &platform.name("later");
    let mut stream = Stream::open(platform, &format!("show:{show}"), None);
    assert_eq!(stream.expect("initial-load").data["seats"], json!([]));
    open_show(platform, show);
    assert_eq!(stream.expect("seat.showOpened").data["sequence"], 1);
}

#[test]
fn a_cursor_that_is_too_old_gets_all_anew() {
    let data = tempfile::tempdir().expect("a directory");
    let mut start = command(data.path());
    start.args(["--push-recent", "1", "--push-replay", "2"]);
    let platform = Platform::start_with(start);
    let opened = open_show(&platform, "old");
    for seat in 1..=3 {
        hold(&platform, "old", &format!("a-row-1-seat-{seat}"), "buyer-1").expect(200);
    }
    let mut stream = Stream::open(&platform, "show:old", Some(opened.str("cursor")));
    let first = stream.expect("initial-load");
    assert_eq!(first.data["reason"], "CURSOR_TOO_OLD");
    // Rows and events after them add up to three holds, whichever way they were told.
    let held = |load: &Value| {
        let seats = load["seats"].as_array().expect("seats").iter();
        seats.filter(|seat| seat["status"] == "HELD").count()
    };
    for _ in held(&first.data)..3 {
        stream.event();
    }
    hold(&platform, "old", "a-row-2-seat-1", "buyer-1").expect(200);
    assert_eq!(stream.expect("seat.held").data["sequence"], 5);
}

#[test]
fn streams_end_with_a_reason_when_the_process_does() {
    let data = tempfile::tempdir().expect("a directory");
    let platform = Platform::start(data.path());
    open_show(&platform, "ending");
    let mut stream = Stream::open(&platform, "show:ending", None);
    stream.expect("initial-load");
    let (status, took) = platform.terminate();
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(5), "{took:?}");
    loop {
        let event = stream.event();
        if event.name == "dropped" {
            assert_eq!(event.data["code"], "SHUTTING_DOWN");
            break;
        }
    }
    assert!(stream.next().is_none());
}
