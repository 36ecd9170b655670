//! The log on real Kafka, which `KAFKA_BROKERS` names: `tests/kafka/start DIR` gives one.

#![cfg(feature = "kafka")]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use charter_engine::log::Log;
use charter_engine::log::conformance::Harness;
use charter_engine::log::kafka::{KafkaLog, KafkaSettings};
use uuid::Uuid;

/// A log with topics and groups of its own.
struct Kafka {
    settings: Option<KafkaSettings>,
}

impl Kafka {
    fn new() -> Self {
        let settings = KafkaSettings::from_env().expect("the environment's settings are fine");
        if settings.is_none() {
            let required = std::env::var_os("CHARTER_REQUIRE_ENGINES").is_some();
            assert!(!required, "`KAFKA_BROKERS` is not set, and CHARTER_REQUIRE_ENGINES is");
            eprintln!("skipped: `KAFKA_BROKERS` is not set (tests/kafka/start DIR prints it)");
        }
        let prefix = format!("test-{}.", Uuid::new_v4().simple());
        let settings = settings.map(|settings| KafkaSettings { topic_prefix: prefix, ..settings });
        Self { settings }
    }

    async fn open(&self) -> Arc<dyn Log> {
        let settings = self.settings.clone().expect("only asked for where there is one");
        let log = KafkaLog::open(settings).await.expect("opens");
        let answers = async {
            while log.check().await.is_err() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), answers).await.expect("kafka answers");
        Arc::new(log)
    }
}

#[async_trait]
impl Harness for Kafka {
    fn is_missing(&self) -> bool {
        self.settings.is_none()
    }

    async fn log(&self) -> Arc<dyn Log> {
        self.open().await
    }

    async fn restart(&self, log: Arc<dyn Log>) -> Arc<dyn Log> {
        log.close().await;
        drop(log);
        self.open().await
    }

    /// Nobody can move the brokers' clock.
    async fn pass(&self, _: &Arc<dyn Log>, _: Duration) -> bool {
        false
    }
}

charter_engine::log_conformance!(Kafka::new());
