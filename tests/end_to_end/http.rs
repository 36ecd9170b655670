//! HTTP as clients expect it: conditional reads, negotiation, methods, other origins, traces, bounds, and the end.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::world::World;
use crate::support::{Answer, Platform, command};

fn show(id: &str, seats: u32) -> Value {
    json!({"showId": id, "title": "A show", "sections": [{"sectionId": "a", "rows": 1, "seatsPerRow": seats}]})
}

pub(crate) fn a_view_that_did_not_change_is_answered_with_304(platform: &mut World) {
    let id = platform.name("s");
    let opened = platform.decide(platform.post("/v1/shows", &show(&id, 2))).expect(200);
    let path = format!("/v1/shows/{id}/seats");
    let first = platform.read(&path, opened.str("cursor")).expect(200);
    let tag = first.header("etag").expect("a tag").to_owned();
    assert_eq!(first.header("cache-control"), Some("private, no-cache"));

    // Something else in the context moves the cursor on, and not the rows.
    let other =
        platform.decide(platform.post("/v1/shows", &show(&platform.name("t"), 2))).expect(200);
    let conditional = |tag: &str, cursor: &str| {
        let request = platform.get(&path).header("If-None-Match", tag.to_owned());
        Answer::send(
            request.header("Consistent-With", cursor.to_owned()).header("Prefer", "wait=30"),
        )
    };
    let same = conditional(&tag, other.str("cursor")).expect(304);
    assert_eq!(same.text, "");
    assert_eq!(same.header("etag"), Some(tag.as_str()));
    assert!(same.header("charter-cursor").is_some() && same.header("content-type").is_none());

    let hold = json!({"seatIds": ["a-row-1-seat-1"], "holderId": "buyer"});
    let taken = platform.decide(platform.post(&format!("/v1/shows/{id}/holds"), &hold)).expect(200);
    let changed = conditional(&tag, taken.str("cursor")).expect(200);
    assert_ne!(changed.header("etag"), Some(tag.as_str()));

    let row = platform.read(&format!("/v1/shows/{id}"), taken.str("cursor")).expect(200);
    let tag = row.header("etag").expect("a tag").to_owned();
    let request = platform.get(&format!("/v1/shows/{id}")).header("If-None-Match", tag);
    Answer::send(request).expect(304);
}

pub(crate) fn pages_are_linked(platform: &mut World) {
    let id = platform.name("s");
    let opened = platform.decide(platform.post("/v1/shows", &show(&id, 5))).expect(200);
    let mut path = format!("/v1/shows/{id}/seats?sectionId=a&limit=2");
    let first = path.clone();
    let mut seats = Vec::new();
    loop {
        let page = platform.read(&path, opened.str("cursor")).expect(200);
        for item in page.json["items"].as_array().expect("items") {
            seats.push(item["number"].as_i64().expect("a number"));
        }
        let links = page.header("link").expect("links").to_owned();
        assert!(links.starts_with(&format!("<{first}>; rel=\"first\"")), "{links}");
        let next = links.split(", ").find_map(|link| link.strip_suffix(">; rel=\"next\""));
        assert_eq!(next.is_some(), page.json["nextPageToken"].is_string(), "{links}");
        match next {
            Some(next) => next.trim_start_matches('<').clone_into(&mut path),
            None => break,
        }
    }
    assert_eq!(seats, [1, 2, 3, 4, 5]);
}

pub(crate) fn what_is_not_spoken_here_is_refused(platform: &mut World) {
    let id = platform.name("s");
    let opened = platform.decide(platform.post("/v1/shows", &show(&id, 1))).expect(200);
    let path = format!("/v1/shows/{id}");
    let accept = |accept: &'static str| {
        let request = platform.get(&path).header("Consistent-With", opened.str("cursor"));
        Answer::send(request.header("Accept", accept))
    };
    assert_eq!(accept("text/html").expect(406).str("code"), "NOT_ACCEPTABLE");
    accept("text/html, application/*;q=0.2").expect(200);

    let coded = platform.post("/v1/shows", &show("x", 1)).header("Content-Encoding", "gzip");
    let coded = Answer::send(coded).expect(415);
    assert_eq!(
        (coded.str("code"), coded.header("accept-encoding")),
        ("UNSUPPORTED_MEDIA_TYPE", Some("identity"))
    );

    let with_body = Answer::send(platform.get(&path).body("{}")).expect(400);
    assert_eq!(with_body.str("code"), "MALFORMED");
    let tenant = platform.name("t");
    let confirm =
        format!("/v1/tenants/{tenant}/properties/p/reservations/{}/confirm", uuid::Uuid::nil());
    let with_body = Answer::send(platform.post(&confirm, &json!({}))).expect(400);
    assert!(with_body.str("detail").contains("no body"), "{}", with_body.text);
    // An empty one is none.
    let empty = platform.request(Method::POST, &confirm).body("").header("Prefer", "wait=30");
    Answer::send(empty).expect(404);
}

pub(crate) fn methods_are_named(platform: &mut World) {
    let id = platform.name("s");
    let opened = platform.decide(platform.post("/v1/shows", &show(&id, 1))).expect(200);
    let path = format!("/v1/shows/{id}");
    let found = platform.read(&path, opened.str("cursor")).expect(200);
    let head = Answer::send(platform.request(Method::HEAD, &path)).expect(200);
    assert_eq!(head.text, "");
    for header in ["etag", "content-type", "content-length"] {
        assert_eq!(head.header(header), found.header(header), "{header}");
    }
    let options = Answer::send(platform.request(Method::OPTIONS, &path)).expect(204);
    assert_eq!(options.header("allow"), Some("GET, HEAD, OPTIONS"));
    let other = Answer::send(platform.request(Method::PUT, &path)).expect(405);
    assert_eq!(
        (other.str("code"), other.header("allow")),
        ("METHOD_NOT_ALLOWED", Some("GET, HEAD, OPTIONS"))
    );
    let both = Answer::send(platform.request(Method::OPTIONS, "/v1/shows")).expect(204);
    assert_eq!(both.header("allow"), Some("GET, HEAD, OPTIONS, POST"));
    let post = Answer::send(platform.request(Method::GET, &format!("{path}/holds"))).expect(405);
    assert_eq!(post.header("allow"), Some("OPTIONS, POST"));
    Answer::send(platform.request(Method::OPTIONS, "/v1/nowhere")).expect(404);
}

pub(crate) fn a_trace_goes_on(platform: &mut World) {
    let caller = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let ask = |caller: &'static str| {
        let answer = Answer::send(platform.get("/v1/shows/none").header("traceparent", caller));
        answer.header("traceparent").expect("a trace").to_owned()
    };
    let ours = ask(caller);
    assert!(ours.starts_with(&caller[..36]) && ours.ends_with("-01") && ours != caller, "{ours}");
    let new = ask("00-nonsense");
    assert!(new.len() == 55 && new.ends_with("-00"), "{new}");
}

pub(crate) fn a_head_that_is_too_large_is_refused_with_a_problem(platform: &mut World) {
    let long = format!("/v1/shows/s/seats?sectionId={}", "a".repeat(9_000));
    assert_eq!(Answer::send(platform.get(&long)).expect(414).str("code"), "URI_TOO_LONG");
    let wide = platform.get("/v1/shows/s").header("x-large", "a".repeat(33_000));
    assert_eq!(Answer::send(wide).expect(431).str("code"), "HEADERS_TOO_LARGE");
}

pub(crate) fn answers_are_compressed_for_who_takes_it(platform: &mut World) {
    let id = platform.name("s");
    let opened = platform.decide(platform.post("/v1/shows", &show(&id, 40))).expect(200);
    let path = format!("/v1/shows/{id}/seats");
    let plain = platform.read(&path, opened.str("cursor")).expect(200);
    assert_eq!(plain.header("content-encoding"), None);
    for (coding, magic) in [("gzip", &[0x1f, 0x8b][..]), ("zstd", &[0x28, 0xb5, 0x2f, 0xfd][..])] {
        let mut answer =
            platform.get(&path).header("Accept-Encoding", coding).send().expect("an answer");
        assert_eq!(answer.headers()["content-encoding"], coding);
        assert_eq!(answer.headers()["etag"], plain.header("etag").expect("a tag"));
        let mut bytes = Vec::new();
        answer.read_to_end(&mut bytes).expect("a body");
        assert!(bytes.starts_with(magic) && bytes.len() * 4 < plain.text.len(), "{coding}");
    }
    // One row fits a packet.
    let row = platform.get(&format!("/v1/shows/{id}")).header("Accept-Encoding", "gzip");
    assert_eq!(Answer::send(row).expect(200).header("content-encoding"), None);
}

pub(crate) fn a_change_may_build_on_a_sequence(platform: &mut World) {
    let tenant = platform.name("t");
    let properties = format!("/v1/tenants/{tenant}/properties");
    let property = json!({"propertyId": "p", "name": "An inn", "roomTypes": [{"roomTypeId": "king", "rooms": 2}]});
    platform.decide(platform.post(&properties, &property)).expect(200);
    let reservations = format!("{properties}/p/reservations");
    let id = uuid::Uuid::new_v4().to_string();
    let stay = json!({
        "reservationId": id, "guestId": "guest", "roomTypeId": "king", "checkInDate": "2027-05-01",
        "checkOutDate": "2027-05-02", "source": "DIRECT", "reservationType": "TRANSIENT",
        "totalAmount": "90.00", "currency": "EUR",
    });
    let created = platform.decide(platform.post(&reservations, &stay)).expect(200);
    let last = created.json["events"].as_array().expect("events").last().expect("one").clone();
    let sequence = last["sequence"].as_i64().expect("a sequence");
    let patch = |tag: String, notes: &str| {
        let request = platform.request(Method::PATCH, &format!("{reservations}/{id}"));
        let request = request.header("Content-Type", "application/merge-patch+json");
        let body = json!({"notes": notes}).to_string();
        platform.decide(request.header("If-Match", tag).body(body))
    };
    patch(format!("\"{sequence}\""), "late").expect(200);
    let missed = patch(format!("\"{sequence}\""), "early").expect(412);
    assert_eq!(missed.str("code"), "SEQUENCE_MISMATCH");
    let found = sequence + 1;
    assert_eq!(missed.str("detail"), format!("expected sequence `{sequence}`, found `{found}`"));
    patch(format!("\"{found}\""), "early").expect(200);
    patch("W/\"1\"".to_owned(), "x").expect(422);
    // Where the contract has no such header it is not passed over in silence.
    let hold = json!({"seatIds": ["a-row-1-seat-1"], "holderId": "buyer"});
    let hold = platform.post("/v1/shows/none/holds", &hold).header("If-Match", "\"1\"");
    assert_eq!(Answer::send(hold).expect(422).json["errors"][0]["pointer"], "header/If-Match");
}

#[test]
fn pages_of_configured_origins_may_ask() {
    let data = tempfile::tempdir().expect("a directory");
    let mut start = command(data.path());
    start.env("CORS_ORIGINS", "https://shop.example");
    let platform = Platform::start_with(start);
    let preflight = |origin: &'static str| {
        let request = platform.request(Method::OPTIONS, "/v1/shows").header("Origin", origin);
        let request = request.header("Access-Control-Request-Method", "POST");
        Answer::send(
            request.header("Access-Control-Request-Headers", "idempotency-key,content-type"),
        )
    };
    let allowed = preflight("https://shop.example").expect(200);
    assert_eq!(allowed.header("access-control-allow-origin"), Some("https://shop.example"));
    let headers = allowed.header("access-control-allow-headers").expect("headers");
    assert!(headers.contains("idempotency-key") && headers.contains("content-type"), "{headers}");
    assert_eq!(preflight("https://other.example").header("access-control-allow-origin"), None);

    let read = platform.get("/v1/shows/none").header("Origin", "https://shop.example");
    let read = Answer::send(read).expect(404);
    assert_eq!(read.header("access-control-allow-origin"), Some("https://shop.example"));
    let exposed = read.header("access-control-expose-headers").expect("headers");
    assert!(exposed.contains("charter-cursor") && exposed.contains("etag"), "{exposed}");
    // An OPTIONS that is no preflight is the API's own.
    let own =
        platform.request(Method::OPTIONS, "/v1/shows").header("Origin", "https://shop.example");
    assert_eq!(Answer::send(own).expect(204).header("allow"), Some("GET, HEAD, OPTIONS, POST"));
}

#[test]
fn without_origins_configured_no_page_may_ask() {
    let data = tempfile::tempdir().expect("a directory");
    let platform = Platform::start(data.path());
    let read =
        Answer::send(platform.get("/v1/shows/none").header("Origin", "https://shop.example"));
    assert_eq!(read.header("access-control-allow-origin"), None);
}

#[test]
fn a_wrong_origin_is_refused_at_the_start() {
    let data = tempfile::tempdir().expect("a directory");
    let output =
        command(data.path()).env("CORS_ORIGINS", "shop.example").output().expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).expect("text");
    assert!(said.contains("shop.example") && said.contains("--cors-origins"), "{said}");
}

/// Readiness is off first, so that a load balancer sends nothing more; requests in hand are answered.
#[test]
fn an_end_is_announced_before_it_comes() {
    let data = tempfile::tempdir().expect("a directory");
    let mut start = command(data.path());
    start.env("DRAIN_DELAY", "3");
    let platform = Platform::start_with(start);
    Answer::send(platform.get("/health/ready")).expect(200);
    let sent = Command::new("kill").args(["-TERM", &platform.id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
    // Connections are still taken, and the work is done.
    let ready = loop {
        let ready = Answer::send(platform.get("/health/ready"));
        if ready.status == 503 {
            break ready;
        }
    };
    let last = ready.json["parts"].as_array().expect("parts").last().expect("a part").clone();
    assert_eq!((last["name"].as_str(), last["ready"].as_bool()), (Some("drain"), Some(false)));
    platform.decide(platform.post("/v1/shows", &show("s", 1))).expect(200);
    assert_eq!(platform.ended().code(), Some(0));
}

/// A client that waits for an outcome learns its command's id all the same when the process ends.
#[test]
fn who_waits_is_answered_at_the_end() {
    let data = tempfile::tempdir().expect("a directory");
    let platform = Platform::start(data.path());
    let url = reqwest::Url::parse(&platform.url("/")).expect("a URL");
    let address = (url.host_str().expect("a host"), url.port().expect("a port"));
    let mut stream = TcpStream::connect(address).expect("a connection");
    // A read that waits for what never comes: position 1,000,000 of partition 0.
    let cursor = "eyJzZWF0Ijp7IjAiOjEwMDAwMDB9fQ";
    write!(stream, "GET /v1/shows/s HTTP/1.1\r\nHost: x\r\nConsistent-With: {cursor}\r\nPrefer: wait=30\r\n\r\n")
        .expect("it is sent");
    // It and the look at the metrics are in hand.
    let in_hand = "charter_http_requests_in_hand 2";
    while !Answer::send(platform.get("/metrics")).text.lines().any(|line| line == in_hand) {}
    let sent = Command::new("kill").args(["-TERM", &platform.id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
    let mut status = String::new();
    BufReader::new(stream).read_line(&mut status).expect("an answer");
    assert_eq!(status.trim_end(), "HTTP/1.1 503 Service Unavailable");
    assert_eq!(platform.ended().code(), Some(0));
}

/// Requests can be found in the log by their ids, and nothing in it is a secret.
#[test]
fn the_log_names_requests_and_no_secret() {
    let data = tempfile::tempdir().expect("a directory");
    let log = data.path().join("log.txt");
    let mut start = command(&data.path().join("data"));
    start.env("RUST_LOG", "debug").env("LOG_FORMAT", "json");
    start.stderr(std::fs::File::create(&log).expect("a file"));
    let platform = Platform::start_with(start);
    let secret = "a-secret-that-nobody-may-read";
    let request = platform.post("/v1/shows", &show("s", 1)).header("X-Correlation-Id", "find-me");
    let request = request.header("Authorization", format!("Bearer {secret}"));
    let request = request.header("X-API-Key", secret).header("Cookie", secret);
    let request =
        request.header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    Answer::send(request);
    platform.terminate();
    let said = std::fs::read_to_string(&log).expect("a log");
    let line = said.lines().find(|line| line.contains("\"find-me\"") && line.contains("answered"));
    let line: Value = serde_json::from_str(line.expect("a line of the request")).expect("JSON");
    assert_eq!(line["span"]["route"], "/v1/shows");
    assert_eq!(line["span"]["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert!(!said.contains(secret), "the log has the secret");
}
