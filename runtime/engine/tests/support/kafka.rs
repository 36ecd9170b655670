//! Logs on the Kafka that `KAFKA_BROKERS` names: `tests/kafka/start DIR` gives one.

use std::sync::Arc;
use std::time::Duration;

use charter_engine::log::kafka::{KafkaLog, KafkaSettings};
use charter_engine::log::{Change, Log, Membership};
use uuid::Uuid;

/// Longer than anything that should happen takes; a test that waits so long has failed.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// The same settings with topics and groups of their own.
pub(crate) fn apart(settings: KafkaSettings) -> KafkaSettings {
    let topic_prefix = format!("test-{}.", Uuid::new_v4().simple());
    KafkaSettings { topic_prefix, ..settings }
}

/// Says that a test is skipped, and why. Where engines are required that is a failure.
pub(crate) fn skip(reason: &str) {
    let is_required = std::env::var_os("CHARTER_REQUIRE_ENGINES").is_some();
    assert!(!is_required, "CHARTER_REQUIRE_ENGINES is set, and {reason}");
    eprintln!("skipped: {reason}");
}

/// A log that answers.
pub(crate) async fn open(settings: &KafkaSettings) -> Arc<dyn Log> {
    let log: Arc<dyn Log> = Arc::new(KafkaLog::open(settings.clone()).await.expect("opens"));
    answers(&log).await;
    log
}

/// Waits until the log answers.
pub(crate) async fn answers(log: &Arc<dyn Log>) {
    let answers = async {
        while log.check().await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, answers).await.expect("kafka answers");
}

/// The member's next change.
pub(crate) async fn next(member: &mut Box<dyn Membership>) -> Change {
    let change = tokio::time::timeout(PATIENCE, member.next()).await;
    change.expect("the group goes on").expect("the log is open")
}

/// The partitions that the member is given next.
pub(crate) async fn assigned(member: &mut Box<dyn Membership>) -> Vec<u32> {
    match next(member).await {
        Change::Assigned(mut partitions) => {
            partitions.sort_unstable();
            partitions
        }
        other @ Change::Revoked { .. } => panic!("expected an assignment, found {other:?}"),
    }
}
