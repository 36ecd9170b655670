//! Sending to an embedded log.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, mpsc};

use super::*;
use crate::log::TopicSpec;
use crate::log::embedded::{Durability, EmbeddedLog, EmbeddedSettings};
use crate::schemas::fixture::{Lamp, LampCommand, switch_on};
use crate::schemas::{MemoryRegistry, Registration, SchemaCatalog};

struct Sending {
    _directory: tempfile::TempDir,
    log: Arc<EmbeddedLog>,
    codec: Arc<MessageCodec<LampCommand>>,
    sender: CommandSender<Lamp>,
}

async fn sending(settings: EmbeddedSettings) -> Sending {
    let directory = tempfile::tempdir().expect("temporary directory");
    let settings = EmbeddedSettings { durability: Durability::Process, ..settings };
    let log = Arc::new(EmbeddedLog::open(directory.path(), settings).expect("opens"));
    let topic =
        TopicSpec { name: Lamp::commands_topic(), partitions: 4, retention: None, volatile: false };
    log.ensure_topic(&topic).await.expect("makes");
    let catalog = SchemaCatalog::new(Arc::new(MemoryRegistry::new()), Registration::Register);
    let codec = Arc::new(catalog.messages(&topic.name).await.expect("registers"));
    let shared: Arc<dyn Log> = Arc::<EmbeddedLog>::clone(&log);
    let sender =
        CommandSender::new(shared, Arc::clone(&codec), "charter://tests").await.expect("is there");
    Sending { _directory: directory, log, codec, sender }
}

fn command(lamp_id: &str) -> NewCommand<LampCommand> {
    NewCommand {
        command_id: Uuid::from_u128(5),
        tenant: "acme".to_owned(),
        correlation_id: "c".to_owned(),
        causation_id: Some(Uuid::from_u128(4)),
        actor: Some("me".to_owned()),
        reply_to: Some("outcomes/0".to_owned()),
        request_hash: Some([9; 32]),
        traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
        expected_sequence: Some(3),
        command: switch_on(lamp_id),
    }
}

#[tokio::test]
async fn a_command_lands_in_its_aggregates_partition_with_all_that_was_said() {
    let Sending { log, codec, sender, .. } = &sending(EmbeddedSettings::default()).await;
    let accepted = sender.send(command("lamp-1")).await.expect("is accepted");
    let aggregate = AggregateId::new("acme", "lamp-1");
    assert_eq!(accepted.partition, sender.partition(&aggregate));
    assert_eq!(accepted.partition, partition_of(b"acme/lamp-1", 4));
    let records = log
        .fetch("lamp.commands", accepted.partition, accepted.offset, 1 << 20, Duration::ZERO)
        .await
        .expect("fetches");
    assert_eq!(records[0].time, accepted.time);
    let record = &records[0].record;
    assert_eq!(request_hash(record), Some([9; 32]));
    assert!(record.header("traceparent").is_some());
    assert_eq!(super::expected_sequence(record), Ok(Some(3)));
    let envelope = codec.decode(record).await.expect("reads");
    assert_eq!(envelope.payload, switch_on("lamp-1"));
    assert_eq!(envelope.aggregate(), aggregate);
    let metadata = envelope.metadata;
    assert_eq!(metadata.id, Uuid::from_u128(5));
    assert_eq!(metadata.r#type, "lamp.on");
    assert_eq!(metadata.source, "charter://tests");
    assert_eq!(metadata.correlation_id, "c");
    assert_eq!(metadata.causation_id, Some(Uuid::from_u128(4)));
    assert_eq!((metadata.sequence, metadata.position), (0, -1));
    assert_eq!(metadata.actor.as_deref(), Some("me"));
    assert_eq!(metadata.reply_to.as_deref(), Some("outcomes/0"));
}

#[tokio::test]
async fn a_command_without_a_request_has_no_hash() {
    let Sending { log, sender, .. } = &sending(EmbeddedSettings::default()).await;
    let bare = NewCommand {
        request_hash: None,
        traceparent: None,
        expected_sequence: None,
        ..command("l")
    };
    let accepted = sender.send(bare).await.expect("is accepted");
    let records = log
        .fetch("lamp.commands", accepted.partition, 0, 1 << 20, Duration::ZERO)
        .await
        .expect("fetches");
    assert_eq!(request_hash(&records[0].record), None);
    assert!(records[0].record.header("traceparent").is_none());
    assert_eq!(super::expected_sequence(&records[0].record), Ok(None));
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let settings = EmbeddedSettings { record_bytes: 2_000, ..EmbeddedSettings::default() };
    let Sending { log, sender, .. } = &sending(settings).await;
    let error = sender.send(command(&"l".repeat(3_000))).await.expect_err("too large");
    assert!(matches!(error, SendError::TooLarge { limit: 2_000, .. }), "{error}");
    log.close().await;
    let error = sender.send(command("l")).await.expect_err("closed");
    assert_eq!(
        error.to_string(),
        "the command was not accepted: the log is not available: it is closed"
    );
    assert!(matches!(error, SendError::Unavailable { .. }));
}

#[tokio::test]
async fn a_log_that_does_not_answer_leaves_the_fate_unknown() {
    // The log's writer stops at its clock until the test has its answer.
    let is_silent = Arc::new(AtomicBool::new(false));
    let (answered, answer) = mpsc::channel::<()>();
    let (silent, answer) = (Arc::clone(&is_silent), Mutex::new(answer));
    let clock = move || {
        if silent.load(Ordering::SeqCst) {
            let _ = answer.lock().expect("no panic").recv();
        }
        Timestamp::from_micros(1)
    };
    let settings = EmbeddedSettings { clock: Arc::new(clock), ..EmbeddedSettings::default() };
    let Sending { sender, log: _log, _directory, .. } = sending(settings).await;
    is_silent.store(true, Ordering::SeqCst);
    let sender = sender.with_timeout(Duration::ZERO);
    let error = sender.send(command("l")).await.expect_err("no time at all");
    drop(answered);
    assert_eq!(
        error.to_string(),
        "whether command 00000000-0000-0000-0000-000000000005 was accepted is not known: the log didn't answer within 0ns"
    );
}
