//! A log that holds commands back until it is told to let them through, so that only work is measured.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use charter_domain::Contract as _;
use charter_engine::log::{
    Appended, Change, Log, LogError, LogRecord, Membership, Record, TopicSpec,
};
use contract_seat::Seat;
use tokio::sync::watch;
use uuid::Uuid;

/// The gate in front of a log.
#[derive(Debug)]
pub(crate) struct Gate {
    log: Arc<dyn Log>,
    open: watch::Sender<bool>,
    /// Whether anybody gets partitions of the events.
    has_viewers: bool,
}

impl Gate {
    /// A closed gate.
    pub(crate) fn new(log: Arc<dyn Log>, has_viewers: bool) -> Self {
        Self { log, open: watch::Sender::new(false), has_viewers }
    }

    /// Lets commands through.
    pub(crate) fn open(&self) {
        self.open.send_replace(true);
    }
}

/// The share of one who never gets a partition.
#[derive(Debug)]
struct Nothing;

#[async_trait]
impl Membership for Nothing {
    async fn next(&mut self) -> Option<Change> {
        std::future::pending().await
    }
}

#[async_trait]
impl Log for Gate {
    async fn ensure_topic(&self, topic: &TopicSpec) -> Result<(), LogError> {
        self.log.ensure_topic(topic).await
    }

    async fn partitions(&self, topic: &str) -> Result<u32, LogError> {
        self.log.partitions(topic).await
    }

    async fn append(
        &self,
        topic: &str,
        partition: u32,
        records: Vec<Record>,
    ) -> Result<Vec<Appended>, LogError> {
        self.log.append(topic, partition, records).await
    }

    async fn fetch(
        &self,
        topic: &str,
        partition: u32,
        from: u64,
        max_bytes: usize,
        wait: Duration,
    ) -> Result<Vec<LogRecord>, LogError> {
        if topic == Seat::commands_topic() && !*self.open.borrow() {
            let mut open = self.open.subscribe();
            // Nothing came in time where this fails, as at the end of a partition.
            if tokio::time::timeout(wait, open.wait_for(|open| *open)).await.is_err() {
                return Ok(Vec::new());
            }
        }
        self.log.fetch(topic, partition, from, max_bytes, wait).await
    }

    async fn bounds(&self, topic: &str, partition: u32) -> Result<Range<u64>, LogError> {
        self.log.bounds(topic, partition).await
    }

    async fn end_and_time(&self, topic: &str, partition: u32) -> Result<Appended, LogError> {
        self.log.end_and_time(topic, partition).await
    }

    async fn trim(&self, topic: &str, partition: u32, before: u64) -> Result<(), LogError> {
        self.log.trim(topic, partition, before).await
    }

    async fn join(&self, group: &str, topic: &str) -> Result<Box<dyn Membership>, LogError> {
        if topic == Seat::events_topic() && !self.has_viewers {
            return Ok(Box::new(Nothing));
        }
        self.log.join(group, topic).await
    }

    async fn pairing_id(&self) -> Result<Option<Uuid>, LogError> {
        self.log.pairing_id().await
    }

    async fn set_pairing_id(&self, id: Uuid) -> Result<(), LogError> {
        self.log.set_pairing_id(id).await
    }

    async fn check(&self) -> Result<(), LogError> {
        self.log.check().await
    }

    async fn close(&self) {
        self.log.close().await;
    }
}
