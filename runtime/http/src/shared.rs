//! A layer whose inside is not copied with it.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::extract::Request;
use tower::{Layer, Service};

/// Shares what it stands before. axum copies a route with all of its layers for each request, and each layer that waits
/// copies its inside once more, so that the innermost would be copied more often with every layer; behind this one it is
/// twice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shared;

/// What [`Shared`] makes of a service, which has to be ready at any time, as routes are.
#[derive(Debug)]
pub(crate) struct SharedService<S>(Arc<S>);

impl<S> Layer<S> for Shared {
    type Service = SharedService<S>;

    fn layer(&self, inner: S) -> SharedService<S> {
        SharedService(Arc::new(inner))
    }
}

impl<S> Clone for SharedService<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S> Service<Request> for SharedService<S>
where
    S: Service<Request, Error = Infallible> + Clone,
{
    type Response = S::Response;
    type Error = Infallible;
    type Future = S::Future;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        S::clone(&self.0).call(request)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::Router;
    use axum::body::Body;
    use axum::middleware;
    use axum::response::Response;
    use axum::routing::any_service;
    use tower::{ServiceBuilder, ServiceExt as _};

    use super::*;

    /// Counts its copies.
    #[derive(Debug)]
    struct Counted(Arc<AtomicUsize>);

    impl Clone for Counted {
        fn clone(&self) -> Self {
            self.0.fetch_add(1, Ordering::Relaxed);
            Self(Arc::clone(&self.0))
        }
    }

    impl Service<Request> for Counted {
        type Response = Response;
        type Error = Infallible;
        type Future = std::future::Ready<Result<Response, Infallible>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: Request) -> Self::Future {
            std::future::ready(Ok(Response::new(Body::empty())))
        }
    }

    /// With every layer the handler was copied once more for each request.
    #[tokio::test]
    async fn what_is_inside_is_not_copied_more_often_with_every_layer() {
        let copies = Arc::new(AtomicUsize::new(0));
        let mut router = Router::new().route("/", any_service(Counted(Arc::clone(&copies))));
        for _ in 0..3 {
            let pass = async |request: Request, next: middleware::Next| next.run(request).await;
            router = router
                .route_layer(ServiceBuilder::new().layer(middleware::from_fn(pass)).layer(Shared));
        }
        copies.store(0, Ordering::Relaxed);
        for _ in 0..5 {
            let answer = router.clone().oneshot(Request::new(Body::empty())).await;
            assert_eq!(answer.expect("an answer").status(), 200);
        }
        // The layer copies the route for the request, and the route what it leads to.
        assert_eq!(copies.load(Ordering::Relaxed), 10);
    }
}
