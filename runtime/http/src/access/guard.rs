//! What stands before every operation: who asks, how often, and whether they may.

use std::convert::Infallible;
use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts as _, RawPathParams, Request};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::on_service;
use tower::service_fn;

use super::share::Places;
use super::{AccessControl, Principal};
use crate::limits::{self, Verdict};
use crate::middleware::{About, MAX_IN_HAND};
use crate::operation::Operation;
use crate::problem::Problem;
use crate::server::Peer;

/// A request that a guard let in. Nothing else makes one, and no operation is served without.
#[derive(Debug)]
pub struct AdmittedRequest {
    pub(crate) admitted: Admitted,
    pub(crate) request: Request,
}

/// What everything behind the guard knows of a request.
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

/// What serves the requests of an operation that were let in.
pub(crate) trait Serve: Send + Sync + 'static {
    /// The answer, or the problem with the request.
    fn serve(
        &self,
        request: AdmittedRequest,
    ) -> impl Future<Output = Result<Response, Problem>> + Send;
}

/// What stands before the operations of a router.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    access: Arc<AccessControl>,
    places: Arc<Places>,
}

impl Guard {
    /// Lets in whom `access` lets in, and as many as a process serves at once.
    pub(crate) fn new(access: Arc<AccessControl>) -> Self {
        Self { access, places: Arc::new(Places::new(MAX_IN_HAND)) }
    }

    /// `router` with the operation's route, served by `behind` where this guard lets a request in. Guard and operation
    /// are one service: there is no way to the operation that does not lead past the guard.
    pub(crate) fn route(
        &self,
        router: Router,
        operation: &'static Operation,
        behind: impl Serve,
    ) -> Router {
        let route = Arc::new(Guarded { guard: self.clone(), operation, behind });
        let service = service_fn(move |request| Arc::clone(&route).serve(request));
        router.route(operation.path, on_service(operation.filter(), service))
    }

    /// The request, or why it is not let in; and what the limits say of its client.
    async fn admit(
        &self,
        operation: &Operation,
        request: Request,
    ) -> (Result<AdmittedRequest, Problem>, Option<Verdict>) {
        let peer = request.extensions().get::<Peer>().map(|peer| peer.0.ip());
        let (who, verdict) = ask(&self.access, operation, request.headers(), peer).await;
        if let Some(refused) = verdict.as_ref().and_then(Verdict::refusal) {
            return (Err(refused), verdict);
        }
        let admitted = match who {
            Ok(principal) => admitted(operation, principal, request).await,
            Err(problem) => Err(problem),
        };
        (admitted, verdict)
    }
}

/// An operation behind its guard.
struct Guarded<S> {
    guard: Guard,
    operation: &'static Operation,
    behind: S,
}

impl<S: Serve> Guarded<S> {
    /// Not an `async` function: one keeps the request beside what is made of it while it waits.
    fn serve(
        self: Arc<Self>,
        request: Request,
    ) -> impl Future<Output = Result<Response, Infallible>> + Send {
        let about = About::of(&request);
        let route = Arc::clone(&self);
        // It is over before the request waits for anything, and is not kept beside it.
        let admitting = Box::pin(async move { route.guard.admit(route.operation, request).await });
        async move {
            let (admitted, verdict) = admitting.await;
            let served = match admitted {
                Ok(request) => match self.guard.places.take(&request.admitted.tenant) {
                    Ok(_place) => self.behind.serve(request).await,
                    Err(problem) => Err(problem),
                },
                Err(problem) => Err(problem),
            };
            let mut response = about.answer(served);
            if let Some(verdict) = verdict {
                verdict.tell(response.headers_mut());
            }
            Ok(response)
        }
    }
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

/// The request with who sent it, where they may.
async fn admitted(
    operation: &Operation,
    principal: Principal,
    request: Request,
) -> Result<AdmittedRequest, Problem> {
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
    Ok(AdmittedRequest { admitted, request: Request::from_parts(parts, body) })
}

pub(crate) fn forbidden(detail: String) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "FORBIDDEN", detail)
}
