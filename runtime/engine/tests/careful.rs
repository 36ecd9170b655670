//! Going carefully after an end without a word: only the command in decision counts an attempt.

mod support;

use std::time::Duration;

use charter_domain::{AggregateId, Contract};
use charter_engine::log::Log;
use charter_engine::store::{Attempt, Store, Trial};
use contract_shared::OutcomeStatus;
use support::faults::Fault;
use support::tally::{PLAIN, Tally, add};
use support::{PARTITIONS, TENANT, World, until};
use uuid::Uuid;

/// A world whose owners of all partitions have ended without a word, over the command that there is for each
/// partition.
async fn crashed() -> (World, Vec<Uuid>) {
    let world = World::new().await;
    let mut commands = Vec::new();
    for partition in 0..PARTITIONS {
        let mut names = (0..).map(|number: u32| format!("n{number}"));
        let of = |name: &String| {
            world.sender.partition(&AggregateId::new(TENANT, name.clone())) == partition
        };
        let name = names.find(of).expect("one in two");
        commands.push(world.send(add(&name, 1, PLAIN)).await);
        let claim = world.store.claim(Tally::NAME, partition, 1).await.expect("a claim");
        world.store.record_trial(&claim.lease, Trial::Together(1)).await.expect("recorded");
    }
    world.store.fix_partitions(PARTITIONS).await.expect("fixed");
    let id = Uuid::now_v7();
    world.store.set_pairing_id(id).await.expect("set");
    world.log.set_pairing_id(id).await.expect("set");
    (world, commands)
}

async fn attempts(world: &World) -> Vec<Attempt> {
    let mut found = Vec::new();
    for partition in 0..PARTITIONS {
        let claim = world.store.claim(Tally::NAME, partition, 1).await.expect("a claim");
        if let Some(Trial::Alone(attempt)) = claim.trial {
            found.push(attempt);
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn one_partition_at_a_time_tries_a_command() {
    let (world, commands) = crashed().await;
    world.store.commits.then([Fault::Hang; 2]);
    let running = world.start();
    until("a commit", async || (world.store.commits.left() < 2).then_some(())).await;
    // Time for the other partition to try its own all the same.
    tokio::time::sleep(Duration::from_millis(100)).await;
    running.kill().await;
    let found = attempts(&world).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].count, 1);
    assert!(commands.contains(&found[0].command_id));
}

#[tokio::test(flavor = "multi_thread")]
async fn folding_the_history_is_part_of_the_attempt() {
    let (world, commands) = crashed().await;
    world.store.histories.then([Fault::Hang]);
    let running = world.start();
    until("the load", async || world.store.histories.is_over().then_some(())).await;
    running.kill().await;
    let found = attempts(&world).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(commands.contains(&found[0].command_id));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_in_good_order_is_no_crash_of_the_command_in_hand() {
    let (mut world, commands) = crashed().await;
    world.settings.stop_patience = Duration::from_millis(100);
    world.store.commits.then([Fault::Hang]);
    let running = world.start();
    until("a commit", async || world.store.commits.is_over().then_some(())).await;
    running.stop().await;
    let found = attempts(&world).await;
    assert!(found.iter().all(|attempt| attempt.count == 0), "{found:?}");
    let running = world.start();
    for command in commands {
        assert_eq!(world.outcome(command).await.status, OutcomeStatus::Applied);
    }
    running.stop().await;
}
