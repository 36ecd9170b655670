//! Appending commands to the log, where their partition's owner decides them.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use charter_domain::{AggregateId, Contract, Message, Metadata, Timestamp, partition_of};
use futures_util::future::try_join_all;
use uuid::Uuid;

use crate::log::{Log, LogError, MAX_RECORD_BYTES, Record};
use crate::schemas::MessageCodec;
use crate::store::Reaction;
use crate::trace::{self, Kind};

/// The header with the SHA-256 of the client's request, 32 bytes.
pub const REQUEST_HASH: &str = "charter-request-hash";

/// How long a command may take to be appended before its fate is given up on.
pub const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// The most bytes of one append of many commands, if it is not one command that has more: 4 MiB.
const APPEND_BYTES: usize = 4 << 20;

/// The code of a command that was refused because its aggregate was at another sequence than the one expected.
pub const SEQUENCE_MISMATCH: &str = "SEQUENCE_MISMATCH";
/// The header of a command's record that says which sequence is expected.
const IF_SEQUENCE: &str = "charter-if-sequence";

/// The header of a command's record that names the event a reactor sent it for.
const REACTION: &str = "charter-reaction";

/// A command as its sender knows it.
#[derive(Clone, Debug)]
pub struct NewCommand<C> {
    /// The command's id, which its outcome is found by.
    pub command_id: Uuid,
    /// The tenant of the aggregate.
    pub tenant: String,
    /// What joins all that the request set in motion.
    pub correlation_id: String,
    /// The message that caused the command; `None` for a request from outside.
    pub causation_id: Option<Uuid>,
    /// The principal who sent it, where known.
    pub actor: Option<String>,
    /// Where the outcome's hint is to be sent, as [`crate::outcomes::OutcomeHints::reply_to`] gives it.
    pub reply_to: Option<String>,
    /// SHA-256 of the client's request before defaults, where it may be repeated under the same id.
    pub request_hash: Option<[u8; 32]>,
    /// The W3C trace context of the request.
    pub traceparent: Option<String>,
    /// The sequence that the aggregate must be at when the command is decided, 0 where it must not be there yet:
    /// else it is refused with [`SEQUENCE_MISMATCH`].
    pub expected_sequence: Option<i64>,
    /// The command.
    pub command: C,
}

impl<C> NewCommand<C> {
    /// A command of which nothing else is known: it correlates with itself, nobody waits for its outcome, and it
    /// holds whatever the aggregate's sequence is.
    pub fn new(command_id: Uuid, tenant: impl Into<String>, command: C) -> Self {
        Self {
            command_id,
            tenant: tenant.into(),
            correlation_id: command_id.to_string(),
            causation_id: None,
            actor: None,
            reply_to: None,
            request_hash: None,
            traceparent: None,
            expected_sequence: None,
            command,
        }
    }
}

/// A command as the log will have it.
#[derive(Debug)]
pub struct Prepared<C> {
    command_id: Uuid,
    partition: u32,
    record: Record,
    step: trace::Step,
    context: PhantomData<C>,
}

impl<C> Prepared<C> {
    /// The partition of the context's command topic that it goes to.
    #[must_use]
    pub fn partition(&self) -> u32 {
        self.partition
    }
}

/// Where an accepted command stands. It is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The partition of the context's command topic.
    pub partition: u32,
    /// The command's offset in it.
    pub offset: u64,
    /// When the log took it, UTC.
    pub time: Timestamp,
}

/// Appends the commands of one context.
#[derive(Debug)]
pub struct CommandSender<C: Contract> {
    log: Arc<dyn Log>,
    codec: Arc<MessageCodec<C::Command>>,
    partitions: u32,
    source: String,
    timeout: Duration,
    sent: Sent,
}

/// The metrics of what was sent, found once.
#[derive(Debug)]
struct Sent {
    accepted: metrics::Counter,
    refused: metrics::Counter,
}

impl Sent {
    fn of(context: &'static str) -> Self {
        let counter = |outcome| metrics::counter!("charter_commands_sent_total", "context" => context, "outcome" => outcome);
        Self { accepted: counter("accepted"), refused: counter("refused") }
    }

    fn count(&self, is_accepted: bool, commands: u64) {
        if is_accepted { &self.accepted } else { &self.refused }.increment(commands);
    }
}

impl<C: Contract> CommandSender<C> {
    /// A sender that calls itself `source` (`charter://gateway`) and appends to the topic of `codec`,
    /// which is there already.
    ///
    /// # Errors
    /// Where the log doesn't tell the topic's partition count.
    pub async fn new(
        log: Arc<dyn Log>,
        codec: Arc<MessageCodec<C::Command>>,
        source: impl Into<String>,
    ) -> Result<Self, LogError> {
        let partitions = log.partitions(codec.topic()).await?;
        let (source, sent) = (source.into(), Sent::of(C::NAME));
        Ok(Self { log, codec, partitions, source, timeout: SEND_TIMEOUT, sent })
    }

    /// The same sender with another time-out than [`SEND_TIMEOUT`].
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The partitions of the context's command topic.
    #[must_use]
    pub fn partitions(&self) -> u32 {
        self.partitions
    }

    /// The partition of the commands for an aggregate.
    #[must_use]
    pub fn partition(&self, aggregate: &AggregateId) -> u32 {
        partition_of(aggregate.record_key().as_bytes(), self.partitions)
    }

    /// Appends a command; when it returns, the command is durable and will be decided once.
    ///
    /// # Errors
    /// [`SendError`]. Only under [`SendError::FateUnknown`] may the command be decided all the same.
    pub async fn send(&self, command: NewCommand<C::Command>) -> Result<Accepted, SendError> {
        self.append(self.prepare(command)).await
    }

    /// Makes the record of a command, which says the partition that it goes to.
    pub fn prepare(&self, command: NewCommand<C::Command>) -> Prepared<C> {
        let command_id = command.command_id;
        let mut step = trace::Step::begin();
        let (partition, record) = self.record(command, &mut step);
        Prepared { command_id, partition, record, step, context: PhantomData }
    }

    /// Appends a command that was prepared; when it returns, the command is durable and will be decided once.
    ///
    /// # Errors
    /// As [`CommandSender::send`].
    pub async fn append(&self, command: Prepared<C>) -> Result<Accepted, SendError> {
        let Prepared { command_id, partition, record, step, .. } = command;
        let append = self.log.append(self.codec.topic(), partition, vec![record]);
        let appended = match tokio::time::timeout(self.timeout, append).await {
            Ok(appended) => appended.map_err(|error| SendError::from_log(command_id, error)),
            Err(_) => Err(self.unanswered(command_id)),
        };
        self.appended(step, appended.as_ref().err());
        self.sent.count(appended.is_ok(), 1);
        let [appended] = appended?[..] else {
            let reason = "the log acknowledged another number of records than one".to_owned();
            return Err(SendError::FateUnknown { command_id, reason });
        };
        Ok(Accepted { partition, offset: appended.offset, time: appended.time })
    }

    /// Appends what reactors send, the commands of each partition in their order; when it returns, all are
    /// durable.
    ///
    /// # Errors
    /// [`SendError::TooLarge`] where one of them is for any log: then none was appended. After any other
    /// [`SendError`] some of them may have been.
    pub(crate) async fn send_reactions(
        &self,
        commands: Vec<(Reaction, NewCommand<C::Command>)>,
    ) -> Result<(), SendError> {
        let Some(first) = commands.first().map(|(_, command)| command.command_id) else {
            return Ok(());
        };
        let count = commands.len() as u64;
        let mut step = trace::Step::begin();
        let mut partitions: BTreeMap<u32, Vec<Record>> = BTreeMap::new();
        for (reaction, command) in commands {
            let (partition, mut record) = self.record(command, &mut step);
            record.headers.push((REACTION.into(), Bytes::from(reaction.to_string())));
            let (size, limit) = (record.size(), MAX_RECORD_BYTES);
            if size > limit {
                return Err(SendError::TooLarge { size, limit });
            }
            partitions.entry(partition).or_default().push(record);
        }
        let appends = partitions.into_iter().map(async |(partition, records)| {
            for part in parts(records) {
                self.log.append(self.codec.topic(), partition, part).await?;
            }
            Ok(())
        });
        let appended = match tokio::time::timeout(self.timeout, try_join_all(appends)).await {
            Ok(appended) => appended.map_err(|error| SendError::from_log(first, error)),
            Err(_) => Err(self.unanswered(first)),
        };
        self.appended(step, appended.as_ref().err());
        self.sent.count(appended.is_ok(), count);
        appended.map(drop)
    }

    fn unanswered(&self, command_id: Uuid) -> SendError {
        let reason = format!("the log didn't answer within {:?}", self.timeout);
        SendError::FateUnknown { command_id, reason }
    }

    /// Whether any log takes these.
    ///
    /// # Errors
    /// [`SendError::TooLarge`].
    pub(crate) fn check(
        &self,
        commands: impl IntoIterator<Item = NewCommand<C::Command>>,
    ) -> Result<(), SendError> {
        let mut step = trace::Step::begin();
        for command in commands {
            let (size, limit) = (self.record(command, &mut step).1.size(), MAX_RECORD_BYTES);
            if size > limit {
                return Err(SendError::TooLarge { size, limit });
            }
        }
        Ok(())
    }

    /// The spans of an append.
    fn appended(&self, step: trace::Step, error: Option<&SendError>) {
        let topic = self.codec.topic();
        let error = error.map(|error| error as &dyn std::error::Error);
        step.end(Kind::Producer, error, || {
            let attributes = vec![
                ("messaging.system", self.log.system().into()),
                ("messaging.operation.name", "append".into()),
                ("messaging.destination.name", topic.to_owned().into()),
            ];
            (format!("append {topic}"), attributes)
        });
    }

    /// The command's partition and record, which carries the span of `step`.
    fn record(&self, command: NewCommand<C::Command>, step: &mut trace::Step) -> (u32, Record) {
        let NewCommand {
            command_id,
            tenant,
            correlation_id,
            causation_id,
            actor,
            reply_to,
            request_hash,
            traceparent,
            expected_sequence,
            command,
        } = command;
        let metadata = Metadata {
            id: command_id,
            r#type: command.message_type().wire_type.to_owned(),
            source: self.source.clone(),
            tenant_id: tenant,
            correlation_id,
            causation_id,
            time: now(),
            key: command.key(),
            // A command has no place in a history.
            sequence: 0,
            position: -1,
            actor,
            reply_to,
        };
        let trace = step.of(traceparent.as_deref().map(str::as_bytes));
        let mut record = self.codec.record(&metadata, &command, trace);
        if let Some(hash) = request_hash {
            record.headers.push((REQUEST_HASH.into(), Bytes::copy_from_slice(&hash)));
        }
        if let Some(sequence) = expected_sequence {
            record.headers.push((IF_SEQUENCE.into(), Bytes::from(sequence.to_string())));
        }
        (partition_of(&record.key, self.partitions), record)
    }
}

/// The event that a reactor sent a command for; nothing where the header can't be read, which nobody writes.
pub(crate) fn reaction(record: &Record) -> Option<Reaction> {
    std::str::from_utf8(record.header(REACTION)?).ok()?.parse().ok()
}

/// The records in appends of about [`APPEND_BYTES`] at most.
fn parts(records: Vec<Record>) -> Vec<Vec<Record>> {
    let mut parts: Vec<Vec<Record>> = Vec::new();
    let mut bytes = usize::MAX;
    for record in records {
        bytes = bytes.saturating_add(record.size());
        if let (Some(part), true) = (parts.last_mut(), bytes <= APPEND_BYTES) {
            part.push(record);
        } else {
            bytes = record.size();
            parts.push(vec![record]);
        }
    }
    parts
}

/// The sequence that a command's record asks for; an error where it has one that can't be read.
pub(crate) fn expected_sequence(record: &Record) -> Result<Option<i64>, String> {
    let Some(value) = record.header(IF_SEQUENCE) else { return Ok(None) };
    let sequence = std::str::from_utf8(value).ok().and_then(|text| text.parse::<i64>().ok());
    match sequence.filter(|sequence| *sequence >= 0) {
        Some(sequence) => Ok(Some(sequence)),
        None => Err(format!("the header `{IF_SEQUENCE}` should be a number from 0")),
    }
}

/// The hash of the client's request that a command's record carries.
#[must_use]
pub fn request_hash(record: &Record) -> Option<[u8; 32]> {
    record.header(REQUEST_HASH).and_then(|hash| <[u8; 32]>::try_from(hash.as_ref()).ok())
}

/// Why a command was not accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// It was not appended; it may be sent again.
    #[error("the command was not accepted: {source}")]
    Unavailable {
        /// What the log said.
        #[source]
        source: LogError,
    },
    /// It may have been appended: its outcome, or a repeat under the same id, will tell.
    #[error("whether command {command_id} was accepted is not known: {reason}")]
    FateUnknown {
        /// The command's id.
        command_id: Uuid,
        /// What went wrong.
        reason: String,
    },
    /// It can never be appended.
    #[error("the command takes {size} bytes on the log, which takes at most {limit}")]
    TooLarge {
        /// The record's bytes.
        size: usize,
        /// The most that is taken.
        limit: usize,
    },
    /// The log refused otherwise.
    #[error(transparent)]
    Log(LogError),
}

impl SendError {
    fn from_log(command_id: Uuid, error: LogError) -> Self {
        if let LogError::TooLarge { size, limit } = error {
            return Self::TooLarge { size, limit };
        }
        if let LogError::FateUnknown { reason, .. } = error {
            return Self::FateUnknown { command_id, reason };
        }
        if error.is_transient() { Self::Unavailable { source: error } } else { Self::Log(error) }
    }
}

/// The sender's time; the log's own is the one that counts.
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests;
