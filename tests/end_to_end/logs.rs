//! Log lines as a log system takes them in: JSON, with the ids that join what one request set in motion.

use std::fs::File;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Answer, Platform, command, until};

#[test]
fn a_line_of_json_says_which_request_trace_and_command_it_is_about() {
    let data = tempfile::tempdir().expect("a directory");
    let path = data.path().join("stderr");
    let mut start = command(&data.path().join("data"));
    start
        .env("LOG_FORMAT", "json")
        .env("RUST_LOG", "warn,charter_http=info")
        .stderr(File::create(&path).expect("a file"));
    let platform = Platform::start_with(start);
    let show = json!({"showId": "s", "title": "A show", "sections": [{"sectionId": "a", "rows": 1, "seatsPerRow": 2}]});
    let trace = uuid::Uuid::new_v4().simple().to_string();
    let request = platform
        .post("/v1/shows", &show)
        .header("X-Correlation-Id", "order-7")
        .header("traceparent", format!("00-{trace}-00f067aa0ba902b7-00"));
    let opened = platform.decide(request).expect(200);
    Answer::send(platform.get("/v1/shows/none").header("X-Correlation-Id", "look-8")).expect(404);

    // A line is written after its answer.
    let line = |correlation: &str| {
        let found = until(Duration::from_secs(30), || {
            let text = std::fs::read_to_string(&path).expect("text");
            let lines: Vec<Value> =
                text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
            let answered = lines.iter().find(|line| {
                line["fields"]["message"] == "answered"
                    && line["span"]["correlation_id"] == correlation
            });
            answered.cloned().ok_or(text)
        });
        found.unwrap_or_else(|text| panic!("no line of `{correlation}`: {text}"))
    };
    let answered = line("order-7");
    assert_eq!(answered["span"]["trace_id"], trace);
    assert_eq!(answered["span"]["command_id"], opened.str("commandId"));
    assert_eq!(answered["span"]["route"], "/v1/shows");
    assert_eq!(answered["fields"]["status"], 200);
    assert_eq!((&answered["level"], answered["timestamp"].is_string()), (&json!("INFO"), true));
    let looked = line("look-8");
    assert_eq!(looked["span"]["command_id"], Value::Null, "a read has none");
    assert_ne!(looked["span"]["trace_id"], trace);

    platform.terminate();
    let text = std::fs::read_to_string(&path).expect("text");
    for line in text.lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok(), "no JSON: {line}");
    }
}
