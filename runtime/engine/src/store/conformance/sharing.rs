//! Several processes on one store.

use std::collections::BTreeSet;
use std::sync::Arc;

use charter_domain::ColumnValue;
use tokio::task::JoinSet;

use super::views::{COUNTS, begin, count, key, prepared, progress, put, row, set};
use super::{CONTEXT, Harness, at, batch, claim, deadline, event, id, is_fenced, outcome};
use crate::reads::ListQuery;
use crate::store::{Attempt, DeadlineId, Progress, Store, StoreError, Trial};

/// However many claim at once, each has an epoch of its own, and none is left out.
pub async fn no_two_claims_share_an_epoch(harness: &dyn Harness) {
    const CLAIMS: i64 = 10;
    let stores = [harness.store().await, harness.another().await, harness.another().await];
    let mut tasks = JoinSet::new();
    for store in stores {
        tasks.spawn(async move {
            let mut epochs = Vec::new();
            for _ in 0..CLAIMS {
                epochs.push(claim(&store).await.lease.epoch);
            }
            epochs
        });
    }
    let epochs: BTreeSet<i64> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!(epochs, (1..=3 * CLAIMS).collect());
}

/// An owner that was paused while another process claimed finds out at whatever it does next, and none of
/// it is there.
pub async fn a_paused_owner_writes_nothing(harness: &dyn Harness) {
    let store = harness.store().await;
    let paused = claim(&store).await;
    let mut before = batch(&paused.lease, 0, 1);
    before.deadlines = vec![deadline(1, 0, 30, 0)];
    store.commit(&before).await.expect("committed");

    let other = harness.another().await;
    let owner = other.claim(CONTEXT, 0, 2).await.expect("a claim");
    assert_eq!(owner.checkpoint, before.checkpoint);
    let mut late = batch(&paused.lease, 1, 2);
    late.checkpoint.next_position = 1;
    late.outcomes = vec![outcome("a", 1, 10)];
    late.events = vec![event("a", "x", 1, 0)];
    late.deadlines = vec![deadline(2, 0, 40, 0)];
    late.resolved = vec![DeadlineId { event_id: id(1), index: 0 }];
    assert!(is_fenced(&store.commit(&late).await));
    for trial in [Trial::Alone(Attempt { command_id: id(1), count: 1 }), Trial::Together(2)] {
        assert!(is_fenced(&store.record_trial(&paused.lease, trial).await));
    }
    assert!(is_fenced(&store.release(&paused.lease, 9).await));
    let refused = store.claim_again(&paused.lease, 1).await;
    assert!(matches!(refused, Err(StoreError::NewerContract { .. })), "{refused:?}");
    assert!(is_fenced(&store.claim_again(&paused.lease, 2).await));
    for store in [&store, &other] {
        assert_eq!(store.outcome(Some("a"), id(1)).await.expect("an answer"), None);
        assert_eq!(store.events(CONTEXT, 0, -1, 9).await.expect("an answer"), []);
        let due = store.deadlines(CONTEXT, 0, at(99), 9).await.expect("an answer");
        assert_eq!(due, before.deadlines);
        let checkpoint = store.checkpoint(CONTEXT, 0).await.expect("an answer");
        assert_eq!(checkpoint, Some(before.checkpoint));
    }
    // What it could not write, the owner can.
    late.lease = owner.lease;
    other.commit(&late).await.expect("committed");
    assert_eq!(store.events(CONTEXT, 0, -1, 9).await.expect("an answer"), late.events);
}

/// Of several processes that pair the store at once all get one id.
pub async fn one_pairing_id_for_all(harness: &dyn Harness) {
    let stores = [harness.store().await, harness.another().await, harness.another().await];
    let mut tasks = JoinSet::new();
    for (number, store) in (1..).zip(stores) {
        tasks.spawn(async move { store.fix_pairing_id(id(number)).await.expect("an id") });
    }
    let ids: BTreeSet<_> = tasks.join_all().await.into_iter().collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
}

/// Processes that start together, each making the tables, find the same ones.
pub async fn views_are_made_by_many_at_once(harness: &dyn Harness) {
    let store = harness.store().await;
    for version in ["v1", "v2"] {
        let base = set(version, &[&COUNTS]);
        let mut tasks = JoinSet::new();
        for _ in 0..4 {
            let store = harness.another().await;
            let views = if version == "v1" { base.clone() } else { base.beside(2) };
            tasks.spawn(async move { store.prepare_views(&views).await });
        }
        for prepared in tasks.join_all().await {
            prepared.expect("prepared");
        }
        let views = if version == "v1" { base } else { base.beside(2) };
        assert_eq!(store.view_progress(&views, 0).await.expect("an answer"), Progress::START);
        assert_eq!(count(&store, "x", 1).await, None);
    }
}

/// Of two processes that project the same events only one does, and only its rows are there.
pub async fn only_one_of_two_projectors_steps(harness: &dyn Harness) {
    let store = prepared(harness, &[&COUNTS]).await;
    let stores = [store.clone(), harness.another().await];
    for position in 0..10 {
        let from = if position == 0 { Progress::START } else { progress(position - 1, 0) };
        let mut tasks = JoinSet::new();
        for (number, store) in (0..).zip(stores.clone()) {
            tasks.spawn(async move {
                let mut write = begin(&store, 0, from, progress(position, 0)).await?;
                write.rows(&COUNTS, &[key("x", position)]).await?;
                write.write(&COUNTS, &[put("x", position, number)]).await?;
                write.commit().await?;
                Ok::<_, StoreError>(number)
            });
        }
        let (done, refused): (Vec<_>, Vec<_>) =
            tasks.join_all().await.into_iter().partition(Result::is_ok);
        assert_eq!(done.len(), 1, "position {position}: {refused:?}");
        assert!(refused.iter().all(is_fenced), "position {position}: {refused:?}");
        let winner = done[0].as_ref().ok().copied();
        assert_eq!(count(&store, "x", position).await, winner);
    }
}

/// A row that events of several partitions change has all of their changes, whoever projects them.
pub async fn rows_of_several_partitions_are_not_lost(harness: &dyn Harness) {
    const EVENTS: i64 = 15;
    let store = prepared(harness, &[&COUNTS]).await;
    let mut tasks = JoinSet::new();
    for (partition, store) in (0..).zip([store.clone(), store.clone(), harness.another().await]) {
        tasks.spawn(async move {
            let mut from = Progress::START;
            while from.position + 1 < EVENTS {
                let to = progress(from.position + 1, 0);
                match add_one(&store, partition, from, to).await {
                    Ok(()) => from = to,
                    // Another partition's step came between: it is done again.
                    Err(StoreError::Fenced { .. }) => {}
                    Err(error) => panic!("a step of partition {partition}: {error}"),
                }
            }
        });
    }
    tasks.join_all().await;
    assert_eq!(count(&store, "shared", 0).await, Some(3 * EVENTS));
}

/// Projects an event that adds one to a row which all partitions share.
async fn add_one(
    store: &Arc<dyn Store>,
    partition: u32,
    from: Progress,
    to: Progress,
) -> Result<(), StoreError> {
    let mut write = begin(store, partition, from, to).await?;
    let found = write.rows(&COUNTS, &[key("shared", 0)]).await?;
    let before = match found.first().and_then(Option::as_ref).and_then(|row| row.last()) {
        Some(ColumnValue::Integer(count)) => *count,
        _ => 0,
    };
    write.write(&COUNTS, &[put("shared", 0, before + 1)]).await?;
    write.commit().await
}

/// What is read belongs to the positions that are read with it, while the views move.
pub async fn reads_show_one_snapshot(harness: &dyn Harness) {
    const EVENTS: i64 = 40;
    let store = prepared(harness, &[&COUNTS]).await;
    let moving = {
        let store = store.clone();
        tokio::spawn(async move {
            let mut from = Progress::START;
            for position in 0..EVENTS {
                let to = progress(position, 0);
                let mut write = begin(&store, 0, from, to).await.expect("a step");
                let rows = [put("x", 1, position), put("x", 2, position)];
                write.write(&COUNTS, &rows).await.expect("written");
                write.commit().await.expect("committed");
                from = to;
            }
        })
    };
    let query = ListQuery {
        table: &COUNTS,
        tenant: "a".to_owned(),
        filters: Vec::new(),
        order: Vec::new(),
        limit: 9,
        after: None,
    };
    let mut last = -1;
    while last < EVENTS - 1 {
        let page = store.list(&query).await.expect("a page");
        let read = store.row(&COUNTS, "a", &key("x", 2).values).await.expect("an answer");
        for (rows, positions) in
            [(page.rows, page.positions), (read.row.into_iter().collect(), read.positions)]
        {
            let position = positions.first().map_or(-1, |(_, position)| *position);
            assert!(position >= last, "position {position} after {last}");
            last = position;
            let expected = [row("x", 1, position), row("x", 2, position)];
            let expected = if position < 0 { &[][..] } else { &expected[2 - rows.len()..] };
            assert_eq!(rows, expected);
        }
    }
    moving.await.expect("no panic");
}

/// Many wait for different positions, some give up, and another process moves the views.
pub async fn many_wait_for_the_views(harness: &dyn Harness) {
    const STEPS: i64 = 5;
    let store = prepared(harness, &[&COUNTS]).await;
    let other = harness.another().await;
    let mut waiting = JoinSet::new();
    for number in 0..200_i64 {
        let store = store.clone();
        waiting.spawn(async move {
            let seen = [(0, number % STEPS), (1, number % 2 - 1)];
            store.wait_projected(CONTEXT, &seen).await
        });
    }
    let given_up = tokio::spawn({
        let store = store.clone();
        async move { store.wait_projected(CONTEXT, &[(7, 1)]).await }
    });
    given_up.abort();
    assert!(given_up.await.is_err_and(|error| error.is_cancelled()));
    let step = begin(&other, 1, Progress::START, progress(0, 0)).await.expect("a step");
    step.commit().await.expect("committed");
    for position in 0..STEPS {
        let from = if position == 0 { Progress::START } else { progress(position - 1, 0) };
        // By either of them.
        let by = if position % 2 == 0 { &other } else { &store };
        let step = begin(by, 0, from, progress(position, 0)).await.expect("a step");
        step.commit().await.expect("committed");
    }
    for waited in waiting.join_all().await {
        waited.expect("they are there");
    }
}
