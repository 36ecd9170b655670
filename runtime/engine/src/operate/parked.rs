//! Aggregates that a projection or a reactor has set aside, and what operators ask to be done with them.

use charter_domain::{AggregateId, Timestamp};
use serde::Serialize;
use uuid::Uuid;

use super::{Decoded, MOST, OperateError, Operator, Order};
use crate::log::system_time;
use crate::store::{Action, OperatorRequest, Parked, ReactorPart, StoredEvent, is_full_page};

/// Events read at a time.
const PAGE: u32 = 500;
/// The most events that are shown decoded.
const SHOWN: usize = 20;
/// The most positions that a result names.
const NAMED: usize = 20;

/// Positions, as a result names them.
pub(super) fn named(positions: &[i64]) -> String {
    let named: Vec<_> = positions.iter().take(NAMED).map(i64::to_string).collect();
    let more = if positions.len() > NAMED { ", …" } else { "" };
    format!("[{}{more}]", named.join(", "))
}

/// An aggregate that was set aside.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ParkedSummary {
    /// The context.
    pub context: String,
    /// The reactor or effect that set it aside; `None` for the views.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reactor: Option<String>,
    /// The tenant.
    pub tenant_id: String,
    /// The aggregate's key.
    pub key: String,
    /// The partition of its events.
    pub partition: u32,
    /// The first event that was not projected, or not reacted to.
    pub position: i64,
    /// How many events wait, the stuck one included.
    pub waiting: usize,
    /// Why, in a sentence.
    pub reason: String,
    /// The stuck event's time, UTC.
    pub since: Timestamp,
}

/// An aggregate that was set aside, with what waits.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ParkedDetail {
    /// What the list shows.
    #[serde(flatten)]
    pub summary: ParkedSummary,
    /// The first events that wait, the stuck one first, 20 at most.
    pub events: Vec<WaitingEvent>,
}

/// An event that waits.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WaitingEvent {
    /// The event.
    pub id: Uuid,
    /// The name on the wire.
    pub r#type: String,
    /// Its place in the aggregate.
    pub sequence: i64,
    /// Its place in the partition.
    pub position: i64,
    /// When it was decided, UTC.
    pub time: Timestamp,
    /// Metadata and payload, as far as they can be read.
    pub envelope: Decoded,
}

/// A request of an operator and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestState {
    /// The request.
    pub id: Uuid,
    /// `TRY`, `REDRIVE` or `DISCARD`.
    pub action: &'static str,
    /// `WAITING`, `DONE` or `REFUSED`.
    pub state: &'static str,
    /// The context.
    pub context: String,
    /// The reactor; `None` for the views.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reactor: Option<String>,
    /// The tenant.
    pub tenant_id: String,
    /// The aggregate's key.
    pub key: String,
    /// The partition.
    pub partition: u32,
    /// Where the aggregate was stuck when it was asked.
    pub position: i64,
    /// Who asked.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// When, UTC.
    pub requested_at: Timestamp,
    /// When it ended, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// What came of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
}

impl From<OperatorRequest> for RequestState {
    fn from(request: OperatorRequest) -> Self {
        let state = match &request.end {
            None => "WAITING",
            Some(end) if end.is_done => "DONE",
            Some(_) => "REFUSED",
        };
        Self {
            id: request.id,
            action: request.action.as_str(),
            state,
            context: request.context,
            reactor: request.reactor,
            tenant_id: request.aggregate.tenant,
            key: request.aggregate.key,
            partition: request.partition,
            position: request.position,
            actor: request.actor,
            reason: request.reason,
            requested_at: request.time,
            ended_at: request.end.as_ref().map(|end| end.time),
            result: request.end.map(|end| end.result),
        }
    }
}

impl Operator {
    /// The aggregates that projections of one context or all, and reactors on its events, have set aside, up to `limit`.
    ///
    /// # Errors
    /// [`OperateError`].
    pub async fn parked(
        &self,
        context: Option<&str>,
        limit: usize,
    ) -> Result<Vec<ParkedSummary>, OperateError> {
        let mut all = Vec::new();
        for context in self.contexts(context).await? {
            for (partition, _) in self.store.parked_counts(&context).await? {
                for parked in self.store.parked(&context, partition).await? {
                    if all.len() >= limit.min(MOST) {
                        return Ok(all);
                    }
                    all.push(self.summary(&context, None, parked).await?.0);
                }
            }
            for part in self.store.reactors_with_parked(&context).await? {
                for parked in self.store.reactor_parked(&part).await? {
                    if all.len() >= limit.min(MOST) {
                        return Ok(all);
                    }
                    let reactor = Some(part.reactor.clone());
                    all.push(self.summary(&context, reactor, parked).await?.0);
                }
            }
        }
        Ok(all)
    }

    /// One of them, with the events that wait: of the views, or of a reactor.
    ///
    /// # Errors
    /// [`OperateError::NotParked`].
    pub async fn parked_aggregate(
        &self,
        context: &str,
        reactor: Option<&str>,
        aggregate: &AggregateId,
    ) -> Result<ParkedDetail, OperateError> {
        let parked = self.find(context, reactor, aggregate).await?;
        let reactor = reactor.map(str::to_owned);
        let (summary, first) = self.summary(context, reactor, parked).await?;
        let mut events = Vec::with_capacity(first.len());
        for event in first {
            events.push(WaitingEvent {
                id: event.id,
                sequence: event.sequence,
                position: event.position,
                time: event.time,
                envelope: self.stored(&event.schema, &event.envelope).await,
                r#type: event.wire_type,
            });
        }
        Ok(ParkedDetail { summary, events })
    }

    /// Writes down what is asked for; who has the partition, of the views or of the reactor, does it within a second or
    /// so.
    ///
    /// # Errors
    /// [`OperateError::NotParked`]; [`OperateError::NoReason`] where a discard has none.
    pub async fn ask(&self, order: Order) -> Result<RequestState, OperateError> {
        if order.action == Action::Discard && order.reason.trim().is_empty() {
            return Err(OperateError::NoReason);
        }
        let reactor = order.reactor.as_deref();
        let parked = self.find(&order.context, reactor, &order.aggregate).await?;
        // No text of a store holds it.
        let clean = |text: String| text.replace('\0', "\u{fffd}");
        let request = OperatorRequest {
            id: Uuid::now_v7(),
            action: order.action,
            context: order.context,
            reactor: order.reactor,
            aggregate: order.aggregate,
            partition: parked.partition,
            position: parked.position,
            actor: clean(order.actor),
            reason: clean(order.reason),
            time: system_time(),
            end: None,
        };
        self.store.put_request(&request).await?;
        Ok(request.into())
    }

    /// What came of a request.
    ///
    /// # Errors
    /// [`OperateError::NotFound`].
    pub async fn request(&self, id: Uuid) -> Result<RequestState, OperateError> {
        let found = self.store.operator_request(id).await?;
        found.map(Into::into).ok_or(OperateError::NotFound { what: "request", id })
    }

    /// The newest `limit` requests.
    ///
    /// # Errors
    /// [`OperateError`].
    pub async fn requests(&self, limit: usize) -> Result<Vec<RequestState>, OperateError> {
        let limit = u32::try_from(limit.min(MOST)).unwrap_or(u32::MAX);
        Ok(self.store.operator_requests(limit).await?.into_iter().map(Into::into).collect())
    }

    async fn find(
        &self,
        context: &str,
        reactor: Option<&str>,
        aggregate: &AggregateId,
    ) -> Result<Parked, OperateError> {
        self.contexts(Some(context)).await?;
        for parked in self.all_parked(context, reactor).await? {
            if parked.aggregate == *aggregate {
                return Ok(parked);
            }
        }
        let (context, aggregate) = (context.to_owned(), aggregate.clone());
        Err(OperateError::NotParked { context, reactor: reactor.map(str::to_owned), aggregate })
    }

    /// What the views of a context, or a reactor on its events, have set aside.
    async fn all_parked(
        &self,
        context: &str,
        reactor: Option<&str>,
    ) -> Result<Vec<Parked>, OperateError> {
        let mut all = Vec::new();
        match reactor {
            None => {
                for (partition, _) in self.store.parked_counts(context).await? {
                    all.extend(self.store.parked(context, partition).await?);
                }
            }
            Some(reactor) => {
                let parts: Vec<ReactorPart> = self.store.reactors_with_parked(context).await?;
                for part in parts.iter().filter(|part| part.reactor == reactor) {
                    all.extend(self.store.reactor_parked(part).await?);
                }
            }
        }
        Ok(all)
    }

    /// What is shown of it, and the first of its events that wait.
    async fn summary(
        &self,
        context: &str,
        reactor: Option<String>,
        parked: Parked,
    ) -> Result<(ParkedSummary, Vec<StoredEvent>), OperateError> {
        let (mut after, mut waiting, mut first) = (0, 0, Vec::new());
        loop {
            let page = self.store.history(context, &parked.aggregate, after, PAGE).await?;
            let is_full = is_full_page(&page, PAGE);
            for event in page {
                after = event.sequence;
                if event.position >= parked.position {
                    waiting += 1;
                    if first.len() < SHOWN {
                        first.push(event);
                    }
                }
            }
            if !is_full {
                break;
            }
        }
        let summary = ParkedSummary {
            context: context.to_owned(),
            reactor,
            tenant_id: parked.aggregate.tenant,
            key: parked.aggregate.key,
            partition: parked.partition,
            position: parked.position,
            waiting,
            reason: parked.reason,
            since: parked.time,
        };
        Ok((summary, first))
    }
}
