//! Rooms as streams of server-sent events: `GET /v1/streams/{room}`.

use std::sync::Arc;

use axum::RequestExt as _;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt as _};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::hub::Pushed;
use super::message::{Message, Reason};
use super::{Push, PushSettings};
use crate::access::{AccessControl, AdmittedRequest, Guard, Serve};
use crate::operation::{Access, Operation, OperationKind};
use crate::problem::{Problem, Violation};

/// What a guard knows of a stream; its room asks for scopes of its own.
pub const STREAM: &Operation = &Operation {
    id: "streamRoom",
    method: "GET",
    path: "/v1/streams/{room}",
    tenant: None,
    kind: OperationKind::Stream,
    access: Access::KNOWN,
};

/// How long a browser waits before it comes back.
const RETRY_MS: u32 = 1_000;

/// The longest name of a room, in bytes.
pub(super) const MAX_NAME: usize = 512;

/// The route of streams, guarded.
pub fn routes(push: Push, access: Arc<AccessControl>) -> Router {
    Guard::new(Arc::clone(&access)).route(Router::new(), STREAM, Streams { push, access })
}

/// What serves streams.
struct Streams {
    push: Push,
    access: Arc<AccessControl>,
}

impl Serve for Streams {
    async fn serve(&self, request: AdmittedRequest) -> Result<Response, Problem> {
        let AdmittedRequest { admitted, mut request } = request;
        let Ok(Path(room)) = request.extract_parts::<Path<String>>().await else {
            return Err(Problem::malformed("expected a room's name in UTF-8"));
        };
        if room.len() > MAX_NAME {
            let detail = format!("expected a name of at most {MAX_NAME} bytes");
            let violation = Violation::of_parameter("path", "room", detail);
            return Err(Problem::validation(vec![violation]));
        }
        let place = self.push.place()?;
        let admitted = admitted.at(of_query(&request, "tenant").as_deref())?;
        let cursor = cursor_of(&request);
        let pushed = self.push.join(&admitted, &room, cursor.as_deref()).await?;
        let stream = Streaming {
            room,
            pushed,
            access: Arc::clone(&self.access),
            headers: request.headers().clone(),
            settings: *self.push.settings(),
            checked: Instant::now(),
            has_begun: false,
            has_ended: false,
            _open: Open::new("sse", place),
        };
        Ok(server_sent(Body::from_stream(stream.frames())))
    }
}

/// An answer of server-sent events.
pub(crate) fn server_sent(events: Body) -> Response {
    let mut response = Response::new(events);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies that collect answers, as nginx does, let it through as it comes.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// What the client has seen: `Last-Event-ID`, which a browser sends by itself, or `cursor` of the query.
fn cursor_of(request: &Request) -> Option<String> {
    let header = request.headers().get("last-event-id").and_then(|value| value.to_str().ok());
    let given = header.filter(|id| !id.is_empty()).map(str::to_owned);
    given.or_else(|| of_query(request, "cursor"))
}

/// A parameter of the query, where it has a value.
fn of_query(request: &Request, parameter: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(request.uri().query()?.as_bytes());
    let found = pairs.find(|(name, value)| name == parameter && !value.is_empty());
    found.map(|(_, value)| value.into_owned())
}

/// One stream or socket, as the metrics count them.
pub(super) struct Open {
    gauge: metrics::Gauge,
    _place: OwnedSemaphorePermit,
}

impl Open {
    pub(super) fn new(transport: &'static str, place: OwnedSemaphorePermit) -> Self {
        let gauge = metrics::gauge!("charter_push_connections", "transport" => transport);
        gauge.increment(1);
        Self { gauge, _place: place }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.gauge.decrement(1);
    }
}

/// A stream on its way out.
struct Streaming {
    room: String,
    pushed: BoxStream<'static, Pushed>,
    access: Arc<AccessControl>,
    headers: HeaderMap,
    settings: PushSettings,
    checked: Instant,
    has_begun: bool,
    has_ended: bool,
    _open: Open,
}

impl Streaming {
    fn frames(self) -> impl Stream<Item = Result<Bytes, std::convert::Infallible>> + Send {
        stream::unfold(self, async |mut stream| {
            let frame = stream.next().await?;
            Some((Ok(frame), stream))
        })
    }

    async fn next(&mut self) -> Option<Bytes> {
        if self.has_ended {
            return None;
        }
        if !self.has_begun {
            self.has_begun = true;
            return Some(Bytes::from(format!("retry: {RETRY_MS}\n\n")));
        }
        if self.checked.elapsed() >= self.settings.recheck {
            self.checked = Instant::now();
            if is_refused(&self.access, &self.headers).await {
                return Some(self.end(Reason::UNAUTHENTICATED));
            }
        }
        match tokio::time::timeout(self.settings.heartbeat, self.pushed.next()).await {
            Err(_) => Some(Bytes::from_static(b":\n\n")),
            Ok(Some(Pushed::Message(message))) => Some(message.frame()),
            Ok(Some(Pushed::Dropped(reason))) => Some(self.end(reason)),
            Ok(None) => None,
        }
    }

    fn end(&mut self, reason: Reason) -> Bytes {
        self.has_ended = true;
        Message::dropped(reason, &self.room).frame()
    }
}

/// Whether a credential that was good is none any more; while that can't be found out, it is.
pub(crate) async fn is_refused(access: &AccessControl, headers: &HeaderMap) -> bool {
    match access.authenticate(headers).await {
        Ok(_) => false,
        Err(problem) => problem.status() == axum::http::StatusCode::UNAUTHORIZED,
    }
}
