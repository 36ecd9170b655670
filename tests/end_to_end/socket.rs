//! Rooms and commands on sockets: the same promises as for streams, and what a command is acknowledged with.

use std::time::Duration;

use load_tests::socket::Socket;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use crate::World;
use crate::support::{Answer, Client, Platform, command};

/// Somebody on a socket, beside whom the test does other things.
pub(crate) struct Guest {
    runtime: Runtime,
    socket: Socket,
}

impl Guest {
    /// A connection with headers of its own, of whom nobody knows yet who it is.
    pub(crate) fn open(client: &Client, headers: &[(&'static str, &str)]) -> anyhow::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let url = client.url("");
        let socket = runtime.block_on(Socket::open(url.trim_start_matches("http://"), headers))?;
        Ok(Self { runtime, socket })
    }

    /// Says who it is; the problem where that is refused.
    pub(crate) fn connect(&mut self, auth: &Value) -> Result<(), Value> {
        let connected = self.runtime.block_on(self.socket.connect(auth));
        connected.map_err(|refused| serde_json::from_str(&refused.to_string()).expect("a problem"))
    }

    fn anybody(client: &Client) -> Self {
        let mut guest = Self::open(client, &[]).expect("a connection");
        guest.connect(&json!({})).expect("everybody may");
        guest
    }

    pub(crate) fn emit(&mut self, name: &str, body: &Value) -> u64 {
        self.runtime.block_on(self.socket.emit(name, body)).expect("sent")
    }

    fn answer(&mut self, number: u64) -> Value {
        self.runtime.block_on(self.socket.answer(number)).expect("an answer")
    }

    pub(crate) fn ask(&mut self, name: &str, body: &Value) -> Value {
        let number = self.emit(name, body);
        self.answer(number)
    }

    #[track_caller]
    fn join(&mut self, room: &str, cursor: Option<&str>) {
        let answer = self.ask("event.join", &json!({"room": room, "cursor": cursor}));
        assert_eq!(answer, json!({"ok": true, "room": room}));
    }

    /// The next message; `None` at the end.
    pub(crate) fn next(&mut self) -> Option<(String, Value)> {
        self.runtime.block_on(self.socket.event()).expect("in time")
    }

    /// The next message that is no update of rows.
    #[track_caller]
    pub(crate) fn expect(&mut self, name: &str) -> Value {
        loop {
            let (found, body) = self.next().expect("another message");
            if found != "stats-updated" {
                assert_eq!(found, name, "{body}");
                return body;
            }
        }
    }
}

fn open_show(client: &Client, show: &str) -> Answer {
    let body = json!({
        "showId": show, "title": "x",
        "sections": [{"sectionId": "a", "rows": 2, "seatsPerRow": 3}],
    });
    let opened = client.decide(client.post("/v1/shows", &body)).expect(200);
    client.read(&format!("/v1/shows/{show}"), opened.str("cursor")).expect(200);
    opened
}

fn seat(number: u32) -> String {
    format!("a-row-1-seat-{number}")
}

pub(crate) fn a_socket_sends_commands_and_sees_what_became_of_them(platform: &mut World) {
    let show = &platform.name("socket");
    open_show(platform, show);
    let room = format!("show:{show}");
    let (mut ann, mut bob) = (Guest::anybody(platform), Guest::anybody(platform));
    for socket in [&mut ann, &mut bob] {
        socket.join(&room, None);
        let load = socket.expect("initial-load");
        assert_eq!((&load["reason"], &load["room"]), (&json!("JOINED"), &json!(room)));
        assert_eq!(load["seats"].as_array().expect("seats").len(), 6);
        assert!(load["stats"].is_array() && load["cursor"].is_string(), "{load}");
    }
    let hold = json!({"showId": show, "seatIds": [seat(1)], "holderId": "ann", "idempotencyKey": "socket-hold-1"});
    let first = ann.ask("seat.holdRequest", &hold);
    assert_eq!(first["status"], "APPLIED", "{first}");
    let seen = bob.expect("seat.held");
    assert_eq!(seen["payload"]["holdId"], first["commandId"]);
    assert_eq!(seen["payload"].get("holderId"), None, "{seen}");
    assert_eq!(ann.expect("seat.held"), seen);
    // A repeat, here or over HTTP, is the same command.
    assert_eq!(ann.ask("seat.holdRequest", &hold), first);
    let body = json!({"seatIds": [seat(1)], "holderId": "ann"});
    let path = format!("/v1/shows/{show}/holds");
    let again = platform.post(&path, &body).header("Idempotency-Key", "socket-hold-1");
    assert_eq!(platform.decide(again).expect(200).json["commandId"], first["commandId"]);

    // Several in flight, each acknowledged with its own outcome; what is refused changes nothing.
    let of =
        |number, holder| json!({"showId": show, "seatIds": [seat(number)], "holderId": holder});
    let taken = bob.emit("seat.holdRequest", &of(1, "bob"));
    let free = bob.emit("seat.holdRequest", &of(2, "bob"));
    let invalid = bob.emit("seat.holdRequest", &json!({"showId": show, "seatIds": 7}));
    let nothing = bob.emit("seat.holdRequest", &json!("x"));
    let taken = bob.answer(taken);
    assert_eq!(
        (&taken["status"], &taken["problem"]["code"]),
        (&json!("REJECTED"), &json!("SEAT_TAKEN"))
    );
    assert_eq!(taken["problem"]["status"], 409);
    assert!(taken["commandId"].is_string() && taken["cursor"].is_string(), "{taken}");
    assert_eq!(bob.answer(free)["status"], "APPLIED");
    for refused in [invalid, nothing] {
        let refused = bob.answer(refused);
        assert_eq!(
            (&refused["status"], &refused["problem"]["code"]),
            (&json!("REFUSED"), &json!("VALIDATION_FAILED"))
        );
    }
    // A fact is what follows, and never the request.
    let next = ann.expect("seat.held");
    assert_eq!(next["payload"]["seatIds"], json!([seat(2)]));
    assert_eq!(next["sequence"].as_u64(), seen["sequence"].as_u64().map(|last| last + 1));

    // Rows that have changed come with a cursor, after the events that they show.
    let updated = loop {
        let (name, body) = ann.next().expect("another event");
        if name == "stats-updated" && body["stats"][0]["held"] == 2 {
            break body;
        }
    };
    let mut later = Guest::anybody(platform);
    later.join(&room, updated["cursor"].as_str());
    let release = json!({"showId": show, "seatIds": [seat(2)], "holderId": "bob"});
    assert_eq!(bob.ask("seat.releaseRequest", &release)["status"], "APPLIED");
    assert_eq!(
        later.expect("seat.released")["sequence"].as_u64(),
        next["sequence"].as_u64().map(|last| last + 1)
    );

    // Whoever has left hears nothing more of it, and may come again.
    let left = ann.ask("event.leave", &json!({"room": room}));
    assert_eq!(left, json!({"ok": true, "room": room}));
    let left = ann.ask("event.leave", &json!({"room": room}));
    assert_eq!(left, json!({"ok": false, "room": room}));
    ann.join(&room, None);
    let twice = ann.ask("event.join", &json!({"room": room}));
    assert_eq!(twice["problem"]["code"], "ROOM_JOINED");
    let nowhere = ann.ask("event.join", &json!({"room": "hall:x"}));
    assert_eq!(nowhere["problem"]["code"], "ROOM_UNKNOWN");
}

pub(crate) fn a_socket_that_comes_back_misses_nothing_and_sees_nothing_twice(platform: &mut World) {
    let show = &platform.name("returned");
    open_show(platform, show);
    let room = format!("show:{show}");
    let buy = |platform: &World, number| {
        let body = json!({"seatIds": [seat(number)], "holderId": "buyer-1"});
        let path = format!("/v1/shows/{show}/holds");
        platform.decide(platform.post(&path, &body)).expect(200);
    };
    let (cursor, sequence) = {
        let mut socket = Guest::anybody(platform);
        socket.join(&room, None);
        socket.expect("initial-load");
        buy(platform, 1);
        let held = socket.expect("seat.held");
        (held["cursor"].as_str().expect("a cursor").to_owned(), held["sequence"].as_u64())
    };
    buy(platform, 2);
    platform.crash();
    buy(platform, 3);
    let mut back = Guest::anybody(platform);
    back.join(&room, Some(&cursor));
    for more in 1..=2 {
        let held = back.expect("seat.held");
        assert_eq!(held["sequence"].as_u64(), sequence.map(|last| last + more));
    }
    // What is no cursor of here is said so, and all is shown.
    let mut stranger = Guest::anybody(platform);
    stranger.join(&room, Some("nonsense"));
    assert_eq!(stranger.expect("initial-load")["reason"], "CURSOR_UNKNOWN");
}

#[test]
fn a_cursor_that_is_too_old_gets_all_anew() {
    let data = tempfile::tempdir().expect("a directory");
    let mut start = command(data.path());
    start.args(["--push-recent", "1", "--push-replay", "2"]);
    let platform = Platform::start_with(start);
    let opened = open_show(&platform, "old");
    for number in 1..=3 {
        let body = json!({"seatIds": [seat(number)], "holderId": "buyer-1"});
        platform.decide(platform.post("/v1/shows/old/holds", &body)).expect(200);
    }
    let mut socket = Guest::anybody(&platform);
    socket.join("show:old", Some(opened.str("cursor")));
    assert_eq!(socket.expect("initial-load")["reason"], "CURSOR_TOO_OLD");
}

#[test]
fn sockets_are_bounded_in_what_they_ask_for() {
    let data = tempfile::tempdir().expect("a directory");
    let mut start = command(data.path());
    start.args(["--push-connections", "2", "--push-rooms", "1", "--push-message-bytes", "2000"]);
    let platform = Platform::start_with(start);
    open_show(&platform, "few");
    let mut first = Guest::anybody(&platform);
    first.join("show:few", None);
    let second = first.ask("event.join", &json!({"room": "show:other"}));
    assert_eq!(second["problem"]["code"], "TOO_MANY_ROOMS");
    // A hundred at once: each is answered, with an outcome or with a refusal.
    let mut sent = Vec::new();
    for _ in 0..100 {
        let hold = json!({"showId": "few", "seatIds": [seat(1)], "holderId": "ann"});
        sent.push(first.emit("seat.holdRequest", &hold));
    }
    let mut refused = 0;
    for number in sent {
        let answer = first.answer(number);
        if answer["problem"]["code"] == "TOO_MANY_IN_HAND" {
            refused += 1;
        } else {
            assert!(
                ["APPLIED", "REJECTED"].contains(&answer["status"].as_str().expect("a status")),
                "{answer}"
            );
        }
    }
    assert!(refused <= 68, "{refused}");
    // Two connections are all there may be, whoever they are.
    let silent = Guest::open(&platform, &[]).expect("a connection");
    let third = Guest::open(&platform, &[]).err().expect("no place").to_string();
    assert!(third.contains("503"), "{third}");
    drop(silent);
    // What is too large ends the connection.
    let large = json!({"showId": "few", "seatIds": ["x".repeat(3_000)], "holderId": "ann"});
    first.emit("seat.holdRequest", &large);
    while first.next().is_some() {}
}

/// In development mode everybody on the machine may do everything, also a page that somebody there looks at.
#[test]
fn a_page_of_another_origin_opens_no_socket() {
    let data = tempfile::tempdir().expect("a directory");
    let mut start = command(data.path());
    start.env("CORS_ORIGINS", "https://shop.example");
    let platform = Platform::start_with(start);
    let address = platform.url("").trim_start_matches("http://").to_owned();
    let foreign = Guest::open(&platform, &[("origin", "https://evil.example")]);
    let refused = foreign.err().expect("another origin").to_string();
    assert!(refused.contains("403"), "{refused}");
    for origin in [format!("http://{address}"), "https://shop.example".to_owned()] {
        Guest::open(&platform, &[("origin", &origin)]).expect("its own, or an allowed one");
    }
}

#[test]
fn sockets_are_told_that_the_process_ends() {
    let data = tempfile::tempdir().expect("a directory");
    let platform = Platform::start(data.path());
    open_show(&platform, "ending");
    let mut guest = Guest::anybody(&platform);
    guest.join("show:ending", None);
    guest.expect("initial-load");
    let (status, took) = platform.terminate();
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(8), "{took:?}");
    let dropped = guest.expect("dropped");
    assert_eq!(
        (&dropped["code"], &dropped["room"]),
        (&json!("SHUTTING_DOWN"), &json!("show:ending"))
    );
    assert_eq!(guest.next(), None);
}
