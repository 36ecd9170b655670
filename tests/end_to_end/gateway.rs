//! What every operation of the gateway has in common.

use serde_json::{Value, json};

use crate::support::world::World;
use crate::support::{Answer, Platform};

fn show(id: &str) -> Value {
    json!({"showId": id, "title": "A show", "sections": [{"sectionId": "a", "rows": 1, "seatsPerRow": 2}]})
}

pub(crate) fn every_violation_is_named_at_once(platform: &mut World) {
    let body = json!({
        "showId": "no spaces", "sections": [{"sectionId": "a", "rows": 0, "seatsPerRow": 1.5}],
        "holdSeconds": "300", "extra": true, "title": "a\0b",
    });
    let answer = Answer::send(platform.post("/v1/shows", &body).header("Idempotency-Key", "short"))
        .expect(422);
    assert_eq!(answer.str("code"), "VALIDATION_FAILED");
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    let mut pointers: Vec<_> = answer.json["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .map(|error| error["pointer"].as_str().expect("a pointer"))
        .collect();
    pointers.sort_unstable();
    assert_eq!(
        pointers,
        [
            "/extra",
            "/holdSeconds",
            "/sections/0/rows",
            "/sections/0/seatsPerRow",
            "/showId",
            "/title",
            "header/Idempotency-Key",
        ]
    );
}

pub(crate) fn a_request_that_cannot_be_read_is_told_why(platform: &mut World) {
    let post = |body: String, media_type: &str| {
        let request = platform.request(reqwest::Method::POST, "/v1/shows");
        Answer::send(request.header("content-type", media_type.to_owned()).body(body))
    };
    let json = "application/json";
    assert_eq!(post("{".to_owned(), json).expect(400).str("code"), "MALFORMED");
    let twice = post(r#"{"showId": "a", "showId": "b"}"#.to_owned(), json).expect(400);
    assert!(twice.str("detail").contains("member `showId` comes twice"), "{}", twice.text);
    assert_eq!(
        post("[".repeat(1_000) + &"]".repeat(1_000), json).expect(400).str("code"),
        "MALFORMED"
    );
    for size in [1024 * 1024 + 1, 4 * 1024 * 1024] {
        assert_eq!(post(" ".repeat(size), json).expect(413).str("code"), "BODY_TOO_LARGE");
    }
    assert_eq!(
        post("{}".to_owned(), "text/plain").expect(415).str("code"),
        "UNSUPPORTED_MEDIA_TYPE"
    );
    let unknown = Answer::send(platform.get("/v1/unknown")).expect(404);
    assert_eq!(unknown.str("code"), "ROUTE_UNKNOWN");
    let method = Answer::send(platform.request(reqwest::Method::DELETE, "/v1/shows")).expect(405);
    assert_eq!(method.str("code"), "METHOD_NOT_ALLOWED");
    let parameter =
        Answer::send(platform.get("/v1/shows/s/seats?limit=1001&colour=red")).expect(422);
    let pointers: Vec<_> = parameter.json["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .map(|error| &error["pointer"])
        .collect();
    assert_eq!(pointers, ["query/limit", "query/colour"]);
}

pub(crate) fn a_command_is_accepted_and_its_outcome_found_where_the_answer_says(
    platform: &mut World,
) {
    let accepted = Answer::send(platform.post("/v1/shows", &show(&platform.name("s")))).expect(202);
    assert_eq!(accepted.str("status"), "PENDING");
    let location = accepted.header("location").expect("where to ask").to_owned();
    let id = accepted.str("commandId").to_owned();
    assert!(location.starts_with(&format!("/v1/commands/{id}?at=")), "{location}");

    // A later command of the same show is decided after the first one.
    let second =
        platform.decide(platform.post("/v1/shows", &show(&platform.name("s")))).expect(409);
    assert_eq!(second.str("code"), "SHOW_EXISTS");
    let status = Answer::send(platform.get(&location)).expect(200);
    assert_eq!((status.str("status"), status.str("type")), ("APPLIED", "seat.openShow"));
    let refused = Answer::send(platform.get(&format!("/v1/commands/{}", second.str("commandId"))))
        .expect(200);
    assert_eq!((refused.str("status"), refused.str("code")), ("REJECTED", "SHOW_EXISTS"));

    let nobody = "/v1/commands/01934f6e-7c1b-7d2a-9a55-0c7b7b6f1d20";
    assert_eq!(Answer::send(platform.get(nobody)).expect(404).str("code"), "COMMAND_UNKNOWN");
    let forged = Answer::send(platform.get(&format!("{nobody}?at=AAAA"))).expect(422);
    assert_eq!(forged.json["errors"][0]["pointer"], "query/at");
}

pub(crate) fn the_correlation_id_comes_back_in_every_answer(platform: &mut World) {
    let given = Answer::send(platform.get("/v1/shows/none").header("X-Correlation-Id", "demo-1"))
        .expect(404);
    assert_eq!(given.header("x-correlation-id"), Some("demo-1"));
    assert_eq!(given.str("correlationId"), "demo-1");
    let made = Answer::send(platform.get("/nowhere"));
    assert_eq!(made.header("x-correlation-id").map(str::len), Some(36));
    let accepted = Answer::send(
        platform.post("/v1/shows", &show(&platform.name("s"))).header("X-Correlation-Id", "demo-2"),
    );
    assert_eq!(accepted.expect(202).str("correlationId"), "demo-2");
}

#[test]
fn health_and_metrics_say_how_the_process_is() {
    let data = tempfile::tempdir().expect("a directory");
    let platform = Platform::start(data.path());
    assert_eq!(Answer::send(platform.get("/health/live")).expect(200).str("status"), "UP");
    let ready = Answer::send(platform.get("/health/ready")).expect(200);
    let mut parts: Vec<_> = ready.json["parts"]
        .as_array()
        .expect("parts")
        .iter()
        .map(|part| {
            (part["name"].as_str().expect("a name"), part["ready"].as_bool().expect("a flag"))
        })
        .collect();
    parts.sort_unstable();
    assert_eq!(
        parts,
        [
            ("housekeeping", true),
            ("log", true),
            ("reservation", true),
            ("seat", true),
            ("store", true)
        ]
    );
    platform.decide(platform.post("/v1/shows", &show("s"))).expect(200);
    let metrics = Answer::send(platform.get("/metrics")).expect(200);
    let line = "charter_http_requests_total{method=\"POST\",route=\"/v1/shows\",status=\"200\"} 1";
    assert!(metrics.text.lines().any(|found| found == line), "{}", metrics.text);
}
