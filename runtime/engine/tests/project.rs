//! Projecting: each event once into every view, or not at all.

mod support;

use std::sync::atomic::Ordering;

use charter_domain::{AggregateId, ColumnValue, Contract};
use charter_engine::ServiceStatus;
use charter_engine::operate::Operator;
use charter_engine::reads::ListQuery;
use charter_engine::store::Store;
use support::faults::Fault;
use support::tally::{
    COUNTED_WHOLE, HALVED, MEND, MENDED, PARTS, PLAIN, SPOIL, SPOIL_WIDE, TIMED, TOTALS, Tally,
    WIDE, add,
};
use support::{PARTITIONS, TENANT, World, service, until};
use uuid::Uuid;

fn number(value: &ColumnValue) -> i64 {
    let ColumnValue::Integer(number) = value else { panic!("a number, found {value:?}") };
    *number
}

/// Total and count of events.
async fn total(world: &World, name: &str) -> Option<(i64, i64)> {
    let key = [ColumnValue::Text(name.to_owned())];
    let row = world.store.row(&TOTALS, TENANT, &key).await.expect("an answer").row?;
    Some((number(&row[1]), number(&row[2])))
}

/// The sequences that the parts are of, in the order of the parts.
async fn parts(world: &World) -> Vec<i64> {
    let query = ListQuery {
        table: &PARTS,
        tenant: TENANT.to_owned(),
        filters: Vec::new(),
        order: Vec::new(),
        limit: 1_000,
        after: None,
    };
    let page = world.store.list(&query).await.expect("a page");
    page.rows.iter().map(|row| number(&row[2])).collect()
}

async fn decided(world: &World, name: &str, amount: i64, how: &str) {
    let command = world.send(add(name, amount, how)).await;
    world.outcome(command).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn views_are_the_fold_of_the_events() {
    let world = World::new().await;
    let running = world.start();
    for amount in 1..=20 {
        decided(&world, if amount % 2 == 0 { "even" } else { "odd" }, amount, PLAIN).await;
    }
    world.all_projected().await;
    assert_eq!(total(&world, "even").await, Some((110, 10)));
    assert_eq!(total(&world, "odd").await, Some((100, 10)));
    running.stop().await;
    let running = world.start();
    running.ready().await;
    assert_eq!(total(&world, "even").await, Some((110, 10)));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_neither_lose_nor_double_an_event() {
    let world = World::new().await;
    let running = world.start();
    let mut sum = 0;
    for (amount, fault) in
        (1..).zip([Fault::Refuse, Fault::DoneButUnknown, Fault::LostAndUnknown, Fault::Pass])
    {
        world.store.steps.then([fault, fault]);
        decided(&world, "a", amount, PLAIN).await;
        sum += amount;
        world.all_projected().await;
        assert_eq!(total(&world, "a").await, Some((sum, amount)), "after {fault:?}");
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_the_topic_lacks_is_read_from_the_store() {
    let world = World::new().await;
    let running = world.start();
    running.ready().await;
    world.log.appends.then([Fault::Skip]);
    decided(&world, "a", 1, PLAIN).await;
    until("the loss", async || world.log.appends.is_over().then_some(())).await;
    decided(&world, "a", 2, PLAIN).await;
    world.all_projected().await;
    assert_eq!(total(&world, "a").await, Some((3, 2)));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_with_many_rows_is_seen_whole_or_not_at_all() {
    let mut world = World::new().await;
    world.settings.projected_rows = 10;
    let running = world.start();
    decided(&world, "a", 30, WIDE).await;
    world.all_projected().await;
    assert_eq!(parts(&world).await, [1; 30]);

    // Of 96 rows, 35 are parts: two steps, and the process ends in the third.
    world.store.steps.then([Fault::Pass, Fault::Pass, Fault::Hang]);
    decided(&world, "a", 35, WIDE).await;
    until("the third slice", async || world.store.steps.is_over().then_some(())).await;
    assert_eq!(parts(&world).await, [1; 30]);
    assert_eq!(total(&world, "a").await, Some((30, 1)));
    running.kill().await;
    assert_eq!(parts(&world).await, [1; 30]);

    let running = world.start();
    world.all_projected().await;
    assert_eq!(parts(&world).await, [2; 35]);
    assert_eq!(total(&world, "a").await, Some((65, 2)));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slices_survive_faults_and_another_size() {
    let mut world = World::new().await;
    world.settings.projected_rows = 10;
    world.store.steps.then([
        Fault::Pass,
        Fault::DoneButUnknown,
        Fault::LostAndUnknown,
        Fault::Hang,
    ]);
    let running = world.start();
    decided(&world, "a", 45, WIDE).await;
    until("a slice", async || world.store.steps.is_over().then_some(())).await;
    running.kill().await;
    assert_eq!(parts(&world).await, [0; 0]);
    // More rows at a time than the event has: what is staged is gone on with all the same.
    world.settings.projected_rows = 1_000;
    let running = world.start();
    decided(&world, "a", 1, PLAIN).await;
    world.all_projected().await;
    assert_eq!(parts(&world).await, [1; 45]);
    assert_eq!(total(&world, "a").await, Some((46, 2)));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_removed() {
    let world = World::new().await;
    let running = world.start();
    decided(&world, "a", 3, WIDE).await;
    decided(&world, "a", 5, TIMED).await;
    world.at(2_000);
    until("the deadline", async || (total(&world, "a").await == Some((8, 3))).then_some(())).await;
    assert_eq!(parts(&world).await, [1, 1]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_projection_that_fails_holds_up_its_aggregate_only() {
    let mut world = World::new().await;
    world.settings.projected_rows = 10;
    let running = world.start();
    for (name, how) in [
        ("a", PLAIN),
        ("a", SPOIL),
        ("a", PLAIN),
        ("b", PLAIN),
        ("c", SPOIL_WIDE),
        ("b", PLAIN),
        ("c", PLAIN),
    ] {
        decided(&world, name, 25, how).await;
    }
    world.all_projected().await;
    assert_eq!(total(&world, "a").await, Some((25, 1)));
    assert_eq!(total(&world, "b").await, Some((50, 2)));
    // The slices before the one that failed are forgotten.
    assert_eq!(total(&world, "c").await, None);
    assert_eq!(parts(&world).await, [0; 0]);
    let mut parked = Vec::new();
    for partition in 0..PARTITIONS {
        parked.extend(world.store.parked(Tally::NAME, partition).await.expect("an answer"));
    }
    parked.sort_by_key(|parked| parked.aggregate.key.clone());
    let found: Vec<_> =
        parked.iter().map(|parked| (parked.aggregate.clone(), parked.reason.as_str())).collect();
    let panicked = "the domain panicked: told to";
    let expected =
        [(AggregateId::new(TENANT, "a"), panicked), (AggregateId::new(TENANT, "c"), panicked)];
    assert_eq!(found, expected);
    running.stop().await;

    let running = world.start();
    decided(&world, "a", 25, PLAIN).await;
    decided(&world, "b", 25, PLAIN).await;
    world.all_projected().await;
    assert_eq!(total(&world, "a").await, Some((25, 1)), "it stays aside");
    assert_eq!(total(&world, "b").await, Some((75, 3)));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aggregate_that_was_set_aside_is_taken_up_again_when_it_can_be() {
    let world = World::new().await;
    let running = world.start();
    for (name, how) in [("a", PLAIN), ("a", MENDED), ("b", PLAIN), ("a", PLAIN), ("c", SPOIL)] {
        decided(&world, name, 5, how).await;
    }
    world.all_projected().await;
    assert_eq!(total(&world, "a").await, Some((5, 1)));
    assert!(world.store.parked_in(Tally::NAME, TENANT).await.expect("an answer"));
    running.stop().await;

    MEND.store(true, Ordering::SeqCst);
    // The first try fails half way, and leaves nothing behind.
    world.store.steps.then([Fault::LostAndUnknown; 2]);
    let running = world.start();
    until("the rows", async || (total(&world, "a").await == Some((15, 3))).then_some(())).await;
    decided(&world, "a", 5, PLAIN).await;
    decided(&world, "c", 5, PLAIN).await;
    world.all_projected().await;
    assert_eq!(total(&world, "a").await, Some((20, 4)));
    assert_eq!(total(&world, "b").await, Some((5, 1)));
    assert_eq!(total(&world, "c").await, None, "it fails again and stays aside");
    assert!(world.store.parked_in(Tally::NAME, TENANT).await.expect("an answer"));
    running.stop().await;
}

/// Cuts the events out of the log, so that only the store has them.
async fn cut(world: &World) {
    for partition in 0..PARTITIONS {
        let topic = Tally::events_topic();
        let end = charter_engine::log::Log::bounds(&*world.log, &topic, partition)
            .await
            .expect("bounds")
            .end;
        charter_engine::log::Log::trim(&*world.log, &topic, partition, end).await.expect("trimmed");
    }
}

/// (number, read) of the builds there are.
async fn builds(world: &World) -> Vec<(u32, bool)> {
    let builds = world.store.view_builds(Tally::NAME).await.expect("an answer");
    builds.iter().map(|build| (build.number, build.is_read)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_version_is_built_from_the_store_beside_the_old_one() {
    let world = World::new().await;
    let running = world.start();
    for amount in 1..=5 {
        decided(&world, "a", amount, PLAIN).await;
    }
    world.all_projected().await;
    running.stop().await;
    cut(&world).await;
    world.store.steps.then([Fault::Hang]);
    let running = world.start_service(service().projection_version(2));
    until("the first step", async || world.store.steps.is_over().then_some(())).await;
    assert_eq!(total(&world, "a").await, Some((15, 5)), "the old rows are read meanwhile");
    assert_eq!(builds(&world).await, [(1, true), (2, false)]);
    assert_ne!(running.service.status(), ServiceStatus::Ready, "its views are not read yet");
    running.kill().await;
    let running = world.start_service(service().projection_version(2));
    running.ready().await;
    assert_eq!(builds(&world).await, [(1, false), (2, true)]);
    assert_eq!(total(&world, "a").await, Some((15, 5)));
    decided(&world, "a", 5, PLAIN).await;
    world.all_projected().await;
    assert_eq!(total(&world, "a").await, Some((20, 6)));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_release_leaves_the_views_of_a_newer_one_alone() {
    let world = World::new().await;
    let newer = world.start_service(service().projection_version(2));
    decided(&world, "a", 1, PLAIN).await;
    world.all_projected().await;
    let older = world.start_service(service());
    older.ready().await;
    decided(&world, "a", 2, PLAIN).await;
    world.all_projected().await;
    assert_eq!(builds(&world).await, [(1, true)]);
    older.stop().await;
    newer.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_version_is_built_again_where_an_operator_asks() {
    let world = World::new().await;
    let operator = Operator::over(world.log.clone(), world.store.clone(), None);
    let running = world.start();
    for (name, how) in [("a", PLAIN), ("b", PLAIN), ("a", HALVED), ("b", WIDE)] {
        decided(&world, name, 10, how).await;
    }
    world.all_projected().await;
    assert_eq!(total(&world, "a").await, Some((15, 2)));
    running.stop().await;
    cut(&world).await;

    // A release with another `apply` and no new version, whose rows of before would stay as they are.
    COUNTED_WHOLE.store(true, Ordering::SeqCst);
    world.store.steps.then([Fault::LostAndUnknown, Fault::DoneButUnknown]);
    let running = world.start();
    let none = operator.switch_projection(Tally::NAME, None, "ann").await.expect_err("none there");
    assert_eq!(
        none.to_string(),
        "the views of `tally` have no build beside the one that is read; `projection rebuild` asks for one"
    );
    let asked = operator.rebuild_projection(Tally::NAME, "ann", "rows of before").await;
    assert_eq!(asked.expect("asked").number, 2);
    let again =
        operator.rebuild_projection(Tally::NAME, "bob", "").await.expect_err("one at a time");
    assert_eq!(
        again.to_string(),
        "build 2 of the views of `tally` is there already: switch to it or drop it first"
    );
    until("the build", async || {
        let all = operator.projections(Some(Tally::NAME)).await.expect("an answer");
        all.iter().any(|build| build.state == "BUILT" && build.lag == 0).then_some(())
    })
    .await;
    decided(&world, "b", 5, PLAIN).await;
    world.all_projected().await;
    assert_eq!(builds(&world).await, [(1, true), (2, false)], "nobody has switched");
    assert_eq!(total(&world, "a").await, Some((15, 2)), "read as before");
    let all = until("both are there", async || {
        let all = operator.projections(None).await.expect("an answer");
        all.iter().all(|build| build.lag == 0).then_some(all)
    })
    .await;
    assert_eq!(all[0].version, all[1].version);
    assert_eq!((all[0].state, all[0].rows, all[0].parked), ("READ", 12, 0));
    assert_eq!((all[1].state, all[1].rows, all[1].parked), ("BUILT", 12, 0));
    assert_eq!(
        (all[1].asked_by.as_deref(), all[1].reason.as_str()),
        (Some("ann"), "rows of before")
    );

    let read = operator.drop_projection(Tally::NAME, 1, "ann").await.expect_err("it is read");
    assert_eq!(read.to_string(), "build 1 of the views of `tally` is the one that is read");
    operator.switch_projection(Tally::NAME, None, "ann").await.expect("switched");
    assert_eq!(builds(&world).await, [(1, false), (2, true)]);
    assert_eq!(total(&world, "a").await, Some((20, 2)));
    decided(&world, "a", 5, PLAIN).await;
    world.all_projected().await;
    assert_eq!(total(&world, "a").await, Some((25, 3)), "it goes on in the new one");
    assert_eq!(total(&world, "b").await, Some((25, 3)));
    assert_eq!(parts(&world).await.len(), 10);
    operator.drop_projection(Tally::NAME, 1, "ann").await.expect("dropped");
    assert_eq!(builds(&world).await, [(2, true)]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_an_older_schema_is_read() {
    use charter_engine::store::{SchemaHash, StoredSchema};
    let world = World::new().await;
    let running = world.start();
    let command = Uuid::now_v7();
    let accepted = world.send_as(command, add("a", 1, PLAIN)).await;
    world.outcome(command).await;
    running.stop().await;
    // The same event as an earlier release would have written it: with an int where a long is now. In
    // Avro the bytes are the same; only the schema's hash tells.
    let stored = world.store.events(Tally::NAME, accepted.partition, -1, 1).await.expect("events");
    let json = world.store.schema(&stored[0].schema).await.expect("an answer").expect("kept");
    let older = json.replace(r#""name":"amount","type":"long""#, r#""name":"amount","type":"int""#);
    assert_ne!(older, json);
    world.store.put_schemas(&[StoredSchema::new(older.clone())]).await.expect("kept");
    let claim = world.store.claim(Tally::NAME, accepted.partition, 1).await.expect("a claim");
    let mut second = stored[0].clone();
    second.id = Uuid::now_v7();
    second.sequence = 2;
    second.position = 1;
    second.schema = SchemaHash::of(&older);
    let mut batch = charter_engine::store::Batch {
        lease: claim.lease,
        expected_offset: claim.checkpoint.offset,
        checkpoint: claim.checkpoint,
        outcomes: Vec::new(),
        events: vec![second],
        deadlines: Vec::new(),
        resolved: Vec::new(),
    };
    batch.checkpoint.next_position = 2;
    world.store.commit(&batch).await.expect("committed");
    let running = world.start();
    world.all_projected().await;
    assert_eq!(total(&world, "a").await, Some((2, 2)));
    // Deciding folds it, too.
    decided(&world, "a", 5, TIMED).await;
    world.at(2_000);
    until("the deadline", async || (total(&world, "a").await == Some((7, 4))).then_some(())).await;
    running.stop().await;
}
