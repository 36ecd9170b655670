//! What every request passes before and after its route.

mod answered;
mod compress;

use std::any::Any;
use std::convert::Infallible;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::Route;
use charter_engine::trace::{Kind, Span, end};
use futures_util::FutureExt as _;
use tokio::sync::Semaphore;
use tower::layer::layer_fn;
use tower::{Service, ServiceBuilder, ServiceExt as _, service_fn};
use tower_http::cors::{AllowOrigin, CorsLayer};

use self::answered::Answered;
use self::compress::{Accepted, Compression};
use crate::access::API_KEY;
use crate::idempotency::IDEMPOTENCY_KEY;
use crate::ids;
use crate::log_lines;
use crate::preferences::PREFER;
use crate::problem::{Problem, Violation};
use crate::settings::{HttpSettings, Origins};
use crate::shared::{Shared, SharedService};
use crate::trace_context::{TRACEPARENT, TRACESTATE, TraceContext};

const CORRELATION: HeaderName = HeaderName::from_static("x-correlation-id");
/// The longest correlation id that is taken from a client, in characters.
const MAX_CORRELATION: usize = 128;
/// How long a request may take: reading its body, the look for a first outcome, 10 s to append, the longest
/// `Prefer: wait` of 30 s and 2 s for the outcome's row. A command that was taken is answered before.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(90);
/// How long a request's body may take to arrive.
pub(crate) const BODY_TIMEOUT: Duration = Duration::from_secs(20);
/// How many requests may be in hand at once; most of them wait for an outcome.
pub(crate) const MAX_IN_HAND: usize = 8_192;
/// The longest path and query, in bytes: cursors and page tokens have 1,024 characters at most.
const MAX_URI_BYTES: usize = 8 * 1024;
/// The most that a request's headers may have together, names and values, in bytes.
const MAX_HEADER_BYTES: usize = 32 * 1024;
/// How long a browser may keep what it was told about other origins.
const CORS_MAX_AGE: Duration = Duration::from_mins(10);

/// Headers that pages of other origins may send.
const CORS_REQUEST_HEADERS: [HeaderName; 11] = [
    header::ACCEPT,
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    PREFER,
    IDEMPOTENCY_KEY,
    HeaderName::from_static("consistent-with"),
    API_KEY,
    TRACEPARENT,
    CORRELATION,
];

/// Headers that pages of other origins may read.
const CORS_RESPONSE_HEADERS: [HeaderName; 10] = [
    header::ETAG,
    header::LINK,
    header::LOCATION,
    header::RETRY_AFTER,
    HeaderName::from_static("charter-cursor"),
    HeaderName::from_static("preference-applied"),
    HeaderName::from_static("ratelimit"),
    HeaderName::from_static("ratelimit-policy"),
    TRACEPARENT,
    CORRELATION,
];

/// The id that joins all that one request sets in motion: its `X-Correlation-Id`, which every request has that came past
/// the middleware, or one that is made.
pub(crate) fn correlation_id(request: &Request) -> String {
    correlation_text(request.headers().get(&CORRELATION))
}

fn correlation_text(header: Option<&HeaderValue>) -> String {
    let given = header.and_then(|value| value.to_str().ok()).filter(|id| is_correlation_id(id));
    given.map_or_else(|| ids::now_v7().to_string(), str::to_owned)
}

/// Answers with what `serve` gives; a problem also says which request it is about.
pub(crate) async fn answer(
    request: Request,
    serve: impl AsyncFnOnce(Request) -> Result<Response, Problem>,
) -> Response {
    let about = About::of(&request);
    about.answer(serve(request).await)
}

/// What a problem says of the request that it is about. Shared with the request, not copied: most have no problem.
#[derive(Debug)]
pub(crate) struct About {
    uri: Uri,
    correlation: Option<HeaderValue>,
}

impl About {
    pub(crate) fn of(request: &Request) -> Self {
        let correlation = request.headers().get(&CORRELATION).cloned();
        Self { uri: request.uri().clone(), correlation }
    }

    /// What was served, or the problem, which says what it is about.
    pub(crate) fn answer(self, served: Result<Response, Problem>) -> Response {
        served.unwrap_or_else(|problem| {
            let id = correlation_text(self.correlation.as_ref());
            problem.instance(self.uri.path()).correlation_id(id).into_response()
        })
    }
}

fn made_correlation_id() -> HeaderValue {
    HeaderValue::try_from(ids::now_v7().to_string()).expect("digits and hyphens")
}

/// The router with what every service does: correlation ids, traces, request metrics and spans, limits on time
/// (90 s), on requests in hand (8,192) and on the size of a request's head, compression, other origins, problem
/// details for unknown routes and for panics.
pub fn with_middleware(router: Router, settings: &HttpSettings) -> Router {
    within(REQUEST_TIMEOUT, router, settings)
}

fn within(longest: Duration, router: Router, settings: &HttpSettings) -> Router {
    let around = Around {
        places: Semaphore::new(MAX_IN_HAND),
        longest,
        origins: settings.cors.clone(),
        in_hand: OnceLock::new(),
        answered: Answered::default(),
        compression: Compression::default(),
    };
    let around = Arc::new(around);
    let observing = layer_fn(move |inner: SharedService<Route>| {
        let around = Arc::clone(&around);
        service_fn(move |request| observed(Arc::clone(&around), inner.clone(), request))
    });
    let layers = ServiceBuilder::new().layer(observing).layer(Shared);
    let router = router
        .fallback(async |request: Request| {
            let detail = "the contract has no such path; see /openapi.json";
            Problem::new(StatusCode::NOT_FOUND, "ROUTE_UNKNOWN", detail)
                .instance(request.uri().path())
                .correlation_id(correlation_id(&request))
        })
        .method_not_allowed_fallback(other_method)
        .layer(layers);
    match cors(&settings.cors) {
        None => router,
        Some(cors) => {
            let own = router.clone();
            router.layer(cors).layer(middleware::from_fn_with_state(own, unless_preflight))
        }
    }
}

/// What every request is held against.
struct Around {
    /// For requests in hand.
    places: Semaphore,
    /// How long a request may take.
    longest: Duration,
    origins: Origins,
    /// Found once.
    in_hand: OnceLock<metrics::Gauge>,
    answered: Answered,
    compression: Compression,
}

impl Around {
    /// Refuses a request for what its head says.
    fn check(&self, request: &Request) -> Result<(), Problem> {
        limit_head(request)?;
        refuse_foreign_pages(&self.origins, request.headers())
    }

    /// Serves a request that was not refused, within its time.
    async fn pass(
        &self,
        is_safe: bool,
        serving: Result<impl Future<Output = Result<Response, Infallible>>, Problem>,
    ) -> Result<Response, Problem> {
        let serving = serving?;
        let Ok(_place) = self.places.try_acquire() else {
            let detail = format!("{MAX_IN_HAND} requests are in hand already");
            return Err(Problem::unavailable(detail));
        };
        let in_hand = self.in_hand.get_or_init(|| metrics::gauge!("charter_http_requests_in_hand"));
        let _in_hand = InHand::begin(in_hand);
        // What a panic leaves behind goes with the request.
        let serving = AssertUnwindSafe(serving).catch_unwind();
        match tokio::time::timeout(self.longest, serving).await {
            Ok(Ok(Ok(response))) => Ok(response),
            Ok(Ok(Err(never))) => match never {},
            Ok(Err(panic)) => Err(after_panic(&*panic)),
            Err(_) => Err(late(self.longest, is_safe)),
        }
    }
}

/// Why a request is over that took longer than it may.
pub(crate) fn took_too_long(longest: Duration) -> String {
    format!("the request took more than {} s", longest.as_secs())
}

/// A request that took too long. What one of an unsafe method asked for may have been done.
fn late(longest: Duration, is_safe: bool) -> Problem {
    let why = took_too_long(longest);
    if is_safe {
        Problem::unavailable(why)
    } else {
        Problem::append_unknown(why, "send it again with the same Idempotency-Key")
    }
}

/// The layer that tells browsers whose pages may ask. Credentials are headers that a page sets itself, never
/// cookies, so that no origin gets a foreign user's.
fn cors(origins: &Origins) -> Option<CorsLayer> {
    let allowed = match origins {
        Origins::None => return None,
        Origins::Any => AllowOrigin::any(),
        Origins::These(origins) => AllowOrigin::list(origins.iter().cloned()),
    };
    let methods =
        [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    Some(
        CorsLayer::new()
            .allow_origin(allowed)
            .allow_methods(methods)
            .allow_headers(CORS_REQUEST_HEADERS)
            .expose_headers(CORS_RESPONSE_HEADERS)
            .max_age(CORS_MAX_AGE),
    )
}

/// The layer for other origins takes every OPTIONS for a preflight; one that isn't is the API's own.
async fn unless_preflight(State(own): State<Router>, request: Request, next: Next) -> Response {
    let is_preflight = request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if request.method() != Method::OPTIONS || is_preflight {
        return next.run(request).await;
    }
    match own.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// A method that the path doesn't have: 405, or for OPTIONS what it has (RFC 9110 section 9.3.7). `Allow` comes
/// with the route.
async fn other_method(request: Request) -> Response {
    if request.method() == Method::OPTIONS {
        return StatusCode::NO_CONTENT.into_response();
    }
    let detail = format!("the contract has no `{}` on this path", request.method());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", detail)
        .instance(request.uri().path())
        .correlation_id(correlation_id(&request))
        .into_response()
}

/// `Allow` names OPTIONS too, which every path has. It comes from the router itself, outside of its layers.
pub(crate) fn name_methods(mut response: Response) -> Response {
    let named = response.headers().get(header::ALLOW).and_then(|allow| allow.to_str().ok());
    let Some(named) = named else { return response };
    let mut methods: Vec<_> =
        named.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    methods.push("OPTIONS");
    methods.sort_unstable();
    methods.dedup();
    if let Ok(value) = HeaderValue::try_from(methods.join(", ")) {
        response.headers_mut().insert(header::ALLOW, value);
    }
    response
}

/// Refuses a websocket that a page of another origin opens, unless its origin is allowed. For websockets browsers ask
/// nobody before, as they do for requests; on a machine in development mode any page could do everything.
fn refuse_foreign_pages(origins: &Origins, headers: &HeaderMap) -> Result<(), Problem> {
    if headers.contains_key(header::UPGRADE)
        && let Some(origin) = headers.get(header::ORIGIN)
        && !is_own(origin, headers.get(header::HOST))
        && !origins.allow(origin)
    {
        let detail = "pages of this origin may not open sockets; `CORS_ORIGINS` allows some";
        return Err(Problem::new(StatusCode::FORBIDDEN, "ORIGIN_REFUSED", detail));
    }
    Ok(())
}

/// Whether a page's origin is the host that it asks.
fn is_own(origin: &HeaderValue, host: Option<&HeaderValue>) -> bool {
    let authority = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    let host = host.and_then(|host| host.to_str().ok());
    authority.zip(host).is_some_and(|((_, own), host)| own.eq_ignore_ascii_case(host))
}

/// Refuses a head that is larger than anything this API asks for: 414, 431.
fn limit_head(request: &Request) -> Result<(), Problem> {
    let uri = request.uri().path_and_query().map_or(0, |uri| uri.as_str().len());
    if uri > MAX_URI_BYTES {
        let detail =
            format!("expected a path and query of at most {MAX_URI_BYTES} bytes, found {uri}");
        return Err(Problem::new(StatusCode::URI_TOO_LONG, "URI_TOO_LONG", detail));
    }
    let bytes = head_bytes(request.headers());
    if bytes > MAX_HEADER_BYTES {
        let detail = format!("expected headers of at most {MAX_HEADER_BYTES} bytes, found {bytes}");
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        return Err(Problem::new(status, "HEADERS_TOO_LARGE", detail));
    }
    Ok(())
}

fn head_bytes(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum()
}

/// One request in hand, as the metrics count them.
struct InHand<'a>(&'a metrics::Gauge);

impl<'a> InHand<'a> {
    fn begin(gauge: &'a metrics::Gauge) -> Self {
        gauge.increment(1);
        Self(gauge)
    }
}

impl Drop for InHand<'_> {
    /// Also where the client went away.
    fn drop(&mut self) {
        self.0.decrement(1);
    }
}

fn after_panic(panic: &(dyn Any + Send)) -> Problem {
    let said = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    tracing::error!(panic = said, "a request panicked");
    let detail = "the service failed on this request; its log names the cause";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", detail)
}

/// Whether the contract allows this `X-Correlation-Id`.
fn is_correlation_id(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
    (1..=MAX_CORRELATION).contains(&text.len()) && text.bytes().all(allowed)
}

/// What every request passes first and last. Not an `async` function: what a request holds while it waits is what it
/// costs, since thousands of them wait for the log. Here that is the future of what is inside, and not the request
/// beside it.
fn observed<S>(
    around: Arc<Around>,
    mut inner: S,
    mut request: Request,
) -> impl Future<Output = Result<Response, Infallible>> + Send
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Send,
{
    let seen = Seen::of(&mut request);
    let about = About::of(&request);
    let accepted = Accepted::of(request.headers());
    let serving = if seen.is_refused {
        Err(Problem::validation(vec![Violation::of_parameter(
            "header",
            "X-Correlation-Id",
            format!("expected 1 to {MAX_CORRELATION} characters of `A-Za-z0-9_.:-`"),
        )]))
    } else {
        around.check(&request).map(|()| inner.call(request))
    };
    log_lines::about(Arc::clone(&seen.request), async move {
        let served = around.pass(seen.request.method.is_safe(), serving).await;
        let response = seen.answered(&around, about.answer(served));
        Ok(around.compression.of(accepted, response).await)
    })
}

/// A request as it came, for what is said of it when it is answered.
struct Seen {
    request: Arc<log_lines::Request>,
    /// Whether its own correlation id was none.
    is_refused: bool,
    started: Instant,
}

impl Seen {
    /// Notes the request, and gives it its correlation id and its place in a trace. Both go on with one that is forwarded.
    fn of(request: &mut Request) -> Self {
        let given = request.headers().get(&CORRELATION);
        let taken = given.filter(|id| id.to_str().is_ok_and(is_correlation_id)).cloned();
        let is_refused = given.is_some() && taken.is_none();
        let correlation = taken.unwrap_or_else(made_correlation_id);
        request.headers_mut().insert(CORRELATION, correlation.clone());
        let trace = trace(request.headers_mut());
        let (method, path) = (request.method().clone(), request.extensions().get().cloned());
        let command = OnceLock::new();
        let request = log_lines::Request { method, path, correlation, trace, command };
        Self { request: Arc::new(request), is_refused, started: Instant::now() }
    }

    /// Says which request the answer is to, and counts it.
    fn answered(self, around: &Around, mut response: Response) -> Response {
        let Self { request, started, .. } = self;
        let headers = response.headers_mut();
        headers.insert(CORRELATION, request.correlation.clone());
        headers.insert(TRACEPARENT, request.trace.header().clone());
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        let (took, status) = (started.elapsed(), response.status());
        tracing::info!(status = status.as_u16(), took_us = took.as_micros(), "answered");
        let (method, route) = (&request.method, request.route());
        if let Some(context) = request.trace.span() {
            let ended = SystemTime::now();
            end(Span {
                name: format!("{method} {route}").into(),
                kind: Kind::Server,
                context,
                parent: request.trace.caller(),
                begun: ended.checked_sub(took).unwrap_or(ended),
                ended,
                attributes: vec![
                    ("http.request.method", method.to_string().into()),
                    ("http.route", route.to_owned().into()),
                    ("http.response.status_code", u32::from(status.as_u16()).into()),
                    ("charter.correlation_id", request.correlation_id().to_owned().into()),
                ],
                links: Vec::new(),
                error: status.is_server_error().then(String::new),
            });
        }
        around.answered.count(method, route, status, took);
        response
    }
}

/// The request's place in a trace, which its headers then carry on.
fn trace(headers: &mut HeaderMap) -> TraceContext {
    let mut given = headers.get_all(TRACEPARENT).iter();
    let caller = match (given.next(), given.next()) {
        (Some(one), None) => one.to_str().ok(),
        (None | Some(_), _) => None,
    };
    let trace = TraceContext::of(caller);
    if !trace.is_continued() {
        headers.remove(TRACESTATE);
    }
    headers.insert(TRACEPARENT, trace.header().clone());
    trace
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::routing::get;
    use serde_json::Value;

    use super::*;

    async fn ask(router: &Router, path: &str) -> (StatusCode, HeaderMap, Value) {
        asked(router, Method::GET, path).await
    }

    async fn asked(router: &Router, method: Method, path: &str) -> (StatusCode, HeaderMap, Value) {
        let request = Request::builder().method(method).uri(path).body(Body::empty());
        let request = request.expect("a request");
        let answer = router.clone().oneshot(request).await.expect("an answer");
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = to_bytes(answer.into_body(), 10_000).await.expect("a body");
        (status, headers, serde_json::from_slice(&body).unwrap_or_default())
    }

    #[tokio::test]
    async fn a_panic_ends_its_request_alone_and_says_which_it_was() {
        async fn falls() -> &'static str {
            panic!("it falls")
        }
        let served = Router::new().route("/falls", get(falls)).route("/stands", get(async || "1"));
        let router = with_middleware(served, &HttpSettings::default());
        let (status, headers, problem) = ask(&router, "/falls").await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(
            (&problem["code"], &problem["instance"]),
            (&"INTERNAL".into(), &"/falls".into())
        );
        let id = headers.get(&CORRELATION).and_then(|id| id.to_str().ok()).expect("an id");
        assert_eq!(problem["correlationId"], id);
        assert!(!problem.to_string().contains("it falls"), "the log has it: {problem}");
        let (status, headers, body) = ask(&router, "/stands").await;
        assert_eq!((status, body), (StatusCode::OK, 1.into()));
        assert_ne!(headers.get(&CORRELATION).expect("an id"), id);
    }

    /// A command may have been appended when its request is over: nobody may take the answer for a refusal.
    #[tokio::test]
    async fn a_request_that_takes_too_long_says_whether_it_may_have_been_done() {
        let stuck = get(std::future::pending::<()>).post(std::future::pending::<()>);
        let served = Router::new().route("/stuck", stuck);
        let router = within(Duration::from_millis(20), served, &HttpSettings::default());
        for (method, code) in [(Method::GET, "UNAVAILABLE"), (Method::POST, "APPEND_UNKNOWN")] {
            let (status, _, problem) = asked(&router, method, "/stuck").await;
            assert_eq!((status.as_u16(), &problem["code"]), (503, &code.into()), "{problem}");
        }
    }
}
