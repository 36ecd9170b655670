//! How a group's members share a topic, and how they end.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::{Harness, MOMENT, NO_LIMIT, PATIENCE, append, numbered, topic_of};
use crate::log::{Change, LogError, Membership, Release};

/// Each partition has one member; it moves only when its owner has given it up; a member that ends
/// leaves its share to the others.
pub async fn partitions_are_shared_and_move_when_given_up(harness: &dyn Harness) {
    let log = harness.log().await;
    let topic = topic_of(&log, 4, None).await;
    let mut first = log.join("deciders", &topic).await.expect("joins");
    assert_eq!(assigned(next(&mut first).await), [0, 1, 2, 3]);

    let mut second = log.join("deciders", &topic).await.expect("joins");
    let gained = handed_over(&mut first, &mut second, 2).await;

    drop(second);
    assert_eq!(assigned(next(&mut first).await), gained);
}

/// What a member was told to give up stays its own until it has, also where it has left meanwhile.
pub async fn a_guard_outlives_its_membership(harness: &dyn Harness) {
    let log = harness.log().await;
    let topic = topic_of(&log, 2, None).await;
    let mut first = log.join("keepers", &topic).await.expect("joins");
    assert_eq!(assigned(next(&mut first).await), [0, 1]);
    let mut second = log.join("keepers", &topic).await.expect("joins");
    let (lost, done) = revoked(next(&mut first).await);
    assert_eq!(lost.len(), 1);
    drop(first);
    // What the first held beside may come before.
    let mut gained = BTreeSet::new();
    while let Ok(change) = tokio::time::timeout(MOMENT, second.next()).await {
        gained.extend(assigned(change.expect("the log is open")));
        assert!(!gained.contains(&lost[0]), "{lost:?} is still worked on");
    }
    drop(done);
    while gained.len() < 2 {
        gained.extend(assigned(next(&mut second).await));
    }
}

/// Members in two processes share a topic; a partition moves once its owner has given it up, and all
/// come back when one process ends.
pub async fn processes_share_partitions_and_hand_them_over(harness: &dyn Harness) {
    let one = harness.log().await;
    let Some(other) = harness.beside(&one).await else { return };
    let topic = topic_of(&one, 6, None).await;
    let mut first = one.join("sharers", &topic).await.expect("joins");
    assert_eq!(assigned(next(&mut first).await), [0, 1, 2, 3, 4, 5]);
    let mut second = other.join("sharers", &topic).await.expect("joins");
    let gained = handed_over(&mut first, &mut second, 3).await;
    other.close().await;
    assert!(second.next().await.is_none(), "the log is closed");
    drop(second);
    assert_eq!(assigned(next(&mut first).await), gained);
}

/// After the end every call is refused and every member told; what waits is not left waiting.
pub async fn a_closed_log_says_so_and_its_members_leave(harness: &dyn Harness) {
    let log = harness.log().await;
    let topic = topic_of(&log, 1, None).await;
    append(&log, &topic, 0, numbered(0..1)).await;
    let mut member = log.join("leavers", &topic).await.expect("joins");
    assert_eq!(assigned(next(&mut member).await), [0]);
    let waiting = {
        let (log, topic) = (Arc::clone(&log), topic.clone());
        tokio::spawn(async move { log.fetch(&topic, 0, 1, NO_LIMIT, PATIENCE).await })
    };
    tokio::task::yield_now().await;
    log.close().await;
    log.close().await;
    let unavailable =
        |error: LogError| assert!(matches!(error, LogError::Unavailable { .. }), "{error}");
    unavailable(waiting.await.expect("no panic").expect_err("it is closed"));
    unavailable(log.append(&topic, 0, numbered(1..2)).await.expect_err("it is closed"));
    unavailable(log.fetch(&topic, 0, 0, 1, Duration::ZERO).await.expect_err("it is closed"));
    unavailable(log.check().await.expect_err("it is closed"));
    assert!(member.next().await.is_none());
}

/// What `first` is told to give up, `count` partitions: `second` gets them, and not before they are given up.
async fn handed_over(
    first: &mut Box<dyn Membership>,
    second: &mut Box<dyn Membership>,
    count: usize,
) -> Vec<u32> {
    let (lost, done) = revoked(next(first).await);
    assert_eq!(lost.len(), count);
    let early = tokio::time::timeout(MOMENT, second.next()).await;
    assert!(early.is_err(), "{early:?} came before the partitions were given up");
    drop(done);
    let gained = assigned(next(second).await);
    assert_eq!(gained, lost);
    gained
}

fn revoked(change: Change) -> (Vec<u32>, Release) {
    match change {
        Change::Revoked { mut partitions, done } => {
            partitions.sort_unstable();
            (partitions, done)
        }
        other @ Change::Assigned(_) => panic!("expected a revocation, found {other:?}"),
    }
}

async fn next(member: &mut Box<dyn Membership>) -> Change {
    let change = tokio::time::timeout(PATIENCE, member.next()).await;
    change.expect("the group goes on").expect("the log is open")
}

fn assigned(change: Change) -> Vec<u32> {
    match change {
        Change::Assigned(mut partitions) => {
            partitions.sort_unstable();
            partitions
        }
        other @ Change::Revoked { .. } => panic!("expected an assignment, found {other:?}"),
    }
}
