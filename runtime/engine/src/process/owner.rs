//! One claim of a partition, from the claim to its end.

mod care;
mod gather;
mod load;
mod spans;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use charter_domain::{AggregateId, CommandOf, Contract, Decider, EventOf, Timestamp};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::cache::Cache;
use super::draft::{DeadlineOrder, Draft, Finished, Rules};
use super::failure::{Failure, FailureCode};
use super::text::TextCheck;
use super::work::Unit;
use super::{MOST_CRASHES, Memory, Trouble, wire};
use crate::log::LogRecord;
use crate::measures;
use crate::publish::{Outgoing, Publisher};
use crate::service::{Backoff, Health, Ports, check_claimed};
use crate::store::{Attempt, Checkpoint, Lease, Messages, ReadError, StoredOutcome, Trial};
pub(super) use care::Care;
use gather::{Gathered, deadline_unit};

/// How many events of an aggregate or a partition are read at a time.
const PAGE: u32 = 500;
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
    carry: VecDeque<Arc<LogRecord>>,
    next_deadline: Option<Timestamp>,
    publisher: Publisher<D::Contract>,
    care: Care,
    crashed: Option<Attempt>,
    tried: Option<uuid::Uuid>,
    /// The attempt that is on record and not committed.
    trying: Option<Attempt>,
    /// Whether the last batch had company, so that waiting for more is worth it.
    busy: bool,
    house_kept: Instant,
    in_order: bool,
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
        // Within one assignment nobody else may have claimed in between: who did has a newer assignment.
        let held = (memory.epoch != 0).then(|| Lease {
            context: context.to_owned(),
            partition,
            epoch: memory.epoch,
        });
        let own_end = held.is_some();
        let claim = match held {
            Some(held) => store.claim_again(&held, D::Contract::VERSION).await?,
            None => store.claim(context, partition, D::Contract::VERSION).await?,
        };
        memory.epoch = claim.lease.epoch;
        if !claim.clean && !own_end {
            memory.care = memory.care.after_crash(claim.trial);
        }
        if let Some(Trial::Alone(attempt)) = claim.trial
            && Some(attempt.command_id) != memory.tried
        {
            memory.crashed = Some(attempt);
        }
        check_claimed(ports, partition).await?;
        let published = claim.checkpoint.published.max(memory.published.unwrap_or(-1));
        info!(
            context,
            partition,
            epoch = claim.lease.epoch,
            offset = claim.checkpoint.offset,
            careful = memory.care.left(),
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
            cache: Cache::new(runtime.settings.cached_aggregates, runtime.budget.clone()),
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
            care: memory.care,
            crashed: memory.crashed,
            tried: memory.tried,
            trying: None,
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
                    ReadError::Unreadable(reason) | ReadError::OtherRelease(reason) => {
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
        let patience = self.ports.runtime.settings.stop_patience / 2;
        let published = self.publisher.finish(patience).await;
        memory.published = Some(published);
        memory.care = self.care;
        memory.crashed = self.crashed;
        memory.tried = self.tried;
        let store = &self.ports.runtime.store;
        if let Some(Attempt { command_id, count }) = self.trying {
            // The process is alive, so this attempt did not end it. Best effort: an owner that was
            // overtaken can't, and then the next one has its own word.
            let attempt = Attempt { command_id, count: count.saturating_sub(1) };
            let taken_back = store.record_trial(&self.rules.lease, Trial::Alone(attempt));
            if !matches!(timeout(patience, taken_back).await, Ok(Ok(()))) {
                warn!(%command_id, "an attempt stays on record that did not end the process");
            }
        }
        if self.in_order {
            store.release(&self.rules.lease, published).await?;
        }
        Ok(())
    }

    async fn decide(&mut self, gathered: Gathered) -> Result<(), Trouble> {
        let begun = Instant::now();
        let size = gathered.records.len() + gathered.deadlines.len();
        let records = gathered.records.clone();
        let mut failed = false;
        let (mut commands, mut due) = self.read(&gathered).await?;
        let ids: HashSet<_> =
            commands.iter().chain(due.values()).filter_map(Unit::command_id).collect();
        let known = self.ports.runtime.store.outcomes(&Vec::from_iter(ids)).await?;
        let mut draft = Draft::new(self.checkpoint, known);
        // A command alone: until the commit has returned. Where the process ends in between, the attempt that
        // is on record is the one that was tried, and nothing else was. A batch: until it is decided.
        let deciding = self.ports.runtime.deciding.clone();
        let mut nobody_else = None;
        if self.care.is_alone() {
            let mut among_others = None;
            if self.care.is_attempt() {
                nobody_else = Some(deciding.write().await);
            } else {
                among_others = Some(deciding.read().await);
            }
            let unit = due.pop_first().map(|(_, unit)| unit).or_else(|| commands.pop_front());
            if let Some(unit) = unit {
                self.decide_alone(&mut draft, &unit).await?;
            }
            drop(among_others);
        } else {
            if self.care.is_recorded() {
                self.record(Trial::Together(u32::try_from(size).unwrap_or(u32::MAX))).await?;
            }
            let _among_others = deciding.read().await;
            self.load(&draft, commands.iter().chain(due.values())).await?;
            failed = self.decide_together(&mut draft, commands, due, &gathered).await?;
        }
        let finished = self.commit(draft, begun).await?;
        drop(nobody_else);
        let decided = records.iter().filter(|record| record.offset < self.checkpoint.offset);
        let times = decided.map(|record| record.time);
        measures::since("charter_accepted_to_decided_seconds", D::Contract::NAME, times);
        if let Some(finished) = finished {
            self.follow_up(finished).await?;
        }
        // Of a batch that ended early nobody counts what was decided: care lasts the longer.
        self.care = if failed { self.care.after_failure() } else { self.care.after(size) };
        self.busy = size > 1;
        self.cache.trim();
        let context = D::Contract::NAME;
        metrics::histogram!("charter_batch_commands", "context" => context)
            .record(f64::from(u32::try_from(size).unwrap_or(u32::MAX)));
        metrics::histogram!("charter_batch_seconds", "context" => context)
            .record(begun.elapsed().as_secs_f64());
        Ok(())
    }

    async fn record(&self, trial: Trial) -> Result<(), Trouble> {
        Ok(self.ports.runtime.store.record_trial(&self.rules.lease, trial).await?)
    }

    /// Decides in the order of their time, a deadline before the commands of the same instant, until all
    /// are decided, the batch is full, or one fails whose aggregate has events in this batch: gives whether it ended
    /// so, and the next batch begins with that one. What is left of the commands is carried over; deadlines that are
    /// left are in the store, or will be with this batch.
    async fn decide_together(
        &mut self,
        draft: &mut Draft<D>,
        mut commands: VecDeque<Unit<CommandOf<D>>>,
        mut due: BTreeMap<DeadlineOrder, Unit<CommandOf<D>>>,
        gathered: &Gathered,
    ) -> Result<bool, Trouble> {
        let mut failed = false;
        while !failed && !draft.is_full() {
            let set = draft.deadlines.first_key_value().map(|(order, _)| *order);
            let set = set.filter(|order| gathered.takes(order.0));
            let stored = due.first_key_value().map(|(order, _)| *order);
            let is_set = set.is_some_and(|set| stored.is_none_or(|stored| set < stored));
            let deadline_first = match (if is_set { set } else { stored }, commands.front()) {
                (Some((due, ..)), Some(command)) => due <= command.time(),
                (Some(_), None) => true,
                (None, _) => false,
            };
            // Taken back where it fails.
            let mut taken = None;
            let next = match (deadline_first, is_set) {
                (true, true) => draft.deadlines.pop_first().map(|(order, (stored, work))| {
                    taken = Some((order, (stored.clone(), work.clone())));
                    deadline_unit(stored, Ok(work), false)
                }),
                (true, false) => due.pop_first().map(|(_, unit)| unit),
                (false, _) => commands.pop_front(),
            };
            let Some(unit) = next else { return Ok(false) };
            if let Ok(work) = unit.read()
                && !self.cache.contains(&work.aggregate)
                && !self.unreadable.contains_key(&work.aggregate)
            {
                // Forgotten since another one of it failed.
                self.load(draft, std::iter::once(&unit)).await?;
            }
            let Err(failure) = self.decide_one(draft, &unit) else { continue };
            warn!(
                context = D::Contract::NAME,
                reason = failure.reason,
                "a command that failed in its batch is tried once more"
            );
            if draft.has_events_of(&unit) {
                draft.deadlines.extend(taken);
                if let Unit::Command { .. } = unit {
                    commands.push_front(unit);
                }
                failed = true;
            } else {
                let attempts = self.crashes(&unit) + 1;
                self.decide_anew(draft, &unit, attempts).await?;
            }
        }
        for unit in commands.into_iter().rev() {
            if let Unit::Command { record, .. } = unit {
                self.carry.push_front(record);
            }
        }
        Ok(failed)
    }

    /// Decides one unit after its aggregate was read from the store; one that fails ends as failed.
    async fn decide_anew(
        &mut self,
        draft: &mut Draft<D>,
        unit: &Unit<CommandOf<D>>,
        attempts: u32,
    ) -> Result<(), Trouble> {
        self.load(draft, std::iter::once(unit)).await?;
        if let Err(failure) = self.decide_one(draft, unit) {
            draft.fail(&self.rules, unit, &failure, attempts);
        }
        Ok(())
    }

    /// How many processes have ended over it.
    fn crashes(&self, unit: &Unit<CommandOf<D>>) -> u32 {
        let id = unit.command_id().map(|(_, id)| id);
        self.crashed.filter(|attempt| Some(attempt.command_id) == id).map_or(0, |it| it.count)
    }

    fn decide_one(
        &mut self,
        draft: &mut Draft<D>,
        unit: &Unit<CommandOf<D>>,
    ) -> Result<(), Failure> {
        let unreadable =
            unit.read().as_ref().ok().and_then(|work| self.unreadable.get(&work.aggregate));
        if let Some(reason) = unreadable {
            return Err(Failure::new(FailureCode::HistoryUnreadable, reason.clone()));
        }
        let decided = draft.decide(&self.rules, &mut self.cache, unit);
        if let (Err(_), Ok(work)) = (&decided, unit.read()) {
            // What the failed decision has touched is read again.
            self.cache.forget(&work.aggregate);
        }
        decided
    }

    /// Decides one unit by itself; one that fails ends as failed.
    async fn decide_alone(
        &mut self,
        draft: &mut Draft<D>,
        unit: &Unit<CommandOf<D>>,
    ) -> Result<(), Trouble> {
        let mut attempts = 1;
        let id = unit.command_id().filter(|id| draft.decided(id).is_none());
        if let (Some((_, command_id)), Ok(_)) = (id, unit.read()) {
            attempts = self.crashes(unit);
            if attempts >= MOST_CRASHES {
                let failure = Failure::new(
                    FailureCode::Crashed,
                    format!("deciding it has ended the process {attempts} times"),
                );
                draft.fail(&self.rules, unit, &failure, attempts);
                return Ok(());
            }
            attempts += 1;
            if self.care.is_attempt() {
                let attempt = Attempt { command_id, count: attempts };
                // Before the aggregate is loaded: folding its history is part of the attempt.
                self.trying = Some(attempt);
                self.tried = Some(command_id);
                self.record(Trial::Alone(attempt)).await?;
            } else if self.care.is_recorded() {
                self.record(Trial::Together(1)).await?;
            }
        }
        self.decide_anew(draft, unit, attempts).await
    }

    /// Commits the batch; gives what follows, where there is anything.
    async fn commit(
        &mut self,
        draft: Draft<D>,
        gathered: Instant,
    ) -> Result<Option<Finished<D>>, Trouble> {
        if draft.is_empty() {
            return Ok(None);
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
        let finished = draft.finish(&self.rules.lease, self.publisher.mark());
        let batch = &finished.batch;
        let begun = Instant::now();
        self.ports.runtime.store.commit(batch).await?;
        self.trying = None;
        let context = D::Contract::NAME;
        metrics::histogram!("charter_commit_seconds", "context" => context)
            .record(begun.elapsed().as_secs_f64());
        spans::committed(&finished, self.ports.runtime.store.system(), gathered, begun);
        let mut ended: BTreeMap<(&'static str, &str), u64> = BTreeMap::new();
        for StoredOutcome { outcome, .. } in &batch.outcomes {
            let code = outcome.code.as_deref().unwrap_or_default();
            *ended.entry((outcome.status.as_str(), code)).or_default() += 1;
        }
        for ((status, code), count) in ended {
            metrics::counter!("charter_commands_total", "context" => context, "outcome" => status, "code" => code.to_owned())
                .increment(count);
        }
        self.checkpoint = batch.checkpoint;
        self.unreadable.clear();
        Ok(Some(finished))
    }

    /// Tells of what was committed, before anything else is asked of a store that may not answer.
    async fn follow_up(&mut self, finished: Finished<D>) -> Result<(), Trouble> {
        let Finished { batch, events, hints, traced: _ } = finished;
        self.publisher.hint(hints);
        if !events.is_empty() {
            self.publisher.publish(events).await?;
        }
        if batch.resolved.is_empty() {
            let set = batch.deadlines.iter().map(|deadline| deadline.due).min();
            self.next_deadline = self.next_deadline.into_iter().chain(set).min();
        } else {
            let (context, partition) = (D::Contract::NAME, self.rules.lease.partition);
            self.next_deadline = self.ports.runtime.store.next_deadline(context, partition).await?;
        }
        Ok(())
    }

    /// Forgets outcomes past their window, and the commands that led to them, a small step at a time.
    async fn keep_house(&mut self) -> Result<(), Trouble> {
        if self.house_kept.elapsed() < self.ports.runtime.settings.housekeeping {
            return Ok(());
        }
        let (context, partition) = (D::Contract::NAME, self.rules.lease.partition);
        let end = self.ports.runtime.log.end_and_time(&self.topic, partition).await?;
        // A repeat that waits to be decided counts from when it was sent, however late it is now.
        let now = if end.offset == self.checkpoint.offset {
            end.time
        } else {
            self.checkpoint.decision_time
        };
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
