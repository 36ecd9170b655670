//! Connections before anybody has said who they are: how many there are, and how often one is opened.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::SOCKET;
use crate::access::{API_KEY, AccessControl, ask};
use crate::limits::Verdict;
use crate::middleware::answer;
use crate::push::too_many;
use crate::server::Peer;

/// The connections of sockets, admitted or not.
pub(super) struct Sessions {
    places: Arc<Semaphore>,
    most: usize,
    access: Arc<AccessControl>,
}

/// A connection's place. It goes with the parts of the request that opened it, which live as long as the connection.
#[derive(Clone)]
struct Session {
    _place: Arc<OwnedSemaphorePermit>,
}

impl Sessions {
    pub(super) fn new(most: usize, access: Arc<AccessControl>) -> Self {
        Self { places: Arc::new(Semaphore::new(most)), most, access }
    }
}

/// Lets a new connection through where there is a place for it and its client may ask once more: the credential's where
/// the request has one, else the address's. What comes on a connection that is open is no request of its own.
pub(super) async fn opened(
    State(sessions): State<Arc<Sessions>>,
    request: Request,
    next: Next,
) -> Response {
    if has_session(request.uri().query()) {
        return next.run(request).await;
    }
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0.ip());
    let (who, verdict) = ask(&sessions.access, SOCKET, request.headers(), peer).await;
    let refused = verdict.as_ref().and_then(Verdict::refusal);
    answer(request, async |mut request: axum::http::Request<Body>| {
        if let Some(refused) = refused {
            return Err(refused);
        }
        let headers = request.headers();
        if headers.contains_key(API_KEY) || headers.contains_key(header::AUTHORIZATION) {
            who?;
        }
        let place = Arc::clone(&sessions.places).try_acquire_owned();
        let place = place.map_err(|_| too_many(sessions.most))?;
        request.extensions_mut().insert(Session { _place: Arc::new(place) });
        Ok(next.run(request).await)
    })
    .await
}

/// Whether a request is of a connection that is open.
fn has_session(query: Option<&str>) -> bool {
    query.is_some_and(|query| query.split('&').any(|pair| pair.starts_with("sid=")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_of_an_open_connection_names_it() {
        assert!(has_session(Some("EIO=4&transport=polling&sid=abc")));
        assert!(!has_session(Some("EIO=4&transport=polling&side=abc")));
        assert!(!has_session(None));
    }
}
