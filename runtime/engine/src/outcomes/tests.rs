//! Hints over an embedded log.

use charter_domain::Timestamp;
use contract_shared::OutcomeStatus;

use super::*;
use crate::log::embedded::{Durability, EmbeddedLog, EmbeddedSettings};
use crate::schemas::{MemoryRegistry, Registration, SchemaCatalog};

const PATIENCE: Duration = Duration::from_secs(20);

struct Hinting {
    _directory: tempfile::TempDir,
    log: Arc<dyn Log>,
    codec: Arc<RecordCodec<Outcome>>,
    publisher: OutcomePublisher,
}

async fn hinting() -> Hinting {
    let directory = tempfile::tempdir().expect("temporary directory");
    let settings =
        EmbeddedSettings { durability: Durability::Process, ..EmbeddedSettings::default() };
    let log: Arc<dyn Log> = Arc::new(EmbeddedLog::open(directory.path(), settings).expect("opens"));
    log.ensure_topic(&outcomes_topic(2)).await.expect("makes");
    let catalog = SchemaCatalog::new(Arc::new(MemoryRegistry::new()), Registration::Register);
    let codec = Arc::new(catalog.records(OUTCOMES_TOPIC).await.expect("registers"));
    let publisher = OutcomePublisher::new(Arc::clone(&log), Arc::clone(&codec));
    Hinting { _directory: directory, log, codec, publisher }
}

impl Hinting {
    async fn follow(&self, partition: u32, shutdown: &CancellationToken) -> OutcomeHints {
        OutcomeHints::start(Arc::clone(&self.log), Arc::clone(&self.codec), partition, shutdown)
            .await
            .expect("starts")
    }
}

fn outcome(command_id: Uuid) -> Outcome {
    Outcome {
        command_id,
        tenant_id: "default".to_owned(),
        context: "lamp".to_owned(),
        r#type: "lamp.on".to_owned(),
        key: "l".to_owned(),
        status: OutcomeStatus::Applied,
        code: None,
        detail: None,
        details: None,
        events: Vec::new(),
        partition: 3,
        position: 8,
        accepted_at: Timestamp::from_micros(1),
        decided_at: Timestamp::from_micros(2),
        request_hash: None,
    }
}

#[tokio::test]
async fn a_hint_wakes_all_who_wait_for_its_command_and_nobody_else() {
    let hinting = hinting().await;
    let shutdown = CancellationToken::new();
    let hints = hinting.follow(1, &shutdown).await;
    assert_eq!(hints.reply_to(), "outcomes/1");
    let (awaited, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let first = hints.expect(awaited).expect("room");
    let second = hints.expect(awaited).expect("room");
    let in_vain = hints.expect(other).expect("room");
    let reply_to = hints.reply_to();
    let (nobodys, decided) = (outcome(Uuid::from_u128(3)), outcome(awaited));
    hinting.publisher.publish([(reply_to.as_str(), &nobodys), (reply_to.as_str(), &decided)]).await;
    assert_eq!(first.wait(PATIENCE).await, Some(decided.clone()));
    assert_eq!(second.wait(PATIENCE).await, Some(decided));
    assert_eq!(in_vain.wait(Duration::from_millis(20)).await, None);
    assert!(hints.waiters.lock().by_command.is_empty());
    assert_eq!(hints.waiters.lock().count, 0);
    hints.stop().await;
}

#[tokio::test]
async fn a_hint_reaches_only_the_partition_it_was_asked_to() {
    let hinting = hinting().await;
    let shutdown = CancellationToken::new();
    let (one, other) = (hinting.follow(0, &shutdown).await, hinting.follow(1, &shutdown).await);
    let command_id = Uuid::from_u128(1);
    let (there, not_there) =
        (one.expect(command_id).expect("room"), other.expect(command_id).expect("room"));
    let decided = outcome(command_id);
    hinting.publisher.publish([(one.reply_to().as_str(), &decided)]).await;
    assert_eq!(there.wait(PATIENCE).await, Some(decided));
    assert_eq!(not_there.wait(Duration::from_millis(20)).await, None);
}

#[tokio::test]
async fn hints_from_before_the_start_are_not_read_and_wrong_ones_are_skipped() {
    let hinting = hinting().await;
    let command_id = Uuid::from_u128(1);
    let old = Outcome { position: 1, ..outcome(command_id) };
    hinting.publisher.publish([("outcomes/0", &old)]).await;
    let hints = hinting.follow(0, &CancellationToken::new()).await;
    let waiter = hints.expect(command_id).expect("room");
    let garbage = Record {
        key: Bytes::from(command_id.to_string()),
        value: Bytes::from_static(b"?"),
        headers: Vec::new(),
    };
    hinting.log.append(OUTCOMES_TOPIC, 0, vec![garbage]).await.expect("appends");
    let decided = outcome(command_id);
    hinting
        .publisher
        .publish([("nowhere", &decided), ("outcomes/9", &decided), ("outcomes/0", &decided)])
        .await;
    assert_eq!(waiter.wait(PATIENCE).await, Some(decided));
}

#[tokio::test]
async fn waiters_are_bounded_and_leave_when_dropped() {
    let hinting = hinting().await;
    let hints = hinting.follow(0, &CancellationToken::new()).await;
    let mut waiters: Vec<Waiter> = (0..MOST_WAITERS)
        .map(|number| hints.expect(Uuid::from_u128(number as u128 % 7)).expect("room"))
        .collect();
    let error = hints.expect(Uuid::from_u128(1)).expect_err("full");
    assert_eq!(error.to_string(), "10000 requests wait for outcomes already");
    waiters.pop();
    hints.expect(Uuid::from_u128(1)).expect("one has left");
    drop(waiters);
    assert_eq!(hints.waiters.lock().count, 0);
}

#[tokio::test]
async fn a_shutdown_ends_all_waits() {
    let hinting = hinting().await;
    let shutdown = CancellationToken::new();
    let hints = hinting.follow(0, &shutdown).await;
    let waiter = hints.expect(Uuid::from_u128(1)).expect("room");
    let waiting = tokio::spawn(waiter.wait(Duration::from_hours(1)));
    shutdown.cancel();
    let told = tokio::time::timeout(PATIENCE, waiting).await.expect("ends").expect("no panic");
    assert_eq!(told, None);
    assert_eq!(hints.waiters.lock().count, 0);
}

#[tokio::test]
async fn an_outcome_that_is_too_large_is_no_other_ones_loss() {
    let hinting = hinting().await;
    let hints = hinting.follow(0, &CancellationToken::new()).await;
    let (small, large) = (outcome(Uuid::from_u128(1)), outcome(Uuid::from_u128(2)));
    let large = Outcome { details: Some("x".repeat(MAX_RECORD_BYTES)), ..large };
    let waiter = hints.expect(small.command_id).expect("room");
    hinting.publisher.publish([("outcomes/0", &large), ("outcomes/0", &small)]).await;
    assert_eq!(waiter.wait(PATIENCE).await, Some(small));
}

#[tokio::test]
async fn a_shutdown_ends_the_follower() {
    let hinting = hinting().await;
    let shutdown = CancellationToken::new();
    let hints = hinting.follow(0, &shutdown).await;
    shutdown.cancel();
    tokio::time::timeout(PATIENCE, hints.stop()).await.expect("ends");
}

/// Waits until `hints` are followed on a partition for which `wanted` holds.
async fn settled(hints: &OutcomeHints, wanted: impl Fn(&str) -> bool) -> String {
    let settled = async {
        loop {
            let reply_to = hints.reply_to();
            if wanted(&reply_to) {
                return reply_to;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, settled).await.expect("it is given a partition")
}

#[tokio::test]
async fn each_of_two_gateways_gets_a_partition_of_its_own() {
    let hinting = hinting().await;
    let shutdown = CancellationToken::new();
    let share =
        || OutcomeHints::share(Arc::clone(&hinting.log), Arc::clone(&hinting.codec), &shutdown);
    let (one, other) = (share().await.expect("starts"), share().await.expect("starts"));
    let others = settled(&other, |reply_to| reply_to == "outcomes/1").await;
    let ones = settled(&one, |reply_to| reply_to == "outcomes/0").await;

    // The other may hear of it too: it follows the partition that it began with for a while.
    let decided = outcome(Uuid::from_u128(1));
    let waiter = one.expect(decided.command_id).expect("room");
    hinting.publisher.publish([(ones.as_str(), &decided)]).await;
    assert_eq!(waiter.wait(PATIENCE).await, Some(decided));

    // What was sent to the partition that is left still arrives.
    one.stop().await;
    drop(one);
    let late = outcome(Uuid::from_u128(2));
    let waiter = other.expect(late.command_id).expect("room");
    hinting.publisher.publish([(others.as_str(), &late)]).await;
    assert_eq!(waiter.wait(PATIENCE).await, Some(late));
    other.stop().await;
}

#[tokio::test]
async fn more_gateways_than_partitions_share_them() {
    let hinting = hinting().await;
    let shutdown = CancellationToken::new();
    let mut gateways = Vec::new();
    for _ in 0..3 {
        let (log, codec) = (Arc::clone(&hinting.log), Arc::clone(&hinting.codec));
        gateways.push(OutcomeHints::share(log, codec, &shutdown).await.expect("starts"));
    }
    for (number, hints) in gateways.iter().enumerate() {
        let decided = outcome(Uuid::from_u128(number as u128));
        let waiter = hints.expect(decided.command_id).expect("room");
        let reply_to = hints.reply_to();
        hinting.publisher.publish([(reply_to.as_str(), &decided)]).await;
        assert_eq!(waiter.wait(PATIENCE).await, Some(decided));
    }
    for hints in gateways {
        hints.stop().await;
    }
}

#[tokio::test]
async fn a_change_of_partition_loses_no_hint() {
    let hinting = hinting().await;
    let shutdown = CancellationToken::new();
    let share =
        || OutcomeHints::share(Arc::clone(&hinting.log), Arc::clone(&hinting.codec), &shutdown);
    let first = share().await.expect("starts");
    // Given both, the first keeps the one that it began with; whichever it is, it may lose it to the
    // second, and what was sent to the lost one must arrive.
    let before = first.reply_to();
    let decided = outcome(Uuid::from_u128(1));
    let waiter = first.expect(decided.command_id).expect("room");
    let second = share().await.expect("starts");
    settled(&second, |reply_to| reply_to == "outcomes/1").await;
    settled(&first, |reply_to| reply_to == "outcomes/0").await;
    hinting.publisher.publish([(before.as_str(), &decided)]).await;
    assert_eq!(waiter.wait(PATIENCE).await, Some(decided));
    first.stop().await;
    second.stop().await;
}
