//! The `AsyncAPI` document of this repository and of the compiler's test context: sound by the official schema, and what it
//! says is what the contracts say.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use charter_avro::schema::Schema;
use charter_avro::value::{JsonForm, Value as Avro};
use serde_json::{Value as Json, json};

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

fn read(path: &Path) -> Json {
    let text =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn ours() -> Json {
    read(&here().join("../../generated/contract-gateway/asyncapi.json"))
}

fn documents() -> [Json; 2] {
    [ours(), read(&here().join("emit/golden/contract-gateway/asyncapi.json"))]
}

fn keys(value: &Json) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn the_official_schema_takes_the_documents_and_not_a_broken_one() {
    let validator = jsonschema::validator_for(&read(&here().join("asyncapi/3.0.0.json"))).unwrap();
    for document in documents() {
        let said: Vec<_> =
            validator.iter_errors(&document).map(|error| error.to_string()).take(3).collect();
        assert_eq!(said, Vec::<String>::new());
    }
    let mut broken = ours();
    broken["operations"]["seat.events.send"]["action"] = json!("shout");
    assert!(!validator.is_valid(&broken));
}

#[test]
fn every_reference_leads_somewhere() {
    fn walk(value: &Json, document: &Json, seen: &mut BTreeSet<String>) {
        match value {
            Json::Object(members) => {
                if let Some(Json::String(to)) = members.get("$ref") {
                    let pointer = to.strip_prefix('#').unwrap();
                    assert!(document.pointer(pointer).is_some(), "{to}");
                    seen.insert(to.clone());
                }
                members.values().for_each(|member| walk(member, document, seen));
            }
            Json::Array(items) => items.iter().for_each(|item| walk(item, document, seen)),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
        }
    }
    for document in documents() {
        let mut seen = BTreeSet::new();
        walk(&document, &document, &mut seen);
        for message in keys(&document["components"]["messages"]) {
            let reference = format!("#/components/messages/{message}");
            assert!(seen.contains(&reference), "`{message}` is on no channel");
        }
    }
}

#[test]
fn there_is_a_channel_for_each_topic_and_an_operation_on_it() {
    let document = ours();
    assert_eq!(
        keys(&document["channels"]),
        [
            "housekeeping.commands",
            "housekeeping.events",
            "housekeeping.dead-letters",
            "reservation.commands",
            "reservation.events",
            "reservation.dead-letters",
            "seat.commands",
            "seat.events",
            "seat.dead-letters",
            "seat.rooms.show",
            "seat.socket",
            "outcomes",
        ]
    );
    let action = |operation: &str| document["operations"][operation]["action"].clone();
    assert_eq!(action("seat.commands.receive"), "receive");
    assert_eq!(action("seat.events.send"), "send");
    assert_eq!(action("seat.dead-letters.send"), "send");
    assert_eq!(action("outcomes.send"), "send");
    assert_eq!(
        keys(&document["channels"]["seat.events"]["messages"]),
        ["seat.SeatsHeld", "seat.SeatsReleased", "seat.SeatsReserved", "seat.ShowOpened"]
    );
    let reply = &document["operations"]["seat.commands.receive"]["reply"]["channel"]["$ref"];
    assert_eq!(reply, "#/channels/outcomes");
}

#[test]
fn a_room_is_a_channel_with_what_its_members_get() {
    let document = ours();
    let room = &document["channels"]["seat.rooms.show"];
    assert_eq!(room["address"], "show:{showId}");
    assert_eq!(keys(&room["parameters"]), ["showId"]);
    assert_eq!(
        keys(&room["messages"]),
        [
            "push.seat.initial-load",
            "push.seat.held",
            "push.seat.released",
            "push.seat.reserved",
            "push.seat.showOpened",
            "push.seat.stats-updated",
            "push.dropped",
            "push.event.join",
            "push.event.leave",
            "push.answered",
        ]
    );
    let said = room["description"].as_str().unwrap();
    assert!(said.contains("then gets every later event once and in order"), "{said}");
    // Nothing private is promised.
    let messages = &document["components"]["messages"];
    let held = &messages["push.seat.held"]["payload"]["properties"]["payload"]["properties"];
    assert_eq!(keys(held), ["showId", "holdId", "seatIds", "heldAt", "expiresAt"]);
    let load = &messages["push.seat.initial-load"]["payload"]["properties"];
    assert!(load["seats"]["items"]["properties"].get("holderId").is_none());
    assert_eq!(document["operations"]["seat.rooms.show.send"]["action"], "send");
    assert_eq!(document["operations"]["seat.rooms.show.receive"]["action"], "receive");
}

/// Both ways to a room, and what a socket is acknowledged with.
#[test]
fn a_socket_sends_the_commands_of_the_contract() {
    let document = ours();
    assert_eq!(
        keys(&document["channels"]["seat.socket"]["messages"]),
        [
            "push.seat.confirmationRequest",
            "push.seat.holdRequest",
            "push.seat.releaseRequest",
            "push.acknowledged",
        ]
    );
    let sent = &document["operations"]["seat.socket.receive"];
    assert_eq!(sent["messages"].as_array().unwrap().len(), 3);
    let reply = &sent["reply"]["messages"][0]["$ref"];
    assert_eq!(reply, "#/channels/seat.socket/messages/push.acknowledged");
    let hold = &document["components"]["messages"]["push.seat.holdRequest"]["payload"];
    assert_eq!(keys(&hold["properties"]), ["showId", "idempotencyKey"]);
    assert_eq!(hold["required"], json!(["showId"]));
    assert!(hold["description"].as_str().unwrap().contains("`POST /v1/shows/{showId}/holds`"));
    let said = document["channels"]["seat.rooms.show"]["description"].as_str().unwrap();
    assert!(said.contains("`GET /v1/streams/{room}`") && said.contains("`/socket.io/`"), "{said}");
}

/// Design, "Deciding, exactly once": the document says how a consumer reads.
#[test]
fn the_delivery_rule_is_said() {
    let document = ours();
    let said = document["info"]["description"].as_str().unwrap();
    assert!(
        said.contains(
            "External delivery is at least once, and a consumer takes only the position after its last: \
             a lower one is a repeat and is passed over, a higher one is left"
        ),
        "{said}"
    );
}

#[test]
fn a_message_is_what_its_contract_says() {
    let document = ours();
    let message = &document["components"]["messages"]["seat.HoldSeats"];
    assert_eq!(message["name"], "seat.holdRequest");
    assert_eq!(message["headers"]["properties"]["ce_type"]["const"], "seat.holdRequest");
    let refusals = message["description"].as_str().unwrap();
    assert!(refusals.contains("`SEAT_TAKEN` (409)"), "{refusals}");
    let held = &document["components"]["messages"]["seat.SeatsHeld"];
    assert_eq!(
        held["description"],
        "At `payload.expiresAt` the platform sends `seat.expireHold` by itself."
    );
    let example = &held["examples"][0]["payload"];
    assert_eq!(example["payload"]["showId"], "spring-concert");
    assert_eq!(
        (&example["metadata"]["type"], &example["metadata"]["sequence"]),
        (&json!("seat.held"), &json!(42))
    );
    let example = &message["examples"][0]["payload"]["metadata"];
    assert_eq!((&example["sequence"], &example["position"]), (&json!(0), &json!(-1)));
}

/// The schema in the document is the one that is registered: the crates carry it too.
#[test]
fn schemas_are_those_of_the_crates_and_can_be_parsed() {
    let document = ours();
    let messages = document["components"]["messages"].as_object().unwrap();
    // What rooms and sockets get is JSON, and has no Avro schema.
    for (name, message) in messages.iter().filter(|(name, _)| !name.starts_with("push.")) {
        let schema = &message["payload"]["schema"];
        Schema::parse(&schema.to_string()).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        let (namespace, short) = name.split_once('.').unwrap();
        let file =
            if namespace == "shared" { short.to_owned() } else { format!("{short}Envelope") };
        let path = format!("../../generated/contract-{namespace}/schemas/{file}.avsc");
        assert_eq!(*schema, read(&here().join(path)), "{name}");
    }
}

/// An example that can't be read as what it shows misleads.
#[test]
fn examples_have_the_fields_of_their_schemas() {
    let mut shown = 0;
    for document in documents() {
        for (name, message) in document["components"]["messages"].as_object().unwrap() {
            let Some(example) = message["examples"][0].get("payload") else { continue };
            let schema = Schema::parse(&message["payload"]["schema"].to_string()).unwrap();
            if let Err(error) = Avro::from_json(&schema, example, JsonForm::Plain) {
                panic!("{name}: {error}: {example}");
            }
            shown += 1;
        }
    }
    assert!(shown >= 10, "only {shown} examples");
}
