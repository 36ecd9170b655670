//! What stands before every operation: who asks, how often, and whether they may.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::extract::{FromRequestParts as _, MatchedPath, RawPathParams, Request};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use tower::layer::layer_fn;
use tower::{Service, ServiceBuilder};

use super::share::{Place, Places};
use super::{AccessControl, Principal};
use crate::limits::{self, Verdict};
use crate::middleware::{About, MAX_IN_HAND};
use crate::operation::Operation;
use crate::problem::Problem;
use crate::server::Peer;
use crate::shared::Shared;

/// A request that was let in, as everything behind the guard knows it. No operation is served without.
#[derive(Clone, Debug)]
pub(crate) struct Admitted {
    /// Who asks.
    pub(crate) principal: Principal,
    /// Whose data is asked for: what is read and written is this tenant's.
    pub(crate) tenant: String,
}

impl Admitted {
    /// The same at another tenant that was named beside the path; 403 where the principal is not of it.
    pub(crate) fn at(self, tenant: Option<&str>) -> Result<Self, Problem> {
        match tenant {
            None => Ok(self),
            Some(_) => Self::of(self.principal, tenant),
        }
    }

    /// A principal at the tenant that it named, or at its own.
    pub(crate) fn of(principal: Principal, tenant: Option<&str>) -> Result<Self, Problem> {
        match principal.tenant(tenant) {
            Some(tenant) => Ok(Self { principal, tenant }),
            None => Err(forbidden("the principal is not of this tenant".to_owned())),
        }
    }
}

#[derive(Debug)]
struct Guard {
    operations: HashMap<(&'static str, &'static str), &'static Operation>,
    access: Arc<AccessControl>,
    places: Places,
}

/// `router` with its operations guarded. One that is not named in `operations` is not served at all.
pub fn guarded(
    router: Router,
    operations: impl IntoIterator<Item = &'static Operation>,
    access: Arc<AccessControl>,
) -> Router {
    let operations = operations
        .into_iter()
        .map(|operation| ((operation.method, operation.path), operation))
        .collect();
    let places = Places::new(MAX_IN_HAND);
    let guard = Arc::new(Guard { operations, access, places });
    let admitting = move |inner| Admitting { guard: Arc::clone(&guard), inner };
    router.route_layer(ServiceBuilder::new().layer(layer_fn(admitting)).layer(Shared))
}

/// Who sends a request with these headers from this address, and whether its client may send one more.
pub(crate) async fn ask(
    access: &AccessControl,
    operation: &Operation,
    headers: &HeaderMap,
    peer: Option<IpAddr>,
) -> (Result<Principal, Problem>, Option<Verdict>) {
    let who = if operation.access.is_public {
        Ok(Principal::public())
    } else {
        access.authenticate(headers).await
    };
    let verdict = match access.limits() {
        Some(limits) => {
            let known = who.as_ref().ok().map(Principal::id).filter(|id| !id.is_empty());
            let client = match known {
                Some(id) => limits::Client::of_principal(id),
                None => limits.client(peer, headers),
            };
            Some(limits.ask(client, operation).await)
        }
        None => None,
    };
    (who, verdict)
}

/// What lets requests in. Written out as the outermost layer is, and for the same reason.
#[derive(Clone, Debug)]
struct Admitting<S> {
    guard: Arc<Guard>,
    inner: S,
}

impl<S> Service<Request> for Admitting<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
        let method = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
        let Some(operation) = self.guard.operations.get(&(method.as_str(), path)).copied() else {
            return Box::pin(self.inner.call(request));
        };
        let (guard, mut inner) = (Arc::clone(&self.guard), self.inner.clone());
        Box::pin(async move {
            let about = About::of(&request);
            // It is over before the request waits for anything, and is not kept beside it.
            let (admitted, verdict) = Box::pin(guard.admit(operation, request)).await;
            let served = match admitted {
                Ok((request, _place)) => inner.call(request).await.map_err(|never| match never {}),
                Err(problem) => Err(problem),
            };
            let mut response = about.answer(served);
            if let Some(verdict) = verdict {
                verdict.tell(response.headers_mut());
            }
            Ok(response)
        })
    }
}

impl Guard {
    /// The request with its place, or why it is not let in; and what the limits say of its client.
    async fn admit(
        &self,
        operation: &Operation,
        request: Request,
    ) -> (Result<(Request, Place<'_>), Problem>, Option<Verdict>) {
        let peer = request.extensions().get::<Peer>().map(|peer| peer.0.ip());
        let (who, verdict) = ask(&self.access, operation, request.headers(), peer).await;
        if let Some(refused) = verdict.as_ref().and_then(Verdict::refusal) {
            return (Err(refused), verdict);
        }
        let admitted = match who {
            Ok(principal) => admitted(operation, principal, &self.places, request).await,
            Err(problem) => Err(problem),
        };
        (admitted, verdict)
    }
}

/// The request with who sent it, where they may, and its place among those in hand.
async fn admitted<'a>(
    operation: &Operation,
    principal: Principal,
    places: &'a Places,
    request: Request,
) -> Result<(Request, Place<'a>), Problem> {
    let scopes = operation.access.scopes;
    if let Some(missing) = scopes.iter().find(|scope| !principal.has(scope)) {
        return Err(forbidden(format!(
            "expected the scope `{missing}`, which the principal lacks"
        )));
    }
    let (mut parts, body) = request.into_parts();
    let of_path = match operation.tenant {
        None => None,
        Some(tenant) => {
            let path = RawPathParams::from_request_parts(&mut parts, &())
                .await
                .map_err(|rejection| Problem::malformed(rejection.to_string()))?;
            path.iter().find(|(name, _)| *name == tenant).map(|(_, value)| value.to_owned())
        }
    };
    let admitted = Admitted::of(principal, of_path.as_deref())?;
    let place = places.take(&admitted.tenant)?;
    parts.extensions.insert(admitted);
    Ok((Request::from_parts(parts, body), place))
}

pub(crate) fn forbidden(detail: String) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "FORBIDDEN", detail)
}
