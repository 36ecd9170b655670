//! Kafka that goes away and comes back: a node of the test's own is killed, stopped and started again.
//!
//! Needs the jars of `tests/kafka`, which `CHARTER_KAFKA_JARS` names.

#![cfg(feature = "kafka")]

#[path = "support/kafka.rs"]
mod kafka;
#[path = "support/node.rs"]
mod node;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use charter_engine::log::kafka::KafkaSettings;
use charter_engine::log::{Change, Log, LogError, Record, TopicSpec};
use kafka::{PATIENCE, answers, apart, assigned, next, open};
use node::Node;

fn record(number: u64) -> Record {
    let (key, value) = ("k".into(), number.to_be_bytes().to_vec().into());
    Record { key, value, headers: Vec::new() }
}

async fn values(log: &Arc<dyn Log>) -> Vec<u64> {
    let end = log.bounds("t", 0).await.expect("the partition is there").end;
    let mut values = Vec::new();
    let mut next = 0;
    while next < end {
        for record in log.fetch("t", 0, next, 1 << 20, PATIENCE).await.expect("fetches") {
            assert_eq!(record.offset, next, "without a gap");
            let value = record.record.value.as_ref().try_into().expect("a number");
            values.push(u64::from_be_bytes(value));
            next += 1;
        }
    }
    values
}

/// Follows a member's share.
fn take(owned: &mut BTreeSet<u32>, change: Change) {
    match change {
        Change::Assigned(partitions) => owned.extend(partitions),
        Change::Revoked { partitions, done } => {
            owned.retain(|partition| !partitions.contains(partition));
            drop(done);
        }
    }
}

/// Waits until the log says that the brokers are away; gives what it says.
async fn is_away(log: &Arc<dyn Log>) -> String {
    let away = async {
        loop {
            match log.check().await {
                Ok(()) => tokio::time::sleep(Duration::from_millis(20)).await,
                Err(error) => break error.to_string(),
            }
        }
    };
    tokio::time::timeout(PATIENCE, away).await.expect("it is found out")
}

#[tokio::test(flavor = "multi_thread")]
async fn brokers_that_were_away_are_used_again_and_nothing_is_lost_or_doubled() {
    let Some(node) = Node::new() else { return };
    let address = node.start();
    let log = open(&apart(KafkaSettings::new(&address))).await;
    let topic = TopicSpec { name: "t".to_owned(), partitions: 2, retention: None, volatile: false };
    log.ensure_topic(&topic).await.expect("is made");
    let mut member = log.join("g", "t").await.expect("joins");
    assert_eq!(assigned(&mut member).await, [0, 1]);
    let appended = log.append("t", 0, vec![record(0), record(1)]).await.expect("is taken");
    assert_eq!(appended[1].offset, 1);
    assert_eq!(values(&log).await, [0, 1]);

    node.signal("-KILL");
    let reason = is_away(&log).await;
    assert!(reason.contains(&address), "{reason}");
    match log.append("t", 0, vec![record(99)]).await {
        Err(LogError::Unavailable { .. }) => {}
        other => panic!("expected a refusal, found {other:?}"),
    }
    // A reader at the end waits through it, and hears of what comes later.
    let waiting = {
        let log = log.clone();
        tokio::spawn(async move { log.fetch("t", 0, 2, 1 << 20, PATIENCE * 2).await })
    };
    assert_eq!(node.start(), address);
    answers(&log).await;
    let appended = log.append("t", 0, vec![record(2)]).await.expect("is taken again");
    assert_eq!(appended[0].offset, 2);
    let woken = waiting.await.expect("no panic").expect("fetches");
    assert_eq!(woken.first().map(|record| record.offset), Some(2));
    assert_eq!(values(&log).await, [0, 1, 2]);
    log.end_and_time("t", 0).await.expect("gives its end");

    // Stopped, it accepts connections and says nothing.
    node.signal("-STOP");
    let sending = {
        let log = log.clone();
        tokio::spawn(async move { log.append("t", 0, vec![record(3), record(4)]).await })
    };
    is_away(&log).await;
    node.signal("-CONT");
    answers(&log).await;
    let sent = sending.await.expect("no panic");
    let found = values(&log).await;
    match sent {
        Ok(appended) => {
            assert_eq!(appended.iter().map(|it| it.offset).collect::<Vec<_>>(), [3, 4]);
            assert_eq!(found, [0, 1, 2, 3, 4]);
        }
        Err(LogError::FateUnknown { .. }) => {
            assert!([0, 1, 2, 3, 4].starts_with(&found) && found.len() >= 3, "{found:?}");
        }
        Err(LogError::Unavailable { .. }) => assert_eq!(found, [0, 1, 2]),
        Err(other) => panic!("expected an answer, found {other}"),
    }

    // Whatever the group has said meanwhile, in the end the members share the partitions.
    let mut other = log.join("g", "t").await.expect("joins");
    let (mut owned, mut others) = (BTreeSet::from([0, 1]), BTreeSet::new());
    while owned.len() != 1 || others.len() != 1 {
        tokio::select! {
            change = next(&mut member) => take(&mut owned, change),
            change = next(&mut other) => take(&mut others, change),
        }
        assert!(owned.is_disjoint(&others), "{owned:?} and {others:?}");
    }
    log.close().await;
}
