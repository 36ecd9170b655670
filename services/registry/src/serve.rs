//! Serving a registry on a listener.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::Registry;

/// How many connections there may be at once. Who comes then waits to be accepted.
const MAX_CONNECTIONS: usize = 4_096;

/// How long a connection may take for the head of its next request.
const HEAD_TIMEOUT: Duration = Duration::from_mins(1);

/// How long nothing is accepted after the system refused to.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long requests under way may take after the order to stop. Longer than any should, and with
/// the closing of the database still within the 10 s that a supervisor waits.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(8);

/// Serves `registry` on `listener` until `shutdown` is cancelled, then finishes the requests under
/// way, for at most 8 s, and closes the database. There are 4,096 connections at most, each with
/// 60 s for the head of its next request.
///
/// # Errors
/// When the listener fails.
pub async fn run(
    listener: TcpListener,
    registry: Registry,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let result = accept(&listener, &registry, &shutdown).await;
    registry.close().await;
    result
}

async fn accept(
    listener: &TcpListener,
    registry: &Registry,
    shutdown: &CancellationToken,
) -> io::Result<()> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(HEAD_TIMEOUT);
    let service = TowerToHyperService::new(registry.router());
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    loop {
        let place = tokio::select! {
            place = Arc::clone(&places).acquire_owned() => place.map_err(io::Error::other)?,
            () = shutdown.cancelled() => break,
        };
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // The peer went away, or the process has no file left for a while.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
            () = shutdown.cancelled() => break,
        };
        // An answer is small, and its last segment must not wait for an acknowledgement.
        let _ = stream.set_nodelay(true);
        let connection = builder.serve_connection(TokioIo::new(stream), service.clone());
        let connection = graceful.watch(connection.into_owned());
        connections.spawn(async move {
            // What ends a connection is its peer's affair.
            let _ = connection.await;
            drop(place);
        });
        while connections.try_join_next().is_some() {}
    }
    if tokio::time::timeout(DRAIN_TIMEOUT, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were still under way after {DRAIN_TIMEOUT:?}, they are cut off");
    }
    connections.shutdown().await;
    Ok(())
}
