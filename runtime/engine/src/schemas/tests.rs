//! Codecs over a registry in memory, and the HTTP registry against a small server.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use charter_domain::{Envelope, Message, Metadata};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::fixture::{LampCommand, LampEvent, SwitchOn, envelope_schema, metadata, switch_on};
use super::*;
use crate::log::Record;

const TOPIC: &str = "lamp.commands";

fn catalog(registry: &Arc<MemoryRegistry>, registration: Registration) -> SchemaCatalog {
    SchemaCatalog::new(Arc::<MemoryRegistry>::clone(registry), registration)
}

async fn codec(registry: &Arc<MemoryRegistry>) -> MessageCodec<LampCommand> {
    let catalog = catalog(registry, Registration::Register);
    catalog.messages(TOPIC).await.expect("registers")
}

fn with_id(id: u32, body: &[u8]) -> Record {
    let value = [&[0][..], &id.to_be_bytes(), body].concat();
    Record { value: value.into(), ..Record::default() }
}

#[tokio::test]
async fn a_message_travels_in_confluents_framing_with_cloudevents_headers() {
    let registry = Arc::new(MemoryRegistry::new());
    let codec = codec(&registry).await;
    assert_eq!(
        registry.subjects(),
        ["lamp.commands-lamp.SwitchOffEnvelope", "lamp.commands-lamp.SwitchOnEnvelope"]
    );
    let envelope = Envelope { metadata: metadata("l/1"), payload: switch_on("l/1") };
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let record = codec.record(&envelope.metadata, &envelope.payload, Some(trace));
    assert_eq!(record.value[..5], [0, 0, 0, 0, 2]);
    for trace in [None, Some(trace)] {
        let record = codec.record(&envelope.metadata, &envelope.payload, trace);
        let bytes = record.value.len() - 5;
        let size =
            MessageCodec::<LampCommand>::record_size(&envelope.metadata, "lamp.on", bytes, trace);
        assert_eq!(size, record.size());
    }
    assert_eq!(record.value, codec.encode(&envelope));
    assert_eq!(record.key, "default/l/1");
    let headers: Vec<(&str, &[u8])> =
        record.headers.iter().map(|(name, value)| (name.as_ref(), value.as_ref())).collect();
    assert_eq!(
        headers,
        [
            ("ce_specversion", b"1.0".as_slice()),
            ("ce_id", b"00000000-0000-0000-0000-000000000007"),
            ("ce_source", b"charter://tests"),
            ("ce_type", b"lamp.on"),
            ("traceparent", trace.as_bytes()),
        ]
    );
    assert_eq!(codec.decode_known(&record).expect("reads"), Some(envelope.clone()));
    assert_eq!(codec.decode(&record).await.expect("reads"), envelope);
    assert_eq!(codec.position(&record), Some(envelope.metadata.position));
}

#[tokio::test]
async fn an_older_writers_schema_is_fetched_once_and_resolved() {
    let registry = Arc::new(MemoryRegistry::new());
    // Before there was a brightness, and with a field that has gone since.
    let older = envelope_schema!(
        "SwitchOn",
        r#"{"name":"room","type":"string","default":""},{"name":"lampId","type":"string"}"#
    );
    let id = registry.register("lamp.commands-lamp.SwitchOnEnvelope", older).await.expect("new");
    let codec = codec(&registry).await;
    let mut body = charter_avro::codec::encode(&metadata("l"));
    body.extend(charter_avro::codec::encode(&"kitchen".to_owned()));
    body.extend(charter_avro::codec::encode(&"l".to_owned()));
    let record = with_id(id, &body);
    assert_eq!(codec.decode_known(&record).expect("framed"), None, "not seen before");
    let envelope = codec.decode(&record).await.expect("reads");
    let expected = SwitchOn { lamp_id: "l".to_owned(), brightness: 100 };
    assert_eq!(envelope.payload, expected.into());
    registry.set_down(true);
    assert_eq!(codec.decode_known(&record).expect("reads"), Some(envelope.clone()));
    assert_eq!(codec.decode(&record).await.expect("is known"), envelope);
    assert_eq!(codec.position(&record), None, "another schema's bytes may lie otherwise");
}

#[tokio::test]
async fn what_can_never_be_read_is_poison_with_a_code() {
    let registry = Arc::new(MemoryRegistry::new());
    let codec = codec(&registry).await;
    let events: MessageCodec<LampEvent> = catalog(&registry, Registration::Register)
        .messages("lamp.events")
        .await
        .expect("registers");
    let foreign = registry.register("x-value", r#""string""#).await.expect("registers");
    let incompatible = envelope_schema!(
        "SwitchOn",
        r#"{"name":"lampId","type":"bytes"},{"name":"brightness","type":"string"}"#
    );
    let incompatible = registry.register("other-topic", incompatible).await.expect("registers");
    let good = codec.record(&metadata("l"), &switch_on("l"), None);
    let value = |value: Bytes| Record { value, ..Record::default() };
    let header = |name: &str, found: &'static str| {
        let mut record = good.clone();
        record.headers.retain(|(known, _)| known != name);
        record.headers.push((name.to_owned().into(), Bytes::from_static(found.as_bytes())));
        record
    };
    let mut trailing = good.value.to_vec();
    trailing.push(0);
    let other_key =
        codec.record(&Metadata { key: "m".to_owned(), ..metadata("l") }, &switch_on("l"), None);
    for (record, code, message) in [
        (
            value(Bytes::new()),
            "NOT_FRAMED",
            "a record begins with byte 0 and a schema id of 4 bytes, found 0 bytes in all",
        ),
        (
            value(Bytes::from_static(b"{\"a\":1}")),
            "NOT_FRAMED",
            "a record begins with byte 0 and a schema id of 4 bytes, found byte 123",
        ),
        (with_id(99, &[]), "SCHEMA_UNKNOWN", "the registry has no schema 99"),
        (
            with_id(foreign, &[]),
            "TYPE_UNKNOWN",
            "schema 4 is `string`, which is none of this contract's messages",
        ),
        (with_id(incompatible, &[]), "SCHEMA_UNREADABLE", "schema 5 can't be read: "),
        (with_id(2, &[1, 2]), "DECODE_FAILED", "`lamp.SwitchOnEnvelope` can't be decoded: "),
        (value(trailing.into()), "DECODE_FAILED", "`lamp.SwitchOnEnvelope` can't be decoded: "),
        (
            header(CE_TYPE, "lamp.off"),
            "HEADER_CONTRADICTS",
            "header `ce_type` says `lamp.off`, the message `lamp.on`",
        ),
        (
            header(CE_ID, "7"),
            "HEADER_CONTRADICTS",
            "header `ce_id` says `7`, the message `00000000-0000-0000-0000-000000000007`",
        ),
        (
            header(CE_SOURCE, "x"),
            "HEADER_CONTRADICTS",
            "header `ce_source` says `x`, the message `charter://tests`",
        ),
        (
            header(CE_SPECVERSION, "0.3"),
            "HEADER_CONTRADICTS",
            "header `ce_specversion` says `0.3`, the message `1.0`",
        ),
        (other_key, "KEY_CONTRADICTS", "the metadata's key is `m`, the payload's `l`"),
    ] {
        let error = codec.decode(&record).await.expect_err(message);
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().starts_with(message), "{error}");
        assert!(error.is_poison());
    }
    let error = events.decode(&good).await.expect_err("a command is no event");
    assert_eq!(error.code(), "TYPE_UNKNOWN", "{error}");
    let bare = Record { headers: Vec::new(), ..good };
    codec.decode(&bare).await.expect("headers may be missing");
}

#[tokio::test]
async fn a_registry_that_is_down_is_no_poison() {
    let registry = Arc::new(MemoryRegistry::new());
    let codec = codec(&registry).await;
    registry.set_down(true);
    let error = codec.decode(&with_id(99, &[])).await.expect_err("down");
    assert!(!error.is_poison());
    assert_eq!(
        error.to_string(),
        "the schema registry at `memory` is not available: it is down; start it, or name another in SCHEMA_REGISTRY_URL"
    );
}

#[tokio::test]
async fn a_read_only_start_refuses_what_is_missing() {
    let registry = Arc::new(MemoryRegistry::new());
    let read_only = catalog(&registry, Registration::LookUp);
    let error = read_only.messages::<LampCommand>(TOPIC).await.expect_err("missing");
    assert_eq!(
        error.to_string(),
        "subject `lamp.commands-lamp.SwitchOffEnvelope` lacks this build's schema, and SCHEMA_REGISTRY_READ_ONLY forbids to register it; register it with the release, or start without SCHEMA_REGISTRY_READ_ONLY"
    );
    assert!(registry.subjects().is_empty());
    let writer = codec(&registry).await;
    let reader: MessageCodec<LampCommand> = read_only.messages(TOPIC).await.expect("is there now");
    let record = writer.record(&metadata("l"), &switch_on("l"), None);
    assert_eq!(reader.decode(&record).await.expect("reads").payload, switch_on("l"));
}

#[tokio::test]
async fn an_incompatible_schema_is_refused_with_its_subject() {
    let registry = Arc::new(MemoryRegistry::new());
    let subject = "lamp.commands-lamp.SwitchOffEnvelope";
    let theirs = envelope_schema!("SwitchOff", r#"{"name":"lampId","type":"long"}"#);
    registry.register(subject, theirs).await.expect("registers");
    let error = catalog(&registry, Registration::Register)
        .messages::<LampCommand>(TOPIC)
        .await
        .expect_err("incompatible");
    let expected = format!("subject `{subject}` refuses the schema as incompatible: ");
    assert!(error.to_string().starts_with(&expected), "{error}");
}

#[tokio::test]
async fn records_of_one_type_travel_too() {
    let registry = Arc::new(MemoryRegistry::new());
    let catalog = catalog(&registry, Registration::Register);
    let codec = catalog
        .records::<contract_shared::DeadLetter>("lamp.dead-letters")
        .await
        .expect("registers");
    assert_eq!(registry.subjects(), ["lamp.dead-letters-shared.DeadLetter"]);
    let letter = contract_shared::DeadLetter {
        id: uuid::Uuid::from_u128(1),
        context: "lamp".to_owned(),
        topic: TOPIC.to_owned(),
        partition: 3,
        offset: 9,
        reason: "r".to_owned(),
        code: "C".to_owned(),
        envelope: vec![1, 2].into(),
        r#type: None,
        command_id: None,
        tenant_id: None,
        failed_at: charter_domain::Timestamp::from_micros(5),
        attempts: 1,
    };
    assert_eq!(codec.decode(&codec.encode(&letter)).await.expect("reads"), letter);
    assert_eq!(codec.decode(&[9]).await.expect_err("not framed").code(), "NOT_FRAMED");
}

/// A server that answers each request with the next of `answers`: status and body. Gives its URL, and
/// the lines and bodies of the requests when all are answered.
async fn server(answers: Vec<(u16, String)>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let url = format!("http://{}", listener.local_addr().expect("is bound"));
    let served = tokio::spawn(async move {
        let mut requests = Vec::new();
        for (status, body) in answers {
            let (stream, _) = listener.accept().await.expect("accepts");
            let mut stream = BufReader::new(stream);
            let mut request = String::new();
            stream.read_line(&mut request).await.expect("reads");
            let mut length = 0;
            loop {
                let mut line = String::new();
                stream.read_line(&mut line).await.expect("reads");
                if line == "\r\n" {
                    break;
                }
                if let Some(value) = line.to_lowercase().strip_prefix("content-length: ") {
                    length = value.trim().parse().expect("a number");
                }
            }
            let mut sent = vec![0; length];
            stream.read_exact(&mut sent).await.expect("reads");
            requests.push(format!("{} {}", request.trim(), String::from_utf8(sent).expect("text")));
            let answer = format!(
                "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            stream.get_mut().write_all(answer.as_bytes()).await.expect("writes");
        }
        requests
    });
    (url, served)
}

fn registry_at(url: String) -> ConfluentRegistry {
    let settings =
        RegistrySettings { patience: Duration::from_secs(5), ..RegistrySettings::new(url) };
    ConfluentRegistry::new(settings).expect("a client")
}

#[tokio::test]
async fn the_http_registry_speaks_confluents_api() {
    let (url, served) = server(vec![
        (200, r#"{"id":7}"#.to_owned()),
        (200, r#"{"subject":"s","id":7,"version":1,"schema":"\"int\""}"#.to_owned()),
        (404, r#"{"error_code":40403,"message":"Schema not found"}"#.to_owned()),
        (200, r#"{"schema":"\"int\""}"#.to_owned()),
        (404, r#"{"error_code":40403,"message":"Schema 8 not found"}"#.to_owned()),
    ])
    .await;
    let registry = registry_at(url);
    assert_eq!(registry.register("s", r#""int""#).await.expect("registers"), 7);
    assert_eq!(registry.look_up("s", r#""int""#).await.expect("asks"), Some(7));
    assert_eq!(registry.look_up("s", r#""long""#).await.expect("asks"), None);
    let found = registry.schema(7).await.expect("asks").expect("is there");
    assert_eq!(found, RegisteredSchema { schema: r#""int""#.to_owned(), references: Vec::new() });
    assert_eq!(registry.schema(8).await.expect("asks"), None);
    let requests = served.await.expect("served");
    assert_eq!(
        requests,
        [
            r#"POST /subjects/s/versions HTTP/1.1 {"schema":"\"int\"","schemaType":"AVRO"}"#,
            r#"POST /subjects/s?deleted=false HTTP/1.1 {"schema":"\"int\"","schemaType":"AVRO"}"#,
            r#"POST /subjects/s?deleted=false HTTP/1.1 {"schema":"\"long\"","schemaType":"AVRO"}"#,
            "GET /schemas/ids/7?deleted=true HTTP/1.1 ",
            "GET /schemas/ids/8?deleted=true HTTP/1.1 ",
        ]
    );
}

#[tokio::test]
async fn the_http_registry_is_asked_again_while_it_is_out_of_order() {
    let down = r#"{"error_code":50001,"message":"store"}"#.to_owned();
    let (url, served) =
        server(vec![(503, String::new()), (500, down), (200, r#"{"id":7}"#.to_owned())]).await;
    assert_eq!(registry_at(url).register("s", r#""int""#).await.expect("at last"), 7);
    assert_eq!(served.await.expect("served").len(), 3);
}

#[tokio::test]
async fn no_trouble_with_the_registry_makes_a_message_unreadable() {
    let html = "<html>Bad Gateway</html>".to_owned();
    for (status, body) in [
        (401, r#"{"error_code":40101,"message":"who are you"}"#.to_owned()),
        (403, r#"{"error_code":40301,"message":"not you"}"#.to_owned()),
        (403, html.clone()),
        (404, html.clone()),
        (429, html.clone()),
        (504, html.clone()),
        (200, html),
        (408, r#"{"error_code":408,"message":"slow"}"#.to_owned()),
        (429, r#"{"error_code":42901,"message":"busy"}"#.to_owned()),
        (500, r#"{"error_code":50001,"message":"store"}"#.to_owned()),
        (422, r#"{"error_code":42201,"message":"what"}"#.to_owned()),
    ] {
        let (url, _served) = server(vec![(status, body.clone())]).await;
        let settings = RegistrySettings { patience: Duration::ZERO, ..RegistrySettings::new(url) };
        let registry = ConfluentRegistry::new(settings).expect("a client");
        let error = registry.schema(7).await.expect_err("no schema");
        assert!(matches!(error, RegistryError::Unavailable { .. }), "{status} {body}: {error}");
        assert!(!WireError::from(error).is_poison());
    }
    let url = "x".to_owned();
    let refused = RegistryError::Refused { url, code: 40_301, reason: "no".to_owned() };
    assert!(!WireError::from(refused).is_poison());
}

#[tokio::test]
async fn a_schema_that_is_no_avro_is_unreadable_and_asked_for_once() {
    let (url, served) = server(vec![
        (200, r#"{"id":1}"#.to_owned()),
        (200, r#"{"schemaType":"PROTOBUF","schema":"message M {}"}"#.to_owned()),
    ])
    .await;
    let catalog = SchemaCatalog::new(Arc::new(registry_at(url)), Registration::Register);
    let codec =
        catalog.records::<contract_shared::DeadLetter>("lamp.dead-letters").await.expect("made");
    for _ in 0..2 {
        let error = codec.decode(&[0, 0, 0, 0, 9]).await.expect_err("no Avro");
        assert_eq!(error.code(), "SCHEMA_UNREADABLE", "{error}");
        assert!(error.is_poison());
    }
    assert_eq!(served.await.expect("served").len(), 2);
}

#[tokio::test]
async fn a_start_waits_for_a_registry_behind_a_busy_proxy() {
    let html = || "<html>try later</html>".to_owned();
    let (url, served) = server(vec![
        (500, html()),
        (504, html()),
        (429, html()),
        (408, html()),
        (200, html()),
        (429, r#"{"error_code":42901,"message":"busy"}"#.to_owned()),
        (200, r#"{"id":7}"#.to_owned()),
    ])
    .await;
    let id = registry_at(url).look_up("s", r#""int""#).await.expect("at last");
    assert_eq!(id, Some(7));
    assert_eq!(served.await.expect("served").len(), 7);
    let (url, _served) = server(vec![(403, html())]).await;
    let error = registry_at(url).look_up("s", r#""int""#).await.expect_err("refused");
    assert!(matches!(error, RegistryError::Refused { .. }), "{error}");
}

#[tokio::test]
async fn the_http_registrys_refusals_are_told_apart() {
    let (url, _served) = server(vec![
        (409, r#"{"error_code":409,"message":"the field `a` has gone"}"#.to_owned()),
        (422, r#"{"error_code":42201,"message":"not Avro"}"#.to_owned()),
        (403, r#"{"error_code":40301,"message":"read only"}"#.to_owned()),
    ])
    .await;
    let registry = registry_at(url.clone());
    for expected in [
        "subject `s` refuses the schema as incompatible: the field `a` has gone".to_owned(),
        "subject `s` refuses the schema as invalid: not Avro".to_owned(),
        format!("the schema registry at `{url}` refused: read only (error code 40301)"),
    ] {
        let error = registry.register("s", "{}").await.expect_err("refused");
        assert_eq!(error.to_string(), expected);
    }
}

#[tokio::test]
async fn a_registry_that_is_not_there_is_named_with_what_to_do() {
    let settings = RegistrySettings {
        patience: Duration::from_millis(60),
        ..RegistrySettings::new("http://127.0.0.1:1/")
    };
    let registry = ConfluentRegistry::new(settings).expect("a client");
    let error = registry.register("s", "{}").await.expect_err("nobody listens").to_string();
    assert!(
        error.starts_with("the schema registry at `http://127.0.0.1:1` is not available: "),
        "{error}"
    );
    assert!(error.ends_with("; start it, or name another in SCHEMA_REGISTRY_URL"), "{error}");
    for wrong in ["", "localhost:8081", "ftp://x"] {
        let refused = ConfluentRegistry::new(RegistrySettings::new(wrong)).expect_err(wrong);
        assert!(matches!(refused, RegistryError::Unavailable { .. }), "{refused}");
    }
}

#[tokio::test]
async fn references_come_before_those_who_name_them() {
    let reference = |name: &str| {
        format!(r#""references":[{{"name":"{name}","subject":"{name}","version":1}}]"#)
    };
    let (url, _served) = server(vec![
        (200, format!(r#"{{"schema":"\"n.B\"",{}}}"#, reference("n.B"))),
        (200, format!(r#"{{"id":2,"schema":"{{\"type\":\"record\",\"name\":\"n.B\",\"fields\":[{{\"name\":\"a\",\"type\":\"n.A\"}}]}}",{}}}"#, reference("n.A"))),
        (200, r#"{"id":1,"schema":"{\"type\":\"fixed\",\"name\":\"n.A\",\"size\":2}"}"#.to_owned()),
    ])
    .await;
    let found = registry_at(url).schema(3).await.expect("asks").expect("is there");
    assert_eq!(found.references.len(), 2);
    assert!(found.references[0].contains("n.A") && found.references[0].contains("fixed"));
    let schema = found.parse().expect("is whole");
    assert_eq!(schema.node(schema.root()).kind.type_name(), "record");
}

#[test]
fn every_type_of_the_fixture_is_prepared_in_order() {
    let names: Vec<&str> = LampCommand::TYPES.iter().map(|known| known.full_name).collect();
    assert_eq!(names, ["lamp.SwitchOff", "lamp.SwitchOn"]);
}
