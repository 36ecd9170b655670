//! Compression of what is large enough for it.

use std::convert::Infallible;
use std::future::ready;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use tower::{Layer as _, ServiceExt as _, service_fn};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{And, DefaultPredicate, Predicate as _, SizeAbove};

/// Answers below this are not compressed, in bytes: they fit one packet either way.
const MIN_COMPRESSED_BYTES: u64 = 1024;

/// The codings that a request takes, as it says.
#[derive(Debug)]
pub(super) struct Accepted(Vec<HeaderValue>);

impl Accepted {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        Self(headers.get_all(header::ACCEPT_ENCODING).iter().cloned().collect())
    }
}

/// Compresses answers of some size. Most are small, and pass nothing: a layer would wrap the body of each.
pub(super) struct Compression {
    worth: And<DefaultPredicate, SizeAbove>,
    layer: CompressionLayer,
}

impl Default for Compression {
    fn default() -> Self {
        Self {
            worth: DefaultPredicate::new().and(SizeAbove::new(MIN_COMPRESSED_BYTES)),
            layer: CompressionLayer::new().quality(CompressionLevel::Fastest),
        }
    }
}

impl Compression {
    pub(super) async fn of(&self, accepted: Accepted, response: Response) -> Response {
        if !self.worth.should_compress(&response) {
            return response;
        }
        let mut request = Request::new(Body::empty());
        for coding in accepted.0 {
            request.headers_mut().append(header::ACCEPT_ENCODING, coding);
        }
        let mut response = Some(response);
        let answered = service_fn(move |_: Request| {
            ready(Ok::<_, Infallible>(response.take().expect("it is asked once")))
        });
        // What a request may hold while it waits is what each costs.
        match Box::pin(self.layer.layer(answered).oneshot(request)).await {
            Ok(response) => response.map(Body::new),
            Err(never) => match never {},
        }
    }
}
