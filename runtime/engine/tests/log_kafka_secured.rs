//! Kafka behind `SASL_SSL`: a node of the test's own that knows one user.
//!
//! Needs the jars of `tests/kafka`, which `CHARTER_KAFKA_JARS` names.

#![cfg(feature = "kafka")]

#[path = "support/kafka.rs"]
mod kafka;
#[path = "support/node.rs"]
mod node;

use std::sync::Arc;
use std::time::Duration;

use charter_engine::log::kafka::{KafkaLog, KafkaSettings};
use charter_engine::log::{Log, Record, TopicSpec};
use kafka::{PATIENCE, apart, assigned, open};
use node::Node;

/// The settings that an operator gives, as environment variables.
fn settings(brokers: &str, node: &Node, more: &[(&str, &str)]) -> KafkaSettings {
    let certificate = node.certificate();
    let given = [
        ("KAFKA_BROKERS", brokers),
        ("KAFKA_SECURITY_PROTOCOL", "SASL_SSL"),
        ("KAFKA_SASL_MECHANISM", "SCRAM-SHA-512"),
        ("KAFKA_SASL_USERNAME", "charter"),
        ("KAFKA_SASL_PASSWORD", "right"),
        ("KAFKA_SSL_CA_LOCATION", certificate.to_str().expect("text")),
    ];
    // What is given again takes the place of what was given before.
    let all =
        given.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let settings = KafkaSettings::from_variables(all).expect("settings that can be worked with");
    apart(settings.expect("brokers are named"))
}

/// Waits until the log says why it has no brokers, with all of `words`.
async fn says(settings: &KafkaSettings, words: &[&str]) {
    let log: Arc<dyn Log> = Arc::new(KafkaLog::open(settings.clone()).await.expect("opens"));
    let mut last = String::new();
    let told = async {
        loop {
            last = log.check().await.expect_err("nobody is let in").to_string();
            if words.iter().all(|word| last.contains(word)) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let told = tokio::time::timeout(PATIENCE, told).await;
    assert!(told.is_ok(), "expected {words:?}, found `{last}`");
    assert!(!last.contains('\n') && !last.contains("wrong"), "one line without secrets: {last}");
    log.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_one_user_is_let_in_and_nobody_else_is_and_hears_why() {
    let Some(node) = Node::new() else { return };
    let node = node.secured("charter:right");
    let brokers = node.start();

    let log = open(&settings(&brokers, &node, &[])).await;
    let topic = TopicSpec { name: "t".to_owned(), partitions: 1, retention: None, volatile: false };
    log.ensure_topic(&topic).await.expect("is made");
    let record = Record { key: "k".into(), value: vec![7].into(), headers: Vec::new() };
    let appended = log.append("t", 0, vec![record]).await.expect("is taken");
    assert_eq!(appended[0].offset, 0);
    let fetched = log.fetch("t", 0, 0, 1 << 20, PATIENCE).await.expect("fetches");
    assert_eq!(fetched[0].record.value.as_ref(), [7]);
    // A group is another client, which has to say who it is too.
    let mut member = log.join("g", "t").await.expect("joins");
    assert_eq!(assigned(&mut member).await, [0]);
    drop(member);
    log.close().await;

    let wrong = settings(&brokers, &node, &[("KAFKA_SASL_PASSWORD", "wrong")]);
    says(&wrong, &[&brokers, "uthentication failed"]).await;
    let unknown = settings(&brokers, &node, &[("KAFKA_SASL_USERNAME", "nobody")]);
    says(&unknown, &[&brokers, "uthentication failed"]).await;
    // Without the node's certificate it might be anybody's node.
    let system = settings(&brokers, &node, &[("KAFKA_SSL_CA_LOCATION", "probe")]);
    says(&system, &[&brokers, "certificate"]).await;
}
