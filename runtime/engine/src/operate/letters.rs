//! Dead letters.

use std::cmp::Reverse;
use std::time::Duration;

use charter_avro::codec;
use charter_domain::Timestamp;
use contract_shared::DeadLetter;
use serde::Serialize;
use uuid::Uuid;

use super::{Decoded, MOST, OperateError, Operator};
use crate::log::LogRecord;

/// Bytes fetched at a time, 4 MiB.
const FETCH_BYTES: usize = 4 << 20;
/// Byte 0 and a schema's id.
const FRAME: usize = 5;

/// A dead letter in a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LetterSummary {
    /// The dead letter.
    pub id: String,
    /// The context.
    pub context: String,
    /// When it was set aside, UTC.
    pub failed_at: Timestamp,
    /// What went wrong, as a code.
    pub code: String,
    /// What went wrong, in a sentence.
    pub reason: String,
    /// The message's name on the wire, where it could be read.
    pub r#type: Option<String>,
    /// The tenant, where it could be read.
    pub tenant_id: Option<String>,
    /// The command, where it could be read.
    pub command_id: Option<Uuid>,
    /// Where it was read from; `offset` is -1 for a deadline's command.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
    /// How often it was tried.
    pub attempts: i32,
}

/// A dead letter with its message.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Letter {
    /// What the list shows.
    #[serde(flatten)]
    pub summary: LetterSummary,
    /// The message, as far as it can be read.
    pub message: Decoded,
}

impl Operator {
    /// Up to `limit` dead letters of one context or all, the newest first.
    ///
    /// # Errors
    /// [`OperateError`].
    pub async fn dead_letters(
        &self,
        context: Option<&str>,
        limit: usize,
    ) -> Result<Vec<LetterSummary>, OperateError> {
        let limit = limit.min(MOST);
        let mut all = Vec::new();
        for context in self.contexts(context).await? {
            let mut take = |record: &LogRecord| {
                all.push(summary(&context, record).0);
                true
            };
            self.scan(&context, limit, &mut take).await?;
        }
        all.sort_by_key(|letter| Reverse(letter.failed_at));
        all.truncate(limit);
        Ok(all)
    }

    /// A dead letter.
    ///
    /// # Errors
    /// [`OperateError::NotFound`] where none of the kept ones has this id.
    pub async fn dead_letter(&self, id: Uuid) -> Result<Letter, OperateError> {
        let key = id.to_string();
        for context in self.contexts(None).await? {
            let mut found = None;
            let mut look = |record: &LogRecord| {
                if record.record.key.as_ref() == key.as_bytes() {
                    found = Some(summary(&context, record));
                }
                found.is_none()
            };
            self.scan(&context, usize::MAX, &mut look).await?;
            if let Some((summary, envelope)) = found {
                let message = self.framed(&envelope).await;
                return Ok(Letter { summary, message });
            }
        }
        Err(OperateError::NotFound { what: "dead letter", id })
    }

    /// Shows the newest `most` dead letters of each partition to `look`, until it has seen enough.
    async fn scan(
        &self,
        context: &str,
        most: usize,
        look: &mut (dyn FnMut(&LogRecord) -> bool + Send),
    ) -> Result<(), OperateError> {
        let topic = format!("{context}.dead-letters");
        for partition in 0..self.log.partitions(&topic).await? {
            let bounds = self.log.bounds(&topic, partition).await?;
            let most = u64::try_from(most).unwrap_or(u64::MAX);
            let mut next = bounds.start.max(bounds.end.saturating_sub(most));
            while next < bounds.end {
                let fetch = self.log.fetch(&topic, partition, next, FETCH_BYTES, Duration::ZERO);
                let records = fetch.await?;
                let Some(last) = records.last() else { break };
                next = last.offset + 1;
                if !records.iter().all(&mut *look) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

/// What the letter says, and the message in it; a letter that can't be read says so.
fn summary(context: &str, record: &LogRecord) -> (LetterSummary, Vec<u8>) {
    let body = record.record.value.get(FRAME..).unwrap_or_default();
    let offset = record.offset.cast_signed();
    match codec::decode::<DeadLetter>(body) {
        Ok(letter) => {
            let summary = LetterSummary {
                id: letter.id.to_string(),
                context: letter.context,
                failed_at: letter.failed_at,
                code: letter.code,
                reason: letter.reason,
                r#type: letter.r#type,
                tenant_id: letter.tenant_id,
                command_id: letter.command_id,
                topic: letter.topic,
                partition: letter.partition,
                offset: letter.offset,
                attempts: letter.attempts,
            };
            (summary, letter.envelope.0)
        }
        Err(error) => {
            let summary = LetterSummary {
                id: String::from_utf8_lossy(&record.record.key).into_owned(),
                context: context.to_owned(),
                failed_at: record.time,
                code: "LETTER_UNREADABLE".to_owned(),
                reason: format!("the dead letter itself can't be read: {error}"),
                r#type: None,
                tenant_id: None,
                command_id: None,
                topic: format!("{context}.dead-letters"),
                partition: -1,
                offset,
                attempts: 0,
            };
            (summary, record.record.value.to_vec())
        }
    }
}
