//! Commands from the log, and dead letters to it.

use charter_avro::codec::Bytes;
use charter_domain::{AggregateId, CommandOf, Decider, partition_of};
use contract_shared::DeadLetter;
use uuid::Uuid;

use super::Trouble;
use super::work::{Unreadable, Work};
use crate::log::{LogRecord, MAX_RECORD_BYTES, Record, bounded};
use crate::schemas::{CE_ID, CE_TYPE, TRACEPARENT};
use crate::service::Ports;
use crate::submit;
use crate::trace::Handled;

/// Room for a dead letter's key, and for saying that it was cut.
const KEY_AND_SLACK: usize = 256;

/// The command of a record, or why it is none.
///
/// # Errors
/// Where the registry doesn't answer, so that the record may be fine.
pub(super) async fn read_command<D: Decider>(
    ports: &Ports<D>,
    partition: u32,
    record: &LogRecord,
) -> Result<Result<Work<CommandOf<D>>, Unreadable>, Trouble> {
    let record = &record.record;
    let decoded = match ports.commands.decode_known(record) {
        Ok(Some(envelope)) => Ok(envelope),
        Ok(None) => ports.commands.decode(record).await,
        Err(error) => Err(error),
    };
    let envelope = match decoded {
        Ok(envelope) => envelope,
        Err(error) if error.is_poison() => return Ok(Err(unreadable(record, error.to_string()))),
        Err(error) => return Err(Trouble::Schemas(error.to_string())),
    };
    let aggregate = envelope.aggregate();
    if aggregate.record_key().as_bytes() != record.key.as_ref() {
        return Ok(Err(unreadable(record, format!("the record's key should be `{aggregate}`"))));
    }
    let own = partition_of(&record.key, ports.partitions);
    if own != partition {
        // Two partitions would write one history.
        let reason =
            format!("`{aggregate}` is of partition {own}, the record stands in {partition}");
        return Ok(Err(unreadable(record, reason)));
    }
    let metadata = &envelope.metadata;
    let texts = [&metadata.tenant_id, &metadata.key, &metadata.correlation_id];
    let optional = [&metadata.actor, &metadata.reply_to];
    if texts.into_iter().chain(optional.into_iter().flatten()).any(|text| text.contains('\0')) {
        let reason = "a text of the metadata holds U+0000".to_owned();
        // Neither tenant nor key can be kept as they are.
        return Ok(Err(Unreadable { tenant: None, key: None, ..unreadable(record, reason) }));
    }
    let expected_sequence = match submit::expected_sequence(record) {
        Ok(expected) => expected,
        Err(reason) => return Ok(Err(unreadable(record, reason))),
    };
    let handled = record.header(TRACEPARENT).and_then(|header| Handled::of(header));
    Ok(Ok(Work {
        command: envelope.payload,
        aggregate,
        metadata: envelope.metadata,
        request_hash: request_hash(record),
        // What follows from a command that is recorded follows from its decision.
        traceparent: handled
            .map(|handled| handled.own.traceparent())
            .or_else(|| header(record, TRACEPARENT))
            .map(Into::into),
        handled,
        expected_sequence,
    }))
}

fn request_hash(record: &Record) -> Option<Bytes> {
    submit::request_hash(record).map(|hash| Bytes(hash.to_vec()))
}

/// A text that a store takes.
fn text(bytes: &[u8]) -> Option<String> {
    String::from_utf8(bytes.to_vec()).ok().filter(|text| !text.contains('\0'))
}

fn header(record: &Record, name: &str) -> Option<String> {
    record.header(name).and_then(|value| text(value))
}

/// What key and headers tell of a record that can't be read.
fn unreadable(record: &Record, reason: String) -> Unreadable {
    let header = |name| header(record, name);
    let aggregate = text(&record.key).and_then(|key| aggregate_of(&key));
    let (tenant, key) = aggregate.map(|id| (id.tenant, id.key)).unzip();
    Unreadable {
        reason,
        tenant,
        key,
        command_id: header(CE_ID).and_then(|id| Uuid::parse_str(&id).ok()),
        wire_type: header(CE_TYPE),
        request_hash: request_hash(record),
    }
}

/// The aggregate of a record key, which [`AggregateId::record_key`] made.
fn aggregate_of(record_key: &str) -> Option<AggregateId> {
    let (tenant, key) = record_key.split_once('/')?;
    Some(AggregateId::new(tenant.replace("~1", "/").replace("~0", "~"), key))
}

/// The letter's bytes; a value that would make it larger than the log takes is cut, and the reason says so.
fn encode<D: Decider>(ports: &Ports<D>, letter: &DeadLetter) -> bytes::Bytes {
    let bytes = ports.dead_letters.encode(letter);
    let excess = (bytes.len() + KEY_AND_SLACK).saturating_sub(MAX_RECORD_BYTES);
    if excess == 0 {
        return bytes;
    }
    let mut cut = letter.clone();
    cut.envelope.0.truncate(letter.envelope.0.len().saturating_sub(excess));
    cut.reason = format!(
        "{} (of its {} bytes the first {} are kept)",
        letter.reason,
        letter.envelope.0.len(),
        cut.envelope.0.len()
    );
    ports.dead_letters.encode(&cut)
}

/// Appends dead letters.
pub(super) async fn set_aside<D: Decider>(
    ports: &Ports<D>,
    topic: &str,
    partition: u32,
    letters: &[DeadLetter],
) -> Result<(), Trouble> {
    if letters.is_empty() {
        return Ok(());
    }
    for letter in letters {
        tracing::warn!(
            context = letter.context,
            partition,
            offset = letter.offset,
            code = letter.code,
            command_id = letter.command_id.map(tracing::field::display),
            reason = letter.reason,
            "set aside a command"
        );
        metrics::counter!(
            "charter_dead_letters_total",
            "context" => letter.context.clone(),
            "code" => letter.code.clone()
        )
        .increment(1);
    }
    let records = letters.iter().map(|letter| Record {
        key: letter.id.to_string().into(),
        value: encode(ports, letter),
        headers: Vec::new(),
    });
    bounded(ports.runtime.log.append(topic, partition, records.collect())).await?;
    Ok(())
}
