//! Serving a registry on a listener.

use std::time::Duration;

use charter_connections::Bounds;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::Registry;

const BOUNDS: Bounds = Bounds {
    connections: 4_096,
    head: Duration::from_mins(1),
    write: Duration::from_secs(30),
    // Longer than any request should take, and with the closing of the database still within the 10 s that a supervisor
    // waits.
    drain: Duration::from_secs(8),
};

/// Serves `registry` on `listener` until `shutdown` is cancelled, then finishes the requests under
/// way, for at most 8 s, and closes the database. There are 4,096 connections at most, each with
/// 60 s for the head of its next request; one that takes nothing of its answer for 30 s is cut.
pub async fn run(listener: TcpListener, registry: Registry, shutdown: CancellationToken) {
    let service = TowerToHyperService::new(registry.router());
    charter_connections::serve(listener, BOUNDS, |_| service.clone(), shutdown).await;
    registry.close().await;
}
