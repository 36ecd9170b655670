//! A repeat gets the first outcome byte for byte, whoever is asked and whatever happened since.

use serde_json::{Value, json};

use crate::support::Answer;
use crate::support::world::World;

/// All that a client can see of an answer but when it came and what it is called.
fn seen(answer: &Answer) -> (u16, String, Vec<(String, String)>) {
    let own = ["date", "x-correlation-id", "traceparent", "preference-applied"];
    let mut headers: Vec<_> = answer
        .headers
        .iter()
        .filter(|(name, _)| {
            !own.contains(&name.as_str()) && !name.as_str().starts_with("ratelimit")
        })
        .map(|(name, value)| (name.to_string(), value.to_str().expect("text").to_owned()))
        .collect();
    headers.sort_unstable();
    (answer.status, answer.text.clone(), headers)
}

pub(crate) fn a_repeat_gets_the_first_outcome_byte_for_byte(platform: &mut World) {
    let id = platform.name("s");
    let show = json!({"showId": id, "title": "A show", "sections": [{"sectionId": "a", "rows": 1, "seatsPerRow": 2}]});
    let path = format!("/v1/shows/{id}/holds");
    let hold =
        |seat: u32| json!({"seatIds": [format!("a-row-1-seat-{seat}")], "holderId": "buyer"});
    // One that is applied, and one that is refused; both proxied and queued commands have keys of a client.
    let tenant = platform.name("t");
    let property = json!({"propertyId": "p", "name": "An inn", "roomTypes": [{"roomTypeId": "king", "rooms": 1}]});
    let properties = format!("/v1/tenants/{tenant}/properties");
    let requests: [(&str, &str, &Value, u16); 4] = [
        ("/v1/shows", "key-show-1", &show, 200),
        (&path, "key-hold-1", &hold(1), 200),
        (&path, "key-hold-2", &hold(1), 409),
        (&properties, "key-property-1", &property, 200),
    ];
    let mut first = Vec::new();
    for (path, key, body, status) in requests {
        let request = platform.post(path, body).header("Idempotency-Key", format!("{id}-{key}"));
        first.push(seen(&platform.decide(request).expect(status)));
    }
    // Every gateway in turn, then after `kill -9`; with and without a wait, members in another order.
    for round in 0..3 {
        if round == 2 {
            platform.crash();
        }
        for _gateway in 0..2 {
            for ((path, key, body, _), first) in requests.iter().zip(&first) {
                let mut members: Vec<_> = body.as_object().expect("an object").iter().collect();
                members.reverse();
                let turned: serde_json::Map<_, _> = members
                    .into_iter()
                    .map(|(name, value)| (name.clone(), value.clone()))
                    .collect();
                let request = platform.post(path, &Value::Object(turned));
                let request = request.header("Idempotency-Key", format!("{id}-{key}"));
                let again =
                    if round == 0 { platform.decide(request) } else { Answer::send(request) };
                assert_eq!(seen(&again), *first, "{path} in round {round}");
            }
        }
        // Another request under a key that was used.
        let other =
            platform.post(&path, &hold(2)).header("Idempotency-Key", format!("{id}-key-hold-1"));
        assert_eq!(Answer::send(other).expect(422).str("code"), "IDEMPOTENCY_KEY_REUSED");
        // The key is the operation's: elsewhere it is another one.
        let path = format!("/v1/shows/{id}/confirmations");
        let elsewhere =
            platform.post(&path, &hold(1)).header("Idempotency-Key", format!("{id}-key-show-1"));
        platform.decide(elsewhere).expect(200);
    }
}
