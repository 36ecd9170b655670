//! A member's view of a log, in which revocations come late.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use charter_domain::Contract as _;
use charter_engine::log::embedded::EmbeddedLog;
use charter_engine::log::{
    Appended, Change, DEFAULT_PARTITIONS, Log, LogError, LogRecord, Membership, Record, Release,
    TopicSpec,
};
use contract_seat::Seat;
use tokio::sync::watch;

/// Who owns the command topic's partitions, and who of the members has heard so.
#[derive(Clone, Debug)]
pub(super) struct Assignments {
    owner: watch::Sender<u32>,
    /// The owner that former ones know of.
    known: watch::Sender<u32>,
}

impl Default for Assignments {
    fn default() -> Self {
        Self { owner: watch::Sender::new(0), known: watch::Sender::new(0) }
    }
}

impl Assignments {
    /// Gives all partitions to a member, who hears of it at once.
    pub(super) fn give(&self, member: u32) {
        self.owner.send_replace(member);
    }

    /// Lets the one before hear of it.
    pub(super) fn tell(&self, member: u32) {
        self.known.send_replace(member);
    }
}

/// The embedded log with assignments of its own for the command topic.
#[derive(Debug)]
pub(super) struct SlowLog {
    log: Arc<EmbeddedLog>,
    member: u32,
    assignments: Assignments,
}

impl SlowLog {
    pub(super) fn new(log: Arc<EmbeddedLog>, member: u32, assignments: Assignments) -> Self {
        Self { log, member, assignments }
    }
}

#[derive(Debug)]
struct Member {
    number: u32,
    owner: watch::Receiver<u32>,
    known: watch::Receiver<u32>,
    owns: bool,
}

#[async_trait]
impl Membership for Member {
    async fn next(&mut self) -> Option<Change> {
        let partitions = || (0..DEFAULT_PARTITIONS).collect();
        loop {
            let owner = *self.owner.borrow_and_update();
            let known = *self.known.borrow_and_update();
            if !self.owns && owner == self.number {
                self.owns = true;
                return Some(Change::Assigned(partitions()));
            }
            if self.owns && owner != self.number && known != self.number {
                self.owns = false;
                return Some(Change::Revoked {
                    partitions: partitions(),
                    done: Release::new(|| {}),
                });
            }
            tokio::select! {
                changed = self.owner.changed() => changed.ok()?,
                changed = self.known.changed() => changed.ok()?,
            }
        }
    }
}

#[async_trait]
impl Log for SlowLog {
    async fn join(&self, group: &str, topic: &str) -> Result<Box<dyn Membership>, LogError> {
        if topic != Seat::commands_topic() {
            return self.log.join(group, topic).await;
        }
        Ok(Box::new(Member {
            number: self.member,
            owner: self.assignments.owner.subscribe(),
            known: self.assignments.known.subscribe(),
            owns: false,
        }))
    }

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

    async fn pairing_id(&self) -> Result<Option<uuid::Uuid>, LogError> {
        self.log.pairing_id().await
    }

    async fn set_pairing_id(&self, id: uuid::Uuid) -> Result<(), LogError> {
        self.log.set_pairing_id(id).await
    }

    async fn check(&self) -> Result<(), LogError> {
        self.log.check().await
    }

    async fn close(&self) {
        Log::close(&*self.log).await;
    }
}
