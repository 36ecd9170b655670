//! The operators' surface, `/operations`: what the platform's own people see and repair. It is no part of the public
//! contract, and its answers may gain members.
//!
//! | | |
//! |---|---|
//! | `GET /operations/status` | where every context's partitions stand |
//! | `GET /operations/dead-letters?context=&limit=`, `GET /operations/dead-letters/{id}` | what was set aside |
//! | `GET /operations/parked?context=&limit=`, `GET /operations/parked/{context}?tenant=&key=&reactor=` | aggregates that a projection or a reactor has set aside |
//! | `POST /operations/requests`, `GET /operations/requests?limit=`, `GET /operations/requests/{id}` | what is to be done with one, who asked, and what came of it |
//! | `GET /operations/projections?context=`, `POST /operations/projections/{context}` | builds of views: made again, read, dropped |
//! | `GET /operations/events`, `Last-Event-ID` | the events of all contexts as they are published, as server-sent events, without what is private |
//! | `GET /operations/tail/{topic}?from=0:12,1:5&earliest=` | records as they come, 500 at most |
//!
//! Whoever asks needs the role `operator` (scopes `operations:read` and `operations:write`) for all tenants; in
//! development mode everybody on this machine may.

mod feed;
mod projections;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts, Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use charter_domain::AggregateId;
use charter_engine::operate::{OperateError, Operator, Order, Watch};
use charter_engine::store::{Action, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::access::{AccessControl, Principal, Tenants, forbidden};
use crate::api::Api;
use crate::middleware::answer;
use crate::problem::Problem;
use crate::push::stream::server_sent;

use feed::Feed;

/// Looking.
pub(crate) const READ: &str = "operations:read";
/// Asking for repairs.
pub(crate) const WRITE: &str = "operations:write";
/// The role that has both.
pub(crate) const ROLE: &str = "operator";

/// Entries of a list where nothing else is asked for.
const USUAL: usize = 100;
/// The most bytes of a request's body.
const MOST_BYTES: usize = 64 << 10;

#[derive(Debug)]
struct Surface {
    operator: Arc<Operator>,
    access: Arc<AccessControl>,
    feed: Arc<Feed>,
}

/// The routes, each guarded as `api` says.
pub fn routes(operator: Operator, api: &Api) -> Router {
    let (operator, access) = (Arc::new(operator), Arc::clone(api.access()));
    let watch = Watch::new(Arc::clone(&operator), api.private().to_vec());
    let feed = Arc::new(Feed::new(watch, Arc::clone(&access), api.stop().clone()));
    Router::new()
        .route("/operations/status", get(status))
        .route("/operations/dead-letters", get(letters))
        .route("/operations/dead-letters/{id}", get(letter))
        .route("/operations/parked", get(parked))
        .route("/operations/parked/{context}", get(parked_aggregate))
        .route("/operations/projections", get(projections::list))
        .route("/operations/projections/{context}", post(projections::act))
        .route("/operations/requests", get(requests).post(ask))
        .route("/operations/requests/{id}", get(request))
        .route("/operations/tail/{topic}", get(tail))
        .route("/operations/events", get(events))
        .with_state(Arc::new(Surface { operator, access, feed }))
}

#[derive(Debug, Deserialize)]
struct Listed {
    context: Option<String>,
    limit: Option<usize>,
}

#[derive(Debug, Deserialize)]
struct Named {
    tenant: String,
    key: String,
    reactor: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Tailed {
    from: Option<String>,
    #[serde(default)]
    earliest: bool,
}

/// What is asked for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Asked {
    action: String,
    context: String,
    /// The reactor that set it aside; without one, the views.
    reactor: Option<String>,
    tenant_id: String,
    key: String,
    #[serde(default)]
    reason: String,
    /// Who asks, where nobody is asked who they are.
    actor: Option<String>,
}

#[derive(Debug, Serialize)]
struct Items<T> {
    items: Vec<T>,
}

async fn status(State(surface): State<Arc<Surface>>, request: Request) -> Response {
    answer(request, async |request| {
        surface.admit(request.headers(), READ).await?;
        shown(surface.operator.status().await)
    })
    .await
}

async fn letters(State(surface): State<Arc<Surface>>, request: Request) -> Response {
    answer(request, async |request| {
        surface.admit(request.headers(), READ).await?;
        let Listed { context, limit } = query(request).await?;
        let found = surface.operator.dead_letters(context.as_deref(), limit.unwrap_or(USUAL));
        shown(found.await.map(|items| Items { items }))
    })
    .await
}

async fn letter(State(surface): State<Arc<Surface>>, request: Request) -> Response {
    answer(request, async |request| {
        surface.admit(request.headers(), READ).await?;
        shown(surface.operator.dead_letter(path::<Uuid>(request).await?.0).await)
    })
    .await
}

async fn parked(State(surface): State<Arc<Surface>>, request: Request) -> Response {
    answer(request, async |request| {
        surface.admit(request.headers(), READ).await?;
        let Listed { context, limit } = query(request).await?;
        let found = surface.operator.parked(context.as_deref(), limit.unwrap_or(USUAL));
        shown(found.await.map(|items| Items { items }))
    })
    .await
}

async fn parked_aggregate(State(surface): State<Arc<Surface>>, request: Request) -> Response {
    answer(request, async |request| {
        surface.admit(request.headers(), READ).await?;
        let (context, request) = path::<String>(request).await?;
        let Named { tenant, key, reactor } = query(request).await?;
        let aggregate = AggregateId::new(tenant, key);
        let found = surface.operator.parked_aggregate(&context, reactor.as_deref(), &aggregate);
        shown(found.await)
    })
    .await
}

async fn requests(State(surface): State<Arc<Surface>>, request: Request) -> Response {
    answer(request, async |request| {
        surface.admit(request.headers(), READ).await?;
        let Listed { limit, .. } = query(request).await?;
        let found = surface.operator.requests(limit.unwrap_or(USUAL)).await;
        shown(found.map(|items| Items { items }))
    })
    .await
}

async fn request(State(surface): State<Arc<Surface>>, request: Request) -> Response {
    answer(request, async |request| {
        surface.admit(request.headers(), READ).await?;
        shown(surface.operator.request(path::<Uuid>(request).await?.0).await)
    })
    .await
}

async fn ask(State(surface): State<Arc<Surface>>, request: Request) -> Response {
    answer(request, async |request| {
        let principal = surface.admit(request.headers(), WRITE).await?;
        let asked: Asked = body(request).await?;
        let action = Action::of(&asked.action).ok_or_else(|| {
            let found = &asked.action;
            Problem::malformed(format!(
                "`action` should be `TRY`, `REDRIVE` or `DISCARD`, found `{found}`"
            ))
        })?;
        let actor = actor(&principal, asked.actor.as_deref());
        let order = Order {
            action,
            context: asked.context,
            reactor: asked.reactor,
            aggregate: AggregateId::new(asked.tenant_id, asked.key),
            actor,
            reason: asked.reason,
        };
        let asked = surface.operator.ask(order).await.map_err(|error| problem(&error))?;
        let location = format!("/operations/requests/{}", asked.id);
        Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)], Json(json!(asked)))
            .into_response())
    })
    .await
}

async fn tail(State(surface): State<Arc<Surface>>, request: Request) -> Response {
    answer(request, async |request| {
        surface.admit(request.headers(), READ).await?;
        let (topic, request) = path::<String>(request).await?;
        let Tailed { from, earliest } = query(request).await?;
        let from = offsets(from.as_deref().unwrap_or_default()).ok_or_else(|| {
            Problem::malformed(
                "`from` should be `PARTITION:OFFSET`, several separated by commas".to_owned(),
            )
        })?;
        shown(surface.operator.tail(&topic, &from, earliest).await)
    })
    .await
}

async fn events(State(surface): State<Arc<Surface>>, request: Request) -> Response {
    answer(request, async |request| {
        surface.admit(request.headers(), READ).await?;
        let last = request.headers().get("last-event-id").and_then(|value| value.to_str().ok());
        let stream = surface.feed.stream(request.headers().clone(), last)?;
        Ok(server_sent(Body::from_stream(stream)))
    })
    .await
}

impl Surface {
    /// Who asks, where they may.
    async fn admit(&self, headers: &HeaderMap, scope: &str) -> Result<Principal, Problem> {
        let principal = self.access.authenticate(headers).await?;
        if !principal.has(scope) {
            return Err(forbidden(format!(
                "expected the scope `{scope}`, which the role `{ROLE}` has and the principal lacks"
            )));
        }
        match principal.tenants() {
            Tenants::All => Ok(principal),
            Tenants::One(tenant) => Err(forbidden(format!(
                "operators see all tenants' data, and the principal is bound to `{tenant}`"
            ))),
        }
    }
}

/// Who asks; in development mode who they say they are.
fn actor(principal: &Principal, named: Option<&str>) -> String {
    if principal.is_anybody() {
        format!("development/{}", named.unwrap_or("unknown"))
    } else {
        principal.id().to_owned()
    }
}

async fn query<T: serde::de::DeserializeOwned>(request: Request) -> Result<T, Problem> {
    let (mut parts, _) = request.into_parts();
    let read = Query::<T>::from_request_parts(&mut parts, &()).await;
    read.map(|Query(query)| query).map_err(|rejection| Problem::malformed(rejection.body_text()))
}

async fn path<T: serde::de::DeserializeOwned + Send>(
    request: Request,
) -> Result<(T, Request), Problem> {
    let (mut parts, body) = request.into_parts();
    let Path(path) = Path::<T>::from_request_parts(&mut parts, &())
        .await
        .map_err(|rejection| Problem::malformed(rejection.body_text()))?;
    Ok((path, Request::from_parts(parts, body)))
}

/// The body, which must be named JSON: a page of another origin can't send that without being asked for leave.
async fn body<T: serde::de::DeserializeOwned>(request: Request) -> Result<T, Problem> {
    let named = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_json = named.is_some_and(|named| {
        named.split(';').next().is_some_and(|kind| kind.trim() == "application/json")
    });
    if !is_json {
        let detail = "expected `Content-Type: application/json`";
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UNSUPPORTED_MEDIA_TYPE",
            detail,
        ));
    }
    let bytes = axum::body::to_bytes(request.into_body(), MOST_BYTES)
        .await
        .map_err(|error| Problem::malformed(error.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|error| Problem::malformed(error.to_string()))
}

fn offsets(text: &str) -> Option<BTreeMap<u32, u64>> {
    let parts = text.split(',').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (partition, offset) = part.split_once(':')?;
            Some((partition.parse().ok()?, offset.parse().ok()?))
        })
        .collect()
}

fn shown<T: Serialize>(found: Result<T, OperateError>) -> Result<Response, Problem> {
    Ok(Json(found.map_err(|error| problem(&error))?).into_response())
}

fn problem(error: &OperateError) -> Problem {
    let status = match error {
        OperateError::UnknownContext { .. }
        | OperateError::UnknownTopic(_)
        | OperateError::NotParked { .. }
        | OperateError::NoBuildBeside(_)
        | OperateError::LogNotNew { .. }
        | OperateError::Store(StoreError::NoBuild { .. })
        | OperateError::NotFound { .. } => StatusCode::NOT_FOUND,
        OperateError::BuildThere { .. }
        | OperateError::Store(StoreError::BuildIsRead { .. } | StoreError::BuildBehind { .. }) => {
            return Problem::new(StatusCode::CONFLICT, "BUILD_STATE", error.to_string());
        }
        OperateError::NoReason => {
            return Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "REASON_MISSING",
                error.to_string(),
            );
        }
        // Operators are told what log and store say.
        OperateError::Log(_) | OperateError::Store(_) | _ => {
            return Problem::unavailable(error.to_string());
        }
    };
    Problem::new(status, "NOT_FOUND", error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_named_by_partition() {
        assert_eq!(offsets(""), Some(BTreeMap::new()));
        assert_eq!(offsets("0:12,11:5"), Some(BTreeMap::from([(0, 12), (11, 5)])));
        assert_eq!(offsets("0"), None);
        assert_eq!(offsets("0:x"), None);
    }
}
