//! One claim of a partition, from the claim to its end.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant};

use charter_domain::{AggregateId, CommandOf, Contract, Decider, EventOf, Timestamp};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::cache::{Aggregate, Cache};
use super::draft::{DeadlineOrder, Draft, Finished, Rules};
use super::failure::{Failure, FailureCode};
use super::text::TextCheck;
use super::work::{Unit, Unreadable, Work};
use super::{CAREFUL_COMMANDS, MOST_CRASHES, Memory, Trouble, wire};
use crate::log::LogRecord;
use crate::publish::{Outgoing, Publisher};
use crate::service::{Backoff, Health, Ports, Runtime};
use crate::store::{Attempt, Checkpoint, Messages, ReadError, StoredDeadline};

/// How many events of an aggregate or a partition are read at a time.
const PAGE: u32 = 500;
/// How many aggregates are loaded at a time.
const LOADS: usize = 4;
/// Bytes of commands fetched at a time, 4 MiB: a batch of commands of the usual size.
const FETCH_BYTES: usize = 4 << 20;
/// Outcomes forgotten in one transaction, so that none takes long.
const PURGE_STEP: u32 = 500;

/// A claimed partition.
pub(super) struct Owner<'a, D: Decider> {
    ports: &'a Ports<D>,
    rules: Rules<D>,
    topic: String,
    checkpoint: Checkpoint,
    cache: Cache<D>,
    /// Why aggregates could not be loaded.
    unreadable: HashMap<AggregateId, String>,
    /// Fetched and not decided.
    carry: VecDeque<LogRecord>,
    next_deadline: Option<Timestamp>,
    publisher: Publisher<D::Contract>,
    careful: usize,
    crashed: Option<Attempt>,
    tried: Option<uuid::Uuid>,
    /// Whether the last batch had company, so that waiting for more is worth it.
    busy: bool,
    house_kept: Instant,
    in_order: bool,
}

/// What is decided next: records of the log and deadlines due until then.
struct Gathered {
    records: Vec<LogRecord>,
    deadlines: Vec<StoredDeadline>,
    /// Deadlines set in the batch are decided in it where they are due at this time or before…
    until: Timestamp,
    /// …and before this one, from which on the store may hold more that were not read.
    horizon: Option<Timestamp>,
}

impl Gathered {
    fn takes(&self, due: Timestamp) -> bool {
        due <= self.until && self.horizon.is_none_or(|horizon| due < horizon)
    }
}

impl<'a, D: Decider> Owner<'a, D> {
    /// Claims the partition and takes up publication where it stopped.
    pub(super) async fn claim(
        ports: &'a Ports<D>,
        partition: u32,
        memory: &mut Memory,
    ) -> Result<Self, Trouble> {
        let context = D::Contract::NAME;
        let runtime = &ports.runtime;
        let store = &runtime.store;
        let claim = store.claim(context, partition, D::Contract::VERSION).await?;
        let own_end = memory.epoch != 0 && claim.lease.epoch == memory.epoch + 1;
        memory.epoch = claim.lease.epoch;
        if !claim.clean && !own_end {
            memory.careful = memory.careful.max(CAREFUL_COMMANDS);
        }
        if claim.attempt.map(|attempt| attempt.command_id) != memory.tried {
            memory.crashed = claim.attempt;
        }
        let published = claim.checkpoint.published.max(memory.published.unwrap_or(-1));
        info!(
            context,
            partition,
            epoch = claim.lease.epoch,
            offset = claim.checkpoint.offset,
            careful = memory.careful,
            "claimed"
        );
        let mut owner = Self {
            ports,
            rules: Rules {
                lease: claim.lease,
                commands: Messages::new(store.clone()),
                events: Messages::new(store.clone()),
                texts: TextCheck::of::<EventOf<D>>(),
                max_event_bytes: runtime.settings.max_event_bytes,
                source: format!("charter://{context}"),
            },
            topic: D::Contract::commands_topic(),
            checkpoint: claim.checkpoint,
            cache: Cache::new(runtime.settings.cached_aggregates),
            unreadable: HashMap::new(),
            carry: VecDeque::new(),
            next_deadline: store.next_deadline(context, partition).await?,
            publisher: Publisher::start(
                runtime.log.clone(),
                ports.events.clone(),
                ports.outcomes.clone(),
                partition,
                published,
            ),
            careful: memory.careful,
            crashed: memory.crashed,
            tried: memory.tried,
            busy: false,
            house_kept: Instant::now(),
            in_order: false,
        };
        if let Err(trouble) = owner.publish_again(published).await {
            owner.end(memory).await?;
            return Err(trouble);
        }
        Ok(owner)
    }

    /// Publishes what is committed beyond the mark; consumers know repeats by their position.
    async fn publish_again(&mut self, published: i64) -> Result<(), Trouble> {
        let (context, partition) = (D::Contract::NAME, self.rules.lease.partition);
        let mut after = published;
        while after + 1 < self.checkpoint.next_position {
            let stored = self.ports.runtime.store.events(context, partition, after, PAGE).await?;
            let Some(last) = stored.last() else { break };
            after = last.position;
            let mut events = Vec::with_capacity(stored.len());
            for event in &stored {
                let read = self.rules.events.read(&event.wire_type, event.schema, &event.envelope);
                let event = read.await.map_err(|error| match error {
                    ReadError::Store(error) => Trouble::from(error),
                    ReadError::Unreadable(reason) => {
                        Trouble::Unpublishable { position: event.position, reason }
                    }
                })?;
                events.push(Outgoing { event, traceparent: None });
            }
            self.publisher.publish(events).await?;
        }
        Ok(())
    }

    /// Decides until `stop`, or until something goes wrong.
    pub(super) async fn work(
        &mut self,
        part: &str,
        health: &Health,
        backoff: &mut Backoff,
        stop: &CancellationToken,
    ) -> Result<(), Trouble> {
        health.reached(part);
        while let Some(gathered) = self.gather(stop).await? {
            let idle = gathered.records.is_empty() && gathered.deadlines.is_empty();
            if !idle {
                self.decide(gathered).await?;
                backoff.reset();
            }
            self.keep_house().await?;
            health.ready(part);
        }
        self.in_order = true;
        Ok(())
    }

    /// Ends the claim: all that was committed is published, or left for the next owner to publish.
    pub(super) async fn end(self, memory: &mut Memory) -> Result<(), Trouble> {
        let published = self.publisher.finish().await;
        memory.published = Some(published);
        memory.careful = self.careful;
        memory.crashed = self.crashed;
        memory.tried = self.tried;
        if self.in_order {
            self.ports.runtime.store.release(&self.rules.lease, published).await?;
        }
        Ok(())
    }

    /// Waits for something to decide; `None` when it is time to stop.
    async fn gather(&mut self, stop: &CancellationToken) -> Result<Option<Gathered>, Trouble> {
        if stop.is_cancelled() {
            return Ok(None);
        }
        let mut until = None;
        if self.carry.is_empty() {
            match self.wait_for_deadline().await? {
                Wait::Due(time) => until = Some(time),
                Wait::For(wait) => {
                    let limit = self.ports.runtime.settings.batch_commands;
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
        let limit = if self.careful > 0 { 1 } else { self.ports.runtime.settings.batch_commands };
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
        if self.careful > 0 && !deadlines.is_empty() {
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
        while self.carry.len() < limit {
            let left = until.saturating_duration_since(Instant::now());
            let Some(last) = self.carry.back().filter(|_| !left.is_zero()) else { break };
            let (partition, from) = (self.rules.lease.partition, last.offset + 1);
            let more = fetch(&self.ports.runtime, &self.topic, partition, from, left).await?;
            if more.is_empty() {
                break;
            }
            self.carry.extend(more);
        }
        Ok(())
    }

    async fn decide(&mut self, gathered: Gathered) -> Result<(), Trouble> {
        let begun = Instant::now();
        let alone = self.careful > 0;
        let size = gathered.records.len() + gathered.deadlines.len();
        let records = gathered.records.clone();
        let (mut commands, mut due) = self.read(&gathered).await?;
        let ids: HashSet<_> =
            commands.iter().chain(due.values()).filter_map(Unit::command_id).collect();
        let known = self.ports.runtime.store.outcomes(&Vec::from_iter(ids)).await?;
        let mut draft = Draft::new(self.checkpoint, known);
        self.load(&draft, commands.iter().chain(due.values())).await?;
        if alone {
            let unit = due.pop_first().map(|(_, unit)| unit).or_else(|| commands.pop_front());
            if let Some(unit) = unit {
                draft = self.decide_alone(draft, &unit).await?;
            }
        } else if let Err(failure) = self.decide_together(&mut draft, commands, due, &gathered) {
            warn!(
                context = D::Contract::NAME,
                reason = failure.reason,
                "redoing a batch one by one"
            );
            self.cache.clear();
            self.careful = size;
            for record in records.into_iter().rev() {
                self.carry.push_front(record);
            }
            return Ok(());
        }
        self.commit(draft).await?;
        self.careful = self.careful.saturating_sub(1);
        self.busy = size > 1;
        self.cache.trim();
        let context = D::Contract::NAME;
        metrics::histogram!("charter_batch_commands", "context" => context)
            .record(f64::from(u32::try_from(size).unwrap_or(u32::MAX)));
        metrics::histogram!("charter_batch_seconds", "context" => context)
            .record(begun.elapsed().as_secs_f64());
        Ok(())
    }

    /// Decides all in the order of their time; a deadline before the commands of the same instant.
    fn decide_together(
        &mut self,
        draft: &mut Draft<D>,
        mut commands: VecDeque<Unit<CommandOf<D>>>,
        mut due: BTreeMap<DeadlineOrder, Unit<CommandOf<D>>>,
        gathered: &Gathered,
    ) -> Result<(), Failure> {
        loop {
            while let Some(first) = draft.deadlines.first_entry() {
                if !gathered.takes(first.key().0) {
                    break;
                }
                let order = *first.key();
                let (stored, work) = first.remove();
                due.insert(order, deadline_unit(stored, Ok(work), false));
            }
            let deadline_first = match (due.first_key_value(), commands.front()) {
                (Some(((due, ..), _)), Some(command)) => *due <= command.time(),
                (Some(_), None) => true,
                (None, _) => false,
            };
            let next = if deadline_first {
                due.pop_first().map(|(_, unit)| unit)
            } else {
                commands.pop_front()
            };
            let Some(unit) = next else { return Ok(()) };
            self.decide_one(draft, &unit)?;
        }
    }

    fn decide_one(
        &mut self,
        draft: &mut Draft<D>,
        unit: &Unit<CommandOf<D>>,
    ) -> Result<(), Failure> {
        let unreadable =
            unit.read().as_ref().ok().and_then(|work| self.unreadable.get(&work.aggregate()));
        if let Some(reason) = unreadable {
            return Err(Failure::new(FailureCode::HistoryUnreadable, reason.clone()));
        }
        draft.decide(&self.rules, &mut self.cache, unit)
    }

    /// Decides one unit by itself; one that fails ends as failed.
    async fn decide_alone(
        &mut self,
        mut draft: Draft<D>,
        unit: &Unit<CommandOf<D>>,
    ) -> Result<Draft<D>, Trouble> {
        let mut attempts = 1;
        let id = unit.command_id().filter(|id| draft.decided(id).is_none());
        if let (Some((_, command_id)), Ok(_)) = (id, unit.read()) {
            let crashed = self.crashed.filter(|attempt| attempt.command_id == command_id);
            attempts = crashed.map_or(0, |attempt| attempt.count);
            if attempts >= MOST_CRASHES {
                let failure = Failure::new(
                    FailureCode::Crashed,
                    format!("deciding it has ended the process {attempts} times"),
                );
                draft.fail(&self.rules, unit, &failure, attempts);
                return Ok(draft);
            }
            attempts += 1;
            let attempt = Attempt { command_id, count: attempts };
            self.ports.runtime.store.record_attempt(&self.rules.lease, attempt).await?;
            self.tried = Some(command_id);
        }
        let Err(failure) = self.decide_one(&mut draft, unit) else { return Ok(draft) };
        // Whatever the failed decision has touched is forgotten.
        self.cache.clear();
        let known = draft.into_known();
        let mut draft = Draft::new(self.checkpoint, known);
        draft.fail(&self.rules, unit, &failure, attempts);
        Ok(draft)
    }

    async fn commit(&mut self, draft: Draft<D>) -> Result<(), Trouble> {
        if draft.is_empty() {
            return Ok(());
        }
        // Before the commit, so that no failed command is without its dead letter; a batch that is done
        // again sets aside the same ones again, under the same ids.
        wire::set_aside(
            self.ports,
            &D::Contract::dead_letters_topic(),
            self.rules.lease.partition,
            &draft.dead_letters,
        )
        .await?;
        let Finished { batch, events, hints } =
            draft.finish(&self.rules.lease, self.publisher.mark());
        let begun = Instant::now();
        self.ports.runtime.store.commit(&batch).await?;
        let context = D::Contract::NAME;
        metrics::histogram!("charter_commit_seconds", "context" => context)
            .record(begun.elapsed().as_secs_f64());
        for stored in &batch.outcomes {
            let status = stored.outcome.status.as_str();
            metrics::counter!("charter_commands_total", "context" => context, "outcome" => status)
                .increment(1);
        }
        self.checkpoint = batch.checkpoint;
        self.unreadable.clear();
        if !batch.deadlines.is_empty() || !batch.resolved.is_empty() {
            let partition = self.rules.lease.partition;
            self.next_deadline = self.ports.runtime.store.next_deadline(context, partition).await?;
        }
        self.publisher.hint(hints);
        if !events.is_empty() {
            self.publisher.publish(events).await?;
        }
        Ok(())
    }

    /// Reads what was gathered: the commands in the log's order, the deadlines in theirs.
    async fn read(
        &self,
        gathered: &Gathered,
    ) -> Result<(VecDeque<Unit<CommandOf<D>>>, BTreeMap<DeadlineOrder, Unit<CommandOf<D>>>), Trouble>
    {
        let mut commands = VecDeque::with_capacity(gathered.records.len());
        for record in &gathered.records {
            let read = wire::read_command(self.ports, record).await?;
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
                    command: envelope.payload,
                    metadata: envelope.metadata,
                    request_hash: None,
                    traceparent: None,
                }),
                Err(ReadError::Unreadable(reason)) => Err(Unreadable::deadline(stored, reason)),
                Err(ReadError::Store(error)) => return Err(error.into()),
            };
            let order = (stored.due, stored.position, stored.id);
            due.insert(order, deadline_unit(stored.clone(), read, true));
        }
        Ok((commands, due))
    }

    /// Loads the aggregates that the units are about and that are not in memory.
    async fn load(
        &mut self,
        draft: &Draft<D>,
        units: impl Iterator<Item = &Unit<CommandOf<D>>>,
    ) -> Result<(), Trouble> {
        let missing: HashSet<AggregateId> = units
            .filter(|unit| unit.command_id().is_none_or(|id| draft.decided(&id).is_none()))
            .filter_map(|unit| Some(unit.read().as_ref().ok()?.aggregate()))
            .filter(|id| !self.cache.contains(id))
            .collect();
        let (runtime, rules) = (&self.ports.runtime, &self.rules);
        let loaded: Vec<_> = stream::iter(missing)
            .map(|id| async move {
                let aggregate = load::<D>(runtime, rules, &id).await?;
                Ok::<_, Trouble>((id, aggregate))
            })
            .buffer_unordered(LOADS)
            .try_collect()
            .await?;
        for (id, aggregate) in loaded {
            match aggregate {
                Ok(aggregate) => self.cache.insert(id, aggregate),
                Err(reason) => {
                    self.unreadable.insert(id, reason);
                }
            }
        }
        Ok(())
    }

    /// Forgets outcomes past their window, and the commands that led to them, a small step at a time.
    async fn keep_house(&mut self) -> Result<(), Trouble> {
        if self.house_kept.elapsed() < self.ports.runtime.settings.housekeeping {
            return Ok(());
        }
        let (context, partition) = (D::Contract::NAME, self.rules.lease.partition);
        let now = self.ports.runtime.log.end_and_time(&self.topic, partition).await?.time;
        let before = now - self.ports.runtime.settings.outcome_retention;
        let purged =
            self.ports.runtime.store.purge_outcomes(context, partition, before, PURGE_STEP).await?;
        if let Some(offset) = purged.offset {
            let before = (offset + 1).min(self.checkpoint.offset);
            self.ports.runtime.log.trim(&self.topic, partition, before).await?;
        }
        if purged.outcomes < PURGE_STEP {
            self.house_kept = Instant::now();
        }
        Ok(())
    }
}

/// What an idle partition waits for.
enum Wait {
    /// A deadline is due at this time of the log.
    Due(Timestamp),
    /// Commands, for so long.
    For(Duration),
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
}

fn deadline_unit<C>(
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
) -> Result<Vec<LogRecord>, Trouble> {
    Ok(runtime.log.fetch(topic, partition, from, FETCH_BYTES, wait).await?)
}

/// An aggregate as of its last event, or why it can't be had.
async fn load<D: Decider>(
    runtime: &Runtime,
    rules: &Rules<D>,
    id: &AggregateId,
) -> Result<Result<Aggregate<D>, String>, Trouble> {
    let mut aggregate = Aggregate { state: D::default(), sequence: 0 };
    loop {
        let events = runtime.store.history(D::Contract::NAME, id, aggregate.sequence, PAGE).await?;
        let full = events.len() == PAGE as usize;
        for stored in events {
            if stored.sequence != aggregate.sequence + 1 {
                return Ok(Err(format!(
                    "the history of `{id}` should go on with sequence {}, found {}",
                    aggregate.sequence + 1,
                    stored.sequence
                )));
            }
            match rules.events.read(&stored.wire_type, stored.schema, &stored.envelope).await {
                Ok(envelope) => {
                    let folded = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                        aggregate.state.evolve(&envelope.payload);
                    }));
                    if let Err(panic) = folded {
                        return Ok(Err(super::failure::panic_message(&*panic)));
                    }
                }
                Err(ReadError::Unreadable(reason)) => return Ok(Err(reason)),
                Err(ReadError::Store(error)) => return Err(error.into()),
            }
            aggregate.sequence = stored.sequence;
        }
        if !full {
            return Ok(Ok(aggregate));
        }
    }
}
