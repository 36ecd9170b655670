//! Clients that are not ours read what the services publish: their topic from Kafka, their schemas from the registry.

use std::path::{Path, PathBuf};
use std::process::Command;

use apache_avro::types::Value as AvroValue;
use schema_registry_converter::async_impl::avro::AvroDecoder;
use schema_registry_converter::async_impl::schema_registry::SrSettings;
use schema_registry_converter::avro_common::DecodeResult;
use serde_json::{Value, json};

use crate::support::cluster::{Cluster, Engines, Plan, alone};
use crate::support::world::Place as _;

/// Where `tests/registry/install` put the clients. Where the environment doesn't say, says that the test is skipped; where
/// engines are required, so are they.
fn clients(test: &str) -> Option<PathBuf> {
    let found = std::env::var_os("CHARTER_CLIENTS").filter(|value| !value.is_empty());
    if found.is_none() {
        let why = "CHARTER_CLIENTS is not set: tests/registry/install prints it";
        assert!(std::env::var_os("CHARTER_REQUIRE_ENGINES").is_none(), "{test}: {why}");
        eprintln!("{test} is skipped: {why}");
    }
    found.map(PathBuf::from)
}

fn run(command: &mut Command) {
    let output = command.output().expect("it runs");
    let (said, why) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {said}{why}");
    println!("{said}");
}

#[test]
fn clients_of_other_languages_read_the_events_of_running_services() {
    let test = "clients_of_other_languages_read_the_events_of_running_services";
    let Some(engines) = Engines::from_env(test) else { return };
    let Some(installed) = clients(test) else { return };
    let _alone = alone();
    let mut cluster = Cluster::begin(&engines, &Plan { instances: 1, database: None });
    cluster.wait_ready();
    let show = json!({"showId": "spring-concert", "title": "A show", "sections": [{"sectionId": "a", "rows": 1, "seatsPerRow": 9}]});
    let client = cluster.client();
    client.decide(client.post("/v1/shows", &show)).expect(200);
    let hold = json!({"seatIds": ["a-row-1-seat-1", "a-row-1-seat-2"], "holderId": "buyer-1"});
    client.decide(client.post("/v1/shows/spring-concert/holds", &hold)).expect(200);

    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/registry");
    let directory = tempfile::tempdir().expect("a directory");
    let frames = directory.path().join("frames.json");
    let registry = cluster.registries[0].url.clone();
    run(Command::new(installed.join("venv/bin/python"))
        .arg(scripts.join("events.py"))
        .args([&engines.brokers, &registry, &cluster.topic("seat.events"), "spring-concert"])
        .arg(&frames));
    run(Command::new("node")
        .env("NODE_PATH", installed.join("node_modules"))
        .arg(scripts.join("events.cjs"))
        .arg(&registry)
        .arg(&frames));

    // The same frames, with the client that the services use too.
    let frames = std::fs::read_to_string(&frames).expect("what events.py wrote");
    let frames: Vec<Value> = serde_json::from_str(&frames).expect("json");
    let settings = SrSettings::new_builder(registry).no_proxy().build().expect("settings");
    let decoder = AvroDecoder::new(settings);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let events: Vec<AvroValue> = runtime.expect("a runtime").block_on(async {
        let mut values = Vec::new();
        for frame in &frames {
            let bytes = bytes(frame["frame"].as_str().expect("digits"));
            let DecodeResult { value, .. } = decoder.decode(Some(&bytes)).await.expect("decodes");
            values.push(value);
        }
        values
    });
    assert_eq!(events.len(), 2);
    let payload = member(events.last().expect("an event"), "payload");
    assert_eq!(*member(payload, "holderId"), AvroValue::String("buyer-1".to_owned()));
    let seats = ["a-row-1-seat-1", "a-row-1-seat-2"].map(|seat| AvroValue::String(seat.to_owned()));
    assert_eq!(*member(payload, "seatIds"), AvroValue::Array(seats.to_vec()));
}

fn member<'a>(value: &'a AvroValue, name: &str) -> &'a AvroValue {
    let AvroValue::Record(fields) = value else { panic!("no record: {value:?}") };
    let found = fields.iter().find(|(field, _)| field == name);
    found.map_or_else(|| panic!("no `{name}` in {value:?}"), |(_, value)| value)
}

fn bytes(digits: &str) -> Vec<u8> {
    let byte = |place| u8::from_str_radix(&digits[place..place + 2], 16).expect("two digits");
    (0..digits.len()).step_by(2).map(byte).collect()
}
