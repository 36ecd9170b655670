//! What the generated Rust client does when things go wrong, against a host that says how: `client.test.ts` in Rust.

mod host;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use charter_gateway_client::schemas::{HoldSeatsRequest, SeatStatus, UpdateReservationRequest};
use charter_gateway_client::seat::{ListSeatsParams, ListShowsParams, Rejection, ShowMessage};
use charter_gateway_client::{Client, CommandError, Credentials, Patch, Settings, Standing, Taken};
use futures_util::StreamExt;
use host::{Answer, Host, json, with};
use serde_json::{Value, json as value};

fn holding() -> HoldSeatsRequest {
    HoldSeatsRequest {
        seat_ids: vec!["a-row-1-seat-1".to_owned()],
        holder_id: "buyer-1".to_owned(),
    }
}

fn applied(cursor: &str) -> Answer {
    json(
        200,
        value!({
            "commandId": "01934f6e-7c1b-7d2a-9a55-0c7b7b6f1d20", "type": "seat.holdRequest", "status": "APPLIED", "events": [],
            "acceptedAt": "2026-11-22T09:30:00Z", "cursor": cursor,
        }),
    )
}

const COMMAND: &str = "01934f6e-7c1b-7d2a-9a55-0c7b7b6f1d20";

fn pending() -> Answer {
    json(202, value!({"commandId": COMMAND, "correlationId": "x", "status": "PENDING"}))
}

fn stats(cursor: &str) -> Answer {
    let body = value!({"showId": "gala", "seats": 1, "available": 1, "held": 0, "reserved": 0});
    with(200, body, "charter-cursor", cursor)
}

fn unavailable() -> Answer {
    with(503, value!({"code": "UNAVAILABLE"}), "retry-after", "0")
}

/// A client of a host; its calls have long enough for every pause that a test causes.
async fn against(answers: Vec<Answer>) -> (Client, Host) {
    told(answers, |settings| settings).await
}

async fn told(answers: Vec<Answer>, more: impl FnOnce(Settings) -> Settings) -> (Client, Host) {
    let host = Host::answering(answers).await;
    let settings = Settings::at(host.url.clone()).timeout(Duration::from_secs(20));
    (Client::new(more(settings)).expect("a client"), host)
}

#[tokio::test]
async fn a_command_whose_connection_breaks_is_sent_again_with_its_key() {
    let (client, host) = against(vec![Answer::Lost, unavailable(), applied("one")]).await;
    let outcome = client.seat.hold_seats("gala", &holding()).await.expect("an outcome");
    assert_eq!(outcome.status.as_str(), "APPLIED");
    let asked = host.asked();
    let keys: Vec<_> = asked.iter().filter_map(|asked| asked.header("idempotency-key")).collect();
    assert_eq!(keys.len(), 3);
    assert!(keys.iter().all(|key| *key == keys[0] && key.len() == 32), "{keys:?}");
    for asked in &asked {
        let body: Value = serde_json::from_str(&asked.body).expect("JSON");
        assert_eq!(body, value!({"seatIds": ["a-row-1-seat-1"], "holderId": "buyer-1"}));
        assert_eq!((asked.method.as_str(), asked.url.as_str()), ("POST", "/v1/shows/gala/holds"));
        assert_eq!(asked.header("content-type"), Some("application/json"));
    }
}

#[tokio::test]
async fn an_undecided_command_is_asked_for_again_until_it_is_decided_and_reads_have_seen_it() {
    let answers = vec![pending(), pending(), applied("one"), stats("two"), stats("three")];
    let (client, host) = against(answers).await;
    let command = client.seat.hold_seats("gala", &holding());
    let command = command.idempotency_key("order-4711").wait(Duration::from_secs(3));
    command.await.expect("an outcome");
    for asked in &host.asked() {
        assert_eq!(asked.header("idempotency-key"), Some("order-4711"));
        assert_eq!(asked.header("prefer"), Some("wait=3"));
    }
    client.seat.get_show_stats("gala").await.expect("rows");
    assert_eq!(host.asked()[3].header("consistent-with"), Some("one"));
    assert_eq!(client.seen(), ["two"]);
    let nothing: [String; 0] = [];
    client.seat.get_show_stats("gala").consistent_with(nothing).await.expect("rows");
    assert_eq!(host.asked()[4].header("consistent-with"), None);
}

#[tokio::test]
async fn a_command_that_is_not_waited_for_gives_what_it_was_accepted_as() {
    let (client, host) = against(vec![pending(), applied("one")]).await;
    let taken = client.seat.hold_seats("gala", &holding()).unawaited().await.expect("it is taken");
    assert!(matches!(&taken, Taken::Accepted(accepted) if accepted.status.as_str() == "PENDING"));
    assert_eq!(host.asked().len(), 1);
    assert_eq!(host.asked()[0].header("prefer"), None);
    let again = client.seat.hold_seats("gala", &holding()).unawaited().await.expect("it is taken");
    assert!(matches!(&again, Taken::Decided(outcome) if outcome.status.as_str() == "APPLIED"));
}

#[tokio::test]
async fn what_is_not_decided_in_time_can_be_asked_for_again_by_its_key() {
    let (client, _host) = against(vec![pending(), pending(), Answer::Silent]).await;
    let command = client.seat.hold_seats("gala", &holding());
    let command = command.idempotency_key("order-4711").timeout(Duration::from_secs(1));
    let refused = command.await.expect_err("no outcome");
    let problem = refused.problem();
    assert_eq!((problem.status(), problem.code()), (202, "NOT_DECIDED"));
    assert_eq!(problem.command_id(), Some(COMMAND));
    assert_eq!(problem.idempotency_key(), Some("order-4711"));
}

/// A command that is taken is not refused by a limit, a token that is over or a gateway of another contract: who took it for
/// refused and sent it again under another key would have it done twice.
#[tokio::test]
async fn what_is_taken_stays_taken_whatever_is_answered_to_asking_again() {
    let limited = with(429, value!({"code": "RATE_LIMITED"}), "retry-after", "3600");
    let over = json(401, value!({"code": "UNAUTHENTICATED"}));
    let other = json(404, value!({"code": "ROUTE_UNKNOWN"}));
    for (answer, code) in
        [(limited, "RATE_LIMITED"), (over, "UNAUTHENTICATED"), (other, "ROUTE_UNKNOWN")]
    {
        let (client, host) = against(vec![pending(), answer]).await;
        let command = client.seat.hold_seats("gala", &holding()).idempotency_key("order-4711");
        let refused = command.await.expect_err("no outcome");
        let problem = refused.problem();
        assert_eq!((problem.status(), problem.code()), (202, "NOT_DECIDED"));
        assert_eq!(problem.command_id(), Some(COMMAND));
        assert_eq!(problem.idempotency_key(), Some("order-4711"));
        assert!(problem.detail().contains(code), "{problem}");
        assert_eq!(host.asked().len(), 2);
    }
    let failed = json(500, value!({"code": "COMMAND_FAILED", "commandId": COMMAND}));
    let (client, _host) = against(vec![pending(), failed]).await;
    let refused = client.seat.hold_seats("gala", &holding()).await.expect_err("a decision");
    assert_eq!(refused.problem().code(), "COMMAND_FAILED");
}

/// Of a try that was lost, or failed where nobody knows how far it came, an answer to the next one says nothing: who took
/// it for a refusal and sent the command again under another key would have it done twice.
#[tokio::test]
async fn what_may_be_taken_is_not_refused_by_an_answer_to_asking_again() {
    let unknown =
        || with(503, value!({"code": "APPEND_UNKNOWN", "commandId": COMMAND}), "retry-after", "0");
    let proxy = || with(502, value!("bad gateway"), "retry-after", "0");
    let limited = || with(429, value!({"code": "RATE_LIMITED"}), "retry-after", "3600");
    let over = || json(401, value!({"code": "UNAUTHENTICATED"}));
    let not_yours = || json(403, value!({"code": "FORBIDDEN"}));
    for first in [Answer::Lost, unknown(), proxy(), with(503, value!(null), "retry-after", "0")] {
        for (last, code) in
            [(limited(), "RATE_LIMITED"), (over(), "UNAUTHENTICATED"), (not_yours(), "FORBIDDEN")]
        {
            let (client, host) = against(vec![first.clone(), last]).await;
            let command = client.seat.hold_seats("gala", &holding()).idempotency_key("order-4711");
            let refused = command.await.expect_err("no outcome");
            let problem = refused.problem();
            assert_eq!(
                (problem.status(), problem.code()),
                (0, "NO_ANSWER"),
                "{first:?}: {problem}"
            );
            assert_eq!(problem.idempotency_key(), Some("order-4711"));
            assert!(problem.detail().contains(code), "{problem}");
            let wait = (code == "RATE_LIMITED").then_some(Duration::from_hours(1));
            assert_eq!(problem.retry_after(), wait);
            assert_eq!(host.asked().len(), 2);
        }
    }
    // A gateway that fails says nothing of the command either, though it names it.
    let failed = || json(500, value!({"code": "INTERNAL", "commandId": COMMAND}));
    for (answers, code) in
        [(vec![failed()], "NO_ANSWER"), (vec![pending(), failed()], "NOT_DECIDED")]
    {
        let (client, _host) = against(answers).await;
        let refused = client.seat.hold_seats("gala", &holding()).await.expect_err("no outcome");
        assert_eq!(refused.problem().code(), code);
        assert!(refused.problem().detail().contains("INTERNAL"), "{refused}");
    }
}

#[tokio::test]
async fn what_cannot_have_been_taken_or_is_decided_is_refused_as_it_is() {
    let taken = || {
        json(
            409,
            value!({"code": "SEAT_TAKEN", "details": {"seatIds": ["a"]}, "commandId": COMMAND}),
        )
    };
    let wrong = || json(422, value!({"code": "VALIDATION_FAILED"}));
    let over = || json(401, value!({"code": "UNAUTHENTICATED"}));
    for (answers, code) in [
        (vec![unavailable(), over()], "UNAUTHENTICATED"),
        (vec![Answer::Lost, taken()], "SEAT_TAKEN"),
        (vec![Answer::Lost, wrong()], "VALIDATION_FAILED"),
    ] {
        let (client, _host) = against(answers).await;
        let refused = client.seat.hold_seats("gala", &holding()).await.expect_err("a refusal");
        assert_eq!(refused.problem().code(), code);
    }
}

/// What can't be read may have been carried out: the key goes with it.
#[tokio::test]
async fn an_answer_to_a_command_that_cannot_be_read_has_its_key() {
    for answer in [json(200, value!({"status": 1})), json(202, value!({"status": "PENDING"}))] {
        let (client, _host) = against(vec![answer]).await;
        let command = client.seat.hold_seats("gala", &holding()).idempotency_key("order-4711");
        let refused = command.await.expect_err("no answer of the contract");
        let problem = refused.problem();
        assert_eq!(problem.code(), "UNREADABLE", "{problem}");
        assert_eq!(problem.idempotency_key(), Some("order-4711"));
    }
}

#[tokio::test]
async fn why_nothing_answered_is_said() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let nobody = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let client = Client::new(Settings::at(nobody)).expect("a client");
    let read = client.seat.get_show("gala").timeout(Duration::from_millis(300));
    let problem = read.await.expect_err("no answer");
    assert_eq!(problem.code(), "NO_ANSWER");
    assert!(problem.detail().contains("refused"), "{problem}");
}

#[tokio::test]
async fn silence_and_an_answer_that_never_ends_are_over_with_the_calls_time() {
    for answer in [Answer::Silent, Answer::Endless] {
        let (client, _host) = against(vec![answer]).await;
        let read = client.seat.get_show("gala").timeout(Duration::from_millis(300));
        let problem = read.await.expect_err("no answer");
        assert_eq!((problem.status(), problem.code()), (0, "NO_ANSWER"), "{problem}");
    }
}

#[tokio::test]
async fn a_refusal_by_the_contract_is_typed_and_not_tried_again() {
    let taken = value!({
        "code": "SEAT_TAKEN", "detail": "It is taken.", "details": {"seatIds": ["a"]}, "commandId": COMMAND,
    });
    let (client, host) = against(vec![json(409, taken)]).await;
    let refused = client.seat.hold_seats("gala", &holding()).await.expect_err("a refusal");
    let Some(Rejection::SeatTaken(details)) = refused.rejection() else { panic!("{refused:?}") };
    assert_eq!(details.seat_ids, ["a"]);
    let problem = refused.problem();
    assert_eq!((problem.status(), problem.detail()), (409, "It is taken."));
    assert_eq!(host.asked().len(), 1);
}

#[tokio::test]
async fn a_refusal_that_is_newer_than_the_client_is_a_problem_with_its_code() {
    let (client, _host) = against(vec![json(409, value!({"code": "SEAT_PAINTED"}))]).await;
    let refused = client.seat.hold_seats("gala", &holding()).await.expect_err("a refusal");
    assert!(matches!(&refused, CommandError::Failed(problem) if problem.code() == "SEAT_PAINTED"));
}

#[tokio::test]
async fn what_is_no_problem_document_and_no_answer_of_the_contract_says_so() {
    let odd = json(200, value!({"showId": 7}));
    let (client, _host) = against(vec![json(418, value!("teapot")), odd]).await;
    let problem = client.seat.get_show("gala").await.expect_err("a teapot");
    assert_eq!((problem.status(), problem.code()), (418, "UNKNOWN"));
    let problem = client.seat.get_show("gala").await.expect_err("no show");
    assert_eq!((problem.status(), problem.code()), (200, "UNREADABLE"));
}

#[tokio::test]
async fn a_limit_is_waited_for_as_long_as_it_says_or_not_at_all() {
    let limited = |seconds| with(429, value!({"code": "RATE_LIMITED"}), "retry-after", seconds);
    let (client, host) = against(vec![limited("0"), stats("one"), limited("3600")]).await;
    client.seat.get_show_stats("gala").await.expect("rows");
    let problem = client.seat.get_show_stats("gala").await.expect_err("a limit");
    assert_eq!((problem.status(), problem.code()), (429, "RATE_LIMITED"));
    assert_eq!(problem.retry_after(), Some(Duration::from_hours(1)));
    assert_eq!(host.asked().len(), 3);
}

#[tokio::test]
async fn more_cursors_than_a_request_may_carry_become_one_by_reading() {
    let (client, host) = against(vec![stats("merged"), stats("all")]).await;
    client.see((0..20).map(|number| format!("w{number}")));
    client.seat.get_show_stats("gala").await.expect("rows");
    let asked = host.asked();
    let first: Vec<String> = (0..16).map(|number| format!("w{number}")).collect();
    assert_eq!(asked[0].header("consistent-with"), Some(first.join(", ").as_str()));
    assert_eq!(asked[1].header("consistent-with"), Some("merged, w16, w17, w18, w19"));
    assert_eq!(client.seen(), ["all"]);
}

#[tokio::test]
async fn who_is_not_known_is_asked_once() {
    let nobody = || json(401, value!({"code": "UNAUTHENTICATED"}));
    let key = Arc::new(Mutex::new("old"));
    let (who, better) = (Arc::clone(&key), Arc::clone(&key));
    let (client, host) = told(vec![nobody(), stats("one"), nobody()], |settings| {
        settings
            .credentials_from(move || {
                let key = (*who.lock().expect("a key")).to_owned();
                std::future::ready(Credentials::ApiKey(key))
            })
            .unauthenticated(move |problem| {
                assert_eq!(problem.status(), 401);
                *better.lock().expect("a key") = "new";
                std::future::ready(true)
            })
    })
    .await;
    client.seat.get_show_stats("gala").await.expect("rows");
    let keys: Vec<_> =
        host.asked().iter().map(|asked| asked.header("x-api-key").map(str::to_owned)).collect();
    assert_eq!(keys, [Some("old".to_owned()), Some("new".to_owned())]);
    let problem = client.seat.get_show_stats("gala").await.expect_err("a refusal");
    assert_eq!((problem.status(), host.asked().len()), (401, 4));
}

#[tokio::test]
async fn a_list_is_taken_page_by_page() {
    let page = |ids: &[&str], next: Option<&str>| {
        let items: Vec<Value> = ids
            .iter()
            .map(|id| {
                value!({
                    "showId": id, "title": "Gala", "sections": [], "seats": 0, "holdSeconds": 300, "maxSeatsPerHold": 8,
                    "openedAt": "2026-11-22T09:30:00.000004Z",
                })
            })
            .collect();
        json(200, value!({"items": items, "nextPageToken": next, "cursor": "c"}))
    };
    let (client, host) = against(vec![page(&["a", "b"], Some("next")), page(&["c"], None)]).await;
    let params = ListShowsParams { limit: Some(2), ..ListShowsParams::default() };
    let shows: Vec<String> = client
        .seat
        .each_of_shows(&params)
        .map(|show| show.map_or_else(|problem| problem.to_string(), |show| show.show_id))
        .collect()
        .await;
    assert_eq!(shows, ["a", "b", "c"]);
    let urls: Vec<String> = host.asked().into_iter().map(|asked| asked.url).collect();
    assert_eq!(urls, ["/v1/shows?limit=2", "/v1/shows?limit=2&pageToken=next"]);
}

#[tokio::test]
async fn parts_of_paths_and_queries_are_encoded_and_none_leads_elsewhere() {
    let page = json(200, value!({"items": [], "nextPageToken": null, "cursor": "c"}));
    let (client, host) = against(vec![stats("one"), page]).await;
    client.seat.get_show_stats("a/../b?c").await.expect("rows");
    let params = ListSeatsParams { status: Some(SeatStatus::Held), ..ListSeatsParams::default() };
    client.seat.list_seats("gala", &params).await.expect("rows");
    let urls: Vec<String> = host.asked().into_iter().map(|asked| asked.url).collect();
    assert_eq!(urls, ["/v1/shows/a%2F..%2Fb%3Fc/stats", "/v1/shows/gala/seats?status=HELD"]);
    // A URL would carry the last three without what breaks a line: another resource.
    for id in ["..", "ga\tla", "gala\n", "\rgala"] {
        let problem = client.seat.get_show_stats(id).await.expect_err("no id");
        assert_eq!((problem.code(), host.asked().len()), ("UNSENDABLE", 2), "{id:?}");
    }
}

#[tokio::test]
async fn rows_that_stayed_are_not_sent_again() {
    let (client, host) = against(vec![
        with(
            200,
            value!({"showId": "gala", "seats": 1, "available": 1, "held": 0, "reserved": 0}),
            "etag",
            "\"1\"",
        ),
        Answer::Json(304, Value::Null, Vec::new()),
    ])
    .await;
    let rows = client.seat.get_show_stats("gala").tagged().await.expect("rows");
    let tag = rows.tag.expect("a tag");
    assert_eq!(client.seat.get_show_stats("gala").unless(&tag).await.expect("an answer"), None);
    assert_eq!(host.asked()[1].header("if-none-match"), Some("\"1\""));
}

#[tokio::test]
async fn a_patch_says_keep_clear_and_set_and_what_it_builds_on() {
    let (client, host) = against(vec![applied("one")]).await;
    let patch = UpdateReservationRequest {
        notes: Patch::Clear,
        rate_code: Patch::Set("BAR".to_owned()),
        ..UpdateReservationRequest::default()
    };
    let id = uuid::Uuid::nil();
    let update = client.reservation.update_reservation("acme", "hotel", id, &patch);
    update.if_match(42).correlation_id("trip-7").await.expect("an outcome");
    let asked = &host.asked()[0];
    assert_eq!(asked.body, r#"{"rateCode":"BAR","notes":null}"#);
    assert_eq!(asked.header("content-type"), Some("application/merge-patch+json"));
    assert_eq!(asked.header("if-match"), Some("\"42\""));
    assert_eq!(asked.header("x-correlation-id"), Some("trip-7"));
}

#[test]
fn secrets_are_not_shown() {
    let client =
        Client::new(Settings::at("http://127.0.0.1:1").api_key("s3cret")).expect("a client");
    assert!(!format!("{client:?}").contains("s3cret"));
    assert_eq!(format!("{:?}", Credentials::Token("s3cret".to_owned())), "Token(…)");
    assert!(Client::new(Settings::at("/v1")).is_err());
    assert!(Client::new(Settings::at("mailto:ann@example.com")).is_err());
}

fn held(cursor: &str, sequence: i64) -> String {
    let body = value!({
        "room": "show:gala", "cursor": cursor, "type": "seat.held", "id": COMMAND, "time": "2026-11-22T09:30:00Z", "key": "gala",
        "sequence": sequence,
        "payload": {
            "showId": "gala", "holdId": COMMAND, "seatIds": ["é"], "heldAt": "2026-11-22T09:30:00Z", "expiresAt": "2026-11-22T09:35:00Z",
        },
    });
    format!("event: seat.held\nid: {cursor}\ndata: {body}\n\n")
}

#[tokio::test]
async fn a_stream_that_breaks_goes_on_where_it_was_nothing_twice() {
    let cut = held("c2", 2);
    let cut = cut[..cut.len() - 10].to_owned();
    let (client, host) = against(vec![
        Answer::Stream(vec![": hello\n\n".to_owned(), held("c1", 1), cut], false),
        unavailable(),
        Answer::Stream(vec![held("c2", 2), held("c3", 3)], true),
    ])
    .await;
    let standings = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&standings);
    let room = client.seat.join_show("gala");
    let room = room.standing(move |standing| {
        let standing = match standing {
            Standing::Waiting(Some(why)) => format!("waiting: {}", why.code()),
            Standing::Connecting | Standing::Live | Standing::Waiting(None) => {
                format!("{standing:?}")
            }
        };
        told.lock().expect("standings").push(standing);
    });
    let messages: Vec<_> = room.take(3).collect().await;
    let messages = messages.into_iter().map(|message| {
        let message = message.expect("a message");
        let ShowMessage::SeatsHeld(event) = message.body else { panic!("{}", message.name) };
        (message.cursor, event.sequence, event.payload.seat_ids[0].clone())
    });
    let expected = [("c1", 1), ("c2", 2), ("c3", 3)];
    let expected = expected.map(|(cursor, sequence)| (cursor.to_owned(), sequence, "é".to_owned()));
    assert_eq!(messages.collect::<Vec<_>>(), expected);
    let asked: Vec<_> = host
        .asked()
        .iter()
        .map(|asked| (asked.url.clone(), asked.header("last-event-id").map(str::to_owned)))
        .collect();
    let room = "/v1/streams/show:gala".to_owned();
    let again = Some("c1".to_owned());
    assert_eq!(asked, [(room.clone(), None), (room.clone(), again.clone()), (room, again)]);
    assert_eq!(
        *standings.lock().expect("standings"),
        [
            "Connecting",
            "Live",
            "Waiting(None)",
            "Connecting",
            "waiting: UNAVAILABLE",
            "Connecting",
            "Live",
        ]
    );
}

/// A host that takes every connection and ends it is not asked as fast as it answers.
#[tokio::test]
async fn a_room_that_ends_at_once_is_asked_for_less_and_less_often() {
    let ends = || Answer::Stream(vec![": hello\n\n".to_owned()], false);
    let refused = json(403, value!({"code": "FORBIDDEN"}));
    let (client, host) = against(vec![ends(), ends(), ends(), ends(), refused]).await;
    let begun = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&begun);
    let mut room = client.seat.join_show("gala").standing(move |standing| {
        if matches!(standing, Standing::Connecting) {
            told.lock().expect("times").push(Instant::now());
        }
    });
    assert!(room.next().await.expect("an item").is_err());
    assert_eq!(host.asked().len(), 5);
    let begun = begun.lock().expect("times");
    for (again, times) in begun.windows(2).enumerate() {
        // At least half of a pause of 0.2 s that doubles.
        let least = Duration::from_millis(100 << again);
        assert!(times[1] - times[0] >= least, "{again}: {:?}", times[1] - times[0]);
    }
}

#[tokio::test]
async fn a_room_begins_where_it_is_told_to_and_what_is_new_is_no_failure() {
    let new = "event: seat.painted\nid: c9\ndata: {\"colour\":\"red\"}\n\n".to_owned();
    let (client, host) = against(vec![Answer::Stream(vec![new], true)]).await;
    let mut room = client.seat.join_show("gala").cursor("c8").tenant("acme");
    let message = room.next().await.expect("a message").expect("a message");
    assert_eq!((message.name.as_str(), message.cursor.as_str()), ("seat.painted", "c9"));
    assert_eq!(message.body, ShowMessage::Unrecognized(value!({"colour": "red"})));
    let asked = &host.asked()[0];
    assert_eq!(asked.url, "/v1/streams/show:gala?tenant=acme");
    assert_eq!(asked.header("last-event-id"), Some("c8"));
    assert_eq!(asked.header("accept"), Some("text/event-stream"));
}

#[tokio::test]
async fn a_room_that_is_refused_says_why_and_ends() {
    let refused = json(403, value!({"code": "FORBIDDEN", "detail": "Not yours."}));
    let (client, host) = against(vec![refused]).await;
    let mut room = client.seat.join_show("gala");
    let problem = room.next().await.expect("an item").expect_err("a refusal");
    assert_eq!((problem.status(), problem.code()), (403, "FORBIDDEN"));
    assert!(room.next().await.is_none());
    assert!(room.next().await.is_none());
    assert_eq!(host.asked().len(), 1);
}
