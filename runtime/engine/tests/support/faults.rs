//! A store and a log that fail when they are told to.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use charter_domain::{AggregateId, Begin, ColumnValue, Table, Timestamp};
use charter_engine::log::{Appended, Log, LogError, LogRecord, Membership, Record, TopicSpec};
use charter_engine::reads::{ListQuery, Page, RowRead};
use charter_engine::store::{
    Batch, Checkpoint, Claim, Lease, OperatorRequest, Parked, PoolUse, Progress, Purged,
    ReactorPart, ReactorStep, RequestEnd, SchemaHash, Standing, Store, StoreError, StoredDeadline,
    StoredEvent, StoredSchema, Trial, ViewBuild, ViewSet, ViewStep, ViewWrite,
};
use contract_shared::Outcome;
use uuid::Uuid;

/// What happens to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing special.
    Pass,
    /// It fails and did nothing.
    Refuse,
    /// It did all, and says that it doesn't know.
    DoneButUnknown,
    /// It did nothing, and says that it doesn't know.
    LostAndUnknown,
    /// It never comes back, and did nothing.
    Hang,
    /// It says that it did all, and did nothing. For appends only.
    Skip,
}

/// The faults of the next calls, in order; without one a call passes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script(Arc<Mutex<VecDeque<Fault>>>);

impl Script {
    /// Adds faults for the next calls.
    pub(crate) fn then(&self, faults: impl IntoIterator<Item = Fault>) {
        self.0.lock().expect("no panic").extend(faults);
    }

    /// Forgets the faults that have not happened.
    pub(crate) fn clear(&self) {
        self.0.lock().expect("no panic").clear();
    }

    /// How many faults have not happened.
    pub(crate) fn left(&self) -> usize {
        self.0.lock().expect("no panic").len()
    }

    /// Whether all faults have happened.
    pub(crate) fn is_over(&self) -> bool {
        self.0.lock().expect("no panic").is_empty()
    }

    fn next(&self) -> Fault {
        self.0.lock().expect("no panic").pop_front().unwrap_or(Fault::Pass)
    }
}

/// A store whose commits, reads of outcomes and steps of the views may fail.
#[derive(Debug)]
pub(crate) struct FaultyStore {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) commits: Script,
    pub(crate) reads: Script,
    pub(crate) steps: Script,
    /// Reads of aggregates' histories.
    pub(crate) histories: Script,
    /// Looks for the next deadline.
    pub(crate) deadlines: Script,
    /// Steps of reactors.
    pub(crate) reactions: Script,
}

fn store_unknown() -> StoreError {
    StoreError::FateUnknown { source: "told to".into() }
}

fn store_refused() -> StoreError {
    StoreError::unavailable("told to")
}

#[async_trait]
impl Store for FaultyStore {
    async fn pairing_id(&self) -> Result<Option<Uuid>, StoreError> {
        self.store.pairing_id().await
    }
    async fn set_pairing_id(&self, id: Uuid) -> Result<(), StoreError> {
        self.store.set_pairing_id(id).await
    }
    async fn fix_pairing_id(&self, wanted: Uuid) -> Result<Uuid, StoreError> {
        self.store.fix_pairing_id(wanted).await
    }
    async fn is_empty(&self) -> Result<bool, StoreError> {
        self.store.is_empty().await
    }
    async fn fix_partitions(&self, wanted: u32) -> Result<u32, StoreError> {
        self.store.fix_partitions(wanted).await
    }
    async fn check(&self) -> Result<(), StoreError> {
        self.store.check().await
    }
    async fn put_schemas(&self, schemas: &[StoredSchema]) -> Result<(), StoreError> {
        self.store.put_schemas(schemas).await
    }
    async fn schema(&self, hash: &SchemaHash) -> Result<Option<String>, StoreError> {
        self.store.schema(hash).await
    }
    async fn checkpoint(
        &self,
        context: &str,
        partition: u32,
    ) -> Result<Option<Checkpoint>, StoreError> {
        self.store.checkpoint(context, partition).await
    }
    async fn contexts(&self) -> Result<Vec<String>, StoreError> {
        self.store.contexts().await
    }
    async fn put_request(&self, request: &OperatorRequest) -> Result<(), StoreError> {
        self.store.put_request(request).await
    }
    async fn end_request(&self, id: Uuid, end: &RequestEnd) -> Result<(), StoreError> {
        self.store.end_request(id, end).await
    }
    async fn operator_request(&self, id: Uuid) -> Result<Option<OperatorRequest>, StoreError> {
        self.store.operator_request(id).await
    }
    async fn waiting_requests(
        &self,
        context: &str,
        reactor: Option<&str>,
        limit: u32,
    ) -> Result<Vec<OperatorRequest>, StoreError> {
        self.store.waiting_requests(context, reactor, limit).await
    }
    async fn reactors_with_parked(&self, context: &str) -> Result<Vec<ReactorPart>, StoreError> {
        self.store.reactors_with_parked(context).await
    }
    async fn operator_requests(&self, limit: u32) -> Result<Vec<OperatorRequest>, StoreError> {
        self.store.operator_requests(limit).await
    }
    async fn standings(&self, context: &str) -> Result<Vec<Standing>, StoreError> {
        self.store.standings(context).await
    }
    async fn parked_counts(&self, context: &str) -> Result<Vec<(u32, u64)>, StoreError> {
        self.store.parked_counts(context).await
    }
    fn pools(&self) -> Vec<PoolUse> {
        self.store.pools()
    }
    async fn claim(
        &self,
        context: &str,
        partition: u32,
        version: u32,
    ) -> Result<Claim, StoreError> {
        self.store.claim(context, partition, version).await
    }
    async fn claim_again(&self, held: &Lease, version: u32) -> Result<Claim, StoreError> {
        self.store.claim_again(held, version).await
    }
    async fn release(&self, lease: &Lease, published: i64) -> Result<(), StoreError> {
        self.store.release(lease, published).await
    }
    async fn record_trial(&self, lease: &Lease, trial: Trial) -> Result<(), StoreError> {
        self.store.record_trial(lease, trial).await
    }
    async fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        match self.commits.next() {
            Fault::Pass | Fault::Skip => self.store.commit(batch).await,
            Fault::Refuse => Err(store_refused()),
            Fault::LostAndUnknown => Err(store_unknown()),
            Fault::DoneButUnknown => {
                self.store.commit(batch).await?;
                Err(store_unknown())
            }
            Fault::Hang => std::future::pending().await,
        }
    }
    async fn outcomes(&self, commands: &[(String, Uuid)]) -> Result<Vec<Outcome>, StoreError> {
        match self.reads.next() {
            Fault::Pass | Fault::Skip => self.store.outcomes(commands).await,
            Fault::Hang => std::future::pending().await,
            Fault::Refuse | Fault::LostAndUnknown | Fault::DoneButUnknown => Err(store_refused()),
        }
    }
    async fn outcome(&self, tenant: Option<&str>, id: Uuid) -> Result<Option<Outcome>, StoreError> {
        self.store.outcome(tenant, id).await
    }
    async fn purge_outcomes(
        &self,
        context: &str,
        partition: u32,
        before: Timestamp,
        limit: u32,
    ) -> Result<Purged, StoreError> {
        self.store.purge_outcomes(context, partition, before, limit).await
    }
    async fn history(
        &self,
        context: &str,
        aggregate: &AggregateId,
        after: i64,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        match self.histories.next() {
            Fault::Pass | Fault::Skip => self.store.history(context, aggregate, after, limit).await,
            Fault::Hang => std::future::pending().await,
            Fault::Refuse | Fault::LostAndUnknown | Fault::DoneButUnknown => Err(store_refused()),
        }
    }
    async fn events(
        &self,
        context: &str,
        partition: u32,
        after: i64,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.store.events(context, partition, after, limit).await
    }
    async fn deadlines(
        &self,
        context: &str,
        partition: u32,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<StoredDeadline>, StoreError> {
        self.store.deadlines(context, partition, until, limit).await
    }
    async fn next_deadline(
        &self,
        context: &str,
        partition: u32,
    ) -> Result<Option<Timestamp>, StoreError> {
        match self.deadlines.next() {
            Fault::Pass | Fault::Skip => self.store.next_deadline(context, partition).await,
            Fault::Hang => std::future::pending().await,
            Fault::Refuse | Fault::LostAndUnknown | Fault::DoneButUnknown => Err(store_refused()),
        }
    }
    async fn prepare_views(&self, views: &ViewSet) -> Result<(), StoreError> {
        self.store.prepare_views(views).await
    }
    async fn view_builds(&self, context: &str) -> Result<Vec<ViewBuild>, StoreError> {
        self.store.view_builds(context).await
    }
    async fn want_build(
        &self,
        context: &str,
        number: u32,
        actor: &str,
        reason: &str,
    ) -> Result<(), StoreError> {
        self.store.want_build(context, number, actor, reason).await
    }
    async fn switch_views(&self, context: &str, number: u32) -> Result<(), StoreError> {
        self.store.switch_views(context, number).await
    }
    async fn drop_build(&self, context: &str, number: u32) -> Result<(), StoreError> {
        self.store.drop_build(context, number).await
    }
    async fn view_rows(&self, name: &str, most: u32) -> Result<u64, StoreError> {
        self.store.view_rows(name, most).await
    }
    async fn view_progress(&self, views: &ViewSet, partition: u32) -> Result<Progress, StoreError> {
        self.store.view_progress(views, partition).await
    }
    async fn parked(&self, context: &str, partition: u32) -> Result<Vec<Parked>, StoreError> {
        self.store.parked(context, partition).await
    }
    async fn parked_in(&self, context: &str, tenant: &str) -> Result<bool, StoreError> {
        self.store.parked_in(context, tenant).await
    }
    async fn begin_views(&self, step: &ViewStep) -> Result<Box<dyn ViewWrite>, StoreError> {
        let fault = self.steps.next();
        match fault {
            Fault::Refuse => Err(store_refused()),
            Fault::Hang => std::future::pending().await,
            Fault::Pass | Fault::DoneButUnknown | Fault::LostAndUnknown | Fault::Skip => {
                Ok(Box::new(FaultyStep { step: self.store.begin_views(step).await?, fault }))
            }
        }
    }
    async fn row(
        &self,
        table: &'static Table,
        tenant: &str,
        key: &[ColumnValue],
    ) -> Result<RowRead, StoreError> {
        self.store.row(table, tenant, key).await
    }
    async fn list(&self, query: &ListQuery) -> Result<Page, StoreError> {
        self.store.list(query).await
    }
    async fn wait_projected(&self, context: &str, seen: &[(u32, i64)]) -> Result<(), StoreError> {
        self.store.wait_projected(context, seen).await
    }

    async fn lists(&self, queries: &[ListQuery]) -> Result<Vec<Page>, StoreError> {
        self.store.lists(queries).await
    }

    async fn view_positions(&self, context: &str) -> Result<Vec<(u32, i64)>, StoreError> {
        self.store.view_positions(context).await
    }
    async fn prepare_reactor(
        &self,
        reactor: &str,
        context: &str,
        partitions: u32,
        begin: Begin,
    ) -> Result<(), StoreError> {
        self.store.prepare_reactor(reactor, context, partitions, begin).await
    }
    async fn reactor_position(&self, part: &ReactorPart) -> Result<i64, StoreError> {
        self.store.reactor_position(part).await
    }
    async fn reactor_parked(&self, part: &ReactorPart) -> Result<Vec<Parked>, StoreError> {
        self.store.reactor_parked(part).await
    }
    async fn step_reactor(&self, step: &ReactorStep) -> Result<(), StoreError> {
        match self.reactions.next() {
            Fault::Pass | Fault::Skip => self.store.step_reactor(step).await,
            Fault::Refuse => Err(store_refused()),
            Fault::LostAndUnknown => Err(store_unknown()),
            Fault::DoneButUnknown => {
                self.store.step_reactor(step).await?;
                Err(store_unknown())
            }
            Fault::Hang => std::future::pending().await,
        }
    }
    async fn close(&self) {
        self.store.close().await;
    }
}

/// A step of the views whose commit may fail.
struct FaultyStep {
    step: Box<dyn ViewWrite>,
    fault: Fault,
}

type Changes<'a> = &'a [charter_engine::store::RowChange];

#[async_trait]
impl ViewWrite for FaultyStep {
    async fn rows(
        &mut self,
        table: &'static Table,
        keys: &[charter_engine::store::RowKey],
    ) -> Result<Vec<Option<Vec<ColumnValue>>>, StoreError> {
        self.step.rows(table, keys).await
    }
    async fn write(
        &mut self,
        table: &'static Table,
        changes: Changes<'_>,
    ) -> Result<(), StoreError> {
        self.step.write(table, changes).await
    }
    async fn stage(
        &mut self,
        table: &'static Table,
        changes: Changes<'_>,
    ) -> Result<(), StoreError> {
        self.step.stage(table, changes).await
    }
    async fn reveal(&mut self, table: &'static Table) -> Result<(), StoreError> {
        self.step.reveal(table).await
    }
    async fn discard(&mut self, table: &'static Table) -> Result<(), StoreError> {
        self.step.discard(table).await
    }
    async fn park(&mut self, parked: &[Parked]) -> Result<(), StoreError> {
        self.step.park(parked).await
    }
    async fn unpark(&mut self, aggregate: &AggregateId) -> Result<(), StoreError> {
        self.step.unpark(aggregate).await
    }
    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        match self.fault {
            Fault::LostAndUnknown => Err(store_unknown()),
            Fault::DoneButUnknown => {
                self.step.commit().await?;
                Err(store_unknown())
            }
            Fault::Pass | Fault::Refuse | Fault::Hang | Fault::Skip => self.step.commit().await,
        }
    }
}

/// A log whose appends to event and dead-letter topics, and fetches, may fail.
#[derive(Debug)]
pub(crate) struct FaultyLog {
    pub(crate) log: Arc<dyn Log>,
    pub(crate) appends: Script,
    pub(crate) fetches: Script,
}

fn log_unknown() -> LogError {
    LogError::FateUnknown { reason: "told to".to_owned(), source: None }
}

#[async_trait]
impl Log for FaultyLog {
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
        if !topic.ends_with(".events") && !topic.ends_with(".dead-letters") {
            return self.log.append(topic, partition, records).await;
        }
        match self.appends.next() {
            Fault::Pass => self.log.append(topic, partition, records).await,
            Fault::Refuse => Err(LogError::unavailable("told to")),
            Fault::LostAndUnknown => Err(log_unknown()),
            Fault::DoneButUnknown => {
                self.log.append(topic, partition, records).await?;
                Err(log_unknown())
            }
            Fault::Hang => std::future::pending().await,
            Fault::Skip => Ok(Vec::new()),
        }
    }
    async fn fetch(
        &self,
        topic: &str,
        partition: u32,
        from: u64,
        max_bytes: usize,
        wait: Duration,
    ) -> Result<Vec<LogRecord>, LogError> {
        match self.fetches.next() {
            Fault::Pass | Fault::Skip => {
                self.log.fetch(topic, partition, from, max_bytes, wait).await
            }
            Fault::Hang => std::future::pending().await,
            Fault::Refuse | Fault::LostAndUnknown | Fault::DoneButUnknown => {
                Err(LogError::unavailable("told to"))
            }
        }
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
