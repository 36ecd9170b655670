//! Deadlines: decided in order with the commands around them, once.

mod support;

use charter_domain::{Contract, Timestamp};
use charter_engine::store::Store;
use support::faults::Fault;
use support::tally::{PLAIN, TIMED, Tally, add};
use support::{World, amounts, assert_sound, until};
#[tokio::test(flavor = "multi_thread")]
async fn deadlines_are_decided_between_the_commands_around_them() {
    let world = World::new().await;
    world.send(add("a", 100, TIMED)).await; // at 1,000, so it is due at 1,100
    world.at(1_099);
    world.send(add("a", 1, PLAIN)).await;
    world.at(1_100);
    world.send(add("a", 2, PLAIN)).await;
    world.at(1_200);
    world.send(add("a", 50, TIMED)).await;
    let last = world.send(add("a", 4, PLAIN)).await;
    let running = world.start();
    world.outcome(last).await;
    // A command taken at the very time goes after the deadline; one taken before goes before.
    let events = world.all_published().await;
    let expected = [(TIMED, 100), (PLAIN, 1), ("closed", 101), (PLAIN, 2), (TIMED, 50), (PLAIN, 4)];
    assert_eq!(amounts(&events), expected);
    assert_eq!(events[2].metadata.time, Timestamp::from_micros(1_100));
    assert_eq!(events[3].metadata.time, Timestamp::from_micros(1_100));

    // On an idle partition, too, and never early.
    world.at(1_249);
    let early = world.send(add("a", 8, PLAIN)).await;
    world.outcome(early).await;
    world.at(1_250);
    let events = until("the deadline", async || {
        Some(world.all_published().await).filter(|events| events.len() == 8)
    })
    .await;
    assert_eq!(amounts(&events)[6..], [(PLAIN, 8), ("closed", 165)]);
    assert_eq!(events[7].metadata.causation_id.map(|id| id.get_version_num()), Some(5));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deadlines_outlive_their_process_and_are_decided_once() {
    let world = World::new().await;
    let running = world.start();
    let mut commands = Vec::new();
    for number in 1..=5 {
        commands.push(world.send(add("a", number * 10, TIMED)).await);
    }
    for command in commands {
        world.outcome(command).await;
    }
    running.kill().await;
    world.at(5_000);
    world.send(add("a", 1, PLAIN)).await;
    world.store.commits.then([Fault::DoneButUnknown, Fault::Refuse, Fault::DoneButUnknown]);
    let running = world.start();
    let events = until("the deadlines", async || {
        Some(world.all_published().await).filter(|events| events.len() == 11)
    })
    .await;
    assert_eq!(amounts(&events)[5..10], [("closed", 150); 5]);
    assert_eq!(amounts(&events)[10], (PLAIN, 1));
    let due: Vec<_> = events[5..10].iter().map(|event| event.metadata.time.micros()).collect();
    assert_eq!(due, [1_010, 1_020, 1_030, 1_040, 1_050]);
    assert_sound(&events);
    let partition = world.outcome(events[10].metadata.causation_id.expect("a command")).await;
    let left = world.store.next_deadline(Tally::NAME, partition.partition.cast_unsigned()).await;
    assert_eq!(left.expect("an answer"), None);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_with_more_deadlines_than_it_takes_keeps_their_order() {
    let mut world = World::new().await;
    world.settings.batch_commands = 3;
    for number in 1..=10 {
        world.send(add("a", number, TIMED)).await;
    }
    let running = world.start();
    until("the commands", async || {
        Some(world.all_published().await).filter(|events| events.len() == 10)
    })
    .await;
    world.at(1_006);
    let last = world.send(add("a", 1, PLAIN)).await;
    world.at(9_000);
    world.outcome(last).await;
    let events = until("the deadlines", async || {
        Some(world.all_published().await).filter(|events| events.len() == 21)
    })
    .await;
    let order: Vec<_> = amounts(&events)[10..].iter().map(|(how, _)| *how).collect();
    let expected = [["closed"; 6].as_slice(), &[PLAIN], &["closed"; 4]].concat();
    assert_eq!(order, expected);
    running.stop().await;
}
