//! The read model's steps.

use std::sync::Arc;

use charter_domain::{AggregateId, Column, ColumnType, ColumnValue, Index, Table};

use super::{CONTEXT, Harness, at, decided, is_fenced};
use crate::reads::ListQuery;
use crate::store::{
    Parked, Progress, Release, RowChange, RowKey, Store, StoreError, ViewSet, ViewStep, ViewWrite,
};

const fn column(name: &'static str, kind: ColumnType, nullable: bool) -> Column {
    Column { name, field: name, kind, nullable }
}

/// A table with names that are words of SQL, or that an implementation might use itself.
pub(super) static COUNTS: Table = Table {
    name: "seat_counts",
    view: "seat.Counts",
    columns: &[
        column("tenant", ColumnType::Text, false),
        column("order", ColumnType::Integer, false),
        column("number", ColumnType::Integer, false),
    ],
    key: &["tenant", "order"],
    indexes: &[Index { columns: &["number", "tenant"] }],
    fingerprint: "c1",
};

pub(super) static OTHER_COUNTS: Table = Table { fingerprint: "c2", ..copy(&COUNTS) };

const fn copy(table: &Table) -> Table {
    Table {
        name: table.name,
        view: table.view,
        columns: table.columns,
        key: table.key,
        indexes: table.indexes,
        fingerprint: table.fingerprint,
    }
}

pub(super) fn set(fingerprint: &str, tables: &[&'static Table]) -> ViewSet {
    ViewSet {
        context: CONTEXT.to_owned(),
        fingerprint: fingerprint.to_owned(),
        release: Release::default(),
        tables: tables.to_vec(),
    }
}

pub(super) async fn prepared(harness: &dyn Harness, tables: &[&'static Table]) -> Arc<dyn Store> {
    let store = harness.store().await;
    store.prepare_views(&set("v1", tables)).await.expect("prepared");
    store
}

pub(super) fn progress(position: i64, staged: u32) -> Progress {
    Progress { position, staged }
}

pub(super) async fn begin(
    store: &Arc<dyn Store>,
    partition: u32,
    from: Progress,
    to: Progress,
) -> Result<Box<dyn ViewWrite>, StoreError> {
    let (context, fingerprint) = (CONTEXT.to_owned(), "v1".to_owned());
    store.begin_views(&ViewStep { context, fingerprint, partition, from, to }).await
}

/// The first step of partition 0, to `position`.
pub(super) async fn first_step(store: &Arc<dyn Store>, position: i64) -> Box<dyn ViewWrite> {
    begin(store, 0, Progress::START, progress(position, 0)).await.expect("a step")
}

pub(super) fn key(group: &str, order: i64) -> RowKey {
    let values = vec![ColumnValue::Text(group.to_owned()), ColumnValue::Integer(order)];
    RowKey { tenant: "a".to_owned(), values }
}

pub(super) fn row(group: &str, order: i64, count: i64) -> Vec<ColumnValue> {
    [key(group, order).values, vec![ColumnValue::Integer(count)]].concat()
}

pub(super) fn put(group: &str, order: i64, count: i64) -> RowChange {
    RowChange { key: key(group, order), row: Some(row(group, order, count)) }
}

fn remove(group: &str, order: i64) -> RowChange {
    RowChange { key: key(group, order), row: None }
}

pub(super) async fn count(store: &Arc<dyn Store>, group: &str, order: i64) -> Option<i64> {
    let read = store.row(&COUNTS, "a", &key(group, order).values).await.expect("an answer");
    match read.row?.pop() {
        Some(ColumnValue::Integer(count)) => Some(count),
        other => panic!("a count, found {other:?}"),
    }
}

/// Rows are there with the positions they were projected at.
pub async fn rows_and_progress_move_together(harness: &dyn Harness) {
    let store = prepared(harness, &[&COUNTS]).await;
    let views = set("v1", &[&COUNTS]);
    assert_eq!(store.view_progress(&views, 0).await.expect("an answer"), Progress::START);
    let mut write = first_step(&store, 4).await;
    let wanted = [key("x", 1), key("x", 2)];
    assert_eq!(write.rows(&COUNTS, &wanted).await.expect("rows"), [None, None]);
    write.write(&COUNTS, &[put("x", 1, 10), put("x", 2, 20)]).await.expect("written");
    let found = write.rows(&COUNTS, &[key("x", 2), key("y", 1), key("x", 1)]).await.expect("rows");
    assert_eq!(found, [Some(row("x", 2, 20)), None, Some(row("x", 1, 10))]);
    write.commit().await.expect("committed");
    assert_eq!(count(&store, "x", 1).await, Some(10));
    assert_eq!(store.view_progress(&views, 0).await.expect("an answer"), progress(4, 0));
    assert_eq!(store.view_positions(CONTEXT).await.expect("an answer"), [(0, 4)]);

    let mut write = begin(&store, 0, progress(4, 0), progress(5, 0)).await.expect("a step");
    write.write(&COUNTS, &[remove("x", 1), put("x", 2, 21)]).await.expect("written");
    write.commit().await.expect("committed");
    assert_eq!(count(&store, "x", 1).await, None);
    assert_eq!(count(&store, "x", 2).await, Some(21));
    let read = store.row(&COUNTS, "a", &key("x", 2).values).await.expect("an answer");
    assert_eq!(read.positions, [(0, 5)]);
    let elsewhere = store.row(&COUNTS, "b", &key("x", 2).values).await.expect("an answer");
    assert_eq!(elsewhere.row, None);
}

/// Who waits for positions goes on when the views hold them, and not before.
pub async fn a_wait_for_the_views_ends_when_they_are_there(harness: &dyn Harness) {
    let store = prepared(harness, &[&COUNTS]).await;
    store.wait_projected(CONTEXT, &[(0, -1)]).await.expect("nothing to wait for");
    first_step(&store, 3).await.commit().await.expect("committed");
    store.wait_projected(CONTEXT, &[(0, 3), (1, -1)]).await.expect("it is there");
    let waiting = {
        let store = store.clone();
        tokio::spawn(async move { store.wait_projected(CONTEXT, &[(0, 4), (0, 2)]).await })
    };
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    let step = begin(&store, 0, progress(3, 0), progress(5, 0)).await.expect("a step");
    step.commit().await.expect("committed");
    waiting.await.expect("no panic").expect("it is there now");
}

/// A step that is not committed changes nothing and is in nobody's way.
pub async fn a_dropped_step_never_was(harness: &dyn Harness) {
    let store = prepared(harness, &[&COUNTS]).await;
    let mut write = first_step(&store, 4).await;
    write.write(&COUNTS, &[put("x", 1, 10)]).await.expect("written");
    drop(write);
    assert_eq!(count(&store, "x", 1).await, None);
    first_step(&store, 0).await.commit().await.expect("committed");
}

/// A step from where the views are not is refused.
pub async fn progress_is_compared(harness: &dyn Harness) {
    let store = prepared(harness, &[&COUNTS]).await;
    first_step(&store, 4).await.commit().await.expect("committed");
    assert!(is_fenced(&begin(&store, 0, Progress::START, progress(5, 0)).await.map(drop)));
    assert!(is_fenced(&begin(&store, 0, progress(3, 0), progress(5, 0)).await.map(drop)));
    assert!(is_fenced(&begin(&store, 0, progress(4, 1), progress(5, 0)).await.map(drop)));
    let other = set("v2", &[&COUNTS]);
    let refused = store.view_progress(&other, 0).await;
    assert!(matches!(&refused, Err(StoreError::ViewDiffers { .. })), "{refused:?}");
}

/// Readers see the old rows until all new ones are there, then all of them.
pub async fn staged_rows_are_hidden_until_revealed(harness: &dyn Harness) {
    let store = prepared(harness, &[&COUNTS]).await;
    let mut write = first_step(&store, 0).await;
    write.write(&COUNTS, &[put("x", 1, 10), put("x", 2, 20)]).await.expect("written");
    write.commit().await.expect("committed");
    let mut write = begin(&store, 0, progress(0, 0), progress(0, 2)).await.expect("a step");
    write.stage(&COUNTS, &[put("x", 1, 11), remove("x", 2)]).await.expect("staged");
    write.commit().await.expect("committed");
    assert_eq!(count(&store, "x", 1).await, Some(10));
    assert_eq!(count(&store, "x", 2).await, Some(20));
    assert_eq!(store.view_positions(CONTEXT).await.expect("an answer"), [(0, 0)]);

    decided(&store, 0, 2).await;
    let store = harness.restart(store).await;
    let views = set("v1", &[&COUNTS]);
    store.prepare_views(&views).await.expect("prepared");
    assert_eq!(store.view_progress(&views, 0).await.expect("an answer"), progress(0, 2));
    let mut write = begin(&store, 0, progress(0, 2), progress(1, 0)).await.expect("a step");
    write.stage(&COUNTS, &[put("x", 3, 33)]).await.expect("staged");
    let seen = write.rows(&COUNTS, &[key("x", 1), key("x", 3)]).await.expect("rows");
    assert_eq!(seen, [Some(row("x", 1, 10)), None]);
    write.reveal(&COUNTS).await.expect("revealed");
    write.commit().await.expect("committed");
    assert_eq!(count(&store, "x", 1).await, Some(11));
    assert_eq!(count(&store, "x", 2).await, None);
    assert_eq!(count(&store, "x", 3).await, Some(33));
    assert_eq!(store.view_positions(CONTEXT).await.expect("an answer"), [(0, 1)]);
}

/// Discarded rows are never seen.
pub async fn staged_rows_are_forgotten(harness: &dyn Harness) {
    let store = prepared(harness, &[&COUNTS]).await;
    let mut write = begin(&store, 0, Progress::START, progress(-1, 1)).await.expect("a step");
    write.stage(&COUNTS, &[put("x", 1, 10)]).await.expect("staged");
    write.commit().await.expect("committed");
    assert_eq!(store.view_positions(CONTEXT).await.expect("an answer"), []);
    let mut write = begin(&store, 0, progress(-1, 1), progress(0, 0)).await.expect("a step");
    write.discard(&COUNTS).await.expect("discarded");
    write.reveal(&COUNTS).await.expect("nothing revealed");
    write.commit().await.expect("committed");
    assert_eq!(count(&store, "x", 1).await, None);
}

/// What one partition stages another doesn't reveal.
pub async fn partitions_stage_apart(harness: &dyn Harness) {
    let store = prepared(harness, &[&COUNTS]).await;
    for partition in [0, 1] {
        let staging = begin(&store, partition, Progress::START, progress(-1, 1)).await;
        let mut write = staging.expect("a step");
        let change = put("x", i64::from(partition), 10);
        write.stage(&COUNTS, &[change]).await.expect("staged");
        write.commit().await.expect("committed");
    }
    let mut write = begin(&store, 1, progress(-1, 1), progress(0, 0)).await.expect("a step");
    write.reveal(&COUNTS).await.expect("revealed");
    write.commit().await.expect("committed");
    assert_eq!(count(&store, "x", 0).await, None);
    assert_eq!(count(&store, "x", 1).await, Some(10));
    assert_eq!(store.view_positions(CONTEXT).await.expect("an answer"), [(1, 0)]);
}

/// Views that are read are never made anew under another version, and the same version keeps all.
pub async fn another_version_leaves_what_is_read_alone(harness: &dyn Harness) {
    let store = prepared(harness, &[&COUNTS]).await;
    let mut write = first_step(&store, 0).await;
    write.write(&COUNTS, &[put("x", 1, 10)]).await.expect("written");
    write.commit().await.expect("committed");
    decided(&store, 0, 2).await;
    store.prepare_views(&set("v1", &[&COUNTS])).await.expect("prepared");
    assert_eq!(count(&store, "x", 1).await, Some(10));
    let refused = store.prepare_views(&set("v2", &[&COUNTS])).await;
    assert!(matches!(&refused, Err(StoreError::ViewDiffers { .. })), "{refused:?}");
    assert_eq!(count(&store, "x", 1).await, Some(10));
    begin(&store, 0, progress(0, 0), progress(1, 0)).await.expect("still theirs");
}

pub(super) async fn assert_is_building(store: &Arc<dyn Store>) {
    let key = key("x", 1);
    let refused = store.row(&COUNTS, "a", &key.values).await.expect_err("not all there");
    assert!(matches!(&refused, StoreError::ViewBuilding { context } if context == CONTEXT));
    assert!(refused.is_transient());
    let query = ListQuery {
        table: &COUNTS,
        tenant: key.tenant,
        filters: Vec::new(),
        order: Vec::new(),
        limit: 1,
        after: None,
    };
    let refused = store.list(&query).await.expect_err("not all there");
    assert!(matches!(refused, StoreError::ViewBuilding { .. }), "{refused}");
}

/// Views beside a history that was restored from before them are built again.
pub async fn views_ahead_of_the_history_begin_again(harness: &dyn Harness) {
    let store = prepared(harness, &[&COUNTS]).await;
    let views = set("v1", &[&COUNTS]);
    decided(&store, 0, 5).await;
    let mut write = first_step(&store, 4).await;
    write.write(&COUNTS, &[put("x", 1, 10)]).await.expect("written");
    write.commit().await.expect("committed");
    store.prepare_views(&views).await.expect("prepared");
    assert_eq!(count(&store, "x", 1).await, Some(10));
    // Of another event than the history's fifth.
    begin(&store, 0, progress(4, 0), progress(5, 0))
        .await
        .expect("a step")
        .commit()
        .await
        .expect("committed");
    store.prepare_views(&views).await.expect("prepared");
    assert_eq!(store.view_progress(&views, 0).await.expect("an answer"), Progress::START);
    first_step(&store, 4).await.commit().await.expect("committed");
    assert_eq!(count(&store, "x", 1).await, None);
    // The same where the history has nothing of the partition.
    let step = begin(&store, 1, Progress::START, progress(0, 0)).await.expect("a step");
    step.commit().await.expect("committed");
    store.prepare_views(&views).await.expect("prepared");
    assert_eq!(store.view_progress(&views, 1).await.expect("an answer"), Progress::START);
}

/// A reader with another contract is refused, not answered.
pub async fn another_table_is_refused(harness: &dyn Harness) {
    let store = prepared(harness, &[&COUNTS]).await;
    let refused = store.row(&OTHER_COUNTS, "a", &key("x", 1).values).await;
    assert!(
        matches!(&refused, Err(StoreError::ViewDiffers { found, .. }) if found == "`c1`"),
        "{refused:?}"
    );
    let refused = harness.store().await.row(&COUNTS, "a", &key("x", 1).values).await;
    assert!(
        matches!(&refused, Err(StoreError::ViewDiffers { found, .. }) if found == "none"),
        "{refused:?}"
    );
}

pub(super) fn parked(tenant: &str, name: &str) -> Parked {
    Parked {
        aggregate: AggregateId::new(tenant, name),
        partition: 0,
        position: 3,
        reason: "it panicked".to_owned(),
        time: at(5),
    }
}

/// An aggregate that was set aside stays so, with the first reason.
pub async fn parked_aggregates_are_kept(harness: &dyn Harness) {
    let store = prepared(harness, &[&COUNTS]).await;
    let first = parked("a", "k");
    let mut write = first_step(&store, 3).await;
    let again = Parked { position: 9, reason: "again".to_owned(), ..first.clone() };
    write.park(&[first.clone(), again]).await.expect("parked");
    write.commit().await.expect("committed");
    assert_eq!(store.parked(CONTEXT, 0).await.expect("an answer"), [first]);
    assert_eq!(store.parked(CONTEXT, 1).await.expect("an answer"), []);
    assert_eq!(store.parked_counts(CONTEXT).await.expect("an answer"), [(0, 1)]);
    assert_eq!(store.parked_counts("other").await.expect("an answer"), []);
}

/// An aggregate is no longer set aside from the commit on, and others stay so.
pub async fn parked_aggregates_can_be_taken_up_again(harness: &dyn Harness) {
    let store = prepared(harness, &[&COUNTS]).await;
    let all = [parked("a", "k"), parked("a", "l"), parked("b", "k")];
    let mut write = first_step(&store, 3).await;
    write.park(&all).await.expect("parked");
    write.commit().await.expect("committed");
    let is_parked = async |context: &str, tenant: &str| {
        store.parked_in(context, tenant).await.expect("an answer")
    };
    assert!(is_parked(CONTEXT, "a").await && is_parked(CONTEXT, "b").await);
    assert!(!is_parked(CONTEXT, "c").await && !is_parked("other", "a").await);
    for (number, name) in ["k", "l"].into_iter().enumerate() {
        let mut write = begin(&store, 0, progress(3, 0), progress(3, 0)).await.expect("a step");
        write.unpark(&AggregateId::new("a", name)).await.expect("done");
        drop(write);
        assert!(is_parked(CONTEXT, "a").await, "a dropped step never was");
        let mut write = begin(&store, 0, progress(3, 0), progress(3, 0)).await.expect("a step");
        write.unpark(&AggregateId::new("a", name)).await.expect("done");
        write.commit().await.expect("committed");
        assert_eq!(is_parked(CONTEXT, "a").await, number == 0);
    }
    assert!(is_parked(CONTEXT, "b").await);
}

/// A step may read, write, stage and remove more rows than one statement takes.
pub async fn many_rows_are_taken(harness: &dyn Harness) {
    const COUNT: i64 = 20_000;
    let store = prepared(harness, &[&COUNTS]).await;
    let mut write = first_step(&store, 0).await;
    let rows: Vec<_> = (0..COUNT).map(|order| put("x", order, order)).collect();
    write.write(&COUNTS, &rows).await.expect("written");
    write.commit().await.expect("committed");
    let mut write = begin(&store, 0, progress(0, 0), progress(0, 9)).await.expect("a step");
    let keys: Vec<_> = (0..COUNT + 5).map(|order| key("x", order)).collect();
    let found = write.rows(&COUNTS, &keys).await.expect("rows");
    assert_eq!(found.iter().flatten().count(), rows.len());
    assert_eq!(found[19_999], Some(row("x", 19_999, 19_999)));
    assert_eq!(found[20_000], None);
    let changes: Vec<_> = (0..COUNT)
        .map(|order| if order % 2 == 0 { remove("x", order) } else { put("x", order, -order) })
        .collect();
    write.stage(&COUNTS, &changes).await.expect("staged");
    write.reveal(&COUNTS).await.expect("revealed");
    write.commit().await.expect("committed");
    assert_eq!(count(&store, "x", 2).await, None);
    assert_eq!(count(&store, "x", 19_999).await, Some(-19_999));
    let mut write = begin(&store, 0, progress(0, 9), progress(1, 0)).await.expect("a step");
    let changes: Vec<_> = (0..COUNT).map(|order| remove("x", order)).collect();
    write.write(&COUNTS, &changes).await.expect("removed");
    write.commit().await.expect("committed");
    assert_eq!(count(&store, "x", 19_999).await, None);
}
