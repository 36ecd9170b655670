//! Deciding: each accepted command once, whatever fails.

mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use charter_domain::{AggregateId, Contract};
use charter_engine::log::{Log, Record};
use charter_engine::store::{Attempt, Store, Trial};
use contract_shared::OutcomeStatus;
use support::faults::Fault;
use support::tally::{
    EVOLVE_PANIC, HEAVY, LARGE, NOTHING, NUL, OTHER, PANIC, PLAIN, REFUSED, TIMED, TWO, Tally,
    UNDECLARED, add,
};
use support::{PARTITIONS, TENANT, TRACEPARENT, World, amounts, assert_sound, until};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread")]
async fn commands_are_decided_in_order_and_published() {
    let world = World::new().await;
    let running = world.start();
    let mut commands = Vec::new();
    for number in 0..60 {
        let name = ["a", "b", "c"][number % 3];
        let command = add(name, i64::try_from(number).expect("small"), PLAIN);
        commands.push((name, world.send(command).await));
    }
    let mut sequences: BTreeMap<&str, i64> = BTreeMap::new();
    for (name, command) in &commands {
        let outcome = world.outcome(*command).await;
        let sequence = sequences.entry(name).or_default();
        *sequence += 1;
        assert_eq!(outcome.status, OutcomeStatus::Applied);
        assert_eq!((outcome.key.as_str(), outcome.events[0].sequence), (*name, *sequence));
        assert_eq!(outcome.position, outcome.events[0].position);
        assert_eq!(outcome.request_hash.expect("sent with one").0, [7; 32]);
    }
    let events = world.all_published().await;
    assert_eq!(events.len(), 60);
    assert_sound(&events);
    let first = &events.iter().find(|event| event.metadata.key == "a").expect("one").metadata;
    assert_eq!(first.causation_id, Some(commands[0].1));
    assert_eq!((first.r#type.as_str(), first.tenant_id.as_str()), ("tally.added", TENANT));
    for record in world.records(&Tally::events_topic(), 0).await {
        let header = record.record.header("traceparent").map(|value| value.to_vec());
        assert_eq!(header.as_deref(), Some(TRACEPARENT.as_bytes()));
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_and_empty_decisions_are_outcomes() {
    let world = World::new().await;
    let commands = [
        world.send(add("a", 1, REFUSED)).await,
        world.send(add("a", 2, NOTHING)).await,
        world.send(add("a", 3, TWO)).await,
    ];
    let running = world.start();
    let refused = world.outcome(commands[0]).await;
    assert_eq!(refused.status, OutcomeStatus::Rejected);
    assert_eq!(refused.code.as_deref(), Some("REFUSED"));
    assert_eq!(refused.detail.as_deref(), Some("It was refused."));
    assert_eq!(refused.details.as_deref(), Some("{}"));
    let nothing = world.outcome(commands[1]).await;
    assert_eq!((nothing.status, nothing.position), (OutcomeStatus::Applied, -1));
    assert_eq!(nothing.events, []);
    let two = world.outcome(commands[2]).await;
    let places: Vec<_> = two.events.iter().map(|event| (event.sequence, event.position)).collect();
    assert_eq!(places, [(1, 0), (2, 1)]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_builds_on_another_sequence_is_refused() {
    let world = World::new().await;
    let commands = [
        world.send_expecting(1, add("a", 1, PLAIN)).await,
        world.send_expecting(0, add("a", 2, TWO)).await,
        world.send_expecting(0, add("a", 3, PLAIN)).await,
        world.send_expecting(2, add("a", 4, PLAIN)).await,
        // Refused by nobody else: the decider is not asked.
        world.send_expecting(2, add("a", 5, PANIC)).await,
    ];
    let running = world.start();
    let mut ends = Vec::new();
    for command in commands {
        let outcome = world.outcome(command).await;
        ends.push((outcome.status, outcome.code, outcome.detail));
    }
    let applied = || (OutcomeStatus::Applied, None, None);
    let refused = |detail: &str| {
        let code = Some("SEQUENCE_MISMATCH".to_owned());
        (OutcomeStatus::Rejected, code, Some(detail.to_owned()))
    };
    assert_eq!(
        ends,
        [
            refused("expected sequence `1`, found `0`"),
            applied(),
            refused("expected sequence `0`, found `2`"),
            applied(),
            refused("expected sequence `2`, found `3`"),
        ]
    );
    assert_sound(&world.all_published().await);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_changes_nothing() {
    let world = World::new().await;
    let command = Uuid::now_v7();
    // Two in one batch, and one in a later one with another body.
    world.send_as(command, add("a", 1, PLAIN)).await;
    world.send_as(command, add("a", 1, PLAIN)).await;
    let running = world.start();
    let first = world.outcome(command).await;
    world.send_as(command, add("a", 5, PLAIN)).await;
    let last = world.send(add("a", 2, PLAIN)).await;
    world.outcome(last).await;
    assert_eq!(world.outcome(command).await, first);
    assert_eq!(amounts(&world.all_published().await), [(PLAIN, 1), (PLAIN, 2)]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_is_told() {
    let world = World::new().await;
    let running = world.start();
    running.ready().await;
    let shutdown = CancellationToken::new();
    let hints = world.runtime().hints(1, &shutdown).await.expect("hints");
    let command = Uuid::now_v7();
    for how in [PLAIN, NOTHING] {
        // The second is a repeat, and its sender is told of the first one's outcome.
        let waiter = hints.expect(command).expect("a place");
        world.send_for(command, add("a", 1, how), Some(hints.reply_to())).await;
        let told = waiter.wait(Duration::from_secs(20)).await.expect("a hint");
        assert_eq!(told.events.len(), 1);
        assert_eq!(told, world.outcome(command).await);
    }
    hints.stop().await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_fails_by_itself_holds_up_nobody() {
    let world = World::new().await;
    let mut failing = Vec::new();
    let mut fine = Vec::new();
    for how in [UNDECLARED, PANIC, OTHER, NUL, LARGE, EVOLVE_PANIC] {
        fine.push(world.send(add("a", 1, PLAIN)).await);
        failing.push((how, world.send(add("a", 100, how)).await));
    }
    fine.push(world.send(add("a", 1, PLAIN)).await);
    let running = world.start();
    for command in fine {
        assert_eq!(world.outcome(command).await.status, OutcomeStatus::Applied);
    }
    let letters = world.letters().await;
    for (how, command) in failing {
        let outcome = world.outcome(command).await;
        assert_eq!(outcome.status, OutcomeStatus::Failed, "{how}");
        assert_eq!(outcome.code.as_deref(), Some("COMMAND_FAILED"));
        let letter = letters.values().find(|letter| letter.command_id == Some(command));
        let code = match how {
            UNDECLARED => "UNDECLARED_REJECTION",
            OTHER => "OTHER_AGGREGATE",
            NUL => "INVALID_TEXT",
            LARGE => "EVENT_TOO_LARGE",
            _ => "DECISION_PANICKED",
        };
        assert_eq!(letter.map(|letter| letter.code.as_str()), Some(code), "{how}");
    }
    let events = world.all_published().await;
    assert_sound(&events);
    assert_eq!(amounts(&events), [(PLAIN, 1); 7]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_no_command_is_set_aside() {
    let world = World::new().await;
    let key = AggregateId::new(TENANT, "a").record_key();
    let accepted = world.send_as(Uuid::now_v7(), add("a", 1, PLAIN)).await;
    let known = Uuid::now_v7();
    let headers =
        vec![("ce_id".into(), known.to_string().into()), ("ce_type".into(), "tally.add".into())];
    let named = Record { key: key.into(), value: "nonsense".into(), headers };
    let nameless = Record { key: "no aggregate".into(), value: "".into(), headers: Vec::new() };
    world
        .log
        .append(&Tally::commands_topic(), accepted.partition, vec![named, nameless])
        .await
        .expect("appended");
    let last = world.send(add("a", 2, PLAIN)).await;
    let running = world.start();
    world.outcome(last).await;
    let outcome = world.outcome(known).await;
    assert_eq!(outcome.status, OutcomeStatus::Failed);
    assert_eq!((outcome.r#type.as_str(), outcome.key.as_str()), ("tally.add", "a"));
    let letters = world.letters().await;
    let mut found: Vec<_> = letters
        .values()
        .map(|letter| (letter.offset, letter.code.as_str(), letter.envelope.0.clone()))
        .collect();
    found.sort_unstable();
    let expected = [(1, "DECODE_FAILED", b"nonsense".to_vec()), (2, "DECODE_FAILED", Vec::new())];
    assert_eq!(found, expected);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_in_another_aggregates_partition_is_set_aside() {
    let world = World::new().await;
    let misplaced = Uuid::now_v7();
    // Made in another world, so that here the command stands in the wrong partition alone.
    let source = World::new().await;
    let accepted = source.send_as(misplaced, add("a", 1, PLAIN)).await;
    let record =
        source.records(&Tally::commands_topic(), accepted.partition).await.remove(0).record;
    let other = 1 - accepted.partition;
    world.log.append(&Tally::commands_topic(), other, vec![record]).await.expect("appended");
    let running = world.start();
    let letter = until("the letter", async || world.letters().await.into_values().next()).await;
    assert_eq!((letter.code.as_str(), letter.command_id), ("DECODE_FAILED", Some(misplaced)));
    assert_eq!(letter.partition.cast_unsigned(), other);
    let expected = format!(
        "`{}` is of partition {}, the record stands in {other}",
        AggregateId::new(TENANT, "a"),
        accepted.partition
    );
    assert_eq!(letter.reason, expected);
    assert!(world.published(other).await.is_empty());
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_the_log_does_not_take_fails_its_command() {
    let world = World::new().await;
    let name = "n".repeat(80 << 10);
    let heavy = world.send(add(&name, 1, HEAVY)).await;
    let fine = world.send(add(&name, 2, PLAIN)).await;
    let running = world.start();
    assert_eq!(world.outcome(heavy).await.status, OutcomeStatus::Failed);
    assert_eq!(world.outcome(fine).await.status, OutcomeStatus::Applied);
    let letters = world.letters().await;
    let codes: Vec<_> = letters.values().map(|letter| letter.code.as_str()).collect();
    assert_eq!(codes, ["EVENT_TOO_LARGE"]);
    assert_eq!(amounts(&world.all_published().await), [(PLAIN, 2)]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_with_many_bytes_is_committed_in_parts() {
    let world = World::new().await;
    let mut commands = Vec::new();
    for amount in 1..=20 {
        // Each sets a deadline that is due before the next one.
        world.at(1_000 + 100 * amount);
        commands.push(world.send(add("a", 1, TIMED)).await);
        commands.push(world.send(add("a", amount, HEAVY)).await);
    }
    // 16.8 MiB in parts of a little over 8; without the limit it is one commit.
    world.store.commits.then([Fault::Pass; 2]);
    let running = world.start();
    for command in commands {
        assert_eq!(world.outcome(command).await.status, OutcomeStatus::Applied);
    }
    assert!(world.store.commits.is_over());
    let events = until("the last deadline", async || {
        Some(world.all_published().await).filter(|events| events.len() >= 59)
    })
    .await;
    assert_sound(&events);
    let order: Vec<_> = events.iter().map(|event| event.metadata.r#type.as_str()).collect();
    for (number, parts) in order.chunks(3).enumerate() {
        let expected = ["tally.added", "tally.added", "tally.closed"];
        assert_eq!(parts, &expected[..parts.len()], "of {number}");
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_is_told_before_the_store_is_asked_again() {
    let world = World::new().await;
    let running = world.start();
    running.ready().await;
    world.send(add("a", 100, TIMED)).await;
    until("the event", async || (world.all_published().await.len() == 1).then_some(())).await;
    world.store.deadlines.then([Fault::Hang]);
    // The deadline is due, and the store is asked for the next one.
    world.at(2_000);
    until("the next deadline", async || world.store.deadlines.is_over().then_some(())).await;
    assert_eq!(amounts(&world.all_published().await), [(TIMED, 100), ("closed", 100)]);
    running.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_single_fault_leaves_each_command_decided_once() {
    use Fault::{DoneButUnknown, LostAndUnknown, Refuse};
    let world = World::new().await;
    let running = world.start();
    let mut sent = 0;
    for fault in [Refuse, DoneButUnknown, LostAndUnknown] {
        for script in
            [&world.store.commits, &world.store.reads, &world.log.appends, &world.log.fetches]
        {
            // Twice, so that the way out is taken from a trouble too.
            script.then([fault, fault]);
            for _ in 0..3 {
                sent += 1;
                let command = world.send(add("a", sent, PLAIN)).await;
                assert_eq!(world.outcome(command).await.status, OutcomeStatus::Applied);
            }
            until("the faults", async || script.is_over().then_some(())).await;
        }
    }
    let events = world.all_published().await;
    assert_sound(&events);
    let expected: Vec<_> = (1..=sent).map(|amount| (PLAIN, amount)).collect();
    assert_eq!(amounts(&events), expected);
    world.all_projected().await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_and_faults_in_any_order_lose_and_double_nothing() {
    use Fault::{DoneButUnknown, Hang, LostAndUnknown, Pass, Refuse};
    let world = World::new().await;
    // Arbitrary, and the same in every run.
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) % below
    };
    let mut sent = Vec::new();
    let mut total = 0;
    for _ in 0..8 {
        let running = world.start();
        for script in [
            &world.store.commits,
            &world.store.reads,
            &world.store.steps,
            &world.log.appends,
            &world.log.fetches,
        ] {
            let faults = [Pass, Pass, Pass, Refuse, DoneButUnknown, LostAndUnknown, Hang];
            script.then((0..4).map(|_| faults[usize::try_from(next(7)).expect("small")]));
        }
        for _ in 0..25 {
            let name = ["a", "b", "c", "d"][usize::try_from(next(4)).expect("small")];
            let amount = i64::try_from(next(100)).expect("small");
            total += amount;
            sent.push((name, world.send(add(name, amount, PLAIN)).await));
            tokio::task::yield_now().await;
        }
        running.kill().await;
        for script in [
            &world.store.commits,
            &world.store.reads,
            &world.store.steps,
            &world.log.appends,
            &world.log.fetches,
        ] {
            script.clear();
        }
    }
    let running = world.start();
    let mut events = BTreeMap::new();
    for (name, command) in &sent {
        let outcome = world.outcome(*command).await;
        assert_eq!((outcome.status, outcome.key.as_str()), (OutcomeStatus::Applied, *name));
        events.insert(outcome.events[0].id, *command);
    }
    assert_eq!(events.len(), sent.len(), "each command has an event of its own");
    let published = world.all_published().await;
    assert_sound(&published);
    assert_eq!(published.len(), sent.len());
    for event in &published {
        assert_eq!(events.get(&event.metadata.id), event.metadata.causation_id.as_ref());
    }
    assert_eq!(amounts(&published).iter().map(|(_, amount)| amount).sum::<i64>(), total);
    world.all_projected().await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_committed_and_not_published_is_published_by_the_next_owner() {
    let world = World::new().await;
    world.log.appends.then([Fault::Hang; 2]);
    let running = world.start();
    let command = world.send(add("a", 1, PLAIN)).await;
    let outcome = world.outcome(command).await;
    let partition = outcome.partition.cast_unsigned();
    assert_eq!(world.published(partition).await, []);
    running.kill().await;
    world.log.appends.clear();
    let running = world.start();
    assert_eq!(amounts(&world.all_published().await), [(PLAIN, 1)]);
    // Published is not claimed yet: an end before that leaves the mark, and publishes once more.
    running.ready().await;
    running.stop().await;
    // The end in good order wrote the mark, so nothing is published again.
    let topic = Tally::events_topic();
    let before = world.log.bounds(&topic, partition).await.expect("bounds");
    let running = world.start();
    running.ready().await;
    running.stop().await;
    assert_eq!(world.log.bounds(&topic, partition).await.expect("bounds"), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_was_overtaken_decides_nothing() {
    let world = World::new().await;
    let running = world.start();
    let first = world.send_as(Uuid::now_v7(), add("a", 1, PLAIN)).await;
    running.ready().await;
    // Somebody else claims the partition under the running owner.
    let claim = world.store.claim(Tally::NAME, first.partition, 1).await.expect("a claim");
    let second = world.send(add("a", 2, PLAIN)).await;
    assert_eq!(world.outcome(second).await.status, OutcomeStatus::Applied);
    let again = world.store.claim(Tally::NAME, first.partition, 1).await.expect("a claim");
    assert!(again.lease.epoch >= claim.lease.epoch + 2, "it was claimed anew in between");
    let third = world.send(add("a", 3, PLAIN)).await;
    world.outcome(third).await;
    assert_eq!(amounts(&world.all_published().await), [(PLAIN, 1), (PLAIN, 2), (PLAIN, 3)]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_ends_the_process_again_and_again_fails() {
    for (count, expected) in [(4, OutcomeStatus::Applied), (5, OutcomeStatus::Failed)] {
        let world = World::new().await;
        let command = Uuid::now_v7();
        let accepted = world.send_as(command, add("a", 1, PLAIN)).await;
        let after = world.send(add("a", 2, PLAIN)).await;
        // What owners leave behind that ended while they decided it.
        let claim = world.store.claim(Tally::NAME, accepted.partition, 1).await.expect("a claim");
        let attempt = Attempt { command_id: command, count };
        world.store.record_trial(&claim.lease, Trial::Alone(attempt)).await.expect("recorded");
        world.runtime().store.fix_partitions(PARTITIONS).await.expect("fixed");
        let id = Uuid::now_v7();
        world.store.set_pairing_id(id).await.expect("set");
        world.log.set_pairing_id(id).await.expect("set");
        let running = world.start();
        assert_eq!(world.outcome(command).await.status, expected, "after {count}");
        assert_eq!(world.outcome(after).await.status, OutcomeStatus::Applied);
        let letters = world.letters().await;
        let letters: Vec<_> =
            letters.values().map(|letter| (letter.code.as_str(), letter.attempts)).collect();
        if expected == OutcomeStatus::Failed {
            assert_eq!(letters, [("CRASHED", 5)]);
        } else {
            assert_eq!(letters, []);
        }
        running.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn infrastructure_faults_are_no_attempts() {
    let world = World::new().await;
    // A command that fails in its batch is tried by itself; what the store refuses meanwhile is not its fault.
    world.send(add("a", 1, PANIC)).await;
    let command = world.send(add("a", 1, PLAIN)).await;
    world.store.commits.then([Fault::Refuse; 12]);
    let running = world.start();
    assert_eq!(world.outcome(command).await.status, OutcomeStatus::Applied);
    let letters = world.letters().await;
    let found: Vec<_> =
        letters.values().map(|letter| (letter.code.as_str(), letter.attempts)).collect();
    assert_eq!(found, [("DECISION_PANICKED", 1)]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_is_an_end_in_good_order() {
    let world = World::new().await;
    let running = world.start();
    let command = world.send(add("a", 1, TWO)).await;
    let outcome = world.outcome(command).await;
    running.ready().await;
    running.stop().await;
    let partition = outcome.partition.cast_unsigned();
    let claim = world.store.claim(Tally::NAME, partition, 1).await.expect("a claim");
    assert!(claim.clean);
    assert_eq!((claim.checkpoint.offset, claim.checkpoint.published), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_move_between_services_and_nothing_is_decided_twice() {
    let world = World::new().await;
    let first = world.start();
    first.ready().await;
    let mut sent = Vec::new();
    for number in 0..40 {
        let name = format!("n{}", number % 8);
        sent.push(world.send(add(&name, 1, PLAIN)).await);
    }
    let second = world.start();
    for number in 0..40 {
        let name = format!("n{}", number % 8);
        sent.push(world.send(add(&name, 1, PLAIN)).await);
    }
    second.ready().await;
    first.stop().await;
    sent.push(world.send(add("n0", 1, PLAIN)).await);
    for command in &sent {
        assert_eq!(world.outcome(*command).await.status, OutcomeStatus::Applied);
    }
    let events = world.all_published().await;
    assert_eq!(events.len(), 81);
    assert_sound(&events);
    world.all_projected().await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn decided_commands_are_forgotten_after_their_window() {
    let mut world = World::new().await;
    world.settings.housekeeping = Duration::ZERO;
    world.settings.outcome_retention = Duration::from_micros(500);
    let old = Uuid::now_v7();
    let accepted = world.send_as(old, add("a", 1, PLAIN)).await;
    let running = world.start();
    world.outcome(old).await;
    world.at(1_400);
    let young = world.send(add("a", 2, PLAIN)).await;
    world.outcome(young).await;
    world.at(1_600);
    until("the purge", async || {
        let found = world.store.store.outcome(Some(TENANT), old).await.expect("an answer");
        found.is_none().then_some(())
    })
    .await;
    let topic = Tally::commands_topic();
    until("the trim", async || {
        let bounds = world.log.bounds(&topic, accepted.partition).await.expect("bounds");
        (bounds == (1..2)).then_some(())
    })
    .await;
    world.outcome(young).await;
    running.stop().await;
    let running = world.start();
    running.ready().await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_that_waited_beyond_the_window_is_still_known() {
    let mut world = World::new().await;
    world.settings.outcome_retention = Duration::from_micros(500);
    let first = Uuid::now_v7();
    world.send_as(first, add("a", 1, PLAIN)).await;
    let running = world.start();
    world.outcome(first).await;
    running.stop().await;
    world.at(1_400);
    world.send(add("a", 2, PLAIN)).await;
    world.send_as(first, add("a", 1, PLAIN)).await;
    // Nobody decides for long; then the backlog is worked off while the house is kept.
    world.at(9_000);
    world.settings.housekeeping = Duration::ZERO;
    world.settings.batch_commands = 1;
    let running = world.start();
    let last = world.send(add("a", 3, PLAIN)).await;
    world.outcome(last).await;
    let amounts: Vec<_> =
        amounts(&world.all_published().await).iter().map(|(_, amount)| *amount).collect();
    assert_eq!(amounts, [1, 2, 3]);
    running.stop().await;
}
