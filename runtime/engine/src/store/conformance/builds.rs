//! Views that are made beside those that are read.

use std::sync::Arc;

use charter_domain::{AggregateId, ColumnValue, Table};

use super::views::{
    COUNTS, OTHER_COUNTS, assert_is_building, count, first_step, key, parked, prepared, progress,
    put, set,
};
use super::{CONTEXT, Harness, decided, is_fenced};
use crate::reads::ListQuery;
use crate::store::{Progress, RowChange, Store, StoreError, ViewSet, ViewStep, ViewWrite};

/// A step of a build.
async fn step(
    store: &Arc<dyn Store>,
    views: &ViewSet,
    partition: u32,
    from: Progress,
    to: Progress,
) -> Result<Box<dyn ViewWrite>, StoreError> {
    let (context, fingerprint) = (views.context.clone(), views.fingerprint.clone());
    store.begin_views(&ViewStep { context, fingerprint, partition, from, to }).await
}

/// One step of a build, to `position`, that writes these rows.
async fn built(
    store: &Arc<dyn Store>,
    views: &ViewSet,
    from: Progress,
    position: i64,
    rows: &[RowChange],
) {
    tried(store, views, from, position, rows).await.expect("a step");
}

/// The same where it may be refused, be it only by its commit.
async fn tried(
    store: &Arc<dyn Store>,
    views: &ViewSet,
    from: Progress,
    position: i64,
    rows: &[RowChange],
) -> Result<(), StoreError> {
    let mut write = step(store, views, 0, from, progress(position, 0)).await?;
    write.write(views.tables[0], rows).await?;
    write.commit().await
}

/// (number, read, begun, building) of each build.
async fn builds(store: &Arc<dyn Store>) -> Vec<(u32, bool, bool, bool)> {
    let builds = store.view_builds(CONTEXT).await.expect("an answer");
    let told = builds
        .iter()
        .map(|build| (build.number, build.is_read, build.version.is_some(), build.is_building));
    told.collect()
}

async fn sorted(store: &Arc<dyn Store>, table: &'static Table) -> Vec<Vec<ColumnValue>> {
    let query = ListQuery {
        table,
        tenant: "a".to_owned(),
        filters: Vec::new(),
        order: Vec::new(),
        limit: 10,
        after: None,
    };
    let pages = store.lists(&[query]).await.expect("pages");
    pages.into_iter().flat_map(|page| page.rows).collect()
}

/// Reads see the old rows and positions until the switch, and only the new ones from then on; what was read stays
/// beside it and can be read again.
pub async fn a_build_is_made_beside_and_read_in_one_moment(harness: &dyn Harness) {
    let store = prepared(harness, &[&COUNTS]).await;
    decided(&store, 0, 3).await;
    let mut write = first_step(&store, 2).await;
    write.write(&COUNTS, &[put("x", 1, 10), put("x", 2, 20)]).await.expect("written");
    write.park(&[parked("a", "old")]).await.expect("parked");
    write.commit().await.expect("committed");
    let other = store.row(&OTHER_COUNTS, "a", &key("x", 1).values).await;
    assert!(matches!(&other, Err(StoreError::ViewDiffers { .. })), "{other:?}");

    let next = set("v2", &[&OTHER_COUNTS]).beside(2);
    store.prepare_views(&next).await.expect("prepared");
    assert_eq!(builds(&store).await, [(1, true, true, false), (2, false, true, true)]);
    built(&store, &next, Progress::START, 1, &[put("x", 1, 11)]).await;
    built(&store, &next, progress(1, 0), 2, &[put("x", 3, 33)]).await;
    assert_eq!(builds(&store).await, [(1, true, true, false), (2, false, true, false)]);
    assert_eq!(count(&store, "x", 1).await, Some(10), "not read yet");
    assert_eq!(store.view_positions(CONTEXT).await.expect("an answer"), [(0, 2)]);
    assert_eq!(store.view_positions(&next.context).await.expect("an answer"), [(0, 2)]);
    assert_eq!(store.view_rows(CONTEXT, 10).await.expect("a count"), 2);
    assert_eq!(store.view_rows(&next.context, 1).await.expect("a count"), 1);
    assert!(store.parked_in(CONTEXT, "a").await.expect("an answer"));

    store.switch_views(CONTEXT, 2).await.expect("switched");
    assert_eq!(builds(&store).await, [(1, false, true, false), (2, true, true, false)]);
    let read = store.row(&OTHER_COUNTS, "a", &key("x", 1).values).await.expect("an answer");
    assert_eq!(
        (read.row.expect("a row")[2].clone(), read.positions),
        (ColumnValue::Integer(11), vec![(0, 2)])
    );
    assert_eq!(sorted(&store, &OTHER_COUNTS).await.len(), 2);
    assert!(!store.parked_in(CONTEXT, "a").await.expect("an answer"), "the old build's");
    let old = store.row(&COUNTS, "a", &key("x", 1).values).await;
    assert!(matches!(&old, Err(StoreError::ViewDiffers { .. })), "{old:?}");
    // The same by another process, and after a restart.
    let store = harness.restart(store).await;
    let read = set("v2", &[&OTHER_COUNTS]).read(2);
    store.prepare_views(&read).await.expect("prepared");
    store.prepare_views(&next).await.expect("it is read by now");
    assert_eq!(builds(&store).await, [(1, false, true, false), (2, true, true, false)]);
    assert_eq!(store.view_progress(&read, 0).await.expect("an answer"), progress(2, 0));
    built(&store, &read, progress(2, 0), 3, &[put("x", 4, 44)]).await;
    assert_eq!(sorted(&store, &OTHER_COUNTS).await.len(), 3);

    let refused = store.switch_views(CONTEXT, 2).await;
    assert!(matches!(refused, Err(StoreError::BuildIsRead { number: 2, .. })), "{refused:?}");
    store.switch_views(CONTEXT, 1).await.expect("back");
    assert_is_building(&store).await;
    built(&store, &set("v1", &[&COUNTS]), progress(2, 0), 3, &[]).await;
    assert_eq!(sorted(&store, &COUNTS).await.len(), 2);
    assert!(store.parked_in(CONTEXT, "a").await.expect("an answer"));
}

/// A build that lacks much is not read; one that lacks a moment's events keeps reads out until it has them.
pub async fn a_build_that_lacks_a_moment_is_waited_for(harness: &dyn Harness) {
    let store = prepared(harness, &[&COUNTS]).await;
    decided(&store, 0, 2_000).await;
    first_step(&store, 1_999).await.commit().await.expect("committed");
    let next = set("v1", &[&COUNTS]).beside(2);
    store.prepare_views(&next).await.expect("prepared");
    let refused = store.switch_views(CONTEXT, 2).await.expect_err("it has nothing");
    assert_eq!(
        refused.to_string(),
        "build 2 of the views of `seat` is not there yet: in partition 0 it is at position -1, and the history \
         ends at 1999; it can be read when it lacks 1000 at most"
    );
    built(&store, &next, Progress::START, 998, &[]).await;
    let refused = store.switch_views(CONTEXT, 2).await;
    assert!(matches!(refused, Err(StoreError::BuildBehind { position: 998, .. })), "{refused:?}");
    assert_eq!(count(&store, "x", 1).await, None, "read as before");
    built(&store, &next, progress(998, 0), 1_990, &[put("x", 1, 1)]).await;
    store.switch_views(CONTEXT, 2).await.expect("switched");
    assert_is_building(&store).await;
    let read = set("v1", &[&COUNTS]).read(2);
    built(&store, &read, progress(1_990, 0), 1_998, &[]).await;
    assert_is_building(&store).await;
    built(&store, &read, progress(1_998, 0), 1_999, &[put("x", 1, 2)]).await;
    assert_eq!(count(&store, "x", 1).await, Some(2));
}

/// A step that was begun before the switch writes nothing after it, be its version and positions those of the new
/// build.
pub async fn a_switch_keeps_steps_of_before_out(harness: &dyn Harness) {
    let store = prepared(harness, &[&COUNTS]).await;
    let another = harness.another().await;
    decided(&store, 0, 1).await;
    first_step(&store, 0).await.commit().await.expect("committed");
    let same = set("v1", &[&COUNTS]);
    let next = same.beside(2);
    store.prepare_views(&next).await.expect("prepared");
    built(&store, &next, Progress::START, 0, &[put("x", 1, 1)]).await;
    // Known to this process, so that only the commit can find out.
    another.switch_views(CONTEXT, 2).await.expect("switched");
    for views in [&same, &next] {
        let result = tried(&store, views, progress(0, 0), 1, &[put("x", 1, 99)]).await;
        assert!(is_fenced(&result), "{result:?}");
    }
    assert_eq!(count(&store, "x", 1).await, Some(1));
    let refused = store.view_progress(&same, 0).await;
    assert!(matches!(refused, Err(StoreError::ViewDiffers { .. })), "{refused:?}");
    built(&store, &same.read(2), progress(0, 0), 1, &[put("x", 1, 2)]).await;
    assert_eq!(count(&store, "x", 1).await, Some(2));
}

/// Who asked for a build and why stays with it; one that isn't read goes with all that belongs to it.
pub async fn builds_are_asked_for_and_dropped(harness: &dyn Harness) {
    let store = prepared(harness, &[&COUNTS]).await;
    assert!(store.view_builds("other").await.expect("an answer").is_empty());
    store.want_build(CONTEXT, 2, "ann", "a fault in `apply`").await.expect("asked");
    store.want_build(CONTEXT, 2, "bob", "again").await.expect("asked");
    assert_eq!(builds(&store).await, [(1, true, true, false), (2, false, false, false)]);
    let refused = store.switch_views(CONTEXT, 2).await;
    assert!(matches!(refused, Err(StoreError::NoBuild { number: 2, .. })), "{refused:?}");

    let next = set("v1", &[&COUNTS]).beside(2);
    store.prepare_views(&next).await.expect("prepared");
    let mut write = step(&store, &next, 0, Progress::START, progress(3, 0)).await.expect("a step");
    write.write(next.tables[0], &[put("x", 1, 1)]).await.expect("written");
    write.park(&[parked("a", "k")]).await.expect("parked");
    write.commit().await.expect("committed");
    let build = store.view_builds(CONTEXT).await.expect("an answer").remove(1);
    assert_eq!(
        (build.asked_by.as_deref(), build.reason.as_str()),
        (Some("ann"), "a fault in `apply`")
    );
    assert_eq!((build.name(), build.version.as_deref()), (next.context.clone(), Some("v1")));
    assert!(build.begun.is_some());
    assert_eq!(store.parked(&next.context, 0).await.expect("an answer").len(), 1);
    assert!(!store.parked_in(CONTEXT, "a").await.expect("an answer"));

    let refused = store.drop_build(CONTEXT, 1).await;
    assert!(matches!(refused, Err(StoreError::BuildIsRead { number: 1, .. })), "{refused:?}");
    store.drop_build(CONTEXT, 2).await.expect("dropped");
    let refused = store.drop_build(CONTEXT, 2).await;
    assert!(matches!(refused, Err(StoreError::NoBuild { number: 2, .. })), "{refused:?}");
    assert_eq!(builds(&store).await, [(1, true, true, false)]);
    assert!(is_fenced(&tried(&store, &next, progress(3, 0), 4, &[]).await));
    store.prepare_views(&next).await.expect("once more");
    assert_eq!(store.view_progress(&next, 0).await.expect("an answer"), Progress::START);
    let mut write = step(&store, &next, 0, Progress::START, progress(0, 0)).await.expect("a step");
    let rows = write.rows(next.tables[0], &[key("x", 1)]).await.expect("rows");
    assert_eq!(rows, [None]);
}

/// Tables and indexes of builds never meet under one name, however often they are exchanged, dropped and made anew.
pub async fn builds_have_tables_of_their_own_for_ever(harness: &dyn Harness) {
    let store = prepared(harness, &[&COUNTS]).await;
    let base = set("v1", &[&COUNTS]);
    for number in 2..=5 {
        let next = base.beside(number);
        store.prepare_views(&next).await.expect("prepared");
        built(&store, &next, Progress::START, 0, &[put("x", i64::from(number), 1)]).await;
        store.switch_views(CONTEXT, number).await.expect("switched");
        if number == 3 {
            store.drop_build(CONTEXT, 2).await.expect("dropped");
        }
        assert_eq!(count(&store, "x", i64::from(number)).await, Some(1));
        assert_eq!(count(&store, "x", i64::from(number) - 1).await, None);
    }
    // The build that is read is ahead of the history, and made anew under its names.
    let read = base.read(5);
    store.prepare_views(&read).await.expect("prepared");
    assert_eq!(store.view_progress(&read, 0).await.expect("an answer"), Progress::START);
    assert_eq!(count(&store, "x", 5).await, None);
    let mut write = step(&store, &read, 0, Progress::START, progress(-1, 1)).await.expect("a step");
    write.stage(&COUNTS, &[put("x", 1, 7)]).await.expect("staged");
    write.commit().await.expect("committed");
    let mut write = step(&store, &read, 0, progress(-1, 1), progress(0, 0)).await.expect("a step");
    write.reveal(&COUNTS).await.expect("revealed");
    write.unpark(&AggregateId::new("a", "k")).await.expect("nothing");
    write.commit().await.expect("committed");
    assert_eq!(count(&store, "x", 1).await, Some(7));
    store.switch_views(CONTEXT, 4).await.expect("back");
    assert_eq!(count(&store, "x", 4).await, Some(1));
    let first = tried(&store, &base, progress(0, 0), 1, &[]).await;
    assert!(is_fenced(&first), "not the first build: {first:?}");
}
