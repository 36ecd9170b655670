//! Ending: a service that is told to stop does so in time, whoever doesn't answer it.

mod support;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use charter_engine::schemas::{
    RegisteredSchema, Registration, RegistryError, SchemaCatalog, SchemaRegistry,
};
use charter_engine::{Runtime, Service, ServiceError};
use support::faults::Fault;
use support::tally::{PLAIN, Tally, add};
use support::{World, service, until};
use tokio_util::sync::CancellationToken;

/// A registry that takes questions and gives no answers.
#[derive(Debug)]
struct Silent;

#[async_trait]
impl SchemaRegistry for Silent {
    async fn register(&self, _: &str, _: &str) -> Result<u32, RegistryError> {
        std::future::pending().await
    }
    async fn look_up(&self, _: &str, _: &str) -> Result<Option<u32>, RegistryError> {
        std::future::pending().await
    }
    async fn schema(&self, _: u32) -> Result<Option<RegisteredSchema>, RegistryError> {
        std::future::pending().await
    }
}

/// What `ending` gives, which must end without anybody's answer.
async fn in_time<T>(ending: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), ending).await.expect("an end in time")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_registry_holds_up_no_end() {
    let world = World::new().await;
    let stop = CancellationToken::new();
    let schemas = SchemaCatalog::new(Arc::new(Silent), Registration::Register);
    let runtime = Runtime::new(world.log.clone(), world.store.clone(), schemas, world.settings)
        .with_stop(stop.clone());
    let starting = {
        let (runtime, stop) = (runtime.clone(), stop.clone());
        tokio::spawn(async move { service().run(runtime, stop).await })
    };
    let sending = {
        let runtime = runtime.clone();
        tokio::spawn(async move { runtime.sender::<Tally>("charter://tests").await.map(drop) })
    };
    let hinting = {
        let stop = stop.clone();
        tokio::spawn(async move { runtime.hints(0, &stop).await.map(drop) })
    };
    tokio::task::yield_now().await;
    stop.cancel();
    in_time(starting).await.expect("no panic").expect("an end in good order");
    for task in [sending, hinting] {
        let error = in_time(task).await.expect("no panic").expect_err("no answer");
        assert!(matches!(error, ServiceError::Stopping), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_log_holds_up_no_end_and_its_events_are_published_later() {
    let mut world = World::new().await;
    world.settings.stop_patience = Duration::from_millis(200);
    world.log.appends.then([Fault::Hang]);
    let running = world.start();
    // More batches than may wait for publication: the last of them waits in the owner.
    let mut last = None;
    for amount in 1..=12 {
        let command = world.send(add("a", amount, PLAIN)).await;
        if amount <= 8 {
            world.outcome(command).await;
        }
        last = Some(command);
    }
    in_time(running.stop()).await;
    world.log.appends.clear();
    let running = world.start();
    world.outcome(last.expect("one")).await;
    assert_eq!(world.all_published().await.len(), 12);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_store_holds_up_no_end() {
    let mut world = World::new().await;
    world.settings.stop_patience = Duration::from_millis(200);
    world.store.commits.then([Fault::Hang]);
    world.store.steps.then([Fault::Hang]);
    let running = world.start();
    let command = world.send(add("a", 1, PLAIN)).await;
    until("the commit", async || world.store.commits.is_over().then_some(())).await;
    in_time(running.stop()).await;
    world.store.steps.clear();
    let running = world.start();
    world.outcome(command).await;
    world.all_projected().await;
    running.stop().await;
}
