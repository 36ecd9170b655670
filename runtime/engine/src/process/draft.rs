//! A batch being decided in memory: nothing of it is true before its transaction is committed.

use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};

use charter_domain::{
    AggregateId, CommandOf, Context, Contract, Deadline, Decider, Envelope, Event as _, EventOf,
    Message as _, Rejection as _, RejectionOf, Timestamp,
};
use contract_shared::{DeadLetter, Metadata, Outcome, OutcomeEvent, OutcomeStatus};
use uuid::Uuid;

use super::cache::{Aggregate, Cache};
use super::failure::{Failure, FailureCode, panic_message};
use super::ids::{deadline_command_id, event_id};
use super::text::TextCheck;
use super::work::{Unit, Unreadable, Work};
use crate::log::MAX_RECORD_BYTES;
use crate::publish::Outgoing;
use crate::schemas::MessageCodec;
use crate::store::{
    Batch, Checkpoint, DeadlineId, Lease, Messages, StoredDeadline, StoredEvent, StoredOutcome,
};
use crate::submit::SEQUENCE_MISMATCH;
use crate::trace::Handled;

/// The bytes of events and deadlines with which a batch is full, 8 MiB.
const MOST_BYTES: usize = 8 << 20;
/// The outcome's code of a command that failed.
const COMMAND_FAILED: &str = "COMMAND_FAILED";
/// What a client is told of a failed command; the reason is in the dead letter, for operators.
const FAILED_DETAIL: &str =
    "The command could not be decided. It changed nothing and is not tried again.";

/// What does not change while a partition is owned.
pub(super) struct Rules<D: Decider> {
    pub(super) lease: Lease,
    pub(super) commands: Messages<CommandOf<D>>,
    pub(super) events: Messages<EventOf<D>>,
    pub(super) texts: TextCheck,
    pub(super) max_event_bytes: usize,
    pub(super) source: String,
}

/// A deadline's place in the order of decisions.
pub(super) type DeadlineOrder = (Timestamp, i64, DeadlineId);

/// The batch so far.
pub(super) struct Draft<D: Decider> {
    before: Checkpoint,
    checkpoint: Checkpoint,
    outcomes: Vec<StoredOutcome>,
    events: Vec<StoredEvent>,
    /// The events as they are published.
    published: Vec<Outgoing<EventOf<D>>>,
    /// Set by events of this batch, not decided so far.
    pub(super) deadlines: BTreeMap<DeadlineOrder, (StoredDeadline, Work<CommandOf<D>>)>,
    resolved: Vec<DeadlineId>,
    pub(super) dead_letters: Vec<DeadLetter>,
    /// Who waits for which outcome.
    hints: Vec<(String, Outcome)>,
    /// Which of the outcomes are of commands whose traces are recorded.
    traced: Vec<(Handled, usize)>,
    /// Outcomes of commands that were decided earlier.
    known: HashMap<(String, Uuid), Outcome>,
    /// Where this batch's outcomes stand in `outcomes`.
    decided: HashMap<(String, Uuid), usize>,
    /// Of the envelopes of events and deadlines.
    bytes: usize,
}

/// A batch that is ready to be committed.
pub(super) struct Finished<D: Decider> {
    pub(super) batch: Batch,
    /// To be published after the commit.
    pub(super) events: Vec<Outgoing<EventOf<D>>>,
    /// Who waits for which outcome.
    pub(super) hints: Vec<(String, Outcome)>,
    /// Which of the batch's outcomes are of commands whose traces are recorded.
    pub(super) traced: Vec<(Handled, usize)>,
}

/// What a decision makes of an aggregate.
struct Decision<D: Decider> {
    events: Vec<(Envelope<EventOf<D>>, StoredEvent)>,
    deadlines: Vec<(StoredDeadline, Work<CommandOf<D>>)>,
}

impl<D: Decider> Draft<D> {
    /// An empty batch after `checkpoint`. `known` are the outcomes of commands decided earlier.
    pub(super) fn new(checkpoint: Checkpoint, known: Vec<Outcome>) -> Self {
        let known = known
            .into_iter()
            .map(|outcome| ((outcome.tenant_id.clone(), outcome.command_id), outcome))
            .collect();
        Self {
            before: checkpoint,
            checkpoint,
            outcomes: Vec::new(),
            events: Vec::new(),
            published: Vec::new(),
            deadlines: BTreeMap::new(),
            resolved: Vec::new(),
            dead_letters: Vec::new(),
            hints: Vec::new(),
            traced: Vec::new(),
            known,
            decided: HashMap::new(),
            bytes: 0,
        }
    }

    /// The batch for the store, and what follows its commit.
    pub(super) fn finish(self, lease: &Lease, published: i64) -> Finished<D> {
        let batch = Batch {
            lease: lease.clone(),
            expected_offset: self.before.offset,
            checkpoint: Checkpoint { published, ..self.checkpoint },
            outcomes: self.outcomes,
            events: self.events,
            deadlines: self.deadlines.into_values().map(|(stored, _)| stored).collect(),
            resolved: self.resolved,
        };
        Finished { batch, events: self.published, hints: self.hints, traced: self.traced }
    }

    /// How a command ended that this batch or an earlier one decided.
    pub(super) fn decided(&self, command: &(String, Uuid)) -> Option<&Outcome> {
        match self.decided.get(command) {
            Some(place) => self.outcomes.get(*place).map(|stored| &stored.outcome),
            None => self.known.get(command),
        }
    }

    /// Whether events of its aggregate are in the batch, which the store does not have yet.
    pub(super) fn has_events_of(&self, unit: &Unit<CommandOf<D>>) -> bool {
        let of = |work: &Work<CommandOf<D>>| {
            self.events.iter().any(|event| event.aggregate == work.aggregate)
        };
        unit.read().as_ref().is_ok_and(of)
    }

    /// Whether the batch has as many bytes as one transaction should write.
    pub(super) fn is_full(&self) -> bool {
        self.bytes >= MOST_BYTES
    }

    /// Whether the transaction would change anything.
    pub(super) fn is_empty(&self) -> bool {
        self.checkpoint == self.before && self.outcomes.is_empty() && self.resolved.is_empty()
    }

    /// Decides one unit.
    ///
    /// # Errors
    /// Where the command fails by itself. The draft is then as it was; what the cache has of the aggregate is of no
    /// further use.
    pub(super) fn decide(
        &mut self,
        rules: &Rules<D>,
        cache: &mut Cache<D>,
        unit: &Unit<CommandOf<D>>,
    ) -> Result<(), Failure> {
        let before = self.checkpoint;
        let decided = self.try_to_decide(rules, cache, unit);
        if decided.is_err() {
            // All else is written once nothing can fail any more.
            self.checkpoint = before;
        }
        decided
    }

    fn try_to_decide(
        &mut self,
        rules: &Rules<D>,
        cache: &mut Cache<D>,
        unit: &Unit<CommandOf<D>>,
    ) -> Result<(), Failure> {
        if self.pass_over(unit) {
            return Ok(());
        }
        let work = match unit.read() {
            Ok(work) => work,
            Err(unreadable) => {
                let failure = Failure::new(FailureCode::DecodeFailed, unreadable.reason.clone());
                self.fail(rules, unit, &failure, 1);
                return Ok(());
            }
        };
        let time = self.advance(unit);
        let context = Context::new(work.metadata.tenant_id.clone(), work.metadata.id, time)
            .with_actor(work.metadata.actor.clone());
        let aggregate = cache.get_mut(&work.aggregate).ok_or_else(|| {
            Failure::new(FailureCode::HistoryUnreadable, "the aggregate was not loaded".to_owned())
        })?;
        let found = aggregate.sequence;
        if let Some(expected) = work.expected_sequence.filter(|expected| *expected != found) {
            let outcome = Outcome {
                status: OutcomeStatus::Rejected,
                code: Some(SEQUENCE_MISMATCH.to_owned()),
                detail: Some(format!("expected sequence `{expected}`, found `{found}`")),
                ..self.outcome(rules, unit, work, time)
            };
            self.end(unit, outcome);
            return Ok(());
        }
        let decided =
            catch_unwind(AssertUnwindSafe(|| aggregate.state.decide(&work.command, &context)))
                .map_err(|panic| Failure::new(FailureCode::Panicked, panic_message(&*panic)))?;
        match decided {
            Ok(events) => {
                let decision = self.describe(rules, work, aggregate, events, time)?;
                self.apply(rules, unit, work, aggregate, decision, time)
            }
            Err(rejection) => self.reject(rules, unit, work, &rejection, time),
        }
    }

    /// Ends a unit as failed, finally.
    pub(super) fn fail(
        &mut self,
        rules: &Rules<D>,
        unit: &Unit<CommandOf<D>>,
        failure: &Failure,
        attempts: u32,
    ) {
        if self.pass_over(unit) {
            return;
        }
        let time = self.advance(unit);
        self.dead_letters.push(failure.dead_letter(rules, unit, time, attempts));
        let outcome = match unit.read() {
            Ok(work) => Some(self.outcome(rules, unit, work, time)),
            Err(unreadable) => self.outcome_of_unreadable(rules, unit, unreadable, time),
        };
        let Some(outcome) = outcome else {
            self.resolve(unit);
            return;
        };
        self.end(
            unit,
            Outcome {
                status: OutcomeStatus::Failed,
                code: Some(COMMAND_FAILED.to_owned()),
                detail: Some(FAILED_DETAIL.to_owned()),
                ..outcome
            },
        );
    }

    /// Takes a repeat out of the way: it gets the first outcome.
    fn pass_over(&mut self, unit: &Unit<CommandOf<D>>) -> bool {
        let Some(outcome) = unit.command_id().and_then(|id| self.decided(&id)).cloned() else {
            return false;
        };
        self.advance(unit);
        self.resolve(unit);
        if let Some(reply_to) = unit.reply_to() {
            self.hints.push((reply_to.to_owned(), outcome));
        }
        true
    }

    /// Moves the checkpoint past the unit; gives the decision's time.
    fn advance(&mut self, unit: &Unit<CommandOf<D>>) -> Timestamp {
        if let Some(offset) = unit.offset() {
            self.checkpoint.offset = offset + 1;
        }
        self.checkpoint.decision_time = self.checkpoint.decision_time.max(unit.time());
        self.checkpoint.decision_time
    }

    fn reject(
        &mut self,
        rules: &Rules<D>,
        unit: &Unit<CommandOf<D>>,
        work: &Work<CommandOf<D>>,
        rejection: &RejectionOf<D>,
        time: Timestamp,
    ) -> Result<(), Failure> {
        let message_type = work.command.message_type();
        let code = rejection.code();
        let declared = message_type.rejection(code).ok_or_else(|| {
            let wire_type = message_type.wire_type;
            Failure::new(
                FailureCode::UndeclaredRejection,
                format!(
                    "`{wire_type}` was refused with `{code}`, which its contract doesn't declare"
                ),
            )
        })?;
        let outcome = Outcome {
            status: OutcomeStatus::Rejected,
            code: Some(code.to_owned()),
            detail: Some(declared.doc.to_owned()),
            details: rejection.details(),
            ..self.outcome(rules, unit, work, time)
        };
        self.end(unit, outcome);
        Ok(())
    }

    /// Gives the events their places and their bytes, and checks all that could go wrong with them,
    /// before the state is touched.
    fn describe(
        &self,
        rules: &Rules<D>,
        work: &Work<CommandOf<D>>,
        aggregate: &Aggregate<D>,
        events: Vec<EventOf<D>>,
        time: Timestamp,
    ) -> Result<Decision<D>, Failure> {
        let mut decision =
            Decision { events: Vec::with_capacity(events.len()), deadlines: Vec::new() };
        let (mut sequence, mut position) = (aggregate.sequence, self.checkpoint.next_position);
        for event in events {
            sequence += 1;
            let message_type = event.message_type();
            let wire_type = message_type.wire_type;
            if event.key() != work.metadata.key {
                return Err(Failure::new(
                    FailureCode::OtherAggregate,
                    format!(
                        "`{wire_type}` should be of `{}`, found `{}`",
                        work.metadata.key,
                        event.key()
                    ),
                ));
            }
            let id =
                event_id(&work.metadata.tenant_id, D::Contract::NAME, &work.metadata.key, sequence);
            let cause = &work.metadata;
            let metadata = Metadata {
                id,
                r#type: wire_type.to_owned(),
                source: rules.source.clone(),
                tenant_id: cause.tenant_id.clone(),
                correlation_id: cause.correlation_id.clone(),
                causation_id: Some(cause.id),
                time,
                key: cause.key.clone(),
                sequence,
                position,
                actor: cause.actor.clone(),
                reply_to: None,
            };
            let envelope = encode(&metadata, |out| event.encode(out));
            rules.texts.check(message_type, &envelope, rules.max_event_bytes)?;
            let trace = work.traceparent.as_deref();
            let size = MessageCodec::<EventOf<D>>::record_size(
                &metadata,
                wire_type,
                envelope.len(),
                trace,
            );
            if size > MAX_RECORD_BYTES {
                return Err(Failure::new(
                    FailureCode::TooLarge,
                    format!(
                        "`{wire_type}` takes {size} bytes on the log, which takes at most {MAX_RECORD_BYTES}"
                    ),
                ));
            }
            for (index, deadline) in (0..).zip(event.deadlines()) {
                decision.deadlines.push(describe_deadline(rules, &metadata, index, deadline)?);
            }
            let stored = StoredEvent {
                id,
                aggregate: work.aggregate.clone(),
                sequence,
                position,
                wire_type: wire_type.to_owned(),
                time,
                schema: rules.events.hash_of(message_type),
                envelope,
            };
            decision.events.push((Envelope { metadata, payload: event }, stored));
            position += 1;
        }
        Ok(decision)
    }

    fn apply(
        &mut self,
        rules: &Rules<D>,
        unit: &Unit<CommandOf<D>>,
        work: &Work<CommandOf<D>>,
        aggregate: &mut Aggregate<D>,
        decision: Decision<D>,
        time: Timestamp,
    ) -> Result<(), Failure> {
        catch_unwind(AssertUnwindSafe(|| {
            for (event, stored) in &decision.events {
                aggregate.state.evolve(&event.payload);
                aggregate.sequence = stored.sequence;
                aggregate.bytes += stored.envelope.len();
            }
        }))
        .map_err(|panic| Failure::new(FailureCode::Panicked, panic_message(&*panic)))?;
        let count = i64::try_from(decision.events.len()).unwrap_or(i64::MAX);
        self.checkpoint.next_position += count;
        let events = decision.events.iter().map(|(_, stored)| OutcomeEvent {
            id: stored.id,
            r#type: stored.wire_type.clone(),
            sequence: stored.sequence,
            position: stored.position,
        });
        let outcome = Outcome { events: events.collect(), ..self.outcome(rules, unit, work, time) };
        for (event, stored) in decision.events {
            self.bytes += stored.envelope.len();
            self.published.push(Outgoing { event, traceparent: work.traceparent.clone() });
            self.events.push(stored);
        }
        for (stored, work) in decision.deadlines {
            self.bytes += stored.envelope.len();
            self.deadlines.insert((stored.due, stored.position, stored.id), (stored, work));
        }
        self.end(unit, outcome);
        Ok(())
    }

    /// An applied outcome without events, for the others to start from.
    fn outcome(
        &self,
        rules: &Rules<D>,
        unit: &Unit<CommandOf<D>>,
        work: &Work<CommandOf<D>>,
        time: Timestamp,
    ) -> Outcome {
        Outcome {
            command_id: work.metadata.id,
            tenant_id: work.metadata.tenant_id.clone(),
            context: rules.lease.context.clone(),
            r#type: work.metadata.r#type.clone(),
            key: work.metadata.key.clone(),
            status: OutcomeStatus::Applied,
            code: None,
            detail: None,
            details: None,
            events: Vec::new(),
            partition: rules.lease.partition.cast_signed(),
            position: self.checkpoint.next_position - 1,
            accepted_at: unit.time(),
            decided_at: time,
            request_hash: work.request_hash.clone(),
        }
    }

    fn outcome_of_unreadable(
        &self,
        rules: &Rules<D>,
        unit: &Unit<CommandOf<D>>,
        unreadable: &Unreadable,
        time: Timestamp,
    ) -> Option<Outcome> {
        Some(Outcome {
            command_id: unreadable.command_id?,
            tenant_id: unreadable.tenant.clone()?,
            context: rules.lease.context.clone(),
            r#type: unreadable.wire_type.clone().unwrap_or_default(),
            key: unreadable.key.clone().unwrap_or_default(),
            status: OutcomeStatus::Failed,
            code: None,
            detail: None,
            details: None,
            events: Vec::new(),
            partition: rules.lease.partition.cast_signed(),
            position: self.checkpoint.next_position - 1,
            accepted_at: unit.time(),
            decided_at: time,
            request_hash: unreadable.request_hash.clone(),
        })
    }

    fn end(&mut self, unit: &Unit<CommandOf<D>>, outcome: Outcome) {
        self.resolve(unit);
        if let Some(reply_to) = unit.reply_to() {
            self.hints.push((reply_to.to_owned(), outcome.clone()));
        }
        self.decided.insert((outcome.tenant_id.clone(), outcome.command_id), self.outcomes.len());
        if let Ok(Work { handled: Some(handled), .. }) = unit.read() {
            self.traced.push((*handled, self.outcomes.len()));
        }
        let (offset, reaction) = (unit.offset(), unit.reaction());
        self.outcomes.push(StoredOutcome { outcome, offset, reaction });
    }

    /// A deadline of this batch is never written; one of an earlier batch is deleted with this one.
    fn resolve(&mut self, unit: &Unit<CommandOf<D>>) {
        if let Unit::Deadline { id, stored, .. } = unit
            && *stored
        {
            self.resolved.push(*id);
        }
    }
}

fn encode(metadata: &Metadata, payload: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(512);
    charter_avro::codec::Codec::encode(metadata, &mut bytes);
    payload(&mut bytes);
    bytes
}

fn describe_deadline<D: Decider>(
    rules: &Rules<D>,
    event: &Metadata,
    index: u32,
    deadline: Deadline<CommandOf<D>>,
) -> Result<(StoredDeadline, Work<CommandOf<D>>), Failure> {
    let Deadline { due, command } = deadline;
    let message_type = command.message_type();
    if command.key() != event.key {
        return Err(Failure::new(
            FailureCode::OtherAggregate,
            format!(
                "the deadline `{}` should be of `{}`, found `{}`",
                message_type.wire_type,
                event.key,
                command.key()
            ),
        ));
    }
    let metadata = Metadata {
        id: deadline_command_id(event.id, index),
        r#type: message_type.wire_type.to_owned(),
        causation_id: Some(event.id),
        time: due,
        sequence: 0,
        position: -1,
        actor: None,
        ..event.clone()
    };
    let stored = StoredDeadline {
        id: DeadlineId { event_id: event.id, index },
        due,
        position: event.position,
        wire_type: message_type.wire_type.to_owned(),
        schema: rules.commands.hash_of(message_type),
        envelope: encode(&metadata, |out| command.encode(out)),
    };
    let aggregate = AggregateId::new(metadata.tenant_id.clone(), metadata.key.clone());
    Ok((
        stored,
        Work {
            command,
            aggregate,
            metadata,
            request_hash: None,
            traceparent: None,
            handled: None,
            expected_sequence: None,
        },
    ))
}
