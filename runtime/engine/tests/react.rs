//! Reactors: what an event asks for is sent once, however often the process ends.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use charter_domain::{AggregateId, Begin, Contract, Envelope, Message as _, Reactor};
use charter_engine::log::Log;
use charter_engine::operate::{OperateError, Operator, Order, RequestState};
use charter_engine::store::{Action, Batch, ReactorPart, Store, StoredEvent};
use charter_engine::{ContextService, Effect, EffectError, ServiceError, ServiceStatus};
use contract_shared::OutcomeStatus;
use support::faults::Fault;
use support::tally::{Add, PLAIN, Tallies, Tally, TallyCommand, TallyEvent, add};
use support::{PARTITIONS, Running, TENANT, World, amounts, assert_sound, service, until};
use uuid::Uuid;

/// Asks for an addition to the aggregate's echo.
const ECHO: &str = "echo";
/// Asks for two, to two aggregates.
const ECHO_TWICE: &str = "echo-twice";
/// The reactor panics until [`MEND`] is set.
const SOUR: &str = "sour";
static MEND: AtomicBool = AtomicBool::new(false);
/// Asks for what no log takes.
const BOUNDLESS: &str = "boundless";

struct Echo;

fn echo(name: &str, amount: i64) -> TallyCommand {
    Add { name: format!("echo-{name}"), amount, how: PLAIN.to_owned() }.into()
}

fn asked_by(event: &TallyEvent) -> Vec<TallyCommand> {
    let TallyEvent::Added(added) = event else { return Vec::new() };
    match added.how.as_str() {
        ECHO => vec![echo(&added.name, added.amount)],
        ECHO_TWICE => vec![echo(&added.name, added.amount), echo("all", added.amount)],
        SOUR => {
            assert!(MEND.load(Ordering::SeqCst), "told to");
            vec![echo(&added.name, added.amount)]
        }
        BOUNDLESS => vec![
            echo(&added.name, added.amount),
            Add { name: "x".repeat(2 << 20), amount: 1, how: PLAIN.to_owned() }.into(),
        ],
        _ => Vec::new(),
    }
}

impl Reactor<Tally> for Echo {
    const NAME: &'static str = "echo";
    type Commands = Tally;

    fn react(event: &Envelope<TallyEvent>) -> Vec<TallyCommand> {
        asked_by(&event.payload)
    }
}

/// The same that was told to begin with what comes next.
struct Late;

impl Reactor<Tally> for Late {
    const NAME: &'static str = "late";
    const BEGIN: Begin = Begin::Now;
    type Commands = Tally;

    fn react(event: &Envelope<TallyEvent>) -> Vec<TallyCommand> {
        asked_by(&event.payload)
    }
}

fn echoing() -> ContextService<Tallies> {
    service().react::<Tally, Echo>()
}

fn part(reactor: &str, partition: u32) -> ReactorPart {
    let (reactor, context) = (reactor.to_owned(), Tally::NAME.to_owned());
    ReactorPart { reactor, context, partition }
}

async fn position(world: &World, partition: u32) -> i64 {
    world.store.reactor_position(&part(Echo::NAME, partition)).await.expect("an answer")
}

/// Waits until the reactor is past all events there are, those it asked for included. What it asked for in one partition may be
/// for another: first it is looked at how far it is in all of them, then which commands there are, then what was decided.
async fn all_reacted(world: &World) {
    let topic = Tally::commands_topic();
    until("the reactor", async || {
        let (mut reacted, mut ends) = (Vec::new(), Vec::new());
        for partition in 0..PARTITIONS {
            reacted.push(position(world, partition).await);
        }
        for partition in 0..PARTITIONS {
            ends.push(world.log.bounds(&topic, partition).await.expect("bounds").end);
        }
        for (partition, (reacted, end)) in (0..PARTITIONS).zip(reacted.into_iter().zip(ends)) {
            let found = world.store.checkpoint(Tally::NAME, partition).await.expect("an answer");
            let (offset, events) = found.map_or((0, 0), |at| (at.offset, at.next_position));
            if offset < end || reacted < events - 1 {
                return None;
            }
        }
        Some(())
    })
    .await;
}

/// What was added to an aggregate, by its events.
async fn added(world: &World, name: &str) -> Vec<i64> {
    let aggregate = AggregateId::new(TENANT, name);
    let stored = world.store.history(Tally::NAME, &aggregate, 0, 99).await.expect("events");
    let events = stored.into_iter().map(|event| {
        let known = TallyEvent::type_named(&event.wire_type).expect("a type");
        TallyEvent::decode_envelope(known, &event.envelope, None).expect("an event")
    });
    let events: Vec<_> = events.collect();
    assert_sound(&events);
    amounts(&events).iter().map(|(_, amount)| *amount).collect()
}

/// How many commands were appended, repeats included.
async fn appended(world: &World) -> usize {
    let mut count = 0;
    for partition in 0..PARTITIONS {
        count += world.records(&Tally::commands_topic(), partition).await.len();
    }
    count
}

async fn decided(world: &World, name: &str, amount: i64, how: &str) {
    let command = world.send(add(name, amount, how)).await;
    world.outcome(command).await;
}

async fn reacting(world: &World) -> Running {
    let running = world.start_service(echoing());
    running.ready().await;
    running
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_leads_to_its_commands_with_its_tenant_and_its_cause() {
    let world = World::new().await;
    let running = reacting(&world).await;
    for amount in 1..=20 {
        decided(&world, "a", amount, if amount % 2 == 0 { ECHO_TWICE } else { PLAIN }).await;
    }
    all_reacted(&world).await;
    let even: Vec<i64> = (1..=10).map(|half| half * 2).collect();
    assert_eq!(added(&world, "echo-a").await, even, "in the order of the events");
    assert_eq!(added(&world, "echo-all").await, even);
    assert_eq!(appended(&world).await, 40);

    let events = world.all_published().await;
    let cause = events.iter().find(|event| event.metadata.key == "a").expect("an event");
    let asked = events.iter().find(|event| event.metadata.key == "echo-a").expect("an event");
    let cause_2 = events
        .iter()
        .find(|event| event.metadata.key == "a" && event.metadata.sequence == 2)
        .expect("an event");
    assert_eq!(asked.metadata.tenant_id, cause.metadata.tenant_id);
    assert_eq!(asked.metadata.correlation_id, "c");
    let command = asked.metadata.causation_id.expect("a command");
    assert_eq!(command.get_version_num(), 5);
    let outcome = world.outcome(command).await;
    assert_eq!(outcome.status, OutcomeStatus::Applied);
    let partition = outcome.partition.cast_unsigned();
    let topic = Tally::commands_topic();
    let record =
        world.records(&topic, partition).await.into_iter().find(|record| {
            record.record.header("ce_id").is_some_and(|id| *id == command.to_string())
        });
    let record = record.expect("the command").record;
    let header =
        |name| record.header(name).map(|value| String::from_utf8_lossy(value).into_owned());
    let at = cause_2.metadata.position;
    let of = world.sender.partition(&AggregateId::new(TENANT, "a"));
    assert_eq!(header("charter-reaction"), Some(format!("echo/tally/{of}/{at}")));
    assert_eq!(header("ce_source").as_deref(), Some("charter://reactors/echo"));
    assert_eq!(header("traceparent").as_deref(), Some(support::TRACEPARENT));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_between_the_append_and_the_checkpoint_sends_no_second_one() {
    let world = World::new().await;
    let mut expected = Vec::new();
    for round in 1..=3 {
        world.store.reactions.then([Fault::Hang]);
        let running = world.start_service(echoing());
        decided(&world, "a", round, ECHO_TWICE).await;
        expected.push(round);
        // It hangs where it would move the checkpoint: the commands are there.
        until("the checkpoint", async || world.store.reactions.is_over().then_some(())).await;
        running.kill().await;
    }
    let running = reacting(&world).await;
    all_reacted(&world).await;
    assert_eq!(added(&world, "echo-a").await, expected);
    assert_eq!(added(&world, "echo-all").await, expected);
    // 3 commands, 2 × (3 + 2 + 1) of which all but 6 are repeats, and those of the last start at least once more.
    assert!(appended(&world).await > 3 + 6, "some were sent again");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_neither_lose_nor_double_a_command() {
    let world = World::new().await;
    let running = reacting(&world).await;
    for (amount, fault) in
        (1..).zip([Fault::Refuse, Fault::DoneButUnknown, Fault::LostAndUnknown, Fault::Pass])
    {
        world.store.reactions.then([fault, fault]);
        decided(&world, "a", amount, ECHO).await;
        all_reacted(&world).await;
        until("the faults", async || {
            decided(&world, "b", 1, PLAIN).await;
            all_reacted(&world).await;
            world.store.reactions.is_over().then_some(())
        })
        .await;
    }
    world.all_published().await;
    assert_eq!(added(&world, "echo-a").await, [1, 2, 3, 4]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_the_topic_lacks_is_read_from_the_store() {
    let world = World::new().await;
    let running = reacting(&world).await;
    world.log.appends.then([Fault::Pass, Fault::Skip]);
    decided(&world, "a", 1, ECHO).await;
    until("the loss", async || world.log.appends.is_over().then_some(())).await;
    decided(&world, "a", 2, ECHO).await;
    all_reacted(&world).await;
    assert_eq!(added(&world, "echo-a").await, [1, 2]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_cannot_be_reacted_to_holds_up_its_aggregate_only() {
    let world = World::new().await;
    let running = reacting(&world).await;
    for (name, how) in [
        ("a", ECHO),
        ("a", SOUR),
        ("a", ECHO),
        ("b", ECHO),
        ("c", BOUNDLESS),
        ("b", ECHO),
        ("c", ECHO),
    ] {
        decided(&world, name, 5, how).await;
    }
    all_reacted(&world).await;
    assert_eq!(added(&world, "echo-a").await, [5]);
    assert_eq!(added(&world, "echo-b").await, [5, 5]);
    assert_eq!(added(&world, "echo-c").await, [0; 0]);
    let mut parked = Vec::new();
    for partition in 0..PARTITIONS {
        let found = world.store.reactor_parked(&part(Echo::NAME, partition)).await;
        parked.extend(found.expect("an answer"));
    }
    parked.sort_by_key(|parked| parked.aggregate.key.clone());
    let found: Vec<_> = parked
        .iter()
        .map(|parked| (parked.aggregate.key.as_str(), parked.reason.as_str()))
        .collect();
    assert_eq!(found[0], ("a", "the domain panicked: told to"));
    assert_eq!(found[1].0, "c");
    assert!(found[1].1.contains("the log, which takes at most"), "{found:?}");
    assert_eq!(found.len(), 2);
    running.stop().await;

    // What it stumbled over is mended; an end in between leaves it aside, with what it sent known.
    MEND.store(true, Ordering::SeqCst);
    let before = appended(&world).await;
    world.store.reactions.then([Fault::Hang]);
    let running = world.start_service(echoing());
    until("the end of being parked", async || world.store.reactions.is_over().then_some(())).await;
    running.kill().await;
    let sent = appended(&world).await;
    assert_eq!(sent, before + 2, "both events' commands");
    let running = reacting(&world).await;
    decided(&world, "a", 7, ECHO).await;
    all_reacted(&world).await;
    assert_eq!(added(&world, "echo-a").await, [5, 5, 5, 7]);
    assert_eq!(added(&world, "echo-c").await, [0; 0], "it stays aside");
    running.stop().await;
}

/// Asks for something to be done with the aggregate `a` that the reactor has set aside, and waits until it has ended.
async fn asked(operator: &Operator, action: Action) -> RequestState {
    let order = Order {
        action,
        context: Tally::NAME.to_owned(),
        reactor: Some(Echo::NAME.to_owned()),
        aggregate: AggregateId::new(TENANT, "a"),
        actor: "key/anna".to_owned(),
        reason: "it was a test".to_owned(),
    };
    let asked = operator.ask(order).await.expect("taken");
    until("the end of the request", async || {
        let state = operator.request(asked.id).await.expect("it is kept");
        (state.state != "WAITING").then_some(state)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_gives_up_what_a_reactor_can_never_take() {
    let world = World::new().await;
    let running = reacting(&world).await;
    for how in [ECHO, BOUNDLESS, ECHO] {
        decided(&world, "a", 5, how).await;
    }
    all_reacted(&world).await;
    assert_eq!(added(&world, "echo-a").await, [5]);
    let operator = Operator::new(&world.runtime());
    let parked = operator.parked(None, 10).await.expect("an answer");
    let [stuck] = parked.as_slice() else { panic!("one aggregate, found {parked:?}") };
    assert_eq!((stuck.reactor.as_deref(), stuck.key.as_str()), (Some(Echo::NAME), "a"));
    assert_eq!(stuck.waiting, 2);
    let aggregate = AggregateId::new(TENANT, "a");
    let shown = operator.parked_aggregate(Tally::NAME, Some(Echo::NAME), &aggregate).await;
    let first = shown.expect("it is there").events.swap_remove(0);
    assert_eq!(first.envelope.value.expect("it can be read")["payload"]["how"], BOUNDLESS);
    let of_views = operator.parked_aggregate(Tally::NAME, None, &aggregate).await;
    assert!(matches!(of_views, Err(OperateError::NotParked { .. })), "its views go on");

    let before = appended(&world).await;
    for action in [Action::Try, Action::Redrive] {
        let state = asked(&operator, action).await;
        let told = state.result.expect("it has ended");
        let begin = format!("the event at position {} can't be reacted to", stuck.position);
        assert_eq!(state.state, "REFUSED", "{told}");
        let is_told = told.starts_with(&begin) || told.contains("the log, which takes at most");
        assert!(is_told, "{told}");
    }
    assert_eq!(appended(&world).await, before, "nothing was sent");
    let state = asked(&operator, Action::Discard).await;
    let said = format!("1 events were reacted to, 1 left out, at positions [{}]", stuck.position);
    assert_eq!((state.state, state.result), ("DONE", Some(said)));
    assert_eq!(state.reactor.as_deref(), Some(Echo::NAME));
    decided(&world, "a", 7, ECHO).await;
    all_reacted(&world).await;
    assert_eq!(added(&world, "echo-a").await, [5, 5, 7]);
    assert_eq!(operator.parked(None, 10).await.expect("an answer"), []);
    running.stop().await;
}

/// Puts an event of a type that no contract here has behind the others of an aggregate's partition.
async fn event_of_another_release(world: &World, name: &str) -> (u32, i64) {
    let aggregate = AggregateId::new(TENANT, name);
    let partition = world.sender.partition(&aggregate);
    let last = world.store.history(Tally::NAME, &aggregate, 0, 99).await.expect("events");
    let last = last.last().expect("an event").clone();
    let claim = world.store.claim(Tally::NAME, partition, 1).await.expect("a claim");
    let position = claim.checkpoint.next_position;
    let strange = StoredEvent {
        id: Uuid::now_v7(),
        sequence: last.sequence + 1,
        position,
        wire_type: "tally.renamed".to_owned(),
        ..last
    };
    let mut batch = Batch {
        lease: claim.lease,
        expected_offset: claim.checkpoint.offset,
        checkpoint: claim.checkpoint,
        outcomes: Vec::new(),
        events: vec![strange],
        deadlines: Vec::new(),
        resolved: Vec::new(),
    };
    batch.checkpoint.next_position += 1;
    batch.checkpoint.published = position;
    world.store.commit(&batch).await.expect("committed");
    (partition, position)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reactor_stops_at_a_type_that_it_does_not_know() {
    let world = World::new().await;
    let running = reacting(&world).await;
    decided(&world, "a", 1, ECHO).await;
    all_reacted(&world).await;
    running.stop().await;
    let (partition, strange) = event_of_another_release(&world, "a").await;

    let running = world.start_service(echoing());
    let reason = format!(
        "it stops at position {strange}: the contract has no `tally.renamed`; a release that knows it goes on"
    );
    until("the trouble", async || {
        let part = format!("reactor echo on tally/{partition}");
        let reason = reason.clone();
        (running.service.status() == ServiceStatus::NotReady { part, reason }).then_some(())
    })
    .await;
    let parked = world.store.reactor_parked(&part(Echo::NAME, partition)).await;
    assert_eq!(parked.expect("an answer"), []);
    // Another partition goes on.
    let other = (0..).map(|number: u32| format!("o{number}"));
    let other = { other }
        .find(|name| world.sender.partition(&AggregateId::new(TENANT, name)) != partition)
        .expect("one in two");
    decided(&world, &other, 3, ECHO).await;
    until("the other's echo", async || {
        let aggregate = AggregateId::new(TENANT, format!("echo-{other}"));
        let events = world.store.history(Tally::NAME, &aggregate, 0, 9).await.expect("events");
        (events.len() == 1).then_some(())
    })
    .await;
    assert_eq!(position(&world, partition).await, strange - 1);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_instance_takes_over() {
    let world = World::new().await;
    // The first one's instance hangs in its first step, with commands sent.
    world.store.reactions.then([Fault::Hang]);
    let first = world.start_service(echoing());
    for amount in 1..=10 {
        decided(&world, &format!("n{amount}"), amount, ECHO).await;
    }
    until("the first step", async || world.store.reactions.is_over().then_some(())).await;
    let second = world.start_service(echoing());
    for amount in 11..=20 {
        decided(&world, &format!("n{amount}"), amount, ECHO).await;
    }
    first.kill().await;
    all_reacted(&world).await;
    for amount in 1..=20 {
        assert_eq!(added(&world, &format!("echo-n{amount}")).await, [amount], "n{amount}");
    }
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_reactor_begins_with_the_first_event_or_with_the_next() {
    let world = World::new().await;
    let running = world.start();
    decided(&world, "a", 1, ECHO).await;
    running.stop().await;
    // Events topics may be cut at will: the history is the store's.
    for partition in 0..PARTITIONS {
        let topic = Tally::events_topic();
        let end = world.log.bounds(&topic, partition).await.expect("bounds").end;
        world.log.trim(&topic, partition, end).await.expect("trimmed");
    }
    let running = world.start_service(service().react::<Tally, Late>());
    running.ready().await;
    decided(&world, "a", 2, ECHO).await;
    let history = async |name: &str| {
        let aggregate = AggregateId::new(TENANT, name);
        world.store.history(Tally::NAME, &aggregate, 0, 9).await.expect("events").len()
    };
    until("the echo", async || (history("echo-a").await == 1).then_some(())).await;
    running.stop().await;
    // Another name is another reactor: it has not seen the first one yet.
    let running = reacting(&world).await;
    all_reacted(&world).await;
    assert_eq!(history("echo-a").await, 3);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn outcomes_of_a_reactor_that_is_behind_are_kept() {
    let mut world = World::new().await;
    world.settings.outcome_retention = Duration::from_micros(10);
    world.settings.housekeeping = Duration::ZERO;
    world.store.reactions.then([Fault::Hang; 2]);
    let running = world.start_service(echoing());
    decided(&world, "a", 1, ECHO).await;
    let echo = AggregateId::new(TENANT, "echo-a");
    let events = until("the echo", async || {
        let events = world.store.history(Tally::NAME, &echo, 0, 9).await.expect("events");
        Some(events).filter(|events| !events.is_empty())
    })
    .await;
    assert_eq!(events.len(), 1);
    world.at(1_000_000);
    // The window of both is over: the client's goes, the reactor's stays.
    let asked = world.all_published().await;
    let of = |key: &str| {
        let event = asked.iter().find(|event| event.metadata.key == key).expect("an event");
        event.metadata.causation_id.expect("a command")
    };
    let (client, reactor) = (of("a"), of("echo-a"));
    let outcome = async |id| world.store.outcome(None, id).await.expect("an answer");
    until("the purge", async || outcome(client).await.is_none().then_some(())).await;
    assert!(outcome(reactor).await.is_some());
    running.kill().await;
    let running = reacting(&world).await;
    all_reacted(&world).await;
    assert_eq!(world.store.history(Tally::NAME, &echo, 0, 9).await.expect("events").len(), 1);
    until("the purge", async || outcome(reactor).await.is_none().then_some(())).await;
    running.stop().await;
}

/// What an effect was told, by key, and how often it is to fail before that.
#[derive(Clone, Default)]
struct Outside(Arc<Mutex<(u32, Told)>>);

/// The amounts by key, in the order of the calls.
type Told = BTreeMap<Uuid, Vec<i64>>;

#[async_trait]
impl Effect<Tally> for Outside {
    const NAME: &'static str = "outside";
    type Commands = Tally;

    async fn perform(
        &self,
        event: &Envelope<TallyEvent>,
        key: Uuid,
    ) -> Result<Vec<TallyCommand>, EffectError> {
        let TallyEvent::Added(added) = &event.payload else { return Ok(Vec::new()) };
        if added.how != ECHO {
            return Ok(Vec::new());
        }
        let mut outside = self.0.lock().expect("no panic");
        outside.1.entry(key).or_default().push(added.amount);
        if outside.0 > 0 {
            outside.0 -= 1;
            return Err(EffectError::new("nobody answers"));
        }
        Ok(asked_by(&event.payload))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_effect_is_asked_again_under_the_same_key_until_its_commands_are_sent() {
    let world = World::new().await;
    let outside = Outside::default();
    outside.0.lock().expect("no panic").0 = 2;
    let with_effect = || service().effect::<Tally, _>(outside.clone());
    world.store.reactions.then([Fault::Hang]);
    let running = world.start_service(with_effect());
    decided(&world, "a", 1, ECHO).await;
    until("the checkpoint", async || world.store.reactions.is_over().then_some(())).await;
    running.kill().await;
    let running = world.start_service(with_effect());
    running.ready().await;
    decided(&world, "a", 2, ECHO).await;
    until("the second echo", async || (added(&world, "echo-a").await.len() == 2).then_some(()))
        .await;
    assert_eq!(added(&world, "echo-a").await, [1, 2]);
    running.stop().await;
    let told: Vec<Vec<i64>> = outside.0.lock().expect("no panic").1.values().cloned().collect();
    let told: BTreeSet<Vec<i64>> = told.into_iter().collect();
    // Twice in vain, once before the end, once after it.
    assert_eq!(told, BTreeSet::from([vec![1; 4], vec![2]]));
}

struct Slash;

impl Reactor<Tally> for Slash {
    const NAME: &'static str = "a/b";
    type Commands = Tally;

    fn react(_: &Envelope<TallyEvent>) -> Vec<TallyCommand> {
        Vec::new()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reactors_that_share_a_name_or_have_none_are_refused() {
    let world = World::new().await;
    let refused = async |service| {
        let running = world.start_service(service);
        running.task.await.expect("no panic").expect_err("a refusal")
    };
    let twice = refused(echoing().react::<Tally, Echo>()).await;
    assert!(matches!(twice, ServiceError::ReactorTwice { name: "echo" }), "{twice}");
    let slash = refused(service().react::<Tally, Slash>()).await;
    assert!(matches!(slash, ServiceError::ReactorName { name: "a/b", .. }), "{slash}");
}
