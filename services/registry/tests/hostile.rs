//! Schemas that are large, deep or odd, within the 1 MiB that a body may have: each is answered, in
//! bounded time, and the registry goes on.

#[path = "../../../avro/tests/support/mutate.rs"]
mod mutate;
mod support;

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{Answer, Server, say};

/// Longer than any should take, also on a slow machine without optimisation: the time that a
/// request may take.
const BOUND: Duration = Duration::from_secs(30);

/// Registers under a subject with full checks, and gives the answer.
async fn register(server: &Server, subject: &str, schema: &str) -> Answer {
    let started = Instant::now();
    let path = format!("/subjects/{subject}/versions");
    let request = server.post(&path, json!({ "schema": schema }));
    let answer = tokio::time::timeout(BOUND, request).await.expect("answers in time");
    say(&format!("{subject}: {} in {:?}", answer.status, started.elapsed()));
    answer
}

async fn full() -> Server {
    let server = Server::start().await;
    server.put("/config", json!({ "compatibility": "FULL_TRANSITIVE" })).await.ok();
    server
}

fn wide(fields: usize, prefix: &str) -> String {
    let fields: Vec<Value> = (0..fields)
        .map(|number| json!({ "name": format!("{prefix}{number}"), "type": ["null", "long"], "default": null }))
        .collect();
    json!({ "type": "record", "name": "Wide", "fields": fields }).to_string()
}

#[tokio::test]
async fn ten_thousand_fields_are_registered_and_compared() {
    let server = full().await;
    register(&server, "wide", &wide(10_000, "a")).await.ok();
    register(&server, "wide", &wide(10_001, "a")).await.ok();
    // Every field is another: all have defaults, so that each side reads the other.
    register(&server, "other", &wide(10_000, "a")).await.ok();
    register(&server, "other", &wide(10_000, "b")).await.ok();
    register(&server, "broken", &wide(10_000, "a")).await.ok();
    let mut broken: Value = serde_json::from_str(&wide(10_000, "a")).expect("json");
    for field in broken["fields"].as_array_mut().expect("fields") {
        *field = json!({ "name": field["name"], "type": "string" });
    }
    let refusal = register(&server, "broken", &broken.to_string()).await;
    assert!(refusal.error(409, 409).len() < 1024 * 1024, "{} bytes", refusal.text.len());
    server.stop().await;
}

#[tokio::test]
async fn unions_of_thousands_of_records_are_compared() {
    let union = |count: usize, field: &str| {
        let mut text = "[".to_owned();
        for number in 0..count {
            let comma = if number == 0 { "" } else { "," };
            write!(text, r#"{comma}{{"type":"record","name":"R{number}","fields":[{{"name":"{field}","type":"int"}}]}}"#)
                .expect("writes");
        }
        text + "]"
    };
    let server = full().await;
    register(&server, "union", &union(1_000, "a")).await.ok();
    register(&server, "union", &union(1_000, "b")).await.error(409, 409);
    // Each of 3,000 could be each of 3,000.
    register(&server, "large", &union(3_000, "a")).await.ok();
    let refusal = register(&server, "large", &union(3_000, "b")).await;
    assert!(refusal.error(422, 42201).contains("fewer branches to a union"), "{}", refusal.text);
    server.stop().await;
}

/// Types that refer to each other in rings make far more pairs than there are types.
#[tokio::test]
async fn rings_of_recursive_types_are_compared() {
    let ring = |length: usize| {
        let branches: Vec<Value> = (0..length)
            .map(|number| {
                let next = format!("ring{}.N", (number + 1) % length);
                json!({ "type": "record", "name": "N", "namespace": format!("ring{number}"),
                        "fields": [{ "name": "next", "type": ["null", next] }] })
            })
            .collect();
        Value::Array(branches).to_string()
    };
    let server = full().await;
    // Two lengths without a common divisor: every type of one meets every type of the other.
    register(&server, "ring", &ring(101)).await.ok();
    let answer = register(&server, "ring", &ring(103)).await;
    assert!([200, 409].contains(&answer.status.as_u16()), "{}", answer.text);
    server.stop().await;
}

#[tokio::test]
async fn deep_schemas_are_refused_or_taken_and_never_break_anything() {
    let server = full().await;
    for (subject, depth) in [("deep60", 60), ("deep1000", 1_000), ("deep20000", 20_000)] {
        let arrays = r#"{"type":"array","items":"#.repeat(depth) + "\"int\"" + &"}".repeat(depth);
        let answer = register(&server, subject, &arrays).await;
        if depth == 60 {
            answer.ok();
        } else {
            answer.error(422, 42201);
        }
    }
    // Records one in another, and each holds the outermost again.
    let mut nested = "\"long\"".to_owned();
    for number in 0..60 {
        nested = format!(
            r#"{{"type":"record","name":"N{number}","fields":[{{"name":"f","type":{nested}}},{{"name":"up","type":["null","N59"]}}]}}"#
        );
    }
    let answer = register(&server, "nested", &nested).await;
    assert!([200, 422].contains(&answer.status.as_u16()), "{}", answer.text);
    // Flat in the text, deep in what it means: each record holds the next.
    let chain: Vec<Value> = (0..8_000)
        .map(|number| json!({ "type": "record", "name": format!("C{number}"), "fields":
            if number == 7_999 { json!([]) } else { json!([{ "name": "f", "type": format!("C{}", number + 1) }]) } }))
        .collect();
    let chain = Value::Array(chain).to_string();
    let answer = register(&server, "chain", &chain).await;
    assert!([200, 422].contains(&answer.status.as_u16()), "{}", answer.text);
    let mut other: Value = serde_json::from_str(&chain).expect("json");
    other[7_999]["fields"] = json!([{ "name": "new", "type": "int" }]);
    let answer = register(&server, "chain", &other.to_string()).await;
    assert!([409, 422].contains(&answer.status.as_u16()), "{}", answer.status);
    server.get("/subjects").await.ok();
    server.stop().await;
}

#[tokio::test]
async fn odd_sizes_and_many_symbols_are_answered() {
    let server = full().await;
    register(&server, "fixed", r#"{"type":"fixed","name":"F","size":2147483647}"#).await.ok();
    register(&server, "fixed", r#"{"type":"fixed","name":"F","size":1}"#).await.error(409, 409);
    let symbols = |count: usize, prefix: &str| {
        let symbols: Vec<String> = (0..count).map(|number| format!("{prefix}{number}")).collect();
        json!({ "type": "enum", "name": "E", "symbols": symbols }).to_string()
    };
    register(&server, "enum", &symbols(60_000, "A")).await.ok();
    register(&server, "enum", &symbols(60_000, "B")).await.error(409, 409);
    for (subject, text) in [
        ("null", "null"),
        ("number", "7"),
        ("empty", "{}"),
        ("list", "[]"),
        ("itself", r#"{"type":{"type":{"type":{}}}}"#),
        ("name", r#"{"type":"record","name":"","fields":[]}"#),
        ("text", "{\"type\":\"record\",\"name\":\"R\",\"fields\":["),
        ("nul", "\"\\u0000\""),
    ] {
        let answer = register(&server, subject, text).await;
        assert!([200, 422].contains(&answer.status.as_u16()), "{subject}: {}", answer.text);
    }
    server.get("/subjects").await.ok();
    server.stop().await;
}

/// Broken and odd schemas of all kinds, each against the sound one that it came of: what is taken in is looked up again
/// and read back, what is refused is refused in the API's words.
#[tokio::test]
async fn mutants_of_sound_schemas_are_registered_or_refused() {
    let server = full().await;
    let mut numbers = mutate::Numbers::new(7);
    let mut counts = std::collections::BTreeMap::<u16, usize>::new();
    for number in 0..250 {
        let (text, sound) = mutate::mutant(&mut numbers);
        let path = format!("/subjects/mutant{number}/versions");
        server.post(&path, json!({ "schema": sound })).await.ok();
        let request = server.post(&path, json!({ "schema": text }));
        let answer = tokio::time::timeout(BOUND, request).await.expect("answers in time");
        *counts.entry(answer.status.as_u16()).or_default() += 1;
        match answer.status.as_u16() {
            200 => {
                let id = answer.json["id"].as_i64().expect("id");
                let found = server
                    .post(&format!("/subjects/mutant{number}"), json!({ "schema": text }))
                    .await;
                assert_eq!(found.ok()["id"], id, "{text}");
                let stored = server.get(&format!("/schemas/ids/{id}/schema")).await.ok().clone();
                let again = json!({ "schema": stored.to_string() });
                let again = server.post(&format!("/subjects/mutant{number}"), again).await;
                assert_eq!(again.ok()["id"], id, "{text}");
            }
            409 => assert!(answer.error(409, 409).contains("errorType"), "{}", answer.text),
            _ => {
                answer.error(422, 42201);
            }
        }
    }
    say(&format!("mutants: {counts:?}"));
    assert!(counts.len() == 3, "{counts:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let server = Server::start().await;
    let body = json!({ "schema": "x".repeat(1024 * 1024) });
    server.post("/subjects/s/versions", body).await.error(422, 42209);
    server.stop().await;
}
