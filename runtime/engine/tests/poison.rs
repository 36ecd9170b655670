//! Poison: what can't be read, decided or projected holds up nobody else, and operators mend it.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use charter_domain::{AggregateId, ColumnValue, Contract, Envelope, partition_of};
use charter_engine::log::{Log, Record};
use charter_engine::operate::{OperateError, Operator, Order, RequestState};
use charter_engine::store::{Action, Store};
use contract_shared::OutcomeStatus;
use support::faults::Fault;
use support::tally::{
    EVOLVE_PANIC, LARGE, MEND, MENDED, NUL, OTHER, PANIC, PLAIN, SPOIL, TOTALS, Tally, TallyEvent,
    UNDECLARED, add,
};
use support::{PARTITIONS, TENANT, World, assert_sound, until};

fn aggregate(name: &str) -> AggregateId {
    AggregateId::new(TENANT, name)
}

fn order(action: Action, name: &str, reason: &str) -> Order {
    Order {
        action,
        context: Tally::NAME.to_owned(),
        reactor: None,
        aggregate: aggregate(name),
        actor: "key/anna".to_owned(),
        reason: reason.to_owned(),
    }
}

/// Asks, and waits until it has ended.
async fn ended(operator: &Operator, order: Order) -> RequestState {
    let asked = operator.ask(order).await.expect("taken");
    assert_eq!(asked.state, "WAITING");
    until("the end of the request", async || {
        let state = operator.request(asked.id).await.expect("it is kept");
        (state.state != "WAITING").then_some(state)
    })
    .await
}

/// Sum and count of events.
async fn total(world: &World, name: &str) -> Option<(i64, i64)> {
    let key = [ColumnValue::Text(name.to_owned())];
    let row = world.store.row(&TOTALS, TENANT, &key).await.expect("an answer").row?;
    match (&row[1], &row[2]) {
        (ColumnValue::Integer(sum), ColumnValue::Integer(count)) => Some((*sum, *count)),
        other => panic!("two numbers, found {other:?}"),
    }
}

async fn decided(world: &World, name: &str, how: &str) {
    let command = world.send(add(name, 5, how)).await;
    world.outcome(command).await;
}

/// A batch with one was redone one by one, each command with a record, a commit, and all of the process to itself: with
/// one poisonous command in a hundred the others waited for seconds.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_fails_costs_others_no_commit() {
    let world = World::new().await;
    let poison = [PANIC, EVOLVE_PANIC, LARGE, NUL, OTHER, UNDECLARED];
    let name = |number: usize| if number % 3 == 1 { "p" } else { "a" };
    let mut commands = Vec::new();
    for number in 0..20 {
        let harm = poison.get(number / 3).copied().filter(|_| number % 3 == 1).unwrap_or(PLAIN);
        commands.push((harm, world.send(add(name(number), 1, harm)).await));
    }
    let partitions: BTreeSet<u32> =
        (0..2).map(|number| world.sender.partition(&aggregate(name(number)))).collect();
    world.store.commits.then([Fault::Pass; 100]);
    let running = world.start();
    for (harm, command) in commands {
        let expected = if harm == PLAIN { OutcomeStatus::Applied } else { OutcomeStatus::Failed };
        assert_eq!(world.outcome(command).await.status, expected, "{harm}");
    }
    assert_eq!(100 - world.store.commits.left(), partitions.len());
    let letters = world.letters().await;
    assert_eq!(letters.values().map(|letter| letter.attempts).collect::<Vec<_>>(), [1; 6]);
    let events = world.all_published().await;
    assert_eq!(events.len(), 14);
    assert_sound(&events);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_fails_among_its_aggregates_events_costs_two_commits() {
    let world = World::new().await;
    let poison = [PANIC, EVOLVE_PANIC, LARGE, NUL, OTHER, UNDECLARED];
    let mut commands = Vec::new();
    for number in 0..20 {
        let harm = poison.get(number / 3).copied().filter(|_| number % 3 == 1).unwrap_or(PLAIN);
        commands.push((harm, world.send(add("a", 1, harm)).await));
    }
    world.store.commits.then([Fault::Pass; 100]);
    let running = world.start();
    let mut applied = 0;
    for (harm, command) in commands {
        let outcome = world.outcome(command).await;
        let expected = if harm == PLAIN { OutcomeStatus::Applied } else { OutcomeStatus::Failed };
        assert_eq!(outcome.status, expected, "{harm}");
        if let [event] = &outcome.events[..] {
            applied += 1;
            assert_eq!((event.sequence, event.position), (applied, applied - 1));
        }
    }
    assert_eq!(applied, 14);
    // What was decided before it, and it by itself, six times; then what is left.
    assert_eq!(100 - world.store.commits.left(), 13);
    assert_eq!(world.letters().await.len(), 6);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_never_be_folded_is_left_out_by_an_operator_and_that_stays_on_record() {
    let world = World::new().await;
    let running = world.start();
    for how in [PLAIN, SPOIL, PLAIN] {
        decided(&world, "a", how).await;
    }
    world.all_projected().await;
    let operator = Operator::new(&world.runtime());
    let parked = operator.parked(None, 10).await.expect("an answer");
    assert_eq!(parked.len(), 1);
    assert_eq!((parked[0].key.as_str(), parked[0].position, parked[0].waiting), ("a", 1, 2));
    let detail =
        operator.parked_aggregate(Tally::NAME, None, &aggregate("a")).await.expect("there");
    let stuck = detail.events[0].envelope.value.as_ref().expect("it can be read");
    assert_eq!(stuck["payload"]["how"], SPOIL);
    assert_eq!(stuck["metadata"]["sequence"], 2);

    for action in [Action::Try, Action::Redrive] {
        let state = ended(&operator, order(action, "a", "")).await;
        assert_eq!(state.state, "REFUSED", "{state:?}");
        let reason = "the event at position 1 can't be folded: the domain panicked: told to";
        assert_eq!(state.result.as_deref(), Some(reason));
        assert_eq!(total(&world, "a").await, Some((5, 1)));
    }
    let refused = operator.ask(order(Action::Discard, "a", " ")).await.expect_err("no reason");
    assert!(matches!(refused, OperateError::NoReason), "{refused}");
    let state = ended(&operator, order(Action::Discard, "a", "it was a test")).await;
    let said = "1 events were folded, 1 left out, at positions [1]";
    assert_eq!((state.state, state.result.as_deref()), ("DONE", Some(said)));
    assert_eq!(total(&world, "a").await, Some((10, 2)));
    decided(&world, "a", PLAIN).await;
    world.all_projected().await;
    assert_eq!(total(&world, "a").await, Some((15, 3)));
    assert!(!world.store.parked_in(Tally::NAME, TENANT).await.expect("an answer"));

    let kept = operator.requests(10).await.expect("an answer");
    let told: Vec<_> = kept.iter().map(|one| (one.action, one.state)).collect();
    assert_eq!(told, [("DISCARD", "DONE"), ("REDRIVE", "REFUSED"), ("TRY", "REFUSED")]);
    assert_eq!((kept[0].actor.as_str(), kept[0].reason.as_str()), ("key/anna", "it was a test"));
    let gone = operator.ask(order(Action::Redrive, "a", "")).await.expect_err("nothing waits");
    assert!(matches!(gone, OperateError::NotParked { .. }), "{gone}");
    running.stop().await;
}

/// What the read model must hold: each aggregate's events, folded.
fn folded(events: &[Envelope<TallyEvent>]) -> BTreeMap<String, (i64, i64)> {
    let mut totals: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for event in events {
        let total = totals.entry(event.metadata.key.clone()).or_default();
        total.1 += 1;
        if let TallyEvent::Added(added) = &event.payload {
            total.0 += added.amount;
        }
    }
    totals
}

/// Appends what is no command under an aggregate's key.
async fn garbage(world: &World, name: &str, number: u8) {
    let key = aggregate(name).record_key();
    let partition = partition_of(key.as_bytes(), PARTITIONS);
    let value = vec![0, 0, 0, 0, number].into();
    let record = Record { key: key.into(), value, headers: Vec::new() };
    world.log.append(&Tally::commands_topic(), partition, vec![record]).await.expect("appended");
}

#[tokio::test(flavor = "multi_thread")]
async fn poison_holds_up_nobody_and_a_redrive_restores_the_read_model() {
    const AGGREGATES: usize = 20;
    const COMMANDS: usize = 300;
    let world = World::new().await;
    let running = world.start();
    let (mut sent, mut unreadable) = (Vec::new(), 0);
    for number in 0..COMMANDS {
        let name = format!("n{}", number % AGGREGATES);
        // One in a hundred of each kind, and all of one aggregate's.
        let (how, status) = match number % 100 {
            7 => {
                garbage(&world, &name, 200).await;
                unreadable += 1;
                (PLAIN, OutcomeStatus::Applied)
            }
            17 => (LARGE, OutcomeStatus::Failed),
            27 => (NUL, OutcomeStatus::Failed),
            _ if number % AGGREGATES == 5 => (PANIC, OutcomeStatus::Failed),
            _ if number == 103 => (MENDED, OutcomeStatus::Applied),
            _ => (PLAIN, OutcomeStatus::Applied),
        };
        sent.push((world.send(add(&name, 1, how)).await, status));
    }
    let failed = sent.iter().filter(|(_, status)| *status == OutcomeStatus::Failed).count();
    for (command, status) in &sent {
        assert_eq!(world.outcome(*command).await.status, *status);
    }
    let letters = world.letters().await;
    assert_eq!(letters.len(), failed + unreadable, "a dead letter for each, and no more");
    let operator = Operator::new(&world.runtime());
    let listed = operator.dead_letters(Some(Tally::NAME), 1_000).await.expect("an answer");
    assert_eq!(listed.len(), letters.len());
    let panicked = listed.iter().find(|one| one.code == "DECISION_PANICKED").expect("some did");
    let id = panicked.id.parse().expect("an id");
    let letter = operator.dead_letter(id).await.expect("it is kept");
    let command = letter.message.value.expect("it can be read");
    assert_eq!(
        (&command["payload"]["how"], &command["payload"]["name"]),
        (&PANIC.into(), &"n5".into())
    );

    world.all_projected().await;
    let events = world.all_published().await;
    assert_sound(&events);
    let expected = folded(&events);
    assert_eq!(events.len(), sent.len() - failed);
    for (name, whole) in &expected {
        let found = total(&world, name).await;
        if name == "n3" {
            // Up to the event that the projection fails on: 3, 23, 43, 63 and 83 came before 103.
            assert_eq!(found, Some((5, 5)));
        } else {
            assert_eq!(found, Some(*whole), "`{name}` goes on");
        }
    }
    let parked = operator.parked(None, 10).await.expect("an answer");
    assert_eq!(parked.iter().map(|one| one.key.as_str()).collect::<Vec<_>>(), ["n3"]);

    MEND.store(true, Ordering::SeqCst);
    let tried = ended(&operator, order(Action::Try, "n3", "")).await;
    assert_eq!(tried.result.as_deref(), Some("10 events can be folded"));
    assert_eq!(total(&world, "n3").await, Some((5, 5)), "a try changes nothing");
    let state = ended(&operator, order(Action::Redrive, "n3", "mended")).await;
    assert_eq!(state.result.as_deref(), Some("10 events were folded"));
    for (name, whole) in &expected {
        assert_eq!(total(&world, name).await, Some(*whole), "`{name}` is the fold of its events");
    }
    assert!(!world.store.parked_in(Tally::NAME, TENANT).await.expect("an answer"));
    running.stop().await;
}
