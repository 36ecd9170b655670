//! Services: what they refuse at their start, and how they say that they are ready.

mod support;

use charter_domain::Contract;
use charter_engine::log::Log;
use charter_engine::store::{Store, StoreError};
use charter_engine::{Roles, ServiceError, ServiceStatus};
use support::faults::Fault;
use support::tally::{PLAIN, Tally, add};
use support::{World, service, until};
use uuid::Uuid;
async fn refused(world: &World) -> ServiceError {
    let running = world.start();
    let error = running.task.await.expect("no panic").expect_err("a refusal");
    assert!(matches!(running.service.status(), ServiceStatus::NotReady { .. }));
    error
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_and_a_store_of_different_pairs_are_refused() {
    let world = World::new().await;
    let running = world.start();
    running.ready().await;
    running.stop().await;
    let id = world.store.pairing_id().await.expect("an answer");
    assert!(id.is_some());
    assert_eq!(world.log.pairing_id().await.expect("an answer"), id);
    world.store.set_pairing_id(Uuid::nil()).await.expect("set");
    assert!(matches!(refused(&world).await, ServiceError::OtherPair { .. }));

    let world = World::new().await;
    world.log.set_pairing_id(Uuid::nil()).await.expect("set");
    assert!(matches!(refused(&world).await, ServiceError::StoreUnpaired { .. }));

    let world = World::new().await;
    world.store.claim(Tally::NAME, 0, 1).await.expect("a claim");
    assert!(matches!(refused(&world).await, ServiceError::LogUnpaired { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_outside_the_log_is_refused() {
    let world = World::new().await;
    let running = world.start();
    let accepted = world.send_as(Uuid::now_v7(), add("a", 1, PLAIN)).await;
    world.send(add("a", 1, PLAIN)).await;
    let last = world.send(add("a", 1, PLAIN)).await;
    world.outcome(last).await;
    running.stop().await;
    let claim = world.store.claim(Tally::NAME, accepted.partition, 1).await.expect("a claim");
    let mut ahead = charter_engine::store::Batch {
        lease: claim.lease,
        expected_offset: 3,
        checkpoint: claim.checkpoint,
        outcomes: Vec::new(),
        events: Vec::new(),
        deadlines: Vec::new(),
        resolved: Vec::new(),
    };
    ahead.checkpoint.offset = 4;
    world.store.commit(&ahead).await.expect("committed");
    let error = refused(&world).await;
    assert!(matches!(&error, ServiceError::CheckpointOutside { offset: 4, end: 3, .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_older_than_the_events_is_refused() {
    let world = World::new().await;
    let running = world.start();
    let command = world.send(add("a", 1, PLAIN)).await;
    let outcome = world.outcome(command).await;
    world.all_published().await;
    running.stop().await;
    // The log as it would be beside a store that was restored from before the event.
    let partition = outcome.partition.cast_unsigned();
    let mut record = world.records(&Tally::events_topic(), partition).await.remove(0).record;
    let mut value = record.value.to_vec();
    let at = value.windows(2).rposition(|pair| pair == [2, 0]).expect("sequence 1, position 0");
    value[at + 1] = 2;
    record.value = value.into();
    world.log.append(&Tally::events_topic(), partition, vec![record]).await.expect("appended");
    let error = refused(&world).await;
    assert!(matches!(&error, ServiceError::EventsAhead { published: 1, stored: 0, .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_contract_leaves() {
    let world = World::new().await;
    let running = world.start();
    running.ready().await;
    running.stop().await;
    world.store.claim(Tally::NAME, 1, 2).await.expect("a newer one's claim");
    let error = refused(&world).await;
    assert!(
        matches!(&error, ServiceError::Store(StoreError::NewerContract { own: 1, found: 2, .. })),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_names_what_does_not_work() {
    let world = World::new().await;
    world.store.reads.then([Fault::Refuse; 10_000]);
    let running = world.start();
    running.ready().await;
    let command = world.send_as(Uuid::now_v7(), add("a", 1, PLAIN)).await;
    let part = format!("deciding of tally/{}", command.partition);
    until("the trouble", async || {
        let status = running.service.status();
        let reason = "the store is not available: told to".to_owned();
        (status == ServiceStatus::NotReady { part: part.clone(), reason }).then_some(())
    })
    .await;
    world.store.reads.clear();
    running.ready().await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_without_a_projection_is_refused() {
    let world = World::new().await;
    let half = charter_engine::ContextService::<support::tally::Tallies>::new()
        .project::<support::tally::Total, support::tally::Tallies>();
    let running = world.start_service(half);
    let error = running.task.await.expect("no panic").expect_err("a refusal");
    assert!(matches!(error, ServiceError::ViewWithoutProjection { view: "tally.Part" }), "{error}");
    let twice = service().project::<support::tally::Total, support::tally::Tallies>();
    let running = world.start_service(twice);
    let error = running.task.await.expect("no panic").expect_err("a refusal");
    assert!(matches!(error, ServiceError::ViewProjectedTwice { view: "tally.Total" }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_pair_at_once_agree() {
    let world = World::new().await;
    let mut pairing = tokio::task::JoinSet::new();
    for _ in 0..8 {
        // A runtime of its own each, as processes have.
        let runtime = world.runtime();
        pairing.spawn(async move {
            runtime.pair().await?;
            runtime.store.claim(Tally::NAME, 0, 1).await?;
            runtime.pair().await
        });
    }
    while let Some(paired) = pairing.join_next().await {
        paired.expect("no panic").expect("paired");
    }
    let id = world.store.pairing_id().await.expect("an answer");
    assert!(id.is_some());
    assert_eq!(world.log.pairing_id().await.expect("an answer"), id);
}

#[tokio::test(flavor = "multi_thread")]
async fn deciding_and_projecting_can_be_two_processes() {
    let mut world = World::new().await;
    world.settings.roles = Roles::Decide;
    let deciding = world.start();
    deciding.ready().await;
    let outcome = world.send(add("a", 3, PLAIN)).await;
    world.outcome(outcome).await;
    assert_eq!(world.store.view_positions(Tally::NAME).await.expect("an answer"), []);

    world.settings.roles = Roles::Project;
    let projecting = world.start();
    projecting.ready().await;
    world.all_projected().await;
    deciding.stop().await;
    // Nobody decides now.
    let waiting = world.send(add("a", 4, PLAIN)).await;
    projecting.stop().await;
    let undecided = world.store.outcome(None, waiting).await.expect("an answer");
    assert_eq!(undecided, None);
}
