//! What is decided next: commands from the log, and the deadlines due before them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use charter_domain::{CommandOf, Contract, Decider, Timestamp};
use tokio_util::sync::CancellationToken;

use super::super::draft::DeadlineOrder;
use super::super::work::{Unit, Unreadable, Work};
use super::super::{Trouble, wire};
use super::Owner;
use crate::log::LogRecord;
use crate::service::Runtime;
use crate::store::{ReadError, StoredDeadline};

/// Bytes of commands fetched at a time, 4 MiB: a batch of commands of the usual size.
const FETCH_BYTES: usize = 4 << 20;

/// What is decided next: records of the log and deadlines due until then.
pub(super) struct Gathered {
    pub(super) records: Vec<Arc<LogRecord>>,
    pub(super) deadlines: Vec<StoredDeadline>,
    /// Deadlines set in the batch are decided in it where they are due at this time or before…
    until: Timestamp,
    /// …and before this one, from which on the store may hold more that were not read.
    horizon: Option<Timestamp>,
}

impl Gathered {
    fn nothing() -> Self {
        Self {
            records: Vec::new(),
            deadlines: Vec::new(),
            until: Timestamp::from_micros(0),
            horizon: None,
        }
    }

    pub(super) fn takes(&self, due: Timestamp) -> bool {
        due <= self.until && self.horizon.is_none_or(|horizon| due < horizon)
    }
}

/// What an idle partition waits for.
enum Wait {
    /// A deadline is due at this time of the log.
    Due(Timestamp),
    /// Commands, for so long.
    For(Duration),
}

/// Commands in the log's order, and deadlines in theirs.
pub(super) type Units<D> =
    (VecDeque<Unit<CommandOf<D>>>, BTreeMap<DeadlineOrder, Unit<CommandOf<D>>>);

impl<D: Decider> Owner<'_, D> {
    /// Waits for something to decide; `None` when it is time to stop.
    pub(super) async fn gather(
        &mut self,
        stop: &CancellationToken,
    ) -> Result<Option<Gathered>, Trouble> {
        if stop.is_cancelled() {
            return Ok(None);
        }
        let mut until = None;
        if self.carry.is_empty() {
            match self.wait_for_deadline().await? {
                Wait::Due(time) => until = Some(time),
                Wait::For(wait) => {
                    let limit = self.care.most(self.ports.runtime.settings.batch_commands);
                    tokio::select! {
                        () = stop.cancelled() => return Ok(None),
                        error = self.publisher.failed() => return Err(error.into()),
                        fetched = fetch(&self.ports.runtime, &self.topic, self.rules.lease.partition, self.checkpoint.offset, wait) => {
                            self.carry.extend(fetched?);
                        }
                    }
                    if self.busy && !self.carry.is_empty() && self.carry.len() < limit {
                        self.linger(limit).await?;
                    }
                }
            }
        }
        let limit = self.care.most(self.ports.runtime.settings.batch_commands);
        let mut count = self.carry.len().min(limit);
        let until =
            count.checked_sub(1).and_then(|last| Some(self.carry.get(last)?.time)).or(until);
        let Some(until) = until else {
            return Ok(Some(Gathered::nothing()));
        };
        let mut deadlines = Vec::new();
        if self.next_deadline.is_some_and(|next| next <= until) {
            let most = u32::try_from(limit).unwrap_or(u32::MAX);
            let (context, partition) = (D::Contract::NAME, self.rules.lease.partition);
            deadlines = self.ports.runtime.store.deadlines(context, partition, until, most).await?;
        }
        let full = deadlines.len() == limit;
        let horizon = deadlines.last().filter(|_| full).map(|last| last.due);
        if let Some(horizon) = horizon {
            count =
                self.carry.iter().take(count).take_while(|record| record.time < horizon).count();
        }
        if limit == 1 && !deadlines.is_empty() {
            count = 0;
        }
        let records = self.carry.drain(..count).collect();
        Ok(Some(Gathered { records, deadlines, until, horizon }))
    }

    /// How long to wait for commands before the next deadline is due. It is due once the log's end, read at
    /// that time or later, is decided.
    async fn wait_for_deadline(&self) -> Result<Wait, Trouble> {
        let idle = self.ports.runtime.settings.idle_wait;
        let Some(due) = self.next_deadline else { return Ok(Wait::For(idle)) };
        let now =
            self.ports.runtime.log.end_and_time(&self.topic, self.rules.lease.partition).await?;
        if now.time < due {
            return Ok(Wait::For(due.since(now.time).min(idle)));
        }
        if now.offset == self.checkpoint.offset {
            return Ok(Wait::Due(now.time));
        }
        Ok(Wait::For(Duration::ZERO))
    }

    /// Fetches more for up to the batch's time, under load only: a lone command is not held up.
    async fn linger(&mut self, limit: usize) -> Result<(), Trouble> {
        let until = Instant::now() + self.ports.runtime.settings.batch_wait;
        // Two fetches at most may be as large as they can be.
        let mut bytes: usize = self.carry.iter().map(|record| record.record.size()).sum();
        while self.carry.len() < limit && bytes < FETCH_BYTES {
            let left = until.saturating_duration_since(Instant::now());
            let Some(last) = self.carry.back().filter(|_| !left.is_zero()) else { break };
            let (partition, from) = (self.rules.lease.partition, last.offset + 1);
            let more = fetch(&self.ports.runtime, &self.topic, partition, from, left).await?;
            if more.is_empty() {
                break;
            }
            bytes += more.iter().map(|record| record.record.size()).sum::<usize>();
            self.carry.extend(more);
        }
        Ok(())
    }

    /// Reads what was gathered: the commands in the log's order, the deadlines in theirs.
    pub(super) async fn read(&self, gathered: &Gathered) -> Result<Units<D>, Trouble> {
        let mut commands = VecDeque::with_capacity(gathered.records.len());
        for record in &gathered.records {
            let read = wire::read_command(self.ports, self.rules.lease.partition, record).await?;
            commands.push_back(Unit::Command {
                offset: record.offset,
                time: record.time,
                read,
                record: record.clone(),
            });
        }
        let mut due = BTreeMap::new();
        for stored in &gathered.deadlines {
            let read =
                self.rules.commands.read(&stored.wire_type, stored.schema, &stored.envelope).await;
            let read = match read {
                Ok(envelope) => Ok(Work {
                    aggregate: envelope.aggregate(),
                    command: envelope.payload,
                    metadata: envelope.metadata,
                    request_hash: None,
                    traceparent: None,
                    handled: None,
                    expected_sequence: None,
                }),
                Err(ReadError::Unreadable(reason) | ReadError::OtherRelease(reason)) => {
                    Err(Unreadable::deadline(stored, reason))
                }
                Err(ReadError::Store(error)) => return Err(error.into()),
            };
            let order = (stored.due, stored.position, stored.id);
            due.insert(order, deadline_unit(stored.clone(), read, true));
        }
        Ok((commands, due))
    }
}

pub(super) fn deadline_unit<C>(
    stored: StoredDeadline,
    read: Result<Work<C>, Unreadable>,
    kept: bool,
) -> Unit<C> {
    Unit::Deadline { id: stored.id, due: stored.due, stored: kept, envelope: stored.envelope, read }
}

async fn fetch(
    runtime: &Runtime,
    topic: &str,
    partition: u32,
    from: u64,
    wait: Duration,
) -> Result<Vec<Arc<LogRecord>>, Trouble> {
    let fetched = runtime.log.fetch(topic, partition, from, FETCH_BYTES, wait).await?;
    Ok(fetched.into_iter().map(Arc::new).collect())
}
