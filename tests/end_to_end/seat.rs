//! The stadium: hold, confirm, release, what a second buyer sees, and what is there after a crash.

use serde_json::{Value, json};

use crate::support::world::World;
use crate::support::{Answer, Client};

pub(crate) fn open_show(platform: &Client, show: &str) -> Answer {
    let body = json!({
        "showId": show, "title": "Spring concert",
        "sections": [{"sectionId": "a", "rows": 2, "seatsPerRow": 3}, {"sectionId": "b", "rows": 1, "seatsPerRow": 2}],
    });
    platform.decide(platform.post("/v1/shows", &body)).expect(200)
}

pub(crate) fn ask(
    platform: &Client,
    show: &str,
    what: &str,
    seats: &[&str],
    holder: &str,
) -> Answer {
    let body = json!({"seatIds": seats, "holderId": holder});
    platform.decide(platform.post(&format!("/v1/shows/{show}/{what}"), &body))
}

pub(crate) fn a_second_buyer_is_refused_and_told_which_seat_is_taken(platform: &mut World) {
    let show = &platform.name("spring-concert");
    open_show(platform, show);

    let held =
        ask(platform, show, "holds", &["a-row-1-seat-1", "a-row-1-seat-2"], "buyer-1").expect(200);
    assert_eq!(held.str("status"), "APPLIED");
    assert_eq!(held.str("type"), "seat.holdRequest");
    assert_eq!(held.json["events"][0]["type"], "seat.held");
    assert_eq!(held.json["events"][0]["sequence"], 2);

    let refused =
        ask(platform, show, "holds", &["a-row-1-seat-2", "a-row-1-seat-3"], "buyer-2").expect(409);
    assert_eq!(refused.str("code"), "SEAT_TAKEN");
    assert_eq!(refused.json["details"]["seatIds"], json!(["a-row-1-seat-2"]));
    assert_eq!(refused.header("content-type"), Some("application/problem+json"));
    assert_eq!(refused.str("instance"), format!("/v1/shows/{show}/holds"));

    let confirmed =
        ask(platform, show, "confirmations", &["a-row-1-seat-1"], "buyer-1").expect(200);
    ask(platform, show, "confirmations", &["a-row-1-seat-2"], "buyer-2").expect(403);
    ask(platform, show, "confirmations", &["a-row-2-seat-1"], "buyer-2").expect(410);
    ask(platform, show, "holds", &["z-row-1-seat-1"], "buyer-2").expect(404);

    let seat = platform
        .read(&format!("/v1/shows/{show}/seats/a-row-1-seat-1"), confirmed.str("cursor"))
        .expect(200);
    assert_eq!(seat.str("status"), "RESERVED");
    assert_eq!(seat.json.get("holderId"), None, "who holds a seat is private");

    let stats =
        platform.read(&format!("/v1/shows/{show}/stats"), confirmed.str("cursor")).expect(200);
    assert_eq!(
        (&stats.json["available"], &stats.json["held"], &stats.json["reserved"]),
        (&json!(6), &json!(1), &json!(1)),
        "{}",
        stats.text
    );
    let section = platform
        .read(&format!("/v1/shows/{show}/sections/b/stats"), confirmed.str("cursor"))
        .expect(200);
    assert_eq!(section.json["available"], 2);

    let history =
        platform.read(&format!("/v1/shows/{show}/history"), confirmed.str("cursor")).expect(200);
    assert_eq!(history.json["items"][0]["seatId"], "a-row-1-seat-1", "{}", history.text);
}

pub(crate) fn a_seat_given_back_can_be_held_again(platform: &mut World) {
    let show = &platform.name("spring-concert");
    open_show(platform, show);
    ask(platform, show, "holds", &["b-row-1-seat-1"], "buyer-1").expect(200);
    ask(platform, show, "releases", &["b-row-1-seat-1"], "buyer-2").expect(403);
    ask(platform, show, "releases", &["b-row-1-seat-1"], "buyer-1").expect(200);
    let held = ask(platform, show, "holds", &["b-row-1-seat-1"], "buyer-2").expect(200);
    let seat = platform
        .read(&format!("/v1/shows/{show}/seats/b-row-1-seat-1"), held.str("cursor"))
        .expect(200);
    assert_eq!(seat.str("status"), "HELD");
    assert_eq!(seat.json["holdId"], held.json["commandId"]);
}

pub(crate) fn a_hold_ends_by_itself(platform: &mut World) {
    let show = &platform.name("spring-concert");
    let short = json!({
        "showId": show, "title": "Short holds", "holdSeconds": 1,
        "sections": [{"sectionId": "a", "rows": 1, "seatsPerRow": 1}],
    });
    platform.decide(platform.post("/v1/shows", &short)).expect(200);
    let held = ask(platform, show, "holds", &["a-row-1-seat-1"], "buyer-1").expect(200);
    let cursor = next_position(held.str("cursor"));
    // The release is the event after the hold's: a read that wants to have seen it waits for it.
    let seat = platform
        .get(&format!("/v1/shows/{show}/seats/a-row-1-seat-1"))
        .header("Consistent-With", cursor)
        .header("Prefer", "wait=30");
    let seat = Answer::send(seat).expect(200);
    assert_eq!(seat.str("status"), "AVAILABLE");
    assert_eq!(seat.json["holdId"], Value::Null);
}

/// The cursor of the event after the one that `cursor` has seen. A client can't do this: it knows the
/// token's form.
fn next_position(cursor: &str) -> String {
    let mut seen = charter_http::cursor::Cursor::parse(cursor).expect("a cursor");
    let next: Vec<_> =
        seen.positions("seat").map(|(partition, position)| (partition, position + 1)).collect();
    seen = charter_http::cursor::Cursor::of("seat", next);
    seen.to_string()
}

pub(crate) fn what_was_accepted_is_there_after_kill_9(platform: &mut World) {
    let show = &platform.name("spring-concert");
    open_show(platform, show);
    let held = ask(platform, show, "holds", &["a-row-1-seat-1"], "buyer-1").expect(200);
    // Accepted with 202 and not waited for.
    let body = json!({"seatIds": ["a-row-2-seat-2"], "holderId": "buyer-3"});
    let accepted =
        Answer::send(platform.post(&format!("/v1/shows/{show}/holds"), &body)).expect(202);
    let location = accepted.header("location").expect("where to ask").to_owned();
    platform.crash();

    let again =
        Answer::send(platform.get(&format!("/v1/commands/{}", held.str("commandId")))).expect(200);
    assert_eq!(again.str("status"), "APPLIED");
    assert_eq!(again.json["events"], held.json["events"]);
    let second = ask(platform, show, "holds", &["a-row-1-seat-1"], "buyer-2").expect(409);
    assert_eq!(second.str("code"), "SEAT_TAKEN");
    // A later command of the same show is decided after it, so it is decided now.
    let late = Answer::send(platform.get(&location)).expect(200);
    assert_eq!(late.str("status"), "APPLIED", "{}", late.text);
    let seat = platform
        .read(&format!("/v1/shows/{show}/seats/a-row-2-seat-2"), late.str("cursor"))
        .expect(200);
    assert_eq!(seat.str("status"), "HELD");
}

pub(crate) fn pages_of_seats_follow_each_other_without_gap_or_repeat(platform: &mut World) {
    let show = &platform.name("spring-concert");
    let opened = open_show(platform, show);
    let mut seats = Vec::new();
    let mut path = format!("/v1/shows/{show}/seats?limit=3");
    loop {
        let page = platform.read(&path, opened.str("cursor")).expect(200);
        let items = page.json["items"].as_array().expect("items");
        seats.extend(items.iter().map(|seat| seat["seatId"].as_str().expect("an id").to_owned()));
        let Some(token) = page.json["nextPageToken"].as_str() else { break };
        assert_eq!(items.len(), 3);
        path = format!("/v1/shows/{show}/seats?limit=3&pageToken={token}");
    }
    assert_eq!(
        seats,
        [
            "a-row-1-seat-1",
            "a-row-1-seat-2",
            "a-row-1-seat-3",
            "a-row-2-seat-1",
            "a-row-2-seat-2",
            "a-row-2-seat-3",
            "b-row-1-seat-1",
            "b-row-1-seat-2",
        ]
    );
    let available = platform
        .read(&format!("/v1/shows/{show}/seats?sectionId=b&status=AVAILABLE"), opened.str("cursor"))
        .expect(200);
    assert_eq!(available.json["items"].as_array().expect("items").len(), 2);
}
